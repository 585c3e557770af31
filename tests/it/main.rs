//! The one integration binary: real Chromium, Redis, PostgreSQL and S3, each private to the run.

mod heal;
mod support;
