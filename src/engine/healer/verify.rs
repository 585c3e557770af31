//! Whether a learned version may count. Nothing here is likeness: each check asks pages and histories that had no part in the answer.

use serde_json::{Value, json};

use super::samples::Sample;
use super::{HealError, PROFILES_MIN};
use crate::clock::Clock;
use crate::engine::drift::heal_page;
use crate::extract::detect;
use crate::extract::heal::field::{PostValues, Values};
use crate::extract::heal::selectors::OldSelectors;
use crate::extract::heal::{self, Known};
use crate::extract::relearn::{Lesson, Relearned, Studied, draft, relearn};
use crate::model::capture::Capture;
use crate::model::document::Document;
use crate::model::selectors::SelectorSet;
use crate::platform::{self, Platform};

/// Posts that a page is read for.
const POSTS: u16 = 50;
/// A count may have moved by this share since it was known, in percent.
const DRIFT_PERCENT: u64 = 25;
/// Counts smaller than this may move by this much.
const SMALL: u64 = 50;
const COUNTS: [&str; 4] = ["followers", "following", "likes", "posts_count"];

/// Why a version may not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doubtful {
    /// It has not enough evidence, or some against it.
    Refused(String),
    /// Its kind of evidence is found for strangers too.
    FalseHeal(String),
}

/// What was learned with its evidence so far; or why nothing.
pub(super) type Learned = (Result<Relearned, Doubtful>, Value);

/// Learns a version, and tries to learn it otherwise: without each profile in turn, and from shuffled histories.
pub(super) fn learn(
    site: &dyn Platform,
    parent: &SelectorSet,
    samples: &[Sample],
    needed: usize,
    clock: &Clock,
) -> Result<Learned, HealError> {
    let marks: Vec<String> = samples.iter().map(Sample::mark).collect();
    let mut evidence = json!({"profiles": marks.len(), "who": marks, "needed": needed});
    let studied: Vec<Studied> = samples.iter().map(|sample| Studied::of(&sample.capture, parent)).collect();
    let lessons: Vec<Lesson<'_>> = samples
        .iter()
        .zip(&studied)
        .map(|(sample, page)| Lesson { handle: &sample.handle, past: &sample.known, page })
        .collect();
    let Some(relearned) = relearn(parent, &lessons, needed)? else {
        let why = "no way leads to the known values on every page".to_owned();
        return Ok((Err(Doubtful::Refused(why)), evidence));
    };
    evidence["rules"] = json!(relearned.findings);
    evidence["dropped"] = json!(relearned.dropped);
    match leave_one_out(site, parent, &relearned.set, (samples, &lessons), needed) {
        Ok(told) => evidence["leave_one_out"] = told,
        Err(why) => return Ok((Err(Doubtful::Refused(format!("leaving one out: {why}"))), evidence)),
    }
    match negative_control(parent, &lessons, needed) {
        Ok(told) => evidence["negative_control"] = told,
        Err(why) => return Ok((Err(Doubtful::FalseHeal(why)), evidence)),
    }
    match search(site, &relearned.set, samples, clock) {
        Ok(told) => evidence["search"] = told,
        Err(why) => return Ok((Err(Doubtful::Refused(format!("the values' own search: {why}"))), evidence)),
    }
    Ok((Ok(relearned), evidence))
}

fn count(document: &Document, at: usize) -> Option<u64> {
    let profile = document.profile.as_ref()?;
    [profile.followers, profile.following, profile.likes, profile.posts_count].get(at).copied().flatten()
}

fn near(one: u64, other: u64) -> bool {
    one.abs_diff(other) <= (one.max(other) / 100 * DRIFT_PERCENT).max(SMALL)
}

/// The version's new shapes alone: what old ones still read would hide what new ones do not.
fn alone(parent: &SelectorSet, set: &SelectorSet) -> SelectorSet {
    let mut only = set.clone();
    only.shapes.retain(|shape| !parent.shapes.iter().any(|known| known.name == shape.name));
    only.signals.clear();
    only
}

