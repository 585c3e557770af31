//! The mutation benchmark of healing: seeded redesigns of made-up profile pages, scored against their truth.
//! `cargo bench --bench heal` prints a table by class; `-- --seeds N` sets the cases per class and severity, `--class NAME` picks one,
//! `--cases FOLDER` scores case folders that hold a `truth.json`, `--export FOLDER` writes the made cases in that form, so that other tools can be run on them;
//! `--answers FILE` writes what was healed of each made case, so that two builds can be compared; `--speed` measures one page's heal by its size; `--alarms [N]` counts the detector's false alarms on N unchanged pages of the replica
//! (10,000), and `--rendered M` on M pages rendered by Chromium (600), the same profiles visited on several days.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::wildcard_enum_match_arm,
    reason = "a measuring tool, run by hand"
)]

mod chance;
mod data;
mod grid;
mod layout;
mod locale;
mod made;
mod mutate;
mod page;
mod person;
mod posts;
mod score;
mod speed;
mod strange;
mod tree;
mod unchanged;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use made::Made;
use score::Tally;
use serde_json::{Value, json};
use social_sentinel::clock::Clock;
use social_sentinel::extract::heal::page::{Page, Response};
use social_sentinel::extract::heal::selectors::OldSelectors;
use social_sentinel::extract::heal::{Known, heal};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned();
    let verbose = args.iter().any(|arg| arg == "--verbose");
    if let Some(folder) = value("--cases") {
        score::run_folders(&PathBuf::from(folder), verbose);
        return;
    }
    if args.iter().any(|arg| arg == "--alarms") {
        let pages = |name: &str, usual: usize| value(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
        alarms(pages("--alarms", 10_000), pages("--rendered", 600), verbose);
        return;
    }
    if args.iter().any(|arg| arg == "--speed") {
        speed::measure();
        return;
    }
    let seeds: u64 = value("--seeds").and_then(|text| text.parse().ok()).unwrap_or(4);
    let first: u64 = value("--first").and_then(|text| text.parse().ok()).unwrap_or(1);
    let only = value("--class");
    let export = value("--export").map(PathBuf::from);
    let mut answers = value("--answers").map(|file| std::fs::File::create(file).unwrap());
    let mut classes: BTreeMap<String, Tally> = BTreeMap::new();
    for class in made::CLASSES.iter().filter(|class| only.as_ref().is_none_or(|only| only == *class)) {
        for severity in 1..=3 {
            for seed in first..first + seeds {
                let case = Made::new(class, severity, seed * 10 + severity as u64);
                if let Some(folder) = &export {
                    write(&case, folder);
                    continue;
                }
                let (tally, answer) = run(&case);
                if let Some(file) = &mut answers {
                    writeln!(file, "{} {severity} {answer}", case.id).unwrap();
                }
                if verbose && !tally.notes.is_empty() {
                    println!("== {} severity {severity}", case.id);
                    for note in tally.notes.iter().take(12) {
                        println!("   {note}");
                    }
                }
                classes.entry((*class).to_owned()).or_default().add(&tally);
            }
        }
    }
    score::print_table(&classes);
}

/// Prints what the service's detector says of pages that nobody changed.
fn alarms(served: usize, rendered: usize, verbose: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    for (what, told) in [
        ("as served", runtime.block_on(unchanged::served(served, 41))),
        ("rendered", runtime.block_on(unchanged::rendered(rendered, 43))),
    ] {
        println!(
            "unchanged pages {what}: {}, {} with a profile, {} posts: {} false alarms; {:?}",
            told.pages,
            told.shown,
            told.posts,
            told.alarms.len(),
            told.outcomes
        );
        for alarm in told.alarms.iter().take(if verbose { usize::MAX } else { 20 }) {
            println!("   {alarm}");
        }
    }
}

/// A case's pages, parsed.
fn parsed(case: &Made) -> (Vec<Known>, Vec<Page>) {
    let parse = |page: &made::MadePage| {
        let responses: Vec<Response> = page
            .network
            .as_array()
            .into_iter()
            .flatten()
            .map(|entry| Response {
                url: entry["url"].as_str().unwrap_or_default().to_owned(),
                body: entry["body"].clone(),
            })
            .collect();
        Page::parse(&page.profile, &page.url, &page.html, &responses)
    };
    let known: Vec<Known> = case
        .known
        .iter()
        .map(|good| Known { page: parse(good), values: serde_json::from_value(good.values.clone()).unwrap() })
        .collect();
    let pages: Vec<Page> = case.pages.iter().map(parse).collect();
    (known, pages)
}

fn run(case: &Made) -> (Tally, Value) {
    let (known, pages) = parsed(case);
    let healed = heal(&OldSelectors::default(), &known, &pages, &Clock::system());
    let answers: serde_json::Map<String, Value> = case
        .pages
        .iter()
        .zip(&healed.pages)
        .map(|(page, healed)| (page.id.clone(), serde_json::to_value(&healed.values).unwrap()))
        .collect();
    let answer = json!({"pages": answers});
    let mut tally = score::score(&answer, &case.truth);
    tally.heal_ms = healed.heal_ms;
    (tally, json!({"answer": answer, "rules": healed.rules}))
}

fn write(case: &Made, root: &Path) {
    let folder = root.join(&case.id);
    std::fs::create_dir_all(&folder).unwrap();
    let entry = |page: &made::MadePage| {
        std::fs::write(folder.join(format!("{}.html", page.id)), &page.html).unwrap();
        std::fs::write(folder.join(format!("{}.network.json", page.id)), page.network.to_string()).unwrap();
        json!({"page_id": page.id, "profile": page.profile, "url": page.url, "html": format!("{}.html", page.id), "network": format!("{}.network.json", page.id), "values": page.values})
    };
    let site = if case.site == layout::Site::Tik { "tiktok" } else { "instagram" };
    let whole = json!({"case_id": case.id, "site": site, "selectors": {}, "known_good": case.known.iter().map(entry).collect::<Vec<_>>(),
        "pages": case.pages.iter().map(entry).collect::<Vec<_>>()});
    std::fs::write(folder.join("case.json"), whole.to_string()).unwrap();
    std::fs::write(folder.join("truth.json"), case.truth.to_string()).unwrap();
}
