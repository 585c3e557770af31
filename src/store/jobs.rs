//! Questions about jobs: one, many in pages, how many. A list of any length is read page by page, each page beginning
//! after the last row of the one before, so that memory stays bounded and a page costs the same wherever it stands.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, FromRow};

use super::lease::JobColumns;
use super::{Store, StoreError, limit};
use crate::model::job::{Job, JobId};

/// What the ledger knows of a job.
#[derive(Debug, Clone, serde::Serialize)]
pub struct JobRecord {
    /// The job.
    #[serde(flatten)]
    pub job: Job,
    /// `queued`, `leased`, `done`, `dead` or `cancelled`; for a job that joined another one, the other one's.
    pub state: String,
    /// The job it joined.
    pub joined_to: Option<JobId>,
    /// Attempts that came to nothing.
    pub attempts: u32,
    /// Workers that died with it.
    pub deaths: u32,
    /// Whether it runs alone.
    pub quarantined: bool,
    /// Its present or last lease.
    pub fence: u64,
    /// Who holds it.
    pub worker: Option<String>,
    /// It does not start before this.
    pub not_before: DateTime<Utc>,
    /// Since when Redis has it.
    pub pushed_at: Option<DateTime<Utc>>,
    /// What came out, as a word.
    pub outcome: Option<String>,
    /// Why it waits or was given up.
    pub reason: Option<String>,
    /// The worker's last words.
    pub last_log: Option<String>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
    /// When it was over.
    pub finished_at: Option<DateTime<Utc>>,
}

impl JobRecord {
    /// Where the next page begins.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { created_at: self.created_at, id: self.job.id.clone() }
    }
}

/// A job's result.
#[derive(Debug, Clone, FromRow)]
pub struct JobResult {
    /// How many posts this job asked for.
    pub posts: i16,
    /// The job whose result it is, where it is not its own.
    pub joined_to: Option<String>,
    /// The state's word; for a joined job the leader's.
    pub state: String,
    /// What came out, as a word.
    pub outcome: Option<String>,
    /// Why it waits or was given up.
    pub reason: Option<String>,
    /// The document's JSON text, byte for byte as it was saved; for a joined job the leader's, which may hold more posts.
    pub document: Option<String>,
    /// When it may start (again).
    pub not_before: DateTime<Utc>,
}

impl JobResult {
    /// Whether nothing more will come.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.state.as_str(), "done" | "dead" | "cancelled")
    }
}

/// Which jobs are meant; what is none does not narrow.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// The state's word; `joined` finds those that joined.
    pub state: Option<String>,
    /// The platform's name.
    pub platform: Option<String>,
    /// A part of the handle, the id or the reason.
    pub text: Option<String>,
    /// Accepted at or after this.
    pub since: Option<DateTime<Utc>>,
    /// Accepted before this.
    pub until: Option<DateTime<Utc>>,
}

/// The condition that a [`JobFilter`] is; its values are the arguments $1 to $5.
macro_rules! matches_filter {
    () => {
        "($1::text is null or state = $1) and ($2::text is null or platform = $2)
              and ($3::text is null or strpos(handle, $3) > 0 or strpos(id, $3) > 0 or strpos(reason, $3) > 0)
              and ($4::timestamptz is null or created_at >= $4) and ($5::timestamptz is null or created_at < $5)"
    };
}
pub(super) use matches_filter;

impl JobFilter {
    /// The values of [`matches_filter`]; a query may bind further ones behind them.
    pub(super) fn arguments(&self) -> Result<PgArguments, sqlx::Error> {
        let mut arguments = PgArguments::default();
        for text in [&self.state, &self.platform, &self.text] {
            arguments.add(text.as_deref()).map_err(sqlx::Error::Encode)?;
        }
        for time in [self.since, self.until] {
            arguments.add(time).map_err(sqlx::Error::Encode)?;
        }
        Ok(arguments)
    }
}

/// The last row of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Its `created_at`.
    pub created_at: DateTime<Utc>,
    /// Its id.
    pub id: JobId,
}

