//! Writing to stdout. A reader that has gone away (as `head` does) ends the program quietly and is no failure.

use std::io::{self, Write as _};

use serde::Serialize;
use serde_json::Value;

/// One JSON value on one line.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn json_line(value: &impl Serialize) -> anyhow::Result<()> {
    let line = serde_json::to_string(value)?;
    text(&format!("{line}\n"))
}

/// One JSON value for people.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    let value = serde_json::to_string_pretty(value)?;
    text(&format!("{value}\n"))
}

/// A value for people: a line for each of its parts, what is absent left out.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn parts(value: &impl Serialize) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    flatten(&mut lines, "", &serde_json::to_value(value)?);
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    text(&lines.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect::<String>())
}

fn flatten(lines: &mut Vec<(String, String)>, name: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Object(parts) => {
            for (part, value) in parts {
                let name = if name.is_empty() { part.clone() } else { format!("{name}.{part}") };
                flatten(lines, &name, value);
            }
        }
        Value::String(text) => lines.push((name.to_owned(), super::table::harmless(text))),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) => lines.push((name.to_owned(), value.to_string())),
    }
}

/// A number of things, as in "1 job" and "2 jobs".
pub(super) fn counted(number: u64, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// Text as it is.
///
/// # Errors
/// When stdout cannot be written.
pub(super) fn text(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}
