//! One reading for each field. Exact beats rounded, a record of its own beats copies that posts carry and that may be old,
//! then the fresher source wins (network, embedded, JSON-LD, rendered page, meta), then the better shape.

use super::copies::Copies;
use super::cut::is_cut;
use crate::model::document::{FieldNote, Precision, SourceKind};
use crate::model::page::{Reading, Sighting, Value};

/// The chosen reading of a field and the kinds of place that say the same.
#[derive(Debug, Clone)]
pub(in crate::extract) struct Choice<'p> {
    pub(in crate::extract) reading: &'p Reading,
    pub(in crate::extract) source: SourceKind,
    agreed_by: Vec<SourceKind>,
}

impl Choice<'_> {
    /// Where the value came from, as documents tell it.
    pub(in crate::extract) fn note(&self) -> FieldNote {
        FieldNote {
            source: self.source,
            rule: self.reading.rule.clone(),
            raw: self.reading.raw.clone(),
            precision: self.reading.precision,
            agreed_by: self.agreed_by.clone(),
        }
    }
}

/// One reading per field, in the order in which fields first appear.
pub(in crate::extract) fn choose<'p>(sightings: &[&'p Sighting]) -> Vec<Choice<'p>> {
    let all =
        || sightings.iter().flat_map(|sighting| sighting.readings.iter().map(move |reading| (*sighting, reading)));
    let copies = Copies::of(sightings);
    let mut choices: Vec<Choice<'p>> = Vec::with_capacity(sightings.first().map_or(0, |first| first.readings.len()));
    for (_, first) in all() {
        if choices.iter().any(|choice| choice.reading.field == first.field) {
            continue;
        }
        let candidates = || all().filter(|(_, reading)| reading.field == first.field);
        // Among equals the record that came first stays first.
        let ranked = |one: &(&'p Sighting, &'p Reading)| (is_cut(one.1, candidates()), rank(one, copies.are_old(one)));
        let Some((chosen, reading)) = candidates().min_by_key(ranked) else { continue };
        let mut agreed_by: Vec<SourceKind> = Vec::new();
        for (other, said) in candidates() {
            if other.source != chosen.source && !agreed_by.contains(&other.source) && agree(&reading.value, &said.value)
            {
                agreed_by.push(other.source);
            }
        }
        agreed_by.sort();
        choices.push(Choice { reading, source: chosen.source, agreed_by });
    }
    choices
}

/// Exact beats rounded, then the fresher source wins, then the better shape.
fn rank((sighting, reading): &(&Sighting, &Reading), old_copy: bool) -> (Precision, bool, SourceKind, usize) {
    (reading.precision, old_copy, sighting.source, sighting.rank)
}

/// Whether two readings say the same as far as they can be told apart.
#[must_use]
pub fn agree(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Count { value: a, unit: x }, Value::Count { value: b, unit: y }) => {
            let unit = (*x).max(*y);
            if unit == 1 { a == b } else { a.abs_diff(*b) <= unit }
        }
        (Value::Text(a), Value::Text(b)) => same_text(a, b),
        (Value::Time(a), Value::Time(b)) => (*a - *b).num_seconds().abs() <= 1,
        (Value::Seconds(a), Value::Seconds(b)) => (a - b).abs() < 1.0,
        _ => one == other,
    }
}

/// Texts that differ in spaces alone, and signed addresses that differ in their signature alone, are the same.
fn same_text(one: &str, other: &str) -> bool {
    if one.starts_with("http") && other.starts_with("http") {
        let bare = |url: &str| url.split('?').next().map(str::to_owned);
        return bare(one) == bare(other);
    }
    one.split_whitespace().eq(other.split_whitespace())
}
