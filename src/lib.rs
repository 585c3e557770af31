//! Social Sentinel: a self-hosted engine that crawls public Instagram and TikTok profiles and never reports a wrong number.
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
