//! The gate as its callers see it, in paused time: a minute takes no time at all.

use std::sync::Mutex;

use super::*;
use crate::model::document::Outcome;
use crate::model::job::PlatformId;

/// The settings as they are given away.
pub(super) fn config() -> GateConfig {
    let all: toml::Table = toml::from_str(include_str!("../../config.toml")).unwrap();
    all["gate"].clone().try_into().unwrap()
}

fn gate(config: GateConfig) -> Gate {
    Gate::new(config, Clock::system(), &Rng::from_seed(1), None).unwrap()
}

fn ask(page_loads: u32) -> Ask {
    Ask { platform: PlatformId::new("tiktok"), egress: Egress::direct(), source: Source::profile(), page_loads }
}

/// A permit, after no more than the pause between two page loads.
async fn permit(gate: &Gate, page_loads: u32) -> Permit {
    loop {
        match gate.admit(&ask(page_loads)).await {
            Admission::Permit(permit) => return permit,
            Admission::Later(later) if later.reason == LaterReason::Spacing => {
                tokio::time::advance(later.after).await;
            }
            Admission::Later(later) => panic!("{later:?}"),
        }
    }
}

async fn later(gate: &Gate) -> Later {
    match gate.admit(&ask(1)).await {
        Admission::Permit(permit) => panic!("{permit:?}"),
        Admission::Later(later) => later,
    }
}

fn throttled(seconds: u64) -> Report {
    let retry_after = Some(Duration::from_secs(seconds));
    Report { fault: Some(Fault::Throttled { retry_after }), page_loads: 1, ..Report::default() }
}

fn walled() -> Report {
    Report { fault: Some(Fault::Walled { kind: Outcome::LoginWall }), page_loads: 1, ..Report::default() }
}

fn fine() -> Report {
    Report { page_loads: 1, ..Report::default() }
}

#[test]
fn the_settings_given_away_are_the_polite_ones() {
    let config = config();
    config.check().unwrap();
    assert_eq!((config.page_loads_per_minute, config.page_loads_per_crawl), (20, 12));
}

#[test]
fn a_setting_that_cannot_stand_is_named_with_its_mend() {
    let refused = |config: GateConfig| config.check().unwrap_err().to_string();
    assert!(refused(GateConfig { page_loads_per_minute: 0, ..config() }).contains("gate.page_loads_per_minute"));
    assert!(refused(GateConfig { egress_share: 0.0, ..config() }).contains("gate.egress_share"));
    assert!(refused(GateConfig { slowest_pace: f64::NAN, ..config() }).contains("gate.slowest_pace"));
    assert!(refused(GateConfig { rest_max_s: 1, ..config() }).contains("gate.rest_s"));
    let mut one = config();
    one.platforms.insert("tiktok".into(), PlatformLimits { concurrent_crawls: Some(0), ..PlatformLimits::default() });
    assert!(refused(one).contains("gate.platforms.tiktok"));
}

#[tokio::test(start_paused = true)]
async fn one_platform_may_have_limits_of_its_own() {
    let mut config = config();
    let own = PlatformLimits { page_loads_per_minute: Some(1), ..PlatformLimits::default() };
    config.platforms.insert("tiktok".into(), own);
    let gate = gate(config);
    permit(&gate, 1).await.report(fine()).await;
    assert_eq!(later(&gate).await.reason, LaterReason::Minute);
    let elsewhere = Ask { platform: PlatformId::new("instagram"), ..ask(1) };
    assert!(matches!(gate.admit(&elsewhere).await, Admission::Permit(_)));
}

