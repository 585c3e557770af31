//! Scoring: what was answered against the truth. Right, null where there was a value, wrong, invented (a value where the truth is null).

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use social_sentinel::clock::Clock;
use social_sentinel::extract::heal::case;

/// What became of one class.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) asked: usize,
    pub(crate) right: usize,
    pub(crate) null: usize,
    pub(crate) wrong: usize,
    pub(crate) invented: usize,
    pub(crate) absent: usize,
    pub(crate) cases: usize,
    pub(crate) heal_ms: Vec<f64>,
    pub(crate) notes: Vec<String>,
}

impl Tally {
    /// Adds another's figures.
    pub(crate) fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.right += other.right;
        self.null += other.null;
        self.wrong += other.wrong;
        self.invented += other.invented;
        self.absent += other.absent;
        self.cases += other.cases;
        self.heal_ms.extend(&other.heal_ms);
        self.notes.extend(other.notes.iter().cloned());
    }

    fn judge(&mut self, name: &str, expected: &Value, tolerance: u64, found: &Value) {
        match (expected.is_null(), found.is_null()) {
            (true, true) => self.absent += 1,
            (true, false) => {
                self.absent += 1;
                self.invented += 1;
                self.notes.push(format!("INVENTED {name}: {found}"));
            }
            (false, true) => {
                self.asked += 1;
                self.null += 1;
                self.notes.push(format!("null {name}: expected {expected}"));
            }
            (false, false) => {
                self.asked += 1;
                if equal(name, expected, tolerance, found) {
                    self.right += 1;
                } else {
                    self.wrong += 1;
                    self.notes.push(format!("WRONG {name}: expected {expected}, found {found}"));
                }
            }
        }
    }
}

fn equal(name: &str, expected: &Value, tolerance: u64, found: &Value) -> bool {
    if let (Some(a), Some(b)) = (expected.as_u64(), found.as_u64()) {
        return a.abs_diff(b) <= tolerance;
    }
    match (expected.as_str(), found.as_str()) {
        (Some(a), Some(b)) if name.ends_with("_url") => a == b || (name.ends_with("avatar_url") && stem(a) == stem(b)),
        (Some(a), Some(b)) => a.split_whitespace().eq(b.split_whitespace()),
        _ => false,
    }
}

fn stem(url: &str) -> &str {
    url.split('?').next().unwrap_or_default()
}

/// The unit of the last shown digit of an abbreviated count.
fn views_tolerance(views: u64, style: &str) -> u64 {
    if style == "exact" || views < 10_000 {
        return if style == "exact" { 0 } else { 100 };
    }
    let mut unit = 1;
    while views / unit >= 1_000 {
        unit *= 1_000;
    }
    if style.contains("ja") || style.contains("zh") || style.contains("ko") {
        return if views >= 100_000_000 { 100_000_000 } else { 10_000 };
    }
    unit
}

/// Scores one answer.
pub(crate) fn score(answer: &Value, truth: &Value) -> Tally {
    let mut tally = Tally { cases: 1, ..Tally::default() };
    for (page, fields) in truth["pages"].as_object().unwrap() {
        let found = &answer["pages"][page];
        for (field, expected) in fields.as_object().unwrap() {
            match field.as_str() {
                "posts" => score_posts(
                    &mut tally,
                    page,
                    expected,
                    &found["posts"],
                    fields["views_style"].as_str().unwrap_or("exact"),
                ),
                "views_style" | "seen" => {}
                _ => {
                    let value = if expected.is_object() { &expected["value"] } else { expected };
                    let tolerance = expected["tol"].as_u64().unwrap_or(0);
                    tally.judge(&format!("{page}.{field}"), value, tolerance, &found[field]);
                }
            }
        }
    }
    tally
}

