//! The processes that are measured and the one that is not: the engine as a service, from Redis to PostgreSQL, and the
//! replica. Both take their settings from the environment and their orders by lines.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::BufRead as _;

use serde_json::{Value, json};
use social_sentinel::clock::{Clock, Rng};
use social_sentinel::config::{Config, Sources};
use social_sentinel::engine::Service;
use social_sentinel::model::document::Document;
use social_sentinel::model::event::EventKind;
use social_sentinel::model::job::{Frame, Job, JobId, PlatformId, Priority, Target};
use social_sentinel::replica::{Replica, ReplicaOptions, Weight};
use tokio::sync::mpsc;

/// Every run sees the same site.
const SEED: u64 = 20_261_121;

fn say(value: &Value) {
    println!("{value}");
}

/// Our orders, read on a thread of their own; the channel ends with the input.
fn orders() -> mpsc::UnboundedReceiver<Value> {
    let (sender, orders) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if let Ok(order) = serde_json::from_str(&line) {
                let _ = sender.send(order);
            }
        }
    });
    orders
}

fn options() -> ReplicaOptions {
    ReplicaOptions { weight: Weight::Heavy, ..ReplicaOptions::seeded(SEED, Clock::system()) }
}

/// Serves the heavy pages until the input ends.
pub(crate) async fn replica() {
    let replica = Replica::start(options()).await.expect("the replica starts");
    say(&json!({ "base_url": replica.base_url() }));
    let mut orders = orders();
    while let Some(order) = orders.recv().await {
        let control = replica.control();
        if order["clear"] == true {
            control.clear_requests();
            say(&json!({ "cleared": true }));
        } else if let Ok(rule) = serde_json::from_value(order["fault"].clone()) {
            control.clear_faults();
            control.fault(rule);
            say(&json!({ "planted": true }));
        } else if order["clear_faults"] == true {
            control.clear_faults();
            say(&json!({ "cleared": true }));
        } else {
            let log = control.requests();
            let bytes: usize = log.requests.iter().map(|request| request.bytes).sum();
            say(&json!({ "requests": log.total, "bytes": bytes }));
        }
    }
}

/// Crawls what it is told to, through the queue.
pub(crate) async fn engine() {
    let config = Config::load(&Sources::process(None)).expect("the settings stand");
    let site = config.platform["tiktok"].base_url.to_string();
    let service = Service::start(config).await.expect("the service starts");
    let mut orders = orders();
    let mut done: Vec<(Target, JobId)> = Vec::new();
    while let Some(order) = orders.recv().await {
        if order["rest"] == true {
            tokio::time::sleep(std::time::Duration::from_secs(3)).await;
            say(&json!({ "contexts": service.browser().contexts }));
        } else if order["check"] == true {
            check(&service, &done, &site).await;
        } else {
            let late = Cell::new(0.0);
            done = tokio::select! {
                crawled = crawl(&service, &order) => crawled,
                () = watch_heartbeats(&service, &late) => Vec::new(),
            };
            say(&json!({ "done": true, "heartbeat_late_s": late.get() }));
        }
    }
    service.stop().await;
}

/// Notes how late the latest heartbeat was, in seconds; it never ends.
async fn watch_heartbeats(service: &Service, latest: &Cell<f64>) {
    loop {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let text = service.metrics().encode();
        let lines = text.lines().filter(|line| line.contains("heartbeat_delay") && !line.starts_with('#'));
        let delays = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        latest.set(delays.fold(latest.get(), f64::max));
    }
}

fn target(url: &str) -> Target {
    let path = url.rsplit_once("://").and_then(|(_, rest)| rest.split_once('/')).map_or("", |(_, path)| path);
    let (platform, handle) = match path.strip_prefix('@') {
        Some(handle) => ("tiktok", handle),
        None => ("instagram", path.trim_end_matches('/')),
    };
    Target { platform: PlatformId::new(platform), handle: handle.parse().expect("a handle") }
}

async fn crawl(service: &Service, order: &Value) -> Vec<(Target, JobId)> {
    let (clock, rng) = (Clock::system(), Rng::from_seed(Rng::fresh_seed()));
    let urls = order["urls"].as_array().cloned().unwrap_or_default();
    let jobs: Vec<Job> = urls
        .iter()
        .filter_map(Value::as_str)
        .map(|url| Job {
            id: rng.job_id(clock.now()),
            target: target(url),
            priority: Priority::Normal,
            posts: 30,
            frame: Frame::Viewport,
        })
        .collect();
    let mut events = service.subscribe();
    service.services().submit(&jobs).await.expect("the ledger takes them");
    let mut open: HashMap<JobId, Option<chrono::DateTime<chrono::Utc>>> =
        jobs.iter().map(|job| (job.id.clone(), None)).collect();
    while !open.is_empty() {
        let event = match events.recv().await {
            Ok(event) => event,
            Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => continue,
            Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
        };
        let (job, posts, outcome) = match event.kind {
            EventKind::JobStarted { job, .. } => {
                open.entry(job).and_modify(|began| *began = began.or(Some(event.at)));
                continue;
            }
            EventKind::JobDone { job, posts, outcome, .. } => (job, posts, outcome.as_str()),
            EventKind::JobBuried { job, .. } => (job, 0, "buried"),
            _ => continue,
        };
        if order["counters"] == true {
            say(&json!({ "contexts": service.browser().contexts }));
        }
        if let Some(began) = open.remove(&job) {
            let ms = began.map_or(0, |began| (event.at - began).num_milliseconds());
            say(&json!({ "result": { "ms": ms, "posts": posts, "outcome": outcome } }));
        }
    }
    jobs.into_iter().map(|job| (job.target, job.id)).collect()
}

/// Holds what was stored against the truth, outside the measured time.
async fn check(service: &Service, done: &[(Target, JobId)], site: &str) {
    let truth = Replica::start(options()).await.expect("a replica for its truth");
    let (mut right, mut picture, mut wrong) = (0, 0_u64, Vec::new());
    for (target, id) in done {
        let result = service.services().store.result(id).await.expect("the ledger answers");
        let Some(text) = result.and_then(|result| result.document) else {
            wrong.push(format!("{target}: nothing was stored"));
            continue;
        };
        let text = text.replace(site.trim_end_matches('/'), truth.base_url());
        let document: Document = serde_json::from_str(&text).expect("a document");
        picture = picture.max(document.screenshot.as_ref().map_or(0, |screenshot| screenshot.bytes));
        let complaints = truth.truth(&target.platform, &target.handle).map(|truth| truth.complaints(&document));
        match complaints.as_deref() {
            Some([]) => right += 1,
            Some(list) => wrong.push(format!("{target}: {}", list.join("; "))),
            None => wrong.push(format!("{target}: unknown")),
        }
    }
    say(&json!({ "checked": { "right": right, "of": done.len(), "largest_picture": picture, "wrong": wrong } }));
}
