//! Fields that were there and are not any more, though the page is read: how often each field is filled, what each profile had, and
//! for each template the profiles that have lacked it one after the other. That so many lack it by chance must be as good as impossible:
//! a field that few profiles have needs many of them, one that all have needs five.

use std::collections::{BTreeMap, BTreeSet};

use super::halves::{Halves, Usual};
use super::templates::Alarm;
use crate::model::document::{Document, Precision, ShortReason};

/// Profiles that must lack a field.
pub(super) const PROFILES_MIN: usize = 5;
/// The natural logarithm of the chance at which a loss is believed: one in a thousand million.
pub(super) const CHANCE: f64 = -20.7;
/// How sure a field that all have, or that this profile had, is to be there again.
pub(super) const SUREST: f64 = 0.985;
/// A field rarer than this proves nothing.
const RAREST: f64 = 0.05;
/// A rate is halved here, so that it stays young.
const SEEN_MAX: u32 = 2_000;
/// Profiles whose fields are remembered, and streaks.
const REMEMBERED: usize = 2_000;
/// From here on sites show counts without their last digits; whether data still tells them is a field of its own.
const CUT_FROM: u64 = 10_000;

/// The fill rates of a platform's fields.
#[derive(Debug, Default)]
pub(super) struct Fills {
    rates: BTreeMap<String, Rate>,
    /// The fields that each profile had when it was last read.
    profiles: BTreeMap<String, BTreeSet<String>>,
    /// By template and field.
    streaks: BTreeMap<(String, String), Streak>,
    told: BTreeSet<(String, String)>,
    /// How often a field is there again on a page whose profile had it the last time.
    kept: BTreeMap<String, Rate>,
    halves: Halves,
    /// Whether captures usually have further pages.
    several: Rate,
}

#[derive(Debug, Default, Clone, Copy)]
struct Rate {
    seen: u32,
    filled: u32,
}

impl Rate {
    fn count(&mut self, seen: u32, filled: u32) {
        if self.seen >= SEEN_MAX {
            *self = Self { seen: self.seen / 2, filled: self.filled / 2 };
        }
        self.seen += seen;
        self.filled += filled;
    }

    fn share(self) -> f64 {
        f64::from(self.filled) / f64::from(self.seen + 2)
    }
}

/// Profiles without a field, one after the other.
#[derive(Debug, Default)]
struct Streak {
    handles: BTreeSet<String>,
    chance: f64,
    /// What counts as not filled once the streak ends.
    lacked: u32,
}

impl Fills {
    /// Takes a document of before into account.
    pub(super) fn learn(&mut self, document: &Document) {
        let here = fields(document);
        for (field, (of, filled)) in &here {
            self.rates.entry(field.clone()).or_default().count(*of, *filled);
        }
        self.remember(handle(document), here);
    }

    /// Takes a page that is believed into account; answers with what its template has just been found to have lost.
    pub(super) fn see(&mut self, fingerprint: &str, document: &Document, pages: usize) -> Option<Alarm> {
        if document.profile.as_ref().is_none_or(|profile| profile.private == Some(true)) {
            return None;
        }
        let (here, handle) = (fields(document), handle(document));
        let posts = u32::try_from(document.posts.len()).unwrap_or(u32::MAX);
        let whole = self.is_whole(document, pages);
        let mut lost = Vec::new();
        let mut profiles = BTreeSet::new();
        let known: BTreeSet<String> = self.rates.keys().chain(here.keys()).cloned().collect();
        for field in known {
            let key = (fingerprint.to_owned(), field);
            let field = &key.1;
            if let Some((of, filled)) = here.get(field) {
                let lacked = self.streaks.remove(&key).map_or(0, |streak| streak.lacked);
                self.told.remove(&key);
                self.halves.has(&key);
                self.keep(&handle, field, 1);
                self.rates.entry(field.clone()).or_default().count(of + lacked, *filled);
                continue;
            }
            let of = if field.starts_with("posts.") { posts } else { 1 };
            if of == 0 || !applies(field, document) || (field.starts_with("posts.") && !whole) {
                continue;
            }
            let had = self.profiles.get(&handle).is_some_and(|fields| fields.contains(field));
            let rate = self.rates.get(field).copied().unwrap_or_default().share();
            let again = self.keep(&handle, field, 0);
            let again = again.filter(|_| !field.starts_with("posts."));
            let half = self.halves.lacks(&key, &handle, Usual { rate, again });
            let sure = if had && !field.starts_with("posts.") { SUREST } else { rate.min(SUREST) };
            if self.streaks.len() >= REMEMBERED {
                self.streaks.pop_first();
            }
            let streak = self.streaks.entry(key.clone()).or_default();
            streak.lacked = streak.lacked.saturating_add(of);
            if streak.handles.len() < REMEMBERED && streak.handles.insert(handle.clone()) && sure >= RAREST {
                streak.chance += (1.0 - sure).ln();
            }
            if streak.chance <= CHANCE && streak.handles.len() >= PROFILES_MIN && self.told.insert(key.clone()) {
                profiles.extend(streak.handles.iter().cloned());
                self.halves.forget(&key);
                lost.push(key.1);
            } else if let Some(handles) = half.filter(|_| !self.told.contains(&key)) {
                profiles.extend(handles);
                lost.push(key.1);
            }
        }
        self.remember(handle, here);
        let alarm = Alarm { fingerprint: fingerprint.to_owned(), lost, profiles: profiles.into_iter().collect() };
        (!alarm.lost.is_empty()).then_some(alarm)
    }

