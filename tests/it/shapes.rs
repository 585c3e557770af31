//! Where the sites keep a profile and its posts beside the usual places: other queries, other years, other tabs. What they hold is
//! read; what they do not say (how often somebody posts, whether a list is whole) is not made up.

use serde_json::{Value, json};
use social_sentinel::model::document::{Outcome, PostKind, Precision, ShortReason};

use crate::support::page::{Seen, answers, page, read_unnamed, script};

const FIRST: u64 = 3_465_880_498_545_589_000;
const GRAPHQL: &str = "https://www.instagram.com/api/graphql";

fn sjs(data: &Value) -> String {
    script("type=\"application/json\" data-sjs", &json!({"require": [["x", {"__bbox": {"result": {"data": data}}}]]}))
}

fn user(extra: Value) -> Value {
    let mut user = json!({"pk": "7", "username": "ghost", "full_name": "Ghost", "biography": "boo", "is_private": false,
        "follower_count": 921, "following_count": 152, "media_count": 40});
    for (key, value) in extra.as_object().unwrap() {
        user[key] = value.clone();
    }
    user
}

/// A reel of the tab of guests: it names its author by number alone.
fn reel(n: u64, author: &str) -> Value {
    json!({"pk": (FIRST + n).to_string(), "code": format!("DBx{n:08}"), "product_type": "clips", "user": {"pk": author},
        "like_count": 10, "comment_count": 2, "play_count": 700 + n, "clips_tab_pinned_user_ids": []})
}

fn nodes(posts: impl Iterator<Item = Value>) -> Vec<Value> {
    posts.map(|node| json!({"node": node})).collect()
}

#[test]
fn a_profile_is_read_under_whatever_name_its_query_has() {
    for root in ["xdt_user_by_username", "xig_user_by_igid_v2", "fetch__XDTUserDict", "user", "some_root_of_2027"] {
        let seen =
            answers("@ghost@instagram").got(GRAPHQL, 200, json!({"data": {root: user(json!({}))}}).to_string()).read();
        let profile = seen.profile.unwrap_or_else(|| panic!("{root}"));
        assert_eq!(
            (profile.followers, profile.following, profile.posts_count),
            (Some(921), Some(152), Some(40)),
            "{root}"
        );
        // The same of somebody else is nobody we know.
        let other = json!({"data": {root: user(json!({"username": "other.star"}))}}).to_string();
        let seen = answers("@ghost@instagram").got(GRAPHQL, 200, other).read();
        assert_eq!((seen.outcome, seen.profile.is_none()), (Outcome::Unavailable, true), "{root}");
    }
    // Who looks is not who is looked at.
    let viewer =
        json!({"data": {"viewer": user(json!({"username": "me"})), "users": [user(json!({"username": "you"}))]}});
    let unnamed = read_unnamed("instagram", answers("@ghost@instagram").got(GRAPHQL, 200, viewer.to_string()));
    assert!(unnamed.profile.is_none(), "{:?}", unnamed.profile);
    let private = sjs(&json!({"xig_user_by_igid_v2": user(json!({"is_private": true}))}));
    let document = page("@ghost@instagram", private).read();
    assert_eq!((document.outcome, document.profile.unwrap().followers), (Outcome::Private, Some(921)));
}

#[test]
fn the_plain_user_of_2017_has_its_counts_and_its_posts() {
    let posts: Vec<Value> = (0..3)
        .map(|n| json!({"id": (FIRST + n).to_string(), "code": format!("BYy8R_SF{n:03}"), "date": 1_504_907_908 + n, "is_video": false,
            "__typename": "GraphImage", "likes": {"count": 4}, "comments": {"count": 1}, "owner": {"id": "7"}}))
        .collect();
    let body = json!({"user": {"id": "7", "username": "ghost", "full_name": "Ghost", "is_private": false, "followed_by": {"count": 16},
        "follows": {"count": 74}, "media": {"count": 3, "nodes": posts, "page_info": {"has_next_page": false}}}});
    let document =
        answers("@ghost@instagram").got("https://www.instagram.com/ghost/?__a=1", 200, body.to_string()).read();
    let profile = document.profile.unwrap();
    assert_eq!((profile.followers, profile.following, profile.posts_count), (Some(16), Some(74), Some(3)));
    assert_eq!((document.outcome, document.posts.len(), document.posts[0].likes), (Outcome::Ok, 3, Some(4)));
}

