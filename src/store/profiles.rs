//! Questions about profiles: what is stored now, and how it came to be.

mod rows;

use sqlx::FromRow;

pub use self::rows::{CrawlRow, HandleSpan, PostObservation, ProfileObservation, StoredPost, StoredProfile};
use super::{Store, StoreError, limit};
use crate::model::job::Target;

/// The columns of [`StoredProfile`].
macro_rules! profile_columns {
    () => {
        "id, platform, platform_id, handle, url, display_name, bio, links, category, verified, private, business, picture_url, \
         followers, following, likes, posts_count, rounded, metrics_at, followers_at, following_at, likes_at, posts_count_at, \
         first_seen_at, observed_at, last_outcome"
    };
}

impl Store {
    /// The profile that has this handle now, else the one that had it last; none where it was never read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn profile(&self, target: &Target) -> Result<Option<StoredProfile>, StoreError> {
        let sql = concat!(
            "select ",
            profile_columns!(),
            " from profiles
            where id = (select profile_id from profile_handles
                        where tenant_id = app_tenant() and platform = $1 and handle = $2
                        order by until desc nulls first limit 1)"
        );
        let query = sqlx::query_as(sql).bind(target.platform.as_str()).bind(target.handle.as_str());
        query.fetch_optional(&self.pool).await.map_err(|e| self.error(e))
    }

    /// A profile's posts, newest first, those without a time last; with tombstones.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn posts(&self, profile: i64, rows: usize) -> Result<Vec<StoredPost>, StoreError> {
        let sql = "
            select posts.post_id, code, url, kind, caption, published_at, published_precision, views, likes, comments,
                shares, saves, rounded, metrics_at, views_at, likes_at, comments_at, shares_at, saves_at, pinned, last_seen_at,
                gone_at, gone_reason
            from profile_posts join posts on posts.id = profile_posts.post_id
            where profile_posts.profile_id = $1
            order by published_at desc nulls last, posts.post_id desc limit $2";
        self.rows(sqlx::query_as(sql).bind(profile).bind(limit(rows))).await
    }

    /// A profile's observations, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn profile_history(&self, profile: i64, rows: usize) -> Result<Vec<ProfileObservation>, StoreError> {
        let sql = "
            select observed_at, followers, following, likes, posts_count, rounded, engagement_by_followers,
                engagement_by_views, posts_per_week
            from profile_metrics where profile_id = $1 order by observed_at desc limit $2";
        self.rows(sqlx::query_as(sql).bind(profile).bind(limit(rows))).await
    }

    /// The observations of a profile's posts, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn post_history(&self, profile: i64, rows: usize) -> Result<Vec<PostObservation>, StoreError> {
        let sql = "
            select posts.post_id, m.observed_at, m.views, m.likes, m.comments, m.shares, m.saves, m.rounded
            from profile_posts join posts on posts.id = profile_posts.post_id
                join post_metrics m on m.post_id = posts.id
            where profile_posts.profile_id = $1
            order by m.observed_at desc, posts.post_id limit $2";
        self.rows(sqlx::query_as(sql).bind(profile).bind(limit(rows))).await
    }

    /// The handles a profile had, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn handles(&self, profile: i64) -> Result<Vec<HandleSpan>, StoreError> {
        let sql = "
            select handle, since, until from profile_handles where profile_id = $1
            order by since desc, id desc limit 1000";
        self.rows(sqlx::query_as(sql).bind(profile)).await
    }

    /// The most recent crawls, of one handle or of all, those that came to nothing too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn crawls(&self, target: Option<&Target>, rows: usize) -> Result<Vec<CrawlRow>, StoreError> {
        let sql = "
            select id, job_id, platform, handle, url, started_at, duration_ms, status, outcome, evidence, error, retries,
                selectors_version, posts_got, coverage_reason, screenshot_key, screenshot_url, capture_key
            from crawl_history
            where tenant_id = app_tenant() and ($1::text is null or (platform = $1 and handle = $2))
            order by started_at desc, id desc limit $3";
        let query = sqlx::query_as(sql)
            .persistent(false)
            .bind(target.map(|target| target.platform.as_str()))
            .bind(target.map(|target| target.handle.as_str()))
            .bind(limit(rows));
        self.rows(query).await
    }

    /// A page of profiles in the order of their rows, after the row `after`: for exports and the schedule.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn profiles(&self, after: Option<i64>, rows: usize) -> Result<Vec<StoredProfile>, StoreError> {
        let sql = concat!(
            "select ",
            profile_columns!(),
            " from profiles where tenant_id = app_tenant() and id > coalesce($1, 0) order by id limit $2"
        );
        self.rows(sqlx::query_as(sql).bind(after).bind(limit(rows))).await
    }

    /// Which profiles show these posts, as (post, profile's own id, handle): a post of another account on a page is a sign
    /// that the page is not what it seems.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn owners_of_posts(
        &self,
        platform: &str,
        posts: &[String],
    ) -> Result<Vec<(String, Option<String>, String)>, StoreError> {
        let sql = "
            select posts.post_id, profiles.platform_id, profiles.handle
            from posts join profile_posts on profile_posts.post_id = posts.id
                join profiles on profiles.id = profile_posts.profile_id
            where posts.tenant_id = app_tenant() and posts.platform = $1 and posts.post_id = any($2)";
        self.rows(sqlx::query_as(sql).bind(platform).bind(posts)).await
    }

    async fn rows<T>(
        &self,
        query: sqlx::query::QueryAs<'_, sqlx::Postgres, T, sqlx::postgres::PgArguments>,
    ) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> FromRow<'r, sqlx::postgres::PgRow> + Send + Unpin,
    {
        query.fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }
}
