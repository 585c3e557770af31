//! The engine introduces the rooms to each other and is the library's front door: start it with a [`Config`], crawl a
//! target, listen to events, shut it down. In process it needs nothing but Chromium; with PostgreSQL and Redis it serves
//! a queue ([`Service`]).

mod admission;
mod answers;
mod container;
mod count;
mod crawl;
mod crawler;
pub mod drift;
mod failed;
mod fit;
pub mod healer;
mod health;
pub mod held;
mod intake;
pub mod past;
pub mod plausible;
mod pool;
mod relay;
mod report;
mod robots;
mod rooms;
pub mod selectors;
mod servers;
mod service;
mod services;
pub mod upkeep;
mod verdict;
mod watch;
mod ways;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;

use crate::blob::{BlobError, BlobStore};
use crate::browser::har::{Har, Recorder};
use crate::browser::{Blocking, Browser, BrowserError, SessionSpec, StorageState};
use crate::clock::{Clock, Rng};
use crate::config::Config;
use crate::gate::{Admission, Gate, GateError, SharedAt};
use crate::model::document::Document;
use crate::model::event::{Event, EventKind};
use crate::model::fault::Verdict;
use crate::model::job::{DEFAULT_POSTS, Frame, Job, Priority, Target};
pub use crawl::{CrawlError, Crawled, Spent, described};
pub use crawler::{CrawlTurn, Crawler, Isolation};
use rooms::Rooms;
pub use servers::{Needed, Servers};
pub use service::{Service, ServiceError};
pub use services::{Services, ServicesError};
use verdict::Setback;
use ways::Ways;

/// How keys of pictures of crawls in process begin: no row refers to them, so they stand apart from those of workers, which
/// are swept once no row does.
const IN_PROCESS: &str = "in-process/";

/// The engine, in process. Cheap to clone; [`Engine::shutdown`] once.
#[derive(Clone)]
pub struct Engine {
    rooms: Arc<Rooms>,
}

/// How one crawl is to be done.
#[derive(Debug, Clone)]
pub struct CrawlOptions {
    /// How many of the newest posts, 1 to 200.
    pub posts: u16,
    /// What the picture shows.
    pub frame: Frame,
    /// What the page does not load.
    pub blocking: Blocking,
    /// Answers every request from this archive; nothing reaches the network.
    pub answer_from: Option<Arc<Har>>,
    /// Receives every request and response.
    pub record_to: Option<Recorder>,
    /// The operator's own session: cookies and local storage.
    pub storage_state: Option<StorageState>,
}

impl Default for CrawlOptions {
    fn default() -> Self {
        Self {
            posts: DEFAULT_POSTS,
            frame: Frame::default(),
            blocking: Blocking::default(),
            answer_from: None,
            record_to: None,
            storage_state: None,
        }
    }
}

