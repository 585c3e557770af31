//! Every capture of the shared corpus against what is known of it, where the corpus is present. The captures are not ours
//! to copy: they are read where they stand.

#![expect(clippy::unwrap_used, reason = "a test that cannot read its corpus has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use social_sentinel::extract::input::{InputOptions, load};
use social_sentinel::extract::schema::document_schema;
use social_sentinel::extract::selectors::builtin;
use social_sentinel::model::job::PlatformId;
use social_sentinel::platform;

/// The corpus, where it stands beside the crate.
fn corpus() -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus"));
    folder.join("EXPECTED.json").is_file().then(|| folder.to_owned())
}

/// The document of a saved file, as JSON.
fn read(file: &Path, url: Option<&str>) -> Value {
    let name = if file.to_string_lossy().contains("/tiktok/") { "tiktok" } else { "instagram" };
    let id = PlatformId::new(name);
    let mut options = InputOptions::default();
    if file.extension().is_some_and(|ending| ending == "html") {
        options.page = Some(file.to_owned());
    } else {
        options.responses = vec![file.to_owned()];
    }
    options.target = url.map(|url| platform::parse_target(url).unwrap());
    let capture = load(options).unwrap();
    let selectors = builtin(&id).unwrap();
    serde_json::to_value(platform::read_all(&*platform::get(&id).unwrap(), &capture, &selectors, 30)).unwrap()
}

/// The outcome that a label of the corpus means.
fn outcome(label: &str) -> &str {
    match label {
        "partial_profile_no_posts" | "degraded_no_data" => "partial",
        "signature_missing_or_blocked" => "blocked",
        "generic_error" | "graphql_error_retry" | "http_error_root" => "unavailable",
        other => other,
    }
}

/// The seconds of a document's time.
fn seconds(post: &Value) -> Option<i64> {
    Some(chrono::DateTime::parse_from_rfc3339(post["published_at"].as_str()?).ok()?.timestamp())
}

struct Differences(Vec<String>);

impl Differences {
    fn same(&mut self, what: &str, seen: &Value, wanted: &Value) {
        if seen != wanted {
            self.0.push(format!("{what}: {seen} and not {wanted}"));
        }
    }
}

fn compare(document: &Value, expected: &serde_json::Map<String, Value>, differences: &mut Differences) {
    let profile = &document["profile"];
    for (key, wanted) in expected {
        match key.as_str() {
            "outcome" => {
                let wanted = json!(outcome(wanted.as_str().unwrap()));
                differences.same("outcome", &document["outcome"], &wanted);
            }
            "posts" => differences.same("posts_count", &profile["posts_count"], wanted),
            "username" | "display_name" | "followers" | "following" | "likes" | "bio" => {
                differences.same(key, &profile[key], wanted);
            }
            // Where the page does not say "private" in so many words, silence is right.
            "verified" | "private" if !profile[key].is_null() => differences.same(key, &profile[key], wanted),
            "posts_json" | "dom_posts" => posts(document, wanted.as_array().unwrap(), differences),
            "timeline_codes" => {
                let mut seen: Vec<&str> =
                    document["posts"].as_array().unwrap().iter().filter_map(|post| post["code"].as_str()).collect();
                let mut codes: Vec<&str> = wanted.as_array().unwrap().iter().filter_map(Value::as_str).collect();
                seen.sort_unstable();
                codes.sort_unstable();
                differences.same("codes", &json!(seen), &json!(codes));
            }
            _ => {}
        }
    }
}

