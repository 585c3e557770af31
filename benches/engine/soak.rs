//! A long run with planted faults: thousands of crawls, in every 50th page a dying renderer, an endless script, a request that
//! never answers, a cut connection or a dialog, and now and then a browser killed. What must stay flat is noted at intervals and
//! drawn; what must be gone at the end is looked for.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::contender::{Stage, chromium, engine};
use crate::lines::Speaker;
use crate::tree::{self, Tree};

/// Faults, one after the other.
const FAULTS: [&str; 6] = ["renderer_crash", "endless_script", "hanging_page", "hanging_api", "cut_off", "dialog"];
/// Crawls submitted at a time.
const BATCH: usize = 50;
/// Crawls after which a browser is killed, in a long run; a short one has a few such deaths all the same.
const KILL_EVERY: usize = 250;
/// Descriptors that a resting engine may hold more than early in the run: connections that were opened when needed.
const MORE_DESCRIPTORS: usize = 16;
/// Crawls after which memory counts as settled.
const SETTLED: usize = 500;
/// Crawls from which a run is long enough that memory at its end must be within a tenth of what it was when settled.
const LONG: usize = 2000;
/// Shorter limits than the defaults, so that a fault costs seconds and not half a minute.
const LIMITS: [(&str, &str); 4] = [
    ("BROWSER__NAVIGATION_TIMEOUT_MS", "6000"),
    ("BROWSER__COMMAND_TIMEOUT_MS", "4000"),
    ("BROWSER__VISIT_TIMEOUT_MS", "20000"),
    ("ENGINE__ADMISSION__LATE_MS", "2000"),
];

/// What was seen at one moment.
#[derive(Debug, Clone, Copy, Default)]
struct Record {
    minute: f64,
    crawls: usize,
    own_mb: f64,
    chromium_mb: f64,
    processes: usize,
    defunct: usize,
    contexts: u64,
    descriptors: usize,
    disk_mb: f64,
}

/// Runs `crawls` crawls and reports; panics where a promise is broken.
pub(crate) fn soak(stage: &Stage, replica: &mut Speaker, crawls: usize, every: Duration, write: bool) {
    let profiles = stage.blobs.with_file_name("profiles");
    std::fs::create_dir_all(&profiles).expect("a folder for browser profiles");
    let folder = profiles.to_string_lossy().into_owned();
    let mut settings = LIMITS.to_vec();
    settings.push(("BROWSER__PROFILE_FOLDER", &folder));
    let mut speaker = engine(stage, &chromium(false).or_else(|| chromium(true)).expect("a Chromium"), &settings);
    let (began, mut noted) = (stage.clock.uptime(), Duration::ZERO);
    let (mut records, mut outcomes, mut contexts) = (Vec::new(), std::collections::BTreeMap::<String, usize>::new(), 0);
    let (mut done, mut kills, mut batches) = (0, 0, 0);
    let mut looks = Vec::new();
    while done < crawls {
        let kind = FAULTS[batches % FAULTS.len()];
        batches += 1;
        replica.say(&json!({ "clear": true }));
        let _ = replica.hear(Duration::from_secs(20));
        replica.say(&json!({ "fault": { "kind": kind, "every": 50 } }));
        let _ = replica.hear(Duration::from_secs(20));
        let urls: Vec<String> =
            (done..(done + BATCH).min(crawls)).map(|n| format!("{}/@creator_{}", stage.site, n % 700)).collect();
        speaker.say(&json!({ "urls": urls, "counters": true }));
        loop {
            let line = speaker.hear(Duration::from_secs(1));
            let now = stage.clock.uptime() - began;
            let tree = tree::look(speaker.pid(), true);
            looks.push(megabytes(&tree));
            if now >= noted + every || records.is_empty() {
                noted = now;
                let memory = medians(&std::mem::take(&mut looks));
                records.push(record(now, done, &tree, memory, contexts, &profiles));
            }
            let Some(line) = line else { continue };
            if line["done"] == true {
                break;
            }
            contexts = line["contexts"].as_u64().unwrap_or(contexts);
            if let Value::String(outcome) = &line["result"]["outcome"] {
                *outcomes.entry(outcome.clone()).or_default() += 1;
                done += 1;
                if done % KILL_EVERY.min(crawls.div_ceil(3)) == 0 {
                    kills += usize::from(kill_a_browser(speaker.pid()));
                }
            }
        }
    }
    speaker.say(&json!({ "rest": true }));
    let open = speaker.hear(Duration::from_secs(60)).unwrap_or_default()["contexts"].as_u64();
    let tree = tree::look(speaker.pid(), true);
    let (now, open_now) = (stage.clock.uptime() - began, open.unwrap_or(99));
    records.push(record(now, done, &tree, megabytes(&tree), open_now, &profiles));
    let defunct = tree::look(speaker.pid(), false).defunct;
    let (early, _) = settled_and_last(&records, |record| record.descriptors as f64);
    let resting = records.last().map_or(0, |record| record.descriptors);
    speaker.end();
    let left = std::fs::read_dir(&profiles).map_or(0, Iterator::count);
    let alive = processes_with(&folder);
    let text = report(&records, &outcomes, crawls, kills, (open, defunct, left, alive));
    println!("{text}");
    if write {
        let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
        std::fs::write(benches.join("SOAK.md"), &text).expect("the report is written");
        std::fs::write(benches.join("soak.svg"), plot(&records)).expect("the plot is written");
    }
    assert!(
        resting as f64 <= early + MORE_DESCRIPTORS as f64,
        "{early} descriptors early, {resting} at rest at the end"
    );
    assert_eq!(outcomes.values().sum::<usize>(), crawls, "every job ends");
    let grown =
        [settled_and_last(&records, |record| record.own_mb), settled_and_last(&records, |record| record.chromium_mb)];
    for (early, late) in grown {
        let flat = (late / early - 1.0).abs() <= 0.1;
        assert!(crawls < LONG || flat, "memory was {early:.1} MB when settled and is {late:.1} MB");
    }
    assert_eq!(
        (open, defunct, left, alive),
        (Some(0), 0, 0, 0),
        "contexts, defunct processes, folders, processes left"
    );
}

