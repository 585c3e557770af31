//! Every shape of PLATFORMS that has no capture in the corpus, built by hand, and the rules that no page may break:
//! exact beats rounded, hidden is null, a caption survives whole.

use serde_json::{Value, json};
use social_sentinel::model::document::{Outcome, PostKind, Precision, ShortReason, SourceKind, TimePrecision};

use crate::support::page::{page, script};

fn item(id: u64, author: Value) -> Value {
    json!({"id": id.to_string(), "desc": "hi #tag", "createTime": "1700000000", "author": author,
           "video": {"cover": "https://cdn.example/c.jpg", "playAddr": "https://cdn.example/v.mp4", "duration": 7, "width": 576, "height": 1024},
           "music": {"id": "9", "title": "song", "authorName": "band"},
           "stats": {"playCount": 783_400, "diggCount": 1_053, "commentCount": 3, "shareCount": 0}})
}

fn universal(detail: Value) -> String {
    let data = json!({"__DEFAULT_SCOPE__": {"webapp.app-context": {"region": "DE"},
        "webapp.i18n-translation": {"captcha": "Verify", "login": "Log in"}, "webapp.user-detail": detail}});
    script("id=\"__UNIVERSAL_DATA_FOR_REHYDRATION__\" type=\"application/json\"", &data)
}

fn nasa(stats: Value, stats_v2: Value) -> Value {
    json!({"statusCode": 0, "userInfo": {"user": {"id": "7", "uniqueId": "nasa", "nickname": "NASA", "signature": "",
        "verified": true, "privateAccount": false, "secret": false}, "stats": stats, "statsV2": stats_v2, "itemList": []}})
}

#[test]
fn tiktok_exact_counts_beat_rounded_and_overflown_ones() {
    let stats =
        json!({"followerCount": 783_400, "followingCount": 12, "heartCount": -1_625_611_536, "videoCount": 124_000});
    let v2 =
        json!({"followerCount": "783427", "followingCount": "12", "heartCount": "2669355760", "videoCount": "124000"});
    let document = page("@nasa@tiktok", universal(nasa(stats, v2))).read();
    let profile = document.profile.unwrap();
    assert_eq!((profile.followers, profile.following, profile.likes), (Some(783_427), Some(12), Some(2_669_355_760)));
    assert_eq!(profile.bio, None, "an empty text is not shown");
    let notes = &document.fields;
    assert_eq!(notes["profile.followers"].precision, Precision::Exact);
    assert_eq!(notes["profile.posts_count"].precision, Precision::Rounded, "it equals its rounded sibling");
    let negative = json!({"followerCount": 9_999, "heartCount": -1_625_611_536, "heart": -1_625_611_536});
    let document = page("@nasa@tiktok", universal(nasa(negative, json!({})))).read();
    let profile = document.profile.unwrap();
    assert_eq!((profile.followers, profile.likes), (Some(9_999), None));
    assert_eq!(document.fields["profile.followers"].precision, Precision::Exact, "below ten thousand nothing is cut");
}

