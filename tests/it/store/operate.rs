//! Cancel, redrive, lists, counts, retention.

use social_sentinel::store::jobs::JobFilter;
use social_sentinel::store::lease::{Begun, Bury};
use social_sentinel::store::operate::Redriven;
use social_sentinel::store::retention::Aging;

use super::{begin, count, crawl, crawled, document, id, is_stale, job, lease, post, store, target, walled};
use social_sentinel::model::document::Outcome;
use social_sentinel::store::save::CrawlRecord;

async fn bury(store: &super::Store, name: &str, fence: u64) {
    lease(store, name, fence).await;
    let bury = Bury {
        job: &id(name),
        fence,
        reason: "it kills its worker",
        last_log: Some("last words"),
        crawl: None,
        document: None,
    };
    store.bury(&bury).await.unwrap();
}

#[tokio::test]
async fn cancelling_a_job_hands_it_to_the_oldest_of_those_who_joined_it() {
    let store = store().await;
    store.submit(&[job("a", "nasa").into(), job("b", "nasa").into(), job("c", "nasa").into()]).await.unwrap();
    lease(&store, "a", 1).await;
    assert_eq!(store.cancel(&id("a"), "no longer wanted").await.unwrap(), Some(id("b")));
    let document = document("nasa", "1", 10, 1, vec![]);
    assert!(is_stale(store.save(&crawl(&id("a"), 1, &target("nasa"), &document)).await));
    assert_eq!(begin(&store, "a", 9, 0).await, Begun::Over { state: "cancelled".to_owned() });
    assert_eq!(store.due_to_push(9).await.unwrap()[0].job.id, id("b"));
    assert_eq!(store.joined(&id("b")).await.unwrap(), [id("c")]);
    assert_eq!(store.cancel(&id("c"), "x").await.unwrap(), None);
    assert_eq!(store.cancel(&id("b"), "x").await.unwrap(), None);
    assert!(store.cancel(&id("b"), "x").await.unwrap_err().to_string().contains("no live job"));
}

#[tokio::test]
async fn redriving_runs_one_job_a_profile_and_the_others_join_it() {
    let store = store().await;
    for name in ["a", "b"] {
        store.submit(&[job(name, "nasa").into()]).await.unwrap();
        bury(&store, name, 1).await;
    }
    store.submit(&[job("e", "esa").into(), job("behind", "esa").into()]).await.unwrap();
    bury(&store, "e", 1).await;
    store.submit(&[job("e2", "esa").into()]).await.unwrap();
    assert_eq!(store.result(&id("behind")).await.unwrap().unwrap().state, "dead");
    let dead = JobFilter { state: Some("dead".to_owned()), ..JobFilter::default() };
    assert_eq!(store.redrive(&dead, 100).await.unwrap(), Redriven { redriven: 1, joined: 2 });
    assert_eq!(store.redrive(&dead, 100).await.unwrap(), Redriven::default());
    assert_eq!(store.job(&id("a")).await.unwrap().unwrap().joined_to, Some(id("b")));
    // No chain: who had joined the dead one follows the live one at once.
    assert_eq!(store.joined(&id("e2")).await.unwrap().len(), 2);
    assert_eq!(store.result(&id("behind")).await.unwrap().unwrap().state, "queued");
    let record = store.job(&id("b")).await.unwrap().unwrap();
    assert_eq!((record.state.as_str(), record.attempts, record.deaths, record.reason), ("queued", 0, 0, None));
    assert_eq!(store.redrive_ids(&[id("a"), id("nobody")]).await.unwrap(), Redriven::default());
}

#[tokio::test]
async fn a_redrive_amid_submissions_of_the_same_profiles_loses_none() {
    let store = store().await;
    let names: Vec<String> = (0..20).map(|n| format!("n{n}")).collect();
    for name in &names {
        store.submit(&[job(name, name).into()]).await.unwrap();
        bury(&store, name, 1).await;
    }
    let again: Vec<_> = names.iter().map(|name| job(&format!("again-{name}"), name).into()).collect();
    let ids: Vec<_> = names.iter().map(|name| id(name)).collect();
    let (submitted, redriven) = tokio::join!(store.submit(&again), store.redrive_ids(&ids));
    assert_eq!((submitted.unwrap().len(), redriven.unwrap()), (20, store_counts(&store).await));
}

/// Of the twenty first jobs: how many are live again, and how many stand behind another.
async fn store_counts(store: &super::Store) -> Redriven {
    let (mut redriven, mut joined) = (0, 0);
    for n in 0..20 {
        let record = store.job(&id(&format!("n{n}"))).await.unwrap().unwrap();
        assert_eq!(record.state, "queued");
        if record.joined_to.is_some() { joined += 1 } else { redriven += 1 }
    }
    Redriven { redriven, joined }
}

