//! The browsers: a few processes, each with a few contexts at a time. They are started ahead of need, replaced by age, use,
//! memory and failures while their successors already work, and replaced at once when they die.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::chromium::Chromium;
use super::code_cache::CodeCache;
use super::config::Config;
use super::counters::Tally;
use super::error::BrowserError;
use super::{launch, profile};
use crate::clock::Clock;

/// How often the fleet is looked after when nothing happens.
const ROUND: Duration = Duration::from_secs(1);
/// Memory is measured every so many rounds.
const MEMORY_EVERY: u32 = 5;
/// Rounds to wait after a failed start.
const ROUNDS_AFTER_FAILURE: u32 = 5;
/// How often a browser is sought before a caller is told that there is none.
const TRIES: usize = 3;

/// All browsers of this process.
#[derive(Debug)]
pub(super) struct Fleet {
    pub(super) config: Arc<Config>,
    pub(super) clock: Clock,
    pub(super) tally: Arc<Tally>,
    code_cache: Arc<CodeCache>,
    program: PathBuf,
    folder: PathBuf,
    wanted: usize,
    places: Arc<Semaphore>,
    browsers: Mutex<Vec<Arc<Chromium>>>,
    starting: tokio::sync::Mutex<()>,
    wake: Notify,
    closing: CancellationToken,
    keeper: tokio::sync::Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// A place in a browser; the fleet has a bounded number of them.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) browser: Arc<Chromium>,
    fleet: Arc<Fleet>,
    _permit: OwnedSemaphorePermit,
}

impl Place {
    /// Says that the page in it failed; a browser whose pages fail is replaced.
    pub(super) fn page_failed(&self) {
        self.browser.page_failed();
        self.fleet.wake.notify_one();
    }

    /// The compiled scripts that all pages share.
    pub(super) fn code_cache(&self) -> Arc<CodeCache> {
        Arc::clone(&self.fleet.code_cache)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.browser.context_closed();
        if self.browser.is_retiring() {
            self.fleet.wake.notify_one();
        }
    }
}

impl Fleet {
    /// Sweeps what earlier runs left, starts the first browser and, behind it, the others.
    pub(super) async fn start(config: &Config, clock: Clock) -> Result<Arc<Self>, BrowserError> {
        let program = launch::discover(config)?;
        let folder = match config.profile_folder.as_str() {
            "" => std::env::temp_dir(),
            folder => PathBuf::from(folder),
        };
        profile::sweep(&folder);
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let wanted = if config.processes == 0 { cores.div_ceil(2) } else { config.processes };
        let tally: Arc<Tally> = Arc::default();
        let fleet = Arc::new(Self {
            config: Arc::new(config.clone()),
            clock,
            code_cache: Arc::new(CodeCache::new(config.code_cache_bytes, Arc::clone(&tally))),
            tally,
            program,
            folder,
            wanted,
            places: Arc::new(Semaphore::new(wanted * config.contexts_per_process.max(1))),
            browsers: Mutex::default(),
            starting: tokio::sync::Mutex::default(),
            wake: Notify::new(),
            closing: CancellationToken::new(),
            keeper: tokio::sync::Mutex::default(),
        });
        fleet.add().await?;
        let keeper = tokio::spawn(Arc::clone(&fleet).keep());
        *fleet.keeper.lock().await = Some(keeper);
        Ok(fleet)
    }

    /// A place in the least busy browser; waits while all places are taken.
    pub(super) async fn place(self: &Arc<Self>) -> Result<Place, BrowserError> {
        let waited = Duration::from_millis(self.config.context_wait_ms);
        let permit = tokio::select! {
            () = self.closing.cancelled() => return Err(BrowserError::ShutDown),
            permit = tokio::time::timeout(waited, Arc::clone(&self.places).acquire_owned()) => permit,
        };
        let permit = permit.map_err(|_| BrowserError::Busy { waited })?.map_err(|_| BrowserError::ShutDown)?;
        for _ in 0..TRIES {
            if let Some(browser) = self.least_busy() {
                browser.context_opened();
                return Ok(Place { browser, fleet: Arc::clone(self), _permit: permit });
            }
            let _one_at_a_time = self.starting.lock().await;
            if self.least_busy().is_none() {
                self.add().await?;
            }
        }
        Err(BrowserError::Gone { doing: "a place in it was sought".to_owned() })
    }