#[test]
fn tiktok_sigi_state_and_next_data_are_read() {
    let user = json!({"id": "7", "uniqueId": "NASA", "nickname": "NASA", "verified": true, "privateAccount": false});
    let stats = json!({"followerCount": 11_200_000, "followingCount": 3, "heartCount": 5, "videoCount": 2});
    let sigi = json!({"UserModule": {"users": {"other": {"uniqueId": "other"}, "NASA": user}, "stats": {"other": {"followerCount": 1}, "NASA": stats}},
        "UserPage": {"statusCode": 0}, "ItemList": {"user-post": {"list": ["1"], "hasMore": false}},
        "ItemModule": {"7203022122757803307": item(7_203_022_122_757_803_307, json!("NASA")), "7203022122757803308": item(7_203_022_122_757_803_308, json!("nasa"))}});
    let document = page("@nasa@tiktok", script("id=\"SIGI_STATE\" type=\"application/json\"", &sigi)).read();
    assert_eq!(document.outcome, Outcome::Ok);
    let profile = document.profile.unwrap();
    assert_eq!((profile.followers, profile.username.as_deref()), (Some(11_200_000), Some("NASA")));
    assert_eq!(document.fields["profile.followers"].precision, Precision::Rounded);
    assert_eq!(document.posts.len(), 2);
    let post = &document.posts[0];
    assert_eq!((post.views, post.likes, post.shares), (Some(783_400), Some(1_053), Some(0)));
    assert_eq!(post.music.as_ref().unwrap().author.as_deref(), Some("band"));
    let next = json!({"props": {"pageProps": {"statusCode": 0, "userInfo": {"user": {"id": "7", "uniqueId": "nasa", "nickname": "NASA"},
        "stats": {"followerCount": 5, "videoCount": 1}}, "items": [item(7_203_022_122_757_803_307, json!({"uniqueId": "nasa"}))]}}});
    let document = page("@nasa@tiktok", script("id=\"__NEXT_DATA__\" type=\"application/json\"", &next)).read();
    assert_eq!((document.outcome, document.posts.len()), (Outcome::Ok, 1));
}

#[test]
fn tiktok_lists_tell_why_they_are_short() {
    let html = universal(nasa(json!({"followerCount": 5, "videoCount": 40}), json!({})));
    let url = "https://www.tiktok.com/api/post/item_list/?aid=1988";
    let list = |items: Value, more: bool| {
        json!({"cursor": "1", "hasMore": more, "itemList": items, "statusCode": 0}).to_string()
    };
    let reason = |body: String| {
        let document = page("@nasa@tiktok", html.clone()).got(url, 200, body).read();
        (document.outcome, document.coverage.reason)
    };
    let posts: Value = (0..30).map(|n| item(7_203_022_122_757_803_000 + n, json!({"uniqueId": "nasa"}))).collect();
    assert_eq!(reason(list(posts, true)), (Outcome::Ok, None));
    assert_eq!(reason(list(json!([]), false)), (Outcome::Partial, Some(ShortReason::BlockedMidway)));
    assert_eq!(reason(String::new()), (Outcome::Partial, Some(ShortReason::BlockedMidway)));
    assert_eq!(reason("{\"statusCode\":10201}".to_owned()), (Outcome::Partial, Some(ShortReason::BlockedMidway)));
    let one = json!([item(7_203_022_122_757_803_000, json!({"uniqueId": "nasa"}))]);
    assert_eq!(reason(list(one, true)), (Outcome::Partial, Some(ShortReason::Budget)));
    assert_eq!(page("@nasa@tiktok", html.clone()).read().coverage.reason, Some(ShortReason::NoPostList));
    let none = universal(nasa(json!({"followerCount": 5, "videoCount": 0}), json!({})));
    let document = page("@nasa@tiktok", none).got(url, 200, list(json!([]), false)).read();
    assert_eq!((document.outcome, document.coverage.reason), (Outcome::Ok, Some(ShortReason::FewerExist)));
}

#[test]
fn a_crawl_keeps_the_newest_and_says_which_are_pinned() {
    let html = universal(nasa(json!({"followerCount": 5, "videoCount": 400}), json!({})));
    let mut posts: Vec<Value> = Vec::new();
    for n in 0..34_u64 {
        let mut post = item(7_203_022_122_757_803_000 + n, json!({"uniqueId": "nasa"}));
        post["createTime"] = json!(1_700_000_000 + n * 1_000);
        if n == 33 || n == 0 {
            post["isPinnedItem"] = json!(true);
        }
        posts.push(post);
    }
    let injected = item(7_203_022_122_757_809_999, json!({"uniqueId": "someone_else"}));
    posts.push(injected);
    posts.push(posts[5].clone());
    let body = json!({"hasMore": true, "itemList": posts, "statusCode": 0}).to_string();
    let document = page("@nasa@tiktok", html).got("https://www.tiktok.com/api/post/item_list/", 200, body).read();
    assert_eq!(document.posts.len(), 30);
    assert!(document.posts.is_sorted_by_key(|post| std::cmp::Reverse(post.published_at)));
    assert_eq!(document.posts[0].pinned, Some(true));
    assert_eq!(document.posts[1].pinned, Some(false));
    assert!(
        !document.fields.keys().any(|path| path.contains("7203022122757803000")),
        "notes of dropped posts are gone"
    );
}

