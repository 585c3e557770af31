//! A version beside the one that was in force before it. For its first pages it is compared on each of them; later only where a page's numbers
//! are doubtful by themselves. What both read must be the same, and what the one before reads the new one must read too; two pages
//! that say otherwise refute it. A page that the one before cannot read cleanly proves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::extract::detect::{self, Doubt};
use crate::model::capture::Capture;
use crate::model::document::{Document, Outcome, SourceKind};
use crate::model::selectors::SelectorSet;
use crate::platform::{self, Platform};

/// Pages that a version is compared with the one before it.
pub(in crate::engine) const PROBATION_PAGES: u32 = 50;
/// Contradicting pages after which the version before comes back.
const CONTRADICTIONS: u32 = 2;
/// Versions whose predecessor is remembered.
const VERSIONS: usize = 16;
/// A list that is shorter than this proves nothing.
const LIST_MIN: usize = 4;

/// Whether a version has proved itself before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine) enum Trust {
    /// It comes into force now: its first pages are compared.
    New,
    /// It has read many pages: compared where numbers are doubtful.
    Proved,
}

/// Which versions are compared with the one before, on a page at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    /// Those on probation: the page is as all others.
    New,
    /// All: the page is doubtful by itself.
    All,
}

impl Compared {
    pub(super) const fn when(doubtful: bool) -> Self {
        if doubtful { Self::All } else { Self::New }
    }
}

/// The versions in force with the ones before them.
#[derive(Debug, Default)]
pub(super) struct Probations {
    known: BTreeMap<String, Probation>,
    refuted: BTreeSet<String>,
}

#[derive(Debug)]
struct Probation {
    before: Arc<SelectorSet>,
    pages_left: u32,
    contradictions: u32,
}

impl Probations {
    /// A version comes into force.
    pub(super) fn begin(&mut self, version: &str, before: Arc<SelectorSet>, trust: Trust) {
        if before.version == version || self.refuted.contains(&before.version) {
            self.known.remove(version);
            return;
        }
        if self.known.len() >= VERSIONS {
            self.known.pop_first();
        }
        let pages_left = if trust == Trust::New { PROBATION_PAGES } else { 0 };
        self.known.insert(version.to_owned(), Probation { before, pages_left, contradictions: 0 });
    }

    /// The set to compare with now; none where it is not to be compared.
    pub(super) fn before(&self, version: &str, compared: Compared) -> Option<Arc<SelectorSet>> {
        let probation = self.known.get(version)?;
        let due = probation.pages_left > 0 || compared == Compared::All;
        due.then(|| probation.before.clone())
    }

    /// A page was compared.
    pub(super) fn count(&mut self, version: &str, contradicted: bool) {
        let Some(probation) = self.known.get_mut(version) else { return };
        if contradicted {
            probation.contradictions += 1;
        } else {
            probation.pages_left = probation.pages_left.saturating_sub(1);
        }
    }

    /// The version that was refuted, with the one before.
    pub(super) fn take_refuted(&mut self) -> Option<(String, String)> {
        let refuted = self.known.iter().find(|(_, probation)| probation.contradictions >= CONTRADICTIONS);
        let version = refuted.map(|(version, _)| version.clone())?;
        let probation = self.known.remove(&version)?;
        self.refuted.insert(version.clone());
        Some((version, probation.before.version.clone()))
    }
}

/// What the version before says against a document; none where it cannot tell, for it does not read the page cleanly.
pub(super) fn against(
    site: &dyn Platform,
    capture: &Capture,
    document: &Document,
    before: &SelectorSet,
) -> Option<Vec<Doubt>> {
    let then = platform::read(site, capture, before, document.coverage.requested);
    let shown = matches!(then.outcome, Outcome::Ok | Outcome::Partial | Outcome::Private) && then.profile.is_some();
    if !shown || !platform::contradictions(capture, before).is_empty() {
        return None;
    }
    let mut against = detect::differs(document, &then);
    against.extend(lost(document, &then));
    against.extend(texts(document, &then));
    Some(against)
}

