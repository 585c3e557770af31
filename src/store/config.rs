//! The `[store]` section.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::StoreError;

/// Settings of the database; the meaning of each key stands above it in `config.toml`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// `postgres://…`; empty: the private PostgreSQL of `[local]` (the engine puts its URL here).
    pub url: SecretString,
    /// A file that holds the URL; empty: none. Not together with `url`.
    pub url_file: PathBuf,
    /// Connections at most.
    pub pool_max_connections: u32,
    /// How long a caller waits for a connection.
    pub acquire_timeout_ms: u64,
    /// How long a statement may run.
    pub statement_timeout_ms: u64,
    /// Whether `serve` and `submit` bring the tables to their version by themselves.
    pub migrate_at_start: bool,
    /// Jobs that may wait in the ledger.
    pub backlog_max_jobs: u32,
    /// Days that finished jobs are kept; 0: for ever. So for all below.
    pub keep_jobs_days: u32,
    /// Days that crawls are kept, with their captures and screenshots.
    pub keep_crawls_days: u32,
    /// Days that single observations of counts are kept.
    pub keep_metrics_days: u32,
    /// Days that delivered events are kept.
    pub keep_outbox_days: u32,
    /// Days that held-back values are kept.
    pub keep_held_days: u32,
}

impl StoreConfig {
    /// Whether no server is named, so that the private one is meant.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.url.expose_secret().is_empty() && self.url_file.as_os_str().is_empty()
    }

    /// Refuses what no server could be reached or no job accepted with; nobody is asked.
    ///
    /// # Errors
    /// The first setting that cannot stand.
    pub fn check(&self) -> Result<(), StoreError> {
        for (key, value) in [
            ("pool_max_connections", u64::from(self.pool_max_connections)),
            ("acquire_timeout_ms", self.acquire_timeout_ms),
            ("statement_timeout_ms", self.statement_timeout_ms),
            ("backlog_max_jobs", u64::from(self.backlog_max_jobs)),
        ] {
            if value == 0 {
                return Err(StoreError::Setting { key });
            }
        }
        if self.is_local() { Ok(()) } else { super::options(self.url()?.expose_secret()).map(drop) }
    }

    /// The URL, from wherever it stands.
    ///
    /// # Errors
    /// When both or neither is given, or the file cannot be read.
    pub fn url(&self) -> Result<SecretString, StoreError> {
        match (self.url.expose_secret().is_empty(), self.url_file.as_os_str().is_empty()) {
            (false, true) => Ok(self.url.clone()),
            (true, false) => {
                let text = std::fs::read_to_string(&self.url_file)
                    .map_err(|source| StoreError::UrlFile { path: self.url_file.clone(), source })?;
                Ok(text.trim().to_owned().into())
            }
            (false, false) => Err(StoreError::NoUrl { problem: "both are set" }),
            (true, true) => Err(StoreError::NoUrl { problem: "neither is set" }),
        }
    }

    /// How long a caller waits for a connection.
    #[must_use]
    pub const fn acquire_timeout(&self) -> Duration {
        Duration::from_millis(self.acquire_timeout_ms)
    }

    /// How long a statement may run.
    #[must_use]
    pub const fn statement_timeout(&self) -> Duration {
        Duration::from_millis(self.statement_timeout_ms)
    }
}
