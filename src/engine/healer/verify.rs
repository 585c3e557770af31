//! Whether a learned version may count. Nothing here is likeness: each check asks pages and histories that had no part in the answer.

use serde_json::{Value, json};

use super::{HealError, PROFILES_MIN};
use crate::clock::Clock;
use crate::engine::drift::heal_page;
use crate::extract::detect;
use crate::extract::heal::field::{PostValues, Values};
use crate::extract::heal::selectors::OldSelectors;
use crate::extract::heal::{self, Known};
use crate::extract::relearn::{Lesson, Relearned, Studied, relearn};
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

/// A held page with what is known of its profile.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) handle: String,
    pub(super) known: Document,
    /// Known from an earlier visit and not from the page itself.
    pub(super) from_past: bool,
    /// The page of that visit.
    pub(super) known_page: Option<Capture>,
    pub(super) capture: Capture,
}

/// The version, or why there is none; and the evidence either way.
type Judged = (Result<Relearned, String>, Value);

/// Learns a version and tries to refute it.
pub(super) fn candidate(
    site: &dyn Platform,
    parent: &SelectorSet,
    samples: &[Sample],
    old: &[Capture],
    clock: &Clock,
) -> Result<Judged, HealError> {
    let mut samples: Vec<&Sample> = samples.iter().collect();
    samples.sort_by(|a, b| a.handle.cmp(&b.handle));
    let handles: Vec<&str> = samples.iter().map(|sample| sample.handle.as_str()).collect();
    let mut evidence = json!({"profiles": handles});
    let studied: Vec<Studied> = samples.iter().map(|sample| Studied::of(&sample.capture, parent)).collect();
    let lessons: Vec<Lesson<'_>> = samples
        .iter()
        .zip(&studied)
        .map(|(sample, page)| Lesson { handle: &sample.handle, past: &sample.known, page })
        .collect();
    let Some(relearned) = relearn(parent, &lessons)? else {
        return Ok((Err("no way leads to the known values on every page".to_owned()), evidence));
    };
    evidence["rules"] = json!(relearned.findings);
    let checks = [
        ("replay", replay(site, &relearned.set, &samples)),
        ("search", search(site, &relearned.set, &samples, clock)),
        ("leave_one_out", leave_one_out(site, parent, &relearned.set, (&samples, &lessons))?),
        ("negative_control", negative_control(parent, &lessons)?),
        ("shadow", shadow(site, parent, &relearned.set, old)),
    ];
    let mut refused = None;
    for (name, outcome) in checks {
        match outcome {
            Ok(told) => evidence[name] = told,
            Err(why) => {
                evidence[name] = json!({"refused": why});
                refused = refused.or(Some(format!("{name}: {why}")));
            }
        }
    }
    evidence["canary"] = json!({"pages": samples.len(), "held_back": true});
    Ok((refused.map_or(Ok(relearned), Err), evidence))
}

fn count(document: &Document, at: usize) -> Option<u64> {
    let profile = document.profile.as_ref()?;
    [profile.followers, profile.following, profile.likes, profile.posts_count].get(at).copied().flatten()
}

const COUNTS: [&str; 4] = ["followers", "following", "likes", "posts_count"];

fn near(one: u64, other: u64) -> bool {
    one.abs_diff(other) <= (one.max(other) / 100 * DRIFT_PERCENT).max(SMALL)
}

/// Every held page is read: its own profile, each count within its drift, on all pages but one in eight; each count by enough.
fn replay(site: &dyn Platform, set: &SelectorSet, samples: &[&Sample]) -> Result<Value, String> {
    let read: Vec<Document> = samples.iter().map(|sample| platform::read(site, &sample.capture, set, POSTS)).collect();
    let mut told = json!({"pages": samples.len()});
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
    if told["followers"] == json!(0) {
        return Err("no page shows its followers".to_owned());
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
fn search(site: &dyn Platform, set: &SelectorSet, samples: &[&Sample], clock: &Clock) -> Result<Value, String> {
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
        return Err(format!("the search finds other values: {differ} differ, {agreed} agree"));
    }
    Ok(json!({"agreed": agreed, "differ": differ, "known_pages": known.len()}))
}

/// Learned without a profile, the version still reads that profile's page as the whole one does.
fn leave_one_out(
    site: &dyn Platform,
    parent: &SelectorSet,
    set: &SelectorSet,
    (samples, lessons): (&[&Sample], &[Lesson<'_>]),
) -> Result<Result<Value, String>, HealError> {
    if samples.len() <= PROFILES_MIN {
        // With the fewest, each profile is needed: five chances in a thousand, five times, are what is left to trust.
        return Ok(Ok(json!({"left_out": 0, "why": "each profile is needed"})));
    }
    let mut left_out = 0;
    for (at, sample) in samples.iter().enumerate() {
        let others: Vec<Lesson<'_>> =
            lessons.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, lesson)| *lesson).collect();
        let Some(without) = relearn(parent, &others)? else {
            return Ok(Err(format!("nothing is learned without {}", sample.handle)));
        };
        let whole = platform::read(site, &sample.capture, set, POSTS);
        let part = platform::read(site, &sample.capture, &without.set, POSTS);
        if let Some(doubt) = detect::differs(&whole, &part).first() {
            return Ok(Err(format!("without {}: {}", sample.handle, doubt.sentence())));
        }
        left_out += 1;
    }
    Ok(Ok(json!({"left_out": left_out})))
}

/// Each profile's past on the next one's page: nothing may be learned from that but what is the same for everybody.
fn negative_control(parent: &SelectorSet, lessons: &[Lesson<'_>]) -> Result<Result<Value, String>, HealError> {
    let next = |at: usize| lessons[(at + 1) % lessons.len()].past;
    let shuffled: Vec<Lesson<'_>> =
        lessons.iter().enumerate().map(|(at, lesson)| Lesson { past: next(at), ..*lesson }).collect();
    let learned = relearn(parent, &shuffled)?;
    let counts = learned.iter().flat_map(|learned| &learned.findings).filter(|f| COUNTS.contains(&f.field.as_str()));
    let accepted: Vec<&str> = counts.map(|finding| finding.at.as_str()).collect();
    if accepted.is_empty() {
        return Ok(Ok(json!({"accepted": 0})));
    }
    Ok(Err(format!("a shuffled history was accepted: {}", accepted.join(", "))))
}

/// Pages of before the change are read as they were.
fn shadow(site: &dyn Platform, parent: &SelectorSet, set: &SelectorSet, old: &[Capture]) -> Result<Value, String> {
    for capture in old {
        let mut before = platform::read(site, capture, parent, POSTS);
        let after = platform::read(site, capture, set, POSTS);
        before.selectors.clone_from(&after.selectors);
        if before != after {
            return Err("a page of before the change is read differently".to_owned());
        }
    }
    Ok(json!({"old_pages": old.len()}))
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
