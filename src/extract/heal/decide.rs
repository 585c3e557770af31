//! The verdict on one field of one page. Every candidate is scored by what speaks for it: rules that held on other pages, a label or key
//! that names the field, its fit with the profile's past; candidates that say the same in different sources support each other.
//! A value is given out only with enough behind it and a clear margin over the next; otherwise null.

use std::collections::HashSet;

use super::arbitrate::{self, Fresher, Repeat};
use super::cand::{Cand, Strength};
use super::field::{Field, Values};
use super::learn::{self, Lessons};
use super::number::Count;
use super::owner::Owner;
use crate::model::document::SourceKind;

/// What a value needs behind it.
pub(super) const ENOUGH: f64 = 2.0;
/// How far it must lie ahead of a different value.
const MARGIN: f64 = 1.0;

/// A value given out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verdict {
    pub(crate) count: Option<Count>,
    pub(crate) text: Option<String>,
    pub(crate) source: SourceKind,
    /// Where it stands.
    pub(crate) place: (usize, usize),
    pub(crate) score: f64,
    /// The bits by which its best feature agreed with pasts.
    pub(crate) bits: f64,
    /// Whether it fits the past; none without a past.
    pub(crate) fits: Option<bool>,
}

pub(super) struct Cluster<'a> {
    pub(super) members: Vec<(&'a Cand, f64)>,
}

/// Everything a verdict looks at.
pub(crate) struct Scene<'a> {
    pub(crate) cands: &'a [Cand],
    pub(crate) found: &'a learn::Index,
    pub(crate) past: Option<&'a Values>,
    pub(crate) lessons: &'a Lessons,
    /// What finds only kept copies on the pages whose past is known.
    pub(crate) aside: &'a HashSet<u64>,
    /// Paths in the page's data under which nothing stands.
    pub(crate) blanks: &'a HashSet<u64>,
    /// Whether the page's head is all there is.
    pub(crate) head_only: bool,
}

/// Judges a field.
pub(crate) fn decide(scene: &Scene<'_>, field: Field) -> Option<Verdict> {
    let mut clusters: Vec<Cluster<'_>> = Vec::new();
    let mut doubles: Vec<&str> = Vec::new();
    for cand in scene.cands.iter().filter(|cand| learn::could_be(cand, field)) {
        let Some(score) = score(scene, cand, field, &mut doubles) else { continue };
        match clusters.iter_mut().find(|cluster| cluster.members.iter().all(|(other, _)| is_one(other, cand))) {
            Some(cluster) => cluster.members.push((cand, score)),
            None => clusters.push(Cluster { members: vec![(cand, score)] }),
        }
    }
    // What holds both of two that might be it is neither.
    let holds_both = |cand: &Cand| {
        let text = cand.text.as_deref().unwrap_or_default();
        doubles.iter().filter(|double| **double != text && text.contains(**double)).count() > 1
    };
    clusters.retain(|cluster| !cluster.members.iter().any(|(cand, _)| holds_both(cand)));
    clusters.retain(|cluster| {
        field.is_count() || scene.head_only || cluster.members.iter().any(|(cand, _)| cand.source != SourceKind::Meta)
    });
    clusters.sort_by(|a, b| b.score().total_cmp(&a.score()));
    let best = clusters.first()?;
    if best.score() < ENOUGH {
        return None;
    }
    let chosen = match arbitrate::fresher(scene, field, &clusters) {
        Fresher::Is(at) => &clusters[at],
        Fresher::Open => return None,
        Fresher::None => match clusters.get(1) {
            Some(next) if best.score() - next.score() < MARGIN => between(scene, field, best, next)?,
            _ => best,
        },
    };
    let verdict = chosen.verdict(scene, field);
    (!is_blank(scene, field, chosen)).then_some(verdict)
}

