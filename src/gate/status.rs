//! What `sentinel gate status` shows: a line per budget and per breaker, for people and for programs.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::fact::Scope;

/// The state of one breaker or of one budget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum GateStatus {
    /// A breaker, or an operator's rest.
    Breaker {
        /// Which.
        scope: Scope,
        /// Its state.
        state: BreakerState,
        /// Nobody goes there before, where it is open or rests.
        until: Option<DateTime<Utc>>,
    },
    /// A platform's page loads over all addresses (`egress` none), or those of one address.
    Budget {
        /// Whose; its source is always none.
        scope: Scope,
        /// Page loads that count in the minute now.
        page_loads: u32,
        /// How many may.
        page_loads_per_minute: u32,
        /// Page loads of the last hour.
        page_loads_last_hour: u64,
        /// Page loads of the last day.
        page_loads_last_day: u64,
        /// Bytes received in the last day.
        bytes_last_day: u64,
        /// Crawls under way.
        crawls: u32,
        /// How many may be.
        concurrent_crawls: u32,
        /// Whether the numbers are those of all containers.
        shared: bool,
    },
}

impl GateStatus {
    /// What the line speaks of.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        match self {
            Self::Breaker { scope, .. } | Self::Budget { scope, .. } => scope,
        }
    }
}

/// A breaker's state in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// All may go.
    Closed,
    /// Nobody goes.
    Open,
    /// One probe is under way.
    HalfOpen,
    /// An operator let it rest.
    Resting,
}

impl BreakerState {
    /// The word in metrics and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
            Self::Resting => "resting",
        }
    }
}

impl fmt::Display for GateStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Breaker { scope, state, until } => {
                write!(f, "{scope}: ")?;
                f.write_str(match state {
                    BreakerState::Closed => "closed, all may go",
                    BreakerState::Open => "open, nobody goes",
                    BreakerState::HalfOpen => "half-open, one probe is under way",
                    BreakerState::Resting => "resting by an operator's word",
                })?;
                until.map_or(Ok(()), |until| write!(f, " until {}", until.to_rfc3339_opts(SecondsFormat::Secs, true)))
            }
            Self::Budget {
                scope,
                page_loads,
                page_loads_per_minute,
                page_loads_last_hour,
                page_loads_last_day,
                bytes_last_day,
                crawls,
                concurrent_crawls,
                shared,
            } => write!(
                f,
                "{scope}: {page_loads} of {page_loads_per_minute} page loads in the last minute, {page_loads_last_hour} in the \
                 last hour, {page_loads_last_day} in the last day; {bytes_last_day} bytes in the last day; {crawls} of \
                 {concurrent_crawls} crawls under way ({})",
                if *shared { "all containers" } else { "this process" }
            ),
        }
    }
}