#[test]
fn a_slideshow_has_its_pictures_and_its_own_address() {
    let mut post = item(7_203_022_122_757_803_000, json!({"uniqueId": "nasa"}));
    post["imagePost"] = json!({"images": [{"imageURL": {"urlList": ["https://cdn.example/1.jpg"]}, "imageWidth": 1080, "imageHeight": 1350}]});
    post["video"]["duration"] = json!(0);
    let body = json!({"hasMore": false, "itemList": [post], "statusCode": 0}).to_string();
    let document = page("@nasa@tiktok", "").got("https://www.tiktok.com/api/post/item_list/", 200, body).read();
    let post = &document.posts[0];
    assert_eq!((post.kind, post.duration_s, post.video_url.as_deref()), (Some(PostKind::Slideshow), None, None));
    assert_eq!(post.url.as_deref(), Some("https://www.tiktok.com/@nasa/photo/7203022122757803000"));
    assert_eq!(post.children[0].width, Some(1080));
}

#[test]
fn the_rendered_tiktok_page_of_2023_is_read() {
    let html = r#"<html><body><h2 data-e2e="user-title">nasa</h2><h1 data-e2e="user-subtitle">NASA</h1>
        <strong data-e2e="following-count">12</strong><strong data-e2e="followers-count">1.2M</strong><strong data-e2e="likes-count">34.5M</strong>
        <h2 data-e2e="user-bio">Line one<br>line two</h2><a data-e2e="user-link" href="/link/v2?aid=1&amp;lang=en&amp;target=https%3A%2F%2Fnasa.gov%2Fx%3Fa%3D1">nasa.gov</a>
        <div data-e2e="user-post-item-list"><div class="x"><div data-e2e="user-post-item"><a href="https://www.tiktok.com/@nasa/video/7203022122757803307"><img src="https://cdn.example/t.jpg" alt="">
        <strong data-e2e="video-views">192.1K</strong></a></div><div data-e2e="user-post-item-desc"><a title="Hello &amp; goodbye #moon" href="https://www.tiktok.com/@nasa/video/7203022122757803307">Hello</a></div></div></div></body></html>"#;
    let document = page("@nasa@tiktok", html).read();
    let profile = document.profile.unwrap();
    assert_eq!((profile.followers, profile.likes), (Some(1_200_000), Some(34_500_000)));
    assert_eq!(profile.bio.as_deref(), Some("Line one\nline two"));
    assert_eq!(profile.links, ["https://nasa.gov/x?a=1"]);
    let post = &document.posts[0];
    assert_eq!((post.views, post.caption.as_deref()), (Some(192_100), Some("Hello & goodbye #moon")));
    assert_eq!(post.hashtags, ["moon"]);
    assert_eq!(post.published_precision, Some(TimePrecision::Approximate));
}

fn node(code: &str, id: u64, likes: i64) -> Value {
    json!({"__typename": "GraphImage", "id": id.to_string(), "shortcode": code, "is_video": false, "taken_at_timestamp": 1_600_000_000,
        "edge_media_to_caption": {"edges": [{"node": {"text": "hello @esa"}}]}, "edge_media_preview_like": {"count": likes},
        "edge_media_to_comment": {"count": 4}, "owner": {"id": "5", "username": "nasa"}, "display_url": "https://cdn.example/d.jpg",
        "dimensions": {"width": 1080, "height": 1350}})
}

fn graphql_user(posts: Value) -> Value {
    json!({"id": "5", "username": "nasa", "full_name": "NASA", "is_private": false, "is_verified": true, "edge_followed_by": {"count": 97_000_123},
        "edge_follow": {"count": 80}, "edge_owner_to_timeline_media": {"count": 2, "page_info": {"has_next_page": false}, "edges": posts}})
}

