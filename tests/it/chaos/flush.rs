//! Redis forgets: everything at once, or bit by bit.

use std::time::Duration;

use social_sentinel::model::job::JobId;

use super::stage::{Stage, full, sized};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flush_in_the_middle_costs_nothing_but_time() {
    let jobs = sized(5_000, 600);
    let every = sized("15", "1");
    let mut stage = Stage::new(&[("ENGINE__WORKERS", "4"), ("ENGINE__RECONCILE_EVERY_S", every)]).await;
    let _workers = [stage.worker().await, stage.worker().await];
    stage.submit("ok", jobs).await;
    stage.until(&["done"], jobs / 2, Duration::from_secs(120)).await;
    let () = stage.raw(&["FLUSHALL"]).await.unwrap();
    let flushed = stage.clock.uptime();
    let recovered = loop {
        let sql = "select id from jobs where state in ('queued', 'leased')";
        let live: Vec<String> = sqlx::query_scalar(sql).fetch_all(&stage.pool).await.unwrap();
        let live: Vec<JobId> = live.iter().map(|id| id.parse().unwrap()).collect();
        let known = stage.services.queue.contains(&live).await.unwrap();
        // A job that ended between the two looks is gone from Redis for good; one in a thousand may be on its way.
        if known.iter().filter(|known| !**known).count() <= live.len() / 100 {
            break stage.clock.uptime() - flushed;
        }
        assert!(
            stage.clock.uptime() - flushed < Duration::from_secs(90),
            "{} live jobs are unknown to Redis",
            live.len()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let all = stage.until(&["done"], jobs, Duration::from_secs(180)).await;
    let attempts: usize = stage.attempts().values().map(Vec::len).sum();
    eprintln!(
        "chaos flush: {jobs} jobs; Redis knows all live ones again after {recovered:.1?}; all done {all:.1?} later; {} effects, {attempts} attempts, {} stale writes refused",
        stage.effects().await,
        stage.refused()
    );
    assert_eq!(stage.effects().await, jobs);
    if full() {
        assert!(recovered < Duration::from_secs(30), "{recovered:?}");
    }
}