/// The template's archived pages are read: each its own profile, each count within its drift, on all but one in eight; each
/// count by enough, by the whole version and by its new shapes alone.
pub(super) fn replay(
    site: &dyn Platform,
    parent: &SelectorSet,
    set: &SelectorSet,
    samples: &[Sample],
) -> Result<Value, String> {
    let mut told = json!({"pages": samples.len()});
    let whole = agreement(site, set, samples)?;
    if whole["followers"] == json!(0) {
        return Err("no page shows its followers".to_owned());
    }
    let only = alone(parent, set);
    if !only.shapes.is_empty() {
        told["new_shapes"] = agreement(site, &only, samples)?;
    }
    for sample in samples {
        let mark = sample.mark();
        if let Some(doubt) = platform::contradictions(&sample.capture, set).first() {
            return Err(format!("{mark}: {}", doubt.sentence()));
        }
    }
    told["whole"] = whole;
    Ok(told)
}

fn agreement(site: &dyn Platform, set: &SelectorSet, samples: &[Sample]) -> Result<Value, String> {
    let read: Vec<Document> = samples.iter().map(|sample| platform::read(site, &sample.capture, set, POSTS)).collect();
    let mut told = json!({});
    for (at, name) in COUNTS.iter().enumerate() {
        let (mut agreed, mut strayed) = (0, 0);
        for (sample, document) in samples.iter().zip(&read) {
            match (count(&sample.known, at), count(document, at)) {
                (Some(known), Some(seen)) if near(known, seen) => agreed += 1,
                (Some(_), Some(_)) => strayed += 1,
                (None | Some(_), None) | (None, Some(_)) => {}
            }
        }
        if strayed * 8 > agreed {
            return Err(format!("{name}: {strayed} pages stray from what is known, {agreed} agree"));
        }
        if agreed > 0 && agreed < PROFILES_MIN {
            return Err(format!("{name}: only {agreed} profiles agree"));
        }
        told[*name] = json!(agreed);
    }
    let mut ids: Vec<&str> =
        read.iter().flat_map(|document| document.posts.iter().map(|post| post.id.as_str())).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() * 20 < all * 19 {
        return Err("pages of different profiles show the same posts".to_owned());
    }
    told["posts"] = json!(ids.len());
    Ok(told)
}

/// What the values' own search finds on these pages, blind to the rules, is what the rules read.
fn search(site: &dyn Platform, set: &SelectorSet, samples: &[Sample], clock: &Clock) -> Result<Value, String> {
    let known: Vec<Known> = samples
        .iter()
        .filter_map(|sample| {
            let page = heal_page(sample.known_page.as_ref()?)?;
            Some(Known { page, values: values(&sample.known) })
        })
        .collect();
    let pages: Vec<_> = samples.iter().filter_map(|sample| heal_page(&sample.capture)).collect();
    if pages.len() != samples.len() {
        return Err("a page cannot be searched".to_owned());
    }
    let healed = heal::heal(&OldSelectors::default(), &known, &pages, clock);
    let (mut agreed, mut differ) = (0, 0);
    for (sample, found) in samples.iter().zip(&healed.pages) {
        let read = platform::read(site, &sample.capture, set, POSTS);
        let found = [found.values.followers, found.values.following, found.values.likes, found.values.posts_count];
        for (at, found) in found.into_iter().enumerate() {
            match (count(&read, at), found) {
                (Some(one), Some(other)) if near(one, other) => agreed += 1,
                (Some(_), Some(_)) => differ += 1,
                (None, _) | (Some(_), None) => {}
            }
        }
    }
    if differ * 20 > agreed {
        return Err(format!("it finds other values: {differ} differ, {agreed} agree"));
    }
    Ok(json!({"agreed": agreed, "differ": differ, "known_pages": known.len()}))
}

