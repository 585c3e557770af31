//! One crawl as a row of `crawl_history`, also for attempts that came to nothing.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::SaveCrawl;
use crate::model::document::{Coverage, Evidence, Outcome, Screenshot, ShortReason};
use crate::model::job::{JobId, Target};
use crate::store::lease::{clean, fence};

/// What one attempt was and saw.
#[derive(Debug, Clone, Copy)]
pub struct CrawlRecord<'a> {
    /// The job.
    pub job: &'a JobId,
    /// The lease's fence: one row for each at most.
    pub fence: u64,
    /// What was asked for.
    pub target: &'a Target,
    /// The profile's canonical address.
    pub url: Option<&'a str>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub duration: Duration,
    /// What came out.
    pub outcome: Outcome,
    /// The HTTP status of the profile's page; where it is none, the evidence's counts.
    pub status: Option<u16>,
    /// What was seen.
    pub evidence: Option<&'a Evidence>,
    /// What went wrong, for a person.
    pub error: Option<&'a str>,
    /// Attempts before this one.
    pub retries: u32,
    /// Which selectors were used.
    pub selectors_version: Option<&'a str>,
    /// How many posts came.
    pub coverage: Option<Coverage>,
    /// The picture kept as evidence.
    pub screenshot: Option<&'a Screenshot>,
    /// The capture's key in the blob store.
    pub capture_key: Option<&'a str>,
    /// The page's template.
    pub fingerprint: Option<&'a str>,
    /// Who crawled.
    pub worker: &'a str,
}

/// The row's columns as PostgreSQL takes them.
pub(super) struct Columns {
    pub(super) platform: String,
    pub(super) handle: String,
    pub(super) url: Option<String>,
    pub(super) started_at: DateTime<Utc>,
    pub(super) duration_ms: i64,
    pub(super) status: Option<i32>,
    pub(super) outcome: &'static str,
    pub(super) evidence: Option<String>,
    pub(super) error: Option<String>,
    pub(super) retries: i32,
    pub(super) selectors_version: Option<String>,
    pub(super) posts_requested: Option<i32>,
    pub(super) posts_got: Option<i32>,
    pub(super) coverage_reason: Option<String>,
    pub(super) screenshot_key: Option<String>,
    pub(super) screenshot_url: Option<String>,
    pub(super) screenshot_bytes: Option<i64>,
    pub(super) capture_key: Option<String>,
    pub(super) fingerprint: Option<String>,
    pub(super) worker: String,
}

impl<'a> CrawlRecord<'a> {
    pub(super) fn of(crawl: &SaveCrawl<'a>) -> Self {
        let document = crawl.document;
        Self {
            job: crawl.job,
            fence: crawl.fence,
            target: crawl.target,
            url: document.url.as_deref(),
            started_at: crawl.started_at,
            duration: crawl.duration,
            outcome: document.outcome,
            status: crawl.status,
            evidence: document.evidence.as_ref(),
            error: crawl.error,
            retries: crawl.retries,
            selectors_version: Some(&document.selectors.version),
            coverage: Some(document.coverage),
            screenshot: document.screenshot.as_ref(),
            capture_key: crawl.capture_key,
            fingerprint: crawl.fingerprint,
            worker: crawl.worker,
        }
    }

    pub(super) fn columns(&self) -> Columns {
        let own = |text: Option<&str>| text.map(|text| clean(text).into_owned());
        let reason = self.coverage.and_then(|coverage| coverage.reason);
        Columns {
            platform: self.target.platform.as_str().to_owned(),
            handle: self.target.handle.as_str().to_owned(),
            url: own(self.url),
            started_at: self.started_at,
            duration_ms: i64::try_from(self.duration.as_millis()).unwrap_or(i64::MAX),
            status: self.status.or_else(|| self.evidence.and_then(|evidence| evidence.status)).map(i32::from),
            outcome: self.outcome.as_str(),
            evidence: self.evidence.and_then(|evidence| super::json_text(evidence).ok()),
            error: own(self.error),
            retries: i32::try_from(self.retries).unwrap_or(i32::MAX),
            selectors_version: own(self.selectors_version),
            posts_requested: self.coverage.map(|coverage| i32::from(coverage.requested)),
            posts_got: self.coverage.and_then(|coverage| i32::try_from(coverage.got).ok()),
            coverage_reason: reason.and_then(coverage_word),
            screenshot_key: own(self.screenshot.map(|screenshot| screenshot.file.as_str())),
            screenshot_url: own(self.screenshot.and_then(|screenshot| screenshot.url.as_deref())),
            screenshot_bytes: self.screenshot.and_then(|screenshot| i64::try_from(screenshot.bytes).ok()),
            capture_key: own(self.capture_key),
            fingerprint: own(self.fingerprint),
            worker: clean(self.worker).into_owned(),
        }
    }

    /// Enters an attempt that is not saved as a document, under the handle's present profile.
    pub(in crate::store) async fn insert(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let sql = "
            insert into crawl_history (job_id, fence, platform, handle, url, started_at, duration_ms, status, outcome,
                evidence, error, retries, selectors_version, posts_requested, posts_got, coverage_reason, screenshot_key,
                screenshot_url, screenshot_bytes, capture_key, fingerprint, worker, profile_id)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::jsonb, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20,
                $21, $22, (select profile_id from profile_handles
                           where tenant_id = app_tenant() and platform = $3 and handle = $4 and until is null))
            on conflict do nothing";
        let row = self.columns();
        sqlx::query(sql)
            .bind(self.job.as_str())
            .bind(fence(self.fence))
            .bind(row.platform)
            .bind(row.handle)
            .bind(row.url)
            .bind(row.started_at)
            .bind(row.duration_ms)
            .bind(row.status)
            .bind(row.outcome)
            .bind(row.evidence)
            .bind(row.error)
            .bind(row.retries)
            .bind(row.selectors_version)
            .bind(row.posts_requested)
            .bind(row.posts_got)
            .bind(row.coverage_reason)
            .bind(row.screenshot_key)
            .bind(row.screenshot_url)
            .bind(row.screenshot_bytes)
            .bind(row.capture_key)
            .bind(row.fingerprint)
            .bind(row.worker)
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// The word of a short list's reason in the table.
pub(super) fn coverage_word(reason: ShortReason) -> Option<String> {
    serde_json::to_value(reason).ok()?.as_str().map(str::to_owned)
}
