//! Jobs from outside a worker: pushed by the relay, asked after by the reconciler, taken back from silent workers,
//! cancelled and closed. Batches of any size are sent in chunks, so that no script holds Redis for long.

use std::collections::BTreeSet;
use std::time::Duration;

use super::error::QueueError;
use super::keys::{GROUP, INTAKE, Keys};
use super::lease::MOST_WAIT_MS;
use super::wire::{self, WireJob};
use super::{Core, Queue};
use crate::model::job::{Job, JobId};

/// The most jobs that one script call carries: 200 pushes hold Redis for about 5 ms.
const CHUNK: usize = 200;
/// The most silent entries taken back from one stream by one script call.
const RECLAIMED_AT_ONCE: u32 = 100;
/// A bound on the calls of one reclaim: 100,000 entries of one stream.
const MOST_ROUNDS: u32 = 1000;

/// A job on its way from the ledger to Redis, with what the ledger knows of its past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedJob {
    /// The job.
    pub job: Job,
    /// Attempts spent so far; 0 for a new job.
    pub attempts_spent: u32,
    /// Deaths so far.
    pub deaths: u32,
    /// The highest fence that the ledger knows; 0 for a new job. The next lease's is higher.
    pub fence: i64,
    /// How long it must wait, by the ledger's clock.
    pub delay: Duration,
}

impl QueuedJob {
    /// A job without a past, to be done at once.
    #[must_use]
    pub const fn new(job: Job) -> Self {
        Self { job, attempts_spent: 0, deaths: 0, fence: 0, delay: Duration::ZERO }
    }
}

/// What became of a pushed job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// It waits in its lane, in quarantine, or for its time.
    Queued,
    /// The same profile is under way: it waits behind that job and is answered with it, or moves up after it.
    Behind(JobId),
    /// Redis had it already; nothing was changed.
    Present,
}

/// A job taken back from a silent worker, or one that still waits to be written down as dead or cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reclaimed {
    /// The job.
    pub job: JobId,
    /// The silent worker's name; empty where it was told before.
    pub worker: String,
    /// Its deaths, this one included.
    pub deaths: u32,
    /// Where it went.
    pub fate: Fate,
}

/// Where a reclaimed job went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// To the front of its lane.
    Back,
    /// To quarantine.
    Quarantine,
    /// Nowhere: write it down as dead, then [`Queue::bury`] it.
    Dead,
    /// Nowhere: it was cancelled while it ran; write that down, then [`Queue::drop_cancelled`] it.
    Cancelled,
}

/// What became of a job that was to be closed or cancelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// Redis does not know it, or it is not in a state to be closed.
    Unknown,
    /// It left Redis; these waited behind it and end with it.
    Ended {
        /// Only after [`Queue::bury`].
        answered: Vec<JobId>,
    },
    /// It is leased: its worker's next heartbeat says so.
    Asked,
}

/// A job that Redis knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownJob {
    /// The job with its past.
    pub queued: QueuedJob,
    /// Its state's word, as in `wire.rs`.
    pub state: String,
}

/// One page of [`Queue::scan`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanPage {
    /// The jobs found; a job may come twice over all pages.
    pub jobs: Vec<KnownJob>,
    /// Where to go on; none at the end.
    pub next: Option<u64>,
}

impl Queue {
    /// Brings jobs to Redis. Idempotent: a job that is on its way there is left alone.
    ///
    /// # Errors
    /// When Redis does not answer or is full; some chunks of 200 may have been pushed, so push all again.
    pub async fn push(&self, jobs: &[QueuedJob]) -> Result<Vec<Pushed>, QueueError> {
        let mut all = Vec::with_capacity(jobs.len());
        for chunk in jobs.chunks(CHUNK) {
            let mut arguments = Vec::with_capacity(chunk.len() * 12);
            for queued in chunk {
                arguments.extend(self.0.push_arguments(queued)?);
            }
            let replies: Vec<(u8, Option<String>)> = self.0.push_chunk(&arguments).await?;
            for (code, owner) in replies {
                all.push(match (code, owner.map(JobId::try_from)) {
                    (0, _) => Pushed::Present,
                    (2, Some(Ok(owner))) => Pushed::Behind(owner),
                    _ => Pushed::Queued,
                });
            }
        }
        Ok(all)
    }

