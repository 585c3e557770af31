//! How fast we go at one address, as a part of its limit: halved when the platform says slow down, lowered by walls and by
//! rising latency, raised by a quarter for every quiet step. Pure values that take `now`; [`Pace`] is kept by all containers
//! together, [`Trend`] by each for itself (a latency is ours, a 429 is everybody's).

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::fact::SlowCause;

/// What a quiet step multiplies the pace by.
const RAISE: f64 = 1.25;
/// Steps after which any pace is full again; bounds the exponent.
const MOST_STEPS: u64 = 64;
/// Answers that must have been seen before a rise in latency says anything.
const SAMPLES: u32 = 16;

/// The numbers of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct PaceRules {
    /// The slowest, as a part of the limit.
    pub(super) slowest: f64,
    /// Lowered at most once in this time, raised after as long without trouble.
    pub(super) step: Duration,
}

/// The pace of one (platform, egress). `Default` is full pace.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pace {
    slowed: Option<Slowed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Slowed {
    /// From 0 to 1.
    level: f64,
    lowered_at: DateTime<Utc>,
    /// The last trouble or raise: a quiet step counts from here.
    quiet_since: DateTime<Utc>,
}

impl Pace {
    /// The part of the limit that holds now, above 0 and up to 1.
    pub(super) fn level(&self, now: DateTime<Utc>, rules: &PaceRules) -> f64 {
        self.slowed.map_or(1.0, |slowed| raised(slowed, now, rules).0)
    }

    /// Takes note of trouble. True where the pace was lowered: one incident is heard from many crawls, so a further
    /// word within the step only postpones the recovery.
    pub(super) fn lower(&mut self, now: DateTime<Utc>, cause: SlowCause, rules: &PaceRules) -> bool {
        let level = self.level(now, rules);
        if let Some(slowed) = &mut self.slowed
            && since(slowed.lowered_at, now) < rules.step
        {
            slowed.quiet_since = now;
            return false;
        }
        let factor = match cause {
            SlowCause::Throttled => 0.5,
            SlowCause::Walled => 0.7,
            SlowCause::Latency => 0.8,
        };
        let lower = (level * factor).max(rules.slowest);
        self.slowed = Some(Slowed { level: lower, lowered_at: now, quiet_since: now });
        lower < level
    }

    /// Writes down the recovery that has come about by quiet; true where there was any.
    pub(super) fn raise(&mut self, now: DateTime<Utc>, rules: &PaceRules) -> bool {
        let Some(slowed) = self.slowed else { return false };
        let (level, steps) = raised(slowed, now, rules);
        if steps == 0 {
            return false;
        }
        let passed = rules.step.saturating_mul(u32::try_from(steps).unwrap_or(u32::MAX));
        let quiet_since = slowed.quiet_since + chrono::Duration::from_std(passed).unwrap_or_default();
        self.slowed = (level < 1.0).then_some(Slowed { level, quiet_since, ..slowed });
        true
    }

    /// Of two books that were apart for a while, the slower pace.
    pub(super) fn slower(self, other: Self) -> Self {
        let level = |pace: &Self| pace.slowed.map_or(1.0, |slowed| slowed.level);
        if level(&self) <= level(&other) { self } else { other }
    }
}

fn raised(slowed: Slowed, now: DateTime<Utc>, rules: &PaceRules) -> (f64, u64) {
    let quiet = since(slowed.quiet_since, now).as_millis();
    let step = rules.step.as_millis().max(1);
    let steps = u64::try_from(quiet / step).unwrap_or(MOST_STEPS).min(MOST_STEPS);
    let exponent = i32::try_from(steps).unwrap_or(i32::MAX);
    ((slowed.level * RAISE.powi(exponent)).min(1.0), steps)
}

fn since(then: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (now - then).to_std().unwrap_or_default()
}

/// Whether answers grow slower: a quick mean against a slow one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trend {
    quick_ms: f64,
    slow_ms: f64,
    samples: u32,
}

impl Trend {
    /// Adds an answer's latency. True where answers take twice as long as they used to and longer than `floor`; the slow
    /// mean then starts from there, so that one rise is told once.
    pub(super) fn rises(&mut self, latency: Duration, floor: Duration) -> bool {
        let ms = latency.as_secs_f64() * 1_000.0;
        if self.samples == 0 {
            (self.quick_ms, self.slow_ms) = (ms, ms);
        }
        self.samples = self.samples.saturating_add(1);
        self.quick_ms += (ms - self.quick_ms) / 4.0;
        self.slow_ms += (ms - self.slow_ms) / 64.0;
        let rises = self.samples >= SAMPLES
            && self.quick_ms > 2.0 * self.slow_ms
            && self.quick_ms > floor.as_secs_f64() * 1_000.0;
        if rises {
            self.slow_ms = self.quick_ms;
        }
        rises
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: PaceRules = PaceRules { slowest: 0.25, step: Duration::from_secs(30) };

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_760_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_429_halves_the_pace_once_an_incident_and_never_below_the_slowest() {
        let mut pace = Pace::default();
        assert!(pace.lower(at(0), SlowCause::Throttled, &RULES));
        assert!(!pace.lower(at(5), SlowCause::Throttled, &RULES), "the same incident");
        assert!((pace.level(at(5), &RULES) - 0.5).abs() < 1e-9);
        assert!(pace.lower(at(31), SlowCause::Throttled, &RULES));
        assert!(!pace.lower(at(60), SlowCause::Throttled, &RULES));
        assert!(pace.lower(at(90), SlowCause::Throttled, &RULES), "it had recovered a step");
        assert!((pace.level(at(90), &RULES) - 0.25).abs() < 1e-9, "the slowest");
    }

    #[test]
    fn it_recovers_by_a_quarter_for_every_quiet_step() {
        let mut pace = Pace::default();
        pace.lower(at(0), SlowCause::Throttled, &RULES);
        pace.lower(at(10), SlowCause::Throttled, &RULES);
        assert!(!pace.raise(at(39), &RULES), "quiet counts from the last trouble");
        assert!(pace.raise(at(40), &RULES));
        assert!((pace.level(at(40), &RULES) - 0.625).abs() < 1e-9);
        assert!((pace.level(at(70), &RULES) - 0.78125).abs() < 1e-9, "also before it is written down");
        assert!(pace.raise(at(200), &RULES));
        assert_eq!(pace, Pace::default(), "full pace leaves no trace");
    }

    #[test]
    fn a_wall_and_latency_lower_it_less() {
        for (cause, level) in [(SlowCause::Walled, 0.7), (SlowCause::Latency, 0.8)] {
            let mut pace = Pace::default();
            assert!(pace.lower(at(0), cause, &RULES));
            assert!((pace.level(at(0), &RULES) - level).abs() < 1e-9);
        }
    }

    #[test]
    fn latency_that_doubles_is_told_once_and_noise_never() {
        let floor = Duration::from_millis(1_000);
        let mut trend = Trend::default();
        for round in 0..200_u64 {
            assert!(!trend.rises(Duration::from_millis(800 + round % 7 * 100), floor), "round {round}");
        }
        let told = (0..40).filter(|_| trend.rises(Duration::from_millis(4_000), floor)).count();
        assert_eq!(told, 1);
        let mut quick = Trend::default();
        let told = (0..60).filter(|round| quick.rises(Duration::from_millis(1 + round * 10), floor)).count();
        assert_eq!(told, 0, "fast is fast, however it grows");
    }
}
