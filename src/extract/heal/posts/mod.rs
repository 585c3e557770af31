//! Posts: lists of records, found by the ids known of old, each field relative to its record. A rule counts only when it holds for
//! nearly all records (N of N, not 1 of N), and a record counts only when nothing in it names another as its owner.

mod grid;
mod list;

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::address::Style;
use super::field::{PostValues, Values};
use super::identity::Named;
use super::number::Count;
use super::page::Page;
use super::shown::Phrase;
use super::text;

/// A record's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// The post's id.
    Id,
    /// Plays.
    Views,
    /// Its text.
    Caption,
}

/// What a locator has shown for a role: hits and tries, on known-good and on changed pages.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    hits: usize,
    tries: usize,
    changed_hits: usize,
    changed_tries: usize,
}

/// All that was learned about records.
#[derive(Default)]
pub(crate) struct PostLessons {
    tallies: HashMap<(Role, u64), Tally>,
}

/// A value found in a record.
#[derive(Debug, Clone, PartialEq)]
enum Found {
    Count(Count),
    Text(String),
}

/// A locator's name: the same parts give the same on every page and in every run.
fn locator(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// A record: its post's id and every value in it, by locator.
struct Record {
    id: String,
    values: Vec<(u64, Found)>,
    /// Whether the record itself names the profile as its owner.
    named: bool,
}

/// A page to learn from.
pub(crate) struct PostLesson<'a> {
    pub(crate) page: &'a Page,
    pub(crate) named: &'a Named,
    pub(crate) phrases: &'a [Phrase],
    pub(crate) past: &'a Values,
    pub(crate) same_visit: bool,
}

