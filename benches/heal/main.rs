//! The mutation benchmark of healing: seeded redesigns of made-up profile pages, scored against their truth.
//! `cargo bench --bench heal` prints a table by class; `-- --cases FOLDER` scores case folders that hold a `truth.json`,
//! `-- --export FOLDER` writes the generated cases in the same form, so that other tools can be run on them.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a measuring tool, run by hand"
)]

mod score;

use std::path::PathBuf;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned();
    if let Some(folder) = value("--cases") {
        score::run_folders(&PathBuf::from(folder), args.iter().any(|arg| arg == "--verbose"));
    }
}
