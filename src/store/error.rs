//! What can go wrong with the database, told with the input and the mend.

use std::io;
use std::path::PathBuf;

use crate::model::fault::Fault;

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The settings name no server, or two.
    #[error("store.url or store.url_file must name the database, but {problem}")]
    NoUrl {
        /// What is wrong.
        problem: &'static str,
    },
    /// A number that cannot be.
    #[error("store.{key} is 0: it must be at least 1")]
    Setting {
        /// The setting.
        key: &'static str,
    },
    /// The file with the URL cannot be read.
    #[error("cannot read {} (store.url_file): {source}", .path.display())]
    UrlFile {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// The URL is none. The URL itself is not repeated: it may hold a password.
    #[error("store.url is not a PostgreSQL URL as in postgres://user:password@host:5432/database: {detail}")]
    BadUrl {
        /// What is wrong with it.
        detail: String,
    },
    /// Nobody answers there.
    #[error("PostgreSQL at {place} cannot be reached ({detail}): start it or set store.url")]
    Unreachable {
        /// Host and database, or the socket.
        place: String,
        /// The system's word.
        detail: String,
    },
    /// It answers and will not have us.
    #[error("PostgreSQL at {place} refuses us ({detail}): check role, password and database in store.url")]
    Refused {
        /// Host and database, or the socket.
        place: String,
        /// The server's word.
        detail: String,
    },
    /// Every connection is in use.
    #[error(
        "no connection to PostgreSQL at {place} came free in time: raise store.pool_max_connections or look for slow statements"
    )]
    Busy {
        /// Host and database, or the socket.
        place: String,
    },
    /// The tables are not there, or of another version.
    #[error("the tables at {place} are not those of this program ({detail}): run `sentinel migrate`")]
    NotMigrated {
        /// Host and database, or the socket.
        place: String,
        /// The server's word.
        detail: String,
    },
    /// A migration failed or was changed after it had run.
    #[error("migration failed: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The ledger holds as many waiting jobs as it may.
    #[error("the backlog is full: {waiting} jobs wait, store.backlog_max_jobs is {most}; try again later")]
    BacklogFull {
        /// How many wait.
        waiting: u64,
        /// How many may.
        most: u32,
    },
    /// A lease that is not the present one tried to write. Nothing was written.
    #[error("job {job}: lease {fence} is not the present one, nothing was written")]
    StaleWrite {
        /// The job.
        job: String,
        /// The lease's fence.
        fence: i64,
    },
    /// There is no such row.
    #[error("there is no {what} {name:?}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
        /// By which name.
        name: String,
    },
    /// A stored row or a given value is not what it must be.
    #[error("{what} is damaged: {detail}")]
    Damaged {
        /// Which row or value.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
    /// PostgreSQL failed in another way.
    #[error("PostgreSQL at {place}: {source}")]
    Database {
        /// Host and database, or the socket.
        place: String,
        /// Its word.
        source: sqlx::Error,
    },
}

impl StoreError {
    /// Whether a write was refused because its lease is not the present one.
    #[must_use]
    pub const fn is_stale(&self) -> bool {
        matches!(self, Self::StaleWrite { .. })
    }

    /// What kind of failure this is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoUrl { .. }
            | Self::Setting { .. }
            | Self::UrlFile { .. }
            | Self::BadUrl { .. }
            | Self::NotFound { .. }
            | Self::Damaged { .. } => Fault::Defect,
            Self::Unreachable { .. }
            | Self::Refused { .. }
            | Self::Busy { .. }
            | Self::NotMigrated { .. }
            | Self::Migrate(_)
            | Self::BacklogFull { .. }
            | Self::StaleWrite { .. } => Fault::Transient,
            Self::Database { source, .. } => match sql_state(source).as_deref() {
                // A value that no retry will make fit: wrong data (22), or a broken rule of ours (23).
                Some(state) if state.starts_with("22") || state.starts_with("23") => Fault::Defect,
                Some(_) | None => Fault::Transient,
            },
        }
    }

    /// Fills in where it happened.
    pub(super) fn at(mut self, here: &str) -> Self {
        match &mut self {
            Self::Unreachable { place, .. }
            | Self::Refused { place, .. }
            | Self::Busy { place }
            | Self::NotMigrated { place, .. }
            | Self::Database { place, .. } => here.clone_into(place),
            Self::NoUrl { .. }
            | Self::Setting { .. }
            | Self::UrlFile { .. }
            | Self::BadUrl { .. }
            | Self::Migrate(_)
            | Self::BacklogFull { .. }
            | Self::StaleWrite { .. }
            | Self::NotFound { .. }
            | Self::Damaged { .. } => {}
        }
        self
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        let place = String::new();
        let state = sql_state(&source);
        match (&source, state.as_deref()) {
            (sqlx::Error::Io(_), _) => Self::Unreachable { place, detail: source.to_string() },
            (sqlx::Error::PoolTimedOut, _) => Self::Busy { place },
            // It stops, starts or has no room: it will be back.
            (_, Some("57P01" | "57P02" | "57P03" | "53300")) => Self::Unreachable { place, detail: source.to_string() },
            // Authentication, unknown role or database.
            (_, Some("28000" | "28P01" | "3D000")) => Self::Refused { place, detail: source.to_string() },
            // Undefined table, column or function.
            (_, Some("42P01" | "42703" | "42883")) => Self::NotMigrated { place, detail: source.to_string() },
            _ => Self::Database { place, source },
        }
    }
}

fn sql_state(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned())
}
