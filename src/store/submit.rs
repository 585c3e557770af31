//! Accepting jobs. A job counts as accepted when its row is committed. Two rules are the database's own, so that no race
//! gets around them: an id is taken once, and a profile has at most one live job; who comes second joins the first.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::PgConnection;

use super::{Store, StoreError, limit, micros};
use crate::model::job::{Frame, Job, JobId, PlatformId, Target};

/// A live job can end between "there is one" and "join it"; then the submission starts over, this often at most.
const ROUNDS: usize = 5;
/// After the backlog was counted, at most this many jobs are accepted before it is counted again.
const MOST_UNCOUNTED: i64 = 1000;

/// A job to be entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The job.
    pub job: Job,
    /// How long it is to wait before it may start; zero for at once.
    pub delay: Duration,
}

impl From<Job> for Submission {
    fn from(job: Job) -> Self {
        Self { job, delay: Duration::ZERO }
    }
}

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "accepted_as")]
pub enum Accepted {
    /// It is in the ledger and is to be pushed to Redis.
    New {
        /// Its id.
        id: JobId,
    },
    /// It is in the ledger and waits for a live job of the same profile: not to be pushed.
    Joined {
        /// Its id.
        id: JobId,
        /// The job whose result will be its own.
        leader: JobId,
    },
    /// This very job, of this id and for this profile, was there already; nothing was changed.
    Duplicate {
        /// The id.
        id: JobId,
    },
    /// The id belongs to a job for another profile: nothing was entered, and nothing comes of it.
    Taken {
        /// The id.
        id: JobId,
        /// Whose it is.
        by: Target,
    },
}

impl Accepted {
    /// The submitted job's id.
    #[must_use]
    pub fn id(&self) -> &JobId {
        match self {
            Self::New { id } | Self::Joined { id, .. } | Self::Duplicate { id } | Self::Taken { id, .. } => id,
        }
    }

    /// Why the job was refused; none where it was accepted.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        match self {
            Self::Taken { id, by } => {
                Some(format!("the id {id} belongs to a job for {by} already: give this one an id of its own"))
            }
            Self::New { .. } | Self::Joined { .. } | Self::Duplicate { .. } => None,
        }
    }
}

impl Store {
    /// Enters jobs, all in one transaction; one answer each, in the order given. Give at most some thousand at a time.
    ///
    /// # Errors
    /// [`StoreError::BacklogFull`] before anything is written; else when the database fails, then nothing is written either.
    pub async fn submit(&self, submissions: &[Submission]) -> Result<Vec<Accepted>, StoreError> {
        if submissions.is_empty() {
            return Ok(Vec::new());
        }
        self.make_room(submissions.len()).await?;
        if let [one] = submissions {
            // The common case is one statement, and so needs no transaction around it.
            let rows = Rows::of(std::iter::once((0, one)));
            let new = insert(&self.pool, &rows).await.map_err(|e| self.error(e))?;
            if !new.is_empty() {
                return Ok(vec![Accepted::New { id: one.job.id.clone() }]);
            }
        }
        let mut transaction = self.pool.begin().await.map_err(|e| self.error(e))?;
        let mut answers: Vec<Option<Accepted>> = vec![None; submissions.len()];
        // Of several with one id the first given counts, in whatever order rows are entered.
        let mut firsts: HashMap<&JobId, usize> = HashMap::new();
        for (place, submission) in submissions.iter().enumerate() {
            firsts.entry(&submission.job.id).or_insert(place);
        }
        let first_of = |place: usize| submissions.get(place).and_then(|given| firsts.get(&given.job.id)).copied();
        for _ in 0..ROUNDS {
            let is_open =
                |place: &usize| answers.get(*place).is_some_and(Option::is_none) && first_of(*place) == Some(*place);
            let open: Vec<usize> = (0..submissions.len()).filter(is_open).collect();
            if open.is_empty() {
                break;
            }
            let rows = Rows::of(open.iter().filter_map(|i| submissions.get(*i).map(|s| (*i, s))));
            for (index, accepted) in enter(&mut transaction, &rows).await.map_err(|e| self.error(e))? {
                if let Some(answer) = answers.get_mut(index) {
                    *answer = Some(accepted);
                }
            }
        }
        transaction.commit().await.map_err(|e| self.error(e))?;
        for (place, submission) in submissions.iter().enumerate() {
            let Some(first) = first_of(place).filter(|first| *first != place) else { continue };
            let entered = answers.get(first).cloned().flatten().zip(submissions.get(first));
            if let (Some((entered, first)), Some(answer)) = (entered, answers.get_mut(place)) {
                *answer = Some(again(&submission.job, &entered, &first.job.target));
            }
        }
        let all: Option<Vec<Accepted>> = answers.into_iter().collect();
        all.ok_or_else(|| StoreError::Damaged {
            what: "submission".to_owned(),
            detail: format!("its profile's live job ended {ROUNDS} times while it joined; submit it again"),
        })
    }

