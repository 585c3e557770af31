//! The profile's own record: the smallest object that names the profile and holds its numbers.

use std::collections::BTreeMap;

use super::fields::{self, Pair};
use super::known::{self, Values};
use super::leaves::{self, Leaf, Place};
use super::{Page, Piece, findings};
use crate::extract::path::Step;
use crate::model::selectors::{Owner, Record, RecordKind, Rule, Rules};

/// Ways up from the name that are tried.
const LEVELS: usize = 4;
/// A record without this many fields is not worth a rule.
const FIELDS_MIN: usize = 3;
const COUNTS: [&str; 4] = ["followers", "following", "likes", "posts_count"];

/// Where a name stands: the record's way without list positions, and the name's way from it.
type Spot = (Place, String, String);

/// A record on one page: the page, its body, and the way to it there.
type Seat = (usize, usize, Vec<Step>);

/// The profile's record in each place that has one.
pub(super) fn learn(pages: &[Page<'_>], quorum: usize) -> Vec<Piece> {
    let known: Vec<Values> = pages.iter().map(|page| known::of_profile(page.lesson.past)).collect();
    let mut best: BTreeMap<Place, (usize, usize, Piece)> = BTreeMap::new();
    for ((place, _, name), seats) in spots(pages) {
        // A page of the template without it would be a page that it does not hold for.
        if seats.len() < quorum || seats.len() * 5 < pages.len() * 4 {
            continue;
        }
        let Some(piece) = piece(&place, &name, &seats, (pages, &known), quorum) else { continue };
        let counts = piece.findings.iter().filter(|finding| COUNTS.contains(&finding.field.as_str())).count();
        let width = piece.at.first().map_or(0, String::len);
        let better =
            best.get(&place).is_none_or(|(held, length, _)| counts > *held || (counts == *held && width > *length));
        if better {
            best.insert(place, (counts, width, piece));
        }
    }
    best.into_values().filter(|(counts, _, _)| *counts > 0).map(|(_, _, piece)| piece).collect()
}

fn spots(pages: &[Page<'_>]) -> BTreeMap<Spot, Vec<Seat>> {
    let mut spots: BTreeMap<Spot, Vec<Seat>> = BTreeMap::new();
    for (at, page) in pages.iter().enumerate() {
        for (number, body) in page.bodies.iter().enumerate() {
            for leaf in body.leaves.iter().filter(|leaf| names(leaf, page.lesson.handle)) {
                for up in 1..=LEVELS.min(leaf.way.len()) {
                    let (record, name) = leaf.way.split_at(leaf.way.len() - up);
                    if leaves::through_list(name) {
                        break;
                    }
                    let spot = (body.place.clone(), leaves::written(record), leaves::written(name));
                    let seats = spots.entry(spot).or_default();
                    // One a page: the first.
                    if seats.last().is_none_or(|(page, _, _)| *page != at) {
                        seats.push((at, number, record.to_vec()));
                    }
                }
            }
        }
    }
    spots
}

fn names(leaf: &Leaf, handle: &str) -> bool {
    leaf.value.as_str().eq_ignore_ascii_case(handle)
}

/// A profile's links may stand in a list of the record; nothing else of it does.
fn listed_links(
    seats: &[Seat],
    (pages, known): (&[Page<'_>], &[Values]),
    quorum: usize,
) -> BTreeMap<&'static str, fields::Found> {
    let links: Vec<Values> = known
        .iter()
        .map(|values| values.iter().filter(|(name, _)| **name == "links").map(|(k, v)| (*k, v.clone())).collect())
        .collect();
    let pairs: Vec<Pair<'_>> = seats
        .iter()
        .map(|(page, body, record)| Pair {
            profile: *page,
            known: &links[*page],
            leaves: leaves::in_lists(&pages[*page].bodies[*body].leaves, record),
        })
        .collect();
    fields::find(&pairs, quorum)
}

fn piece(
    place: &Place,
    name: &str,
    seats: &[Seat],
    (pages, known): (&[Page<'_>], &[Values]),
    quorum: usize,
) -> Option<Piece> {
    let pairs: Vec<Pair<'_>> = seats
        .iter()
        .map(|(page, body, record)| Pair {
            profile: *page,
            known: &known[*page],
            leaves: leaves::beneath(&pages[*page].bodies[*body].leaves, record),
        })
        .collect();
    let mut found = fields::find(&pairs, quorum);
    // The name's own way is no other field.
    found.retain(|_, found| found.rules.0.iter().all(|rule| rule.at != name));
    if found.len() < FIELDS_MIN {
        return None;
    }
    if !found.contains_key("links") {
        found.extend(listed_links(seats, (pages, known), quorum));
    }
    let record = &seats.first()?.2;
    // Where one record stands alone, it tells whose the page's data is, also where that is somebody else.
    let test = if leaves::through_list(record) { "=$handle" } else { "" };
    let at = format!("{}[?{name}{test}]", leaves::from_root(record)?);
    let rule = |at: &str| Rules(vec![Rule { at: at.to_owned(), ..Rule::default() }]);
    let mut record = Record {
        kind: RecordKind::Profile,
        owner: Owner { username: rule(name), ..Owner::default() },
        extends: None,
        fields: indexmap::IndexMap::new(),
    };
    if let Some(id) = found.get("id") {
        record.owner.id = id.rules.clone();
    }
    record.fields.insert("username".to_owned(), rule(name));
    record.fields.extend(found.iter().map(|(field, found)| ((*field).to_owned(), found.rules.clone())));
    let findings = findings(&found);
    Some(Piece::in_json("profile", place, record, at, findings))
}
