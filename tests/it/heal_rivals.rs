//! Healing where something else looks like the field: neighbours in the same record, old copies, labels with more words, a second line in
//! the same markup. Right or nothing.

use serde_json::{Value, json};
use social_sentinel::clock::Clock;
use social_sentinel::extract::heal::field::Values;
use social_sentinel::extract::heal::heal;
use social_sentinel::extract::heal::page::{Page, Response};
use social_sentinel::extract::heal::selectors::OldSelectors;

use crate::heal::{HANDLES, header, known, values};

const SITE: &str = "https://www.clips.example/@";

fn page(at: usize, head: &str, body: &str, network: Option<&Value>) -> Page {
    let handle = HANDLES[at];
    let html = format!(
        r#"<html lang="en"><head><title>Name of {handle} (@{handle}) | Clips</title><link rel="canonical" href="{SITE}{handle}">{head}
           </head><body>{body}</body></html>"#
    );
    let response = network.map(|body| Response { url: "/api/page".to_owned(), body: body.clone() });
    Page::parse(handle, &format!("{SITE}{handle}"), &html, response.as_slice())
}

fn script(json: &Value) -> String {
    format!(r#"<script type="application/json">{json}</script><div id="root"></div>"#)
}

fn healed(page: impl Fn(usize, &Values) -> Page) -> Vec<(Values, Values)> {
    let truths: Vec<Values> = (0..HANDLES.len()).map(now).collect();
    let pages: Vec<Page> = truths.iter().enumerate().map(|(at, truth)| page(at, truth)).collect();
    let healed = heal(&OldSelectors::default(), &known(), &pages, &Clock::system());
    healed.pages.into_iter().map(|page| page.values).zip(truths).collect()
}

/// What a profile has now: a little more than it had.
fn now(at: usize) -> Values {
    let mut now = values(at);
    now.followers = now.followers.map(|count| count + count / 300 + 7);
    now.likes = now.likes.map(|count| count + count / 200 + 11);
    now
}

/// What it had long before.
fn old(now: &Values) -> Values {
    let mut old = now.clone();
    old.followers = old.followers.map(|count| count - count / 60);
    old.following = old.following.map(|count| count - 3);
    old.likes = old.likes.map(|count| count - count / 60);
    old
}

fn account(values: &Values, keys: [&str; 3]) -> Value {
    json!({
        "handle": values.username, "label": values.display_name, "about": values.bio, "pic": values.avatar_url, "site": values.external_url,
        "counters": {keys[0]: values.followers, keys[1]: values.following, keys[2]: values.likes}
    })
}

const NAMED: [&str; 3] = ["fans", "followings", "hearts"];

#[test]
fn a_key_of_another_count_never_takes_a_removed_fields_place() {
    for key in
        ["reach_28d", "impressions", "diggCount", "fans_online", "prevFans", "drafts", "engaged_accounts", "badges"]
    {
        for (found, truth) in healed(|at, truth| {
            let mut near = truth.clone();
            near.followers = near.followers.map(|count| count + count / 90);
            page(at, "", &script(&json!({"u": account(&near, [key, NAMED[1], NAMED[2]])})), None)
        }) {
            assert_eq!((found.followers, found.following, found.likes), (None, truth.following, truth.likes), "{key}");
        }
    }
}

#[test]
fn between_exact_copies_the_fresher_source_wins() {
    for (found, truth) in healed(|at, truth| {
        let response = json!({"profile": account(truth, NAMED)});
        page(at, "", &script(&json!({"u": account(&old(truth), NAMED)})), Some(&response))
    }) {
        assert_eq!((found.followers, found.following, found.likes), (truth.followers, truth.following, truth.likes));
    }
}

#[test]
fn a_named_copy_of_a_later_source_never_beats_a_fresher_one_without_a_name() {
    let stale_head = |old: &Values| {
        let counts = [(old.followers, "Followers"), (old.following, "Following"), (old.likes, "Likes")];
        let told: Vec<String> = counts.iter().map(|(count, word)| format!("{} {word}", count.unwrap())).collect();
        format!(r#"<meta property="og:description" content="{}. See videos">"#, told.join(", "))
    };
    for (found, truth) in healed(|at, truth| {
        let body = script(&json!({"u": account(truth, ["kq7xza", "kw20bd", "kv8mte"])}));
        page(at, &stale_head(&old(truth)), &body, None)
    }) {
        assert!(found.followers.is_none_or(|count| Some(count) == truth.followers), "{found:?}");
        assert!(found.following.is_none_or(|count| Some(count) == truth.following), "{found:?}");
        assert!(found.likes.is_none_or(|count| Some(count) == truth.likes), "{found:?}");
    }
}

#[test]
fn a_label_with_more_words_than_the_fields_is_another_counts() {
    for label in ["Followers last month", "New followers", "Followers you know", "Accounts reached", "Follower goal"] {
        for (found, truth) in healed(|at, truth| {
            let shown = header(at, truth, "b", "i").replace("<i>Followers</i>", &format!("<i>{label}</i>"));
            page(at, "", &shown, None)
        }) {
            assert_eq!(
                (found.followers, found.following, found.likes),
                (None, truth.following, truth.likes),
                "{label}"
            );
        }
    }
}

#[test]
fn a_number_in_parts_is_read_whole() {
    let parted = |count: u64| {
        format!("<span class=i>{}</span><sup class=f>.{}</sup><i class=u>K</i>", count / 1_000, count / 100 % 10)
    };
    for (found, truth) in healed(|at, truth| {
        let count = truth.followers.unwrap();
        let shown =
            header(at, truth, "b", "em").replace(&format!("<b>{count}</b>"), &format!("<b>{}</b>", parted(count)));
        page(at, "", &shown, None)
    }) {
        assert_eq!(found.followers, truth.followers.map(|count| count / 100 * 100));
    }
}