#[test]
fn instagram_shared_data_of_2017_and_additional_data_of_2020_are_read() {
    let old = json!({"entry_data": {"ProfilePage": [{"user": {"id": "5", "username": "nasa", "full_name": "NASA", "followed_by": {"count": 20_000_001},
        "follows": {"count": 70}, "is_private": false, "media": {"count": 1, "page_info": {"has_next_page": false}, "nodes": [
        {"id": "1612345678901234567", "code": "BZgMV1ABCDE", "date": 1_500_000_000, "caption": "old #one", "likes": {"count": 9}, "comments": {"count": 2},
         "is_video": false, "thumbnail_src": "https://cdn.example/t.jpg", "dimensions": {"width": 640, "height": 640}}]}}}]}});
    let document = page("@nasa@instagram", format!("<script>window._sharedData = {old};</script>")).read();
    assert_eq!((document.outcome, document.posts.len()), (Outcome::Ok, 1));
    let profile = document.profile.unwrap();
    assert_eq!((profile.followers, profile.following, profile.posts_count), (Some(20_000_001), Some(70), Some(1)));
    let post = &document.posts[0];
    assert_eq!((post.likes, post.comments, post.caption.as_deref()), (Some(9), Some(2), Some("old #one")));
    let user = graphql_user(
        json!([{"node": node("CAGcDKplv2X", 2_307_655_221_969_878_423, 7)}, {"node": node("CAAub3qli-F", 2_306_047_234_549_362_565, -1)}]),
    );
    let html = format!(
        "<script>window._sharedData = {{\"config\":{{\"viewer\":null}},\"entry_data\":{{}}}};</script><script>window.__additionalDataLoaded('/nasa/',{});</script>",
        json!({"graphql": {"user": user}})
    );
    let document = page("@nasa@instagram", html).read();
    assert_eq!((document.outcome, document.posts.len()), (Outcome::Ok, 2));
    assert_eq!(
        document.posts.iter().find(|p| p.code.as_deref() == Some("CAAub3qli-F")).unwrap().likes,
        None,
        "hidden is null"
    );
    assert_eq!(document.posts[0].mentions, ["esa"]);
}

#[test]
fn hidden_likes_are_null_and_never_three() {
    let media = |likes: i64, hidden: bool| {
        json!({"pk": "3565880498545589704", "code": "DF8jWurTX3I", "media_type": 1, "product_type": "feed", "taken_at": 1_739_306_112,
            "like_count": likes, "comment_count": 4, "like_and_view_counts_disabled": hidden, "user": {"username": "nasa"}, "caption": null})
    };
    for (likes, hidden, expected) in [(3, true, None), (-1, false, None), (3, false, Some(3)), (0, false, Some(0))] {
        let body = json!({"data": {"xdt_api__v1__feed__user_timeline_graphql_connection": {"edges": [{"node": media(likes, hidden)}],
            "page_info": {"has_next_page": false}}}, "errors": [{"message": "field"}]});
        let document = page("@nasa@instagram", "")
            .got("https://www.instagram.com/graphql/query", 200, format!("for (;;);{body}"))
            .read();
        assert_eq!(document.posts[0].likes, expected);
        assert_eq!(document.posts[0].caption, None);
    }
}

