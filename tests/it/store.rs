//! The store on a real PostgreSQL: each test has a database of its own.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

mod joins;
mod ledger;
mod operate;
mod outside;
mod past;
mod saving;

use std::time::Duration;

use chrono::{DateTime, TimeZone as _, Utc};
use social_sentinel::model::document::{
    Coverage, Document, Evidence, FieldNote, Metrics, Outcome, Post, Precision, Profile, SCHEMA, Screenshot,
    SelectorsUsed, SourceKind, TimePrecision,
};
use social_sentinel::model::job::{Frame, Job, JobId, PlatformId, Priority, Target};
use social_sentinel::store::lease::{Begin, Begun, Leased};
use social_sentinel::store::save::{SaveCrawl, Saved};
use social_sentinel::store::{Store, StoreConfig, StoreError};

use crate::support::servers::fresh_database_url;

fn config(url: String) -> StoreConfig {
    StoreConfig {
        url: url.into(),
        url_file: std::path::PathBuf::new(),
        pool_max_connections: 8,
        acquire_timeout_ms: 5000,
        statement_timeout_ms: 30_000,
        migrate_at_start: false,
        backlog_max_jobs: 100_000,
        keep_jobs_days: 30,
        keep_crawls_days: 365,
        keep_metrics_days: 90,
        keep_outbox_days: 7,
        keep_held_days: 90,
    }
}

async fn store() -> Store {
    Store::connect(&config(fresh_database_url().await)).await.unwrap()
}

fn target(handle: &str) -> Target {
    Target { platform: PlatformId::new("tiktok"), handle: handle.parse().unwrap() }
}

fn id(id: &str) -> JobId {
    id.parse().unwrap()
}

fn job(name: &str, handle: &str) -> Job {
    Job { id: id(name), target: target(handle), priority: Priority::Normal, posts: 30, frame: Frame::Viewport }
}

fn day(day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 10, day, 12, 0, 0).unwrap()
}

async fn begin(store: &Store, job: &str, fence: u64, deaths: u32) -> Begun {
    store.begin_lease(&Begin { job: &id(job), fence, worker: "w1", deaths }).await.unwrap()
}

async fn lease(store: &Store, job: &str, fence: u64) -> Leased {
    let begun = begin(store, job, fence, 0).await;
    let Begun::Leased(leased) = begun else { unreachable!("{job} cannot be leased: {begun:?}") };
    leased
}

fn post(id: &str, published: u32, views: u64) -> Post {
    Post {
        id: id.to_owned(),
        url: Some(format!("https://www.tiktok.com/@nasa/video/{id}")),
        caption: Some(format!("post {id} 🚀 عربي")),
        hashtags: vec!["space".to_owned()],
        published_at: Some(day(published)),
        published_precision: Some(TimePrecision::Exact),
        views: Some(views),
        likes: Some(views / 10),
        pinned: Some(false),
        ..Post::default()
    }
}

fn document(handle: &str, platform_id: &str, followers: u64, observed: u32, posts: Vec<Post>) -> Document {
    Document {
        schema: SCHEMA,
        platform: PlatformId::new("tiktok"),
        handle: Some(handle.parse().unwrap()),
        url: Some(format!("https://www.tiktok.com/@{handle}")),
        outcome: Outcome::Ok,
        evidence: None,
        observed_at: Some(day(observed)),
        duration_ms: Some(900),
        profile: Some(Profile {
            id: Some(platform_id.to_owned()),
            username: Some(handle.to_owned()),
            display_name: Some("NASA".to_owned()),
            bio: Some("Explore".to_owned()),
            picture_url: Some("https://p16.example.com/a/one~c5_100x100.jpeg?x-expires=1".to_owned()),
            followers: Some(followers),
            posts_count: Some(100),
            ..Profile::default()
        }),
        coverage: Coverage { requested: 30, got: posts.len(), reason: None },
        posts,
        metrics: Metrics::default(),
        fields: indexmap::IndexMap::new(),
        selectors: SelectorsUsed { version: "v1".to_owned() },
        screenshot: Some(Screenshot {
            file: format!("screenshots/{handle}-{observed}.webp"),
            url: None,
            bytes: 90_000,
            format: "webp".to_owned(),
            width: 1280,
            height: 900,
        }),
    }
}

fn rounded(document: &mut Document, path: &str) {
    let note = FieldNote {
        source: SourceKind::Dom,
        rule: "r".to_owned(),
        raw: "12.6K".to_owned(),
        precision: Precision::Rounded,
        agreed_by: Vec::new(),
    };
    document.fields.insert(path.to_owned(), note);
}

fn crawl<'a>(job: &'a JobId, fence: u64, target: &'a Target, document: &'a Document) -> SaveCrawl<'a> {
    SaveCrawl {
        job,
        fence,
        target,
        document,
        started_at: document.observed_at.unwrap(),
        duration: Duration::from_millis(900),
        retries: 0,
        capture_key: Some("captures/shared.zst"),
        status: Some(200),
        picture_hash: None,
        fingerprint: Some("t1"),
        error: None,
        worker: "w1",
        held: &[],
        events: &[],
    }
}

/// Submits, leases and saves in one go; the fence is the day.
async fn crawled(store: &Store, name: &str, handle: &str, document: &Document) -> Saved {
    store.submit(&[job(name, handle).into()]).await.unwrap();
    lease(store, name, 1).await;
    store.save(&crawl(&id(name), 1, &target(handle), document)).await.unwrap()
}

async fn count(store: &Store, table: &'static str) -> i64 {
    let sql = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(sql).fetch_one(store.pool()).await.unwrap()
}

fn is_stale<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::StaleWrite { .. }))
}

fn walled() -> Evidence {
    Evidence { status: Some(200), final_url: None, signal: "login_form".to_owned(), detail: None }
}
