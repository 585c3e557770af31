//! The `[blob]` section.

use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::BlobError;

/// Settings of the blob store; the meaning of each key stands above it in `config.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlobConfig {
    /// A folder or R2.
    pub kind: BlobKind,
    /// The folder.
    pub folder: PathBuf,
    /// Put before a key to make its public address; empty: none.
    pub public_url_prefix: String,
    /// The largest blob.
    pub max_bytes: u64,
    /// The S3 API's address.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// The region; `auto` for R2.
    pub region: String,
    /// The key's id.
    pub access_key_id: SecretString,
    /// A file with the key's id.
    pub access_key_id_file: PathBuf,
    /// The key.
    pub secret_access_key: SecretString,
    /// A file with the key.
    pub secret_access_key_file: PathBuf,
    /// How long connecting may take.
    pub connect_timeout_ms: u64,
    /// How long one attempt may take.
    pub attempt_timeout_ms: u64,
    /// Attempts at most.
    pub max_attempts: u32,
}

/// Where blobs are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BlobKind {
    /// In a folder of this machine.
    Folder,
    /// In Cloudflare R2 or another S3.
    R2,
}

impl BlobConfig {
    /// Refuses what no blob could be kept with; nobody is asked.
    ///
    /// # Errors
    /// The first setting that cannot stand.
    pub fn check(&self) -> Result<(), BlobError> {
        let bad = |key, problem: &str| Err(BlobError::Setting { key, problem: problem.to_owned() });
        if self.max_bytes == 0 {
            return bad("max_bytes", "is 0; it must be at least 1");
        }
        let prefix = url::Url::parse(&self.public_url_prefix);
        if !self.public_url_prefix.is_empty() && !prefix.is_ok_and(|url| matches!(url.scheme(), "http" | "https")) {
            return bad("public_url_prefix", "is no address as in https://shots.example.com");
        }
        match self.kind {
            BlobKind::Folder if self.folder.as_os_str().is_empty() => bad("folder", "is empty; name one"),
            BlobKind::Folder => Ok(()),
            BlobKind::R2 => super::r2::Place::of(self).map(drop),
        }
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    pub(super) fn attempt_timeout(&self) -> Duration {
        Duration::from_millis(self.attempt_timeout_ms)
    }

    pub(super) fn access_key_id(&self) -> Result<SecretString, BlobError> {
        secret("access_key_id", &self.access_key_id, &self.access_key_id_file)
    }

    pub(super) fn secret_access_key(&self) -> Result<SecretString, BlobError> {
        secret("secret_access_key", &self.secret_access_key, &self.secret_access_key_file)
    }
}

/// A secret from its key or its file: exactly one of the two.
fn secret(key: &'static str, given: &SecretString, file: &Path) -> Result<SecretString, BlobError> {
    let problem = match (given.expose_secret().is_empty(), file.as_os_str().is_empty()) {
        (false, true) => return Ok(given.clone()),
        (true, false) => match std::fs::read_to_string(file) {
            Ok(text) => return Ok(text.trim().to_owned().into()),
            Err(error) => format!("cannot be read from {} (blob.{key}_file): {error}", file.display()),
        },
        (false, false) => format!("and blob.{key}_file are both set; keep one"),
        (true, true) => format!("is not set, nor is blob.{key}_file; blob.kind = \"r2\" needs one of them"),
    };
    Err(BlobError::Setting { key, problem })
}
