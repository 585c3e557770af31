//! The switches: modes, time, renames, surges, deletions, redesigns and faults.

use serde_json::{Value, json};
use social_sentinel::model::document::Outcome;
use social_sentinel::replica::{FaultKind, FaultRule, Mode, Redesign, RedesignKind, RequestKind, Site, Truth};

use super::tiktok::{all_items, signed, user_detail};
use super::{handle, ids, replica, truth};
use crate::support::http::{ask, get, post};

#[tokio::test]
async fn modes_stand_before_pages_and_calls_but_not_before_pictures() {
    let replica = replica(19).await;
    let (base, control) = (replica.base_url(), replica.control());
    control.set_mode(Site::TikTok, Mode::Throttle { retry_after_s: 7 });
    let answer = get(base, "/@creator_1").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, Some("7")));
    assert_eq!(get(base, "/creator_1/").await.status, 200, "the other site is not touched");
    control.set_mode(Site::TikTok, Mode::EmptyBodies);
    let answer = get(base, "/@creator_1").await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    control.set_mode(Site::Instagram, Mode::LoginWall);
    assert_eq!(get(base, "/creator_1/").await.header("location"), Some("/accounts/login/?next=%2Fcreator_1%2F"));
    assert_eq!(get(base, "/accounts/login/?next=%2Fcreator_1%2F").await.status, 200);
    control.set_mode(Site::TikTok, Mode::Down { status: 503 });
    assert_eq!(get(base, "/@creator_1").await.status, 503);
    let cover = get(base, "/tos-no1a-p-0037-no/abcdef~tplv-tiktokx-origin.image").await;
    assert_eq!((cover.status, cover.header("content-type")), (200, Some("image/jpeg")));
    control.reset();
    let log = control.requests();
    assert_eq!(log.page_loads(Site::TikTok), 3);
    assert_eq!(log.of(Site::Instagram, RequestKind::ProfilePage).count(), 2);
}

#[tokio::test]
async fn time_renames_surges_and_deletions_change_the_truth_and_the_page_alike() {
    let replica = replica(21).await;
    let control = replica.control();
    let before = truth(&replica, Site::TikTok, "creator_9");
    let (old, new) = (handle("creator_9"), handle("another.name"));
    control.advance_time(9);
    let later = truth(&replica, Site::TikTok, "creator_9");
    assert!(later.posts.len() > before.posts.len());
    let fans = |truth: &Truth| truth.profile.as_ref().and_then(|profile| profile.followers).unwrap_or(0);
    assert!(fans(&later) >= fans(&before));
    control.surge(Site::TikTok, &old, 4.0);
    assert_eq!(fans(&truth(&replica, Site::TikTok, "creator_9")), fans(&later) * 4);
    control.delete_posts(&[later.posts[0].id.clone()]);
    assert!(!ids(&truth(&replica, Site::TikTok, "creator_9").posts).contains(&later.posts[0].id));
    control.rename(Site::TikTok, &old, &new);
    let renamed = truth(&replica, Site::TikTok, "another.name").profile.expect("a profile");
    assert_eq!(renamed.id, before.profile.and_then(|profile| profile.id));
    assert_eq!(truth(&replica, Site::TikTok, "creator_9").outcome, Outcome::NotFound);
    let page = user_detail(&replica, "another.name").await;
    assert_eq!(page["userInfo"]["user"]["uniqueId"], json!("another.name"));
    assert_eq!(
        page["userInfo"]["statsV2"]["followerCount"].as_str(),
        renamed.followers.map(|n| n.to_string()).as_deref()
    );
    assert!(all_items(&replica, "another.name").await.iter().all(|item| item["id"] != json!(later.posts[0].id)));
}

#[tokio::test]
async fn a_redesign_reaches_its_share_of_the_profiles() {
    let replica = replica(22).await;
    let redesign = Redesign { kind: RedesignKind::Json, seed: 5, share: 0.5 };
    replica.control().redesign(Site::TikTok, Some(redesign));
    let mut reached = 0;
    for n in 0..60 {
        let detail = user_detail(&replica, &format!("creator_{n}")).await;
        reached += usize::from(detail.get("userInfo").is_none());
    }
    assert!((15..=45).contains(&reached), "{reached} of 60");
}

