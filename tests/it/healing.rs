//! Healing in service, from the first broken page to the version that reads the new template: real Chromium, PostgreSQL and Redis, and
//! a replica that redesigns itself while it is crawled. `SENTINEL_HEALING_LONG` runs more kinds of redesign.

#![expect(clippy::unwrap_used, reason = "a test may fail where its setup does")]

use std::time::Duration;

use serde_json::json;
use social_sentinel::clock::{Clock, Rng};
use social_sentinel::config::{Config, Sources};
use social_sentinel::engine::Service;
use social_sentinel::engine::selectors::active_pointer;
use social_sentinel::model::document::{Document, Outcome};
use social_sentinel::model::job::{Frame, Handle, Job, PlatformId, Priority, Target};
use social_sentinel::replica::{Redesign, RedesignKind, Replica, ReplicaOptions, Site};
use social_sentinel::store::Store;
use social_sentinel::store::selectors::{Move, Slot};
use sqlx::PgPool;

use crate::support::servers::{fresh_database_url, open_folder, redis_prefix, servers};

/// The longest that anything here may take on a noisy machine.
const PATIENCE: Duration = Duration::from_secs(150);
const POSTS: u16 = 12;

struct Stage {
    replica: Replica,
    service: Service,
    store: Store,
    rows: PgPool,
    rng: Rng,
    site: Site,
    _folder: tempfile::TempDir,
}

impl Stage {
    async fn new(seed: u64, site: Site) -> Self {
        let replica = Replica::start(ReplicaOptions::seeded(seed, Clock::system())).await.unwrap();
        let folder = open_folder();
        let url = fresh_database_url().await;
        let variables = [
            ("STORE__URL", url.clone()),
            ("QUEUE__URL", servers().redis_url.clone()),
            ("QUEUE__PREFIX", redis_prefix()),
            ("BLOB__KIND", "folder".to_owned()),
            ("BLOB__FOLDER", folder.path().join("blobs").to_string_lossy().into_owned()),
            ("PLATFORM__TIKTOK__BASE_URL", replica.base_url().to_owned()),
            ("PLATFORM__INSTAGRAM__BASE_URL", replica.base_url().to_owned()),
            ("GATE__PAGE_LOADS_PER_MINUTE", "6000".to_owned()),
            ("GATE__BURST_PAGE_LOADS", "3000".to_owned()),
            ("ENGINE__SELECTORS_EVERY_S", "1".to_owned()),
            ("ENGINE__WORKERS", "3".to_owned()),
            ("ENGINE__PICTURES", "none".to_owned()),
            ("BROWSER__PROCESSES", "1".to_owned()),
        ];
        let variables = variables.into_iter().map(|(key, value)| (format!("SENTINEL__{key}"), value)).collect();
        let config = Config::load(&Sources { file: None, variables }).unwrap();
        let store = Store::connect(&config.store).await.unwrap();
        let service = Service::start(config).await.unwrap();
        let rows = PgPool::connect(&url).await.unwrap();
        Self { replica, service, store, rows, rng: Rng::from_seed(seed), site, _folder: folder }
    }

    fn platform(&self) -> PlatformId {
        self.site.platform()
    }

    /// Crawls these and waits until all are over.
    async fn crawl(&self, handles: &[String]) {
        let jobs: Vec<Job> = handles
            .iter()
            .map(|handle| Job {
                id: self.rng.job_id(Clock::system().now()),
                target: Target { platform: self.platform(), handle: handle.parse().unwrap() },
                priority: Priority::Normal,
                posts: POSTS,
                frame: Frame::Viewport,
            })
            .collect();
        self.service.services().submit(&jobs).await.unwrap();
        self.eventually("every job ends", async || {
            let open = "select count(*) from jobs where state not in ('done', 'dead', 'cancelled')";
            sqlx::query_scalar::<_, i64>(open).fetch_one(&self.rows).await.unwrap() == 0
        })
        .await;
    }

