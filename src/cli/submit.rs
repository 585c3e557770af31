//! `sentinel submit`: jobs for the workers. Exit 0 means that the ledger has committed them; with `--wait` it is the
//! outcomes' code.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;

use super::crawl::targets;
use super::exit::{self, BadInput};
use super::progress;
use super::{Surroundings, output, table};
use crate::clock::{Clock, Rng};
use crate::config::Config;
use crate::engine::{Needed, Services};
use crate::model::document::{Document, Outcome};
use crate::model::job::{DEFAULT_POSTS, Frame, Job, JobId, MAX_POSTS, Priority, Target};
use crate::queue::{ResultState, Told};
use crate::store::submit::Accepted;

/// Jobs entered in one transaction.
const BATCH: usize = 1000;
/// How long one look at the ledger may be apart while waiting.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Submit profiles to the workers.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("what").args(["targets", "file"]).required(true).multiple(true)))]
pub(super) struct Args {
    /// Profile URLs, or @handle@tiktok and @handle@instagram.
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// One target a line; - is stdin. Empty lines and lines that begin with # are skipped.
    #[arg(long, value_name = "LIST")]
    file: Option<PathBuf>,
    /// high, normal or low.
    #[arg(long, default_value = "normal", value_parser = priority)]
    priority: Priority,
    /// How many of the newest posts.
    #[arg(long, default_value_t = DEFAULT_POSTS, value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_POSTS)))]
    posts: u16,
    /// Take the picture of the whole page.
    #[arg(long)]
    full_page: bool,
    /// Your own id for the job; one target only. The same id again is the same job.
    #[arg(long)]
    id: Option<JobId>,
    /// Wait for the results and print them.
    #[arg(long)]
    wait: bool,
    /// Give up waiting after so many seconds.
    #[arg(long, default_value_t = 600, requires = "wait")]
    timeout_s: u64,
    /// Print a table for people in place of JSON.
    #[arg(long)]
    table: bool,
    /// JSON, one object a line; it is the default and may be said.
    #[arg(long, conflicts_with = "table")]
    json: bool,
}

fn priority(text: &str) -> Result<Priority, String> {
    Priority::ALL.into_iter().find(|p| p.as_str() == text).ok_or_else(|| "use high, normal or low".to_owned())
}

/// Runs it.
///
/// # Errors
/// Bad input, or a ledger that does not take the jobs.
pub(super) async fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let config = surroundings.config()?;
    let clock = Clock::system();
    let jobs = jobs(&args, &wanted(&args, &config)?, clock)?;
    surroundings.with_servers(Needed::Both, async |config| submit(&args, config, &jobs, clock).await).await
}

async fn submit(args: &Args, config: &Config, jobs: &[Job], clock: Clock) -> anyhow::Result<u8> {
    let services = Services::connect(config, clock).await?;
    let mut accepted = Vec::with_capacity(jobs.len());
    for batch in jobs.chunks(BATCH) {
        accepted.extend(services.submit(batch).await?);
    }
    // Only an id of one's own can be another job's, and it names one target: nothing was entered.
    if let Some(refusal) = accepted.iter().find_map(Accepted::refusal) {
        services.store.close().await;
        return Err(BadInput(refusal).into());
    }
    let code = if args.wait { wait(args, &services, jobs).await } else { tell(jobs, &accepted, args.table) };
    services.store.close().await;
    code
}

/// The targets of the arguments and of the list, each once; all are read before any is submitted.
fn wanted(args: &Args, config: &Config) -> anyhow::Result<Vec<Target>> {
    let mut wanted = targets(&args.targets, config)?;
    if let Some(path) = &args.file {
        let bases = config.base_urls();
        let mut text = String::new();
        if path.as_os_str() == "-" {
            std::io::stdin().read_to_string(&mut text).context("cannot read targets from stdin")?;
        } else {
            text = std::fs::read_to_string(path)
                .map_err(|error| BadInput(format!("cannot read the list {}: {error}", path.display())))?;
        }
        let named = if path.as_os_str() == "-" { "stdin".to_owned() } else { path.display().to_string() };
        // Editors of some systems begin a text with a byte order mark.
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim).zip(1_u32..);
        for (line, number) in lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#')) {
            let target = crate::platform::parse_target_with(line, &bases)
                .map_err(|error| BadInput(format!("{named}:{number}: {error}")))?;
            wanted.push(target);
        }
    }
    let mut seen = std::collections::HashSet::new();
    wanted.retain(|target| seen.insert(target.clone()));
    if wanted.is_empty() {
        return Err(
            BadInput("the list holds no target: write one profile URL or @handle@platform a line".to_owned()).into()
        );
    }
    Ok(wanted)
}

fn jobs(args: &Args, targets: &[Target], clock: Clock) -> anyhow::Result<Vec<Job>> {
    if args.id.is_some() && targets.len() != 1 {
        return Err(BadInput(format!("--id names one job, but there are {} targets", targets.len())).into());
    }
    let rng = Rng::from_seed(Rng::fresh_seed());
    let frame = if args.full_page { Frame::FullPage } else { Frame::Viewport };
    Ok(targets
        .iter()
        .map(|target| Job {
            id: args.id.clone().unwrap_or_else(|| rng.job_id(clock.now())),
            target: target.clone(),
            priority: args.priority,
            posts: args.posts,
            frame,
        })
        .collect())
}

