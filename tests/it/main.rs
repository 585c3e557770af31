//! The one integration binary: real Chromium, Redis, PostgreSQL and S3, each private to the run.

mod blob;
mod local;
mod store;
mod support;