impl PostLessons {
    /// Learns from all pages with a past.
    pub(crate) fn learn(lessons: &[PostLesson<'_>], style: &Style) -> Self {
        let mut learned = Self::default();
        for lesson in lessons {
            let Some(posts) = lesson.past.posts.as_deref().filter(|posts| !posts.is_empty()) else { continue };
            let past: HashMap<&str, &PostValues> = posts.iter().map(|post| (post.id.as_str(), post)).collect();
            list::learn(&mut learned, lesson, &past, style);
            for group in grid::groups(lesson.page, lesson.named, lesson.phrases, style) {
                for record in &group.records {
                    if let Some(post) = past.get(record.id.as_str()) {
                        learned.learn_values(&record.values, post, lesson.same_visit);
                    }
                }
                let ours = group.records.iter().any(|record| past.contains_key(record.id.as_str()));
                if ours {
                    learned.tally(Role::Id, group.shape, true, lesson.same_visit);
                }
            }
        }
        learned
    }

    fn tally(&mut self, role: Role, locator: u64, hit: bool, same_visit: bool) {
        let tally = self.tallies.entry((role, locator)).or_default();
        let (hits, tries) = if same_visit {
            (&mut tally.hits, &mut tally.tries)
        } else {
            (&mut tally.changed_hits, &mut tally.changed_tries)
        };
        *hits += usize::from(hit);
        *tries += 1;
    }

    /// What each locator of a record whose post is known finds for views and caption.
    fn learn_values(&mut self, values: &[(u64, Found)], post: &PostValues, same_visit: bool) {
        for (locator, found) in values {
            match found {
                Found::Count(count) => {
                    if let Some(was) = post.views {
                        self.tally(Role::Views, *locator, views_fit(was, *count, same_visit), same_visit);
                    }
                }
                Found::Text(found) => {
                    if let Some(was) = post.caption.as_deref().filter(|caption| !caption.is_empty()) {
                        self.tally(Role::Caption, *locator, text::plain(was) == text::plain(found), same_visit);
                    }
                }
            }
        }
    }

    /// How far a locator is trusted for a role: 0 not at all.
    fn trust(&self, role: Role, locator: u64) -> usize {
        let Some(tally) = self.tallies.get(&(role, locator)) else { return 0 };
        if tally.changed_tries > 0 {
            // Some posts surge and leave their past; no other number of a record follows the past of half of them.
            let held = tally.changed_hits * 2 >= tally.changed_tries && tally.changed_hits >= 2;
            return if held { 1_000 + tally.changed_hits } else { 0 };
        }
        let held = tally.hits * 10 >= tally.tries * 9 && tally.hits >= 2;
        if held { tally.hits } else { 0 }
    }

    /// The value of a role in a record: of the most trusted locator that finds exactly one.
    fn pick(&self, role: Role, record: &Record) -> Option<Found> {
        let mut best: Option<(usize, &Found)> = None;
        for (locator, found) in &record.values {
            let trust = self.trust(role, *locator);
            if trust == 0 || matches!(found, Found::Count(_)) != (role == Role::Views) {
                continue;
            }
            let alone = record
                .values
                .iter()
                .filter(|(other, _)| other == locator)
                .all(|(_, other)| agree(other, found) || !alike(other, found));
            if !alone || best.is_some_and(|(held, _)| held >= trust) {
                continue;
            }
            best = Some((trust, found));
        }
        best.map(|(_, found)| found.clone())
    }

    fn read(&self, record: &Record) -> (PostValues, u64) {
        let (views, unit) = match self.pick(Role::Views, record) {
            Some(Found::Count(count)) => (Some(count.value), count.unit),
            _ => (None, 1),
        };
        let caption = match self.pick(Role::Caption, record) {
            Some(Found::Text(text)) => Some(text),
            _ => None,
        };
        (PostValues { id: record.id.clone(), views, caption }, unit)
    }
}

fn alike(a: &Found, b: &Found) -> bool {
    matches!(a, Found::Count(_)) == matches!(b, Found::Count(_))
}

fn agree(a: &Found, b: &Found) -> bool {
    match (a, b) {
        (Found::Count(a), Found::Count(b)) => a.agrees(*b),
        (Found::Text(a), Found::Text(b)) => a == b,
        _ => false,
    }
}

/// Views only grow, but for small corrections.
fn views_fit(was: u64, is: Count, same_visit: bool) -> bool {
    let coarse = if is.unit > 1 { is.unit } else { 0 };
    if same_visit {
        return was.abs_diff(is.value) <= coarse;
    }
    let low = was - was / 25;
    let high = was + was / 6 + 3;
    is.value + coarse >= low && is.value <= high + coarse
}

/// The posts of a page: from JSON where it has the list, from the grid otherwise; what one lacks the other fills in.
pub(crate) fn find(
    page: &Page,
    named: &Named,
    phrases: &[Phrase],
    past: Option<&Values>,
    lessons: &PostLessons,
    style: &Style,
) -> Option<Vec<PostValues>> {
    let past: HashMap<&str, &PostValues> = past
        .and_then(|past| past.posts.as_deref())
        .unwrap_or_default()
        .iter()
        .map(|post| (post.id.as_str(), post))
        .collect();
    let listed = list::find(page, named, &past, lessons, style);
    let shown = grid::find(page, named, phrases, &past, lessons, style);
    let (Some(mut listed), Some(shown)) = (listed.clone(), shown.clone()) else { return listed.or(shown) };
    let shown_by_id: HashMap<&str, &PostValues> = shown.iter().map(|post| (post.id.as_str(), post)).collect();
    let shared = listed.iter().filter(|post| shown_by_id.contains_key(post.id.as_str())).count();
    if shared == 0 {
        return None;
    }
    for post in &mut listed {
        let Some(other) = shown_by_id.get(post.id.as_str()) else { continue };
        post.views = post.views.or(other.views);
        if post.caption.is_none() {
            post.caption.clone_from(&other.caption);
        }
    }
    if shown.len() > listed.len() {
        let by_id: HashMap<String, PostValues> = listed.into_iter().map(|post| (post.id.clone(), post)).collect();
        return Some(shown.into_iter().map(|post| by_id.get(&post.id).cloned().unwrap_or(post)).collect());
    }
    Some(listed)
}
