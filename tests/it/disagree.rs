//! Sources of one page that say different numbers: the fresher one counts, an old copy is left out, and what is outvoted is doubted.

use serde_json::{Value, json};
use social_sentinel::extract::detect::Doubt;
use social_sentinel::extract::selectors::builtin;
use social_sentinel::model::document::{Document, SourceKind};
use social_sentinel::model::job::PlatformId;
use social_sentinel::platform;

use crate::support::page::{Seen, page, script};

const LIST: &str = "https://www.tiktok.com/api/post/item_list/?aid=1988";

/// A profile page: in its data, in its elements and in its meta tags, each with followers of its own.
fn shown(data: u64, header: Option<u64>, meta: Option<&str>) -> Seen {
    let user = json!({"id": "7", "uniqueId": "ghost", "nickname": "Ghost", "signature": "boo"});
    let stats = json!({"followerCount": data, "followingCount": 12, "heartCount": 5_321, "videoCount": 2});
    let info = json!({"user": user, "stats": stats, "statsV2": stats});
    let state = json!({"__DEFAULT_SCOPE__": {"webapp.user-detail": {"statusCode": 0, "userInfo": info}}});
    let meta = meta.map(|count| {
        format!(
            "<meta property='og:title' content='Ghost (@ghost) | TikTok'>\
             <meta name='description' content='Ghost (@ghost) on TikTok | 5321 Likes. {count} Followers. boo'>"
        )
    });
    let header = header.map(|count| {
        format!(
            "<h1 data-e2e='user-title'>ghost</h1><strong data-e2e='following-count'>12</strong>\
             <strong data-e2e='followers-count'>{count}</strong>"
        )
    });
    let header = header.map(|html| html.replace('\'', "\"")).unwrap_or_default();
    let state = script("id=\"__UNIVERSAL_DATA_FOR_REHYDRATION__\" type=\"application/json\"", &state);
    page("@ghost@tiktok", format!("<head>{}</head><body>{state}{header}</body>", meta.unwrap_or_default()))
}

/// The list of its posts, each with a copy of the profile with these followers.
fn list(copies: &[u64]) -> String {
    let author = json!({"id": "7", "uniqueId": "ghost", "nickname": "Ghost"});
    let item = |(n, followers): (usize, &u64)| {
        json!({"id": (7_300_000_000_000_000_001_u64 + n as u64).to_string(), "author": author, "stats": {"playCount": 5},
            "authorStats": {"followerCount": followers, "followingCount": 12, "heartCount": 5_321, "videoCount": 2}})
    };
    let items: Vec<Value> = copies.iter().enumerate().map(item).collect();
    json!({"statusCode": 0, "hasMore": false, "itemList": items}).to_string()
}

fn read(seen: Seen) -> (Document, Vec<Doubt>) {
    let id = PlatformId::new("tiktok");
    let (site, set) = (platform::get(&id).unwrap(), builtin(&id).unwrap());
    platform::read_doubting(site.as_ref(), &seen.capture(), &set, 30)
}

#[test]
fn a_fresh_answer_that_the_page_bears_out_wins_over_an_old_copy_in_the_pages_data() {
    for old in [6_809, 5_000] {
        let (document, doubts) = read(shown(old, Some(7_071), Some("7071")).got(LIST, 200, list(&[7_071, 7_071])));
        let note = &document.fields["profile.followers"];
        assert_eq!((document.profile.unwrap().followers, note.source), (Some(7_071), SourceKind::Network), "{old}");
        assert_eq!(note.agreed_by, [SourceKind::Dom, SourceKind::Meta], "{old}");
        assert_eq!(doubts, [], "{old}");
    }
    // Of two kinds of data that differ by little the fresher is right.
    let (document, doubts) = read(shown(7_070, None, None).got(LIST, 200, list(&[7_071, 7_071])));
    assert_eq!((document.profile.unwrap().followers, doubts), (Some(7_071), Vec::new()));
}

#[test]
fn copies_that_posts_carry_count_only_where_they_say_one_number() {
    for copies in [[7_071, 6_950], [0, 0]] {
        let (document, _) = read(shown(7_072, Some(7_072), None).got(LIST, 200, list(&copies)));
        let source = document.fields["profile.followers"].source;
        assert_eq!((document.profile.unwrap().followers, source), (Some(7_072), SourceKind::Embedded), "{copies:?}");
    }
}

#[test]
fn a_number_that_is_outvoted_is_doubted_and_one_that_moved_for_seconds_is_not() {
    let contradiction = |one, other| Doubt::Contradiction { path: "profile.followers".to_owned(), one, other };
    for (what, seen, expected) in [
        (
            "old data, elements and tags agree",
            shown(6_809, Some(7_071), Some("7071")),
            vec![contradiction(6_809, 7_071)],
        ),
        ("old data, tags alone", shown(6_809, None, Some("7071")), vec![contradiction(6_809, 7_071)]),
        ("a few seconds", shown(7_070, Some(7_071), Some("7072")), vec![]),
        ("cut", shown(112_649, Some(112_649), Some("112.6K")), vec![]),
        ("one old tag", shown(7_071, Some(7_071), Some("6900")), vec![]),
        ("far away", shown(7_071, Some(7_071), Some("9000")), vec![contradiction(7_071, 9_000)]),
    ] {
        assert_eq!(read(seen).1, expected, "{what}");
    }
}

