//! Candidates from JSON: every scalar that is the profile's own, with its path relative to the nearest own name. The path survives when
//! the whole object moves, is nested deeper, or becomes one entry of a map; the keys survive when only the nesting changes.

use std::borrow::Cow;
use std::collections::HashSet;

use super::address::Style;
use super::cand::{Cand, Feature, Strength};
use super::code;
use super::dom::visible;
use super::field::Field;
use super::form;
use super::items::Items;
use super::json::{JsonDoc, Key, Kind};
use super::label;
use super::number::{self, Count};
use super::owner::{JsonOwners, Owner};

/// Numbers at or above this are ids, not counts.
const COUNT_MAX: u64 = 10_000_000_000_000;

/// Letters of a count that is written as a text.
const TEXT_MAX: usize = 24;

/// Levels from the profile's name up to what it shares with a value; beyond them the value is the page's, not the profile's.
const UP_MAX: usize = 4;
/// Entries that an object of a profile may have.
const CHILDREN_MAX: usize = 120;

/// Places of a record in which a text may name the number beside it.
const PLACES_MAX: usize = 4;

/// All candidates of a document. `blanks` takes the whole paths under which nothing stands: null, or an empty text.
pub(crate) fn candidates(
    doc_at: usize,
    doc: &JsonDoc,
    owners: &JsonOwners,
    style: &Style,
    handle: &str,
    blanks: &mut HashSet<u64>,
) -> Vec<Cand> {
    let mut found = Vec::new();
    if owners.own.is_empty() {
        return found;
    }
    let crowded = crowded(doc);
    let items = Items::find(doc, style);
    for (at, node) in doc.nodes.iter().enumerate() {
        let scalar = if node.kind == Kind::Null { Some("") } else { node.scalar() };
        let Some(scalar) = scalar.filter(|_| !crowded[at]) else { continue };
        if node.name().is_none() && !in_short_list(doc, at) {
            continue;
        }
        let (owner, told_at) = owners.of(doc, at);
        let told = match owner {
            Owner::Own => true,
            Owner::Mixed => !items.is_one_of_many(doc, at, told_at),
            Owner::Post | Owner::Likely | Owner::Foreign | Owner::Unknown => false,
        };
        if !told {
            continue;
        }
        if scalar.is_empty() {
            let anchor = owners.anchor(doc, at);
            let anchor = anchor.filter(|&(mark, here)| doc.nodes[mark].depth - doc.nodes[here].depth <= UP_MAX);
            blanks.extend(anchor.map(|(mark, here)| whole_path(doc, mark, here, &path(doc, here, at, handle)).hash));
            continue;
        }
        let mut cand = Cand::at(doc.source, owner, (doc_at, at));
        cand.count = count_of(doc, at);
        if let Kind::Text(text) = &node.kind {
            cand.is_address = text.starts_with("http") || text.starts_with("//");
            cand.text = Some(if cand.is_address { super::address::unwrapped(text) } else { text.clone() });
        }
        if cand.count.is_none() && cand.text.is_none() {
            continue;
        }
        match cand.count.map_or(code::Key::Unknown, |_| named_by(doc, at)) {
            code::Key::Field(field) => cand.says = Some(field),
            code::Key::Other => cand.other = true,
            code::Key::Strange => cand.foreign = true,
            code::Key::Unknown => {}
        }
        let Some((mark, here)) =
            owners.anchor(doc, at).filter(|&(mark, here)| doc.nodes[mark].depth - doc.nodes[here].depth <= UP_MAX)
        else {
            continue;
        };
        if items.posts[at].is_some_and(|list| list > here) {
            continue;
        }
        cand.features = features(doc, mark, here, at, handle);
        cand.group = Feature::new(Strength::Place, (doc_at, here)).hash;
        found.push(cand);
    }
    drop_wrapped(&mut found);
    found
}

/// What a number of 32 bits leaves off.
const WRAP: u64 = 1 << 32;

/// Where a count stands twice under one name and one is short of the other by what 32 bits cannot hold, the shorter is none.
fn drop_wrapped(found: &mut Vec<Cand>) {
    let named: Vec<(Field, u64)> = found
        .iter()
        .filter_map(|cand| Some((cand.says?, cand.count.filter(|count| count.value >= WRAP / 2)?.value)))
        .collect();
    found.retain(|cand| {
        let wrapped = |(field, value): &(Field, u64)| {
            cand.says == Some(*field)
                && cand.count.is_some_and(|count| count.value < *value && (*value - count.value).is_multiple_of(WRAP))
        };
        !named.iter().any(wrapped)
    });
}

