//! Healing where what is shown is easily misread: numbers that only bound a count, glued neighbours, signs in place of words, plays of a
//! day, captions in quotes, posts by two, and fields that one page has emptied. Right or nothing.

use serde_json::json;
use social_sentinel::clock::Clock;
use social_sentinel::extract::heal::field::{PostValues, Values};
use social_sentinel::extract::heal::heal;
use social_sentinel::extract::heal::page::{Page, Response};
use social_sentinel::extract::heal::selectors::OldSelectors;

use crate::heal::{HANDLES, header, known, values};

const SITE: &str = "https://www.clips.example/@";

fn page(at: usize, body: &str) -> Page {
    let handle = HANDLES[at];
    let html = format!(
        r#"<html lang="en"><head><title>Name of {handle} (@{handle}) | Clips</title><link rel="canonical" href="{SITE}{handle}">
           </head><body>{body}</body></html>"#
    );
    Page::parse(handle, &format!("{SITE}{handle}"), &html, &[])
}

fn healed(pages: &[Page]) -> Vec<Values> {
    let healed = heal(&OldSelectors::default(), &known(), pages, &Clock::system());
    healed.pages.into_iter().map(|page| page.values).collect()
}

/// A page of each profile, with the header rewritten and a grid of items.
fn shown(head: impl Fn(usize, String) -> String, item: impl Fn(usize, &PostValues) -> String) -> Vec<Values> {
    let one = |at: usize| {
        let truth = values(at);
        let items: String = truth.posts.iter().flatten().map(|post| item(at, post)).collect();
        page(
            at,
            &format!(
                r#"<main><header>{}</header><div class="g">{items}</div></main>"#,
                head(at, header(at, &truth, "b", "i"))
            ),
        )
    };
    healed(&(0..HANDLES.len()).map(one).collect::<Vec<Page>>())
}

