//! Writing a past crawl again from its capture, after a selector version proved bad or became active: the crawl keeps its
//! row, and what it had written gives way to what is read now.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{Changes, Write, json_text, posts, profile};
use crate::model::document::Document;
use crate::model::job::{PlatformId, Target};
use crate::store::lease::fence;
use crate::store::{Store, StoreError, limit};

/// A crawl that can be read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastCrawl {
    /// The row in `crawl_history`.
    pub crawl: i64,
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

type PastRow = (i64, String, String, Option<String>, Option<String>, Option<String>, DateTime<Utc>);

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
            select id, platform, handle, selectors_version, capture_key, fingerprint, started_at from crawl_history
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
            .map(|(crawl, platform, handle, selectors_version, capture_key, fingerprint, started_at)| {
                let handle = handle
                    .parse()
                    .map_err(|e| StoreError::Damaged { what: format!("crawl {crawl}"), detail: format!("{e}") })?;
                let target = Target { platform: PlatformId::new(platform), handle };
                Ok(PastCrawl { crawl, target, selectors_version, capture_key, fingerprint, started_at })
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

    /// Replaces what a past crawl wrote by `document`, read again from its capture. What newer crawls wrote stays.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such crawl; else when the database fails.
    pub async fn rederive(&self, crawl: i64, document: &Document) -> Result<Changes, StoreError> {
        let mut transaction = self.pool.begin().await.map_err(|e| self.error(e))?;
        let connection: &mut PgConnection = &mut transaction;
        let sql = "
            update crawl_history set selectors_version = $2, outcome = $3, posts_got = $4
            where tenant_id = app_tenant() and id = $1
            returning job_id, fence, platform, handle, started_at";
        let row: Option<(String, i64, String, String, DateTime<Utc>)> = sqlx::query_as(sql)
            .bind(crawl)
            .bind(&document.selectors.version)
            .bind(document.outcome.as_str())
            .bind(i32::try_from(document.posts.len()).unwrap_or(i32::MAX))
            .fetch_optional(&mut *connection)
            .await
            .map_err(|e| self.error(e))?;
        let Some((job, held_fence, platform, handle, started_at)) = row else {
            return Err(StoreError::NotFound { what: "crawl", name: crawl.to_string() });
        };
        let handle = handle
            .parse()
            .map_err(|e| StoreError::Damaged { what: format!("crawl {crawl}"), detail: format!("{e}") })?;
        let target = Target { platform: PlatformId::new(platform), handle };
        let observed_at = document.observed_at.unwrap_or(started_at);
        let write = Write { crawl_id: crawl, observed_at, target: &target, document };
        forget(connection, &write).await.map_err(|e| self.error(e))?;
        let (profile, mut changes) = profile::write(connection, &write, None).await.map_err(|e| self.error(e))?;
        if let Some(profile) = profile
            && !document.posts.is_empty()
        {
            posts::write(connection, &write, profile, posts::Judge::of(document), &mut changes)
                .await
                .map_err(|e| self.error(e))?;
        }
        let finish = "
            with placed as (update crawl_history set profile_id = coalesce($2, profile_id) where id = $1)
            update jobs set document = $5::json, outcome = $6
            where tenant_id = app_tenant() and id = $3 and fence = $4 and state = 'done'";
        let document_text = json_text(document).map_err(|e| self.error(e))?;
        sqlx::query(finish)
            .bind(crawl)
            .bind(profile)
            .bind(&job)
            .bind(fence(held_fence.unsigned_abs()))
            .bind(document_text)
            .bind(document.outcome.as_str())
            .execute(connection)
            .await
            .map_err(|e| self.error(e))?;
        transaction.commit().await.map_err(|e| self.error(e))?;
        Ok(changes)
    }
}

/// Takes back what the crawl wrote: its observations, the posts that only it has seen, the texts whose newest source it is,
/// and its tombstones. The current counts fall back to the newest observation that remains.
async fn forget(connection: &mut PgConnection, write: &Write<'_>) -> Result<(), sqlx::Error> {
    let posts = "
        with mine as (
            delete from post_metrics where crawl_id = $1 returning post_id
        ), rest as (
            select distinct on (m.post_id) m.* from post_metrics m join mine using (post_id)
            where m.crawl_id <> $1 order by m.post_id, m.observed_at desc
        )
        update posts set caption = null, hashtags = '{}', mentions = '{}', published_at = null,
            published_precision = null, kind = null, code = null, url = null, duration_s = null, music = null,
            children = null, thumbnail_url = null, video_url = null, width = null, height = null, sponsored = null,
            ai_label = null, views = rest.views, likes = rest.likes, comments = rest.comments, shares = rest.shares,
            saves = rest.saves, rounded = rest.rounded, metrics_at = rest.observed_at
        from mine left join rest using (post_id)
        where posts.id = mine.post_id and posts.observed_at = $2";
    sqlx::query(posts).bind(write.crawl_id).bind(write.observed_at).execute(&mut *connection).await?;
    let own_posts = "
        with crawl as (select profile_id from crawl_history where id = $1), lifted as (
            update profile_posts set gone_at = null, gone_reason = null
            where profile_id = (select profile_id from crawl) and gone_at = $2
        )
        delete from posts using profile_posts
        where profile_posts.profile_id = (select profile_id from crawl) and posts.id = profile_posts.post_id
          and profile_posts.first_seen_at = $2 and profile_posts.last_seen_at = $2 and posts.first_seen_at = $2
          and not exists (select from post_metrics where post_metrics.post_id = posts.id and crawl_id <> $1)";
    sqlx::query(own_posts).bind(write.crawl_id).bind(write.observed_at).execute(&mut *connection).await?;
    let profile = "
        with mine as (
            delete from profile_metrics where crawl_id = $1 returning profile_id
        ), rest as (
            select m.* from profile_metrics m join mine using (profile_id)
            where m.crawl_id <> $1 order by m.observed_at desc limit 1
        )
        update profiles set display_name = null, bio = null, links = '{}', category = null, picture_url = null,
            picture_identity = null, picture_hash = null, verified = null, private = null, business = null,
            language = null, region = null, followers = rest.followers, following = rest.following, likes = rest.likes,
            posts_count = rest.posts_count, rounded = rest.rounded, metrics_at = rest.observed_at
        from mine left join rest using (profile_id)
        where profiles.id = mine.profile_id and profiles.observed_at = $2";
    sqlx::query(profile).bind(write.crawl_id).bind(write.observed_at).execute(connection).await?;
    Ok(())
}
