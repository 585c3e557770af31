//! Politeness in the whole product: real Chromium, Redis and PostgreSQL against the replica, which keeps a book of every
//! request it got. What the engine did is read from that book and from the tables, never from the engine.
//!
//! `make test` runs each with short times; `make polite` runs the long ones (ignored here) with the numbers of the promise.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

mod hostile;
mod limit;
mod manners;
mod sentences;
mod throttled;
mod walls;

use std::time::Duration;

use chrono::{DateTime, Utc};
use social_sentinel::clock::{Clock, Rng};
use social_sentinel::config::Config;
use social_sentinel::engine::Service;
use social_sentinel::model::document::Outcome;
use social_sentinel::model::event::{Event, EventKind};
use social_sentinel::model::job::{Frame, Job, JobId, Priority, Target};
use social_sentinel::replica::{Replica, ReplicaOptions, RequestKind, SeenRequest, Site};
use tokio::sync::broadcast;

use crate::support::servers::{fresh_database_url, redis_prefix, servers};

/// A replica, and settings that send everything to it and to servers of the test's own.
struct Stage {
    replica: Replica,
    config: Config,
    _folder: tempfile::TempDir,
}

/// Limits that nothing here meets; a test that is about them lowers them.
async fn stage(seed: u64) -> Stage {
    let replica = Replica::start(ReplicaOptions::seeded(seed, Clock::system())).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let redis_url = tokio::task::spawn_blocking(|| servers().redis_url.clone()).await.unwrap();
    let mut config = Config::builtin().unwrap();
    for section in config.platform.values_mut() {
        section.base_url = replica.base_url().parse().unwrap();
    }
    config.store.url = fresh_database_url().await.into();
    (config.queue.url, config.queue.prefix) = (redis_url, redis_prefix());
    config.blob.folder = folder.path().join("blobs");
    config.browser.processes = 1;
    config.engine.workers = 4;
    (config.gate.page_loads_per_minute, config.gate.burst_page_loads) = (60_000, 60_000);
    (config.engine.retry.backoff_first_ms, config.engine.retry.backoff_max_ms) = (200, 1_000);
    Stage { replica, config, _folder: folder }
}

fn job(site: Site, handle: &str, posts: u16) -> Job {
    let target = Target { platform: site.platform(), handle: handle.parse().unwrap() };
    let id = Rng::from_seed(Rng::fresh_seed()).job_id(Clock::system().now());
    Job { id, target, priority: Priority::Normal, posts, frame: Frame::Viewport }
}

/// How each job ended, and all that was told until then.
struct Told {
    done: Vec<(JobId, Outcome)>,
    buried: Vec<(JobId, String)>,
    postponed: usize,
}

/// Listens until so many jobs are over.
async fn until_over(events: &mut broadcast::Receiver<Event>, jobs: usize) -> Told {
    let mut told = Told { done: Vec::new(), buried: Vec::new(), postponed: 0 };
    let all = async {
        while told.done.len() + told.buried.len() < jobs {
            let event = events.recv().await.unwrap().kind;
            if let EventKind::JobDone { job, outcome, .. } = event {
                told.done.push((job, outcome));
            } else if let EventKind::JobBuried { job, reason } = event {
                told.buried.push((job, reason));
            } else if let EventKind::JobPostponed { .. } = event {
                told.postponed += 1;
            }
        }
    };
    let over = tokio::time::timeout(Duration::from_secs(300), all).await.is_ok();
    assert!(over, "{} of {jobs} jobs are over after 300 s", told.done.len() + told.buried.len());
    told
}

/// Submits and waits until all are over.
async fn crawl(service: &Service, jobs: &[Job]) -> Told {
    let mut events = service.subscribe();
    service.services().submit(jobs).await.unwrap();
    until_over(&mut events, jobs.len()).await
}

/// The page loads of one site, oldest first.
fn page_loads(replica: &Replica, site: Site) -> Vec<SeenRequest> {
    let log = replica.control().requests();
    let is_page = |seen: &&SeenRequest| matches!(seen.kind, RequestKind::ProfilePage | RequestKind::PostPage);
    log.requests.iter().filter(|seen| seen.platform == Some(site.name())).filter(is_page).cloned().collect()
}

/// The most of these times that lie within any window of this length.
fn most_within(times: &[DateTime<Utc>], window: Duration) -> usize {
    let window = chrono::Duration::from_std(window).unwrap();
    let ending_at = |end: &DateTime<Utc>| times.iter().filter(|at| *at <= end && **at + window > *end).count();
    times.iter().map(ending_at).max().unwrap_or(0)
}
