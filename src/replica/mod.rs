//! A loopback site that plays both platforms, for the demo, the tests and the benches (feature `replica`).
//!
//! One port serves TikTok's paths (`/@handle`, `/api/post/item_list/` …) and Instagram's (`/handle/`, `/p/CODE/`,
//! `/api/graphql` …); they do not collide. Pages are shells whose own scripts render the DOM, sign their requests and
//! load more on scroll, as on the real sites, so that a crawler which works here had to do the real work.
//! Everything is derived from one seed, and [`Truth`] is computed from the same data as the pages, never from them.
//! No page names an outside host to load from.

mod ballast;
mod catalogue;
mod control;
mod dice;
mod faults;
mod http;
mod images;
mod instagram;
mod instagram_data;
mod instagram_page;
mod judge;
mod markup;
mod people;
mod posts;
mod redesign;
mod requests;
mod route;
mod server;
mod signature;
mod skin;
mod tiktok;
mod tiktok_data;
mod truth;
mod words;
mod world;

use std::net::SocketAddr;

use chrono::{DateTime, Utc};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::model::document::Outcome;
use crate::model::fault::Fault;
use crate::model::job::{Handle, PlatformId};

pub use catalogue::{FAMILIES, Role, Site};
pub use control::Control;
pub use faults::{FaultKind, FaultRule};
pub use redesign::{Redesign, RedesignKind};
pub use requests::{RequestKind, RequestLog, SeenRequest};
pub use truth::{GuestView, Truth};
pub use world::Mode;

use world::World;

/// How a replica is set up. The same seed, epoch and controls give the same bytes.
#[derive(Debug, Clone)]
pub struct ReplicaOptions {
    /// Where every value comes from.
    pub seed: u64,
    /// Where to listen; port 0 takes any free one.
    pub address: SocketAddr,
    /// How much the pages weigh.
    pub weight: Weight,
    /// What the site believes to be now. It stands still until [`Control::advance_time`].
    pub epoch: DateTime<Utc>,
    /// Dates the request log; for nothing else.
    pub clock: Clock,
}

impl ReplicaOptions {
    /// Light pages on a free port of the loopback; the site's day is 15 October 2026.
    #[must_use]
    pub fn seeded(seed: u64, clock: Clock) -> Self {
        let epoch = DateTime::from_timestamp(1_792_065_600, 0).unwrap_or_default();
        Self { seed, address: SocketAddr::from(([127, 0, 0, 1], 0)), weight: Weight::Light, epoch, clock }
    }
}

/// How much the pages weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// A few tens of kilobytes: for tests.
    Light,
    /// As on the real sites, about 250 KB of HTML and 1 MB of scripts that really run: for benchmarks.
    Heavy,
}

/// Why a replica could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ReplicaError {
    /// The replica has no access control, so it listens on the loopback only.
    #[error("the replica will not listen on {address}: it is for the loopback only, give 127.0.0.1 or [::1]")]
    NotLoopback {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The port is taken or forbidden.
    #[error("the replica cannot listen on {address}: {source}; give another port, or 0 for any free one")]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// The system's word.
        source: std::io::Error,
    },
}

impl ReplicaError {
    /// What this means for a job: a wrong setting, or a machine that hiccuped.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::NotLoopback { .. } => Fault::Defect,
            Self::Listen { .. } => Fault::Transient,
        }
    }
}

/// A running replica. Dropping it ends the server.
#[derive(Debug)]
pub struct Replica {
    world: World,
    base_url: String,
    server: JoinHandle<()>,
}

/// One profile of the demo's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// The platform.
    pub platform: PlatformId,
    /// The handle.
    pub handle: Handle,
    /// What a guest's crawl of 30 posts must end with.
    pub outcome: Outcome,
    /// What is particular to it, for tables.
    pub note: &'static str,
}

impl Replica {
    /// Listens and serves until dropped.
    ///
    /// # Errors
    /// When the address is not the loopback or cannot be listened on.
    pub async fn start(options: ReplicaOptions) -> Result<Self, ReplicaError> {
        let address = options.address;
        if !address.ip().is_loopback() {
            return Err(ReplicaError::NotLoopback { address });
        }
        let listen = |source| ReplicaError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(listen)?;
        let base_url = format!("http://{}", listener.local_addr().map_err(listen)?);
        let world = World::new(&options, base_url.clone());
        let server = tokio::spawn(server::serve(listener, world.clone()));
        Ok(Self { world, base_url, server })
    }

    /// What `platform.tiktok.base_url` and `platform.instagram.base_url` are set to, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// What is true of a handle now, under the standing controls of time, surges, renames and deletions; none for an
    /// unknown platform. Modes, redesigns and faults change what is shown, not what is true.
    #[must_use]
    pub fn truth(&self, platform: &PlatformId, handle: &Handle) -> Option<Truth> {
        Site::of(platform).map(|site| truth::truth(&self.world, site, handle))
    }

    /// The demo's twenty profiles, ten a platform.
    #[must_use]
    pub fn handles(&self) -> Vec<CatalogueEntry> {
        catalogue::entries()
    }

    /// The switches.
    #[must_use]
    pub fn control(&self) -> Control {
        Control::new(self.world.clone())
    }

    /// Serves until the process ends; for a program that is nothing but a replica.
    pub async fn wait(mut self) {
        // An aborted or failed server task leaves nothing to wait for.
        let _ = (&mut self.server).await;
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.server.abort();
    }
}
