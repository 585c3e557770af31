//! `sentinel config`: whether the settings can stand, and what is in force.

use clap::Subcommand;

use super::{Surroundings, output};

/// Check or show the settings.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Read all layers; name file, line and the nearest valid key for a typo.
    Check {
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print what is in force as TOML; secrets are hidden.
    Show {
        /// JSON in place of TOML.
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
///
/// # Errors
/// When the settings cannot stand.
pub(super) fn run(args: &Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let config = surroundings.config()?;
    crate::engine::check_ways(&config)?;
    match args.action {
        Action::Check { json: true } => output::json(&serde_json::json!({ "good": true }))?,
        Action::Check { json: false } => output::text("the settings are good\n")?,
        Action::Show { json: true } => {
            let settings: serde_json::Value = toml::from_str(&crate::config::show(&surroundings.sources)?)?;
            output::json(&settings)?;
        }
        Action::Show { json: false } => output::text(&crate::config::show(&surroundings.sources)?)?,
    }
    Ok(0)
}
