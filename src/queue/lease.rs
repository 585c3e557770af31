//! A lease: one worker's right to one job, for as long as it keeps renewing it. It carries a fence that only grows; every
//! write of a result says which fence it belongs to, so that a worker that lost its lease without noticing changes nothing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::error::QueueError;
use super::holding::Inner;
use crate::model::job::{Job, JobId};

/// How a lease stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beat {
    /// It is ours.
    Held,
    /// It is somebody else's by now, or Redis has forgotten it: stop, what we write is refused.
    Lost,
    /// It is ours and somebody wishes the job to end: stop and settle with [`Settlement::Drop`].
    Cancelled,
}

/// How a lease ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// Finished, or buried for good: the result stands in the ledger. Who waited behind it is answered with it.
    Done,
    /// Cancelled: it leaves, and who waited behind it moves up.
    Drop,
    /// Again after the wait; an attempt is spent.
    Retry(Duration),
    /// Again after the wait; no attempt is spent.
    Snooze(Duration),
    /// At once to another worker, before all that waits: for shutdown.
    HandBack,
}

impl Settlement {
    pub(crate) const fn verb(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Drop => "drop",
            Self::Retry(_) => "retry",
            Self::Snooze(_) => "snooze",
            Self::HandBack => "back",
        }
    }

    pub(crate) fn wait_ms(self) -> u64 {
        match self {
            Self::Retry(wait) | Self::Snooze(wait) => {
                u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).min(MOST_WAIT_MS)
            }
            Self::Done | Self::Drop | Self::HandBack => 0,
        }
    }
}

/// No wait is longer than a year, so that no sum of times leaves the numbers that Lua can count exactly.
pub(crate) const MOST_WAIT_MS: u64 = 365 * 24 * 3600 * 1000;

/// What came of ending a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It ended as wished. The ids are the jobs that waited behind it for the same profile and are finished with it:
    /// give them the same result in the ledger and publish it for each. Only after [`Settlement::Done`].
    Accepted {
        /// Who is answered.
        answered: Vec<JobId>,
    },
    /// Somebody else has the job by now: nothing was changed.
    Stale,
    /// Redis does not know the job (it was flushed): nothing was changed; the reconciler knows what the ledger says.
    Gone,
}

/// Where a lease stands in Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) stream: String,
    pub(crate) entry: String,
    pub(crate) fence: i64,
}

/// One worker's right to one job. It is settled exactly once; one that is dropped unsettled is counted
/// ([`Worker::dropped`](super::Worker::dropped)), no longer renewed, and so goes to another worker as if we had died.
#[derive(Debug)]
#[must_use = "a lease is settled once"]
pub struct Lease {
    pub(crate) worker: Arc<Inner>,
    pub(crate) job: Job,
    pub(crate) place: Place,
    pub(crate) attempts_spent: u32,
    pub(crate) deaths: u32,
    pub(crate) quarantined: bool,
    pub(crate) waited: Duration,
    pub(crate) beats: watch::Receiver<Beat>,
    pub(crate) settled: bool,
}

impl Lease {
    /// The job.
    #[must_use]
    pub const fn job(&self) -> &Job {
        &self.job
    }

    /// The fence: larger than that of every earlier lease of this job, also after Redis was flushed.
    #[must_use]
    pub const fn fence(&self) -> i64 {
        self.place.fence
    }

    /// Which attempt this is, 1 for the first. Deaths and snoozes spend none.
    #[must_use]
    pub const fn attempt(&self) -> u32 {
        self.attempts_spent.saturating_add(1)
    }

    /// How many workers died of it, or during it.
    #[must_use]
    pub const fn deaths(&self) -> u32 {
        self.deaths
    }

    /// Whether it was leased from quarantine: run it alone, with a browser of its own.
    #[must_use]
    pub const fn is_quarantined(&self) -> bool {
        self.quarantined
    }

    /// How long it had waited in its lane.
    #[must_use]
    pub const fn waited(&self) -> Duration {
        self.waited
    }

    /// How the last heartbeat found it; changes by [`Worker::beat`](super::Worker::beat) or [`heartbeat`](Self::heartbeat).
    #[must_use]
    pub fn beats(&self) -> watch::Receiver<Beat> {
        self.beats.clone()
    }

    /// Waits until it is lost or cancelled; pending for ever while it is held. Cancel-safe.
    pub async fn ended(&self) -> Beat {
        let mut beats = self.beats.clone();
        let ended = beats.wait_for(|beat| *beat != Beat::Held).await.map(|beat| *beat);
        ended.unwrap_or(Beat::Lost)
    }

    /// Renews this lease alone, in one round trip. The worker's [`beat`](super::Worker::beat) renews all in one.
    ///
    /// # Errors
    /// When Redis does not answer: the lease may run out.
    pub async fn heartbeat(&self) -> Result<Beat, QueueError> {
        let beats = self.worker.beat(&[(self.job.id.clone(), self.place.clone())]).await?;
        Ok(beats.into_iter().next().map_or(Beat::Lost, |(_, beat)| beat))
    }

    /// Ends it, in one round trip. While Redis is away it is tried again for `queue.settle_patience_ms`; after that the
    /// worker goes on renewing and trying with every [`beat`](super::Worker::beat).
    ///
    /// # Errors
    /// When Redis stayed away: the settlement is owed, not lost, unless this process ends too.
    pub async fn settle(mut self, settlement: Settlement) -> Result<Settled, QueueError> {
        self.settled = true;
        let worker = Arc::clone(&self.worker);
        let mut settled = worker.settle_patiently(vec![(self.job.id.clone(), self.place.clone(), settlement)]).await?;
        Ok(settled.pop().unwrap_or(Settled::Gone))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.settled {
            self.worker.dropped(&self.job.id, &self.place);
        }
    }
}
