//! Healing in service, from the first broken page to the version that reads the new template: real Chromium, PostgreSQL and Redis, and
//! a replica that redesigns itself while it is crawled. `SENTINEL_HEALING_LONG` runs more kinds of redesign.

#![expect(clippy::unwrap_used, reason = "a test may fail where its setup does")]

mod control;
mod likes;
mod lost;
mod missing;
mod poison;
mod stage;

use std::time::Duration;

use serde_json::json;
use social_sentinel::model::document::Document;
use social_sentinel::replica::{Redesign, RedesignKind, Site};

use self::stage::{Cost, PATIENCE, Stage, creators, selectors};

/// Crawls, redesigns, crawls on until a version is active and all that was held back is filled in.
async fn heals(seed: u64, site: Site, kind: RedesignKind, share: f64) -> Cost {
    let stage = Stage::new(seed, site).await;
    let handles = creators(1..if share < 1.0 { 25 } else { 17 });
    stage.crawl(&handles).await;
    assert_eq!(stage.held().await, 0, "no false alarm on unchanged pages\n{}", stage.story().await);
    assert_eq!(stage.active().await, "v1");
    let before = stage.newest().await;

    let changed: chrono::DateTime<chrono::Utc> =
        sqlx::query_scalar("select clock_timestamp()").fetch_one(&stage.rows).await.unwrap();
    stage.replica.control().redesign(site, Some(Redesign { kind, seed, share }));
    // 3,600 profiles an hour: what is measured is how many of them a heal costs, not how fast this machine crawls.
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    for handle in &handles {
        pace.tick().await;
        stage.crawl(std::slice::from_ref(handle)).await;
    }
    stage.eventually("a new version is active", async || stage.active().await != "v1").await;
    stage.eventually("what was held back is filled in", async || stage.still_held().await == 0).await;
    // A page that broke may lack its posts' own pages; then it is crawled once more.
    stage.eventually("nothing is under way", async || stage.is_quiet().await).await;
    let cost = stage.cost(changed).await;
    let held = stage.held().await;
    println!(
        "{site:?} {kind:?} {share} seed {seed}: {} broken pages, {held} held back, {:.1} s",
        cost.broken, cost.seconds
    );
    // Pages go on coming while a version is studied, and an unoptimised build studies many times slower.
    let most = if cfg!(debug_assertions) { i64::MAX } else { 12 };
    assert!((1..=most).contains(&cost.broken), "{} broken pages\n{}", cost.broken, stage.story().await);
    assert!(kind != RedesignKind::Dom || held == 0, "right values are published\n{}", stage.story().await);
    assert_eq!(stage.wrong_rows().await, Vec::<String>::new(), "{}", stage.story().await);
    let after = stage.newest().await;
    assert_eq!(after.len(), before.len());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(after.outcome, before.outcome, "{:?} {:?}", after.handle, after.evidence);
        let lacking = lacking(before, after);
        assert!(lacking.is_empty(), "{:?} lacks {lacking:?}", after.handle);
    }
    if share < 1.0 {
        let pointers = stage.store.selector_pointers(site.name()).await.unwrap();
        assert!(pointers.iter().any(|p| p.version == "v1"), "old and new templates stand side by side: {pointers:?}");
    }

    // New profiles are read by the new version, and nothing is held back any more.
    stage.crawl(&creators(40..44)).await;
    assert_eq!((stage.held().await, stage.wrong_rows().await), (held, Vec::new()), "{}", stage.story().await);
    stage.end().await;
    cost
}

/// Counts that one document has and the other has not.
fn lacking<'a>(before: &'a Document, after: &Document) -> Vec<&'a String> {
    before.fields.keys().filter(|path| is_count(path) && !after.fields.contains_key(*path)).collect()
}

fn is_count(path: &str) -> bool {
    let counts = ["followers", "following", "likes", "posts_count", "views", "comments", "shares", "saves"];
    path.rsplit('.').next().is_some_and(|field| counts.contains(&field))
}