/// Whether the place that other pages teach is there and holds nothing, and the value stands in data under another name only: then the
/// field is gone, and that is something else.
fn is_blank(scene: &Scene<'_>, field: Field, chosen: &Cluster<'_>) -> bool {
    let named = |cand: &Cand| cand.says == Some(field) || cand.old == Some(field) || !cand.in_json();
    let taught = |hash: &&u64| {
        let record = scene.lessons.of(field, **hash);
        record.fits > 0 && record.misses == 0 && record.wrong == 0 && scene.found.places(**hash).is_empty()
    };
    !chosen.members.iter().any(|(cand, _)| named(cand)) && scene.blanks.iter().any(|hash| taught(&hash))
}

/// Whether two candidates give the same value. A coarse count says little: within one source it stands for a finer one only where both
/// stand in one place, as a number and its tooltip do.
fn is_one(a: &Cand, b: &Cand) -> bool {
    let twins = || {
        let inside = |a: (usize, usize), b: (usize, usize)| a.1 > 0 && b.1 > 0 && a.0 <= b.0 && b.1 <= a.1;
        a.place == b.place || inside(a.around, b.around) || inside(b.around, a.around)
    };
    learn::same_value(a, b) && (a.source != b.source || a.count == b.count || twins())
}

/// Two values with about as much behind them: the fresher source wins, unless it repeats the past to the digit while the other moved on.
fn between<'a>(scene: &Scene<'_>, field: Field, a: &'a Cluster<'a>, b: &'a Cluster<'a>) -> Option<&'a Cluster<'a>> {
    if b.score() < ENOUGH {
        return (a.score() - b.score() >= MARGIN / 2.0).then_some(a);
    }
    if !field.is_count() || a.fits(scene, field) != b.fits(scene, field) || a.fits(scene, field) == Some(false) {
        return None;
    }
    let (fresh, other) = if a.freshest() <= b.freshest() { (a, b) } else { (b, a) };
    // Within one source nothing tells an old value from one that has not changed.
    let apart = !a.shares_source(b) && fresh.sources() == 1;
    match (arbitrate::repeats(scene, field, fresh), arbitrate::repeats(scene, field, other)) {
        (Repeat::Sure, Repeat::No) if apart => Some(other),
        (Repeat::Likely, Repeat::No) if apart => None,
        _ if a.freshest() == b.freshest() => None,
        _ => Some(fresh),
    }
}

impl Cluster<'_> {
    /// The best of each source, later ones for less.
    pub(super) fn score(&self) -> f64 {
        let mut best: Vec<f64> = Vec::new();
        for source in [SourceKind::Network, SourceKind::Embedded, SourceKind::Jsonld, SourceKind::Dom, SourceKind::Meta]
        {
            let scores = self.members.iter().filter(|(cand, _)| cand.source == source).map(|&(_, score)| score);
            best.extend(scores.reduce(f64::max));
        }
        best.sort_by(|a, b| b.total_cmp(a));
        best.iter().enumerate().map(|(at, score)| if at == 0 { *score } else { score.max(0.0) * 0.7 + 0.8 }).sum()
    }

    fn sources(&self) -> usize {
        let mut kinds: Vec<SourceKind> = self.members.iter().map(|(cand, _)| cand.source).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.len()
    }

    fn shares_source(&self, other: &Self) -> bool {
        self.members.iter().any(|(a, _)| other.members.iter().any(|(b, _)| a.source == b.source))
    }

    pub(super) fn freshest(&self) -> Option<SourceKind> {
        self.members.iter().map(|(cand, _)| cand.source).min()
    }

    pub(super) fn fits(&self, scene: &Scene<'_>, field: Field) -> Option<bool> {
        let past = scene.past?;
        let known = past.count(field).is_some() || past.text(field).is_some();
        known.then(|| self.members.iter().any(|(cand, _)| learn::fit(cand, field, past, false).is_some()))
    }

    /// The most exact value, of the freshest source.
    fn verdict(&self, scene: &Scene<'_>, field: Field) -> Verdict {
        let rank = |cand: &Cand| (cand.count.map_or(0, |count| count.unit), cand.source);
        // A finer value is given out only where it has enough behind it by itself.
        let best = self
            .members
            .iter()
            .filter(|(_, score)| *score >= ENOUGH)
            .map(|(cand, _)| *cand)
            .min_by(|a, b| rank(a).cmp(&rank(b)));
        let strongest =
            self.members.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(self.members[0].0, |(cand, _)| *cand);
        let best = best.unwrap_or(strongest);
        Verdict {
            count: best.count,
            text: best.text.clone(),
            source: best.source,
            place: best.place,
            score: self.score(),
            bits: best.features.iter().map(|feature| scene.lessons.of(field, feature.hash).bits).fold(0.0, f64::max),
            fits: self.fits(scene, field),
        }
    }
}