/// Nodes right under an object with hundreds of entries: settings and experiments, never a profile.
fn crowded(doc: &JsonDoc) -> Vec<bool> {
    let mut children = vec![0_usize; doc.nodes.len()];
    for node in doc.nodes.iter().skip(1) {
        children[node.parent] += 1;
    }
    doc.nodes.iter().map(|node| children[node.parent] > CHILDREN_MAX).collect()
}

fn in_short_list(doc: &JsonDoc, at: usize) -> bool {
    let parent = doc.nodes[at].parent;
    matches!(doc.nodes[at].key, Key::Index(_)) && doc.nodes[parent].end - parent <= 14
}

/// A count, written as a number or as a text. Programs write English, with a point and without a space, whatever the page is in.
pub(crate) fn count_of(doc: &JsonDoc, at: usize) -> Option<Count> {
    match &doc.nodes[at].kind {
        Kind::Number(text) => {
            let text = text.strip_suffix(".0").unwrap_or(text);
            text.parse::<u64>().ok().filter(|&value| value < COUNT_MAX).map(|value| Count { value, unit: 1 })
        }
        Kind::Text(text) if text.len() <= TEXT_MAX => {
            let spoken = !text.is_ascii() || text.contains([',', ' ']);
            let text = if text.is_ascii() { Cow::Borrowed(text.as_str()) } else { visible(text) };
            number::whole(&text, if spoken { &doc.lang } else { "" }).filter(|count| count.value < COUNT_MAX)
        }
        Kind::Text(_) | Kind::Object | Kind::List | Kind::Flag | Kind::Null => None,
    }
}

/// The field that a key names: its own, or the next one up where its own says nothing (`edge_follow: {count: 3}`), or a text beside it
/// (`{type: "followers", value: 3}`).
fn named_by(doc: &JsonDoc, at: usize) -> code::Key {
    let mut here = at;
    for _ in 0..3 {
        if let Some(name) = doc.nodes[here].name() {
            let said = code::of_key(name);
            if said != code::Key::Unknown {
                return said;
            }
            // A text beside a number in a record of few places names it; in a long one it is another fact.
            if !is_empty_word(name) || form::places_of(name).is_some_and(|places| places > PLACES_MAX) {
                return code::Key::Unknown;
            }
        }
        if let Some(field) = said_beside(doc, here) {
            return code::Key::Field(field);
        }
        here = doc.nodes[here].parent;
    }
    code::Key::Unknown
}

/// Keys that say what a value is made of, and not whose or what it is: two things of one profile have them.
fn is_any_word(name: &str) -> bool {
    name.starts_with(form::PLACE)
        || matches!(
            name.to_lowercase().as_str(),
            "url"
                | "uri"
                | "link"
                | "href"
                | "src"
                | "name"
                | "text"
                | "title"
                | "id"
                | "value"
                | "count"
                | "data"
                | "string"
        )
}

/// A key in lower case, as most are written.
fn lower(name: &str) -> Cow<'_, str> {
    let is_lower = name.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    if is_lower { Cow::Borrowed(name) } else { Cow::Owned(name.to_lowercase()) }
}

/// Keys that only wrap a value.
pub(super) fn is_empty_word(name: &str) -> bool {
    name.starts_with(form::PLACE)
        || matches!(
            &*lower(name),
            "count"
                | "value"
                | "total"
                | "text"
                | "number"
                | "num"
                | "amount"
                | "raw"
                | "exact"
                | "n"
                | "v"
                | "userinteractioncount"
                | "@json"
                | "total_count"
                | "totalcount"
                | "val"
                | "data"
        )
}

fn said_beside(doc: &JsonDoc, at: usize) -> Option<Field> {
    let parent = doc.nodes[at].parent;
    let mut said = None;
    for sibling in doc.children(parent) {
        let texts = std::iter::once(sibling).chain(doc.children(sibling));
        for text in texts.filter_map(|node| doc.nodes[node].scalar()).filter(|text| text.len() <= 60) {
            let field = action(text).or_else(|| label::in_code(text)).or_else(|| label::beside(text));
            match (said, field) {
                (Some(before), Some(field)) if before != field => return None,
                (None, Some(_)) => said = field,
                _ => {}
            }
        }
    }
    said
}

