//! The document of a job that failed on our side: what was asked for, that it failed, and the evidence why. Whoever waits
//! reads the same form as for any other end.

use super::rooms::Rooms;
use crate::model::document::{Coverage, Document, Evidence, Metrics, Outcome, SCHEMA, SelectorsUsed};
use crate::model::job::Target;

/// Words for a job whose workers died of it.
pub(super) const WORKER_DIED: &str = "worker_died";

/// The document of a failure. `signal` is its name, `detail` its cause for a person.
#[must_use]
pub(super) fn failed(rooms: &Rooms, target: &Target, requested: u16, signal: &str, detail: &str) -> Document {
    let url = rooms.platform(&target.platform).ok().map(|platform| platform.canonical_url(&target.handle));
    let version = rooms.selectors(&target.platform).map_or_else(|_| String::new(), |set| set.version.clone());
    let evidence =
        Evidence { status: None, final_url: None, signal: signal.to_owned(), detail: Some(detail.to_owned()) };
    Document {
        schema: SCHEMA,
        platform: target.platform.clone(),
        handle: Some(target.handle.clone()),
        url,
        outcome: Outcome::Failed,
        evidence: Some(evidence),
        observed_at: Some(rooms.clock.now()),
        duration_ms: None,
        profile: None,
        posts: Vec::new(),
        coverage: Coverage { requested, got: 0, reason: None },
        metrics: Metrics::default(),
        fields: indexmap::IndexMap::new(),
        selectors: SelectorsUsed { version },
        screenshot: None,
    }
}
