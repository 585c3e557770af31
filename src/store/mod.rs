//! PostgreSQL: the ledger of jobs and the record of everything that was read. Plain SQL, one function per question, each
//! one statement or one transaction; every wait is bounded, every list comes in pages.
//!
//! Time is the database's own (`now()`), never a worker's: several machines, one clock. What a worker brings is when it
//! looked at a page.

pub mod blobs;
pub mod config;
pub mod delete;
pub mod error;
mod freed;
pub mod healing;
pub mod held;
pub mod jobs;
pub mod last;
pub mod lease;
pub mod migrate;
pub mod operate;
pub mod outbox;
pub mod profiles;
pub mod relay;
pub mod retention;
pub mod save;
pub mod selectors;
pub mod stalled;
pub mod submit;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use secrecy::ExposeSecret as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool};

pub use self::config::StoreConfig;
pub use self::error::StoreError;
pub use self::migrate::{SchemaState, migrate, migrate_check};

/// A connection that lay idle longer than this is tried before it is given out; a busy one need not pay the round trip.
const TRY_AFTER_IDLE: Duration = Duration::from_secs(1);
/// How long a connection may live, so that a moved database is found again.
const MAX_LIFETIME: Duration = Duration::from_mins(30);

/// The database. Cheap to clone; clones share one bounded pool.
#[derive(Debug, Clone)]
pub struct Store {
    pool: PgPool,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    place: String,
    config: StoreConfig,
    /// Submissions that may still come before the backlog is counted again.
    room: AtomicI64,
    stale_writes: AtomicU64,
}

/// How the database does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The server's version, as in `15.14`.
    pub version: String,
    /// The role we work as.
    pub role: String,
    /// What is unsafe or out of step, for a person; empty where all is well.
    pub warnings: Vec<String>,
    /// Whether the tables are those of this program.
    pub schema: SchemaState,
}

impl Store {
    /// Connects, once directly so that a refusal is told in the server's own words, then by a pool. Does not migrate.
    ///
    /// # Errors
    /// When the URL is no PostgreSQL URL or the server cannot be reached or refuses us.
    pub async fn connect(config: &StoreConfig) -> Result<Self, StoreError> {
        let url = config.url()?;
        let options = options(url.expose_secret())?;
        let timeout = config.statement_timeout().as_millis().to_string();
        let options = options
            .application_name("sentinel")
            .options([("statement_timeout", timeout), ("idle_in_transaction_session_timeout", "60000".to_owned())]);
        let place = place(&options);
        let connected = tokio::time::timeout(config.acquire_timeout(), PgConnection::connect_with(&options)).await;
        match connected {
            Ok(Ok(connection)) => connection.close().await.map_err(|source| StoreError::from(source).at(&place))?,
            Ok(Err(source)) => return Err(StoreError::from(source).at(&place)),
            Err(_) => return Err(StoreError::Unreachable { place, detail: "no answer in time".to_owned() }),
        }
        let pool = PgPoolOptions::new()
            .max_connections(config.pool_max_connections)
            .acquire_timeout(config.acquire_timeout())
            .max_lifetime(MAX_LIFETIME)
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRY_AFTER_IDLE {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options);
        let shared = Shared { place, config: config.clone(), room: AtomicI64::new(0), stale_writes: AtomicU64::new(0) };
        Ok(Self { pool, shared: Arc::new(shared) })
    }

    /// The pool, for migrations and for tests.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// Where the database is, without credentials.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.shared.place
    }

    /// How many writes were refused because their lease was not the present one, since the start.
    #[must_use]
    pub fn stale_writes(&self) -> u64 {
        self.shared.stale_writes.load(Ordering::Relaxed)
    }

    /// Asks the server who it is and who we are.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn health(&self) -> Result<Health, StoreError> {
        let sql = "select current_setting('server_version'), current_user::text, rolsuper or rolbypassrls, \
                   current_setting('synchronous_commit'), current_setting('fsync') \
                   from pg_roles where rolname = current_user";
        let row: (String, String, bool, String, String) =
            sqlx::query_as(sql).fetch_one(&self.pool).await.map_err(|e| self.error(e))?;
        let (version, role, sees_all, synchronous, fsync) = row;
        let schema = migrate_check(&self.pool).await?;
        let mut warnings = Vec::new();
        if sees_all {
            warnings.push(format!(
                "the role {role} is a superuser or bypasses row security, so tenants would not be kept apart: \
                 make a plain role that owns the database and name it in store.url"
            ));
        }
        if fsync == "off" || synchronous == "off" {
            warnings.push(format!(
                "PostgreSQL runs with fsync={fsync}, synchronous_commit={synchronous}: an accepted job may be lost \
                 when the machine crashes; set both to on"
            ));
        }
        warnings.extend(schema.warning());
        Ok(Health { version: version.split(' ').next().unwrap_or_default().to_owned(), role, warnings, schema })
    }

    /// Closes every connection, after the statements that run have ended.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// An error of sqlx with the place it came from.
    fn error(&self, source: sqlx::Error) -> StoreError {
        StoreError::from(source).at(&self.shared.place)
    }

    /// A write that changed no row because its lease is not the present one: counted, then told.
    fn stale(&self, job: &str, fence: i64) -> StoreError {
        self.shared.stale_writes.fetch_add(1, Ordering::Relaxed);
        StoreError::StaleWrite { job: job.to_owned(), fence }
    }
}

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    // sqlx takes any scheme; another database's URL would end in a strange refusal.
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return Err(StoreError::BadUrl { detail: "it does not begin with postgres://".to_owned() });
    }
    url.parse().map_err(|source: sqlx::Error| StoreError::BadUrl { detail: source.to_string() })
}

/// Where the server is, for a message: never with a password.
fn place(options: &PgConnectOptions) -> String {
    let database = options.get_database().unwrap_or("postgres");
    match options.get_socket() {
        Some(socket) => format!("{}/{database}", socket.display()),
        None => format!("{}:{}/{database}", options.get_host(), options.get_port()),
    }
}

/// A duration as PostgreSQL's microseconds; what is longer than 292,000 years is that long.
fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// A page's size as SQL takes it.
fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}
