//! The whole engine, from Redis to PostgreSQL, against Crawlee and a bare loop on the same pages: processor time of the whole
//! process tree per profile, profiles a minute, latency, memory and bytes. The replica, Redis and PostgreSQL run beside it
//! and are not counted. Rounds are interleaved, so that a noisy machine is noisy for everyone; ratios are taken inside a round.
//!
//! `cargo bench --bench engine -- [--rounds 3] [--profiles 20] [--at-once 2] [--only fast,bare] [--concurrency 1,2,4,8] [--soak 200] [--write]`
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    reason = "a measuring tool, run by hand"
)]

mod contender;
mod lines;
mod report;
mod roles;
mod soak;
mod tree;

use std::path::{Path, PathBuf};
use std::process::Command;

use contender::{ALL, Contender, Stage, Who};
use lines::Speaker;
use social_sentinel::clock::Clock;
use social_sentinel::local::{Durability, Local, LocalConfig};

/// The one of the `sentinel` command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    match value("--role").as_deref() {
        Some("replica") => return runtime.block_on(roles::replica()),
        Some("engine") => return runtime.block_on(roles::engine()),
        Some(role) => panic!("no such role: {role}"),
        None => {}
    }
    let number = |name: &str, or: usize| value(name).and_then(|text| text.parse().ok()).unwrap_or(or);
    let (rounds, profiles, at_once) = (number("--rounds", 3), number("--profiles", 20), number("--at-once", 2));
    let only = value("--only");
    let wanted =
        |contender: &&Contender| only.as_ref().is_none_or(|only| only.split(',').any(|name| name == contender.name));

    let folder = open_folder();
    let local = LocalConfig { folder: folder.path().join("servers"), durability: Durability::Full };
    let local = runtime.block_on(Local::start(&local)).expect("private servers");
    let mut replica =
        Speaker::start("replica", Command::new(std::env::current_exe().unwrap()).args(["--role", "replica"]));
    let site = replica.hear(std::time::Duration::from_secs(20)).expect("the replica starts");
    let mut stage = Stage {
        clock: Clock::system(),
        site: site["base_url"].as_str().unwrap().to_owned(),
        database: local.postgres_url(),
        redis: local.redis_url(),
        blobs: folder.path().join("blobs"),
        peers: PathBuf::new(),
        at_once,
    };
    if let Some(crawls) = value("--soak").and_then(|text| text.parse().ok()) {
        let every = std::time::Duration::from_secs(if crawls > 1000 { 60 } else { 10 });
        soak::soak(&stage, &mut replica, crawls, every, args.iter().any(|arg| arg == "--write"));
    } else if let Some(steps) = value("--concurrency") {
        concurrency(&mut stage, &mut replica, &steps, rounds, profiles);
    } else {
        let contenders: Vec<Contender> = ALL.iter().filter(wanted).cloned().collect();
        stage.peers = peers(&contenders);
        compare(&stage, &mut replica, contenders, rounds, profiles, args.iter().any(|arg| arg == "--write"));
    }
    replica.end();
    runtime.block_on(local.stop());
}

/// A temporary folder that PostgreSQL's own user can reach too.
fn open_folder() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::Builder::new().prefix("sentinel-bench-").tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

fn compare(
    stage: &Stage,
    replica: &mut Speaker,
    contenders: Vec<Contender>,
    rounds: usize,
    profiles: usize,
    write: bool,
) {
    let head = report::machine(rounds, profiles, stage.at_once);
    let mut all: Vec<report::Runs> = contenders.into_iter().map(|contender| (contender, Vec::new())).collect();
    for round in 1..=rounds {
        for (contender, runs) in &mut all {
            let Some(run) = contender::run(stage, replica, contender, profiles) else {
                eprintln!("{}: its browser is not installed", contender.name);
                continue;
            };
            eprintln!(
                "round {round}, {}: {:.3} CPU-s (own {:.3}), {:.0}/min, {:.0} ms, {:.0} MB (own {:.0}), {:.0} kB, {}/{} complete",
                contender.name,
                run.cpu_s,
                run.own_cpu_s,
                run.per_minute,
                run.latency_ms,
                run.anonymous_mb,
                run.own_mb,
                run.bytes_kb,
                run.complete,
                run.of
            );
            for line in run.wrong.iter().take(3) {
                eprintln!("  WRONG {}", line.chars().take(400).collect::<String>());
            }
            runs.push(run);
        }
    }
    all.retain(|(_, runs)| !runs.is_empty());
    let text = format!("{head}\n{}\n{}", report::ratios(&all), report::figures(&all));
    println!("{text}");
    if write {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/RESULTS.md");
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        let rest = before.split_once("<!-- end of the whole engine -->\n").map_or("", |(_, rest)| rest);
        let text = format!(
            "# Measured\n\nBy `make bench`. Compare only inside one run.\n\n## The whole engine\n\n{text}\n<!-- end of the whole engine -->\n{rest}"
        );
        std::fs::write(path, text).expect("the results are written");
    }
}

/// The same work with more and more crawls at once.
fn concurrency(stage: &mut Stage, replica: &mut Speaker, steps: &str, rounds: usize, profiles: usize) {
    let steps: Vec<usize> = steps.split(',').filter_map(|step| step.parse().ok()).collect();
    let mut runs: Vec<Vec<contender::Run>> = vec![Vec::new(); steps.len()];
    for _ in 0..rounds {
        for (step, runs) in steps.iter().zip(&mut runs) {
            stage.at_once = *step;
            let contender = ALL.iter().find(|contender| contender.who == Who::Engine).unwrap();
            let run = contender::run(stage, replica, contender, profiles).expect("a browser");
            eprintln!(
                "{step} at once: {:.0}/min, {:.3} CPU-s, {:.0} ms, own {:.0} MB, heartbeat late by {:.2} s, {}/{} complete",
                run.per_minute, run.cpu_s, run.latency_ms, run.own_mb, run.heartbeat_late_s, run.complete, run.of
            );
            runs.push(run);
        }
    }
    println!(
        "| crawls at once | profiles a minute | CPU-s per profile | latency, ms | own MB | latest heartbeat, s |\n|---|---|---|---|---|---|"
    );
    for (step, runs) in steps.iter().zip(&runs) {
        let median = |of: fn(&contender::Run) -> f64| contender::median(&mut runs.iter().map(of).collect::<Vec<_>>());
        println!(
            "| {step} | {:.0} | {:.3} | {:.0} | {:.0} | {:.2} |",
            median(|run| run.per_minute),
            median(|run| run.cpu_s),
            median(|run| run.latency_ms),
            median(|run| run.own_mb),
            runs.iter().map(|run| run.heartbeat_late_s).fold(0.0, f64::max)
        );
    }
}

/// Where the peers' scripts are, with their packages, which are installed on demand.
fn peers(contenders: &[Contender]) -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = own.join("target/bench-peers");
    std::fs::create_dir_all(&folder).unwrap();
    for file in ["package.json", "work.mjs", "bare.mjs", "crawlee.mjs"] {
        std::fs::copy(own.join("benches/engine").join(file), folder.join(file)).unwrap();
    }
    let needed = contenders.iter().any(|contender| contender.who == Who::Crawlee);
    if needed && !folder.join("node_modules/playwright-core").is_dir() {
        let install = ["install", "--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
        let done = Command::new("npm").args(install).current_dir(&folder).status();
        assert!(
            done.is_ok_and(|status| status.success()),
            "npm could not install Crawlee; --only fast,lean,none,bare does without"
        );
    }
    folder
}
