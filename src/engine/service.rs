//! The engine as a service: workers and the loops around them, started together and stopped in order.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::crawler::{self, Crawler};
use super::pool::Workers;
use super::rooms::Rooms;
use super::servers::{Needed, Servers};
use super::services::{Services, ServicesError};
use super::watch::Watch;
use super::ways::Ways;
use super::{Engine, EngineError, healer, intake, relay, selectors, upkeep};
use crate::browser::Browser;
use crate::clock::Clock;
use crate::config::Config;
use crate::gate::MINUTE;
use crate::model::capture::Capture;
use crate::model::event::Event;
use crate::queue::QueueError;
use crate::store::StoreError;
use crate::telemetry::{Metrics, Part, Readiness};

/// How long interrupted crawls may take to be handed back, browser and ledger included.
const HAND_BACK_PATIENCE: Duration = Duration::from_secs(5);

/// How often a server that does not answer yet is asked again at the start.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// A running service. [`Service::stop`] it; a drop ends its tasks and leaves its leases to run out.
pub struct Service {
    rooms: Arc<Rooms>,
    services: Services,
    /// No new work.
    stop: CancellationToken,
    /// Running crawls end at once.
    hard_stop: CancellationToken,
    /// The loops that must outlive the last crawl.
    wind_down: CancellationToken,
    workers: Arc<Workers>,
    /// The private servers, where no others are named; they end last.
    servers: tokio::task::JoinHandle<Servers>,
    servers_stop: CancellationToken,
    working: TaskTracker,
    around: TaskTracker,
    readiness: Readiness,
}

