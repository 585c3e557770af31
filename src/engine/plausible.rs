//! Whether what was read can be true, given what was known: pure. A value that cannot is held back, with the reason, and
//! no table of facts ever sees it; a person releases or drops it. What is only unusual (a surge) is stored and told.
//!
//! The thresholds are wide on purpose: drift is normal and news happens. What they catch is another account's page, a page
//! half rendered, and a number read from the wrong place.

mod own;

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use serde_json::Value;

use crate::extract::metrics::metrics;
use crate::model::document::{Document, Outcome, Post, Profile, ShortReason};
use crate::store::last::LastFacts;
use crate::store::save::HeldValue;

/// A count that is a tenth of what it was has fallen by 90 %.
const FALL: u64 = 10;
/// A count that is ten times what it was has surged.
const SURGE: u64 = 10;
/// Below this a count may fall or rise by any factor.
const SMALL: u64 = 100;
/// No list of posts shorter than this is proof of anything.
const FEW_POSTS: i64 = 5;
/// So many counts do not become 0 at once.
const ZEROS_MIN: usize = 3;
/// Likes this many times the views are too many, from [`MANY_LIKES`] on.
const LIKES_OVER_VIEWS: u64 = 10;
const MANY_LIKES: u64 = 1_000;
/// A post may be dated this much after the visit: clocks differ.
const AHEAD: Duration = Duration::days(1);
/// More people than there are.
const MOST_FOLLOWERS: u64 = 8_000_000_000;
/// More accounts, or posts, than any site lets one have.
const MOST_OF_ONE: u64 = 10_000_000;
/// More plays and likes than were ever counted.
const MOST_ENGAGED: u64 = 100_000_000_000_000;
/// What a counter that ran over shows: the largest of 32 and of 31 bits.
const RUN_OVER: [u64; 2] = [i32::MAX as u64, u32::MAX as u64];

/// What became of a document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judged {
    /// Taken out of the document, with the reason.
    pub held: Vec<HeldValue>,
    /// Left in: counts that grew tenfold, or left the profile's own drift, as (path, before, after).
    pub surges: Vec<(String, u64, u64)>,
    /// Whether any count left the profile's own drift; none where its past is too short to tell.
    pub drifted: Option<bool>,
}

impl Judged {
    /// Whether the profile's own counts are not what its past lets expect.
    #[must_use]
    pub fn strayed(&self) -> bool {
        let of_profile = |path: &str| path.starts_with("profile.");
        self.drifted == Some(true)
            || self.surges.iter().any(|(path, ..)| of_profile(path))
            || self.held.iter().any(|held| of_profile(&held.path))
    }
}

/// Takes out of the document what cannot be true.
pub fn judge(document: &mut Document, last: &LastFacts) -> Judged {
    let mut doubts = Doubts::default();
    let mut surges = Vec::new();
    let mut drifted = None;
    if matches!(document.outcome, Outcome::Ok | Outcome::Partial | Outcome::Private) {
        impossible(document, &mut doubts);
        fallen(document, last, &mut doubts);
        strangers(document, last, &mut doubts);
        surges = surged(document, last);
        let strays = own::strays(document, last);
        drifted = strays.as_ref().map(|strays| !strays.is_empty());
        for stray in strays.into_iter().flatten() {
            if !surges.iter().any(|(path, ..)| *path == stray.0) {
                surges.push(stray);
            }
        }
    }
    let held: Vec<HeldValue> = doubts
        .0
        .into_iter()
        .filter_map(|(path, reason)| {
            let value = value_at(document, &path)?;
            Some(HeldValue { path, value, reason })
        })
        .collect();
    let paths: Vec<String> = held.iter().map(|held| held.path.clone()).collect();
    withhold(document, &paths);
    surges.retain(|(path, _, _)| !paths.contains(path));
    Judged { held, surges, drifted }
}

/// Takes these values out of a document, with their notes and with what was computed from them.
pub fn withhold(document: &mut Document, paths: &[String]) {
    if paths.is_empty() {
        return;
    }
    let posts_before = document.posts.len();
    for path in paths {
        take(document, path);
        let beneath = format!("{path}.");
        document.fields.retain(|known, _| known != path && !known.starts_with(&beneath));
    }
    let followers = document.profile.as_ref().and_then(|profile| profile.followers);
    document.metrics = metrics(&document.posts, followers);
    document.coverage.got = document.posts.len();
    let emptied = paths.iter().any(|path| path == "profile.posts_count") && document.posts.is_empty();
    if document.outcome == Outcome::Ok && (document.posts.len() < posts_before || emptied) {
        document.outcome = Outcome::Partial;
        document.coverage.reason = Some(ShortReason::NoPostList);
    }
}

