//! What a page holds of other profiles: never a fact about the one that was asked for, and never the end of its list.

use serde_json::{Value, json};
use social_sentinel::model::document::{Outcome, ShortReason};

use crate::support::page::{Seen, page, script};

fn shell(target: &'static str) -> Seen {
    let data = json!({"__DEFAULT_SCOPE__": {"webapp.app-context": {"region": "DE"}}});
    page(target, script("id=\"__UNIVERSAL_DATA_FOR_REHYDRATION__\" type=\"application/json\"", &data))
}

#[test]
fn an_answer_about_another_profile_is_no_fact_about_ours() {
    let detail = "https://www.tiktok.com/api/user/detail/?aid=1988&uniqueId=";
    let info = "https://www.instagram.com/api/v1/users/web_profile_info/?username=";
    for (code, fact) in [(10221, Outcome::NotFound), (10202, Outcome::NotFound), (10222, Outcome::Private)] {
        let body = json!({"statusCode": code, "userInfo": {}}).to_string();
        for (asked, expected) in [("ghost", fact), ("Ghost", fact), ("sh.ghost", Outcome::Unavailable)] {
            let seen = shell("@ghost@tiktok").got(&format!("{detail}{asked}"), 200, body.clone()).read();
            assert_eq!(seen.outcome, expected, "{code} about {asked}: {:?}", seen.evidence);
        }
    }
    for (asked, expected) in [("ghost", Outcome::NotFound), ("other.star", Outcome::Unavailable)] {
        let seen = page("@ghost@instagram", "<p>").got(&format!("{info}{asked}"), 404, "{\"status\":\"ok\"}").read();
        assert_eq!(seen.outcome, expected, "404 about {asked}: {:?}", seen.evidence);
    }
    let nobody = json!({"data": {"xig_user_by_username": null}}).to_string();
    let mut seen = page("@ghost@instagram", "<p>").got("https://www.instagram.com/api/graphql", 200, nobody).capture();
    let read = |capture: &_| {
        let id = social_sentinel::model::job::PlatformId::new("instagram");
        let selectors = social_sentinel::extract::selectors::builtin(&id).unwrap();
        let site = social_sentinel::platform::get(&id).unwrap();
        social_sentinel::platform::read(&*site, capture, &selectors, 30).outcome
    };
    assert_eq!(read(&seen), Outcome::Unavailable, "nobody knows whom this was asked for");
    seen.pages[0].responses[0].request_body = Some("variables=%7B%22username%22%3A%22ghost%22%7D".to_owned());
    assert_eq!(read(&seen), Outcome::NotFound);
}

#[test]
fn a_page_with_the_data_of_another_alone_is_not_the_profiles() {
    let xig = json!({"require": [["x", {"data": {"xig_user_by_username": {"pk": "9", "username": "other.star",
        "full_name": "Other", "follower_count": 5, "following_count": 6}}}]]});
    let route = json!({"params": {"username": "ghost"}});
    let html = format!(
        "{}{}",
        script("type=\"application/json\" data-sjs", &xig),
        script("type=\"application/json\"", &route)
    );
    let seen = page("@ghost@instagram", html).read();
    assert_eq!((seen.outcome, seen.profile.is_some()), (Outcome::Unavailable, false));
    assert_eq!(seen.evidence.unwrap().signal, "identity_mismatch");
}

#[test]
fn data_that_only_speaks_of_captchas_is_no_captcha() {
    let data = json!({"__DEFAULT_SCOPE__": {"webapp.i18n-translation": {"a": "TTGCaptcha.init", "b": "tiktok-verify-page"},
        "webapp.user-detail": {"statusCode": 10221, "userInfo": {}}}});
    let html = script("id=\"__UNIVERSAL_DATA_FOR_REHYDRATION__\" type=\"application/json\"", &data);
    assert_eq!(page("@ghost@tiktok", html).read().outcome, Outcome::NotFound);
    assert_eq!(page("@ghost@tiktok", "<script>TTGCaptcha.init({})</script>").read().outcome, Outcome::Captcha);
}

fn node(id: u64, author: &str) -> Value {
    json!({"node": {"pk": id.to_string(), "code": format!("C{id}"), "media_type": 1, "taken_at": 1_700_000_000,
        "user": {"username": author}}})
}

#[test]
fn the_end_of_anothers_list_and_of_an_empty_one_is_not_ours() {
    let profile = json!({"data": {"xig_user_by_username": {"pk": "7", "username": "ghost", "full_name": "G",
        "follower_count": 5, "following_count": 6, "is_private": false}}});
    let html = script("type=\"application/json\" data-sjs", &json!({"require": [["x", profile]]}));
    let graphql = "https://www.instagram.com/graphql/query";
    let list = |author: &str, more: bool| {
        let edges: Vec<Value> = (0..12).map(|n| node(3_465_880_498_545_589_000 + n, author)).collect();
        json!({"data": {"xdt_api__v1__feed__user_timeline_graphql_connection":
            {"edges": edges, "page_info": {"has_next_page": more}}}})
        .to_string()
    };
    let no_edges = json!({"data": {"user": {"id": "7", "username": "ghost", "edge_owner_to_timeline_media":
        {"count": null, "edges": [], "page_info": {"has_next_page": false}}}}})
    .to_string();
    let info = "https://www.instagram.com/api/v1/users/web_profile_info/?username=ghost";
    let ours = || page("@ghost@instagram", html.clone()).got(graphql, 200, list("ghost", true));
    let ended = page("@ghost@instagram", html.clone()).got(graphql, 200, list("ghost", false)).read();
    assert_eq!((ended.outcome, ended.coverage.reason), (Outcome::Ok, Some(ShortReason::FewerExist)));
    for (what, seen) in [
        ("another's list ends", ours().got(graphql, 200, list("other.star", false)).read()),
        ("a list without posts ends", ours().got(info, 200, no_edges.clone()).read()),
    ] {
        assert_eq!((seen.outcome, seen.posts.len()), (Outcome::Partial, 12), "{what}: {:?}", seen.coverage);
    }
    let alone = page("@ghost@instagram", html).got(graphql, 200, list("other.star", false)).read();
    assert_eq!((alone.outcome, alone.posts.len()), (Outcome::Partial, 0), "{:?}", alone.coverage);
}
