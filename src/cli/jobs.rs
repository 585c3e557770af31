//! `sentinel jobs`: what the ledger holds, and an operator's word over it. Lists come in pages, so a ledger of any size
//! needs the same memory.

use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::exit::BadInput;
use super::{Surroundings, arguments, output, table};
use crate::clock::Clock;
use crate::config::Config;
use crate::engine::{Needed, Services};
use crate::model::job::JobId;
use crate::store::jobs::{Cursor, JobFilter, JobRecord};

/// Jobs read at a time.
const PAGE: usize = 500;
/// Jobs listed unless more are asked for.
const LISTED: usize = 50;

/// See, cancel, retry and export jobs.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// The newest jobs that match.
    List(Listing),
    /// The dead-letter queue: jobs that were given up.
    Dead(Listing),
    /// How many jobs there are in each state, and how deep each lane is.
    Stats {
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// One job with all that is known of it.
    Show {
        /// The job.
        id: JobId,
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Cancel jobs; one that runs is stopped.
    Cancel {
        /// The jobs.
        #[arg(required = true)]
        ids: Vec<JobId>,
        /// JSON, one job a line.
        #[arg(long)]
        json: bool,
    },
    /// Put dead or cancelled jobs back to the start: by id, or all that match.
    #[command(alias = "retry", group(clap::ArgGroup::new("which").args(["ids", "all"]).required(true)))]
    Redrive {
        /// The jobs.
        ids: Vec<JobId>,
        #[command(flatten)]
        filter: Filter,
        /// Every dead job that matches.
        #[arg(long)]
        all: bool,
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Every job that matches, one JSON object a line.
    Export {
        #[command(flatten)]
        filter: Filter,
        /// JSON; it is the only form and may be said.
        #[arg(long)]
        json: bool,
    },
}

/// Which jobs are listed, and how.
#[derive(Debug, clap::Args)]
struct Listing {
    #[command(flatten)]
    filter: Filter,
    /// How many.
    #[arg(long, default_value_t = LISTED)]
    limit: usize,
    /// JSON, one job a line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, clap::Args)]
struct Filter {
    /// Only jobs in this state.
    #[arg(long, value_parser = ["queued", "leased", "joined", "done", "dead", "cancelled"])]
    state: Option<String>,
    /// tiktok or instagram.
    #[arg(long, value_parser = arguments::platform)]
    platform: Option<String>,
    /// A part of the handle, the id or the reason.
    #[arg(long)]
    search: Option<String>,
    /// Accepted at or after this time.
    #[arg(long, value_name = "RFC3339", value_parser = arguments::time)]
    since: Option<DateTime<Utc>>,
    /// Accepted before this time.
    #[arg(long, value_name = "RFC3339", value_parser = arguments::time)]
    until: Option<DateTime<Utc>>,
}

impl Filter {
    fn of_ledger(self, state: Option<&str>) -> JobFilter {
        JobFilter {
            state: state.map(str::to_owned).or(self.state),
            platform: self.platform,
            text: self.search,
            since: self.since,
            until: self.until,
        }
    }
}

/// Runs it.
///
/// # Errors
/// When PostgreSQL cannot be used, or a named job is not there.
pub(super) async fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let work = async |config: &Config| {
        let services = Services::connect(config, Clock::system()).await?;
        let code = act(args.action, &services).await;
        services.store.close().await;
        code
    };
    surroundings.with_servers(Needed::Both, work).await
}

async fn act(action: Action, services: &Services) -> anyhow::Result<u8> {
    match action {
        Action::List(Listing { filter, limit, json }) => list(services, &filter.of_ledger(None), limit, json).await,
        Action::Dead(Listing { filter, limit, json }) => {
            list(services, &filter.of_ledger(Some("dead")), limit, json).await
        }
        Action::Export { filter, json: _ } => list(services, &filter.of_ledger(None), usize::MAX, true).await,
        Action::Stats { json } => stats(services, json).await,
        Action::Show { id, json } => match services.store.job(&id).await? {
            Some(job) if json => output::json(&job).map(|()| 0),
            Some(job) => output::parts(&job).map(|()| 0),
            None => Err(BadInput(format!("the ledger has no job {id}")).into()),
        },
        Action::Cancel { ids, json } => {
            for id in &ids {
                services.cancel(id).await?;
                if json {
                    output::json_line(&serde_json::json!({ "id": id, "state": "cancelled" }))?;
                } else {
                    output::text(&format!("{id}: cancelled\n"))?;
                }
            }
            Ok(0)
        }
        Action::Redrive { ids, filter, all: _, json } => redrive(services, &ids, filter, json).await,
    }
}

async fn list(services: &Services, filter: &JobFilter, limit: usize, json: bool) -> anyhow::Result<u8> {
    let mut after: Option<Cursor> = None;
    let mut left = limit;
    let mut rows = table::plain(&["job", "profile", "state", "attempts", "outcome", "accepted", "reason"]);
    while left > 0 {
        let page = services.store.jobs(filter, after.as_ref(), left.min(PAGE)).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.cursor());
        left -= page.len().min(left);
        for job in &page {
            if json {
                output::json_line(job)?
            } else {
                rows.add_row(row(job));
            }
        }
    }
    if !json {
        output::text(&format!("{rows}\n"))?;
    }
    Ok(0)
}

fn row(job: &JobRecord) -> [String; 7] {
    [
        job.job.id.to_string(),
        job.job.target.to_string(),
        job.state.clone(),
        job.attempts.to_string(),
        job.outcome.clone().unwrap_or_else(|| "-".to_owned()),
        job.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
        job.reason.as_deref().unwrap_or("-").chars().take(80).collect(),
    ]
}

async fn stats(services: &Services, json: bool) -> anyhow::Result<u8> {
    let ledger: serde_json::Map<String, serde_json::Value> =
        services.store.counts().await?.into_iter().map(|(state, count)| (state, count.into())).collect();
    let redis = match services.queue.stats().await {
        Ok(stats) => serde_json::to_value(stats)?,
        Err(error) => serde_json::json!({ "error": error.to_string() }),
    };
    let stats = serde_json::json!({ "ledger": ledger, "redis": redis });
    if json {
        output::json(&stats)?
    } else {
        output::parts(&for_people(stats))?
    }
    Ok(0)
}

/// For people: only the lanes that hold something, each as one word, and waits in seconds.
fn for_people(mut stats: serde_json::Value) -> serde_json::Value {
    for waits in ["/redis/quarantine/oldest", "/redis/submissions/oldest"] {
        if let Some(wait) = stats.pointer_mut(waits) {
            *wait = format!("{} s", wait.get("secs").and_then(serde_json::Value::as_u64).unwrap_or(0)).into();
        }
    }
    let Some(lanes) = stats.pointer_mut("/redis/lanes") else { return stats };
    let list = lanes.take();
    let mut shown = serde_json::Map::new();
    for lane in list.as_array().into_iter().flatten() {
        let word = |key: &str| lane.get(key).and_then(serde_json::Value::as_str).unwrap_or("?").to_owned();
        let depth = |key: &str| lane.pointer(&format!("/depth/{key}")).and_then(serde_json::Value::as_u64).unwrap_or(0);
        let (waiting, leased) = (depth("waiting"), depth("leased"));
        if waiting + leased > 0 {
            shown.insert(
                format!("{}.{}", word("platform"), word("class")),
                format!("{waiting} waiting, {leased} leased").into(),
            );
        }
    }
    *lanes = shown.into();
    stats
}

/// Puts back these jobs; where none is named, all that match.
async fn redrive(services: &Services, ids: &[JobId], filter: Filter, json: bool) -> anyhow::Result<u8> {
    let mut redriven = 0;
    if !ids.is_empty() {
        can_redrive(services, ids).await?;
        let done = services.store.redrive_ids(ids).await?;
        redriven += done.redriven + done.joined;
    } else {
        let state = filter.state.clone().unwrap_or_else(|| "dead".to_owned());
        let filter = filter.of_ledger(Some(&state));
        loop {
            let done = services.store.redrive(&filter, PAGE).await?;
            if done.redriven + done.joined == 0 {
                break;
            }
            redriven += done.redriven + done.joined;
        }
    }
    if json {
        output::json_line(&serde_json::json!({ "redriven": redriven }))?;
    } else {
        output::text(&format!("back at the start: {}\n", output::counted(redriven, "job")))?;
    }
    Ok(0)
}

/// All of them or none: a name that is not there is more likely a slip than a wish.
async fn can_redrive(services: &Services, ids: &[JobId]) -> anyhow::Result<()> {
    let known: std::collections::HashMap<JobId, String> = services.store.states(ids).await?.into_iter().collect();
    let why_not = |id: &JobId| match known.get(id).map(String::as_str) {
        Some("dead" | "cancelled") => None,
        Some(state) => Some(format!("job {id} is {state}: only dead and cancelled ones can be put back")),
        None => Some(format!("the ledger has no job {id}")),
    };
    let problems: Vec<String> = ids.iter().filter_map(why_not).collect();
    if problems.is_empty() {
        return Ok(());
    }
    Err(BadInput(format!("{}; nothing was put back", problems.join("; "))).into())
}
