//! A JSON body as its leaves: each scalar with the way to it, once in one walk. Ways are compared without list positions.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::extract::fingerprint::first_json;
use crate::extract::path::{Path, Step};
use crate::extract::sources::Sources;
use crate::model::capture::Capture;
use crate::model::document::SourceKind;
use crate::model::selectors::SelectorSet;
use crate::model::visit::Purpose;

/// Leaves beyond this many of one body are not looked at.
const MAX_LEAVES: usize = 200_000;
/// Levels of nesting that are looked at.
const MAX_DEPTH: usize = 64;

/// Where a body comes from, the same on every page of a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// 0 network, 1 embedded: [`SourceKind`] has no order.
    pub(super) network: bool,
    /// The script's name; empty for responses.
    pub(super) script: String,
    /// The part of a response's address by which it is kept; empty for scripts.
    pub(super) url: String,
}

impl Place {
    pub(super) const fn source(&self) -> SourceKind {
        if self.network { SourceKind::Network } else { SourceKind::Embedded }
    }
}

/// A scalar and the way to it.
#[derive(Debug, Clone)]
pub(super) struct Leaf {
    pub(super) way: Vec<Step>,
    pub(super) value: Scalar,
}

/// A scalar as text; numbers as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scalar {
    Flag(bool),
    Number(String),
    Text(String),
}

impl Scalar {
    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
            Self::Number(text) | Self::Text(text) => text,
        }
    }
}

/// One body.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) place: Place,
    pub(super) leaves: Vec<Leaf>,
}

/// The bodies of a capture's profile page.
pub(super) fn bodies(capture: &Capture, set: &SelectorSet) -> Vec<Body> {
    let mut bodies = Vec::new();
    for (visit, page) in capture.pages.iter().enumerate().filter(|(_, page)| page.purpose == Purpose::Profile) {
        for body in &Sources::new(visit, page, None, set).bodies {
            let network = body.response.is_some();
            if !network && body.source != SourceKind::Embedded {
                continue;
            }
            let url = body.response.map(|response| kept_by(&response.url, set)).unwrap_or_default();
            let Some(value) = first_json(body.text) else { continue };
            let mut leaves = Vec::new();
            walk(&value, &mut Vec::new(), &set.json.skip, &mut leaves);
            bodies.push(Body { place: Place { network, script: body.script.to_owned(), url }, leaves });
        }
    }
    bodies
}

fn kept_by(url: &str, set: &SelectorSet) -> String {
    set.visit.profile.keep.iter().find(|part| url.contains(part.as_str())).cloned().unwrap_or_default()
}

fn walk(value: &Value, way: &mut Vec<Step>, skip: &[String], leaves: &mut Vec<Leaf>) {
    if leaves.len() >= MAX_LEAVES || way.len() > MAX_DEPTH {
        return;
    }
    let scalar = match value {
        Value::Object(map) => {
            for (key, value) in map.iter().filter(|(key, _)| !skip.contains(key)) {
                way.push(Step::Key(key.clone()));
                walk(value, way, skip, leaves);
                way.pop();
            }
            return;
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                way.push(Step::Index(at));
                walk(value, way, skip, leaves);
                way.pop();
            }
            return;
        }
        Value::Null => return,
        Value::Bool(flag) => Scalar::Flag(*flag),
        Value::Number(number) => Scalar::Number(number.to_string()),
        Value::String(text) if text.trim().is_empty() => return,
        Value::String(text) => Scalar::Text(text.clone()),
    };
    leaves.push(Leaf { way: way.clone(), value: scalar });
}

/// A way without its list positions, as a path of the selector language.
pub(super) fn written(way: &[Step]) -> String {
    let general = way.iter().map(|step| if matches!(step, Step::Index(_)) { Step::All } else { step.clone() });
    Path(general.collect()).to_string()
}

/// Whether a way leads through a list.
pub(super) fn through_list(way: &[Step]) -> bool {
    way.iter().any(|step| matches!(step, Step::Index(_)))
}

/// The scalars beneath a record, by their way from it; those inside lists of the record are left out.
pub(super) fn beneath<'l>(leaves: &'l [Leaf], record: &[Step]) -> BTreeMap<String, &'l Scalar> {
    let inside = leaves.iter().filter_map(|leaf| Some((leaf.way.strip_prefix(record)?, &leaf.value)));
    inside.filter(|(way, _)| !way.is_empty() && !through_list(way)).map(|(way, value)| (written(way), value)).collect()
}

/// A place in a body as a path from its root: keys alone as they stand; behind a list, its own name at any depth.
pub(super) fn from_root(record: &[Step]) -> Option<String> {
    if !through_list(record) {
        return Some(written(record));
    }
    match record.last() {
        Some(Step::Key(key)) => Some(Path(vec![Step::Deep(key.clone())]).to_string()),
        _ => None,
    }
}
