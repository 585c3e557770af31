//! The budgets that this process keeps for itself: alone, or as its share while Redis is away.
//!
//! Two things hold together. A sliding log holds the limit exactly: a burst counts inside it. Governor spaces what one
//! address does: after a burst, one page load each minute / limit. Governor alone would not do: with burst B it admits
//! limit + B in a minute, and sized so that the sum stays within, it would use only limit - B of it.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as GovernorsClock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};

use super::ask::{Egress, LaterReason};
use super::config::Limits;
use super::window::{LoadLog, Spent};
use crate::clock::Clock;
use crate::model::job::PlatformId;

/// While a place is taken nobody knows when it becomes free.
pub(super) const RECHECK: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// Governor's view of our clock, so that a paused test freezes it too.
#[derive(Debug, Clone)]
struct OurClock(Clock);

impl GovernorsClock for OurClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.uptime()
    }
}

/// Whose budget: a platform's, and within it one address's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Payer {
    pub(super) platform: PlatformId,
    pub(super) egress: Egress,
}

/// The limits that hold for a payer now.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Over all addresses.
    pub(super) platform: Limits,
    /// For the one address, its pace already lowered.
    pub(super) egress: Limits,
}

impl Bounds {
    /// How many of `wanted` loads can be granted at once at all; at least 1.
    pub(super) fn clamp(&self, wanted: u32) -> u32 {
        wanted.min(self.platform.loads).min(self.egress.loads).min(self.egress.burst).max(1)
    }
}

/// Whether a grant begins a crawl or goes on with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A new crawl: it takes a place among those under way.
    Begin,
    /// One more page of a crawl that has its place.
    Further,
}

/// Why not now, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) after: Duration,
    pub(super) reason: LaterReason,
}

/// What ends with a permit.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Closing {
    /// Loads that were made and are over.
    pub(super) over: u32,
    /// Loads that were reserved and not made.
    pub(super) unused: u32,
    /// Bytes received.
    pub(super) bytes: u64,
}

/// What a budget has in it now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Spending {
    pub(super) loads: u32,
    pub(super) hour: u64,
    pub(super) day: u64,
    pub(super) bytes: u64,
    pub(super) crawls: u32,
}

/// All budgets of this process.
#[derive(Debug)]
pub(super) struct Limiter {
    clock: Clock,
    platforms: HashMap<PlatformId, Budget>,
    egresses: HashMap<Payer, (Budget, Option<Spacing>)>,
}

impl Limiter {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, platforms: HashMap::new(), egresses: HashMap::new() }
    }

    /// Grants `loads` page loads, or says why not and takes nothing.
    pub(super) fn admit(&mut self, payer: &Payer, bounds: &Bounds, loads: u32, step: Step) -> Result<(), Refusal> {
        let (now, clock) = (self.clock.uptime(), self.clock);
        let (platform, (egress, spacing)) = self.budgets(payer);
        let refusals =
            [platform.refusal(now, &bounds.platform, loads, step), egress.refusal(now, &bounds.egress, loads, step)];
        if let Some(refusal) = refusals.into_iter().flatten().max_by_key(|refusal| refusal.after) {
            return Err(refusal);
        }
        // Last, for governor takes what it grants.
        Spacing::fitting(spacing, &bounds.egress, clock).take(loads, now)?;
        platform.begin(now, loads, step);
        egress.begin(now, loads, step);
        Ok(())
    }

    /// Takes note of a grant that was made elsewhere (in Redis), so that a share of our own would count it.
    pub(super) fn note(&mut self, payer: &Payer, loads: u32, step: Step) {
        let now = self.clock.uptime();
        let (platform, (egress, _)) = self.budgets(payer);
        platform.begin(now, loads, step);
        egress.begin(now, loads, step);
    }

    /// Loads of a permit that are over while it goes on.
    pub(super) fn over(&mut self, payer: &Payer, loads: u32, minute: Duration) {
        let now = self.clock.uptime();
        let (platform, (egress, _)) = self.budgets(payer);
        platform.log.over(now, loads, minute);
        egress.log.over(now, loads, minute);
    }

    /// Ends a permit whose reservation was made at `reserved_at`.
    pub(super) fn close(&mut self, payer: &Payer, reserved_at: Duration, closing: Closing, minute: Duration) {
        let now = self.clock.uptime();
        let (platform, (egress, _)) = self.budgets(payer);
        platform.close(now, reserved_at, closing, minute);
        egress.close(now, reserved_at, closing, minute);
    }

    /// Undoes a grant of which nothing was used.
    pub(super) fn undo(&mut self, payer: &Payer, granted_at: Duration, unused: Closing, minute: Duration, step: Step) {
        let now = self.clock.uptime();
        let (platform, (egress, _)) = self.budgets(payer);
        for budget in [platform, egress] {
            if step == Step::Further {
                // Closing frees a crawl's place, which this grant had not taken.
                budget.crawls = budget.crawls.saturating_add(1);
            }
            budget.close(now, granted_at, unused, minute);
        }
    }

    /// What each known budget has in it: a platform's with no egress.
    pub(super) fn spending(&mut self) -> Vec<(PlatformId, Option<Egress>, Spending)> {
        let now = self.clock.uptime();
        let platforms =
            self.platforms.iter_mut().map(|(platform, budget)| (platform.clone(), None, budget.spending(now)));
        let egresses = self
            .egresses
            .iter_mut()
            .map(|(payer, (budget, _))| (payer.platform.clone(), Some(payer.egress.clone()), budget.spending(now)));
        platforms.chain(egresses).collect()
    }

    fn budgets(&mut self, payer: &Payer) -> (&mut Budget, &mut (Budget, Option<Spacing>)) {
        let platform = self.platforms.entry(payer.platform.clone()).or_insert_with(Budget::new);
        let egress = self.egresses.entry(payer.clone()).or_insert_with(|| (Budget::new(), None));
        (platform, egress)
    }
}

