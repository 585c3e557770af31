//! Bookkeeping of jobs: on Redis alone, and with the ledger; both private ones that keep what they were told. The promises: above
//! 10,000 jobs a second on Redis with 16 in flight, above 1,000 with the ledger. `lease_and_settle` is a job's whole life after
//! its push; with the ledger it is all of it: submitted, pushed, leased, begun, saved as done (a page that showed nothing), settled.
#![expect(clippy::unwrap_used, reason = "a measuring tool, run by hand")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use social_sentinel::clock::Clock;
use social_sentinel::config::builtin_section;
use social_sentinel::extract::selectors::builtin;
use social_sentinel::local::{Durability, LocalPostgres, LocalRedis};
use social_sentinel::model::capture::Capture;
use social_sentinel::model::document::Document;
use social_sentinel::model::job::{Frame, Job, JobId, PlatformId, Priority, Target};
use social_sentinel::platform;
use social_sentinel::queue::{Capacity, Lease, Queue, QueueConfig, QueuedJob, Settlement, Worker};
use social_sentinel::store::lease::{Begin, Begun};
use social_sentinel::store::migrate::migrate;
use social_sentinel::store::save::SaveCrawl;
use social_sentinel::store::submit::Submission;
use social_sentinel::store::{Store, StoreConfig};

const JOBS: u64 = 4_000;
/// As many as the relay carries at once.
const BATCH: usize = 200;
const IN_FLIGHT: usize = 16;

fn lanes() -> Vec<PlatformId> {
    vec![PlatformId::new("tiktok"), PlatformId::new("instagram")]
}

fn wide() -> Capacity {
    Capacity { lanes: lanes().into_iter().map(|lane| (lane, 1_000_000)).collect(), quarantine: false }
}

fn job(n: u64) -> Job {
    Job {
        id: n.to_string().parse().unwrap(),
        target: Target { platform: PlatformId::new("tiktok"), handle: format!("profile_{n}").parse().unwrap() },
        priority: Priority::Normal,
        posts: 30,
        frame: Frame::Viewport,
    }
}

fn jobs() -> Vec<QueuedJob> {
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

/// Submits and pushes jobs as the relay does, a batch at a time.
async fn submit(store: &Store, queue: &Queue, jobs: &[QueuedJob]) {
    for batch in jobs.chunks(BATCH) {
        let submissions: Vec<Submission> = batch.iter().map(|queued| queued.job.clone().into()).collect();
        store.submit(&submissions).await.unwrap();
        let due = store.due_to_push(BATCH).await.unwrap();
        let due: Vec<QueuedJob> = due.into_iter().map(|due| QueuedJob::new(due.job)).collect();
        queue.push(&due).await.unwrap();
        let ids: Vec<JobId> = due.into_iter().map(|queued| queued.job.id).collect();
        store.mark_pushed(&ids).await.unwrap();
    }
}

/// One job's turn in the ledger: begun, and saved as done.
async fn saved(store: &Store, lease: &Lease, document: &Document, clock: Clock) {
    let (job, fence) = (lease.job().clone(), u64::try_from(lease.fence()).unwrap());
    let begun = store.begin_lease(&Begin { job: &job.id, fence, worker: "bench", deaths: 0 }).await.unwrap();
    assert!(matches!(begun, Begun::Leased(_)));
    let save = SaveCrawl {
        job: &job.id,
        fence,
        target: &job.target,
        document,
        started_at: clock.now(),
        duration: std::time::Duration::from_secs(1),
        retries: 0,
        capture_key: None,
        status: Some(200),
        picture_hash: None,
        fingerprint: None,
        error: None,
        worker: "bench",
        held: &[],
        events: &[],
    };
    store.save(&save).await.unwrap();
}

async fn through_the_ledger(store: &Store, worker: &Worker, document: &Document, clock: Clock) {
    let slots = (0..IN_FLIGHT).map(|_| {
        let (store, worker, document) = (store.clone(), worker.clone(), document.clone());
        tokio::spawn(async move {
            while let Some(lease) = worker.try_lease_many(&wide(), 1).await.unwrap().pop() {
                saved(&store, &lease, &document, clock).await;
                lease.settle(Settlement::Done).await.unwrap();
            }
        })
    });
    for slot in slots.collect::<Vec<_>>() {
        slot.await.unwrap();
    }
}

/// Each round brings jobs that the ledger has never seen.
fn with_ledger(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let folder = tempfile::Builder::new().prefix("sentinel-bench-").tempdir().unwrap();
    let redis = runtime.block_on(LocalRedis::start(folder.path(), Durability::Full)).unwrap();
    let postgres = runtime.block_on(LocalPostgres::start(folder.path(), Durability::Full)).unwrap();
    let mut config: StoreConfig = builtin_section("store").unwrap();
    config.url = postgres.url().into();
    let mut transport: QueueConfig = builtin_section("queue").unwrap();
    transport.url = redis.url();
    let store = runtime.block_on(Store::connect(&config)).unwrap();
    runtime.block_on(migrate(store.pool())).unwrap();
    let queue = runtime.block_on(Queue::connect(&transport, lanes(), Clock::system())).unwrap();
    let worker = queue.worker("bench");
    let clock = Clock::system();
    let id = PlatformId::new("tiktok");
    let capture = Capture { observed_at: Some(clock.now()), ..Capture::default() };
    let document = platform::read(platform::get(&id).unwrap().as_ref(), &capture, &builtin(&id).unwrap(), 30);
    let next = std::sync::atomic::AtomicU64::new(0);
    let mut group = criterion.benchmark_group("ledger");
    group.throughput(Throughput::Elements(JOBS)).sample_size(10);
    group.bench_function("a_jobs_whole_life_16_at_once", |bencher| {
        bencher.to_async(&runtime).iter_custom(|times| {
            let (store, queue, worker, document, next) = (&store, &queue, &worker, &document, &next);
            async move {
                let mut total = std::time::Duration::ZERO;
                for _ in 0..times {
                    let first = next.fetch_add(JOBS, std::sync::atomic::Ordering::Relaxed);
                    let jobs: Vec<QueuedJob> = (first..first + JOBS).map(|n| QueuedJob::new(job(n))).collect();
                    let began = clock.uptime();
                    submit(store, queue, &jobs).await;
                    through_the_ledger(store, worker, document, clock).await;
                    total += clock.uptime() - began;
                }
                total
            }
        });
    });
    group.finish();
    runtime.block_on(store.close());
    runtime.block_on(postgres.stop());
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

criterion_group!(benches, bookkeeping, with_ledger);
criterion_main!(benches);
