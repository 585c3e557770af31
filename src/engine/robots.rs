//! robots.txt of each platform: read once a day, before the first crawl, by the same browser and the same way as the pages
//! themselves (an HTTP client of its own would be a second visitor with another name), and asked before every visit.
//! It is one small request a day and counts as no page load; it goes out only under a crawl's permit, so never while the
//! breaker is open. What the file says is judged in `gate::robots`; what follows from it is `gate.robots`.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use url::Url;

use super::crawl::CrawlError;
use super::rooms::Rooms;
use crate::browser::{Browser, BrowserError, Context, SessionSpec};
use crate::gate::robots::{Robots, RobotsAnswer, RobotsPolicy};
use crate::model::job::PlatformId;

/// How long a file that was read counts.
const DAY: Duration = Duration::from_secs(24 * 3_600);
/// How long a file that could not be read is not asked for again.
const UNREAD: Duration = Duration::from_secs(60);
/// How long reading it may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// The text of a page that is nothing but text, or nothing; as much of it as is read.
const TEXT: &str = "(document.body ? document.body.textContent : '').slice(0, 524288)";

/// What every platform's file says, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct RobotsFiles {
    known: Mutex<BTreeMap<PlatformId, Known>>,
    /// Held by the one crawl that reads a file while the others wait for it.
    reading: tokio::sync::Mutex<()>,
    /// The rules that the log has spoken of.
    told: Mutex<HashSet<(PlatformId, String)>>,
}

#[derive(Debug, Clone)]
struct Known {
    /// The rules, or why there are none to be had.
    file: Result<Robots, String>,
    /// By our uptime.
    until: Duration,
}

impl RobotsFiles {
    /// Makes sure that the platform's file is known, where the settings want it. Call it before a session is opened: it opens
    /// one of its own.
    ///
    /// # Errors
    /// When our own browser fails; a file that cannot be had is no error here.
    pub(super) async fn learn(
        &self,
        rooms: &Rooms,
        browser: &Browser,
        platform: &PlatformId,
        base_url: &Url,
        spec: &SessionSpec,
    ) -> Result<(), CrawlError> {
        let is_known = || self.known(platform).is_some_and(|known| rooms.clock.uptime() < known.until);
        // Nothing reaches the network where an archive answers.
        if rooms.config.gate.robots == RobotsPolicy::Ignore || spec.answer_from.is_some() || is_known() {
            return Ok(());
        }
        let _reading = self.reading.lock().await;
        if is_known() {
            return Ok(());
        }
        let plain = SessionSpec { record_to: None, ..spec.clone() };
        let context = browser.context(&plain).await?;
        let file = read(&context, base_url, &rooms.config.gate.robots_agent).await;
        context.close().await;
        let file = match file {
            Err(Unread::Ours(error)) => return Err(error.into()),
            Err(Unread::Theirs(reason)) => Err(reason),
            Ok(robots) => Ok(robots),
        };
        // Every process reads the file before its first crawl, so all of them keep the pause in their shared budget.
        if rooms.config.gate.robots == RobotsPolicy::Honour {
            rooms.gate.ask_pause(platform, file.as_ref().ok().and_then(Robots::crawl_delay));
        }
        let until = rooms.clock.uptime() + if file.is_ok() { DAY } else { UNREAD };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(platform.clone(), Known { file, until });
        Ok(())
    }

    /// Whether a page may be visited; asks nobody.
    ///
    /// # Errors
    /// Under `honour`, where the file disallows it or could not be read.
    pub(super) fn may_visit(&self, rooms: &Rooms, platform: &PlatformId, url: &str) -> Result<(), CrawlError> {
        let policy = rooms.config.gate.robots;
        let Some(known) = self.known(platform).filter(|_| policy != RobotsPolicy::Ignore) else { return Ok(()) };
        let (rule, refusal) = match &known.file {
            Ok(robots) => match robots.answer(&path(url)) {
                RobotsAnswer::Allowed => return Ok(()),
                RobotsAnswer::Disallowed { rule } => {
                    (rule.clone(), CrawlError::RobotsDisallow { url: url.to_owned(), rule })
                }
            },
            Err(reason) => {
                let unread = CrawlError::RobotsUnread { platform: platform.to_string(), reason: reason.clone() };
                (reason.clone(), unread)
            }
        };
        if policy == RobotsPolicy::Honour {
            return Err(refusal);
        }
        // Once for each rule: a warning on every page would hide all others.
        if self.told.lock().unwrap_or_else(PoisonError::into_inner).insert((platform.clone(), rule.clone())) {
            let why = if known.file.is_ok() { "is against this" } else { "cannot be read, which stands for a no" };
            tracing::warn!(%platform, url, rule, "robots.txt {why}; it is visited all the same (gate.robots = \"warn\")");
        }
        Ok(())
    }

    fn known(&self, platform: &PlatformId) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(platform).cloned()
    }
}

/// Why a file could not be read.
enum Unread {
    Ours(BrowserError),
    Theirs(String),
}

async fn read(context: &Context, base_url: &Url, agent: &str) -> Result<Robots, Unread> {
    let url = format!("{}/robots.txt", base_url.as_str().trim_end_matches('/'));
    let landing = context.goto(&url, PATIENCE).await.map_err(|error| {
        let theirs = matches!(error, BrowserError::Navigation { .. } | BrowserError::Timeout { .. });
        if theirs { Unread::Theirs(error.to_string()) } else { Unread::Ours(error) }
    })?;
    // A page without a status did not come by HTTP; it gives no consent.
    let status = landing.status.unwrap_or(500);
    if status == 429 || status >= 500 {
        return Err(Unread::Theirs(format!("{url} answered {status}")));
    }
    let text = if landing.empty { None } else { context.evaluate(TEXT, PATIENCE).await.ok() };
    let text = text.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default();
    Ok(Robots::from_answer(Some((status, text.as_bytes())), agent))
}

/// The path with its query, as rules see it.
fn path(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return url.to_owned() };
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}
