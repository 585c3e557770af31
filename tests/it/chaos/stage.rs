//! What the chaos tests play on: a Redis of their own, a database of their own, worker processes whose links can be stalled,
//! and the counts that show what took effect.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use social_sentinel::clock::Clock;
use social_sentinel::config::{Config, Sources};
use social_sentinel::engine::Services;
use social_sentinel::local::{Durability, LocalPostgres, LocalRedis};
use social_sentinel::model::job::{Frame, Job, PlatformId, Priority, Target};
use social_sentinel::process::{ChildGroup, Spawn};
use sqlx::PgPool;

use super::proxy::Proxy;
use super::worker;
use crate::support::servers::{fresh_database_url, open_folder, redis_prefix};

/// How often the ledger is looked at while a test waits.
const LOOK: Duration = Duration::from_millis(100);

/// Whether this is `make chaos`.
#[expect(clippy::disallowed_methods, reason = "the size of the run is told by the environment")]
pub(super) fn full() -> bool {
    std::env::var("SENTINEL_CHAOS").is_ok_and(|size| size == "full")
}

/// The figure of the full run, or of the reduced one.
pub(super) fn sized<T>(full_size: T, reduced: T) -> T {
    if full() { full_size } else { reduced }
}

/// One worker process.
pub(super) struct WorkerProcess {
    pub(super) child: ChildGroup,
    /// Which link it uses.
    pub(super) seat: usize,
}

/// A worker's links.
pub(super) struct Seat {
    pub(super) redis: Proxy,
    pub(super) postgres: Proxy,
}

impl Seat {
    pub(super) fn stall(&self) {
        self.redis.stall();
        self.postgres.stall();
    }

    pub(super) fn resume(&self) {
        self.redis.resume();
        self.postgres.resume();
    }
}

/// An attempt as a worker noted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) pid: u32,
    pub(super) at_ms: i64,
    pub(super) alone: bool,
}

/// The stage.
pub(super) struct Stage {
    pub(super) redis: LocalRedis,
    /// Only where a test restarts it.
    pub(super) postgres: Option<LocalPostgres>,
    pub(super) pool: PgPool,
    pub(super) services: Services,
    pub(super) clock: Clock,
    pub(super) seats: Vec<Seat>,
    pub(super) folder: tempfile::TempDir,
    variables: Vec<(String, String)>,
    store_url: String,
    spawned: usize,
}

impl Stage {
    /// On the run's shared PostgreSQL.
    pub(super) async fn new(settings: &[(&str, &str)]) -> Self {
        Self::on(fresh_database_url().await, None, open_folder(), settings).await
    }

    /// With a PostgreSQL of its own.
    pub(super) async fn with_own_postgres(settings: &[(&str, &str)]) -> Self {
        let folder = open_folder();
        let postgres = LocalPostgres::start(folder.path(), Durability::None).await.unwrap();
        Self::on(postgres.url(), Some(postgres), folder, settings).await
    }

    async fn on(
        store_url: String,
        postgres: Option<LocalPostgres>,
        folder: tempfile::TempDir,
        settings: &[(&str, &str)],
    ) -> Self {
        let redis = LocalRedis::start(folder.path(), Durability::Full).await.unwrap();
        let blobs = folder.path().join("blobs").display().to_string();
        let prefix = redis_prefix();
        let basis = [
            ("QUEUE__PREFIX", prefix.as_str()),
            ("BLOB__FOLDER", blobs.as_str()),
            ("GATE__PAGE_LOADS_PER_MINUTE", "60000"),
            ("GATE__BURST_PAGE_LOADS", "60000"),
            ("GATE__CONCURRENT_CRAWLS", "1000"),
            ("GATE__OPEN_AFTER_FAILURES", "100"),
            ("GATE__ROBOTS", "ignore"),
            ("ENGINE__RETRY__BACKOFF_FIRST_MS", "50"),
            // Every slot is used at once, however busy the machine: what is tested is who holds what, not how fast.
            ("ENGINE__ADMISSION__SAMPLE_EVERY_MS", "50"),
            ("ENGINE__ADMISSION__SCALE_WINDOW_MS", "100"),
            ("ENGINE__ADMISSION__HOLD_WINDOW_MS", "1"),
            ("ENGINE__ADMISSION__PROCESSOR_ROOM", "9.0"),
            ("ENGINE__ADMISSION__PROCESSOR_FULL", "10.0"),
            ("ENGINE__ADMISSION__LATE_MS", "600000"),
            ("ENGINE__ADMISSION__MEMORY_FULL", "1.0"),
            ("TELEMETRY__LISTEN", ""),
        ];
        let variables: Vec<(String, String)> = basis
            .iter()
            .chain(settings)
            .map(|(name, value)| (format!("SENTINEL__{name}"), (*value).to_owned()))
            .collect();
        let clock = Clock::system();
        let config = load(&variables, &redis.url(), &store_url);
        let services = Services::connect(&config, clock).await.unwrap();
        let pool = sqlx::postgres::PgPoolOptions::new().max_connections(3).connect(&store_url).await.unwrap();
        for statement in EFFECTS {
            sqlx::query(*statement).execute(&pool).await.unwrap();
        }
        let seats = Vec::new();
        Self { redis, postgres, pool, services, clock, seats, folder, variables, store_url, spawned: 0 }
    }

