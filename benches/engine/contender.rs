//! Who is measured, and one measured run of one of them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use social_sentinel::clock::Clock;

use crate::lines::Speaker;
use crate::tree::{self, Meter};

/// Pages crawled before the measurement begins: the browser is up, its caches are warm, the JIT of node has run.
const WARM: usize = 4;
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(300);
/// No run takes longer.
const LONGEST: Duration = Duration::from_secs(300);

/// A way of doing the work.
#[derive(Debug, Clone)]
pub(crate) struct Contender {
    /// Its name in tables and on the command line.
    pub(crate) name: &'static str,
    pub(crate) who: Who,
    /// Full Chromium in place of the headless shell.
    pub(crate) full: bool,
    pub(crate) platform: &'static str,
    /// Settings for the engine, environment for the peers.
    pub(crate) settings: &'static [(&'static str, &'static str)],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    Engine,
    Bare,
    Crawlee,
}

const fn on(
    name: &'static str,
    who: Who,
    full: bool,
    platform: &'static str,
    settings: &'static [(&'static str, &'static str)],
) -> Contender {
    Contender { name, who, full, platform, settings }
}

/// Everyone.
pub(crate) const ALL: [Contender; 14] = [
    on("fast", Who::Engine, false, "tiktok", &[]),
    on("best", Who::Engine, false, "tiktok", &[("SCREENSHOT__PROFILE", "best")]),
    on("lean", Who::Engine, false, "tiktok", &[("ENGINE__PICTURES", "lean")]),
    on("none", Who::Engine, false, "tiktok", &[("ENGINE__PICTURES", "none")]),
    on("bare", Who::Bare, false, "tiktok", &[]),
    on("bare-blocking", Who::Bare, false, "tiktok", &[("BLOCK", "1")]),
    on("crawlee", Who::Crawlee, false, "tiktok", &[]),
    on("crawlee-defaults", Who::Crawlee, false, "tiktok", &[("DEFAULTS", "1")]),
    on("full-fast", Who::Engine, true, "tiktok", &[]),
    on("full-bare", Who::Bare, true, "tiktok", &[]),
    on("full-crawlee", Who::Crawlee, true, "tiktok", &[]),
    on("ig-fast", Who::Engine, false, "instagram", &[("GATE__PAGE_LOADS_PER_CRAWL", "1")]),
    on("ig-bare", Who::Bare, false, "instagram", &[]),
    on("ig-crawlee", Who::Crawlee, false, "instagram", &[]),
];

/// What stands around the contenders and is not counted.
pub(crate) struct Stage {
    pub(crate) clock: Clock,
    pub(crate) site: String,
    pub(crate) database: String,
    pub(crate) redis: String,
    pub(crate) blobs: PathBuf,
    pub(crate) peers: PathBuf,
    pub(crate) at_once: usize,
}

/// One measured run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    pub(crate) cpu_s: f64,
    pub(crate) own_cpu_s: f64,
    pub(crate) per_minute: f64,
    pub(crate) latency_ms: f64,
    pub(crate) anonymous_mb: f64,
    pub(crate) own_mb: f64,
    /// The latest heartbeat of the run.
    pub(crate) heartbeat_late_s: f64,
    pub(crate) bytes_kb: f64,
    pub(crate) requests: f64,
    pub(crate) largest_picture: u64,
    pub(crate) complete: usize,
    pub(crate) right: Option<usize>,
    pub(crate) of: usize,
    pub(crate) wrong: Vec<String>,
}

/// The programs that are on this machine.
pub(crate) fn chromium(full: bool) -> Option<PathBuf> {
    let places: &[&str] = if full {
        &["/usr/lib/chromium/chromium", "/usr/bin/chromium"]
    } else {
        &["/usr/lib/chromium/chromium-headless-shell", "/usr/bin/chromium-headless-shell"]
    };
    places.iter().map(PathBuf::from).find(|path| path.is_file())
}

/// Starts the engine with these settings.
pub(crate) fn engine(stage: &Stage, chrome: &Path, settings: &[(&str, &str)]) -> Speaker {
    let own = std::env::current_exe().expect("our own path");
    let mut command = Command::new(own);
    command.arg("--role").arg("engine");
    let workers = stage.at_once.to_string();
    let (chrome, blobs) = (chrome.to_string_lossy(), stage.blobs.to_string_lossy());
    let set: [(&str, &str); 16] = [
        ("STORE__URL", &stage.database),
        ("QUEUE__URL", &stage.redis),
        ("BLOB__FOLDER", &blobs),
        ("BROWSER__EXECUTABLE", &chrome),
        ("BROWSER__NO_SANDBOX", "true"),
        ("PLATFORM__TIKTOK__BASE_URL", &stage.site),
        ("PLATFORM__INSTAGRAM__BASE_URL", &stage.site),
        ("ENGINE__WORKERS", &workers),
        ("GATE__PAGE_LOADS_PER_MINUTE", "60000"),
        ("GATE__BURST_PAGE_LOADS", "60000"),
        ("GATE__CONCURRENT_CRAWLS", "64"),
        ("GATE__OPEN_AFTER_FAILURES", "1000"),
        ("GATE__ROBOTS", "ignore"),
        ("GATE__REST_S", "1"),
        ("ENGINE__RETRY__BACKOFF_FIRST_MS", "200"),
        ("ENGINE__RETRY__BACKOFF_MAX_MS", "1000"),
    ];
    for (key, value) in set.iter().chain(settings) {
        command.env(format!("SENTINEL__{key}"), value);
    }
    Speaker::start("engine", &mut command)
}

