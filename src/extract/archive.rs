//! A capture as it is kept: JSON under zstd, small enough to keep every crawl's (a page of 1 MB becomes about 100 KB).

use crate::model::capture::Capture;

/// Beyond this level zstd costs much time and gains little.
const LEVEL: i32 = 6;

/// A capture could not be packed.
#[derive(Debug, thiserror::Error)]
#[error("the capture cannot be packed: {0}")]
pub struct PackError(String);

/// The capture as the bytes of `capture.json.zst`. The same capture gives the same bytes.
///
/// # Errors
/// When memory for it cannot be had.
pub fn pack(capture: &Capture) -> Result<Vec<u8>, PackError> {
    let json = serde_json::to_vec(capture).map_err(|error| PackError(error.to_string()))?;
    zstd::bulk::compress(&json, LEVEL).map_err(|error| PackError(error.to_string()))
}
