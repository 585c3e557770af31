//! The gate that several processes keep together in a real Redis. A process is a `Gate` with a pool of its own; a minute is
//! a few seconds long.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's helper may fail the test")]

use std::time::Duration;

use secrecy::SecretString;
use social_sentinel::clock::{Clock, Rng};
use social_sentinel::gate::{
    Admission, Ask, BreakerState, Egress, Gate, GateConfig, GateError, GateFact, GateStatus, LaterReason, PageLoad,
    Permit, Report, Scope, SharedAt, Source,
};
use social_sentinel::local::{Durability, LocalRedis};
use social_sentinel::model::fault::Fault;
use social_sentinel::model::job::PlatformId;
use tokio::time::Instant;

use crate::support::servers::{redis_prefix, servers};

fn config() -> GateConfig {
    let all: toml::Table = toml::from_str(include_str!("../../config.toml")).unwrap();
    all["gate"].clone().try_into().unwrap()
}

/// One of several processes that share a gate.
fn process(config: GateConfig, url: &str, prefix: &str, minute: Duration) -> Gate {
    let shared = SharedAt { url: SecretString::from(url.to_owned()), prefix: prefix.to_owned() };
    Gate::with_minute(config, Clock::system(), &Rng::from_seed(Rng::fresh_seed()), Some(shared), minute).unwrap()
}

/// Three of them, on the run's Redis.
async fn three(config: GateConfig, minute: Duration) -> [Gate; 3] {
    let url = tokio::task::spawn_blocking(|| servers().redis_url.clone()).await.unwrap();
    let prefix = redis_prefix();
    [(); 3].map(|()| process(config.clone(), &url, &prefix, minute))
}

fn ask() -> Ask {
    let (platform, egress) = (PlatformId::new("tiktok"), Egress::direct());
    Ask { platform, egress, source: Source::profile(), page_loads: 1 }
}

async fn permit(gate: &Gate) -> Permit {
    match gate.admit(&ask()).await {
        Admission::Permit(permit) => permit,
        Admission::Later(later) => panic!("{later:?}"),
    }
}

async fn refusal(gate: &Gate) -> LaterReason {
    match gate.admit(&ask()).await {
        Admission::Permit(permit) => panic!("{permit:?}"),
        Admission::Later(later) => later.reason,
    }
}

fn fine() -> Report {
    Report { page_loads: 1, ..Report::default() }
}

fn throttled(retry_after: Duration) -> Report {
    Report { fault: Some(Fault::Throttled { retry_after: Some(retry_after) }), page_loads: 1, ..Report::default() }
}

/// Twelve jobs at each gate that load pages as they are let, until `end`; when they did.
async fn load_pages(gates: &[Gate], end: Instant) -> Vec<Instant> {
    let jobs = gates.iter().flat_map(|gate| (0..12).map(|_| gate.clone())).map(|gate| async move {
        let mut loads = Vec::new();
        while Instant::now() < end {
            match gate.admit(&ask()).await {
                Admission::Permit(permit) => {
                    loads.push(Instant::now());
                    permit.report(fine()).await;
                }
                Admission::Later(later) => tokio::time::sleep(later.after).await,
            }
        }
        loads
    });
    let mut loads = futures::future::join_all(jobs).await.concat();
    loads.sort();
    loads.retain(|at| *at < end);
    loads
}

