//! Between the ledger and Redis: brings due jobs to Redis, and every so often compares both ways, because either may have
//! lost its memory. What the ledger holds and Redis does not know is pushed again; what only Redis knows is entered.

use std::collections::HashMap;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::answers;
use super::failed::{WORKER_DIED, failed};
use super::rooms::Rooms;
use super::services::{Services, ServicesError};
use crate::model::event::EventKind;
use crate::model::fault::Fault;
use crate::model::job::JobId;
use crate::queue::{Fate, KnownJob, QueueError, QueuedJob, Reclaimed};
use crate::store::StoreError;
use crate::store::lease::Bury;
use crate::store::relay::Death;
use crate::store::submit::Submission;

/// How many jobs one push carries.
const BATCH: usize = 200;
/// The longest wait between two looks at the ledger.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A job must have stood in the ledger this long before Redis is expected to know it.
const SETTLED: Duration = Duration::from_secs(2);

/// Pushes due jobs until it is stopped.
pub(super) async fn push_due(services: &Services, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        answers::publish_owed(services).await;
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
        let states: HashMap<JobId, String> = services.store.states(&ids).await?.into_iter().collect();
        let (known, unknown): (Vec<KnownJob>, Vec<KnownJob>) =
            page.jobs.into_iter().partition(|job| states.contains_key(&job.queued.job.id));
        let unknown: Vec<Submission> = unknown.into_iter().map(|job| Submission::from(job.queued.job)).collect();
        if !unknown.is_empty() {
            entered += services.store.submit(&unknown).await?.len() as u64;
        }
        // What was cancelled or given up while Redis was away: it leaves, and its worker is told. What is done is left to
        // its worker, which acknowledges right after the commit.
        let is_ended = |id: &JobId| matches!(states.get(id).map(String::as_str), Some("cancelled" | "dead" | "joined"));
        let ended: Vec<JobId> = known.into_iter().map(|job| job.queued.job.id).filter(is_ended).collect();
        services.queue.cancel(&ended).await?;
        match page.next {
            Some(next) => cursor = next,
            None => return Ok(entered),
        }
    }
}

/// Takes jobs back from workers that fell silent, every `every`, until it is stopped.
pub(super) async fn reclaim(rooms: &Rooms, services: &Services, stop: &CancellationToken) {
    let every = rooms.config.queue.reclaim();
    while !stop.is_cancelled() {
        if let Err(error) = reclaim_round(rooms, services).await {
            tracing::warn!(%error, "silent workers could not be looked for");
        }
        let _ = tokio::time::timeout(every, stop.cancelled()).await;
    }
}

async fn reclaim_round(rooms: &Rooms, services: &Services) -> Result<(), QueueError> {
    for reclaimed in services.queue.reclaim().await? {
        let Reclaimed { job, worker, deaths, fate } = &reclaimed;
        // Dead and cancelled ones are told again until they are closed, without a worker then.
        if !worker.is_empty() {
            tracing::warn!(%job, %worker, deaths, ?fate, "a worker fell silent");
            rooms.metrics.reclaimed(1);
        }
        // One that fails does not hold up the others: the dead and cancelled are told again by the next round.
        if let Err(error) = write_down(rooms, services, &reclaimed).await {
            tracing::warn!(%job, %error, "a death could not be written down yet");
        }
    }
    Ok(())
}

/// What the reclaim did in Redis, in the ledger.
async fn write_down(rooms: &Rooms, services: &Services, reclaimed: &Reclaimed) -> Result<(), ServicesError> {
    let Reclaimed { job, worker, deaths, fate } = reclaimed;
    let quarantine_after = rooms.config.queue.quarantine_after_deaths;
    let death = Death { job, worker, deaths: *deaths, quarantine_after };
    services.store.note_death(&death).await?;
    let ids = std::slice::from_ref(job);
    match fate {
        Fate::Back | Fate::Quarantine => {}
        Fate::Dead => {
            let reason = format!("its worker died {deaths} times, the last time in quarantine, where it ran alone");
            bury(rooms, services, job, &reason).await?;
            answers::publish_end(services, job).await?;
            // Who waited behind it has done no harm yet: it moves up.
            services.queue.drop_cancelled(ids).await?;
            if let Some(record) = services.store.job(job).await? {
                rooms.metrics.job_buried(&record.job.target.platform, &Fault::Defect);
            }
            rooms.tell(EventKind::JobBuried { job: job.clone(), reason });
        }
        Fate::Cancelled => {
            cancelled(services, job).await?;
            services.queue.drop_cancelled(ids).await?;
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
    Ok(answers::publish_cancelled(services, job).await?)
}

/// Gives a job up in the ledger under the fence of its last lease: nobody holds a newer one.
async fn bury(rooms: &Rooms, services: &Services, job: &JobId, reason: &str) -> Result<(), ServicesError> {
    let Some(record) = services.store.job(job).await? else { return Ok(()) };
    let document = failed(rooms, &record.job.target, record.job.posts, WORKER_DIED, reason);
    let bury = Bury { job, fence: record.fence, reason, last_log: None, crawl: None, document: Some(&document) };
    match services.store.bury(&bury).await {
        Err(error) if error.is_stale() => Ok(()),
        other => Ok(other?),
    }
}
