//! What becomes of a job after a failure: the only retry policy in the house, and the only file that names `backoff`
//! (unmaintained, RUSTSEC-2025-0012; of it only the exponential interval is used, without its chance and its clock).
//!
//! | fault | verdict | attempt spent |
//! |---|---|---|
//! | Transient | Retry after full jitter over an exponential interval, not before the breaker's rest; when none is left, Bury | yes |
//! | Throttled | Snooze for Retry-After, not before the breaker's rest | no |
//! | Walled | Retry once, not before the breaker's rest; then the outcome stands: Done | yes |
//! | Absent, Drifted | Done | final |
//! | Defect | Bury | final |
//!
//! Full jitter (anything from nothing to the interval) because many jobs fail in the same moment for the same reason; a
//! wall is not tried again at once, so its wait has the interval as its floor.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

use crate::clock::Rng;
use crate::config::RetryRules;
use crate::model::fault::{Fault, Verdict};

/// Intervals beyond this many have long reached the longest.
const MOST_INTERVALS: u32 = 64;

/// A failed attempt, as the judge sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Setback<'job> {
    /// What stopped it.
    pub(super) fault: &'job Fault,
    /// Which attempt it was: 1 for the first.
    pub(super) attempt: u32,
    /// How long the breaker of its platform still rests; none where it is closed.
    pub(super) rest: Option<Duration>,
    /// What happened, for a person who finds the job buried.
    pub(super) what: &'job str,
}

/// Judges a failed attempt. Pure but for the chance that it draws.
#[must_use]
pub(super) fn verdict(setback: &Setback<'_>, rules: &RetryRules, rng: &Rng) -> Verdict {
    let Setback { fault, attempt, rest, what } = *setback;
    let rest = rest.unwrap_or_default();
    let retries_left = attempt <= rules.retries;
    match fault {
        Fault::Transient if retries_left => Verdict::Retry { after: rng.jitter(interval(attempt, rules)).max(rest) },
        Fault::Transient => Verdict::Bury { reason: format!("failed in each of {attempt} attempts; the last: {what}") },
        Fault::Throttled { retry_after } => {
            let asleep = retry_after.unwrap_or(Duration::from_secs(rules.snooze_s)).max(rest);
            // Never sooner than told; a little later, or all who were told so would come back in one moment.
            Verdict::Snooze { after: asleep.saturating_add(rng.jitter(asleep / 10)) }
        }
        Fault::Walled { .. } if attempt == 1 && retries_left => {
            let pause = interval(attempt, rules);
            Verdict::Retry { after: (pause + rng.jitter(pause)).max(rest) }
        }
        Fault::Walled { .. } | Fault::Absent { .. } | Fault::Drifted => Verdict::Done,
        Fault::Defect => Verdict::Bury { reason: what.to_owned() },
    }
}

