//! Redis as the transport of jobs; PostgreSQL is the ledger, and what Redis loses the reconciler brings again. This room
//! owns every Redis key of the queue ([`keys`]) and the life of a job between its acceptance and its end:
//!
//! ```text
//!  XADD submit ──take──▶ (ledger) ──push──▶ ┌─────────┐  the same profile is under way   ┌────────┐
//!       │ unreadable                        │ waiting │ ◀──── moves up ──────────────── │ behind │ ──▶ answered with it
//!       ▼                                   └─────────┘                                 └────────┘
//!     dead stream              lease: fence grows │ ▲ ▲ ▲
//!                                                 ▼ │ │ └── due ────── ┌─────────┐
//!                                           ┌────────┐│ hand back       │ delayed │
//!        done, dropped ◀──────── settle ─── │ leased │┘                 └─────────┘
//!        (leaves Redis)                     └────────┘ ── retry (an attempt), snooze (none) ──▲
//!                                             │ silent for a lease: a death
//!                                             ├─ first death ──▶ waiting, before all others of its lane
//!                                             ├─ second ───────▶ waiting in quarantine: one at a time over all workers
//!                                             ├─ third, there ─▶ dead      ┐ told by every reclaim until the engine
//!                                             └─ cancelled ────▶ cancelled ┘ has written it down and closes it
//! ```
//!
//! Why a job takes no effect twice: every lease carries a fence larger than all before it (the maximum of the last one
//! plus 1, of Redis' clock in µs, and of what the ledger says, so it grows even over a `FLUSHALL`); the ledger takes a
//! result only with the fence it knows; acknowledging comes after that commit and checks owner and fence again.
//!
//! Why none is lost: each step is one script, so a job is always in exactly one place; a lane's entries are deleted when
//! settled and never trimmed; [`Queue::contains`] tells the reconciler what Redis would really come to by itself.
//!
//! Round trips: push 1 for 200 jobs, lease 1 for a batch, heartbeat 1 for all leases of a worker, settle 1 for any number,
//! result 1. Memory: about 1 KB for each job that is in Redis; the relay bounds how many that are.

mod config;
mod error;
mod health;
mod holding;
mod intake;
mod jobs;
pub mod keys;
mod lease;
mod link;
mod results;
mod scripts;
mod stats;
mod submission;
mod wake;
pub mod wire;
mod worker;

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

pub use self::config::QueueConfig;
pub use self::error::{QueueError, Refusal};
pub use self::health::{Health, Reason};
pub use self::intake::{Intake, Rejected};
pub use self::jobs::{Closed, Fate, KnownJob, Pushed, QueuedJob, Reclaimed, ScanPage};
pub use self::lease::{Beat, Lease, Settled, Settlement};
pub use self::results::{Follow, JobProgress, JobResult, ResultState, Told};
pub use self::stats::{Depth, LaneDepth, QueueStats};
pub use self::submission::{BadJob, RawJob, RawTarget, Submission};
pub use self::worker::{Beats, Capacity, Worker};
use crate::clock::Clock;
use crate::model::job::PlatformId;

/// The queue. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub struct Queue(Arc<Core>);

/// What all parts of the room share.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) link: link::Link,
    pub(crate) scripts: scripts::Scripts,
    pub(crate) keys: keys::Keys,
    pub(crate) config: QueueConfig,
    pub(crate) lanes: Vec<PlatformId>,
    pub(crate) clock: Clock,
    /// Redis' count of evicted keys when we last looked; -1 before the first look.
    pub(crate) evicted: AtomicI64,
}

impl Queue {
    /// A queue that has not spoken to Redis yet: for programs that must work while it is away. `lanes` are the platforms
    /// whose jobs it leases, counts and reclaims.
    ///
    /// # Errors
    /// When a setting cannot be, or the password's file cannot be read.
    pub fn new(config: &QueueConfig, lanes: Vec<PlatformId>, clock: Clock) -> Result<Self, QueueError> {
        config.check().map_err(QueueError::Setting)?;
        let link = link::Link::new(config)?;
        let (scripts, keys) = (scripts::Scripts::new(), keys::Keys::new(&config.prefix));
        let evicted = AtomicI64::new(-1);
        Ok(Self(Arc::new(Core { link, scripts, keys, config: config.clone(), lanes, clock, evicted })))
    }

    /// As [`new`](Self::new), and Redis must answer.
    ///
    /// # Errors
    /// As [`new`](Self::new), and when Redis cannot be reached or refuses.
    pub async fn connect(config: &QueueConfig, lanes: Vec<PlatformId>, clock: Clock) -> Result<Self, QueueError> {
        let queue = Self::new(config, lanes, clock)?;
        queue.ping().await?;
        Ok(queue)
    }

    /// Whether Redis answers.
    ///
    /// # Errors
    /// When it cannot be reached or refuses.
    pub async fn ping(&self) -> Result<(), QueueError> {
        self.0.link.ask(&redis::cmd("PING")).await
    }

    /// A worker under `name`, to which chance is added: no two starts share one.
    #[must_use]
    pub fn worker(&self, name: &str) -> Worker {
        Worker::new(Arc::clone(&self.0), name)
    }

    /// A taker of what other programs submit.
    #[must_use]
    pub fn intake(&self, name: &str) -> Intake {
        Intake::new(Arc::clone(&self.0), name)
    }

    /// The names of its keys.
    #[must_use]
    pub fn keys(&self) -> &keys::Keys {
        &self.0.keys
    }
}
