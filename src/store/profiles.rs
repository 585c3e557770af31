//! Questions about profiles: what is stored now, and how it came to be.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;

use super::{Store, StoreError, limit};
use crate::model::job::Target;

/// A stored profile with its newest counts.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct StoredProfile {
    /// The row.
    #[serde(skip)]
    pub id: i64,
    /// The platform's name.
    pub platform: String,
    /// The platform's own id.
    pub platform_id: Option<String>,
    /// The handle it had when last seen.
    pub handle: String,
    /// Its canonical address.
    pub url: Option<String>,
    /// The name shown.
    pub display_name: Option<String>,
    /// The text about themselves.
    pub bio: Option<String>,
    /// Outside links.
    pub links: Vec<String>,
    /// The kind of account.
    pub category: Option<String>,
    /// Whether the site vouches for it.
    pub verified: Option<bool>,
    /// Whether only followers see it.
    pub private: Option<bool>,
    /// Whether it is a business account.
    pub business: Option<bool>,
    /// The picture's last known address.
    pub picture_url: Option<String>,
    /// As the newest crawl that published it; so for all counts.
    pub followers: Option<i64>,
    /// How many it follows.
    pub following: Option<i64>,
    /// Likes received.
    pub likes: Option<i64>,
    /// How many posts there are.
    pub posts_count: Option<i64>,
    /// Which of the counts are not exact; none where all are.
    pub rounded: Option<Vec<String>>,
    /// When a count was last seen.
    pub metrics_at: Option<DateTime<Utc>>,
    /// When the followers were seen: a crawl that did not publish them leaves those of before, with their time.
    pub followers_at: Option<DateTime<Utc>>,
    /// When the following were seen.
    pub following_at: Option<DateTime<Utc>>,
    /// When the likes were seen.
    pub likes_at: Option<DateTime<Utc>>,
    /// When the number of posts was seen.
    pub posts_count_at: Option<DateTime<Utc>>,
    /// When it was first seen.
    pub first_seen_at: DateTime<Utc>,
    /// When it was last seen.
    pub observed_at: DateTime<Utc>,
    /// What the last crawl that says something about it came to.
    pub last_outcome: String,
}

/// A stored post with its newest counts.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct StoredPost {
    /// The platform's id.
    pub post_id: String,
    /// Instagram's shortcode.
    pub code: Option<String>,
    /// Its canonical address.
    pub url: Option<String>,
    /// What it is.
    pub kind: Option<String>,
    /// Its text.
    pub caption: Option<String>,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
    /// `exact` or `approximate`.
    pub published_precision: Option<String>,
    /// Plays.
    pub views: Option<i64>,
    /// Likes.
    pub likes: Option<i64>,
    /// Comments.
    pub comments: Option<i64>,
    /// Shares.
    pub shares: Option<i64>,
    /// Times saved.
    pub saves: Option<i64>,
    /// Which of the counts are not exact; none where all are.
    pub rounded: Option<Vec<String>>,
    /// When any of the counts was last seen.
    pub metrics_at: Option<DateTime<Utc>>,
    /// When the plays were last published; so for all counts.
    pub views_at: Option<DateTime<Utc>>,
    /// The likes.
    pub likes_at: Option<DateTime<Utc>>,
    /// The comments.
    pub comments_at: Option<DateTime<Utc>>,
    /// The shares.
    pub shares_at: Option<DateTime<Utc>>,
    /// The saves.
    pub saves_at: Option<DateTime<Utc>>,
    /// Whether it is fixed to the top.
    pub pinned: Option<bool>,
    /// When it was last seen on this profile.
    pub last_seen_at: DateTime<Utc>,
    /// When a complete crawl found it gone.
    pub gone_at: Option<DateTime<Utc>>,
    /// Why it is taken for gone.
    pub gone_reason: Option<String>,
}

/// One observation of a profile's counts.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct ProfileObservation {
    /// When.
    pub observed_at: DateTime<Utc>,
    /// Followers.
    pub followers: Option<i64>,
    /// Following.
    pub following: Option<i64>,
    /// Likes received.
    pub likes: Option<i64>,
    /// Posts.
    pub posts_count: Option<i64>,
    /// Which of them are not exact.
    pub rounded: Option<Vec<String>>,
    /// Engagement by followers.
    pub engagement_by_followers: Option<f64>,
    /// Engagement by views.
    pub engagement_by_views: Option<f64>,
    /// Posts a week.
    pub posts_per_week: Option<f64>,
}

/// One observation of a post's counts.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct PostObservation {
    /// Which post.
    pub post_id: String,
    /// When.
    pub observed_at: DateTime<Utc>,
    /// Plays.
    pub views: Option<i64>,
    /// Likes.
    pub likes: Option<i64>,
    /// Comments.
    pub comments: Option<i64>,
    /// Shares.
    pub shares: Option<i64>,
    /// Times saved.
    pub saves: Option<i64>,
    /// Which of them are not exact.
    pub rounded: Option<Vec<String>>,
}

/// One crawl, as the history has it.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct CrawlRow {
    /// The row.
    pub id: i64,
    /// The job.
    pub job_id: String,
    /// The platform's name.
    pub platform: String,
    /// The handle asked for.
    pub handle: String,
    /// The profile's address.
    pub url: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// The HTTP status of what was judged.
    pub status: Option<i32>,
    /// What came out.
    pub outcome: String,
    /// What was seen.
    pub evidence: Option<serde_json::Value>,
    /// What went wrong.
    pub error: Option<String>,
    /// Attempts before it.
    pub retries: i32,
    /// Which selectors read it.
    pub selectors_version: Option<String>,
    /// How many posts came.
    pub posts_got: Option<i32>,
    /// Why not all.
    pub coverage_reason: Option<String>,
    /// The screenshot's key.
    pub screenshot_key: Option<String>,
    /// The screenshot's address.
    pub screenshot_url: Option<String>,
    /// The capture's key.
    pub capture_key: Option<String>,
}

/// When a profile had a handle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct HandleSpan {
    /// The handle.
    pub handle: String,
    /// From when.
    pub since: DateTime<Utc>,
    /// To when; none where it has it now.
    pub until: Option<DateTime<Utc>>,
}

const PROFILE: &str = "
    select id, platform, platform_id, handle, url, display_name, bio, links, category, verified, private, business,
        picture_url, followers, following, likes, posts_count, rounded, metrics_at, followers_at, following_at,
        likes_at, posts_count_at, first_seen_at, observed_at, last_outcome
    from profiles
    where id = (select profile_id from profile_handles where tenant_id = app_tenant() and platform = $1 and handle = $2
                order by until desc nulls first limit 1)";

impl Store {
    /// The profile that has this handle now, else the one that had it last; none where it was never read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn profile(&self, target: &Target) -> Result<Option<StoredProfile>, StoreError> {
        let query = sqlx::query_as(PROFILE).bind(target.platform.as_str()).bind(target.handle.as_str());
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
        let sql = "
            select id, platform, platform_id, handle, url, display_name, bio, links, category, verified, private,
                business, picture_url, followers, following, likes, posts_count, rounded, metrics_at, followers_at,
                following_at, likes_at, posts_count_at, first_seen_at, observed_at, last_outcome
            from profiles where tenant_id = app_tenant() and id > coalesce($1, 0) order by id limit $2";
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
