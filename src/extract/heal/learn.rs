//! Learning what finds a field: a feature is trusted for a field when, on pages of profiles whose past is known, it finds exactly one
//! value and that value fits the past. Each fit is weighed in bits: how unlikely it was by chance.

use std::collections::HashMap;

use super::cand::{Cand, Strength};
use super::field::{Field, Values};
use super::number::Count;
use super::{address, text};

/// What a feature has shown for a field.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Record {
    /// Known-good pages where it found the right value.
    pub(crate) good: usize,
    /// Changed pages where it found a value that fits.
    pub(crate) fits: usize,
    /// Changed pages where it found one that does not.
    pub(crate) misses: usize,
    /// Known-good pages where it found a wrong one.
    pub(crate) wrong: usize,
    /// Of these, values close to the past.
    pub(crate) near: usize,
    /// Bits of the fits on changed pages.
    pub(crate) bits: f64,
    /// Bits of the fits on known-good pages.
    pub(crate) good_bits: f64,
}

/// All that was learned: by field, feature to record.
pub(crate) struct Lessons {
    by_field: [HashMap<u64, Record>; 9],
}

/// A page to learn from.
pub(crate) struct Lesson<'a> {
    pub(crate) cands: &'a [Cand],
    pub(crate) found: &'a Index,
    pub(crate) past: &'a Values,
    /// Whether the values are this page's own, and not of an earlier visit.
    pub(crate) same_visit: bool,
}

/// How far a count may have moved since the last visit, for learning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Drift {
    /// Share of the value.
    pub(crate) share: f64,
    /// And this many at least.
    pub(crate) least: u64,
}

/// The drift that learning allows for a field.
pub(crate) const fn drift(field: Field) -> Drift {
    match field {
        Field::Followers | Field::Likes => Drift { share: 0.06, least: 3 },
        Field::Following | Field::PostsCount => Drift { share: 0.03, least: 8 },
        Field::Username | Field::DisplayName | Field::Bio | Field::AvatarUrl | Field::ExternalUrl => {
            Drift { share: 0.0, least: 0 }
        }
    }
}

/// How well a value fits the past, in bits; none where it does not.
pub(crate) fn fit(cand: &Cand, field: Field, past: &Values, same_visit: bool) -> Option<f64> {
    if field.is_count() {
        return past.count(field).zip(cand.count).and_then(|(was, is)| fit_count(field, was, is, same_visit));
    }
    let (was, is) = past.text(field).zip(cand.text.as_deref())?;
    fit_text(field, was, is, cand.is_address, same_visit)
}

fn fit_count(field: Field, was: u64, is: Count, same_visit: bool) -> Option<f64> {
    let apart = was.abs_diff(is.value);
    let coarse = if is.unit > 1 { is.unit } else { 0 };
    let drift = drift(field);
    let room = if same_visit { coarse } else { coarse + (float(was) * drift.share).round_to_u64().max(drift.least) };
    if apart > room {
        return None;
    }
    // Numbers on a page are spread evenly over their orders of magnitude, about 20 doublings.
    let band = (float(apart.max(coarse).max(1)) / float(was.max(1))).max(if same_visit { 0.0001 } else { 0.004 });
    let scarce = (20.0 / (2.0 * band * std::f64::consts::LOG2_E)).log2();
    Some(scarce.clamp(0.5, (float(was) + 2.0).log2().max(1.0)))
}

fn fit_text(field: Field, was: &str, is: &str, is_address: bool, same_visit: bool) -> Option<f64> {
    match field {
        Field::AvatarUrl => (is_address && address::stem(was) == address::stem(is)).then_some(40.0),
        Field::ExternalUrl => (is_address && address::stem(was) == address::stem(is)).then_some(40.0),
        Field::DisplayName | Field::Bio if is_address => None,
        Field::DisplayName => (text::same(was, is)).then(|| text_bits(was)),
        Field::Bio => {
            let alike = text::alikeness(was, is);
            // A text that holds the whole of the old one and more is its surroundings.
            let around = alike < 1.0 && text::plain(is).contains(&text::plain(was));
            (alike >= 1.0 || (alike >= 0.5 && !same_visit && !around)).then(|| text_bits(was) * alike * alike)
        }
        Field::Username | Field::Followers | Field::Following | Field::Likes | Field::PostsCount => None,
    }
}

