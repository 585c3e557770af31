//! Healing where the data is sent in another way than before: behind a guard, in lines, in base64, in a comment, flat, in halves, in
//! pages, with ids in wrappings. What is behind it is the same data, and is read; what only looks like it is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use social_sentinel::clock::Clock;
use social_sentinel::extract::heal::field::{PostValues, Values};
use social_sentinel::extract::heal::heal;
use social_sentinel::extract::heal::page::{Page, Response};
use social_sentinel::extract::heal::selectors::OldSelectors;

use crate::heal::{HANDLES, known, values};

const SITE: &str = "https://www.clips.example/@";

fn page(at: usize, body: &str, responses: &[Value]) -> Page {
    let handle = HANDLES[at];
    let html = format!(
        r#"<html lang="en"><head><title>Name of {handle} (@{handle}) | Clips</title><link rel="canonical" href="{SITE}{handle}">
           </head><body>{body}<div id="root"></div></body></html>"#
    );
    let responses: Vec<Response> =
        responses.iter().map(|body| Response { url: "/api/page".to_owned(), body: body.clone() }).collect();
    Page::parse(handle, &format!("{SITE}{handle}"), &html, &responses)
}

fn now(at: usize) -> Values {
    let mut now = values(at);
    now.followers = now.followers.map(|count| count + count / 300 + 7);
    now.likes = now.likes.map(|count| count + count / 200 + 11);
    now
}

/// Pages of all profiles, with what is healed of each.
fn healed(page: impl Fn(usize, &Values) -> Page) -> Vec<(Values, Values)> {
    let truths: Vec<Values> = (0..HANDLES.len()).map(now).collect();
    let pages: Vec<Page> = truths.iter().enumerate().map(|(at, truth)| page(at, truth)).collect();
    let healed = heal(&OldSelectors::default(), &known(), &pages, &Clock::system());
    healed.pages.into_iter().map(|page| page.values).zip(truths).collect()
}

fn account(values: &Values) -> Value {
    json!({
        "handle": values.username, "label": values.display_name, "about": values.bio, "pic": values.avatar_url, "site": values.external_url,
        "counters": {"fans": values.followers, "followings": values.following, "hearts": values.likes}
    })
}

fn clip(post: &PostValues, handle: &str, id: &str) -> Value {
    json!({"ref": id, "text": post.caption, "metrics": {"plays": post.views}, "by": {"handle": handle}})
}

fn clips(values: &Values, id: impl Fn(&str) -> String) -> Vec<Value> {
    let handle = values.username.clone().unwrap_or_default();
    values.posts.iter().flatten().map(|post| clip(post, &handle, &id(&post.id))).collect()
}

fn plain(id: &str) -> String {
    id.to_owned()
}

fn whole(values: &Values) -> Value {
    json!({"u": account(values), "feed": {"entries": clips(values, plain)}})
}

fn assert_whole(found: &Values, truth: &Values, sent: &str) {
    assert_eq!(
        (found.followers, found.following, found.likes),
        (truth.followers, truth.following, truth.likes),
        "{sent}"
    );
    assert_eq!(found.posts, truth.posts, "{sent}");
}

#[test]
fn data_behind_a_guard_in_lines_or_in_bits_is_read() {
    let lines = |values: &Values| {
        format!("{}\n{}", json!({"data": {"u": account(values)}}), json!({"data": {"entries": clips(values, plain)}}))
    };
    let bits = |values: &Values| {
        let mut entries = clips(values, plain);
        let rest = entries.split_off(2);
        let first = json!({"data": {"u": account(values), "entries": entries}});
        let rest =
            rest.iter().enumerate().map(|(at, clip)| json!({"path": ["entries", at + 2], "data": clip}).to_string());
        std::iter::once(first.to_string()).chain(rest).collect::<Vec<_>>().join("\n")
    };
    let sendings: [(&str, &dyn Fn(&Values) -> String); 6] = [
        ("for", &|values| format!("for (;;);{}", whole(values))),
        ("signs", &|values| format!(")]}}'\n{}", whole(values))),
        ("counted", &|values| format!(")]}}'\n\n120\n{}\n7\n[1]", whole(values))),
        ("call", &|values| format!("/**/cb_1({});", whole(values))),
        ("lines", &lines),
        ("bits", &bits),
    ];
    for (name, sent) in sendings {
        for (found, truth) in healed(|at, truth| page(at, "", &[json!(sent(truth))])) {
            assert_whole(&found, &truth, name);
        }
    }
}

