//! A crawl that stands: picture and capture to the blob store, what is doubted taken out, one transaction under the fence, the
//! result published. While the ledger is away it is tried again and again, for what the site gave is not asked of it twice.

use std::sync::Arc;
use std::time::Duration;

use super::{Turn, refused};
use crate::engine::answers;
use crate::engine::crawl::{self, Crawled};
use crate::engine::drift::Inspected;
use crate::engine::plausible::{self, Judged};
use crate::engine::pool::Workers;
use crate::engine::services::ServicesError;
use crate::model::fault::Fault;
use crate::model::job::Job;
use crate::queue::Settlement;
use crate::store::StoreError;
use crate::store::lease::Leased;
use crate::store::save::{HeldValue, OutboxEvent, SaveCrawl, Saved};
use crate::telemetry::Step;

/// The waits between two tries to save a crawl while the ledger is away.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How long the ledger is waited for, and when it is asked again.
struct Patience {
    end: Duration,
    pause: Duration,
}

impl Patience {
    async fn pause(&mut self) {
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

impl Workers {
    /// Picture and capture first, then the transaction under the fence, then the result.
    pub(super) async fn save(&self, fence: u64, leased: &Leased, mut crawled: Crawled) -> Result<Turn, ServicesError> {
        let job = &leased.job;
        let name = format!("{}-{fence}", job.id);
        let since = self.rooms.clock.uptime();
        self.keep_picture(job, fence, &mut crawled).await;
        let capture_key = match crawl::keep_capture(&self.rooms.blobs, &crawled, &name).await {
            Ok(key) => Some(key),
            Err(error) => {
                tracing::warn!(job = %job.id, %error, "the capture could not be stored and is left out");
                None
            }
        };
        let (mut crawled, inspected) = self.inspect(job, crawled).await;
        let (judged, strayed) = self.weigh(job, &mut crawled, inspected.held).await?;
        let wakes = inspected.wakes || strayed;
        let events = told(job, fence, &judged);
        let document = &crawled.document;
        let save = SaveCrawl {
            job: &job.id,
            fence,
            target: &job.target,
            document,
            started_at: crawled.started_at,
            duration: Duration::from_millis(document.duration_ms.unwrap_or_default()),
            retries: leased.attempt.saturating_sub(1),
            capture_key: capture_key.as_deref(),
            status: crawled.capture.pages.first().and_then(|page| page.status),
            picture_hash: None,
            fingerprint: inspected.fingerprint.as_deref(),
            error: None,
            worker: self.leases.name(),
            held: &judged.held,
            events: &events,
        };
        let saved = match self.save_patiently(&save).await {
            Ok(saved) => saved,
            Err(error) => return refused(job, fence, error),
        };
        self.rooms.step(job, Step::Save, since);
        if wakes {
            self.rooms.drift.seen.notify_one();
        }
        if let Some(image) = &crawled.image {
            let bytes = u64::try_from(image.bytes.len()).unwrap_or(u64::MAX);
            self.rooms.metrics.screenshot_kept(image.format.as_str(), bytes, image.quality);
        }
        if let Err(error) = answers::publish_saved(&self.services, &job.id, &saved.joined, document).await {
            tracing::warn!(job = %job.id, %error, "who joined this job finds its result in the ledger");
        }
        self.rooms.values_held(job, &judged);
        self.rooms.job_finished(job, document);
        self.rooms.profile_changed(&job.target, &saved.changes);
        Ok(Turn::Settle(Settlement::Done))
    }

    /// Keeps aside what says that the template is another one. Where other selectors came into force meanwhile, they read it.
    async fn inspect(&self, job: &Job, crawled: Crawled) -> (Crawled, Inspected) {
        if !self.rooms.config.engine.healing {
            return (crawled, Inspected::default());
        }
        let platform = &job.target.platform;
        let set = self.rooms.selectors_for(platform, &crawled.capture);
        let (Ok(site), Ok(set)) = (self.rooms.platform(platform), set) else {
            return (crawled, Inspected::default());
        };
        let rooms = Arc::clone(&self.rooms);
        let inspect = move || {
            let mut crawled = crawled;
            if crawled.document.selectors.version != set.version {
                let wanted = crawled.document.coverage.requested;
                let (document, doubts) = crate::platform::read_doubting(site.as_ref(), &crawled.capture, &set, wanted);
                crawled.contradictions = doubts;
                let screenshot = std::mem::replace(&mut crawled.document, document).screenshot;
                crawled.document.screenshot = screenshot;
            }
            let inspected = rooms.drift.inspect(site.as_ref(), &mut crawled);
            (crawled, inspected)
        };
        match tokio::task::spawn_blocking(inspect).await {
            Ok(inspected) => inspected,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Takes out what cannot be true, and looks twice where numbers left their profile's own drift; whether the healer has something to see.
    async fn weigh(
        &self,
        job: &Job,
        crawled: &mut Crawled,
        held: Vec<HeldValue>,
    ) -> Result<(Judged, bool), ServicesError> {
        let read = crawled.document.clone();
        let mut judged = self.doubt(job, crawled).await?;
        let mut wakes = false;
        if self.rooms.config.engine.healing && held.is_empty() {
            let platform = &job.target.platform;
            if judged.strayed()
                && let Ok(site) = self.rooms.platform(platform)
            {
                let doubted = self.rooms.drift.stray(site.as_ref(), crawled, &read);
                if !doubted.is_empty() {
                    judged = Judged { held: doubted, ..Judged::default() };
                    wakes = true;
                }
            }
            if let Some(strayed) = judged.drifted {
                wakes |= self.rooms.drift.strayed(platform, &read, strayed);
            }
        }
        judged.held.extend(held);
        Ok((judged, wakes))
    }

    /// Takes out of the document what cannot be true, given what is known: one round trip, and none where nothing was read.
    async fn doubt(&self, job: &Job, crawled: &mut Crawled) -> Result<Judged, ServicesError> {
        let document = &mut crawled.document;
        let Some(profile) = &document.profile else { return Ok(Judged::default()) };
        let posts: Vec<String> = document.posts.iter().map(|post| post.id.clone()).collect();
        let mut patience = self.patience();
        let last = loop {
            match self.services.store.last_facts(&job.target, profile.id.as_deref(), &posts).await {
                Err(error) if self.is_worth_waiting(&error, &patience) => patience.pause().await,
                last => break last?,
            }
        };
        Ok(plausible::judge(document, &last))
    }

    /// Saves, again and again while the ledger is away: what the site gave is not asked of it twice for our sake. The
    /// lease is renewed meanwhile; a save that had come through is found to stand.
    async fn save_patiently(&self, save: &SaveCrawl<'_>) -> Result<Saved, StoreError> {
        let mut patience = self.patience();
        loop {
            match self.services.store.save(save).await {
                Err(error) if self.is_worth_waiting(&error, &patience) => patience.pause().await,
                saved => return saved,
            }
        }
    }

    fn patience(&self) -> Patience {
        let longest = Duration::from_millis(self.rooms.config.queue.settle_patience_ms);
        Patience { end: self.rooms.clock.uptime() + longest, pause: FIRST_PAUSE }
    }

    fn is_worth_waiting(&self, error: &StoreError, patience: &Patience) -> bool {
        !error.is_stale()
            && error.fault() == Fault::Transient
            && !self.hard_stop.is_cancelled()
            && self.rooms.clock.uptime() + patience.pause < patience.end
    }
}

/// What is told of doubtful and of surprising values once the crawl stands.
fn told(job: &Job, fence: u64, judged: &Judged) -> Vec<OutboxEvent> {
    let event = |kind: &str, payload: serde_json::Value| OutboxEvent {
        kind: kind.to_owned(),
        key: format!("{}:{fence}", job.id),
        payload,
    };
    let about =
        |key: &str, what: serde_json::Value| serde_json::json!({ "job": job.id, "target": job.target, key: what });
    let mut events = Vec::new();
    if !judged.held.is_empty() {
        events.push(event("values_held", about("values", serde_json::json!(judged.held))));
    }
    if !judged.surges.is_empty() {
        events.push(event("surge_seen", about("surges", serde_json::json!(judged.surges))));
    }
    events
}
