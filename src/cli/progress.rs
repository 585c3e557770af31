//! Progress on stderr: a bar on a terminal, plain lines otherwise, so that logs stay readable and stdout stays clean.

use std::io::{IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressStyle};

use crate::model::event::{Event, EventKind};

/// Shows how far a known number of crawls is.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
}

impl Progress {
    /// For `total` crawls.
    #[must_use]
    pub(super) fn new(total: usize) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total.try_into().unwrap_or(u64::MAX));
            if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(std::time::Duration::from_millis(200));
            bar
        });
        Self { bar }
    }

    /// Lines only, for a service whose work has no end.
    #[must_use]
    pub(super) fn lines() -> Self {
        Self { bar: None }
    }

    /// Tells one event.
    pub(super) fn tell(&self, event: &Event) {
        let Some(line) = sentence(&event.kind) else { return };
        match &self.bar {
            Some(bar) => {
                if matches!(event.kind, EventKind::JobDone { .. } | EventKind::JobBuried { .. }) {
                    bar.println(&line);
                    bar.inc(1);
                } else {
                    bar.set_message(line);
                }
            }
            None => say(&line),
        }
    }

    /// Clears the bar.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A line for people; a closed stderr is no reason to stop.
pub(super) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn sentence(kind: &EventKind) -> Option<String> {
    match kind {
        EventKind::JobStarted { target, attempt: 1, .. } => Some(format!("{target}: crawling")),
        EventKind::JobStarted { target, attempt, .. } => Some(format!("{target}: crawling, attempt {attempt}")),
        EventKind::JobDone { target, outcome, posts, ms, .. } => {
            Some(format!("{target}: {} · {posts} posts · {}.{} s", outcome.as_str(), ms / 1000, ms % 1000 / 100))
        }
        EventKind::JobPostponed { target, after_ms, reason, .. } => {
            Some(format!("{target}: again in {} s: {reason}", after_ms.div_ceil(1000)))
        }
        EventKind::JobBuried { job, reason } => Some(format!("job {job}: given up: {reason}")),
        EventKind::ValuesHeld { target, values, .. } => {
            Some(format!("{target}: {} values are not believed and held back: sentinel held list", values.len()))
        }
        EventKind::SurgeSeen { target, path, before, after } => {
            Some(format!("{target}: {path} went from {before} to {after}; stored"))
        }
        EventKind::BreakerMoved { scope, state, cause, .. } => {
            let cause = cause.as_ref().map_or_else(String::new, |cause| format!(" ({cause})"));
            Some(format!("breaker {scope}: {state}{cause}"))
        }
        EventKind::PaceChanged { platform, page_loads_per_minute, .. } => {
            Some(format!("{platform}: {page_loads_per_minute} page loads a minute from now on"))
        }
        EventKind::PartLost { part, reason } => Some(format!("{part}: {reason}")),
        EventKind::PartRegained { part } => Some(format!("{part} is back")),
        EventKind::SelectorsChanged { platform, before, after } => {
            Some(format!("{platform}: selectors {after} are in force in place of {before}"))
        }
        EventKind::JobSubmitted { .. } | EventKind::StepDone { .. } | EventKind::ProfileChanged { .. } => None,
    }
}
