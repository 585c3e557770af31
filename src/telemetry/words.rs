//! The words that metrics tell: what callers name when they count something, each as it stands in a label.

/// A step of a crawl.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// Pages loaded in the browser.
    Visit,
    /// Pages read.
    Read,
    /// Selectors healed.
    Heal,
    /// The picture fitted to its budget.
    Screenshot,
    /// Everything stored.
    Save,
}

impl Step {
    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visit => "visit",
            Self::Read => "read",
            Self::Heal => "heal",
            Self::Screenshot => "screenshot",
            Self::Save => "save",
        }
    }
}

/// Why a job was put back without spending an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SnoozeCause {
    /// A limit was reached.
    Limiter,
    /// The breaker is open.
    Breaker,
    /// The platform named a time.
    RetryAfter,
    /// This machine has too little left.
    Machine,
}

impl SnoozeCause {
    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Limiter => "limiter",
            Self::Breaker => "breaker",
            Self::RetryAfter => "retry_after",
            Self::Machine => "machine",
        }
    }
}

/// A circuit breaker's state. The gauge shows 0, 1 and 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Requests pass.
    Closed,
    /// One probe passes.
    HalfOpen,
    /// Nothing passes.
    Open,
}

/// How a browser failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Crash {
    /// One page's process died.
    Renderer,
    /// The whole browser died.
    Browser,
    /// A page answered no more and was disposed of.
    Hang,
}

impl Crash {
    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Renderer => "renderer",
            Self::Browser => "browser",
            Self::Hang => "hang",
        }
    }
}

/// A write of a worker that had lost its lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusedWrite {
    /// A document.
    Result,
    /// A heartbeat.
    Heartbeat,
    /// A settlement.
    Settlement,
}

impl RefusedWrite {
    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Heartbeat => "heartbeat",
            Self::Settlement => "settlement",
        }
    }
}

/// A step of healing, or its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HealStep {
    /// The sources of a page disagree, or a field is missing.
    Detected,
    /// A candidate stands.
    Candidate,
    /// A candidate was verified.
    Accepted,
    /// No candidate had enough evidence.
    Refused,
    /// A version became active.
    Promoted,
    /// A version was taken back.
    RolledBack,
    /// The negative control accepted something: a warning.
    FalseHeal,
    /// Values were held back.
    Quarantined,
    /// Held-back values were derived anew.
    Rederived,
}

impl HealStep {
    /// The label's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Candidate => "candidate",
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Promoted => "promoted",
            Self::RolledBack => "rolled_back",
            Self::FalseHeal => "false_heal",
            Self::Quarantined => "quarantined",
            Self::Rederived => "rederived",
        }
    }
}

/// A part that readiness depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// Redis.
    Redis,
    /// PostgreSQL.
    Postgres,
    /// The blob store.
    Blob,
    /// At least one browser.
    Browser,
    /// This process itself: starting, running, shutting down.
    Engine,
}

impl Part {
    /// The word in `/readyz` and in labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Postgres => "postgres",
            Self::Blob => "blob",
            Self::Browser => "browser",
            Self::Engine => "engine",
        }
    }
}

/// What a crawl took from the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Throughput {
    /// Pages loaded.
    pub page_loads: u64,
    /// Bytes received.
    pub bytes: u64,
}
