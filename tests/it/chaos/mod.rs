//! The worst nights, played: real worker processes, real signals, a real Redis and PostgreSQL. Each test is one row of what
//! was promised: no job is lost, none takes effect twice, whatever dies. By default each is small; `make chaos` plays
//! them in full size (`SENTINEL_CHAOS=full`) and prints the figures. Assertions are about counts; times are bounds that a
//! loaded machine keeps, and tight only in the full run.

mod flush;
mod full_redis;
mod manners;
mod night;
mod pending;
mod pickup;
mod poison;
mod proxy;
#[cfg(feature = "replica")]
mod real;
mod stage;
mod stopped;
mod terminated;
mod worker;
