//! `sentinel migrate`: brings the database's tables to this program's version.

use super::{Surroundings, output};
use crate::config::Config;
use crate::engine::Needed;
use crate::store::Store;

/// Bring the database to this program's version.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Change nothing: say what is pending, and exit 1 if this program cannot work with the database as it is.
    #[arg(long)]
    check: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// When PostgreSQL cannot be used.
pub(super) async fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    surroundings.with_servers(Needed::Database, async |config| migrate(&args, config).await).await
}

async fn migrate(args: &Args, config: &Config) -> anyhow::Result<u8> {
    let store = Store::connect(&config.store).await?;
    if !args.check {
        crate::store::migrate(store.pool()).await?;
    }
    let state = crate::store::migrate_check(store.pool()).await?;
    store.close().await;
    if args.json {
        output::json(&state)?;
    } else if state.is_usable() {
        output::text(&format!("{}\n", state.warning().unwrap_or_else(|| "the database is up to date".to_owned())))?;
    } else {
        for name in &state.pending {
            output::text(&format!("pending: {name}\n"))?;
        }
        if let Some(warning) = state.warning() {
            output::text(&format!("{warning}\n"))?;
        }
    }
    Ok(u8::from(!state.is_usable()))
}
