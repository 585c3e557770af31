//! Healing on whole cases: the shared ones with their truth, and small pages written for one trap each.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may fail it")]

use serde_json::{Value, json};
use social_sentinel::clock::Clock;
use social_sentinel::extract::heal::field::{PostValues, Values};
use social_sentinel::extract::heal::page::{Page, Response};
use social_sentinel::extract::heal::selectors::OldSelectors;
use social_sentinel::extract::heal::{Known, Refusal, case, heal, negative_control};

pub(crate) const HANDLES: [&str; 3] = ["ana.reed12", "bo_lind7", "cem.kaya88"];

pub(crate) fn values(at: usize) -> Values {
    let number = u64::try_from(at).unwrap() + 1;
    let posts = (0..4).map(|post| PostValues {
        id: format!("75000000000000{number}00{post}"),
        views: Some(10_000 * number + 777 * post),
        caption: Some(format!("caption {post} of {}", HANDLES[at])),
    });
    Values {
        username: Some(HANDLES[at].to_owned()),
        display_name: Some(format!("Name of {}", HANDLES[at])),
        bio: Some(
            ["tea and kites\nwrite to me", "I mend clocks", "night trains of the north\nphotos daily"][at].to_owned(),
        ),
        followers: Some(48_211 * number),
        following: Some(317 + 41 * number),
        likes: Some(912_345 * number),
        avatar_url: Some(format!("https://cdn.clips.example/a/{number}aa.jpg?sig=1")),
        external_url: Some(format!("https://shop{number}.example/links")),
        posts: Some(posts.collect()),
        ..Values::default()
    }
}

