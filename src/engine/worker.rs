//! The workers: lease, admit, crawl, judge, settle. A failure of a job is logged here, once, and nowhere else.
//!
//! The order that keeps jobs safe: pictures and captures are stored before the transaction, the transaction commits under
//! the lease's fence, the result is published, and only then is the lease settled. A crash between any two of these
//! repeats work and never doubles a row.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::crawl::{self, CrawlError, Crawled};
use super::plausible::{self, Judged};
use super::rooms::Rooms;
use super::services::{Services, ServicesError};
use super::verdict::{self, Setback};
use crate::browser::SessionSpec;
use crate::gate::{Admission, Ask, Egress, Later, Source};
use crate::model::event::EventKind;
use crate::model::fault::{Fault, Verdict};
use crate::model::job::{Job, JobId, PlatformId};
use crate::queue::{Beat, Capacity, JobProgress, Lease, ResultState, Settlement};
use crate::store::lease::{Begin, Begun, Bury, Leased, Postpone, Spend};
use crate::store::save::{CrawlRecord, OutboxEvent, SaveCrawl};
use crate::telemetry::{RefusedWrite, SnoozeCause, Step};

/// How many leases one round takes at most.
const LEASES_AT_ONCE: usize = 32;
/// The wait after a round that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Takes jobs and does them, as many at once as there are slots.
pub(super) struct Workers {
    rooms: Arc<Rooms>,
    services: Services,
    leases: crate::queue::Worker,
    slots: Arc<Semaphore>,
    size: usize,
    /// Platforms that the gate keeps shut, and until when by our uptime: their jobs stay where they are.
    shut: Mutex<HashMap<PlatformId, Duration>>,
    /// Running crawls end at once and are handed back.
    hard_stop: CancellationToken,
}

/// How a job's turn ended.
enum Turn {
    Settle(Settlement),
    /// Somebody else has it: nothing more is ours to do.
    LetGo,
}

impl Workers {
    pub(super) fn new(rooms: Arc<Rooms>, services: Services, hard_stop: CancellationToken) -> Arc<Self> {
        let size = rooms.config.engine.workers_or_default();
        let leases = services.queue.worker("sentinel");
        let slots = Arc::new(Semaphore::new(size));
        Arc::new(Self { rooms, services, leases, slots, size, shut: Mutex::default(), hard_stop })
    }

    /// Takes jobs until it is stopped, then waits for those that run.
    pub(super) async fn run(self: &Arc<Self>, stop: &CancellationToken) {
        let running = TaskTracker::new();
        while !stop.is_cancelled() {
            let Ok(slot) = self.slots.clone().acquire_owned().await else { break };
            drop(slot);
            let free = self.slots.available_permits();
            let capacity = self.capacity(free);
            let leased = tokio::select! {
                leased = self.leases.lease_many(&capacity, free.min(LEASES_AT_ONCE)) => leased,
                () = stop.cancelled() => break,
            };
            match leased {
                Ok(leases) => {
                    for lease in leases {
                        let Ok(slot) = self.slots.clone().acquire_owned().await else { break };
                        running.spawn(self.clone().turn(lease, slot));
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "no work can be taken until this is mended");
                    let _ = tokio::time::timeout(PAUSE, stop.cancelled()).await;
                }
            }
        }
        running.close();
        running.wait().await;
    }

    /// Renews all leases until it is stopped, also while the last crawls finish.
    pub(super) async fn beat(&self, stop: &CancellationToken) {
        let every = self.rooms.config.queue.heartbeat();
        let mut due = self.rooms.clock.uptime();
        while !stop.is_cancelled() {
            let metrics = &self.rooms.metrics;
            match self.leases.beat().await {
                Ok(beats) => {
                    // Renewed only now: a pause before or within the round trip is time that the lease had not.
                    metrics.heartbeat_late_by(self.rooms.clock.uptime().saturating_sub(due));
                    let lost = beats.leases.iter().filter(|(_, beat)| *beat == Beat::Lost).count();
                    metrics.stale_writes_refused(RefusedWrite::Heartbeat, u64::try_from(lost).unwrap_or(u64::MAX));
                    due = self.rooms.clock.uptime() + every;
                }
                Err(error) => tracing::warn!(%error, "leases could not be renewed"),
            }
            let _ = tokio::time::timeout(every, stop.cancelled()).await;
        }
    }

    /// Gives back every lease at once.
    pub(super) async fn hand_back(&self) {
        if let Err(error) = self.leases.hand_back_all().await {
            tracing::warn!(%error, "leases could not be handed back; they go to others when they run out");
        }
    }

    fn capacity(&self, free: usize) -> Capacity {
        let now = self.rooms.clock.uptime();
        let mut shut = self.shut.lock().unwrap_or_else(PoisonError::into_inner);
        shut.retain(|_, until| *until > now);
        let lanes =
            self.rooms.platform_ids().map(|id| (id.clone(), if shut.contains_key(id) { 0 } else { free })).collect();
        Capacity { lanes, quarantine: free == self.size }
    }

