//! The one integration binary: real Chromium, Redis, PostgreSQL and S3, each private to the run.

mod gate;
mod local;
mod queue;
mod queue_outages;
mod queue_submit;
mod browser;
mod har;
#[cfg(feature = "replica")]
mod replica;
mod store;
mod screenshot;
mod support;
mod telemetry;
