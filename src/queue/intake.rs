//! Takes what other programs submit. A submission stays in its stream until it is acknowledged or rejected, so one whose
//! taker died is taken again after a lease's time: entering it in the ledger must be idempotent
//! ([`Submission::fallback_id`] sees to that).

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tokio::sync::Mutex;

use super::Core;
use super::error::QueueError;
use super::keys::INTAKE;
use super::submission::{self, Submission, Taken};
use crate::clock::Rng;

/// The most submissions of one batch.
const MOST: usize = 256;
/// The longest reason that is kept.
const REASON_CHARS: usize = 500;

/// A taker of submissions with a connection of its own.
pub struct Intake {
    core: Arc<Core>,
    name: String,
    wake: Mutex<Option<MultiplexedConnection>>,
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Intake {
    pub(crate) fn new(core: Arc<Core>, name: &str) -> Self {
        Self { core, name: format!("{name}-{:016x}", Rng::fresh_seed()), wake: Mutex::new(None) }
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
            self.wait(&last, left).await?;
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

    async fn wait(&self, last: &str, time: Duration) -> Result<(), QueueError> {
        let mut wake = self.wake.lock().await;
        let mut connection = match wake.take() {
            Some(connection) => connection,
            None => self.core.link.blocking(self.core.config.block()).await?,
        };
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut read = redis::cmd("XREAD");
        read.arg("COUNT").arg(1).arg("BLOCK").arg(ms).arg("STREAMS").arg(self.core.keys.submit()).arg(last);
        let answer: Result<redis::Value, _> = read.query_async(&mut connection).await;
        answer.map_err(|error| self.core.link.error(&error))?;
        *wake = Some(connection);
        Ok(())
    }
}
