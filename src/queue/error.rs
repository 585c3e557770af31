//! What can go wrong between us and Redis, in words that name the server (never its password) and the mend.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::model::fault::Fault;

/// Why the queue could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// A setting cannot be.
    #[error("{0}")]
    Setting(String),
    /// The URL is not one of Redis.
    #[error("queue.url is {url:?}, which is not redis://host:port/db or redis+unix:///path/to/socket ({reason})")]
    Url {
        /// What was given, without credentials.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody answers, or the connection broke.
    #[error("Redis at {server} cannot be reached ({reason}): start it, or set queue.url")]
    Unreachable {
        /// Its address.
        server: String,
        /// The network's word.
        reason: String,
    },
    /// An answer took too long.
    #[error("Redis at {server} did not answer in time ({reason}): it is overloaded or stalled")]
    Slow {
        /// Its address.
        server: String,
        /// What was waited for.
        reason: String,
    },
    /// It is there and cannot serve yet or at all: loading, out of memory, a replica, wrong password.
    #[error("Redis at {server} refuses: {reason}{mend}", mend = .refusal.mend())]
    Refused {
        /// Its address.
        server: String,
        /// Which kind of refusal.
        refusal: Refusal,
        /// Its own words.
        reason: String,
    },
    /// What stands in Redis is not what this version or an earlier one writes.
    #[error(
        "Redis at {server} holds something unreadable under queue.prefix ({what}): is the prefix shared with another program?"
    )]
    Wire {
        /// Its address.
        server: String,
        /// What could not be read.
        what: String,
    },
}

/// The refusals that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// `maxmemory` is reached: what drains still works, what adds does not.
    OutOfMemory,
    /// It reads its files after a start.
    Loading,
    /// It is a replica, or its disk is full.
    ReadOnly,
    /// Wrong user or password, or a forbidden command.
    Denied,
    /// Anything else.
    Other,
}

impl Refusal {
    const fn mend(self) -> &'static str {
        match self {
            Self::OutOfMemory => " (raise maxmemory; nothing is lost, jobs wait in the ledger)",
            Self::Loading => " (it has just started; wait)",
            Self::ReadOnly => " (point queue.url at the primary, or free its disk)",
            Self::Denied => " (check queue.username and queue.password)",
            Self::Other => "",
        }
    }
}

impl QueueError {
    /// What kind of failure this is.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Unreachable { .. } | Self::Slow { .. } | Self::Refused { .. } => Fault::Transient,
            Self::Setting(_) | Self::Url { .. } | Self::Wire { .. } => Fault::Defect,
        }
    }

    /// Whether `maxmemory` is reached, so that adding fails while draining goes on.
    #[must_use]
    pub const fn is_out_of_memory(&self) -> bool {
        matches!(self, Self::Refused { refusal: Refusal::OutOfMemory, .. })
    }

    /// Whether the command may have been carried out although no answer came, so that asking again can help.
    pub(crate) const fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Slow { .. } | Self::Refused { refusal: Refusal::Loading, .. })
    }

    pub(crate) fn from_redis(server: &str, error: &RedisError) -> Self {
        let (server, reason) = (server.to_owned(), error.to_string());
        if error.is_timeout() {
            return Self::Slow { server, reason };
        }
        if error.is_io_error() || error.is_connection_dropped() || error.is_connection_refusal() {
            return Self::Unreachable { server, reason };
        }
        match (error.kind(), error.code()) {
            (ErrorKind::Parse | ErrorKind::UnexpectedReturnType, _) => Self::Wire { server, what: reason },
            (ErrorKind::AuthenticationFailed, _) => Self::Refused { server, refusal: Refusal::Denied, reason },
            (ErrorKind::Server(kind), code) => {
                Self::Refused { server, refusal: refusal(Some(kind), code, &reason), reason }
            }
            (_, code) => Self::Refused { server, refusal: refusal(None, code, &reason), reason },
        }
    }
}

fn refusal(kind: Option<ServerErrorKind>, code: Option<&str>, text: &str) -> Refusal {
    match (kind, code) {
        (_, Some("OOM")) => Refusal::OutOfMemory,
        (Some(ServerErrorKind::BusyLoading), _) | (_, Some("LOADING")) => Refusal::Loading,
        (Some(ServerErrorKind::ReadOnly), _) | (_, Some("MISCONF")) => Refusal::ReadOnly,
        (Some(ServerErrorKind::NoPerm), _) | (_, Some("NOAUTH" | "WRONGPASS" | "NOPERM")) => Refusal::Denied,
        // A script's error carries the refused command's words in its own.
        _ if text.contains("OOM command not allowed") => Refusal::OutOfMemory,
        _ => Refusal::Other,
    }
}
