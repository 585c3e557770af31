//! Copies of one count that disagree. Between exact values the fresher source wins: a network response, then data in the page, linked
//! data, what is shown, the head. That a value lies nearer to the past is nothing for it, for an old copy lies nearest. But a source
//! only wins by what is surely the field: where the fresher value has nothing but its likeness, neither is given out.

use super::cand::{Cand, Strength};
use super::decide::{Cluster, ENOUGH, Scene};
use super::field::Field;
use crate::model::document::SourceKind;

/// Profiles on which a value without a name must have fitted before it is surely the field.
const PROFILES_MIN: usize = 5;
/// From this on a count is hardly what it was.
const MOVING_MIN: u64 = 10_000;
/// Profiles on which it must have fitted before it is worth a doubt.
const LIKELY_MIN: usize = 2;
/// By how much two copies of one count differ at most: this share of it, and this many at least.
const COPY: (u64, u64) = (10, 8);

/// Whether a fresher value stands against the best one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fresher {
    /// None does.
    None,
    /// This cluster is, and wins.
    Is(usize),
    /// One is, but may be another thing.
    Open,
}

/// Looks for an exact value of a fresher source than the best cluster's, which is the first.
pub(super) fn fresher(scene: &Scene<'_>, field: Field, clusters: &[Cluster<'_>]) -> Fresher {
    let Some(best) = clusters.first().filter(|best| field.is_count() && is_exact(best)) else { return Fresher::None };
    let fresher = |&at: &usize| is_exact(&clusters[at]) && clusters[at].freshest() < best.freshest();
    let rivals = (1..clusters.len()).filter(fresher).filter(|&at| clusters[at].score() >= ENOUGH);
    let Some(at) = rivals.min_by_key(|&at| clusters[at].freshest()) else {
        let copied = (1..clusters.len()).filter(fresher).any(|at| may_be_copied(scene, field, best, &clusters[at]));
        return if copied { Fresher::Open } else { Fresher::None };
    };
    let rival = &clusters[at];
    let fits = |cluster: &Cluster<'_>| cluster.fits(scene, field) != Some(false);
    if fits(best) != fits(rival) || is_kept(scene, rival) {
        return Fresher::None;
    }
    match (repeats(scene, field, rival), repeats(scene, field, best)) {
        (Repeat::Sure, Repeat::No) => return Fresher::None,
        (Repeat::Likely, Repeat::No) => return Fresher::Open,
        _ => {}
    }
    if is_sure(scene, field, rival) || is_same_key(best, rival) {
        return Fresher::Is(at);
    }
    let likely = is_likely(scene, field, rival, LIKELY_MIN) || may_be_copied(scene, field, best, rival);
    if likely { Fresher::Open } else { Fresher::None }
}

/// Whether one value may be an older copy of a fresher one that few profiles have shown to be the field: both lie close together.
fn may_be_copied(scene: &Scene<'_>, field: Field, copy: &Cluster<'_>, fresh: &Cluster<'_>) -> bool {
    let value =
        |cluster: &Cluster<'_>| cluster.members.iter().find_map(|(cand, _)| cand.count.filter(|count| count.unit == 1));
    let close = value(copy)
        .zip(value(fresh))
        .is_some_and(|(copy, fresh)| copy.value.abs_diff(fresh.value) <= (fresh.value / COPY.0).max(COPY.1));
    close && fresh.score() > 0.0 && is_likely(scene, field, fresh, 1) && !is_kept(scene, fresh)
}

fn is_exact(cluster: &Cluster<'_>) -> bool {
    cluster.members.iter().any(|(cand, _)| cand.count.is_some_and(|count| count.unit == 1))
}

/// How a value stands to its past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It is another, or came with a response.
    No,
    /// It is the past one, as many counts stay what they were.
    Likely,
    /// It is the past one where counts move: a kept copy.
    Sure,
}

/// Whether a cluster repeats the past to the digit. A response is no kept copy.
pub(super) fn repeats(scene: &Scene<'_>, field: Field, cluster: &Cluster<'_>) -> Repeat {
    let was = scene.past.and_then(|past| past.count(field));
    let same = |cand: &Cand| was.is_some() && cand.count.map(|count| count.value) == was;
    if cluster.freshest() == Some(SourceKind::Network) || !cluster.members.iter().any(|(cand, _)| same(cand)) {
        return Repeat::No;
    }
    let moving = matches!(field, Field::Followers | Field::Likes) && was.is_some_and(|was| was >= MOVING_MIN);
    if moving { Repeat::Sure } else { Repeat::Likely }
}

/// Whether a cluster's place holds only old values on pages whose past is known.
fn is_kept(scene: &Scene<'_>, cluster: &Cluster<'_>) -> bool {
    let features = cluster.members.iter().flat_map(|(cand, _)| &cand.features);
    features.into_iter().any(|feature| scene.aside.contains(&feature.hash))
}

/// Whether a member is the field by name, by what worked before, or by enough profiles.
fn is_sure(scene: &Scene<'_>, field: Field, cluster: &Cluster<'_>) -> bool {
    let sure = |cand: &Cand| {
        let proven = cand.features.iter().any(|feature| {
            let record = scene.lessons.of(field, feature.hash);
            let known = record.good >= 2 && record.wrong == 0 && feature.strength == Strength::Meaning;
            record.misses == 0 && (known || (record.fits >= PROFILES_MIN && feature.strength >= Strength::Name))
        });
        cand.says == Some(field) || cand.old == Some(field) || proven
    };
    let freshest = cluster.freshest();
    cluster.members.iter().any(|(cand, score)| Some(cand.source) == freshest && *score >= ENOUGH && sure(cand))
}

fn is_likely(scene: &Scene<'_>, field: Field, cluster: &Cluster<'_>, profiles: usize) -> bool {
    cluster.members.iter().any(|(cand, _)| {
        let held = cand.features.iter().any(|feature| {
            let record = scene.lessons.of(field, feature.hash);
            feature.strength >= Strength::Name && record.fits >= profiles && record.misses == 0
        });
        held && cand.in_json()
    })
}

/// Whether both stand under one key, whatever it means.
fn is_same_key(a: &Cluster<'_>, b: &Cluster<'_>) -> bool {
    let keys = |cluster: &Cluster<'_>| -> Vec<u64> {
        let features = cluster.members.iter().filter(|(cand, _)| cand.in_json()).flat_map(|(cand, _)| &cand.features);
        features.filter(|feature| feature.strength >= Strength::Name).map(|feature| feature.hash).collect()
    };
    let held = keys(a);
    keys(b).iter().any(|key| held.contains(key))
}
