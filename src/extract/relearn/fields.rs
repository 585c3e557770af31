//! Which way beneath a record leads to a field: the one that gave the known value on every page it was asked of. A count may have
//! drifted since; a text, an id, a time may not. Where two ways fit and say different things, neither is taken.

use std::collections::{BTreeMap, BTreeSet};

use super::known::Known;
use super::leaves::Scalar;
use crate::model::selectors::{Exactness, Rule, Rules};

/// Pages that must agree on a text: each is worth dozens of bits.
pub(super) const PROFILES_FOR_TEXTS: usize = 2;
/// A count may have moved by a fifth since it was known.
const DRIFT: u64 = 5;
/// Below this a drifted count is told from nothing: it speaks neither for a way nor, where it moved by little, against it.
const SMALL: u64 = 100;
/// Small counts that moved by little.
const SMALL_DRIFT: u64 = 3;

/// One record beside what was known of the same thing.
pub(super) struct Pair<'a> {
    /// Whose it is, as the number of the page.
    pub(super) profile: usize,
    pub(super) known: &'a BTreeMap<&'static str, Known>,
    pub(super) leaves: BTreeMap<String, &'a Scalar>,
}

/// A field's way and who agreed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) rules: Rules,
    pub(super) profiles: usize,
    pub(super) values: usize,
    /// Whether it showed the last digits of a large number.
    is_exact: bool,
}

/// How a way did over all pairs.
#[derive(Debug, Default)]
struct Tally {
    exact: usize,
    near: usize,
    misses: usize,
    /// Small counts that moved: they tell nothing.
    unclear: usize,
    /// Values that JSON writes as numbers: where a text says the same, it may be a form for people.
    numbers: usize,
    absent: usize,
    profiles: BTreeSet<usize>,
    distinct: BTreeSet<String>,
    digits: usize,
}

impl Tally {
    fn fits(&self) -> usize {
        self.exact + self.near
    }
}

