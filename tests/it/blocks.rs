//! What a site says instead of data: in the words of its programs, in its routes and in short pages of its own. A refusal keeps its
//! name whatever the status is, and no refusal becomes a fact about the profile.

use serde_json::{Value, json};
use social_sentinel::model::document::{Outcome, ShortReason};

use crate::support::page::{answers, page, script};

const INFO: &str = "https://www.instagram.com/api/v1/users/web_profile_info/?username=ghost";

#[test]
fn instagrams_words_name_the_refusal_whatever_the_status() {
    let fail = |message: &str| json!({"message": message, "status": "fail"});
    let with = |mut body: Value, key: &str, value: Value| {
        body[key] = value;
        body
    };
    let cases = [
        (fail("login_required"), Outcome::LoginWall),
        (with(fail("login_required"), "require_login", json!(true)), Outcome::LoginWall),
        (with(fail("Bitte melde dich an."), "logout_reason", json!(8)), Outcome::LoginWall),
        (fail("Please make sure you are logged in."), Outcome::LoginWall),
        (json!({"error": 1_357_001, "errorSummary": "Not Logged In"}), Outcome::LoginWall),
        (fail("checkpoint_required"), Outcome::Checkpoint),
        (fail("challenge_required"), Outcome::Checkpoint),
        (fail("consent_required"), Outcome::Checkpoint),
        (with(fail(""), "error_type", json!("checkpoint_challenge_required")), Outcome::Checkpoint),
        (json!({"type": "CHALLENGE_REDIRECTION", "status": "ko"}), Outcome::Checkpoint),
        (with(fail("feedback_required"), "spam", json!(true)), Outcome::RateLimited),
        (fail("Please wait a few minutes before you try again."), Outcome::RateLimited),
        (fail("Sorry, too many requests. Please try again later."), Outcome::RateLimited),
        (with(fail(""), "error_type", json!("rate_limit_error")), Outcome::RateLimited),
        (with(fail(""), "error_type", json!("sentry_block")), Outcome::Blocked),
        (fail("useragent mismatch"), Outcome::Blocked),
        (with(fail("geoblock_required"), "blocks_logging_data", json!("MIN_AGE_ACCOUNT")), Outcome::AgeGated),
        (with(fail("geoblock_required"), "blocks_logging_data", json!("COUNTRY_BLOCK")), Outcome::RegionBlocked),
    ];
    for (body, outcome) in cases {
        for status in [200, 400, 403] {
            let document = answers("@ghost@instagram").got(INFO, status, body.to_string()).read();
            assert_eq!(document.outcome, outcome, "{status} {body}");
        }
        assert_eq!(answers("@ghost@instagram").got("", 200, body.to_string()).read().outcome, outcome, "{body}");
    }
}

#[test]
fn what_people_write_is_no_refusal() {
    let words =
        "login_required feedback_required Please wait a few minutes before you try again. This account is private";
    let user = json!({"data": {"user": {"id": "7", "username": "ghost", "full_name": words, "biography": words,
        "edge_followed_by": {"count": 5}, "edge_follow": {"count": 6}}}, "status": "ok"});
    let document = answers("@ghost@instagram").got(INFO, 200, user.to_string()).read();
    assert_eq!((document.outcome, document.profile.unwrap().followers), (Outcome::Partial, Some(5)));
    // A refused side request beside the profile's record takes posts from us and not the profile.
    let refused = json!({"message": "login_required", "status": "fail"}).to_string();
    let document = answers("@ghost@instagram")
        .got(INFO, 200, user.to_string())
        .got("https://www.instagram.com/graphql/query", 403, refused)
        .read();
    assert_eq!((document.outcome, document.coverage.reason), (Outcome::Partial, Some(ShortReason::BlockedMidway)));
}

#[test]
fn a_null_beside_an_error_is_no_absence() {
    let graphql = "https://www.instagram.com/graphql/query?variables=ghost";
    let null = |errors: Value| json!({"data": {"xig_user_by_username": null}, "errors": errors}).to_string();
    let gone = json!({"data": {"xig_user_by_username": null}}).to_string();
    assert_eq!(answers("@ghost@instagram").got(graphql, 200, gone).read().outcome, Outcome::NotFound);
    let error = null(json!([{"message": "execution error", "severity": "CRITICAL"}]));
    assert_eq!(answers("@ghost@instagram").got(graphql, 200, error).read().outcome, Outcome::Unavailable);
    let limited = null(json!([{"message": "Rate limit exceeded", "code": 1_675_004}]));
    assert_eq!(answers("@ghost@instagram").got(graphql, 200, limited).read().outcome, Outcome::RateLimited);
    let user = json!({"data": {"user": null}, "errors": [{"message": "execution error"}], "status": "ok"}).to_string();
    assert_eq!(answers("@ghost@instagram").got(INFO, 200, user).read().outcome, Outcome::Unavailable);
}

