//! The private Redis: append-only, never evicting. With its usual snapshots a killed Redis loses every job since the last
//! one, and with an eviction policy it drops a stream together with its consumer group; both were measured.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

use super::home::{Home, LOOK_EVERY, START_PATIENCE};
use super::{Durability, LocalError};
use crate::process::{ChildGroup, Spawn};

const PROGRAM: &str = "redis-server";
const SOCKET: &str = "r.sock";
/// One look must not hang on a server that accepts and says nothing.
const PING_PATIENCE: Duration = Duration::from_secs(1);
/// How long a clean stop may take: the append-only file is flushed.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// A Redis of our own, or one joined.
#[derive(Debug)]
pub struct LocalRedis {
    home: Home,
    durability: Durability,
    child: Option<ChildGroup>,
    lock: Option<File>,
}

impl LocalRedis {
    /// Starts it in `folder/redis`, or joins the one that another process of ours runs there.
    ///
    /// # Errors
    /// When `redis-server` is not installed, the folder cannot be used or the server does not start.
    pub async fn start(folder: &Path, durability: Durability) -> Result<Self, LocalError> {
        let home = Home::prepare(folder, "redis", None, SOCKET)?;
        let mut server = Self { lock: home.lock()?, home, durability, child: None };
        if server.is_owner() {
            server.launch().await?;
        } else {
            let joined = tokio::time::timeout(START_PATIENCE, server.answering(None)).await;
            joined.map_err(|_| LocalError::Busy { folder: server.home.path.clone() })?;
        }
        Ok(server)
    }

    /// `redis+unix://<socket>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// The socket's path.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.home.sockets.join(SOCKET)
    }

    /// Whether this process started it.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.lock.is_some()
    }

    /// Its process id while we run it.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(ChildGroup::pid)
    }

    /// Kills it without a warning, as a crash would; nothing happens to one we only joined.
    pub async fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().await;
        }
    }

    /// Starts it again on the same files and socket, after [`kill`](Self::kill) or by stopping it cleanly first.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub async fn restart(&mut self) -> Result<(), LocalError> {
        if let Some(child) = self.child.take() {
            child.stop("TERM", STOP_GRACE).await;
        }
        if self.is_owner() { self.launch().await } else { Ok(()) }
    }

    /// Stops it cleanly where we started it.
    pub async fn stop(mut self) {
        if let Some(child) = self.child.take() {
            child.stop("TERM", STOP_GRACE).await;
        }
    }

    async fn launch(&mut self) -> Result<(), LocalError> {
        if !super::home::on_path(PROGRAM) {
            return Err(LocalError::Missing { program: PROGRAM, package: PROGRAM });
        }
        self.home.turn_log()?;
        let spawn = Spawn::new(PROGRAM)
            .args(["--port", "0", "--unixsocketperm", "700", "--daemonize", "no", "--save", ""])
            .args(["--maxmemory-policy", "noeviction"])
            .arg("--unixsocket")
            .arg(self.socket())
            .arg("--dir")
            .arg(&self.home.path);
        let spawn = match self.durability {
            Durability::Full => spawn.args(["--appendonly", "yes", "--appendfsync", "everysec"]),
            Durability::None => spawn.args(["--appendonly", "no"]),
        };
        let mut child = spawn.logged_to(&self.home.log)?;
        let looked = tokio::time::timeout(START_PATIENCE, self.answering(Some(&mut child))).await;
        self.home.began(PROGRAM, looked.ok())?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until it serves; false when `child`, which is to be it, has ended.
    async fn answering(&self, mut child: Option<&mut ChildGroup>) -> bool {
        loop {
            if child.as_mut().is_some_and(|child| child.has_ended()) {
                return false;
            }
            if self.answers().await {
                return true;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Whether it serves: while it still loads its file it answers `-LOADING`.
    async fn answers(&self) -> bool {
        let ping = async {
            let mut stream = UnixStream::connect(self.socket()).await?;
            stream.write_all(b"PING\r\n").await?;
            let mut answer = [0_u8; 7];
            stream.read_exact(&mut answer).await?;
            Ok::<_, std::io::Error>(&answer == b"+PONG\r\n")
        };
        matches!(tokio::time::timeout(PING_PATIENCE, ping).await, Ok(Ok(true)))
    }
}
