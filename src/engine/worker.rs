//! One job's turn: the ledger's word, the gate, the crawl, the verdict, the ledger again, and what becomes of the lease. A
//! failure of a job is logged here, once, and nowhere else. The pool that hands out turns is `pool.rs`; `worker/save.rs` writes what
//! a crawl brought, `worker/later.rs` what became of one that brought nothing final.
//!
//! The order that keeps jobs safe: pictures and captures are stored before the transaction, the transaction commits under
//! the lease's fence, the result is published, and only then is the lease settled. A crash between any two of these
//! repeats work and never doubles a row.

mod later;
mod save;

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use tokio_util::sync::CancellationToken;

use super::answers;
use super::crawl::{CrawlError, Crawled};
use super::crawler::CrawlTurn;
use super::pool::{Place, Workers};
use super::report;
use super::services::ServicesError;
use super::verdict::{self, Setback};
use crate::gate::{Admission, Ask, Later};
use crate::model::event::EventKind;
use crate::model::fault::{Fault, Verdict};
use crate::model::job::{Job, JobId};
use crate::queue::{Beat, Lease, Settlement};
use crate::store::StoreError;
use crate::store::lease::{Begin, Begun, Leased, Spend};
use crate::telemetry::SnoozeCause;

/// How long a crawl may go on after it was told to end, before its browser context is killed and its slot given away.
const END_PATIENCE: Duration = Duration::from_secs(2);
/// How long a job rests that could not be judged because the ledger did not answer.
const LEDGER_REST: Duration = Duration::from_secs(1);
/// How a job's turn ended.
enum Turn {
    Settle(Settlement),
    /// The ledger or Redis says that it is not ours any more: nothing was written, nothing more is ours to do.
    LetGo,
}

impl Workers {
    /// One job's turn: what is to become of its lease.
    pub(super) async fn judged(&self, lease: &Lease, place: &mut Place<'_>) -> Settlement {
        match self.take(lease, place).await {
            Ok(Turn::Settle(settlement)) => settlement,
            // Redis changes nothing where another holds it. Where Redis still thinks it ours although the ledger knows of
            // a later lease or of an end, it leaves Redis, and the reconciler brings it again if it lives.
            Ok(Turn::LetGo) => Settlement::Drop,
            Err(error) => {
                tracing::warn!(job = %lease.job().id, %error, "the ledger could not be told of a job; it will be done again");
                if self.hard_stop.is_cancelled() {
                    Settlement::HandBack
                } else {
                    // Not at once: all jobs would go round as fast as the ledger fails.
                    Settlement::Snooze(LEDGER_REST + self.rooms.rng.jitter(LEDGER_REST))
                }
            }
        }
    }

    /// From the ledger's word to what becomes of the lease.
    async fn take(&self, lease: &Lease, place: &mut Place<'_>) -> Result<Turn, ServicesError> {
        let fence = u64::try_from(lease.fence()).unwrap_or_default();
        let id = &lease.job().id;
        let begin = Begin { job: id, fence, worker: self.leases.name(), deaths: lease.deaths() };
        let mut begun = self.services.store.begin_lease(&begin).await?;
        if begun == Begun::Unknown {
            // Redis knew it and the ledger did not: enter it, then it is leased like any other.
            self.services.store.submit(&[lease.job().clone().into()]).await?;
            begun = self.services.store.begin_lease(&begin).await?;
        }
        match begun {
            Begun::Leased(leased) => Box::pin(self.admitted(lease, fence, &leased, place)).await,
            Begun::Over { state } => self.already_over(id, &state).await,
            Begun::Stale { present } => {
                tracing::warn!(job = %id, fence, present, "a stale write was refused: the ledger knows a later lease");
                Ok(Turn::LetGo)
            }
            Begun::Unknown => Ok(Turn::LetGo),
        }
    }

    /// The ledger has finished it before: a worker died between the commit and the acknowledgement.
    async fn already_over(&self, id: &JobId, state: &str) -> Result<Turn, ServicesError> {
        answers::publish_end(&self.services, id).await?;
        Ok(Turn::Settle(if state == "done" { Settlement::Done } else { Settlement::Drop }))
    }

    async fn admitted(
        &self,
        lease: &Lease,
        fence: u64,
        leased: &Leased,
        place: &mut Place<'_>,
    ) -> Result<Turn, ServicesError> {
        let job = &leased.job;
        let ask = self.rooms.ways.ask(&job.target.platform);
        let permit = match self.rooms.gate.admit(&ask).await {
            Admission::Permit(permit) => permit,
            Admission::Later(later) => return self.later(job, fence, leased.attempt, &later).await,
        };
        self.rooms.tell(EventKind::JobStarted {
            job: job.id.clone(),
            target: job.target.clone(),
            attempt: leased.attempt,
        });
        if leased.deaths > 0 {
            let line = format!("attempt {} of {} begins after {} deaths", leased.attempt, job.target, leased.deaths);
            self.services.store.note_step(&job.id, fence, &line).await?;
        }
        let (job_, attempt, kill) = (job.clone(), leased.attempt, CancellationToken::new());
        let turn = CrawlTurn { job: job_, attempt, isolation: place.isolation, permit, kill: kill.clone() };
        let crawled = self.crawl(turn, lease).await;
        place.crawled().await;
        match crawled {
            Ok(result) => Box::pin(self.judge(fence, leased, &ask, result)).await,
            Err(beat) => self.interrupted(job, fence, beat).await,
        }
    }

