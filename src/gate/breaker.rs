//! One circuit breaker as a pure state machine: closed → open until → half-open with one probe → closed again, or open
//! with the rest doubled. It takes `now` and asks nobody; it is a plain serialisable value, so that containers can keep
//! it together in Redis by compare-and-set. An operator's rest lies above the machine and leaves it as it is.
//!
//! ```text
//! closed ──throttled──────────────────────────► open (Retry-After, else rest)
//!   │  └──`open_after` failures among the last 2 × `open_after`──► open (rest)
//! open ──until is over, one asks──► half-open (that one is the probe; the others wait)
//! half-open ──success──► closed        ──refused, failed──► open (rest doubled, never before Retry-After)
//!   │  └──inconclusive──► open until now: the next who asks is the probe
//!   └──the probe is not heard of in time──► the next who asks is the probe
//! ```
//!
//! Why a ring of the last crawls and not a bare count: at 100 crawls a minute five hiccups are noise, at five they are
//! everything; "half of the last crawls" is right for both.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ask::{LaterReason, Report};
use super::fact::OpenCause;
use super::status::BreakerState;
use crate::model::fault::Fault;

/// A Retry-After of 0 would make every request a probe.
const SHORTEST_REST: Duration = Duration::from_secs(1);
/// A Retry-After beyond this is an error of the site; an operator can release sooner.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30 * 24 * 3_600);

/// The numbers of the machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct BreakerRules {
    /// So many failures among the last twice as many crawls open it.
    pub(super) open_after: usize,
    /// How long a crawl counts towards opening.
    pub(super) window: Duration,
    /// The first rest where the platform names none.
    pub(super) rest: Duration,
    /// The longest rest that doubling leads to.
    pub(super) rest_max: Duration,
    /// How long a probe may be silent before another goes out.
    pub(super) probe_lease: Duration,
}

/// What a crawl says of the platform's willingness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// It answered; that a profile does not exist is an answer too.
    Success,
    /// It refused, or the way there failed.
    Failure,
    /// It said slow down, and perhaps for how long.
    Throttled(Option<Duration>),
    /// Nothing about its willingness.
    Inconclusive,
}

impl Signal {
    /// What a report says. A Retry-After rests the breaker whatever came with it: it is the platform's own word.
    pub(super) fn of(report: &Report) -> Self {
        match (&report.fault, report.retry_after) {
            (Some(Fault::Throttled { retry_after }), seen) => Self::Throttled((*retry_after).max(seen)),
            (Some(Fault::Transient | Fault::Walled { .. }), Some(seen)) => Self::Throttled(Some(seen)),
            (Some(Fault::Transient | Fault::Walled { .. }), None) => Self::Failure,
            (Some(Fault::Absent { .. }) | None, _) => Self::Success,
            (Some(Fault::Drifted | Fault::Defect), _) => Self::Inconclusive,
        }
    }
}

/// The breaker of one (platform, egress, source). `Default` is closed without a failure.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Breaker {
    state: State,
    /// An operator's rest.
    resting_until: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum State {
    /// `recent` holds the crawls since the first failure that counts, oldest first.
    Closed { recent: Vec<Mark> },
    /// Nobody goes before `until`; `rest_ms` is what doubles.
    Open { until: DateTime<Utc>, rest_ms: u64 },
    /// `probe` is under way; silent after `deadline`, another may go.
    HalfOpen { probe: u64, deadline: DateTime<Utc>, rest_ms: u64 },
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { recent: Vec::new() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    at: DateTime<Utc>,
    failed: bool,
}

/// The answer to one who wants to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// Go.
    Free,
    /// Go, as the one probe.
    Probe,
    /// Not before then.
    Wait(DateTime<Utc>, LaterReason),
}

/// A transition that others should hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// To open.
    Opened(DateTime<Utc>, OpenCause),
    /// To closed.
    Closed,
}

impl Breaker {
    /// May the permit called `permit` go? Where the rest is over, the first who asks becomes the probe.
    pub(super) fn ask(&mut self, now: DateTime<Utc>, permit: u64, rules: &BreakerRules) -> Pass {
        if let Some(until) = self.resting_until {
            if now < until {
                return Pass::Wait(until, LaterReason::OperatorRest);
            }
            self.resting_until = None;
        }
        match self.state {
            State::Closed { .. } => Pass::Free,
            State::Open { until, .. } if now < until => Pass::Wait(until, LaterReason::BreakerOpen),
            State::HalfOpen { probe, .. } if probe == permit => Pass::Free,
            State::HalfOpen { deadline, .. } if now < deadline => Pass::Wait(deadline, LaterReason::ProbeUnderWay),
            State::Open { rest_ms, .. } | State::HalfOpen { rest_ms, .. } => {
                self.state = State::HalfOpen { probe: permit, deadline: later(now, rules.probe_lease), rest_ms };
                Pass::Probe
            }
        }
    }

