//! Between the ledger and Redis: what is to be pushed, and what Redis should know. The ledger is right; Redis is refilled
//! from it. Pushing twice does no harm (the second lease meets a finished job), so nothing here locks.

use sqlx::FromRow;

use super::freed::freed;
use super::lease::JobColumns;
use super::{Store, StoreError, limit};
use crate::model::job::{Job, JobId};

/// A job for Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The job.
    pub job: Job,
    /// Attempts that came to nothing.
    pub attempts: u32,
    /// Workers that died with it.
    pub deaths: u32,
    /// Whether it belongs into the quarantine lane.
    pub quarantined: bool,
    /// The last lease's fence; the next one must be greater.
    pub fence: u64,
}

/// A live job that Redis should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// The job.
    pub id: JobId,
    /// Its platform, which names its lane.
    pub platform: String,
    /// Whether it belongs into the quarantine lane.
    pub quarantined: bool,
    /// The present or last lease's fence, to be given back to [`Store::requeue_lost`].
    pub fence: u64,
}

/// A worker that died with a job.
#[derive(Debug, Clone, Copy)]
pub struct Death<'a> {
    /// The job.
    pub job: &'a JobId,
    /// The worker's name.
    pub worker: &'a str,
    /// The job's deaths, this one included.
    pub deaths: u32,
    /// From so many on it runs in quarantine.
    pub quarantine_after: u32,
}

#[derive(Debug, FromRow)]
struct DueRow {
    #[sqlx(flatten)]
    job: JobColumns,
    attempts: i32,
    deaths: i32,
    quarantined: bool,
    fence: i64,
}

