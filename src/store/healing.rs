//! How each selector rule does, added up, and who heals which template. Kept apart from the versions: this is written often
//! and may be lost, those are written rarely and tell a story.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;

use super::{Store, StoreError, micros};

/// What a rule did on some pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HealthTally {
    /// The platform's name.
    pub platform: String,
    /// The version.
    pub version: String,
    /// The document's field.
    pub field: String,
    /// The rule's name.
    pub rule: String,
    /// Pages it was tried on.
    pub crawls: i64,
    /// Values it brought.
    pub hits: i64,
    /// Values that were wrong or could not be read.
    pub errors: i64,
}

/// A rule's health so far.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct RuleHealth {
    /// The document's field.
    pub field: String,
    /// The rule's name.
    pub rule: String,
    /// The version.
    pub version: String,
    /// Pages it was tried on.
    pub crawls: i64,
    /// Values it brought.
    pub hits: i64,
    /// Values that were wrong or could not be read.
    pub errors: i64,
    /// When it was last tried.
    pub last_checked: DateTime<Utc>,
    /// When it last brought a value.
    pub last_hit: Option<DateTime<Utc>>,
}

impl Store {
    /// Adds tallies to the rules' health, in one statement; gather some seconds of them first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tally_health(&self, tallies: &[HealthTally]) -> Result<(), StoreError> {
        let sql = "
            insert into selector_health as known (platform, version, field, rule, crawls, hits, errors, last_hit)
            select platform, version, field, rule, sum(crawls), sum(hits), sum(errors),
                case when sum(hits) > 0 then now() end
            from json_to_recordset($1::json) as given (platform text, version text, field text, rule text,
                crawls bigint, hits bigint, errors bigint)
            group by platform, version, field, rule order by platform, version, field, rule
            on conflict (platform, version, field, rule) do update set
                crawls = known.crawls + excluded.crawls, hits = known.hits + excluded.hits,
                errors = known.errors + excluded.errors, last_checked = now(),
                last_hit = coalesce(excluded.last_hit, known.last_hit)";
        let tallies = super::save::json_text(&tallies).map_err(|e| self.error(e))?;
        sqlx::query(sql).bind(tallies).execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }

    /// The health of a platform's rules.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rule_health(&self, platform: &str) -> Result<Vec<RuleHealth>, StoreError> {
        let sql = "
            select field, rule, version, crawls, hits, errors, last_checked, last_hit from selector_health
            where platform = $1 order by version, field, rule limit 10000";
        sqlx::query_as(sql).bind(platform).fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }

    /// Claims a template for healing, or renews the claim: while it holds, nobody else may heal it. Answers whether it is ours.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn claim_heal(
        &self,
        (platform, fingerprint): (&str, &str),
        holder: &str,
        hold: Duration,
    ) -> Result<bool, StoreError> {
        let sql = "
            insert into heal_claims as claim (platform, fingerprint, holder, until)
            values ($1, $2, $3, now() + $4 * interval '1 microsecond')
            on conflict (platform, fingerprint) do update set holder = excluded.holder, until = excluded.until
            where claim.until <= now() or claim.holder = excluded.holder
            returning true";
        let claimed: Option<bool> = sqlx::query_scalar(sql)
            .bind(platform)
            .bind(fingerprint)
            .bind(holder)
            .bind(micros(hold))
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        Ok(claimed.unwrap_or(false))
    }

    /// Gives a claim back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_heal(&self, (platform, fingerprint): (&str, &str), holder: &str) -> Result<(), StoreError> {
        let sql = "delete from heal_claims where platform = $1 and fingerprint = $2 and holder = $3";
        let query = sqlx::query(sql).bind(platform).bind(fingerprint).bind(holder);
        query.execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }
}

/// A template whose pages are held back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct DriftedTemplate {
    /// Its fingerprint.
    pub fingerprint: String,
    /// How many profiles' pages are held.
    pub profiles: i64,
    /// The newest held page.
    pub newest: i64,
}

/// The last believed crawl of a profile.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct LastGood {
    /// The handle.
    pub handle: String,
    /// The crawl.
    pub crawl: i64,
    /// The document's JSON text.
    pub document: String,
    /// Its capture in the blob store.
    pub capture_key: Option<String>,
}

