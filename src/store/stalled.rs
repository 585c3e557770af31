//! Jobs that the site tells to wait, again and again. Such a refusal spends no attempt, so nothing ever gives the job up; that is right, and
//! a person must know of it. Told at the fifth refusal and whenever their number has doubled, each time once.

use chrono::{DateTime, Utc};

use super::{Store, StoreError};
use crate::model::job::Job;

/// A job that was refused many times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Stalled {
    /// How often the site told it to wait.
    pub refusals: i64,
    /// The first time.
    pub since: DateTime<Utc>,
}

impl Store {
    /// Enters `job_stalled` in the outbox where a job's refusals have come to a number that is told, and was not yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell_stalled(&self, job: &Job) -> Result<Option<Stalled>, StoreError> {
        let sql = "
            with refused as (
                select count(*) as refusals, min(started_at) as since from crawl_history
                where tenant_id = app_tenant() and job_id = $1 and outcome = 'rate_limited'
            ), due as (
                select refusals, since, 5 * (2 ^ floor(log(2, refusals / 5.0)))::bigint as step
                from refused where refusals >= 5
            ), told as (
                insert into outbox (kind, event_key, payload)
                select 'job_stalled', $1 || ':' || step, json_build_object('job', $1, 'platform', $2::text,
                    'handle', $3::text, 'refusals', refusals, 'since', since)
                from due
                on conflict do nothing
                returning 1
            )
            select refusals, since from due where exists (select from told)";
        sqlx::query_as(sql)
            .bind(job.id.as_str())
            .bind(job.target.platform.as_str())
            .bind(job.target.handle.as_str())
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.error(e))
    }
}
