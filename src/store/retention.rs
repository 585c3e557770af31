//! Forgetting, a bounded number of rows at a time, so that it never holds a lock for long: call it until it answers 0.

use super::{Store, StoreError, limit};

/// A table whose rows grow old.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aging {
    /// Finished jobs with their documents; those that joined a job go with it or after it.
    Jobs,
    /// Crawls; captures and screenshots are doomed, observations stay.
    Crawls,
    /// Observations of profiles, but each profile's newest one.
    ProfileMetrics,
    /// Observations of posts, but each post's newest one.
    PostMetrics,
    /// Delivered events.
    Outbox,
    /// Values held back, decided or not.
    Held,
}

impl Aging {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Jobs, Self::Crawls, Self::ProfileMetrics, Self::PostMetrics, Self::Outbox, Self::Held];

    /// $1 days, $2 rows.
    const fn sql(self) -> &'static str {
        match self {
            Self::Jobs => {
                "delete from jobs where (tenant_id, id) in (
                    select tenant_id, id from jobs old
                    where (finished_at < now() - $1 * interval '1 day'
                           or (state = 'joined' and created_at < now() - $1 * interval '1 day'))
                      and not exists (select from jobs behind where behind.tenant_id = old.tenant_id
                                      and behind.joined_to = old.id and behind.created_at >= now() - $1 * interval '1 day')
                      and not exists (select from jobs leader where leader.tenant_id = old.tenant_id
                                      and leader.id = old.joined_to and leader.state in ('queued', 'leased'))
                    limit $2)"
            }
            Self::Crawls => {
                "with old as (
                    delete from crawl_history where id in (
                        select id from crawl_history where started_at < now() - $1 * interval '1 day'
                        order by started_at limit $2)
                    returning id, screenshot_key, capture_key
                ), keys as (
                    select screenshot_key as key from old where screenshot_key is not null
                    union select capture_key from old where capture_key is not null
                ), doom as (
                    insert into doomed_blobs (key)
                    select key from keys where not exists (
                        select from crawl_history staying
                        where (staying.screenshot_key = key or staying.capture_key = key)
                          and staying.id not in (select id from old))
                    on conflict do nothing
                )
                select from old"
            }
            Self::ProfileMetrics => {
                "delete from profile_metrics where (profile_id, crawl_id) in (
                    select profile_id, crawl_id from profile_metrics old
                    where observed_at < now() - $1 * interval '1 day'
                      and exists (select from profile_metrics newer
                                  where newer.profile_id = old.profile_id and newer.observed_at > old.observed_at)
                    limit $2)"
            }
            Self::PostMetrics => {
                "delete from post_metrics where (post_id, crawl_id) in (
                    select post_id, crawl_id from post_metrics old
                    where observed_at < now() - $1 * interval '1 day'
                      and exists (select from post_metrics newer
                                  where newer.post_id = old.post_id and newer.observed_at > old.observed_at)
                    limit $2)"
            }
            Self::Outbox => {
                "delete from outbox where id in (
                    select id from outbox where delivered_at < now() - $1 * interval '1 day' limit $2)"
            }
            Self::Held => {
                "delete from held_values where id in (
                    select id from held_values where created_at < now() - $1 * interval '1 day' limit $2)"
            }
        }
    }
}

impl Store {
    /// Deletes up to `rows` rows that are older than the settings keep them; answers how many. 0 days keep for ever.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_old(&self, table: Aging, rows: usize) -> Result<u64, StoreError> {
        let config = &self.shared.config;
        let days = match table {
            Aging::Jobs => config.keep_jobs_days,
            Aging::Crawls => config.keep_crawls_days,
            Aging::ProfileMetrics | Aging::PostMetrics => config.keep_metrics_days,
            Aging::Outbox => config.keep_outbox_days,
            Aging::Held => config.keep_held_days,
        };
        if days == 0 {
            return Ok(0);
        }
        let query = sqlx::query(table.sql()).bind(f64::from(days)).bind(limit(rows));
        Ok(query.execute(&self.pool).await.map_err(|e| self.error(e))?.rows_affected())
    }
}