    /// Has the fleet look after itself now.
    pub(super) fn nudge(&self) {
        self.wake.notify_one();
    }

    /// The process ids of all browsers.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.all().iter().filter_map(|browser| browser.pid).collect()
    }

    /// Ends everything.
    pub(super) async fn shutdown(&self) {
        self.closing.cancel();
        self.places.close();
        if let Some(keeper) = self.keeper.lock().await.take() {
            let _ = keeper.await;
        }
        let _no_more_starts = self.starting.lock().await;
        let browsers = std::mem::take(&mut *self.lock());
        futures::future::join_all(browsers.iter().map(|browser| browser.stop())).await;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Chromium>>> {
        self.browsers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn all(&self) -> Vec<Arc<Chromium>> {
        self.lock().clone()
    }

    fn least_busy(&self) -> Option<Arc<Chromium>> {
        self.lock().iter().filter(|browser| browser.is_fit()).min_by_key(|browser| browser.open()).cloned()
    }

    async fn add(&self) -> Result<(), BrowserError> {
        if self.closing.is_cancelled() {
            return Err(BrowserError::ShutDown);
        }
        let browser = Chromium::start(&self.program, &self.config, &self.folder, self.clock, &self.tally).await?;
        self.lock().push(Arc::new(browser));
        Ok(())
    }

    /// Looks after the fleet until it closes.
    async fn keep(self: Arc<Self>) {
        let mut round: u32 = 0;
        let mut pause: u32 = 0;
        loop {
            self.bury_the_dead().await;
            self.replace_the_worn(round.is_multiple_of(MEMORY_EVERY)).await;
            if pause > 0 {
                pause -= 1;
            } else if let Err(error) = self.top_up().await {
                tracing::error!(%error, "a browser could not be started; the fleet tries again");
                pause = ROUNDS_AFTER_FAILURE;
            }
            round = round.wrapping_add(1);
            let browsers = self.all();
            let any_ended = async {
                if browsers.is_empty() {
                    std::future::pending::<()>().await;
                }
                futures::future::select_all(browsers.iter().map(|browser| Box::pin(browser.link.ended()))).await;
            };
            tokio::select! {
                () = self.closing.cancelled() => return,
                () = tokio::time::sleep(ROUND) => {}
                () = self.wake.notified() => {}
                () = any_ended => {}
            }
        }
    }

    /// Takes out browsers that ended, and retired ones that nobody uses any more.
    async fn bury_the_dead(&self) {
        let over: Vec<_> = {
            let mut browsers = self.lock();
            let done =
                |browser: &Arc<Chromium>| browser.link.has_ended() || (browser.is_retiring() && browser.open() == 0);
            let (over, rest) = browsers.drain(..).partition(done);
            *browsers = rest;
            over
        };
        for browser in over {
            if browser.link.has_ended() {
                self.tally.crashes.one();
                tracing::warn!(pid = browser.pid, "a browser ended by itself; another takes its place");
            }
            browser.stop().await;
        }
    }

    async fn replace_the_worn(&self, measure: bool) {
        let now = self.clock.uptime();
        for browser in self.all().into_iter().filter(|browser| browser.is_fit()) {
            let mut reason = browser.is_worn(&self.config, now);
            if reason.is_none() && measure && browser.memory() > self.config.recycle_above_bytes {
                reason = Some("memory");
            }
            let Some(reason) = reason else { continue };
            // Its successor first, so that no job waits.
            let _one_at_a_time = self.starting.lock().await;
            if self.add().await.is_ok() {
                tracing::info!(pid = browser.pid, reason, "a browser is replaced");
                browser.retire();
                self.tally.recycled.one();
            }
        }
    }

    async fn top_up(&self) -> Result<(), BrowserError> {
        let fit = || self.lock().iter().filter(|browser| browser.is_fit()).count();
        while fit() < self.wanted && !self.closing.is_cancelled() {
            let _one_at_a_time = self.starting.lock().await;
            if fit() < self.wanted {
                self.add().await?;
            }
        }
        Ok(())
    }
}
