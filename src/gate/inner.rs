//! The one gate behind all its clones and permits: brings the pure parts (breaker, pace, limiter) together with the books
//! they stand in. Order of a wish: look at the breakers, take from the budget, and only then claim the probe, so that a
//! probe is never claimed by one whom the budget refuses.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ask::{Later, LaterReason};
use super::breaker::{BreakerRules, Pass};
use super::config::{GateConfig, Limits};
use super::contact::Contact;
use super::fact::{GateFact, Scope};
use super::limiter::{Bounds, Limiter, Payer, Refusal, Step};
use super::pace::{Pace, PaceRules, Trend};
use super::permit::Held;
use super::shared::Shared;
use super::states::{Book, Who};
use super::{GateError, SharedAt};
use crate::clock::{Clock, Rng};
use crate::model::job::PlatformId;

/// Facts that nobody takes are bounded.
const MOST_FACTS: usize = 1_024;
/// A probe that is silent for longer is taken for lost.
const PROBE_LEASE: Duration = Duration::from_secs(120);
/// While a probe is under way the others look again after this.
const PROBE_RECHECK: Duration = Duration::from_secs(2);

/// Redis, and what we know of its being there.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) shared: Shared,
    pub(super) contact: Mutex<Contact>,
    pub(super) announced: Mutex<HashSet<(String, String)>>,
}

/// The gate itself.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) config: GateConfig,
    pub(super) clock: Clock,
    pub(super) rng: Rng,
    pub(super) minute: Duration,
    pub(super) limiter: Mutex<Limiter>,
    pub(super) book: Mutex<Book>,
    pub(super) trends: Mutex<HashMap<Payer, Trend>>,
    /// Permits under way, so that their places are kept.
    pub(super) held: Mutex<HashMap<u64, Held>>,
    /// Permits that were dropped and are to be settled by the next who comes by.
    pub(super) leftovers: Mutex<Vec<Held>>,
    pub(super) dropped: AtomicU64,
    facts: Mutex<VecDeque<GateFact>>,
    /// When the next of those who wait at a payer for the same reason is told to come.
    tails: Mutex<HashMap<(Payer, LaterReason), Duration>>,
    /// The pause between two page loads that a platform asks for.
    pub(super) pauses: Mutex<HashMap<PlatformId, Duration>>,
    pub(super) link: Option<Link>,
}

/// What is granted, and where it is written down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    /// Redis's time of it, where Redis knows of it.
    pub(super) shared_at_ms: Option<i64>,
    /// Our time of it.
    pub(super) at: Duration,
}