fn score_posts(tally: &mut Tally, page: &str, expected: &Value, found: &Value, style: &str) {
    let Some(expected) = expected.as_array() else {
        tally.judge(&format!("{page}.posts"), &Value::Null, 0, found);
        return;
    };
    let empty = Vec::new();
    let found = found.as_array().unwrap_or(&empty);
    let ids: Vec<&str> = expected.iter().filter_map(|post| post["id"].as_str()).collect();
    for post in found {
        if !ids.contains(&post["id"].as_str().unwrap_or_default()) {
            tally.judge(&format!("{page}.posts.alien"), &Value::Null, 0, &post["id"]);
        }
    }
    let order: Vec<&str> = found.iter().filter_map(|post| post["id"].as_str()).filter(|id| ids.contains(id)).collect();
    if order.len() == ids.len() && order != ids {
        tally.notes.push(format!("ORDER {page}"));
        tally.wrong += 1;
    }
    for post in expected {
        let id = post["id"].as_str().unwrap();
        let ours = found.iter().find(|ours| ours["id"] == post["id"]).cloned().unwrap_or_default();
        tally.judge(&format!("{page}.posts.{id}"), &post["id"], 0, &ours["id"]);
        let tolerance =
            post["tol"].as_u64().unwrap_or_else(|| views_tolerance(post["views"].as_u64().unwrap_or(0), style));
        tally.judge(&format!("{page}.posts.{id}.views"), &post["views"], tolerance, &ours["views"]);
        tally.judge(&format!("{page}.posts.{id}.caption"), &post["caption"], 0, &ours["caption"]);
    }
}

/// Heals and scores one case folder.
pub(crate) fn run_folder(folder: &Path) -> (String, Tally) {
    let truth: Value = serde_json::from_slice(&std::fs::read(folder.join("truth.json")).unwrap()).unwrap();
    let answer = case::run(&folder.join("case.json"), &Clock::system()).expect("a readable case");
    if std::env::args().any(|arg| arg == "--print") {
        println!("{}", serde_json::to_string_pretty(&answer).unwrap());
    }
    let mut tally = score(&serde_json::to_value(&answer).unwrap(), &truth);
    tally.heal_ms.clone_from(&answer.heal_ms);
    (truth["class"].as_str().unwrap_or("?").to_owned(), tally)
}

/// Heals and scores every case folder below a folder.
pub(crate) fn run_folders(root: &Path, verbose: bool) {
    let mut folders: Vec<_> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("case.json").exists())
        .collect();
    folders.sort();
    let mut classes: BTreeMap<String, Tally> = BTreeMap::new();
    for folder in folders {
        let (class, tally) = run_folder(&folder);
        if verbose && !tally.notes.is_empty() {
            println!("== {}", folder.display());
            let noted = if tally.notes.len() > 40 { 40 } else { tally.notes.len() };
            for note in &tally.notes[..noted] {
                println!("   {note}");
            }
        }
        classes.entry(class).or_default().add(&tally);
    }
    print_table(&classes);
}

/// Prints the table by class and its sum.
pub(crate) fn print_table(classes: &BTreeMap<String, Tally>) {
    println!(
        "{:<22} {:>5} {:>8} {:>8} {:>7} {:>6} {:>8} {:>8} {:>8}",
        "class", "cases", "values", "recall", "null", "wrong", "invented", "ms p50", "ms p99"
    );
    let mut sum = Tally::default();
    for (class, tally) in classes {
        print_row(class, tally);
        sum.add(tally);
    }
    print_row("all", &sum);
}

fn print_row(class: &str, tally: &Tally) {
    let mut times = tally.heal_ms.clone();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times.get(((times.len().max(1) - 1) as f64 * share) as usize).copied().unwrap_or(0.0);
    let recall = if tally.asked == 0 { 100.0 } else { 100.0 * tally.right as f64 / tally.asked as f64 };
    println!(
        "{class:<22} {:>5} {:>8} {recall:>7.2}% {:>7} {:>6} {:>8} {:>8.2} {:>8.2}",
        tally.cases,
        tally.asked,
        tally.null,
        tally.wrong,
        tally.invented,
        at(0.5),
        at(0.99)
    );
}