#[test]
fn xig_pages_and_their_later_pages_are_one_timeline() {
    let post = |pk: u64, name: &str| {
        json!({"node": {"pk": pk.to_string(), "code": null, "media_type": 2, "product_type": "clips",
        "display_uri": "https://cdn.example/d.jpg", "caption": {"text": "x"}, "user": {"username": name}}})
    };
    let user = json!({"pk": "5", "id": "17841", "username": "nasa", "full_name": "NASA", "follower_count": 97, "following_count": 8,
        "all_media_count": null, "is_private": false, "bio_links": [{"url": "https://l.instagram.com/?u=https%3A%2F%2Fnasa.gov&e=1", "lynx_url": ""}]});
    let first = json!({"require": [["x", null, [{"__bbox": {"result": {"data": {"xig_user_by_username": user}}}}]]]});
    let list = json!({"require": [[{"__bbox": {"result": {"data": {"xig_user_by_username": {"id": "17841",
        "polaris_ordered_timeline_connection": {"edges": [post(3_565_880_498_545_589_704, "nasa"), post(3_565_880_498_545_589_999, "advert")],
        "page_info": {"has_next_page": true}}}}}}}]]});
    let later = json!({"data": {"node": {"polaris_ordered_timeline_connection": {"edges": [post(3_465_880_498_545_589_704, "nasa")], "page_info": {"has_next_page": false}}}}});
    let html = format!(
        "{}{}",
        script("type=\"application/json\" data-content-len=\"1\" data-sjs", &first),
        script("type=\"application/json\" data-sjs", &list)
    );
    let document = page("@nasa@instagram", html)
        .got("https://www.instagram.com/api/graphql", 200, format!("for (;;);{later}"))
        .read();
    let profile = document.profile.unwrap();
    assert_eq!(
        (profile.id.as_deref(), profile.links.as_slice()),
        (Some("5"), ["https://nasa.gov".to_owned()].as_slice())
    );
    assert_eq!(document.posts.len(), 2);
    assert_eq!(document.posts[0].code.as_deref(), Some("DF8jWurTX3I"), "the code follows from the number");
    assert_eq!(document.posts[0].kind, Some(PostKind::Reel));
    assert_eq!(document.posts[0].url.as_deref(), Some("https://www.instagram.com/reel/DF8jWurTX3I/"));
}

#[test]
fn og_descriptions_are_read_in_any_language_and_attribute_order() {
    for (text, followers, following, posts) in [
        (
            "1M Followers, 15 Following, 7,883 Posts - See Instagram photos and videos from NASA (@nasa)",
            1_000_000,
            15,
            7_883,
        ),
        (
            "46.3m Followers, 50 Following, 453 Posts - See Instagram photos and videos from NASA (@nasa)",
            46_300_000,
            50,
            453,
        ),
        (
            "1.234 Follower, 50 gefolgt, 453 Beiträge – Sieh dir Instagram-Fotos und -Videos von NASA (@nasa) an",
            1_234,
            50,
            453,
        ),
        (
            "12 mil seguidores, 50 seguidos, 453 publicaciones - Ver fotos y videos de Instagram de NASA (@nasa)",
            12_000,
            50,
            453,
        ),
        (
            "1,2 M abonnés, 50 suivi(e)s, 453 publications - Voir les photos et vidéos Instagram de NASA (@nasa)",
            1_200_000,
            50,
            453,
        ),
    ] {
        let html = format!(
            "<meta content=\"NASA (&#064;nasa) &#x2022; Instagram\" property=\"og:title\" /><meta\n content=\"{text}\"\n property='og:description'>"
        );
        let document = page("@nasa@instagram", html).read();
        let profile = document.profile.unwrap();
        assert_eq!(
            (profile.followers, profile.following, profile.posts_count),
            (Some(followers), Some(following), Some(posts)),
            "{text}"
        );
        assert_eq!(profile.display_name.as_deref(), Some("NASA"));
        assert_eq!(document.coverage.reason, Some(ShortReason::NoPostList));
    }
}

#[test]
fn a_private_instagram_page_is_private_with_its_counts() {
    let mut user = graphql_user(json!([]));
    user["is_private"] = json!(true);
    let body = json!({"data": {"user": user}, "status": "ok"}).to_string();
    let document = page("@nasa@instagram", "")
        .got("https://www.instagram.com/api/v1/users/web_profile_info/?username=nasa", 200, body)
        .read();
    assert_eq!(document.outcome, Outcome::Private);
    assert_eq!(document.profile.unwrap().followers, Some(97_000_123));
    let html = "<main><header><section><h2><span>nasa</span></h2></section><section><ul><li><span>12</span> posts</li><li><span>34</span> followers</li>\
        <li><span>56</span> following</li></ul></section></header><div><h2>This account is private</h2><span>Follow to see their photos and videos.</span></div></main>";
    let document = page("@nasa@instagram", html).read();
    let profile = document.profile.unwrap();
    assert_eq!((document.outcome, profile.followers, profile.posts_count), (Outcome::Private, Some(34), Some(12)));
    let bio = html
        .replace("<h2>This account is private</h2>", "")
        .replace("</h2></section>", "</h2><span>This account is private</span></section>");
    assert_ne!(page("@nasa@instagram", bio).read().outcome, Outcome::Private, "a bio may say so");
}

