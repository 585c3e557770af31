//! Posts in JSON: lists, or maps by id, whose items each hold a post's id. Paths inside a record are learned, not named.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::address::Style;
use super::super::form;
use super::super::identity::Named;
use super::super::json::{JsonDoc, Key, Kind};
use super::super::keyed::{count_of, is_empty_word};
use super::super::owner::{JsonOwners, Owner, is_handle, map_by_id};
use super::super::page::Page;
use super::ids::{Wrapped, ids_in};
use super::stand::{Stand, stand};
use super::words::{self, Told};
use super::{Found, Past, PostLesson, PostLessons, Read, Record, Role, Value, locator};
use crate::model::document::SourceKind;

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
    let wraps = |name: &str| is_empty_word(name) && form::place_of(name).is_none();
    while doc.nodes[here].name().is_some_and(wraps) && doc.nodes[here].parent != record {
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
        let count = count_of(doc, at);
        let texted = matches!(doc.nodes[at].kind, Kind::Text(_));
        if count.is_none() && !texted {
            continue;
        }
        let way = way(doc, record, at);
        if let Some(count) = count {
            let mut value = Value::new(Found::Count(count), vec![way]);
            let told = key_told(doc, record, at);
            value.keyed = told == Told::Views;
            value.misnamed = told == Told::Other;
            values.push(value);
        }
        if texted {
            values.push(Value::new(Found::Text(text.to_owned()), vec![way]));
        }
    }
    values
}

/// What the last key that says something names.
fn key_told(doc: &JsonDoc, record: usize, at: usize) -> Told {
    let mut here = at;
    while here != record && doc.nodes[here].name().is_none_or(is_empty_word) {
        here = doc.nodes[here].parent;
    }
    let key = doc.nodes[here].name().filter(|_| here != record);
    key.map_or(Told::Nothing, words::told_by_key)
}

/// Learns which paths hold ids, views and captions.
pub(super) fn learn(learned: &mut PostLessons, lesson: &PostLesson<'_>, past: &Past<'_>) {
    let scene = &lesson.scene;
    for (doc, owners) in scene.page.docs.iter().zip(&scene.named.json) {
        for list in lists(doc).into_iter().filter(|list| !owners.is_stale(list.at)) {
            learn_list(learned, lesson, doc, &list, past);
        }
    }
}

fn learn_list(learned: &mut PostLessons, lesson: &PostLesson<'_>, doc: &JsonDoc, list: &List, past: &Past<'_>) {
    let columns = columns(doc, &list.records, lesson.scene.style);
    let known = |column: &Column<'_>| column.ids.iter().filter(|(_, id)| past.knows(id)).count();
    let held = columns.into_iter().filter(|column| column.is_one(list.records.len()));
    let Some((hits, column)) =
        held.map(|column| (known(&column), column)).max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.way.cmp(&a.1.way)))
    else {
        return;
    };
    if hits == 0 {
        return;
    }
    for (record, id) in column.ids {
        learned.tally(Role::Id, column.way, true, lesson.same_visit);
        if let Some(post) = past.by_id.get(id.as_ref()) {
            learned.learn_values(&found_in(doc, record), post, past, lesson.same_visit);
        }
    }
}

/// What stands in one place of a list's records and looks like posts' ids.
struct Column<'a> {
    way: u64,
    /// Record and id.
    ids: Vec<(usize, Cow<'a, str>)>,
    /// Whether a record has two there: it is no record but a list's parent.
    doubled: bool,
}

impl Column<'_> {
    /// Whether these are ids of so many records: most have one, and each its own.
    fn is_one(&self, records: usize) -> bool {
        let distinct: HashSet<&str> = self.ids.iter().map(|(_, id)| id.as_ref()).collect();
        let most = self.ids.len() * 2 >= records || self.ids.len() >= 3;
        // The same post may be listed twice, as a pinned one is.
        !self.doubled && most && distinct.len() + 3 >= self.ids.len() && distinct.len() * 2 > self.ids.len()
    }
}