    async fn turn(self: Arc<Self>, lease: Lease, slot: OwnedSemaphorePermit) {
        let job = lease.job().id.clone();
        let turn = Box::pin(self.take(&lease)).await;
        let settled = match turn {
            Ok(Turn::Settle(settlement)) => lease.settle(settlement).await.map_err(ServicesError::from),
            Ok(Turn::LetGo) => lease.settle(Settlement::HandBack).await.map_err(ServicesError::from),
            Err(error) => {
                // The ledger cannot be reached: the job is not judged, and comes again.
                tracing::warn!(%job, %error, "a job could not be settled in the ledger; it will be done again");
                lease.settle(Settlement::HandBack).await.map_err(ServicesError::from)
            }
        };
        match settled {
            Ok(crate::queue::Settled::Accepted { answered }) if !answered.is_empty() => {
                for id in answered {
                    if let Err(error) = super::relay::publish_end(&self.services, &id, ResultState::Done).await {
                        tracing::warn!(job = %id, %error, "a result could not be published; it stands in the ledger");
                    }
                }
            }
            Ok(crate::queue::Settled::Stale) => {
                self.rooms.metrics.stale_writes_refused(RefusedWrite::Settlement, 1);
            }
            Ok(crate::queue::Settled::Accepted { .. } | crate::queue::Settled::Gone) => {}
            Err(error) => tracing::warn!(%job, %error, "a lease could not be settled; it runs out"),
        }
        drop(slot);
    }

    /// One job's turn, from the ledger's word to what becomes of the lease.
    async fn take(&self, lease: &Lease) -> Result<Turn, ServicesError> {
        let fence = u64::try_from(lease.fence()).unwrap_or_default();
        let id = &lease.job().id;
        let begin = Begin { job: id, fence, worker: self.leases.name(), deaths: lease.deaths() };
        let leased = match self.services.store.begin_lease(&begin).await? {
            Begun::Leased(leased) => leased,
            Begun::Over { state } => return self.already_over(id, &state).await,
            Begun::Stale { .. } => return Ok(Turn::LetGo),
            Begun::Unknown => {
                // Redis knew it and the ledger did not: enter it, then it is leased like any other.
                self.services.store.submit(&[lease.job().clone().into()]).await?;
                match self.services.store.begin_lease(&begin).await? {
                    Begun::Leased(leased) => leased,
                    Begun::Over { .. } | Begun::Stale { .. } | Begun::Unknown => return Ok(Turn::LetGo),
                }
            }
        };
        Box::pin(self.admitted(lease, fence, &leased)).await
    }

    async fn already_over(&self, id: &JobId, state: &str) -> Result<Turn, ServicesError> {
        let state = match state {
            "done" => ResultState::Done,
            "dead" => ResultState::Dead,
            "cancelled" => ResultState::Cancelled,
            _ => return Ok(Turn::Settle(Settlement::Drop)),
        };
        super::relay::publish_end(&self.services, id, state).await?;
        Ok(Turn::Settle(Settlement::Done))
    }

    async fn admitted(&self, lease: &Lease, fence: u64, leased: &Leased) -> Result<Turn, ServicesError> {
        let job = &leased.job;
        let ask = ask(job);
        let mut permit = match self.rooms.gate.admit(&ask).await {
            Admission::Permit(permit) => permit,
            Admission::Later(later) => return self.later(job, fence, leased.attempt, &later).await,
        };
        self.rooms.tell(EventKind::JobStarted {
            job: job.id.clone(),
            target: job.target.clone(),
            attempt: leased.attempt,
        });
        let spec = SessionSpec::default();
        let crawling = AssertUnwindSafe(crawl::crawl(&self.rooms, job, &mut permit, &spec)).catch_unwind();
        let ended = tokio::select! {
            result = crawling => Ok(result.unwrap_or_else(|panic| Err(CrawlError::Panicked(message(&*panic))))),
            beat = lease.ended() => Err(beat),
            () = self.hard_stop.cancelled() => Err(Beat::Held),
        };
        match ended {
            Ok(result) => {
                permit.report(crawl::report(&result)).await;
                self.judge(fence, leased, &ask, result).await
            }
            Err(beat) => {
                permit.report(crate::gate::Report::default()).await;
                self.interrupted(job, fence, beat).await
            }
        }
    }

