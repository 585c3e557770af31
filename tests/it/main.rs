//! The one integration binary: real Chromium, Redis, PostgreSQL and S3, each private to the run.

mod browser;
mod gate;
mod cost;
mod har;
mod blob;
mod local;
mod queue;
mod queue_model;
mod queue_outages;
mod queue_speed;
mod queue_submit;
#[cfg(feature = "replica")]
mod replica;
mod screenshot;
mod store;
mod corpus;
mod gates;
mod reading;
mod store;
mod support;
mod telemetry;
