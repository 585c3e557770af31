//! robots.txt.

use serde::{Deserialize, Serialize};

/// How robots.txt is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RobotsPolicy {
    /// A disallowed page is not visited.
    Honour,
    /// A disallowed page is visited, and said.
    Warn,
    /// robots.txt is not fetched.
    Ignore,
}
