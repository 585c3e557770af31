//! PostgreSQL and Redis together: where jobs are accepted, followed and cancelled. A job counts as accepted when the
//! ledger has committed it; Redis is told at once if it answers at once, and by the relay otherwise.

use std::time::Duration;

use super::answers::{self, Owed};
use crate::clock::Clock;
use crate::config::Config;
use crate::model::job::{Job, JobId};
use crate::queue::{Queue, QueueError, QueuedJob};
use crate::store::jobs::JobResult;
use crate::store::submit::{Accepted, Submission};
use crate::store::{Store, StoreError};

/// How long a submission waits for Redis after the ledger has it; the relay does the rest.
const PUSH_PATIENCE: Duration = Duration::from_millis(50);

/// The two servers behind the engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Services {
    /// The ledger and the record.
    pub store: Store,
    /// The transport.
    pub queue: Queue,
    /// Answers that Redis could not take yet.
    pub(super) owed: Owed,
}

/// Why the servers cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ServicesError {
    /// PostgreSQL.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Redis.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// A schema that this program cannot work with.
    #[error("the database's schema does not fit this program: {0}")]
    Schema(String),
}

impl Services {
    /// Connects to PostgreSQL, which must answer, and prepares Redis, which may be away for now.
    ///
    /// # Errors
    /// When PostgreSQL cannot be used, or a setting cannot stand.
    pub async fn connect(config: &Config, clock: Clock) -> Result<Self, ServicesError> {
        let store = Store::connect(&config.store).await?;
        if config.store.migrate_at_start {
            crate::store::migrate(store.pool()).await?;
        } else {
            let state = crate::store::migrate_check(store.pool()).await?;
            if !state.is_usable() {
                let word = state.warning().unwrap_or_default();
                return Err(ServicesError::Schema(format!("{word}; run sentinel migrate")));
            }
        }
        let lanes = crate::platform::all().iter().map(|platform| platform.id()).collect();
        let queue = Queue::new(&config.queue, lanes, clock)?;
        Ok(Self { store, queue, owed: Owed::default() })
    }

    /// Accepts jobs: all in the ledger, or an error and none. One answer each, in the order given.
    ///
    /// # Errors
    /// When the ledger fails or its backlog is full. A Redis that is away or full is no error.
    pub async fn submit(&self, jobs: &[Job]) -> Result<Vec<Accepted>, StoreError> {
        let submissions: Vec<Submission> = jobs.iter().cloned().map(Submission::from).collect();
        let accepted = self.store.submit(&submissions).await?;
        let fresh: Vec<QueuedJob> = accepted
            .iter()
            .zip(jobs)
            .filter(|(answer, _)| matches!(answer, Accepted::New { .. }))
            .map(|(_, job)| QueuedJob::new(job.clone()))
            .collect();
        if !fresh.is_empty() {
            match tokio::time::timeout(PUSH_PATIENCE, self.push(&fresh)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "accepted; the relay will bring it to Redis"),
                Err(_) => tracing::debug!("accepted; Redis is slow, the relay will bring it there"),
            }
        }
        Ok(accepted)
    }

    /// What became of a job; none where there is no such id. The document of one that joined another is cut to what it asked
    /// for.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn result(&self, id: &JobId) -> Result<Option<JobResult>, StoreError> {
        answers::result(self, id).await
    }

    /// Cancels a job: in the ledger first, which refuses its result from then on, then in Redis.
    ///
    /// # Errors
    /// When no such job is live, or the ledger does not answer. A Redis that does not answer is no error.
    pub async fn cancel(&self, id: &JobId) -> Result<(), ServicesError> {
        self.store.cancel(id, "cancelled by an operator").await?;
        if let Err(error) = self.queue.cancel(std::slice::from_ref(id)).await {
            tracing::warn!(job = %id, %error, "cancelled in the ledger; the reconciler tells Redis and its worker");
        }
        Ok(answers::publish_end(self, id).await?)
    }

    /// Brings jobs of the ledger to Redis and notes that in the ledger.
    pub(super) async fn push(&self, jobs: &[QueuedJob]) -> Result<(), ServicesError> {
        self.queue.push(jobs).await?;
        let ids: Vec<JobId> = jobs.iter().map(|queued| queued.job.id.clone()).collect();
        self.store.mark_pushed(&ids).await?;
        Ok(())
    }
}