    /// What has been told of a template that this page lacks.
    pub(super) fn lacks(&self, fingerprint: &str) -> Vec<&str> {
        let told = self.told.iter().filter(|(known, _)| known == fingerprint).map(|(_, field)| field.as_str());
        told.chain(self.halves.told(fingerprint)).collect::<BTreeSet<&str>>().into_iter().collect()
    }

    /// Counts whether a field is there again where the profile had it the last time; how often that was so until now.
    fn keep(&mut self, handle: &str, field: &str, filled: u32) -> Option<f64> {
        self.profiles.get(handle).filter(|fields| fields.contains(field))?;
        let rate = self.kept.entry(field.to_owned()).or_default();
        let before = rate.share();
        rate.count(1, filled);
        Some(before)
    }

    /// Whether all pages that a crawl usually has are there: what stands on posts' own pages is not missing where those were not loaded.
    fn is_whole(&mut self, document: &Document, pages: usize) -> bool {
        let usual = self.several.share() > 0.5;
        self.several.count(1, u32::from(pages > 1));
        let short = matches!(
            document.coverage.reason,
            Some(ShortReason::BlockedMidway | ShortReason::Budget | ShortReason::GuestLimit)
        );
        !short && (pages > 1 || !usual)
    }

    fn remember(&mut self, handle: String, here: Fields) {
        let had = here.into_keys().filter(|field| !field.starts_with("posts.")).collect();
        if self.profiles.len() >= REMEMBERED {
            self.profiles.pop_first();
        }
        self.profiles.insert(handle, had);
    }
}

fn handle(document: &Document) -> String {
    document.handle.as_ref().map(|handle| handle.as_str().to_lowercase()).unwrap_or_default()
}

fn count_of(document: &Document, name: &str) -> Option<u64> {
    let profile = document.profile.as_ref()?;
    match name {
        "profile.followers" => profile.followers,
        "profile.following" => profile.following,
        "profile.likes" => profile.likes,
        _ => None,
    }
}

/// The name under which the last digits of a count are a field of their own.
pub(in crate::engine) const DIGITS: &str = " to the last digit";

/// Whether a document can have a field at all: a small count is shown with all its digits anyhow.
fn applies(field: &str, document: &Document) -> bool {
    let large = |name: &str| count_of(document, name).is_some_and(|count| count >= CUT_FROM);
    field.strip_suffix(DIGITS).is_none_or(large)
}

/// Whether a document that could have a field lacks it.
pub(super) fn is_missing(document: &Document, field: &str) -> bool {
    let may = if field.starts_with("posts.") { !document.posts.is_empty() } else { applies(field, document) };
    may && !fields(document).contains_key(field)
}

type Fields = BTreeMap<String, (u32, u32)>;

