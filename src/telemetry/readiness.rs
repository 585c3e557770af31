//! Whether this process may be given work, and if not, why: one reason a part. Alive and ready are two questions: a
//! process that waits for Redis must not be killed for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::words::Part;

/// Cheap to clone; clones agree. Without any word from a part it is ready as far as that part goes, so a process that
/// starts says so of [`Part::Engine`] first.
#[derive(Debug, Clone, Default)]
pub struct Readiness(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    reasons: BTreeMap<Part, String>,
    warnings: BTreeMap<Part, Vec<String>>,
}

impl Readiness {
    /// Not ready until the engine says that it runs.
    #[must_use]
    pub fn starting() -> Self {
        let readiness = Self::default();
        readiness.blocked(Part::Engine, "starting");
        readiness
    }

    /// The part is well, as far as it keeps nobody from working; its warnings stay.
    pub fn well(&self, part: Part) {
        self.known().reasons.remove(&part);
    }

    /// The part keeps this process from working, and why.
    pub fn blocked(&self, part: Part, reason: impl Into<String>) {
        self.known().reasons.insert(part, reason.into());
    }

    /// What is unsafe about the part though it works, in place of what was said before; empty where all is well.
    pub fn warned(&self, part: Part, warnings: Vec<String>) {
        if warnings.is_empty() {
            self.known().warnings.remove(&part);
        } else {
            self.known().warnings.insert(part, warnings);
        }
    }

    /// What keeps this process from working; empty when it is ready.
    #[must_use]
    pub fn reasons(&self) -> Vec<(Part, String)> {
        self.known().reasons.iter().map(|(part, reason)| (*part, reason.clone())).collect()
    }

    /// What is unsafe and does not keep it from working.
    #[must_use]
    pub fn warnings(&self) -> Vec<(Part, String)> {
        let known = self.known();
        known.warnings.iter().flat_map(|(part, texts)| texts.iter().map(|text| (*part, text.clone()))).collect()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
