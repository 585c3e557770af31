//! The body of a worker process, and its scripted crawl: what it does stands in the job's handle. The test binary starts
//! itself again for it, so that a chaos worker is built by every `cargo test` and never by anything else.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use social_sentinel::clock::{Clock, Rng};
use social_sentinel::config::{Config, Sources};
use social_sentinel::engine::{CrawlError, CrawlTurn, Crawled, Crawler, Isolation, Service, Spent};
use social_sentinel::model::capture::Capture;
use social_sentinel::model::document::{Coverage, Document, Metrics, Outcome, SCHEMA, SelectorsUsed};
use social_sentinel::model::job::Job;
use tokio::signal::unix::{SignalKind, signal};

/// The variable that makes this test a worker: the folder of its notes.
pub(super) const FOLDER: &str = "CHAOS_FOLDER";
/// The variable that makes it one with the real crawl and real browsers.
pub(super) const REAL: &str = "CHAOS_REAL";
/// The test's path, as the binary takes it.
pub(super) const NAME: &str = "chaos::worker::a_worker_process";

/// The crawl of the script.
pub(super) struct Scripted {
    clock: Clock,
    rng: Rng,
    notes: File,
}

impl Scripted {
    /// Notes every attempt in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        let path = folder.join(format!("attempts-{}", std::process::id()));
        let notes = File::options().create(true).append(true).open(path).unwrap();
        Self { clock: Clock::system(), rng: Rng::from_seed(Rng::fresh_seed()), notes }
    }

    async fn act(&self, job: &Job, isolation: Isolation) -> Result<Crawled, CrawlError> {
        let started_at = self.clock.now();
        let alone = u8::from(isolation == Isolation::Alone);
        let line = format!("{} {} {alone}\n", job.id, started_at.timestamp_millis());
        (&self.notes).write_all(line.as_bytes()).unwrap();
        let handle = job.target.handle.as_str();
        let script = handle.split('_').next().unwrap();
        match script {
            "kill" => std::process::abort(),
            "long" => tokio::time::sleep(Duration::from_secs(2)).await,
            "endless" => std::future::pending().await,
            "stuck" => block(Duration::from_secs(20)),
            "flaky" if self.rng.unit() < 0.5 => return Err(CrawlError::Deadline(Duration::from_secs(1))),
            _ => tokio::time::sleep(Duration::from_millis(5) + self.rng.jitter(Duration::from_millis(45))).await,
        }
        Ok(Crawled {
            contradictions: Vec::new(),
            document: document(job, self.clock),
            capture: Capture::default().into(),
            image: None,
            started_at,
            spent: Spent { page_loads: 1, ..Spent::default() },
        })
    }
}

/// Ignores every wish that it end, as a library call that computes for ever does.
#[expect(clippy::disallowed_methods, reason = "a crawl that blocks its thread is what is tested")]
fn block(time: Duration) {
    tokio::task::block_in_place(|| std::thread::sleep(time));
}

impl Crawler for Scripted {
    fn crawl<'a>(&'a self, turn: &'a mut CrawlTurn) -> BoxFuture<'a, Result<Crawled, CrawlError>> {
        self.act(&turn.job, turn.isolation).boxed()
    }
}

fn document(job: &Job, clock: Clock) -> Document {
    Document {
        schema: SCHEMA,
        platform: job.target.platform.clone(),
        handle: Some(job.target.handle.clone()),
        url: None,
        outcome: Outcome::Ok,
        evidence: None,
        observed_at: Some(clock.now()),
        duration_ms: Some(1),
        profile: None,
        posts: Vec::new(),
        coverage: Coverage { requested: job.posts, got: 0, reason: None },
        metrics: Metrics::default(),
        fields: indexmap::IndexMap::new(),
        selectors: SelectorsUsed { version: "none".to_owned() },
        screenshot: None,
    }
}

#[expect(clippy::disallowed_methods, reason = "this test is told by its environment that it is a worker")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[test]
#[ignore = "the body of a worker process that the chaos tests start"]
fn a_worker_process() {
    let Some(folder) = variable(FOLDER).map(PathBuf::from) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(work(&folder, variable(REAL).is_some()));
}

async fn work(folder: &Path, real: bool) {
    tracing_subscriber::fmt().with_ansi(false).with_env_filter("info,chromiumoxide=error").init();
    let mut terminate = signal(SignalKind::terminate()).unwrap();
    let config = Config::load(&Sources::process(None)).unwrap();
    let crawler = Arc::new(Scripted::new(folder));
    let service = loop {
        let started = match real {
            true => Service::start(config.clone()).await,
            false => Service::start_with(config.clone(), crawler.clone()).await,
        };
        match started {
            Ok(service) => break service,
            // An init system would start us again; PostgreSQL may be on its way.
            Err(error) => tracing::warn!(%error, "not started"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    terminate.recv().await;
    let hard = service.hard_stop();
    tokio::spawn(async move {
        terminate.recv().await;
        hard.cancel();
    });
    service.stop().await;
}
