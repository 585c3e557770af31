//! Whether this process may be given work, and if not, why: one reason a part. Alive and ready are two questions: a
//! process that waits for Redis must not be killed for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::labels::Part;

/// Cheap to clone; clones agree. Without any word from a part it is ready as far as that part goes, so a process that
/// starts says so of [`Part::Engine`] first.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<BTreeMap<Part, String>>>);

impl Readiness {
    /// Not ready until the engine says that it runs.
    #[must_use]
    pub fn starting() -> Self {
        let readiness = Self::default();
        readiness.blocked(Part::Engine, "starting");
        readiness
    }

    /// The part is well.
    pub fn well(&self, part: Part) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&part);
    }

    /// The part keeps this process from working, and why.
    pub fn blocked(&self, part: Part, reason: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(part, reason.into());
    }

    /// What keeps this process from working; empty when it is ready.
    #[must_use]
    pub fn reasons(&self) -> Vec<(Part, String)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(part, reason)| (*part, reason.clone())).collect()
    }
}