/// One budget: a platform's or an address's.
#[derive(Debug)]
struct Budget {
    log: LoadLog,
    hour: Spent,
    day: Spent,
    bytes: Spent,
    crawls: u32,
}

impl Budget {
    fn new() -> Self {
        Self {
            log: LoadLog::default(),
            hour: Spent::over(HOUR),
            day: Spent::over(DAY),
            bytes: Spent::over(DAY),
            crawls: 0,
        }
    }

    fn refusal(&mut self, now: Duration, limits: &Limits, loads: u32, step: Step) -> Option<Refusal> {
        let full = step == Step::Begin && self.crawls >= limits.concurrent;
        let more = u64::from(loads);
        [
            (full.then_some(RECHECK), LaterReason::Concurrency),
            (self.log.wait(now, loads, limits.loads, limits.minute), LaterReason::Minute),
            (self.hour.wait(now, more, u64::from(limits.per_hour)), LaterReason::Hour),
            (self.day.wait(now, more, u64::from(limits.per_day)), LaterReason::Day),
            (self.bytes.wait(now, 1, limits.bytes_per_day), LaterReason::Bytes),
        ]
        .into_iter()
        .filter_map(|(after, reason)| after.map(|after| Refusal { after, reason }))
        .max_by_key(|refusal| refusal.after)
    }

    fn begin(&mut self, now: Duration, loads: u32, step: Step) {
        self.log.begin(loads);
        self.hour.spend(now, u64::from(loads));
        self.day.spend(now, u64::from(loads));
        if step == Step::Begin {
            self.crawls = self.crawls.saturating_add(1);
        }
    }

    fn close(&mut self, now: Duration, reserved_at: Duration, closing: Closing, minute: Duration) {
        self.log.over(now, closing.over, minute);
        self.log.give_back(closing.unused);
        self.hour.take_back(reserved_at, u64::from(closing.unused));
        self.day.take_back(reserved_at, u64::from(closing.unused));
        self.bytes.spend(now, closing.bytes);
        self.crawls = self.crawls.saturating_sub(1);
    }

    fn spending(&mut self, now: Duration) -> Spending {
        Spending {
            loads: self.log.count(now),
            hour: self.hour.sum(now),
            day: self.day.sum(now),
            bytes: self.bytes.sum(now),
            crawls: self.crawls,
        }
    }
}

type Governor = RateLimiter<NotKeyed, InMemoryState, OurClock, NoOpMiddleware<Duration>>;

/// The pause between the page loads of one address, by governor.
#[derive(Debug)]
struct Spacing {
    governor: Governor,
    period: Duration,
    burst: NonZeroU32,
}

impl Spacing {
    /// The spacing in `slot`, made anew where the limits have changed. A new one after the first starts without credit:
    /// a change of pace must not hand out a burst.
    fn fitting<'slot>(slot: &'slot mut Option<Self>, limits: &Limits, clock: Clock) -> &'slot mut Self {
        let burst = NonZeroU32::new(limits.burst.min(limits.loads)).unwrap_or(NonZeroU32::MIN);
        let period = (limits.minute / limits.loads.max(1)).max(Duration::from_nanos(1));
        let fits = slot.as_ref().is_some_and(|spacing| spacing.period == period && spacing.burst == burst);
        let first = slot.is_none();
        if !fits {
            *slot = None;
        }
        slot.get_or_insert_with(|| {
            let quota = Quota::with_period(period).unwrap_or(Quota::per_minute(NonZeroU32::MIN)).allow_burst(burst);
            let governor = RateLimiter::direct_with_clock(quota, OurClock(clock));
            if !first {
                // Of a limiter just made, the burst is there to be taken.
                let _ = governor.check_n(burst);
            }
            Self { governor, period, burst }
        })
    }

    fn take(&mut self, loads: u32, now: Duration) -> Result<(), Refusal> {
        let loads = NonZeroU32::new(loads).unwrap_or(NonZeroU32::MIN).min(self.burst);
        match self.governor.check_n(loads) {
            // Never more than the burst is asked for, so the capacity suffices.
            Ok(Ok(())) | Err(_) => Ok(()),
            Ok(Err(not_until)) => Err(Refusal { after: not_until.wait_time_from(now), reason: LaterReason::Spacing }),
        }
    }
}

#[cfg(test)]
mod tests;
