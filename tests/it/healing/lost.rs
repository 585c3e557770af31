//! What a site really takes away, what it writes in two ways, and what it rolls out to half of its visitors; each through a veil before the
//! replica, which changes nothing else.

use regex::Regex;
use serde_json::Value;
use social_sentinel::model::document::{Document, Outcome, ShortReason};
use social_sentinel::replica::Site;
use social_sentinel::store::selectors::{Pin, Slot};

use super::missing::{forget_likes, likes};
use super::stage::{Stage, creators};
use crate::support::veil::Veil;

/// A stage whose site stands behind a veil, after a first crawl of these.
async fn veiled(seed: u64, handles: &[String]) -> (Stage, Veil) {
    let stage = Stage::new(seed, Site::TikTok).await;
    let veil = Veil::before(stage.replica.base_url()).await;
    let stage = stage.restart(&[("PLATFORM__TIKTOK__BASE_URL", &veil.base_url)], async |_| ()).await;
    stage.crawl(handles).await;
    assert!(
        stage.newest().await.iter().all(|document| document.outcome == Outcome::Ok),
        "the veil changes nothing yet"
    );
    (stage, veil)
}

/// A page without its followers, wherever they stood.
fn without_followers(text: &str) -> String {
    let key = Regex::new(r#""followerCount":"?\d+"?,?"#).unwrap();
    let sentence = Regex::new(r"[\d.]+[kmb]? Followers, ").unwrap();
    let text = key.replace_all(text, "");
    let text = sentence.replace_all(&text, "");
    text.replace("n=Number(n);", "if(n==null)return \"\";n=Number(n);")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_the_site_takes_away_is_said_to_be_gone_and_then_absent() {
    let handles = creators(1..13);
    let (stage, veil) = veiled(31, &handles).await;
    veil.rewrite(without_followers);
    stage.crawl(&handles).await;
    stage.eventually("it is said to be gone", async || stage.story().await.contains("fields_gone")).await;
    stage.eventually("nothing is held for it any more", async || stage.still_held().await == 0).await;
    stage.crawl(&handles).await;
    for document in stage.newest().await {
        let followers = document.profile.as_ref().and_then(|profile| profile.followers);
        assert_eq!((followers, document.outcome), (None, Outcome::Ok), "{}", stage.story().await);
        let short = document.posts.len() < usize::from(document.coverage.requested);
        assert_eq!(short, document.coverage.reason.is_some(), "{:?}", document.coverage);
        assert_ne!(document.coverage.reason, Some(ShortReason::NoPostList));
    }
    let sql = "select count(*) from profiles where followers is null or followers_at >= posts_count_at";
    let fresh: i64 = sqlx::query_scalar(sql).fetch_one(&stage.rows).await.unwrap();
    assert_eq!(fresh, 0, "what was published last stands, with its time");
    assert_eq!(stage.still_held().await, 0);
    stage.end().await;
}

/// Every count as an object that has it twice: as shown, and to the last digit.
fn twice(text: &str) -> String {
    let counts =
        "playCount|diggCount|commentCount|shareCount|collectCount|followerCount|followingCount|heartCount|videoCount";
    let count = Regex::new(&format!(r#""({counts})":"?(\d+)"?"#)).unwrap();
    let shown = |number: u64| match number {
        0..10_000 => number.to_string(),
        10_000..1_000_000 => format!("{}K", number / 100 * 100 / 1_000),
        _ => format!("{}M", number / 1_000_000),
    };
    let object = |found: &regex::Captures<'_>| {
        let number: u64 = found[2].parse().unwrap();
        format!(r#""{}":{{"fmt":"{}","raw":{number}}}"#, &found[1], shown(number))
    };
    let text = count.replace_all(text, object);
    text.replace("return o}\nfunction find", "return o&&o.raw!==undefined?o.raw:o}\nfunction find")
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_number_and_its_shortened_twin_the_number_is_learned() {
    let handles = creators(1..13);
    let (stage, veil) = veiled(32, &handles).await;
    veil.rewrite(twice);
    stage.crawl(&handles).await;
    stage.eventually("a version is learned", async || stage.active().await.starts_with("heal-")).await;
    stage.eventually("what was held back is filled in", async || stage.still_held().await == 0).await;
    stage.crawl(&handles).await;
    let learned = stage.store.selector_version("tiktok", &stage.active().await).await.unwrap().unwrap();
    assert!(!learned.body.contains("fmt"), "{}", learned.body);
    assert_eq!(stage.wrong_rows().await, Vec::<String>::new(), "{}", stage.story().await);
    for document in stage.newest().await {
        let truth = stage.truth(document.handle.as_ref().unwrap().as_str());
        let followers = document.profile.as_ref().and_then(|profile| profile.followers);
        assert_eq!(followers, truth.profile.unwrap().followers, "{}", stage.story().await);
        for post in &document.posts {
            let known = truth.posts.iter().find(|known| known.id == post.id).unwrap();
            assert_eq!(post.views, known.views, "{}", post.id);
        }
    }
    stage.end().await;
}

/// The lists of half of the profiles without their likes: told by the first of their posts.
fn half_without_likes(text: &str) -> String {
    let id = Regex::new(r#""secUid":"([^"]+)""#).unwrap();
    let half = id.captures(text).is_some_and(|id| id[1].bytes().map(u32::from).sum::<u32>() % 2 == 0);
    if half {
        Regex::new(r#""diggCount":"?\d+"?,"#).unwrap().replace_all(text, "").into_owned()
    } else {
        text.to_owned()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_half_of_the_pages_of_one_template_lack_is_told() {
    let handles = creators(1..25);
    let (stage, veil) = veiled(33, &handles).await;
    veil.rewrite(half_without_likes);
    for _ in 0..3 {
        stage.crawl(&handles).await;
    }
    stage
        .eventually("it is told", async || {
            let story = stage.story().await;
            story.contains("template_changed") && story.contains("posts.likes")
        })
        .await;
    let lacking = stage.newest().await.iter().filter(|document| likes(document) == 0).count();
    assert!((5..=19).contains(&lacking), "half of them: {lacking}");
    stage.crawl(&handles).await;
    for document in stage.newest().await.iter().filter(|document| !document.posts.is_empty()) {
        let told = document.evidence.as_ref().is_some_and(|told| told.signal == "fields_missing");
        assert_eq!(told, likes(document) == 0, "{:?} {}", document.handle, stage.story().await);
    }
    assert_eq!((stage.held().await, stage.wrong_rows().await), (0, Vec::new()), "{}", stage.story().await);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_of_pages_that_lack_a_field_says_that_nothing_differs() {
    let stage = Stage::new(34, Site::TikTok).await;
    let handles = creators(1..9);
    stage.crawl(&handles).await;
    // A person holds on to the blind version; only this template's own pointer may leave it.
    let blind = async |store: &social_sentinel::store::Store| {
        forget_likes(store).await;
        assert!(store.pin_selectors(("tiktok", ""), Slot::Active, Pin::Fixed, "person").await.unwrap());
    };
    let stage = stage.restart(&[], blind).await;
    for _ in 0..2 {
        stage.crawl(&handles).await;
    }
    let told = |document: &Document| document.evidence.as_ref().is_some_and(|told| told.signal == "fields_missing");
    stage.eventually("a page says what it lacks", async || stage.newest().await.iter().any(told)).await;
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sentinel"));
    command.args(["replay", "--since", "2020-01-01T00:00:00Z", "--selectors", "blind"]);
    let done = command.envs(stage.variables.iter().map(|(key, value)| (key, value))).output().await.unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let lines = String::from_utf8(done.stdout).unwrap();
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_blind = "select id from crawl_history where selectors_version = 'blind'";
    let of_blind: Vec<i64> = sqlx::query_scalar(of_blind).fetch_all(&stage.rows).await.unwrap();
    let differ: Vec<Value> = lines.filter(|line| of_blind.contains(&line["crawl"].as_i64().unwrap())).collect();
    // What was healed meanwhile has been read again, and is the healed version's.
    assert!(!of_blind.is_empty(), "{}", stage.story().await);
    assert_eq!(differ, Vec::<Value>::new());
    stage.end().await;
}
