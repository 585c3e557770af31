//! What is known of a profile before its next crawl is saved, in one round trip: for the judgement whether what was read can
//! be true.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use super::{Store, StoreError};
use crate::model::job::Target;

/// What is known of a profile. All none and 0 where it was never read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, FromRow)]
pub struct LastFacts {
    /// Followers, as the newest observation that has them; so for all counts. One that was held back is no observation.
    pub followers: Option<i64>,
    /// Following.
    pub following: Option<i64>,
    /// Likes received.
    pub likes: Option<i64>,
    /// Posts.
    pub posts_count: Option<i64>,
    /// When the profile was last read.
    pub observed_at: Option<DateTime<Utc>>,
    /// Its posts that are known and not gone.
    pub live_posts: i64,
    /// Of the posts asked about: those known as this profile's.
    pub own: Vec<String>,
    /// Of the posts asked about: those known as another profile's and not as this one's.
    pub foreign: Vec<String>,
    /// The newest observations, newest first, [`OBSERVATIONS`] at most.
    #[sqlx(json)]
    pub history: Vec<Observed>,
}

/// Observations by which a profile's own drift is told.
pub const OBSERVATIONS: u32 = 50;

/// One observation of a profile's counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
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
}

impl Store {
    /// What is known of the profile of this target: of the one with this platform id where the page told one, else of the
    /// handle's present holder; and whose these posts are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn last_facts(
        &self,
        target: &Target,
        platform_id: Option<&str>,
        posts: &[String],
    ) -> Result<LastFacts, StoreError> {
        let sql = "
            with profile as (
                select id, followers, following, likes, posts_count, observed_at from profiles
                where tenant_id = app_tenant() and platform = $1 and platform_id = $3
                union all
                select id, followers, following, likes, posts_count, observed_at from profiles
                where id = (select profile_id from profile_handles
                            where tenant_id = app_tenant() and platform = $1 and handle = $2 and until is null)
                  and ($3::text is null or platform_id is null)
                limit 1
            ), recent as (
                select followers, following, likes, posts_count, observed_at from profile_metrics
                where profile_id = (select id from profile) order by observed_at desc limit $5
            ), known as (
                select posts.post_id, bool_or(profile_posts.profile_id = (select id from profile)) as own
                from posts join profile_posts on profile_posts.post_id = posts.id
                where posts.tenant_id = app_tenant() and posts.platform = $1 and posts.post_id = any($4)
                group by posts.post_id
            )
            select
                coalesce((select followers from recent where followers is not null order by observed_at desc limit 1),
                    profile.followers) as followers,
                coalesce((select following from recent where following is not null order by observed_at desc limit 1),
                    profile.following) as following,
                coalesce((select likes from recent where likes is not null order by observed_at desc limit 1),
                    profile.likes) as likes,
                coalesce((select posts_count from recent where posts_count is not null order by observed_at desc limit 1),
                    profile.posts_count) as posts_count,
                profile.observed_at,
                (select count(*) from (select from profile_posts
                    where profile_id = (select id from profile) and gone_at is null limit 1000) live) as live_posts,
                array(select post_id from known where own order by post_id) as own,
                array(select post_id from known where own is not true order by post_id) as foreign,
                (select coalesce(json_agg(recent order by observed_at desc), '[]') from recent) as history
            from (select 1) one left join profile on true";
        sqlx::query_as(sql)
            .bind(target.platform.as_str())
            .bind(target.handle.as_str())
            .bind(platform_id)
            .bind(posts)
            .bind(i64::from(OBSERVATIONS))
            .fetch_one(&self.pool)
            .await
            .map_err(|e| self.error(e))
    }
}
