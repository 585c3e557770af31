//! The table of gates: what each wall, error and fact is called, and that nothing healthy is called one. A block is never
//! "not found" and never an empty profile; a page full of block words is a page.

use serde_json::{Value, json};
use social_sentinel::model::document::{Document, Outcome, Outcome as O, ShortReason};

use crate::support::page::{Seen, page, script};

const TT: &str = "@nasa@tiktok";
const IG: &str = "@nasa@instagram";
const LIST: &str = "https://www.tiktok.com/api/post/item_list/?secUid=x";
const DETAIL: &str = "https://www.tiktok.com/api/user/detail/?uniqueId=nasa";
const INFO: &str = "https://www.instagram.com/api/v1/users/web_profile_info/?username=nasa";
const QUERY: &str = "https://www.instagram.com/graphql/query";

fn detail(value: &Value) -> String {
    let data = json!({"__DEFAULT_SCOPE__": {"webapp.i18n-translation": {"k": "captcha log in Couldn't find this account"}, "webapp.user-detail": value}});
    script("id=\"__UNIVERSAL_DATA_FOR_REHYDRATION__\" type=\"application/json\"", &data)
}

fn code(code: u32) -> String {
    detail(&json!({"statusCode": code, "statusMsg": "", "userInfo": {"user": {}, "stats": {}, "itemList": []}}))
}

fn route(root: &str, logging: &str) -> String {
    let info = json!({"require": [["x", null, [{"initialRouteInfo": {"route": {"rootView": {"resource": {"__dr": format!("{root}.react")},
        "props": {"page_logging": {"name": logging}, "page_type": "PROFILE"}}, "url": "/nasa/", "params": {"username": "nasa"}}}}]]]});
    format!("<title>Instagram</title>{}", script("type=\"application/json\" data-sjs", &info))
}

fn shared(entry: &Value) -> String {
    format!("<script>window._sharedData = {};</script>", json!({"config": {"viewer": null}, "entry_data": entry}))
}

const WORDS: &str =
    "captcha login challenge checkpoint private account page not found Couldn't find this account 429 blocked";

fn shell(title: &str) -> String {
    format!(
        "<html><head><title>{title}</title></head><body><div id=app>{WORDS}</div><script>var a='captcha_required login';</script></body></html>"
    )
}

