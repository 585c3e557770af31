//! Healing of posts, and of whose page it is: one small page for each trap that an examiner of ours found open.
#![expect(clippy::unwrap_used, reason = "the helpers of a test may fail it")]

use serde_json::{Value, json};
use social_sentinel::clock::Clock;
use social_sentinel::extract::heal::field::{PostValues, Values};
use social_sentinel::extract::heal::page::{Page, Response};
use social_sentinel::extract::heal::selectors::OldSelectors;
use social_sentinel::extract::heal::{Known, case, heal};

use crate::heal::{HANDLES, header, known, values};

const SITE: &str = "https://www.clips.example/@";

fn page_with(handle: &str, header: &str, grid: &str, network: Value) -> Page {
    let html = format!(
        r#"<html lang="en"><head><title>Name of {handle} (@{handle}) | Clips</title><link rel="canonical" href="{SITE}{handle}"></head>
           <body><main><header>{header}</header><div class="grid">{grid}</div></main></body></html>"#
    );
    let responses: Vec<Response> =
        if network.is_null() { vec![] } else { vec![Response { url: "/api/posts".to_owned(), body: network }] };
    Page::parse(handle, &format!("{SITE}{handle}"), &html, &responses)
}

fn healed(known: &[Known], pages: &[Page]) -> Vec<Values> {
    heal(&OldSelectors::default(), known, pages, &Clock::system()).pages.into_iter().map(|page| page.values).collect()
}

/// The pages of all known profiles, each post written by `record`.
fn pages(record: impl Fn(&str, usize, &PostValues) -> String) -> Vec<Page> {
    (0..3)
        .map(|at| {
            let values = values(at);
            let posts = values.posts.clone().unwrap();
            let grid: String = posts.iter().enumerate().map(|(place, post)| record(HANDLES[at], place, post)).collect();
            page_with(HANDLES[at], &header(at, &values, "strong", "span"), &grid, Value::Null)
        })
        .collect()
}