    /// Takes note of how the permit called `permit` went.
    pub(super) fn record(
        &mut self,
        now: DateTime<Utc>,
        permit: u64,
        signal: Signal,
        rules: &BreakerRules,
    ) -> Option<Turn> {
        match &mut self.state {
            State::HalfOpen { probe, rest_ms, .. } if *probe == permit => {
                let rest = Duration::from_millis(*rest_ms);
                self.judge_probe(now, signal, rest, rules)
            }
            State::Closed { recent } => match signal {
                Signal::Throttled(named) => {
                    Some(self.open(now, named.unwrap_or(rules.rest), rules, OpenCause::Throttled))
                }
                Signal::Success | Signal::Failure => {
                    let failures = note(recent, now, signal == Signal::Failure, rules);
                    (failures >= rules.open_after).then(|| self.open(now, rules.rest, rules, OpenCause::Failures))
                }
                Signal::Inconclusive => None,
            },
            // One that was under way already when it opened: its word cannot close the breaker, nor double the rest for
            // the same trouble, but a Retry-After that it heard holds.
            State::Open { rest_ms, .. } | State::HalfOpen { rest_ms, .. } => {
                let Signal::Throttled(Some(named)) = signal else { return None };
                let (rest_ms, heard) = (*rest_ms, later(now, bounded(named)));
                let moved = !matches!(self.state, State::Open { until, .. } if heard <= until);
                moved.then(|| {
                    self.state = State::Open { until: heard, rest_ms };
                    Turn::Opened(heard, OpenCause::Throttled)
                })
            }
        }
    }

    fn judge_probe(
        &mut self,
        now: DateTime<Utc>,
        signal: Signal,
        rest: Duration,
        rules: &BreakerRules,
    ) -> Option<Turn> {
        let doubled = rest.saturating_mul(2).min(rules.rest_max);
        match signal {
            Signal::Success => {
                self.state = State::default();
                Some(Turn::Closed)
            }
            Signal::Failure => Some(self.open(now, doubled, rules, OpenCause::ProbeFailed)),
            Signal::Throttled(named) => {
                let turn = self.open(now, doubled.max(named.unwrap_or_default()), rules, OpenCause::ProbeFailed);
                Some(turn)
            }
            Signal::Inconclusive => {
                self.state = State::Open { until: now, rest_ms: whole_ms(rest) };
                None
            }
        }
    }

    fn open(&mut self, now: DateTime<Utc>, rest: Duration, rules: &BreakerRules, cause: OpenCause) -> Turn {
        let until = later(now, bounded(rest));
        self.state = State::Open { until, rest_ms: whole_ms(bounded(rest).min(rules.rest_max)) };
        Turn::Opened(until, cause)
    }

    /// An operator's rest, whatever the machine's state; a running one is replaced.
    pub(super) fn rest(&mut self, until: DateTime<Utc>) {
        self.resting_until = Some(until);
    }

    /// An operator's release: closed, nothing remembered.
    pub(super) fn release(&mut self) {
        *self = Self::default();
    }

    /// The state in a word, and until when nobody goes.
    pub(super) fn state(&self, now: DateTime<Utc>) -> (BreakerState, Option<DateTime<Utc>>) {
        if let Some(until) = self.resting_until.filter(|until| now < *until) {
            return (BreakerState::Resting, Some(until));
        }
        match self.state {
            State::Closed { .. } => (BreakerState::Closed, None),
            State::Open { until, .. } => (BreakerState::Open, Some(until)),
            State::HalfOpen { .. } => (BreakerState::HalfOpen, None),
        }
    }

    /// The state of two books that were apart for a while: the one that keeps us away for longer.
    pub(super) fn stricter(self, other: Self) -> Self {
        let rank = |state: &State| match state {
            State::Closed { recent } => (0, recent.last().map(|mark| mark.at)),
            State::HalfOpen { deadline, .. } => (1, Some(*deadline)),
            State::Open { until, .. } => (2, Some(*until)),
        };
        let resting_until = self.resting_until.max(other.resting_until);
        let state = if rank(&self.state) >= rank(&other.state) { self.state } else { other.state };
        Self { state, resting_until }
    }
}

/// Adds a crawl to the ring and counts the failures in it. A success is kept only where there is a failure to outweigh,
/// so that a healthy breaker never changes (and is never written to Redis).
fn note(recent: &mut Vec<Mark>, now: DateTime<Utc>, failed: bool, rules: &BreakerRules) -> usize {
    recent.retain(|mark| later(mark.at, rules.window) > now);
    let first_failure = recent.iter().position(|mark| mark.failed).unwrap_or(recent.len());
    recent.drain(..first_failure);
    if failed || !recent.is_empty() {
        recent.push(Mark { at: now, failed });
    }
    let above = recent.len().saturating_sub(2 * rules.open_after);
    recent.drain(..above);
    recent.iter().filter(|mark| mark.failed).count()
}

fn bounded(rest: Duration) -> Duration {
    rest.clamp(SHORTEST_REST, LONGEST_RETRY_AFTER)
}

/// `now` and a wait, rounded up to the millisecond: the wait is never cut short by what a number can hold.
fn later(now: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    let wait = chrono::Duration::from_std(wait).unwrap_or(chrono::Duration::days(30));
    now.checked_add_signed(wait).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn whole_ms(wait: Duration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