/// What speaks for a candidate; none where nothing does. `doubles` takes the texts that only their place tells from others.
fn score<'a>(scene: &Scene<'a>, cand: &'a Cand, field: Field, doubles: &mut Vec<&'a str>) -> Option<f64> {
    if cand.says.is_some_and(|said| said != field) {
        return None;
    }
    if (cand.foreign && !proven_alias(scene, cand, field)) || (cand.other && !known_alias(scene, cand, field)) {
        return None;
    }
    let fit = scene.past.and_then(|past| learn::fit(cand, field, past, false));
    let known = scene
        .past
        .is_some_and(|past| past.count(field).is_some() || past.text(field).is_some_and(|text| !text.is_empty()));
    let surged = known && fit.is_none() && field.is_count() && in_verified_group(scene, cand, field);
    let mut trust = 0.0_f64;
    let mut trust_by_place = 0.0_f64;
    let mut ambiguous = false;
    let mut discredited = false;
    for feature in &cand.features {
        let record = scene.lessons.of(field, feature.hash);
        if record == learn::Record::default() {
            continue;
        }
        let one = scene
            .found
            .places(feature.hash)
            .iter()
            .map(|&(_, at)| &scene.cands[at])
            .filter(|other| learn::could_be(other, field))
            .all(|other| learn::same_value(other, cand));
        discredited |= feature.strength >= Strength::Name && record.misses > record.fits;
        // Numbers alike are no evidence where nothing names them: most must be as close as a field is to its own past.
        let unnamed = cand.says.is_none() && cand.old != Some(field) && record.good == 0;
        let loose = field.is_count() && unnamed && record.near * 3 < record.fits * 2;
        let worth = scene.lessons.trust(field, feature.hash, feature.strength, surged);
        match (one && !loose, feature.strength) {
            (true, Strength::Place) => trust_by_place = trust_by_place.max(worth),
            (true, _) => trust = trust.max(worth),
            (false, Strength::Shape | Strength::Path) => ambiguous |= worth > 0.0,
            (false, _) => {}
        }
    }
    // What finds one value on every other page finds two here: which of them stands first decides nothing.
    if field.is_count() || !ambiguous || fit.is_some() || cand.says == Some(field) {
        trust = trust.max(trust_by_place);
    } else if let Some(text) = cand.text.as_deref().filter(|text| !doubles.contains(text)) {
        doubles.push(text);
    }
    let says = match cand.says {
        Some(_) if discredited && !surged => -1.0,
        Some(_) => 2.0,
        None => 0.0,
    };
    let mut score = trust + says + if cand.old == Some(field) { 1.0 } else { 0.0 };
    let by_text_alone = !field.is_count() && fit.is_some_and(|bits| bits >= 12.0);
    if score <= 0.0 && !by_text_alone && !(says < 0.0 && discredited) {
        return None;
    }
    score += match (fit, known, field.is_count()) {
        (Some(bits), _, _) => (bits / 4.0).min(3.0),
        (None, true, true) => {
            if surged {
                -0.5
            } else {
                -3.0
            }
        }
        (None, true, false) => {
            if scene
                .past
                .is_some_and(|past| scene.cands.iter().any(|other| learn::fit(other, field, past, false).is_some()))
            {
                -1.0
            } else {
                0.0
            }
        }
        (None, false, _) => 0.0,
    };
    score -= match cand.owner {
        Owner::Mixed => 1.5,
        Owner::Likely => 0.5,
        Owner::Own | Owner::Post | Owner::Foreign | Owner::Unknown => 0.0,
    };
    if cand.dim {
        score -= 1.0;
    }
    Some(score)
}

