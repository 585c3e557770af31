//! Which way to a shown value is believed: the one that gives the known value on every page, a displayed form within its own
//! precision. Where two ways do and say different things, neither is.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{PROFILES_FOR_TEXTS, bare};
use super::known::Known;

/// A count may have moved by a fifth since an earlier visit.
const DRIFT: u64 = 5;
/// Below this a drifted count is told from nothing.
const SMALL: u64 = 1_000;

/// What a way gave on a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    Count {
        value: u64,
        /// The least that it can tell apart: 100 for "783.4K".
        unit: u64,
    },
    Text(String),
}

/// What a way gave, and to how many places it led.
pub(super) type Given = (Option<Seen>, usize);

/// What is known beside a page, or beside one post of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// Whose, as the number of the page.
    pub(super) profile: usize,
    /// None where the thing is known not to have the field.
    pub(super) known: Option<&'a Known>,
}

/// How a way did.
#[derive(Debug, Default, Clone)]
pub(super) struct Tally {
    pub(super) exact: usize,
    pub(super) near: usize,
    pub(super) profiles: BTreeSet<usize>,
    misses: usize,
    distinct: BTreeSet<String>,
    fine: u64,
    places: usize,
}

impl Tally {
    pub(super) fn values(&self) -> usize {
        self.exact + self.near
    }
}

/// The best way and how it did; none where there is none, or where two contradict each other. `give` reads a way on the thing
/// that is asked about.
pub(super) fn choose<W: Ord + Clone>(
    ways: &BTreeSet<W>,
    asked: &[Asked<'_>],
    quorum: usize,
    mut give: impl FnMut(&W, usize) -> Given,
) -> Option<(W, Tally)> {
    let known = asked.iter().filter(|asked| asked.known.is_some()).count();
    let mut sound: Vec<(W, Tally, Vec<Option<Seen>>)> = Vec::new();
    for way in ways {
        let mut tally = Tally::default();
        let mut given = Vec::with_capacity(asked.len());
        for (at, one) in asked.iter().enumerate() {
            let (seen, places) = give(way, at);
            tally.places += places;
            tally.add(one, seen.as_ref());
            given.push(seen);
            // Most ways fail at the first page; a few pages of many may have changed.
            if tally.misses > known / 9 {
                break;
            }
        }
        if given.len() == asked.len() && is_sound(&tally, asked, quorum) {
            sound.push((way.clone(), tally, given));
        }
    }
    // A way to one place is better than one to several of which one can be read. Stable: the order of ways decides among equals.
    sound.sort_by(|(_, one, _), (_, other, _)| {
        let rank = |tally: &Tally| (tally.exact, tally.values(), tally.fine);
        rank(other).cmp(&rank(one)).then_with(|| one.places.cmp(&other.places))
    });
    let (_, best, given) = sound.first()?;
    let contradicts = |(_, tally, other): &(W, Tally, Vec<Option<Seen>>)| {
        tally.exact >= best.exact && given.iter().zip(other).any(|(a, b)| differ(a.as_ref(), b.as_ref()))
    };
    if sound.iter().skip(1).any(contradicts) {
        return None;
    }
    sound.into_iter().next().map(|(way, tally, _)| (way, tally))
}

impl Tally {
    fn add(&mut self, asked: &Asked<'_>, seen: Option<&Seen>) {
        let (known, seen) = match (asked.known, seen) {
            (Some(known), Some(seen)) => (known, seen),
            (None, None) => return,
            (Some(_), None) | (None, Some(_)) => {
                self.misses += 1;
                return;
            }
        };
        match fit(known, seen) {
            Fit::Exact => self.exact += 1,
            Fit::Near => self.near += 1,
            Fit::No => {
                self.misses += 1;
                return;
            }
        }
        self.profiles.insert(asked.profile);
        self.distinct.insert(known.word());
        self.fine += match seen {
            Seen::Count { value, unit } => u64::from((value / unit).checked_ilog10().unwrap_or(0)),
            Seen::Text(_) => 0,
        };
    }
}

fn is_sound(tally: &Tally, asked: &[Asked<'_>], quorum: usize) -> bool {
    let kind = asked.iter().find_map(|asked| asked.known);
    let (profiles, distinct) = match kind {
        Some(Known::Count(_)) => (quorum, quorum - 1),
        Some(Known::Text(_) | Known::Address(_)) => (PROFILES_FOR_TEXTS, 2),
        Some(Known::Flag(_) | Known::Time(_) | Known::Seconds(_)) | None => return false,
    };
    // Drifted values alone prove nothing: most must be as they were known.
    tally.misses * 8 <= tally.values()
        && tally.exact * 2 >= tally.values()
        && tally.profiles.len() >= profiles
        && tally.distinct.len() >= distinct
}

enum Fit {
    Exact,
    Near,
    No,
}

fn fit(known: &Known, seen: &Seen) -> Fit {
    let exact = |same: bool| if same { Fit::Exact } else { Fit::No };
    match (known, seen) {
        (Known::Count(known), Seen::Count { value, unit }) => {
            let apart = known.abs_diff(*value);
            let within = if *unit > 1 { apart <= *unit } else { apart == 0 };
            if within {
                Fit::Exact
            } else if *known >= SMALL && apart <= known / DRIFT {
                Fit::Near
            } else {
                Fit::No
            }
        }
        (Known::Text(known), Seen::Text(seen)) => exact(known.split_whitespace().eq(seen.split_whitespace())),
        (Known::Address(known), Seen::Text(seen)) => exact(bare(known) == bare(seen)),
        _ => Fit::No,
    }
}

/// Whether a value may be the known one.
pub(super) fn is_like(known: &Known, seen: Option<&Seen>) -> bool {
    seen.is_some_and(|seen| !matches!(fit(known, seen), Fit::No))
}

/// Whether two ways say different things of one page, beyond what their forms explain.
fn differ(one: Option<&Seen>, other: Option<&Seen>) -> bool {
    match (one, other) {
        (Some(Seen::Count { value: a, unit: x }), Some(Seen::Count { value: b, unit: y })) => {
            a.abs_diff(*b) > if *x.max(y) > 1 { *x.max(y) } else { 0 }
        }
        (Some(Seen::Text(a)), Some(Seen::Text(b))) => {
            !a.split_whitespace().eq(b.split_whitespace()) && bare(a) != bare(b)
        }
        _ => false,
    }
}

/// The ways of all fields: what two fields claim belongs to neither.
pub(super) fn unclaimed<W: Ord + Clone>(found: &mut BTreeMap<&'static str, (W, Tally)>) {
    let mut claimed: BTreeMap<W, usize> = BTreeMap::new();
    found.values().for_each(|(way, _)| *claimed.entry(way.clone()).or_default() += 1);
    found.retain(|_, (way, _)| claimed.get(way) == Some(&1));
}