#[test]
fn a_refused_side_request_does_not_outweigh_what_was_said_of_the_profile() {
    let refused = json!({"message": "login_required", "status": "fail"}).to_string();
    let side = "https://www.instagram.com/graphql/query";
    let document = page("@ghost@instagram", "<html></html>").status(404).got(side, 403, refused.clone()).read();
    assert_eq!(document.outcome, Outcome::NotFound);
    let document = page("@ghost@instagram", "<html></html>").got(side, 403, refused).read();
    assert_eq!(document.outcome, Outcome::LoginWall);
}

#[test]
fn instagrams_routes_tell_a_login_page_and_a_challenge() {
    let sjs = |data: &Value| script("type=\"application/json\" data-sjs", data);
    for (name, outcome) in [
        ("comet.igweb.PolarisCAAIGLoginHomepageRoute", Outcome::LoginWall),
        ("comet.igweb.PolarisLoginRoute", Outcome::LoginWall),
        ("comet.igweb.PolarisChallengeRoute", Outcome::Checkpoint),
        ("comet.igweb.PolarisErrorRoute", Outcome::Unavailable),
        ("comet.igweb.PolarisLoggedOutDesktopWWWProfileRoute", Outcome::Unavailable),
    ] {
        let html = sjs(&json!({"canonicalRouteName": name}));
        assert_eq!(page("@ghost@instagram", html).read().outcome, outcome, "{name}");
    }
    let login = "https://www.instagram.com/accounts/login/?next=%2Fghost%2F";
    let document = answers("@ghost@instagram").got(login, 200, "<!DOCTYPE html><title>Login</title>").read();
    assert_eq!(document.outcome, Outcome::LoginWall);
}

#[test]
fn a_notice_of_privacy_needs_both_its_sentences() {
    let meta = "<meta property=\"og:title\" content=\"G (@ghost) • Instagram photos and videos\"><meta property=\"og:description\" \
                content=\"5 Followers, 6 Following, 7 Posts - See Instagram photos and videos from G (@ghost)\">";
    let read = |body: &str| {
        page("@ghost@instagram", format!("<html><head>{meta}</head><body><main>{body}</main></body></html>")).read()
    };
    for private in [
        "<h2>This account is private</h2><div>Follow to see their photos and videos.</div>",
        "<div><div><span dir=\"auto\">This account is private</span></div><div>Follow this account to see their photos.</div></div>",
        "<article><h2>This Account is Private</h2><div>Already follow ghost? Log in.</div></article>",
        "<div><span>Dieses Konto ist privat</span><span>Folge diesem Konto, um seine Fotos zu sehen.</span></div>",
    ] {
        let document = read(private);
        assert_eq!((document.outcome, document.profile.unwrap().followers), (Outcome::Private, Some(5)), "{private}");
    }
    for other in [
        "<div><span dir=\"auto\">This account is private</span><button>Follow</button></div>",
        "<div><span dir=\"auto\">people say this account is private. Follow to see their photos and videos.</span></div>",
        "<a href=\"/ghost/p/DEiyb48AeB9/\"><img alt=\"This account is private. Follow to see their photos and videos.\" src=\"x.jpg\"></a>",
    ] {
        assert_eq!(read(other).outcome, Outcome::Partial, "{other}");
    }
}

#[test]
fn tiktoks_short_pages_are_told_apart() {
    let waf = "<html><head><script id=\"slardar-config\" type=\"application/json\">{\"slardarClient\":\"SlardarWAF\"}</script></head>\
               <body>Please wait...<p id=\"wci\" class=\"_wafchallengeid\"></p></body></html>";
    let denied = "<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\nYou don't have permission to access \
                  \"http&#58;&#47;&#47;www&#46;tiktok&#46;com\" on this server.<P>\nReference&#32;&#35;18</BODY></HTML>";
    let region = "<html><body><p>TikTok is not available in your region.</p></body></html>";
    for (html, outcome) in [(waf, Outcome::Captcha), (denied, Outcome::Blocked), (region, Outcome::RegionBlocked)] {
        assert_eq!(page("@ghost@tiktok", html).read().outcome, outcome);
        for url in ["https://www.tiktok.com/@ghost", "https://www.tiktok.com/api/post/item_list/"] {
            assert_eq!(answers("@ghost@tiktok").got(url, 200, html).read().outcome, outcome, "{url}");
        }
    }
    // A page with data that only speaks of it.
    let user = |bio: &str| {
        json!({"__DEFAULT_SCOPE__": {"webapp.user-detail": {"statusCode": 0, "userInfo": {"user": {"id": "7", "uniqueId": "ghost",
        "signature": bio}, "stats": {"followerCount": 5}}}}})
    };
    let html = |bio: &str| script("id=\"__UNIVERSAL_DATA_FOR_REHYDRATION__\" type=\"application/json\"", &user(bio));
    let document =
        page("@ghost@tiktok", html("TikTok is not available in your region, Access Denied, _wafchallengeid")).read();
    assert_eq!((document.outcome, document.coverage.reason), (Outcome::Partial, Some(ShortReason::NoPostList)));
    let modal = format!("{}<div class=\"captcha-verify-container\"></div>", html("bio"));
    let document = page("@ghost@tiktok", modal).read();
    assert_eq!((document.outcome, document.coverage.reason), (Outcome::Partial, Some(ShortReason::BlockedMidway)));
}
