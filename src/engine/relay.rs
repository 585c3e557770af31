//! Between the ledger and Redis: brings due jobs to Redis, and every so often compares both ways, because either may have
//! lost its memory. What the ledger holds and Redis does not know is pushed again; what only Redis knows is entered.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::rooms::Rooms;
use super::services::{Services, ServicesError};
use crate::model::document::Outcome;
use crate::model::event::EventKind;
use crate::model::fault::Fault;
use crate::model::job::JobId;
use crate::queue::{Fate, QueuedJob, ResultState};
use crate::store::StoreError;
use crate::store::lease::Bury;
use crate::store::submit::{Accepted, Submission};

/// How many jobs one push carries.
const BATCH: usize = 200;
/// The longest wait between two looks at the ledger.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A job must have stood in the ledger this long before Redis is expected to know it.
const SETTLED: Duration = Duration::from_secs(2);

/// Pushes due jobs until it is stopped.
pub(super) async fn push_due(services: &Services, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let wait = match push_round(services).await {
            Ok(BATCH) => Duration::ZERO,
            Ok(_) => next_look(services).await,
            Err(error) => {
                tracing::warn!(%error, "the ledger's jobs wait until this is mended");
                LOOK_EVERY
            }
        };
        let _ = tokio::time::timeout(wait, stop.cancelled()).await;
    }
}

async fn push_round(services: &Services) -> Result<usize, ServicesError> {
    let due = services.store.due_to_push(BATCH).await?;
    let jobs: Vec<QueuedJob> = due
        .into_iter()
        .map(|due| QueuedJob {
            job: due.job,
            attempts_spent: due.attempts,
            deaths: due.deaths,
            fence: i64::try_from(due.fence).unwrap_or(i64::MAX),
            delay: Duration::ZERO,
        })
        .collect();
    if !jobs.is_empty() {
        services.push(&jobs).await?;
    }
    Ok(jobs.len())
}

async fn next_look(services: &Services) -> Duration {
    match services.store.next_due_in().await {
        Ok(Some(wait)) => wait.clamp(Duration::from_millis(20), LOOK_EVERY),
        Ok(None) | Err(_) => LOOK_EVERY,
    }
}

/// Compares ledger and Redis both ways, every `every`, until it is stopped.
pub(super) async fn reconcile(services: &Services, every: Duration, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        match tokio::try_join!(refill(services), enter_unknown(services)) {
            Ok((0, 0)) => {}
            Ok((pushed, entered)) => tracing::info!(pushed, entered, "ledger and Redis agree again"),
            Err(error) => tracing::warn!(%error, "ledger and Redis could not be compared"),
        }
        let _ = tokio::time::timeout(every, stop.cancelled()).await;
    }
}

/// Live jobs of the ledger that Redis has forgotten are put back to be pushed.
async fn refill(services: &Services) -> Result<u64, ServicesError> {
    let mut after: Option<JobId> = None;
    let mut refilled = 0;
    loop {
        let live = services.store.live(after.as_ref(), SETTLED, BATCH).await?;
        let Some(last) = live.last() else { return Ok(refilled) };
        after = Some(last.id.clone());
        let ids: Vec<JobId> = live.iter().map(|job| job.id.clone()).collect();
        let known = services.queue.contains(&ids).await?;
        let lost: Vec<_> = live.into_iter().zip(known).filter(|(_, known)| !known).map(|(job, _)| job).collect();
        if !lost.is_empty() {
            refilled += services.store.requeue_lost(&lost).await?;
        }
    }
}

/// Jobs that only Redis knows are entered in the ledger; jobs that the ledger has finished leave Redis.
async fn enter_unknown(services: &Services) -> Result<u64, ServicesError> {
    let mut cursor = 0;
    let mut entered = 0;
    loop {
        let page = services.queue.scan(cursor).await?;
        let ids: Vec<JobId> = page.jobs.iter().map(|known| known.queued.job.id.clone()).collect();
        let states = services.store.states(&ids).await?;
        let unknown: Vec<Submission> = page
            .jobs
            .into_iter()
            .filter(|known| !states.iter().any(|(id, _)| *id == known.queued.job.id))
            .map(|known| Submission::from(known.queued.job))
            .collect();
        if !unknown.is_empty() {
            entered += services.store.submit(&unknown).await?.len() as u64;
        }
        match page.next {
            Some(next) => cursor = next,
            None => return Ok(entered),
        }
    }
}

