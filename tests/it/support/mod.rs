//! What tests share: private servers and ways to reach them.

pub(crate) mod page;