/// Locks for the length of one statement; no lock is ever held across an await.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    pub(super) fn new(
        config: GateConfig,
        clock: Clock,
        rng: &Rng,
        minute: Duration,
        shared: Option<&SharedAt>,
    ) -> Result<Self, GateError> {
        config.check()?;
        let link = |at: &SharedAt| -> Result<Link, GateError> {
            let shared =
                Shared::new(at, rng.bits()).map_err(|mend| GateError::Setting { key: "queue.url".to_owned(), mend })?;
            let contact = Mutex::new(Contact::new(minute));
            Ok(Link { shared, contact, announced: Mutex::default() })
        };
        Ok(Self {
            link: shared.map(link).transpose()?,
            config,
            clock,
            rng: rng.clone(),
            minute,
            limiter: Mutex::new(Limiter::new(clock)),
            book: Mutex::default(),
            trends: Mutex::default(),
            held: Mutex::default(),
            leftovers: Mutex::default(),
            dropped: AtomicU64::new(0),
            facts: Mutex::default(),
            tails: Mutex::default(),
            pauses: Mutex::default(),
        })
    }

    pub(super) fn breaker_rules(&self) -> BreakerRules {
        BreakerRules {
            open_after: usize::try_from(self.config.open_after_failures).unwrap_or(usize::MAX),
            window: Duration::from_secs(self.config.failure_window_s),
            rest: Duration::from_secs(self.config.rest_s),
            rest_max: Duration::from_secs(self.config.rest_max_s),
            probe_lease: PROBE_LEASE,
        }
    }

    pub(super) fn pace_rules(&self) -> PaceRules {
        PaceRules { slowest: self.config.slowest_pace, step: Duration::from_secs(self.config.pace_step_s) }
    }

    /// What a platform allows over all addresses: the settings, and the pause that it asks for itself.
    pub(super) fn limits(&self, platform: &PlatformId) -> Limits {
        let limits = self.config.limits(platform, self.minute);
        match lock(&self.pauses).get(platform) {
            Some(pause) => limits.with_pause(*pause),
            None => limits,
        }
    }

    /// What may be done at a payer at this pace.
    pub(super) fn bounds(&self, payer: &Payer, pace: &Pace, now: DateTime<Utc>) -> Bounds {
        let platform = self.limits(&payer.platform);
        let egress = platform.part(self.config.egress_share).at_pace(pace.level(now, &self.pace_rules()));
        Bounds { platform, egress }
    }

    pub(super) fn tell(&self, news: impl IntoIterator<Item = GateFact>) {
        let mut facts = lock(&self.facts);
        facts.extend(news);
        let above = facts.len().saturating_sub(MOST_FACTS);
        facts.drain(..above);
    }

    pub(super) fn take_facts(&self) -> Vec<GateFact> {
        lock(&self.facts).drain(..).collect()
    }

    /// The answer "not now". Those who wait are told different times, one for each place that will be free and as many
    /// again, or all would come back at once for one place.
    pub(super) fn later(&self, payer: &Payer, refusal: Refusal, step: Step) -> Later {
        let now = self.clock.uptime();
        let mut due = now + refusal.after;
        if step == Step::Begin {
            let limits = self.limits(&payer.platform);
            let gap = limits.minute / limits.loads.max(1) / 2;
            let mut tails = lock(&self.tails);
            let tail = tails.entry((payer.clone(), refusal.reason)).or_default();
            if *tail < due {
                *tail = due;
            } else if *tail > due + self.minute {
                due += self.rng.jitter(self.minute);
            } else {
                due = *tail;
            }
            if due == *tail {
                *tail += gap;
            }
        }
        let after = whole_ms_up(due.saturating_sub(now));
        let wait = chrono::Duration::from_std(after).unwrap_or(chrono::Duration::MAX);
        let until = self.clock.now().checked_add_signed(wait).unwrap_or(DateTime::<Utc>::MAX_UTC);
        Later { until, after, reason: refusal.reason }
    }

    /// Whoever waited for a rest that an operator ended is no measure for those who come now.
    pub(super) fn forget_waiting(&self) {
        lock(&self.tails).clear();
    }

    /// May this permit go, by the breakers? Where one probe may, this is it from now on.
    pub(super) async fn claim_probe(&self, who: &Who, permit: u64) -> Pass {
        let rules = self.breaker_rules();
        self.change(who, |standing, now, facts| {
            let pass = standing.ask(now, permit, &rules);
            if pass == Pass::Probe {
                facts.push(GateFact::BreakerHalfOpened { scope: who.scope.clone() });
            }
            pass
        })
        .await
    }

    /// A breaker's "wait" as a refusal.
    pub(super) fn refusal(now: DateTime<Utc>, until: DateTime<Utc>, reason: LaterReason) -> Refusal {
        let after = (until - now).to_std().unwrap_or_default();
        let after = if reason == LaterReason::ProbeUnderWay { after.min(PROBE_RECHECK) } else { after };
        Refusal { after, reason }
    }

    /// Counts a permit that was dropped without a report.
    pub(super) fn note_dropped(&self, scope: Scope) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        self.tell([GateFact::PermitDropped { scope }]);
    }
}

fn whole_ms_up(time: Duration) -> Duration {
    let ms = time.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
}
