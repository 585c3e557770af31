//! The browser room: it carries out a [`Visit`](crate::model::visit::Visit) in real Chromium and hands back what came, or plays
//! a recording. It judges nothing: a refusal and an absence are pages.
//!
//! The engine speaks to it by [`Browser::session`] and [`Session::visit`]. A program of its own may use the same browser in
//! Playwright's manner, without any server:
//!
//! ```no_run
//! use std::time::Duration;
//! use social_sentinel::browser::{Answer, Browser, Config, Route, SessionSpec};
//! use social_sentinel::clock::Clock;
//! use social_sentinel::model::job::Frame;
//!
//! # async fn example(config: Config) -> Result<(), Box<dyn std::error::Error>> {
//! let browser = Browser::start(&config, Clock::system()).await?;
//! let context = browser.context(&SessionSpec::default()).await?;
//!
//! // Requests can be answered, ended or let pass.
//! context.route("*/beacon*", |_request| Route::Abort).await?;
//! context.route("*/flags.json", |_request| Route::Fulfil(Answer::ok("application/json", "{}"))).await?;
//!
//! let landing = context.goto("https://example.org/", Duration::from_secs(20)).await?;
//! println!("{} answered {:?}", landing.url, landing.status);
//!
//! let list = context.wait_for_response("/api/list", Duration::from_secs(10)).await?;
//! println!("{} bytes of list", list.body.len());
//!
//! context.scroll_until("document.querySelectorAll('article').length >= 30", 20, Duration::from_secs(3)).await?;
//! std::fs::write("page.jpg", context.screenshot(Frame::Viewport).await?.bytes)?;
//! std::fs::write("state.json", context.storage_state().await?.to_json()?)?;
//!
//! context.close().await;
//! browser.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! Inside, one file per noun: `launch` and `profile` start a process, `pipe` and `link` talk to it, `chromium` and `fleet` keep a few of
//! them alive, `open` and `prepare` make a context, `page` and `traffic` follow it, `context` and `evaluate` steer it, `visit`, `paging` and `picture` are
//! the steps of a visit, `intercept` and `har` answer and record its requests,
//! `blocking`, `follow` and `code_cache` save work, `relay` logs in to SOCKS proxies, `replay` does without Chromium.
//! chromiumoxide is named only in here, and no type of it is public.

mod blocking;
mod check;
mod chromium;
mod code_cache;
mod config;
mod context;
mod counters;
mod error;
mod evaluate;
mod fleet;
mod follow;
pub mod har;
mod intercept;
mod launch;
mod link;
mod list;
mod memory;
mod navigate;
mod open;
mod page;
mod paging;
mod picture;
mod pipe;
mod prepare;
mod profile;
mod relay;
mod replay;
mod route;
mod session;
mod spec;
mod storage;
mod tally;
mod traffic;
mod unknown;
mod visit;
mod wire;

use std::sync::Arc;

pub use config::{Config, PictureFormat};
pub use context::Context;
pub use counters::Counters;
pub use error::BrowserError;
pub use navigate::Landing;
pub use route::{Answer, Pattern, Request, Route};
pub use session::Session;
pub use spec::{Blocking, Follow, PagingEnd, Proxy, Readiness, SessionSpec, Visited};
pub use storage::{Cookie, Item, Origin, StorageState};

use crate::clock::Clock;
use crate::model::capture::Capture;
use fleet::Fleet;
use replay::Replay;
use session::Kind;

/// Where pages come from: a fleet of Chromium processes, or a recording. Cheap to clone; clones are one.
#[derive(Debug, Clone)]
pub struct Browser(Source);

#[derive(Debug, Clone)]
enum Source {
    Fleet(Arc<Fleet>),
    Replay(Replay),
}

impl Browser {
    /// Starts the fleet: the first browser answers when this returns, the others follow. Call it on the runtime that will live
    /// as long as the browser: a browser dies with the thread that started it.
    ///
    /// # Errors
    /// When no Chromium is installed or it does not start.
    pub async fn start(config: &Config, clock: Clock) -> Result<Self, BrowserError> {
        Ok(Self(Source::Fleet(Fleet::start(config, clock).await?)))
    }

    /// A browser that plays a capture again, without Chromium.
    #[must_use]
    pub fn replaying(capture: Capture) -> Self {
        Self(Source::Replay(Replay::of_capture(capture)))
    }

    /// A browser that plays an archive again, without Chromium.
    #[must_use]
    pub fn replaying_har(har: &har::Har) -> Self {
        Self(Source::Replay(Replay::of_har(har)))
    }

    /// Opens a session: a fresh context with nothing of any other. Its page is made by the first visit, which may therefore fail
    /// for a wish that cannot be fulfilled (a time zone, a proxy).
    ///
    /// # Errors
    /// When no context becomes free in time or the storage state cannot be restored.
    pub async fn session(&self, spec: &SessionSpec) -> Result<Session, BrowserError> {
        match &self.0 {
            Source::Fleet(fleet) => Ok(Session(Kind::Chromium(Box::new(Context::reserve(fleet, spec).await?)))),
            Source::Replay(replay) => Ok(Session(Kind::Replay(replay.clone()))),
        }
    }

    /// Opens a context, to be steered step by step.
    ///
    /// # Errors
    /// As [`Browser::session`]; always where a recording is played.
    pub async fn context(&self, spec: &SessionSpec) -> Result<Context, BrowserError> {
        match &self.0 {
            Source::Fleet(fleet) => Context::open(fleet, spec).await,
            Source::Replay(_) => Err(BrowserError::NeedsChromium { what: "a context" }),
        }
    }

    /// Whether pages come from Chromium and not from a recording.
    #[must_use]
    pub const fn is_chromium(&self) -> bool {
        matches!(self.0, Source::Fleet(_))
    }

    /// The counts now.
    #[must_use]
    pub fn counters(&self) -> Counters {
        match &self.0 {
            Source::Fleet(fleet) => fleet.tally.read(),
            Source::Replay(_) => Counters::default(),
        }
    }

    /// The process ids of the browsers alive; each leads its own process group.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        match &self.0 {
            Source::Fleet(fleet) => fleet.pids(),
            Source::Replay(_) => Vec::new(),
        }
    }

    /// Ends every browser; no process and no folder is left when it returns. Sessions still open fail.
    pub async fn shutdown(&self) {
        match &self.0 {
            Source::Fleet(fleet) => fleet.shutdown().await,
            Source::Replay(_) => {}
        }
    }
}
