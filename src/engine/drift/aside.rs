//! Taking out of a document what is doubted, and saying so in it: what is held in its place, and the evidence.

use super::{SIGNAL, WHOLE, fills};
use crate::engine::plausible::{self, value_at};
use crate::extract::detect::Doubt;
use crate::model::document::{Coverage, Document, Evidence, Metrics, Outcome, ShortReason};
use crate::store::save::HeldValue;

/// The evidence's signal of a page that was read and lacks what its template has lost.
const MISSING: &str = "fields_missing";
/// What its detail begins with; the fields follow.
const READ_NO_MORE: &str = "read no more of this template's pages: ";

/// Takes everything out of a document that nothing is known to be right of; answers what is held in its place.
pub(in crate::engine) fn set_aside(document: &mut Document, why: &str) -> HeldValue {
    document.evidence = Some(Evidence {
        status: document.evidence.as_ref().and_then(|evidence| evidence.status),
        final_url: document.evidence.take().and_then(|evidence| evidence.final_url),
        signal: SIGNAL.to_owned(),
        detail: Some(why.to_owned()),
    });
    let mut held = withhold(document, &[], true);
    held.swap_remove(0)
}

/// Takes what is doubted out of the document; where the page as a whole is doubted, everything.
pub(super) fn withhold(document: &mut Document, doubts: &[Doubt], whole: bool) -> Vec<HeldValue> {
    let sentences: Vec<String> = doubts.iter().map(Doubt::sentence).collect();
    let mut reason = sentences.iter().take(4).cloned().collect::<Vec<_>>().join("; ");
    if reason.is_empty() {
        reason = document.evidence.as_ref().and_then(|evidence| evidence.detail.clone()).unwrap_or_default();
    }
    let summary = serde_json::json!({
        "profile": document.profile.as_ref().map(|profile| {
            serde_json::json!({"followers": profile.followers, "following": profile.following, "likes": profile.likes})
        }),
        "posts": document.posts.len(),
    });
    let mut held = vec![HeldValue { path: WHOLE.to_owned(), value: summary, reason: format!("{SIGNAL}: {reason}") }];
    if whole {
        document.profile = None;
        document.posts.clear();
        document.fields.clear();
        document.metrics = Metrics::default();
        // That fewer posts exist was said of posts which are not published now.
        document.coverage = Coverage { got: 0, reason: Some(ShortReason::NoPostList), ..document.coverage };
    } else {
        let paths: Vec<String> = doubts.iter().filter_map(contradicted).collect();
        held.extend(paths.iter().filter_map(|path| {
            let value = value_at(document, path)?;
            Some(HeldValue { path: path.clone(), value, reason: format!("{SIGNAL}: {reason}") })
        }));
        plausible::withhold(document, &paths);
    }
    document.outcome = Outcome::Partial;
    // What is short for another reason keeps it; a list that is whole is not short.
    if document.posts.len() < usize::from(document.coverage.requested) {
        document.coverage.reason = document.coverage.reason.or(Some(ShortReason::NoPostList));
    }
    let (status, final_url) =
        document.evidence.take().map_or((None, None), |evidence| (evidence.status, evidence.final_url));
    document.evidence = Some(Evidence { status, final_url, signal: SIGNAL.to_owned(), detail: Some(reason) });
    held
}

/// Says in a document that it lacks what its template has lost, where nothing else is said of it.
pub(super) fn note_missing(document: &mut Document, lost: &[&str]) {
    let lost: Vec<&str> = lost.iter().copied().filter(|field| fills::is_missing(document, field)).collect();
    if lost.is_empty() || document.evidence.is_some() {
        return;
    }
    let detail = format!("{READ_NO_MORE}{}", lost.join(", "));
    let signal = MISSING.to_owned();
    document.evidence = Some(Evidence { status: None, final_url: None, signal, detail: Some(detail) });
}

/// Says in a past crawl's new reading what was said of the one before, as far as that is still missing: what a template has lost is told
/// by many pages, and this one alone cannot know it.
pub(in crate::engine) fn note_still_missing(before: &Document, after: &mut Document) {
    let said = before.evidence.as_ref().filter(|evidence| evidence.signal == MISSING);
    if let Some(lost) = said.and_then(|said| said.detail.as_deref()?.strip_prefix(READ_NO_MORE)) {
        note_missing(after, &lost.split(", ").collect::<Vec<_>>());
    }
}

fn contradicted(doubt: &Doubt) -> Option<String> {
    match doubt {
        Doubt::Contradiction { path, .. } => Some(path.clone()),
        Doubt::SameForMany { path, .. } => Some(path.clone()),
        Doubt::SourceUnread { .. }
        | Doubt::TextDiffers { .. }
        | Doubt::FieldMissing { .. }
        | Doubt::ListShrank { .. }
        | Doubt::SameAsAnother { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(posts: usize, of: usize) -> Document {
        let note = json!({"source": "network", "rule": "r", "raw": "", "precision": "exact", "agreed_by": []});
        let reason = (posts < of).then_some("fewer_exist");
        let document = json!({
            "schema": crate::model::document::SCHEMA, "platform": "tiktok", "handle": "nasa", "outcome": "ok",
            "profile": {"id": "1", "following": 7}, "posts": (0..posts).map(|n| json!({"id": n.to_string()})).collect::<Vec<_>>(),
            "coverage": {"requested": of, "got": posts, "reason": reason}, "metrics": {},
            "fields": {"profile.following": note}, "selectors": {"version": "v1"},
        });
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn a_held_page_says_how_far_its_list_reaches_and_nothing_else_of_it() {
        let missing = [Doubt::FieldMissing { path: "profile.followers".to_owned() }];
        for (posts, whole, got, reason) in [
            (30, false, 30, None),
            (4, false, 4, Some(ShortReason::FewerExist)),
            (30, true, 0, Some(ShortReason::NoPostList)),
            (4, true, 0, Some(ShortReason::NoPostList)),
        ] {
            let mut document = read(posts, 30);
            withhold(&mut document, &missing, whole);
            assert_eq!((document.outcome, document.coverage.requested), (Outcome::Partial, 30));
            assert_eq!(
                (document.coverage.got, document.coverage.reason),
                (got, reason),
                "{posts} posts, whole: {whole}"
            );
        }
    }

    #[test]
    fn what_a_new_reading_brings_is_not_said_to_be_missing_any_more() {
        let lost = ["profile.followers", "profile.following", "posts.views"];
        let (mut before, mut after) = (read(3, 3), read(3, 3));
        before.fields.clear();
        note_missing(&mut before, &lost);
        note_still_missing(&before, &mut after);
        let detail = |document: &Document| document.evidence.as_ref().unwrap().detail.clone().unwrap();
        assert_eq!(
            detail(&before),
            "read no more of this template's pages: profile.followers, profile.following, posts.views"
        );
        assert_eq!(detail(&after), "read no more of this template's pages: profile.followers, posts.views");
        let mut silent = read(3, 3);
        note_still_missing(&read(3, 3), &mut silent);
        assert_eq!(silent.evidence, None);
    }
}
