//! `sentinel demo`: the whole product on one machine, without the Internet. Private PostgreSQL and Redis, a loopback site
//! that plays both platforms, real Chromium, twenty profiles through the queue, and a check of every stored value
//! against the truth.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;

use super::exit::BadInput;
use super::progress::{Progress, say};
use super::{Surroundings, exit, output, table};
use crate::clock::{Clock, Rng};
use crate::config::Config;
use crate::engine::Service;
use crate::local::{Durability, Local, LocalConfig};
use crate::model::document::Document;
use crate::model::event::EventKind;
use crate::model::job::{DEFAULT_POSTS, Frame, Job, JobId, Priority, Target};
use crate::replica::{Replica, ReplicaOptions};

/// The demo's site is the same every time.
const SEED: u64 = 7;
/// The demo ends after this long even if something hangs.
const LONGEST: Duration = Duration::from_secs(240);

/// Crawl 20 profiles of a built-in replica site through every real part.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the demo's servers, screenshots and captures are kept.
    #[arg(long, default_value = ".data/demo", value_name = "DIR")]
    data: PathBuf,
}

/// Runs it.
///
/// # Errors
/// When a part cannot be started: the message names it and the package that brings it.
pub(super) async fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    std::fs::create_dir_all(&args.data)
        .map_err(|error| BadInput(format!("cannot create --data {}: {error}", args.data.display())))?;
    let data = std::fs::canonicalize(&args.data).with_context(|| format!("cannot use {}", args.data.display()))?;
    say("starting a private PostgreSQL and Redis, and the replica of both sites");
    let local = Local::start(&LocalConfig { folder: data.join("servers"), durability: Durability::Full }).await?;
    let replica = Replica::start(ReplicaOptions::seeded(SEED, Clock::system())).await?;
    let config = settings(surroundings, &data, &local, replica.base_url())?;
    let service = Service::start(config).await?;

    let crawled = tokio::time::timeout(LONGEST, crawl(&service, &replica)).await;
    let shown = match crawled {
        Ok(Ok(jobs)) => show(&service, &replica, &jobs, &data).await,
        Ok(Err(error)) => Err(error),
        Err(_) => Err(anyhow::anyhow!("the demo did not end within {} s", LONGEST.as_secs())),
    };
    service.stop().await;
    local.stop().await;
    shown
}

/// The operator's settings, with the demo's servers and site, and limits for a site that is our own.
fn settings(surroundings: &Surroundings, data: &Path, local: &Local, site: &str) -> anyhow::Result<Config> {
    let mut sources = surroundings.sources.clone();
    let mut set = |key: &str, value: &str| sources.variables.push((format!("SENTINEL__{key}"), value.to_owned()));
    set("STORE__URL", &local.postgres_url());
    set("QUEUE__URL", &local.redis_url());
    set("PLATFORM__TIKTOK__BASE_URL", site);
    set("PLATFORM__INSTAGRAM__BASE_URL", site);
    set("BLOB__KIND", "folder");
    set("BLOB__FOLDER", &data.join("blobs").to_string_lossy());
    set("GATE__PAGE_LOADS_PER_MINUTE", "6000");
    set("GATE__BURST_PAGE_LOADS", "3000");
    set("GATE__OPEN_AFTER_FAILURES", "100");
    set("GATE__REST_S", "1");
    set("GATE__REST_MAX_S", "1");
    set("ENGINE__RETRY__BACKOFF_FIRST_MS", "200");
    Ok(Config::load(&sources)?)
}

/// Submits every profile of the catalogue and waits until each is judged.
async fn crawl(service: &Service, replica: &Replica) -> anyhow::Result<Vec<(Target, JobId)>> {
    let (clock, rng) = (Clock::system(), Rng::from_seed(Rng::fresh_seed()));
    // From the last to the first: those who are told to wait stand at the end, and their waiting passes while others are crawled.
    let jobs: Vec<Job> = replica
        .handles()
        .into_iter()
        .rev()
        .map(|entry| Job {
            id: rng.job_id(clock.now()),
            target: Target { platform: entry.platform, handle: entry.handle },
            priority: Priority::Normal,
            posts: DEFAULT_POSTS,
            frame: Frame::Viewport,
        })
        .collect();
    let mut events = service.subscribe();
    say(&format!("submitting {} profiles to the queue", jobs.len()));
    service.services().submit(&jobs).await?;
    let progress = Progress::new(jobs.len());
    let mut open: Vec<JobId> = jobs.iter().map(|job| job.id.clone()).collect();
    while !open.is_empty() {
        match events.recv().await {
            Ok(event) => {
                progress.tell(&event);
                if let EventKind::JobDone { job, .. } | EventKind::JobBuried { job, .. } = &event.kind {
                    open.retain(|id| id != job);
                }
            }
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
            Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
        }
    }
    progress.end();
    Ok(jobs.into_iter().rev().map(|job| (job.target, job.id)).collect())
}

/// What was stored, held against the truth.
async fn show(service: &Service, replica: &Replica, jobs: &[(Target, JobId)], data: &Path) -> anyhow::Result<u8> {
    let mut documents = Vec::new();
    let mut right = 0;
    for (target, id) in jobs {
        let text = service.services().store.result(id).await?.and_then(|result| result.document);
        let Some(text) = text else {
            say(&format!("{target}: nothing was stored"));
            continue;
        };
        let document: Document = serde_json::from_str(&text)?;
        let truth = replica.truth(&target.platform, &target.handle);
        let wrong =
            truth.map_or_else(|| vec!["the replica does not know it".to_owned()], |truth| truth.complaints(&document));
        if wrong.is_empty() {
            right += 1;
        }
        for line in wrong.iter().take(5) {
            say(&format!("{target}: WRONG: {line}"));
        }
        documents.push(document);
    }
    output::text(&table::summaries(&documents))?;
    output::text(&format!(
        "\n{right} of {} profiles judged rightly: every stored value was held against the truth\n",
        jobs.len()
    ))?;
    output::text(&format!("screenshots and captures: {}\n", data.join("blobs").display()))?;
    output::text(&next(data))?;
    Ok(if right == jobs.len() { 0 } else { exit::FAILED })
}

/// Commands to try, as they can be pasted: the program need not be on the PATH.
fn next(data: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let short = |path: &Path| path.strip_prefix(&here).unwrap_or(path).display().to_string();
    let program = std::env::current_exe().map_or_else(|_| "sentinel".to_owned(), |path| short(&path));
    let servers = short(&data.join("servers"));
    format!(
        "
next:
  # what was stored of a profile
  SENTINEL__LOCAL__FOLDER={servers} {program} show @sunny.kitchen@tiktok
  # a real profile, now (needs the Internet)
  {program} crawl @nasa@tiktok --table
  # a worker pool with private servers of its own; in another terminal: {program} submit --wait @nasa@instagram
  {program} serve
"
    )
}
