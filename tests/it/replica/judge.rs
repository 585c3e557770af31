//! The comparison of documents with the truth: it lets right ones pass and finds each kind of lie.

use indexmap::IndexMap;
use social_sentinel::model::document::{Coverage, Document, Metrics, SCHEMA, SelectorsUsed};
use social_sentinel::replica::{Site, Truth};

use super::{handle, replica, truth};

/// The document that says exactly the truth.
fn perfect(truth: &Truth) -> Document {
    let posts: Vec<_> = truth.posts.iter().take(30).cloned().collect();
    Document {
        schema: SCHEMA,
        platform: Site::TikTok.platform(),
        handle: Some(handle("creator_1")),
        url: None,
        outcome: truth.outcome,
        evidence: None,
        observed_at: None,
        duration_ms: None,
        profile: truth.profile.clone(),
        coverage: Coverage { requested: 30, got: posts.len(), reason: truth.reason },
        posts,
        metrics: Metrics::default(),
        fields: IndexMap::new(),
        selectors: SelectorsUsed { version: "v1".into() },
        screenshot: None,
    }
}

#[tokio::test]
async fn a_true_document_passes_and_each_lie_is_found() {
    let replica = replica(29).await;
    let truth = truth(&replica, Site::TikTok, "creator_1");
    let good = perfect(&truth);
    assert_eq!(truth.complaints(&good), Vec::<String>::new());
    let lies: [fn(&mut Document); 6] = [
        |d| d.posts.truncate(29),
        |d| d.posts[3].likes = d.posts[3].likes.map(|n| n + 1),
        |d| d.posts[4].id = "1".into(),
        |d| d.posts[5] = d.posts[6].clone(),
        |d| d.profile = None,
        |d| d.posts[7].caption = Some("something else".into()),
    ];
    for lie in lies {
        let mut document = good.clone();
        lie(&mut document);
        assert!(!truth.complaints(&document).is_empty());
    }
}
