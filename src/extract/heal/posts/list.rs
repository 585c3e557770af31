//! Posts in JSON: lists, or maps by id, whose items each hold a post's id. Paths inside a record are learned, not named.

use std::collections::{HashMap, HashSet};

use super::super::address::Style;
use super::super::field::PostValues;
use super::super::identity::Named;
use super::super::json::{JsonDoc, Key, Kind};
use super::super::keyed::count_of;
use super::super::owner::{JsonOwners, Owner, map_by_id};
use super::super::page::Page;
use super::{Found, PostLesson, PostLessons, Record, Role, locator};

/// Scalars of one record that are looked at.
const LEAVES_MAX: usize = 400;

/// A list of records.
struct List {
    at: usize,
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
            found.push(List { at, records });
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

/// The way from a record to a value in it: keys as they are, ids as `*`, a place in a list only as "one of them".
fn way(doc: &JsonDoc, record: usize, at: usize) -> u64 {
    if at == record {
        return locator("{key}");
    }
    let mut steps: Vec<&str> = Vec::with_capacity(6);
    let mut here = at;
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

fn found_in(doc: &JsonDoc, record: usize) -> Vec<(u64, Found)> {
    let mut values = Vec::new();
    for (text, at) in leaves(doc, record) {
        let count = count_of(&doc.nodes[at].kind);
        let texted = matches!(doc.nodes[at].kind, Kind::Text(_));
        if count.is_none() && !texted {
            continue;
        }
        let way = way(doc, record, at);
        values.extend(count.map(|count| (way, Found::Count(count))));
        if texted {
            values.push((way, Found::Text(text.to_owned())));
        }
    }
    values
}

/// Learns which paths hold ids, views and captions.
pub(super) fn learn(
    learned: &mut PostLessons,
    lesson: &PostLesson<'_>,
    past: &HashMap<&str, &PostValues>,
    style: &Style,
) {
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
    past: &HashMap<&str, &PostValues>,
    style: &Style,
) {
    let mut id_paths: HashMap<u64, usize> = HashMap::new();
    for &record in &list.records {
        for (text, at) in leaves(doc, record) {
            if style.is_post_id(text) && past.contains_key(text) {
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
        if let Some(post) = past.get(id) {
            learned.learn_values(&found_in(doc, record), post, lesson.same_visit);
        }
    }
}

/// The profile's posts among a page's JSON.
pub(super) fn find(
    page: &Page,
    named: &Named,
    past: &HashMap<&str, &PostValues>,
    lessons: &PostLessons,
    style: &Style,
) -> Option<Vec<PostValues>> {
    let mut best: Option<(usize, Vec<PostValues>)> = None;
    let mut seen = HashSet::new();
    for (doc, owners) in page.docs.iter().zip(&named.json) {
        for list in lists(doc) {
            let Some(records) = records(doc, owners, &list, past, lessons, style) else { continue };
            if records.len() * 2 < list.records.len() && records.len() < 3 {
                continue;
            }
            let worth = records.len()
                + if records.iter().any(|record| past.contains_key(record.id.as_str())) { 1_000 } else { 0 };
            seen.extend(records.iter().map(|record| record.id.clone()));
            if best.as_ref().is_none_or(|(held, _)| worth > *held) {
                best = Some((worth, records.iter().map(|record| lessons.read(record).0).collect()));
            }
        }
    }
    best.map(|(_, posts)| posts)
}

/// A list's records that are the profile's posts.
fn records(
    doc: &JsonDoc,
    owners: &JsonOwners,
    list: &List,
    past: &HashMap<&str, &PostValues>,
    lessons: &PostLessons,
    style: &Style,
) -> Option<Vec<Record>> {
    let mut records = Vec::new();
    let mut ids = HashSet::new();
    for &at in &list.records {
        if owners.foreign_record(at) {
            continue;
        }
        let mut best: Option<(usize, String)> = None;
        for (text, leaf) in leaves(doc, at) {
            let trust = if style.is_post_id(text) { lessons.trust(Role::Id, way(doc, at, leaf)) } else { 0 };
            if trust > 0 && best.as_ref().is_none_or(|(held, _)| trust > *held) {
                best = Some((trust, text.to_owned()));
            }
        }
        let Some((_, id)) = best else { continue };
        if ids.insert(id.clone()) {
            records.push((at, id));
        }
    }
    let overlap = records.iter().filter(|(_, id)| past.contains_key(id.as_str())).count();
    let named = records.iter().filter(|(at, _)| owners.names_us(*at)).count();
    let around = matches!(owner_around(doc, owners, list.at), Owner::Own);
    let ours = overlap > 0 || (named == records.len() && (past.is_empty() || around)) || (around && past.is_empty());
    if records.is_empty() || !ours {
        return None;
    }
    let built =
        records.into_iter().map(|(at, id)| Record { id, values: found_in(doc, at), named: owners.names_us(at) });
    Some(built.collect())
}

/// Whose the list is, from outside of it.
fn owner_around(doc: &JsonDoc, owners: &JsonOwners, at: usize) -> Owner {
    if matches!(doc.nodes[at].key, Key::Root) { Owner::Unknown } else { owners.of_container(doc, at) }
}
