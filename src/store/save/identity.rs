//! Which stored profile a crawl is about. The platform's own id decides; the handle only where no id is known.
//!
//! - The id is stored: it is that profile, whatever its handle was (a rename keeps the history).
//! - The id is not stored and the handle's holder has none: the holder learns its id.
//! - The id is not stored and the handle's holder has another: a new profile, which takes the handle over (a reused name
//!   does not inherit the history).
//! - The page tells no id: the handle's present holder.

use chrono::{DateTime, Utc};
use sqlx::{FromRow, PgConnection};

/// A stored profile, as far as a save must know it.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) platform_id: Option<String>,
    pub(super) handle: String,
    pub(super) display_name: Option<String>,
    pub(super) bio: Option<String>,
    pub(super) links: Vec<String>,
    pub(super) category: Option<String>,
    pub(super) verified: Option<bool>,
    pub(super) private: Option<bool>,
    pub(super) business: Option<bool>,
    pub(super) picture_url: Option<String>,
    pub(super) picture_identity: Option<String>,
    pub(super) picture_hash: Option<String>,
    pub(super) followers: Option<i64>,
    pub(super) following: Option<i64>,
    pub(super) likes: Option<i64>,
    pub(super) posts_count: Option<i64>,
    pub(super) rounded: Option<Vec<String>>,
    pub(super) observed_at: DateTime<Utc>,
    /// Whether it holds the handle that was crawled.
    pub(super) holds_handle: bool,
}

/// The profiles that a crawl of `handle` that found `platform_id` may be about, locked: at most two.
pub(super) async fn look(
    connection: &mut PgConnection,
    platform: &str,
    handle: &str,
    platform_id: Option<&str>,
) -> Result<Vec<Known>, sqlx::Error> {
    let sql = "
        with holder as (
            select profile_id from profile_handles
            where tenant_id = app_tenant() and platform = $1 and handle = $2 and until is null
        )
        select id, platform_id, handle, display_name, bio, links, category, verified, private, business, picture_url,
            picture_identity, picture_hash, followers, following, likes, posts_count, rounded, observed_at,
            id in (select profile_id from holder) as holds_handle
        from profiles
        where (tenant_id = app_tenant() and platform = $1 and platform_id = $3) or id in (select profile_id from holder)
        order by id for update";
    sqlx::query_as(sql).bind(platform).bind(handle).bind(platform_id).fetch_all(connection).await
}

/// Which of them it is; none where it is a new one.
pub(super) fn decide<'k>(known: &'k [Known], platform_id: Option<&str>) -> Option<&'k Known> {
    let holder = || known.iter().find(|known| known.holds_handle);
    match platform_id {
        None => holder(),
        Some(id) => known
            .iter()
            .find(|known| known.platform_id.as_deref() == Some(id))
            .or_else(|| holder().filter(|holder| holder.platform_id.is_none())),
    }
}

/// Makes the profile, or finds it where another worker has just made it.
pub(super) async fn create(
    connection: &mut PgConnection,
    platform: &str,
    handle: &str,
    platform_id: Option<&str>,
    observed_at: DateTime<Utc>,
    outcome: &str,
) -> Result<i64, sqlx::Error> {
    let sql = "
        insert into profiles (platform, platform_id, handle, first_seen_at, observed_at, last_outcome)
        values ($1, $2, $3, $4, $4, $5)
        on conflict (tenant_id, platform, platform_id) do update set last_outcome = excluded.last_outcome
        returning id";
    sqlx::query_scalar(sql)
        .bind(platform)
        .bind(platform_id)
        .bind(handle)
        .bind(observed_at)
        .bind(outcome)
        .fetch_one(connection)
        .await
}

/// Gives `handle` to the profile: whoever holds it loses it, and the profile's own former handle ends.
pub(super) async fn take_handle(
    connection: &mut PgConnection,
    profile: i64,
    platform: &str,
    handle: &str,
    observed_at: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let end = "
        update profile_handles set until = greatest(since, $4)
        where until is null and ((tenant_id = app_tenant() and platform = $2 and handle = $3 and profile_id <> $1)
                              or (profile_id = $1 and handle <> $3))";
    sqlx::query(end).bind(profile).bind(platform).bind(handle).bind(observed_at).execute(&mut *connection).await?;
    let begin = "
        insert into profile_handles (profile_id, platform, handle, since) values ($1, $2, $3, $4)
        on conflict (tenant_id, platform, handle) where until is null do nothing";
    sqlx::query(begin).bind(profile).bind(platform).bind(handle).bind(observed_at).execute(connection).await?;
    Ok(())
}
