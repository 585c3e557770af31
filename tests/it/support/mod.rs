//! What tests share: private servers and ways to reach them.

#[cfg(feature = "replica")]
pub(crate) mod http;
