//! The path of a crawl, from a job to a document: one step a line, the only one that touches the outside being
//! [`collect`]. Everything after it is pure, so any failure in production replays from its saved capture.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::report::retry_after;
use super::rooms::Rooms;
use crate::blob::{BlobError, BlobStore};
use crate::browser::{Blocking, Browser, BrowserError, Follow, PictureFormat, Session, SessionSpec};
use crate::config::Pictures;
use crate::extract::archive;
use crate::extract::detect::Doubt;
use crate::gate::{Later, LaterReason, PageLoad, Permit};
use crate::model::capture::{Capture, Picture};
use crate::model::document::{Document, Screenshot};
use crate::model::fault::Fault;
use crate::model::job::{Frame, Job, PlatformId};
use crate::model::selectors::SelectorSet;
use crate::model::visit::Visit;
use crate::platform::{self, CrawlPlan, Platform};
use crate::screenshot::{self, Fitted};
use crate::telemetry::{Step, Throughput};

/// Everything that one crawl brought.
#[derive(Debug)]
pub struct Crawled {
    /// What was read; its screenshot is filled in when the picture has been stored.
    pub document: Document,
    /// Counts on which the page's sources contradict each other.
    pub contradictions: Vec<Doubt>,
    /// What the site answered.
    pub capture: Arc<Capture>,
    /// The picture, fitted to its budget.
    pub image: Option<Fitted>,
    /// When the crawl began.
    pub started_at: DateTime<Utc>,
    /// What it cost.
    pub spent: Spent,
}

/// What a crawl cost, for the gate and the metrics.
#[derive(Debug, Clone, Default)]
pub struct Spent {
    /// Pages loaded.
    pub page_loads: u32,
    /// Bytes received.
    pub bytes: u64,
    /// The slowest page load, for each answer it waited for: a long list is no slow site.
    pub latency: Duration,
    /// The longest `Retry-After` that a refusal carried.
    pub retry_after: Option<Duration>,
}

/// Why a crawl brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum CrawlError {
    /// A platform nobody knows.
    #[error("unknown platform {0:?}: known are {1}")]
    UnknownPlatform(String, String),
    /// A platform whose section is missing.
    #[error("platform {0:?} has no base_url in the settings: add [platform.{0}]")]
    NoBaseUrl(String),
    /// The page could not be had.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// The crawl took longer than it may.
    #[error("the crawl took longer than {} s (engine.crawl_deadline_s)", .0.as_secs())]
    Deadline(Duration),
    /// The gate was shut before the first page: nothing was asked of the site.
    #[error("{platform} was not visited: {}; crawl it again in {} s", later.reason, whole_seconds(later.after))]
    GateClosed {
        /// Where.
        platform: PlatformId,
        /// When to come again.
        later: Later,
    },
    /// The site's robots.txt disallows the page, and the settings honour it.
    #[error(
        "robots.txt does not allow {url} ({rule}), and it is honoured: gate.robots = \"warn\" would visit it and say so"
    )]
    RobotsDisallow {
        /// The page.
        url: String,
        /// The line that says so.
        rule: String,
    },
    /// The site's robots.txt could not be read, which allows nothing where it is honoured.
    #[error("robots.txt of {platform} could not be read, which allows nothing while it is honoured: {reason}")]
    RobotsUnread {
        /// Whose.
        platform: String,
        /// Why.
        reason: String,
    },
    /// It was told to end: its lease is over, or we are to stop.
    #[error("the crawl was told to end")]
    Interrupted,
    /// A bug of ours.
    #[error("a bug: {0}")]
    Panicked(String),
}

impl CrawlError {
    /// The signal that its document carries as evidence.
    #[must_use]
    pub(super) const fn signal(&self) -> &'static str {
        match self {
            Self::GateClosed { .. } => "not_visited",
            Self::RobotsDisallow { .. } | Self::RobotsUnread { .. } => "robots_txt",
            Self::UnknownPlatform(..)
            | Self::NoBaseUrl(_)
            | Self::Browser(_)
            | Self::Deadline(_)
            | Self::Interrupted
            | Self::Panicked(_) => "failure",
        }
    }

    /// Whether it is no failure of ours: we did not go, and the message says why.
    #[must_use]
    pub fn kept_away(&self) -> bool {
        self.signal() != "failure"
    }

    /// What this failure means for the job.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::UnknownPlatform(..) | Self::NoBaseUrl(_) | Self::Panicked(_) | Self::RobotsDisallow { .. } => {
                Fault::Defect
            }
            Self::Browser(error) => error.fault(),
            Self::Deadline(_) | Self::Interrupted | Self::RobotsUnread { .. } => Fault::Transient,
            Self::GateClosed { later, .. } => Fault::Throttled { retry_after: Some(later.after) },
        }
    }
}

