//! Progress on stderr: on a terminal a bar with a line for each crawl that runs, plain lines otherwise, so that logs stay
//! readable and stdout stays clean.

use std::collections::HashMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::model::event::{Event, EventKind};
use crate::model::job::{JobId, Target};

/// Running crawls shown at a time.
const LINES: usize = 12;
/// How often the view moves.
const TICK: Duration = Duration::from_millis(200);

/// Shows how far a known number of crawls is.
pub(super) struct Progress {
    screen: Option<Screen>,
}

/// The view that stands on the terminal, for whoever writes there beside it: lines that go around it are torn by its next move.
static ON_SCREEN: Mutex<Option<MultiProgress>> = Mutex::new(None);

/// The view on a terminal.
struct Screen {
    all: MultiProgress,
    bar: ProgressBar,
    running: Mutex<HashMap<JobId, ProgressBar>>,
}

impl Progress {
    /// For `total` crawls.
    #[must_use]
    pub(super) fn new(total: usize) -> Self {
        Self { screen: std::io::stderr().is_terminal().then(|| Screen::new(total)) }
    }

    /// Lines only, for a service whose work has no end.
    #[must_use]
    pub(super) fn lines() -> Self {
        Self { screen: None }
    }

    /// Tells one event.
    pub(super) fn tell(&self, event: &Event) {
        match &self.screen {
            Some(screen) => screen.tell(&event.kind),
            None => {
                if let Some(line) = sentence(&event.kind) {
                    say(&line);
                }
            }
        }
    }

    /// Clears the view.
    pub(super) fn end(&self) {
        if let Some(screen) = &self.screen {
            screen.running.lock().unwrap_or_else(PoisonError::into_inner).clear();
            screen.bar.finish_and_clear();
            let _ = screen.all.clear();
            *ON_SCREEN.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }
}

impl Screen {
    fn new(total: usize) -> Self {
        let all = MultiProgress::new();
        let bar = all.add(ProgressBar::new(total.try_into().unwrap_or(u64::MAX)));
        bar.set_style(style("{bar:40.cyan} {pos} of {len} profiles, {elapsed}"));
        bar.enable_steady_tick(TICK);
        *ON_SCREEN.lock().unwrap_or_else(PoisonError::into_inner) = Some(all.clone());
        Self { all, bar, running: Mutex::default() }
    }

    fn tell(&self, kind: &EventKind) {
        match kind {
            EventKind::JobStarted { job, target, attempt } => {
                let again = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
                self.show(job, target, &format!("crawling{again}"));
            }
            EventKind::JobPostponed { job, target, after_ms, reason } => {
                self.show(job, target, &format!("again in {} s: {reason}", after_ms.div_ceil(1000)));
            }
            EventKind::JobDone { job, .. } | EventKind::JobBuried { job, .. } => {
                if let Some(line) = self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(job) {
                    line.finish_and_clear();
                    self.all.remove(&line);
                }
                self.bar.inc(1);
                self.print(kind);
            }
            EventKind::JobSubmitted { .. }
            | EventKind::JobStalled { .. }
            | EventKind::StepDone { .. }
            | EventKind::ProfileChanged { .. }
            | EventKind::ValuesHeld { .. }
            | EventKind::SurgeSeen { .. }
            | EventKind::BreakerMoved { .. }
            | EventKind::SessionRetired { .. }
            | EventKind::PaceChanged { .. }
            | EventKind::PartLost { .. }
            | EventKind::PartRegained { .. }
            | EventKind::TemplateChanged { .. }
            | EventKind::SelectorsChanged { .. } => self.print(kind),
        }
    }

    /// The line of a crawl that runs; those beyond the first few only count.
    fn show(&self, job: &JobId, target: &Target, words: &str) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.len() >= LINES && !running.contains_key(job) {
            return;
        }
        let line = running.entry(job.clone()).or_insert_with(|| {
            let line = self.all.add(ProgressBar::new_spinner());
            line.set_style(style("  {spinner} {wide_msg}"));
            line.enable_steady_tick(TICK);
            line
        });
        line.set_message(format!("{:<34} {words}", target.to_string()));
    }

    /// A line that stays, above the view.
    fn print(&self, kind: &EventKind) {
        let line = if let EventKind::JobDone { target, outcome, posts, ms, .. } = kind {
            let seconds = format!("{}.{} s", ms / 1000, ms % 1000 / 100);
            Some(format!("{:<36} {:<14} {posts:>3} posts {seconds:>7}", target.to_string(), outcome.as_str()))
        } else {
            sentence(kind)
        };
        if let Some(line) = line {
            say(&line);
        }
    }
}

/// A template of our own; one that is none gives the plain form.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// A line for people, of any width; a closed stderr is no reason to stop.
pub(super) fn say(line: &str) {
    let _ = beside_view(|| writeln!(std::io::stderr(), "{line}"));
}

/// Takes the view away, writes, and puts it back beneath: right for lines of any width, which the terminal wraps.
fn beside_view<T>(write: impl FnOnce() -> T) -> T {
    let view = ON_SCREEN.lock().unwrap_or_else(PoisonError::into_inner).clone();
    match view {
        Some(view) => view.suspend(write),
        None => write(),
    }
}

/// The terminal for log lines.
pub(super) struct BesideView;

impl std::io::Write for BesideView {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        beside_view(|| std::io::stderr().write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
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
        EventKind::JobStalled { target, refusals, .. } => {
            Some(format!("{target}: told to wait {refusals} times; it waits on"))
        }
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
        // A guest's session ends with its crawl, whose own line says what was seen.
        EventKind::SessionRetired { platform, session, cause, .. } if session == "operator" => {
            Some(format!("{platform}: your session was refused ({cause}): see whether it is still signed in"))
        }
        EventKind::PaceChanged { platform, page_loads_per_minute, .. } => {
            Some(format!("{platform}: {page_loads_per_minute} page loads a minute from now on"))
        }
        EventKind::PartLost { part, reason } => Some(format!("{part}: {reason}")),
        EventKind::PartRegained { part } => Some(format!("{part} is back")),
        EventKind::TemplateChanged { platform, fingerprint, lost } => Some(format!(
            "{platform}: template {fingerprint} has changed, its values are right; read no more: {}",
            lost.join(", ")
        )),
        EventKind::SelectorsChanged { platform, before, after } => {
            Some(format!("{platform}: selectors {after} are in force in place of {before}"))
        }
        EventKind::JobSubmitted { .. }
        | EventKind::StepDone { .. }
        | EventKind::ProfileChanged { .. }
        | EventKind::SessionRetired { .. } => None,
    }
}
