//! How soon an idle worker begins.

use std::time::Duration;

use super::stage::{Stage, full, job, sized};
use crate::support::queue::wide;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_worker_is_woken_by_the_submission() {
    let stage = Stage::new(&[]).await;
    let worker = stage.services.queue.worker("idle");
    let count = sized(500, 40);
    let mut times = Vec::new();
    for n in 0..count {
        let waiting = {
            let (worker, clock) = (worker.clone(), stage.clock);
            tokio::spawn(async move {
                let lease = loop {
                    if let Some(lease) = worker.lease(&wide()).await.unwrap() {
                        break lease;
                    }
                };
                (clock.uptime(), lease)
            })
        };
        // It shall be waiting by then.
        tokio::time::sleep(Duration::from_millis(5)).await;
        let begin = stage.clock.uptime();
        stage.services.submit(&[job("ok", n)]).await.unwrap();
        let (leased, lease) = waiting.await.unwrap();
        times.push(leased.saturating_sub(begin));
        lease.settle(social_sentinel::queue::Settlement::Drop).await.unwrap();
    }
    times.sort();
    let (median, most) = (times[count / 2], times[count * 99 / 100]);
    eprintln!(
        "chaos pick-up: {count} submissions through ledger and Redis to a waiting worker: median {median:.2?}, 99th percentile {most:.2?}"
    );
    // A worker that polls would need half its block time of two seconds.
    assert!(median < Duration::from_millis(if full() { 5 } else { 500 }), "{median:?}");
    if full() {
        assert!(most < Duration::from_millis(20), "{most:?}");
    }
}
