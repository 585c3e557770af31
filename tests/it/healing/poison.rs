//! A version that reads wrongly, forced into force: back it goes within two pages, and whatever it wrote is made right for every reader. And
//! what is no poison: a profile that really surges.

use std::time::Duration;

use serde_json::json;
use social_sentinel::engine::selectors::active_pointer;
use social_sentinel::model::document::{Document, Outcome};
use social_sentinel::model::event::EventKind;
use social_sentinel::model::job::Handle;
use social_sentinel::replica::Site;
use social_sentinel::store::Store;
use social_sentinel::store::healing::HealthTally;
use social_sentinel::store::selectors::{Move, Slot};

use super::stage::{Stage, creators};

/// Puts v1 in force as `poison`, with these paths changed.
async fn force(store: &Store, changes: &[(&str, &str)]) {
    force_by(store, "person", changes).await;
}

async fn force_by(store: &Store, actor: &str, changes: &[(&str, &str)]) {
    let mut poison = store.selector_version("tiktok", "v1").await.unwrap().unwrap();
    poison.version = "poison".to_owned();
    for (from, to) in changes {
        assert!(poison.body.contains(from), "{from}");
        poison.body = poison.body.replace(from, to);
    }
    store.add_selectors(&poison).await.unwrap();
    let why = json!("a test");
    let step = Move {
        platform: "tiktok",
        fingerprint: "",
        slot: Slot::Active,
        version: Some("poison"),
        from: Some("v1"),
        actor,
        detail: &why,
    };
    assert!(store.move_selectors(&step).await.unwrap());
}

