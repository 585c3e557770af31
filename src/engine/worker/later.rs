//! A crawl that brought nothing final: it waits for another attempt, or it is given up.

use std::time::Duration;

use super::{Turn, refused};
use crate::engine::answers;
use crate::engine::crawl::{self, CrawlError, Crawled};
use crate::engine::failed::failed;
use crate::engine::pool::Workers;
use crate::engine::services::ServicesError;
use crate::model::event::EventKind;
use crate::model::job::Job;
use crate::queue::{JobProgress, Settlement};
use crate::store::lease::{Bury, Leased, Postpone, Spend};
use crate::store::save::CrawlRecord;
use crate::store::stalled::Stalled;

impl Workers {
    /// Gives the job up; who waits for it is given a document that says why.
    pub(super) async fn bury(
        &self,
        fence: u64,
        leased: &Leased,
        error: &CrawlError,
        reason: &str,
    ) -> Result<Turn, ServicesError> {
        let job = &leased.job;
        let document = failed(&self.rooms, &job.target, job.posts, error.signal(), &error.to_string());
        tracing::error!(job = %job.id, target = %job.target, attempt = leased.attempt, reason, "given up");
        let bury = Bury { job: &job.id, fence, reason, last_log: None, crawl: None, document: Some(&document) };
        if let Err(error) = self.services.store.bury(&bury).await {
            return refused(job, fence, error);
        }
        self.rooms.metrics.job_buried(&job.target.platform, &error.fault());
        answers::publish_end(&self.services, &job.id).await?;
        self.rooms.tell(EventKind::JobBuried { job: job.id.clone(), reason: reason.to_owned() });
        Ok(Turn::Settle(Settlement::Drop))
    }

    #[expect(clippy::too_many_arguments, reason = "each is one word of the ledger's row")]
    pub(super) async fn postpone(
        &self,
        job: &Job,
        fence: u64,
        attempt: u32,
        after: Duration,
        spend: Spend,
        reason: &str,
        mut crawled: Option<Crawled>,
    ) -> Result<Turn, ServicesError> {
        if let Some(crawled) = &mut crawled {
            self.keep_picture(job, fence, crawled).await;
        }
        let crawl = crawled.as_ref().map(|crawled| self.record(job, fence, attempt, crawled, reason));
        let postpone = Postpone { job: &job.id, fence, after, spend, reason, crawl: crawl.as_ref() };
        if let Err(error) = self.services.store.postpone(&postpone).await {
            return refused(job, fence, error);
        }
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
        Ok(Turn::Settle(match spend {
            Spend::Attempt => Settlement::Retry(after),
            Spend::Nothing => Settlement::Snooze(after),
        }))
    }

    /// A job that waits for ever is somebody's to know: by log, metric, event and outbox.
    pub(super) async fn tell_stalled(&self, job: &Job) {
        match self.services.store.tell_stalled(job).await {
            Ok(None) => {}
            Ok(Some(Stalled { refusals, since })) => {
                tracing::warn!(job = %job.id, target = %job.target, refusals, %since, "the site tells it to wait again and again; it waits on: cancel it, or look at the gate (sentinel gate status)");
                self.rooms.metrics.job_stalled(&job.target.platform);
                let (job, target, refusals) = (job.id.clone(), job.target.clone(), refusals.unsigned_abs());
                self.rooms.tell(EventKind::JobStalled { job, target, refusals, since });
            }
            Err(error) => {
                tracing::debug!(job = %job.id, %error, "whether it is stalled could not be told; the next refusal does")
            }
        }
    }

    /// Stores the picture; one that cannot be stored is no reason to lose the numbers.
    pub(super) async fn keep_picture(&self, job: &Job, fence: u64, crawled: &mut Crawled) {
        let name = format!("{}-{fence}", job.id);
        if let Err(error) = crawl::keep_picture(&self.rooms.blobs, crawled, "", &name).await {
            tracing::warn!(job = %job.id, %error, "the screenshot could not be stored and is left out");
        }
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