#[tokio::test(start_paused = true)]
async fn more_page_loads_than_the_limit_holds_are_cut_to_what_it_holds() {
    let gate = gate(GateConfig { page_loads_per_minute: 5, ..config() });
    assert_eq!(permit(&gate, 12).await.reserved(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_page_load_uses_what_is_reserved_and_then_asks_for_more() {
    let gate = gate(GateConfig { page_loads_per_minute: 3, ..config() });
    let mut permit = permit(&gate, 2).await;
    for _ in 0..3 {
        assert!(matches!(permit.page_load().await, PageLoad::Go));
    }
    let PageLoad::Later(full) = permit.page_load().await else { panic!("a fourth") };
    assert_eq!(full.reason, LaterReason::Minute);
    tokio::time::advance(full.after).await;
    // The first two were over when the next was asked for, so that their minute has begun.
    while let PageLoad::Later(full) = permit.page_load().await {
        tokio::time::advance(full.after).await;
    }
    permit.report(Report::default()).await;
}

#[tokio::test(start_paused = true)]
async fn a_crawl_under_way_loads_no_further_page_once_the_breaker_is_open() {
    let gate = gate(config());
    let mut under_way = permit(&gate, 5).await;
    assert!(matches!(under_way.page_load().await, PageLoad::Go));
    permit(&gate, 1).await.report(throttled(7)).await;
    let PageLoad::Later(later) = under_way.page_load().await else { panic!("it went on") };
    assert_eq!((later.reason, later.after), (LaterReason::BreakerOpen, Duration::from_secs(7)));
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_honoured_to_the_second_and_then_one_probe_goes() {
    let gate = gate(config());
    permit(&gate, 1).await.report(throttled(7)).await;
    let first = later(&gate).await;
    assert_eq!((first.after, first.reason), (Duration::from_secs(7), LaterReason::BreakerOpen));
    assert_eq!(gate.rest_left(&ask(1)).await, Some(Duration::from_secs(7)));
    tokio::time::advance(Duration::from_millis(6_999)).await;
    assert_eq!(later(&gate).await.reason, LaterReason::BreakerOpen);
    tokio::time::advance(Duration::from_millis(1)).await;
    let probe = permit(&gate, 12).await;
    assert_eq!(probe.reserved(), 1, "a probe is one page load");
    assert_eq!(later(&gate).await.reason, LaterReason::ProbeUnderWay);
    probe.report(fine()).await;
    permit(&gate, 1).await.report(fine()).await;
    let scope = Who::of(&ask(1)).scope;
    let facts = gate.take_facts();
    assert!(matches!(&facts[0], GateFact::BreakerOpened { cause: OpenCause::Throttled, .. }), "{facts:?}");
    assert!(matches!(&facts[1], GateFact::RateLowered { page_loads_per_minute: 10, .. }), "{facts:?}");
    assert_eq!(facts[2..], [GateFact::BreakerHalfOpened { scope: scope.clone() }, GateFact::BreakerClosed { scope }]);
    assert!(gate.take_facts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn walls_slow_us_down_and_open_the_breaker_and_the_pace_recovers() {
    let gate = gate(config());
    for _ in 0..5 {
        permit(&gate, 1).await.report(walled()).await;
    }
    assert_eq!(later(&gate).await.after, Duration::from_secs(30));
    let facts = gate.take_facts();
    assert!(matches!(facts[0], GateFact::RateLowered { page_loads_per_minute: 14, cause: SlowCause::Walled, .. }));
    assert!(matches!(facts[1], GateFact::BreakerOpened { cause: OpenCause::Failures, .. }));
    tokio::time::advance(Duration::from_secs(61)).await;
    permit(&gate, 1).await.report(fine()).await;
    let facts = gate.take_facts();
    assert!(matches!(facts[..], [.., GateFact::RateRaised { page_loads_per_minute: 20, .. }]), "{facts:?}");
}

#[tokio::test(start_paused = true)]
async fn a_missing_profile_is_an_answer_and_no_failure() {
    let gate = gate(GateConfig { page_loads_per_minute: 1_000, burst_page_loads: 1_000, ..config() });
    for _ in 0..50 {
        let fault = Some(Fault::Absent { kind: Outcome::NotFound });
        permit(&gate, 1).await.report(Report { fault, page_loads: 1, ..Report::default() }).await;
    }
    assert!(gate.take_facts().is_empty());
}

#[tokio::test(start_paused = true)]
async fn answers_that_grow_slower_slow_us_down() {
    let gate = gate(GateConfig { page_loads_per_minute: 1_000, burst_page_loads: 1_000, ..config() });
    for round in 0..60_u64 {
        let latency = Some(Duration::from_millis(if round < 40 { 1_000 } else { 8_000 }));
        permit(&gate, 1).await.report(Report { latency, page_loads: 1, ..Report::default() }).await;
    }
    let lowered = |fact: &GateFact| matches!(fact, GateFact::RateLowered { cause: SlowCause::Latency, .. });
    assert_eq!(gate.take_facts().iter().filter(|fact| lowered(fact)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_permit_is_counted_and_gives_its_place_back() {
    let gate = gate(GateConfig { concurrent_crawls: 1, ..config() });
    drop(permit(&gate, 1).await);
    assert_eq!(gate.dropped_permits(), 1);
    let facts = gate.take_facts();
    assert!(matches!(facts[..], [GateFact::PermitDropped { .. }]), "{facts:?}");
    permit(&gate, 1).await.report(fine()).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_probe_makes_room_for_the_next() {
    let gate = gate(config());
    permit(&gate, 1).await.report(throttled(7)).await;
    tokio::time::advance(Duration::from_secs(7)).await;
    drop(permit(&gate, 1).await);
    permit(&gate, 1).await.report(fine()).await;
}

#[tokio::test(start_paused = true)]
async fn an_operator_rests_and_releases_a_whole_platform() {
    let gate = gate(config());
    let all = Scope::platform(PlatformId::new("tiktok"));
    gate.rest(&all, Duration::from_secs(3_600)).await.unwrap();
    let told = later(&gate).await;
    assert_eq!((told.reason, told.after), (LaterReason::OperatorRest, Duration::from_secs(3_600)));
    let shown = gate.status().await.unwrap();
    assert!(shown[0].to_string().starts_with("tiktok/*/*: resting by an operator's word until "), "{}", shown[0]);
    gate.release(&all).await.unwrap();
    permit(&gate, 1).await.report(throttled(7)).await;
    gate.release(&all).await.unwrap();
    permit(&gate, 1).await.report(fine()).await;
    assert!(matches!(gate.take_facts()[..], [GateFact::Rested { .. }, GateFact::Released { .. }, ..]));
}

#[tokio::test(start_paused = true)]
async fn the_status_says_what_is_spent_and_what_is_open() {
    let gate = gate(config());
    permit(&gate, 2).await.report(Report { bytes: 5, page_loads: 2, ..throttled(7) }).await;
    let lines: Vec<String> = gate.status().await.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].starts_with("tiktok/*/*: 2 of 20 page loads in the last minute"), "{lines:?}");
    assert!(lines[1].starts_with("tiktok/direct/*: 2 of 10 page loads"), "{lines:?}");
    assert!(lines[2].starts_with("tiktok/direct/profile: open, nobody goes until "), "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_told_different_times() {
    let gate = gate(GateConfig { page_loads_per_minute: 10, ..config() });
    permit(&gate, 10).await.report(Report { page_loads: 10, ..Report::default() }).await;
    let mut told = Vec::new();
    for _ in 0..10 {
        told.push(later(&gate).await.until);
    }
    assert!(told.windows(2).all(|pair| pair[0] < pair[1]), "{told:?}");
}

/// A site that answers 429 with `Retry-After: 7` to everything for its first minute; when each request came.
#[derive(Default)]
struct Site(Mutex<Vec<Duration>>);

impl Site {
    fn answer(&self, since_start: Duration) -> Report {
        self.0.lock().unwrap().push(since_start);
        if since_start < Duration::from_secs(60) { throttled(7) } else { fine() }
    }
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_429_costs_three_probes_and_no_job() {
    let gate = gate(config());
    let start = gate.inner.clock.uptime();
    let site = Arc::new(Site::default());
    let jobs = (0..12).map(|job| {
        let (gate, site) = (gate.clone(), Arc::clone(&site));
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(job / 4 * 100)).await;
            loop {
                match gate.admit(&ask(1)).await {
                    Admission::Later(later) => tokio::time::sleep(later.after).await,
                    Admission::Permit(permit) => {
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        let report = site.answer(gate.inner.clock.uptime() - start);
                        let done = report.fault.is_none();
                        permit.report(report).await;
                        if done {
                            return;
                        }
                    }
                }
            }
        })
    });
    for job in jobs.collect::<Vec<_>>() {
        job.await.unwrap();
    }
    let requests = site.0.lock().unwrap().clone();
    let (in_flight, rest): (Vec<Duration>, Vec<Duration>) =
        requests.iter().partition(|at| **at < Duration::from_millis(60));
    assert_eq!(in_flight.len(), 4, "those who had begun before the first 429");
    assert!(rest[0] >= Duration::from_millis(7_050), "{rest:?}");
    let probes = rest.iter().filter(|at| **at < Duration::from_secs(60)).count();
    assert!((1..=3).contains(&probes), "{rest:?}");
    assert_eq!(rest.len() - probes, 12, "each job was done once");
}

#[tokio::test(start_paused = true)]
async fn a_rest_without_end_can_be_said_and_ended() {
    let gate = gate(config());
    let all = Scope::platform(PlatformId::new("tiktok"));
    gate.rest(&all, Duration::MAX).await.unwrap();
    assert_eq!(later(&gate).await.reason, LaterReason::OperatorRest);
    gate.release(&all).await.unwrap();
    permit(&gate, 1).await.report(fine()).await;
}
