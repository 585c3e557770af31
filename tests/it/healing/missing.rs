//! A field that falls silent while everything else of the page is read: noticed, told, and found again where the pages still show it. And a
//! page that was held because its sources contradict each other: no later version lets it go as long as they do.

use serde_json::json;
use social_sentinel::extract::archive;
use social_sentinel::model::document::Document;
use social_sentinel::replica::{Redesign, RedesignKind, Site};
use social_sentinel::store::Store;
use social_sentinel::store::selectors::{Move, Slot};

use super::stage::{Stage, creators, kept_blobs};

pub(super) fn likes(document: &Document) -> usize {
    document.posts.iter().filter(|post| post.likes.is_some()).count()
}

/// A new program that does not know any more where a post's likes stand.
pub(super) async fn forget_likes(store: &Store) {
    let mut blind = store.selector_version("tiktok", "v1").await.unwrap().unwrap();
    blind.version = "blind".to_owned();
    for key in ["diggCount\"", "digg_count\""] {
        blind.body = blind.body.replace(key, &format!("gone_{key}"));
    }
    blind.body = blind.body.replace("label = \"likes\"", "label = \"comments\"");
    store.add_selectors(&blind).await.unwrap();
    let why = json!("a test");
    let step = Move {
        platform: "tiktok",
        fingerprint: "",
        slot: Slot::Active,
        version: Some("blind"),
        from: Some("v1"),
        actor: "start",
        detail: &why,
    };
    assert!(store.move_selectors(&step).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_falls_silent_is_told_and_found_again() {
    let stage = Stage::new(11, Site::TikTok).await;
    let handles = creators(1..13);
    stage.crawl(&handles).await;
    let before = stage.newest().await;
    assert!(before.iter().all(|document| likes(document) > 0));
    let stage = stage.restart(&[], async |store| forget_likes(store).await).await;
    stage.crawl(&handles).await;
    stage.eventually("a version is learned", async || stage.active().await.starts_with("heal-")).await;
    let story = stage.story().await;
    assert!(story.contains("template_changed") && story.contains("posts.likes"), "{story}");
    let silent = stage.newest().await;
    let told = silent.iter().filter_map(|document| document.evidence.as_ref()).find(|e| e.signal == "fields_missing");
    assert!(told.is_some_and(|told| told.detail.as_ref().unwrap().contains("posts.likes")), "{told:?}");

    stage.crawl(&handles).await;
    let after = stage.newest().await;
    for (before, after) in before.iter().zip(&after) {
        let told = [before, after].map(|document| (document.handle.clone(), likes(document)));
        assert_eq!(told[0], told[1], "{}", stage.story().await);
    }
    assert_eq!((stage.held().await, stage.wrong_rows().await), (0, Vec::new()), "{}", stage.story().await);
    // The rows of before the alarm are made whole too, and who waited for them is told anew.
    let lacking = "select count(*) from post_metrics where likes is null";
    stage
        .eventually("no row lacks them", async || {
            sqlx::query_scalar::<_, i64>(lacking).fetch_one(&stage.rows).await.unwrap() == 0
        })
        .await;
    let documents: Vec<String> =
        sqlx::query_scalar("select document::text from jobs").fetch_all(&stage.rows).await.unwrap();
    for document in documents.iter().map(|text| serde_json::from_str::<Document>(text).unwrap()) {
        assert!(likes(&document) > 0 || document.posts.is_empty(), "{:?} {}", document.handle, stage.story().await);
    }
    let story = stage.story().await;
    assert!(story.contains("filled_in"), "{story}");
    stage.end().await;
}

/// Holds a crawl back as it would have been, had its page's data said other followers than its list.
async fn hold(stage_blobs: &std::path::Path, rows: &sqlx::PgPool, handle: &str, stale: bool) -> i64 {
    let sql = "select id, job_id, capture_key from crawl_history where handle = $1 order by id limit 1";
    let (crawl, job, key): (i64, String, String) = sqlx::query_as(sql).bind(handle).fetch_one(rows).await.unwrap();
    if stale {
        let file = stage_blobs.join(&key);
        let mut capture = archive::unpack(&std::fs::read(&file).unwrap()).unwrap();
        let page = &mut capture.pages[0];
        let (head, rest) = page.html.split_once("\"followerCount\":").unwrap();
        let old = rest.split(',').next().unwrap().trim_matches(['"', '}']).to_owned();
        let new = (old.parse::<u64>().unwrap() / 2 + 7).to_string();
        page.html = format!("{head}\"followerCount\":{rest}")
            .replace(&format!("\"followerCount\":{old}"), &format!("\"followerCount\":{new}"))
            .replace(&format!("\"followerCount\":\"{old}\""), &format!("\"followerCount\":\"{new}\""));
        std::fs::write(&file, archive::pack(&capture).unwrap()).unwrap();
    }
    let take = "update jobs set document = document::jsonb
                  || '{\"profile\": null, \"posts\": [], \"fields\": {}, \"outcome\": \"partial\",
                      \"evidence\": {\"status\": 200, \"final_url\": null, \"signal\": \"drift\", \"detail\": \"a test\"}}'
                where id = $1";
    sqlx::query(take).bind(job).execute(rows).await.unwrap();
    let sql = "insert into held_values (crawl_id, job_id, fence, platform, handle, path, value, reason, fingerprint, selectors_version, capture_key)
               select id, job_id, fence, platform, handle, 'document', '{}', 'drift: a test', fingerprint, selectors_version, capture_key
               from crawl_history where id = $1";
    sqlx::query(sql).bind(crawl).execute(rows).await.unwrap();
    crawl
}

#[tokio::test(flavor = "multi_thread")]
async fn no_version_of_another_template_lets_a_page_go_whose_sources_contradict_each_other() {
    let stage = Stage::new(12, Site::TikTok).await;
    let handles = creators(1..8);
    stage.crawl(&handles).await;
    let redesign = Redesign { kind: RedesignKind::Both, seed: 12, share: 1.0 };
    stage.replica.control().redesign(Site::TikTok, Some(redesign));
    stage.crawl(&handles).await;
    stage.eventually("a new version is active", async || stage.active().await != "v1").await;
    stage.eventually("what was held back is filled in", async || stage.still_held().await == 0).await;
    let (blobs, rows) = (kept_blobs(&stage), stage.rows.clone());
    let stale = async |_: &Store| {
        hold(&blobs, &rows, "creator_1", true).await;
        hold(&blobs, &rows, "creator_2", true).await;
        hold(&blobs, &rows, "creator_3", false).await;
        let other = "update held_values set selectors_version = 'another' where state = 'held'";
        sqlx::query(other).execute(&rows).await.unwrap();
        sqlx::query("update crawl_history set selectors_version = 'another' where id in (select crawl_id from held_values where state = 'held')")
            .execute(&rows).await.unwrap();
    };
    let stage = stage.restart(&[], stale).await;
    // They are looked at in their order: when the last is let go, the first two have been judged.
    stage.eventually("the page that agrees with itself is let go", async || stage.still_held().await == 2).await;
    let held = "select handle from held_values where state = 'held' order by handle";
    let held: Vec<String> = sqlx::query_scalar(held).fetch_all(&stage.rows).await.unwrap();
    assert_eq!(held, ["creator_1", "creator_2"]);
    assert_eq!(stage.wrong_rows().await, Vec::<String>::new(), "{}", stage.story().await);
    stage.end().await;
}
