//! The figures as tables: absolute ones, and the ratios that the promises are about.

use std::fmt::Write as _;
use std::process::Command;

use crate::contender::{Contender, Run, chromium, median};

/// A contender and all its runs.
pub(crate) type Runs = (Contender, Vec<Run>);

fn of(runs: &[Run], value: impl Fn(&Run) -> f64) -> f64 {
    median(&mut runs.iter().map(value).collect::<Vec<_>>())
}

/// Medians over the rounds.
pub(crate) fn figures(all: &[Runs]) -> String {
    let mut text = "| who | binary | page | CPU-s per profile | of it our own | profiles a minute | median latency, ms | anonymous MB | own MB | sent, kB | requests | picture, bytes | complete | right |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n".to_owned();
    for (contender, runs) in all {
        let right = runs.iter().map(|run| run.right).sum::<Option<usize>>();
        let total: usize = runs.iter().map(|run| run.of).sum();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.3} | {:.3} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {} | {}/{total} | {} |",
            contender.name,
            if contender.full { "chromium" } else { "headless-shell" },
            contender.platform,
            of(runs, |run| run.cpu_s),
            of(runs, |run| run.own_cpu_s),
            of(runs, |run| run.per_minute),
            of(runs, |run| run.latency_ms),
            of(runs, |run| run.anonymous_mb),
            of(runs, |run| run.own_mb),
            of(runs, |run| run.bytes_kb),
            of(runs, |run| run.requests),
            runs.iter().map(|run| run.largest_picture).max().unwrap_or(0),
            runs.iter().map(|run| run.complete).sum::<usize>(),
            right.map_or("-".to_owned(), |right| format!("{right}/{total}")),
        );
    }
    text
}

/// (what, of whom, over whom, of which figure, the promise, whether the promise is a least)
type Promise = (&'static str, &'static str, &'static str, fn(&Run) -> f64, f64, bool);

const PROMISES: [Promise; 15] = [
    ("CPU, fast / bare loop", "fast", "bare", |run| run.cpu_s, 0.85, false),
    ("CPU, fast / Crawlee", "fast", "crawlee", |run| run.cpu_s, 0.52, false),
    ("CPU, fast / Crawlee as it comes", "fast", "crawlee-defaults", |run| run.cpu_s, 0.52, false),
    ("CPU, fast / Crawlee on full Chromium", "fast", "full-crawlee", |run| run.cpu_s, 0.25, false),
    ("CPU, lean / bare loop", "lean", "bare", |run| run.cpu_s, 0.78, false),
    ("CPU, no screenshot / bare loop", "none", "bare", |run| run.cpu_s, 0.55, false),
    ("profiles a minute, fast / Crawlee", "fast", "crawlee", |run| run.per_minute, 2.0, true),
    ("profiles a minute, fast / Crawlee as it comes", "fast", "crawlee-defaults", |run| run.per_minute, 2.0, true),
    ("anonymous memory, fast / Crawlee", "fast", "crawlee", |run| run.anonymous_mb, 0.55, false),
    ("anonymous memory, lean / Crawlee", "lean", "crawlee", |run| run.anonymous_mb, 0.50, false),
    ("CPU, Instagram, fast / bare loop", "ig-fast", "ig-bare", |run| run.cpu_s, 0.85, false),
    ("CPU, full Chromium, fast / bare loop", "full-fast", "full-bare", |run| run.cpu_s, 0.85, false),
    ("bytes, fast / bare loop", "fast", "bare", |run| run.bytes_kb, 1.0, false),
    ("our own CPU / the tree's", "fast", "fast", |run| run.own_cpu_s / run.cpu_s, 0.12, false),
    ("latency, fast / bare loop", "fast", "bare", |run| run.latency_ms, 1.0, false),
];

/// Each promise with the median of the rounds' ratios: in one round both stood under the same load.
pub(crate) fn ratios(all: &[Runs]) -> String {
    let mut text = "| ratio | measured | promised | kept |\n|---|---|---|---|\n".to_owned();
    let runs_of = |name: &str| all.iter().find(|(contender, _)| contender.name == name).map(|(_, runs)| runs);
    for (what, left, right, figure, promise, least) in PROMISES {
        let (Some(lefts), Some(rights)) = (runs_of(left), runs_of(right)) else { continue };
        let mut ratios: Vec<f64> = if left == right {
            lefts.iter().map(figure).collect()
        } else {
            lefts.iter().zip(rights).map(|(left, right)| figure(left) / figure(right)).collect()
        };
        let ratio = median(&mut ratios);
        let kept = if least { ratio >= promise } else { ratio <= promise };
        let sign = if least { "at least" } else { "at most" };
        let _ = writeln!(text, "| {what} | {ratio:.3} | {sign} {promise:.2} | {} |", if kept { "yes" } else { "no" });
    }
    text
}

/// Machine and versions, without any name of either.
pub(crate) fn machine(rounds: usize, profiles: usize, at_once: usize) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1e6;
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let version = |program: &str, flag: &str| {
        let said =
            Command::new(program).arg(flag).output().map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned());
        said.ok().and_then(|text| text.lines().next().map(str::to_owned)).unwrap_or_else(|| "absent".to_owned())
    };
    let chrome = chromium(true)
        .or_else(|| chromium(false))
        .map_or("absent".to_owned(), |path| version(&path.to_string_lossy(), "--version"));
    format!(
        "{rounds} interleaved rounds of {profiles} profiles, {at_once} at a time, medians. {cores} cores ({cpu}), {memory:.0} GB, load before: {}. {chrome}; node {}; {}; {}; {}. Crawlee and playwright-core as pinned in benches/engine/package.json.\n",
        load.split(' ').next().unwrap_or_default(),
        version("node", "--version"),
        version("rustc", "--version"),
        version("redis-server", "--version").split(" sha").next().unwrap_or_default(),
        version("psql", "--version"),
    )
}