fn text_bits(text: &str) -> f64 {
    f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX)).min(20.0) * 2.0
}

/// Learns from all pages with a past.
pub(crate) fn learn(lessons: &[Lesson<'_>]) -> Lessons {
    let by_field =
        Field::ALL.map(|field| if field == Field::Username { HashMap::new() } else { learn_field(lessons, field) });
    Lessons { by_field }
}

fn learn_field(lessons: &[Lesson<'_>], field: Field) -> HashMap<u64, Record> {
    let fits: Vec<Option<Vec<Option<f64>>>> =
        lessons.iter().map(|lesson| has(lesson.past, field).then(|| fits_of(lesson, field))).collect();
    // Only what found the value somewhere is worth a record: a page has thousands of features that find other things.
    let mut records: HashMap<u64, Record> = HashMap::new();
    for (lesson, fits) in lessons.iter().zip(&fits) {
        let Some(fits) = fits else { continue };
        for (cand, fit) in lesson.cands.iter().zip(fits) {
            if fit.is_some() {
                records.extend(cand.features.iter().map(|feature| (feature.hash, Record::default())));
            }
        }
    }
    for (lesson, fits) in lessons.iter().zip(&fits) {
        let Some(fits) = fits else { continue };
        if !field.is_count() && fits.iter().all(Option::is_none) {
            // Where the text stands nowhere, it has changed, and nothing missed it.
            continue;
        }
        for (&hash, record) in &mut records {
            note(lesson, field, fits, lesson.found.places(hash), record);
        }
    }
    records
}

fn fits_of(lesson: &Lesson<'_>, field: Field) -> Vec<Option<f64>> {
    let judge =
        |cand: &Cand| if could_be(cand, field) { fit(cand, field, lesson.past, lesson.same_visit) } else { None };
    let mut fits: Vec<Option<f64>> = lesson.cands.iter().map(judge).collect();
    if !field.is_count() {
        // Where the whole text stands, a part of it is no find.
        let best = fits.iter().flatten().copied().fold(0.0, f64::max);
        for fit in &mut fits {
            *fit = fit.filter(|bits| *bits >= best);
        }
    }
    fits
}

fn note(lesson: &Lesson<'_>, field: Field, fits: &[Option<f64>], places: &[(u64, usize)], record: &mut Record) {
    let mut usable = places.iter().map(|&(_, at)| at).filter(|&at| could_be(&lesson.cands[at], field));
    let Some(first) = usable.next() else { return };
    if !usable.all(|at| same_value(&lesson.cands[at], &lesson.cands[first])) {
        return;
    }
    match (fits[first], lesson.same_visit) {
        (Some(bits), true) => {
            record.good += 1;
            record.good_bits += bits;
        }
        (Some(bits), false) => {
            record.fits += 1;
            record.near += usize::from(is_near(&lesson.cands[first], field, lesson.past));
            record.bits += bits;
        }
        (None, true) => record.wrong += 1,
        (None, false) => record.misses += 1,
    }
}

/// Share of a count that most counts stay within from one visit to the next, in thousandths, and this many at least.
const NEAR: (u64, u64) = (20, 5);

/// Whether a value is as close to the past as most are.
fn is_near(cand: &Cand, field: Field, past: &Values) -> bool {
    let apart = past.count(field).zip(cand.count).map(|(was, is)| {
        let coarse = if is.unit > 1 { is.unit } else { 0 };
        was.abs_diff(is.value) <= coarse + (was / 1_000 * NEAR.0 + was % 1_000 * NEAR.0 / 1_000).max(NEAR.1)
    });
    apart.unwrap_or(true)
}

/// The candidates of a page by feature.
pub(crate) struct Index(Vec<(u64, usize)>);

impl Index {
    /// Sorts a page's candidates by feature.
    pub(crate) fn new(cands: &[Cand]) -> Self {
        let mut pairs: Vec<(u64, usize)> = cands
            .iter()
            .enumerate()
            .flat_map(|(at, cand)| cand.features.iter().map(move |feature| (feature.hash, at)))
            .collect();
        pairs.sort_unstable();
        pairs.dedup();
        Self(pairs)
    }

    /// The candidates a feature finds, in order.
    pub(crate) fn places(&self, hash: u64) -> &[(u64, usize)] {
        let from = self.0.partition_point(|&(held, _)| held < hash);
        let to = from + self.0[from..].partition_point(|&(held, _)| held == hash);
        &self.0[from..to]
    }
}

/// Whether a candidate has the type of a field.
pub(crate) fn could_be(cand: &Cand, field: Field) -> bool {
    match field {
        Field::Followers | Field::Following | Field::Likes | Field::PostsCount => cand.count.is_some() && !cand.away,
        Field::AvatarUrl | Field::ExternalUrl => cand.is_address,
        Field::DisplayName | Field::Bio => cand.text.is_some() && !cand.is_address,
        Field::Username => false,
    }
}

/// Whether two candidates say the same.
pub(crate) fn same_value(a: &Cand, b: &Cand) -> bool {
    match (a.count, b.count, &a.text, &b.text) {
        (Some(a), Some(b), _, _) => a.agrees(b),
        (_, _, Some(a), Some(b)) => text::same(a, b) || (a.contains("://") && address::stem(a) == address::stem(b)),
        _ => false,
    }
}

fn has(past: &Values, field: Field) -> bool {
    past.count(field).is_some() || past.text(field).is_some_and(|text| !text.is_empty())
}

impl Lessons {
    /// What a feature has shown for a field.
    pub(crate) fn of(&self, field: Field, hash: u64) -> Record {
        self.by_field[field.index()].get(&hash).copied().unwrap_or_default()
    }

    /// How much a feature is trusted for a field: 0 not at all; above, the more pages agreed and the more it means.
    ///
    /// `surged`: the value at hand left its past for a reason, so misses of the same kind do not speak against it.
    pub(crate) fn trust(&self, field: Field, hash: u64, strength: Strength, surged: bool) -> f64 {
        let record = self.of(field, hash);
        let missed = !surged && record.misses > 0 && record.misses * 2 >= record.fits;
        if missed || record.wrong > 0 && record.wrong * 4 >= record.good {
            return 0.0;
        }
        let needed = match strength {
            Strength::Meaning => 5.0,
            Strength::Name => 8.0,
            Strength::Shape | Strength::Path => 12.0,
            Strength::Place => 18.0,
        };
        let now = (record.bits - needed).max(0.0);
        let changed = match record.fits {
            0 => 0.0,
            1 => {
                if now >= 10.0 {
                    2.2
                } else if now >= 5.5 && strength == Strength::Meaning {
                    2.0
                } else if now >= 3.0 {
                    1.5
                } else {
                    0.5
                }
            }
            2 => {
                if now >= 3.0 {
                    3.0
                } else {
                    2.0
                }
            }
            _ => {
                if now >= 3.0 {
                    4.0
                } else {
                    3.0
                }
            }
        };
        let before = match (record.good, strength) {
            (0, _) => 0.0,
            (_, Strength::Place) => 0.5,
            (1, Strength::Meaning | Strength::Name) => 1.0,
            (_, Strength::Meaning | Strength::Name) => 2.0,
            (1 | 2, Strength::Path) => 1.0,
            (_, Strength::Path) => 2.0,
            (1, Strength::Shape) => 0.5,
            (_, Strength::Shape) => 1.0,
        };
        changed + before
    }
}

fn float(value: u64) -> f64 {
    // Counts stay far below 2^53, where this is exact.
    f64::from(u32::try_from(value >> 26).unwrap_or(u32::MAX)) * 67_108_864.0
        + f64::from(u32::try_from(value & 0x3FF_FFFF).unwrap_or(0))
}

trait RoundToU64 {
    fn round_to_u64(self) -> u64;
}

impl RoundToU64 for f64 {
    fn round_to_u64(self) -> u64 {
        format!("{:.0}", self.max(0.0)).parse().unwrap_or(0)
    }
}
