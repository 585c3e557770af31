//! The replica against its own promises: the pages carry what the truth says, the walls stand where they should, and
//! real Chromium sees a profile whatever the site looks like this week.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use social_sentinel::clock::Clock;
use social_sentinel::model::document::{Outcome, Post};
use social_sentinel::model::job::Handle;
use social_sentinel::replica::{
    FaultKind, FaultRule, Mode, Redesign, RedesignKind, Replica, ReplicaOptions, RequestKind, Site, Truth, Weight,
};

use crate::support::http::{Answer, ask, get, post};

async fn replica(seed: u64) -> Replica {
    Replica::start(ReplicaOptions::seeded(seed, Clock::system())).await.expect("the loopback can be listened on")
}

fn handle(text: &str) -> Handle {
    text.parse().expect("a handle")
}

fn truth(replica: &Replica, site: Site, name: &str) -> Truth {
    replica.truth(&site.platform(), &handle(name)).expect("a known platform")
}

fn ids(posts: &[Post]) -> BTreeSet<String> {
    posts.iter().map(|post| post.id.clone()).collect()
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("{before:?} is not there")).1;
    rest.split_once(after).map_or(rest, |(inside, _)| inside)
}

fn fnv(start: u32, text: &str) -> u32 {
    text.bytes().fold(start, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Signs a query as the page's script does, with the secret read from it.
async fn signed(replica: &Replica, query: &str) -> String {
    let script = get(replica.base_url(), "/static/tiktok-main.js").await.text();
    let secret = between(&script, "SECRET=\"", "\"");
    let query = format!("{query}&msToken=t");
    let first = fnv(0x811c_9dc5, &query);
    let second = fnv(first ^ 0x5bd1_e995, secret);
    let third = fnv(second, &query);
    format!("/api/post/item_list/?{query}&X-Bogus=DFSz{first:08x}{second:08x}{third:08x}")
}

async fn user_detail(replica: &Replica, name: &str) -> Value {
    let page = get(replica.base_url(), &format!("/@{name}")).await.text();
    let data = between(&page, "type=\"application/json\">", "</script>");
    let scope: Value = serde_json::from_str(data).expect("the page's data is JSON");
    scope["__DEFAULT_SCOPE__"]["webapp.user-detail"].clone()
}

/// Every item of a TikTok list, page by page, with doubles.
async fn all_items(replica: &Replica, name: &str) -> Vec<Value> {
    let detail = user_detail(replica, name).await;
    let sec_uid = detail["userInfo"]["user"]["secUid"].as_str().expect("a secUid").to_owned();
    let (mut items, mut cursor) = (Vec::new(), "0".to_owned());
    loop {
        let path = signed(replica, &format!("secUid={sec_uid}&cursor={cursor}&count=16")).await;
        let body = get(replica.base_url(), &path).await.json();
        items.extend(body["itemList"].as_array().cloned().unwrap_or_default());
        if body["hasMore"] != json!(true) {
            return items;
        }
        cursor = body["cursor"].as_str().expect("a cursor").to_owned();
    }
}

#[tokio::test]
async fn tiktok_lists_give_the_truth_pinned_first_and_with_overlaps() {
    let replica = replica(11).await;
    let truth = truth(&replica, Site::TikTok, "sunny.kitchen");
    let items = all_items(&replica, "sunny.kitchen").await;
    let listed: BTreeSet<String> = items.iter().filter_map(|item| item["id"].as_str().map(str::to_owned)).collect();
    assert!(items.len() > listed.len(), "pages overlap");
    assert!(ids(&truth.posts).is_subset(&listed));
    let posts_count = truth.profile.and_then(|profile| profile.posts_count);
    assert_eq!(posts_count, u64::try_from(listed.len()).ok());
    let pinned: Vec<bool> = items.iter().take(4).map(|item| item["isPinnedItem"] == json!(true)).collect();
    assert_eq!(pinned, [true, true, true, false]);
    let times: Vec<i64> = items.iter().filter_map(|item| item["createTime"].as_i64()).collect();
    assert!(times[0] < times[1] || times[1] < times[2], "pinned posts are out of order");
    for item in &items {
        let Some(post) = truth.posts.iter().find(|post| item["id"] == json!(post.id)) else { continue };
        assert_eq!(item["statsV2"]["playCount"].as_str(), post.views.map(|n| n.to_string()).as_deref());
        assert_eq!(item["statsV2"]["commentCount"].as_str(), post.comments.map(|n| n.to_string()).as_deref());
        assert_eq!(item["desc"].as_str().filter(|text| !text.is_empty()), post.caption.as_deref());
    }
}

#[tokio::test]
async fn an_unsigned_or_wrongly_signed_call_gets_an_empty_200() {
    let replica = replica(12).await;
    let path = signed(&replica, "secUid=x&cursor=0&count=16").await;
    for path in ["/api/post/item_list/?secUid=x&cursor=0".to_owned(), path.replace("cursor=0", "cursor=1")] {
        let answer = get(replica.base_url(), &path).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
}

#[tokio::test]
async fn exact_counts_stand_beside_rounded_ones_and_great_likes_overflow() {
    let replica = replica(13).await;
    let truth = truth(&replica, Site::TikTok, "big.ben.plays").profile.expect("a profile");
    let info = user_detail(&replica, "big.ben.plays").await["userInfo"].clone();
    assert_eq!(info["statsV2"]["followerCount"].as_str(), truth.followers.map(|n| n.to_string()).as_deref());
    assert_eq!(info["statsV2"]["heartCount"].as_str(), truth.likes.map(|n| n.to_string()).as_deref());
    assert!(info["stats"]["heartCount"].as_i64().is_some_and(|n| n < 0));
}

/// The records of Instagram's data blocks that hold a key.
fn records<'a>(blocks: &'a [Value], key: &str) -> Vec<&'a Value> {
    fn find<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
        match value {
            Value::Object(map) => map.get(key).or_else(|| map.values().find_map(|value| find(value, key))),
            Value::Array(list) => list.iter().find_map(|value| find(value, key)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        }
    }
    blocks.iter().filter_map(|block| find(block, key)).collect()
}

fn blocks(page: &str) -> Vec<Value> {
    let scripts = page.split("data-sjs>").skip(1).filter_map(|rest| rest.split_once("</script>"));
    scripts.map(|(json, _)| serde_json::from_str(json).expect("a data block is JSON")).collect()
}

/// A guest's later pages, as the page's script asks for them.
async fn guest_pages(replica: &Replica, name: &str) -> (Value, Vec<Value>) {
    let page = get(replica.base_url(), &format!("/{name}/")).await.text();
    let blocks = blocks(&page);
    let first = records(&blocks, "polaris_ordered_timeline_connection")[0].clone();
    let doc_id = records(&blocks, "queryID")[0].as_str().expect("a query id").to_owned();
    let lsd = between(&page, "\"LSD\",[],{\"token\":\"", "\"");
    let id = records(&blocks, "xig_user_by_username")[0]["id"].clone();
    let mut nodes = first["edges"].as_array().cloned().unwrap_or_default();
    let mut info = first["page_info"].clone();
    while info["has_next_page"] == json!(true) && nodes.len() < 60 {
        let variables = json!({"after": info["end_cursor"], "first": 12, "id": id}).to_string();
        let variables: String = url::form_urlencoded::byte_serialize(variables.as_bytes()).collect();
        let headers = [
            ("x-fb-lsd", lsd.to_owned()),
            ("referer", format!("{}/{name}/", replica.base_url())),
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
        ];
        let answer =
            post(replica.base_url(), "/api/graphql", &headers, &format!("doc_id={doc_id}&variables={variables}")).await;
        let text = answer.text();
        let body: Value = serde_json::from_str(text.strip_prefix("for (;;);").expect("a guarded body")).expect("JSON");
        let list = &body["data"]["node"]["polaris_ordered_timeline_connection"];
        let edges = list["edges"].as_array().cloned().unwrap_or_default();
        if edges.is_empty() {
            break;
        }
        nodes.extend(edges);
        info = list["page_info"].clone();
    }
    (info, nodes)
}

#[tokio::test]
async fn an_instagram_guest_gets_posts_without_counts_and_strangers_among_them() {
    let replica = replica(14).await;
    let truth = truth(&replica, Site::Instagram, "two.of.us.cook");
    let (_, edges) = guest_pages(&replica, "two.of.us.cook").await;
    let own = ids(&truth.posts);
    let listed: Vec<&Value> = edges.iter().map(|edge| &edge["node"]).collect();
    assert!(listed.iter().all(|node| node.get("like_count").is_none() && node.get("taken_at").is_none()));
    let strangers = listed.iter().filter(|node| !own.contains(node["pk"].as_str().unwrap_or_default())).count();
    assert!(strangers >= 3, "each page has an injected post");
    let coauthored = listed.iter().filter(|node| {
        own.contains(node["pk"].as_str().unwrap_or_default()) && node["user"]["username"] != json!("two.of.us.cook")
    });
    assert!(coauthored.count() >= 3);
}

#[tokio::test]
async fn a_guest_of_a_limited_profile_sees_two_pages_and_hears_that_there_is_more() {
    let replica = replica(15).await;
    let (info, edges) = guest_pages(&replica, "shown.in.part").await;
    assert_eq!((edges.len(), &info["has_next_page"]), (24, &json!(true)));
    assert_eq!(truth(&replica, Site::Instagram, "shown.in.part").guest.posts_reachable, 24);
}

#[tokio::test]
async fn a_post_can_be_opened_by_its_code_alone() {
    let replica = replica(16).await;
    let truth = truth(&replica, Site::Instagram, "creator_77");
    for post in truth.posts.iter().take(6) {
        let code = post.code.as_deref().expect("a code");
        let page = get(replica.base_url(), &format!("/p/{code}/")).await;
        assert_eq!(page.status, 200);
        assert!(page.text().contains(&format!("instagram://media?id={}", post.id)));
    }
}

#[tokio::test]
async fn a_member_gets_counts_and_times() {
    let replica = replica(17).await;
    let truth = truth(&replica, Site::Instagram, "creator_5");
    let headers = [("cookie", "sessionid=abc".to_owned())];
    let body = "variables=%7B%22username%22%3A%22creator_5%22%2C%22first%22%3A12%7D";
    let timeline = post(replica.base_url(), "/graphql/query", &headers, body).await.json();
    let edges = &timeline["data"]["xdt_api__v1__feed__user_timeline_graphql_connection"]["edges"];
    for edge in edges.as_array().expect("edges") {
        let node = &edge["node"];
        let post = truth.posts.iter().find(|post| node["pk"] == json!(post.id)).expect("one of the profile's");
        assert_eq!(node["like_count"].as_u64(), post.likes);
        assert_eq!(node["taken_at"].as_i64(), post.published_at.map(|at| at.timestamp()));
    }
    let guest = post_as_guest(&replica).await;
    assert_eq!(guest.status, 401);
}

async fn post_as_guest(replica: &Replica) -> Answer {
    post(replica.base_url(), "/graphql/query", &[], "variables=%7B%7D").await
}

#[tokio::test]
async fn walls_stand_where_the_catalogue_says() {
    let replica = replica(18).await;
    let base = replica.base_url();
    let status = |path: &'static str| async move { get(base, path).await.status };
    assert_eq!(status("/wall.flower/").await, 302);
    assert_eq!(status("/check.point.pete/").await, 302);
    assert_eq!(status("/gone.gull/").await, 404);
    assert_eq!(status("/@faraway_only").await, 451);
    assert_eq!(status("/@slow_lane_sally").await, 429);
    assert_eq!(status("/@slow_lane_sally").await, 200);
    assert!(get(base, "/@puzzle_gate").await.text().contains("TTGCaptcha.init"));
    assert_eq!(user_detail(&replica, "quiet.corner").await["statusCode"], json!(10_222));
    assert_eq!(user_detail(&replica, "nobody.home.here").await["statusCode"], json!(10_221));
    let expected = |outcome| replica.handles().iter().filter(|entry| entry.outcome == outcome).count();
    assert_eq!((expected(Outcome::Ok), expected(Outcome::Private), expected(Outcome::NotFound)), (11, 2, 2));
}

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
async fn the_same_seed_gives_the_same_bytes() {
    let (one, two) = (replica(20).await, replica(20).await);
    for path in ["/@seven_tongues", "/word_garden/", "/@creator_4", "/static/tiktok-main.js"] {
        let pages = [get(one.base_url(), path).await, get(two.base_url(), path).await];
        let [first, second] = [pages[0].text(), pages[1].text()];
        assert_eq!(first.replace(one.base_url(), ""), second.replace(two.base_url(), ""));
    }
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
async fn a_heavy_page_weighs_as_much_as_a_real_one() {
    let mut options = ReplicaOptions::seeded(25, Clock::system());
    options.weight = Weight::Heavy;
    let replica = Replica::start(options).await.expect("a replica");
    for path in ["/@creator_1", "/creator_1/"] {
        let size = get(replica.base_url(), path).await.body.len();
        assert!((230_000..280_000).contains(&size), "{path} has {size} bytes");
    }
    let mut scripts = 0;
    for n in 0..4 {
        scripts += get(replica.base_url(), &format!("/static/vendor-{n}.js")).await.body.len();
    }
    assert!((950_000..1_050_000).contains(&scripts), "{scripts} bytes of scripts");
}

#[tokio::test]
async fn nothing_on_a_page_is_loaded_from_outside() {
    let replica = replica(26).await;
    for path in ["/@sunny.kitchen", "/atelier.luma/"] {
        let page = get(replica.base_url(), path).await.text();
        for attribute in ["src=\"http", "<link rel=\"preload\" as=\"script\" href=\"http", "url(http"] {
            assert!(!page.contains(attribute), "{path} loads from {attribute}");
        }
    }
}

/// The document as real Chromium renders it; none where Chromium is not installed.
async fn rendered(url: &str) -> Option<String> {
    let profile = tempfile::tempdir().ok()?;
    let output = tokio::process::Command::new("chromium-headless-shell")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,900", "--virtual-time-budget=3000"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", url])
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(60), output).await.ok()?.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test]
async fn chromium_renders_both_sites_whatever_they_look_like() {
    let replica = replica(27).await;
    let (base, control) = (replica.base_url(), replica.control());
    let looks = [None, Some(RedesignKind::Dom), Some(RedesignKind::Json), Some(RedesignKind::Both)];
    for (seed, kind) in (1..).zip(looks) {
        for (site, path) in [(Site::TikTok, "/@seven_tongues"), (Site::Instagram, "/word_garden/")] {
            control.redesign(site, kind.map(|kind| Redesign { kind, seed, share: 1.0 }));
            let Some(dom) = rendered(&format!("{base}{path}")).await else { return };
            let name = path.trim_matches(['/', '@']);
            let truth = truth(&replica, site, name);
            let link = if site == Site::TikTok { format!("/@{name}/") } else { format!("href=\"/{name}/") };
            let cards = dom.matches(&link).count();
            assert!(cards >= 12, "{site:?} under {kind:?}: {cards} cards");
            let bio = truth.profile.and_then(|profile| profile.bio).unwrap_or_default();
            let line = bio.lines().next().unwrap_or_default();
            assert!(dom.contains(line), "{site:?} under {kind:?}: {line:?} is not there");
        }
    }
}
