//! A picture under its budget at the best quality that fits: pure, synchronous and bounded, so the engine may run it off
//! the async threads and repeat it. `image` decodes and scales; libwebp and mozjpeg encode, because their pictures are
//! visibly better at 100,000 bytes than those of the encoders written in Rust, and mozjpeg's fastest mode is quicker too.
//!
//! A picture that the browser already delivered small enough as JPEG or WebP is kept as it is: encoding it again would
//! cost time and quality. A very long page is halved before it is encoded, for the time it takes.

mod decode;
mod encode;
mod sample;
mod scale;
mod search;

use serde::Deserialize;

use crate::model::capture::Picture;
use crate::model::fault::Fault;

/// The section `[screenshot]` of the settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `fast` (JPEG, little processor time) or `best` (WebP, ten times as much, sharper text).
    pub profile: Profile,
    /// No picture is larger, in bytes.
    pub max_bytes: usize,
    /// A taken picture that is wider is refused, in pixels.
    pub max_width_px: u32,
    /// A taken picture that is higher is refused, in pixels.
    pub max_height_px: u32,
    /// Decoding may use this much memory, in bytes.
    pub max_decode_bytes: u64,
    /// A picture with more pixels is halved before it is encoded.
    pub halve_above_pixels: u64,
}

/// What is promised of every picture, in bytes.
const PROMISED_BYTES: usize = 100_000;
/// Smaller than this no page is to be recognised.
const LEAST_BYTES: usize = 1_000;

impl Config {
    /// Refuses what no picture could be kept with, or one larger than is promised.
    ///
    /// # Errors
    /// The first key that cannot stand, with what it may be.
    pub fn check(&self) -> Result<(), String> {
        if !(LEAST_BYTES..=PROMISED_BYTES).contains(&self.max_bytes) {
            return Err(format!("screenshot.max_bytes is {}: give {LEAST_BYTES} to {PROMISED_BYTES}", self.max_bytes));
        }
        for (key, value) in [
            ("max_width_px", u64::from(self.max_width_px)),
            ("max_height_px", u64::from(self.max_height_px)),
            ("max_decode_bytes", self.max_decode_bytes),
            ("halve_above_pixels", self.halve_above_pixels),
        ] {
            if value == 0 {
                return Err(format!("screenshot.{key} is 0: it must be at least 1"));
            }
        }
        Ok(())
    }
}

/// How much processor time a picture is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// mozjpeg in its fastest mode.
    Fast,
    /// libwebp, method 4.
    Best,
}

/// The encodings that are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// WebP, lossy.
    Webp,
}

impl Format {
    /// The word in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
        }
    }

    /// The ending of a file's name.
    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
        }
    }

    /// The media type, for the blob store and HTTP.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// A picture within its budget.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The encoded picture.
    pub bytes: Vec<u8>,
    /// Its encoding.
    pub format: Format,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// The encoder's quality, 1 to 100; none where the browser's own picture was kept.
    pub quality: Option<u8>,
    /// How often the whole of it was encoded: 0 where the browser's own picture was kept.
    pub encodes: u32,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum ScreenshotError {
    /// No bytes at all.
    #[error("the screenshot is empty (0 bytes): take it again")]
    Empty,
    /// Neither PNG nor JPEG nor WebP.
    #[error("the screenshot begins with {beginning:02x?} and is neither PNG nor JPEG nor WebP: take it again")]
    NotAnImage {
        /// Its first bytes.
        beginning: Vec<u8>,
    },
    /// More pixels or memory than the settings allow.
    #[error(
        "the screenshot is too large to be decoded ({detail}): clip the page, or raise screenshot.max_width_px, max_height_px or max_decode_bytes"
    )]
    TooLarge {
        /// What was too large.
        detail: String,
    },
    /// The bytes break off or contradict themselves.
    #[error("the screenshot is damaged ({detail}): take it again")]
    Damaged {
        /// The decoder's word.
        detail: String,
    },
    /// The encoder refused.
    #[error("a picture of {width} x {height} pixels could not be encoded as {}: {detail}", format.as_str())]
    Encode {
        /// Into which encoding.
        format: Format,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// The encoder's word.
        detail: String,
    },
    /// Even the smallest picture is too large.
    #[error("no picture fits into {max_bytes} bytes: raise screenshot.max_bytes")]
    CannotFit {
        /// The budget.
        max_bytes: usize,
    },
}

impl ScreenshotError {
    /// What this failure means for the crawl's job.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Empty | Self::NotAnImage { .. } | Self::Damaged { .. } => Fault::Transient,
            Self::TooLarge { .. } | Self::Encode { .. } | Self::CannotFit { .. } => Fault::Defect,
        }
    }
}

/// Brings a picture under `max_bytes` at the best quality that fits.
///
/// # Errors
/// Where the picture is no image, is damaged or too large to be decoded, or the budget is below any picture's size.
pub fn fit(picture: &Picture, config: &Config) -> Result<Fitted, ScreenshotError> {
    let taken = decode::inspect(&picture.bytes, config)?;
    if let Some(format) = taken.kept.filter(|_| picture.bytes.len() <= config.max_bytes) {
        return Ok(Fitted {
            bytes: picture.bytes.clone(),
            format,
            width: taken.width,
            height: taken.height,
            quality: None,
            encodes: 0,
        });
    }
    search::best_that_fits(decode::pixels(&picture.bytes, config)?, config)
}
