//! From bytes that a browser sent to pixels, within limits: a PNG of 420 kilobytes can hold 12,000 x 12,000 pixels, which
//! would take 432 megabytes. The size in the header is judged before anything is unpacked.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder as _, ImageError, ImageFormat, ImageReader, Limits, RgbImage, RgbaImage};

use super::{Config, Format, ScreenshotError};

/// What the header says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Its encoding, where it is one that is kept.
    pub(super) kept: Option<Format>,
}

/// Reads the header only.
pub(super) fn inspect(bytes: &[u8], config: &Config) -> Result<Taken, ScreenshotError> {
    let mut reader = reader(bytes)?;
    let format = reader.format();
    reader.limits(limits(config));
    let (width, height) = reader.into_decoder().map_err(refused)?.dimensions();
    if width > config.max_width_px || height > config.max_height_px {
        return Err(ScreenshotError::TooLarge { detail: format!("{width} x {height} pixels") });
    }
    let (kept, whole) = match format {
        Some(ImageFormat::Jpeg) => (Some(Format::Jpeg), ends_as_jpeg(bytes)),
        Some(ImageFormat::WebP) => (Some(Format::Webp), is_whole_webp(bytes)),
        _ => (None, true),
    };
    // Decoders fill the rest of a picture that breaks off with grey; such a picture is no evidence.
    if !whole {
        return Err(ScreenshotError::Damaged { detail: format!("it breaks off after {} bytes", bytes.len()) });
    }
    Ok(Taken { width, height, kept })
}

/// Decodes the whole picture; what is transparent becomes white, as on a page.
pub(super) fn pixels(bytes: &[u8], config: &Config) -> Result<RgbImage, ScreenshotError> {
    let mut reader = reader(bytes)?;
    reader.limits(limits(config));
    let decoded = reader.decode().map_err(refused)?;
    if let DynamicImage::ImageRgb8(image) = decoded {
        return Ok(image);
    }
    Ok(on_white(&decoded.into_rgba8()))
}

fn reader(bytes: &[u8]) -> Result<ImageReader<Cursor<&[u8]>>, ScreenshotError> {
    if bytes.is_empty() {
        return Err(ScreenshotError::Empty);
    }
    let format = match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP)) => format,
        Ok(_) | Err(_) => {
            return Err(ScreenshotError::NotAnImage { beginning: bytes.iter().copied().take(8).collect() });
        }
    };
    Ok(ImageReader::with_format(Cursor::new(bytes), format))
}

fn limits(config: &Config) -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(config.max_width_px);
    limits.max_image_height = Some(config.max_height_px);
    limits.max_alloc = Some(config.max_decode_bytes);
    limits
}

fn refused(error: ImageError) -> ScreenshotError {
    let detail = error.to_string();
    if matches!(error, ImageError::Limits(_)) {
        ScreenshotError::TooLarge { detail }
    } else {
        ScreenshotError::Damaged { detail }
    }
}

fn on_white(image: &RgbaImage) -> RgbImage {
    let mut rgb = Vec::with_capacity(image.as_raw().len() / 4 * 3);
    for pixel in image.as_raw().chunks_exact(4) {
        let alpha = u16::from(pixel[3]);
        if alpha == 255 {
            rgb.extend_from_slice(&pixel[..3]);
        } else {
            let blend = |c: u8| u8::try_from((u16::from(c) * alpha + 255 * (255 - alpha)) / 255).unwrap_or(255);
            rgb.extend([blend(pixel[0]), blend(pixel[1]), blend(pixel[2])]);
        }
    }
    RgbImage::from_raw(image.width(), image.height(), rgb).unwrap_or_default()
}

/// A JPEG ends with its end-of-image marker, perhaps with padding behind it; one that breaks off does not.
fn ends_as_jpeg(bytes: &[u8]) -> bool {
    let end = bytes.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
    bytes[..end].ends_with(&[0xFF, 0xD9])
}

/// A WebP says how long it is: `RIFF`, the length of what follows, `WEBP`.
fn is_whole_webp(bytes: &[u8]) -> bool {
    let length = bytes.get(4..8).and_then(|b| <[u8; 4]>::try_from(b).ok()).map(u32::from_le_bytes);
    length.and_then(|l| usize::try_from(l).ok()).is_some_and(|l| l.saturating_add(8) <= bytes.len())
}
