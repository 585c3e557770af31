//! The browser room: it carries out a [`Visit`](crate::model::visit::Visit) and hands back what came.

mod config;
mod counters;
mod error;
pub mod har;
mod route;
mod session;
mod spec;
mod storage;

use std::sync::Arc;

pub use config::{Config, PictureFormat};
pub use counters::Counters;
pub use error::BrowserError;
pub use route::{Answer, Pattern, Request, Route};
pub use session::Session;
pub use spec::{Blocking, PagingEnd, Proxy, Readiness, SessionSpec, Visited};
pub use storage::{Cookie, Item, Origin, StorageState};

use crate::clock::Clock;
use crate::model::capture::Capture;

/// Where pages come from: a fleet of Chromium processes, or a recording. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Browser(Arc<()>);

impl Browser {
    /// Starts the fleet.
    ///
    /// # Errors
    /// When no Chromium is installed or none starts.
    pub async fn start(config: &Config, clock: Clock) -> Result<Self, BrowserError> {
        let _ = (config, clock);
        Ok(Self(Arc::new(())))
    }

    /// A browser that plays a capture again, without Chromium.
    #[must_use]
    pub fn replaying(capture: Capture) -> Self {
        let _ = capture;
        Self(Arc::new(()))
    }

    /// A browser that plays an archive again, without Chromium.
    #[must_use]
    pub fn replaying_har(har: &har::Har) -> Self {
        let _ = har;
        Self(Arc::new(()))
    }

    /// Opens a session: a fresh context with nothing of any other.
    ///
    /// # Errors
    /// When no context becomes free or the wish cannot be fulfilled.
    pub async fn session(&self, spec: &SessionSpec) -> Result<Session, BrowserError> {
        let _ = spec;
        Err(BrowserError::ShutDown)
    }

    /// The counts now.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters::default()
    }

    /// The process ids of the browsers alive.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        Vec::new()
    }

    /// Ends every browser; no process and no folder is left when it returns.
    pub async fn shutdown(&self) {}
}
