//! What happened, as a value: for live updates, webhooks and metrics. Rooms return facts; only the engine emits events.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::document::Outcome;
use super::job::{JobId, Target};

/// One thing that happened, with its time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The kinds of event, named in the past tense.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// A job was accepted.
    JobSubmitted {
        /// The job.
        job: JobId,
        /// What it will crawl.
        target: Target,
    },
    /// A worker began a job.
    JobStarted {
        /// The job.
        job: JobId,
        /// What it crawls.
        target: Target,
        /// 1 for the first time.
        attempt: u32,
    },
    /// One step of a crawl is over, for progress displays.
    StepDone {
        /// The job.
        job: JobId,
        /// The step's name: `visit`, `read`, `screenshot`, `save`.
        step: String,
        /// How long it took, in milliseconds.
        ms: u64,
    },
    /// A job is over and its document stands.
    JobDone {
        /// The job.
        job: JobId,
        /// What it crawled.
        target: Target,
        /// What came out.
        outcome: Outcome,
        /// Posts read.
        posts: usize,
        /// How long it took, in milliseconds.
        ms: u64,
    },
    /// A job will be tried again.
    JobPostponed {
        /// The job.
        job: JobId,
        /// What it crawls.
        target: Target,
        /// When it will be tried again, in milliseconds from now.
        after_ms: u64,
        /// Why, for a person.
        reason: String,
    },
    /// A job went to the dead-letter queue.
    JobBuried {
        /// The job.
        job: JobId,
        /// Why, for a person.
        reason: String,
    },
    /// A profile's stored facts changed: the names of the changed fields with their old and new values.
    ProfileChanged {
        /// The profile.
        target: Target,
        /// Each change as (field, before, after).
        changes: Vec<(String, serde_json::Value, serde_json::Value)>,
    },
}