/// Profiles that must agree before words that name none of our fields are taken for a new name of one.
const ALIAS_PROFILES: usize = 5;

/// Whether the unknown words beside a count have shown that they mean the field: on known-good pages, or on enough profiles.
fn proven_alias(scene: &Scene<'_>, cand: &Cand, field: Field) -> bool {
    cand.features.iter().filter(|feature| feature.strength == Strength::Meaning).any(|feature| {
        let record = scene.lessons.of(field, feature.hash);
        let clean = record.misses == 0 && record.wrong == 0;
        clean && (record.good >= 2 || record.fits >= ALIAS_PROFILES)
    })
}

/// Whether words that name another count have meant the field on known-good pages.
fn known_alias(scene: &Scene<'_>, cand: &Cand, field: Field) -> bool {
    cand.features.iter().filter(|feature| feature.strength == Strength::Meaning).any(|feature| {
        let record = scene.lessons.of(field, feature.hash);
        record.misses == 0 && record.wrong == 0 && record.good >= 2
    })
}

/// A count that left its past stands in one list with another count that fits its own: a surge, and not a stranger's number.
fn in_verified_group(scene: &Scene<'_>, cand: &Cand, field: Field) -> bool {
    if cand.says != Some(field) || cand.owner != Owner::Own {
        return false;
    }
    let group = || scene.cands.iter().filter(|other| other.group == cand.group && other.source == cand.source);
    let was = scene.past.and_then(|past| past.count(field)).unwrap_or(0);
    let now = cand.count.map_or(0, |count| count.value);
    if now < was / 2 || now / 100 > was.max(100) {
        return false;
    }
    let alone = group().filter(|other| other.says == Some(field)).all(|other| learn::same_value(other, cand));
    let verified = group().any(|other| {
        other.says.is_some_and(|said| {
            said != field && scene.past.is_some_and(|past| learn::fit(other, said, past, false).is_some())
        })
    });
    alone && verified
}

/// One place holds one field: where two were found in the same place, the one with clearly more behind it stays.
pub(crate) fn withhold_doubles(fields: &mut [Option<Verdict>]) {
    for a in 0..fields.len() {
        for b in a + 1..fields.len() {
            let (Some(one), Some(other)) = (&fields[a], &fields[b]) else { continue };
            if one.place != other.place || one.source != other.source {
                continue;
            }
            let apart = one.score + one.bits / 10.0 - other.score - other.bits / 10.0;
            if apart < 0.2 {
                fields[a] = None;
            }
            if apart > -0.2 {
                fields[b] = None;
            }
        }
    }
}

/// Values that must differ between profiles and do not, without the past speaking for them, are nobody's.
pub(crate) fn withhold_shared(verdicts: &mut [Option<Vec<Option<Verdict>>>], handles: &[Option<String>]) {
    for field in Field::ALL {
        let at = field.index();
        let shared: Vec<usize> = (0..verdicts.len())
            .filter(|&page| {
                let ours = verdict_of(verdicts, page, at);
                let unproven = ours.is_some_and(|verdict| verdict.fits != Some(true) && is_telling(verdict));
                unproven
                    && (0..verdicts.len()).any(|other| {
                        handles[other] != handles[page]
                            && ours.is_some_and(|ours| same(ours, verdict_of(verdicts, other, at)))
                    })
            })
            .collect();
        for page in shared {
            if let Some(fields) = &mut verdicts[page] {
                fields[at] = None;
            }
        }
    }
}

fn verdict_of(verdicts: &[Option<Vec<Option<Verdict>>>], page: usize, at: usize) -> Option<&Verdict> {
    verdicts[page].as_ref().and_then(|fields| fields[at].as_ref())
}

fn is_telling(verdict: &Verdict) -> bool {
    verdict.count.is_none_or(|count| count.unit == 1 && count.value >= 3_000)
}

fn same(a: &Verdict, b: Option<&Verdict>) -> bool {
    b.is_some_and(|b| a.count == b.count && a.text == b.text)
}
