//! The pool of workers: takes as many jobs as there are slots (a crawl that is over gives its slot to the next while it is
//! saved), renews their leases, empties itself for a job of the quarantine, hands back what is left at the end. What happens within one job's turn stands in `worker.rs`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::admission::Admission;
use super::crawler::{Crawler, Isolation};
use super::rooms::Rooms;
use super::services::Services;
use crate::model::job::PlatformId;
use crate::queue::{Beat, Capacity, QueueError, Settled};
use crate::telemetry::RefusedWrite;

/// How many leases one round takes at most.
const LEASES_AT_ONCE: usize = 32;
/// A heartbeat that is later than this is told.
const LATE: Duration = Duration::from_secs(2);
/// The wait after a round that failed.
const PAUSE: Duration = Duration::from_millis(500);
/// How often the quarantine is looked at.
const QUARANTINE_EVERY: Duration = Duration::from_secs(1);

/// Takes jobs and does them, as many at once as there are slots.
pub(super) struct Workers {
    pub(super) rooms: Arc<Rooms>,
    pub(super) services: Services,
    pub(super) crawler: Arc<dyn Crawler>,
    pub(super) leases: crate::queue::Worker,
    /// One for each crawl at a time; a job holds it from its lease until its last page is closed.
    slots: Arc<Semaphore>,
    /// One for each crawl that is over and being saved: the next page loads meanwhile. While all are in use, as when the ledger
    /// is slow, slots stay taken.
    saving: Semaphore,
    size: usize,
    admission: Admission,
    /// Platforms that the gate keeps shut, and until when by our uptime: their jobs stay where they are.
    pub(super) shut: Mutex<HashMap<PlatformId, Duration>>,
    /// Running crawls end at once and are handed back.
    pub(super) hard_stop: CancellationToken,
}

impl Workers {
    pub(super) fn new(
        rooms: Arc<Rooms>,
        services: Services,
        crawler: Arc<dyn Crawler>,
        hard_stop: CancellationToken,
    ) -> Arc<Self> {
        let size = rooms.config.engine.workers_or_default();
        let leases = services.queue.worker("sentinel");
        let (slots, saving) = (Arc::new(Semaphore::new(size)), Semaphore::new(size));
        let admission = Admission::new(rooms.config.engine.admission.clone(), size);
        let shut = Mutex::default();
        Arc::new(Self { rooms, services, crawler, leases, slots, saving, size, admission, shut, hard_stop })
    }

    /// Takes jobs until it is stopped, then waits for those that run.
    pub(super) async fn run(self: &Arc<Self>, stop: &CancellationToken) {
        let running = TaskTracker::new();
        let mut look = Duration::ZERO;
        while !stop.is_cancelled() {
            let now = self.rooms.clock.uptime();
            let round = async {
                if now >= look {
                    look = now + QUARANTINE_EVERY;
                    self.quarantine(stop).await?;
                }
                self.round(&running, stop).await
            };
            if let Err(error) = round.await {
                tracing::warn!(%error, "no work can be taken until this is mended");
                let _ = tokio::time::timeout(PAUSE, stop.cancelled()).await;
            }
        }
        running.close();
        running.wait().await;
    }

    /// Waits for a free slot, then for work, and starts what comes.
    async fn round(self: &Arc<Self>, running: &TaskTracker, stop: &CancellationToken) -> Result<(), QueueError> {
        tokio::select! {
            slot = self.slots.acquire() => drop(slot),
            () = stop.cancelled() => return Ok(()),
        }
        let free = self.slots.available_permits();
        let free = free.min(self.admission.room(self.size - free));
        if free == 0 {
            tokio::select! { () = self.admission.changed() => {}, () = stop.cancelled() => {} }
            return Ok(());
        }
        let capacity = self.capacity(free);
        let leases = tokio::select! {
            leases = self.leases.lease_many(&capacity, free.min(LEASES_AT_ONCE)) => leases?,
            () = stop.cancelled() => return Ok(()),
        };
        for lease in leases {
            let Ok(slot) = self.slots.clone().acquire_owned().await else { break };
            let workers = self.clone();
            running.spawn(async move { workers.turn(lease, Isolation::Shared, slot).await });
        }
        Ok(())
    }

    /// Where a suspect waits and no other worker sees to it: finishes what runs here, then runs suspects one at a time, so
    /// that each is the only one in its process when the process dies.
    async fn quarantine(self: &Arc<Self>, stop: &CancellationToken) -> Result<(), QueueError> {
        let all = u32::try_from(self.size).unwrap_or(u32::MAX);
        let mut ours = false;
        while !stop.is_cancelled() && self.leases.quarantine_waits().await? {
            ours = true;
            let slots = tokio::select! {
                slots = self.slots.clone().acquire_many_owned(all) => slots,
                () = stop.cancelled() => break,
            };
            let alone = Capacity { lanes: Vec::new(), quarantine: true };
            let _all_saved = self.saving.acquire_many(all).await;
            let (Ok(slots), Some(lease)) = (slots, self.leases.try_lease_many(&alone, 1).await?.pop()) else { break };
            tracing::info!(job = %lease.job().id, deaths = lease.deaths(), "a suspect runs alone");
            self.clone().turn(lease, Isolation::Alone, slots).await;
        }
        if ours { self.leases.quarantine_over().await } else { Ok(()) }
    }

