//! What is doubted and what is not, told on small documents.

use super::*;
use serde_json::json;

use crate::model::capture::CapturedPage;

fn document(handle: &str, id: &str, followers: u64, precision: &str, posts: usize) -> Document {
    let note = |precision: &str| json!({"source": "network", "rule": "r", "raw": "", "precision": precision, "agreed_by": ["dom"]});
    let post = |n: usize| json!({"id": format!("{id}{n:04}"), "likes": 5});
    let document = json!({
        "schema": crate::model::document::SCHEMA, "platform": "tiktok", "handle": handle, "outcome": "ok",
        "profile": {"id": id, "followers": followers, "following": 12, "likes": followers * 3, "posts_count": 30},
        "posts": (0..posts).map(post).collect::<Vec<_>>(),
        "coverage": {"requested": 20, "got": posts}, "metrics": {},
        "fields": {"profile.followers": note(precision), "profile.likes": note("exact")},
        "selectors": {"version": "v1"},
    });
    serde_json::from_value(document).unwrap()
}

#[test]
fn a_displayed_number_is_no_contradiction_and_another_number_is() {
    let exact = document("a", "1", 5_737_954, "exact", 20);
    for (followers, precision, expected) in
        [(5_000_000, "rounded", 0), (5_700_000, "rounded", 0), (4_000_000, "rounded", 1), (5_000_000, "exact", 1)]
    {
        let mut other = document("a", "1", followers, precision, 20);
        other.profile.as_mut().unwrap().likes = Some(5_737_954 * 3);
        assert_eq!(differs(&exact, &other).len(), expected, "{followers} {precision}");
    }
}

#[test]
fn a_list_that_shrinks_is_doubted_where_lists_are_whole() {
    let mut expected = Expectation::default();
    for n in 0..10 {
        expected.learn(&document(&format!("p{n}"), &n.to_string(), 5_000 + n, "exact", 20));
    }
    let whole = doubts(&Capture::default(), &document("x", "77", 9_000, "exact", 20), &expected);
    assert_eq!(whole, []);
    let short = doubts(&Capture::default(), &document("x", "77", 9_000, "exact", 6), &expected);
    assert_eq!(short, [Doubt::ListShrank { got: 6, of: 20 }]);
}

#[test]
fn a_list_that_moved_out_of_the_page_into_a_call_is_doubted_until_it_is_read_whole() {
    let listed = |mut document: Document, source: SourceKind| {
        let mut note = document.fields.values().next().unwrap().clone();
        note.source = source;
        for post in &document.posts {
            document.fields.insert(format!("posts.{}.likes", post.id), note.clone());
        }
        document
    };
    let mut expected = Expectation::default();
    for n in 0..10 {
        let one = document(&format!("p{n}"), &n.to_string(), 5_000 + n, "exact", 20);
        expected.learn(&listed(one, SourceKind::Embedded));
    }
    let page = CapturedPage {
        purpose: Purpose::Profile,
        url: String::new(),
        final_url: String::new(),
        redirects: Vec::new(),
        status: Some(200),
        headers: Vec::new(),
        html: "<div>".repeat(SUBSTANCE_BYTES),
        responses: Vec::new(),
    };
    let capture = Capture { pages: vec![page], ..Capture::default() };
    let unread = Doubt::SourceUnread { what: "posts", source: SourceKind::Embedded };
    for (source, posts, doubted) in
        [(SourceKind::Network, 20, false), (SourceKind::Network, 12, true), (SourceKind::Dom, 20, true)]
    {
        let page = listed(document("x", "77", 9_000, "exact", posts), source);
        assert_eq!(doubts(&capture, &page, &expected).contains(&unread), doubted, "{source:?} {posts}");
    }
}

#[test]
fn counts_of_another_account_are_doubted_and_a_renamed_account_is_not() {
    let mut recent = Recent::default();
    recent.learn(&document("anna", "1", 25_301, "exact", 20));
    assert_eq!(recent.doubts(&document("anna", "1", 25_301, "exact", 20)), []);
    assert_eq!(recent.doubts(&document("anna_new", "1", 25_301, "exact", 20)), []);
    let other = recent.doubts(&document("bob", "2", 25_301, "exact", 20));
    assert_eq!(other, [Doubt::SameAsAnother { other: "anna".to_owned() }]);
    for (handle, id) in [("carl", "3"), ("dora", "4")] {
        let mut one = document(handle, id, 44_444, "exact", 20);
        one.profile.as_mut().unwrap().following = id.parse().ok();
        recent.learn(&one);
    }
    let many = recent.doubts(&document("emil", "5", 44_444, "exact", 20));
    assert!(many.contains(&Doubt::SameForMany { path: "profile.followers".to_owned(), value: 44_444 }), "{many:?}");
}

#[test]
fn a_source_that_falls_silent_is_lost_though_values_are_right() {
    let mut expected = Expectation::default();
    for n in 0..10 {
        expected.learn(&document(&format!("p{n}"), &n.to_string(), 5_000 + n, "exact", 20));
    }
    let mut page = document("x", "77", 9_000, "exact", 20);
    assert_eq!(expected.lost(&page), [] as [&str; 0]);
    page.fields.values_mut().for_each(|note| note.agreed_by.clear());
    assert_eq!(expected.lost(&page), ["rendered: profile"]);
    assert_eq!(doubts(&Capture::default(), &page, &expected), []);
}
