//! A service with everything real, and a replica that redesigns itself while it is crawled; what its ledger says beside the truth.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::time::Duration;

use social_sentinel::clock::{Clock, Rng};
use social_sentinel::config::{Config, Sources};
use social_sentinel::engine::Service;
use social_sentinel::engine::selectors::active_pointer;
use social_sentinel::model::document::Document;
use social_sentinel::model::job::{Frame, Handle, Job, PlatformId, Priority, Target};
use social_sentinel::replica::{Replica, ReplicaOptions, Site};
use social_sentinel::store::Store;
use sqlx::PgPool;

use crate::support::servers::{fresh_database_url, open_folder, redis_prefix, servers};

/// The longest that anything here may take on a noisy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(150);
pub(super) const POSTS: u16 = 12;

pub(super) struct Stage {
    pub(super) replica: Replica,
    pub(super) service: Service,
    pub(super) store: Store,
    pub(super) rows: PgPool,
    pub(super) rng: Rng,
    pub(super) site: Site,
    pub(super) variables: Vec<(String, String)>,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub(super) async fn new(seed: u64, site: Site) -> Self {
        Self::with(seed, site, &[]).await
    }

    /// With settings of its own.
    pub(super) async fn with(seed: u64, site: Site, more: &[(&str, &str)]) -> Self {
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
        let more = more.iter().map(|(key, value)| (*key, (*value).to_owned()));
        let variables: Vec<(String, String)> =
            variables.into_iter().chain(more).map(|(key, value)| (format!("SENTINEL__{key}"), value)).collect();
        let config = Config::load(&Sources { file: None, variables: variables.clone().into_iter().collect() }).unwrap();
        let store = Store::connect(&config.store).await.unwrap();
        let service = Service::start(config).await.unwrap();
        let rows = PgPool::connect(&url).await.unwrap();
        Self { replica, service, store, rows, rng: Rng::from_seed(seed), site, variables, _folder: folder }
    }

    /// Ends the service; what `meanwhile` does to the ledger is found by the next one, which has these settings too.
    pub(super) async fn restart(mut self, more: &[(&str, &str)], meanwhile: impl AsyncFnOnce(&Store)) -> Self {
        self.service.stop().await;
        meanwhile(&self.store).await;
        for (key, value) in more {
            let name = format!("SENTINEL__{key}");
            self.variables.retain(|(known, _)| *known != name);
            self.variables.push((name, (*value).to_owned()));
        }
        let variables = self.variables.clone().into_iter().collect();
        self.service = Service::start(Config::load(&Sources { file: None, variables }).unwrap()).await.unwrap();
        self
    }

    pub(super) fn platform(&self) -> PlatformId {
        self.site.platform()
    }

    /// Crawls these and waits until all are over.
    pub(super) async fn crawl(&self, handles: &[String]) {
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
        self.eventually("every job ends", async || self.is_quiet().await).await;
    }

    /// Whether no job is under way: one that joined another is over with that one. Redis lets go of a job a little after the
    /// ledger, and who asks for its profile meanwhile is given its result in place of a crawl.
    pub(super) async fn is_quiet(&self) -> bool {
        let open = "select count(*) from jobs where state in ('queued', 'leased')";
        sqlx::query_scalar::<_, i64>(open).fetch_one(&self.rows).await.unwrap() == 0
            && self.service.services().queue.stats().await.unwrap().jobs() == 0
    }

