//! Posts in JSON: lists, or maps by id, whose items each hold a post's id. Paths inside a record are learned, not named.

use std::collections::{HashMap, HashSet};

use super::super::address::Style;
use super::super::identity::Named;
use super::super::json::{JsonDoc, Key, Kind};
use super::super::keyed::{count_of, is_empty_word};
use super::super::owner::{JsonOwners, Owner, map_by_id, plain_handle};
use super::super::page::Page;
use super::words::{self, Told};
use super::{Found, Past, PostLesson, PostLessons, Read, Record, Role, Value, locator};

/// Scalars of one record that are looked at.
const LEAVES_MAX: usize = 400;

/// A list of records.
struct List {
    at: usize,
    /// A list, and no map by id, whose entries may stand in any order.
    ordered: bool,
    records: Vec<usize>,
}

/// Lists whose items are objects; a list inside a record of another is left to its outer one.
fn lists(doc: &JsonDoc) -> Vec<List> {
    let mut found = Vec::new();
    for (at, node) in doc.nodes.iter().enumerate() {
        let listed = match node.kind {
            Kind::List => true,
            Kind::Object => map_by_id(doc, at),
            Kind::Text(_) | Kind::Number(_) | Kind::Flag | Kind::Null => false,
        };
        if !listed {
            continue;
        }
        let records: Vec<usize> = doc
            .children(at)
            .filter(|&child| doc.nodes[child].is_container() && doc.nodes[child].end - child > 2)
            .collect();
        if !records.is_empty() {
            found.push(List { at, ordered: matches!(node.kind, Kind::List), records });
        }
    }
    found
}

/// Every scalar of a record by its path; the key of a map's entry as `{key}`.
fn leaves(doc: &JsonDoc, record: usize) -> impl Iterator<Item = (&str, usize)> + '_ {
    let key = doc.nodes[record].name().map(|name| (name, record));
    let inner = (record + 1..doc.nodes[record].end)
        .filter_map(move |at| doc.nodes[at].scalar().map(|text| (text, at)))
        .take(LEAVES_MAX);
    key.into_iter().chain(inner)
}

/// The way from a record to a value in it: keys as they are, those that say nothing left out at the end, ids as `*`, a place in a list only as "one of them".
fn way(doc: &JsonDoc, record: usize, at: usize) -> u64 {
    if at == record {
        return locator("{key}");
    }
    let mut steps: Vec<&str> = Vec::with_capacity(6);
    let mut here = at;
    // `plays: {value: 3}` is found where `plays: 3` was.
    while doc.nodes[here].name().is_some_and(is_empty_word) && doc.nodes[here].parent != record {
        here = doc.nodes[here].parent;
    }
    while here != record {
        steps.push(match &doc.nodes[here].key {
            Key::Name(name) if name.bytes().filter(u8::is_ascii_digit).count() >= 6 => "*",
            Key::Name(name) => name,
            Key::Index(_) => "[]",
            Key::Root => "",
        });
        here = doc.nodes[here].parent;
    }
    locator(steps)
}

fn found_in(doc: &JsonDoc, record: usize) -> Vec<Value> {
    let mut values = Vec::new();
    for (text, at) in leaves(doc, record) {
        let count = count_of(&doc.nodes[at].kind);
        let texted = matches!(doc.nodes[at].kind, Kind::Text(_));
        if count.is_none() && !texted {
            continue;
        }
        let way = way(doc, record, at);
        if let Some(count) = count {
            let mut value = Value::new(Found::Count(count), vec![way]);
            value.keyed = keyed(doc, record, at);
            values.push(value);
        }
        if texted {
            values.push(Value::new(Found::Text(text.to_owned()), vec![way]));
        }
    }
    values
}

/// Whether the last key that says something names plays.
fn keyed(doc: &JsonDoc, record: usize, at: usize) -> bool {
    let mut here = at;
    while here != record && doc.nodes[here].name().is_none_or(is_empty_word) {
        here = doc.nodes[here].parent;
    }
    let key = doc.nodes[here].name().filter(|_| here != record);
    key.is_some_and(|key| words::told_by_key(key) == Told::Views)
}

/// Learns which paths hold ids, views and captions.
pub(super) fn learn(learned: &mut PostLessons, lesson: &PostLesson<'_>, past: &Past<'_>, style: &Style) {
    for doc in &lesson.page.docs {
        for list in lists(doc) {
            learn_list(learned, lesson, doc, &list, past, style);
        }
    }
}

fn learn_list(
    learned: &mut PostLessons,
    lesson: &PostLesson<'_>,
    doc: &JsonDoc,
    list: &List,
    past: &Past<'_>,
    style: &Style,
) {
    let mut id_paths: HashMap<u64, usize> = HashMap::new();
    for &record in &list.records {
        for (text, at) in leaves(doc, record) {
            if style.is_post_id(text) && past.knows(text) {
                *id_paths.entry(way(doc, record, at)).or_default() += 1;
            }
        }
    }
    // A record that holds many ids is no record but a list's parent.
    let Some((best, hits)) = id_paths.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| b.0.cmp(&a.0))) else {
        return;
    };
    if hits > list.records.len() {
        return;
    }
    for &record in &list.records {
        let ids: Vec<&str> = leaves(doc, record)
            .filter(|(text, at)| style.is_post_id(text) && way(doc, record, *at) == best)
            .map(|(text, _)| text)
            .collect();
        let [id] = ids.as_slice() else { continue };
        learned.tally(Role::Id, best, style.is_post_id(id), lesson.same_visit);
        if let Some(post) = past.by_id.get(id) {
            learned.learn_values(&found_in(doc, record), post, past, lesson.same_visit);
        }
    }
}

