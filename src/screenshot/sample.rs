//! A quarter of a picture: of each four neighbouring tiles one. What it takes to encode tells what the whole will take, to a few
//! percent, at a quarter of the price. Tiles and no bands of lines: a page is unlike itself from line to line, and bands erred
//! by a fifth.

use image::{GenericImage as _, GenericImageView as _, RgbImage};

/// The side of a tile in pixels: two of the blocks in which codecs predict.
const TILE: u32 = 32;
/// Which of each four tiles is taken, in turn: pages repeat themselves, and the sample must not keep step with them.
const PLACES: [(u32, u32); 4] = [(0, 0), (1, 1), (1, 0), (0, 1)];
/// A picture with fewer groups of four tiles is quicker encoded than judged.
const LEAST_GROUPS: u32 = 64;

/// Tiles of a picture, side by side.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) image: RgbImage,
    /// How many times larger the picture is.
    pub(super) whole: f64,
}

/// Takes the sample; none of a picture that is too small.
pub(super) fn tiles(image: &RgbImage) -> Option<Sample> {
    let (width, height) = image.dimensions();
    let (across, down) = (width / (2 * TILE), height / (2 * TILE));
    if across * down < LEAST_GROUPS {
        return None;
    }
    let mut sample = RgbImage::new(across * TILE, down * TILE);
    let mut places = PLACES.iter().cycle();
    for y in 0..down {
        // A step aside in each line, so that no column keeps its place.
        places.next();
        for (x, (right, below)) in (0..across).zip(places.by_ref()) {
            let tile = image.view((2 * x + right) * TILE, (2 * y + below) * TILE, TILE, TILE);
            sample.copy_from(&*tile, x * TILE, y * TILE).ok()?;
        }
    }
    let whole = f64::from(width) * f64::from(height) / (f64::from(sample.width()) * f64::from(sample.height()));
    Some(Sample { image: sample, whole })
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn a_quarter_is_taken_and_neither_a_line_nor_a_column_keeps_its_place() {
        let of_tile = |v: u32| u8::try_from(v / TILE).unwrap();
        let image = RgbImage::from_fn(1_290, 900, |x, y| Rgb([of_tile(x), of_tile(y), 0]));
        let sample = tiles(&image).unwrap();
        assert_eq!(sample.image.dimensions(), (640, 448));
        assert!((sample.whole - 1_290.0 * 900.0 / (640.0 * 448.0)).abs() < 1e-9);
        let mut places = std::collections::BTreeMap::<(u32, (u8, u8)), u32>::new();
        for (x, y) in (0..20).flat_map(|x| (0..14).map(move |y| (x, y))) {
            let [column, line, _] = sample.image.get_pixel(x * TILE, y * TILE).0;
            let place = (column % 2, line % 2);
            assert_eq!((u32::from(column / 2), u32::from(line / 2)), (x, y));
            *places.entry((x, place)).or_default() += 1;
        }
        assert_eq!(places.len(), 20 * 4, "each column has all four places");
        assert!(tiles(&RgbImage::new(400, 400)).is_none());
    }
}
