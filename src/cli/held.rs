//! `sentinel held`: values that were read and are not believed. Releasing one writes it where it belongs, into the crawl
//! that read it; dropping one forgets it.

use clap::Subcommand;

use super::exit::BadInput;
use super::{Surroundings, arguments, output, table};
use crate::blob::BlobStore;
use crate::config::Config;
use crate::engine::{Needed, held};
use crate::store::Store;
use crate::store::held::Held;

/// Values read at a time.
const PAGE: usize = 200;
/// Characters of a value shown in a row.
const SHOWN: usize = 40;

/// See, release or drop values that were read and are not believed.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// What is held back, oldest first.
    List {
        /// tiktok or instagram.
        #[arg(long, value_parser = arguments::platform)]
        platform: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
        /// JSON, one value a line.
        #[arg(long)]
        json: bool,
    },
    /// Believe values after all: they are written into the crawl that read them.
    Release(Numbered),
    /// Values are wrong: they are not listed any more.
    Drop(Numbered),
}

/// Values by their numbers.
#[derive(Debug, clap::Args)]
struct Numbered {
    /// Their numbers in the list.
    #[arg(required = true)]
    ids: Vec<i64>,
    /// JSON, one value a line.
    #[arg(long)]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// When a server cannot be used, or no such value is held.
pub(super) async fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let work = async |config: &Config| {
        let store = Store::connect(&config.store).await?;
        let code = act(args.action, &store, config).await;
        store.close().await;
        code
    };
    surroundings.with_servers(Needed::Database, work).await
}

async fn act(action: Action, store: &Store, config: &Config) -> anyhow::Result<u8> {
    match action {
        Action::List { platform, limit, json } => list(store, platform.as_deref(), limit, json).await,
        Action::Release(Numbered { ids, json }) => {
            let blobs = BlobStore::open(&config.blob)?;
            for id in ids {
                match held::release(store, &blobs, id, "person").await? {
                    Some(held) => say("released", &held, json)?,
                    None => return Err(unknown(id)),
                }
            }
            Ok(0)
        }
        Action::Drop(Numbered { ids, json }) => {
            for id in ids {
                match held::drop_value(store, id, "person").await? {
                    Some(held) => say("dropped", &held, json)?,
                    None => return Err(unknown(id)),
                }
            }
            Ok(0)
        }
    }
}

fn unknown(id: i64) -> anyhow::Error {
    BadInput(format!("no value {id} is held back: see sentinel held list")).into()
}

fn say(what: &str, held: &Held, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json_line(&serde_json::json!({ "done": what, "held": held }));
    }
    output::text(&format!("{what}: @{}@{} {} = {}\n", held.handle, held.platform, held.path, shown(held)))
}

async fn list(store: &Store, platform: Option<&str>, limit: usize, json: bool) -> anyhow::Result<u8> {
    let mut rows = table::plain(&["number", "profile", "value", "read", "why it is not believed", "since"]);
    let (mut after, mut listed) = (None, 0);
    'pages: loop {
        let page = store.held(None, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for held in page.into_iter().filter(|held| platform.is_none_or(|platform| held.platform == platform)) {
            if listed >= limit {
                break 'pages;
            }
            listed += 1;
            if json {
                output::json_line(&held)?;
                continue;
            }
            rows.add_row([
                held.id.to_string(),
                format!("@{}@{}", held.handle, held.platform),
                held.path.clone(),
                shown(&held),
                held.reason.clone(),
                held.created_at.format("%Y-%m-%d %H:%M").to_string(),
            ]);
        }
    }
    if !json {
        output::text(&if listed == 0 { "nothing is held back\n".to_owned() } else { format!("{rows}\n") })?;
    }
    Ok(0)
}

fn shown(held: &Held) -> String {
    let text = held.value.to_string();
    let short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() { format!("{short}…") } else { short }
}