/// The vocabulary of linked data.
fn action(text: &str) -> Option<Field> {
    match text.rsplit('/').next()? {
        "FollowAction" => Some(Field::Followers),
        "LikeAction" => Some(Field::Likes),
        "WriteAction" => Some(Field::PostsCount),
        _ => None,
    }
}

/// The ways to find a node again: from the own name at `mark` up to `here`, and down.
fn features(doc: &JsonDoc, mark: usize, here: usize, at: usize, handle: &str) -> Vec<Feature> {
    let mut features = Vec::with_capacity(4);
    let path = path(doc, here, at, handle);
    features.push(whole_path(doc, mark, here, &path));
    let names: Vec<&str> = path.iter().map(String::as_str).filter(|step| !step.starts_with('[')).collect();
    let listed = path.iter().find(|step| step.starts_with("[="));
    if let Some(last) = names.last().filter(|last| !is_any_word(last)) {
        features.push(Feature::new(Strength::Name, ("key", last, listed)));
    }
    if names.len() >= 2 {
        features.push(Feature::new(Strength::Name, ("keys", &names[names.len() - 2..], listed)));
    }
    features.push(Feature::new(Strength::Place, slot(doc, at)));
    features
}

/// The whole way from the own name at `mark` up to `here` and down.
fn whole_path(doc: &JsonDoc, mark: usize, here: usize, path: &[String]) -> Feature {
    let anchor = if doc.nodes[mark].is_container() { "{entry}" } else { doc.nodes[mark].name().unwrap_or("[]") };
    let up = doc.nodes[mark].depth - doc.nodes[here].depth;
    Feature::new(Strength::Meaning, ("path", anchor, up, path))
}

/// The steps from a node down to another: names as they are, ids and handles as `*`, list places as what tells the item from its
/// neighbours.
pub(crate) fn path(doc: &JsonDoc, from: usize, to: usize, handle: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut here = to;
    while here != from && doc.nodes[here].parent != here {
        let parent = doc.nodes[here].parent;
        steps.push(match &doc.nodes[here].key {
            Key::Name(name) if is_dynamic(name, handle) => "*".to_owned(),
            Key::Name(name) => name.clone(),
            Key::Index(index) if doc.nodes[here].is_container() => match predicate(doc, here) {
                Some(text) => format!("[={text}"),
                None => "[]".to_owned(),
            },
            Key::Index(index) if parent_is_pair(doc, parent) => format!("[{index}"),
            Key::Index(index) => format!("[{index}]"),
            Key::Root => String::new(),
        });
        here = parent;
    }
    steps.reverse();
    steps
}

fn parent_is_pair(doc: &JsonDoc, at: usize) -> bool {
    doc.children(at).count() == 2
}

fn is_dynamic(name: &str, handle: &str) -> bool {
    super::owner::plain_handle(name) == handle || name.bytes().filter(u8::is_ascii_digit).count() >= 6
}

/// The text that tells a list's item from its neighbours: a short word among its own strings.
fn predicate(doc: &JsonDoc, at: usize) -> Option<&str> {
    doc.children(at).find_map(|child| match &doc.nodes[child].kind {
        Kind::Text(text)
            if (2..=32).contains(&text.len()) && number::whole(text, "").is_none() && !text.contains(['@', '\n']) =>
        {
            Some(text.as_str())
        }
        Kind::Text(_) | Kind::Object | Kind::List | Kind::Number(_) | Kind::Flag | Kind::Null => None,
    })
}

/// The place among its neighbours, by their kinds and not their names: what stays when every key is renamed.
fn slot(doc: &JsonDoc, at: usize) -> (u64, u64) {
    let one = |at: usize| {
        let parent = doc.nodes[at].parent;
        let kinds: Vec<(bool, u8)> = doc
            .children(parent)
            .map(|child| {
                let kind = match doc.nodes[child].kind {
                    Kind::Object => 0,
                    Kind::List => 1,
                    Kind::Text(_) => 2,
                    Kind::Number(_) => 3,
                    Kind::Flag => 4,
                    Kind::Null => 5,
                };
                (child == at, kind)
            })
            .collect();
        Feature::new(Strength::Place, kinds).hash
    };
    (one(at), one(doc.nodes[at].parent))
}