    /// Renews all leases until it is stopped, also while the last crawls finish.
    pub(super) async fn beat(self: &Arc<Self>, stop: &CancellationToken) {
        let every = self.rooms.config.queue.heartbeat();
        let metrics = &self.rooms.metrics;
        let mut due = self.rooms.clock.uptime();
        let mut renewal_due = due;
        while !stop.is_cancelled() {
            let late = self.rooms.clock.uptime().saturating_sub(due);
            if late > LATE {
                tracing::warn!(
                    ?late,
                    "a heartbeat was late: this machine is short of processor time, lower engine.workers"
                );
            }
            match self.leases.beat().await {
                Ok(beats) => {
                    // Renewed only now: a pause before or within the round trip is time that the lease had not.
                    metrics.heartbeat_late_by(self.rooms.clock.uptime().saturating_sub(renewal_due));
                    let lost = beats.leases.iter().filter(|(_, beat)| *beat == Beat::Lost).count();
                    metrics.stale_writes_refused(RefusedWrite::Heartbeat, u64::try_from(lost).unwrap_or(u64::MAX));
                    renewal_due = self.rooms.clock.uptime() + every;
                    for (job, _, settled) in beats.settled {
                        // Beside the heartbeat: a slow ledger must not cost leases.
                        let workers = self.clone();
                        tokio::spawn(async move { workers.answer(&job, settled).await });
                    }
                }
                Err(error) => tracing::warn!(%error, "leases could not be renewed"),
            }
            due = self.rooms.clock.uptime() + every;
            let _ = tokio::time::timeout(every, stop.cancelled()).await;
        }
    }

    /// Gives back every lease at once.
    pub(super) async fn hand_back(&self) {
        if let Err(error) = self.leases.hand_back_all().await {
            tracing::warn!(%error, "leases could not be handed back; they go to others when they run out");
        }
    }

    fn capacity(&self, free: usize) -> Capacity {
        let now = self.rooms.clock.uptime();
        let mut shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        shut.retain(|_, until| *until > now);
        let lanes =
            self.rooms.platform_ids().map(|id| (id.clone(), if shut.contains_key(id) { 0 } else { free })).collect();
        Capacity { lanes, quarantine: false }
    }

    /// One job's turn with its slots, to the end of its lease.
    async fn turn(self: Arc<Self>, lease: crate::queue::Lease, isolation: Isolation, slots: OwnedSemaphorePermit) {
        let job = lease.job().id.clone();
        let mut place = Place { workers: &self, slots: Some(slots), isolation, saving: None };
        let settlement = self.judged(&lease, &mut place).await;
        match lease.settle(settlement).await {
            Ok(settled) => self.answer(&job, settled).await,
            Err(error) => tracing::warn!(%job, %error, "a lease could not be settled; each heartbeat tries it again"),
        }
    }

    /// Measures the load until it is stopped.
    pub(super) async fn watch_load(&self, stop: &CancellationToken) {
        self.admission.watch(&self.rooms.clock, stop).await;
    }

    /// Who had waited behind a job in Redis is answered with it.
    async fn answer(&self, job: &crate::model::job::JobId, settled: Settled) {
        let answered = match settled {
            Settled::Accepted { answered } => answered,
            Settled::Stale => return self.rooms.metrics.stale_writes_refused(RefusedWrite::Settlement, 1),
            Settled::Gone => return,
        };
        if let Err(error) = super::answers::answer_behind(&self.services, job, &answered).await {
            tracing::warn!(%job, %error, "who waited behind it is not answered yet; the reconciler brings it to Redis again");
        }
    }
}

/// What a job's turn occupies.
pub(super) struct Place<'w> {
    workers: &'w Workers,
    /// All of them where it runs alone.
    slots: Option<OwnedSemaphorePermit>,
    saving: Option<SemaphorePermit<'w>>,
    pub(super) isolation: Isolation,
}

impl Place<'_> {
    /// The crawl is over: another may begin while this one is saved.
    pub(super) async fn crawled(&mut self) {
        if matches!(self.isolation, Isolation::Shared) {
            self.saving = self.workers.saving.acquire().await.ok();
            self.slots = None;
            self.workers.admission.left();
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.slots = None;
        self.workers.admission.left();
    }
}
