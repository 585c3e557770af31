//! What tests share: private servers and ways to reach them.

#[cfg(feature = "replica")]
pub(crate) mod http;
pub(crate) mod page;
pub(crate) mod pages;
pub(crate) mod queue;
pub(crate) mod servers;
pub(crate) mod veil;