fn tiktok_gates() -> Vec<(&'static str, Seen, Outcome)> {
    let empty = String::new;
    vec![
        ("a captcha page of 2020", page(TT, "<script>const o={\"title\":\"tiktok-verify-page\"}</script>"), O::Captcha),
        ("its script", page(TT, "<script>window.TTGCaptcha.init({})</script><div id='verify-ele'></div>"), O::Captcha),
        ("its element", page(TT, "<title>Security Check</title><div id=\"verify-ele\"></div>"), O::Captcha),
        (
            "a captcha over an empty page",
            page(TT, "<body><div class='captcha-verify-container'></div></body>"),
            O::Captcha,
        ),
        (
            "a captcha answer in place of the page",
            page(TT, "").got(DETAIL, 200, "{\"code\":10000,\"from\":\"\",\"type\":\"verify\"}"),
            O::Captcha,
        ),
        ("a captcha code as text", page(TT, shell("TikTok")).got(DETAIL, 200, "{\"code\":\"10000\"}"), O::Captcha),
        (
            "a captcha header",
            page(TT, shell("TikTok"))
                .header("bdturing-verify", "{\"code\":\"10000\",\"type\":\"verify\",\"subtype\":\"whirl\"}"),
            O::Captcha,
        ),
        ("a captcha with 403", page(TT, "<div id='verify-ele'></div>").status(403), O::Captcha),
        ("a captcha with 404", page(TT, "<script>TTGCaptcha.init()</script>").status(404), O::Captcha),
        ("an empty page", page(TT, empty()), O::Blocked),
        ("a page of spaces", page(TT, " \n\t "), O::Blocked),
        ("an empty answer of the profile", page(TT, shell("TikTok - Make Your Day")).got(DETAIL, 200, ""), O::Blocked),
        ("an empty answer of the list", page(TT, shell("TikTok - Make Your Day")).got(LIST, 200, ""), O::Blocked),
        ("403", page(TT, shell("Access Denied")).status(403), O::Blocked),
        ("451", page(TT, shell("Unavailable")).status(451), O::RegionBlocked),
        ("the region's page", page(TT, shell("TikTok")).at("https://www.tiktok.com/hk/notfound"), O::RegionBlocked),
        ("429", page(TT, shell("Too many requests")).status(429), O::RateLimited),
        ("429 of the profile's answer", page(TT, shell("TikTok")).got(DETAIL, 429, "{}"), O::RateLimited),
        (
            "429 with the words of a missing page",
            page(TT, shell("Couldn't find this account")).status(429),
            O::RateLimited,
        ),
        (
            "the login page",
            page(TT, shell("Log in | TikTok")).at("https://www.tiktok.com/login?redirect_url=%2F%40nasa"),
            O::LoginWall,
        ),
        (
            "not logged in",
            page(TT, shell("TikTok")).got(DETAIL, 200, "{\"statusCode\":10102,\"statusMsg\":\"\"}"),
            O::LoginWall,
        ),
        ("a bad signature", page(TT, shell("TikTok")).got(DETAIL, 200, "{\"statusCode\":10201}"), O::Blocked),
        ("500", page(TT, shell("Error")).status(500), O::Unavailable),
        ("503", page(TT, shell("Error")).status(503), O::Unavailable),
        ("404 without a word of why", page(TT, shell("Not found")).status(404), O::Unavailable),
        ("an unknown status code", page(TT, code(10_404)), O::Unavailable),
        ("a status code of their servers", page(TT, code(209_002)), O::Unavailable),
        ("a page of nothing that we know", page(TT, shell("TikTok - Make Your Day")), O::Unavailable),
        (
            "a page that says it is not found in words alone",
            page(TT, "<p>Couldn't find this account</p>"),
            O::Unavailable,
        ),
        ("an answer that is no JSON", page(TT, "").status(200).got(DETAIL, 200, "<html>502</html>"), O::Blocked),
        (
            "somebody else's page",
            page(
                TT,
                detail(
                    &json!({"statusCode": 0, "userInfo": {"user": {"id": "1", "uniqueId": "esa"}, "stats": {"followerCount": 9}}}),
                ),
            ),
            O::Unavailable,
        ),
        ("no such user", page(TT, code(10_221)), O::NotFound),
        ("no such page", page(TT, code(10_202)), O::NotFound),
        (
            "no such user, by the answer",
            page(TT, shell("TikTok")).got(DETAIL, 200, "{\"statusCode\":10221,\"userInfo\":{}}"),
            O::NotFound,
        ),
        ("a private account without its data", page(TT, code(10_222)), O::Private),
    ]
}

