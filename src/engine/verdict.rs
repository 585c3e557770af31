//! The only retry policy in the house: a fault, the attempt, and chance give a verdict. Pure: the waits are worked out,
//! never slept. `backoff` is used for its exponential interval alone (no randomisation, no end); the jitter is full and
//! comes from our seeded Rng, because workers that fail together must not come back together.

use std::time::Duration;

use backoff::ExponentialBackoffBuilder;
use backoff::backoff::Backoff as _;

use crate::clock::Rng;
use crate::model::fault::{Fault, Verdict};

/// How long to wait where the platform says "slow down" and not for how long, and no breaker rests.
const THROTTLED_REST: Duration = Duration::from_secs(60);
/// A wall is tried once more, and then its outcome stands.
const ATTEMPTS_AT_A_WALL: u32 = 2;

/// How often and after which waits a failed crawl is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries after the first.
    pub retries: u32,
    /// The wait before the first retry; it doubles with each.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
}

/// What the verdict depends on beside the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// 1 for the first attempt.
    pub attempt: u32,
    /// How long the breaker of this platform still rests.
    pub breaker_rest: Option<Duration>,
}

/// What becomes of a job after an attempt; no fault is success.
#[must_use]
pub fn judge(fault: Option<&Fault>, judged: Judged, policy: &RetryPolicy, rng: &Rng) -> Verdict {
    match fault {
        None | Some(Fault::Absent { .. } | Fault::Drifted) => Verdict::Done,
        Some(Fault::Defect) => Verdict::Bury { reason: "a defect: trying again would fail in the same way".to_owned() },
        Some(Fault::Throttled { retry_after }) => {
            let told = retry_after.unwrap_or(THROTTLED_REST);
            // Not all at the same moment once the rest is over.
            let after = told.max(judged.breaker_rest.unwrap_or_default()) + rng.jitter(policy.first);
            Verdict::Snooze { after }
        }
        Some(Fault::Walled { .. }) if judged.attempt >= ATTEMPTS_AT_A_WALL.min(policy.retries + 1) => Verdict::Done,
        Some(Fault::Walled { .. }) => {
            let after = judged.breaker_rest.unwrap_or_default() + wait(judged.attempt, policy, rng);
            Verdict::Retry { after }
        }
        Some(Fault::Transient) if judged.attempt > policy.retries => Verdict::Done,
        Some(Fault::Transient) => Verdict::Retry { after: wait(judged.attempt, policy, rng) },
    }
}

/// Full jitter over the exponential interval of this attempt.
#[must_use]
pub fn wait(attempt: u32, policy: &RetryPolicy, rng: &Rng) -> Duration {
    rng.jitter(interval(attempt, policy))
}

fn interval(attempt: u32, policy: &RetryPolicy) -> Duration {
    let mut backoff = ExponentialBackoffBuilder::new()
        .with_initial_interval(policy.first)
        .with_max_interval(policy.longest)
        .with_multiplier(2.0)
        .with_randomization_factor(0.0)
        .with_max_elapsed_time(None)
        .build();
    (0..attempt.clamp(1, 64)).filter_map(|_| backoff.next_backoff()).last().unwrap_or(policy.longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::Outcome;

    const POLICY: RetryPolicy =
        RetryPolicy { retries: 3, first: Duration::from_secs(2), longest: Duration::from_secs(300) };

    fn verdict(fault: Option<Fault>, attempt: u32, rest_s: u64) -> Verdict {
        let judged = Judged { attempt, breaker_rest: (rest_s > 0).then(|| Duration::from_secs(rest_s)) };
        judge(fault.as_ref(), judged, &POLICY, &Rng::from_seed(1))
    }

    #[test]
    fn intervals_double_up_to_the_longest() {
        let seconds: Vec<u64> = (1..=10).map(|attempt| interval(attempt, &POLICY).as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[test]
    fn success_and_facts_are_done() {
        assert_eq!(verdict(None, 1, 0), Verdict::Done);
        assert_eq!(verdict(Some(Fault::Absent { kind: Outcome::NotFound }), 1, 0), Verdict::Done);
        assert_eq!(verdict(Some(Fault::Drifted), 1, 0), Verdict::Done);
    }

    #[test]
    fn a_hiccup_is_tried_three_times_more() {
        for attempt in 1..=3 {
            assert!(matches!(verdict(Some(Fault::Transient), attempt, 0), Verdict::Retry { .. }), "{attempt}");
        }
        assert_eq!(verdict(Some(Fault::Transient), 4, 0), Verdict::Done);
    }

    #[test]
    fn a_wall_is_tried_once_more_and_not_before_the_breakers_rest() {
        let Verdict::Retry { after } = verdict(Some(Fault::Walled { kind: Outcome::LoginWall }), 1, 30) else {
            panic!("a first wall is tried again")
        };
        assert!(after >= Duration::from_secs(30));
        assert_eq!(verdict(Some(Fault::Walled { kind: Outcome::LoginWall }), 2, 30), Verdict::Done);
    }

    #[test]
    fn told_to_slow_down_waits_as_long_as_it_was_told_and_spends_no_attempt() {
        let told = Fault::Throttled { retry_after: Some(Duration::from_secs(7)) };
        let Verdict::Snooze { after } = verdict(Some(told), 9, 0) else { panic!("a snooze spends no attempt") };
        assert!(after >= Duration::from_secs(7) && after <= Duration::from_secs(9));
    }

    #[test]
    fn a_defect_is_buried() {
        assert!(matches!(verdict(Some(Fault::Defect), 1, 0), Verdict::Bury { .. }));
    }
}
