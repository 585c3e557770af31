//! How fast the queue is on Redis alone. Figures are printed, never asserted: run with
//! `cargo test --release --test it queue_speed -- --ignored --nocapture`.

use std::time::Duration;

use social_sentinel::clock::Clock;
use social_sentinel::queue::{QueuedJob, Settlement};

use crate::support::queue::{Bench, PrivateRedis, config, plain, wide};

const JOBS: u32 = 20_000;
const IN_FLIGHT: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn bookkeeping_with_sixteen_in_flight() {
    let private = PrivateRedis::start().await;
    let bench = Bench::at(&config(&private.server.url())).await;
    let worker = bench.queue.worker("w");
    let jobs: Vec<_> = (0..JOBS).map(|n| QueuedJob::new(plain(&n.to_string()))).collect();
    let clock = Clock::system();
    bench.queue.push(&jobs).await.unwrap();
    let pushed = clock.uptime();
    let mut done = 0;
    while done < jobs.len() {
        let leases = worker.try_lease_many(&wide(), IN_FLIGHT).await.unwrap();
        let items = leases.into_iter().map(|lease| (lease, Settlement::Done)).collect();
        done += worker.settle_many(items).await.unwrap().len();
    }
    let took = clock.uptime();
    let rate = |time: Duration| f64::from(JOBS) / time.as_secs_f64();
    eprintln!(
        "push {:.0}/s, lease and settle in batches of 16 {:.0}/s, all {:.0}/s",
        rate(pushed),
        rate(took - pushed),
        rate(took)
    );

    bench.queue.push(&jobs).await.unwrap();
    let start = clock.uptime();
    let slots: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let worker = worker.clone();
            tokio::spawn(async move {
                while let Some(lease) = worker.try_lease_many(&wide(), 1).await.unwrap().pop() {
                    lease.settle(Settlement::Done).await.unwrap();
                }
            })
        })
        .collect();
    for slot in slots {
        slot.await.unwrap();
    }
    eprintln!("one by one, sixteen tasks at once: {:.0}/s", rate(clock.uptime() - start));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn idle_pick_up() {
    let private = PrivateRedis::start().await;
    let bench = Bench::at(&config(&private.server.url())).await;
    let worker = bench.queue.worker("w");
    let clock = Clock::system();
    let mut times = Vec::new();
    for n in 0..500 {
        let waiting = {
            let worker = worker.clone();
            tokio::spawn(async move {
                let lease = worker.lease(&wide()).await.unwrap().unwrap();
                (clock.uptime(), lease)
            })
        };
        tokio::time::sleep(Duration::from_millis(3)).await;
        let start = clock.uptime();
        bench.push(&[plain(&n.to_string())]).await;
        let (end, lease) = waiting.await.unwrap();
        times.push(end.saturating_sub(start));
        lease.settle(Settlement::Done).await.unwrap();
    }
    times.sort();
    eprintln!("push to lease: median {:?}, 99th percentile {:?}", times[250], times[495]);
}
