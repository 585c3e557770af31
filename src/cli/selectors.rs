//! `sentinel selectors`: selector files and stored versions. Checking and healing need files only; the rest asks PostgreSQL.

mod files;
mod heal;
mod health;
mod pointers;
mod story;
mod versions;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::Subcommand;

use super::{Surroundings, arguments, on_runtime, output};
use crate::config::Config;
use crate::engine::{Needed, selectors};
use crate::store::Store;

/// Check, heal, list, compare and move selector versions.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check selector files: form and every path, selector and expression; the built-in ones where none is named.
    Check {
        /// Selector files.
        files: Vec<PathBuf>,
        /// JSON, one file a line.
        #[arg(long)]
        json: bool,
    },
    /// Heal the pages of case files, one JSON object a case, in the order given; or held-back templates of a platform.
    #[command(group(clap::ArgGroup::new("what").args(["cases", "platform"]).required(true)))]
    Heal {
        /// Case files; a case's paths are relative to it.
        #[arg(long = "case", num_args = 1.., value_name = "CASE.json")]
        cases: Vec<PathBuf>,
        /// Heal what the service holds back of tiktok or instagram, now.
        #[arg(long, value_parser = arguments::platform)]
        platform: Option<String>,
        /// Only this template.
        #[arg(long, requires = "platform")]
        fingerprint: Option<String>,
        /// JSON; it is the only form and may be said.
        #[arg(long)]
        json: bool,
    },
    /// All stored versions, and where the pointers stand.
    List {
        /// Only tiktok or instagram.
        #[arg(long, value_parser = arguments::platform)]
        platform: Option<String>,
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// One version with its evidence and its text.
    Show(versions::Named),
    /// What differs between two versions, leaf by leaf.
    Diff {
        /// tiktok or instagram.
        #[arg(value_parser = arguments::platform)]
        platform: String,
        /// One version, or a file.
        #[arg(value_parser = arguments::selectors)]
        before: String,
        /// Another, or a file.
        #[arg(value_parser = arguments::selectors)]
        after: String,
        /// JSON, one difference a line.
        #[arg(long)]
        json: bool,
    },
    /// Read past crawls by a version or a file, and count what would differ.
    Test(TestArgs),
    /// Enter a file as a new version; it is a candidate until it is promoted.
    Add {
        /// The selector file; its version must be new.
        #[arg(value_parser = arguments::selector_file)]
        file: PathBuf,
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put a version in force.
    Promote(pointers::Promote),
    /// Put back in force what was before.
    Rollback(pointers::Rollback),
    /// Never let the program move a pointer; or let it again.
    Pin(pointers::Pinned),
    /// Never let a version be promoted.
    Forbid(versions::Named),
    /// Write versions as selector files.
    Export {
        /// tiktok or instagram.
        #[arg(value_parser = arguments::platform)]
        platform: String,
        /// The version; the one in force where absent.
        #[arg(id = "selectors", value_name = "VERSION")]
        version: Option<String>,
        /// Write DIR/<platform>/<version>.toml; to stdout where absent.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// JSON: the text, or the file's name where it is written.
        #[arg(long)]
        json: bool,
    },
    /// The whole story: versions, promotions, refusals, rollbacks, newest last.
    History {
        /// tiktok or instagram.
        #[arg(value_parser = arguments::platform)]
        platform: String,
        /// Only of this template.
        #[arg(long)]
        fingerprint: Option<String>,
        /// How many lines at most.
        #[arg(long, default_value_t = 1000)]
        limit: usize,
        /// JSON, one event a line.
        #[arg(long)]
        json: bool,
    },
}

/// What to test on what.
#[derive(Debug, clap::Args)]
struct TestArgs {
    /// A stored version, or a file.
    #[arg(value_parser = arguments::selectors)]
    selectors: String,
    /// Only tiktok or instagram.
    #[arg(long, value_parser = arguments::platform)]
    platform: Option<String>,
    /// Only crawls begun at or after this time.
    #[arg(long, value_name = "RFC3339", value_parser = arguments::time)]
    since: Option<DateTime<Utc>>,
    /// How many crawls at most.
    #[arg(long, default_value_t = 1000)]
    limit: usize,
    /// JSON; it is the only form and may be said.
    #[arg(long)]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// Bad input, or a database that cannot be used.
pub(super) fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    match args.action {
        Action::Check { files, json } => files::check(&files, form(json)),
        Action::Heal { cases, platform: None, .. } => files::heal(&cases),
        stored @ (Action::Heal { .. }
        | Action::List { .. }
        | Action::Show(_)
        | Action::Diff { .. }
        | Action::Test(_)
        | Action::Add { .. }
        | Action::Promote(_)
        | Action::Rollback(_)
        | Action::Pin(_)
        | Action::Forbid(_)
        | Action::Export { .. }
        | Action::History { .. }) => on_runtime(with_store(stored, surroundings)),
    }
}

async fn with_store(action: Action, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let work = async |config: &Config| {
        let store = Store::connect(&config.store).await?;
        if config.store.migrate_at_start {
            crate::store::migrate(store.pool()).await?;
        }
        selectors::seed(&store).await?;
        let code = act(action, &store, config).await;
        store.close().await;
        code
    };
    Box::pin(surroundings.with_servers(Needed::Database, work)).await
}

async fn act(action: Action, store: &Store, config: &Config) -> anyhow::Result<u8> {
    match action {
        Action::Check { .. } | Action::Heal { platform: None, .. } => Ok(0),
        Action::Heal { platform: Some(platform), fingerprint, .. } => {
            heal::held(store, config, &platform, fingerprint.as_deref()).await
        }
        Action::List { platform, json } => versions::list(store, platform.as_deref(), json).await,
        Action::Show(named) => versions::show(store, &named).await,
        Action::Diff { platform, before, after, json } => {
            versions::diff(store, &platform, (&before, &after), json).await
        }
        Action::Test(test) => versions::test(store, config, &test).await,
        Action::Add { file, json } => versions::add(store, &file, form(json)).await,
        Action::Promote(promote) => pointers::promote(store, &promote).await,
        Action::Rollback(rollback) => pointers::rollback(store, &rollback).await,
        Action::Pin(pinned) => pointers::pin(store, &pinned).await,
        Action::Forbid(named) => pointers::forbid(store, &named).await,
        Action::Export { platform, version, out, json } => {
            versions::export(store, &platform, version.as_deref(), out.as_deref(), form(json)).await
        }
        Action::History { platform, fingerprint, limit, json } => {
            story::history(store, &platform, fingerprint.as_deref(), limit, json).await
        }
    }
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

const fn form(json: bool) -> Form {
    if json { Form::Json } else { Form::Text }
}

/// One answer: a JSON object on a line for programs, a sentence for people.
fn answer(form: Form, told: &serde_json::Value, sentence: &str) -> anyhow::Result<()> {
    match form {
        Form::Json => output::json_line(told),
        Form::Text => output::text(&format!("{sentence}\n")),
    }
}

/// A time as lists show it, to the second.
fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
