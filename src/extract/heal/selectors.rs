//! What worked before the change: CSS selectors, key paths and patterns, in the form of a heal case.
//! They are one witness among others here: a selector that still finds something may have found a decoy.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

/// All of it. Every part may be missing.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OldSelectors {
    /// Field to (selector, `text` or an attribute); a post's fields as `posts.id`, `posts.views`, `posts.caption`.
    pub css: IndexMap<String, (String, String)>,
    /// JSON inside the page.
    pub embedded: Option<OldEmbedded>,
    /// JSON from the network.
    pub network: Option<OldNetwork>,
    /// Patterns on one meta tag.
    pub meta: Option<OldMeta>,
}

/// Key paths into a script's JSON.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OldEmbedded {
    /// The script's CSS selector.
    pub script: String,
    /// Field to key path; a step is a key or an index.
    pub fields: IndexMap<String, Vec<Value>>,
}

/// Key paths into a response's JSON.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OldNetwork {
    /// Part of the response's address.
    pub url_contains: String,
    /// Field to key path.
    pub fields: IndexMap<String, Vec<Value>>,
    /// The key path of the posts' list.
    pub list: Vec<Value>,
    /// A post's field to the key path inside its record.
    pub item: IndexMap<String, Vec<Value>>,
}

/// Patterns on one meta tag's content.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OldMeta {
    /// The tag's property or name.
    pub property: String,
    /// Field to pattern; the first group is the value.
    pub regex: IndexMap<String, String>,
}