    /// The gate is shut: the job goes back without spending an attempt, and no more of its platform are taken until then.
    async fn later(&self, job: &Job, fence: u64, attempt: u32, later: &Later) -> Result<Turn, ServicesError> {
        let until = self.rooms.clock.uptime() + later.after;
        self.shut.lock().unwrap_or_else(PoisonError::into_inner).insert(job.target.platform.clone(), until);
        self.rooms.gate_said_later(job, later);
        let reason = later.reason.to_string();
        self.postpone(job, fence, attempt, later.after, Spend::Nothing, &reason, None).await?;
        Ok(Turn::Settle(Settlement::Snooze(later.after)))
    }

    async fn interrupted(&self, job: &Job, fence: u64, beat: Beat) -> Result<Turn, ServicesError> {
        match beat {
            Beat::Lost => {
                self.rooms.metrics.lease_lost();
                tracing::warn!(job = %job.id, "the lease was lost while the job ran; its result is dropped");
                Ok(Turn::LetGo)
            }
            Beat::Cancelled => {
                super::relay::cancelled(&self.services, &job.id).await?;
                super::relay::publish_end(&self.services, &job.id, ResultState::Cancelled).await?;
                Ok(Turn::Settle(Settlement::Drop))
            }
            Beat::Held => {
                self.services.store.hand_back(&job.id, fence).await?;
                Ok(Turn::Settle(Settlement::HandBack))
            }
        }
    }

    async fn judge(
        &self,
        fence: u64,
        leased: &Leased,
        ask: &Ask,
        result: Result<Crawled, CrawlError>,
    ) -> Result<Turn, ServicesError> {
        let job = &leased.job;
        let fault = match &result {
            Ok(crawled) => crawl::fault_of(crawled.document.outcome, crawled.spent.retry_after),
            Err(error) => Some(error.fault()),
        };
        let what = reason(&result);
        let verdict = match &fault {
            None => Verdict::Done,
            Some(fault) => {
                let rest = self.rooms.gate.rest_left(ask).await;
                let setback = Setback { fault, attempt: leased.attempt, rest, what: &what };
                verdict::verdict(&setback, &self.rooms.config.engine.retry, &self.rooms.rng)
            }
        };
        match (verdict, result) {
            // What was seen stands, also when it is that the site would not answer in any attempt.
            (Verdict::Done | Verdict::Bury { .. }, Ok(crawled)) => self.save(fence, leased, crawled).await,
            (Verdict::Done, Err(error)) => self.bury(fence, leased, &error.fault(), &error.to_string()).await,
            (Verdict::Bury { reason }, Err(error)) => self.bury(fence, leased, &error.fault(), &reason).await,
            (Verdict::Retry { after }, result) => {
                tracing::warn!(job = %job.id, target = %job.target, attempt = leased.attempt, ?after, what, "will be tried again");
                self.postpone(job, fence, leased.attempt, after, Spend::Attempt, &what, result.ok().as_ref()).await?;
                self.rooms.metrics.job_retried(&job.target.platform, fault.as_ref().unwrap_or(&Fault::Transient));
                Ok(Turn::Settle(Settlement::Retry(after)))
            }
            (Verdict::Snooze { after }, result) => {
                tracing::info!(job = %job.id, target = %job.target, ?after, what, "told to wait");
                self.postpone(job, fence, leased.attempt, after, Spend::Nothing, &what, result.ok().as_ref()).await?;
                self.rooms.metrics.job_snoozed(&job.target.platform, SnoozeCause::RetryAfter);
                Ok(Turn::Settle(Settlement::Snooze(after)))
            }
        }
    }