#[test]
fn posts_whose_cards_say_other_views_than_the_list_are_doubted() {
    let cards = |views: [&str; 3]| {
        let card = |(n, views): (usize, &&str)| {
            let id = 7_300_000_000_000_000_001_u64 + n as u64;
            format!(
                "<div data-e2e=\"user-post-item\"><a href=\"https://www.tiktok.com/@ghost/video/{id}\">\
                 <strong data-e2e=\"video-views\">{views}</strong></a></div>"
            )
        };
        let list: String = views.iter().enumerate().map(card).collect();
        format!("<div data-e2e=\"user-post-item-list\">{list}</div>")
    };
    let doubts = |views| {
        let mut seen = shown(7_071, Some(7_071), None).got(LIST, 200, list(&[7_071; 3]));
        seen.html = seen.html.replace("</body>", &format!("{}</body>", cards(views)));
        read(seen).1.len()
    };
    assert_eq!(doubts(["5", "5", "5"]), 0);
    assert_eq!(doubts(["5", "13.4K", "5"]), 0, "one post moved");
    assert_eq!(doubts(["9000", "13.4K", "5"]), 1);
}

#[test]
fn a_page_whose_data_is_anothers_shows_nothing_of_the_one_that_is_named() {
    let mut seen = shown(6_809, Some(7_071), Some("7071")).got(LIST, 200, list(&[7_071, 7_071]));
    seen.html = seen.html.replace("\"uniqueId\":\"ghost\"", "\"uniqueId\":\"other.star\"");
    let document = read(seen).0;
    assert!(document.profile.is_none() && document.posts.is_empty());
    assert_eq!(document.evidence.unwrap().signal, "identity_mismatch");
}

#[test]
fn a_name_is_written_without_its_at_sign_and_is_the_requested_one() {
    for (title, expected) in [("@ghost", Some("ghost")), ("GHOST", Some("GHOST"))] {
        let html =
            "<body><h1 data-e2e=\"user-title\">TITLE</h1><strong data-e2e=\"followers-count\">7071</strong></body>";
        let document = read(page("@ghost@tiktok", html.replace("TITLE", title))).0;
        assert_eq!(document.profile.unwrap().username.as_deref(), expected);
    }
}

/// Instagram's rendered header with these counts, whose links are there or not.
fn header(counts: &[(&str, &str)], linked: bool) -> String {
    let count = |(number, label): &(&str, &str)| match linked && *label != "posts" {
        true => format!("<li><a href=\"/ghost/{label}/\"><span>{number}</span> {label}</a></li>"),
        false => format!("<li><span>{number}</span> {label}</li>"),
    };
    let counts: String = counts.iter().map(count).collect();
    format!(
        "<html lang=\"en\"><head><title>Ghost (@ghost) • Instagram photos and videos</title></head><body><main><header>\
         <section><h2><span>ghost</span></h2></section><section><ul>{counts}</ul></section></header></main></body></html>"
    )
}

#[test]
fn a_place_among_the_counts_says_which_one_it_is_only_while_all_are_there() {
    let all = [("224", "posts"), ("2,362", "followers"), ("136", "following")];
    let read = |counts: &[(&str, &str)], linked| {
        let profile = page("@ghost@instagram", header(counts, linked)).read().profile;
        profile.map(|profile| (profile.posts_count, profile.followers, profile.following)).unwrap_or_default()
    };
    for linked in [true, false] {
        assert_eq!(read(&all, linked), (Some(224), Some(2362), Some(136)), "linked: {linked}");
    }
    assert_eq!(read(&[all[0], all[2]], true), (Some(224), None, Some(136)), "the followers are gone");
    assert_eq!(read(&[all[0], all[2]], false), (None, None, None));
    assert_eq!(read(&[all[1], all[2]], true), (None, Some(2362), Some(136)), "the posts are gone");
    assert_eq!(read(&[all[1], all[2]], false), (None, None, None));
}

#[test]
fn a_number_that_lost_its_last_digits_gives_way_to_one_that_has_them() {
    let with = |data: u64, title: &str| {
        let user = json!({"pk": "7", "username": "ghost", "full_name": "Ghost", "biography": "boo", "is_private": false,
            "follower_count": data, "following_count": 136, "all_media_count": 224});
        let data = json!({"require": [["x", {"__bbox": {"result": {"data": {"xig_user_by_username": user}}}}]]});
        let shown = header(&[("224", "posts"), ("x", "followers"), ("136", "following")], true)
            .replace("<span>x</span>", &format!("<span title=\"{title}\">{}M</span>", &title[..3]));
        let html = shown.replace("<main>", &format!("{}<main>", script("type=\"application/json\" data-sjs", &data)));
        let seen = page("@ghost@instagram", html);
        let set = builtin(&PlatformId::new("instagram")).unwrap();
        let site = platform::get(&PlatformId::new("instagram")).unwrap();
        let (document, doubts) = platform::read_doubting(site.as_ref(), &seen.capture(), &set, 30);
        (document.profile.unwrap().followers, document.fields["profile.followers"].source, doubts.is_empty())
    };
    // One count, shown in two ways: no contradiction.
    assert_eq!(with(4_200_000, "4,218,595"), (Some(4_218_595), SourceKind::Dom, true));
    assert_eq!(with(1_200_000, "1,276,218"), (Some(1_276_218), SourceKind::Dom, true));
    assert_eq!(with(4_218_601, "4,218,595"), (Some(4_218_601), SourceKind::Embedded, true), "the fresher one");
    assert_eq!(with(4_200_000, "4,199,988"), (Some(4_200_000), SourceKind::Embedded, true), "which is round by itself");
    // Another number.
    assert_eq!(with(4_300_000, "4,218,595"), (Some(4_300_000), SourceKind::Embedded, false));
}