fn posts(document: &Value, wanted: &[Value], differences: &mut Differences) {
    let key = |post: &Value| post["code"].as_str().or(post["id"].as_str()).unwrap_or_default().to_owned();
    let seen: BTreeMap<String, &Value> =
        document["posts"].as_array().unwrap().iter().map(|post| (key(post), post)).collect();
    differences.same("number of posts", &json!(seen.len()), &json!(wanted.len()));
    for post in wanted {
        let id = key(post);
        let Some(seen) = seen.get(&id) else {
            differences.0.push(format!("post {id} is missing"));
            continue;
        };
        let pairs = [
            ("likes", "likes"),
            ("comments", "comments"),
            ("views", "views"),
            ("playCount", "views"),
            ("diggCount", "likes"),
            ("commentCount", "comments"),
            ("shareCount", "shares"),
            ("collectCount", "saves"),
        ];
        for (theirs, ours) in pairs {
            if let Some(wanted) = post.get(theirs) {
                differences.same(&format!("{id}.{ours}"), &seen[ours], wanted);
            }
        }
        if let Some(ts) = post["ts"].as_i64() {
            differences.same(&format!("{id}.published_at"), &json!(seconds(seen)), &json!(ts));
        }
        if let Some(duration) = post["duration"].as_f64() {
            differences.same(&format!("{id}.duration_s"), &seen["duration_s"], &json!(duration));
        }
        if let Some(text) = post["views_text"].as_str() {
            let raw = &document["fields"][format!("posts.{}.views", seen["id"].as_str().unwrap())]["raw"];
            differences.same(&format!("{id}.views"), raw, &json!(text));
        }
        let kind = &seen["kind"];
        match (post["type"].as_str(), post["path"].as_str(), post["icons"][0].as_str()) {
            (Some("GraphSidecar"), ..) | (_, Some("p"), Some("Carousel")) => {
                differences.same(&format!("{id}.kind"), kind, &json!("carousel"));
            }
            (Some("GraphImage"), ..) => differences.same(&format!("{id}.kind"), kind, &json!("image")),
            (Some("GraphVideo"), ..) => differences.same(&format!("{id}.kind"), kind, &json!("video")),
            (_, Some("reel"), _) => differences.same(&format!("{id}.kind"), kind, &json!("reel")),
            _ => {}
        }
    }
}

#[test]
fn every_capture_of_the_corpus_reads_as_expected() {
    let Some(folder) = corpus() else { return };
    let expected: BTreeMap<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("EXPECTED.json")).unwrap()).unwrap();
    let mut all = Vec::new();
    for (name, wanted) in expected.iter().filter(|(name, _)| !name.contains("drift-")) {
        let mut differences = Differences(Vec::new());
        compare(&read(&folder.join(name), None), wanted.as_object().unwrap(), &mut differences);
        all.extend(differences.0.into_iter().map(|difference| format!("{name}: {difference}")));
    }
    assert!(all.is_empty(), "{} differences:\n{}", all.len(), all.join("\n"));
}

#[test]
fn every_document_of_the_corpus_fits_the_schema_and_comes_out_the_same_twice() {
    let Some(folder) = corpus() else { return };
    let schema = jsonschema::validator_for(&document_schema()).unwrap();
    let mut files = Vec::new();
    for place in ["tiktok", "instagram"] {
        for kind in std::fs::read_dir(folder.join(place)).unwrap() {
            files.extend(std::fs::read_dir(kind.unwrap().path()).unwrap().map(|file| file.unwrap().path()));
        }
    }
    assert!(files.len() >= 54, "the corpus has lost files");
    for file in files {
        let document = read(&file, None);
        let errors: Vec<String> =
            schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {}", file.display(), errors.join("\n"));
        assert_eq!(document.to_string(), read(&file, None).to_string(), "{}", file.display());
    }
}

