//! `sentinel serve`: a worker pool that takes jobs from Redis until it is told to stop. The first signal lets running
//! crawls finish, the second ends them at once; neither loses a job.

use tokio::signal::unix::{SignalKind, signal};

use super::Surroundings;
use super::progress::{self, Progress};
use crate::engine::Service;

/// Take jobs from Redis, crawl, store, until Ctrl-C or SIGTERM.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Say each job's end on stderr.
    #[arg(long)]
    verbose: bool,
}

/// Runs it.
///
/// # Errors
/// When PostgreSQL, Chromium or a setting cannot be used.
pub(super) async fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let config = surroundings.config()?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let service = tokio::select! {
        service = Service::start(config) => service?,
        _ = interrupt.recv() => return Ok(0),
        _ = terminate.recv() => return Ok(0),
    };
    for reason in service.services().queue.health().await.reasons {
        progress::say(&format!("warning: {}", reason.text));
    }
    progress::say("serving; Ctrl-C or SIGTERM lets running crawls finish, a second one ends them at once");
    let mut events = service.subscribe();
    let lines = Progress::lines();
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            event = events.recv() => match event {
                Ok(event) if args.verbose => lines.tell(&event),
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
    progress::say("stopped");
    Ok(0)
}
