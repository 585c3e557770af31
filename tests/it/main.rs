//! The one integration binary: real Chromium, Redis, PostgreSQL and S3, each private to the run.

mod corpus;
mod gates;
mod reading;
mod support;
