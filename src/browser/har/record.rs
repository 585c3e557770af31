//! Receives a session's requests and responses as they end.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Entry, Har};

/// The most entries one recording takes; later ones are left out and counted.
const MAX_ENTRIES: usize = 20_000;

/// Collects entries; cheap to clone, clones write into one recording.
#[derive(Debug, Clone, Default)]
pub struct Recorder(Arc<Mutex<Vec<Entry>>>);

impl Recorder {
    /// An empty recording.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry.
    pub fn push(&self, entry: Entry) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() < MAX_ENTRIES {
            entries.push(entry);
        } else {
            tracing::warn!(url = %entry.url, "a recording is full; this response is left out");
        }
    }

    /// What was recorded so far, in the order in which the requests were sent.
    #[must_use]
    pub fn har(&self) -> Har {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        entries.sort_by_key(|entry| entry.started_at);
        Har::new(entries)
    }
}
