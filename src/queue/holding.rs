//! What a worker holds: its live leases, the settlements it still owes, and how both are brought in line with Redis when an
//! answer was lost on its way.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{oneshot, watch};

use super::Core;
use super::error::QueueError;
use super::lease::{Beat, Lease, Place, Settled, Settlement};
use super::wake::Wake;
use super::wire::{self, WireJob};
use super::worker::Capacity;
use crate::clock::Rng;
use crate::model::job::{Job, JobId};

/// How many delayed jobs one lease moves to their lanes before it looks there.
const PROMOTED_FIRST: u32 = 32;
/// The most leases or settlements that one script call carries.
const CHUNK: usize = 500;
/// How many dropped leases are remembered, so that they are not mistaken for ones that never reached us.
const MOST_FORSAKEN: usize = 1024;
/// The waits between two tries to settle while Redis is away.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A worker's inside, shared by its clones and its leases.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) core: Arc<Core>,
    pub(crate) name: String,
    pub(crate) live: Mutex<HashMap<(JobId, i64), Live>>,
    forsaken: Mutex<VecDeque<Place>>,
    owed: Mutex<Vec<(JobId, Place, Settlement)>>,
    /// An answer with leases may have been lost on its way: look for them before leasing again.
    unsure: AtomicBool,
    pub(crate) dropped: AtomicU64,
    pub(crate) stale: AtomicU64,
    turn: AtomicU64,
    pub(crate) wake: Wake,
}

#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) place: Place,
    tell: watch::Sender<Beat>,
}

/// A lease as the script tells it: id, wire JSON, stream, entry, fence, attempts spent, deaths, ms waited.
type Told = (String, Vec<u8>, String, String, i64, u32, u32, u64);
/// Leases, cursors as pairs of stream and last id, ms until the next delayed job or -1.
type Answer = (Vec<Told>, Vec<String>, i64);

impl Inner {
    pub(crate) fn new(core: Arc<Core>, name: &str) -> Self {
        // Not from the seeded Rng: two starts with one seed would share a name, and with it each other's leases.
        let name = format!("{name}-{:016x}", Rng::fresh_seed());
        Self {
            core,
            name,
            live: Mutex::default(),
            forsaken: Mutex::default(),
            owed: Mutex::default(),
            unsure: AtomicBool::new(false),
            dropped: AtomicU64::new(0),
            stale: AtomicU64::new(0),
            turn: AtomicU64::new(0),
            wake: Wake::new(),
        }
    }

    pub(crate) fn request(&self, capacity: &Capacity, most: usize) -> Vec<String> {
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

    pub(crate) async fn quarantine_turn(&self, verb: &str) -> Result<u8, QueueError> {
        let arguments = [self.name.clone(), verb.to_owned(), self.core.config.lease_ms.to_string()];
        self.core.link.run(&self.core.scripts.turn, &arguments).await
    }

    /// Leases in a task of its own: where the caller is cancelled meanwhile, what was leased is handed back at once and
    /// does not look like a death half a minute later.
    pub(crate) async fn take_or_hand_back(
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

    pub(crate) async fn settle_once(&self, items: &[(JobId, Place, Settlement)]) -> Result<Vec<Settled>, QueueError> {
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

    pub(crate) async fn settle_owed(&self) -> Result<Vec<(JobId, Settlement, Settled)>, QueueError> {
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

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
