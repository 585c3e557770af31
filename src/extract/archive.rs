//! A capture as it is kept: JSON under zstd, small enough to keep every crawl's (a page of 1 MB becomes about 100 KB).

use std::io::Read as _;

use crate::model::capture::Capture;

/// Beyond this level zstd costs much time and gains little: 6 takes two to three times as long for 7 % fewer bytes.
const LEVEL: i32 = 3;

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

/// No unpacked capture is larger: what unpacks to more is no capture of ours.
const MAX_UNPACKED_BYTES: u64 = 512 * 1024 * 1024;

/// Bytes that are no capture.
#[derive(Debug, thiserror::Error)]
#[error("it is no capture.json.zst: {0}")]
pub struct UnpackError(String);

/// The capture in the bytes of a `capture.json.zst`.
///
/// # Errors
/// When they are none, or unpack to more than a capture can have.
pub fn unpack(packed: &[u8]) -> Result<Capture, UnpackError> {
    let wrong = |detail: String| UnpackError(detail);
    let reader = zstd::Decoder::new(packed).map_err(|error| wrong(error.to_string()))?;
    let mut text = Vec::new();
    reader.take(MAX_UNPACKED_BYTES).read_to_end(&mut text).map_err(|error| wrong(error.to_string()))?;
    serde_json::from_slice(&text).map_err(|error| wrong(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_back_and_rubbish_is_refused() {
        let capture = Capture { duration_ms: Some(7), ..Capture::default() };
        assert_eq!(unpack(&pack(&capture).unwrap()).unwrap(), capture);
        assert!(unpack(b"rubbish").is_err());
        assert!(unpack(&zstd::bulk::compress(b"[1]", 1).unwrap()).unwrap_err().to_string().contains("no capture"));
    }
}