    /// Sees to it that `jobs` more may wait. Counting a long backlog takes milliseconds, so after each count half of what
    /// is free is given out uncounted: the limit is never passed, and near it every submission counts.
    async fn make_room(&self, jobs: usize) -> Result<(), StoreError> {
        let wanted = limit(jobs);
        if self.shared.room.fetch_sub(wanted, Ordering::Relaxed) >= wanted {
            return Ok(());
        }
        let most = self.shared.config.backlog_max_jobs;
        let sql = "select count(*) from (select from jobs where state = 'queued' limit $1) as waiting";
        let waiting: i64 =
            sqlx::query_scalar(sql).bind(i64::from(most) + 1).fetch_one(&self.pool).await.map_err(|e| self.error(e))?;
        let free = i64::from(most) - waiting;
        self.shared.room.store(((free - wanted) / 2).clamp(0, MOST_UNCOUNTED), Ordering::Relaxed);
        if wanted > free {
            return Err(StoreError::BacklogFull { waiting: waiting.unsigned_abs(), most });
        }
        Ok(())
    }
}

/// The answer to a submission whose id came before in the same call, for the profile `first`, and was answered so.
fn again(job: &Job, entered: &Accepted, first: &Target) -> Accepted {
    let owner = match entered {
        Accepted::Taken { by, .. } => by,
        Accepted::New { .. } | Accepted::Joined { .. } | Accepted::Duplicate { .. } => first,
    };
    let id = job.id.clone();
    if *owner == job.target { Accepted::Duplicate { id } } else { Accepted::Taken { id, by: owner.clone() } }
}

/// Submissions as columns, for `unnest`.
#[derive(Default)]
struct Rows {
    index: Vec<i32>,
    id: Vec<String>,
    platform: Vec<String>,
    handle: Vec<String>,
    posts: Vec<i16>,
    full_page: Vec<bool>,
    priority: Vec<&'static str>,
    delay: Vec<i64>,
}

impl Rows {
    fn of<'a>(submissions: impl Iterator<Item = (usize, &'a Submission)>) -> Self {
        let mut rows = Self::default();
        for (index, Submission { job, delay }) in submissions {
            rows.index.push(i32::try_from(index).unwrap_or(i32::MAX));
            rows.id.push(job.id.as_str().to_owned());
            rows.platform.push(job.target.platform.as_str().to_owned());
            rows.handle.push(job.target.handle.as_str().to_owned());
            rows.posts.push(i16::try_from(job.posts).unwrap_or(i16::MAX));
            rows.full_page.push(job.frame == Frame::FullPage);
            rows.priority.push(job.priority.as_str());
            rows.delay.push(micros(*delay));
        }
        rows
    }
}

/// One round, in the order of the targets, so that two calls with the same profiles do not wait for each other in a circle:
/// what can be new is new, what has a live job to join joins it. What is in neither answer lost its leader in
/// between and comes again.
async fn enter(connection: &mut PgConnection, rows: &Rows) -> Result<Vec<(usize, Accepted)>, sqlx::Error> {
    let new = insert(&mut *connection, rows).await?;
    let mut new: std::collections::HashSet<String> = new.into_iter().collect();
    let mut answers = Vec::with_capacity(rows.id.len());
    let mut rest = Vec::new();
    for (row, id) in rows.id.iter().enumerate() {
        let Some(index) = rows.index.get(row).and_then(|index| usize::try_from(*index).ok()) else { continue };
        match id.parse() {
            Ok(id_) if new.remove(id) => answers.push((index, Accepted::New { id: id_ })),
            Ok(_) | Err(_) => rest.push(row),
        }
    }
    if !rest.is_empty() {
        answers.extend(join(connection, rows, &rest).await?);
    }
    Ok(answers)
}

