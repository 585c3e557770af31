//! `sentinel replica`: the loopback site that plays both platforms, alone. Point the engine at it by
//! `SENTINEL__PLATFORM__TIKTOK__BASE_URL` and `SENTINEL__PLATFORM__INSTAGRAM__BASE_URL`.

use std::net::SocketAddr;

use super::output;
use crate::clock::Clock;
use crate::replica::{Replica, ReplicaOptions, Weight};

/// Run the replica site alone, for trying things out.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where to listen; the loopback only.
    #[arg(long, default_value = "127.0.0.1:8900")]
    address: SocketAddr,
    /// Where every value of the site comes from.
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// Pages as large as the real ones.
    #[arg(long)]
    heavy: bool,
}

/// Runs it until it is interrupted.
///
/// # Errors
/// When the address is not free, or not the loopback.
pub(super) async fn run(args: Args) -> anyhow::Result<u8> {
    let weight = if args.heavy { Weight::Heavy } else { Weight::Light };
    let options =
        ReplicaOptions { address: args.address, weight, ..ReplicaOptions::seeded(args.seed, Clock::system()) };
    let replica = Replica::start(options).await?;
    output::text(&format!("{}\n", replica.base_url()))?;
    for entry in replica.handles() {
        output::text(&format!("@{}@{}  {}\n", entry.handle, entry.platform, entry.outcome.as_str()))?;
    }
    tokio::select! {
        () = replica.wait() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(0)
}