/// The columns of a list that look like posts' ids.
fn columns<'a>(doc: &'a JsonDoc, records: &[usize], style: &Style) -> Vec<Column<'a>> {
    let mut columns: BTreeMap<u64, Column<'a>> = BTreeMap::new();
    for &record in records {
        for (text, at) in leaves(doc, record) {
            for (wrapped, id) in ids_in(style, text) {
                let plain = way(doc, record, at);
                let way = if wrapped == Wrapped::Bare { plain } else { locator((plain, wrapped)) };
                let column = columns.entry(way).or_insert_with(|| Column { way, ids: Vec::new(), doubled: false });
                match column.ids.last() {
                    Some((last, held)) if *last == record => column.doubled |= *held != id,
                    _ => column.ids.push((record, id)),
                }
            }
        }
    }
    columns.into_values().collect()
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
    let mut found_in: Vec<(SourceKind, United)> = Vec::new();
    for (doc, owners) in page.docs.iter().zip(&named.json) {
        let mut found = Vec::new();
        for list in lists(doc).into_iter().filter(|list| !owners.is_stale(list.at)) {
            let Some(own) = records(doc, owners, named, &list, past, lessons, style) else { continue };
            if !own.ours || own.records.len() * 2 >= list.records.len() || own.records.len() >= 3 {
                found.push(own);
            }
        }
        found_in.extend(united(&found, past, lessons).map(|united| (doc.source, united)));
    }
    if found_in.iter().any(|(_, united)| stand(&united.posts, past) == Stand::Moved) {
        // A copy of the last visit is no second opinion.
        found_in.retain(|(_, united)| stand(&united.posts, past) != Stand::Repeats);
    }
    let most = found_in.iter().map(|(_, united)| united.worth).max()?;
    let best = found_in.iter().position(|(_, united)| united.worth == most)?;
    let (source, base) = &found_in[best];
    let is_page =
        |at: usize, (other, united): &(SourceKind, United)| at == best || (other == source && base.continues(united));
    let mut posts: Vec<Read> = Vec::new();
    for (_, page) in found_in.iter().enumerate().filter(|(at, entry)| is_page(*at, entry)) {
        let known: HashSet<String> = posts.iter().map(|read| read.post.id.clone()).collect();
        posts.extend(page.1.posts.iter().filter(|read| !known.contains(&read.post.id)).cloned());
    }
    for (at, (other, others)) in found_in.iter().enumerate() {
        // What is as fresh and says otherwise leaves it open.
        if other <= source && (at != best || posts.len() > base.posts.len()) {
            doubt(&mut posts, &others.posts);
        }
    }
    Some(posts)
}

/// The posts of one document.
struct United {
    /// How much it is the profile's list.
    worth: usize,
    /// The way to the ids, and whether the records themselves say whose they are.
    way: u64,
    sure: bool,
    posts: Vec<Read>,
}

impl United {
    /// Whether another response gives more of the same list: sites send it in pages.
    const fn continues(&self, other: &Self) -> bool {
        self.sure && other.sure && self.way == other.way
    }
}

fn doubt(posts: &mut [Read], others: &[Read]) {
    let others: HashMap<&str, &Read> = others.iter().map(|read| (read.post.id.as_str(), read)).collect();
    for read in posts {
        if let Some(other) = others.get(read.post.id.as_str()) {
            read.doubt(other);
        }
    }
}

/// The posts of a document: the fullest list, and what other lists of the same records have besides, for sites split theirs into
/// rows. Where two lists say different things of one post, neither is believed.
fn united(found: &[Own], past: &Past<'_>, lessons: &PostLessons) -> Option<United> {
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
    let posts: Vec<Read> = posts.into_iter().map(|(_, read)| read).collect();
    Some(United { worth: most.max(posts.len()), way: found[base].way, sure: found[base].sure, posts })
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
    let listed = |at: usize| !doc.nodes[at].name().is_some_and(|name| is_handle(name, &named.handle));
    // A post by two may name the other first: it is known from before.
    let shared = |at: usize| owners.names_us(at) && leaves(doc, at).any(|(text, _)| past.knows(text));
    let candidate = |at: usize| listed(at) && (!owners.foreign_record(at) || shared(at));
    let ours: Vec<usize> = list.records.iter().copied().filter(|&at| candidate(at)).collect();
    // One place for all records.
    let trusted = columns(doc, &ours, style).into_iter().filter(|column| column.is_one(ours.len()));
    let trusted = trusted.map(|column| (lessons.trust(Role::Id, column.way), column)).filter(|(trust, _)| *trust > 0);
    let (_, column) = trusted
        .max_by(|a, b| a.0.cmp(&b.0).then(a.1.ids.len().cmp(&b.1.ids.len())).then_with(|| b.1.way.cmp(&a.1.way)))?;
    let mut ids = HashSet::new();
    let listed = column.ids.iter().filter(|(_, id)| ids.insert(id.as_ref()));
    let mut records: Vec<(usize, String)> = listed.map(|(at, id)| (*at, id.as_ref().to_owned())).collect();
    records.retain(|(at, id)| !owners.foreign_record(*at) || past.knows(id));
    let known = records.iter().any(|(_, id)| past.knows(id));
    let all_named = records.iter().all(|(at, _)| owners.names_us(*at));
    let around = matches!(owner_around(doc, owners, list.at), Owner::Own);
    let ours = known || (all_named && (past.is_empty() || around)) || (around && past.is_empty());
    if records.is_empty() {
        return None;
    }
    if owners.names_others() && !around {
        // Others' posts may stand among them: a record that is neither known nor named is anybody's.
        records.retain(|(at, id)| past.knows(id) || owners.names_us(*at));
    }
    let built: Vec<Record> = records
        .into_iter()
        .map(|(at, id)| Record { id, values: found_in(doc, at), named: owners.names_us(at) })
        .collect();
    // An account's own id looks like a post's: a post has plays or a text as well, or stands among others of the same owner.
    let among = all_named && built.len() >= 3;
    if ours && !known && !among && !built.iter().any(|record| lessons.is_post(&record.values)) {
        return None;
    }
    Some(Own { records: built, ours, ordered: list.ordered, sure: known || all_named, way: column.way })
}

/// Whose the list is, from outside of it.
fn owner_around(doc: &JsonDoc, owners: &JsonOwners, at: usize) -> Owner {
    if matches!(doc.nodes[at].key, Key::Root) { Owner::Unknown } else { owners.of_container(doc, at) }
}
