//! A lease's life in the ledger: begun, then settled exactly once (saved as done, postponed, handed back or buried).
//!
//! The fence is what makes a settled job stay settled: it only grows, and every write names the fence it was given. A
//! worker that was thought dead and wakes up names an old one, changes no row and is told so. A lost transport (Redis was
//! emptied) puts a leased job back to `queued` *without* a new fence: if its worker lives after all, its result still counts.

use std::time::Duration;

use sqlx::{FromRow, PgConnection};

use super::save::CrawlRecord;
use super::{Store, StoreError, micros};
use crate::model::document::{Document, Outcome};
use crate::model::job::{Frame, Job, JobId, Priority, Target};

/// A lease that begins.
#[derive(Debug, Clone, Copy)]
pub struct Begin<'a> {
    /// The job.
    pub job: &'a JobId,
    /// The lease's fence; greater than any before.
    pub fence: u64,
    /// Who holds it.
    pub worker: &'a str,
    /// How many workers have died with the job, as Redis counts them; the ledger keeps the highest it was told.
    pub deaths: u32,
}

/// What the ledger says to a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// Go on.
    Leased(Leased),
    /// The job is over (done, dead, cancelled) or stands behind another one: acknowledge it and forget it.
    Over {
        /// The state's word.
        state: String,
    },
    /// A newer lease is there: let go.
    Stale {
        /// Its fence.
        present: u64,
    },
    /// The ledger has no such job: enter it first.
    Unknown,
}

/// A begun lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leased {
    /// The job as the ledger has it.
    pub job: Job,
    /// 1 for the first time.
    pub attempt: u32,
    /// How often a worker died with it.
    pub deaths: u32,
    /// Whether it is to run alone, with a browser of its own.
    pub quarantined: bool,
}

/// Whether a postponement costs one of the job's attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spend {
    /// A retry: the attempt came to nothing.
    Attempt,
    /// A snooze: nothing was tried.
    Nothing,
}

/// A job that is to come again.
#[derive(Debug, Clone, Copy)]
pub struct Postpone<'a> {
    /// The job.
    pub job: &'a JobId,
    /// The lease's fence.
    pub fence: u64,
    /// How long to wait.
    pub after: Duration,
    /// What it costs.
    pub spend: Spend,
    /// Why, for a person.
    pub reason: &'a str,
    /// What the attempt saw, where it saw something.
    pub crawl: Option<&'a CrawlRecord<'a>>,
}

/// A job that is given up.
#[derive(Debug, Clone, Copy)]
pub struct Bury<'a> {
    /// The job.
    pub job: &'a JobId,
    /// The lease's fence.
    pub fence: u64,
    /// Why, for a person.
    pub reason: &'a str,
    /// The worker's last log lines.
    pub last_log: Option<&'a str>,
    /// What the last attempt saw, with its screenshot, where it saw something.
    pub crawl: Option<&'a CrawlRecord<'a>>,
    /// What those who wait are given: the document of a failure, with its evidence.
    pub document: Option<&'a Document>,
}

/// A row of `jobs` as far as it describes the job.
#[derive(Debug, FromRow)]
pub(super) struct JobColumns {
    pub(super) id: String,
    pub(super) platform: String,
    pub(super) handle: String,
    pub(super) posts: i16,
    pub(super) full_page: bool,
    pub(super) priority: String,
}

impl JobColumns {
    pub(super) fn job(self) -> Result<Job, StoreError> {
        let damaged = |detail: String| StoreError::Damaged { what: format!("job {}", self.id), detail };
        Ok(Job {
            id: self.id.parse().map_err(|e| damaged(format!("{e}")))?,
            target: Target {
                platform: crate::model::job::PlatformId::new(self.platform.clone()),
                handle: self.handle.parse().map_err(|e| damaged(format!("{e}")))?,
            },
            priority: match self.priority.as_str() {
                "high" => Priority::High,
                "low" => Priority::Low,
                _ => Priority::Normal,
            },
            posts: u16::try_from(self.posts).map_err(|e| damaged(e.to_string()))?,
            frame: if self.full_page { Frame::FullPage } else { Frame::Viewport },
        })
    }
}

#[derive(Debug, FromRow)]
struct LeasedRow {
    #[sqlx(flatten)]
    job: JobColumns,
    attempts: i32,
    deaths: i32,
    quarantined: bool,
}