    async fn eventually(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let wait = async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("never: {what}\n{}", self.story().await);
        }
    }

    async fn held(&self) -> i64 {
        let sql = "select count(*) from held_values where path = 'document'";
        sqlx::query_scalar(sql).fetch_one(&self.rows).await.unwrap()
    }

    async fn still_held(&self) -> i64 {
        let sql = "select count(*) from held_values where path = 'document' and state = 'held'";
        sqlx::query_scalar(sql).fetch_one(&self.rows).await.unwrap()
    }

    async fn active(&self) -> String {
        active_pointer(&self.store, self.site.name(), "").await.unwrap().unwrap()
    }

    async fn story(&self) -> String {
        let events = self.store.selector_events(self.site.name(), None, None, 100).await.unwrap();
        let lines = events.iter().rev().map(|e| format!("{} {:?} {} {}", e.kind, e.version, e.fingerprint, e.detail));
        let held: Vec<(String, Option<String>, String)> =
            sqlx::query_as("select handle, fingerprint, reason from held_values where path = 'document' order by id")
                .fetch_all(&self.rows)
                .await
                .unwrap();
        lines.chain(held.iter().map(|held| format!("{held:?}"))).collect::<Vec<_>>().join("\n")
    }

    /// Every row of counts that is not the truth, rounded ones apart by more than their rounding.
    async fn wrong_rows(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        type Row = (String, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<Vec<String>>);
        let sql = "select p.handle, m.followers, m.following, m.likes, m.posts_count, m.rounded
                   from profile_metrics m join profiles p on p.id = m.profile_id where p.platform = $1";
        let profiles: Vec<Row> = sqlx::query_as(sql).bind(self.site.name()).fetch_all(&self.rows).await.unwrap();
        for (handle, followers, following, likes, posts_count, rounded) in profiles {
            let truth = self.truth(&handle).profile.unwrap();
            let rounded = rounded.unwrap_or_default();
            let pairs = [
                ("followers", followers, truth.followers),
                ("following", following, truth.following),
                ("likes", likes, truth.likes),
                ("posts_count", posts_count, truth.posts_count),
            ];
            for (name, seen, truth) in pairs {
                wrong.extend(apart(&format!("{handle}.{name}"), seen, truth, rounded.iter().any(|r| r == name)));
            }
        }
        type Post = (String, String, Option<i64>, Option<i64>, Option<i64>, Option<Vec<String>>);
        let sql = "select pr.handle, p.post_id, m.views, m.likes, m.comments, m.rounded
                   from post_metrics m join posts p on p.id = m.post_id join profile_posts pp on pp.post_id = p.id
                   join profiles pr on pr.id = pp.profile_id where p.platform = $1";
        let posts: Vec<Post> = sqlx::query_as(sql).bind(self.site.name()).fetch_all(&self.rows).await.unwrap();
        for (handle, id, views, likes, comments, rounded) in posts {
            let truths = self.truth(&handle).posts;
            let Some(truth) = truths.iter().find(|post| post.id == id) else {
                wrong.push(format!("{handle} has no post {id}"));
                continue;
            };
            let rounded = rounded.unwrap_or_default();
            let pairs =
                [("views", views, truth.views), ("likes", likes, truth.likes), ("comments", comments, truth.comments)];
            for (name, seen, truth) in pairs {
                wrong.extend(apart(&format!("{handle} {id}.{name}"), seen, truth, rounded.iter().any(|r| r == name)));
            }
        }
        wrong
    }

    fn truth(&self, handle: &str) -> social_sentinel::replica::Truth {
        self.replica.truth(&self.platform(), &handle.parse::<Handle>().unwrap()).unwrap()
    }

    /// The newest document of each profile.
    async fn newest(&self) -> Vec<Document> {
        let sql = "select distinct on (handle) document::text from jobs where document is not null
                   order by handle, finished_at desc";
        let texts: Vec<String> = sqlx::query_scalar(sql).fetch_all(&self.rows).await.unwrap();
        texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    async fn end(self) {
        self.service.stop().await;
        self.rows.close().await;
        self.store.close().await;
    }
}

fn apart(what: &str, seen: Option<i64>, truth: Option<u64>, rounded: bool) -> Option<String> {
    let seen = u64::try_from(seen?).unwrap();
    let truth = truth.unwrap_or(u64::MAX);
    let slack = if rounded { truth / 8 } else { 0 };
    (seen.abs_diff(truth) > slack).then(|| format!("{what}: {seen}, and {truth} is true"))
}

