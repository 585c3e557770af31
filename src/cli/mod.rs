//! The command line: one file per subcommand, and the only place that prints. Documents go to stdout, everything for
//! people to stderr.

mod config;
mod crawl;
mod exit;
mod extract;
mod output;
mod progress;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Sources};

/// Reads public Instagram and TikTok profiles: a number is right or absent, never wrong.
#[derive(Debug, Parser)]
#[command(name = "sentinel", version, about, propagate_version = true)]
struct Cli {
    /// Settings that stand above the built-in ones; SENTINEL__SECTION__KEY stands above both.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Crawl profiles now, in this process; needs only Chromium.
    Crawl(crawl::Args),
    /// Read saved pages, payloads, HAR files or captures, without a browser.
    Extract(extract::Args),
    /// Check or show the settings.
    Config(config::Args),
    /// Print the JSON Schema of the document.
    Schema,
}

/// What a subcommand needs of its surroundings.
struct Surroundings {
    sources: Sources,
}

impl Surroundings {
    fn config(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.sources)?)
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
    let surroundings = Surroundings { sources: Sources::process(cli.config.clone()) };
    match dispatch(cli.command, &surroundings) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            progress::say(&format!("sentinel: {error:#}"));
            ExitCode::from(exit::of_error(&error))
        }
    }
}

fn dispatch(command: Command, surroundings: &Surroundings) -> anyhow::Result<u8> {
    match command {
        Command::Extract(args) => extract::run(&args),
        Command::Config(args) => config::run(&args, surroundings),
        Command::Schema => output::json(&crate::extract::schema::document_schema()).map(|()| 0),
        Command::Crawl(args) => on_runtime(crawl::run(args, surroundings)),
    }
}

/// Runs a subcommand that talks to the outside.
fn on_runtime(work: impl Future<Output = anyhow::Result<u8>>) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let code = runtime.block_on(work);
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    code
}
