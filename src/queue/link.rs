//! Connections. Scripts share one multiplexed connection out of a deadpool pool, so that calls made at the same time travel
//! together and cost one round trip each (taking a connection from the pool for every call would add a PING to each). A
//! blocking read needs a connection of its own and a response timeout above its block time: redis 1.8 gives up after
//! 500 ms by default. A connection that broke is dropped and the next call makes a new one: a restart of Redis needs none of ours.

use std::time::Duration;

use deadpool_redis::{Manager, Pool, Runtime};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, IntoConnectionInfo as _, RedisError, Script, ToRedisArgs};
use secrecy::ExposeSecret as _;
use tokio::sync::Mutex;

use super::config::QueueConfig;
use super::error::QueueError;

/// The shared connection, and one in reserve while a broken one is replaced.
const POOL_SIZE: usize = 2;

/// The way to Redis.
#[derive(Debug)]
pub(crate) struct Link {
    client: Client,
    pool: Pool,
    shared: Mutex<(u64, Option<Shared>)>,
    server: String,
    command_timeout: Duration,
    header: [String; 2],
}

/// The pooled connection that all calls share: a clone speaks through the same socket. The number tells it from the one
/// before, so that many calls failing together replace it once.
struct Shared {
    number: u64,
    connection: deadpool_redis::Connection,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Link {
    /// Prepares connections; the first is made by the first call.
    pub(crate) fn new(config: &QueueConfig) -> Result<Self, QueueError> {
        let server = address(&config.url);
        let refuse = |reason: String| QueueError::Url { url: server.clone(), reason };
        let info = config.url.as_str().into_connection_info().map_err(|error| refuse(error.to_string()))?;
        let mut login = info.redis_settings().clone();
        if !config.username.is_empty() {
            login = login.set_username(&config.username);
        }
        if let Some(password) = password(config)? {
            login = login.set_password(password);
        }
        let info = info.set_redis_settings(login);
        let client = Client::open(info.clone()).map_err(|error| refuse(error.to_string()))?;
        let timeout = config.command_timeout();
        let manager = Manager::new_with_config(info, connection_config(timeout, timeout))
            .map_err(|error| refuse(error.to_string()))?;
        let pool = Pool::builder(manager)
            .max_size(POOL_SIZE)
            .create_timeout(Some(timeout))
            .wait_timeout(Some(timeout))
            .recycle_timeout(Some(timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| refuse(error.to_string()))?;
        let header = [config.prefix.clone(), config.quarantine_after_deaths.to_string()];
        Ok(Self { client, pool, shared: Mutex::new((0, None)), server, command_timeout: timeout, header })
    }

    /// Runs a script: one round trip. `arguments` follow the two that every script gets.
    pub(crate) async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        arguments: &[impl ToRedisArgs],
    ) -> Result<T, QueueError> {
        let (number, mut connection) = self.shared().await?;
        let mut call = script.prepare_invoke();
        call.arg(&self.header[..]);
        for argument in arguments {
            call.arg(argument);
        }
        let answer = call.invoke_async(&mut connection).await;
        self.judge(number, answer).await
    }

    /// Sends commands together: one round trip.
    pub(crate) async fn send<T: FromRedisValue>(&self, pipeline: &redis::Pipeline) -> Result<T, QueueError> {
        let (number, mut connection) = self.shared().await?;
        let answer = pipeline.query_async(&mut connection).await;
        self.judge(number, answer).await
    }

    /// Sends one command.
    pub(crate) async fn ask<T: FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, QueueError> {
        let (number, mut connection) = self.shared().await?;
        let answer = command.query_async(&mut connection).await;
        self.judge(number, answer).await
    }

    /// A connection for blocking reads of up to `block`.
    pub(crate) async fn blocking(&self, block: Duration) -> Result<MultiplexedConnection, QueueError> {
        let config = connection_config(self.command_timeout, block + self.command_timeout);
        let made = self.client.get_multiplexed_async_connection_with_config(&config).await;
        made.map_err(|error| self.error(&error))
    }

    /// A connection for subscriptions.
    pub(crate) async fn subscriber(&self) -> Result<redis::aio::PubSub, QueueError> {
        match tokio::time::timeout(self.command_timeout, self.client.get_async_pubsub()).await {
            Ok(made) => made.map_err(|error| self.error(&error)),
            Err(_) => Err(QueueError::Slow { server: self.server.clone(), reason: "connecting".to_owned() }),
        }
    }

    /// Our error for the crate's.
    pub(crate) fn error(&self, error: &RedisError) -> QueueError {
        QueueError::from_redis(&self.server, error)
    }

    /// Our error for what stands in Redis and cannot be read.
    pub(crate) fn unreadable(&self, what: impl Into<String>) -> QueueError {
        QueueError::Wire { server: self.server.clone(), what: what.into() }
    }

    async fn shared(&self) -> Result<(u64, MultiplexedConnection), QueueError> {
        let mut shared = self.shared.lock().await;
        if let (number, Some(Shared { connection, .. })) = &*shared {
            return Ok((*number, connection.as_ref().clone()));
        }
        let connection = self.pool.get().await.map_err(|error| self.pool_error(&error))?;
        let clone = connection.as_ref().clone();
        let number = shared.0 + 1;
        *shared = (number, Some(Shared { number, connection }));
        Ok((number, clone))
    }

    /// Turns the crate's error into ours. After a timeout the connection is left as well: its socket may hang for
    /// minutes, and answers that come late belong to nobody.
    async fn judge<T>(&self, number: u64, answer: Result<T, RedisError>) -> Result<T, QueueError> {
        let error = match answer {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        if error.is_unrecoverable_error() || error.is_io_error() {
            let mut shared = self.shared.lock().await;
            if let Some(broken) = shared.1.take_if(|current| current.number == number) {
                drop(deadpool_redis::Connection::take(broken.connection));
            }
        }
        Err(self.error(&error))
    }

    fn pool_error(&self, error: &deadpool_redis::PoolError) -> QueueError {
        let (server, reason) = (self.server.clone(), error.to_string());
        match error {
            deadpool_redis::PoolError::Backend(error) => self.error(error),
            deadpool_redis::PoolError::Timeout(_) => QueueError::Slow { server, reason },
            deadpool_redis::PoolError::Closed
            | deadpool_redis::PoolError::NoRuntimeSpecified
            | deadpool_redis::PoolError::PostCreateHook(_) => QueueError::Unreachable { server, reason },
        }
    }
}

fn connection_config(connect: Duration, response: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(connect)).set_response_timeout(Some(response))
}

/// Whether this can be a Redis' address; nobody is asked.
pub(crate) fn check_url(url: &str) -> Result<(), QueueError> {
    let refuse = |error: RedisError| QueueError::Url { url: address(url), reason: error.to_string() };
    url.into_connection_info().map(drop).map_err(refuse)
}

fn password(config: &QueueConfig) -> Result<Option<String>, QueueError> {
    let file = &config.password_file;
    if file.as_os_str().is_empty() {
        let password = config.password.expose_secret();
        return Ok((!password.is_empty()).then(|| password.to_owned()));
    }
    let text = std::fs::read_to_string(file).map_err(|error| {
        QueueError::Setting(format!("queue.password_file {} cannot be read: {error}", file.display()))
    })?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// The URL without user, password and parameters, for messages.
fn address(url: &str) -> String {
    let bare = url.split(['?', '#']).next().unwrap_or_default();
    match (bare.split_once("://"), bare.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => bare.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_never_carry_a_password() {
        assert_eq!(address("redis://me:secret@db.example:6379/0"), "redis://db.example:6379/0");
        assert_eq!(address("redis+unix:///run/r.sock?pass=secret"), "redis+unix:///run/r.sock");
        assert_eq!(address("127.0.0.1:6379"), "127.0.0.1:6379");
    }
}
