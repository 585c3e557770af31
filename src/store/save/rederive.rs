//! Writing a past crawl again from its capture, after a selector version proved bad or became active: the crawl keeps its
//! row, and what it had written gives way to what is read now.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::record::coverage_word;
use super::{Changes, Write, forget, json_text, posts, profile};
use crate::model::document::Document;
use crate::model::job::{PlatformId, Target};
use crate::store::lease::fence;
use crate::store::{Store, StoreError, limit};

/// A crawl that can be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCrawl {
    /// The row in `crawl_history`.
    pub crawl: i64,
    /// Its job.
    pub job: String,
    /// What was crawled.
    pub target: Target,
    /// Which selectors read it.
    pub selectors_version: Option<String>,
    /// Its capture in the blob store.
    pub capture_key: Option<String>,
    /// The page's template.
    pub fingerprint: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// Which past crawls are meant; what is none does not narrow.
#[derive(Debug, Clone, Default)]
pub struct PastFilter {
    /// The platform's name.
    pub platform: Option<String>,
    /// Read by this version.
    pub selectors_version: Option<String>,
    /// Of this template.
    pub fingerprint: Option<String>,
    /// Begun at or after this.
    pub since: Option<DateTime<Utc>>,
    /// This crawl only.
    pub crawl: Option<i64>,
}

/// What a past crawl left in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredCrawl {
    /// The document's JSON text, as it was saved or last re-derived.
    pub document: String,
    /// Paths of its values that are held back now.
    pub held: Vec<String>,
}

type PastRow = (i64, String, String, String, Option<String>, Option<String>, Option<String>, DateTime<Utc>);

impl Store {
    /// A page of past crawls that have a capture, oldest first, after the crawl `after`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn past_crawls(
        &self,
        filter: &PastFilter,
        after: Option<i64>,
        rows: usize,
    ) -> Result<Vec<PastCrawl>, StoreError> {
        let sql = "
            select id, job_id, platform, handle, selectors_version, capture_key, fingerprint, started_at
            from crawl_history
            where tenant_id = app_tenant() and capture_key is not null
              and ($1::text is null or platform = $1) and ($2::text is null or selectors_version = $2)
              and ($3::timestamptz is null or started_at >= $3) and ($4::bigint is null or id = $4)
              and ($5::bigint is null or id > $5) and ($6::text is null or fingerprint = $6)
            order by id limit $7";
        let rows: Vec<PastRow> = sqlx::query_as(sql)
            .persistent(false)
            .bind(filter.platform.as_deref())
            .bind(filter.selectors_version.as_deref())
            .bind(filter.since)
            .bind(filter.crawl)
            .bind(after)
            .bind(filter.fingerprint.as_deref())
            .bind(limit(rows))
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        rows.into_iter()
            .map(|(crawl, job, platform, handle, selectors_version, capture_key, fingerprint, started_at)| {
                let handle = handle
                    .parse()
                    .map_err(|e| StoreError::Damaged { what: format!("crawl {crawl}"), detail: format!("{e}") })?;
                let target = Target { platform: PlatformId::new(platform), handle };
                Ok(PastCrawl { crawl, job, target, selectors_version, capture_key, fingerprint, started_at })
            })
            .collect()
    }

    /// The document of a past crawl; none where there is no such crawl or its job has been forgotten.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stored_crawl(&self, crawl: i64) -> Result<Option<StoredCrawl>, StoreError> {
        let sql = "
            select jobs.document::text as document,
                array(select path from held_values where crawl_id = crawl_history.id and state <> 'released' order by id) as held
            from crawl_history join jobs on jobs.tenant_id = crawl_history.tenant_id and jobs.id = crawl_history.job_id
                and jobs.fence = crawl_history.fence
            where crawl_history.tenant_id = app_tenant() and crawl_history.id = $1 and jobs.document is not null";
        sqlx::query_as(sql).bind(crawl).fetch_optional(&self.pool).await.map_err(|e| self.error(e))
    }

    /// Replaces what a past crawl wrote by `document`, read again from its capture. What newer crawls wrote stays. The
    /// correction is an event (`crawl_rederived`) of the same transaction.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such crawl; else when the database fails.
    pub async fn rederive(&self, crawl: i64, document: &Document) -> Result<Changes, StoreError> {
        self.write_again(crawl, document, Telling::Everyone).await
    }

    /// As [`Self::rederive`], and nobody is told: what a canary writes is not believed yet.
    ///
    /// # Errors
    /// As there.
    pub async fn rederive_untold(&self, crawl: i64, document: &Document) -> Result<Changes, StoreError> {
        self.write_again(crawl, document, Telling::Nobody).await
    }

    async fn write_again(&self, crawl: i64, document: &Document, telling: Telling) -> Result<Changes, StoreError> {
        let mut transaction = self.pool.begin().await.map_err(|e| self.error(e))?;
        let connection: &mut PgConnection = &mut transaction;
        let row = again(connection, crawl, document).await.map_err(|e| self.error(e))?;
        let Some(row) = row else {
            return Err(StoreError::NotFound { what: "crawl", name: crawl.to_string() });
        };
        let target = row.target(crawl)?;
        let observed_at = document.observed_at.unwrap_or(row.started_at);
        let write = Write { crawl_id: crawl, observed_at, target: &target, document };
        forget::forget(connection, crawl, observed_at).await.map_err(|e| self.error(e))?;
        let (profile, mut changes) = profile::write(connection, &write, None).await.map_err(|e| self.error(e))?;
        if let Some(profile) = profile
            && !document.posts.is_empty()
        {
            posts::write(connection, &write, profile, posts::Judge::of(document), &mut changes)
                .await
                .map_err(|e| self.error(e))?;
        }
        conclude(connection, &write, &row, profile, telling).await.map_err(|e| self.error(e))?;
        transaction.commit().await.map_err(|e| self.error(e))?;
        Ok(changes)
    }

    /// Takes back what a past crawl wrote, so that nothing of it is known until it is read again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn retract(&self, crawl: i64) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await.map_err(|e| self.error(e))?;
        let connection: &mut PgConnection = &mut transaction;
        let sql = "
            select profile_id, jobs.document->>'observed_at', started_at
            from crawl_history left join jobs on jobs.tenant_id = crawl_history.tenant_id
                and jobs.id = crawl_history.job_id and jobs.fence = crawl_history.fence
            where crawl_history.tenant_id = app_tenant() and crawl_history.id = $1";
        let row: Option<(Option<i64>, Option<String>, DateTime<Utc>)> =
            sqlx::query_as(sql).bind(crawl).fetch_optional(&mut *connection).await.map_err(|e| self.error(e))?;
        let Some((profile, at, started_at)) = row else { return Ok(()) };
        // As it was written: PostgreSQL would round what it reads from text to another microsecond.
        let at = at.and_then(|at| DateTime::parse_from_rfc3339(&at).ok()).map_or(started_at, |at| at.to_utc());
        forget::forget(connection, crawl, at).await.map_err(|e| self.error(e))?;
        if let Some(profile) = profile {
            forget::recount(connection, profile).await.map_err(|e| self.error(e))?;
        }
        transaction.commit().await.map_err(|e| self.error(e))?;
        Ok(())
    }

    /// Versions of a platform that are forbidden and by which stored crawls were read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn versions_to_mend(&self, platform: &str) -> Result<Vec<String>, StoreError> {
        let sql = "
            select version from selectors where platform = $1 and state = 'forbidden'
              and exists (select from crawl_history where crawl_history.platform = $1
                          and selectors_version = selectors.version and tenant_id = app_tenant()
                          and capture_key is not null)
            order by version";
        sqlx::query_scalar(sql).bind(platform).fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }

    /// A crawl's capture is gone or cannot be read: it is not asked for again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_capture(&self, crawl: i64) -> Result<(), StoreError> {
        let sql = "update crawl_history set capture_key = null where tenant_id = app_tenant() and id = $1";
        sqlx::query(sql).bind(crawl).execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }
}

