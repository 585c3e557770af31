//! Rules: ways to read one value. By hand read and written, so that a rule of a path alone is a bare text and a mistake is named
//! where it stands.

use std::fmt;

use indexmap::IndexMap;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

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
    /// The number is in thousandths of its unit.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub milliseconds: bool,
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
