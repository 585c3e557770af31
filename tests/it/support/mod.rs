//! What tests share: private servers and ways to reach them.

pub(crate) mod queue;
pub(crate) mod servers;