fn link(at: usize, post: &PostValues, inside: &str) -> String {
    format!(r#"<div class="it"><a href="/@{}/video/{}">{inside}</a></div>"#, HANDLES[at], post.id)
}

fn plain(at: usize, post: &PostValues) -> String {
    link(at, post, &format!(r#"<img alt="{}"><em>{}</em>"#, post.caption.clone().unwrap(), post.views.unwrap()))
}

#[test]
fn a_bound_is_no_count() {
    for bound in ["<{}", "< {}", "≤{}", "{}+", ">{}"] {
        for (at, found) in shown(
            |at, header| {
                let count = values(at).followers.unwrap();
                header.replace(
                    &format!("<b>{count}</b>"),
                    &format!("<b>{}</b>", bound.replace("{}", &count.to_string()).replace('<', "&lt;")),
                )
            },
            plain,
        )
        .into_iter()
        .enumerate()
        {
            assert_eq!((found.followers, found.following), (None, values(at).following), "{bound}");
        }
    }
}

#[test]
fn a_share_beside_a_count_names_nothing() {
    let share = |count: u64| format!("{count} (+{}.{}%)", count % 9 + 1, count % 7 + 1);
    for (at, found) in shown(
        |at, header| {
            let truth = values(at);
            [truth.followers, truth.following, truth.likes].into_iter().flatten().fold(header, |header, count| {
                header.replace(&format!("<b>{count}</b>"), &format!("<b>{}</b>", share(count)))
            })
        },
        plain,
    )
    .into_iter()
    .enumerate()
    {
        let truth = values(at);
        assert!(found.followers.is_none() || found.followers == truth.followers, "{:?}", found.followers);
        assert!(found.likes.is_none() || found.likes == truth.likes, "{:?}", found.likes);
    }
}

#[test]
fn digits_side_by_side_are_not_made_one_number() {
    let glued = |at: usize, post: &PostValues| {
        link(
            at,
            post,
            &format!("<p><span class=c>{}</span><span class=c>{}</span></p>", 9, post.views.unwrap() % 900 + 100),
        )
    };
    for found in shown(|_, header| header, glued) {
        for post in found.posts.into_iter().flatten() {
            assert_eq!(post.views, None, "{post:?}");
        }
    }
}

#[test]
fn plays_that_are_only_spoken_are_read_and_those_of_a_day_are_not() {
    let spoken = |words: &'static str| {
        move |at: usize, post: &PostValues| {
            let caption = post.caption.clone().unwrap();
            link(at, post, &format!(r#"<img alt="{caption}"><svg aria-label="{} {words}"></svg>"#, post.views.unwrap()))
        }
    };
    for (at, found) in shown(|_, header| header, spoken("views")).into_iter().enumerate() {
        assert_eq!(found.posts, values(at).posts);
    }
    for words in ["views today", "views this week", "average views", "likes"] {
        for found in shown(|_, header| header, spoken(words)) {
            assert!(found.posts.into_iter().flatten().all(|post| post.views.is_none()), "{words}");
        }
    }
}

#[test]
fn a_heart_beside_a_number_is_no_sign_of_plays() {
    let signed = |at: usize, post: &PostValues| {
        let is_photo = post.id.ends_with('3');
        let (sign, count) = if is_photo { ("❤", post.views.unwrap() / 9) } else { ("▶", post.views.unwrap()) };
        link(
            at,
            post,
            &format!(r#"<img alt="{}"><p><span>{sign}</span><span>{count}</span></p>"#, post.caption.clone().unwrap()),
        )
    };
    for (at, found) in shown(|_, header| header, signed).into_iter().enumerate() {
        for (post, truth) in found.posts.unwrap().into_iter().zip(values(at).posts.unwrap()) {
            assert_eq!(post.views, truth.views.filter(|_| !truth.id.ends_with('3')), "{}", truth.id);
        }
    }
}

#[test]
fn a_caption_in_quotes_behind_its_authors_name_is_read() {
    let quoted = |at: usize, post: &PostValues| {
        let caption = post.caption.clone().unwrap();
        link(at, post, &format!("<img alt='Name on Clips: \"{caption}\"'><em>{}</em>", post.views.unwrap()))
    };
    for (at, found) in shown(|_, header| header, quoted).into_iter().enumerate() {
        assert_eq!(found.posts, values(at).posts);
    }
}

#[test]
fn a_known_post_by_two_stays_and_an_unknown_one_of_anothers_does_not() {
    let by_two = |at: usize, post: &PostValues| {
        let mut items = plain(at, post);
        if post.id.ends_with('2') {
            items = items.replace(&format!("/@{}/", HANDLES[at]), "/@studio_x/");
            items += &format!(
                r#"<div class="it"><a href="/@studio_x/video/{}9"><img alt="an ad"><em>77</em></a></div>"#,
                &post.id[..post.id.len() - 1]
            );
        }
        items
    };
    for (at, found) in shown(|_, header| header, by_two).into_iter().enumerate() {
        assert_eq!(found.posts, values(at).posts);
    }
}

#[test]
fn a_text_that_one_page_emptied_is_not_taken_from_its_history() {
    let account = |at: usize, bio: &str| {
        let truth = values(at);
        let body = json!({"u": {
            "handle": truth.username, "label": truth.display_name, "about": bio, "pic": truth.avatar_url, "about_before": [truth.bio],
            "counters": {"fans": truth.followers, "followings": truth.following, "hearts": truth.likes}}});
        let page = page(at, "<div id=root></div>");
        let response = Response { url: "/api/user".to_owned(), body };
        Page::parse(
            &page.profile,
            &page.url,
            &format!(r#"<html><head><title>x (@{})</title></head><body></body></html>"#, HANDLES[at]),
            &[response],
        )
    };
    let bio = |at: usize| if at == 0 { String::new() } else { values(at).bio.unwrap_or_default() };
    let pages: Vec<Page> = (0..HANDLES.len()).map(|at| account(at, &bio(at))).collect();
    for (at, found) in healed(&pages).into_iter().enumerate() {
        assert_eq!(found.followers, values(at).followers);
        assert_eq!(found.bio, values(at).bio.filter(|_| at != 0));
    }
}

#[test]
fn one_profile_is_enough_to_doubt_an_old_copy() {
    let one = |at: usize| {
        let truth = values(at);
        let (old, new) = (truth.followers.unwrap(), truth.followers.unwrap() + truth.followers.unwrap() / 50);
        let linked = json!({"@type": "ProfilePage", "mainEntity": {"alternateName": truth.username, "interactionStatistic": [
            {"interactionType": "FollowAction", "userInteractionCount": old + 1}]}});
        let body = json!({"kq1": {"kq2": truth.username, "kq3": truth.display_name, "kq4": truth.bio, "kq5": {"kq6": new, "kq7": truth.following}}});
        page(
            at,
            &format!(
                r#"<script type="application/ld+json">{linked}</script><script type="application/json">{body}</script>"#
            ),
        )
    };
    for (at, found) in healed(&[one(0)]).into_iter().enumerate() {
        let now = values(at).followers.map(|count| count + count / 50);
        assert!(found.followers.is_none() || found.followers == now, "{:?}", found.followers);
    }
}