/// A profile's page: `header` may hold anything; the grid is the profile's.
fn page(handle: &str, header: &str, posts: &[PostValues], network: Value) -> Page {
    let grid: String = posts
        .iter()
        .map(|post| {
            let (id, caption, views) = (&post.id, post.caption.clone().unwrap_or_default(), post.views.unwrap_or(0));
            format!(r#"<div class="item"><a href="/@{handle}/video/{id}"><img alt="{caption}" src="/t/{id}.jpg"></a><b class="v">{views}</b></div>"#)
        })
        .collect();
    let html = format!(
        r#"<html lang="en"><head><title>x (@{handle}) | Clips</title><link rel="canonical" href="https://www.clips.example/@{handle}"></head>
           <body><main><header>{header}</header><div class="grid">{grid}</div></main></body></html>"#
    );
    let responses: Vec<Response> =
        if network.is_null() { vec![] } else { vec![Response { url: "/api/user".to_owned(), body: network }] };
    Page::parse(handle, &format!("https://www.clips.example/@{handle}"), &html, &responses)
}

pub(crate) fn header(at: usize, values: &Values, number: &str, label: &str) -> String {
    let count = |value: Option<u64>, word: &str| {
        let shown = value.map(|value| value.to_string()).unwrap_or_default();
        format!(r#"<div class="cell"><{number}>{shown}</{number}><{label}>{word}</{label}></div>"#)
    };
    format!(
        r#"<h1 class="n">{}</h1><h2 class="d">{}</h2><img class="a" src="{}"><div class="counts">{}{}{}</div><p class="b">{}</p><a class="l" href="{}">link</a>"#,
        HANDLES[at],
        values.display_name.clone().unwrap(),
        values.avatar_url.clone().unwrap(),
        count(values.following, "Following"),
        count(values.followers, "Followers"),
        count(values.likes, "Likes"),
        values.bio.clone().unwrap(),
        values.external_url.clone().unwrap()
    )
}

pub(crate) fn known() -> Vec<Known> {
    (0..3)
        .map(|at| {
            let values = values(at);
            let page = page(
                HANDLES[at],
                &header(at, &values, "strong", "span"),
                values.posts.as_deref().unwrap(),
                Value::Null,
            );
            Known { page, values }
        })
        .collect()
}

fn healed(pages: &[Page]) -> Vec<Values> {
    heal(&OldSelectors::default(), &known(), pages, &Clock::system())
        .pages
        .into_iter()
        .map(|page| page.values)
        .collect()
}

#[test]
fn the_shared_cases_are_healed_whole_and_twice_the_same() {
    let root = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/heal-cases"));
    let Ok(folders) = std::fs::read_dir(root) else { return };
    for folder in folders.map(|entry| entry.unwrap().path()).filter(|path| path.join("case.json").exists()) {
        let truth: Value = serde_json::from_slice(&std::fs::read(folder.join("truth.json")).unwrap()).unwrap();
        let answer = serde_json::to_value(case::run(&folder.join("case.json"), &Clock::system()).unwrap()).unwrap();
        let again = serde_json::to_value(case::run(&folder.join("case.json"), &Clock::system()).unwrap()).unwrap();
        assert_eq!(answer["pages"], again["pages"]);
        for (page, fields) in truth["pages"].as_object().unwrap() {
            for (field, expected) in fields.as_object().unwrap() {
                let found = &answer["pages"][page][field];
                let context = format!("{} {page} {field}", folder.display());
                match (expected.get("value"), expected.as_array()) {
                    (Some(Value::Number(value)), _) => {
                        let tolerance = expected["tol"].as_u64().unwrap_or(0);
                        assert!(
                            value.as_u64().unwrap().abs_diff(found.as_u64().expect(&context)) <= tolerance,
                            "{context}"
                        );
                    }
                    (Some(value), _) => assert_eq!(found, value, "{context}"),
                    (None, Some(posts)) => {
                        assert_eq!(found.as_array().expect(&context).len(), posts.len(), "{context}")
                    }
                    (None, None) if expected.is_null() => assert!(found.is_null(), "{context}"),
                    (None, None) => {}
                }
            }
        }
    }
}

#[test]
fn other_tags_and_classes_do_not_hide_a_profile() {
    let pages: Vec<Page> = (0..3)
        .map(|at| {
            page(
                HANDLES[at],
                &header(at, &values(at), "b", "i").replace("class=\"", "class=\"z"),
                values(at).posts.as_deref().unwrap(),
                Value::Null,
            )
        })
        .collect();
    for (at, found) in healed(&pages).into_iter().enumerate() {
        assert_eq!(found, values(at));
    }
}

#[test]
fn a_removed_number_is_null_even_with_a_strangers_number_in_its_place() {
    let pages: Vec<Page> = (0..3)
        .map(|at| {
            let own = values(at);
            let gone =
                format!(r#"<div class="cell"><strong>{}</strong><span>Followers</span></div>"#, own.followers.unwrap());
            let stranger = format!("<div class=\"also\"><span>dora_weiss{at}</span>{gone}</div>");
            let header = header(at, &own, "strong", "span").replace(&gone, "") + &stranger;
            page(HANDLES[at], &header, own.posts.as_deref().unwrap(), Value::Null)
        })
        .collect();
    for (at, found) in healed(&pages).into_iter().enumerate() {
        assert_eq!(found.followers, None, "{at}");
        assert_eq!(found.likes, values(at).likes);
    }
}

#[test]
fn a_hidden_copy_of_yesterday_is_not_read() {
    let pages: Vec<Page> = (0..3)
        .map(|at| {
            let mut now = values(at);
            now.followers = now.followers.map(|followers| followers + 130);
            let stale = format!("<div style=\"display: none\">{}</div>", header(at, &values(at), "strong", "span"));
            page(
                HANDLES[at],
                &(stale + &header(at, &now, "strong", "span")),
                now.posts.as_deref().unwrap(),
                Value::Null,
            )
        })
        .collect();
    for (at, found) in healed(&pages).into_iter().enumerate() {
        assert_eq!(found.followers, values(at).followers.map(|followers| followers + 130));
    }
}

#[test]
fn a_surge_in_its_place_is_published() {
    let pages: Vec<Page> = (0..3)
        .map(|at| {
            let mut now = values(at);
            now.followers = now.followers.map(|followers| followers * 3);
            page(HANDLES[at], &header(at, &now, "strong", "span"), now.posts.as_deref().unwrap(), Value::Null)
        })
        .collect();
    for (at, found) in healed(&pages).into_iter().enumerate() {
        assert_eq!(found.followers, values(at).followers.map(|followers| followers * 3));
    }
}

#[test]
fn renamed_keys_are_learned_and_a_neighbours_numbers_left_alone() {
    let pages: Vec<Page> = (0..3)
        .map(|at| {
            let own = values(at);
            let neighbour = json!({"k1": "emil_stone4", "k9": {"k2": own.followers.map(|f| f + 9), "k3": own.following, "k4": own.likes}});
            let body = json!({"k0": [neighbour, {"k1": HANDLES[at], "k9": {"k2": own.followers, "k3": own.following, "k4": own.likes}}]});
            page(HANDLES[at], "<h1>loading</h1>", &[], body)
        })
        .collect();
    for (at, found) in healed(&pages).into_iter().enumerate() {
        assert_eq!((found.followers, found.likes), (values(at).followers, values(at).likes));
    }
}

#[test]
fn another_users_page_and_walls_keep_everything_to_themselves() {
    let other = values(1);
    let anothers = page(HANDLES[1], &header(1, &other, "strong", "span"), other.posts.as_deref().unwrap(), Value::Null);
    let mut asked = anothers;
    asked.profile = HANDLES[0].to_owned();
    let wall = Page::parse(
        HANDLES[0],
        "https://www.clips.example/@ana.reed12",
        "<title>Log in (@ana.reed12)</title><link rel=canonical href='https://www.clips.example/@ana.reed12'><form>Log in to follow <b>@ana.reed12</b><input type=password></form>",
        &[],
    );
    let result = heal(&OldSelectors::default(), &known(), &[asked, wall], &Clock::system());
    assert!(result.pages.iter().all(|page| page.values == Values::default()));
    assert_eq!(result.pages[0].refusal, Some(Refusal::NamesAnother));
}

#[test]
fn strangers_pasts_fit_nowhere() {
    let pages: Vec<Page> = (0..3)
        .map(|at| {
            page(HANDLES[at], &header(at, &values(at), "b", "i"), values(at).posts.as_deref().unwrap(), Value::Null)
        })
        .collect();
    let (accepted, tried) = negative_control(&known(), &pages);
    assert_eq!((accepted, tried), (0, 24));
}
