//! The result of one job as the result of another that joined it and asked for fewer posts, or for more than there are: the
//! newest of them, with coverage and ratios of its own, as a crawl of its own would have given.

use crate::extract::metrics::metrics;
use crate::model::document::{Document, Outcome, ShortReason};

/// The document for who asked for `posts`.
#[must_use]
pub(super) fn fitted(mut document: Document, posts: u16) -> Document {
    if document.coverage.requested == posts {
        return document;
    }
    document.coverage.requested = posts;
    if !matches!(document.outcome, Outcome::Ok | Outcome::Partial) {
        return document;
    }
    let most = usize::from(posts);
    for dropped in document.posts.drain(most.min(document.posts.len())..) {
        let prefix = format!("posts.{}.", dropped.id);
        document.fields.retain(|path, _| !path.starts_with(&prefix));
    }
    document.coverage.got = document.posts.len();
    if document.posts.len() >= most {
        document.coverage.reason = None;
    }
    let whole = matches!(document.coverage.reason, None | Some(ShortReason::FewerExist));
    if whole && document.profile.is_some() {
        document.outcome = Outcome::Ok;
        document.evidence = None;
    }
    let followers = document.profile.as_ref().and_then(|profile| profile.followers);
    document.metrics = metrics(&document.posts, followers);
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(outcome: &str, posts: usize, requested: u16, reason: Option<&str>) -> Document {
        let post = |n: usize| {
            serde_json::json!({ "id": n.to_string(), "likes": 10 * (n + 1), "comments": 0, "pinned": false,
                "published_at": format!("2026-10-{:02}T00:00:00Z", 28 - n) })
        };
        let posts: Vec<_> = (0..posts).map(post).collect();
        let note =
            serde_json::json!({ "source": "network", "rule": "r", "raw": "1", "precision": "exact", "agreed_by": [] });
        let fields: serde_json::Map<_, _> =
            (0..posts.len()).map(|n| (format!("posts.{n}.likes"), note.clone())).collect();
        serde_json::from_value(serde_json::json!({
            "schema": 1, "platform": "tiktok", "handle": "nasa", "url": null, "outcome": outcome,
            "evidence": { "status": 429, "final_url": null, "signal": "s", "detail": null },
            "observed_at": null, "duration_ms": null, "profile": { "followers": 100 },
            "coverage": { "requested": requested, "got": posts.len(), "reason": reason }, "posts": posts,
            "metrics": { "engagement_by_followers": 0.9, "engagement_by_views": null, "posts_per_week": null },
            "fields": fields, "selectors": { "version": "v" }, "screenshot": null,
        }))
        .unwrap()
    }

    #[test]
    fn who_asked_for_fewer_gets_the_newest_with_ratios_of_their_own() {
        let cut = fitted(document("partial", 12, 30, Some("blocked_midway")), 2);
        assert_eq!(cut.posts.iter().map(|post| post.id.as_str()).collect::<Vec<_>>(), ["0", "1"]);
        assert_eq!((cut.coverage.requested, cut.coverage.got, cut.coverage.reason), (2, 2, None));
        assert_eq!((cut.outcome, cut.evidence), (Outcome::Ok, None));
        assert_eq!(cut.fields.keys().collect::<Vec<_>>(), ["posts.0.likes", "posts.1.likes"]);
        assert_eq!((cut.metrics.engagement_by_followers, cut.metrics.posts_per_week), (Some(0.15), Some(7.0)));
    }

    #[test]
    fn what_is_short_for_both_stays_short_and_a_refusal_stays_as_it_is() {
        let short = fitted(document("partial", 3, 30, Some("guest_limit")), 10);
        assert_eq!((short.outcome, short.coverage.got), (Outcome::Partial, 3));
        assert!(short.evidence.is_some() && short.coverage.reason == Some(ShortReason::GuestLimit));
        let all = fitted(document("ok", 3, 5, Some("fewer_exist")), 30);
        assert_eq!((all.coverage.requested, all.coverage.reason), (30, Some(ShortReason::FewerExist)));
        let refused = fitted(document("login_wall", 0, 30, Some("blocked_midway")), 5);
        assert_eq!((refused.outcome, refused.coverage.requested), (Outcome::LoginWall, 5));
        assert!(refused.evidence.is_some());
    }
}