fn instagram_gates() -> Vec<(&'static str, Seen, Outcome)> {
    let wait =
        "{\"message\":\"Please wait a few minutes before you try again.\",\"require_login\":true,\"status\":\"fail\"}";
    vec![
        ("sent to the login page", page(IG, shell("Login • Instagram")).at("https://www.instagram.com/accounts/login/?next=%2Fnasa%2F"), O::LoginWall),
        ("the landing page of 2020", page(IG, shared(&json!({"LandingPage": [{"captcha": {"enabled": false}}]}))), O::LoginWall),
        ("the login page of 2018", page(IG, shared(&json!({"LoginAndSignupPage": [{}]}))), O::LoginWall),
        ("the home page in place of the profile", page(IG, route("PolarisHomeRoot", "unifiedHome")), O::LoginWall),
        ("the home page by its name alone", page(IG, route("CometHomeRoot", "unifiedHome")), O::LoginWall),
        ("the login root", page(IG, route("PolarisLoginRoot", "loginPage")), O::LoginWall),
        ("an endpoint closed to guests", page(IG, shell("Instagram")).got(INFO, 400, "{\"message\":\"make sure you are logged in\",\"status\":\"fail\"}"), O::LoginWall),
        ("a challenge page", page(IG, shared(&json!({"Challenge": [{"challengeType": "SelectVerificationMethodForm"}]}))), O::Checkpoint),
        ("a challenge address", page(IG, shell("Instagram")).at("https://www.instagram.com/challenge/?next=/nasa/"), O::Checkpoint),
        ("a checkpoint answer", page(IG, shell("Instagram")).got(INFO, 400, "{\"message\":\"checkpoint_required\",\"checkpoint_url\":\"/challenge/1/\",\"status\":\"fail\"}"), O::Checkpoint),
        ("a challenge answer", page(IG, "").got(QUERY, 400, "{\"message\":\"challenge_required\",\"status\":\"fail\"}"), O::Checkpoint),
        ("401, wait a few minutes", page(IG, shell("Instagram")).got(INFO, 401, wait), O::RateLimited),
        ("the same in 2026", page(IG, shell("Instagram")).got(QUERY, 401, wait.replace("\"status\"", "\"igweb_rollout\":true,\"status\"")), O::RateLimited),
        ("the same in place of the page", page(IG, wait).got(INFO, 401, wait).status(401), O::RateLimited),
        ("the same as a browser shows it", page(IG, format!("<html><head></head><body><pre>{wait}</pre></body></html>")).status(401), O::RateLimited),
        ("the older 403", page(IG, shell("Instagram")).got(INFO, 403, "{\"message\":\"Please wait a few minutes before you try again.\",\"status\":\"fail\"}"), O::RateLimited),
        ("429", page(IG, shell("Instagram")).status(429), O::RateLimited),
        ("429 of an answer", page(IG, route("PolarisProfileNestedContentRoot", "profilePage")).got(INFO, 429, ""), O::RateLimited),
        ("a limit inside a 200", page(IG, shell("Instagram")).got(QUERY, 200, "{\"errors\":[{\"message\":\"Rate limit exceeded\",\"code\":1675004}],\"data\":null}"), O::RateLimited),
        ("403", page(IG, shell("Forbidden")).status(403), O::Blocked),
        ("an empty page", page(IG, ""), O::Blocked),
        ("an empty answer", page(IG, shell("Instagram")).got(INFO, 200, ""), O::Blocked),
        ("451", page(IG, shell("Instagram")).status(451), O::RegionBlocked),
        ("the error root, no status known", page(IG, route("PolarisErrorRoot", "httpErrorPage")), O::Unavailable),
        ("an error page of 2020", page(IG, shared(&json!({"HttpErrorPage": [{}]}))), O::Unavailable),
        ("a generic error", page(IG, "").got(QUERY, 200, "{\"errors\":{\"error\":[\"Sorry\"]},\"status\":\"ok\",\"error_type\":\"generic_request_error\"}").status(500), O::Unavailable),
        ("an execution error", page(IG, shell("Instagram")).got(QUERY, 200, "{\"errors\":[{\"message\":\"execution error\",\"severity\":\"CRITICAL\"}],\"data\":null,\"status\":\"ok\"}"), O::Unavailable),
        ("a retired query", page(IG, shell("Instagram")).got(QUERY, 200, "for (;;);{\"error\":1357004,\"errorSummary\":\"document not found\"}"), O::Unavailable),
        ("500", page(IG, shell("Error")).status(500), O::Unavailable),
        ("502 of an answer", page(IG, shell("Instagram")).got(INFO, 502, "<html>"), O::Unavailable),
        ("words alone", page(IG, "<h2>Sorry, this page isn't available.</h2>"), O::Unavailable),
        ("nothing that we know", page(IG, shell("Instagram")), O::Unavailable),
        ("a null user of a query that may be closed to guests", page(IG, shell("Instagram")).got(QUERY, 200, "{\"data\":{\"user\":null},\"status\":\"ok\"}"), O::Unavailable),
        ("404 with the error root", page(IG, route("PolarisErrorRoot", "httpErrorPage")).status(404), O::NotFound),
        ("404 of the profile's answer", page(IG, shell("Instagram")).got(INFO, 404, "{\"status\":\"fail\"}"), O::NotFound),
        ("a null user", page(IG, shell("Instagram")).got(INFO, 200, "{\"data\":{\"user\":null},\"status\":\"ok\"}"), O::NotFound),
        ("a null xig user", page(IG, script("type=\"application/json\" data-sjs", &json!({"data": {"xig_user_by_username": null}}))), O::NotFound),
    ]
}