#[tokio::test(flavor = "multi_thread")]
async fn renamed_json_heals_by_itself_without_one_wrong_row() {
    Box::pin(heals(7, Site::TikTok, RedesignKind::Json, 1.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_moved_to_another_address_under_new_keys_is_found_again() {
    Box::pin(heals(13, Site::TikTok, RedesignKind::MovedJson, 1.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_came_with_the_page_and_now_comes_by_a_call_is_found_again() {
    Box::pin(heals(14, Site::Instagram, RedesignKind::MovedJson, 1.0)).await;
}

/// Where only the list's address is new, its keys are known: not one page breaks.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_moved_under_its_old_keys_is_read_at_once() {
    for (seed, site) in [(15, Site::TikTok), (16, Site::Instagram)] {
        let stage = Stage::new(seed, site).await;
        let handles = creators(1..9);
        stage.crawl(&handles).await;
        let before = stage.newest().await;
        let moved = Redesign { kind: RedesignKind::Moved, seed, share: 1.0 };
        stage.replica.control().redesign(site, Some(moved));
        stage.crawl(&handles).await;
        assert_eq!(stage.wrong_rows().await, Vec::<String>::new(), "{}", stage.story().await);
        stage.eventually("nothing is held back", async || stage.still_held().await == 0).await;
        let after = stage.newest().await;
        for (before, after) in before.iter().zip(&after) {
            let lacking = lacking(before, after);
            assert!(lacking.is_empty(), "{:?} lacks {lacking:?}\n{}", after.handle, stage.story().await);
            assert_eq!(after.posts.len(), before.posts.len(), "{:?}", after.handle);
        }
        println!("{site:?} moved: {} held back\n{}", stage.held().await, stage.story().await);
        stage.end().await;
    }
}

/// Every kind on both sites, for all profiles at once and for half of them first. `SENTINEL_HEALING_LONG` runs all of them or,
/// where it says so, those whose name contains its value: `instagram_both`.
#[tokio::test(flavor = "multi_thread")]
async fn whole_redesigns_heal_on_both_sites() {
    let Some(wanted) = std::env::var_os("SENTINEL_HEALING_LONG") else { return };
    let wanted = wanted.to_string_lossy().into_owned();
    let kinds = [
        ("json", RedesignKind::Json),
        ("dom", RedesignKind::Dom),
        ("both", RedesignKind::Both),
        ("moved", RedesignKind::MovedJson),
    ];
    for (n, (site, platform)) in [(Site::TikTok, "tiktok"), (Site::Instagram, "instagram")].into_iter().enumerate() {
        for (k, (word, kind)) in kinds.into_iter().enumerate() {
            for (share, part) in [(1.0, "all"), (0.5, "half")] {
                let name = format!("{platform}_{word}_{part}");
                if wanted == "1" || name.contains(&wanted) {
                    println!("--- {name}");
                    Box::pin(heals(20 + 10 * n as u64 + k as u64, site, kind, share)).await;
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_heals_a_template_and_reads_its_story() {
    let stage = Stage::new(3, Site::TikTok).await;
    let handles = creators(1..7);
    stage.crawl(&handles).await;
    stage.replica.control().redesign(Site::TikTok, Some(Redesign { kind: RedesignKind::Json, seed: 3, share: 1.0 }));
    stage.crawl(&handles[..1]).await;
    let template = stage.store.drifted_templates("tiktok").await.unwrap().remove(0).fingerprint;
    let variables = stage.variables.clone();
    // Somebody else holds the template, so the service leaves it alone.
    assert!(stage.store.claim_heal(("tiktok", &template), "test", 2 * PATIENCE).await.unwrap());
    stage.crawl(&handles[1..]).await;
    let heal = ["heal", "--platform", "tiktok", "--fingerprint", &template];
    let claimed: serde_json::Value = serde_json::from_str(&selectors(&variables, &heal).await).unwrap();
    assert_eq!(claimed["outcome"], "claimed");
    stage.service.stop().await;
    stage.store.release_heal(("tiktok", &template), "test").await.unwrap();
    assert_eq!(selectors(&variables, &["heal", "--platform", "tiktok", "--fingerprint", "none"]).await, "");
    let healed: serde_json::Value = serde_json::from_str(&selectors(&variables, &heal).await).unwrap();
    assert_eq!((&healed["outcome"], &healed["held_profiles"]), (&json!("promoted"), &json!(6)), "{healed}");
    let version = healed["detail"].as_str().unwrap();

    let story = selectors(&variables, &["history", "tiktok"]).await;
    println!("{story}");
    for told in [
        "candidate, learned beside v1",
        "6 profiles agree",
        "+ followers in healed_",
        "left out in turn",
        "2 shuffled histories: nothing was accepted",
        "replayed over archived pages: 6 pages; as known: ",
        "followers on 6",
        "ran beside the version in force",
        "wrote its first rows as canary: 2 pages",
        "is in force in place of v1",
        "the old template keeps v1",
    ] {
        assert!(story.contains(told), "{told:?} is not told:\n{story}");
    }
    assert!(!story.contains("creator_"), "evidence belongs to no tenant and names nobody");
    let list = selectors(&variables, &["list", "--platform", "tiktok"]).await;
    println!("{list}");
    assert!(list.contains(version) && list.contains(&template), "{list}");
    // Half of the pages that v1 was tried on were of the other template.
    assert!(["critical", "degraded"].iter().any(|grade| list.contains(grade)), "{list}");
    let shown = selectors(&variables, &["show", "tiktok", "v1"]).await;
    assert!(shown.contains("profile.followers") && shown.contains("last checked"), "{shown}");
    stage.rows.close().await;
    stage.store.close().await;
}