/// Crawls one profile: session, visits, reading, picture. The caller holds the permit and reports it.
///
/// # Errors
/// When nothing could be had of the profile's page. A refusal is no error: it is a document.
pub(super) async fn crawl(
    rooms: &Rooms,
    browser: &Browser,
    job: &Job,
    permit: &mut Permit,
    spec: &SessionSpec,
) -> Result<Crawled, CrawlError> {
    let (platform, plan) = rooms.plan(job)?;
    let selectors = rooms.selectors(&job.target.platform)?;
    let started_at = rooms.clock.now();

    let mut since = rooms.clock.uptime();
    let platform_id = &job.target.platform;
    let spec = rooms.ways.session(platform_id, permit.egress(), &session_for(rooms, job, spec, &selectors));
    rooms.robots.learn(rooms, browser, platform_id, &plan.base_url, &spec).await?;
    let session = browser.session(&spec).await?;
    let collected = collect(rooms, platform.as_ref(), &plan, &session, permit).await;
    let Collected { mut capture, picture, spent } = match collected {
        Ok(collected) => collected,
        Err(error) => {
            session.close().await;
            return Err(error);
        }
    };
    since = rooms.step(job, Step::Visit, since);
    let amount = Throughput { page_loads: u64::from(spent.page_loads), bytes: spent.bytes };
    rooms.metrics.received(&job.target.platform, amount);
    capture.duration_ms = u64::try_from((rooms.clock.now() - started_at).num_milliseconds()).ok();

    // The page's own template says which version reads it.
    let selectors = rooms.selectors_for(&job.target.platform, &capture)?;
    let wanted = job.posts;
    let read = off_thread(move || {
        let (document, doubts) = platform::read_doubting(platform.as_ref(), &capture, &selectors, wanted);
        (document, doubts, capture)
    });
    // The context goes while its page is read.
    let (read, ()) = tokio::join!(read, session.close());
    let (document, contradictions, capture) = read?;
    since = rooms.step(job, Step::Read, since);
    let image = match picture {
        Some(picture) => fit(rooms, picture).await?,
        None => None,
    };
    rooms.step(job, Step::Screenshot, since);
    Ok(Crawled { document, contradictions, capture: Arc::new(capture), image, started_at, spent })
}

/// The session that this job needs: what the caller wishes, what the settings leave out, and how the site's lists go on.
fn session_for(rooms: &Rooms, job: &Job, spec: &SessionSpec, selectors: &SelectorSet) -> SessionSpec {
    let mut spec = spec.clone();
    if rooms.config.engine.pictures != Pictures::Faithful && job.frame == Frame::Viewport {
        spec.blocking = Blocking::Lean;
    }
    // The best picture is made from a lossless one; a fast one comes from Chromium as it is kept.
    if rooms.config.screenshot.profile == screenshot::Profile::Best {
        spec.picture_format.get_or_insert(PictureFormat::Png);
    }
    let paging = selectors.visit.profile.paging.iter();
    let follows = paging.flat_map(|paging| &paging.lists).filter_map(|list| {
        let follow = list.follow.clone()?;
        Some(Follow {
            url: list.url.clone(),
            cursor: follow.cursor,
            param: follow.param,
            form: follow.form,
            drop: follow.drop,
        })
    });
    spec.follow.extend(follows);
    spec
}

/// The visit without its picture, where the settings want none.
fn pictured(rooms: &Rooms, visit: Visit) -> Visit {
    match rooms.config.engine.pictures {
        Pictures::None => Visit { picture: None, ..visit },
        Pictures::Faithful | Pictures::Lean => visit,
    }
}

struct Collected {
    capture: Capture,
    picture: Option<Picture>,
    spent: Spent,
}

/// Visits page after page until the platform has what it wants or the budget is spent. Only a failure of the first page
/// is a failure: a post page that does not come leaves its values absent.
async fn collect(
    rooms: &Rooms,
    platform: &dyn Platform,
    plan: &CrawlPlan,
    session: &Session,
    permit: &mut Permit,
) -> Result<Collected, CrawlError> {
    let mut selectors = rooms.selectors(&plan.target.platform)?;
    let deadline = rooms.clock.uptime() + rooms.deadline;
    let mut capture = Capture { target: Some(plan.target.clone()), requested: Some(plan.posts), ..Capture::default() };
    capture.observed_at = Some(rooms.clock.now());
    let mut picture = None;
    let mut spent = Spent::default();
    while let Some(visit) = platform.next(plan, &capture, &selectors).map(|visit| pictured(rooms, visit)) {
        let first = capture.pages.is_empty();
        if let Err(error) = may_load(rooms, &plan.target.platform, &visit.url, permit, deadline).await {
            if first {
                return Err(error);
            }
            tracing::info!(target = %plan.target, %error, "no further page is loaded; going on with what is there");
            break;
        }
        let asked = rooms.clock.uptime();
        let left = deadline.saturating_sub(asked);
        let visited = match tokio::time::timeout(left, session.visit(&visit)).await {
            Ok(Ok(visited)) => visited,
            Ok(Err(error)) if first => return Err(error.into()),
            Err(_) if first => return Err(CrawlError::Deadline(rooms.deadline)),
            Ok(Err(error)) => {
                tracing::info!(target = %plan.target, url = ?visit.url, %error, "a further page did not come; going on without it");
                break;
            }
            Err(_) => break,
        };
        spent.page_loads += 1;
        spent.bytes += visited.bytes;
        let answers = u32::try_from(visited.page.responses.len()).unwrap_or(u32::MAX).saturating_add(1);
        spent.latency = spent.latency.max(rooms.clock.uptime().saturating_sub(asked) / answers);
        spent.retry_after = spent.retry_after.max(retry_after(&visited.page, rooms.clock.now()));
        picture = picture.or(visited.picture);
        capture.pages.push(visited.page);
        if first {
            selectors = rooms.selectors_for(&plan.target.platform, &capture)?;
        }
    }
    Ok(Collected { capture, picture, spent })
}

