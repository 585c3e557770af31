//! `sentinel gate`: budgets and breakers as all workers share them, and an operator's word over them.

use std::time::Duration;

use clap::Subcommand;

use super::{Surroundings, arguments, output};
use crate::clock::{Clock, Rng};
use crate::config::Config;
use crate::engine::{Needed, shared_gate};
use crate::gate::{Gate, Scope};
use crate::model::job::PlatformId;

/// See and command the gate that all workers share.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Every budget, and every breaker that is not closed.
    Status {
        /// JSON, one object a line.
        #[arg(long)]
        json: bool,
    },
    /// Let a platform rest: no page is loaded there until the time is over.
    Rest {
        /// tiktok or instagram.
        #[arg(value_parser = arguments::platform)]
        platform: String,
        /// For so many seconds.
        #[arg(long, default_value_t = 3600)]
        seconds: u64,
        /// JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a platform's rest, the breaker's too, and go at full pace again.
    Release {
        /// tiktok or instagram.
        #[arg(value_parser = arguments::platform)]
        platform: String,
        /// JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs it.
///
/// # Errors
/// When Redis, which holds what the workers share, does not answer.
pub(super) async fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    surroundings.with_servers(Needed::Queue, async |config| act(args.action, config).await).await
}

async fn act(action: Action, config: &Config) -> anyhow::Result<u8> {
    let rng = Rng::from_seed(Rng::fresh_seed());
    let gate = Gate::new(config.gate.clone(), Clock::system(), &rng, Some(shared_gate(config)))?;
    match action {
        Action::Status { json } => {
            let lines = gate.status().await?;
            if lines.is_empty() && !json {
                output::text("nothing has been loaded lately, and every breaker is closed\n")?;
            }
            for line in lines {
                if json { output::json_line(&line)? } else { output::text(&format!("{line}\n"))? }
            }
        }
        Action::Rest { platform, seconds, json } => {
            gate.rest(&scope(&platform), Duration::from_secs(seconds)).await?;
            told(json, &platform, "rests", &format!("{platform} rests for {seconds} s"))?;
        }
        Action::Release { platform, json } => {
            gate.release(&scope(&platform)).await?;
            told(json, &platform, "released", &format!("{platform} is released"))?;
        }
    }
    Ok(0)
}

fn told(json: bool, platform: &str, state: &str, words: &str) -> anyhow::Result<()> {
    if json {
        return output::json_line(&serde_json::json!({ "platform": platform, "state": state }));
    }
    output::text(&format!("{words}\n"))
}

fn scope(platform: &str) -> Scope {
    Scope::platform(PlatformId::new(platform))
}