/// The exponential interval before the retry that follows `attempt`.
fn interval(attempt: u32, rules: &RetryRules) -> Duration {
    let first = Duration::from_millis(rules.backoff_first_ms);
    let longest = Duration::from_millis(rules.backoff_max_ms);
    let mut intervals = ExponentialBackoff {
        current_interval: first.min(longest),
        initial_interval: first.min(longest),
        randomization_factor: 0.0,
        multiplier: 2.0,
        max_interval: longest,
        max_elapsed_time: None,
        ..ExponentialBackoff::default()
    };
    let wanted = attempt.clamp(1, MOST_INTERVALS);
    (0..wanted).filter_map(|_| intervals.next_backoff()).last().map_or(longest, |interval| interval.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::Outcome;

    const RULES: RetryRules = RetryRules { retries: 3, backoff_first_ms: 1_000, backoff_max_ms: 5_000, snooze_s: 30 };

    fn judge(fault: &Fault, attempt: u32, rest_s: u64, seed: u64) -> Verdict {
        let rest = (rest_s > 0).then_some(Duration::from_secs(rest_s));
        verdict(&Setback { fault, attempt, rest, what: "the page did not load" }, &RULES, &Rng::from_seed(seed))
    }

    fn wait(verdict: &Verdict) -> Duration {
        match verdict {
            Verdict::Retry { after } | Verdict::Snooze { after } => *after,
            Verdict::Done | Verdict::Bury { .. } => panic!("{verdict:?} waits for nothing"),
        }
    }

    #[test]
    fn the_interval_doubles_up_to_the_longest() {
        for (attempt, seconds) in [(0, 1), (1, 1), (2, 2), (3, 4), (4, 5), (64, 5), (u32::MAX, 5)] {
            assert_eq!(interval(attempt, &RULES).as_millis(), seconds * 1_000, "attempt {attempt}");
        }
    }

    #[test]
    fn every_fault_has_its_verdict() {
        let walled = Fault::Walled { kind: Outcome::Captcha };
        let throttled = Fault::Throttled { retry_after: None };
        for (fault, attempt, expected) in [
            (Fault::Transient, 1, "retry"),
            (Fault::Transient, 3, "retry"),
            (Fault::Transient, 4, "bury"),
            (throttled.clone(), 1, "snooze"),
            (throttled, 1_000, "snooze"),
            (walled.clone(), 1, "retry"),
            (walled, 2, "done"),
            (Fault::Absent { kind: Outcome::NotFound }, 1, "done"),
            (Fault::Drifted, 1, "done"),
            (Fault::Defect, 1, "bury"),
        ] {
            let word = match judge(&fault, attempt, 0, 7) {
                Verdict::Done => "done",
                Verdict::Retry { .. } => "retry",
                Verdict::Snooze { .. } => "snooze",
                Verdict::Bury { .. } => "bury",
            };
            assert_eq!(word, expected, "{fault:?} at attempt {attempt}");
        }
    }

    #[test]
    fn without_retries_a_wall_stands_and_a_hiccup_is_buried() {
        let rules = RetryRules { retries: 0, ..RULES };
        let judge =
            |fault: &Fault| verdict(&Setback { fault, attempt: 1, rest: None, what: "x" }, &rules, &Rng::from_seed(1));
        assert_eq!(judge(&Fault::Walled { kind: Outcome::LoginWall }), Verdict::Done);
        assert!(matches!(judge(&Fault::Transient), Verdict::Bury { .. }));
    }

    #[test]
    fn jitter_is_full_and_comes_from_our_seed() {
        let waits: Vec<Duration> = (0..200).map(|seed| wait(&judge(&Fault::Transient, 3, 0, seed))).collect();
        assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(4)));
        assert!(waits.iter().any(|wait| *wait < Duration::from_millis(400)), "near nothing too");
        assert!(waits.iter().any(|wait| *wait > Duration::from_millis(3_600)), "and near the whole");
        assert_eq!(judge(&Fault::Transient, 3, 0, 5), judge(&Fault::Transient, 3, 0, 5));
    }

    #[test]
    fn nobody_comes_back_before_the_breakers_rest_or_retry_after() {
        let told = Fault::Throttled { retry_after: Some(Duration::from_secs(7)) };
        for seed in 0..100 {
            assert!(wait(&judge(&told, 1, 0, seed)) >= Duration::from_secs(7));
            for fault in [&told, &Fault::Transient, &Fault::Walled { kind: Outcome::Blocked }] {
                assert!(wait(&judge(fault, 1, 60, seed)) >= Duration::from_secs(60), "{fault:?}");
            }
        }
    }

    #[test]
    fn a_wall_is_not_tried_again_at_once() {
        let wall = Fault::Walled { kind: Outcome::LoginWall };
        assert!((0..100).all(|seed| wait(&judge(&wall, 1, 0, seed)) >= Duration::from_secs(1)));
    }

    #[test]
    fn the_dead_letter_says_what_happened() {
        let Verdict::Bury { reason } = judge(&Fault::Transient, 4, 0, 1) else { panic!("not buried") };
        assert_eq!(reason, "failed in each of 4 attempts; the last: the page did not load");
    }
}
