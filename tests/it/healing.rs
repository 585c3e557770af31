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
    variables: Vec<(String, String)>,
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
            ("BLOB__FOLDER", kept(&folder).join("blobs").to_string_lossy().into_owned()),
            ("PLATFORM__TIKTOK__BASE_URL", replica.base_url().to_owned()),
            ("PLATFORM__INSTAGRAM__BASE_URL", replica.base_url().to_owned()),
            ("GATE__PAGE_LOADS_PER_MINUTE", "6000".to_owned()),
            ("GATE__BURST_PAGE_LOADS", "3000".to_owned()),
            ("ENGINE__SELECTORS_EVERY_S", "1".to_owned()),
            ("ENGINE__WORKERS", "3".to_owned()),
            ("ENGINE__PICTURES", "none".to_owned()),
            ("BROWSER__PROCESSES", "1".to_owned()),
        ];
        let variables: Vec<(String, String)> =
            variables.into_iter().map(|(key, value)| (format!("SENTINEL__{key}"), value)).collect();
        let config = Config::load(&Sources { file: None, variables: variables.clone().into_iter().collect() }).unwrap();
        let store = Store::connect(&config.store).await.unwrap();
        let service = Service::start(config).await.unwrap();
        let rows = PgPool::connect(&url).await.unwrap();
        Self { replica, service, store, rows, rng: Rng::from_seed(seed), site, variables, _folder: folder }
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

    /// What the redesign at `changed` cost until a healed version came into force.
    async fn cost(&self, changed: chrono::DateTime<chrono::Utc>) -> Cost {
        let sql = "
            with healed as (
                select min(at) as at from selector_events
                where platform = $1 and kind = 'moved' and version like 'heal-%' and detail->>'slot' = 'active'
            ), broken as (
                select finished_at as at from jobs, healed where finished_at > $2 and finished_at <= healed.at
                  and handle in (select handle from crawl_history where fingerprint in
                      (select fingerprint from selectors where platform = $1 and version like 'heal-%'))
            )
            select count(*), coalesce(extract(epoch from (select at from healed) - min(at)), 0)::float8 from broken";
        let (broken, seconds) =
            sqlx::query_as(sql).bind(self.site.name()).bind(changed).fetch_one(&self.rows).await.unwrap();
        Cost { broken, seconds }
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

/// What `sentinel selectors …` says to a person.
async fn selectors(variables: &[(String, String)], arguments: &[&str]) -> String {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sentinel"));
    command.arg("selectors").args(arguments).envs(variables.iter().map(|(key, value)| (key, value)));
    let done = command.output().await.unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Where captures are stored: `SENTINEL_HEALING_KEEP` names a folder that stays, to look at afterwards.
fn kept(folder: &tempfile::TempDir) -> std::path::PathBuf {
    std::env::var_os("SENTINEL_HEALING_KEEP").map_or_else(|| folder.path().to_owned(), Into::into)
}

fn apart(what: &str, seen: Option<i64>, truth: Option<u64>, rounded: bool) -> Option<String> {
    let seen = u64::try_from(seen?).unwrap();
    let truth = truth.unwrap_or(u64::MAX);
    // Within one unit of its last digit: 1154230 is shown as "1M".
    let unit = std::iter::successors(Some(1_u64), |unit| unit.checked_mul(10)).take(10).filter(|u| seen % u == 0).max();
    let slack = if rounded { unit.unwrap_or(1) } else { 0 };
    (seen.abs_diff(truth) > slack).then(|| format!("{what}: {seen}, and {truth} is true"))
}

fn creators(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("creator_{number}")).collect()
}

/// What a redesign cost.
struct Cost {
    /// Pages of the new template that were crawled before the version that reads it came into force.
    broken: i64,
    /// From the first of them to the version, in seconds.
    seconds: f64,
}

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
        let lacking: Vec<&String> = before.fields.keys().filter(|path| is_count(path)).collect();
        let lacking: Vec<&&String> = lacking.iter().filter(|path| !after.fields.contains_key(**path)).collect();
        // A page that broke is filled in from its capture, which has no posts' own pages.
        let filled = after.posts.iter().all(|post| post.likes.is_none());
        assert!(lacking.is_empty() || filled, "{:?} lacks {lacking:?}", after.handle);
        assert!(lacking.iter().all(|path| path.starts_with("posts.")), "{:?} lacks {lacking:?}", after.handle);
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

fn is_count(path: &str) -> bool {
    let counts = ["followers", "following", "likes", "posts_count", "views", "comments", "shares", "saves"];
    path.rsplit('.').next().is_some_and(|field| counts.contains(&field))
}

#[tokio::test(flavor = "multi_thread")]
async fn renamed_json_heals_by_itself_without_one_wrong_row() {
    Box::pin(heals(7, Site::TikTok, RedesignKind::Json, 1.0)).await;
}

/// Every kind on both sites, for all profiles at once and for half of them first. `SENTINEL_HEALING_LONG` runs all of them or,
/// where it says so, those whose name contains its value: `instagram_both`.
#[tokio::test(flavor = "multi_thread")]
async fn whole_redesigns_heal_on_both_sites() {
    let Some(wanted) = std::env::var_os("SENTINEL_HEALING_LONG") else { return };
    let wanted = wanted.to_string_lossy().into_owned();
    let kinds = [("json", RedesignKind::Json), ("dom", RedesignKind::Dom), ("both", RedesignKind::Both)];
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