fn creators(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("creator_{number}")).collect()
}

/// Crawls, redesigns, crawls on until all that was held back is filled in.
async fn heals(seed: u64, site: Site, kind: RedesignKind, share: f64) {
    let stage = Stage::new(seed, site).await;
    let clock = Clock::system();
    let handles = creators(1..17);
    stage.crawl(&handles).await;
    assert_eq!(stage.held().await, 0, "no false alarm on unchanged pages\n{}", stage.story().await);
    assert_eq!(stage.active().await, "v1");

    stage.replica.control().redesign(site, Some(Redesign { kind, seed, share }));
    let begin = clock.uptime();
    // 3,600 profiles an hour: what is measured is how many of them a heal costs, not how fast this machine crawls.
    let mut pace = tokio::time::interval(Duration::from_secs(1));
    for handle in &handles {
        pace.tick().await;
        stage.crawl(std::slice::from_ref(handle)).await;
    }
    stage.eventually("a new version is active", async || stage.active().await != "v1").await;
    println!("{site:?} {kind:?}: healed, and sixteen pages crawled, within {:?}", clock.uptime() - begin);
    stage.eventually("what was held back is filled in", async || stage.still_held().await == 0).await;
    let broken = stage.held().await;
    println!("{site:?} {kind:?}: {broken} broken pages");
    assert!((1..=12).contains(&broken), "{broken} broken pages\n{}", stage.story().await);
    assert_eq!(stage.wrong_rows().await, Vec::<String>::new());
    let mut complete = 0;
    for document in stage.newest().await {
        assert_eq!(document.outcome, Outcome::Ok, "{:?} {:?}", document.handle, document.evidence);
        let profile = document.profile.as_ref().unwrap();
        assert!(profile.followers.is_some() && !document.posts.is_empty(), "{:?}", document.handle);
        complete += usize::from(document.posts.iter().all(|post| post.views.is_some() || post.likes.is_some()));
    }
    assert!(complete >= handles.len() - 1, "{complete}");

    // New profiles are read by the new version, and nothing is held back any more.
    stage.crawl(&creators(40..44)).await;
    assert_eq!((stage.held().await, stage.wrong_rows().await), (broken, Vec::new()), "{}", stage.story().await);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn renamed_json_heals_by_itself_without_one_wrong_row() {
    Box::pin(heals(7, Site::TikTok, RedesignKind::Json, 1.0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_redesigns_heal_on_both_sites() {
    if std::env::var_os("SENTINEL_HEALING_LONG").is_none() {
        return;
    }
    Box::pin(heals(8, Site::TikTok, RedesignKind::Both, 1.0)).await;
    Box::pin(heals(9, Site::Instagram, RedesignKind::Json, 1.0)).await;
    Box::pin(heals(10, Site::TikTok, RedesignKind::Both, 0.5)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_version_is_rolled_back_within_two_pages() {
    let stage = Stage::new(5, Site::TikTok).await;
    stage.crawl(&creators(1..9)).await;
    let mut poison = stage.store.selector_version("tiktok", "v1").await.unwrap().unwrap();
    poison.version = "poison".to_owned();
    poison.body = poison.body.replace("\"statsV2.followerCount\"", "\"statsV2.followingCount\"");
    poison.body = poison.body.replace("\"stats.followerCount\"", "\"stats.followingCount\"");
    stage.store.add_selectors(&poison).await.unwrap();
    let why = json!("a test");
    let step = Move {
        platform: "tiktok",
        fingerprint: "",
        slot: Slot::Active,
        version: Some("poison"),
        from: Some("v1"),
        actor: "person",
        detail: &why,
    };
    assert!(stage.store.move_selectors(&step).await.unwrap());
    // The service follows the pointer within a second or so.
    let mut events = stage.service.subscribe();
    stage
        .eventually("the poison is in force", async || {
            let told = tokio::time::timeout(Duration::from_secs(5), events.recv()).await;
            matches!(told, Ok(Ok(event)) if matches!(&event.kind,
                social_sentinel::model::event::EventKind::SelectorsChanged { after, .. } if after == "poison"))
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