/// Our resident memory and Chromium's anonymous one.
fn megabytes(tree: &Tree) -> (f64, f64) {
    (tree.own_resident as f64 / 1e6, (tree.anonymous as f64 - tree.own_anonymous as f64) / 1e6)
}

/// The median of each: one moment says little of a Chromium whose pages come and go.
fn medians(looks: &[(f64, f64)]) -> (f64, f64) {
    let of = |get: fn(&(f64, f64)) -> f64| crate::contender::median(&mut looks.iter().map(get).collect::<Vec<_>>());
    (of(|look| look.0), of(|look| look.1))
}

fn record(
    now: Duration,
    crawls: usize,
    tree: &Tree,
    (own_mb, chromium_mb): (f64, f64),
    contexts: u64,
    profiles: &Path,
) -> Record {
    Record {
        minute: now.as_secs_f64() / 60.0,
        crawls,
        own_mb,
        chromium_mb,
        processes: tree.processes,
        defunct: tree.defunct,
        contexts,
        descriptors: tree.descriptors,
        disk_mb: size(profiles) as f64 / 1e6,
    }
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => size(&entry.path()),
            Ok(kind) if kind.is_file() => entry.metadata().map_or(0, |meta| meta.len()),
            Ok(_) | Err(_) => 0,
        })
        .sum()
}

/// Kills one browser, a child of the engine.
fn kill_a_browser(engine: u32) -> bool {
    let Some(browser) = tree::children(engine).first().copied() else { return false };
    std::process::Command::new("kill").args(["-9", &browser.to_string()]).status().is_ok_and(|status| status.success())
}

/// Processes whose command line names this folder.
fn processes_with(folder: &str) -> usize {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter(|entry| {
            std::fs::read(entry.path().join("cmdline"))
                .is_ok_and(|line| String::from_utf8_lossy(&line).contains(folder))
        })
        .count()
}

/// The value when memory had settled, and at the end, as the median of a few records.
fn settled_and_last(records: &[Record], of: impl Fn(&Record) -> f64) -> (f64, f64) {
    let total = records.last().map_or(0, |record| record.crawls);
    let from = SETTLED.min(total / 4);
    let some = |records: Vec<&Record>| {
        let mut values: Vec<f64> = records.into_iter().map(&of).collect();
        crate::contender::median(&mut values)
    };
    let early = some(records.iter().filter(|record| record.crawls >= from).take(5).collect());
    // The very last record is of a resting engine.
    let late = some(records.iter().rev().skip(1).take(5).collect());
    (early, late)
}

