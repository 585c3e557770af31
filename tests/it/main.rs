//! The one integration binary: real Chromium, Redis, PostgreSQL and S3, each private to the run.

mod blob;
mod local;
mod queue;
mod queue_model;
mod queue_outages;
mod queue_speed;
mod queue_submit;
mod store;
mod support;