/// Why the service cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// A private server.
    #[error(transparent)]
    Local(#[from] crate::local::LocalError),
    /// PostgreSQL or Redis.
    #[error(transparent)]
    Services(#[from] ServicesError),
    /// The engine's own rooms.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl Service {
    /// Starts workers and loops, and private servers where none are named. PostgreSQL must be there; Redis may come later.
    ///
    /// # Errors
    /// When PostgreSQL or Chromium cannot be used, or a setting cannot stand.
    pub async fn start(config: Config) -> Result<Self, ServiceError> {
        Self::start_with_minute(config, MINUTE).await
    }

    /// As [`start`](Self::start), with a minute of another length at the gate: a test of the shared limit need not last for
    /// several.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn start_with_minute(config: Config, minute: Duration) -> Result<Self, ServiceError> {
        Self::start_as(config, None, minute).await
    }

    /// As [`start`](Self::start), with another crawler, without a browser of ours and with the gate of this process alone.
    ///
    /// # Errors
    /// When PostgreSQL cannot be used, or a setting cannot stand.
    pub async fn start_with(config: Config, crawler: Arc<dyn Crawler>) -> Result<Self, ServiceError> {
        Self::start_as(config, Some(crawler), MINUTE).await
    }

    async fn start_as(
        config: Config,
        crawler: Option<Arc<dyn Crawler>>,
        minute: Duration,
    ) -> Result<Self, ServiceError> {
        let (config, servers) = Servers::open(config, Needed::Both).await?;
        match Self::open(config, crawler, minute).await {
            Ok((rooms, services, crawler)) => Ok(Self::run(rooms, services, servers, crawler)),
            Err(error) => {
                servers.close().await;
                Err(error)
            }
        }
    }

    async fn open(
        config: Config,
        crawler: Option<Arc<dyn Crawler>>,
        minute: Duration,
    ) -> Result<(Arc<Rooms>, Services, Arc<dyn Crawler>), ServiceError> {
        let clock = Clock::system();
        let services = Box::pin(connect_patiently(&config, clock)).await?;
        let shared = super::shared_gate(&config);
        let (rooms, crawler) = match crawler {
            Some(crawler) => {
                // It loads no page by our browser, so there is no budget to share.
                let none = Browser::replaying(Capture::default());
                (Engine::with_browser(config, clock, Ways::default(), none, None, minute)?.rooms, crawler)
            }
            None => {
                let rooms = Engine::start_sharing(config, clock, Some(shared), minute).await?.rooms;
                let path: Arc<dyn Crawler> = Arc::new(crawler::Path(rooms.clone()));
                (rooms, path)
            }
        };
        selectors::seed(&services.store).await.map_err(ServicesError::from)?;
        selectors::load(&rooms, &services.store).await.map_err(ServicesError::from)?;
        Ok((rooms, services, crawler))
    }

    fn run(rooms: Arc<Rooms>, services: Services, servers: Servers, crawler: Arc<dyn Crawler>) -> Self {
        let (stop, hard_stop, wind_down) =
            (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let workers = Workers::new(rooms.clone(), services.clone(), crawler, hard_stop.clone());
        let readiness = Readiness::default();
        let (working, around) = (TaskTracker::new(), TaskTracker::new());
        working.spawn({
            let (workers, stop) = (workers.clone(), stop.clone());
            async move { workers.run(&stop).await }
        });
        around.spawn({
            let (workers, stop) = (workers.clone(), wind_down.clone());
            async move { workers.beat(&stop).await }
        });
        around.spawn({
            let (workers, stop) = (workers.clone(), stop.clone());
            async move { workers.watch_load(&stop).await }
        });
        around.spawn({
            let (rooms, services, stop) = (rooms.clone(), services.clone(), stop.clone());
            async move {
                let taker = services.queue.intake("sentinel");
                intake::run(&rooms, &services, &taker, &stop).await;
            }
        });
        around.spawn({
            let (services, stop) = (services.clone(), stop.clone());
            async move { relay::push_due(&services, &stop).await }
        });
        around.spawn({
            let (rooms, services, stop) = (rooms.clone(), services.clone(), stop.clone());
            async move { relay::reclaim(&rooms, &services, &stop).await }
        });
        around.spawn({
            let watch = Watch { rooms: rooms.clone(), services: services.clone(), readiness: readiness.clone() };
            // Until the last crawl is over: what happens at the gate meanwhile is told too.
            let stop = wind_down.clone();
            async move { Box::pin(watch.run(&stop)).await }
        });
        around.spawn({
            let (rooms, services, stop) = (rooms.clone(), services.clone(), stop.clone());
            async move { selectors::follow(&rooms, &services.store, &stop).await }
        });
        if rooms.config.engine.healing {
            let (rooms, services, stop) = (rooms.clone(), services.clone(), stop.clone());
            around.spawn(async move { Box::pin(healer::run(&rooms, &services, &stop)).await });
        }
        around.spawn({
            let (rooms, services, stop) = (rooms.clone(), services.clone(), stop.clone());
            async move { upkeep::run(&rooms, &services, &stop).await }
        });
        around.spawn({
            let every = Duration::from_secs(rooms.config.engine.reconcile_every_s);
            let (services, stop) = (services.clone(), stop.clone());
            async move { relay::reconcile(&services, every, &stop).await }
        });
        let servers_stop = CancellationToken::new();
        let servers = tokio::spawn(servers.keep(servers_stop.clone()));
        Self { rooms, services, stop, hard_stop, wind_down, workers, servers, servers_stop, working, around, readiness }
    }

    /// The servers behind it, for submitting and reading.
    #[must_use]
    pub fn services(&self) -> &Services {
        &self.services
    }

    /// Waits until Redis has answered for the first time since the start: at most for what is left of
    /// `engine.start_patience_s`. The service works on meanwhile, as it does through every later outage.
    ///
    /// # Errors
    /// Redis' last word, when it did not answer in time.
    pub async fn first_contact(&self) -> Result<(), QueueError> {
        let patience = Duration::from_secs(self.rooms.config.engine.start_patience_s);
        loop {
            match self.services.queue.ping().await {
                Err(error) if self.rooms.clock.uptime() >= patience => return Err(error),
                Err(_) => tokio::time::sleep(LOOK_EVERY).await,
                Ok(()) => return Ok(()),
            }
        }
    }

    /// What it counts, for `/metrics`.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        self.rooms.metrics.clone()
    }

    /// What keeps this process from working, for `/readyz`.
    #[must_use]
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// What the browsers have done so far.
    #[must_use]
    pub fn browser(&self) -> crate::browser::Counters {
        self.rooms.browser.counters()
    }

    /// Listens to what happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.rooms.subscribe()
    }

    /// A token that, once cancelled, ends running crawls at once: for a second signal.
    #[must_use]
    pub fn hard_stop(&self) -> CancellationToken {
        self.hard_stop.clone()
    }

    /// Takes no more work, lets running crawls finish within the grace, hands the rest back, and ends every browser.
    pub async fn stop(self) {
        self.readiness.blocked(Part::Engine, "stopping");
        self.stop.cancel();
        self.working.close();
        let grace = Duration::from_secs(self.rooms.config.engine.shutdown_grace_s);
        tokio::select! {
            () = self.working.wait() => {}
            () = tokio::time::sleep(grace) => tracing::warn!(?grace, "some crawls did not finish in time; handing them back"),
            () = self.hard_stop.cancelled() => tracing::warn!("stopping at once; handing back what runs"),
        }
        self.hard_stop.cancel();
        // A ledger that does not answer must not keep us: what is not told is done again elsewhere.
        if tokio::time::timeout(HAND_BACK_PATIENCE, self.working.wait()).await.is_err() {
            tracing::warn!("the ledger was not told of all jobs that are handed back");
        }
        self.workers.hand_back().await;
        self.wind_down.cancel();
        self.around.close();
        if tokio::time::timeout(Duration::from_secs(5), self.around.wait()).await.is_err() {
            tracing::warn!("a loop did not end within 5 s; leaving it");
        }
        self.rooms.browser.shutdown().await;
        self.services.store.close().await;
        self.servers_stop.cancel();
        if let Ok(servers) = self.servers.await {
            servers.close().await;
        }
    }
}

/// Connects to a PostgreSQL that may start at this very moment, as after a machine's: waits for it, and says so once.
async fn connect_patiently(config: &Config, clock: Clock) -> Result<Services, ServicesError> {
    let patience = Duration::from_secs(config.engine.start_patience_s);
    let mut told = false;
    loop {
        match Services::connect(config, clock).await {
            Err(ServicesError::Store(error @ StoreError::Unreachable { .. })) if clock.uptime() < patience => {
                if !told {
                    tracing::warn!(%error, ?patience, "waiting for it (engine.start_patience_s)");
                }
                told = true;
                tokio::time::sleep(LOOK_EVERY).await;
            }
            connected => return connected,
        }
    }
}