#[test]
fn a_list_that_names_its_owner_by_number_alone_is_whose_it_was_asked_for() {
    let list = |owners: [&str; 2]| {
        let posts = owners.iter().zip(0..).map(|(owner, n)| {
            json!({"id": (FIRST + n).to_string(), "shortcode": format!("BYy8R_SF{n:03}"), "__typename": "GraphImage",
                "taken_at_timestamp": 1_504_907_908, "edge_media_preview_like": {"count": 4}, "owner": {"id": owner}})
        });
        json!({"data": {"user": {"edge_owner_to_timeline_media": {"count": 33, "edges": nodes(posts),
            "page_info": {"has_next_page": true}}}}})
        .to_string()
    };
    let read =
        |body: String| answers("@ghost@instagram").got("https://www.instagram.com/graphql/query/", 200, body).read();
    let one = read(list(["7", "7"]));
    assert_eq!(one.profile.unwrap().posts_count, Some(33));
    assert_eq!((one.posts.len(), one.coverage.reason), (2, Some(ShortReason::Budget)));
    // Two owners: nobody says which of them it is.
    assert!(read(list(["7", "8"])).profile.is_none());
}

#[test]
fn reels_are_posts_and_no_timeline() {
    let connection = |more: bool, author: &str, n: u64| json!({"edges": nodes((0..n).map(|n| reel(n, author))), "page_info": {"has_next_page": more}});
    let tab = |more, author, n| json!({"data": {"xig_user_by_username": {"pk": "7", "polaris_clips_connection": connection(more, author, n)}}});
    let profile = sjs(&json!({"xig_user_by_username": user(json!({}))}));
    for (more, n) in [(true, 3), (false, 3), (false, 36)] {
        let document =
            page("@ghost@instagram", profile.clone()).got(GRAPHQL, 200, tab(more, "7", n).to_string()).read();
        assert_eq!(
            (document.outcome, document.coverage.reason),
            (Outcome::Partial, Some(ShortReason::NoPostList)),
            "{n}"
        );
        let first = &document.posts[0];
        assert_eq!((first.kind, first.likes, first.comments), (Some(PostKind::Reel), Some(10), Some(2)));
        assert!(first.views.is_some() && document.metrics.posts_per_week.is_none());
    }
    let alone = answers("@ghost@instagram").got(GRAPHQL, 200, tab(false, "7", 3).to_string()).read();
    assert_eq!((alone.outcome, alone.posts.len()), (Outcome::Partial, 3));
    let others = page("@ghost@instagram", profile.clone()).got(GRAPHQL, 200, tab(false, "8", 3).to_string()).read();
    assert_eq!(others.posts.len(), 0);
    // Beside a timeline that goes on, the end of the reels is no end.
    let timeline = json!({"data": {"xdt_api__v1__feed__user_timeline_graphql_connection": {"page_info": {"has_next_page": true},
        "edges": nodes((0..4).map(|n| { let mut post = reel(n, "7"); post["taken_at"] = json!(1_700_000_000 + n); post }))}}});
    let both = page("@ghost@instagram", profile)
        .got(GRAPHQL, 200, timeline.to_string())
        .got(GRAPHQL, 200, tab(false, "7", 6).to_string())
        .read();
    assert_eq!((both.posts.len(), both.coverage.reason), (6, Some(ShortReason::Budget)));
    assert_eq!(both.metrics.posts_per_week, None, "reels reach further back");
}

