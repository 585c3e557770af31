//! A field that falls silent on some pages of a template and not on others: a site rolls out a change to a part of its visitors, and the
//! template's mark does not tell the two apart. No row of pages without it ever grows long, so a window of pages is looked at: that so
//! many of them lack it by chance must be as good as impossible.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::fills::{CHANCE, PROFILES_MIN, SUREST};

/// Pages that are looked at together.
const WINDOW: usize = 40;
/// So many pages with the field in a row: what lacked it is over.
const OVER: usize = 20;
/// A field that is there less often than this proves nothing on a single page.
const SURE_MIN: f64 = 0.9;
/// Windows that are kept.
const REMEMBERED: usize = 2_000;

/// A template and a field.
type Key = (String, String);

/// The windows of a platform's templates and fields; only those that lacked something have one.
#[derive(Debug, Default)]
pub(super) struct Halves {
    windows: BTreeMap<Key, Window>,
    told: BTreeSet<Key>,
}

/// How often a field is there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Usual {
    /// On any page.
    pub(super) rate: f64,
    /// On a page whose profile had it the last time; none where it had not.
    pub(super) again: Option<f64>,
}

/// Pages since one first lacked the field; and how usual it was then, for what the window counts must not change what it is measured by.
#[derive(Debug)]
struct Window {
    usual: Usual,
    pages: VecDeque<Option<Lack>>,
}

/// A page without the field.
#[derive(Debug)]
struct Lack {
    handle: String,
    /// The natural logarithm of the chance that such a page lacks it.
    chance: f64,
}

impl Halves {
    /// A page has the field.
    pub(super) fn has(&mut self, key: &Key) {
        let Some(window) = self.windows.get_mut(key) else { return };
        window.push(None);
        if window.pages.iter().rev().take_while(|page| page.is_none()).count() >= OVER {
            self.forget(key);
        }
    }

    /// What was seen of a field says nothing any more: it is told otherwise, or it is there again.
    pub(super) fn forget(&mut self, key: &Key) {
        self.windows.remove(key);
        self.told.remove(key);
    }

    /// A page lacks the field; answers with the profiles that lack it where that is found just now to be no chance.
    pub(super) fn lacks(&mut self, key: &Key, handle: &str, usual: Usual) -> Option<Vec<String>> {
        if !self.windows.contains_key(key) {
            if usual.sure() < SURE_MIN {
                return None;
            }
            if self.windows.len() >= REMEMBERED
                && let Some((oldest, _)) = self.windows.pop_first()
            {
                self.told.remove(&oldest);
            }
        }
        let window = self.windows.entry(key.clone()).or_insert_with(|| Window { usual, pages: VecDeque::new() });
        let again = usual.again.map(|again| *window.usual.again.get_or_insert(again));
        let sure = Usual { again, ..window.usual }.sure();
        if sure < SURE_MIN {
            return None;
        }
        window.push(Some(Lack { handle: handle.to_owned(), chance: (1.0 - sure).ln() }));
        let lacks = || window.pages.iter().flatten();
        let handles: BTreeSet<&str> = lacks().map(|lack| lack.handle.as_str()).collect();
        let chance = lacks().map(|lack| lack.chance).sum::<f64>() + ways(window.pages.len(), lacks().count());
        if chance > CHANCE || handles.len() < PROFILES_MIN || self.told.contains(key) {
            return None;
        }
        let handles = handles.into_iter().map(str::to_owned).collect();
        self.told.insert(key.clone());
        Some(handles)
    }

    /// What has been told of a template.
    pub(super) fn told(&self, fingerprint: &str) -> impl Iterator<Item = &str> {
        self.told.iter().filter(move |(known, _)| known == fingerprint).map(|(_, field)| field.as_str())
    }
}

impl Usual {
    fn sure(self) -> f64 {
        self.again.map_or(self.rate, |again| again.max(self.rate)).min(SUREST)
    }
}

impl Window {
    fn push(&mut self, page: Option<Lack>) {
        if self.pages.len() >= WINDOW {
            self.pages.pop_front();
        }
        self.pages.push_back(page);
    }
}

/// The natural logarithm of the number of ways to choose `some` of `all`: which pages lack it was not said beforehand.
fn ways(all: usize, some: usize) -> f64 {
    let number = |n: usize| u32::try_from(n).map_or(f64::MAX, f64::from);
    (0..some).map(|n| (number(all - n) / number(n + 1)).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Key {
        ("a".to_owned(), "posts.views".to_owned())
    }

    /// After how many pages it is told, every `each`th of which lacks the field.
    fn told_after(each: usize, sure: f64, profiles: usize) -> Option<usize> {
        let mut halves = Halves::default();
        (1..400).find(|page| {
            if page % each == 0 {
                return halves
                    .lacks(&key(), &format!("p{}", page % profiles), Usual { rate: sure, again: None })
                    .is_some();
            }
            halves.has(&key());
            false
        })
    }

    #[test]
    fn a_field_that_every_second_page_lacks_is_told_and_one_that_is_often_absent_is_not() {
        let after = told_after(2, 0.985, 17).unwrap();
        assert!(after <= 24, "after {after} pages");
        assert!(told_after(4, 0.985, 17).is_some_and(|after| after <= 60));
        for (each, sure) in [(2, 0.5), (3, 0.6), (10, 0.9), (20, 0.95), (40, 0.985)] {
            assert_eq!(told_after(each, sure, 17), None, "every {each}th of pages that have it with {sure}");
        }
        assert_eq!(told_after(2, 0.985, 4), None, "four profiles are not five");
    }

    #[test]
    fn it_is_told_once_and_over_when_it_is_there_for_long() {
        let mut halves = Halves::default();
        let told = (0..60).filter(|page| {
            halves.has(&key());
            halves.lacks(&key(), &format!("p{page}"), Usual { rate: 0.98, again: None }).is_some()
        });
        assert_eq!(told.count(), 1);
        (1..OVER).for_each(|_| halves.has(&key()));
        assert_eq!(halves.told("a").collect::<Vec<_>>(), ["posts.views"]);
        halves.has(&key());
        assert_eq!(halves.told("a").count(), 0);
    }
}
