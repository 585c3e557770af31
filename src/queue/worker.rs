//! A worker's side of the queue: it waits for work, holds leases and renews them. Round trips: one to lease a batch, one
//! for each heartbeat of all leases together, one to settle any number; an idle worker keeps one blocking read open.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tokio::sync::{oneshot, watch};

use super::Core;
use super::error::QueueError;
use super::lease::{Beat, Lease, Place, Settled, Settlement};
use super::wire::{self, WireJob};
use crate::clock::Rng;
use crate::model::job::{Job, JobId, PlatformId};

/// How many delayed jobs one lease moves to their lanes before it looks there.
const PROMOTED_FIRST: u32 = 32;
/// The most leases or settlements that one script call carries.
const CHUNK: usize = 500;
/// How many dropped leases are remembered, so that they are not mistaken for ones that never reached us.
const MOST_FORSAKEN: usize = 1024;
/// The waits between two tries to settle while Redis is away.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

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

#[derive(Debug)]
pub(crate) struct Inner {
    core: Arc<Core>,
    name: String,
    live: Mutex<HashMap<(JobId, i64), Live>>,
    forsaken: Mutex<VecDeque<Place>>,
    owed: Mutex<Vec<(JobId, Place, Settlement)>>,
    /// An answer with leases may have been lost on its way: look for them before leasing again.
    unsure: AtomicBool,
    dropped: AtomicU64,
    stale: AtomicU64,
    turn: AtomicU64,
    wake: tokio::sync::Mutex<Option<Wake>>,
}

#[derive(Debug)]
struct Live {
    place: Place,
    tell: watch::Sender<Beat>,
}

/// The connection of the blocking read.
struct Wake(MultiplexedConnection);

impl std::fmt::Debug for Wake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wake")
    }
}

/// A lease as the script tells it: id, wire JSON, stream, entry, fence, attempts spent, deaths, ms waited.
type Told = (String, Vec<u8>, String, String, i64, u32, u32, u64);
/// Leases, cursors as pairs of stream and last id, ms until the next delayed job or -1.
type Answer = (Vec<Told>, Vec<String>, i64);

impl Worker {
    pub(crate) fn new(core: Arc<Core>, name: &str) -> Self {
        // Not from the seeded Rng: two starts with one seed would share a name, and with it each other's leases.
        let name = format!("{name}-{:016x}", Rng::fresh_seed());
        Self(Arc::new(Inner {
            core,
            name,
            live: Mutex::default(),
            forsaken: Mutex::default(),
            owed: Mutex::default(),
            unsure: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            turn: AtomicU64::new(0),
            wake: tokio::sync::Mutex::new(None),
        }))
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
    /// When Redis does not answer or refuses.
    pub async fn lease(&self, capacity: &Capacity) -> Result<Option<Lease>, QueueError> {
        Ok(self.lease_many(capacity, 1).await?.pop())
    }

    /// Waits up to `queue.block_ms` for work and leases up to `most` jobs at once, the most urgent first; empty when there
    /// was none. Cancel-safe. Without any capacity it only waits.
    ///
    /// # Errors
    /// When Redis does not answer or refuses.
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
            inner.wait_for_work(&cursors, left.min(due)).await?;
        }
    }

    /// Leases what is there and does not wait.
    ///
    /// # Errors
    /// When Redis does not answer or refuses.
    pub async fn try_lease_many(&self, capacity: &Capacity, most: usize) -> Result<Vec<Lease>, QueueError> {
        Ok(self.0.take_or_hand_back(self.0.request(capacity, most)).await?.0)
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
        let live: Vec<_> = lock(&self.0.live).iter().map(|((id, _), live)| (id.clone(), live.place.clone())).collect();
        let items: Vec<_> = live.into_iter().map(|(id, place)| (id, place, Settlement::HandBack)).collect();
        Ok(self.0.settle_once(&items).await?.len())
    }
}

impl Inner {
    fn request(&self, capacity: &Capacity, most: usize) -> Vec<String> {
        let version = wire::VERSION.to_string();
        let mut arguments = vec![self.name.clone(), most.min(CHUNK).to_string(), version, PROMOTED_FIRST.to_string()];
        arguments.push(u8::from(capacity.quarantine).to_string());
        let mut lanes: Vec<_> = capacity.lanes.iter().filter(|(_, free)| *free > 0).collect();
        if !lanes.is_empty() {
            // Each time another lane is first, so that none starves the others of one class.
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let lanes_count = u64::try_from(lanes.len()).unwrap_or(1);
            lanes.rotate_left(usize::try_from(turn % lanes_count).unwrap_or(0));
        }
        arguments.extend(lanes.into_iter().flat_map(|(lane, free)| [lane.to_string(), free.to_string()]));
        arguments
    }

