//! Raw submissions: what other programs put into the submit stream by `XADD`. Each is read strictly, entered in the ledger,
//! brought to its lane and only then acknowledged; one that cannot be read goes to the dead-letter stream with its reason.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::services::Services;
use crate::model::event::EventKind;
use crate::model::job::Job;
use crate::queue::{Intake, RawTarget, Submission};

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
        let result = match round {
            Ok(taken) if taken.is_empty() => continue,
            Ok(taken) => enter(rooms, services, intake, taken).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = result {
            tracing::warn!(%error, "submissions wait in Redis until this is mended");
            let _ = tokio::time::timeout(PAUSE, stop.cancelled()).await;
        }
    }
}

async fn enter(
    rooms: &Rooms,
    services: &Services,
    intake: &Intake,
    taken: Vec<Submission>,
) -> Result<(), super::services::ServicesError> {
    let mut good = Vec::new();
    let mut jobs = Vec::new();
    let mut bad = Vec::new();
    for submission in taken {
        match job(rooms, &submission) {
            Ok(job) => {
                jobs.push(job);
                good.push(submission);
            }
            Err(reason) => bad.push((submission, reason)),
        }
    }
    if !jobs.is_empty() {
        let accepted = services.submit(&jobs).await?;
        super::relay::answer_finished(services, &accepted).await?;
        intake.acknowledge(&good).await?;
        for job in jobs {
            rooms.tell(EventKind::JobSubmitted { job: job.id, target: job.target });
        }
    }
    if !bad.is_empty() {
        for (_, reason) in &bad {
            tracing::warn!(?reason, "a submission cannot be read; it is in the dead-letter stream");
        }
        intake.reject(&bad).await?;
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