/// Enters the rows that meet neither their own id nor a live job of their profile; answers their ids.
async fn insert(executor: impl sqlx::PgExecutor<'_>, rows: &Rows) -> Result<Vec<String>, sqlx::Error> {
    let sql = "
        insert into jobs (id, platform, handle, posts, full_page, priority, not_before)
        select id, platform, handle, posts, full_page, priority, now() + delay * interval '1 microsecond'
        from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::bool[], $7::text[], $8::bigint[])
             as given (index, id, platform, handle, posts, full_page, priority, delay)
        order by platform, handle, index
        on conflict do nothing
        returning id";
    sqlx::query_scalar(sql)
        .bind(&rows.index)
        .bind(&rows.id)
        .bind(&rows.platform)
        .bind(&rows.handle)
        .bind(&rows.posts)
        .bind(&rows.full_page)
        .bind(&rows.priority)
        .bind(&rows.delay)
        .fetch_all(executor)
        .await
}

/// An answer as it is read: the submission's place, its id, the leader it joined, and whose the id is where it is not its own.
type Row = (i32, String, Option<String>, Option<String>, Option<String>);

/// Enters what could not be new: as a duplicate where the id is there, else behind the profile's live job. The leader's
/// row is locked, so it cannot end before our row can be seen by its end. Whether the leader's result will do for who joins
/// it is seen when it ends (`freed.rs`).
async fn join(
    connection: &mut PgConnection,
    rows: &Rows,
    rest: &[usize],
) -> Result<Vec<(usize, Accepted)>, sqlx::Error> {
    let sql = "
        with given as (
            select * from unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::bool[], $7::text[])
                as given (index, id, platform, handle, posts, full_page, priority)
        ), taken as (
            select given.index, given.id, (jobs.platform, jobs.handle) = (given.platform, given.handle) as same,
                jobs.platform, jobs.handle
            from given join jobs on jobs.tenant_id = app_tenant() and jobs.id = given.id
        ), leader as (
            select platform, handle, id from jobs
            where tenant_id = app_tenant() and state in ('queued', 'leased')
              and (platform, handle) in (select platform, handle from given where id not in (select id from taken))
            for share
        ), joined as (
            insert into jobs (id, platform, handle, posts, full_page, priority, state, joined_to)
            select given.id, platform, handle, posts, full_page, priority, 'joined', leader.id
            from given join leader using (platform, handle)
            where given.id not in (select id from taken)
            order by given.index
            on conflict do nothing
            returning id, platform, handle, joined_to
        )
        select index, id, null, case when not same then platform end, case when not same then handle end from taken
        union all
        select given.index, joined.id, joined.joined_to, null, null from joined join given using (id, platform, handle)";
    let pick = |column: &[String]| rest.iter().filter_map(|row| column.get(*row).cloned()).collect::<Vec<_>>();
    let index: Vec<i32> = rest.iter().filter_map(|row| rows.index.get(*row).copied()).collect();
    let answers: Vec<Row> = sqlx::query_as(sql)
        .bind(index)
        .bind(pick(&rows.id))
        .bind(pick(&rows.platform))
        .bind(pick(&rows.handle))
        .bind(rest.iter().filter_map(|row| rows.posts.get(*row).copied()).collect::<Vec<_>>())
        .bind(rest.iter().filter_map(|row| rows.full_page.get(*row).copied()).collect::<Vec<_>>())
        .bind(rest.iter().filter_map(|row| rows.priority.get(*row).copied()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let mut joined = std::collections::HashSet::new();
    Ok(answers
        .into_iter()
        .filter_map(|(index, id, leader, platform, handle)| {
            let id: JobId = id.parse().ok()?;
            let accepted = match (leader, platform.zip(handle)) {
                (_, Some((platform, handle))) => {
                    let by = Target { platform: PlatformId::new(platform), handle: handle.parse().ok()? };
                    Accepted::Taken { id, by }
                }
                (Some(leader), None) if joined.insert(id.clone()) => {
                    Accepted::Joined { id, leader: leader.parse().ok()? }
                }
                (Some(_) | None, None) => Accepted::Duplicate { id },
            };
            Some((usize::try_from(index).ok()?, accepted))
        })
        .collect())
}