#[tokio::test]
async fn a_list_that_moved_answers_under_its_new_address_alone() {
    let replica = replica(26).await;
    let base = replica.base_url();
    let detail = user_detail(&replica, "creator_1").await;
    let sec_uid = detail["userInfo"]["user"]["secUid"].as_str().expect("a secUid").to_owned();
    let old = signed(&replica, &format!("secUid={sec_uid}&cursor=0&count=16")).await;
    assert!(get(base, &old).await.json()["itemList"].is_array());
    let moved = Redesign { kind: RedesignKind::Moved, seed: 8, share: 1.0 };
    replica.control().redesign(Site::TikTok, Some(moved));
    assert_eq!(get(base, &old).await.status, 404);
    let script = get(base, "/static/tiktok-main-moved-8.js").await.text();
    let address = super::between(&script, "LIST=\"", "\"");
    assert!(!address.contains("item_list"), "{address}");
    let new = old.replace("/api/post/item_list/", address);
    assert!(get(base, &new).await.json()["itemList"].is_array());
}

#[tokio::test]
async fn switches_work_over_http_too() {
    let replica = replica(23).await;
    let base = replica.base_url();
    let switch = |verb: &'static str, body: Value| async move {
        post(base, &format!("/__control/{verb}"), &[], &body.to_string()).await
    };
    assert_eq!(switch("mode", json!({"platform": "tiktok", "mode": "throttle", "retry_after_s": 3})).await.status, 200);
    assert_eq!(get(base, "/@creator_1").await.status, 429);
    let refused = switch("mode", json!({"platform": "myspace", "mode": "normal"})).await;
    assert_eq!(refused.status, 400);
    assert!(refused.text().contains("myspace"));
    assert_eq!(switch("reset", json!({})).await.status, 200);
    let redesign = json!({"platform": "instagram", "redesign": {"kind": "both", "seed": 3, "share": 1.0}});
    assert_eq!(switch("redesign", redesign).await.status, 200);
    assert!(!get(base, "/creator_1/").await.text().contains("follower_count"));
    assert_eq!(switch("fault", json!({"rule": {"kind": "redirect_loop", "every": 1}})).await.status, 200);
    assert_eq!(get(base, "/@creator_1").await.status, 302);
    let truth = get(base, "/__control/truth/instagram/gone.gull").await.json();
    assert_eq!(truth["outcome"], json!("not_found"));
    assert_eq!(get(base, "/__control/handles").await.json().as_array().map(Vec::len), Some(20));
    let log = get(base, "/__control/requests").await.json();
    assert_eq!(log["per_path"]["/@creator_1"], json!(2));
}

#[tokio::test]
async fn faults_are_planted_in_every_nth_page() {
    let replica = replica(24).await;
    let rule = FaultRule { kind: FaultKind::RedirectLoop, platform: None, handle: None, every: Some(3) };
    replica.control().fault(rule);
    let mut statuses = Vec::new();
    for n in 0..6 {
        statuses.push(get(replica.base_url(), &format!("/@creator_{n}")).await.status);
    }
    assert_eq!(statuses, [200, 200, 302, 200, 200, 302]);
    replica.control().clear_faults();
    replica.control().fault(FaultRule { kind: FaultKind::CutOff, platform: None, handle: None, every: None });
    assert!(ask(replica.base_url(), "GET", "/@creator_1", &[], "").await.is_err(), "the page ends halfway");
}

#[tokio::test]
async fn a_hanging_call_waits_until_its_visitor_leaves() {
    let replica = replica(28).await;
    let rule = FaultRule { kind: FaultKind::HangingApi, platform: None, handle: Some("creator_2".into()), every: None };
    replica.control().fault(rule);
    let sec_uid = user_detail(&replica, "creator_2").await["userInfo"]["user"]["secUid"].clone();
    let path = signed(&replica, &format!("secUid={}&cursor=0&count=16", sec_uid.as_str().unwrap_or_default())).await;
    let call = ask(replica.base_url(), "GET", &path, &[], "");
    assert!(tokio::time::timeout(std::time::Duration::from_millis(300), call).await.is_err());
    replica.control().clear_faults();
    user_detail(&replica, "creator_2").await;
    assert_eq!(get(replica.base_url(), &path).await.status, 200, "a page without the fault ends it");
}
