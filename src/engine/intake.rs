//! Raw submissions: what other programs put into the submit stream by `XADD`. Each is read strictly, entered in the ledger,
//! brought to its lane and only then acknowledged; one that cannot be read, or whose id is another job's, goes to the dead-letter stream with its reason.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::services::{Services, ServicesError};
use crate::model::event::EventKind;
use crate::model::job::Job;
use crate::queue::{Intake, QueueError, RawTarget, Submission};

use super::rooms::Rooms;

/// How many submissions one round takes.
const BATCH: usize = 128;
/// The wait after a round that failed.
const PAUSE: Duration = Duration::from_millis(500);

/// Takes submissions until it is stopped.
pub(super) async fn run(rooms: &Rooms, services: &Services, intake: &Intake, stop: &CancellationToken) {
    while !stop.is_cancelled() {
        let round = tokio::select! {
            taken = intake.take(BATCH) => taken,
            () = stop.cancelled() => return,
        };
        let batch = match round {
            Ok(taken) if taken.is_empty() => continue,
            Ok(taken) => Batch::read(rooms, taken),
            Err(error) => {
                tracing::warn!(%error, "no submissions can be taken until this is mended");
                let _ = tokio::time::timeout(PAUSE, stop.cancelled()).await;
                continue;
            }
        };
        // What was taken stays in hand until the ledger has it: let go, it would wait for a lease's time.
        while !stop.is_cancelled()
            && let Err(error) = enter(rooms, services, intake, &batch).await
        {
            tracing::warn!(%error, count = batch.jobs.len(), "submissions wait in Redis until this is mended");
            let _ = tokio::time::timeout(PAUSE, stop.cancelled()).await;
        }
    }
}

/// What was taken, read.
struct Batch {
    good: Vec<Submission>,
    /// One for each good submission, in the same order.
    jobs: Vec<Job>,
    bad: Vec<(Submission, String)>,
}

impl Batch {
    fn read(rooms: &Rooms, taken: Vec<Submission>) -> Self {
        let mut batch = Self { good: Vec::new(), jobs: Vec::new(), bad: Vec::new() };
        for submission in taken {
            match job(rooms, &submission) {
                Ok(job) => {
                    batch.jobs.push(job);
                    batch.good.push(submission);
                }
                Err(reason) => batch.bad.push((submission, reason)),
            }
        }
        batch
    }
}

/// Enters a batch; safe to be repeated as a whole.
async fn enter(rooms: &Rooms, services: &Services, intake: &Intake, batch: &Batch) -> Result<(), ServicesError> {
    if !batch.jobs.is_empty() {
        let accepted = services.submit(&batch.jobs).await?;
        super::answers::answer_finished(services, &accepted).await?;
        let (mut entered, mut refused) = (Vec::new(), Vec::new());
        for ((submission, job), answer) in batch.good.iter().zip(&batch.jobs).zip(&accepted) {
            match answer.refusal() {
                Some(reason) => refused.push((submission.clone(), reason)),
                None => {
                    entered.push(submission.clone());
                    rooms.tell(EventKind::JobSubmitted { job: job.id.clone(), target: job.target.clone() });
                }
            }
        }
        intake.acknowledge(&entered).await?;
        reject(intake, &refused).await?;
    }
    Ok(reject(intake, &batch.bad).await?)
}

async fn reject(intake: &Intake, bad: &[(Submission, String)]) -> Result<(), QueueError> {
    intake.reject(bad).await?;
    for (_, reason) in bad {
        tracing::warn!(?reason, "a submission cannot be carried out; it is in the dead-letter stream");
    }
    Ok(())
}

fn job(rooms: &Rooms, submission: &Submission) -> Result<Job, String> {
    let raw = submission.job.as_ref().map_err(ToString::to_string)?;
    let target = match &raw.target {
        RawTarget::Url(url) => {
            crate::platform::parse_target_with(url, &rooms.config.base_urls()).map_err(|e| e.to_string())?
        }
        RawTarget::Named(target) => target.clone(),
    };
    rooms.platform(&target.platform).map_err(|error| error.to_string())?;
    Ok(raw.clone().into_job(target, submission.fallback_id()))
}