#[test]
fn the_rendered_instagram_page_is_read_in_other_languages() {
    let html = r#"<main><header><section><h2><span>nasa</span></h2></section><section><ul><li><span>7.883</span> Beiträge</li>
        <li><a href="/nasa/followers/"><span title="1.137.245"><span>1,1 Mio.</span></span> Follower</a></li><li><a href="/nasa/following/"><span>1.205</span> Gefolgt</a></li></ul></section></header>
        <div><a href="/nasa/p/C6__UnVK2Gf/"><img alt="Foto von NASA am 15. Mai 2024. Keine Beschreibung" src="https://cdn.example/1.jpg"><svg aria-label="Carousel"></svg></a>
        <a href="/nasa/reel/CyMD1HjKxoe/"><img alt="Then and now 2006/2022" src="https://cdn.example/2.jpg"></a><a href="/other/p/C6rVWvdKt1y/"><img alt="x"></a></div></main>"#;
    let document = page("@nasa@instagram", html).read();
    let profile = document.profile.unwrap();
    assert_eq!(
        (profile.followers, profile.following, profile.posts_count),
        (Some(1_137_245), Some(1_205), Some(7_883))
    );
    assert_eq!(document.fields["profile.followers"].precision, Precision::Exact);
    let codes: Vec<&str> = document.posts.iter().filter_map(|post| post.code.as_deref()).collect();
    assert_eq!(codes, ["C6__UnVK2Gf", "CyMD1HjKxoe"]);
    assert_eq!((document.posts[0].caption.as_deref(), document.posts[0].kind), (None, Some(PostKind::Carousel)));
    assert_eq!(
        (document.posts[1].caption.as_deref(), document.posts[1].kind),
        (Some("Then and now 2006/2022"), Some(PostKind::Reel))
    );
}

#[test]
fn captions_of_ten_thousand_characters_in_every_script_survive() {
    let long: String =
        "עברית 日本語 हिन्दी 👩‍🚀\u{200d} \"quoted\" </script> \\ \n é&amp; ".chars().cycle().take(10_000).collect();
    let mut post = item(7_203_022_122_757_803_000, json!({"uniqueId": "nasa"}));
    post["desc"] = json!(long);
    let body = json!({"hasMore": false, "itemList": [post], "statusCode": 0}).to_string();
    let document = page("@nasa@tiktok", "").got("https://www.tiktok.com/api/post/item_list/", 200, body).read();
    assert_eq!(document.posts[0].caption.as_deref(), Some(long.as_str()));
    assert!(document.fields["posts.7203022122757803000.caption"].raw.chars().count() <= 200);
}

#[test]
fn the_fresher_of_two_exact_sources_wins_and_the_loser_did_not_agree() {
    let html = universal(nasa(json!({"followerCount": 700}), json!({"followerCount": "783"})));
    let newer = json!({"statusCode": 0, "userInfo": {"user": {"id": "7", "uniqueId": "nasa"}, "stats": {"followerCount": 790}, "statsV2": {"followerCount": "790"}}});
    let document = page("@nasa@tiktok", html)
        .got("https://www.tiktok.com/api/user/detail/?uniqueId=nasa", 200, newer.to_string())
        .read();
    assert_eq!(document.profile.unwrap().followers, Some(790));
    let note = &document.fields["profile.followers"];
    assert_eq!((note.source, note.agreed_by.as_slice()), (SourceKind::Network, [].as_slice()));
    assert_eq!(document.fields["profile.id"].agreed_by, [SourceKind::Embedded]);
}
