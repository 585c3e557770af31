//! One running Chromium: the child process, its connection and its folder, with what the fleet must know to replace it.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::browser::GetVersionParams;
use chromiumoxide::cdp::browser_protocol::target::{
    FilterEntry, SetAutoAttachParams, SetDiscoverTargetsParams, TargetFilter,
};

use super::config::Config;
use super::counters::Tally;
use super::error::BrowserError;
use super::launch::{Launched, launch};
use super::link::Link;
use super::profile::Profile;
use crate::clock::Clock;
use crate::process::ChildGroup;

/// How long a browser may take to end by itself before it is killed.
const GRACE: Duration = Duration::from_millis(1500);

/// A browser process.
#[derive(Debug)]
pub(super) struct Chromium {
    pub(super) link: Link,
    /// What it calls itself.
    pub(super) user_agent: String,
    /// Whether a new page waits for us before it asks for anything, so that it may be opened with its URL.
    pub(super) holds_pages: bool,
    pub(super) pid: Option<u32>,
    /// The clock's uptime when it started.
    born: Duration,
    /// Contexts open now.
    open: AtomicU64,
    /// Contexts opened since the start.
    opened: AtomicU64,
    /// Pages that failed.
    failures: AtomicU64,
    /// No new contexts: it ends with its last one.
    retiring: AtomicBool,
    parts: Mutex<Option<(ChildGroup, Profile)>>,
    tally: Arc<Tally>,
}

impl Chromium {
    /// Starts one and waits until it answers.
    pub(super) async fn start(
        program: &Path,
        config: &Arc<Config>,
        parent: &Path,
        clock: Clock,
        tally: &Arc<Tally>,
    ) -> Result<Self, BrowserError> {
        let Launched { mut child, profile, pipe, said, listener } = launch(program, config, parent).await?;
        let link = Link::connect(pipe, config.command_timeout(), Arc::clone(tally));
        let Greeting { user_agent, holds_pages } = match greet(&link, config).await {
            Ok(greeting) => greeting,
            Err(error) => {
                child.kill().await;
                profile.remove().await;
                // Its last words may still be on their way.
                let _ = tokio::time::timeout(GRACE, listener).await;
                let reason = if matches!(error, BrowserError::Gone { .. }) { said.words() } else { error.to_string() };
                return Err(BrowserError::Launch { program: program.display().to_string(), reason });
            }
        };
        tally.browsers.one();
        Ok(Self {
            link,
            user_agent,
            holds_pages,
            pid: child.pid(),
            born: clock.uptime(),
            open: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            retiring: AtomicBool::new(false),
            parts: Mutex::new(Some((child, profile))),
            tally: Arc::clone(tally),
        })
    }

    pub(super) fn context_opened(&self) {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.tally.contexts_opened.one();
    }

    pub(super) fn context_closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.tally.contexts_closed.one();
    }

    pub(super) fn page_failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
    }

    /// Contexts open now.
    pub(super) fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Gives it no new contexts.
    pub(super) fn retire(&self) {
        self.retiring.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_retiring(&self) -> bool {
        self.retiring.load(Ordering::Relaxed)
    }

    /// Whether it takes contexts.
    pub(super) fn is_fit(&self) -> bool {
        !self.is_retiring() && !self.link.has_ended()
    }

    /// Why it is to be replaced, if it is.
    pub(super) fn is_worn(&self, config: &Config, now: Duration) -> Option<&'static str> {
        let age = now.saturating_sub(self.born);
        if age >= Duration::from_secs(config.recycle_after_s) {
            Some("age")
        } else if self.opened.load(Ordering::Relaxed) >= config.recycle_after_contexts {
            Some("contexts")
        } else if self.failures.load(Ordering::Relaxed) >= config.recycle_after_failures {
            Some("failures")
        } else {
            None
        }
    }

    /// Memory of its own that the process group holds, in bytes.
    pub(super) fn memory(&self) -> u64 {
        self.pid.map_or(0, group_memory)
    }

    /// Ends it; when this returns no process and no folder is left.
    pub(super) async fn stop(&self) {
        self.retire();
        let parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((child, profile)) = parts else { return };
        child.stop("TERM", GRACE).await;
        self.last_of_its_group().await;
        profile.remove().await;
        self.tally.browsers_ended.one();
    }
}

impl Chromium {
    /// Waits until its renderers, which were killed with it, are gone as well.
    async fn last_of_its_group(&self) {
        let gone = async {
            while self.pid.is_some_and(|group| !members(group).is_empty()) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let _ = tokio::time::timeout(GRACE, gone).await;
    }
}

/// What a browser says of itself.
struct Greeting {
    user_agent: String,
    holds_pages: bool,
}

/// Asks for the browser's name, which it tells when it has started; also lets it tell of new targets, which finds popups and
/// crashes.
async fn greet(link: &Link, config: &Config) -> Result<Greeting, BrowserError> {
    let limit = Duration::from_millis(config.launch_timeout_ms);
    let version = link.call_within(None, GetVersionParams::default(), limit).await?;
    let pages = || {
        let page = FilterEntry { exclude: None, r#type: Some("page".to_owned()) };
        Some(TargetFilter::new(vec![page]))
    };
    link.call(None, SetDiscoverTargetsParams { discover: true, filter: pages() }).await?;
    // Full Chromium asks for a new page's document before it lets anybody attach.
    let holds_pages = version.product.starts_with("HeadlessChrome/");
    if holds_pages {
        let mut attach = SetAutoAttachParams::new(true, true);
        (attach.flatten, attach.filter) = (Some(true), pages());
        link.call(None, attach).await?;
    }
    tracing::info!(browser = %version.product, "a browser is ready");
    Ok(Greeting { user_agent: version.user_agent, holds_pages })
}

/// The folders in `/proc` of all processes of a group that have not ended.
fn members(group: u32) -> Vec<PathBuf> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbered = processes.filter(|entry| entry.file_name().to_string_lossy().parse::<u32>().is_ok());
    numbered.map(|entry| entry.path()).filter(|process| group_of(process) == Some(group)).collect()
}

/// Sums the anonymous memory of all processes of a group.
fn group_memory(group: u32) -> u64 {
    let of = |process: PathBuf| {
        let status = std::fs::read_to_string(process.join("status")).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib * 1024)
    };
    members(group).into_iter().filter_map(of).sum()
}

/// The process group in `/proc/<pid>/stat`: the third word after the name, which ends with the last parenthesis; none of a
/// process that only waits to be reaped.
fn group_of(process: &Path) -> Option<u32> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(')')?;
    let mut words = after_name.split_whitespace();
    if matches!(words.next(), Some("Z" | "X")) {
        return None;
    }
    words.nth(1)?.parse().ok()
}
