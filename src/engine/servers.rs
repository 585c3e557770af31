//! Which PostgreSQL and Redis are meant: the operator's, or, where none is named, private ones in `[local] folder`. Whoever
//! comes first starts those, whoever comes later joins them, so `sentinel submit` works beside `sentinel serve` and without it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::local::{LocalConfig, LocalError, LocalPostgres, LocalRedis};

/// How often a service that only joined looks whether the servers' owner has gone.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Which of the two a command asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// PostgreSQL and Redis.
    Both,
    /// PostgreSQL alone.
    Database,
    /// Redis alone.
    Queue,
}

/// The private servers that this process runs or has joined; nothing where the operator has named both.
#[derive(Debug)]
pub struct Servers {
    local: LocalConfig,
    postgres: Option<LocalPostgres>,
    redis: Option<LocalRedis>,
}

impl Servers {
    /// Starts or joins what is needed and the settings leave to us, and names it in the settings that come back.
    ///
    /// # Errors
    /// When a program is not installed, the folder cannot be used or a server does not start.
    pub async fn open(mut config: Config, needed: Needed) -> Result<(Config, Self), LocalError> {
        let database = config.store.is_local() && needed != Needed::Queue;
        let queue = config.queue.is_local() && needed != Needed::Database;
        let LocalConfig { folder, durability } = config.local.clone();
        let postgres =
            async { if database { LocalPostgres::start(&folder, durability).await.map(Some) } else { Ok(None) } };
        let redis = async { if queue { LocalRedis::start(&folder, durability).await.map(Some) } else { Ok(None) } };
        let (postgres, redis) = tokio::join!(postgres, redis);
        let servers = Self { local: config.local.clone(), postgres: postgres?, redis: redis? };
        if let Some(postgres) = &servers.postgres {
            config.store.url = postgres.url().into();
        }
        if let Some(redis) = &servers.redis {
            config.queue.url = redis.url();
        }
        Ok((config, servers))
    }

    /// For a service, until it is stopped: where the servers were joined and their owner has gone (a `sentinel submit` that
    /// was first), starts them again on the same files and sockets. Hands itself back.
    pub(super) async fn keep(mut self, stop: CancellationToken) -> Self {
        while tokio::time::timeout(LOOK_EVERY, stop.cancelled()).await.is_err() {
            tokio::select! {
                () = self.take_over() => {}
                () = stop.cancelled() => {}
            }
        }
        self
    }

    async fn take_over(&mut self) {
        let LocalConfig { folder, durability } = self.local.clone();
        if let Some(postgres) = self.postgres.as_mut().filter(|postgres| !postgres.is_owner()) {
            match LocalPostgres::start(&folder, durability).await {
                Ok(now) => *postgres = now,
                Err(error) => tracing::warn!(%error, "the private PostgreSQL has gone"),
            }
        }
        if let Some(redis) = self.redis.as_mut().filter(|redis| !redis.is_owner()) {
            match LocalRedis::start(&folder, durability).await {
                Ok(now) => *redis = now,
                Err(error) => tracing::warn!(%error, "the private Redis has gone"),
            }
        }
    }

    /// Stops what this process started, cleanly; what it joined runs on.
    pub async fn close(self) {
        let postgres = async {
            if let Some(postgres) = self.postgres {
                postgres.stop().await;
            }
        };
        let redis = async {
            if let Some(redis) = self.redis {
                redis.stop().await;
            }
        };
        tokio::join!(postgres, redis);
    }
}
