//! Telling those who wait what became of their jobs. What is told is what the ledger says, never more; where Redis cannot
//! take it (away, or its memory full) it is owed and told later, so that no answer holds up the draining of the queue.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fit;
use super::services::{Services, ServicesError};
use crate::model::document::{Document, Outcome};
use crate::model::job::JobId;
use crate::queue::{QueueError, ResultState};
use crate::store::StoreError;
use crate::store::jobs::JobResult;
use crate::store::submit::Accepted;

/// The most answers that are owed; beyond, the oldest is left to who asks the ledger.
const MOST_OWED: usize = 10_000;
/// How many owed answers one round tells.
const OWED_AT_ONCE: usize = 100;

/// Answers that Redis could not take. Cheap to clone; clones are one.
#[derive(Debug, Clone, Default)]
pub(super) struct Owed(Arc<Mutex<VecDeque<JobId>>>);

impl Owed {
    fn push(&self, job: JobId) {
        let mut owed = self.lock();
        if owed.len() >= MOST_OWED
            && let Some(left) = owed.pop_front()
        {
            tracing::warn!(job = %left, "too many answers are owed: this one stands in the ledger only");
        }
        owed.push_back(job);
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<JobId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Publishes what the ledger says of a finished job, for itself and for all that joined it; nothing where it is not
/// finished. A Redis that cannot take it is no error: the answer is owed.
pub(super) async fn publish_end(services: &Services, job: &JobId) -> Result<(), StoreError> {
    match try_publish(services, job).await {
        Ok(()) => Ok(()),
        Err(ServicesError::Queue(error)) => {
            owe(services, job, &error);
            Ok(())
        }
        Err(ServicesError::Store(error)) => Err(error),
        Err(ServicesError::Schema(detail)) => Err(StoreError::Damaged { what: "schema".to_owned(), detail }),
    }
}

/// As [`publish_end`] for a job that was cancelled; one that was deleted from the ledger ends the same way for who waits.
pub(super) async fn publish_cancelled(services: &Services, job: &JobId) -> Result<(), StoreError> {
    if services.store.result(job).await?.is_some() {
        return publish_end(services, job).await;
    }
    let ids = std::slice::from_ref(job);
    if let Err(error) = services.queue.publish_result(ids, ResultState::Cancelled, None, None).await {
        tracing::warn!(%job, %error, "nobody can be told that a deleted job is over");
    }
    Ok(())
}

/// Notes that a finished job's answer could not be published.
pub(super) fn owe(services: &Services, job: &JobId, error: &QueueError) {
    tracing::warn!(%job, %error, "the result stands in the ledger; it is published as soon as Redis takes it");
    services.owed.push(job.clone());
}

/// Tells what is owed, until Redis refuses again.
pub(super) async fn publish_owed(services: &Services) {
    for _ in 0..OWED_AT_ONCE {
        let Some(job) = services.owed.lock().pop_front() else { return };
        if let Err(error) = try_publish(services, &job).await {
            tracing::debug!(%job, %error, "still owed");
            services.owed.lock().push_front(job);
            return;
        }
    }
}

async fn try_publish(services: &Services, job: &JobId) -> Result<(), ServicesError> {
    let Some(result) = services.store.result(job).await? else { return Ok(()) };
    let Some(state) = final_state(&result.state) else { return Ok(()) };
    let outcome = result.outcome.as_deref().and_then(Outcome::of_word);
    let joined = services.store.joined(job).await?;
    if joined.is_empty() && result.joined_to.is_none() {
        let ids = std::slice::from_ref(job);
        services.queue.publish_result(ids, state, outcome, result.document.as_deref()).await?;
        return Ok(());
    }
    let document = result.document.as_deref().map(read).transpose()?;
    let ids: Vec<JobId> = std::iter::once(job.clone()).chain(joined).collect();
    publish_each(services, &ids, state, outcome, document.as_ref()).await
}

/// Publishes a crawl that was saved just now, for its job and for those that it serves too.
pub(super) async fn publish_saved(
    services: &Services,
    job: &JobId,
    joined: &[JobId],
    document: &Document,
) -> Result<(), StoreError> {
    let text = serde_json::to_string(document).unwrap_or_else(|_| "null".to_owned());
    let own = std::slice::from_ref(job);
    let done = ResultState::Done;
    let told = match services.queue.publish_result(own, done, Some(document.outcome), Some(&text)).await {
        Ok(()) if joined.is_empty() => Ok(()),
        Ok(()) => publish_each(services, joined, done, Some(document.outcome), Some(document)).await,
        Err(error) => Err(error.into()),
    };
    match told {
        Ok(()) => Ok(()),
        Err(ServicesError::Queue(error)) => {
            owe(services, job, &error);
            Ok(())
        }
        Err(ServicesError::Store(error)) => Err(error),
        Err(ServicesError::Schema(detail)) => Err(StoreError::Damaged { what: "schema".to_owned(), detail }),
    }
}

/// Publishes one document for several jobs, cut to what each asked for.
async fn publish_each(
    services: &Services,
    ids: &[JobId],
    state: ResultState,
    outcome: Option<Outcome>,
    document: Option<&Document>,
) -> Result<(), ServicesError> {
    let asked = services.store.posts_asked(ids).await?;
    let mut alike: BTreeMap<u16, Vec<JobId>> = BTreeMap::new();
    for (id, posts) in asked {
        alike.entry(posts).or_default().push(id);
    }
    for (posts, ids) in alike {
        let fitted = document.map(|document| fit::fitted(document.clone(), posts));
        let outcome = fitted.as_ref().map(|document| document.outcome).or(outcome);
        let text = fitted.and_then(|document| serde_json::to_string(&document).ok());
        services.queue.publish_result(&ids, state, outcome, text.as_deref()).await?;
    }
    Ok(())
}

/// What the ledger says of a job's end, for who asks: the result of the job it joined is cut to what it asked for.
pub(super) async fn result(services: &Services, job: &JobId) -> Result<Option<JobResult>, StoreError> {
    let Some(mut result) = services.store.result(job).await? else { return Ok(None) };
    if let (Some(_), Some(text)) = (&result.joined_to, &result.document) {
        let document = fit::fitted(read(text)?, u16::try_from(result.posts).unwrap_or_default());
        result.outcome = Some(document.outcome.as_str().to_owned());
        result.document = serde_json::to_string(&document).ok();
    }
    Ok(Some(result))
}

fn read(text: &str) -> Result<Document, StoreError> {
    let damaged = |error: serde_json::Error| StoreError::Damaged {
        what: "a stored document".to_owned(),
        detail: error.to_string(),
    };
    serde_json::from_str(text).map_err(damaged)
}

/// A submission whose id is that of a finished job learns the result at once: it stands in the ledger.
pub(super) async fn answer_finished(services: &Services, accepted: &[Accepted]) -> Result<(), StoreError> {
    for answer in accepted {
        if let Accepted::Duplicate { id } = answer {
            publish_end(services, id).await?;
        }
    }
    Ok(())
}

/// Jobs that had waited in Redis behind one that is done: the ledger lets them join it, and they learn its result. What
/// the ledger does not let join (it was cancelled, it runs) is brought to Redis again, for Redis has forgotten it.
pub(super) async fn answer_behind(services: &Services, leader: &JobId, behind: &[JobId]) -> Result<(), StoreError> {
    if behind.is_empty() {
        return Ok(());
    }
    let joined = services.store.join_finished(leader, behind).await?;
    let rest: Vec<JobId> = behind.iter().filter(|id| !joined.contains(id)).cloned().collect();
    services.store.push_again(&rest).await?;
    if joined.is_empty() { Ok(()) } else { publish_end(services, leader).await }
}

fn final_state(word: &str) -> Option<ResultState> {
    match word {
        "done" => Some(ResultState::Done),
        "dead" => Some(ResultState::Dead),
        "cancelled" => Some(ResultState::Cancelled),
        _ => None,
    }
}