    /// Leases in a task of its own: where the caller is cancelled meanwhile, what was leased is handed back at once and
    /// does not look like a death half a minute later.
    async fn take_or_hand_back(
        self: &Arc<Self>,
        request: Vec<String>,
    ) -> Result<(Vec<Lease>, Vec<String>, i64), QueueError> {
        let (give, receive) = oneshot::channel();
        let inner = Arc::clone(self);
        tokio::spawn(async move {
            let taken = inner.take(&request).await;
            if let Err(Ok((leases, _, _))) = give.send(taken) {
                let items = leases.into_iter().map(|mut lease| {
                    lease.settled = true;
                    (lease.job.id.clone(), lease.place.clone(), Settlement::HandBack)
                });
                // A failure leaves them owed: the next beat tries again.
                let _ = inner.settle_patiently(items.collect()).await;
            }
        });
        match receive.await {
            Ok(taken) => taken,
            Err(_) => Err(self.core.link.unreadable("the leasing task ended early")),
        }
    }

    async fn take(self: &Arc<Self>, request: &[String]) -> Result<(Vec<Lease>, Vec<String>, i64), QueueError> {
        if self.unsure.load(Ordering::Acquire) {
            self.recover().await?;
            self.unsure.store(false, Ordering::Release);
        }
        let answer: Result<Answer, QueueError> = self.core.link.run(&self.core.scripts.lease, request).await;
        if answer.is_err() {
            self.unsure.store(true, Ordering::Release);
        }
        let (told, cursors, due) = answer?;
        let mut leases = Vec::with_capacity(told.len());
        let mut unreadable = Vec::new();
        for lease in told {
            match self.admit(lease) {
                Ok(lease) => leases.push(lease),
                Err(dropped) => unreadable.extend(dropped),
            }
        }
        if !unreadable.is_empty() {
            // The ledger has them in a readable form; the reconciler misses them and brings them again.
            self.settle_once(&unreadable).await?;
        }
        Ok((leases, cursors, due))
    }

    /// A lease of what the script told; where its job cannot be read, what is to be dropped.
    fn admit(self: &Arc<Self>, told: Told) -> Result<Lease, Option<(JobId, Place, Settlement)>> {
        let (id, job, stream, entry, fence, attempts_spent, deaths, waited_ms) = told;
        let place = Place { stream, entry, fence };
        let job = match serde_json::from_slice::<WireJob>(&job) {
            Ok(wire) => Job::from(wire),
            Err(_) => return Err(id.parse().ok().map(|id| (id, place, Settlement::Drop))),
        };
        let (tell, beats) = watch::channel(Beat::Held);
        lock(&self.live).insert((job.id.clone(), fence), Live { place: place.clone(), tell });
        let quarantined = place.stream == self.core.keys.quarantine();
        let (worker, waited) = (Arc::clone(self), Duration::from_millis(waited_ms));
        Ok(Lease { worker, job, place, attempts_spent, deaths, quarantined, waited, beats, settled: false })
    }

    /// Gives back what was leased to us in an answer that never came.
    async fn recover(&self) -> Result<u64, QueueError> {
        let streams = self.core.keys.leased_streams(&self.core.lanes);
        let mut arguments = vec![self.name.clone(), streams.len().to_string()];
        arguments.extend(streams);
        let live: Vec<Place> = lock(&self.live).values().map(|live| live.place.clone()).collect();
        let forsaken = lock(&self.forsaken).clone();
        arguments.extend(live.into_iter().chain(forsaken).flat_map(|place| [place.stream, place.entry]));
        self.core.link.run(&self.core.scripts.recover, &arguments).await
    }

    /// Blocks until one of the streams grows past its cursor, or the time is over. It reads and takes nothing, so it may
    /// be cancelled; the connection is then left, because its read still blocks.
    async fn wait_for_work(&self, cursors: &[String], time: Duration) -> Result<(), QueueError> {
        let mut wake = self.wake.lock().await;
        let mut connection = match wake.take() {
            Some(Wake(connection)) => connection,
            None => self.core.link.blocking(self.core.config.block()).await?,
        };
        let ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut read = redis::cmd("XREAD");
        read.arg("COUNT").arg(1).arg("BLOCK").arg(ms).arg("STREAMS");
        for stream in cursors.iter().step_by(2) {
            read.arg(stream);
        }
        for last in cursors.iter().skip(1).step_by(2) {
            read.arg(last);
        }
        let answer: Result<redis::Value, _> = read.query_async(&mut connection).await;
        answer.map_err(|error| self.core.link.error(&error))?;
        *wake = Some(Wake(connection));
        Ok(())
    }

