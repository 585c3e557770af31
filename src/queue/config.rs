//! The `[queue]` section: where Redis is, how long a lease lasts, how much is kept.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;

/// Settings of the queue; `config.toml` says what each is for.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueueConfig {
    /// Where Redis is; empty: the private one.
    pub url: String,
    /// The user to log in as; empty for Redis' default user.
    pub username: String,
    /// Its password; empty for none.
    pub password: SecretString,
    /// A file that holds the password; empty for none.
    pub password_file: PathBuf,
    /// What every key begins with.
    pub prefix: String,
    /// How long a worker may be silent before its job is given to another, in milliseconds.
    pub lease_ms: u64,
    /// How often a worker renews its leases, in milliseconds.
    pub heartbeat_ms: u64,
    /// How often silent workers are looked for, in milliseconds.
    pub reclaim_ms: u64,
    /// The longest one wait for work lasts, in milliseconds.
    pub block_ms: u64,
    /// The longest a command may take, in milliseconds.
    pub command_timeout_ms: u64,
    /// How long ending a lease is tried again while Redis is away, in milliseconds.
    pub settle_patience_ms: u64,
    /// From so many deaths on a job runs in quarantine.
    pub quarantine_after_deaths: u32,
    /// So many deaths are final, if the last was in quarantine.
    pub dead_after_deaths: u32,
    /// How long a result stands, in seconds.
    pub result_ttl_s: u64,
    /// The largest document a result carries, in bytes.
    pub result_max_bytes: usize,
    /// The largest raw job, in bytes.
    pub job_max_bytes: usize,
    /// How many rejected jobs the dead-letter stream keeps.
    pub dead_max_entries: usize,
    /// How many bytes of a rejected job are kept.
    pub dead_entry_max_bytes: usize,
    /// Whether readiness demands an append-only Redis, or only says that it is not.
    pub require_append_only: bool,
}

impl QueueConfig {
    /// Whether no server is named, so that the private one is meant.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.url.is_empty()
    }

    /// The lease's length.
    #[must_use]
    pub const fn lease(&self) -> Duration {
        Duration::from_millis(self.lease_ms)
    }

    /// The time between two heartbeats.
    #[must_use]
    pub const fn heartbeat(&self) -> Duration {
        Duration::from_millis(self.heartbeat_ms)
    }

    /// The time between two looks for silent workers.
    #[must_use]
    pub const fn reclaim(&self) -> Duration {
        Duration::from_millis(self.reclaim_ms)
    }

    pub(crate) const fn block(&self) -> Duration {
        Duration::from_millis(self.block_ms)
    }

    pub(crate) const fn command_timeout(&self) -> Duration {
        Duration::from_millis(self.command_timeout_ms)
    }

    /// Says which setting cannot be, and why.
    pub(crate) fn check(&self) -> Result<(), String> {
        let at_least_one = [
            ("lease_ms", self.lease_ms),
            ("heartbeat_ms", self.heartbeat_ms),
            ("reclaim_ms", self.reclaim_ms),
            ("block_ms", self.block_ms),
            ("command_timeout_ms", self.command_timeout_ms),
            ("result_ttl_s", self.result_ttl_s),
        ];
        if let Some((name, _)) = at_least_one.iter().find(|(_, value)| *value == 0) {
            return Err(format!("queue.{name} is 0: it must be at least 1"));
        }
        if self.heartbeat_ms.saturating_mul(2) > self.lease_ms {
            return Err(format!(
                "queue.heartbeat_ms is {} and queue.lease_ms {}: a lease must outlast two heartbeats",
                self.heartbeat_ms, self.lease_ms
            ));
        }
        if self.quarantine_after_deaths == 0 || self.dead_after_deaths <= self.quarantine_after_deaths {
            return Err(format!(
                "queue.quarantine_after_deaths is {} and queue.dead_after_deaths {}: the first must be at least 1, the second larger",
                self.quarantine_after_deaths, self.dead_after_deaths
            ));
        }
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if self.prefix.is_empty() || self.prefix.len() > 64 || !self.prefix.chars().all(legal) {
            return Err(format!(
                "queue.prefix is {:?}: use 1 to 64 letters, digits, dots, dashes or underscores",
                self.prefix
            ));
        }
        Ok(())
    }

    /// Says whether the address can be one of Redis, and why not; nobody is asked.
    pub(crate) fn check_url(&self) -> Result<(), String> {
        if self.is_local() { Ok(()) } else { super::link::check_url(&self.url).map_err(|error| error.to_string()) }
    }
}
