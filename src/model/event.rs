//! What happened, as a value: for live updates, webhooks and metrics. Rooms return facts; only the engine emits events.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::document::Outcome;
use super::job::{JobId, PlatformId, Target};

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
    /// The site has told a job to wait, again and again: it will go on waiting, for that spends no attempt.
    JobStalled {
        /// The job.
        job: JobId,
        /// What it crawls.
        target: Target,
        /// How often it was told to wait.
        refusals: u64,
        /// The first time.
        since: DateTime<Utc>,
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
    /// Values were read and are not believed: they are kept aside and in no table of facts.
    ValuesHeld {
        /// The job.
        job: JobId,
        /// The profile.
        target: Target,
        /// Each value as (path, value, reason).
        values: Vec<(String, serde_json::Value, String)>,
    },
    /// A count grew far beyond what is usual; it is stored, for it may well be true.
    SurgeSeen {
        /// The profile.
        target: Target,
        /// The count's path in the document.
        path: String,
        /// What was stored.
        before: u64,
        /// What the page says.
        after: u64,
    },
    /// A breaker changed its state, or an operator commanded it.
    BreakerMoved {
        /// The platform.
        platform: PlatformId,
        /// Which breaker, as `platform/egress/source`.
        scope: String,
        /// `open`, `half_open`, `closed`, `resting` or `released`.
        state: String,
        /// Nobody goes there before, where it is open or rests.
        until: Option<DateTime<Utc>>,
        /// What was seen.
        cause: Option<String>,
    },
    /// A session ended because the platform refused it; nothing of it is used again.
    SessionRetired {
        /// The platform.
        platform: PlatformId,
        /// From which address.
        egress: String,
        /// Whose it was: `guest`, or `operator` where a storage state was given.
        session: String,
        /// What was seen: the name of the refusal's signal.
        cause: String,
    },
    /// A platform is visited slower or faster from now on.
    PaceChanged {
        /// The platform.
        platform: PlatformId,
        /// From which address.
        egress: String,
        /// Page loads a minute from now on.
        page_loads_per_minute: u32,
        /// What was seen; none where it is faster again.
        cause: Option<String>,
    },
    /// A part that the service depends on went away.
    PartLost {
        /// `redis`, `postgres`, `blob` or `browser`.
        part: String,
        /// Why, for a person.
        reason: String,
    },
    /// The part is back.
    PartRegained {
        /// `redis`, `postgres`, `blob` or `browser`.
        part: String,
    },
    /// A template has changed: a source of its values is read no more, while the values are still right by others.
    TemplateChanged {
        /// The platform.
        platform: PlatformId,
        /// The template.
        fingerprint: String,
        /// What is read no more, as in `rendered: profile`.
        lost: Vec<String>,
    },
    /// Another selector version is in force from now on.
    SelectorsChanged {
        /// The platform.
        platform: PlatformId,
        /// What was in force.
        before: String,
        /// What is.
        after: String,
    },
}
