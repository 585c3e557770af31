//! The embedded default: a private PostgreSQL and a private Redis as child processes in a data folder, so that a newcomer
//! needs no server of their own. They listen on unix sockets only (no port is opened, nothing of the host's is touched),
//! die with us whatever way we end, and a start on the same folder finds everything as it was.
//!
//! A folder is used by one owner at a time: it holds a file lock that the kernel drops with the process, so a lock is
//! never stale. Who comes second while the owner lives (`sentinel submit` beside `sentinel serve`) joins the running
//! servers and stops nothing when it leaves.

mod home;
mod postgres;
mod redis;

use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use self::postgres::LocalPostgres;
pub use self::redis::LocalRedis;
use crate::model::fault::Fault;
use crate::process::SpawnError;

/// The `[local]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalConfig {
    /// Where both servers keep their files; made where it is missing. Relative to the working folder.
    pub folder: PathBuf,
    /// Whether what was acknowledged survives a crash of the machine.
    pub durability: Durability,
}

/// What an acknowledged write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Durability {
    /// A crash of the machine (Redis: all but its last second). For everything that is real.
    Full,
    /// In PostgreSQL a crash of its own process, not of the machine; in Redis not even that. For tests.
    None,
}

/// Both servers, running.
#[derive(Debug)]
pub struct Local {
    postgres: LocalPostgres,
    redis: LocalRedis,
}

impl Local {
    /// Starts both in `config.folder`, or joins them where another process of ours has started them there. Takes about
    /// 1.5 s the first time and 0.3 s after that.
    ///
    /// Call it on a thread that lives as long as the servers are to live (see [`crate::process`]).
    ///
    /// # Errors
    /// When a program is not installed, the folder cannot be used or a server does not start; the message says what to do.
    pub async fn start(config: &LocalConfig) -> Result<Self, LocalError> {
        let (postgres, redis) = tokio::join!(
            LocalPostgres::start(&config.folder, config.durability),
            LocalRedis::start(&config.folder, config.durability)
        );
        Ok(Self { postgres: postgres?, redis: redis? })
    }

    /// Where the database is: `postgres://…?host=<socket folder>`, as the plain role `sentinel` that owns it.
    #[must_use]
    pub fn postgres_url(&self) -> String {
        self.postgres.url()
    }

    /// Where Redis is: `redis+unix://<socket>`.
    #[must_use]
    pub fn redis_url(&self) -> String {
        self.redis.url()
    }

    /// Whether this process started the servers (else it only joined them).
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.postgres.is_owner() && self.redis.is_owner()
    }

    /// Both apart, for tests that kill and restart one of them.
    #[must_use]
    pub fn into_parts(self) -> (LocalPostgres, LocalRedis) {
        (self.postgres, self.redis)
    }

    /// Stops what this process started, cleanly; what it joined runs on.
    pub async fn stop(self) {
        tokio::join!(self.postgres.stop(), self.redis.stop());
    }
}

/// Why a private server does not run.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// A program is not there.
    #[error(
        "{program} is not installed: install it (Debian and Ubuntu: apt-get install {package}), \
         or name your own servers in store.url and queue.url"
    )]
    Missing {
        /// What was looked for.
        program: &'static str,
        /// The package that brings it.
        package: &'static str,
    },
    /// The data was made by another major version.
    #[error(
        "the data in {} were made by PostgreSQL {version}, which is not installed (apt-get install postgresql-{version}); \
         or set local.folder to a new folder", .folder.display()
    )]
    OtherVersion {
        /// The data folder.
        folder: PathBuf,
        /// Its version.
        version: String,
    },
    /// PostgreSQL refuses root, and there is no other user to run it as.
    #[error(
        "PostgreSQL refuses to run as root and this machine has no user {user}: install PostgreSQL by its package, \
         which makes one, or run sentinel as another user"
    )]
    NoUser {
        /// The user looked for.
        user: &'static str,
    },
    /// The folder cannot be used.
    #[error("cannot use {} (local.folder): {source}", .path.display())]
    Folder {
        /// The path at fault.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
    /// No place for a socket was short, safe and reachable enough.
    #[error("no folder for the socket of {}: its path must be under 108 bytes and our own; set local.folder to a shorter path", .folder.display())]
    NoSocketFolder {
        /// The server's folder.
        folder: PathBuf,
    },
    /// Somebody else works in the folder and does not answer.
    #[error("{} is used by another process that does not answer: stop it, or set local.folder to another folder", .folder.display())]
    Busy {
        /// The server's folder.
        folder: PathBuf,
    },
    /// The program could not be started at all.
    #[error(transparent)]
    Spawn(#[from] SpawnError),
    /// The program ended instead of serving.
    #[error("{program} ended at its start; its last words in {}: {tail}", .log.display())]
    Ended {
        /// Which.
        program: &'static str,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// The program runs and does not serve.
    #[error("{program} did not answer within {seconds} s; its last words in {}: {tail}", .log.display())]
    Slow {
        /// Which.
        program: &'static str,
        /// How long we waited.
        seconds: u64,
        /// Its log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
}

impl LocalError {
    /// What kind of failure this is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Missing { .. } | Self::OtherVersion { .. } | Self::NoUser { .. } | Self::NoSocketFolder { .. } => {
                Fault::Defect
            }
            Self::Folder { .. } | Self::Busy { .. } | Self::Spawn(_) | Self::Ended { .. } | Self::Slow { .. } => {
                Fault::Transient
            }
        }
    }

    fn folder(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Folder { path, source }
    }
}
