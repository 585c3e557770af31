//! Writing to stdout. A reader that has gone away (as `head` does) ends the program quietly and is no failure.

use std::io::{self, Write as _};

use serde::Serialize;

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
