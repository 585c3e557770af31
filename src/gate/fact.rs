//! What happened at the gate, as facts for the engine to count and to tell. The room itself emits no event and no metric.
//! Where containers share a gate, a fact is had by the one whose act it was, so that it is told once.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ask::{Egress, Source};
use crate::model::job::PlatformId;

/// Which breaker: a platform as one address sees one part of it. `None` is "all of them", as an operator may say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Scope {
    /// The platform.
    pub platform: PlatformId,
    /// The address, or all.
    pub egress: Option<Egress>,
    /// The part of the platform, or all.
    pub source: Option<Source>,
}

impl Scope {
    /// A whole platform, over all addresses and parts.
    #[must_use]
    pub fn platform(platform: PlatformId) -> Self {
        Self { platform, egress: None, source: None }
    }

    /// Whether `other` lies within this scope.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.platform == other.platform
            && (self.egress.is_none() || self.egress == other.egress)
            && (self.source.is_none() || self.source == other.source)
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let egress = self.egress.as_ref().map_or("*", Egress::as_str);
        let source = self.source.as_ref().map_or("*", Source::as_str);
        write!(f, "{}/{egress}/{source}", self.platform)
    }
}

/// One thing that happened at the gate.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
#[non_exhaustive]
pub enum GateFact {
    /// Nobody goes there until then.
    BreakerOpened {
        /// Which.
        scope: Scope,
        /// Not before.
        until: DateTime<Utc>,
        /// What was seen.
        cause: OpenCause,
    },
    /// One probe goes out.
    BreakerHalfOpened {
        /// Which.
        scope: Scope,
    },
    /// All may go again.
    BreakerClosed {
        /// Which.
        scope: Scope,
    },
    /// We go slower.
    RateLowered {
        /// Where.
        platform: PlatformId,
        /// From which address.
        egress: Egress,
        /// Page loads a minute from now on.
        page_loads_per_minute: u32,
        /// What was seen.
        cause: SlowCause,
    },
    /// We go faster again.
    RateRaised {
        /// Where.
        platform: PlatformId,
        /// From which address.
        egress: Egress,
        /// Page loads a minute from now on.
        page_loads_per_minute: u32,
    },
    /// An operator let something rest.
    Rested {
        /// What.
        scope: Scope,
        /// Until when.
        until: DateTime<Utc>,
    },
    /// An operator ended every rest there.
    Released {
        /// Where.
        scope: Scope,
    },
    /// Redis is away: from now on each container keeps its share.
    SharedLost {
        /// What was seen.
        error: String,
        /// How many containers share the limits.
        workers: u32,
    },
    /// Redis is back.
    SharedRegained,
    /// A permit was dropped without a report: a bug or a panic.
    PermitDropped {
        /// Which.
        scope: Scope,
    },
}

/// Why a breaker opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenCause {
    /// The platform said slow down.
    Throttled,
    /// Too many refusals and failures.
    Failures,
    /// The probe met the same again.
    ProbeFailed,
}

/// Why the pace was lowered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlowCause {
    /// The platform said slow down.
    Throttled,
    /// The platform refused.
    Walled,
    /// The platform answers slower and slower.
    Latency,
}