    /// Picture and capture first, then the transaction under the fence, then the result.
    async fn save(&self, fence: u64, leased: &Leased, mut crawled: Crawled) -> Result<Turn, ServicesError> {
        let job = &leased.job;
        let name = format!("{}-{fence}", job.id);
        let since = self.rooms.clock.uptime();
        if let Err(error) = crawl::keep_picture(&self.rooms.blobs, &mut crawled, "", &name).await {
            tracing::warn!(job = %job.id, %error, "the screenshot could not be stored and is left out");
        }
        let capture_key = match crawl::keep_capture(&self.rooms.blobs, &crawled, &name).await {
            Ok(key) => Some(key),
            Err(error) => {
                tracing::warn!(job = %job.id, %error, "the capture could not be stored and is left out");
                None
            }
        };
        let judged = Box::pin(self.doubt(job, &mut crawled)).await?;
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
            fingerprint: None,
            error: None,
            worker: self.leases.name(),
            held: &judged.held,
            events: &events,
        };
        let saved = match self.services.store.save(&save).await {
            Ok(saved) => saved,
            Err(error) if error.is_stale() => {
                tracing::warn!(job = %job.id, fence, "a stale write was refused: another worker has this job");
                return Ok(Turn::LetGo);
            }
            Err(error) => return Err(error.into()),
        };
        self.rooms.step(job, Step::Save, since);
        if let Some(image) = &crawled.image {
            let bytes = u64::try_from(image.bytes.len()).unwrap_or(u64::MAX);
            self.rooms.metrics.screenshot_kept(image.format.as_str(), bytes, image.quality);
        }
        let text = serde_json::to_string(document).unwrap_or_else(|_| "null".to_owned());
        let mut ids = vec![job.id.clone()];
        ids.extend(saved.joined.iter().cloned());
        if let Err(error) =
            self.services.queue.publish_result(&ids, ResultState::Done, Some(document.outcome), Some(&text)).await
        {
            tracing::warn!(job = %job.id, %error, "the result stands in the ledger but could not be published");
        }
        self.rooms.values_held(job, &judged);
        self.rooms.job_finished(job, document);
        self.rooms.profile_changed(&job.target, &saved.changes);
        Ok(Turn::Settle(Settlement::Done))
    }

    /// Takes out of the document what cannot be true, given what is known: one round trip, and none where nothing was read.
    async fn doubt(&self, job: &Job, crawled: &mut Crawled) -> Result<Judged, ServicesError> {
        let document = &mut crawled.document;
        let Some(profile) = &document.profile else { return Ok(Judged::default()) };
        let posts: Vec<String> = document.posts.iter().map(|post| post.id.clone()).collect();
        let last = self.services.store.last_facts(&job.target, profile.id.as_deref(), &posts).await?;
        Ok(plausible::judge(document, &last))
    }

    async fn bury(&self, fence: u64, leased: &Leased, fault: &Fault, reason: &str) -> Result<Turn, ServicesError> {
        let job = &leased.job;
        tracing::error!(job = %job.id, target = %job.target, attempt = leased.attempt, reason, "given up");
        let bury = Bury { job: &job.id, fence, reason, last_log: None, crawl: None };
        match self.services.store.bury(&bury).await {
            Ok(()) => {}
            Err(error) if error.is_stale() => return Ok(Turn::LetGo),
            Err(error) => return Err(error.into()),
        }
        self.rooms.metrics.job_buried(&job.target.platform, fault);
        super::relay::publish_end(&self.services, &job.id, ResultState::Dead).await?;
        self.rooms.tell(EventKind::JobBuried { job: job.id.clone(), reason: reason.to_owned() });
        Ok(Turn::Settle(Settlement::Done))
    }

    #[expect(clippy::too_many_arguments, reason = "each is one word of the ledger's row")]
    async fn postpone(
        &self,
        job: &Job,
        fence: u64,
        attempt: u32,
        after: Duration,
        spend: Spend,
        reason: &str,
        crawled: Option<&Crawled>,
    ) -> Result<(), ServicesError> {
        let crawl = crawled.map(|crawled| self.record(job, fence, attempt, crawled, reason));
        let postpone = Postpone { job: &job.id, fence, after, spend, reason, crawl: crawl.as_ref() };
        self.services.store.postpone(&postpone).await?;
        self.rooms.tell_postponed(job, after, reason);
        let progress = JobProgress {
            id: job.id.clone(),
            state: if spend == Spend::Attempt { "retrying" } else { "waiting" }.to_owned(),
            next_at: chrono::Duration::from_std(after).ok().map(|after| self.rooms.clock.now() + after),
            attempt,
            reason: Some(reason.to_owned()),
        };
        if let Err(error) = self.services.queue.publish_progress(&progress).await {
            tracing::debug!(job = %job.id, %error, "progress could not be told");
        }
        Ok(())
    }

    fn record<'a>(
        &'a self,
        job: &'a Job,
        fence: u64,
        attempt: u32,
        crawled: &'a Crawled,
        reason: &'a str,
    ) -> CrawlRecord<'a> {
        let document = &crawled.document;
        CrawlRecord {
            job: &job.id,
            fence,
            target: &job.target,
            url: document.url.as_deref(),
            started_at: crawled.started_at,
            duration: Duration::from_millis(document.duration_ms.unwrap_or_default()),
            outcome: document.outcome,
            status: crawled.capture.pages.first().and_then(|page| page.status),
            evidence: document.evidence.as_ref(),
            error: Some(reason),
            retries: attempt.saturating_sub(1),
            selectors_version: Some(&document.selectors.version),
            coverage: Some(document.coverage),
            screenshot: document.screenshot.as_ref(),
            capture_key: None,
            fingerprint: None,
            worker: self.leases.name(),
        }
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

fn ask(job: &Job) -> Ask {
    Ask { platform: job.target.platform.clone(), egress: Egress::direct(), source: Source::profile(), page_loads: 1 }
}

fn reason(result: &Result<Crawled, CrawlError>) -> String {
    match result {
        Ok(crawled) => {
            let seen = crawled.document.evidence.as_ref().map_or_else(String::new, |e| format!(": {}", e.signal));
            format!("{}{seen}", crawled.document.outcome.as_str())
        }
        Err(error) => error.to_string(),
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned())
}
