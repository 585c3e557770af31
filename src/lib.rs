//! Social Sentinel: a self-hosted engine that crawls public Instagram and TikTok profiles and never reports a wrong number.
//!
//! The program is `sentinel`; everything it does is here. Two doors lead in:
//!
//! - [`engine`]: crawl a target in process with nothing but Chromium, or serve a queue with PostgreSQL and Redis.
//! - [`browser`]: real Chromium in Playwright's manner, beneath the engine and without it.
//!
//! # The engine
//!
//! ```no_run
//! use social_sentinel::config::Config;
//! use social_sentinel::engine::{CrawlOptions, Engine};
//! use social_sentinel::platform::parse_target;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::start(Config::builtin()?).await?;
//! let mut events = engine.subscribe();
//! tokio::spawn(async move {
//!     while let Ok(event) = events.recv().await {
//!         println!("{event:?}");
//!     }
//! });
//!
//! let target = parse_target("https://www.tiktok.com/@nasa")?;
//! let crawled = engine.crawl(&target, &CrawlOptions::default()).await?;
//! let document = &crawled.document;
//! // A refusal is a document too: it says which, and what was seen. A count is the site's own, or absent.
//! println!("{}: {:?} followers", document.outcome.as_str(), document.profile.as_ref().and_then(|p| p.followers));
//! for post in &document.posts {
//!     println!("{} {:?} views", post.id, post.views);
//! }
//! engine.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! With servers, jobs outlive their callers. Where the settings name no PostgreSQL and no Redis, private ones are started:
//!
//! ```no_run
//! use social_sentinel::clock::{Clock, Rng};
//! use social_sentinel::config::Config;
//! use social_sentinel::engine::Service;
//! use social_sentinel::model::job::{DEFAULT_POSTS, Frame, Job, Priority};
//! use social_sentinel::platform::parse_target;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let service = Service::start(Config::builtin()?).await?;
//! let job = Job {
//!     id: Rng::from_seed(Rng::fresh_seed()).job_id(Clock::system().now()),
//!     target: parse_target("@nasa@instagram")?,
//!     priority: Priority::High,
//!     posts: DEFAULT_POSTS,
//!     frame: Frame::Viewport,
//! };
//! let accepted = service.services().submit(&[job]).await?;
//! println!("{accepted:?}: from now on it is not lost");
//! service.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # The browser
//!
//! ```no_run
//! use std::time::Duration;
//! use social_sentinel::browser::{Answer, Browser, Route, SessionSpec};
//! use social_sentinel::clock::Clock;
//! use social_sentinel::config::Config;
//! use social_sentinel::model::job::Frame;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let browser = Browser::start(&Config::builtin()?.browser, Clock::system()).await?;
//! let context = browser.context(&SessionSpec::default()).await?;
//! context.route("*/flags.json", |_request| Route::Fulfil(Answer::ok("application/json", "{}"))).await?;
//! let landing = context.goto("https://example.org/", Duration::from_secs(20)).await?;
//! let list = context.wait_for_response("/api/list", Duration::from_secs(10)).await?;
//! context.scroll_until("document.querySelectorAll('article').length >= 30", 20, Duration::from_secs(3)).await?;
//! println!("{:?}: {} bytes of list", landing.status, list.body.len());
//! std::fs::write("page.jpg", context.screenshot(Frame::Viewport).await?.bytes)?;
//! std::fs::write("state.json", context.storage_state().await?.to_json()?)?;
//! context.close().await;
//! browser.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # How it is built
//!
//! The house has floors; a module imports only from floors below its own (`tests/architecture.rs` holds it to that).

// Floor 0: words, time and chance.
pub mod clock;
pub mod model;
pub mod process;

// Floor 1: rooms, each owning one foreign thing.
pub mod blob;
pub mod browser;
pub mod extract;
pub mod gate;
pub mod local;
pub mod queue;
#[cfg(feature = "replica")]
pub mod replica;
pub mod screenshot;
pub mod store;
pub mod telemetry;

// Floor 2: what is particular to a site.
pub mod platform;

// Floor 3: settings.
pub mod config;

// Floor 4: the engine introduces the rooms to each other.
pub mod engine;

// Floor 6: the command line.
pub mod cli;
