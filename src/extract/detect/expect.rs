//! What a platform's pages usually bring: which fields, from which kinds of place, how much of their lists. The past fades, so that a
//! site that changes for good is not measured by what it was.

use std::collections::BTreeMap;

use super::{COUNTS, PAGES_MIN, rank, sources, usual};
use crate::model::document::{Document, Outcome, ShortReason, SourceKind};

/// The past is halved here, so that it stays young.
const PAGES_MAX: u32 = 200;
/// A list shorter than this says nothing by its length.
const LIST_MIN: u64 = 4;

/// What a platform's pages usually bring.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectation {
    pub(super) pages: u32,
    pub(super) with_posts: u32,
    pub(super) fields: BTreeMap<String, u32>,
    pub(super) profile_sources: BTreeMap<u8, u32>,
    pub(super) post_sources: BTreeMap<u8, u32>,
    /// Pages that had a list to bring, and those whose list was whole.
    pub(super) listed: u32,
    pub(super) whole_lists: u32,
}

impl Expectation {
    /// Takes a page that is believed into account.
    pub fn learn(&mut self, document: &Document) {
        if !matches!(document.outcome, Outcome::Ok | Outcome::Partial) || document.profile.is_none() {
            return;
        }
        if self.pages >= PAGES_MAX {
            self.halve();
        }
        self.pages += 1;
        let (profile, posts) = sources(document);
        profile.into_iter().for_each(|source| *self.profile_sources.entry(source).or_default() += 1);
        for field in COUNTS {
            if document.fields.contains_key(field) {
                *self.fields.entry(field.to_owned()).or_default() += 1;
            }
        }
        if let Some((got, of)) = wanted(document) {
            self.listed += 1;
            self.whole_lists += u32::from(u64::try_from(got).unwrap_or(u64::MAX) >= of);
        }
        if !document.posts.is_empty() {
            self.with_posts += 1;
            posts.into_iter().for_each(|source| *self.post_sources.entry(source).or_default() += 1);
        }
    }

    /// The same without fields that are known to be gone.
    #[must_use]
    pub fn without(&self, gone: &std::collections::BTreeSet<String>) -> Self {
        let mut less = self.clone();
        less.fields.retain(|field, _| !gone.contains(field));
        less
    }

    /// Whether a document has what nearly every page had: the counts, from data made for programs where those had it.
    #[must_use]
    pub fn is_met_by(&self, document: &Document) -> bool {
        let (profile, _) = sources(document);
        let exact = [SourceKind::Network, SourceKind::Embedded].map(rank);
        let was_exact = exact.iter().any(|key| usual(self.profile_sources.get(key), self.pages));
        let fields = self.fields.iter().filter(|(_, count)| usual(Some(count), self.pages));
        fields.into_iter().all(|(path, _)| document.fields.contains_key(path))
            && (!was_exact || exact.iter().any(|key| profile.contains(key)))
    }

    /// Kinds of place that nearly every page was read from and this one is not, though its values are there: the template has
    /// changed before anything went bad.
    #[must_use]
    pub fn lost(&self, document: &Document) -> Vec<&'static str> {
        let mut lost = Vec::new();
        if self.pages < PAGES_MIN || document.profile.is_none() {
            return lost;
        }
        let (profile, posts) = sources(document);
        let kinds = [
            (SourceKind::Network, "network: profile", "network: posts"),
            (SourceKind::Embedded, "embedded: profile", "embedded: posts"),
            (SourceKind::Jsonld, "linked: profile", "linked: posts"),
            (SourceKind::Dom, "rendered: profile", "rendered: posts"),
            (SourceKind::Meta, "meta: profile", "meta: posts"),
        ];
        for (kind, of_profile, of_posts) in kinds {
            let key = rank(kind);
            if usual(self.profile_sources.get(&key), self.pages) && !profile.contains(&key) {
                lost.push(of_profile);
            }
            let listed = usual(self.post_sources.get(&key), self.with_posts);
            if listed && !document.posts.is_empty() && !posts.contains(&key) {
                lost.push(of_posts);
            }
        }
        lost
    }

    fn halve(&mut self) {
        self.pages /= 2;
        self.with_posts /= 2;
        self.listed /= 2;
        self.whole_lists /= 2;
        let maps = [&mut self.profile_sources, &mut self.post_sources];
        maps.into_iter().flat_map(BTreeMap::values_mut).for_each(|count| *count /= 2);
        self.fields.values_mut().for_each(|count| *count /= 2);
    }
}

/// Posts read, and posts that there are as far as they were wanted; none where that says nothing.
pub(super) fn wanted(document: &Document) -> Option<(usize, u64)> {
    let profile = document.profile.as_ref().filter(|profile| profile.private != Some(true))?;
    // Somebody else's reasons for a short list are no drift.
    let ours = matches!(document.coverage.reason, None | Some(ShortReason::FewerExist));
    let of = profile.posts_count?.min(u64::from(document.coverage.requested));
    (ours && of >= LIST_MIN).then_some((document.posts.len(), of))
}