    /// What is not over, and why it waits.
    async fn open_jobs(&self) -> String {
        let sql = "select row_to_json(job)::text from (
                       select id, handle, state, joined_to, attempts, deaths, fence, leased_at, not_before, pushed_at, reason,
                              last_log, now() as now
                       from jobs where state in ('queued', 'leased', 'joined')) job";
        sqlx::query_scalar::<_, String>(sql).fetch_all(&self.rows).await.unwrap().join("\n")
    }

    pub(super) async fn eventually(&self, what: &str, mut holds: impl AsyncFnMut() -> bool) {
        let wait = async {
            while !holds().await {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("never: {what}\n{}\nopen: {}", self.story().await, self.open_jobs().await);
        }
    }

    pub(super) async fn held(&self) -> i64 {
        let sql = "select count(*) from held_values where path = 'document'";
        sqlx::query_scalar(sql).fetch_one(&self.rows).await.unwrap()
    }

    pub(super) async fn still_held(&self) -> i64 {
        let sql = "select count(*) from held_values where path = 'document' and state = 'held'";
        sqlx::query_scalar(sql).fetch_one(&self.rows).await.unwrap()
    }

    /// Whether every filled page that lacks its posts' pages has been crawled once more, and nothing is under way.
    pub(super) async fn filled_up(&self) -> bool {
        let sql = "select count(*) > 0 from jobs where id like 'fill-%'";
        sqlx::query_scalar::<_, bool>(sql).fetch_one(&self.rows).await.unwrap() && self.is_quiet().await
    }

    /// What `sentinel:result:<id>` says.
    pub(super) async fn told(&self, job: &str) -> serde_json::Value {
        let of = |key: &str| &self.variables.iter().find(|(known, _)| known.ends_with(key)).unwrap().1;
        let client = redis::Client::open(of("QUEUE__URL").as_str()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let key = format!("{}:result:{job}", of("QUEUE__PREFIX"));
        let text: String = redis::cmd("GET").arg(key).query_async(&mut connection).await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    /// Gives a profile a past: followers of the days before the crawl that was, which is put back to yesterday.
    pub(super) async fn past(&self, handle: &str, followers: &[u64]) {
        let yesterday = "update profile_metrics m set observed_at = m.observed_at - interval '1 day'
                         from profiles p where p.id = m.profile_id and p.handle = $1";
        sqlx::query(yesterday).bind(handle).execute(&self.rows).await.unwrap();
        let sql = "insert into profile_metrics (profile_id, crawl_id, observed_at, followers)
                   select id, -$2, now() - $2 * interval '1 day', $3 from profiles where handle = $1";
        for (day, followers) in followers.iter().rev().enumerate() {
            let query = sqlx::query(sql).bind(handle).bind(i64::try_from(day + 2).unwrap());
            query.bind(i64::try_from(*followers).unwrap()).execute(&self.rows).await.unwrap();
        }
    }

    /// What is or was held of single values.
    pub(super) async fn held_values(&self) -> String {
        let sql =
            "select handle || ' ' || path || ' ' || value::text || ' ' || state || ': ' || reason from held_values
                   where path <> 'document' order by id";
        sqlx::query_scalar::<_, String>(sql).fetch_all(&self.rows).await.unwrap().join("\n")
    }

    pub(super) async fn active(&self) -> String {
        active_pointer(&self.store, self.site.name(), "").await.unwrap().unwrap()
    }

    /// What the redesign at `changed` cost until a healed version came into force.
    pub(super) async fn cost(&self, changed: chrono::DateTime<chrono::Utc>) -> Cost {
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

    pub(super) async fn story(&self) -> String {
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
    pub(super) async fn wrong_rows(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        type Row = (String, Option<i64>, Option<i64>, Option<i64>, Option<i64>, Option<Vec<String>>);
        let sql = "select p.handle, m.followers, m.following, m.likes, m.posts_count, m.rounded
                   from profile_metrics m join profiles p on p.id = m.profile_id where p.platform = $1 and m.crawl_id > 0
                   union all
                   select handle, followers, following, likes, posts_count, rounded from profiles where platform = $1";
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
                   join profiles pr on pr.id = pp.profile_id where p.platform = $1
                   union all
                   select pr.handle, p.post_id, p.views, p.likes, p.comments, p.rounded
                   from posts p join profile_posts pp on pp.post_id = p.id
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

    pub(super) fn truth(&self, handle: &str) -> social_sentinel::replica::Truth {
        self.replica.truth(&self.platform(), &handle.parse::<Handle>().unwrap()).unwrap()
    }

    /// The newest document of each profile.
    pub(super) async fn newest(&self) -> Vec<Document> {
        let sql = "select distinct on (handle) document::text from jobs where document is not null
                   order by handle, finished_at desc";
        let texts: Vec<String> = sqlx::query_scalar(sql).fetch_all(&self.rows).await.unwrap();
        texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
    }

    pub(super) async fn end(self) {
        self.service.stop().await;
        self.rows.close().await;
        self.store.close().await;
    }
}

/// What `sentinel selectors …` says to a person.
pub(super) async fn selectors(variables: &[(String, String)], arguments: &[&str]) -> String {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_sentinel"));
    command.arg("selectors").args(arguments).envs(variables.iter().map(|(key, value)| (key, value)));
    let done = command.output().await.unwrap();
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).unwrap()
}

/// Where captures are stored: `SENTINEL_HEALING_KEEP` names a folder that stays, to look at afterwards.
pub(super) fn kept(folder: &tempfile::TempDir) -> std::path::PathBuf {
    std::env::var_os("SENTINEL_HEALING_KEEP").map_or_else(|| folder.path().to_owned(), Into::into)
}

/// The folder of the captures that this stage stores.
pub(super) fn kept_blobs(stage: &Stage) -> std::path::PathBuf {
    kept(&stage._folder).join("blobs")
}

pub(super) fn apart(what: &str, seen: Option<i64>, truth: Option<u64>, rounded: bool) -> Option<String> {
    let seen = u64::try_from(seen?).unwrap();
    let truth = truth.unwrap_or(u64::MAX);
    // Within one unit of its last digit: 1154230 is shown as "1M".
    let unit = std::iter::successors(Some(1_u64), |unit| unit.checked_mul(10)).take(10).filter(|u| seen % u == 0).max();
    let slack = if rounded { unit.unwrap_or(1) } else { 0 };
    (seen.abs_diff(truth) > slack).then(|| format!("{what}: {seen}, and {truth} is true"))
}

pub(super) fn creators(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("creator_{number}")).collect()
}

/// What a redesign cost.
pub(super) struct Cost {
    /// Pages of the new template that were crawled before the version that reads it came into force.
    pub(super) broken: i64,
    /// From the first of them to the version, in seconds.
    pub(super) seconds: f64,
}