    /// The settings of a service within this process.
    pub(super) fn config(&self) -> Config {
        load(&self.variables, &self.redis.url(), &self.store_url)
    }

    /// Starts a worker process on a new seat.
    pub(super) async fn worker(&mut self) -> WorkerProcess {
        let redis = Proxy::start(self.redis.socket()).await;
        let postgres = Proxy::start(postgres_socket(&self.store_url)).await;
        self.seats.push(Seat { redis, postgres });
        self.worker_at(self.seats.len() - 1, &[])
    }

    /// Starts a worker process on a seat there is.
    pub(super) fn worker_at(&mut self, seat: usize, more: &[(&str, &str)]) -> WorkerProcess {
        self.spawned += 1;
        let Seat { redis, postgres } = &self.seats[seat];
        let url = url::Url::parse(&self.store_url).unwrap();
        let database = url.path().trim_start_matches('/');
        let store = format!("postgres://sentinel@127.0.0.1:{}/{database}?sslmode=disable", postgres.port);
        let queue = format!("redis://127.0.0.1:{}/0", redis.port);
        let own = [("SENTINEL__STORE__URL", store.as_str()), ("SENTINEL__QUEUE__URL", queue.as_str())];
        let spawn = Spawn::new(std::env::current_exe().unwrap())
            .args([worker::NAME, "--exact", "--ignored", "--nocapture", "--test-threads=1"])
            .env(worker::FOLDER, self.folder.path());
        let variables = self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let spawn =
            variables.chain(own).chain(more.iter().copied()).fold(spawn, |spawn, (name, value)| spawn.env(name, value));
        let log = self.folder.path().join(format!("worker-{}.log", self.spawned));
        WorkerProcess { child: spawn.logged_to(&log).unwrap(), seat }
    }

    /// Enters `count` jobs of a script, each for a profile of its own.
    pub(super) async fn submit(&self, script: &str, count: usize) -> Vec<Job> {
        let jobs: Vec<Job> = (0..count).map(|n| job(script, n)).collect();
        for chunk in jobs.chunks(500) {
            self.services.submit(chunk).await.unwrap();
        }
        jobs
    }

    /// How many jobs are in each state.
    pub(super) async fn states(&self) -> HashMap<String, u64> {
        match self.services.store.counts().await {
            Ok(counts) => counts.into_iter().collect(),
            Err(_) => HashMap::new(),
        }
    }