impl Store {
    /// The templates of a platform whose pages are held back as a whole, with most profiles first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drifted_templates(&self, platform: &str) -> Result<Vec<DriftedTemplate>, StoreError> {
        let sql = "
            select fingerprint, count(distinct handle) as profiles, max(id) as newest from held_values
            where tenant_id = app_tenant() and platform = $1 and state = 'held' and path = 'document'
              and fingerprint is not null and crawl_id is not null
            group by fingerprint order by profiles desc, fingerprint limit 100";
        sqlx::query_as(sql).bind(platform).fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }

    /// The crawls of a platform that are held back as a whole, oldest first: (held value, crawl, job); of one template or of all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held_crawls(
        &self,
        platform: &str,
        fingerprint: Option<&str>,
        rows: usize,
    ) -> Result<Vec<(i64, i64, String)>, StoreError> {
        let sql = "
            select id, crawl_id, job_id from held_values
            where tenant_id = app_tenant() and platform = $1 and state = 'held' and path = 'document'
              and crawl_id is not null and ($2::text is null or fingerprint = $2)
            order by id limit $3";
        let query = sqlx::query_as(sql).bind(platform).bind(fingerprint).bind(super::limit(rows));
        query.fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }

    /// The believed crawls of a template, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn believed_crawls(
        &self,
        platform: &str,
        fingerprint: &str,
        rows: usize,
    ) -> Result<Vec<LastGood>, StoreError> {
        let sql = "
            select crawl_history.handle, crawl_history.id as crawl, jobs.document::text as document, crawl_history.capture_key
            from crawl_history join jobs on jobs.tenant_id = crawl_history.tenant_id
                and jobs.id = crawl_history.job_id and jobs.fence = crawl_history.fence
            where crawl_history.tenant_id = app_tenant() and crawl_history.platform = $1
              and crawl_history.fingerprint = $2 and crawl_history.outcome in ('ok', 'partial')
              and crawl_history.capture_key is not null and jobs.document is not null
              and not exists (select from held_values where held_values.crawl_id = crawl_history.id
                              and held_values.state = 'held')
            order by crawl_history.id desc limit $3";
        let query = sqlx::query_as(sql).persistent(false).bind(platform).bind(fingerprint).bind(super::limit(rows));
        query.fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }

    /// The documents of a profile's believed crawls before one, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn earlier_documents(
        &self,
        (platform, handle): (&str, &str),
        before: i64,
        rows: usize,
    ) -> Result<Vec<String>, StoreError> {
        let sql = "
            select jobs.document::text from crawl_history join jobs on jobs.tenant_id = crawl_history.tenant_id
                and jobs.id = crawl_history.job_id and jobs.fence = crawl_history.fence
            where crawl_history.tenant_id = app_tenant() and crawl_history.platform = $1
              and crawl_history.handle = $2 and crawl_history.id < $3 and crawl_history.outcome in ('ok', 'partial')
              and jobs.document is not null
              and not exists (select from held_values where held_values.crawl_id = crawl_history.id
                              and held_values.state = 'held')
            order by crawl_history.id desc limit $4";
        let query = sqlx::query_scalar(sql).persistent(false).bind(platform).bind(handle).bind(before);
        query.bind(super::limit(rows)).fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }

    /// The newest believed crawl of each of these profiles; of all of the platform where none is named. Newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_good(
        &self,
        platform: &str,
        handles: Option<&[String]>,
        rows: usize,
    ) -> Result<Vec<LastGood>, StoreError> {
        let sql = "
            select handle, crawl, document, capture_key from (
                select distinct on (crawl_history.handle) crawl_history.handle, crawl_history.id as crawl,
                    jobs.document::text as document, crawl_history.capture_key
                from crawl_history join jobs on jobs.tenant_id = crawl_history.tenant_id
                    and jobs.id = crawl_history.job_id and jobs.fence = crawl_history.fence
                where crawl_history.tenant_id = app_tenant() and crawl_history.platform = $1
                  and ($2::text[] is null or crawl_history.handle = any($2)) and crawl_history.outcome in ('ok', 'partial')
                  and jobs.document is not null
                  and not exists (select from held_values where held_values.crawl_id = crawl_history.id
                                  and held_values.state = 'held')
                order by crawl_history.handle, crawl_history.id desc
            ) good order by crawl desc limit $3";
        let query = sqlx::query_as(sql).persistent(false).bind(platform).bind(handles).bind(super::limit(rows));
        query.fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }
}
