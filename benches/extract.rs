//! Reading, per shape of page: from a capture to a document. Real pages where the corpus stands beside the crate, made ones
//! otherwise. The promises: a real 300 KB page with embedded JSON below 2 ms, a list of 16 items below 0.5 ms, a page of 30 cards
//! without any JSON below 5 ms.
#![expect(clippy::unwrap_used, reason = "a measuring tool, run by hand")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};
use social_sentinel::extract::selectors::builtin;
use social_sentinel::model::capture::{Capture, CapturedPage, KeptResponse};
use social_sentinel::model::job::{PlatformId, Target};
use social_sentinel::model::visit::Purpose;
use social_sentinel::platform;

fn corpus(path: &str) -> Option<String> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus"));
    std::fs::read_to_string(folder.join(path)).ok()
}

fn capture(handle: &str, html: String, bodies: Vec<String>) -> Capture {
    let url = format!("https://www.tiktok.com/@{handle}");
    let response = |body: String| KeptResponse {
        url: "https://www.tiktok.com/api/post/item_list/?count=16".to_owned(),
        method: "GET".to_owned(),
        request_body: None,
        status: 200,
        headers: vec![],
        body,
    };
    Capture {
        target: Some(Target { platform: PlatformId::new("tiktok"), handle: handle.parse().unwrap() }),
        requested: None,
        pages: vec![CapturedPage {
            purpose: Purpose::Profile,
            url: url.clone(),
            final_url: url,
            redirects: vec![],
            status: Some(200),
            headers: vec![],
            html,
            responses: bodies.into_iter().map(response).collect(),
        }],
        observed_at: None,
        duration_ms: None,
    }
}

/// A page as TikTok embeds its data, with its translations.
fn embedded() -> (&'static str, String) {
    if let Some(real) = corpus("tiktok/profile-html/2026-02_creator_a_universal.html") {
        return ("creator_a", real);
    }
    let texts: serde_json::Map<String, Value> =
        (0..3500).map(|n| (format!("web_label_{n:05}"), json!("a text of forty characters, as it shows up"))).collect();
    let scope = json!({ "__DEFAULT_SCOPE__": { "webapp.i18n-translation": texts, "webapp.user-detail": { "statusCode": 0, "userInfo": {
        "user": { "id": "7000000000000000001", "uniqueId": "creator_a", "nickname": "A", "signature": "bio" },
        "stats": { "followerCount": 1200, "followingCount": 7, "heartCount": 99, "videoCount": 41 } } } } });
    let html = format!(
        "<!DOCTYPE html><html><body><div id=app></div><script id=\"__UNIVERSAL_DATA_FOR_REHYDRATION__\" type=\"application/json\">{scope}</script></body></html>"
    );
    ("creator_a", html)
}

fn list() -> (String, String) {
    if let Some(real) = corpus("tiktok/item-list-derived/2025-09-30_creator_q_page1.json") {
        let mut json: Value = serde_json::from_str(&real).unwrap();
        if let Some(items) = json["itemList"].as_array_mut() {
            items.truncate(16);
        }
        let handle = json["itemList"][0]["author"]["uniqueId"].as_str().unwrap_or("creator_q").to_owned();
        return (handle, json.to_string());
    }
    let item = |n: u64| {
        json!({ "id": (7_500_000_000_000_000_000_u64 - n * 1_000_000_000_000).to_string(), "desc": "a caption #tag @friend", "createTime": 1_750_000_000 - n * 90_000,
        "author": { "id": "7", "uniqueId": "creator_q", "nickname": "Q" }, "stats": { "playCount": 1000 + n, "diggCount": 10, "commentCount": 2, "shareCount": 1, "collectCount": 3 },
        "video": { "cover": "https://cdn.test/c.jpg", "playAddr": "https://cdn.test/v.mp4", "duration": 12, "width": 576, "height": 1024, "bitrateInfo": vec![json!({ "Bitrate": 1, "QualityType": 2, "PlayAddr": "x".repeat(600) }); 8] } })
    };
    let body =
        json!({ "cursor": "1", "hasMore": true, "statusCode": 0, "itemList": (0..16).map(item).collect::<Vec<_>>() });
    ("creator_q".to_owned(), body.to_string())
}

/// A rendered page whose data is nowhere but in its elements.
fn cards() -> String {
    let mut html = "<!DOCTYPE html><html><head><title>A</title></head><body><div id=\"app\"><h1 data-e2e=\"user-title\">creator_a</h1><h2 data-e2e=\"user-subtitle\">A</h2>\
        <h3><strong data-e2e=\"following-count\">12</strong><strong data-e2e=\"followers-count\">1.2M</strong><strong data-e2e=\"likes-count\">34.5M</strong></h3>\
        <h2 data-e2e=\"user-bio\">a bio</h2><div data-e2e=\"user-post-item-list\">".to_owned();
    let style = "position:relative;aspect-ratio:3/4;overflow:hidden;border-radius:8px;".repeat(20);
    for n in 0..30 {
        let id = 7_500_000_000_000_000_000_u64 - n * 1_000_000_000_000;
        let _ = write!(
            html,
            "<div class=\"css-x5-DivItem\"><div data-e2e=\"user-post-item\" style=\"{style}\"><a href=\"https://www.tiktok.com/@creator_a/video/{id}\">\
            <img alt=\"caption {n} #tag created by A with A’s original sound\" src=\"https://cdn.test/{n}.jpg\"><svg viewBox=\"0 0 48 48\"><path d=\"{}\"></path></svg>\
            <strong data-e2e=\"video-views\">{n}.5K</strong></a></div></div>",
            "M12 8l28 16-28 16z".repeat(40)
        );
    }
    html + "</div></div></body></html>"
}

fn read(criterion: &mut Criterion) {
    let id = PlatformId::new("tiktok");
    let (tiktok, selectors) = (platform::get(&id).unwrap(), builtin(&id).unwrap());
    let (handle, page) = embedded();
    let (owner, body) = list();
    let shapes = [
        ("page_with_embedded_json", capture(handle, page, vec![])),
        ("list_of_16_items", capture(&owner, String::new(), vec![body])),
        ("page_of_30_cards", capture("creator_a", cards(), vec![])),
    ];
    let mut group = criterion.benchmark_group("extract");
    for (name, capture) in &shapes {
        let document = platform::read(tiktok.as_ref(), capture, &selectors, 30);
        let bytes: usize = capture
            .pages
            .iter()
            .map(|page| page.html.len() + page.responses.iter().map(|r| r.body.len()).sum::<usize>())
            .sum();
        eprintln_shape(name, bytes, document.posts.len(), document.profile.is_some());
        group.bench_function(*name, |bencher| {
            bencher.iter(|| black_box(platform::read(tiktok.as_ref(), black_box(capture), &selectors, 30)));
        });
    }
    group.finish();
}

#[expect(clippy::print_stderr, reason = "a measuring tool, run by hand")]
fn eprintln_shape(name: &str, bytes: usize, posts: usize, profile: bool) {
    eprintln!("{name}: {bytes} bytes, {posts} posts, profile {profile}");
}

criterion_group!(benches, read);
criterion_main!(benches);