impl Store {
    /// Jobs whose time has come and that are not in Redis, most urgent first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn due_to_push(&self, rows: usize) -> Result<Vec<Due>, StoreError> {
        let sql = "
            select id, platform, handle, posts, full_page, priority, attempts, deaths, quarantined, fence
            from jobs where state = 'queued' and pushed_at is null and not_before <= now()
            order by urgency, not_before limit $1";
        let rows: Vec<DueRow> =
            sqlx::query_as(sql).bind(limit(rows)).fetch_all(&self.pool).await.map_err(|e| self.error(e))?;
        rows.into_iter()
            .map(|row| {
                Ok(Due {
                    attempts: u32::try_from(row.attempts).unwrap_or(0),
                    deaths: u32::try_from(row.deaths).unwrap_or(0),
                    quarantined: row.quarantined,
                    fence: row.fence.unsigned_abs(),
                    job: row.job.job()?,
                })
            })
            .collect()
    }

    /// How long until the next waiting job is due; none where none waits. Zero or less is "now".
    ///
    /// # Errors
    /// When the database fails.
    pub async fn next_due_in(&self) -> Result<Option<std::time::Duration>, StoreError> {
        let sql = "
            select extract(epoch from min(not_before) - now())::float8
            from jobs where state = 'queued' and pushed_at is null";
        let seconds: Option<f64> = sqlx::query_scalar(sql).fetch_one(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(seconds.map(|s| std::time::Duration::try_from_secs_f64(s.max(0.0)).unwrap_or_default()))
    }

    /// Notes that Redis has these jobs now. Those that have gone on in the meantime are left alone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark_pushed(&self, ids: &[JobId]) -> Result<(), StoreError> {
        let sql = "
            update jobs set pushed_at = now()
            where tenant_id = app_tenant() and id = any($1) and state = 'queued' and pushed_at is null";
        let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
        sqlx::query(sql).bind(ids).execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }

    /// A page of the jobs that Redis should know (pushed or leased, and so for at least `settled`, so that one just on its
    /// way is not taken for lost), in the order of their ids, after `after`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn live(
        &self,
        after: Option<&JobId>,
        settled: std::time::Duration,
        rows: usize,
    ) -> Result<Vec<Live>, StoreError> {
        let sql = "
            select id, platform, quarantined, fence from jobs
            where tenant_id = app_tenant() and state in ('queued', 'leased') and pushed_at is not null
              and greatest(pushed_at, leased_at) <= now() - $1 * interval '1 microsecond'
              and id > coalesce($2, '')
            order by tenant_id, id limit $3";
        let rows: Vec<(String, String, bool, i64)> = sqlx::query_as(sql)
            .bind(super::micros(settled))
            .bind(after.map(JobId::as_str))
            .bind(limit(rows))
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        Ok(rows
            .into_iter()
            .filter_map(|(id, platform, quarantined, fence)| {
                Some(Live { id: id.parse().ok()?, platform, quarantined, fence: fence.unsigned_abs() })
            })
            .collect())
    }

    /// Puts jobs that Redis lost back to be pushed again, unless a newer lease began since they were read. No death is
    /// counted and the fence stays: a worker that still has one may finish it. Answers how many were put back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn requeue_lost(&self, lost: &[Live]) -> Result<u64, StoreError> {
        let sql = "
            update jobs set state = 'queued', pushed_at = null
            from unnest($1::text[], $2::bigint[]) as lost (id, fence)
            where jobs.tenant_id = app_tenant() and jobs.id = lost.id and jobs.fence = lost.fence
              and jobs.state in ('queued', 'leased') and jobs.pushed_at is not null";
        let ids: Vec<&str> = lost.iter().map(|live| live.id.as_str()).collect();
        let fences: Vec<i64> = lost.iter().map(|live| super::lease::fence(live.fence)).collect();
        let done = sqlx::query(sql).bind(ids).bind(fences).execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(done.rows_affected())
    }

    /// Jobs that waited in Redis behind `leader` join it, where it is done, they still wait and its result serves them; answers
    /// those that did.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn join_finished(&self, leader: &JobId, ids: &[JobId]) -> Result<Vec<JobId>, StoreError> {
        let join = "
            update jobs set state = 'joined', joined_to = $1, worker = null, leased_at = null, reason = null
            where tenant_id = app_tenant() and id = any($2) and id <> $1 and state = 'queued'
              and exists (select from jobs leader where leader.tenant_id = app_tenant() and leader.id = $1
                          and leader.state = 'done')
            returning id";
        let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
        let mut transaction = self.pool.begin().await.map_err(|e| self.error(e))?;
        let joined: Vec<String> = sqlx::query_scalar(join)
            .bind(leader.as_str())
            .bind(ids)
            .fetch_all(&mut *transaction)
            .await
            .map_err(|e| self.error(e))?;
        let freed: Vec<String> = sqlx::query_scalar(concat!("with ", freed!("$1"), " select id from freed"))
            .bind(leader.as_str())
            .fetch_all(&mut *transaction)
            .await
            .map_err(|e| self.error(e))?;
        transaction.commit().await.map_err(|e| self.error(e))?;
        Ok(joined.into_iter().filter(|id| !freed.contains(id)).filter_map(|id| id.parse().ok()).collect())
    }

    /// Waiting jobs that Redis let go: they are pushed again at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn push_again(&self, ids: &[JobId]) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        let sql =
            "update jobs set pushed_at = null where tenant_id = app_tenant() and id = any($1) and state = 'queued'";
        let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
        sqlx::query(sql).bind(ids).execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }

    /// Notes a worker's death where it was found: the job waits again, and how often it has killed outlives Redis. The
    /// fence stays; the next lease's is greater.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_death(&self, death: &Death<'_>) -> Result<(), StoreError> {
        let sql = "
            update jobs set deaths = greatest(deaths, $2), quarantined = quarantined or $2 >= $3,
                state = case when worker = $4 then 'queued' else state end,
                leased_at = case when worker = $4 then null else leased_at end,
                worker = nullif(worker, $4)
            where tenant_id = app_tenant() and id = $1 and state in ('queued', 'leased')";
        sqlx::query(sql)
            .bind(death.job.as_str())
            .bind(i32::try_from(death.deaths).unwrap_or(i32::MAX))
            .bind(i32::try_from(death.quarantine_after).unwrap_or(i32::MAX))
            .bind(death.worker)
            .execute(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        Ok(())
    }

    /// Which of these ids the ledger has as live, for entries that Redis knows: the others are over or unknown.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn states(&self, ids: &[JobId]) -> Result<Vec<(JobId, String)>, StoreError> {
        let sql = "select id, state from jobs where tenant_id = app_tenant() and id = any($1)";
        let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
        let rows: Vec<(String, String)> =
            sqlx::query_as(sql).bind(ids).fetch_all(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(rows.into_iter().filter_map(|(id, state)| Some((id.parse().ok()?, state))).collect())
    }
}
