//! A worker that stands still and goes on, as on a machine that was suspended.

use std::time::Duration;

use super::stage::{Stage, full, sized};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_worker_is_replaced_and_commits_nothing_when_it_goes_on() {
    let settings = [
        ("ENGINE__WORKERS", "4"),
        ("QUEUE__LEASE_MS", sized("30000", "2000")),
        ("QUEUE__HEARTBEAT_MS", sized("5000", "500")),
        ("QUEUE__RECLAIM_MS", sized("5000", "500")),
    ];
    let mut stage = Stage::new(&settings).await;
    let first = stage.worker().await;
    let jobs = stage.submit("long", 4).await;
    while stage.attempts().len() < jobs.len() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    first.child.signal("STOP").await;
    let stopped = stage.clock.uptime();
    let second = stage.worker().await;
    stage.until(&["done"], jobs.len(), Duration::from_secs(90)).await;
    let elsewhere = stage.clock.uptime() - stopped;
    let rest = sized(Duration::from_secs(60), Duration::from_secs(3));
    tokio::time::sleep(rest.saturating_sub(stage.clock.uptime() - stopped)).await;
    let before: Vec<(String, i64)> = effects(&stage).await;
    first.child.signal("CONT").await;
    // It learns from the ledger (a stale write) or from its next heartbeat that it lost all four.
    let lost = || stage.refused() + stage.logged("the lease was lost while the job ran");
    let begin = stage.clock.uptime();
    while lost() < jobs.len() {
        assert!(stage.clock.uptime() - begin < Duration::from_secs(60), "{} of {}", lost(), jobs.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let after = effects(&stage).await;
    eprintln!(
        "chaos stopped: all {} done elsewhere {elsewhere:.1?} after the stop; the resumed worker committed {} rows, {} writes refused, {} crawls given up by heartbeat",
        jobs.len(),
        after.iter().filter(|row| !before.contains(row)).count(),
        stage.refused(),
        stage.logged("the lease was lost while the job ran"),
    );
    assert_eq!(before, after);
    let rows: i64 = sqlx::query_scalar("select count(*) from crawl_history").fetch_one(&stage.pool).await.unwrap();
    assert_eq!(usize::try_from(rows).unwrap(), jobs.len());
    if full() {
        assert!(elsewhere < Duration::from_secs(40), "{elsewhere:?}");
    }
    drop((first, second));
}

async fn effects(stage: &Stage) -> Vec<(String, i64)> {
    sqlx::query_as("select job, fence from chaos_effects order by job").fetch_all(&stage.pool).await.unwrap()
}