/// Learned without a profile, the version still reads that profile's page as the whole one does. With the fewest profiles that
/// are enough, the others are one fewer: the one left out is the test of what they agree on.
fn leave_one_out(
    site: &dyn Platform,
    parent: &SelectorSet,
    set: &SelectorSet,
    (samples, lessons): (&[Sample], &[Lesson<'_>]),
    needed: usize,
) -> Result<Value, String> {
    let quorum = needed.min(samples.len().saturating_sub(1));
    let whole = alone(parent, set);
    let mut values = 0;
    for (at, sample) in samples.iter().enumerate() {
        let others: Vec<Lesson<'_>> =
            lessons.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, lesson)| *lesson).collect();
        let Some(without) = draft(parent, &others, quorum) else {
            return Err(format!("nothing is learned without {}", sample.mark()));
        };
        let whole = platform::read(site, &sample.capture, &whole, POSTS);
        let part = platform::read(site, &sample.capture, &alone(parent, &without.set), POSTS);
        if let Some(doubt) = detect::differs(&whole, &part).first() {
            return Err(format!("without {}: {}", sample.mark(), doubt.sentence()));
        }
        values += part.fields.len();
        for (at, name) in COUNTS.iter().enumerate() {
            if let (Some(known), Some(seen)) = (count(&sample.known, at), count(&part, at))
                && !near(known, seen)
            {
                return Err(format!("without {}: {name} would be {seen}, and {known} is known", sample.mark()));
            }
        }
    }
    Ok(json!({"left_out": samples.len(), "values": values}))
}

/// Each profile's past on the next one's page: nothing may be learned from that but what is the same for everybody.
fn negative_control(parent: &SelectorSet, lessons: &[Lesson<'_>], needed: usize) -> Result<Value, String> {
    let mut accepted: Vec<String> = Vec::new();
    let shifts = lessons.len().clamp(1, 3);
    for shift in 1..shifts {
        let other = |at: usize| lessons[(at + shift) % lessons.len()].past;
        let shuffled: Vec<Lesson<'_>> =
            lessons.iter().enumerate().map(|(at, lesson)| Lesson { past: other(at), ..*lesson }).collect();
        let learned = draft(parent, &shuffled, needed);
        let findings = learned.iter().flat_map(|learned| &learned.findings);
        accepted.extend(findings.filter(|f| COUNTS.contains(&f.field.as_str())).map(|finding| finding.at.clone()));
    }
    if accepted.is_empty() {
        return Ok(json!({"shuffles": shifts - 1, "accepted": 0}));
    }
    Err(format!("a shuffled history was accepted: {}", accepted.join(", ")))
}

/// Beside the version in force, writing nothing: pages of other templates are read as before.
pub(super) fn shadow(
    site: &dyn Platform,
    parent: &SelectorSet,
    set: &SelectorSet,
    old: &[(String, Capture)],
) -> Result<Value, String> {
    for (_, capture) in old {
        let before = platform::read(site, capture, parent, POSTS);
        let after = platform::read(site, capture, set, POSTS);
        let same = before.profile == after.profile
            && before.posts == after.posts
            && before.outcome == after.outcome
            && before.coverage == after.coverage;
        if !same {
            return Err("a page of before the change is read differently".to_owned());
        }
    }
    Ok(json!({"old_pages": old.len(), "differ": 0}))
}

/// A document as the search takes it.
fn values(document: &Document) -> Values {
    let profile = document.profile.clone().unwrap_or_default();
    let posts = document.posts.iter().map(|post| PostValues {
        id: post.code.clone().unwrap_or_else(|| post.id.clone()),
        views: post.views,
        caption: post.caption.clone(),
    });
    Values {
        username: profile.username,
        display_name: profile.display_name,
        bio: profile.bio,
        followers: profile.followers,
        following: profile.following,
        likes: profile.likes,
        posts_count: profile.posts_count,
        avatar_url: profile.picture_url,
        external_url: profile.links.first().cloned(),
        posts: Some(posts.collect()),
    }
}