/// The value at a path of a document; none where it is absent.
#[must_use]
pub fn value_at(document: &Document, path: &str) -> Option<Value> {
    let tree = serde_json::to_value(document).ok()?;
    let value = match path.split_once('.')? {
        ("posts", rest) => {
            let (id, field) = rest.split_once('.').map_or((rest, None), |(id, field)| (id, Some(field)));
            let post = tree["posts"].as_array()?.iter().find(|post| post["id"] == id)?;
            field.map_or(post, |field| &post[field])
        }
        (root, field) => &tree[root][field],
    };
    (!value.is_null()).then(|| value.clone())
}

/// Puts a value back to its path; answers whether there is such a place.
#[must_use]
pub fn put(document: &mut Document, path: &str, value: Value) -> bool {
    let Ok(mut tree) = serde_json::to_value(&*document) else { return false };
    let placed = match path.split_once('.') {
        Some(("posts", rest)) => put_post(&mut tree, rest, value),
        Some((root, field)) => tree.get_mut(root).and_then(|root| root.get_mut(field)).map(|place| *place = value),
        None => None,
    };
    let Ok(changed) = serde_json::from_value::<Document>(tree) else { return false };
    if placed.is_none() {
        return false;
    }
    *document = changed;
    // Newest first, as the site has them; a post without a time stays where it is put: last.
    document.posts.sort_by_key(|post| std::cmp::Reverse(post.published_at));
    document.coverage.got = document.posts.len();
    let followers = document.profile.as_ref().and_then(|profile| profile.followers);
    document.metrics = metrics(&document.posts, followers);
    true
}

fn put_post(tree: &mut Value, rest: &str, value: Value) -> Option<()> {
    let posts = tree.get_mut("posts")?.as_array_mut()?;
    match rest.split_once('.') {
        Some((id, field)) => {
            let place = posts.iter_mut().find(|post| post["id"] == id)?.get_mut(field)?;
            *place = value;
        }
        None if value["id"] == rest => {
            posts.retain(|post| post["id"] != rest);
            posts.push(value);
        }
        None => return None,
    }
    Some(())
}

fn take(document: &mut Document, path: &str) {
    let Some((root, rest)) = path.split_once('.') else { return };
    if root == "posts" && !rest.contains('.') {
        document.posts.retain(|post| post.id != rest);
        return;
    }
    let (id, field) = if root == "posts" { rest.split_once('.').unwrap_or((rest, "")) } else { ("", rest) };
    if root == "posts" {
        let Some(post) = document.posts.iter_mut().find(|post| post.id == id) else { return };
        match field {
            "views" => post.views = None,
            "likes" => post.likes = None,
            "comments" => post.comments = None,
            "shares" => post.shares = None,
            "saves" => post.saves = None,
            "published_at" => (post.published_at, post.published_precision) = (None, None),
            _ => {}
        }
    } else if let Some(profile) = &mut document.profile {
        match field {
            "followers" => profile.followers = None,
            "following" => profile.following = None,
            "likes" => profile.likes = None,
            "posts_count" => profile.posts_count = None,
            _ => {}
        }
    }
}

/// Paths with their reasons, in order; the first reason for a path counts.
#[derive(Debug, Default)]
struct Doubts(Vec<(String, String)>);

impl Doubts {
    fn add(&mut self, path: String, reason: String) {
        if !self.0.iter().any(|(known, _)| *known == path) {
            self.0.push((path, reason));
        }
    }
}

/// What no profile and no post can have.
fn impossible(document: &Document, doubts: &mut Doubts) {
    let mut bound = |path: String, value: Option<u64>, most: u64| {
        let Some(value) = value else { return };
        if value > most {
            doubts.add(path, format!("{value} is more than there can be"));
        } else if RUN_OVER.contains(&value) {
            doubts.add(path, format!("{value} is where a counter of the site runs over"));
        }
    };
    if let Some(profile) = &document.profile {
        bound("profile.followers".to_owned(), profile.followers, MOST_FOLLOWERS);
        bound("profile.following".to_owned(), profile.following, MOST_OF_ONE);
        bound("profile.likes".to_owned(), profile.likes, MOST_ENGAGED);
        bound("profile.posts_count".to_owned(), profile.posts_count, MOST_OF_ONE);
    }
    for post in &document.posts {
        let counts = [
            ("views", post.views),
            ("likes", post.likes),
            ("comments", post.comments),
            ("shares", post.shares),
            ("saves", post.saves),
        ];
        for (field, value) in counts {
            bound(format!("posts.{}.{field}", post.id), value, MOST_ENGAGED);
        }
    }
    for post in &document.posts {
        contradictions(post, document.observed_at, doubts);
    }
}

/// What one post says against itself.
fn contradictions(post: &Post, observed_at: Option<DateTime<Utc>>, doubts: &mut Doubts) {
    if let (Some(views), Some(likes)) = (post.views, post.likes)
        && likes >= MANY_LIKES
        && likes / LIKES_OVER_VIEWS > views
    {
        let reason = format!("{likes} likes on {views} views");
        doubts.add(format!("posts.{}.views", post.id), reason.clone());
        if views > 0 {
            doubts.add(format!("posts.{}.likes", post.id), reason);
        }
    }
    if let (Some(published), Some(observed)) = (post.published_at, observed_at)
        && published > observed + AHEAD
    {
        doubts.add(format!("posts.{}.published_at", post.id), format!("published after it was seen, at {observed}"));
    }
}

