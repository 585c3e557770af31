//! Waiting for streams to grow: one blocking read on a connection of its own, which takes nothing, so that several
//! programs may wait for the same streams and a cancelled wait costs only its connection.

use std::time::Duration;

use redis::aio::MultiplexedConnection;
use tokio::sync::Mutex;

use super::error::QueueError;
use super::link::Link;

/// The connection of the blocking read; there is none before the first wait and after one that was cancelled, because its
/// read goes on at the server until its time is over.
pub(crate) struct Wake(Mutex<Option<MultiplexedConnection>>);

impl std::fmt::Debug for Wake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wake")
    }
}

impl Wake {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Blocks until one of the streams grows past its cursor, or `time` is over, which is at most `longest`. `cursors` are
    /// pairs of stream and last id.
    pub(crate) async fn wait(
        &self,
        link: &Link,
        cursors: &[String],
        time: Duration,
        longest: Duration,
    ) -> Result<(), QueueError> {
        let mut kept = self.0.lock().await;
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => link.blocking(longest).await?,
        };
        let ms = u64::try_from(time.min(longest).as_millis()).unwrap_or(u64::MAX).max(1);
        let mut read = redis::cmd("XREAD");
        read.arg("COUNT").arg(1).arg("BLOCK").arg(ms).arg("STREAMS");
        for stream in cursors.iter().step_by(2) {
            read.arg(stream);
        }
        for last in cursors.iter().skip(1).step_by(2) {
            read.arg(last);
        }
        let answer: Result<redis::Value, _> = read.query_async(&mut connection).await;
        answer.map_err(|error| link.error(&error))?;
        *kept = Some(connection);
        Ok(())
    }
}
