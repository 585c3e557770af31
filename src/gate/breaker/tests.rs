//! Every transition of the breaker, in time that only the test moves.

use super::*;
use crate::model::document::Outcome;

const RULES: BreakerRules = BreakerRules {
    open_after: 3,
    window: Duration::from_secs(60),
    rest: Duration::from_secs(30),
    rest_max: Duration::from_secs(200),
    probe_lease: Duration::from_secs(120),
};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_760_000_000 + seconds, 0).unwrap()
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Open since 0, until 7, by a Retry-After of 7 s.
fn open_for_seven() -> Breaker {
    let mut breaker = Breaker::default();
    let turn = breaker.record(at(0), 1, Signal::Throttled(Some(secs(7))), &RULES);
    assert_eq!(turn, Some(Turn::Opened(at(7), OpenCause::Throttled)));
    breaker
}

#[test]
fn a_closed_breaker_lets_all_pass_and_success_leaves_no_trace() {
    let mut breaker = Breaker::default();
    for permit in 0..100 {
        assert_eq!(breaker.ask(at(0), permit, &RULES), Pass::Free);
        assert_eq!(breaker.record(at(0), permit, Signal::Success, &RULES), None);
    }
    assert_eq!(breaker, Breaker::default());
}

#[test]
fn one_429_opens_it_at_once_and_retry_after_is_kept_to_the_second() {
    let mut breaker = open_for_seven();
    assert_eq!(breaker.ask(at(6), 2, &RULES), Pass::Wait(at(7), LaterReason::BreakerOpen));
    assert_eq!(breaker.ask(at(7), 2, &RULES), Pass::Probe);
}

#[test]
fn a_429_without_retry_after_rests_for_the_usual_time_and_one_of_zero_for_a_second() {
    let mut breaker = Breaker::default();
    assert_eq!(
        breaker.record(at(0), 1, Signal::Throttled(None), &RULES),
        Some(Turn::Opened(at(30), OpenCause::Throttled))
    );
    let mut breaker = Breaker::default();
    assert_eq!(
        breaker.record(at(0), 1, Signal::Throttled(Some(secs(0))), &RULES),
        Some(Turn::Opened(at(1), OpenCause::Throttled))
    );
}

#[test]
fn failures_open_it_when_they_are_half_of_the_last_crawls() {
    let mut breaker = Breaker::default();
    assert_eq!(breaker.record(at(0), 1, Signal::Failure, &RULES), None);
    assert_eq!(breaker.record(at(1), 2, Signal::Success, &RULES), None);
    assert_eq!(breaker.record(at(2), 3, Signal::Failure, &RULES), None);
    assert_eq!(breaker.record(at(3), 4, Signal::Failure, &RULES), Some(Turn::Opened(at(33), OpenCause::Failures)));
}

#[test]
fn failures_among_many_successes_do_not_open_it() {
    let mut breaker = Breaker::default();
    for second in 0..300 {
        let signal = if second % 4 == 0 { Signal::Failure } else { Signal::Success };
        assert_eq!(breaker.record(at(second / 10), 1, signal, &RULES), None, "second {second}");
    }
}

#[test]
fn old_failures_are_forgotten() {
    let mut breaker = Breaker::default();
    for second in [0, 31, 62, 93] {
        assert_eq!(breaker.record(at(second), 1, Signal::Failure, &RULES), None);
    }
}

#[test]
fn half_open_lets_one_probe_pass_and_nobody_else() {
    let mut breaker = open_for_seven();
    assert_eq!(breaker.ask(at(8), 2, &RULES), Pass::Probe);
    assert_eq!(breaker.ask(at(8), 3, &RULES), Pass::Wait(at(128), LaterReason::ProbeUnderWay));
    assert_eq!(breaker.ask(at(9), 2, &RULES), Pass::Free, "the probe itself goes on");
    assert_eq!(breaker.state(at(9)).0, BreakerState::HalfOpen);
}

#[test]
fn a_probe_that_is_answered_closes_it() {
    let mut breaker = open_for_seven();
    breaker.ask(at(8), 2, &RULES);
    assert_eq!(breaker.record(at(9), 2, Signal::Success, &RULES), Some(Turn::Closed));
    assert_eq!(breaker.ask(at(9), 3, &RULES), Pass::Free);
}

#[test]
fn a_failed_probe_doubles_the_rest_up_to_the_longest() {
    let mut breaker = open_for_seven();
    let mut now = 7;
    for rest in [14, 28, 56, 112, 200, 200] {
        assert_eq!(breaker.ask(at(now), 9, &RULES), Pass::Probe);
        assert_eq!(
            breaker.record(at(now), 9, Signal::Failure, &RULES),
            Some(Turn::Opened(at(now + rest), OpenCause::ProbeFailed))
        );
        assert_eq!(breaker.ask(at(now + rest - 1), 9, &RULES), Pass::Wait(at(now + rest), LaterReason::BreakerOpen));
        now += rest;
    }
}

#[test]
fn a_probes_retry_after_is_honoured_beyond_the_longest_rest() {
    let mut breaker = open_for_seven();
    breaker.ask(at(7), 2, &RULES);
    assert_eq!(
        breaker.record(at(7), 2, Signal::Throttled(Some(secs(5_000))), &RULES),
        Some(Turn::Opened(at(5_007), OpenCause::ProbeFailed))
    );
}