/// What the one before reads and this one does not.
fn lost(document: &Document, then: &Document) -> Vec<Doubt> {
    let count = |field: &str| format!("profile.{field}");
    let counts = ["followers", "following", "likes", "posts_count"].map(count);
    let is_lost = |path: &String| then.fields.contains_key(path) && !document.fields.contains_key(path);
    let mut lost: Vec<Doubt> = counts.into_iter().filter(is_lost).map(|path| Doubt::FieldMissing { path }).collect();
    lost.extend(lost_of_posts(document, then));
    let (got, of) = (document.posts.len(), then.posts.len());
    if of >= LIST_MIN && got * 2 < of {
        lost.push(Doubt::ListShrank { got, of: u64::try_from(of).unwrap_or(u64::MAX) });
    }
    lost
}

/// Counts that the one before reads of nearly every post and this one of none.
fn lost_of_posts(document: &Document, then: &Document) -> Vec<Doubt> {
    let has = |document: &Document, field: &str| {
        let of_posts = |path: &&String| path.strip_prefix("posts.").is_some_and(|rest| rest.ends_with(field));
        document.fields.keys().filter(of_posts).count()
    };
    let is_lost = |field: &&str| {
        then.posts.len() >= LIST_MIN && has(then, field) * 10 >= then.posts.len() * 9 && has(document, field) == 0
    };
    let fields = [".views", ".likes", ".comments", ".shares", ".saves"];
    let lost = fields.into_iter().filter(is_lost).filter(|_| !document.posts.is_empty());
    lost.map(|field| Doubt::FieldMissing { path: format!("posts{field}") }).collect()
}

/// Texts that both read from data made for programs, and not the same ones.
fn texts(document: &Document, then: &Document) -> Vec<Doubt> {
    let text = |document: &Document, field: &str| {
        let note = document.fields.get(&format!("profile.{field}"))?;
        let profile = document.profile.as_ref()?;
        let text = match field {
            "id" => profile.id.as_ref(),
            "username" => profile.username.as_ref(),
            "display_name" => profile.display_name.as_ref(),
            _ => profile.bio.as_ref(),
        }?;
        let words: Vec<&str> = text.split_whitespace().collect();
        matches!(note.source, SourceKind::Network | SourceKind::Embedded).then(|| words.join(" "))
    };
    ["id", "username", "display_name", "bio"]
        .into_iter()
        .filter(|field| match (text(document, field), text(then, field)) {
            (Some(one), Some(other)) => one != other,
            (Some(_) | None, None) | (None, Some(_)) => false,
        })
        .map(|field| Doubt::TextDiffers { path: format!("profile.{field}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::extract::selectors::builtin;
    use crate::model::job::PlatformId;

    fn set(version: &str) -> Arc<SelectorSet> {
        let mut set = (*builtin(&PlatformId::new("tiktok")).unwrap()).clone();
        set.version = version.to_owned();
        Arc::new(set)
    }

    #[test]
    fn two_contradictions_refute_also_after_probation_and_a_refuted_version_is_no_measure() {
        let mut probations = Probations::default();
        probations.begin("v2", set("v1"), Trust::New);
        for _ in 0..PROBATION_PAGES {
            assert!(probations.before("v2", Compared::New).is_some());
            probations.count("v2", false);
        }
        assert!(probations.before("v2", Compared::New).is_none());
        assert_eq!(probations.before("v2", Compared::All).unwrap().version, "v1");
        probations.count("v2", true);
        assert_eq!(probations.take_refuted(), None);
        probations.count("v2", true);
        assert_eq!(probations.take_refuted(), Some(("v2".to_owned(), "v1".to_owned())));
        assert_eq!(probations.take_refuted(), None);
        probations.begin("v1", set("v2"), Trust::New);
        assert!(probations.before("v1", Compared::All).is_none());
    }
}