/// A list's records that are the profile's posts.
struct Own {
    records: Vec<Record>,
    /// Whether they are, by themselves; otherwise they only may tell more of posts that are.
    ours: bool,
    ordered: bool,
    /// Whether the records themselves say so: by ids known of old, or by each naming the profile.
    sure: bool,
    /// The way to the ids.
    way: u64,
}

/// The profile's posts among a page's JSON.
pub(super) fn find(
    page: &Page,
    named: &Named,
    past: &Past<'_>,
    lessons: &PostLessons,
    style: &Style,
) -> Option<Vec<Read>> {
    let mut best: Option<(usize, Vec<Read>)> = None;
    for (doc, owners) in page.docs.iter().zip(&named.json) {
        let mut found = Vec::new();
        for list in lists(doc) {
            let Some(own) = records(doc, owners, named, &list, past, lessons, style) else { continue };
            if !own.ours || own.records.len() * 2 >= list.records.len() || own.records.len() >= 3 {
                found.push(own);
            }
        }
        let Some((worth, posts)) = united(&found, past, lessons) else { continue };
        if best.as_ref().is_none_or(|(held, _)| worth > *held) {
            best = Some((worth, posts));
        }
    }
    best.map(|(_, posts)| posts)
}

/// The posts of a document: the fullest list, and what other lists of the same records have besides, for sites split theirs into
/// rows. Where two lists say different things of one post, neither is believed.
fn united(found: &[Own], past: &Past<'_>, lessons: &PostLessons) -> Option<(usize, Vec<Read>)> {
    let worth =
        |own: &Own| own.records.len() + if own.records.iter().any(|record| past.knows(&record.id)) { 1_000 } else { 0 };
    let most = found.iter().filter(|own| own.ours).map(worth).max()?;
    let bases = || (0..found.len()).filter(|&at| found[at].ours && worth(&found[at]) == most);
    let base = bases().find(|&at| found[at].ordered).or_else(|| bases().next())?;
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut posts: Vec<(usize, Read)> = Vec::new();
    let others = (0..found.len()).filter(|&at| at != base && found[at].ours && found[at].sure && found[base].sure);
    for at in std::iter::once(base).chain(others.filter(|&at| found[at].way == found[base].way)) {
        let apart = found[at].records.iter().all(|record| !places.contains_key(&record.id));
        for record in &found[at].records {
            let read = lessons.read(record, past);
            if let Some(&place) = places.get(&record.id) {
                posts[place].1.doubt(&read);
                continue;
            }
            places.insert(record.id.clone(), posts.len());
            posts.push((if apart { at } else { found.len() }, read));
        }
    }
    // Sites keep posts' counts or texts apart, by id.
    for own in found.iter().filter(|own| !own.ours || own.way != found[base].way) {
        for record in &own.records {
            if let Some(&place) = places.get(&record.id) {
                posts[place].1.fill(&lessons.read(record, past));
            }
        }
    }
    posts.sort_by_key(|(at, _)| *at);
    Some((most.max(posts.len()), posts.into_iter().map(|(_, read)| read).collect()))
}

/// A list's records that are the profile's posts.
fn records(
    doc: &JsonDoc,
    owners: &JsonOwners,
    named: &Named,
    list: &List,
    past: &Past<'_>,
    lessons: &PostLessons,
    style: &Style,
) -> Option<Own> {
    let mut records = Vec::new();
    let mut ids = HashSet::new();
    let mut ways: HashSet<u64> = HashSet::new();
    for &at in &list.records {
        if owners.foreign_record(at) || doc.nodes[at].name().is_some_and(|name| plain_handle(name) == named.handle) {
            continue;
        }
        let mut best: Option<(usize, u64, String)> = None;
        for (text, leaf) in leaves(doc, at) {
            let way = if style.is_post_id(text) { way(doc, at, leaf) } else { continue };
            let trust = lessons.trust(Role::Id, way);
            if trust > 0 && best.as_ref().is_none_or(|(held, _, _)| trust > *held) {
                best = Some((trust, way, text.to_owned()));
            }
        }
        let Some((_, way, id)) = best else { continue };
        ways.insert(way);
        if ids.insert(id.clone()) {
            records.push((at, id));
        }
    }
    let known = records.iter().any(|(_, id)| past.knows(id));
    let all_named = records.iter().all(|(at, _)| owners.names_us(*at));
    let around = matches!(owner_around(doc, owners, list.at), Owner::Own);
    let ours = known || (all_named && (past.is_empty() || around)) || (around && past.is_empty());
    if records.is_empty() {
        return None;
    }
    let built: Vec<Record> = records
        .into_iter()
        .map(|(at, id)| Record { id, values: found_in(doc, at), named: owners.names_us(at) })
        .collect();
    // An account's own id looks like a post's: a post has plays or a text as well.
    if ours && !known && !built.iter().any(|record| lessons.is_post(&record.values)) {
        return None;
    }
    let way = if ways.len() == 1 { ways.into_iter().next()? } else { 0 };
    Some(Own { records: built, ours, ordered: list.ordered, sure: known || all_named, way })
}

/// Whose the list is, from outside of it.
fn owner_around(doc: &JsonDoc, owners: &JsonOwners, at: usize) -> Owner {
    if matches!(doc.nodes[at].key, Key::Root) { Owner::Unknown } else { owners.of_container(doc, at) }
}