#[test]
fn an_inconclusive_probe_makes_room_for_the_next() {
    let mut breaker = open_for_seven();
    breaker.ask(at(7), 2, &RULES);
    assert_eq!(breaker.record(at(8), 2, Signal::Inconclusive, &RULES), None);
    assert_eq!(breaker.ask(at(8), 3, &RULES), Pass::Probe);
    assert_eq!(
        breaker.record(at(8), 3, Signal::Failure, &RULES),
        Some(Turn::Opened(at(22), OpenCause::ProbeFailed)),
        "the rest did not double for the inconclusive one"
    );
}

#[test]
fn a_probe_that_is_never_heard_of_is_replaced() {
    let mut breaker = open_for_seven();
    breaker.ask(at(7), 2, &RULES);
    assert_eq!(breaker.ask(at(127), 3, &RULES), Pass::Probe);
    assert_eq!(breaker.record(at(128), 2, Signal::Success, &RULES), None, "the lost one no longer decides");
    assert_eq!(breaker.ask(at(128), 4, &RULES), Pass::Wait(at(247), LaterReason::ProbeUnderWay));
}

#[test]
fn those_under_way_when_it_opened_neither_close_it_nor_double_its_rest() {
    let mut breaker = open_for_seven();
    assert_eq!(breaker.record(at(1), 8, Signal::Success, &RULES), None);
    assert_eq!(breaker.record(at(1), 8, Signal::Failure, &RULES), None);
    assert_eq!(breaker.record(at(1), 8, Signal::Throttled(None), &RULES), None);
    assert_eq!(
        breaker.record(at(2), 8, Signal::Throttled(Some(secs(7))), &RULES),
        Some(Turn::Opened(at(9), OpenCause::Throttled)),
        "its Retry-After holds"
    );
    assert_eq!(breaker.ask(at(8), 9, &RULES), Pass::Wait(at(9), LaterReason::BreakerOpen));
    breaker.ask(at(9), 9, &RULES);
    assert_eq!(
        breaker.record(at(9), 9, Signal::Throttled(Some(secs(7))), &RULES),
        Some(Turn::Opened(at(23), OpenCause::ProbeFailed))
    );
}

#[test]
fn a_late_429_ends_a_probe_that_is_under_way() {
    let mut breaker = open_for_seven();
    breaker.ask(at(7), 2, &RULES);
    breaker.record(at(8), 1, Signal::Throttled(Some(secs(7))), &RULES);
    assert_eq!(breaker.record(at(9), 2, Signal::Success, &RULES), None);
    assert_eq!(breaker.ask(at(14), 3, &RULES), Pass::Wait(at(15), LaterReason::BreakerOpen));
}

#[test]
fn an_operator_lets_it_rest_and_releases_it() {
    let mut breaker = Breaker::default();
    breaker.rest(at(100));
    assert_eq!(breaker.ask(at(99), 1, &RULES), Pass::Wait(at(100), LaterReason::OperatorRest));
    assert_eq!(breaker.state(at(99)), (BreakerState::Resting, Some(at(100))));
    assert_eq!(breaker.ask(at(100), 1, &RULES), Pass::Free, "no probe: nothing had failed");

    let mut breaker = open_for_seven();
    breaker.rest(at(50));
    breaker.release();
    assert_eq!(breaker.ask(at(1), 1, &RULES), Pass::Free);
}

#[test]
fn an_operators_rest_does_not_shorten_a_retry_after() {
    let mut breaker = open_for_seven();
    breaker.rest(at(2));
    assert_eq!(breaker.ask(at(3), 1, &RULES), Pass::Wait(at(7), LaterReason::BreakerOpen));
}

#[test]
fn it_survives_being_written_and_read() {
    let mut breaker = open_for_seven();
    for step in 0..3 {
        let text = serde_json::to_string(&breaker).unwrap();
        assert_eq!(serde_json::from_str::<Breaker>(&text).unwrap(), breaker, "step {step}");
        if step == 0 {
            breaker.ask(at(7), 2, &RULES);
        } else {
            breaker.record(at(8), 2, Signal::Success, &RULES);
            breaker.record(at(8), 2, Signal::Failure, &RULES);
        }
    }
}

#[test]
fn of_two_books_the_stricter_counts() {
    let open = open_for_seven();
    assert_eq!(Breaker::default().stricter(open.clone()), open);
    assert_eq!(open.clone().stricter(Breaker::default()), open);
}

#[test]
fn every_fault_has_its_signal() {
    let report = |fault| Report { fault, ..Report::default() };
    let walled = Some(Fault::Walled { kind: Outcome::Captcha });
    for (fault, signal) in [
        (None, Signal::Success),
        (Some(Fault::Absent { kind: Outcome::NotFound }), Signal::Success),
        (Some(Fault::Transient), Signal::Failure),
        (walled.clone(), Signal::Failure),
        (Some(Fault::Throttled { retry_after: Some(secs(3)) }), Signal::Throttled(Some(secs(3)))),
        (Some(Fault::Throttled { retry_after: None }), Signal::Throttled(None)),
        (Some(Fault::Drifted), Signal::Inconclusive),
        (Some(Fault::Defect), Signal::Inconclusive),
    ] {
        assert_eq!(Signal::of(&report(fault.clone())), signal, "{fault:?}");
    }
    let unavailable = Report { fault: Some(Fault::Transient), retry_after: Some(secs(9)), ..Report::default() };
    assert_eq!(Signal::of(&unavailable), Signal::Throttled(Some(secs(9))), "a 503 with Retry-After is a slow down");
}