fn report(
    records: &[Record],
    outcomes: &std::collections::BTreeMap<String, usize>,
    crawls: usize,
    kills: usize,
    left: (Option<u64>, usize, usize, usize),
) -> String {
    let mut text = format!(
        "# Soak\n\nBy `make soak`: {crawls} crawls, a fault in every 50th page, {kills} browsers killed.\n\n![memory](soak.svg)\n\n"
    );
    let (own, own_end) = settled_and_last(records, |record| record.own_mb);
    let (chromium, chromium_end) = settled_and_last(records, |record| record.chromium_mb);
    let _ = writeln!(
        text,
        "Ours: {own:.1} MB when settled, {own_end:.1} MB at the end ({:+.1} %). Chromium: {chromium:.0} MB, {chromium_end:.0} MB ({:+.1} %).\n",
        (own_end / own - 1.0) * 100.0,
        (chromium_end / chromium - 1.0) * 100.0
    );
    let _ = writeln!(
        text,
        "Left over: {} contexts, {} defunct processes, {} profile folders, {} processes. Outcomes: {outcomes:?}.\n",
        left.0.map_or("?".to_owned(), |open| open.to_string()),
        left.1,
        left.2,
        left.3
    );
    text += "| minute | crawls | our MB | Chromium's MB | processes | defunct | contexts | our descriptors | profiles on disk, MB |\n|---|---|---|---|---|---|---|---|---|\n";
    for record in records {
        let _ = writeln!(
            text,
            "| {:.1} | {} | {:.1} | {:.0} | {} | {} | {} | {} | {:.1} |",
            record.minute,
            record.crawls,
            record.own_mb,
            record.chromium_mb,
            record.processes,
            record.defunct,
            record.contexts,
            record.descriptors,
            record.disk_mb
        );
    }
    text
}

/// Both memories over the crawls.
fn plot(records: &[Record]) -> String {
    let (width, height, left, bottom) = (900.0, 320.0, 60.0, 40.0);
    let most_crawls = records.last().map_or(1, |record| record.crawls.max(1)) as f64;
    let most_mb = records.iter().map(|record| record.chromium_mb.max(record.own_mb)).fold(1.0, f64::max) * 1.1;
    let x = |record: &Record| left + record.crawls as f64 / most_crawls * (width - left - 20.0);
    let y = |mb: f64| height - bottom - mb / most_mb * (height - bottom - 20.0);
    let line = |of: fn(&Record) -> f64, colour: &str| {
        let points: Vec<String> =
            records.iter().map(|record| format!("{:.1},{:.1}", x(record), y(of(record)))).collect();
        format!("<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>", points.join(" "))
    };
    let mut marks = String::new();
    for part in 0..=4 {
        let mb = most_mb * f64::from(part) / 4.0;
        let _ = write!(
            marks,
            "<line x1=\"{left}\" x2=\"{}\" y1=\"{1:.1}\" y2=\"{1:.1}\" stroke=\"#ddd\"/><text x=\"8\" y=\"{1:.1}\">{mb:.0} MB</text>",
            width - 20.0,
            y(mb)
        );
        let crawls = most_crawls * f64::from(part) / 4.0;
        let _ = write!(
            marks,
            "<text x=\"{:.1}\" y=\"{}\">{crawls:.0}</text>",
            left + f64::from(part) / 4.0 * (width - left - 60.0),
            height - 18.0
        );
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\"><rect width=\"100%\" height=\"100%\" fill=\"white\"/>{marks}{}{}<text x=\"{left}\" y=\"14\" fill=\"#c33\">Chromium, anonymous</text><text x=\"{}\" y=\"14\" fill=\"#36c\">our process, resident</text><text x=\"{}\" y=\"{}\">crawls</text></svg>\n",
        line(|record| record.chromium_mb, "#c33"),
        line(|record| record.own_mb, "#36c"),
        left + 200.0,
        width - 60.0,
        height - 4.0,
    )
}
