//! A queue for a test: on the run's shared Redis under a prefix of its own, or on a private Redis that may be killed,
//! filled and flushed.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use redis::aio::MultiplexedConnection;
use social_sentinel::clock::Clock;
use social_sentinel::local::{Durability, LocalRedis};
use social_sentinel::model::job::{Frame, Job, JobId, PlatformId, Priority, Target};
use social_sentinel::queue::{Capacity, Lease, Queue, QueueConfig, QueuedJob, Worker};

use super::servers::{redis_prefix, servers};

/// The built-in `[queue]` section at another address.
pub(crate) fn config(url: &str) -> QueueConfig {
    let mut all: toml::Table = toml::from_str(include_str!("../../../config.toml")).unwrap();
    let mut config: QueueConfig = all.remove("queue").unwrap().try_into().unwrap();
    config.url = url.to_owned();
    config.prefix = redis_prefix();
    config
}

/// A queue, the settings it has, and a connection for looking behind it.
pub(crate) struct Bench {
    pub(crate) queue: Queue,
    pub(crate) raw: MultiplexedConnection,
}

impl Bench {
    /// On the shared Redis, with the built-in settings.
    pub(crate) async fn shared() -> Self {
        Self::shared_with(|_| {}).await
    }

    /// On the shared Redis, with settings changed.
    pub(crate) async fn shared_with(change: impl FnOnce(&mut QueueConfig)) -> Self {
        let mut settings = config(&servers().redis_url);
        change(&mut settings);
        Self::at(&settings).await
    }

    /// By settings.
    pub(crate) async fn at(settings: &QueueConfig) -> Self {
        let queue = Queue::connect(settings, lanes(), Clock::system()).await.unwrap();
        let raw = redis::Client::open(settings.url.as_str()).unwrap().get_multiplexed_async_connection().await.unwrap();
        Self { queue, raw }
    }

    /// A key under the test's prefix.
    pub(crate) fn key(&self, rest: &str) -> String {
        format!("{}:{rest}", self.queue.keys().prefix())
    }

    /// Pushes jobs without a past.
    pub(crate) async fn push(&self, jobs: &[Job]) {
        let jobs: Vec<_> = jobs.iter().cloned().map(QueuedJob::new).collect();
        self.queue.push(&jobs).await.unwrap();
    }

    /// Sends one raw command.
    pub(crate) async fn ask<T: redis::FromRedisValue>(&mut self, words: &[&str]) -> T {
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.query_async(&mut self.raw).await.unwrap()
    }
}

/// A Redis of the test's own, append-only, gone with it.
pub(crate) struct PrivateRedis {
    pub(crate) server: LocalRedis,
    _folder: tempfile::TempDir,
}

impl PrivateRedis {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("sentinel-it-redis-").tempdir().unwrap();
        let server = LocalRedis::start(folder.path(), Durability::Full).await.unwrap();
        Self { server, _folder: folder }
    }
}

pub(crate) fn lanes() -> Vec<PlatformId> {
    vec![PlatformId::new("tiktok"), PlatformId::new("instagram")]
}

/// Any number of jobs of every platform.
pub(crate) fn wide() -> Capacity {
    Capacity { lanes: lanes().into_iter().map(|lane| (lane, 1_000_000)).collect(), quarantine: false }
}

/// As [`wide`], and one from quarantine.
pub(crate) fn wide_and_quarantine() -> Capacity {
    Capacity { quarantine: true, ..wide() }
}

pub(crate) fn job(id: &str, handle: &str, platform: &str, priority: Priority) -> Job {
    let target = Target { platform: PlatformId::new(platform), handle: handle.parse().unwrap() };
    Job { id: id.parse().unwrap(), target, priority, posts: 30, frame: Frame::Viewport }
}

/// A normal job on TikTok for a profile of its own.
pub(crate) fn plain(id: &str) -> Job {
    job(id, &format!("profile_{id}"), "tiktok", Priority::Normal)
}

pub(crate) fn id(text: &str) -> JobId {
    text.parse().unwrap()
}

/// Leases one job that must be there.
pub(crate) async fn lease(worker: &Worker) -> Lease {
    worker.try_lease_many(&wide_and_quarantine(), 1).await.unwrap().pop().unwrap()
}

/// Leases what is there, at most `most`, and tells the ids.
pub(crate) fn ids(leases: &[Lease]) -> Vec<&str> {
    leases.iter().map(|lease| lease.job().id.as_str()).collect()
}
