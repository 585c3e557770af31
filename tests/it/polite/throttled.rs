//! The site answers 429 to everything for a while.

use std::time::Duration;

use social_sentinel::clock::Clock;
use social_sentinel::engine::Service;
use social_sentinel::model::document::Outcome;
use social_sentinel::model::event::EventKind;
use social_sentinel::replica::{Mode, Site};

use super::{Stage, job, page_loads, stage, until_over};

/// What was seen of it.
struct Seen {
    /// Page loads that were refused before the first rest was over.
    at_once: usize,
    /// Page loads that were refused later: the probes.
    probes: usize,
    /// From the first refusal to the first probe.
    silence: Duration,
}

/// Jobs meet 429 with this `Retry-After` for this long; then the site is well, and all of them end well.
async fn refuse_everything(stage: &Stage, jobs: usize, retry_after_s: u32, lasting: Duration) -> Seen {
    let control = stage.replica.control();
    let service = Service::start(stage.config.clone()).await.unwrap();
    let mut events = service.subscribe();
    control.set_mode(Site::TikTok, Mode::Throttle { retry_after_s });
    let jobs: Vec<_> = (0..jobs).map(|n| job(Site::TikTok, &format!("few_{n}"), 3)).collect();
    service.services().submit(&jobs).await.unwrap();
    while page_loads(&stage.replica, Site::TikTok).is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(lasting).await;
    control.set_mode(Site::TikTok, Mode::Normal);
    let told = until_over(&mut events, jobs.len()).await;
    assert!(told.buried.is_empty(), "{:?}", told.buried);
    assert!(told.done.iter().all(|(_, outcome)| *outcome == Outcome::Ok), "{:?}", told.done);
    for job in &jobs {
        let record = service.services().store.job(&job.id).await.unwrap().unwrap();
        assert_eq!((record.state.as_str(), record.attempts), ("done", 0), "an attempt was spent: {record:?}");
    }
    service.stop().await;
    let refused: Vec<_> =
        page_loads(&stage.replica, Site::TikTok).into_iter().filter(|seen| seen.status == 429).collect();
    let rest = chrono::Duration::seconds(i64::from(retry_after_s));
    let first = refused[0].at;
    let (at_once, later): (Vec<_>, Vec<_>) = refused.iter().partition(|seen| seen.at < first + rest);
    let silence = later.first().map_or(lasting, |probe| (probe.at - first).to_std().unwrap());
    Seen { at_once: at_once.len(), probes: later.len(), silence }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_429_rests_the_breaker_at_once_and_costs_no_job_an_attempt() {
    let stage = stage(93).await;
    let Seen { at_once, probes, silence } = refuse_everything(&stage, 12, 2, Duration::from_secs(8)).await;
    eprintln!(
        "429 with Retry-After 2 for 8 s: {at_once} loads in flight at once, {probes} probes, the first after {silence:?}"
    );
    assert!(at_once <= stage.config.engine.workers, "{at_once} went out before the rest was over");
    assert!(silence >= Duration::from_secs(2), "{silence:?}");
    // From 2 s and, the rest doubled, from 6 s on; a slow machine may come when it is over.
    assert!(probes <= 3, "{probes} probes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "two minutes: make polite"]
async fn a_minute_of_429_with_retry_after_7_sees_three_probes_at_most() {
    let stage = stage(94).await;
    let Seen { at_once, probes, silence } = refuse_everything(&stage, 30, 7, Duration::from_secs(60)).await;
    eprintln!(
        "429 with Retry-After 7 for 60 s: {at_once} loads in flight at once, {probes} probes, the first after {silence:?}"
    );
    assert!(at_once <= stage.config.engine.workers, "{at_once} went out before the rest was over");
    assert!(silence >= Duration::from_secs(7), "{silence:?}");
    assert!((1..=3).contains(&probes), "{probes} probes");
}

/// The first page answers, the page's own calls are refused: what was read stands, and the breaker hears of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_beside_a_healthy_page_reaches_the_breaker_too() {
    let mut stage = stage(95).await;
    (stage.config.gate.open_after_failures, stage.config.gate.rest_s) = (2, 600);
    (stage.config.engine.workers, stage.config.gate.rest_max_s) = (1, 600);
    let service = Service::start(stage.config.clone()).await.unwrap();
    let mut events = service.subscribe();
    let jobs: Vec<_> = (0..3).map(|n| job(Site::TikTok, &format!("noposts_{n}"), 3)).collect();
    service.services().submit(&jobs).await.unwrap();
    let told = until_over(&mut events, 2).await;
    assert!(told.done.iter().all(|(_, outcome)| *outcome == Outcome::Partial), "{:?}", told.done);
    // The third is told to wait: nobody goes there for ten minutes.
    let waiting = loop {
        let mut rests = Vec::new();
        for job in &jobs {
            let record = service.services().store.job(&job.id).await.unwrap().unwrap();
            rests.extend(record.reason.filter(|_| record.state != "done").map(|reason| (record.attempts, reason)));
        }
        if let Some(rest) = rests.pop() {
            break rest;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(waiting.0, 0);
    assert!(waiting.1.contains("rest is not over"), "{waiting:?}");
    assert_eq!(page_loads(&stage.replica, Site::TikTok).len(), 2);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_the_site_tells_to_wait_again_and_again_is_told_of_once() {
    let stage = stage(97).await;
    let service = Service::start(stage.config.clone()).await.unwrap();
    let mut events = service.subscribe();
    let job = job(Site::TikTok, "few_1", 3);
    // It was told so four times before, on other days.
    let sql = "insert into crawl_history (job_id, fence, platform, handle, started_at, outcome)
               select $1, day, 'tiktok', 'few_1', now() - day * interval '1 day', 'rate_limited' from generate_series(1, 4) day";
    let store = &service.services().store;
    sqlx::query(sql).bind(job.id.as_str()).execute(store.pool()).await.unwrap();
    stage.replica.control().set_mode(Site::TikTok, Mode::Throttle { retry_after_s: 1 });
    service.services().submit(std::slice::from_ref(&job)).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(120), async {
        loop {
            if let EventKind::JobStalled { job, refusals, since, .. } = events.recv().await.unwrap().kind {
                break (job, refusals, since);
            }
        }
    });
    let (stalled, refusals, since) = told.await.unwrap();
    assert_eq!((&stalled, refusals), (&job.id, 5));
    assert!(since < Clock::system().now() - chrono::Duration::days(3), "{since}");
    stage.replica.control().set_mode(Site::TikTok, Mode::Normal);
    let told = until_over(&mut events, 1).await;
    assert_eq!(told.done, [(job.id.clone(), Outcome::Ok)]);
    let told = "select payload->>'handle', (payload->>'refusals')::bigint from outbox where kind = 'job_stalled'";
    let told: Vec<(String, i64)> = sqlx::query_as(told).fetch_all(store.pool()).await.unwrap();
    assert_eq!(told, [("few_1".to_owned(), 5)]);
    assert_eq!(store.tell_stalled(&job).await.unwrap(), None, "once for each number that is told");
    service.stop().await;
}
