//! The few words for failure and for what follows from it. Every room maps its own errors to a [`Fault`];
//! only `engine/verdict.rs` turns a fault into a [`Verdict`].

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::document::Outcome;

/// What kind of failure stopped a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Our machinery or the network hiccuped.
    Transient,
    /// The platform said slow down, and perhaps for how long.
    Throttled {
        /// The platform's own word, from `Retry-After`.
        retry_after: Option<Duration>,
    },
    /// The platform refused: login wall, captcha, checkpoint, region block, or nothing in place of the profile.
    Walled {
        /// Which refusal it was.
        kind: Outcome,
    },
    /// A truth about the profile: it does not exist, is private, or is not for guests.
    Absent {
        /// Which truth it is.
        kind: Outcome,
    },
    /// The page is there, the selectors miss, healing failed.
    Drifted,
    /// A bad job, an unknown platform, a panic, a bug of ours.
    Defect,
}

/// What becomes of a job after an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Finished: a document stands.
    Done,
    /// Again after the wait; the attempt is spent.
    Retry {
        /// How long to wait.
        after: Duration,
    },
    /// Again after the wait; no attempt is spent.
    Snooze {
        /// How long to wait.
        after: Duration,
    },
    /// To the dead-letter queue.
    Bury {
        /// Why, for a person.
        reason: String,
    },
}
