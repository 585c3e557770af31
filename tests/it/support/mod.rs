//! What tests share: private servers and ways to reach them.

pub(crate) mod servers;
pub(crate) mod queue;
pub(crate) mod pages;
#[cfg(feature = "replica")]
pub(crate) mod http;