    pub(crate) async fn beat(&self, leases: &[(JobId, Place)]) -> Result<Vec<(JobId, Beat)>, QueueError> {
        let mut found = Vec::with_capacity(leases.len());
        for chunk in leases.chunks(CHUNK) {
            let mut arguments = vec![self.name.clone()];
            for (id, place) in chunk {
                arguments.extend([id.to_string(), place.stream.clone(), place.entry.clone(), place.fence.to_string()]);
            }
            let codes: Vec<u8> = self.core.link.run(&self.core.scripts.beat, &arguments).await?;
            for ((id, place), code) in chunk.iter().zip(codes) {
                let beat = match code {
                    1 => Beat::Held,
                    2 => Beat::Cancelled,
                    _ => Beat::Lost,
                };
                self.note(id, place, beat);
                found.push((id.clone(), beat));
            }
        }
        Ok(found)
    }

    fn note(&self, id: &JobId, place: &Place, beat: Beat) {
        let key = (id.clone(), place.fence);
        let mut live = lock(&self.live);
        if let Some(lease) = live.get(&key) {
            lease.tell.send_if_modified(|old| std::mem::replace(old, beat) != beat);
        }
        if beat == Beat::Lost && live.remove(&key).is_some() {
            self.stale.fetch_add(1, Ordering::Relaxed);
            lock(&self.owed).retain(|(owed, at, _)| owed != id || at != place);
        }
    }

    pub(crate) async fn settle_patiently(
        &self,
        items: Vec<(JobId, Place, Settlement)>,
    ) -> Result<Vec<Settled>, QueueError> {
        let clock = self.core.clock;
        let end = clock.uptime() + Duration::from_millis(self.core.config.settle_patience_ms);
        let mut pause = FIRST_PAUSE;
        let mut again = false;
        loop {
            match self.settle_once(&items).await {
                Ok(settled) if again => return Ok(settled.into_iter().map(as_repeated).collect()),
                Ok(settled) => return Ok(settled),
                Err(error) if error.is_ambiguous() && clock.uptime() + pause < end => {
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    again = true;
                }
                Err(error) => {
                    lock(&self.owed).extend(items);
                    return Err(error);
                }
            }
        }
    }

    async fn settle_once(&self, items: &[(JobId, Place, Settlement)]) -> Result<Vec<Settled>, QueueError> {
        let mut all = Vec::with_capacity(items.len());
        for chunk in items.chunks(CHUNK) {
            let mut arguments = vec![self.name.clone()];
            for (id, place, settlement) in chunk {
                let place = [place.stream.clone(), place.entry.clone(), place.fence.to_string()];
                arguments.push(id.to_string());
                arguments.extend(place);
                arguments.extend([settlement.verb().to_owned(), settlement.wait_ms().to_string()]);
            }
            let replies: Vec<(u8, Vec<String>)> = self.core.link.run(&self.core.scripts.settle, &arguments).await?;
            for ((id, place, _), (code, answered)) in chunk.iter().zip(replies) {
                lock(&self.live).remove(&(id.clone(), place.fence));
                all.push(match code {
                    1 => Settled::Accepted { answered: answered.iter().filter_map(|id| id.parse().ok()).collect() },
                    2 => Settled::Gone,
                    _ => {
                        self.stale.fetch_add(1, Ordering::Relaxed);
                        Settled::Stale
                    }
                });
            }
        }
        Ok(all)
    }

    async fn settle_owed(&self) -> Result<Vec<(JobId, Settlement, Settled)>, QueueError> {
        let owed = std::mem::take(&mut *lock(&self.owed));
        if owed.is_empty() {
            return Ok(Vec::new());
        }
        match self.settle_once(&owed).await {
            Ok(settled) => {
                let settled = settled.into_iter().map(as_repeated);
                Ok(owed.into_iter().zip(settled).map(|((id, _, wish), settled)| (id, wish, settled)).collect())
            }
            Err(error) => {
                lock(&self.owed).extend(owed);
                Err(error)
            }
        }
    }

    pub(crate) fn dropped(&self, id: &JobId, place: &Place) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        lock(&self.live).remove(&(id.clone(), place.fence));
        let mut forsaken = lock(&self.forsaken);
        if forsaken.len() >= MOST_FORSAKEN {
            forsaken.pop_front();
        }
        forsaken.push_back(place.clone());
    }
}

/// A job that is gone when we settle it again was most likely settled by the try whose answer was lost.
fn as_repeated(settled: Settled) -> Settled {
    match settled {
        Settled::Gone => Settled::Accepted { answered: Vec::new() },
        Settled::Accepted { .. } | Settled::Stale => settled,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
