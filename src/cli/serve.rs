//! `sentinel serve`: a worker pool that takes jobs from Redis until it is told to stop. The first signal lets running
//! crawls finish, the second ends them at once; neither loses a job.

use tokio::signal::unix::{SignalKind, signal};

use super::Surroundings;
use super::progress::{self, Progress};
use crate::engine::Service;
use crate::telemetry::Listening;

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
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let service = tokio::select! {
        service = Service::start(config) => service?,
        _ = interrupt.recv() => return Ok(0),
        _ = terminate.recv() => return Ok(0),
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
    let mut events = service.subscribe();
    let lines = Progress::lines();
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            event = events.recv() => match event {
                Ok(event) if surroundings.verbose => lines.tell(&event),
                Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
            },
        }
    }
    progress::say("stopping: no new jobs, running crawls finish");
    let hard_stop = service.hard_stop();
    let second = tokio::spawn(async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        progress::say("stopping at once");
        hard_stop.cancel();
    });
    service.stop().await;
    second.abort();
    drop(listening);
    progress::say("stopped");
    Ok(0)
}
