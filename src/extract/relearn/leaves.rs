//! A JSON body as its leaves: each scalar with the way to it, once in one walk. Ways are compared without list positions.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::extract::html::ScriptTag;
use crate::extract::path::{Path, Step};
use crate::extract::sources::{Sources, is_script};
use crate::model::capture::Capture;
use crate::model::document::SourceKind;
use crate::model::selectors::{Script, SelectorSet};
use crate::model::visit::Purpose;

/// Leaves beyond this many of one body are not looked at.
const MAX_LEAVES: usize = 200_000;
/// Scripts that nobody named are looked at up to this many of a page.
const MAX_SCRIPTS: usize = 40;
/// A shorter one holds no profile.
const MIN_SCRIPT: usize = 200;
/// A part of an address with more digits than this is an id.
const MAX_DIGITS: usize = 4;
/// And one that is longer than this.
const MAX_PART: usize = 40;
/// A shorter path is part of many addresses.
const MIN_PATH: usize = 6;
/// Levels of nesting that are looked at.
const MAX_DEPTH: usize = 64;

/// Where a body comes from, the same on every page of a template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// 0 network, 1 embedded: [`SourceKind`] has no order.
    pub(super) network: bool,
    /// The script's name; empty for responses.
    pub(super) script: String,
    /// What tells a script that the parent does not know.
    pub(super) mark: Option<Mark>,
    /// The part of a response's address by which it is kept; empty for scripts.
    pub(super) url: String,
}

/// What tells a script from others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Mark {
    Id(String),
    Attribute(String),
    Type(String),
    /// The text before its JSON.
    After(String),
}

impl Place {
    pub(super) const fn source(&self) -> SourceKind {
        if self.network { SourceKind::Network } else { SourceKind::Embedded }
    }

    /// Its script as a selector file has it.
    pub(super) fn script(&self) -> Option<Script> {
        if self.network {
            return None;
        }
        let mut script = Script {
            name: self.script.clone(),
            id: None,
            kind: None,
            attribute: None,
            after: None,
            source: SourceKind::Embedded,
        };
        match self.mark.clone() {
            Some(Mark::Id(id)) => script.id = Some(id),
            Some(Mark::Attribute(name)) => script.attribute = Some(name),
            Some(Mark::Type(kind)) => script.kind = Some(kind),
            Some(Mark::After(text)) => script.after = Some(text),
            None => {}
        }
        Some(script)
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
    let handle = capture.target.as_ref().map(|target| target.handle.as_str().to_lowercase());
    for (visit, page) in capture.pages.iter().enumerate().filter(|(_, page)| page.purpose == Purpose::Profile) {
        let sources = Sources::new(visit, page, None, set);
        for body in &sources.bodies {
            let network = body.response.is_some();
            if !network && body.source != SourceKind::Embedded {
                continue;
            }
            let url = body.response.map(|response| kept_by(&response.url, set, handle.as_deref())).unwrap_or_default();
            let Some(value) = first_json(body.text) else { continue };
            let mut leaves = Vec::new();
            walk(&value, &mut Vec::new(), &set.json.skip, &mut leaves);
            bodies.push(Body { place: Place { network, script: body.script.to_owned(), mark: None, url }, leaves });
        }
        let is_known = |tag: &ScriptTag<'_>| {
            let holds = |script: &Script| script.after.as_ref().is_none_or(|after| tag.text.contains(after));
            set.scripts.iter().any(|script| is_script(script, tag) && holds(script))
        };
        let unknown = sources.head.scripts.iter().filter(|tag| !is_known(tag));
        for tag in unknown.take(MAX_SCRIPTS) {
            let Some((mark, value)) = unnamed(tag) else { continue };
            let mut leaves = Vec::new();
            walk(&value, &mut Vec::new(), &set.json.skip, &mut leaves);
            let (Mark::Id(word) | Mark::Attribute(word) | Mark::Type(word) | Mark::After(word)) = &mark;
            let name: String = word.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            let place = Place { network: false, script: format!("new_{name}"), mark: Some(mark), url: String::new() };
            bodies.push(Body { place, leaves });
        }
    }
    bodies
}

/// The JSON of a script that the parent does not know, and what tells it.
fn unnamed(tag: &ScriptTag<'_>) -> Option<(Mark, Value)> {
    let text = tag.text.trim();
    if text.len() < MIN_SCRIPT || tag.attribute("src").is_some() {
        return None;
    }
    if text.starts_with(['{', '[']) {
        let value = first_json(text)?;
        let data = |(name, _): &&(&str, std::borrow::Cow<'_, str>)| name.starts_with("data-");
        let mark = match tag.attribute("id").filter(|id| !id.is_empty()) {
            Some(id) => Mark::Id(id.to_owned()),
            None => match tag.attributes.iter().find(data) {
                Some((name, _)) => Mark::Attribute((*name).to_owned()),
                None => Mark::Type(tag.attribute("type")?.to_owned()),
            },
        };
        return Some((mark, value));
    }
    // `window.__DATA__ = {…}`, where the assignment comes first.
    let brace = text.find(['{', '['])?;
    let before = text.get(..brace)?.trim_end();
    if !before.ends_with('=') || before.len() > 80 || before.len() < 4 {
        return None;
    }
    Some((Mark::After(before.to_owned()), first_json(text.get(brace..)?)?))
}

/// What of a response's address tells it from others: the part by which the parent keeps it; of an address that the parent does not know,
/// its path as far as it is the same for every profile.
fn kept_by(url: &str, set: &SelectorSet, handle: Option<&str>) -> String {
    let known = set.visit.profile.keep.iter().find(|part| url.contains(part.as_str())).cloned();
    known.unwrap_or_else(|| constant_path(url, handle))
}

/// A path up to its first part that is an id or the profile's name; empty where nothing of it tells anything.
fn constant_path(url: &str, handle: Option<&str>) -> String {
    let path = url.split_once("://").map_or(url, |(_, rest)| rest).split(['?', '#']).next().unwrap_or_default();
    let mut constant = String::new();
    for part in path.split('/').skip(1).filter(|part| !part.is_empty()) {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let names = handle.is_some_and(|handle| part.to_lowercase().contains(handle));
        if digits > MAX_DIGITS || part.len() > MAX_PART || names {
            constant.push('/');
            break;
        }
        constant.push('/');
        constant.push_str(part);
    }
    if constant.len() < MIN_PATH { String::new() } else { constant }
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

/// The first scalar of each way through a list of a record.
pub(super) fn in_lists<'l>(leaves: &'l [Leaf], record: &[Step]) -> BTreeMap<String, &'l Scalar> {
    let mut found = BTreeMap::new();
    for (way, value) in leaves.iter().filter_map(|leaf| Some((leaf.way.strip_prefix(record)?, &leaf.value))) {
        if through_list(way) {
            found.entry(written(way)).or_insert(value);
        }
    }
    found
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

/// The first JSON value of a text, whatever stands behind it.
fn first_json(text: &str) -> Option<serde_json::Value> {
    serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>().next()?.ok()
}