    /// Waits until so many jobs are in one of these states; tells how long it took.
    ///
    /// # Panics
    /// When it takes longer than `most`.
    pub(super) async fn until(&self, states: &[&str], count: usize, most: Duration) -> Duration {
        let begin = self.clock.uptime();
        let count = u64::try_from(count).unwrap();
        loop {
            let seen = self.states().await;
            let reached: u64 = states.iter().filter_map(|state| seen.get(*state)).sum();
            let took = self.clock.uptime() - begin;
            if reached >= count {
                return took;
            }
            assert!(
                took < most,
                "after {took:?} of {count} jobs {seen:?}; the workers' last words: {}",
                self.last_words()
            );
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Jobs that took effect; each once, the table's key sees to that.
    pub(super) async fn effects(&self) -> usize {
        let count: i64 = sqlx::query_scalar("select count(*) from chaos_effects").fetch_one(&self.pool).await.unwrap();
        usize::try_from(count).unwrap()
    }

    /// Every attempt that any worker began, by job.
    pub(super) fn attempts(&self) -> HashMap<String, Vec<Attempt>> {
        let mut all: HashMap<String, Vec<Attempt>> = HashMap::new();
        for (name, text) in self.files("attempts-") {
            let pid = name.trim_start_matches("attempts-").parse().unwrap();
            for line in text.lines() {
                let mut words = line.split(' ');
                // The last line of a killed worker may be cut.
                let (Some(job), Some(at), Some(alone)) = (words.next(), words.next(), words.next()) else { continue };
                let Ok(at_ms) = at.parse() else { continue };
                all.entry(job.to_owned()).or_default().push(Attempt { pid, at_ms, alone: alone == "1" });
            }
        }
        all.values_mut().for_each(|attempts| attempts.sort_by_key(|attempt| attempt.at_ms));
        all
    }

    /// How often a worker logged this.
    pub(super) fn logged(&self, words: &str) -> usize {
        self.files("worker-").iter().map(|(_, text)| text.lines().filter(|line| line.contains(words)).count()).sum()
    }

    /// Stale writes that the ledger refused. An effect that came twice would have met the table's key instead, and would
    /// stand in a log.
    pub(super) fn refused(&self) -> usize {
        assert_eq!(self.logged("chaos_effects_pkey"), 0, "the fence let a second effect through");
        self.logged("a stale write was refused")
    }

    fn last_words(&self) -> String {
        let logs = self.files("worker-");
        let tail = |text: &str| text.lines().rev().take(3).map(str::to_owned).collect::<Vec<_>>().join("\n    ");
        logs.iter().rev().take(6).map(|(name, text)| format!("\n  {name}: {}", tail(text))).collect()
    }

    fn files(&self, prefix: &str) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = std::fs::read_dir(self.folder.path())
            .unwrap()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .filter_map(|entry| {
                let text = String::from_utf8_lossy(&std::fs::read(entry.path()).ok()?).into_owned();
                Some((entry.file_name().to_string_lossy().into_owned(), text))
            })
            .collect();
        found.sort();
        found
    }

    /// One raw command to Redis.
    pub(super) async fn raw<T: redis::FromRedisValue>(&self, words: &[&str]) -> redis::RedisResult<T> {
        let client = redis::Client::open(self.redis.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await?;
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut connection).await
    }
}

impl Drop for Stage {
    /// A failed test leaves its logs.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.folder.disable_cleanup(true);
            eprintln!("the workers' logs stand in {}", self.folder.path().display());
        }
    }
}

/// A job of a script.
pub(super) fn job(script: &str, n: usize) -> Job {
    let target = Target { platform: PlatformId::new("tiktok"), handle: format!("{script}_{n}").parse().unwrap() };
    let id = format!("{script}-{n}").parse().unwrap();
    Job { id, target, priority: Priority::Normal, posts: 30, frame: Frame::Viewport }
}

/// Kills a worker without a warning, and its family.
pub(super) async fn kill(mut worker: WorkerProcess) -> usize {
    worker.child.kill().await;
    worker.seat
}

/// An effect is a crawl that stands. The key makes a second one an error.
const EFFECTS: &[&str] = &[
    "create table chaos_effects (job text primary key, fence bigint not null, worker text, at timestamptz default clock_timestamp())",
    "create function chaos_effect() returns trigger language plpgsql as $$ begin
        insert into chaos_effects (job, fence, worker) select id, new.fence, new.worker from jobs where id = new.job_id and state = 'done';
        return new; end $$",
    "create trigger chaos_effect after insert on crawl_history for each row execute function chaos_effect()",
];

fn load(variables: &[(String, String)], queue: &str, store: &str) -> Config {
    let mut variables = variables.to_vec();
    variables.push(("SENTINEL__QUEUE__URL".to_owned(), queue.to_owned()));
    variables.push(("SENTINEL__STORE__URL".to_owned(), store.to_owned()));
    Config::load(&Sources { file: None, variables }).unwrap()
}

fn postgres_socket(url: &str) -> PathBuf {
    let url = url::Url::parse(url).unwrap();
    let host = url.query_pairs().find(|(name, _)| name == "host").unwrap().1.into_owned();
    PathBuf::from(host).join(".s.PGSQL.5432")
}