impl Store {
    /// Begins a lease. One round trip where it may go on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn begin_lease(&self, begin: &Begin<'_>) -> Result<Begun, StoreError> {
        let sql = "
            update jobs set state = 'leased', fence = $2, worker = $3, leased_at = now(),
                pushed_at = coalesce(pushed_at, now()), deaths = greatest(deaths, $4)
            where tenant_id = app_tenant() and id = $1 and fence < $2 and state in ('queued', 'leased')
            returning id, platform, handle, posts, full_page, priority, attempts, deaths, quarantined";
        let leased: Option<LeasedRow> = sqlx::query_as(sql)
            .bind(begin.job.as_str())
            .bind(fence(begin.fence))
            .bind(begin.worker)
            .bind(i32::try_from(begin.deaths).unwrap_or(i32::MAX))
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        if let Some(row) = leased {
            return Ok(Begun::Leased(Leased {
                attempt: u32::try_from(row.attempts).unwrap_or(0).saturating_add(1),
                deaths: u32::try_from(row.deaths).unwrap_or(0),
                quarantined: row.quarantined,
                job: row.job.job()?,
            }));
        }
        let present: Option<(String, i64)> =
            sqlx::query_as("select state, fence from jobs where tenant_id = app_tenant() and id = $1")
                .bind(begin.job.as_str())
                .fetch_optional(&self.pool)
                .await
                .map_err(|e| self.error(e))?;
        Ok(match present {
            None => Begun::Unknown,
            Some((state, present)) if matches!(state.as_str(), "queued" | "leased") => {
                self.shared.stale_writes.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                Begun::Stale { present: present.unsigned_abs() }
            }
            Some((state, _)) => Begun::Over { state },
        })
    }

    /// Puts a job back for later; the relay pushes it when its time has come.
    ///
    /// # Errors
    /// [`StoreError::StaleWrite`] when the lease is not the present one; else when the database fails.
    pub async fn postpone(&self, postpone: &Postpone<'_>) -> Result<(), StoreError> {
        let sql = "
            update jobs set state = 'queued', pushed_at = null, worker = null, leased_at = null, reason = $3,
                not_before = now() + $4 * interval '1 microsecond', attempts = attempts + $5
            where tenant_id = app_tenant() and id = $1 and fence = $2 and state in ('queued', 'leased')";
        let query = sqlx::query(sql)
            .bind(postpone.job.as_str())
            .bind(fence(postpone.fence))
            .bind(clean(postpone.reason))
            .bind(micros(postpone.after))
            .bind(i32::from(postpone.spend == Spend::Attempt));
        self.settle(postpone.job, postpone.fence, query, postpone.crawl).await
    }

    /// Gives a job up: it stands in the dead-letter list with its reason until somebody redrives it.
    ///
    /// # Errors
    /// [`StoreError::StaleWrite`] when the lease is not the present one; else when the database fails.
    pub async fn bury(&self, bury: &Bury<'_>) -> Result<(), StoreError> {
        let sql = "
            update jobs set state = 'dead', finished_at = now(), worker = null, reason = $3, last_log = coalesce($4, last_log),
                outcome = coalesce($5, outcome), document = coalesce($6::json, document)
            where tenant_id = app_tenant() and id = $1 and fence = $2 and state in ('queued', 'leased')";
        let document = bury.document.map(super::save::json_text).transpose().map_err(|e| self.error(e))?;
        let query = sqlx::query(sql)
            .bind(bury.job.as_str())
            .bind(fence(bury.fence))
            .bind(clean(bury.reason))
            .bind(bury.last_log.map(clean))
            .bind(
                bury.crawl
                    .map(|crawl| crawl.outcome)
                    .or(bury.document.map(|document| document.outcome))
                    .map(Outcome::as_str),
            )
            .bind(document);
        self.settle(bury.job, bury.fence, query, bury.crawl).await
    }

    /// Gives a lease back unsettled, at shutdown: nothing is spent, no death counted. The job stays known to Redis, where
    /// the queue hands its entry to the next worker.
    ///
    /// # Errors
    /// [`StoreError::StaleWrite`] when the lease is not the present one; else when the database fails.
    pub async fn hand_back(&self, job: &JobId, fence_: u64) -> Result<(), StoreError> {
        let sql = "
            update jobs set state = 'queued', worker = null, leased_at = null
            where tenant_id = app_tenant() and id = $1 and fence = $2 and state = 'leased'";
        self.settle(job, fence_, sqlx::query(sql).bind(job.as_str()).bind(fence(fence_)), None).await
    }

    /// Sends a job to the quarantine lane, where it runs alone: it stays there.
    ///
    /// # Errors
    /// [`StoreError::StaleWrite`] when the lease is not the present one; else when the database fails.
    pub async fn quarantine(&self, job: &JobId, fence_: u64) -> Result<(), StoreError> {
        let sql = "
            update jobs set quarantined = true
            where tenant_id = app_tenant() and id = $1 and fence = $2 and state in ('queued', 'leased')";
        self.settle(job, fence_, sqlx::query(sql).bind(job.as_str()).bind(fence(fence_)), None).await
    }

    /// Adds a line to what is kept of a suspect's last steps, so that its death leaves words. A lease that is not the
    /// present one adds nothing, and is told so by its next write.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_step(&self, job: &JobId, fence_: u64, line: &str) -> Result<(), StoreError> {
        let sql = "
            update jobs set last_log = right(coalesce(last_log, '') || to_char(now() at time zone 'utc',
                'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\" ') || $3 || chr(10), 4000)
            where tenant_id = app_tenant() and id = $1 and fence = $2 and state in ('queued', 'leased')";
        let query = sqlx::query(sql).bind(job.as_str()).bind(fence(fence_)).bind(clean(line));
        query.execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }

    async fn settle(
        &self,
        job: &JobId,
        fence_: u64,
        update: sqlx::query::Query<'_, sqlx::Postgres, sqlx::postgres::PgArguments>,
        crawl: Option<&CrawlRecord<'_>>,
    ) -> Result<(), StoreError> {
        let changed = match crawl {
            None => update.execute(&self.pool).await.map_err(|e| self.error(e))?.rows_affected(),
            Some(crawl) => {
                let mut transaction = self.pool.begin().await.map_err(|e| self.error(e))?;
                let connection: &mut PgConnection = &mut transaction;
                let changed = update.execute(&mut *connection).await.map_err(|e| self.error(e))?.rows_affected();
                if changed == 1 {
                    crawl.insert(connection).await.map_err(|e| self.error(e))?;
                    transaction.commit().await.map_err(|e| self.error(e))?;
                }
                changed
            }
        };
        if changed == 1 { Ok(()) } else { Err(self.stale(job.as_str(), fence(fence_))) }
    }
}

/// A fence as PostgreSQL takes it. Fences are counters or microseconds: neither comes near the end of 63 bits.
pub(super) fn fence(fence: u64) -> i64 {
    i64::try_from(fence).unwrap_or(i64::MAX)
}

/// PostgreSQL's text takes every character but NUL.
pub(super) fn clean(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}
