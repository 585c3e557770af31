//! The last profiles that were read, to notice one whose numbers are another's: a page that was mixed up, or a rule that reads what is
//! the same on every page.

use std::collections::VecDeque;

use super::Doubt;
use crate::model::document::{Document, Precision};

/// Profiles that are remembered.
const PROFILES: usize = 500;
/// Profiles among which one number may not stand often.
const NEAR: usize = 50;
/// Below this two profiles have the same number by chance.
const LARGE: u64 = 10_000;
/// Below this nobody's counts are all alike by chance only.
const KNOWN: u64 = 1_000;
/// Other profiles with the same number from which on it is none of theirs.
const MANY: usize = 2;

const PATHS: [&str; 4] = ["profile.followers", "profile.following", "profile.likes", "profile.posts_count"];

/// The last profiles.
#[derive(Debug, Clone, Default)]
pub struct Recent(VecDeque<Summary>);

#[derive(Debug, Clone, PartialEq)]
struct Summary {
    handle: String,
    id: Option<String>,
    counts: [Option<u64>; 4],
    exact: [bool; 4],
}

impl Summary {
    fn of(document: &Document) -> Option<Self> {
        let profile = document.profile.as_ref()?;
        let exact = |path: &str| document.fields.get(path).is_some_and(|note| note.precision == Precision::Exact);
        Some(Self {
            handle: document.handle.as_ref()?.as_str().to_lowercase(),
            id: profile.id.clone(),
            counts: [profile.followers, profile.following, profile.likes, profile.posts_count],
            exact: PATHS.map(exact),
        })
    }

    /// Another account, and not the same one under a new name.
    fn is_other(&self, other: &Self) -> bool {
        self.handle != other.handle && (self.id.is_none() || self.id != other.id)
    }
}

impl Recent {
    /// Takes a believed document into account; of each profile the last one counts.
    pub fn learn(&mut self, document: &Document) {
        let Some(summary) = Summary::of(document) else { return };
        self.0.retain(|known| known.handle != summary.handle);
        self.0.push_back(summary);
        if self.0.len() > PROFILES {
            self.0.pop_front();
        }
    }

    /// What of a document is another profile's.
    #[must_use]
    pub fn doubts(&self, document: &Document) -> Vec<Doubt> {
        let Some(own) = Summary::of(document) else { return Vec::new() };
        let mut doubts = Vec::new();
        let told = own.counts.iter().flatten().count() >= 3 && own.counts[0].is_some_and(|count| count >= KNOWN);
        let twin = |other: &&Summary| own.is_other(other) && other.id.is_some() && other.counts == own.counts;
        if let Some(other) = self.0.iter().find(twin).filter(|_| told) {
            doubts.push(Doubt::SameAsAnother { other: other.handle.clone() });
        }
        for (at, path) in PATHS.iter().enumerate() {
            // A round number is many people's.
            let told = |value: &u64| *value >= LARGE && !value.is_multiple_of(100);
            let (Some(value), true) = (own.counts[at].filter(told), own.exact[at]) else { continue };
            let same = |other: &&Summary| own.is_other(other) && other.exact[at] && other.counts[at] == Some(value);
            if self.0.iter().rev().take(NEAR).filter(same).count() >= MANY {
                doubts.push(Doubt::SameForMany { path: (*path).to_owned(), value });
            }
        }
        doubts
    }
}
