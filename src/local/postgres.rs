//! The private PostgreSQL. It refuses to run as root, so root runs it as the user `postgres` in a folder of that user.
//! The cluster is made in a folder aside and renamed when it is whole, so a start that was cut off leaves nothing half made.
//! We work in it as the plain role `sentinel`: a superuser would see through row-level security.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::home::{Account, Home, START_PATIENCE, on_path, wait_until};
use super::{Durability, LocalError};
use crate::process::{ChildGroup, Spawn};

const PROGRAM: &str = "postgres";
const SOCKET: &str = ".s.PGSQL.5432";
const INSTALLED: &str = "/usr/lib/postgresql";
/// The role that owns the database, and the database.
const OWNER: &str = "sentinel";
/// A fast shutdown writes a checkpoint.
const STOP_GRACE: Duration = Duration::from_secs(20);
/// After a kill its children need a moment before their shared memory is free.
const DYING: Duration = Duration::from_secs(10);

/// A PostgreSQL of our own, or one joined.
#[derive(Debug)]
pub struct LocalPostgres {
    home: Home,
    account: Option<Account>,
    durability: Durability,
    child: Option<ChildGroup>,
    lock: Option<File>,
}

impl LocalPostgres {
    /// Starts it in `folder/postgres`, or joins the one that another process of ours runs there.
    ///
    /// # Errors
    /// When PostgreSQL is not installed, the folder cannot be used or the server does not start.
    pub async fn start(folder: &Path, durability: Durability) -> Result<Self, LocalError> {
        let account = Account::for_root("postgres")?;
        let home = Home::prepare(folder, "postgres", account, SOCKET)?;
        let mut server = Self { lock: home.lock()?, home, account, durability, child: None };
        if server.is_owner() {
            server.launch().await?;
        } else {
            let joined = wait_until(START_PATIENCE, || server.is_ready().then_some(())).await;
            joined.ok_or_else(|| LocalError::Busy { folder: server.home.path.clone() })?;
        }
        Ok(server)
    }