#[test]
fn every_gate_is_called_by_its_name_and_gives_no_profile() {
    let gates: Vec<_> = tiktok_gates().into_iter().chain(instagram_gates()).collect();
    assert!(gates.len() >= 60, "{} gates", gates.len());
    let mut wrong = Vec::new();
    for (name, seen, expected) in gates {
        let document = seen.read();
        let evidence = document.evidence.as_ref();
        if document.outcome != expected
            || document.profile.is_some()
            || !document.posts.is_empty()
            || evidence.is_none()
        {
            wrong.push(format!(
                "{name}: {:?} ({:?}) and not {expected:?}",
                document.outcome,
                evidence.map(|e| &e.signal)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn healthy(document: &Document, name: &str) {
    assert!(
        matches!(document.outcome, Outcome::Ok | Outcome::Partial),
        "{name}: {:?} {:?}",
        document.outcome,
        document.evidence
    );
    assert!(document.profile.as_ref().is_some_and(|profile| profile.followers == Some(5)), "{name}");
}

#[test]
fn pages_full_of_block_words_are_pages() {
    for word in WORDS.split(' ').chain([
        WORDS,
        "window.TTGCaptcha.init(",
        "PolarisErrorRoot.react",
        "\"statusCode\":10221",
        "checkpoint_required",
    ]) {
        let user = json!({"id": "7", "uniqueId": "nasa", "nickname": word, "signature": format!("{WORDS} {word}"), "privateAccount": false});
        let item = json!({"id": "7203022122757803307", "desc": word, "author": {"uniqueId": "nasa", "nickname": word}, "stats": {"playCount": 1}});
        let list = json!({"itemList": [item], "hasMore": false, "statusCode": 0});
        let info = json!({"statusCode": 0, "userInfo": {"user": user, "stats": {"followerCount": 5, "videoCount": 1}}});
        healthy(&page(TT, detail(&info)).got(LIST, 200, list.to_string()).read(), word);
        healthy(&page(TT, detail(&info).replace("<script", "<title>Page not found</title><script")).read(), word);
        let person = json!({"pk": "5", "username": "nasa", "full_name": word, "biography": WORDS, "follower_count": 5, "is_private": false});
        let html = script("type=\"application/json\" data-sjs", &json!({"data": {"xig_user_by_username": person}}));
        healthy(&page(IG, format!("<title>{word}</title>{html}")).read(), word);
        let meta = format!(
            "<meta property=\"og:title\" content=\"{} (@nasa) • Instagram photos and videos\"><meta property=\"og:description\" content=\"5 Followers, 1 Following, 0 Posts - {WORDS}\">",
            word.replace('"', "")
        );
        healthy(&page(IG, meta).read(), word);
    }
}

#[test]
fn a_profile_under_a_captcha_or_beside_a_refused_list_is_the_profile() {
    let info = json!({"statusCode": 0, "userInfo": {"user": {"id": "7", "uniqueId": "nasa"}, "stats": {"followerCount": 5, "videoCount": 9}}});
    let html = format!("{}<div class='captcha-verify-container' id='captcha-verify-image'></div>", detail(&info));
    let document = page(TT, html.clone()).got(LIST, 200, "").read();
    healthy(&document, "under a captcha");
    assert_eq!((document.outcome, document.coverage.reason), (Outcome::Partial, Some(ShortReason::BlockedMidway)));
    assert_eq!(document.evidence.unwrap().signal, "empty_answer");
    let verify = page(TT, html).got(LIST, 200, "{\"code\":10000}").read();
    assert_eq!(verify.evidence.unwrap().signal, "verify_code");
    let meta = "<meta property='og:title' content='NASA (@nasa) • Instagram'><meta property='og:description' content='5 Followers, 1 Following, 9 Posts - x'>";
    let document =
        page(IG, meta).got(INFO, 401, "{\"message\":\"wait\",\"require_login\":true,\"status\":\"fail\"}").read();
    healthy(&document, "beside a refused answer");
    assert_eq!(document.coverage.reason, Some(ShortReason::BlockedMidway));
}

#[test]
fn the_degraded_page_of_2020_is_a_partial_profile() {
    let html = "<title>NASA (@nasa) • Instagram photos and videos</title><meta property=\"al:ios:url\" content=\"instagram://user?username=nasa\">\
        <script>window._sharedData = {\"config\":{\"viewer\":{\"id\":\"1\"}},\"entry_data\":{}};</script>";
    let document = page(IG, html).read();
    assert_eq!(document.outcome, Outcome::Partial);
    assert_eq!(document.profile.unwrap().display_name.as_deref(), Some("NASA"));
}