#[derive(Debug, FromRow)]
struct Row {
    #[sqlx(flatten)]
    job: JobColumns,
    state: String,
    joined_to: Option<String>,
    attempts: i32,
    deaths: i32,
    quarantined: bool,
    fence: i64,
    worker: Option<String>,
    not_before: DateTime<Utc>,
    pushed_at: Option<DateTime<Utc>>,
    outcome: Option<String>,
    reason: Option<String>,
    last_log: Option<String>,
    created_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl Row {
    fn record(self) -> Result<JobRecord, StoreError> {
        Ok(JobRecord {
            job: self.job.job()?,
            state: self.state,
            joined_to: self.joined_to.and_then(|id| id.parse().ok()),
            attempts: u32::try_from(self.attempts).unwrap_or(0),
            deaths: u32::try_from(self.deaths).unwrap_or(0),
            quarantined: self.quarantined,
            fence: self.fence.unsigned_abs(),
            worker: self.worker,
            not_before: self.not_before,
            pushed_at: self.pushed_at,
            outcome: self.outcome,
            reason: self.reason,
            last_log: self.last_log,
            created_at: self.created_at,
            finished_at: self.finished_at,
        })
    }
}

impl Store {
    /// One job; none where there is no such id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn job(&self, id: &JobId) -> Result<Option<JobRecord>, StoreError> {
        let sql = "
            select j.id, j.platform, j.handle, j.posts, j.full_page, j.priority, coalesce(l.state, j.state) as state,
                j.joined_to, coalesce(l.attempts, j.attempts) as attempts, coalesce(l.deaths, j.deaths) as deaths,
                coalesce(l.quarantined, j.quarantined) as quarantined, coalesce(l.fence, j.fence) as fence,
                coalesce(l.worker, j.worker) as worker, coalesce(l.not_before, j.not_before) as not_before,
                coalesce(l.pushed_at, j.pushed_at) as pushed_at, coalesce(l.outcome, j.outcome) as outcome,
                coalesce(l.reason, j.reason) as reason, coalesce(l.last_log, j.last_log) as last_log, j.created_at,
                coalesce(l.finished_at, j.finished_at) as finished_at
            from jobs j left join jobs l on l.tenant_id = j.tenant_id and l.id = j.joined_to
            where j.tenant_id = app_tenant() and j.id = $1";
        let row: Option<Row> =
            sqlx::query_as(sql).bind(id.as_str()).fetch_optional(&self.pool).await.map_err(|e| self.error(e))?;
        row.map(Row::record).transpose()
    }

    /// A job's state and result, the leader's where it joined one; none where there is no such id.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn result(&self, id: &JobId) -> Result<Option<JobResult>, StoreError> {
        let sql = "
            select j.posts, j.joined_to, coalesce(l.state, j.state) as state, coalesce(l.outcome, j.outcome) as outcome,
                coalesce(l.reason, j.reason) as reason, coalesce(l.document, j.document)::text as document,
                coalesce(l.not_before, j.not_before) as not_before
            from jobs j left join jobs l on l.tenant_id = j.tenant_id and l.id = j.joined_to
            where j.tenant_id = app_tenant() and j.id = $1";
        sqlx::query_as(sql).bind(id.as_str()).fetch_optional(&self.pool).await.map_err(|e| self.error(e))
    }

    /// Those who joined a job and wait for its result.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn joined(&self, leader: &JobId) -> Result<Vec<JobId>, StoreError> {
        let sql = "select id from jobs where tenant_id = app_tenant() and joined_to = $1 order by created_at, id";
        let ids: Vec<String> =
            sqlx::query_scalar(sql).bind(leader.as_str()).fetch_all(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(ids.into_iter().filter_map(|id| id.parse().ok()).collect())
    }

    /// How many posts each of these jobs asked for; unknown ones are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn posts_asked(&self, ids: &[JobId]) -> Result<Vec<(JobId, u16)>, StoreError> {
        let sql = "select id, posts from jobs where tenant_id = app_tenant() and id = any($1) order by created_at, id";
        let ids: Vec<&str> = ids.iter().map(JobId::as_str).collect();
        let rows: Vec<(String, i16)> =
            sqlx::query_as(sql).bind(ids).fetch_all(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(rows.into_iter().filter_map(|(id, posts)| Some((id.parse().ok()?, u16::try_from(posts).ok()?))).collect())
    }

    /// A page of jobs, newest first, after `cursor`. Documents are not among it: ask [`Store::result`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn jobs(
        &self,
        filter: &JobFilter,
        after: Option<&Cursor>,
        rows: usize,
    ) -> Result<Vec<JobRecord>, StoreError> {
        let sql = concat!(
            "
            select id, platform, handle, posts, full_page, priority, state, joined_to, attempts, deaths, quarantined,
                fence, worker, not_before, pushed_at, outcome, reason, last_log, created_at, finished_at
            from jobs
            where ",
            matches_filter!(),
            "
              and ($6::timestamptz is null or (created_at, id) < ($6, $7))
            order by created_at desc, id desc limit $8"
        );
        let rows: Vec<Row> = sqlx::query_as_with(sql, filter.arguments().map_err(|e| self.error(e))?)
            .persistent(false)
            .bind(after.map(|cursor| cursor.created_at))
            .bind(after.map(|cursor| cursor.id.as_str()))
            .bind(limit(rows))
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        rows.into_iter().map(Row::record).collect()
    }

    /// How many jobs there are in each state; states without any are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let rows: Vec<(String, i64)> = sqlx::query_as("select state, count(*) from jobs group by state order by state")
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        Ok(rows.into_iter().map(|(state, count)| (state, count.unsigned_abs())).collect())
    }
}