    /// The database `sentinel` as the plain role that owns it.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_for(OWNER, OWNER)
    }

    /// Another database, or another role of this server; `postgres` is the superuser.
    #[must_use]
    pub fn url_for(&self, role: &str, database: &str) -> String {
        let host = self.home.sockets.display().to_string();
        let host = url::form_urlencoded::byte_serialize(host.as_bytes()).collect::<String>();
        format!("postgres://{role}@localhost/{database}?host={host}&sslmode=disable")
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
            child.stop("INT", STOP_GRACE).await;
        }
        if self.is_owner() { self.launch().await } else { Ok(()) }
    }

    /// Stops it cleanly where we started it: sessions are ended, a checkpoint is written.
    pub async fn stop(mut self) {
        if let Some(child) = self.child.take() {
            child.stop("INT", STOP_GRACE).await;
        }
    }

    fn data(&self) -> PathBuf {
        self.home.path.join("data")
    }

    fn spawn(&self, program: &Path) -> Spawn {
        let spawn = match self.account {
            Some(account) => Spawn::as_user(program, account.name),
            None => Spawn::new(program),
        };
        spawn.current_dir(&self.home.path)
    }

    async fn launch(&mut self) -> Result<(), LocalError> {
        self.home.turn_log()?;
        let version = fs::read_to_string(self.data().join("PG_VERSION")).ok();
        let programs = programs(version.as_deref().map(str::trim), &self.home.path)?;
        if version.is_none() {
            self.create(&programs).await?;
        }
        self.clear_stale().await?;
        // A killed server's children hold its shared memory a moment longer; until they are gone a start is refused.
        let begun = tokio::time::Instant::now();
        loop {
            match self.serve(&programs).await {
                Err(LocalError::Ended { tail, .. }) if tail.contains("still in use") && begun.elapsed() < DYING => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                served => return served,
            }
        }
    }

    async fn serve(&mut self, programs: &Path) -> Result<(), LocalError> {
        let mut settings = vec![
            "listen_addresses=".to_owned(),
            format!("unix_socket_directories={}", self.home.sockets.display()),
            "unix_socket_permissions=0700".to_owned(),
            "max_connections=200".to_owned(),
            "dynamic_shared_memory_type=mmap".to_owned(),
        ];
        if self.durability == Durability::None {
            // synchronous_commit stays on: without it a killed server forgets commits, not only a crashed machine.
            settings.extend(["fsync=off", "full_page_writes=off"].map(str::to_owned));
        }
        let spawn = self.spawn(&programs.join(PROGRAM)).arg("-D").arg(self.data());
        let spawn = settings.iter().fold(spawn, |spawn, setting| spawn.args(["-c", setting]));
        let mut child = spawn.logged_to(&self.home.log)?;
        let looked = wait_until(START_PATIENCE, || {
            if child.has_ended() {
                return Some(false);
            }
            self.is_ready().then_some(true)
        });
        let looked = looked.await;
        self.home.began(PROGRAM, looked)?;
        self.child = Some(child);
        Ok(())
    }

    /// Makes the cluster, the role and the database.
    async fn create(&self, programs: &Path) -> Result<(), LocalError> {
        let made = self.home.path.join("data.new");
        if made.exists() {
            fs::remove_dir_all(&made).map_err(LocalError::folder(&made))?;
        }
        let initdb = self.spawn(&programs.join("initdb")).arg("-D").arg(&made).args([
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
            "--wal-segsize=4",
        ]);
        let initdb = if self.durability == Durability::None { initdb.arg("--no-sync") } else { initdb };
        self.run_to_end("initdb", initdb).await?;
        // The single-user mode reads one statement a line and needs neither a running server nor a client program.
        let statements = format!("create role {OWNER} login; create database {OWNER} owner {OWNER};");
        let statements = statements.replace("; ", ";\n");
        let single = self
            .spawn(Path::new("sh"))
            .args(["-c", "printf '%s\\n' \"$3\" | \"$1\" --single -D \"$2\" postgres", "sh"])
            .arg(programs.join(PROGRAM))
            .arg(&made)
            .arg(statements);
        self.run_to_end(PROGRAM, single).await?;
        fs::rename(&made, self.data()).map_err(LocalError::folder(&made))
    }

    async fn run_to_end(&self, program: &'static str, spawn: Spawn) -> Result<(), LocalError> {
        let mut child = spawn.logged_to(&self.home.log)?;
        let status = tokio::time::timeout(START_PATIENCE, child.wait()).await;
        let went_well = status.map(|ended| ended.is_ok_and(|status| status.success()));
        self.home.began(program, went_well.ok())
    }

    /// Whether the server that works in our data folder says that it accepts connections (as `pg_ctl -w` asks).
    fn is_ready(&self) -> bool {
        let Ok(text) = fs::read_to_string(self.data().join("postmaster.pid")) else { return false };
        let lines: Vec<&str> = text.lines().collect();
        let says_ready = lines.get(7).is_some_and(|state| state.trim() == "ready");
        says_ready && lines.first().is_some_and(|pid| self.works_here(pid))
    }

    /// Whether the process `pid` is a PostgreSQL in our data folder. After a crash the number may belong to anybody.
    fn works_here(&self, pid: &str) -> bool {
        let process = Path::new("/proc").join(pid.trim());
        let name = fs::read_to_string(process.join("comm")).unwrap_or_default();
        // Where we may not look into the process (another user's), its name must do.
        let folder = fs::read_link(process.join("cwd")).ok();
        name.trim() == PROGRAM && folder.is_none_or(|folder| folder == self.data())
    }

    /// Removes what a killed server left behind: its pid file and socket name a process that may be anybody's by now,
    /// and PostgreSQL would refuse to start because of it.
    async fn clear_stale(&self) -> Result<(), LocalError> {
        let pid_file = self.data().join("postmaster.pid");
        let gone = wait_until(DYING, || {
            let text = fs::read_to_string(&pid_file).unwrap_or_default();
            let pid = text.lines().next().unwrap_or_default().to_owned();
            (pid.is_empty() || !self.works_here(&pid)).then_some(())
        });
        gone.await.ok_or_else(|| LocalError::Busy { folder: self.home.path.clone() })?;
        let socket = self.home.sockets.join(SOCKET);
        let socket_lock = self.home.sockets.join(format!("{SOCKET}.lock"));
        for path in [pid_file, socket, socket_lock] {
            match fs::remove_file(&path) {
                Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                    return Err(LocalError::Folder { path, source });
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

/// The folder of PostgreSQL's programs: that of `version`, else the newest, else wherever PATH has them.
fn programs(version: Option<&str>, folder: &Path) -> Result<PathBuf, LocalError> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(INSTALLED)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join(PROGRAM).exists() && bin.join("initdb").exists())
        .collect();
    found.sort();
    let wanted = version.and_then(|version| version.parse::<u32>().ok());
    match wanted {
        Some(wanted) => {
            if let Some((_, bin)) = found.iter().find(|(number, _)| *number == wanted) {
                return Ok(bin.clone());
            }
            if !found.is_empty() {
                return Err(LocalError::OtherVersion { folder: folder.to_owned(), version: wanted.to_string() });
            }
        }
        None => {
            if let Some((_, bin)) = found.pop() {
                return Ok(bin);
            }
        }
    }
    // By its bare name the program is looked up in PATH when it is started.
    if on_path(PROGRAM) && on_path("initdb") { Ok(PathBuf::new()) } else { Err(missing()) }
}

fn missing() -> LocalError {
    LocalError::Missing { program: "PostgreSQL", package: "postgresql" }
}