/// Followers are the likes received, a post's views are its likes, and the name is the handle.
const LIES: [(&str, &str); 5] = [
    ("\"statsV2.followerCount\"", "\"statsV2.heartCount\""),
    ("\"stats.followerCount\"", "\"stats.heartCount\""),
    ("\"statsV2.playCount\"", "\"statsV2.diggCount\""),
    ("\"stats.playCount\"", "\"stats.diggCount\""),
    ("\"user.nickname\"", "\"user.uniqueId\""),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_version_is_rolled_back_within_two_pages() {
    let stage = Stage::new(5, Site::TikTok).await;
    stage.crawl(&creators(1..9)).await;
    let mut events = stage.service.subscribe();
    let swapped = [
        ("\"statsV2.followerCount\"", "\"statsV2.followingCount\""),
        ("\"stats.followerCount\"", "\"stats.followingCount\""),
    ];
    force(&stage.store, &swapped).await;
    // The service follows the pointer within a second or so.
    stage
        .eventually("the poison is in force", async || {
            let told = tokio::time::timeout(Duration::from_secs(5), events.recv()).await;
            matches!(told, Ok(Ok(event)) if matches!(&event.kind,
                EventKind::SelectorsChanged { after, .. } if after == "poison"))
        })
        .await;
    stage.crawl(&creators(1..3)).await;
    stage.eventually("v1 is back", async || stage.active().await == "v1").await;
    stage.eventually("what was held back is filled in", async || stage.still_held().await == 0).await;
    assert_eq!(stage.held().await, 2, "{}", stage.story().await);
    assert_eq!(stage.wrong_rows().await, Vec::<String>::new());
    let forbidden = stage.store.selector_version("tiktok", "poison").await.unwrap().unwrap();
    assert_eq!(forbidden.state, "forbidden");
    assert!(stage.newest().await.iter().all(|document| document.outcome == Outcome::Ok));
    stage.end().await;
}

/// What a document says of its profile and posts, where that is not the truth.
fn lies(stage: &Stage, document: &Document) -> Vec<String> {
    let handle = document.handle.as_ref().unwrap().as_str();
    let (truth, profile) = (stage.truth(handle), document.profile.as_ref().unwrap());
    let known = truth.profile.unwrap();
    let mut lies = Vec::new();
    if (profile.followers, &profile.display_name) != (known.followers, &known.display_name) {
        lies.push(format!("{handle}: {:?} {:?}", profile.followers, profile.display_name));
    }
    for post in &document.posts {
        let views = truth.posts.iter().find(|known| known.id == post.id).and_then(|known| known.views);
        if post.views.is_some() && post.views != views {
            lies.push(format!("{handle} {}: {:?} views, and {views:?} are true", post.id, post.views));
        }
    }
    lies
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_poisoned_version_wrote_is_made_right_in_every_row_and_for_every_reader() {
    let stage = Stage::new(6, Site::TikTok).await;
    stage.crawl(&creators(1..9)).await;
    // Nobody looks while it writes: with healing off, four profiles and two new ones are read by it.
    let stage = stage.restart(&[("ENGINE__HEALING", "false")], async |store| force(store, &LIES).await).await;
    let victims: Vec<String> = creators(1..5).into_iter().chain(creators(20..22)).collect();
    stage.crawl(&victims).await;
    let written = "select job_id from crawl_history where selectors_version = 'poison' order by id";
    let jobs: Vec<String> = sqlx::query_scalar(written).fetch_all(&stage.rows).await.unwrap();
    assert_eq!(jobs.len(), 6);
    let wrong = stage.wrong_rows().await;
    println!("{} wrong values stand in the tables, as {:?}", wrong.len(), wrong.first());
    assert!(wrong.len() > 20, "{wrong:?}");
    let told: Document = serde_json::from_value(stage.told(&jobs[0]).await["document"].clone()).unwrap();
    assert!(!lies(&stage, &told).is_empty(), "and readers were told so");

    // A service that looks finds it in force, compares it with the one before it, and two pages are enough.
    let stage = stage.restart(&[("ENGINE__HEALING", "true")], async |_| ()).await;
    stage.crawl(&creators(5..7)).await;
    stage.eventually("v1 is back", async || stage.active().await == "v1").await;
    let rest = "select count(*) from crawl_history where selectors_version = 'poison'";
    stage
        .eventually("nothing stands by the poison", async || {
            sqlx::query_scalar::<_, i64>(rest).fetch_one(&stage.rows).await.unwrap() == 0
        })
        .await;
    stage.eventually("what was held back is filled in", async || stage.still_held().await == 0).await;

    assert_eq!(stage.wrong_rows().await, Vec::<String>::new(), "{}", stage.story().await);
    let names = "select handle, display_name from profiles order by handle";
    let names: Vec<(String, Option<String>)> = sqlx::query_as(names).fetch_all(&stage.rows).await.unwrap();
    for (handle, name) in names {
        assert_eq!(name, stage.truth(&handle).profile.unwrap().display_name, "{handle}");
    }
    let lacking = "select handle || ' ' || coalesce(followers, 0) || ' ' || coalesce(likes, 0) from profiles
                   where followers is null or likes is null";
    let lacking: Vec<String> = sqlx::query_scalar(lacking).fetch_all(&stage.rows).await.unwrap();
    assert_eq!(lacking, Vec::<String>::new(), "{}", stage.held_values().await);
    let documents: Vec<String> =
        sqlx::query_scalar("select document::text from jobs").fetch_all(&stage.rows).await.unwrap();
    for document in documents.iter().map(|text| serde_json::from_str::<Document>(text).unwrap()) {
        assert_eq!((document.outcome, lies(&stage, &document)), (Outcome::Ok, Vec::new()));
    }
    let corrected = "select payload->>'job' from outbox where kind = 'crawl_rederived'";
    let corrected: Vec<String> = sqlx::query_scalar(corrected).fetch_all(&stage.rows).await.unwrap();
    for job in &jobs {
        assert!(corrected.contains(job), "{job} is not told of in the outbox: {corrected:?}");
    }
    stage
        .eventually("readers are told again", async || {
            for job in &jobs {
                let told = stage.told(job).await["document"].clone();
                let told: Document = serde_json::from_value(told).unwrap();
                if told.selectors.version != "v1" || !lies(&stage, &told).is_empty() {
                    return false;
                }
            }
            true
        })
        .await;
    stage.end().await;
}

/// The newest followers of a profile's observations.
async fn newest(stage: &Stage, handle: &str) -> Option<i64> {
    let sql = "select m.followers from profile_metrics m join profiles p on p.id = m.profile_id
               where p.handle = $1 order by m.observed_at desc limit 1";
    sqlx::query_scalar(sql).bind(handle).fetch_one(&stage.rows).await.unwrap()
}

fn steady(now: u64) -> Vec<u64> {
    (1..7).rev().map(|day| now - now / 2000 * day).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_surge_is_stored_and_flagged_and_is_no_drift_of_the_template() {
    let stage = Stage::new(8, Site::TikTok).await;
    let handles = creators(1..9);
    stage.crawl(&handles).await;
    let followers = |handle: &str| stage.truth(handle).profile.unwrap().followers.unwrap();
    for handle in &handles[..6] {
        stage.past(handle, &steady(followers(handle))).await;
    }
    let swings: Vec<u64> = [1, 3, 1, 4, 1, 3].iter().map(|factor| followers(&handles[6]) * factor).collect();
    stage.past(&handles[6], &swings).await;
    // One of a steady past, one that always swings, one that is nearly new.
    for handle in [&handles[0], &handles[6], &handles[7]] {
        stage.replica.control().surge(Site::TikTok, &handle.parse::<Handle>().unwrap(), 3.0);
    }
    stage.crawl(&handles).await;
    let sql = "select payload from outbox where kind = 'surge_seen'";
    let surges: Vec<serde_json::Value> = sqlx::query_scalar(sql).fetch_all(&stage.rows).await.unwrap();
    let told: Vec<(&str, &str)> = surges
        .iter()
        .flat_map(|event| {
            let handle = event["target"]["handle"].as_str().unwrap();
            event["surges"].as_array().unwrap().iter().map(move |surge| (handle, surge[0].as_str().unwrap()))
        })
        .collect();
    assert_eq!(told, [(handles[0].as_str(), "profile.followers")], "{surges:?}");
    for handle in &handles {
        assert_eq!(newest(&stage, handle).await, i64::try_from(followers(handle)).ok(), "{handle} is stored");
    }
    assert_eq!((stage.held().await, stage.active().await.as_str()), (0, "v1"), "{}", stage.story().await);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn profiles_that_leave_their_drift_at_once_convict_a_version_that_was_trusted() {
    let stage = Stage::new(12, Site::TikTok).await;
    let handles = creators(1..7);
    stage.crawl(&handles).await;
    for handle in &handles {
        stage.past(handle, &steady(stage.truth(handle).profile.unwrap().followers.unwrap())).await;
    }
    // It has been in force for a thousand pages, as far as anybody knows: its pages are not compared any more.
    let trusted = async |store: &Store| {
        force(store, &LIES[..2]).await;
        let tally = HealthTally {
            platform: "tiktok".to_owned(),
            version: "poison".to_owned(),
            field: "profile.followers".to_owned(),
            rule: "*".to_owned(),
            crawls: 1_000,
            hits: 1_000,
            errors: 0,
        };
        store.tally_health(&[tally]).await.unwrap();
    };
    let stage = stage.restart(&[], trusted).await;
    stage.crawl(&handles[..2]).await;
    stage.eventually("v1 is back", async || stage.active().await == "v1").await;
    stage.eventually("what was held back is filled in", async || stage.still_held().await == 0).await;
    assert_eq!(stage.held().await, 2, "{}", stage.story().await);
    assert_eq!(stage.wrong_rows().await, Vec::<String>::new());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_that_reads_other_texts_is_refuted_unless_a_new_program_brought_it() {
    for (actor, stays) in [("start", true), ("person", false)] {
        let stage = Stage::new(14, Site::TikTok).await;
        stage.crawl(&creators(1..7)).await;
        let stage = stage.restart(&[], async |store| force_by(store, actor, &LIES[4..]).await).await;
        stage.crawl(&creators(1..4)).await;
        let name = "select display_name = handle from profiles where handle = 'creator_1'";
        let name = async || sqlx::query_scalar::<_, bool>(name).fetch_one(&stage.rows).await.unwrap();
        if stays {
            assert_eq!((stage.held().await, stage.active().await.as_str()), (0, "poison"), "{}", stage.story().await);
            assert!(name().await, "the new program knows better");
        } else {
            stage.eventually("v1 is back", async || stage.active().await == "v1").await;
            stage.eventually("what was held back is filled in", async || stage.still_held().await == 0).await;
            assert!(!name().await);
        }
        stage.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_goes_back_to_the_version_that_it_had_before_the_poison() {
    let stage = Stage::new(15, Site::TikTok).await;
    stage.crawl(&creators(1..9)).await;
    let mark = "select fingerprint from crawl_history where fingerprint is not null limit 1";
    let mark: String = sqlx::query_scalar(mark).fetch_one(&stage.rows).await.unwrap();
    let own = async |store: &Store| {
        force(store, &LIES).await;
        let why = json!("a test");
        for (fingerprint, from, to) in
            [("", Some("poison"), "v1"), (mark.as_str(), None, "v1"), (mark.as_str(), Some("v1"), "poison")]
        {
            let slot = Slot::Active;
            let step =
                Move { platform: "tiktok", fingerprint, slot, version: Some(to), from, actor: "person", detail: &why };
            assert!(store.move_selectors(&step).await.unwrap(), "{fingerprint} {to}");
        }
    };
    let stage = stage.restart(&[], own).await;
    stage.crawl(&creators(1..4)).await;
    let pointer = async || active_pointer(&stage.store, "tiktok", &mark).await.unwrap();
    stage.eventually("the poison is gone", async || pointer().await.as_deref() != Some("poison")).await;
    assert_eq!(pointer().await.as_deref(), Some("v1"), "{}", stage.story().await);
    stage.eventually("what was held back is filled in", async || stage.still_held().await == 0).await;
    assert_eq!(stage.active().await, "v1");
    assert_eq!(stage.wrong_rows().await, Vec::<String>::new(), "{}", stage.story().await);
    stage.end().await;
}
