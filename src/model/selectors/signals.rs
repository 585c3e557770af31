//! What tells a wall, an error or a truth.

use serde::{Deserialize, Serialize};

use crate::model::document::Outcome;

/// What tells a wall, an error or a truth. All conditions that are given must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signal {
    /// Its name, as in evidence.
    pub name: String,
    /// What it means.
    pub outcome: Outcome,
    /// Where it is looked for.
    pub on: SignalPlace,
    /// One of these HTTP statuses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<u16>,
    /// The URL's path begins with one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub route: Vec<String>,
    /// The URL, where it is known, contains one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub url: Vec<String>,
    /// The URL contains none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_url: Vec<String>,
    /// These paths all find something in the JSON of the body or of one embedded script.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub json: Vec<String>,
    /// This path finds something there that is shown as detail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// An element matches one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub element: Vec<String>,
    /// One script of the page contains all of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub script: Vec<String>,
    /// It is a short page in place of data whose markup contains all of these, in any case of letters. Pages made to show
    /// something are longer and hold other people's words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markup: Vec<String>,
    /// A header's name and a text that its value contains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<(String, String)>,
    /// The body has no bytes but spaces.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub empty: bool,
}

/// Where a signal is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SignalPlace {
    /// In the main document.
    Page,
    /// In a kept response.
    Response,
    /// In either.
    Any,
}