/// Takes jobs back from workers that fell silent, every `every`, until it is stopped.
pub(super) async fn reclaim(rooms: &Rooms, services: &Services, every: Duration, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        if let Err(error) = reclaim_round(rooms, services).await {
            tracing::warn!(%error, "silent workers could not be looked for");
        }
        let _ = tokio::time::timeout(every, stop.cancelled()).await;
    }
}

async fn reclaim_round(rooms: &Rooms, services: &Services) -> Result<(), ServicesError> {
    for reclaimed in services.queue.reclaim().await? {
        tracing::warn!(job = %reclaimed.job, worker = %reclaimed.worker, deaths = reclaimed.deaths, fate = ?reclaimed.fate, "a worker fell silent");
        // Dead and cancelled ones are told again until they are closed, without a worker then.
        rooms.metrics.reclaimed(u64::from(!reclaimed.worker.is_empty()));
        let ids = [reclaimed.job.clone()];
        match reclaimed.fate {
            Fate::Back | Fate::Quarantine => {}
            Fate::Dead => {
                let reason = format!("its worker died {} times, the last time in quarantine", reclaimed.deaths);
                bury(services, &reclaimed.job, &reason).await?;
                publish_end(services, &reclaimed.job, ResultState::Dead).await?;
                services.queue.bury(&ids).await?;
                if let Some(record) = services.store.job(&reclaimed.job).await? {
                    rooms.metrics.job_buried(&record.job.target.platform, &Fault::Defect);
                }
                rooms.tell(EventKind::JobBuried { job: reclaimed.job.clone(), reason });
            }
            Fate::Cancelled => {
                cancelled(services, &reclaimed.job).await?;
                services.queue.drop_cancelled(&ids).await?;
            }
        }
    }
    Ok(())
}

/// Writes down that a job was cancelled while it ran, and publishes it. Who cancelled it has usually done the former, or
/// has deleted the profile with all its jobs.
pub(super) async fn cancelled(services: &Services, job: &JobId) -> Result<(), ServicesError> {
    match services.store.cancel(job, "cancelled while it ran").await {
        Ok(_) | Err(StoreError::NotFound { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    publish_end(services, job, ResultState::Cancelled).await
}

/// Gives a job up in the ledger under the fence of its last lease: nobody holds a newer one.
async fn bury(services: &Services, job: &JobId, reason: &str) -> Result<(), ServicesError> {
    let Some(record) = services.store.job(job).await? else { return Ok(()) };
    let bury = Bury { job, fence: record.fence, reason, last_log: None, crawl: None };
    match services.store.bury(&bury).await {
        Err(error) if error.is_stale() => Ok(()),
        other => Ok(other?),
    }
}

/// Publishes what the ledger says of a finished job, for itself and for all that joined it.
pub(super) async fn publish_end(services: &Services, job: &JobId, state: ResultState) -> Result<(), ServicesError> {
    let result = services.store.result(job).await?;
    let outcome = result.as_ref().and_then(|result| Outcome::of_word(result.outcome.as_deref()?));
    let document = result.and_then(|result| result.document);
    let mut ids = vec![job.clone()];
    ids.extend(services.store.joined(job).await?);
    services.queue.publish_result(&ids, state, outcome, document.as_deref()).await?;
    Ok(())
}

/// A submission whose id is that of a finished job learns the result at once: it stands in the ledger.
pub(super) async fn answer_finished(services: &Services, accepted: &[Accepted]) -> Result<(), ServicesError> {
    for answer in accepted {
        let Accepted::Duplicate { id } = answer else { continue };
        let Some(result) = services.store.result(id).await? else { continue };
        let state = match result.state.as_str() {
            "done" => ResultState::Done,
            "dead" => ResultState::Dead,
            "cancelled" => ResultState::Cancelled,
            _ => continue,
        };
        let outcome = result.outcome.as_deref().and_then(Outcome::of_word);
        services.queue.publish_result(std::slice::from_ref(id), state, outcome, result.document.as_deref()).await?;
    }
    Ok(())
}
