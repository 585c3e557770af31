//! The rooms that a crawl walks through, opened once and shared by all workers.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::broadcast;

use super::crawl::CrawlError;
use super::drift::Drift;
use super::robots::RobotsFiles;
use super::ways::Ways;
use crate::blob::BlobStore;
use crate::browser::Browser;
use crate::clock::{Clock, Rng};
use crate::config::Config;
use crate::extract::fingerprint::fingerprint;
use crate::gate::Gate;
use crate::model::capture::Capture;
use crate::model::document::Document;
use crate::model::event::{Event, EventKind};
use crate::model::job::{Job, PlatformId};
use crate::model::selectors::SelectorSet;
use crate::platform::{CrawlPlan, Platform};
use crate::telemetry::Metrics;

/// Events that a slow listener may fall behind before it misses some.
const EVENTS_KEPT: usize = 1024;

/// Everything that a crawl needs.
pub(super) struct Rooms {
    pub(super) config: Config,
    pub(super) clock: Clock,
    pub(super) rng: Rng,
    pub(super) browser: Browser,
    pub(super) gate: Gate,
    pub(super) blobs: BlobStore,
    pub(super) deadline: Duration,
    pub(super) metrics: Arc<Metrics>,
    pub(super) drift: Drift,
    pub(super) robots: RobotsFiles,
    pub(super) ways: Ways,
    platforms: BTreeMap<PlatformId, Arc<dyn Platform>>,
    selectors: RwLock<BTreeMap<PlatformId, Selected>>,
    events: broadcast::Sender<Event>,
}

/// The selectors in force for a platform.
struct Selected {
    set: Arc<SelectorSet>,
    /// Whether they are PostgreSQL's and not the built-in ones, which may have another text under the same name.
    stored: bool,
    /// Those of templates that have selectors of their own, by fingerprint.
    templates: BTreeMap<String, Arc<SelectorSet>>,
}

impl Rooms {
    pub(super) fn new(
        config: Config,
        clock: Clock,
        rng: Rng,
        ways: Ways,
        browser: Browser,
        gate: Gate,
        blobs: BlobStore,
    ) -> Self {
        let platforms: BTreeMap<_, _> = crate::platform::all().into_iter().map(|p| (p.id(), p)).collect();
        let builtin = |id: &PlatformId| {
            let set = crate::extract::selectors::builtin(id)?;
            Some((id.clone(), Selected { set, stored: false, templates: BTreeMap::new() }))
        };
        let selectors = platforms.keys().filter_map(builtin).collect();
        Self {
            deadline: Duration::from_secs(config.engine.crawl_deadline_s),
            config,
            clock,
            rng,
            browser,
            gate,
            blobs,
            metrics: Arc::new(Metrics::new()),
            drift: Drift::new(clock),
            robots: RobotsFiles::default(),
            ways,
            platforms,
            selectors: RwLock::new(selectors),
            events: broadcast::Sender::new(EVENTS_KEPT),
        }
    }

    /// The platform of a job and what the crawl wants of it.
    pub(super) fn plan(&self, job: &Job) -> Result<(Arc<dyn Platform>, CrawlPlan), CrawlError> {
        let id = &job.target.platform;
        let platform = self.platforms.get(id).ok_or_else(|| self.unknown(id))?;
        let base_url = self.config.base_url(id).ok_or_else(|| CrawlError::NoBaseUrl(id.to_string()))?;
        let plan = CrawlPlan {
            target: job.target.clone(),
            posts: job.posts,
            frame: job.frame,
            base_url: base_url.clone(),
            page_loads: usize::try_from(self.config.gate.page_loads_per_crawl).unwrap_or(usize::MAX),
        };
        Ok((platform.clone(), plan))
    }

    pub(super) fn platform(&self, id: &PlatformId) -> Result<Arc<dyn Platform>, CrawlError> {
        self.platforms.get(id).cloned().ok_or_else(|| self.unknown(id))
    }

    /// The selectors in force for a platform.
    pub(super) fn selectors(&self, id: &PlatformId) -> Result<Arc<SelectorSet>, CrawlError> {
        let sets = self.selectors.read().unwrap_or_else(PoisonError::into_inner);
        sets.get(id).map(|selected| selected.set.clone()).ok_or_else(|| self.unknown(id))
    }

    /// The selectors by which a capture is read: its own template's, else those of all pages.
    pub(super) fn selectors_for(&self, id: &PlatformId, capture: &Capture) -> Result<Arc<SelectorSet>, CrawlError> {
        let sets = self.selectors.read().unwrap_or_else(PoisonError::into_inner);
        let selected = sets.get(id).ok_or_else(|| self.unknown(id))?;
        // Nearly always there is one version, and no template need be told.
        let own = (!selected.templates.is_empty()).then(|| selected.templates.get(&fingerprint(capture))).flatten();
        Ok(own.unwrap_or(&selected.set).clone())
    }

    /// The selectors of the templates that have some of their own.
    pub(super) fn templates(&self, id: &PlatformId) -> BTreeMap<String, Arc<SelectorSet>> {
        let sets = self.selectors.read().unwrap_or_else(PoisonError::into_inner);
        sets.get(id).map(|selected| selected.templates.clone()).unwrap_or_default()
    }

    /// Whether a platform's selectors in force are PostgreSQL's.
    pub(super) fn selectors_are_stored(&self, id: &PlatformId) -> bool {
        let sets = self.selectors.read().unwrap_or_else(PoisonError::into_inner);
        sets.get(id).is_some_and(|selected| selected.stored)
    }

    /// Puts selectors of PostgreSQL in force; crawls under way keep what they began with.
    pub(super) fn put_selectors(
        &self,
        id: &PlatformId,
        set: Arc<SelectorSet>,
        templates: BTreeMap<String, Arc<SelectorSet>>,
    ) {
        let mut sets = self.selectors.write().unwrap_or_else(PoisonError::into_inner);
        sets.insert(id.clone(), Selected { set, stored: true, templates });
    }

    /// Tells everyone who listens; nobody listening is fine.
    pub(super) fn tell(&self, kind: EventKind) {
        let _ = self.events.send(Event { at: self.clock.now(), kind });
    }

    /// Tells that a job's document stands.
    pub(super) fn tell_done(&self, job: &Job, document: &Document) {
        self.tell(EventKind::JobDone {
            job: job.id.clone(),
            target: job.target.clone(),
            outcome: document.outcome,
            posts: document.posts.len(),
            ms: document.duration_ms.unwrap_or_default(),
        });
    }

    /// Tells that a job waits.
    pub(super) fn tell_postponed(&self, job: &Job, after: Duration, reason: &str) {
        self.tell(EventKind::JobPostponed {
            job: job.id.clone(),
            target: job.target.clone(),
            after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX),
            reason: reason.to_owned(),
        });
    }

    pub(super) fn platform_ids(&self) -> impl Iterator<Item = &PlatformId> {
        self.platforms.keys()
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    fn unknown(&self, id: &PlatformId) -> CrawlError {
        let known = self.platforms.keys().map(PlatformId::as_str).collect::<Vec<_>>().join(", ");
        CrawlError::UnknownPlatform(id.to_string(), known)
    }
}
