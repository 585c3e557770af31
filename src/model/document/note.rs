//! Where a value of the document came from and how exact it is.

use serde::{Deserialize, Serialize};

/// Which kind of place a value was read from; in the order of their freshness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// A response of the page's own scripts.
    Network,
    /// JSON inside the page.
    Embedded,
    /// Linked data inside the page.
    Jsonld,
    /// The rendered elements.
    Dom,
    /// Meta tags.
    Meta,
}

/// How exact a value is; the more exact stands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// To the last digit.
    Exact,
    /// As abbreviated by the site: "12.6K".
    Rounded,
    /// Worked out by us.
    Approximate,
}

/// Where one value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldNote {
    /// The kind of place.
    pub source: SourceKind,
    /// The rule's name in the selector file.
    pub rule: String,
    /// The text as it stood there, shortened to 200 characters.
    pub raw: String,
    /// How exact it is.
    pub precision: Precision,
    /// Other kinds of place that say the same.
    pub agreed_by: Vec<SourceKind>,
}