/// The ways of all fields.
pub(super) fn find(pairs: &[Pair<'_>], quorum: usize) -> BTreeMap<&'static str, Found> {
    let names: BTreeSet<&'static str> = pairs.iter().flat_map(|pair| pair.known.keys().copied()).collect();
    let all = |exact: &BTreeSet<String>| -> BTreeMap<&'static str, (String, Found)> {
        names.iter().filter_map(|name| Some((*name, of_field(name, pairs, exact, quorum)?))).collect()
    };
    // Where two records say the same, the one that shows last digits elsewhere is the exact one.
    let exact = all(&BTreeSet::new()).into_values().filter(|(_, found)| found.is_exact);
    let exact: BTreeSet<String> = exact.filter_map(|(way, _)| Some(roof(&way)?.to_owned())).collect();
    let mut found = all(&exact);
    // One way is one thing: two fields that claim it are both in doubt.
    let mut claimed: BTreeMap<String, usize> = BTreeMap::new();
    found.values().for_each(|(way, _)| *claimed.entry(way.clone()).or_default() += 1);
    found.retain(|_, (way, _)| claimed.get(way) == Some(&1));
    found.into_iter().map(|(name, (_, found))| (name, found)).collect()
}

/// The record that a way ends in.
fn roof(way: &str) -> Option<&str> {
    way.rsplit_once('.').map(|(roof, _)| roof)
}

fn of_field(
    name: &'static str,
    pairs: &[Pair<'_>],
    exact: &BTreeSet<String>,
    quorum: usize,
) -> Option<(String, Found)> {
    let told: Vec<(&Pair<'_>, &Known)> = pairs.iter().filter_map(|pair| Some((pair, pair.known.get(name)?))).collect();
    let ways: BTreeSet<&String> = told.iter().flat_map(|(pair, _)| pair.leaves.keys()).collect();
    let mut sound: Vec<(&String, Tally)> = ways
        .into_iter()
        .map(|way| (way, tally(way, &told)))
        .filter(|(_, tally)| is_sound(tally, &told, quorum))
        .collect();
    sound.sort_by(|(a, one), (b, other)| {
        let rank = |tally: &Tally| (tally.exact, tally.fits(), tally.digits);
        let under = |way: &str| roof(way).is_some_and(|roof| exact.contains(roof));
        rank(other)
            .cmp(&rank(one))
            .then_with(|| under(b).cmp(&under(a)))
            .then_with(|| other.numbers.cmp(&one.numbers))
            .then_with(|| a.len().cmp(&b.len()))
            .then_with(|| a.cmp(b))
    });
    let (way, best) = sound.first()?;
    let rival = |(other, tally): &&(&String, Tally)| tally.exact >= best.exact && differ(way, other, &told);
    if sound.iter().skip(1).any(|other| rival(&other)) {
        return None;
    }
    let twin = sound.iter().skip(1).find(|(other, _)| is_cut_of(other, way, &told)).map(|(other, _)| (*other).clone());
    // Of a way that never showed the last digits of a large number nobody knows that it would.
    let cut = twin.is_none() && !is_exact(way, &told) && matches!(told.first()?.1, Known::Count(_));
    let mut rules =
        vec![Rule { at: (*way).clone(), sibling: twin, precision: cut.then_some(Exactness::Cut), ..Rule::default() }];
    if best.absent > 0 && matches!(told.first()?.1, Known::Flag(_)) {
        rules.push(Rule { constant: Some("false".to_owned()), ..Rule::default() });
    }
    let is_exact = is_exact(way, &told);
    let found = Found { rules: Rules(rules), profiles: best.profiles.len(), values: best.fits(), is_exact };
    Some(((*way).clone(), found))
}

fn tally(way: &str, told: &[(&Pair<'_>, &Known)]) -> Tally {
    let mut tally = Tally::default();
    for (pair, known) in told {
        // It cannot become sound any more; most ways fail at the first pages.
        if tally.misses * 9 > told.len() {
            break;
        }
        let Some(seen) = pair.leaves.get(way) else {
            // A flag that is not set may not be there at all.
            if **known == Known::Flag(false) {
                tally.exact += 1;
                tally.absent += 1;
                tally.distinct.insert(known.word());
            } else {
                tally.misses += 1;
            }
            continue;
        };
        match fit(known, seen) {
            Fit::Exact => tally.exact += 1,
            Fit::Near => tally.near += 1,
            Fit::Unclear => {
                tally.unclear += 1;
                continue;
            }
            Fit::No => {
                tally.misses += 1;
                continue;
            }
        }
        tally.numbers += usize::from(matches!(seen, Scalar::Number(_)));
        tally.profiles.insert(pair.profile);
        tally.distinct.insert(known.word());
        tally.digits += seen.as_str().trim_end_matches('0').len();
    }
    tally
}

fn is_sound(tally: &Tally, told: &[(&Pair<'_>, &Known)], quorum: usize) -> bool {
    let (profiles, distinct) = match told.first().map(|(_, known)| *known) {
        // The chance of five accidents is one in ten thousand.
        Some(Known::Count(_) | Known::Seconds(_)) => (quorum, quorum - 1),
        Some(Known::Flag(_)) => (quorum, 2),
        Some(Known::Time(_)) => (2, 4),
        Some(Known::Text(_) | Known::Address(_)) => (PROFILES_FOR_TEXTS, 2),
        None => return false,
    };
    // Of many, one in eight may have changed since: a new name, a surge.
    let clear = tally.misses * 8 <= tally.fits() && tally.unclear <= tally.fits();
    clear && tally.profiles.len() >= profiles && tally.distinct.len() >= distinct
}

enum Fit {
    Exact,
    Near,
    Unclear,
    No,
}

fn fit(known: &Known, seen: &Scalar) -> Fit {
    let exact = |same: bool| if same { Fit::Exact } else { Fit::No };
    match (known, seen) {
        (Known::Count(count), Scalar::Number(text) | Scalar::Text(text)) => match text.parse::<u64>() {
            Ok(value) if value == *count => Fit::Exact,
            Ok(value) if *count >= SMALL && value.abs_diff(*count) <= *count / DRIFT => Fit::Near,
            Ok(value) if *count < SMALL && value.abs_diff(*count) <= *count / DRIFT + SMALL_DRIFT => Fit::Unclear,
            Ok(_) | Err(_) => Fit::No,
        },
        (Known::Flag(flag), Scalar::Flag(value)) => exact(flag == value),
        (Known::Time(at), Scalar::Number(text) | Scalar::Text(text)) => exact(text.parse() == Ok(*at)),
        (Known::Seconds(length), Scalar::Number(text)) => {
            exact(text.parse::<f64>().is_ok_and(|value| (value - length).abs() < 0.01))
        }
        (Known::Text(known), Scalar::Text(text) | Scalar::Number(text)) => {
            exact(known.split_whitespace().eq(text.split_whitespace()))
        }
        (Known::Address(known), Scalar::Text(text)) => exact(bare(known) == bare(text)),
        _ => Fit::No,
    }
}

/// An address without its scheme and its signature.
pub(super) fn bare(url: &str) -> &str {
    let url = url.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/');
    url.split('?').next().unwrap_or_default()
}

/// Whether two ways say different things somewhere, beyond what rounding explains.
fn differ(one: &str, other: &str, told: &[(&Pair<'_>, &Known)]) -> bool {
    told.iter().any(|(pair, known)| match (pair.leaves.get(one), pair.leaves.get(other)) {
        (Some(a), Some(b)) => match (known, a.as_str().parse::<u64>(), b.as_str().parse::<u64>()) {
            (Known::Count(_), Ok(a), Ok(b)) => a.abs_diff(b) > a.max(b) / 100,
            (Known::Address(_), _, _) => bare(a.as_str()) != bare(b.as_str()),
            _ => a.as_str() != b.as_str(),
        },
        _ => false,
    })
}

/// Whether `other` is the abbreviated form of `way`: the same, or its first digits and zeros; and different at least once.
fn is_cut_of(other: &str, way: &str, told: &[(&Pair<'_>, &Known)]) -> bool {
    let mut shorter = 0;
    for (pair, known) in told {
        let (Known::Count(_), Some(full), Some(cut)) = (known, pair.leaves.get(way), pair.leaves.get(other)) else {
            return false;
        };
        let (full, cut) = (full.as_str(), cut.as_str());
        if full == cut {
            continue;
        }
        if full.len() != cut.len() || cut.trim_end_matches('0').len() > 4 {
            return false;
        }
        shorter += 1;
    }
    shorter > 0
}

/// Whether a way showed a number that no site would have cut: a large one that does not end in zeros.
fn is_exact(way: &str, told: &[(&Pair<'_>, &Known)]) -> bool {
    told.iter().any(|(pair, _)| {
        let value = pair.leaves.get(way).and_then(|seen| seen.as_str().parse::<u64>().ok());
        value.is_some_and(|value| value >= 10_000 && value % 100 != 0)
    })
}
