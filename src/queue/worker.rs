//! A worker's side of the queue: it waits for work, holds leases and renews them. Round trips: one to lease a batch, one
//! for each heartbeat of all leases together, one to settle any number; an idle worker keeps one blocking read open.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Core;
use super::error::QueueError;
use super::holding::{Inner, lock};
use super::lease::{Beat, Lease, Settled, Settlement};
use crate::model::job::{JobId, PlatformId};

/// What a worker can take now.
#[derive(Debug, Clone, Default)]
pub struct Capacity {
    /// Each platform with the number of further jobs it may be given.
    pub lanes: Vec<(PlatformId, usize)>,
    /// Whether it would take a job from quarantine. Only one over all workers is ever leased; offer it when nothing else
    /// runs here, so that it is the only suspect when this process dies.
    pub quarantine: bool,
}

/// What a round of heartbeats found.
#[derive(Debug, Default)]
pub struct Beats {
    /// Every lease of this worker with its state.
    pub leases: Vec<(JobId, Beat)>,
    /// Settlements that Redis' absence had delayed and that are through now.
    pub settled: Vec<(JobId, Settlement, Settled)>,
}

/// A taker of jobs with a name that no other start has. Cheap to clone; clones are the same worker.
#[derive(Debug, Clone)]
pub struct Worker(Arc<Inner>);

impl Worker {
    pub(crate) fn new(core: Arc<Core>, name: &str) -> Self {
        Self(Arc::new(Inner::new(core, name)))
    }

    /// Its name in Redis: the one given and 64 bits of chance.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Leases dropped without being settled.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Settlements and heartbeats refused because somebody else had the job.
    #[must_use]
    pub fn refused_as_stale(&self) -> u64 {
        self.0.stale.load(Ordering::Relaxed)
    }

    /// How many leases it holds.
    #[must_use]
    pub fn held(&self) -> usize {
        lock(&self.0.live).len()
    }

    /// Waits up to `queue.block_ms` for one job. Cancel-safe: a lease that nobody receives is handed back.
    ///
    /// # Errors
    /// When Redis does not answer or refuses; wait a moment before asking again.
    pub async fn lease(&self, capacity: &Capacity) -> Result<Option<Lease>, QueueError> {
        Ok(self.lease_many(capacity, 1).await?.pop())
    }

    /// Waits up to `queue.block_ms` for work and leases up to `most` jobs at once, the most urgent first; empty when there
    /// was none. Cancel-safe. Without any capacity it only waits.
    ///
    /// # Errors
    /// When Redis does not answer or refuses; wait a moment before asking again.
    pub async fn lease_many(&self, capacity: &Capacity, most: usize) -> Result<Vec<Lease>, QueueError> {
        let inner = &self.0;
        let end = inner.core.clock.uptime() + inner.core.config.block();
        if most == 0 || !capacity.quarantine && capacity.lanes.iter().all(|(_, free)| *free == 0) {
            tokio::time::sleep(inner.core.config.block()).await;
            return Ok(Vec::new());
        }
        loop {
            let (leases, cursors, due) = inner.take_or_hand_back(inner.request(capacity, most)).await?;
            let left = end.saturating_sub(inner.core.clock.uptime());
            if !leases.is_empty() || left < Duration::from_millis(1) {
                return Ok(leases);
            }
            let due = u64::try_from(due).map_or(left, Duration::from_millis);
            inner.wake.wait(&inner.core.link, &cursors, left.min(due), inner.core.config.block()).await?;
        }
    }

    /// Leases what is there and does not wait.
    ///
    /// # Errors
    /// When Redis does not answer or refuses; wait a moment before asking again.
    pub async fn try_lease_many(&self, capacity: &Capacity, most: usize) -> Result<Vec<Lease>, QueueError> {
        Ok(self.0.take_or_hand_back(self.0.request(capacity, most)).await?.0)
    }

    /// Asks for the right to empty this process for a job of the quarantine; true where one waits there and no other worker
    /// is about to take it. Then finish what runs, lease with [`Capacity::quarantine`] alone, and give the right back by
    /// [`quarantine_over`](Self::quarantine_over); a silent owner loses it after `queue.lease_ms`.
    ///
    /// # Errors
    /// When Redis does not answer or refuses.
    pub async fn quarantine_waits(&self) -> Result<bool, QueueError> {
        Ok(self.0.quarantine_turn("claim").await? == 1)
    }

    /// Gives the right to the quarantine back.
    ///
    /// # Errors
    /// When Redis does not answer: it lapses by itself.
    pub async fn quarantine_over(&self) -> Result<(), QueueError> {
        self.0.quarantine_turn("release").await.map(|_| ())
    }

    /// Renews all leases in one round trip, and tries the settlements that are owed. Call it every `queue.heartbeat_ms`.
    ///
    /// # Errors
    /// When Redis does not answer: leases run out once it is back, if that takes longer than `queue.lease_ms`.
    pub async fn beat(&self) -> Result<Beats, QueueError> {
        let settled = self.0.settle_owed().await?;
        let live: Vec<_> = lock(&self.0.live).iter().map(|((id, _), live)| (id.clone(), live.place.clone())).collect();
        Ok(Beats { leases: self.0.beat(&live).await?, settled })
    }

    /// Ends many leases in one round trip; as [`Lease::settle`] for each, in the order given.
    ///
    /// # Errors
    /// As [`Lease::settle`].
    pub async fn settle_many(&self, leases: Vec<(Lease, Settlement)>) -> Result<Vec<Settled>, QueueError> {
        let items = leases.into_iter().map(|(mut lease, settlement)| {
            lease.settled = true;
            (lease.job.id.clone(), lease.place.clone(), settlement)
        });
        self.0.settle_patiently(items.collect()).await
    }

    /// Hands back every lease at once, for a stop that waits for nobody. Leases still in hand may be settled afterwards
    /// without effect.
    ///
    /// # Errors
    /// When Redis does not answer: they go to other workers when they run out.
    pub async fn hand_back_all(&self) -> Result<usize, QueueError> {
        let mut live: Vec<_> =
            lock(&self.0.live).iter().map(|((id, _), live)| (id.clone(), live.place.clone())).collect();
        // Who was leased first is handed back first and so served first again.
        live.sort_by(|(one, at), (other, there)| (at.fence, one).cmp(&(there.fence, other)));
        let items: Vec<_> = live.into_iter().map(|(id, place)| (id, place, Settlement::HandBack)).collect();
        Ok(self.0.settle_once(&items).await?.len())
    }
}
