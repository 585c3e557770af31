//! Blobs: screenshots and captures, in Cloudflare R2 (or any S3) or in a folder. An enum and not a trait: there are two,
//! and which one is a setting.
//!
//! A key is a relative path of plain segments and means the same in both. A blob is whole or not there: the folder writes
//! beside and renames, S3 does so by nature. Sizes, waits and pages are bounded.

mod config;
mod folder;
mod r2;

use std::io;

use bytes::Bytes;
use chrono::{DateTime, Utc};

pub use self::config::{BlobConfig, BlobKind};
use self::folder::Folder;
use self::r2::R2;
use crate::model::fault::Fault;

/// The longest key S3 takes.
const KEY_BYTES: usize = 1024;
/// The longest name a file system takes.
const SEGMENT_BYTES: usize = 255;

/// Where blobs are kept. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BlobStore {
    kept: Kept,
    max_bytes: u64,
    public_url_prefix: Option<String>,
}

#[derive(Debug, Clone)]
enum Kept {
    R2(R2),
    Folder(Folder),
}

/// A blob in a list.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct BlobEntry {
    /// Its key.
    pub key: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written; none where the store does not tell.
    pub modified: Option<DateTime<Utc>>,
}

/// What went wrong with a blob.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The settings lack something.
    #[error("blob.{key} {problem}")]
    Setting {
        /// Which setting.
        key: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The key is none.
    #[error("{key:?} cannot be a blob's key: {problem}")]
    BadKey {
        /// The key, shortened.
        key: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// There is no such blob.
    #[error("there is no blob {key:?} in {place}")]
    NotFound {
        /// The key.
        key: String,
        /// Folder or bucket.
        place: String,
    },
    /// It is larger than blobs may be.
    #[error("blob {key:?} has {bytes} bytes, blob.max_bytes is {most}")]
    TooLarge {
        /// The key.
        key: String,
        /// Its size, as far as it is known.
        bytes: u64,
        /// How large it may be.
        most: u64,
    },
    /// The folder failed.
    #[error("cannot {action} {path} (blob.folder): {source}")]
    Folder {
        /// What was tried.
        action: &'static str,
        /// On which path.
        path: String,
        /// The system's word.
        source: io::Error,
    },
    /// The S3 server cannot be reached or fails.
    #[error("{place} does not answer as it should ({detail}): check blob.endpoint and the network")]
    Unreachable {
        /// Endpoint and bucket.
        place: String,
        /// Its word.
        detail: String,
    },
    /// The S3 server refuses us.
    #[error("{place} refuses us ({detail}): check blob.access_key_id, blob.secret_access_key and blob.bucket")]
    Refused {
        /// Endpoint and bucket.
        place: String,
        /// Its word.
        detail: String,
    },
}

impl BlobError {
    /// What kind of failure this is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Setting { .. } | Self::BadKey { .. } | Self::NotFound { .. } | Self::TooLarge { .. } => Fault::Defect,
            Self::Folder { .. } | Self::Unreachable { .. } | Self::Refused { .. } => Fault::Transient,
        }
    }
}

impl BlobStore {
    /// Opens what the settings name; a folder is made where it is missing. Does not speak to an S3 server yet: see
    /// [`check`](Self::check).
    ///
    /// # Errors
    /// When a setting is missing or the folder cannot be made.
    pub fn open(config: &BlobConfig) -> Result<Self, BlobError> {
        let kept = match config.kind {
            BlobKind::Folder => Kept::Folder(Folder::open(&config.folder)?),
            BlobKind::R2 => Kept::R2(R2::open(config)?),
        };
        let prefix = config.public_url_prefix.trim_end_matches('/');
        let public_url_prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
        Ok(Self { kept, max_bytes: config.max_bytes, public_url_prefix })
    }

