//! Old data that a page still carries: a copy kept from an earlier visit repeats the past to the digit, in every field, while what came
//! with the page has moved on. That it equals the old values is then no proof for it but against it, and it is left aside.

use super::cand::Cand;
use super::field::{Field, Values};
use super::json::JsonDoc;
use super::learn;
use super::number::Count;
use super::owner::JsonOwners;
use crate::model::document::SourceKind;

/// Fields in which one part of a page must repeat the past while another has moved on; an address that is signed anew on every visit
/// stands for as many.
const FIELDS_MIN: usize = 2;
/// Below this many a count stays what it was often enough.
const COUNT_MIN: u64 = 200;

/// How a part stands to the past in one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// It says nothing, or both.
    Open,
    /// What fits the past is the past.
    Repeats,
    /// What fits the past is something else.
    Moved,
}

/// A part of a page's JSON that names the profile by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    /// The document.
    pub(crate) doc: usize,
    /// Its nodes: first, end.
    pub(crate) nodes: (usize, usize),
}

impl Part {
    fn holds(&self, cand: &Cand) -> bool {
        self.doc == cand.place.0 && (self.nodes.0..self.nodes.1).contains(&cand.place.1)
    }
}

/// The parts of a page's JSON that are old, beside the others and beside what the page shows.
pub(crate) fn parts(cands: &[Cand], past: &Values, docs: &[JsonDoc], owners: &[JsonOwners]) -> Vec<Part> {
    let ranges = |(doc, (held, owners)): (usize, (&JsonDoc, &JsonOwners))| {
        owners.parts(held).into_iter().map(move |nodes| Part { doc, nodes }).collect::<Vec<Part>>()
    };
    let parts: Vec<Part> = docs.iter().zip(owners).enumerate().flat_map(ranges).collect();
    let stands: Vec<Vec<Stand>> = stands(cands, past, &parts);
    let older = |a: &[Stand], b: &[Stand]| {
        let pairs = || a.iter().zip(b);
        let older = pairs().zip(Field::ALL).filter(|(pair, _)| *pair == (&Stand::Repeats, &Stand::Moved));
        let weight = older.map(|(_, field)| if field.is_count() { 1 } else { FIELDS_MIN }).sum::<usize>();
        weight >= FIELDS_MIN && !a.contains(&Stand::Moved)
    };
    let is_old = |ours: &[Stand]| stands.iter().any(|other| older(ours, other));
    parts.iter().zip(&stands).filter(|(_, ours)| is_old(ours)).map(|(part, _)| *part).collect()
}

/// Whether a candidate stands in one of the parts.
pub(crate) fn holds(parts: &[Part], cand: &Cand) -> bool {
    cand.in_json() && parts.iter().any(|part| part.holds(cand))
}

/// How the parts stand to the past, and as the last one what is shown.
fn stands(cands: &[Cand], past: &Values, parts: &[Part]) -> Vec<Vec<Stand>> {
    let mut fitting: Vec<Vec<(bool, bool)>> = vec![vec![(false, false); Field::ALL.len()]; parts.len() + 1];
    for cand in cands.iter().filter(|cand| cand.in_json() || cand.source == SourceKind::Dom) {
        let around: Vec<usize> = match cand.in_json() {
            true => (0..parts.len()).filter(|&part| parts[part].holds(cand)).collect(),
            false => vec![parts.len()],
        };
        for field in [Field::Followers, Field::Likes, Field::Following, Field::PostsCount, Field::AvatarUrl] {
            let telling = past.count(field).is_none_or(|was| was >= COUNT_MIN);
            // Of the many numbers that a page shows, those count that are said to be the field.
            let named = cand.in_json() || cand.count.is_none() || cand.says == Some(field);
            if named && telling && learn::could_be(cand, field) && learn::fit(cand, field, past, false).is_some() {
                let Some(same) = is_past(cand, field, past) else { continue };
                for &part in &around {
                    let (repeats, moved) = &mut fitting[part][field.index()];
                    *repeats |= same;
                    *moved |= !same;
                }
            }
        }
    }
    let stand = |fits: (bool, bool)| match fits {
        (true, false) => Stand::Repeats,
        (false, true) => Stand::Moved,
        (true, true) | (false, false) => Stand::Open,
    };
    fitting.into_iter().map(|fields| fields.into_iter().map(stand).collect()).collect()
}

/// Whether a value is the past one; a coarse count can only say that it is not.
fn is_past(cand: &Cand, field: Field, past: &Values) -> Option<bool> {
    let Some(count) = cand.count else { return Some(past.text(field) == cand.text.as_deref()) };
    let was = past.count(field)?;
    let agrees = count.agrees(Count { value: was, unit: 1 });
    if count.unit > 1 { (!agrees).then_some(false) } else { Some(count.value == was) }
}
