//! One private PostgreSQL and Redis for the test process, started when the first test asks and gone with the process.
//!
//! Run the integration tests as one process (`cargo test --test it`): all tests share one pair and a test's own database
//! costs about 50 ms. Under a runner that gives each test a process of its own (nextest) each process that needs a server
//! starts its own pair, which costs it about half a second and shares nothing, so nothing can be left running: the servers
//! die with their process by the kernel's hand, and a small watcher process then removes their folder.
//!
//! The servers are started from a thread of their own that never ends: their death signal follows the thread that started
//! them, and a test's thread ends with its test.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test's helper may fail the test")]

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use social_sentinel::local::{Durability, LocalPostgres, LocalRedis};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};

/// A migrated database nobody works in; every test's own is a copy.
const TEMPLATE: &str = "sentinel_template";

/// Where the run's servers are.
pub(crate) struct Servers {
    /// Redis, to be shared: keep to your own [`redis_prefix`].
    pub(crate) redis_url: String,
    superuser_url: String,
    url_of: Box<dyn Fn(&str) -> String + Send + Sync>,
}

static SERVERS: LazyLock<Servers> = LazyLock::new(|| {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let folder = run_folder();
            let postgres = LocalPostgres::start(&folder, Durability::None).await.expect("private PostgreSQL");
            let redis = LocalRedis::start(&folder, Durability::None).await.expect("private Redis");
            let superuser_url = postgres.url_for("postgres", "postgres");
            let template = make_template(&superuser_url, |name| postgres.url_for("sentinel", name));
            template.await;
            let pattern = postgres.url_for("sentinel", "DATABASE");
            let url_of = Box::new(move |name: &str| pattern.replace("/DATABASE?", &format!("/{name}?")));
            tell.send(Servers { redis_url: redis.url(), superuser_url, url_of }).unwrap();
            std::future::pending::<()>().await;
        });
    });
    told.recv().expect("the private servers start; their reason stands above")
});

/// The run's servers. The first call takes about two seconds and blocks its thread.
pub(crate) fn servers() -> &'static Servers {
    &SERVERS
}

/// The URL of a new, migrated, empty database of the test's own, reached as the plain role `sentinel`.
pub(crate) async fn fresh_database_url() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let servers = servers();
    let name = format!("t{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let mut admin = PgConnection::connect(&servers.superuser_url).await.unwrap();
    let create = format!("create database {name} template {TEMPLATE} owner sentinel");
    sqlx::query(AssertSqlSafe(create)).execute(&mut admin).await.unwrap();
    (servers.url_of)(&name)
}

/// A pool on a [`fresh_database_url`].
pub(crate) async fn fresh_database() -> PgPool {
    PgPoolOptions::new().max_connections(8).connect(&fresh_database_url().await).await.unwrap()
}

/// A key prefix that no other test of this run has.
pub(crate) fn redis_prefix() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("t{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A temporary folder that PostgreSQL's own user can reach too.
pub(crate) fn open_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}

async fn make_template(superuser_url: &str, url_of: impl Fn(&str) -> String) {
    let mut admin = PgConnection::connect(superuser_url).await.unwrap();
    let create = format!("create database {TEMPLATE} owner sentinel");
    sqlx::query(AssertSqlSafe(create)).execute(&mut admin).await.unwrap();
    let pool = PgPoolOptions::new().max_connections(1).connect(&url_of(TEMPLATE)).await.unwrap();
    social_sentinel::store::migrate(&pool).await.unwrap();
    // A database that somebody is connected to cannot be copied.
    pool.close().await;
}

/// A folder that is removed when this process has ended, in whatever way.
fn run_folder() -> std::path::PathBuf {
    let folder = tempfile::Builder::new().prefix("sentinel-it-").tempdir().unwrap().keep();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o755)).unwrap();
    // The watcher's stdin is closed when we end; the pause lets PostgreSQL's children see that their parent is gone.
    let watcher = "cat >/dev/null; \
        segment=$(sed -n 7p \"$1/postgres/data/postmaster.pid\" | tr -s ' ' | cut -d' ' -f3); \
        for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 1; rm -rf \"$1\" && break; done; ipcrm -m \"$segment\"";
    let watcher = Command::new("sh")
        .args(["-c", watcher, "sh"])
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
    std::mem::forget(watcher);
    folder
}

/// A database of a test's own is there, migrated and empty, and reached as a role that is no superuser.
#[tokio::test]
async fn every_test_has_a_migrated_database_of_its_own() {
    let (one, other) = tokio::join!(fresh_database(), fresh_database());
    sqlx::query("insert into tenants (name) values ('mine')").execute(&one).await.unwrap();
    let count = |pool: PgPool| async move {
        sqlx::query_scalar::<_, i64>("select count(*) from tenants").fetch_one(&pool).await.unwrap()
    };
    assert_eq!((count(one).await, count(other.clone()).await), (2, 1));
    let sql = "select rolsuper from pg_roles where rolname = current_user";
    assert!(!sqlx::query_scalar::<_, bool>(sql).fetch_one(&other).await.unwrap());
    assert_ne!(redis_prefix(), redis_prefix());
    let client = redis::Client::open(servers().redis_url.as_str()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    assert_eq!(redis::cmd("PING").query_async::<String>(&mut connection).await.unwrap(), "PONG");
}
