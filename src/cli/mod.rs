//! The command line: one file per subcommand, and the only place that prints. Documents go to stdout, everything for
//! people to stderr.

mod arguments;
mod config;
mod crawl;
#[cfg(feature = "replica")]
mod demo;
mod exit;
mod extract;
mod gate;
mod held;
mod interrupt;
mod jobs;
mod keep;
mod migrate;
mod output;
mod profiles;
mod progress;
mod replay;
#[cfg(feature = "replica")]
mod replica;
mod selectors;
mod serve;
mod show;
mod submit;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Sources};
use crate::engine::{Needed, Servers};

/// The heading of the options that every command takes.
const EVERYWHERE: &str = "Options of every command";

/// Reads public Instagram and TikTok profiles: a number is right or absent, never wrong.
#[derive(Debug, Parser)]
#[command(name = "sentinel", version, about)]
struct Cli {
    /// Settings that stand above the built-in ones; SENTINEL__SECTION__KEY stands above both.
    #[arg(long, global = true, value_name = "FILE", help_heading = EVERYWHERE)]
    config: Option<PathBuf>,

    /// Log as [telemetry] says; without it serve does, and other commands log warnings alone.
    #[arg(short, long, global = true, help_heading = EVERYWHERE)]
    verbose: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Crawl profiles now, in this process; needs only Chromium.
    Crawl(crawl::Args),
    /// Read saved pages, payloads, HAR files or captures, without a browser.
    Extract(extract::Args),
    /// Take jobs from Redis, crawl, store, until Ctrl-C or SIGTERM.
    Serve(serve::Args),
    /// Submit profiles to the workers.
    Submit(submit::Args),
    /// Show what is stored of a profile.
    Show(show::Args),
    /// See, cancel, retry and export jobs.
    Jobs(jobs::Args),
    /// Delete profiles with all their rows, captures and screenshots.
    Profiles(profiles::Args),
    /// See, release or drop values that were read and are not believed.
    Held(held::Args),
    /// Read past crawls again from their captures and show what would differ.
    Replay(replay::Args),
    /// Check, heal, list, compare and move selector versions.
    Selectors(selectors::Args),
    /// See and command the gate that all workers share.
    Gate(gate::Args),
    /// Bring the database to this program's version.
    Migrate(migrate::Args),
    /// Crawl 20 profiles of a built-in replica site through every real part.
    #[cfg(feature = "replica")]
    Demo(demo::Args),
    /// Run the replica site alone, for trying things out.
    #[cfg(feature = "replica")]
    Replica(replica::Args),
    /// Check or show the settings.
    Config(config::Args),
    /// Print the JSON Schema of the document.
    Schema {
        /// JSON; it is the only form and may be said.
        #[arg(long)]
        json: bool,
    },
}

/// What a subcommand needs of its surroundings.
struct Surroundings {
    sources: Sources,
    verbose: bool,
}

impl Surroundings {
    fn config(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.sources)?)
    }

    /// Starts the log of this process. Settings that cannot stand are the command's to report, in its own words.
    fn start_log(&self, command: &Command) -> anyhow::Result<()> {
        let Ok(config) = self.config() else { return Ok(()) };
        let telemetry = match command.log() {
            Log::Full => config.telemetry,
            _ if self.verbose => config.telemetry,
            Log::Only(least) => crate::telemetry::Config::only(least),
        };
        Ok(crate::telemetry::start_logging_to(&telemetry, || progress::BesideView)?)
    }

    /// Works with the servers that the settings name, or with private ones that are started or joined and left as found.
    async fn with_servers(
        &self,
        needed: Needed,
        work: impl AsyncFnOnce(&Config) -> anyhow::Result<u8>,
    ) -> anyhow::Result<u8> {
        let (config, servers) = Servers::open(self.config()?, needed).await?;
        let done = work(&config).await;
        servers.close().await;
        done
    }
}

/// What a command logs unless `-v` is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Log {
    /// All that the settings say: it is what an operator has of it.
    Full,
    /// What is as grave as this.
    Only(tracing::Level),
}

impl Command {
    fn log(&self) -> Log {
        match self {
            Self::Serve(_) => Log::Full,
            // On a terminal it has a live view, which lines between would tear.
            #[cfg(feature = "replica")]
            Self::Demo(_) if std::io::IsTerminal::is_terminal(&std::io::stderr()) => Log::Only(tracing::Level::ERROR),
            #[cfg(feature = "replica")]
            Self::Demo(_) => Log::Full,
            _ => Log::Only(tracing::Level::WARN),
        }
    }
}

/// Runs the command line of this process and returns its exit code.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { 0 });
        }
    };
    let surroundings = Surroundings { sources: Sources::process(cli.config.clone()), verbose: cli.verbose };
    let ended = surroundings.start_log(&cli.command).and_then(|()| dispatch(cli.command, &surroundings));
    match ended {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            progress::say(&format!("sentinel: {}", said(&error)));
            ExitCode::from(exit::of_error(&error))
        }
    }
}

fn dispatch(command: Command, surroundings: &Surroundings) -> anyhow::Result<u8> {
    match command {
        Command::Extract(args) => extract::run(args, surroundings),
        Command::Config(args) => config::run(&args, surroundings),
        Command::Schema { json: _ } => output::json(&crate::extract::schema::document_schema()).map(|()| 0),
        Command::Crawl(args) => on_runtime(crawl::run(args, surroundings)),
        Command::Serve(args) => on_runtime(serve::run(args, surroundings)),
        Command::Submit(args) => on_runtime(submit::run(args, surroundings)),
        Command::Show(args) => on_runtime(show::run(args, surroundings)),
        Command::Jobs(args) => on_runtime(jobs::run(args, surroundings)),
        Command::Profiles(args) => on_runtime(profiles::run(args, surroundings)),
        Command::Held(args) => on_runtime(held::run(args, surroundings)),
        Command::Replay(args) => on_runtime(replay::run(args, surroundings)),
        Command::Selectors(args) => selectors::run(args, surroundings),
        Command::Gate(args) => on_runtime(gate::run(args, surroundings)),
        Command::Migrate(args) => on_runtime(migrate::run(args, surroundings)),
        #[cfg(feature = "replica")]
        Command::Demo(args) => on_runtime(demo::run(args, surroundings)),
        #[cfg(feature = "replica")]
        Command::Replica(args) => on_runtime(replica::run(args)),
    }
}

/// Runs a subcommand that talks to the outside.
fn on_runtime(work: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(work);
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    code
}

/// An error with its causes, leaving out those that the message already repeats.
fn said(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| {
        let cause = cause.to_string();
        match text.as_str() {
            "" => cause,
            told if told.contains(&cause) => text,
            told => format!("{told}: {cause}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn every_command_is_sound_down_to_its_last_argument() {
        Cli::command().debug_assert();
    }
}
