//! The gate: who may go to a platform, and when. A wish is an [`Ask`]; the answer is a [`Permit`] or a [`Later`] that costs
//! nothing. Above all stand the platform's page loads of a sliding minute, counted over all addresses and containers;
//! beneath them what one address may do, and a breaker for each (platform, egress, source) that rests at once when the
//! platform says slow down.
//!
//! Read next: `breaker.rs` (the state machine), `limiter.rs` (what holds in one process), `shared.rs` (what all containers
//! hold together), `contact.rs` (what holds while Redis is away). The room states facts and emits nothing.

mod ask;
mod books;
mod breaker;
mod budget;
mod command;
mod config;
mod contact;
mod fact;
mod inner;
mod limiter;
mod pace;
mod permit;
pub mod robots;
mod shared;
mod states;
mod status;
mod window;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};
use std::time::Duration;

use secrecy::SecretString;

pub use ask::{Admission, Ask, Egress, Later, LaterReason, PageLoad, Report, Source};
pub use config::{GateConfig, PlatformLimits};
pub use fact::{GateFact, OpenCause, Scope, SlowCause};
pub use permit::Permit;
pub use status::{BreakerState, GateStatus};

use breaker::Pass;
use inner::Inner;
use limiter::Step;
use permit::Held;
use shared::BEAT;
use states::Who;

use crate::clock::{Clock, Rng};
use crate::model::fault::Fault;
use crate::model::job::PlatformId;

/// The sliding window in which page loads are counted.
pub const MINUTE: Duration = Duration::from_secs(60);

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
    inner: Arc<Inner>,
}

impl Gate {
    /// Builds the gate. With `shared`, budgets and breakers are kept in Redis with all other containers; Redis need not be
    /// up yet. Must be called within a tokio runtime then, for a small task keeps the places of long crawls.
    ///
    /// # Errors
    /// A setting that cannot stand, or an address that is none.
    pub fn new(config: GateConfig, clock: Clock, rng: &Rng, shared: Option<SharedAt>) -> Result<Self, GateError> {
        Self::with_minute(config, clock, rng, shared, MINUTE)
    }

    /// As [`Gate::new`], with a minute of another length: a test of real servers need not last for several.
    ///
    /// # Errors
    /// As [`Gate::new`].
    pub fn with_minute(
        config: GateConfig,
        clock: Clock,
        rng: &Rng,
        shared: Option<SharedAt>,
        minute: Duration,
    ) -> Result<Self, GateError> {
        let inner = Arc::new(Inner::new(config, clock, rng, minute, shared.as_ref())?);
        if shared.is_some() {
            tokio::spawn(tend(Arc::downgrade(&inner)));
        }
        Ok(Self { inner })
    }

    /// May this crawl begin? A `Later` has cost nothing. Never fails: without Redis each process keeps its share. More page
    /// loads than fit into the limit at all are cut to what does: see [`Permit::reserved`].
    pub async fn admit(&self, ask: &Ask) -> Admission {
        let inner = &self.inner;
        inner.sweep().await;
        let (who, id) = (Who::of(ask), inner.rng.bits());
        let (now, standing) = inner.look(&who).await;
        let pass = standing.clone().ask(now, id, &inner.breaker_rules());
        let later = |refusal| Admission::Later(inner.later(&who.payer, refusal, Step::Begin));
        if let Pass::Wait(until, reason) = pass {
            return later(Inner::refusal(now, until, reason));
        }
        let bounds = inner.bounds(&who.payer, &standing.pace, now);
        // A probe loads one page before anything is known.
        let loads = if pass == Pass::Probe { 1 } else { bounds.clamp(ask.page_loads) };
        let grant = match inner.take(&who.payer, &bounds, id, 1, loads, Step::Begin).await {
            Ok(grant) => grant,
            Err(refusal) => return later(refusal),
        };
        let held = Held { id, who: who.clone(), grant, granted: loads, begun: 0, over: 0 };
        let permit = Permit::new(Arc::clone(inner), held);
        if pass == Pass::Probe
            && let Pass::Wait(until, reason) = inner.claim_probe(&who, id).await
        {
            // Another was faster.
            permit.give_back().await;
            return later(Inner::refusal(now, until, reason));
        }
        Admission::Permit(permit)
    }

    /// A platform asks for this pause between two page loads (`Crawl-delay`): from now on we go no faster; none lifts it.
    pub fn ask_pause(&self, platform: &PlatformId, pause: Option<Duration>) {
        let mut pauses = inner::lock(&self.inner.pauses);
        match pause.filter(|pause| !pause.is_zero()) {
            Some(pause) => pauses.insert(platform.clone(), pause),
            None => pauses.remove(platform),
        };
    }

    /// What has happened since the last call, oldest first; at most 1,024 are kept.
    #[must_use]
    pub fn take_facts(&self) -> Vec<GateFact> {
        self.inner.take_facts()
    }

    /// How long the breaker that `ask` would meet still rests; none where one may go. For `engine/verdict.rs`.
    pub async fn rest_left(&self, ask: &Ask) -> Option<Duration> {
        let (now, mut standing) = self.inner.look(&Who::of(ask)).await;
        match standing.ask(now, 0, &self.inner.breaker_rules()) {
            Pass::Free | Pass::Probe => None,
            Pass::Wait(until, reason) => Some(Inner::refusal(now, until, reason).after),
        }
    }

    /// Permits that were dropped without a report since the start: 0, or there is a bug.
    #[must_use]
    pub fn dropped_permits(&self) -> u64 {
        self.inner.dropped.load(Ordering::Relaxed)
    }
}

/// Keeps the places of long crawls and this process's among the workers, for as long as the gate lives.
async fn tend(gate: Weak<Inner>) {
    while let Some(inner) = gate.upgrade() {
        inner.beat().await;
        drop(inner);
        tokio::time::sleep(BEAT).await;
    }
}

#[cfg(test)]
mod tests;