    /// For each id, whether Redis will come to the job by itself. A job whose stream was evicted does not count.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn contains(&self, ids: &[JobId]) -> Result<Vec<bool>, QueueError> {
        let mut all = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let arguments: Vec<&str> = chunk.iter().map(JobId::as_str).collect();
            let codes: Vec<u8> = self.0.link.run(&self.0.scripts.contains, &arguments).await?;
            all.extend(codes.into_iter().map(|code| code == 1));
        }
        Ok(all)
    }

    /// A page of all jobs that Redis knows, in no order; begin with 0.
    ///
    /// # Errors
    /// When Redis does not answer, or holds a job that cannot be read.
    pub async fn scan(&self, cursor: u64) -> Result<ScanPage, QueueError> {
        type Row = (String, Vec<u8>, String, u32, u32, i64);
        let arguments = [cursor.to_string(), CHUNK.to_string()];
        let (next, rows): (u64, Vec<Row>) = self.0.link.run(&self.0.scripts.scan, &arguments).await?;
        let mut jobs = Vec::with_capacity(rows.len());
        for (_, wire, state, attempts_spent, deaths, fence) in rows {
            // One of a newer version is not ours to judge.
            if let Ok(wire) = serde_json::from_slice::<WireJob>(&wire) {
                let queued = QueuedJob { job: wire.into(), attempts_spent, deaths, fence, delay: Duration::ZERO };
                jobs.push(KnownJob { queued, state });
            }
        }
        Ok(ScanPage { jobs, next: (next != 0).then_some(next) })
    }

    /// Takes back the leases of workers that were silent for longer than a lease, all of them. Call it every
    /// `queue.reclaim_ms`; several processes may do so at once. Dead and cancelled jobs are told again by every call until
    /// they are closed.
    ///
    /// # Errors
    /// When Redis does not answer; what was taken back until then is told no second time, save for the dead and cancelled.
    pub async fn reclaim(&self) -> Result<Vec<Reclaimed>, QueueError> {
        type Row = (String, String, u32, String);
        let config = &self.0.config;
        let mut arguments =
            vec![config.lease_ms.to_string(), RECLAIMED_AT_ONCE.to_string(), config.dead_after_deaths.to_string()];
        arguments.extend(self.0.keys.leased_streams(&self.0.lanes));
        let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
        for _ in 0..MOST_ROUNDS {
            let (more, rows): (u8, Vec<Row>) = self.0.link.run(&self.0.scripts.reclaim, &arguments).await?;
            for (id, worker, deaths, fate) in rows {
                let job: JobId = id.parse().map_err(|_| self.0.link.unreadable(format!("job id {id:?}")))?;
                if seen.insert(job.clone()) {
                    all.push(Reclaimed { job, worker, deaths, fate: fate_of(&fate) });
                }
            }
            if more == 0 {
                break;
            }
        }
        Ok(all)
    }

    /// Moves delayed jobs that are due to their lanes and tells how many. Leasing does it too: this is for tests and for
    /// programs that only watch.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn promote_due(&self) -> Result<u64, QueueError> {
        self.0.link.run(&self.0.scripts.promote, &[CHUNK.to_string()]).await
    }

    /// Ends jobs that were told to be [`Fate::Dead`], once the ledger says so.
    ///
    /// # Errors
    /// When Redis does not answer: the next reclaim tells them again.
    pub async fn bury(&self, ids: &[JobId]) -> Result<Vec<Closed>, QueueError> {
        self.0.close("bury", ids).await
    }

    /// Ends jobs that were told to be [`Fate::Cancelled`], once the ledger says so.
    ///
    /// # Errors
    /// As [`bury`](Self::bury).
    pub async fn drop_cancelled(&self, ids: &[JobId]) -> Result<Vec<Closed>, QueueError> {
        self.0.close("drop", ids).await
    }

    /// Cancels: what waits leaves at once, what is leased is asked to end.
    ///
    /// # Errors
    /// When Redis does not answer; cancel again.
    pub async fn cancel(&self, ids: &[JobId]) -> Result<Vec<Closed>, QueueError> {
        self.0.close("cancel", ids).await
    }

    /// Forgets the names of workers that were not seen for `idle` (an hour is right, called once an hour) and owe nothing.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn sweep_workers(&self, idle: Duration) -> Result<u64, QueueError> {
        let mut arguments = vec![idle.as_millis().to_string()];
        arguments.extend(
            self.0.keys.leased_streams(&self.0.lanes).into_iter().flat_map(|stream| [stream, GROUP.to_owned()]),
        );
        arguments.extend([self.0.keys.submit(), INTAKE.to_owned()]);
        self.0.link.run(&self.0.scripts.sweep, &arguments).await
    }
}

impl Core {
    fn push_arguments(&self, queued: &QueuedJob) -> Result<[String; 12], QueueError> {
        let job = &queued.job;
        let wire =
            serde_json::to_string(&WireJob::from(job)).map_err(|error| self.link.unreadable(error.to_string()))?;
        let delay_ms = u64::try_from(queued.delay.as_millis()).unwrap_or(u64::MAX).min(MOST_WAIT_MS);
        Ok([
            job.id.to_string(),
            wire::VERSION.to_string(),
            wire,
            job.target.platform.to_string(),
            job.priority.as_str().to_owned(),
            Keys::profile(&job.target),
            job.posts.to_string(),
            wire::frame_word(job.frame).to_owned(),
            queued.attempts_spent.to_string(),
            queued.deaths.to_string(),
            queued.fence.to_string(),
            delay_ms.to_string(),
        ])
    }

    /// Pushes one chunk: for each job its code, and the owner it waits behind.
    async fn push_chunk(&self, arguments: &[String]) -> Result<Vec<(u8, Option<String>)>, QueueError> {
        let replies: Vec<Vec<String>> = self.link.run(&self.scripts.push, arguments).await?;
        let pad = |mut reply: Vec<String>| {
            let owner = if reply.len() > 1 { reply.pop() } else { None };
            (reply.first().and_then(|code| code.parse().ok()).unwrap_or(1), owner)
        };
        Ok(replies.into_iter().map(pad).collect())
    }

    async fn close(&self, verb: &str, ids: &[JobId]) -> Result<Vec<Closed>, QueueError> {
        let mut all = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(CHUNK) {
            let arguments: Vec<&str> = std::iter::once(verb).chain(chunk.iter().map(JobId::as_str)).collect();
            let replies: Vec<(u8, Vec<String>)> = self.link.run(&self.scripts.close, &arguments).await?;
            all.extend(replies.into_iter().map(|(code, answered)| match code {
                1 => Closed::Ended { answered: answered.iter().filter_map(|id| id.parse().ok()).collect() },
                2 => Closed::Asked,
                _ => Closed::Unknown,
            }));
        }
        Ok(all)
    }
}

fn fate_of(word: &str) -> Fate {
    match word {
        "quarantine" => Fate::Quarantine,
        "dead" => Fate::Dead,
        "cancelled" => Fate::Cancelled,
        _ => Fate::Back,
    }
}