/// Who learns of a crawl that was written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Telling {
    Everyone,
    Nobody,
}

/// What a crawl's row says, and said before it was written again.
#[derive(Debug, sqlx::FromRow)]
struct Again {
    job_id: String,
    fence: i64,
    platform: String,
    handle: String,
    started_at: DateTime<Utc>,
    profile_id: Option<i64>,
    replaced: Option<String>,
}

impl Again {
    fn target(&self, crawl: i64) -> Result<Target, StoreError> {
        let damaged = |e: String| StoreError::Damaged { what: format!("crawl {crawl}"), detail: e };
        let handle = self.handle.parse().map_err(|e| damaged(format!("{e}")))?;
        Ok(Target { platform: PlatformId::new(&self.platform), handle })
    }
}

async fn again(connection: &mut PgConnection, crawl: i64, document: &Document) -> Result<Option<Again>, sqlx::Error> {
    let sql = "
        with before as (
            select id, selectors_version, profile_id from crawl_history
            where tenant_id = app_tenant() and id = $1 for update
        )
        update crawl_history set selectors_version = $2, outcome = $3, posts_got = $4, coverage_reason = $5,
            evidence = $6::jsonb
        from before where crawl_history.id = before.id
        returning job_id, fence, platform, handle, started_at, before.profile_id, before.selectors_version as replaced";
    sqlx::query_as(sql)
        .bind(crawl)
        .bind(&document.selectors.version)
        .bind(document.outcome.as_str())
        .bind(i32::try_from(document.posts.len()).unwrap_or(i32::MAX))
        .bind(document.coverage.reason.and_then(coverage_word))
        .bind(document.evidence.as_ref().map(json_text).transpose()?)
        .fetch_optional(connection)
        .await
}

/// The last statements: the crawl's profile, its job's document, the event; and what a bad reading had made is cleared away.
async fn conclude(
    connection: &mut PgConnection,
    write: &Write<'_>,
    row: &Again,
    profile: Option<i64>,
    telling: Telling,
) -> Result<(), sqlx::Error> {
    let document = write.document;
    let sql = "
        with placed as (
            update crawl_history set profile_id = coalesce($2, profile_id) where id = $1
        ), told as (
            insert into outbox (kind, event_key, payload)
            select 'crawl_rederived', $1::text || ':' || pg_current_xact_id()::text, $7::json where $7 is not null
        )
        update jobs set document = $5::json, outcome = $6
        where tenant_id = app_tenant() and id = $3 and fence = $4 and state = 'done'";
    let event = serde_json::json!({
        "job": row.job_id,
        "crawl": write.crawl_id,
        "platform": row.platform,
        "handle": row.handle,
        "outcome": document.outcome,
        "posts": document.posts.len(),
        "selectors": document.selectors.version,
        "replaced": row.replaced,
    });
    let event = if telling == Telling::Everyone { Some(json_text(&event)?) } else { None };
    sqlx::query(sql)
        .bind(write.crawl_id)
        .bind(profile)
        .bind(&row.job_id)
        .bind(fence(row.fence.unsigned_abs()))
        .bind(json_text(document)?)
        .bind(document.outcome.as_str())
        .bind(event)
        .execute(&mut *connection)
        .await?;
    for own in profile.iter().chain(&row.profile_id) {
        forget::recount(connection, *own).await?;
    }
    if let Some(former) = row.profile_id.filter(|former| profile.is_some_and(|profile| profile != *former)) {
        forget::drop_orphan(connection, former).await?;
    }
    Ok(())
}
