//! Takes what other programs submit. A submission stays in its stream until it is acknowledged or rejected, so one whose
//! taker died is taken again after a lease's time: entering it in the ledger must be idempotent
//! ([`Submission::fallback_id`] sees to that).

use std::sync::Arc;
use std::time::Duration;

use super::error::QueueError;
use super::keys::INTAKE;
use super::submission::{self, Submission, Taken};
use super::wake::Wake;
use super::{Core, Queue};
use crate::clock::Rng;

/// The most submissions of one batch.
const MOST: usize = 256;
/// The longest reason that is kept.
const REASON_CHARS: usize = 500;

/// A submission that could not be read, as the dead-letter stream keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Its entry in that stream: where the next page goes on.
    pub entry: String,
    /// Why it could not be read.
    pub reason: String,
    /// How many bytes it had; none where there was no job.
    pub bytes: Option<u64>,
    /// The first of them, up to `queue.job_max_bytes`.
    pub start: Vec<u8>,
}

/// A taker of submissions with a connection of its own.
#[derive(Debug)]
pub struct Intake {
    core: Arc<Core>,
    name: String,
    wake: Wake,
}

impl Intake {
    pub(crate) fn new(core: Arc<Core>, name: &str) -> Self {
        Self { core, name: format!("{name}-{:016x}", Rng::fresh_seed()), wake: Wake::new() }
    }

    /// Waits up to `queue.block_ms` for submissions and takes up to `most` (at most 256) of them, unreadable ones included.
    ///
    /// # Errors
    /// When Redis does not answer or refuses.
    pub async fn take(&self, most: usize) -> Result<Vec<Submission>, QueueError> {
        let config = &self.core.config;
        let end = self.core.clock.uptime() + config.block();
        let bytes = config.job_max_bytes;
        let arguments =
            [self.name.clone(), most.clamp(1, MOST).to_string(), bytes.to_string(), config.lease_ms.to_string()];
        loop {
            let (taken, last): (Vec<Taken>, String) = self.core.link.run(&self.core.scripts.intake, &arguments).await?;
            let left = end.saturating_sub(self.core.clock.uptime());
            if !taken.is_empty() || left < Duration::from_millis(1) {
                return Ok(taken.into_iter().map(|taken| submission::read(taken, bytes)).collect());
            }
            let cursors = [self.core.keys.submit(), last];
            self.wake.wait(&self.core.link, &cursors, left, config.block()).await?;
        }
    }

    /// Removes submissions that stand in the ledger now.
    ///
    /// # Errors
    /// When Redis does not answer: they are taken again.
    pub async fn acknowledge(&self, submissions: &[Submission]) -> Result<(), QueueError> {
        if submissions.is_empty() {
            return Ok(());
        }
        let entries: Vec<&str> = submissions.iter().map(|submission| submission.entry.as_str()).collect();
        let submit = self.core.keys.submit();
        let mut both = redis::pipe();
        both.atomic().cmd("XACK").arg(&submit).arg(INTAKE).arg(&entries).ignore();
        both.cmd("XDEL").arg(&submit).arg(&entries).ignore();
        self.core.link.send(&both).await
    }

    /// Moves submissions to the dead-letter stream, each with its reason and its original bytes; works on a full Redis.
    ///
    /// # Errors
    /// When Redis does not answer: they are taken again.
    pub async fn reject(&self, rejected: &[(Submission, String)]) -> Result<u64, QueueError> {
        if rejected.is_empty() {
            return Ok(0);
        }
        let config = &self.core.config;
        let mut arguments = vec![config.dead_max_entries.to_string(), config.dead_entry_max_bytes.to_string()];
        for (submission, reason) in rejected {
            arguments.push(submission.entry.clone());
            arguments.push(reason.chars().take(REASON_CHARS).collect());
        }
        self.core.link.run(&self.core.scripts.reject, &arguments).await
    }
}

impl Queue {
    /// A page of what was rejected, oldest first: up to `most` (at most 256) after the entry given.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn rejected(&self, after: Option<&str>, most: usize) -> Result<Vec<Rejected>, QueueError> {
        let bytes = self.0.config.job_max_bytes.to_string();
        let arguments = [after.unwrap_or("-").to_owned(), most.clamp(1, MOST).to_string(), bytes];
        let page: Vec<(String, Vec<u8>, i64, Vec<u8>)> = self.0.link.run(&self.0.scripts.rejected, &arguments).await?;
        let read = |(entry, reason, bytes, start): (String, Vec<u8>, i64, Vec<u8>)| Rejected {
            entry,
            reason: String::from_utf8_lossy(&reason).into_owned(),
            bytes: u64::try_from(bytes).ok(),
            start,
        };
        Ok(page.into_iter().map(read).collect())
    }

    /// Forgets rejected submissions and tells how many there were.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn forget_rejected(&self, entries: &[String]) -> Result<u64, QueueError> {
        if entries.is_empty() {
            return Ok(0);
        }
        self.0.link.ask(redis::cmd("XDEL").arg(self.0.keys.dead()).arg(entries)).await
    }
}