/// The fields that a document has: of how many things, and on how many of them.
fn fields(document: &Document) -> Fields {
    let posts = u32::try_from(document.posts.len()).unwrap_or(u32::MAX);
    // There are hundreds of notes: a name is made for each field alone.
    let mut of_posts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut found = Fields::new();
    for (path, note) in &document.fields {
        if let Some((_, field)) = path.strip_prefix("posts.").and_then(|rest| rest.split_once('.')) {
            *of_posts.entry(field).or_default() += 1;
            continue;
        }
        let large = count_of(document, path).is_some_and(|count| count >= CUT_FROM);
        if large && note.precision == Precision::Exact {
            found.insert(format!("{path}{DIGITS}"), (1, 1));
        }
        found.insert(path.clone(), (1, 1));
    }
    found.extend(of_posts.into_iter().map(|(field, filled)| (format!("posts.{field}"), (posts, filled))));
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(handle: &str, has: &[&str], posts: usize) -> Document {
        let note = json!({"source": "network", "rule": "r", "raw": "", "precision": "exact", "agreed_by": []});
        let of_posts = has.iter().filter_map(|field| field.strip_prefix("posts."));
        let mut fields: serde_json::Map<String, serde_json::Value> = has
            .iter()
            .filter(|field| field.starts_with("profile."))
            .map(|field| ((*field).to_owned(), note.clone()))
            .collect();
        fields.extend(
            of_posts
                .flat_map(|field| (0..posts).map(move |n| (format!("posts.{n}.{field}"), ())))
                .map(|(path, ())| (path, note.clone())),
        );
        let document = json!({
            "schema": crate::model::document::SCHEMA, "platform": "tiktok", "handle": handle, "outcome": "ok",
            "profile": {"id": handle, "followers": 20_000},
            "posts": (0..posts).map(|n| json!({"id": n.to_string()})).collect::<Vec<_>>(),
            "coverage": {"requested": 20, "got": posts}, "metrics": {}, "fields": fields,
            "selectors": {"version": "v1"},
        });
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn a_field_that_all_had_is_missed_on_five_profiles_and_told_once() {
        let mut fills = Fills::default();
        let (whole, less) = (["profile.followers", "posts.views", "posts.likes"], ["profile.followers", "posts.views"]);
        for n in 0..20 {
            assert_eq!(fills.see("a", &document(&format!("p{n}"), &whole, 12), 1), None);
        }
        let alarms: Vec<Alarm> =
            (0..12).filter_map(|n| fills.see("b", &document(&format!("p{}", n / 2), &less, 12), 1)).collect();
        let [alarm] = alarms.as_slice() else { panic!("{alarms:?}") };
        assert_eq!((alarm.lost.as_slice(), alarm.profiles.len()), (["posts.likes".to_owned()].as_slice(), 5));
        assert_eq!((fills.lacks("b"), fills.lacks("a").len()), (vec!["posts.likes"], 0));
        assert_eq!(fills.see("b", &document("p1", &whole, 12), 1), None);
        assert!(fills.lacks("b").is_empty(), "it is there again");
    }

    #[test]
    fn a_field_that_every_second_page_of_a_template_lacks_is_told() {
        let mut fills = Fills::default();
        let (whole, less) = (["profile.followers", "profile.bio", "posts.views"], ["profile.followers"]);
        for n in 0..60 {
            assert_eq!(fills.see("a", &document(&format!("p{}", n % 20), &whole, 12), 1), None);
        }
        let mut alarms = Vec::new();
        for n in 0..60 {
            let has: &[&str] = if n % 2 == 0 { &whole } else { &less };
            alarms.extend(
                fills.see("a", &document(&format!("p{}", (n * 7) % 20), has, 12), 1).map(|alarm| (n, alarm.lost)),
            );
        }
        let mut lost: Vec<&str> = alarms.iter().flat_map(|(_, lost)| lost).map(String::as_str).collect();
        lost.sort_unstable();
        assert_eq!(lost, ["posts.views", "profile.bio"], "{alarms:?}");
        assert!(alarms.iter().all(|(page, _)| *page < 40), "{alarms:?}");
    }

    #[test]
    fn what_a_profile_had_is_missed_sooner_than_what_strangers_may_have() {
        let mut fills = Fills::default();
        let has =
            |n: usize| if n.is_multiple_of(2) { vec!["profile.bio", "profile.links"] } else { vec!["profile.bio"] };
        for n in 0..400 {
            assert_eq!(fills.see("a", &document(&format!("p{}", n % 40), &has(n), 0), 1), None);
        }
        let lost = |fills: &mut Fills, names: &str| {
            (0..12).find(|n| fills.see("b", &document(&format!("{names}{}", n * 2), &["profile.bio"], 0), 1).is_some())
        };
        assert_eq!(lost(&mut fills, "stranger"), None);
        fills.see("b", &document("p0", &has(0), 0), 1);
        assert_eq!(lost(&mut fills, "p"), Some(4));
    }

    #[test]
    fn counts_that_lose_their_last_digits_are_missed_and_posts_pages_that_were_not_loaded_are_not() {
        let mut fills = Fills::default();
        for n in 0..20 {
            assert_eq!(fills.see("a", &document(&format!("p{n}"), &["profile.followers", "posts.likes"], 9), 4), None);
        }
        let mut lost = Vec::new();
        for n in 0..20 {
            let mut page = document(&format!("p{n}"), &["profile.followers"], 9);
            page.fields.values_mut().for_each(|note| note.precision = Precision::Rounded);
            lost.extend(fills.see("a", &page, 1).map(|alarm| alarm.lost));
        }
        assert_eq!(lost, [["profile.followers to the last digit"]]);
    }
}