#[test]
fn the_members_and_the_apps_reels_are_read_too() {
    let media = |n: u64| {
        let mut media = reel(n, "7");
        media["user"] = json!({"pk": "7", "username": "ghost", "full_name": "Ghost"});
        json!({"media": media})
    };
    let edges = nodes((0..2).map(media));
    for body in [
        json!({"items": [media(0), media(1)], "paging_info": {"more_available": false}}),
        json!({"data": {"xdt_api__v1__clips__user__connection_v2": {"edges": edges, "page_info": {"has_next_page": false}}}}),
        json!({"data": {"fetch__XDTUserDict": {"clips_connection": {"edges": edges, "page_info": {"has_next_page": false}}}}}),
        json!({"data": {"xdt_api__v1__profile_timeline": {"profile_grid_items": [media(0), media(1)]}}}),
    ] {
        let document = answers("@ghost@instagram")
            .got("https://www.instagram.com/api/v1/clips/user/", 200, body.to_string())
            .read();
        assert_eq!((document.outcome, document.posts.len()), (Outcome::Partial, 2), "{body}");
        assert_eq!(document.coverage.reason, Some(ShortReason::NoPostList), "{body}");
    }
    // The same form at another address holds what somebody saved.
    let saved = json!({"items": [media(0)], "more_available": false}).to_string();
    let document =
        answers("@ghost@instagram").got("https://www.instagram.com/api/v1/feed/saved/posts/", 200, saved).read();
    assert_eq!(document.posts.len(), 0);
}

fn item(n: u64, author: &str) -> Value {
    json!({"id": (7_603_022_122_757_803_000_u64 + n).to_string(), "desc": "x", "createTime": 1_700_000_000 + n,
        "author": {"id": "7", "uniqueId": author}, "stats": {"playCount": 500, "diggCount": 5, "commentCount": 1, "shareCount": 0}})
}

fn tiktok(stats: Value, stats_v2: Value) -> Seen {
    let data = json!({"__DEFAULT_SCOPE__": {"webapp.user-detail": {"statusCode": 0, "userInfo": {
        "user": {"id": "7", "uniqueId": "ghost", "nickname": "Ghost"}, "stats": stats, "statsV2": stats_v2}}}});
    page("@ghost@tiktok", script("id=\"__UNIVERSAL_DATA_FOR_REHYDRATION__\" type=\"application/json\"", &data))
}

#[test]
fn lists_of_other_things_are_no_empty_post_list_and_no_end_of_one() {
    let seen = || tiktok(json!({"followerCount": 5, "videoCount": 40}), json!({}));
    let api = |path: &str| format!("https://www.tiktok.com/api/{path}/?secUid=x");
    for (path, list) in [
        ("user/list", "userList"),
        ("user/playlist", "playList"),
        ("favorite/item_list", "itemList"),
        ("repost/item_list", "itemList"),
        ("user/collection_list", "collectionList"),
        ("story/item_list", "itemList"),
    ] {
        for body in [json!({"hasMore": false, "statusCode": 0, list: []}), json!({"hasMore": true, "statusCode": 0})] {
            let document = seen().got(&api(path), 200, body.to_string()).read();
            assert_eq!(document.coverage.reason, Some(ShortReason::NoPostList), "{path} {body}");
        }
    }
    let playlist =
        json!({"hasMore": false, "statusCode": 0, "itemList": [item(1, "ghost"), item(2, "other")]}).to_string();
    let document = seen().got(&api("mix/item_list"), 200, playlist).read();
    assert_eq!((document.posts.len(), document.coverage.reason), (1, Some(ShortReason::NoPostList)));
    let empty = json!({"hasMore": false, "statusCode": 0, "cursor": "0"}).to_string();
    let document = seen().got(&api("post/item_list"), 200, empty).read();
    assert_eq!(document.coverage.reason, Some(ShortReason::BlockedMidway));
}

