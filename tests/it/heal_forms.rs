//! Healing from JSON in whatever form a site writes its records: each form with another account and its posts beside the profile's.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may fail it")]

use serde_json::{Map, Value, json};
use social_sentinel::clock::Clock;
use social_sentinel::extract::heal::field::{PostValues, Values};
use social_sentinel::extract::heal::heal;
use social_sentinel::extract::heal::page::{Page, Response};
use social_sentinel::extract::heal::selectors::OldSelectors;

use crate::heal::{HANDLES, known, values};

const SITE: &str = "https://www.clips.example/@";

fn page(at: usize, embedded: Option<&Value>, network: Option<&Value>) -> Page {
    let handle = HANDLES[at];
    let script =
        embedded.map_or_else(String::new, |json| format!(r#"<script type="application/json">{json}</script>"#));
    let html = format!(
        r#"<html lang="en"><head><title>Name of {handle} (@{handle}) | Clips</title><link rel="canonical" href="{SITE}{handle}">
           </head><body>{script}<div id="root"></div></body></html>"#
    );
    let body = network.map(|body| Response { url: "/api/page".to_owned(), body: body.clone() });
    Page::parse(handle, &format!("{SITE}{handle}"), &html, body.as_slice())
}

fn healed(pages: &[Page]) -> Vec<Values> {
    heal(&OldSelectors::default(), &known(), pages, &Clock::system())
        .pages
        .into_iter()
        .map(|page| page.values)
        .collect()
}

/// What a profile has now: a little more than it had.
fn now(at: usize) -> Values {
    let mut now = values(at);
    now.followers = now.followers.map(|count| count + count / 300 + 7);
    now.likes = now.likes.map(|count| count + count / 200 + 11);
    now.posts.iter_mut().flatten().for_each(|post| post.views = post.views.map(|views| views + views / 90 + 1));
    now
}

/// An account that looks like the profile, with posts of its own.
fn another(at: usize) -> Values {
    let mut other = now(at);
    other.username = Some(format!("like_{}", HANDLES[at]));
    other.avatar_url = Some("https://cdn.clips.example/a/zz.jpg?sig=9".to_owned());
    other.followers = other.followers.map(|count| count + 90);
    other.likes = other.likes.map(|count| count + 190);
    other.posts.iter_mut().flatten().for_each(|post| post.id.replace_range(..4, "7499"));
    other
}

fn account(values: &Values, id: usize) -> Map<String, Value> {
    let record = json!({
        "uid": format!("68000000000000000{id:02}"), "handle": values.username, "label": values.display_name, "about": values.bio,
        "pic": values.avatar_url, "site": values.external_url, "fans": values.followers, "follows": values.following,
        "hearts": values.likes
    });
    record.as_object().unwrap().clone()
}

fn clip(post: &PostValues, owner: &Values) -> Map<String, Value> {
    let record = json!({
        "clipKey": post.id, "text": post.caption, "publishedTs": 1_763_000_000, "by": owner.username, "hearts": post.views.unwrap() / 9,
        "plays": post.views
    });
    record.as_object().unwrap().clone()
}

fn pairs(record: &Map<String, Value>) -> Value {
    Value::Array(record.iter().map(|(key, value)| json!([key, value])).collect())
}

fn table(records: &[Map<String, Value>]) -> Value {
    let columns: Vec<&String> = records[0].keys().collect();
    let rows: Vec<Vec<&Value>> = records.iter().map(|record| record.values().collect()).collect();
    json!({"columns": columns, "rows": rows})
}

fn columns(records: &[Map<String, Value>]) -> Value {
    let column = |key: &String| (key.clone(), records.iter().map(|record| record[key].clone()).collect::<Value>());
    Value::Object(records[0].keys().map(column).collect())
}

/// A normalised store: the other account stands first, and its counts are an entry of their own.
fn store(accounts: &[Map<String, Value>], clips: &[Map<String, Value>]) -> Value {
    let mut store = Map::new();
    store.insert("ROOT".to_owned(), json!({"__typename": "Query"}));
    for account in accounts {
        let id = account["uid"].as_str().unwrap();
        let mine = |clip: &&Map<String, Value>| clip["by"] == account["handle"];
        let clip_key = |clip: &Map<String, Value>| format!("Clip:{}", clip["clipKey"].as_str().unwrap());
        let (mut facts, mut counts) = (account.clone(), Map::new());
        for key in ["fans", "follows", "hearts"] {
            counts.insert(key.to_owned(), facts.shift_remove(key).unwrap());
        }
        facts.insert("metrics".to_owned(), json!({"__ref": format!("Metrics:{id}")}));
        let own = clips.iter().filter(mine);
        facts.insert("clips".to_owned(), own.clone().map(|clip| json!({"__ref": clip_key(clip)})).collect());
        for clip in own {
            let mut entry = clip.clone();
            entry.insert("by".to_owned(), json!({"__ref": format!("Account:{id}")}));
            store.insert(clip_key(clip), Value::Object(entry));
        }
        store.insert(format!("Metrics:{id}"), Value::Object(counts));
        store.insert(format!("Account:{id}"), Value::Object(facts));
    }
    Value::Object(store)
}

type Form = fn(&[Map<String, Value>], &[Map<String, Value>]) -> Value;

const FORMS: [(&str, Form); 5] = [
    ("rows under column names", |accounts, clips| json!({"accounts": table(accounts), "clips": table(clips)})),
    ("a list for each column", |accounts, clips| json!({"accounts": columns(accounts), "clips": columns(clips)})),
    ("pairs", |accounts, clips| {
        let all = |records: &[Map<String, Value>]| records.iter().map(pairs).collect::<Value>();
        json!({"accounts": all(accounts), "items": all(clips)})
    }),
    ("a normalised store", store),
    ("bare places", |accounts, clips| {
        let one = |account: &Map<String, Value>| {
            let facts: Vec<&Value> = account.values().take(6).collect();
            let counts: Vec<&Value> = account.values().skip(6).collect();
            let own = clips.iter().filter(|clip| clip["by"] == account["handle"]);
            let posts: Vec<Value> = own
                .map(|clip| json!([clip["clipKey"], 17_630, clip["text"], [clip["hearts"], clip["plays"]]]))
                .collect();
            json!(["account", facts, true, counts, posts])
        };
        json!([1, "page", [one(accounts.last().unwrap())], [one(&accounts[0])]])
    }),
];

fn written(form: Form, at: usize, profile: &Values) -> Value {
    let other = another(at);
    let posts = [&other, profile].map(|values| values.posts.iter().flatten().map(|post| clip(post, values)));
    form(&[account(&other, 90 + at), account(profile, 10 + at)], &posts.into_iter().flatten().collect::<Vec<_>>())
}

#[test]
fn records_of_every_form_are_read_and_the_other_account_is_not() {
    for (name, form) in FORMS {
        let pages: Vec<Page> = (0..3).map(|at| page(at, Some(&written(form, at, &now(at))), None)).collect();
        for (at, found) in healed(&pages).into_iter().enumerate() {
            assert_eq!(found, now(at), "{name}");
        }
    }
}

#[test]
fn a_count_that_is_gone_is_not_taken_from_another_record() {
    for (name, form) in FORMS {
        let without = |at: usize| Values { followers: None, ..now(at) };
        let pages: Vec<Page> = (0..3).map(|at| page(at, Some(&written(form, at, &without(at))), None)).collect();
        for (at, found) in healed(&pages).into_iter().enumerate() {
            assert_eq!(found, without(at), "{name}");
        }
    }
}

#[test]
fn a_kept_copy_that_repeats_the_past_is_left_aside() {
    let whole = |at: usize, values: &Values| {
        let clips: Vec<_> = values.posts.iter().flatten().map(|post| clip(post, values)).collect();
        json!({"account": account(values, 10 + at), "clips": clips})
    };
    for inside in [true, false] {
        let pages: Vec<Page> = (0..3)
            .map(|at| {
                let (kept, fresh) = (whole(at, &values(at)), whole(at, &now(at)));
                if inside {
                    page(at, Some(&json!({"kept": kept, "fresh": fresh})), None)
                } else {
                    page(at, Some(&json!({"savedAt": 1_763_000_000, "snapshot": kept})), Some(&fresh))
                }
            })
            .collect();
        for (at, found) in healed(&pages).into_iter().enumerate() {
            assert_eq!(found, now(at), "in one document: {inside}");
        }
    }
}

#[test]
fn posts_of_several_accounts_that_name_nobody_are_only_those_known() {
    let mut pages = Vec::new();
    for at in 0..3 {
        let mut profile = now(at);
        let mut fresh = profile.posts.as_ref().unwrap()[0].clone();
        fresh.id.replace_range(..4, "7510");
        profile.posts.as_mut().unwrap().insert(0, fresh);
        let other = another(at);
        let posts = [&other, &profile].map(|values| values.posts.iter().flatten().map(|post| clip(post, values)));
        let mut posts: Vec<_> = posts.into_iter().flatten().collect();
        posts.iter_mut().for_each(|post| {
            post.shift_remove("by");
        });
        let json = json!({"accounts": [account(&other, 90 + at), account(&profile, 10 + at)], "clips": table(&posts)});
        pages.push(page(at, Some(&json), None));
    }
    for (at, found) in healed(&pages).into_iter().enumerate() {
        assert_eq!(found.posts, now(at).posts);
    }
}