/// Waits for the gate's word on one more page load, as long as the crawl's deadline allows. Where somebody said stop, it is
/// not waited for with a browser in hand: the crawl ends, and what it has read stands.
async fn may_load(
    rooms: &Rooms,
    platform: &PlatformId,
    url: &str,
    permit: &mut Permit,
    deadline: Duration,
) -> Result<(), CrawlError> {
    rooms.robots.may_visit(rooms, platform, url)?;
    loop {
        match permit.page_load().await {
            PageLoad::Go => return Ok(()),
            PageLoad::Later(later) if !is_rest(later.reason) && rooms.clock.uptime() + later.after < deadline => {
                tokio::time::sleep(later.after).await;
            }
            PageLoad::Later(later) => return Err(CrawlError::GateClosed { platform: platform.clone(), later }),
        }
    }
}

/// Whether the platform or an operator said stop, which is more than our own pace.
const fn is_rest(reason: LaterReason) -> bool {
    matches!(reason, LaterReason::BreakerOpen | LaterReason::ProbeUnderWay | LaterReason::OperatorRest)
}

/// In seconds, rounded up: nobody is told to come too early.
fn whole_seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Fits the picture to its budget. A picture that cannot be used is no reason to lose the numbers: it is left out, and said.
async fn fit(rooms: &Rooms, picture: Picture) -> Result<Option<Fitted>, CrawlError> {
    let settings = rooms.config.screenshot.clone();
    let fitted = off_thread(move || screenshot::fit(&picture, &settings)).await?;
    Ok(fitted.map_err(|error| tracing::warn!(%error, "the screenshot is left out")).ok())
}

/// Runs CPU-heavy work off the async threads; a panic in it is an error of this job alone.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CrawlError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| CrawlError::Panicked(error.to_string()))
}

/// Stores the picture and names it in the document. Its key begins with `prefix`.
pub(super) async fn keep_picture(
    blobs: &BlobStore,
    crawled: &mut Crawled,
    prefix: &str,
    name: &str,
) -> Result<(), BlobError> {
    let Some(image) = &crawled.image else { return Ok(()) };
    let key = format!("{prefix}{}/screenshot.{}", folder(crawled, name), image.format.extension());
    blobs.put(&key, image.bytes.clone().into(), image.format.media_type()).await?;
    let url = blobs.public_url(&key);
    crawled.document.screenshot = Some(described(image, key, url));
    Ok(())
}

/// Stores the capture and returns its key.
pub(super) async fn keep_capture(blobs: &BlobStore, crawled: &Crawled, name: &str) -> Result<String, KeepError> {
    let key = format!("{}/capture.json.zst", folder(crawled, name));
    let capture = Arc::clone(&crawled.capture);
    let packed = off_thread(move || archive::pack(&capture)).await??;
    blobs.put(&key, packed.into(), "application/zstd").await?;
    Ok(key)
}

/// Why a capture is not stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeepError {
    #[error(transparent)]
    Pack(#[from] archive::PackError),
    #[error(transparent)]
    Store(#[from] BlobError),
    #[error(transparent)]
    Crawl(#[from] CrawlError),
}

fn folder(crawled: &Crawled, name: &str) -> String {
    let document = &crawled.document;
    let handle = document.handle.as_ref().map_or("unknown", |handle| handle.as_str());
    format!("{}/{handle}/{name}", document.platform)
}

/// The document's words for a picture that stands under `file`.
#[must_use]
pub fn described(image: &Fitted, file: String, url: Option<String>) -> Screenshot {
    Screenshot {
        file,
        url,
        bytes: image.bytes.len() as u64,
        format: image.format.as_str().to_owned(),
        width: image.width,
        height: image.height,
    }
}