fn peer(stage: &Stage, contender: &Contender, chrome: &Path) -> Speaker {
    let script = if contender.who == Who::Bare { "bare.mjs" } else { "crawlee.mjs" };
    let mut command = Command::new("node");
    command.arg(stage.peers.join(script)).env("CHROME", chrome).env("NODE_ENV", "production");
    command.envs(contender.settings.iter().copied());
    Speaker::start(contender.name, &mut command)
}

fn urls(stage: &Stage, contender: &Contender, from: usize, count: usize) -> Vec<String> {
    let mark = if contender.platform == "tiktok" { ("@", "") } else { ("", "/") };
    (from..from + count).map(|n| format!("{}/{}creator_{n}{}", stage.site, mark.0, mark.1)).collect()
}

/// Runs a contender once over `count` profiles.
pub(crate) fn run(stage: &Stage, replica: &mut Speaker, contender: &Contender, count: usize) -> Option<Run> {
    let chrome = chromium(contender.full)?;
    let mut speaker = match contender.who {
        Who::Engine => engine(stage, &chrome, contender.settings),
        Who::Bare | Who::Crawlee => peer(stage, contender, &chrome),
    };
    speaker.say(&json!({ "urls": urls(stage, contender, 9_000, WARM), "at_once": stage.at_once }));
    await_done(stage, &speaker, None);
    replica.say(&json!({ "clear": true }));
    let _ = replica.hear(LONGEST);

    let mut run = Run { of: count, ..Run::default() };
    let meter = Meter::start(speaker.pid());
    let (before, began) = (meter.read(), stage.clock.uptime());
    speaker.say(&json!({ "urls": urls(stage, contender, 1, count), "at_once": stage.at_once }));
    await_done(stage, &speaker, Some(&mut run));
    let took = stage.clock.uptime() - began;
    let after = meter.read();
    drop(meter);
    replica.say(&json!({ "read": true }));
    let seen = replica.hear(LONGEST).unwrap_or_default();

    let per = |value: f64| value / count as f64;
    run.cpu_s = per(after.0 - before.0);
    run.own_cpu_s = per(after.1 - before.1);
    run.per_minute = count as f64 * 60.0 / took.as_secs_f64();
    run.bytes_kb = per(seen["bytes"].as_f64().unwrap_or(0.0)) / 1e3;
    run.requests = per(seen["requests"].as_f64().unwrap_or(0.0));
    if contender.who == Who::Engine {
        speaker.say(&json!({ "check": true }));
        let checked = speaker.hear(LONGEST).unwrap_or_default()["checked"].take();
        run.right = checked["right"].as_u64().and_then(|right| usize::try_from(right).ok());
        run.largest_picture = checked["largest_picture"].as_u64().unwrap_or(0);
        run.wrong = serde_json::from_value(checked["wrong"].clone()).unwrap_or_default();
    }
    speaker.end();
    Some(run)
}

/// Waits for the end of an order; notes results and memory on the way.
fn await_done(stage: &Stage, speaker: &Speaker, run: Option<&mut Run>) {
    let (mut latencies, mut memory, mut own) = (Vec::new(), Vec::new(), Vec::new());
    let (mut complete, mut picture) = (0, 0);
    let late;
    let (began, mut looked) = (stage.clock.uptime(), stage.clock.uptime());
    loop {
        let line = speaker.hear(LOOK);
        let now = stage.clock.uptime();
        assert!(now - began < LONGEST, "a run did not end");
        if run.is_some() && now - looked >= LOOK {
            let tree = tree::look(speaker.pid(), true);
            memory.push(tree.anonymous as f64 / 1e6);
            own.push(tree.own_resident as f64 / 1e6);
            looked = now;
        }
        let Some(line) = line else { continue };
        if line["done"] == true {
            late = line["heartbeat_late_s"].as_f64().unwrap_or(0.0);
            break;
        }
        let result = &line["result"];
        latencies.push(result["ms"].as_f64().unwrap_or(0.0));
        complete += usize::from(result["posts"].as_u64().is_some_and(|posts| posts >= 30));
        picture = picture.max(result["picture"].as_u64().unwrap_or(0));
        if let Value::String(reason) = &result["failed"] {
            eprintln!("a page failed: {reason}");
        }
    }
    if let Some(run) = run {
        run.latency_ms = median(&mut latencies);
        run.anonymous_mb = median(&mut memory);
        run.own_mb = median(&mut own);
        run.heartbeat_late_s = late;
        run.complete = complete;
        run.largest_picture = picture;
    }
}

/// The value in the middle; 0 of nothing.
pub(crate) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}
