//! A selector set: everything that is known of where a site keeps its data, as data. One file per version,
//! `selectors/<platform>/v<N>.toml`; the grammar is explained where it is read, in `extract/selectors.rs`.
//! The same form carries hand-written and healed rules, so a set can be written back as it was read.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

use super::document::{Outcome, SourceKind};
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

/// How a browser gets at the data: waits and paging for `model::visit::Visit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitHints {
    /// On the profile's page.
    pub profile: PageHints,
    /// Whether larger ids are newer posts, so that a list in the order of its ids hides no newer one behind its end.
    #[serde(default)]
    pub ids_in_time: bool,
    /// On a post's own page, for platforms where it shows what the profile does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PageHints>,
    /// The counts that make a post's own page worth a visit when they are missing, as in `likes`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_wants: Vec<String>,
    /// How many posts beyond those wanted are collected, because pinned ones come first and out of order.
    #[serde(default)]
    pub pinned_allowance: u16,
}

/// What to keep and to wait for on one kind of page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageHints {
    /// Responses whose URL contains one of these are kept.
    #[serde(default)]
    pub keep: Vec<String>,
    /// The data is there when a response whose URL contains one of these has come.
    #[serde(default)]
    pub ready_responses: Vec<String>,
    /// … or when an element matches one of these.
    #[serde(default)]
    pub ready_elements: Vec<String>,
    /// How long to wait for either, in milliseconds.
    pub patience_ms: u64,
    /// How to bring more of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paging: Option<PagingHints>,
}

/// How to bring more of a list into the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagingHints {
    /// Lists in responses.
    #[serde(default)]
    pub lists: Vec<ListHint>,
    /// Elements that are items where no response carries the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cards: Option<String>,
    /// At most this many scroll steps.
    pub max_steps: usize,
    /// Give up when this long passed without a new item, in milliseconds.
    pub stall_ms: u64,
}

/// Where a list stands in a response: plain keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListHint {
    /// The response's URL contains this.
    pub url: String,
    /// Keys from the root to the array.
    pub list: Vec<String>,
    /// Keys from an element to its id.
    pub id: Vec<String>,
    /// Keys from an element to its author's name, where it has one: a page brings lists of others too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owner: Vec<String>,
    /// Keys from the root to the boolean that says whether more can be had.
    pub more: Vec<String>,
    /// How the next page is asked for by the page's own `fetch`, without scrolling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<FollowHint>,
}

/// How a list's next page follows from the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowHint {
    /// Keys from the root of a response to the cursor of the next page.
    pub cursor: Vec<String>,
    /// The query parameter that takes it.
    pub param: String,
    /// Where the list is asked for by POST: the field of its form whose JSON holds `param`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Query parameters that the page adds anew to each request, as signatures.
    #[serde(default)]
    pub drop: Vec<String>,
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

/// Rules for one value, best first. In a file: one rule or a list of them; a rule of a path alone is a bare string.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules(pub Vec<Rule>);

impl Rules {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Rules {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [only] => Shortest(only).serialize(serializer),
            many => serializer.collect_seq(many.iter().map(Shortest)),
        }
    }
}

/// A rule in its shortest form.
struct Shortest<'r>(&'r Rule);

impl Serialize for Shortest<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bare = Rule { at: self.0.at.clone(), ..Rule::default() };
        if *self.0 == bare && !bare.at.is_empty() {
            serializer.serialize_str(&bare.at)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RulesVisitor)
    }
}

/// By hand, so that a mistake in a rule is named where it stands and not as "no variant matches".
struct RulesVisitor;

impl<'de> Visitor<'de> for RulesVisitor {
    type Value = Rules;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a path, a rule, or a list of them")
    }

    fn visit_str<E>(self, at: &str) -> Result<Rules, E> {
        Ok(Rules(vec![Rule { at: at.to_owned(), ..Rule::default() }]))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rules, A::Error> {
        Ok(Rules(vec![Rule::deserialize(MapAccessDeserializer::new(map))?]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Rules, A::Error> {
        let mut rules = Vec::new();
        while let Some(Rules(one)) = items.next_element()? {
            rules.extend(one);
        }
        Ok(Rules(rules))
    }
}

/// One way to read one value.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// Where it stands, from the record: a JSON path, a CSS selector, or a meta tag's name, by the shape's source.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub at: String,
    /// The attribute to read of an element; its text where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attr: Option<String>,
    /// Only what the first group of this expression matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regex: Option<String>,
    /// Not where this expression matches the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reject: Option<String>,
    /// The count that stands beside this label, in any language: followers, following, likes, posts, views, comments, shares.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// This, whatever stands there (with `when`, or with `at` where that must exist).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub constant: Option<String>,
    /// Only where this path or selector finds something in the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Not where this path or selector finds something in the record: the field is then absent, whatever later rules say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<String>,
    /// What the site's words mean in ours; other words mean nothing.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub map: IndexMap<String, String>,
    /// How exact a number is that shows no sign of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<Exactness>,
    /// The abbreviated sibling: where it says the same, this one is abbreviated too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sibling: Option<String>,
    /// The site's wrapper of outside addresses and its parameter, as in `l.instagram.com/?u`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unwrap: Option<String>,
    /// The record by which each thing found is read (for `children`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<String>,
    /// What notes call it; shape and field where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// How exact a number is that shows no sign of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exactness {
    /// Cut by the site to three or four digits from ten thousand on: 783400 may stand for 783427.
    Cut,
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
