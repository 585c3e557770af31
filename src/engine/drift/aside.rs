//! Taking out of a document what is doubted, and saying so in it: what is held in its place, and the evidence.

use super::{SIGNAL, WHOLE};
use crate::engine::plausible::{self, value_at};
use crate::extract::detect::Doubt;
use crate::model::document::{Document, Evidence, Metrics, Outcome, ShortReason};
use crate::store::save::HeldValue;

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
        document.coverage.got = 0;
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
    if lost.is_empty() || document.evidence.is_some() {
        return;
    }
    let detail = format!("read no more of this template's pages: {}", lost.join(", "));
    document.evidence =
        Some(Evidence { status: None, final_url: None, signal: "fields_missing".to_owned(), detail: Some(detail) });
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