#[test]
fn a_home_feed_gives_only_the_posts_of_the_profile_that_is_named() {
    let Some(folder) = corpus() else { return };
    let file = folder.join("instagram/api-v1-items/2022-04_feed_timeline_brands.json");
    let codes = |url: Option<&str>| -> Vec<String> {
        let posts = read(&file, url)["posts"].as_array().unwrap().clone();
        posts.iter().map(|post| post["code"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(codes(None).len(), 12);
    assert_eq!(codes(Some("https://www.instagram.com/robertdowneyjr/")), ["CcqMT8_F74j", "CN5mPCGhA9C"]);
    // A post that Marvel shares with another account is Marvel's too.
    let marvel = codes(Some("https://www.instagram.com/marvel/"));
    assert!(marvel.contains(&"CcqdHiNJvHY".to_owned()) && marvel.len() == 4, "{marvel:?}");
}

#[test]
fn a_page_of_another_account_gives_nothing_of_the_one_that_is_named() {
    let Some(folder) = corpus() else { return };
    for (file, url) in [
        ("tiktok/profile-html/2025-12_illojuan_profile_rendered.html", "https://www.tiktok.com/@nasa"),
        ("tiktok/item-list-derived/2025-09-30_creator_q_page1.json", "https://www.tiktok.com/@nasa"),
        ("instagram/xig-page-derived/2026-10_google_xig_profile_with_timeline.html", "https://www.instagram.com/nasa/"),
        ("instagram/profile-html/2020-07_robertdowneyjr_sharedData.html", "https://www.instagram.com/nasa/"),
        ("instagram/web-profile-info/2022-06_robertdowneyjr_web_profile_info.json", "https://www.instagram.com/nasa/"),
        ("instagram/dom-snapshot/2025-02_celebface_loggedin_dom.html", "https://www.instagram.com/nasa/"),
    ] {
        let document = read(&folder.join(file), Some(url));
        assert_eq!(document["outcome"], "unavailable", "{file}");
        assert_eq!(document["evidence"]["signal"], "identity_mismatch", "{file}");
        assert!(document["profile"].is_null() && document["posts"].as_array().unwrap().is_empty(), "{file}");
    }
}

#[test]
fn several_pages_of_one_list_are_one_list() {
    let Some(folder) = corpus() else { return };
    let file = folder.join("tiktok/item-list-parsed/2024-02-27_oddanimalspecimens_posts.json");
    assert_eq!(read(&file, None)["posts"].as_array().unwrap().len(), 70, "105 rows are 70 posts");
}

#[test]
fn the_rendered_instagram_header_is_read_whole() {
    let Some(folder) = corpus() else { return };
    let document = read(&folder.join("instagram/dom-snapshot/2025-02_celebface_loggedin_dom.html"), None);
    let profile = &document["profile"];
    assert_eq!(profile["category"], "Blogger");
    assert_eq!(profile["bio"], "If you don't want to see the truth ➡ leave this page\nTAG YOUR FRIENDS 👍");
    assert_eq!(document["fields"]["profile.bio"]["source"], "dom");
    assert_eq!(document["fields"]["profile.followers"]["precision"], "exact");
    let caption = |code: &str| {
        let posts = document["posts"].as_array().unwrap();
        posts.iter().find(|post| post["code"] == code).unwrap()["caption"].clone()
    };
    assert!(caption("C6__UnVK2Gf").is_null(), "a text that Instagram wrote is no caption");
    assert_eq!(caption("CyMD1HjKxoe"), "Then and Now \n2006/2022\n@meganfox");
}

#[test]
fn no_capture_of_the_corpus_contradicts_itself_but_the_one_that_does() {
    let Some(folder) = corpus() else { return };
    let expected: BTreeMap<String, Value> =
        serde_json::from_str(&std::fs::read_to_string(folder.join("EXPECTED.json")).unwrap()).unwrap();
    let mut all = Vec::new();
    for name in expected.keys() {
        let id = PlatformId::new(if name.contains("tiktok/") { "tiktok" } else { "instagram" });
        let file = folder.join(name);
        let mut options = InputOptions::default();
        if name.ends_with("html") {
            options.page = Some(file);
        } else {
            options.responses = vec![file];
        }
        let selectors = builtin(&id).unwrap();
        let doubts = platform::contradictions(&load(options).unwrap(), &selectors);
        all.extend(doubts.iter().map(|doubt| format!("{name}: {}", doubt.sentence())));
    }
    // Its meta tags are those of a page without anybody's followings.
    let known = "instagram/dom-snapshot/2025-02_celebface_loggedin_dom.html: profile.following: sources say 0 and 15";
    assert_eq!(all, [known]);
}