fn link(handle: &str, post: &PostValues) -> String {
    format!(r#"/@{handle}/video/{}"#, post.id)
}

fn views_of(values: &Values) -> Vec<Option<u64>> {
    values.posts.iter().flatten().map(|post| post.views).collect()
}

#[test]
fn the_likes_of_a_picture_are_never_its_views() {
    for marks in
        [[r#"class="v""#, r#"class="k" aria-label="likes""#], ["", "class=k"], [r#"class="v""#, r#"class="k""#]]
    {
        let pages = pages(|handle, place, post| {
            let (views, likes) = (post.views.unwrap(), post.views.unwrap() / 30);
            let shown = if place == 1 { String::new() } else { format!("<b {}>{views}</b>", marks[0]) };
            format!(
                r#"<div class="i"><a href="{}"><img alt="{}"></a><span><svg aria-label="Count"></svg>{shown}<b {}>{likes}</b></span></div>"#,
                link(handle, post),
                post.caption.clone().unwrap(),
                marks[1]
            )
        });
        for (at, found) in healed(&known(), &pages).iter().enumerate() {
            let mut wanted = views_of(&values(at));
            wanted[1] = None;
            assert_eq!(views_of(found), wanted, "{marks:?}");
        }
    }
}

#[test]
fn a_post_known_without_views_gets_none_from_a_number_that_looks_like_them() {
    let mut known = known();
    for good in &mut known {
        good.values.posts.as_mut().unwrap()[2].views = None;
    }
    let pages = pages(|handle, place, post| {
        let number = if place == 2 { 412 } else { post.views.unwrap() };
        format!(
            r#"<div class="i"><a href="{}"><img alt="{}"></a><b class="n">{number}</b></div>"#,
            link(handle, post),
            post.caption.clone().unwrap()
        )
    });
    for (at, found) in healed(&known, &pages).iter().enumerate() {
        let mut wanted = views_of(&values(at));
        wanted[2] = None;
        assert_eq!(views_of(found), wanted);
    }
}

#[test]
fn a_number_of_a_caption_is_no_view_and_views_are_no_caption() {
    let pages = pages(|handle, place, post| {
        let (caption, views) = (post.caption.clone().unwrap(), post.views.unwrap());
        let (text, number) = match place {
            1 => (format!("<p>12 ways to bake 300 loaves, {caption}</p>"), String::new()),
            2 => (String::new(), format!("<p>{views}</p>")),
            _ => (format!("<p>{caption}</p>"), format!("<p>{views}</p>")),
        };
        format!(r#"<div><a href="{}">{text}</a>{number}</div>"#, link(handle, post))
    });
    for (at, found) in healed(&known(), &pages).iter().enumerate() {
        let posts = found.posts.clone().unwrap();
        assert_eq!(posts[0].views, views_of(&values(at))[0]);
        assert_eq!(posts[1].views, None);
        assert_eq!(posts[2].caption, None);
    }
}

#[test]
fn a_caption_that_is_cut_is_null_and_the_whole_ones_beside_it_stay() {
    let pages = pages(|handle, place, post| {
        let caption = post.caption.clone().unwrap();
        let shown = if place == 3 { format!("{}…", &caption[..9]) } else { caption };
        format!(r#"<div class="i"><a href="{}"></a><p class="c">{shown}</p></div>"#, link(handle, post))
    });
    for (at, found) in healed(&known(), &pages).iter().enumerate() {
        let captions: Vec<Option<String>> = found.posts.iter().flatten().map(|post| post.caption.clone()).collect();
        let mut wanted: Vec<Option<String>> =
            values(at).posts.iter().flatten().map(|post| post.caption.clone()).collect();
        wanted[3] = None;
        assert_eq!(captions, wanted);
    }
}

/// A page of a site whose addresses say nothing of a post's owner.
fn gallery(handle: &str, sections: &str) -> Page {
    let html = format!(
        r#"<html lang="en"><head><title>N ({handle})</title><link rel="canonical" href="https://www.pics.example/{handle}/"></head>
           <body><main><header><h1 class="n">{handle}</h1><div><b>120</b><i>Followers</i></div></header>{sections}</main></body></html>"#
    );
    Page::parse(handle, &format!("https://www.pics.example/{handle}/"), &html, &[])
}

fn gallery_grid(first: usize, title: &str) -> String {
    let items: String = (first..first + 4)
        .map(|at| format!(r#"<div class="i"><a href="/p/CqZ{at:02}xYabWv/"><img alt="words {at}"></a><b class="v">{at}50</b></div>"#))
        .collect();
    format!(r#"<section class="s">{title}<div class="g">{items}</div></section>"#)
}

#[test]
fn anothers_posts_are_not_given_to_a_profile_that_was_never_seen() {
    let good = Known {
        page: gallery(HANDLES[0], &gallery_grid(10, "")),
        values: Values {
            username: Some(HANDLES[0].to_owned()),
            posts: Some(
                (10..14)
                    .map(|at| PostValues {
                        id: format!("CqZ{at}xYabWv"),
                        views: Some(at * 100 + 50),
                        caption: Some(format!("words {at}")),
                    })
                    .collect(),
            ),
            ..Values::default()
        },
    };
    let titles = [
        "<h3>More from @someone_else9</h3>",
        "<h3>More from <a href='/someone_else9/'>someone_else9</a></h3>",
        "<h3>Suggested for you</h3>",
    ];
    for title in titles {
        let found = healed(std::slice::from_ref(&good), &[gallery("new.face11", &gallery_grid(30, title))]);
        assert_eq!(found[0].posts, None, "{title}");
    }
    let sections = [gallery_grid(30, "<h3>Popular</h3>"), gallery_grid(40, "<h3>Latest</h3>")].concat();
    let found = healed(std::slice::from_ref(&good), &[gallery("new.face11", &sections)]);
    assert_eq!(found[0].posts.as_ref().map(Vec::len), Some(8));
}

fn listed(at: usize, name: &str) -> Vec<Value> {
    let posts = values(at).posts.unwrap();
    let item =
        |post: &PostValues| json!({"id": post.id, "desc": post.caption, "author": {"name": name}, "plays": post.views});
    posts.iter().map(item).collect()
}

fn known_lists() -> Vec<Known> {
    let page = |at: usize| {
        let values = values(at);
        page_with(HANDLES[at], &header(at, &values, "strong", "span"), "", json!({"list": listed(at, HANDLES[at])}))
    };
    (0..3).map(|at| Known { page: page(at), values: values(at) }).collect()
}

fn with_network(at: usize, network: Value) -> Page {
    page_with(HANDLES[at], &header(at, &values(at), "strong", "span"), "", network)
}

#[test]
fn a_list_in_two_parts_or_in_rows_is_read_whole() {
    let items = listed(1, HANDLES[1]);
    for network in
        [json!({"first": items[..2], "rest": items[2..]}), json!({"rows": [{"row": items[..2]}, {"row": items[2..]}]})]
    {
        let found = healed(&known_lists(), &[with_network(1, network)]);
        assert_eq!(found[0].posts, values(1).posts);
    }
}

#[test]
fn two_lists_that_differ_in_a_posts_views_give_it_none() {
    let items = listed(1, HANDLES[1]);
    let mut older = items.clone();
    older[0]["plays"] = json!(19_500);
    let found = healed(&known_lists(), &[with_network(1, json!({"previous": older, "current": items}))]);
    let mut wanted = views_of(&values(1));
    wanted[0] = None;
    assert_eq!(views_of(&found[0]), wanted);
}

#[test]
fn an_accounts_own_id_is_no_post() {
    let network = json!({"users": {"new_face77": {"id": "7500000000000099001", "name": "new_face77"}}, "list": []});
    let html_header =
        r#"<h1 class="n">new_face77</h1><div class="cell"><strong>81</strong><span>Followers</span></div>"#;
    let page = page_with("new_face77", html_header, "", network);
    assert_eq!(healed(&known_lists(), &[page])[0].posts, None);
}

#[test]
fn anothers_data_on_a_new_profiles_page_is_no_earlier_self() {
    let other = values(1);
    let user = json!({"name": HANDLES[1], "title": other.display_name, "avatar": other.avatar_url, "about": other.bio});
    let header = r#"<h1 class="n">new_face77</h1><div class="cell"><strong>81</strong><span>Followers</span></div>"#;
    let page = page_with("new_face77", header, "", json!({"user": user, "list": listed(1, HANDLES[1])}));
    assert_eq!(healed(&known_lists(), &[page])[0].posts, None);
}

#[test]
fn ids_in_queries_and_attributes_are_ids() {
    for attribute in [false, true] {
        let pages = pages(|handle, _, post| {
            let (id, views) = (&post.id, post.views.unwrap());
            if attribute {
                format!(r##"<div class="i" data-item="{id}"><a href="#">x</a><b class="v">{views}</b></div>"##)
            } else {
                format!(r#"<div class="i"><a href="/v?item_id={id}&u={handle}">x</a><b class="v">{views}</b></div>"#)
            }
        });
        for (at, found) in healed(&known(), &pages).iter().enumerate() {
            assert_eq!(views_of(found), views_of(&values(at)));
        }
    }
}

#[test]
fn an_advertisement_in_the_grid_is_left_out_and_new_posts_stay() {
    let pages = pages(|handle, place, post| {
        let own = format!(
            r#"<div class="i"><a href="{}"></a><b class="v">{}</b></div>"#,
            link(handle, post),
            post.views.unwrap()
        );
        let fresh = r#"<div class="i"><a href="/@{handle}/video/7500000000000088001"></a><b class="v">77</b></div>"#;
        let advert = r#"<div class="i"><a href="/@big_brand8/video/7500000000000077001"></a><b class="v">9100</b><a href="/@big_brand8">big_brand8</a></div>"#;
        if place == 1 { format!("{}{advert}{own}", fresh.replace("{handle}", handle)) } else { own }
    });
    for found in healed(&known(), &pages) {
        let ids: Vec<String> = found.posts.unwrap().into_iter().map(|post| post.id).collect();
        assert_eq!(ids.len(), 5);
        assert_eq!(ids[1], "7500000000000088001");
    }
}

#[test]
fn a_name_and_its_handle_in_one_text_name_the_page_and_signs_of_direction_do_not_hide_it() {
    for (name, number) in [("Name of {} (@{})", "{}"), ("\u{2068}{}\u{2069}", "\u{200e}{}\u{200e}")] {
        let handle = HANDLES[1];
        let truth = values(1);
        let shown = number.replace("{}", &truth.followers.unwrap().to_string());
        let header = format!(
            r#"<h1>{}</h1><div class="cell"><strong>{shown}</strong><span>Followers</span></div>"#,
            name.replace("{}", handle)
        );
        let found = healed(&known(), &[page_with(handle, &header, "", Value::Null)]);
        assert_eq!(found[0].followers, truth.followers, "{name}");
    }
}

#[test]
fn an_avatar_in_a_style_is_found_and_a_link_never_stands_for_it() {
    let pages: Vec<Page> = (0..3)
        .map(|at| {
            let truth = values(at);
            let header = header(at, &truth, "strong", "span");
            let avatar = truth.avatar_url.unwrap();
            let header = header.replace(
                &format!(r#"<img class="a" src="{avatar}">"#),
                &format!(r#"<div class="ph" style="background-image: url(&quot;{avatar}&quot;)"></div>"#),
            );
            page_with(HANDLES[at], &header, "", Value::Null)
        })
        .collect();
    for (at, found) in healed(&known(), &pages).iter().enumerate() {
        assert_eq!(found.avatar_url, values(at).avatar_url);
    }
}

#[test]
fn a_bio_that_links_to_others_stays_the_profiles_own() {
    let mut known = known();
    let pages: Vec<Page> = (0..3)
        .map(|at| {
            let bio = format!("{} with @friend_of{at}x", ["tea and rain", "old clocks", "night trains"][at]);
            let mut truth = values(at);
            truth.bio = Some(bio.clone());
            known[at].values.bio = Some(bio.clone());
            let linked =
                bio.replace(&format!("@friend_of{at}x"), &format!(r#"<a href="/@friend_of{at}x">@friend_of{at}x</a>"#));
            page_with(HANDLES[at], &header(at, &truth, "strong", "span").replace(&bio, &linked), "", Value::Null)
        })
        .collect();
    for (at, found) in healed(&known, &pages).iter().enumerate() {
        assert_eq!(found.bio, known[at].values.bio);
        assert_eq!(found.external_url, values(at).external_url);
    }
}

#[test]
fn one_broken_page_of_a_case_is_null_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("broken.json"), "[{").unwrap();
    let page = r#"<title>x (@ana.reed12)</title><link rel="canonical" href="https://www.clips.example/@ana.reed12"><h1>ana.reed12</h1><div><b>1,244</b> <i>Followers</i></div>"#;
    std::fs::write(folder.path().join("page.html"), page).unwrap();
    let entry = |id: &str, html: &str| json!({"page_id": id, "profile": "ana.reed12", "url": "https://www.clips.example/@ana.reed12", "html": html, "network": "broken.json"});
    let file = json!({"case_id": "c", "pages": [entry("gone", "gone.html"), entry("there", "page.html")]});
    std::fs::write(folder.path().join("case.json"), file.to_string()).unwrap();
    let answer = case::run(&folder.path().join("case.json"), &Clock::system()).unwrap();
    assert_eq!(answer.pages["gone"], Values::default());
    assert_eq!(answer.pages["there"].followers, Some(1_244));
    assert_eq!(answer.unread.len(), 3);
}
