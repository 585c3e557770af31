//! The one integration binary: real Chromium, Redis, PostgreSQL and S3, each private to the run.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::wildcard_enum_match_arm,
    clippy::type_complexity,
    clippy::needless_range_loop,
    reason = "helpers of tests fail loudly, measure real time and print their figures"
)]

mod blob;
mod blocks;
mod browser;
mod chaos;
#[cfg(feature = "replica")]
mod cli;
mod corpus;
mod disagree;
mod gate;
mod gates;
mod har;
mod heal;
#[cfg(feature = "replica")]
mod heal_alarms;
mod heal_corpus;
mod heal_forms;
mod heal_posts;
mod heal_rivals;
mod heal_sent;
mod heal_shown;
#[cfg(feature = "replica")]
mod healing;
mod local;
mod others;
#[cfg(feature = "replica")]
mod polite;
mod queue;
mod queue_model;
mod queue_outages;
mod queue_speed;
mod queue_submit;
mod reading;
mod relearn;
#[cfg(feature = "replica")]
mod replica;
mod screenshot;
mod service;
mod shapes;
mod store;
mod support;
mod telemetry;