#[tokio::test]
async fn a_list_comes_in_pages_that_neither_miss_nor_repeat_a_job() {
    let store = store().await;
    // One statement gives them all one time: only the id keeps them apart.
    let jobs: Vec<_> = (0..25).map(|n| job(&format!("j{n:02}"), &format!("h{n}")).into()).collect();
    store.submit(&jobs).await.unwrap();
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let page = store.jobs(&JobFilter::default(), cursor.as_ref(), 7).await.unwrap();
        let Some(last) = page.last() else { break };
        cursor = Some(last.cursor());
        seen.extend(page.iter().map(|record| record.job.id.to_string()));
    }
    seen.sort();
    assert_eq!(seen, (0..25).map(|n| format!("j{n:02}")).collect::<Vec<_>>());
    let filter = JobFilter { text: Some("h2".to_owned()), platform: Some("tiktok".to_owned()), ..JobFilter::default() };
    assert_eq!(store.jobs(&filter, None, 100).await.unwrap().len(), 6);
}

#[tokio::test]
async fn a_buried_job_keeps_its_cause_and_its_last_crawl() {
    let store = store().await;
    store.submit(&[job("a", "nasa").into()]).await.unwrap();
    lease(&store, "a", 1).await;
    store.quarantine(&id("a"), 1).await.unwrap();
    let (job, target, evidence) = (id("a"), target("nasa"), walled());
    let record = CrawlRecord {
        job: &job,
        fence: 1,
        target: &target,
        url: None,
        started_at: super::day(1),
        duration: std::time::Duration::from_secs(1),
        outcome: Outcome::LoginWall,
        status: None,
        evidence: Some(&evidence),
        error: Some("a wall"),
        retries: 1,
        selectors_version: None,
        coverage: None,
        screenshot: None,
        capture_key: None,
        fingerprint: None,
        worker: "w1",
    };
    store
        .bury(&Bury {
            job: &job,
            fence: 1,
            reason: "nul \0 inside",
            last_log: Some("log"),
            crawl: Some(&record),
            document: None,
        })
        .await
        .unwrap();
    let stored = store.job(&job).await.unwrap().unwrap();
    assert_eq!((stored.state.as_str(), stored.quarantined), ("dead", true));
    assert_eq!(
        (stored.outcome.as_deref(), stored.reason.as_deref()),
        (Some("login_wall"), Some("nul \u{fffd} inside"))
    );
    let crawls = store.crawls(Some(&target), 9).await.unwrap();
    assert_eq!((crawls.len(), crawls[0].error.as_deref(), crawls[0].status), (1, Some("a wall"), Some(200)));
}

#[tokio::test]
async fn retention_forgets_what_is_old_and_dooms_its_blobs() {
    let store = store().await;
    let early = document("nasa", "1", 10, 1, vec![post("1", 1, 5)]);
    crawled(&store, "a", "nasa", &early).await;
    crawled(&store, "b", "nasa", &document("nasa", "1", 11, 2, vec![post("1", 1, 6)])).await;
    for sql in [
        "update jobs set finished_at = now() - interval '31 days', created_at = now() - interval '31 days' where id = 'a'",
        "update crawl_history set started_at = now() - interval '2 years' where job_id = 'a'",
        "update crawl_history set started_at = now() where job_id = 'b'",
        "update outbox set delivered_at = now() - interval '8 days' where id = 1",
        "update profile_metrics set observed_at = observed_at - interval '1 year'",
        "update post_metrics set observed_at = observed_at - interval '1 year'",
    ] {
        sqlx::query(sql).execute(store.pool()).await.unwrap();
    }
    for (table, name) in [
        (Aging::Jobs, "jobs"),
        (Aging::Crawls, "crawl_history"),
        (Aging::ProfileMetrics, "profile_metrics"),
        (Aging::PostMetrics, "post_metrics"),
        (Aging::Outbox, "outbox"),
    ] {
        assert_eq!(store.forget_old(table, 100).await.unwrap(), 1, "{name}");
        assert_eq!(store.forget_old(table, 100).await.unwrap(), 0, "{name}");
        assert_eq!(count(&store, name).await, 1, "{name}");
    }
    assert_eq!(store.forget_old(Aging::Held, 100).await.unwrap(), 0);
    // The capture is still that of the other crawl.
    assert_eq!(store.doomed_blobs(9).await.unwrap(), ["screenshots/nasa-1.webp"]);
    store.blobs_gone(&["screenshots/nasa-1.webp".to_owned()]).await.unwrap();
    assert_eq!(store.doomed_blobs(9).await.unwrap(), Vec::<String>::new());
}