fn tell(jobs: &[Job], accepted: &[Accepted], as_table: bool) -> anyhow::Result<u8> {
    let mut rows = table::plain(&["job", "profile", "accepted as"]);
    for (job, answer) in jobs.iter().zip(accepted) {
        let (word, leader) = match answer {
            Accepted::New { .. } => ("new", None),
            Accepted::Joined { leader, .. } => ("joined", Some(leader)),
            Accepted::Duplicate { .. } => ("duplicate", None),
            Accepted::Taken { .. } => ("refused", None),
        };
        if as_table {
            rows.add_row([job.id.to_string(), job.target.to_string(), word.to_owned()]);
        } else {
            let line = serde_json::json!({
                "id": job.id, "platform": job.target.platform, "handle": job.target.handle,
                "accepted_as": word, "leader": leader,
            });
            output::json_line(&line)?;
        }
    }
    if as_table {
        output::text(&format!("{rows}\n"))?;
    }
    Ok(0)
}

/// Follows the jobs to their ends. Redis tells at once; the ledger is asked too, in case Redis forgot.
async fn wait(args: &Args, services: &Services, jobs: &[Job]) -> anyhow::Result<u8> {
    let clock = Clock::system();
    let deadline = Duration::from_secs(args.timeout_s);
    let mut open: BTreeMap<JobId, Target> = jobs.iter().map(|job| (job.id.clone(), job.target.clone())).collect();
    let mut documents: Vec<Document> = Vec::new();
    let mut code = 0;
    let mut follow = services.queue.follow(open.keys().cloned()).await.ok();
    while !open.is_empty() {
        let Some(left) = deadline.checked_sub(clock.uptime()) else {
            progress::say(&format!(
                "not done after {} s: {}; the workers go on without us",
                args.timeout_s,
                output::counted(u64::try_from(open.len()).unwrap_or(u64::MAX), "job")
            ));
            return Ok(code.max(exit::FAILED));
        };
        let told = match &mut follow {
            Some(follow) => follow.next(left.min(LOOK_EVERY)).await.unwrap_or(None),
            None => {
                tokio::time::sleep(left.min(LOOK_EVERY)).await;
                None
            }
        };
        let ended = match told {
            Some(Told::Result(result)) => vec![(result.id, result.state, result.outcome, result.document)],
            Some(Told::Progress(waiting)) => {
                if let (Some(target), Some(at)) = (open.get(&waiting.id), waiting.next_at) {
                    let why = waiting.reason.unwrap_or_default();
                    progress::say(&format!("{target}: {} until {}: {why}", waiting.state, at.format("%H:%M:%S")));
                }
                vec![]
            }
            None => of_ledger(services, open.keys()).await?,
        };
        for (id, state, outcome, document) in ended {
            let Some(target) = open.remove(&id) else { continue };
            code = code.max(end(args, services, &id, &target, state, outcome, document, &mut documents).await?);
        }
    }
    if args.table {
        output::text(&table::summaries(&documents))?;
    }
    Ok(code)
}

type Ended = (JobId, ResultState, Option<Outcome>, Option<serde_json::Value>);

async fn of_ledger(services: &Services, open: impl Iterator<Item = &JobId>) -> anyhow::Result<Vec<Ended>> {
    let ids: Vec<JobId> = open.cloned().collect();
    let mut ended = Vec::new();
    for (id, state) in services.store.states(&ids).await? {
        // One that joined another ends with it.
        let state = match state.as_str() {
            "joined" => services.store.result(&id).await?.map_or(state, |result| result.state),
            _ => state,
        };
        let state = match state.as_str() {
            "done" => ResultState::Done,
            "dead" => ResultState::Dead,
            "cancelled" => ResultState::Cancelled,
            _ => continue,
        };
        ended.push((id, state, None, None));
    }
    Ok(ended)
}

#[expect(clippy::too_many_arguments, reason = "each is one part of the answer that is printed")]
async fn end(
    args: &Args,
    services: &Services,
    id: &JobId,
    target: &Target,
    state: ResultState,
    outcome: Option<Outcome>,
    document: Option<serde_json::Value>,
    documents: &mut Vec<Document>,
) -> anyhow::Result<u8> {
    let document = match document {
        Some(document) => Some(serde_json::from_value::<Document>(document)?),
        // Too large for Redis, or known from the ledger alone.
        None => match services.result(id).await?.and_then(|result| result.document) {
            Some(text) => Some(serde_json::from_str(&text)?),
            None => None,
        },
    };
    if let Some(document) = document {
        if !args.table {
            output::json_line(&document)?;
        }
        let code = exit::code(document.outcome);
        documents.push(document);
        return Ok(code);
    }
    let word = match state {
        ResultState::Done => "done without a document",
        ResultState::Dead => "given up; sentinel jobs show tells why",
        ResultState::Cancelled => "cancelled",
    };
    progress::say(&format!("{target}: job {id}: {word}"));
    Ok(outcome.map_or(exit::FAILED, exit::code).max(exit::FAILED))
}
