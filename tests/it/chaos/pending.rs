//! One dead lease behind many live ones.

use std::time::Duration;

use social_sentinel::queue::QueuedJob;

use super::stage::{Stage, full, sized};
use crate::support::queue::{plain, wide};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_leases_do_not_hide_a_dead_one() {
    let live = sized(10_000, 1_500);
    let lease = sized(Duration::from_secs(30), Duration::from_secs(4));
    let every = sized(Duration::from_secs(5), Duration::from_secs(1));
    let lease_ms = lease.as_millis().to_string();
    let heartbeat_ms = (every.as_millis() / 2).to_string();
    let stage = Stage::new(&[("QUEUE__LEASE_MS", &lease_ms), ("QUEUE__HEARTBEAT_MS", &heartbeat_ms)]).await;
    let queue = &stage.services.queue;
    let (alive, dying) = (queue.worker("alive"), queue.worker("dying"));
    let jobs: Vec<_> = (0..live).map(|n| QueuedJob::new(plain(&n.to_string()))).collect();
    queue.push(&jobs).await.unwrap();
    let mut held = Vec::new();
    while held.len() < live {
        held.extend(alive.try_lease_many(&wide(), 500).await.unwrap());
    }
    queue.push(&[QueuedJob::new(plain("last"))]).await.unwrap();
    drop(dying.try_lease_many(&wide(), 1).await.unwrap());
    let died = stage.clock.uptime();
    let beats = tokio::spawn({
        let alive = alive.clone();
        async move {
            loop {
                alive.beat().await.unwrap();
                tokio::time::sleep(every / 2).await;
            }
        }
    });
    let found = loop {
        let found = queue.reclaim().await.unwrap();
        if let Some(first) = found.first() {
            assert_eq!((found.len(), first.job.as_str()), (1, "last"), "the live ones are left alone");
            break stage.clock.uptime() - died;
        }
        assert!(stage.clock.uptime() - died < lease + Duration::from_secs(60));
        tokio::time::sleep(every).await;
    };
    beats.abort();
    let late = found.saturating_sub(lease);
    eprintln!("chaos pending: one dead lease behind {live} live ones taken back {late:.1?} after its end");
    assert!(late < Duration::from_secs(10) || !full(), "{late:?}");
    alive
        .settle_many(held.into_iter().map(|lease| (lease, social_sentinel::queue::Settlement::Drop)).collect())
        .await
        .unwrap();
}
