//! The one integration binary: real Chromium, Redis, PostgreSQL and S3, each private to the run.

mod blob;
mod browser;
mod chaos;
#[cfg(feature = "replica")]
mod cli;
mod corpus;
mod gate;
mod gates;
mod har;
mod local;
#[cfg(feature = "replica")]
mod polite;
mod queue;
mod queue_model;
mod queue_outages;
mod queue_speed;
mod queue_submit;
mod reading;
#[cfg(feature = "replica")]
mod replica;
mod screenshot;
mod service;
mod store;
mod heal;
#[cfg(feature = "replica")]
mod healing;
mod support;
mod telemetry;