#[test]
fn data_in_base64_or_in_a_comment_is_read() {
    for (found, truth) in healed(|at, truth| {
        let script =
            format!(r#"<script>window.s=JSON.parse(atob("{}"));</script>"#, STANDARD.encode(whole(truth).to_string()));
        page(at, &script, &[])
    }) {
        assert_whole(&found, &truth, "base64");
    }
    for (found, truth) in healed(|at, truth| page(at, &format!("<code><!--{}--></code>", whole(truth)), &[])) {
        assert_whole(&found, &truth, "comment");
    }
}

/// A value as one list of its parts.
fn flat(value: &Value, parts: &mut Vec<Value>) -> usize {
    let at = parts.len();
    parts.push(Value::Null);
    parts[at] = match value {
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, item)| (key.clone(), json!(flat(item, parts)))).collect())
        }
        Value::Array(items) => items.iter().map(|item| json!(flat(item, parts))).collect(),
        scalar => scalar.clone(),
    };
    at
}

#[test]
fn places_in_a_flat_list_are_never_taken_for_counts() {
    for (found, truth) in healed(|at, truth| {
        let mut parts = Vec::new();
        flat(&whole(truth), &mut parts);
        page(at, &format!(r#"<script type="application/json">{}</script>"#, Value::Array(parts)), &[])
    }) {
        assert_whole(&found, &truth, "flat");
    }
}

#[test]
fn a_number_in_two_halves_is_read_whole() {
    for (found, truth) in healed(|at, truth| {
        let mut body = whole(truth);
        let likes = 4_294_967_296 + truth.likes.unwrap_or(0);
        body["u"]["counters"]["hearts"] = json!({"low": likes & 0xFFFF_FFFF, "high": likes >> 32, "unsigned": false});
        page(at, "", &[body])
    }) {
        let whole = truth.likes.map(|likes| likes + 4_294_967_296);
        assert!(found.likes.is_none() || found.likes == whole, "{:?}", found.likes);
        assert_eq!(found.followers, truth.followers);
    }
}

#[test]
fn a_list_in_pages_is_read_whole_and_in_order() {
    for (found, truth) in healed(|at, truth| {
        let entries = clips(truth, plain);
        // The pages overlap by one.
        let pages = [&entries[..2], &entries[1..]].map(|entries| json!({"entries": entries}));
        page(at, "", &[json!({"u": account(truth)}), pages[0].clone(), pages[1].clone()])
    }) {
        assert_whole(&found, &truth, "pages");
    }
}

#[test]
fn an_id_in_a_wrapping_is_the_posts() {
    let wrappings: [(&str, fn(&str) -> String); 4] = [
        ("kind", |id| format!("media:{id}")),
        ("owner", |id| format!("{id}_6812345678")),
        ("graph", |id| STANDARD.encode(format!("Post:{id}"))),
        ("address", |id| format!("https://www.clips.example/@somebody/video/{id}?lang=en")),
    ];
    for (name, wrapped) in wrappings {
        for (found, truth) in healed(|at, truth| {
            let handle = truth.username.clone().unwrap_or_default();
            let wrapped = |id: &str| wrapped(id).replace("somebody", &handle);
            page(at, "", &[json!({"u": account(truth), "entries": clips(truth, wrapped)})])
        }) {
            assert_whole(&found, &truth, name);
        }
    }
}
