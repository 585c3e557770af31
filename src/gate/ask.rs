//! What one says to the gate and what it answers: an [`Ask`] before a crawl, an [`Admission`] in return, a [`Report`] after.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::permit::Permit;
use crate::model::fault::Fault;
use crate::model::job::PlatformId;

/// The address from which a platform sees us: our own, or a proxy by its name in the settings (never its credentials).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Egress(String);

impl Egress {
    /// A proxy's name in the settings.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// Our own address, without a proxy.
    #[must_use]
    pub fn direct() -> Self {
        Self("direct".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which part of a platform is asked, as in `profile`: each has a breaker of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Source(String);

impl Source {
    /// A short name in lower case.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The profile's page, which every crawl begins with.
    #[must_use]
    pub fn profile() -> Self {
        Self("profile".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A wish to crawl one profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Where.
    pub platform: PlatformId,
    /// From which address.
    pub egress: Egress,
    /// Which part of the platform.
    pub source: Source,
    /// How many page loads to reserve at once, at least 1; further ones can be had by [`Permit::page_load`].
    pub page_loads: u32,
}

/// The gate's answer. A `Later` holds nothing: drop it, and put the job back until then.
#[derive(Debug)]
#[must_use = "a permit holds a place until it is reported"]
pub enum Admission {
    /// Go; report it once.
    Permit(Permit),
    /// Not now.
    Later(Later),
}

/// The answer to the wish for one more page load within a permit.
#[derive(Debug)]
#[must_use = "a page may be loaded only after Go"]
pub enum PageLoad {
    /// Load one page now.
    Go,
    /// Not now: wait if the job's deadline allows it, or end the crawl with what there is.
    Later(Later),
}

/// When to ask again, and why not now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    /// When to ask again, by our clock.
    pub until: DateTime<Utc>,
    /// The same as a wait from now.
    pub after: Duration,
    /// Why.
    pub reason: LaterReason,
}

/// Why the gate lets nobody through just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaterReason {
    /// The platform refused or told us to slow down: the breaker is open.
    BreakerOpen,
    /// One probe is under way; what it sees decides.
    ProbeUnderWay,
    /// An operator let the platform rest.
    OperatorRest,
    /// The sliding minute is full.
    Minute,
    /// The hour's budget is spent.
    Hour,
    /// The day's budget is spent.
    Day,
    /// The day's bytes are spent.
    Bytes,
    /// Enough crawls are under way.
    Concurrency,
    /// The pause between two page loads is not over.
    Spacing,
    /// Redis is away: what other containers did in the last minute is not known, so that minute is waited out.
    SharedLost,
}

impl LaterReason {
    /// The word in metrics and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BreakerOpen => "breaker_open",
            Self::ProbeUnderWay => "probe_under_way",
            Self::OperatorRest => "operator_rest",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Bytes => "bytes",
            Self::Concurrency => "concurrency",
            Self::Spacing => "spacing",
            Self::SharedLost => "shared_lost",
        }
    }
}

impl fmt::Display for LaterReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BreakerOpen => "the platform refused or said slow down, and its rest is not over",
            Self::ProbeUnderWay => "one crawl is trying whether the platform answers again",
            Self::OperatorRest => "an operator let the platform rest",
            Self::Minute => "the page loads of this minute are used up",
            Self::Hour => "the page loads of this hour are used up",
            Self::Day => "the page loads of this day are used up",
            Self::Bytes => "the bytes of this day are used up",
            Self::Concurrency => "enough crawls are under way",
            Self::Spacing => "the pause between page loads is not over",
            Self::SharedLost => "Redis is away, and what other workers did in the last minute is not known",
        })
    }
}

/// How a permitted crawl went.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What stopped it; none where a profile was read.
    pub fault: Option<Fault>,
    /// A `Retry-After` that was seen, whatever the fault was.
    pub retry_after: Option<Duration>,
    /// How long the platform took to answer a page load (the slowest of them).
    pub latency: Option<Duration>,
    /// Bytes received.
    pub bytes: u64,
    /// Page loads made; those taken by [`Permit::page_load`] count even where this is less.
    pub page_loads: u32,
}
