//! The same with nothing scripted: real Chromium on the replica of both sites, workers and browsers killed.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::path::Path;
use std::time::Duration;

use social_sentinel::clock::{Clock, Rng};
use social_sentinel::model::document::{Document, Outcome};
use social_sentinel::model::job::{Frame, Job, Priority, Target};
use social_sentinel::process::Spawn;
use social_sentinel::replica::{Replica, ReplicaOptions, Site};

use super::stage::{Stage, WorkerProcess, kill, sized};
use super::worker::REAL;

/// Browsers whose profile folder is within ours, by their process ids. A browser's helpers have a `--type`.
fn browsers(folder: &Path, helpers: bool) -> Vec<u32> {
    let folder = folder.to_string_lossy().into_owned();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line);
        if line.contains(&format!("--user-data-dir={folder}")) && (helpers || !line.contains("--type=")) {
            found.push(pid);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn real_browsers_die_and_every_profile_is_recorded_once() {
    let (count, kills) = sized((300, 20), (12, 4));
    let replica = Replica::start(ReplicaOptions::seeded(11, Clock::system())).await.unwrap();
    let profiles = tempfile::Builder::new().prefix("sentinel-chaos-").tempdir().unwrap();
    let folder = profiles.path().display().to_string();
    let settings = [
        ("PLATFORM__TIKTOK__BASE_URL", replica.base_url()),
        ("PLATFORM__INSTAGRAM__BASE_URL", replica.base_url()),
        ("BROWSER__PROFILE_FOLDER", folder.as_str()),
        ("BROWSER__PROCESSES", "1"),
        ("ENGINE__WORKERS", "2"),
        ("ENGINE__RETRY__RETRIES", "20"),
        ("ENGINE__RETRY__BACKOFF_MAX_MS", "1000"),
        ("GATE__REST_S", "1"),
        ("QUEUE__LEASE_MS", "5000"),
        ("QUEUE__HEARTBEAT_MS", "1000"),
        ("QUEUE__RECLAIM_MS", "1000"),
    ];
    let mut stage = Stage::new(&settings).await;
    let jobs: Vec<Job> = (0..count)
        .map(|n| {
            let site = if n % 2 == 0 { Site::TikTok } else { Site::Instagram };
            let target = Target { platform: site.platform(), handle: format!("creator_{n}").parse().unwrap() };
            let id = format!("real-{n}").parse().unwrap();
            Job { id, target, priority: Priority::Normal, posts: 12, frame: Frame::Viewport }
        })
        .collect();
    stage.services.submit(&jobs).await.unwrap();
    let mut workers: Vec<WorkerProcess> = Vec::new();
    for _ in 0..2 {
        let seat = stage.worker().await;
        let at = kill(seat).await;
        workers.push(stage.worker_at(at, &[(REAL, "1")]));
    }
    let rng = Rng::from_seed(5);
    let begin = stage.clock.uptime();
    let (mut killed_workers, mut killed_browsers) = (0, 0);
    let mut done_at_last_kill = 0;
    loop {
        let states = stage.states().await;
        let over: u64 = ["done", "dead"].iter().filter_map(|state| states.get(*state)).sum();
        let over = usize::try_from(over).unwrap();
        let killed = killed_workers + killed_browsers;
        // Spread over the run: the next one after so many more jobs.
        if killed < kills && over >= done_at_last_kill {
            done_at_last_kill = over + count / (kills + 2);
            if killed % 2 == 0 {
                let alive = browsers(profiles.path(), false);
                if !alive.is_empty() {
                    let pid = alive[usize::try_from(rng.bits()).unwrap_or(usize::MAX) % alive.len()];
                    Spawn::new("kill")
                        .args(["-s", "KILL", &pid.to_string()])
                        .piped_stderr()
                        .unwrap()
                        .wait()
                        .await
                        .unwrap();
                    killed_browsers += 1;
                }
            } else {
                let seat = kill(workers.remove(0)).await;
                workers.push(stage.worker_at(seat, &[(REAL, "1")]));
                killed_workers += 1;
            }
        }
        if over >= count {
            break;
        }
        assert!(stage.clock.uptime() - begin < Duration::from_secs(sized(800, 170)), "{states:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let took = stage.clock.uptime() - begin;
    for worker in workers {
        worker.child.stop("TERM", Duration::from_secs(30)).await;
    }
    let begin = stage.clock.uptime();
    while !browsers(profiles.path(), true).is_empty() && stage.clock.uptime() - begin < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let left = browsers(profiles.path(), true).len();
    let mut wrong = 0;
    for job in &jobs {
        let result = stage.services.store.result(&job.id).await.unwrap().unwrap();
        let document: Document = serde_json::from_str(result.document.as_deref().unwrap_or("null")).unwrap();
        let truth = replica.truth(&job.target.platform, &job.target.handle).unwrap();
        let complaints = truth.complaints(&document);
        if let Some(first) = complaints.first() {
            eprintln!("{}: {} of {} posts, {first}", job.target, document.posts.len(), document.coverage.requested);
            // A list that a kill cut short is told as partial; a document that says it is whole must be.
            wrong += usize::from(document.outcome == Outcome::Ok);
        }
    }
    let one = |sql: &'static str| {
        let pool = stage.pool.clone();
        async move { sqlx::query_scalar::<_, i64>(sql).fetch_one(&pool).await.unwrap() }
    };
    let profiles = one("select count(*) from profiles").await;
    let doubled =
        one("select count(*) from (select from posts group by platform, post_id having count(*) > 1) as twice").await;
    eprintln!(
        "chaos Chromium: {count} jobs in {took:.1?}, {killed_workers} workers and {killed_browsers} browsers killed; {} records, {profiles} profiles, {doubled} doubled posts, {wrong} wrong documents, {} stale writes refused, {left} processes left",
        stage.effects().await,
        stage.refused(),
    );
    assert_eq!((stage.effects().await, usize::try_from(profiles).unwrap()), (count, count));
    assert_eq!((doubled, wrong, left), (0, 0, 0));
}
