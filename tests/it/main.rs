//! The one integration binary: real Chromium, Redis, PostgreSQL and S3, each private to the run.

#[cfg(feature = "replica")]
mod replica;
mod support;