/// Counts that fell by 90 %, and posts that are all gone at once.
fn fallen(document: &Document, last: &LastFacts, doubts: &mut Doubts) {
    let Some(profile) = &document.profile else { return };
    let fell = |before: Option<i64>, after: Option<u64>| {
        let (before, after) = (before.and_then(|n| u64::try_from(n).ok())?, after?);
        (before >= SMALL && after.saturating_mul(FALL) <= before).then(|| format!("fell from {before} to {after}"))
    };
    if let Some(reason) = fell(last.followers, profile.followers) {
        doubts.add("profile.followers".to_owned(), reason);
        // Alone, a zero here may well be true.
        if let (Some(before), Some(0)) = (last.following.filter(|before| *before > 0), profile.following) {
            doubts.add("profile.following".to_owned(), format!("fell from {before} to 0 with the followers"));
        }
    }
    for (path, before) in zeroed(profile, last) {
        doubts.add(path.to_owned(), format!("fell from {before} to 0 with all others"));
    }
    let fewer_posts = fell(last.posts_count, profile.posts_count);
    // With the posts their likes go too: then the posts are the question.
    if let (Some(reason), None) = (fell(last.likes, profile.likes), &fewer_posts) {
        doubts.add("profile.likes".to_owned(), reason);
    }
    let private = document.outcome == Outcome::Private || profile.private == Some(true);
    let emptied = last.live_posts >= FEW_POSTS && profile.posts_count == Some(0) && document.posts.is_empty();
    if let Some(reason) = fewer_posts {
        doubts.add("profile.posts_count".to_owned(), reason);
    } else if emptied && !private {
        doubts
            .add("profile.posts_count".to_owned(), format!("all of {} known posts are gone at once", last.live_posts));
    }
}

/// The counts of a page that has zeros in place of numbers: none of them is one, however small the profile was. What there was of each.
fn zeroed(profile: &Profile, last: &LastFacts) -> Vec<(&'static str, i64)> {
    let counts = [
        ("profile.followers", last.followers, profile.followers),
        ("profile.following", last.following, profile.following),
        ("profile.likes", last.likes, profile.likes),
        ("profile.posts_count", last.posts_count, profile.posts_count),
    ];
    let shown: Vec<_> = counts
        .into_iter()
        .filter_map(|(path, before, after)| Some((path, before.filter(|before| *before > 0)?, after?)))
        .collect();
    let all = shown.iter().all(|(.., after)| *after == 0);
    let followers = shown.first().is_some_and(|(path, ..)| *path == "profile.followers");
    if all && followers && shown.len() >= ZEROS_MIN {
        shown.into_iter().map(|(path, before, _)| (path, before)).collect()
    } else {
        Vec::new()
    }
}

/// Posts of another account: known as another's, or a list that has nothing in common with the known one though it is as old.
fn strangers(document: &Document, last: &LastFacts, doubts: &mut Doubts) {
    if document.posts.is_empty() {
        return;
    }
    let foreign: BTreeSet<&str> = last.foreign.iter().map(String::as_str).collect();
    // One or two may be co-authored; a list of them is another's list.
    if foreign.len() >= 2 && foreign.len() > last.own.len() {
        let reason = format!("{} of its {} posts are another account's", foreign.len(), document.posts.len());
        for post in document.posts.iter().filter(|post| foreign.contains(post.id.as_str())) {
            doubts.add(format!("posts.{}", post.id), reason.clone());
        }
        for field in ["followers", "following", "likes", "posts_count"] {
            doubts.add(format!("profile.{field}"), reason.clone());
        }
        return;
    }
    let Some(seen) = last.observed_at else { return };
    let old = document.posts.iter().filter(|post| post.published_at.is_some_and(|at| at < seen - AHEAD)).count();
    if last.live_posts >= FEW_POSTS && last.own.is_empty() && old * 2 > document.posts.len() {
        let reason = format!("none of {} known posts is among them, though most are older than these", last.live_posts);
        for post in &document.posts {
            doubts.add(format!("posts.{}", post.id), reason.clone());
        }
    }
}

/// Counts that grew tenfold.
fn surged(document: &Document, last: &LastFacts) -> Vec<(String, u64, u64)> {
    let Some(profile) = &document.profile else { return Vec::new() };
    let counts = [
        ("followers", last.followers, profile.followers),
        ("likes", last.likes, profile.likes),
        ("posts_count", last.posts_count, profile.posts_count),
    ];
    counts
        .into_iter()
        .filter_map(|(field, before, after)| {
            let (before, after) = (u64::try_from(before?).ok()?, after?);
            let surge = before >= SMALL && after >= before.saturating_mul(SURGE);
            surge.then(|| (format!("profile.{field}"), before, after))
        })
        .collect()
}

#[cfg(test)]
mod tests;
