//! What needs files only: the check of selector files, and healing as a pure function on case files.

use std::path::PathBuf;

use serde_json::json;

use super::{Form, answer};
use crate::cli::exit::{self, BadInput};
use crate::cli::output;
use crate::cli::progress::say;
use crate::clock::Clock;
use crate::extract::heal::case;
use crate::extract::selectors::{BUILTIN, parse};

/// Checks files; every mistake is told with file, line and mend, not only the first.
pub(super) fn check(files: &[PathBuf], form: Form) -> anyhow::Result<u8> {
    let mut named: Vec<(String, String)> = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(file).map_err(|error| BadInput(format!("{}: {error}", file.display())))?;
        named.push((file.display().to_string(), text));
    }
    if files.is_empty() {
        named.extend(BUILTIN.map(|(name, text)| (name.to_owned(), text.to_owned())));
    }
    let mut wrong = 0;
    for (name, text) in &named {
        match parse(text, name) {
            Ok(set) => {
                let (records, shapes, signals) = (set.records.len(), set.shapes.len(), set.signals.len());
                let told = json!({
                    "file": name, "good": true, "platform": set.platform, "version": set.version,
                    "records": records, "shapes": shapes, "signals": signals,
                });
                let sentence = format!(
                    "{name}: {} {} is good: {records} records, {shapes} shapes, {signals} signals",
                    set.platform, set.version
                );
                answer(form, &told, &sentence)?;
            }
            Err(error) => {
                wrong += 1;
                if form == Form::Json {
                    output::json_line(&json!({"file": name, "good": false, "error": error.to_string()}))?;
                } else {
                    say(&error.to_string());
                }
            }
        }
    }
    Ok(if wrong == 0 { 0 } else { exit::USAGE })
}

/// Heals cases, one line each, in the order given. A case file that cannot be read has no line, and the exit code says so at the end;
/// a page that cannot be read is null.
pub(super) fn heal(cases: &[PathBuf]) -> anyhow::Result<u8> {
    let clock = Clock::system();
    let mut code = 0;
    for path in cases {
        match case::run(path, &clock) {
            Ok(answer) => {
                answer.unread.iter().for_each(|reason| say(reason));
                output::json_line(&answer)?;
            }
            Err(error) => {
                say(&error.to_string());
                code = exit::USAGE;
            }
        }
    }
    Ok(code)
}
