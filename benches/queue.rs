//! Bookkeeping of jobs on Redis alone, a private one with its append-only file. The promise: above 10,000 jobs a second with 16 in
//! flight. `leased and settled` is a job's whole life after its push.
#![expect(clippy::unwrap_used, reason = "a measuring tool, run by hand")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use social_sentinel::clock::Clock;
use social_sentinel::config::builtin_section;
use social_sentinel::local::{Durability, LocalRedis};
use social_sentinel::model::job::{Frame, Job, PlatformId, Priority, Target};
use social_sentinel::queue::{Capacity, Queue, QueueConfig, QueuedJob, Settlement, Worker};

const JOBS: u64 = 4_000;
const IN_FLIGHT: usize = 16;

fn lanes() -> Vec<PlatformId> {
    vec![PlatformId::new("tiktok"), PlatformId::new("instagram")]
}

fn wide() -> Capacity {
    Capacity { lanes: lanes().into_iter().map(|lane| (lane, 1_000_000)).collect(), quarantine: false }
}

fn jobs() -> Vec<QueuedJob> {
    let job = |n: u64| Job {
        id: n.to_string().parse().unwrap(),
        target: Target { platform: PlatformId::new("tiktok"), handle: format!("profile_{n}").parse().unwrap() },
        priority: Priority::Normal,
        posts: 30,
        frame: Frame::Viewport,
    };
    (0..JOBS).map(|n| QueuedJob::new(job(n))).collect()
}

async fn in_batches(worker: &Worker) {
    let mut done = 0;
    while done < JOBS {
        let leases = worker.try_lease_many(&wide(), IN_FLIGHT).await.unwrap();
        let items = leases.into_iter().map(|lease| (lease, Settlement::Done)).collect();
        done += u64::try_from(worker.settle_many(items).await.unwrap().len()).unwrap();
    }
}

async fn one_by_one(worker: &Worker) {
    let slots = (0..IN_FLIGHT).map(|_| {
        let worker = worker.clone();
        tokio::spawn(async move {
            while let Some(lease) = worker.try_lease_many(&wide(), 1).await.unwrap().pop() {
                lease.settle(Settlement::Done).await.unwrap();
            }
        })
    });
    for slot in slots.collect::<Vec<_>>() {
        slot.await.unwrap();
    }
}

fn bookkeeping(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::Builder::new().prefix("sentinel-bench-").tempdir().unwrap();
    let redis = runtime.block_on(LocalRedis::start(folder.path(), Durability::Full)).unwrap();
    let mut config: QueueConfig = builtin_section("queue").unwrap();
    config.url = redis.url();
    let queue = runtime.block_on(Queue::connect(&config, lanes(), Clock::system())).unwrap();
    let worker = queue.worker("bench");
    let (clock, jobs) = (Clock::system(), jobs());
    let mut group = criterion.benchmark_group("queue");
    group.throughput(Throughput::Elements(JOBS)).sample_size(10);
    group.bench_function("push", |bencher| {
        bencher.to_async(&runtime).iter_custom(|times| {
            let (queue, worker, jobs) = (queue.clone(), worker.clone(), jobs.clone());
            async move {
                let mut total = std::time::Duration::ZERO;
                for _ in 0..times {
                    let began = clock.uptime();
                    queue.push(&jobs).await.unwrap();
                    total += clock.uptime() - began;
                    in_batches(&worker).await;
                }
                total
            }
        });
    });
    for (name, batched) in
        [("lease_and_settle_in_batches_of_16", true), ("lease_and_settle_one_by_one_16_at_once", false)]
    {
        group.bench_function(name, |bencher| {
            bencher.to_async(&runtime).iter_custom(|times| {
                let (queue, worker, jobs) = (queue.clone(), worker.clone(), jobs.clone());
                async move {
                    let mut total = std::time::Duration::ZERO;
                    for _ in 0..times {
                        queue.push(&jobs).await.unwrap();
                        let began = clock.uptime();
                        if batched {
                            in_batches(&worker).await
                        } else {
                            one_by_one(&worker).await
                        }
                        total += clock.uptime() - began;
                    }
                    total
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, bookkeeping);
criterion_main!(benches);