fn most_within(loads: &[Instant], minute: Duration) -> usize {
    let ending_at = |end: &Instant| loads.iter().filter(|at| *at <= end && **at + minute >= *end).count();
    loads.iter().map(ending_at).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_processes_never_exceed_their_common_limit_and_use_it() {
    let minute = Duration::from_secs(3);
    let config = GateConfig { page_loads_per_minute: 30, concurrent_crawls: 100, ..config() };
    let gates = three(config, minute).await;
    let loads = load_pages(&gates, Instant::now() + 4 * minute).await;
    assert!(most_within(&loads, minute) <= 30, "{} within a minute", most_within(&loads, minute));
    assert!(loads.len() >= 4 * 30 * 9 / 10, "{} of 120 used", loads.len());
}

#[tokio::test]
async fn what_one_process_is_told_the_others_honour_at_once_and_one_of_them_all_probes() {
    let gates = three(config(), Duration::from_secs(60)).await;
    permit(&gates[0]).await.report(throttled(Duration::from_secs(1))).await;
    assert_eq!(refusal(&gates[1]).await, LaterReason::BreakerOpen);
    let told = gates[2].rest_left(&ask()).await.unwrap();
    assert!(told <= Duration::from_secs(1), "{told:?}");
    tokio::time::sleep(told).await;
    let all = gates.iter().flat_map(|gate| (0..6).map(|_| gate.clone()));
    let answers = futures::future::join_all(all.map(|gate| async move { gate.admit(&ask()).await })).await;
    let (mut probes, mut others) = (Vec::new(), Vec::new());
    for answer in answers {
        match answer {
            Admission::Permit(permit) => probes.push(permit),
            Admission::Later(later) => others.push(later.reason),
        }
    }
    assert_eq!(probes.len(), 1, "{others:?}");
    // Of those who ask in the same moment, some meet the place that another is about to give back.
    let expected = |reason: &LaterReason| matches!(reason, LaterReason::ProbeUnderWay | LaterReason::Concurrency);
    assert!(others.iter().all(expected), "{others:?}");
    for probe in probes {
        probe.report(fine()).await;
    }
    permit(&gates[1]).await.report(fine()).await;
    let facts: Vec<GateFact> = gates.iter().flat_map(Gate::take_facts).collect();
    let count = |wanted: fn(&GateFact) -> bool| facts.iter().filter(|fact| wanted(fact)).count();
    assert_eq!(count(|fact| matches!(fact, GateFact::BreakerOpened { .. })), 1, "{facts:?}");
    assert_eq!(count(|fact| matches!(fact, GateFact::BreakerHalfOpened { .. })), 1, "{facts:?}");
    assert_eq!(count(|fact| matches!(fact, GateFact::BreakerClosed { .. })), 1, "{facts:?}");
}

#[tokio::test]
async fn a_permit_dropped_in_one_process_frees_its_place_for_the_others() {
    let gates = three(GateConfig { concurrent_crawls: 1, ..config() }, Duration::from_secs(60)).await;
    let held = permit(&gates[0]).await;
    assert_eq!(refusal(&gates[1]).await, LaterReason::Concurrency);
    drop(held);
    // The next who comes by there settles it.
    permit(&gates[0]).await.report(fine()).await;
    permit(&gates[1]).await.report(fine()).await;
    assert_eq!(gates[0].dropped_permits(), 1);
}

#[tokio::test]
async fn reserved_page_loads_that_were_not_made_come_back_for_the_others() {
    let gates = three(config(), Duration::from_secs(60)).await;
    let whole = Ask { page_loads: 12, ..ask() };
    let Admission::Permit(held) = gates[0].admit(&whole).await else { panic!("refused") };
    assert_eq!(held.reserved(), 12);
    held.report(Report { page_loads: 2, bytes: 900, ..Report::default() }).await;
    let GateStatus::Budget { page_loads, page_loads_last_hour, bytes_last_day, crawls, shared, .. } =
        gates[1].status().await.unwrap().remove(0)
    else {
        panic!("a budget comes first")
    };
    assert_eq!((page_loads, page_loads_last_hour, bytes_last_day, crawls, shared), (2, 2, 900, 0, true));
}

#[tokio::test]
async fn further_page_loads_of_one_crawl_count_against_all_and_leave_a_minute_after_they_were_over() {
    let gates = three(GateConfig { page_loads_per_minute: 3, ..config() }, Duration::from_secs(1)).await;
    let mut crawl = permit(&gates[0]).await;
    for _ in 0..3 {
        assert!(matches!(crawl.page_load().await, PageLoad::Go));
    }
    assert!(matches!(refusal(&gates[1]).await, LaterReason::Minute));
    // The first two were over when the next was asked for; the third is under way and counts on.
    let mut others = 0;
    while others < 2 {
        match gates[1].admit(&ask()).await {
            Admission::Permit(permit) => {
                others += 1;
                permit.report(fine()).await;
            }
            Admission::Later(later) => tokio::time::sleep(later.after).await,
        }
    }
    assert!(matches!(refusal(&gates[2]).await, LaterReason::Minute));
    crawl.report(Report::default()).await;
}

#[tokio::test]
async fn hourly_daily_and_bytes_budgets_are_kept_together() {
    for (config, reason) in [
        (GateConfig { page_loads_per_hour: 2, ..config() }, LaterReason::Hour),
        (GateConfig { page_loads_per_day: 2, ..config() }, LaterReason::Day),
        (GateConfig { bytes_per_day: 2, ..config() }, LaterReason::Bytes),
    ] {
        let gates = three(config, Duration::from_secs(60)).await;
        for gate in &gates[..2] {
            permit(gate).await.report(Report { bytes: 1, ..fine() }).await;
        }
        assert_eq!(refusal(&gates[2]).await, reason);
    }
}

#[tokio::test]
async fn an_operators_command_reaches_every_process() {
    let gates = three(config(), Duration::from_secs(60)).await;
    let all = Scope::platform(PlatformId::new("tiktok"));
    gates[0].rest(&all, Duration::from_secs(600)).await.unwrap();
    assert_eq!(refusal(&gates[1]).await, LaterReason::OperatorRest);
    let shown = gates[2].status().await.unwrap();
    let resting = |line: &GateStatus| matches!(line, GateStatus::Breaker { state: BreakerState::Resting, .. });
    assert!(shown.iter().any(resting), "{shown:?}");
    gates[2].release(&all).await.unwrap();
    permit(&gates[1]).await.report(throttled(Duration::from_secs(600))).await;
    assert_eq!(refusal(&gates[0]).await, LaterReason::BreakerOpen);
    gates[2].release(&all).await.unwrap();
    permit(&gates[0]).await.report(fine()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_redis_is_away_the_shares_together_keep_the_limit_and_the_breaker_is_remembered() {
    let folder = tempfile::tempdir().unwrap();
    let redis = LocalRedis::start(folder.path(), Durability::None).await.unwrap();
    let minute = Duration::from_secs(2);
    let config = GateConfig { page_loads_per_minute: 30, concurrent_crawls: 100, ..config() };
    let gates = [(); 3].map(|()| process(config.clone(), &redis.url(), "away", minute));
    // Each is counted before Redis goes, and each knows of the others from its next wish.
    for gate in gates.iter().chain(&gates) {
        permit(gate).await.report(fine()).await;
    }
    let ends = Instant::now() + 6 * minute;
    let crawling = tokio::spawn({
        let gates = gates.clone();
        async move { load_pages(&gates, ends).await }
    });
    tokio::time::sleep(minute).await;
    redis.stop().await;
    tokio::time::sleep(3 * minute).await;
    let commanded = gates[0].rest(&Scope::platform(PlatformId::new("tiktok")), minute).await;
    assert!(matches!(commanded, Err(GateError::Shared { .. })), "{commanded:?}");
    let away = Instant::now();
    let redis = LocalRedis::start(folder.path(), Durability::None).await.unwrap();
    let loads = crawling.await.unwrap();
    assert!(most_within(&loads, minute) <= 30, "{} within a minute", most_within(&loads, minute));
    let apart = loads.iter().filter(|at| **at < away && **at > away - minute).count();
    assert!(apart >= 6, "{apart} page loads in the last minute without Redis");
    let facts: Vec<GateFact> = gates.iter().flat_map(Gate::take_facts).collect();
    let lost = |fact: &&GateFact| matches!(fact, GateFact::SharedLost { workers: 3, .. });
    assert_eq!(facts.iter().filter(lost).count(), 3, "{facts:?}");
    assert_eq!(facts.iter().filter(|fact| **fact == GateFact::SharedRegained).count(), 3, "{facts:?}");
    redis.stop().await;
}