#[test]
fn a_heart_is_rounded_whatever_its_sibling_is_called() {
    let precision = |stats: Value, exact: Value| {
        let document = tiktok(stats, exact).read();
        document.fields.get("profile.likes").map(|note| note.precision)
    };
    for (cut, v2) in
        [("heartCount", "heart"), ("heart", "heartCount"), ("heart", "heart"), ("heartCount", "heartCount")]
    {
        assert_eq!(precision(json!({cut: 120_000}), json!({v2: "120000"})), Some(Precision::Rounded), "{cut} {v2}");
        assert_eq!(precision(json!({cut: 120_000}), json!({v2: "120049"})), Some(Precision::Exact), "{cut} {v2}");
    }
}

#[test]
fn several_authors_of_whom_none_has_most_posts_are_nobodys_profile() {
    let body = |items: Value| json!({"itemList": items, "hasMore": true, "statusCode": 0}).to_string();
    let recommend = "https://www.tiktok.com/api/recommend/item_list/";
    let read = |items: Value| read_unnamed("tiktok", answers("@ghost@tiktok").got(recommend, 200, body(items)));
    // Nobody is named, so nobody's posts are dropped; but no author's followers are the profile's.
    let tied = read(json!([item(1, "one"), item(2, "two"), item(3, "three")]));
    assert_eq!((tied.outcome, tied.posts.len(), tied.profile.is_none()), (Outcome::Partial, 3, true));
    let most = read(json!([item(1, "one"), item(2, "two"), item(3, "one")]));
    assert_eq!(most.profile.unwrap().username.as_deref(), Some("one"));
}

#[test]
fn the_apps_lists_and_the_embed_page_are_read() {
    let aweme = json!({"aweme_id": "7603022122757803001", "desc": "x", "create_time": 1_700_000_000, "is_top": 0, "author": {"uid": "7",
        "unique_id": "ghost", "nickname": "Ghost", "follower_count": 0}, "video": {"duration": 5_779, "width": 576, "height": 1024},
        "statistics": {"play_count": 5040, "digg_count": 453, "comment_count": 11, "share_count": 3}});
    let body = json!({"aweme_list": [aweme], "has_more": 1, "status_code": 0}).to_string();
    let document = answers("@ghost@tiktok").got("https://api16.example.org/aweme/v1/aweme/post/?x=1", 200, body).read();
    let post = &document.posts[0];
    assert_eq!((post.views, post.likes, post.comments, post.shares), (Some(5040), Some(453), Some(11), Some(3)));
    assert_eq!((post.duration_s, post.pinned), (Some(5.779), Some(false)));
    // The app does not fill in an author's counts here.
    assert_eq!(document.profile.unwrap().followers, None);
    let embed = |block: Value| {
        let data = json!({"source": {"data": {"/embed/@ghost": block}}});
        page("@ghost@tiktok", script("id=\"__FRONTITY_CONNECT_STATE__\" type=\"application/json\"", &data)).read()
    };
    let shown =
        embed(json!({"userInfo": {"id": "7", "uniqueId": "ghost", "followerCount": 120_000, "heartCount": 3_400_000},
        "videoList": [{"id": "7603022122757803001", "desc": "x", "playCount": 15_000, "authorUniqueId": "ghost"}]}));
    assert_eq!((shown.profile.unwrap().followers, shown.posts[0].views), (Some(120_000), Some(15_000)));
    assert_eq!(shown.fields["profile.followers"].precision, Precision::Rounded);
    for (code, outcome) in [(10221, Outcome::NotFound), (10222, Outcome::Private), (10000, Outcome::Unavailable)] {
        let error = json!({"errorCode": code, "isError": true, "userInfo": {"uniqueId": "ghost"}, "videoList": []});
        assert_eq!(embed(error).outcome, outcome, "{code}");
    }
}
