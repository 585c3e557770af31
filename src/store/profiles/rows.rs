//! What the questions about profiles answer, one struct a row; the names are the columns'.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;

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