    /// The crawl in a task of its own, until it ends, its time is over, its lease ends or we are to stop at once. A task
    /// that does not end when it is told to loses its browser context, and the slot is free although it goes on.
    async fn crawl(&self, mut turn: CrawlTurn, lease: &Lease) -> Result<Result<Crawled, CrawlError>, Beat> {
        let (crawler, rooms, kill) = (Arc::clone(&self.crawler), Arc::clone(&self.rooms), turn.kill.clone());
        let told = CancellationToken::new();
        let heard = told.clone();
        let mut task = tokio::spawn(async move {
            let crawled = tokio::select! {
                crawled = AssertUnwindSafe(crawler.crawl(&mut turn)).catch_unwind() => crawled,
                () = heard.cancelled() => Ok(Err(CrawlError::Interrupted)),
            };
            let mut result = crawled.unwrap_or_else(|panic| Err(CrawlError::Panicked(message(&*panic))));
            // Before the gate is told: a page of a new template is no sign that the site refuses.
            if let (true, Ok(crawled)) = (rooms.config.engine.healing, &mut result) {
                rooms.drift.recognise(crawled);
            }
            report::report(&rooms, turn.permit, &result).await;
            result
        });
        // Closing the context and reading the page come after the last visit.
        let time =
            self.rooms.deadline + (self.rooms.deadline / 10).clamp(Duration::from_secs(1), Duration::from_secs(10));
        let ended = tokio::select! {
            result = &mut task => {
                return Ok(result.unwrap_or_else(|error| Err(CrawlError::Panicked(error.to_string()))));
            }
            beat = lease.ended() => Err(beat),
            () = self.hard_stop.cancelled() => Err(Beat::Held),
            () = tokio::time::sleep(time) => Ok(Err(CrawlError::Deadline(self.rooms.deadline))),
        };
        told.cancel();
        if tokio::time::timeout(END_PATIENCE, &mut task).await.is_err() {
            task.abort();
            tracing::error!(job = %lease.job().id, "the crawl ignores its end; its browser context is killed and its slot free");
            kill.cancel();
        }
        ended
    }

    /// The gate is shut: the job goes back without spending an attempt, and no more of its platform are taken until then.
    async fn later(&self, job: &Job, fence: u64, attempt: u32, later: &Later) -> Result<Turn, ServicesError> {
        let until = self.rooms.clock.uptime() + later.after;
        self.shut.lock().unwrap_or_else(PoisonError::into_inner).insert(job.target.platform.clone(), until);
        self.rooms.gate_said_later(job, later);
        let reason = later.reason.to_string();
        self.postpone(job, fence, attempt, later.after, Spend::Nothing, &reason, None).await
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
                Ok(Turn::Settle(Settlement::Drop))
            }
            Beat::Held => match self.services.store.hand_back(&job.id, fence).await {
                Ok(()) => Ok(Turn::Settle(Settlement::HandBack)),
                Err(error) => refused(job, fence, error),
            },
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
            Ok(crawled) => report::fault_of(crawled.document.outcome, crawled.spent.retry_after),
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
            (Verdict::Done, Err(error)) => self.bury(fence, leased, &error, &error.to_string()).await,
            (Verdict::Bury { reason }, Err(error)) => self.bury(fence, leased, &error, &reason).await,
            (Verdict::Retry { after }, result) => {
                tracing::warn!(job = %job.id, target = %job.target, attempt = leased.attempt, ?after, what, "will be tried again");
                self.rooms.metrics.job_retried(&job.target.platform, fault.as_ref().unwrap_or(&Fault::Transient));
                self.postpone(job, fence, leased.attempt, after, Spend::Attempt, &what, result.ok()).await
            }
            (Verdict::Snooze { after }, result) => {
                tracing::info!(job = %job.id, target = %job.target, ?after, what, "told to wait");
                self.rooms.metrics.job_snoozed(&job.target.platform, SnoozeCause::RetryAfter);
                let turn = self.postpone(job, fence, leased.attempt, after, Spend::Nothing, &what, result.ok()).await?;
                self.tell_stalled(job).await;
                Ok(turn)
            }
        }
    }
}

/// A write that the ledger did not take: because the lease is not the present one (counted and logged), or because the
/// ledger failed.
fn refused(job: &Job, fence: u64, error: StoreError) -> Result<Turn, ServicesError> {
    if error.is_stale() {
        tracing::warn!(job = %job.id, fence, "a stale write was refused: the lease is not the present one, or the job is over");
        return Ok(Turn::LetGo);
    }
    Err(error.into())
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
