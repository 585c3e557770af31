//! `sentinel serve`: a worker pool that takes jobs from Redis until it is told to stop. The first signal lets running
//! crawls finish, the second ends them at once; neither loses a job.

use super::Surroundings;
use super::interrupt::Interrupt;
use super::progress::{self, Progress};
use crate::engine::Service;
use crate::queue::QueueError;
use crate::telemetry::Listening;

/// Why a service gives up at its start.
const NEVER_MET: &str = "Redis never answered within engine.start_patience_s";

/// Take jobs from Redis, crawl, store, until Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Runs it.
///
/// # Errors
/// When PostgreSQL, Chromium or a setting cannot be used.
pub(super) async fn run(_args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let config = surroundings.config()?;
    let address = config.telemetry.address()?;
    let mut interrupt = Interrupt::listen()?;
    let service = tokio::select! {
        service = Service::start(config) => service?,
        _ = interrupt.next() => return Ok(0),
    };
    let listening = match address {
        None => None,
        Some(address) => match Listening::start(address, service.metrics(), service.readiness().clone()).await {
            Ok(listening) => {
                progress::say(&format!("http://{}: /metrics, /healthz, /readyz", listening.address()));
                Some(listening)
            }
            // Work goes on without it: several workers of one machine may share one settings file.
            Err(error) => {
                progress::say(&format!("warning: no metrics and no readiness are served: {error}"));
                None
            }
        },
    };
    progress::say("serving; Ctrl-C or SIGTERM lets running crawls finish, a second one ends them at once");
    let missing = until_told(&service, surroundings.verbose, &mut interrupt).await;
    if missing.is_none() {
        progress::say("stopping: no new jobs, running crawls finish");
    }
    let hard_stop = service.hard_stop();
    let second = tokio::spawn(async move {
        interrupt.next().await;
        progress::say("stopping at once");
        hard_stop.cancel();
    });
    service.stop().await;
    second.abort();
    drop(listening);
    match missing {
        Some(error) => Err(anyhow::Error::new(error).context(NEVER_MET)),
        None => {
            progress::say("stopped");
            Ok(0)
        }
    }
}

/// Shows what happens until a signal comes, or until it is clear that Redis will not: then its last word is the answer.
async fn until_told(service: &Service, verbose: bool, interrupt: &mut Interrupt) -> Option<QueueError> {
    let mut events = service.subscribe();
    let lines = Progress::lines();
    let contact = service.first_contact();
    tokio::pin!(contact);
    let mut met = false;
    loop {
        tokio::select! {
            _ = interrupt.next() => return None,
            answered = &mut contact, if !met => match answered {
                Ok(()) => met = true,
                Err(error) => return Some(error),
            },
            event = events.recv() => match event {
                Ok(event) if verbose => lines.tell(&event),
                Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                Err(tokio::sync::broadcast::error::RecvError::Closed) => return None,
            },
        }
    }
}
