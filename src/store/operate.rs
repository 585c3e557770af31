//! What an operator does to jobs: cancel, redrive, forget. Always a page at a time, so that ten million jobs need no more
//! memory and no longer a lock than a hundred.

use sqlx::PgConnection;

use super::jobs::{JobFilter, matches_filter};
use super::{Store, StoreError, limit};
use crate::model::job::JobId;

/// How often a redrive starts over when submissions come in between.
const ROUNDS: usize = 5;

/// What became of a page of jobs to be redriven.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Redriven {
    /// Waiting again.
    pub redriven: u64,
    /// Behind another live job of the same profile now.
    pub joined: u64,
}

impl Store {
    /// Cancels a job: nothing of it is written any more, whoever holds it. Where others joined it, the oldest of them takes
    /// its place, to be pushed, and is answered.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when no job of this id is live; else when the database fails.
    pub async fn cancel(&self, id: &JobId, reason: &str) -> Result<Option<JobId>, StoreError> {
        let sql = "
            update jobs set state = 'cancelled', joined_to = null, finished_at = now(), worker = null, reason = $2
            where tenant_id = app_tenant() and id = $1 and state in ('queued', 'leased', 'joined')";
        let mut transaction = self.pool.begin().await.map_err(|e| self.error(e))?;
        let cancelled = sqlx::query(sql)
            .bind(id.as_str())
            .bind(super::lease::clean(reason))
            .execute(&mut *transaction)
            .await
            .map_err(|e| self.error(e))?;
        if cancelled.rows_affected() == 0 {
            return Err(StoreError::NotFound { what: "live job", name: id.to_string() });
        }
        let heir = promote(&mut transaction, id).await.map_err(|e| self.error(e))?;
        transaction.commit().await.map_err(|e| self.error(e))?;
        Ok(heir)
    }

    /// Puts up to `rows` dead or cancelled jobs that match back to the start, with all attempts and no deaths. Of several
    /// for one profile the newest runs and the others join it. Call it until it answers nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn redrive(&self, filter: &JobFilter, rows: usize) -> Result<Redriven, StoreError> {
        let pick = concat!(
            "
            select id from jobs
            where state in ('dead', 'cancelled') and tenant_id = app_tenant() and ",
            matches_filter!(),
            "
            order by created_at desc, id desc limit $6"
        );
        let ids: Vec<String> = sqlx::query_scalar_with(pick, filter.arguments().map_err(|e| self.error(e))?)
            .persistent(false)
            .bind(limit(rows))
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        self.put_back(&ids).await
    }

    /// Puts these dead or cancelled jobs back to the start; others are left alone.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn redrive_ids(&self, ids: &[JobId]) -> Result<Redriven, StoreError> {
        let ids: Vec<String> = ids.iter().map(|id| id.as_str().to_owned()).collect();
        self.put_back(&ids).await
    }

    async fn put_back(&self, ids: &[String]) -> Result<Redriven, StoreError> {
        let mut round = 1;
        loop {
            let mut transaction = self.pool.begin().await.map_err(|e| self.error(e))?;
            match redrive_ids(&mut transaction, ids).await {
                Ok(done) => {
                    transaction.commit().await.map_err(|e| self.error(e))?;
                    return Ok(done);
                }
                // A job for one of the profiles was entered at this very moment: the next round finds it and joins.
                Err(error) if round < ROUNDS && is_taken(&error) => round += 1,
                Err(error) => return Err(self.error(error)),
            }
        }
    }
}

fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// The oldest of those who joined `id` becomes the live job, the others join it.
async fn promote(connection: &mut PgConnection, id: &JobId) -> Result<Option<JobId>, sqlx::Error> {
    let sql = "
        update jobs set state = 'queued', joined_to = null, pushed_at = null
        where tenant_id = app_tenant() and id = (
            select id from jobs where tenant_id = app_tenant() and joined_to = $1 order by created_at, id limit 1)
        returning id";
    let heir: Option<String> = sqlx::query_scalar(sql).bind(id.as_str()).fetch_optional(&mut *connection).await?;
    let Some(heir) = heir else { return Ok(None) };
    sqlx::query("update jobs set joined_to = $2 where tenant_id = app_tenant() and joined_to = $1")
        .bind(id.as_str())
        .bind(&heir)
        .execute(connection)
        .await?;
    Ok(heir.parse().ok())
}

async fn redrive_ids(connection: &mut PgConnection, ids: &[String]) -> Result<Redriven, sqlx::Error> {
    let run = "
        with pick as (
            select distinct on (platform, handle) id, platform, handle from jobs
            where tenant_id = app_tenant() and id = any($1) and state in ('dead', 'cancelled')
            order by platform, handle, created_at desc
        )
        update jobs set state = 'queued', attempts = 0, deaths = 0, quarantined = false, pushed_at = null,
            not_before = now(), finished_at = null, reason = null, last_log = null, outcome = null, document = null
        from pick
        where jobs.tenant_id = app_tenant() and jobs.id = pick.id and not exists (
            select from jobs live where live.tenant_id = app_tenant() and live.platform = pick.platform
               and live.handle = pick.handle and live.state in ('queued', 'leased'))";
    let redriven = sqlx::query(run).bind(ids).execute(&mut *connection).await?.rows_affected();
    let join = "
        update jobs set state = 'joined', joined_to = live.id, finished_at = null, reason = null, last_log = null,
            outcome = null, document = null
        from jobs live
        where jobs.tenant_id = app_tenant() and jobs.id = any($1) and jobs.state in ('dead', 'cancelled')
          and live.tenant_id = jobs.tenant_id and live.platform = jobs.platform and live.handle = jobs.handle
          and live.state in ('queued', 'leased')";
    let joined = sqlx::query(join).bind(ids).execute(&mut *connection).await?.rows_affected();
    // Who had joined one that now joins another: straight to that one, so that no chain is ever longer than one step.
    let straighten = "
        update jobs set joined_to = middle.joined_to from jobs middle
        where middle.tenant_id = app_tenant() and middle.id = any($1) and middle.state = 'joined'
          and jobs.tenant_id = middle.tenant_id and jobs.joined_to = middle.id";
    sqlx::query(straighten).bind(ids).execute(connection).await?;
    Ok(Redriven { redriven, joined })
}