/// Why the engine cannot start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// No browser.
    #[error(transparent)]
    Browser(#[from] BrowserError),
    /// A gate that cannot be.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// No place for pictures.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl Engine {
    /// Starts the browser and opens the rooms that a crawl in process needs.
    ///
    /// # Errors
    /// When no Chromium is installed or a setting cannot stand.
    pub async fn start(config: Config) -> Result<Self, EngineError> {
        Self::start_sharing(config, Clock::system(), None, crate::gate::MINUTE).await
    }

    async fn start_sharing(
        config: Config,
        clock: Clock,
        shared: Option<SharedAt>,
        minute: Duration,
    ) -> Result<Self, EngineError> {
        // Before any process is started: a setting that cannot stand is told at once.
        let ways = Ways::new(&config)?;
        let browser = Browser::start(&config.browser, clock).await?;
        Self::with_browser(config, clock, ways, browser, shared, minute)
    }

    fn with_browser(
        config: Config,
        clock: Clock,
        ways: Ways,
        browser: Browser,
        shared: Option<SharedAt>,
        minute: Duration,
    ) -> Result<Self, EngineError> {
        let rng = seeded(config.engine.seed);
        let gate = Gate::with_minute(config.gate.clone(), clock, &rng, shared, minute)?;
        let blobs = BlobStore::open(&config.blob)?;
        Ok(Self { rooms: Arc::new(Rooms::new(config, clock, rng, ways, browser, gate, blobs)) })
    }

    /// Crawls one profile and returns what it found, a refusal included. Failures of ours are tried again as the settings
    /// say; a refusal is not, for a second knock at a closed door is impolite.
    ///
    /// # Errors
    /// When the target's platform is unknown, or nothing could be had after all attempts.
    pub async fn crawl(&self, target: &Target, options: &CrawlOptions) -> Result<Crawled, CrawlError> {
        let job = Job {
            id: self.rooms.rng.job_id(self.rooms.clock.now()),
            target: target.clone(),
            priority: Priority::Normal,
            posts: options.posts,
            frame: options.frame,
        };
        let spec = options.session();
        let mut attempt = 1;
        loop {
            let result = self.attempt(&job, attempt, &spec).await;
            let Err(error) = result else {
                return result.inspect(|crawled| self.rooms.tell_done(&job, &crawled.document));
            };
            let (fault, what) = (error.fault(), error.to_string());
            let setback = Setback { fault: &fault, attempt, rest: None, what: &what };
            let Verdict::Retry { after: wait } =
                verdict::verdict(&setback, &self.rooms.config.engine.retry, &self.rooms.rng)
            else {
                return Err(error);
            };
            self.rooms.tell_postponed(&job, wait, &what);
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// One attempt, as soon as the gate lets it: waited for as long as a crawl may take.
    async fn attempt(&self, job: &Job, attempt: u32, spec: &SessionSpec) -> Result<Crawled, CrawlError> {
        let ask = self.rooms.ways.ask(&job.target.platform);
        loop {
            let mut permit = match self.rooms.gate.admit(&ask).await {
                Admission::Permit(permit) => permit,
                Admission::Later(later) if later.after <= self.rooms.deadline => {
                    self.rooms.tell_postponed(job, later.after, &later.reason.to_string());
                    tokio::time::sleep(later.after).await;
                    continue;
                }
                Admission::Later(later) => {
                    return Err(CrawlError::GateClosed { platform: job.target.platform.clone(), later });
                }
            };
            let (id, target) = (job.id.clone(), job.target.clone());
            self.rooms.tell(EventKind::JobStarted { job: id, target, attempt });
            let result = crawl::crawl(&self.rooms, &self.rooms.browser, job, &mut permit, spec).await;
            report::report(&self.rooms, permit, &result).await;
            // Where the breaker opened between the gate's word and the page, the gate is asked again.
            if !matches!(result, Err(CrawlError::GateClosed { .. })) {
                return result;
            }
        }
    }

    /// Stores a crawl's picture where the settings say and names it in the document.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn keep_picture(&self, crawled: &mut Crawled) -> Result<(), BlobError> {
        let name = self.rooms.rng.job_id(self.rooms.clock.now());
        crawl::keep_picture(&self.rooms.blobs, crawled, IN_PROCESS, name.as_str()).await
    }

    /// The document of a crawl that failed on our side: it says so, and nothing else.
    #[must_use]
    pub fn failed_document(&self, target: &Target, requested: u16, error: &CrawlError) -> Document {
        failed::failed(&self.rooms, target, requested, error.signal(), &error.to_string())
    }

    /// Listens to what happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.rooms.subscribe()
    }

    /// The settings in force.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.rooms.config
    }

    /// Ends every browser; no process and no folder of theirs is left.
    pub async fn shutdown(self) {
        self.rooms.browser.shutdown().await;
    }
}

impl CrawlOptions {
    fn session(&self) -> SessionSpec {
        SessionSpec {
            blocking: if self.frame == Frame::FullPage { Blocking::None } else { self.blocking },
            answer_from: self.answer_from.clone(),
            record_to: self.record_to.clone(),
            storage_state: self.storage_state.clone(),
            ..SessionSpec::default()
        }
    }
}

/// Whether the operator's sessions and proxies can be used; nobody outside is asked.
///
/// # Errors
/// A storage state that cannot be read, or a proxy's address that is none.
pub fn check_ways(config: &Config) -> Result<(), EngineError> {
    Ways::new(config)?;
    Ok(())
}

/// Where the gate that all workers share keeps its state.
#[must_use]
pub fn shared_gate(config: &Config) -> SharedAt {
    SharedAt { url: config.queue.url.clone().into(), prefix: config.queue.prefix.clone() }
}

fn seeded(seed: u64) -> Rng {
    let seed = if seed == 0 { Rng::fresh_seed() } else { seed };
    tracing::info!(seed, "chance starts from this seed (engine.seed)");
    Rng::from_seed(seed)
}
