//! The two encoders behind one interface. Each also tells its *curve*: a measure of quality along which the logarithm of
//! the size grows as fast as the measure itself, so that one encode predicts the quality that fits.

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::RgbImage;
use mozjpeg::{ColorSpace, Compress, qtable};
use webp::{Encoder, PixelLayout, WebPConfig};

use super::{Format, Profile, ScreenshotError, scale};

/// libwebp can do no more, in either direction.
const WEBP_LARGEST_SIDE: u32 = 16_383;
/// JPEG's own limit is 65,535; libjpeg's is a little below.
const JPEG_LARGEST_SIDE: u32 = 65_500;
/// How the logarithm of a JPEG's size follows the logarithm of its tables' scale (measured: 0.40 to 0.65).
const JPEG_SLOPE: f64 = 0.52;
/// Quality and the logarithm of a WebP's size, measured on pages of thumbnails and text, where pages of both kinds differ
/// by less than 0.04: libwebp's own scale has a kink at 75 and climbs steeply above 85.
const WEBP_GROWTH: [(f64, f64); 13] = [
    (1.0, -1.40),
    (30.0, -0.66),
    (45.0, -0.475),
    (60.0, -0.32),
    (70.0, -0.193),
    (75.0, -0.135),
    (78.0, 0.0),
    (81.0, 0.132),
    (84.0, 0.295),
    (86.0, 0.39),
    (88.0, 0.49),
    (91.0, 0.67),
    (95.0, 1.0),
];
/// libwebp's effort, 0 to 6: 4 is where more time stops paying (6 takes twice as long for 5 % less error).
const WEBP_METHOD: i32 = 4;
/// The effort for more pixels than a window has: half the time.
const WEBP_METHOD_LARGE: i32 = 2;

/// One way to encode.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codec {
    pub(super) format: Format,
    /// The quality to begin with, near what a profile page usually needs.
    pub(super) first: u8,
    /// What tiles cost more for their borders, as a logarithm.
    pub(super) tiles_cost: f64,
    /// Below it a smaller picture of higher quality looks better.
    pub(super) lowest: u8,
    /// Above it nothing is gained that anyone could see.
    pub(super) highest: u8,
    /// A picture of this quality that fits is good enough, whatever it leaves of its budget: the next encode would cost more
    /// than it shows (DSSIM .0005 against .0004).
    pub(super) good: u8,
    /// A picture that fills this share of its budget is good enough.
    pub(super) filled: f64,
    /// At most so many encodes at one size.
    pub(super) most_encodes: u32,
    pub(super) largest_side: u32,
}

impl Codec {
    pub(super) const fn of(profile: Profile) -> Self {
        match profile {
            Profile::Fast => Self {
                format: Format::Jpeg,
                first: 75,
                tiles_cost: 0.02,
                lowest: 30,
                highest: 95,
                good: 80,
                filled: 0.85,
                most_encodes: 2,
                largest_side: JPEG_LARGEST_SIDE,
            },
            Profile::Best => Self {
                format: Format::Webp,
                first: 84,
                tiles_cost: 0.07,
                lowest: 25,
                highest: 95,
                good: 88,
                filled: 0.80,
                most_encodes: 2,
                largest_side: WEBP_LARGEST_SIDE,
            },
        }
    }

    /// Where a quality lies on the curve.
    pub(super) fn place(self, quality: u8) -> f64 {
        let q = f64::from(quality.clamp(1, 99));
        match self.format {
            // libjpeg multiplies its tables by this scale, and the size follows it as a power.
            Format::Jpeg => -JPEG_SLOPE * (if q < 50.0 { 50.0 / q } else { 2.0 - q / 50.0 }).ln(),
            Format::Webp => webp_growth(q),
        }
    }

    /// The largest quality whose place is at most `place`, within the codec's bounds.
    pub(super) fn quality_at(self, place: f64) -> u8 {
        (self.lowest..=self.highest).rev().find(|q| self.place(*q) <= place).unwrap_or(self.lowest)
    }

    /// Encodes into `out`, whose memory is used again.
    pub(super) fn encode(self, image: &RgbImage, quality: u8, out: &mut Vec<u8>) -> Result<(), ScreenshotError> {
        out.clear();
        let refused = |detail: String| ScreenshotError::Encode {
            format: self.format,
            width: image.width(),
            height: image.height(),
            detail,
        };
        match self.format {
            Format::Jpeg => jpeg(image, quality, out).map_err(refused),
            Format::Webp => webp(image, quality, out).map_err(refused),
        }
    }
}

/// The logarithm of a WebP's size at this quality, against that at quality 78.
fn webp_growth(quality: f64) -> f64 {
    let part =
        WEBP_GROWTH.windows(2).find(|pair| quality <= pair[1].0).unwrap_or(&WEBP_GROWTH[WEBP_GROWTH.len() - 2..]);
    let ((q0, g0), (q1, g1)) = (part[0], part[1]);
    g0 + (quality - q0) * (g1 - g0) / (q1 - q0)
}

/// mozjpeg's fastest mode with optimised coding. The tables of Klein, Silverstein and Carney in place of the usual ones:
/// at the same size and speed the error on profile pages is 10 to 13 % less (DSSIM .0028 against .0032), and chroma at
/// half resolution beats full by more. mozjpeg tells its errors by unwinding through C, so the unwinding is stopped here.
fn jpeg(image: &RgbImage, quality: u8, out: &mut Vec<u8>) -> Result<(), String> {
    let buffer = std::mem::take(out);
    let (width, height) = (side(image.width())?, side(image.height())?);
    let encoded = catch_unwind(AssertUnwindSafe(|| -> std::io::Result<Vec<u8>> {
        let mut compress = Compress::new(ColorSpace::JCS_RGB);
        compress.set_size(width, height);
        compress.set_fastest_defaults();
        compress.set_optimize_coding(true);
        let table = qtable::KleinSilversteinCarney.scaled(f32::from(quality), f32::from(quality));
        compress.set_luma_qtable(&table);
        compress.set_chroma_qtable(&table);
        let mut started = compress.start_compress(buffer)?;
        started.write_scanlines(image.as_raw())?;
        started.finish()
    }));
    *out = encoded.map_err(|_| "libjpeg gave up".to_owned())?.map_err(|e| e.to_string())?;
    Ok(())
}

fn webp(image: &RgbImage, quality: u8, out: &mut Vec<u8>) -> Result<(), String> {
    let mut config = WebPConfig::new().map_err(|()| "libwebp has another version than its header".to_owned())?;
    let pixels = u64::from(image.width()) * u64::from(image.height());
    config.method = if pixels > scale::LARGE { WEBP_METHOD_LARGE } else { WEBP_METHOD };
    config.quality = f32::from(quality);
    let encoder = Encoder::new(image.as_raw(), PixelLayout::Rgb, image.width(), image.height());
    let encoded = encoder.encode_advanced(&config).map_err(|e| format!("{e:?}"))?;
    out.extend_from_slice(&encoded);
    Ok(())
}

fn side(pixels: u32) -> Result<usize, String> {
    usize::try_from(pixels).map_err(|e| e.to_string())
}
