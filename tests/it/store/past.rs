//! Past crawls read again, selector versions, events.

use std::time::Duration;

use serde_json::json;
use social_sentinel::store::StoreError;
use social_sentinel::store::healing::HealthTally;
use social_sentinel::store::save::rederive::PastFilter;
use social_sentinel::store::selectors::{Move, Pin, SelectorVersion, Slot};

use super::{count, crawled, document, post, store, target};

#[tokio::test]
async fn a_crawl_read_again_replaces_what_the_bad_version_wrote_and_nothing_else() {
    let store = store().await;
    crawled(&store, "a", "nasa", &document("nasa", "1", 100, 1, vec![post("1", 1, 10)])).await;
    let mut bad = document("nasa", "1", 7, 2, vec![post("1", 1, 99_999), post("666", 1, 3)]);
    bad.selectors.version = "v2".to_owned();
    bad.profile.as_mut().unwrap().bio = Some("nonsense".to_owned());
    let wrong = crawled(&store, "b", "nasa", &bad).await;

    let filter = PastFilter { selectors_version: Some("v2".to_owned()), ..PastFilter::default() };
    let past = store.past_crawls(&filter, None, 9).await.unwrap();
    assert_eq!(past.iter().map(|past| past.crawl).collect::<Vec<_>>(), [wrong.crawl]);
    assert_eq!(past[0].capture_key.as_deref(), Some("captures/shared.zst"));

    let mut right = document("nasa", "1", 101, 2, vec![post("1", 1, 12)]);
    right.profile.as_mut().unwrap().bio = None;
    store.rederive(wrong.crawl, &right).await.unwrap();
    let profile = store.profile(&target("nasa")).await.unwrap().unwrap();
    assert_eq!((profile.followers, profile.bio), (Some(101), None));
    let posts = store.posts(profile.id, 9).await.unwrap();
    assert_eq!(posts.iter().map(|post| (post.post_id.as_str(), post.views)).collect::<Vec<_>>(), [("1", Some(12))]);
    let history: Vec<_> = store.profile_history(profile.id, 9).await.unwrap().iter().map(|o| o.followers).collect();
    assert_eq!(history, [Some(101), Some(100)]);
    assert_eq!(count(&store, "post_metrics").await, 2);
    assert!(store.past_crawls(&filter, None, 9).await.unwrap().is_empty());
    let result = store.result(&super::id("b")).await.unwrap().unwrap().document.unwrap();
    assert_eq!(result, serde_json::to_string(&right).unwrap());

    // The older crawl read again changes nothing newer.
    store.rederive(past[0].crawl - 1, &document("nasa", "1", 90, 1, vec![post("1", 1, 9)])).await.unwrap();
    assert_eq!(store.profile(&target("nasa")).await.unwrap().unwrap().followers, Some(101));
    assert!(matches!(store.rederive(4711, &right).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_value_that_the_new_reading_lacks_falls_back_to_the_observation_before() {
    let store = store().await;
    crawled(&store, "a", "nasa", &document("nasa", "1", 100, 1, vec![post("1", 1, 10)])).await;
    let wrong = crawled(&store, "b", "nasa", &document("nasa", "1", 7, 2, vec![post("1", 1, 99_999)])).await;
    let mut right = document("nasa", "1", 0, 2, vec![post("1", 1, 0)]);
    right.profile.as_mut().unwrap().followers = None;
    right.profile.as_mut().unwrap().posts_count = None;
    (right.posts[0].views, right.posts[0].likes) = (None, None);
    store.rederive(wrong.crawl, &right).await.unwrap();
    let profile = store.profile(&target("nasa")).await.unwrap().unwrap();
    assert_eq!((profile.followers, profile.metrics_at), (Some(100), Some(super::day(1))));
    let posts = store.posts(profile.id, 9).await.unwrap();
    assert_eq!((posts[0].views, posts[0].metrics_at), (Some(10), Some(super::day(1))));
}

#[tokio::test]
async fn what_a_wrong_version_wrote_is_taken_back_whole_and_the_correction_is_told() {
    let store = store().await;
    let mut first = document("nasa", "1", 100, 1, vec![post("1", 1, 10)]);
    first.profile.as_mut().unwrap().likes = Some(5_000);
    crawled(&store, "a", "nasa", &first).await;
    crawled(&store, "z", "esa", &document("esa", "2", 50, 1, vec![post("9", 1, 4)])).await;
    // Another's id, another's post, a count of its own, and one that the later crawl does not publish.
    let mut bad = document("nasa", "999", 7, 2, vec![post("1", 1, 99_999), post("9", 1, 5)]);
    bad.selectors.version = "v2".to_owned();
    let wrong = crawled(&store, "b", "nasa", &bad).await;
    assert_eq!(count(&store, "profiles").await, 3);
    let told = |store: &social_sentinel::store::Store| {
        let pool = store.pool().clone();
        async move {
            let sql = "select payload from outbox where kind = 'crawl_rederived' order by id";
            sqlx::query_scalar::<_, serde_json::Value>(sql).fetch_all(&pool).await.unwrap()
        }
    };

    store.retract(wrong.crawl).await.unwrap();
    assert_eq!(store.profile_history(wrong.profile.unwrap(), 9).await.unwrap(), []);
    assert!(told(&store).await.is_empty());

    let right = document("nasa", "1", 101, 2, vec![post("1", 1, 12)]);
    store.rederive_untold(wrong.crawl, &right).await.unwrap();
    assert!(told(&store).await.is_empty(), "a canary is not told of");
    store.rederive(wrong.crawl, &right).await.unwrap();
    let told = told(&store).await;
    assert_eq!((told.len(), &told[0]["job"], &told[0]["selectors"]), (1, &json!("b"), &json!("v1")));

    assert_eq!(count(&store, "profiles").await, 2, "the profile that the wrong id had made is gone");
    let profile = store.profile(&target("nasa")).await.unwrap().unwrap();
    assert_eq!((profile.platform_id.as_deref(), profile.followers), (Some("1"), Some(101)));
    assert_eq!((profile.likes, profile.likes_at), (Some(5_000), Some(super::day(1))));
    let posts = |id| async move { store.posts(id, 9).await.unwrap() };
    let own: Vec<_> = posts(profile.id).await.into_iter().map(|post| (post.post_id, post.views)).collect();
    assert_eq!(own, [("1".to_owned(), Some(12))]);
}

#[tokio::test]
async fn a_count_falls_back_by_itself_where_a_newer_crawl_did_not_publish_it() {
    let store = store().await;
    crawled(&store, "a", "nasa", &document("nasa", "1", 100, 1, vec![])).await;
    let wrong = crawled(&store, "b", "nasa", &document("nasa", "1", 9_000_000, 2, vec![])).await;
    let mut silent = document("nasa", "1", 0, 3, vec![]);
    silent.profile.as_mut().unwrap().followers = None;
    crawled(&store, "c", "nasa", &silent).await;
    let stored = store.profile(&target("nasa")).await.unwrap().unwrap();
    assert_eq!((stored.followers, stored.followers_at), (Some(9_000_000), Some(super::day(2))));
    store.retract(wrong.crawl).await.unwrap();
    let stored = store.profile(&target("nasa")).await.unwrap().unwrap();
    assert_eq!((stored.followers, stored.followers_at), (Some(100), Some(super::day(1))));
    assert_eq!((stored.posts_count, stored.metrics_at), (Some(100), Some(super::day(3))));
}

#[tokio::test]
async fn programs_of_the_version_before_read_and_write_versions_by_their_old_table() {
    let store = store().await;
    let sql = "insert into selector_versions (platform, version, author, body, state)
               values ('tiktok', 'old', 'file', 'a = 1', 'active') on conflict do nothing";
    sqlx::query(sql).execute(store.pool()).await.unwrap();
    assert_eq!(store.selector_version("tiktok", "old").await.unwrap().unwrap().body, "a = 1");
    let change = sqlx::query("update selector_versions set body = 'x'").execute(store.pool()).await;
    assert!(change.unwrap_err().to_string().contains("cannot be changed"));
}

fn version(name: &str, parent: Option<&str>, body: &str) -> SelectorVersion {
    SelectorVersion {
        platform: "tiktok".to_owned(),
        version: name.to_owned(),
        parent: parent.map(str::to_owned),
        fingerprint: Some("t1".to_owned()),
        evidence: json!({"profiles": 5}),
        author: "heal".to_owned(),
        body: body.to_owned(),
        state: "candidate".to_owned(),
        created_at: super::day(1),
    }
}

#[tokio::test]
async fn a_selector_version_never_changes_and_of_two_promotions_one_wins() {
    let store = store().await;
    store.add_selectors(&version("v1", None, "a = 1")).await.unwrap();
    store.add_selectors(&version("v1", None, "a = 1")).await.unwrap();
    assert!(matches!(store.add_selectors(&version("v1", None, "a = 2")).await, Err(StoreError::Damaged { .. })));
    store.add_selectors(&version("v2", Some("v1"), "a = 2")).await.unwrap();
    let change = sqlx::query("update selectors set body = 'x'").execute(store.pool()).await;
    assert!(change.unwrap_err().to_string().contains("cannot be changed"));

    let why = json!({"profiles": 5});
    let to = |version, from| Move {
        platform: "tiktok",
        fingerprint: "t1",
        slot: Slot::Active,
        version,
        from,
        actor: "engine",
        detail: &why,
    };
    let (one, other) = (to(Some("v1"), None), to(Some("v2"), None));
    let (one, other) = tokio::join!(store.move_selectors(&one), store.move_selectors(&other));
    assert_ne!(one.unwrap(), other.unwrap());
    let stands = store.selector_pointers("tiktok").await.unwrap()[0].version.clone();
    assert!(store.pin_selectors(("tiktok", "t1"), Slot::Active, Pin::Fixed, "person:me").await.unwrap());
    assert!(!store.move_selectors(&to(Some("v2"), Some(&stands))).await.unwrap());
    let by_person = Move { actor: "person:me", ..to(Some("v2"), Some(&stands)) };
    assert!(store.move_selectors(&by_person).await.unwrap());
    assert!(store.pin_selectors(("tiktok", "t1"), Slot::Active, Pin::Free, "person:me").await.unwrap());
    assert!(store.set_selectors_state(("tiktok", "v1"), "candidate", "forbidden", "person:me", &why).await.unwrap());
    assert!(!store.set_selectors_state(("tiktok", "v1"), "candidate", "active", "engine", &why).await.unwrap());
    assert!(!store.move_selectors(&to(Some("v1"), Some("v2"))).await.unwrap());
    assert!(store.move_selectors(&to(None, Some("v2"))).await.unwrap());
    let story = store.selector_events("tiktok", Some("t1"), None, 99).await.unwrap();
    let story: Vec<_> = story.iter().rev().map(|event| event.kind.as_str()).collect();
    assert_eq!(story, ["added", "added", "moved", "pinned", "moved", "unpinned", "state", "moved"]);
}

#[tokio::test]
async fn only_one_worker_heals_a_template_at_a_time_and_a_lapsed_claim_is_free() {
    let store = store().await;
    let claim = |holder: &'static str, ms| {
        let store = store.clone();
        async move { store.claim_heal(("tiktok", "t1"), holder, Duration::from_millis(ms)).await.unwrap() }
    };
    assert!(claim("w1", 60_000).await);
    assert!(!claim("w2", 60_000).await);
    assert!(claim("w1", 0).await);
    assert!(claim("w2", 60_000).await);
    store.release_heal(("tiktok", "t1"), "w2").await.unwrap();
    assert!(claim("w1", 60_000).await);
    let tally = |hits| HealthTally {
        platform: "tiktok".to_owned(),
        version: "v1".to_owned(),
        field: "profile.followers".to_owned(),
        rule: "r".to_owned(),
        crawls: 10,
        hits,
        errors: 1,
    };
    store.tally_health(&[tally(9), tally(8)]).await.unwrap();
    store.tally_health(&[tally(0)]).await.unwrap();
    let health = store.rule_health("tiktok").await.unwrap();
    assert_eq!((health[0].crawls, health[0].hits, health[0].errors), (30, 17, 3));
}

#[tokio::test]
async fn an_event_is_told_once_or_comes_again() {
    let store = store().await;
    crawled(&store, "a", "nasa", &document("nasa", "1", 100, 1, vec![])).await;
    let taken = store.take_events(9, Duration::from_secs(60)).await.unwrap();
    assert_eq!((taken.len(), taken[0].kind.as_str(), taken[0].tries), (1, "crawl_saved", 1));
    assert_eq!(taken[0].payload["outcome"], "ok");
    assert!(store.take_events(9, Duration::from_secs(60)).await.unwrap().is_empty());
    store.event_failed(taken[0].id, Duration::ZERO, "refused").await.unwrap();
    assert_eq!(store.take_events(9, Duration::ZERO).await.unwrap()[0].tries, 2);
    store.events_told(&[taken[0].id]).await.unwrap();
    assert!(store.take_events(9, Duration::ZERO).await.unwrap().is_empty());
}
