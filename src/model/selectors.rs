//! A selector set: everything that is known of where a site keeps its data, as data. One file per version,
//! `selectors/<platform>/v<N>.toml`; the grammar is explained where it is read, in `extract/selectors.rs`.
//! The same form carries hand-written and healed rules, so a set can be written back as it was read.

mod rules;
mod signals;
mod visit;

use std::any::Any;
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

pub use self::rules::{Exactness, Rule, Rules};
pub use self::signals::{Signal, SignalPlace};
pub use self::visit::{FollowHint, ListHint, PageHints, PagingHints, VisitHints};
use super::document::SourceKind;
use super::job::PlatformId;

/// The schema number of selector files.
pub const SELECTOR_SCHEMA: u32 = 1;

/// One version of all selectors of a platform.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelectorSet {
    /// Always [`SELECTOR_SCHEMA`].
    pub schema: u32,
    /// The platform it reads.
    pub platform: PlatformId,
    /// Its name, as in `v1`.
    pub version: String,
    /// The version it grew from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Who wrote it.
    pub author: Author,
    /// The template fingerprints it is meant for; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fingerprints: Vec<String>,
    /// How a browser gets at the data.
    pub visit: VisitHints,
    /// What to know of JSON bodies before they are read.
    #[serde(default, skip_serializing_if = "JsonHints::is_empty")]
    pub json: JsonHints,
    /// Which scripts of a page carry JSON.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<Script>,
    /// What can be read of one kind of record, by name.
    pub records: IndexMap<String, Record>,
    /// Where records stand, best first.
    pub shapes: Vec<Shape>,
    /// What tells a wall, an error or a truth, most certain first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<Signal>,
    /// What the reading room has compiled of it. No part of its value.
    #[serde(skip)]
    pub compiled: Compiled,
}

/// Who wrote a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// A person, in a file.
    File,
    /// The healer.
    Heal,
}

/// A place for what is made of a set once: its expressions, ready to run. Clones start empty, so that a clone that is
/// changed never runs the old expressions.
#[derive(Debug, Default)]
pub struct Compiled(OnceLock<Arc<dyn Any + Send + Sync>>);

impl Compiled {
    /// The compiled form, made by `make` at the first call.
    pub fn get_or_init(&self, make: impl FnOnce() -> Arc<dyn Any + Send + Sync>) -> Arc<dyn Any + Send + Sync> {
        Arc::clone(self.0.get_or_init(make))
    }
}

impl Clone for Compiled {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Compiled {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What to know of JSON bodies before they are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JsonHints {
    /// Text that stands before the JSON of a response and is dropped, as in `for (;;);`.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// Keys whose values are never read and cost time: they are passed over while parsing.
    #[serde(default)]
    pub skip: Vec<String>,
}

impl JsonHints {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A script of the page that carries JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What shapes call it.
    pub name: String,
    /// Its `id` attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its `type` attribute.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "type")]
    pub kind: Option<String>,
    /// An attribute that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute: Option<String>,
    /// The JSON begins behind this text, at the first bracket or brace; the whole script where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Embedded JSON or linked data.
    pub source: SourceKind,
}

/// What a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordKind {
    /// The profile.
    Profile,
    /// One post.
    Post,
    /// One part of a carousel.
    Child,
}

/// What can be read of one kind of record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// What it is about.
    pub kind: RecordKind,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Owner::is_empty")]
    pub owner: Owner,
    /// The record whose owner and fields it has too, where it does not say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<String>,
    /// Field name to rules, best first.
    #[serde(default)]
    pub fields: IndexMap<String, Rules>,
}

/// Whose a record is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The owner's name on the platform.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub username: Rules,
    /// The owner's id.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub id: Rules,
    /// Names of those who share it.
    #[serde(default, skip_serializing_if = "Rules::is_empty")]
    pub shared: Rules,
}

impl Owner {
    fn is_empty(&self) -> bool {
        self.username.is_empty() && self.id.is_empty() && self.shared.is_empty()
    }
}

/// What a shape's records are to the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The profile itself.
    Profile,
    /// Posts of the profile's own list.
    Timeline,
    /// A side list of the profile (videos only, say): it completes posts of the timeline and adds none.
    Side,
    /// A list of some of the profile's posts (reels alone, a playlist): it adds posts and says nothing of the timeline's end.
    Part,
    /// One post on its own page.
    Post,
}

/// Where records stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// Its name, as in notes: `item_list`.
    pub name: String,
    /// How its records are read.
    pub record: String,
    /// In which sources it is looked for.
    pub from: Vec<SourceKind>,
    /// What its records are to the page.
    pub role: Role,
    /// Where the record or the list stands: paths from the body's root, or selectors; the first that finds something.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub at: Vec<String>,
    /// From there to each record of a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// Only in this script.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Only in responses whose URL, where it is known, contains one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub url: Vec<String>,
    /// Only in responses whose URL is known and contains none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_url: Vec<String>,
    /// Only in pages that contain one of these texts: a cheap look before a costly one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contains: Vec<String>,
    /// From there to the boolean that says whether more can be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<String>,
    /// Its record speaks of the page's own profile without naming it: it counts where the same page names the profile.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub of_page: bool,
    /// The site shows guests only the beginning of this list, whatever it says of more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub first_page_only: bool,
}
