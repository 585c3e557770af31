//! A worker that is told to stop.

use std::time::Duration;

use super::stage::{Stage, full, sized};

/// SIGTERM, `signals` times: what was not finished in the grace is handed back and begins elsewhere at once.
async fn handed_back(signals: usize, grace: &str) -> (Duration, usize) {
    let mut stage = Stage::new(&[("ENGINE__WORKERS", "8"), ("ENGINE__SHUTDOWN_GRACE_S", grace)]).await;
    let mut first = stage.worker().await;
    let jobs = stage.submit("endless", 8).await;
    while stage.attempts().len() < jobs.len() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _second = stage.worker().await;
    stage.submit("ok", sized(200, 20)).await;
    stage.until(&["done"], 1, Duration::from_secs(60)).await;
    for n in 0..signals {
        if n > 0 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        first.child.signal("TERM").await;
    }
    let told = stage.clock.now().timestamp_millis();
    tokio::time::timeout(Duration::from_secs(60), first.child.wait()).await.unwrap().unwrap();
    let begin = stage.clock.uptime();
    let latest = loop {
        let attempts = stage.attempts();
        let again: Vec<i64> = attempts
            .iter()
            .filter(|(id, all)| id.starts_with("endless") && all.len() == 2)
            .map(|(_, all)| all[1].at_ms)
            .collect();
        if again.len() == jobs.len() {
            break again.into_iter().max().unwrap();
        }
        assert!(
            stage.clock.uptime() - begin < Duration::from_secs(25),
            "{} of {} began again",
            again.len(),
            jobs.len()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let sql = "select count(*) from jobs where handle like 'endless%' and deaths = 0 and attempts = 0";
    let unharmed: i64 = sqlx::query_scalar(sql).fetch_one(&stage.pool).await.unwrap();
    assert_eq!(usize::try_from(unharmed).unwrap(), jobs.len(), "a hand-back costs no attempt and is no death");
    (Duration::from_millis(u64::try_from(latest - told).unwrap_or(0)), jobs.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stopping_worker_hands_back_begins_elsewhere_at_once() {
    let (after, jobs) = handed_back(1, "1").await;
    let after = after.saturating_sub(Duration::from_secs(1));
    eprintln!("chaos SIGTERM: {jobs} jobs under way; the last began elsewhere {after:.1?} after the grace");
    assert!(after < if full() { Duration::from_secs(2) } else { Duration::from_secs(15) }, "{after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_stops_at_once_and_loses_nothing() {
    let (after, jobs) = handed_back(2, "60").await;
    eprintln!("chaos second SIGTERM: {jobs} jobs under way; the last began elsewhere {after:.1?} after it");
    assert!(after < if full() { Duration::from_secs(2) } else { Duration::from_secs(15) }, "{after:?}");
}
