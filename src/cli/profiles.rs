//! `sentinel profiles`: deleting what is stored of a profile, for good.

use clap::Subcommand;

use super::{Surroundings, output};
use crate::blob::BlobStore;
use crate::clock::Clock;
use crate::engine::{Needed, Services, upkeep};
use crate::model::job::{JobId, Target};
use crate::store::StoreError;
use crate::store::jobs::JobFilter;

/// Live jobs of one profile looked at together.
const PAGE: usize = 200;

/// Delete profiles with all their rows, captures and screenshots.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Delete profiles: rows, history, documents, captures and screenshots; live jobs for them are cancelled.
    Delete {
        /// Profile URLs, or @handle@tiktok and @handle@instagram.
        #[arg(required = true, value_name = "TARGET")]
        targets: Vec<String>,
        /// JSON, one profile a line.
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
///
/// # Errors
/// Bad input, or a server that cannot be used.
pub(super) async fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let Action::Delete { targets, json } = args.action;
    let targets = super::crawl::targets(&targets, &surroundings.config()?)?;
    let work = async |config: &crate::config::Config| {
        let services = Services::connect(config, Clock::system()).await?;
        let blobs = BlobStore::open(&config.blob)?;
        let code = delete(&services, &blobs, &targets, json).await;
        services.store.close().await;
        code
    };
    surroundings.with_servers(Needed::Both, work).await
}

async fn delete(services: &Services, blobs: &BlobStore, targets: &[Target], json: bool) -> anyhow::Result<u8> {
    for target in targets {
        // First in Redis too: a job left there would bring the profile back.
        for id in live_jobs(services, target).await? {
            cancel(services, &id).await?;
        }
        let deleted = services.store.delete_profile(target).await?;
        if json {
            output::json_line(&serde_json::json!({ "target": target, "deleted": deleted }))?;
        } else {
            output::text(&format!(
                "{target}: {}, {}, {}, {}, {} deleted\n",
                output::counted(deleted.profiles, "profile"),
                output::counted(deleted.posts, "post"),
                output::counted(deleted.crawls, "crawl"),
                output::counted(deleted.jobs, "job"),
                output::counted(deleted.blobs, "capture or screenshot file"),
            ))?;
        }
    }
    upkeep::delete_doomed(&services.store, blobs).await?;
    Ok(0)
}

/// Jobs of a profile that are not over, those that joined another first, so that none takes a cancelled one's place.
async fn live_jobs(services: &Services, target: &Target) -> Result<Vec<JobId>, StoreError> {
    let mut ids = Vec::new();
    for state in ["joined", "queued", "leased"] {
        let filter = JobFilter {
            state: Some(state.to_owned()),
            platform: Some(target.platform.to_string()),
            text: Some(target.handle.to_string()),
            ..JobFilter::default()
        };
        let mut after = None;
        loop {
            let page = services.store.jobs(&filter, after.as_ref(), PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.cursor());
            ids.extend(page.into_iter().filter(|record| record.job.target == *target).map(|record| record.job.id));
        }
    }
    Ok(ids)
}

async fn cancel(services: &Services, id: &JobId) -> anyhow::Result<()> {
    match services.cancel(id).await {
        // It ended a moment ago.
        Ok(()) | Err(crate::engine::ServicesError::Store(StoreError::NotFound { .. })) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