    /// Whether it can be used: the folder written to, the bucket reached with our credentials.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn check(&self) -> Result<(), BlobError> {
        match &self.kept {
            Kept::R2(r2) => r2.check().await,
            Kept::Folder(folder) => folder.check().await,
        }
    }

    /// Writes a blob, over one of the same key. `content_type` as in `image/webp`.
    ///
    /// # Errors
    /// When the key is none, the blob too large or the store fails.
    pub async fn put(&self, key: &str, bytes: Bytes, content_type: &str) -> Result<(), BlobError> {
        check_key(key)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.check_size(key, size)?;
        match &self.kept {
            Kept::R2(r2) => r2.put(key, bytes, content_type).await,
            Kept::Folder(folder) => folder.put(key, bytes).await,
        }
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// [`BlobError::NotFound`] when it is not there; else when the key is none, the blob too large or the store fails.
    pub async fn get(&self, key: &str) -> Result<Bytes, BlobError> {
        check_key(key)?;
        match &self.kept {
            Kept::R2(r2) => r2.get(key, self.max_bytes).await,
            Kept::Folder(folder) => folder.get(key, self.max_bytes).await,
        }
    }

    /// Deletes a blob; that it is not there is no error.
    ///
    /// # Errors
    /// When the key is none or the store fails.
    pub async fn delete(&self, key: &str) -> Result<(), BlobError> {
        check_key(key)?;
        match &self.kept {
            Kept::R2(r2) => r2.delete(key).await,
            Kept::Folder(folder) => folder.delete(key).await,
        }
    }

    /// A page of the blobs whose key begins with `prefix` and comes after `after`, in the order of their keys' bytes; at
    /// most 1000.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn list(&self, prefix: &str, after: Option<&str>, most: usize) -> Result<Vec<BlobEntry>, BlobError> {
        let most = most.clamp(1, 1000);
        match &self.kept {
            Kept::R2(r2) => r2.list(prefix, after, most).await,
            Kept::Folder(folder) => folder.list(prefix, after, most).await,
        }
    }

    /// The address under which anybody can see it: the setting's prefix and the key, percent-encoded; none without a prefix.
    #[must_use]
    pub fn public_url(&self, key: &str) -> Option<String> {
        let prefix = self.public_url_prefix.as_deref()?;
        Some(format!("{prefix}/{}", percent_encoded(key)))
    }

    /// The path of a blob's file, where blobs are files: for a person to open.
    #[must_use]
    pub fn file(&self, key: &str) -> Option<std::path::PathBuf> {
        match &self.kept {
            Kept::Folder(folder) if check_key(key).is_ok() => Some(folder.path(key)),
            Kept::Folder(_) | Kept::R2(_) => None,
        }
    }

    fn check_size(&self, key: &str, bytes: u64) -> Result<(), BlobError> {
        if bytes <= self.max_bytes {
            return Ok(());
        }
        Err(BlobError::TooLarge { key: key.to_owned(), bytes, most: self.max_bytes })
    }
}

/// A key is a relative path that stays where it is put, on every file system and in every bucket.
fn check_key(key: &str) -> Result<(), BlobError> {
    let problem = if key.is_empty() {
        "it is empty"
    } else if key.len() > KEY_BYTES {
        "it is longer than 1024 bytes"
    } else if key.contains('\\') || key.chars().any(char::is_control) {
        "it has a backslash or a control character"
    } else if key.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
        "it is not a plain relative path"
    } else if key.split('/').any(|segment| segment.len() > SEGMENT_BYTES) {
        "one of its segments is longer than 255 bytes"
    } else if key.split('/').next() == Some(folder::INCOMING) {
        "that folder is for unfinished blobs"
    } else {
        return Ok(());
    };
    Err(BlobError::BadKey { key: key.chars().take(120).collect(), problem })
}

/// A key as a URL's path: everything but unreserved characters and `/` is encoded.
fn percent_encoded(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for byte in key.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte))
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_would_leave_its_place_is_refused() {
        for key in ["", "/etc/passwd", "a/../b", "..", "a//b", "a/", "./a", "a\\b", "a\0b", "a\nb", ".incoming/x"] {
            assert!(check_key(key).is_err(), "{key:?}");
        }
        assert!(check_key(&"x".repeat(256)).is_err());
        assert!(check_key(&"xx/".repeat(400)).is_err());
        for key in ["a", "tiktok/nasa/1.webp", "tiktok/.dots./x", "instagram/ünï.çødé/2 3.webp"] {
            assert!(check_key(key).is_ok(), "{key:?}");
        }
    }

    #[test]
    fn a_public_url_is_percent_encoded() {
        assert_eq!(percent_encoded("tiktok/a b%?#é/1.webp"), "tiktok/a%20b%25%3F%23%C3%A9/1.webp");
    }
}
