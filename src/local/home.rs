//! A server's folder: who owns it, who may run in it, where its socket and its log stand. What both servers need and
//! neither should know twice.
//!
//! A unix socket's path is at most 107 bytes, and PostgreSQL may have to run as another user who cannot enter ours (root's
//! own folder is closed): both are settled here by moving to a short or an open place and leaving a link behind.

use std::fs::{self, File, Permissions, TryLockError};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::LocalError;

/// The longest path a unix socket can have.
const SOCKET_PATH_BYTES: usize = 107;
/// A log longer than this is set aside at the next start; one older log is kept.
const LOG_BYTES: u64 = 1 << 20;
/// Where a server's files go when its user cannot enter the folder asked for.
const OPEN_HOME: &str = "/var/lib/social-sentinel";
/// How long a start may take; a crash recovery of much data is slow.
pub(super) const START_PATIENCE: Duration = Duration::from_secs(90);
/// How often a start is looked at.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Another user of this machine that a server runs as.
#[derive(Debug, Clone, Copy)]
pub(super) struct Account {
    pub(super) name: &'static str,
    pub(super) uid: u32,
    pub(super) gid: u32,
}

impl Account {
    /// The account a server must run as: none where we are not root and run it as ourselves.
    pub(super) fn for_root(name: &'static str) -> Result<Option<Self>, LocalError> {
        let ours = fs::metadata("/proc/self").map_err(LocalError::folder(Path::new("/proc/self")))?;
        if ours.uid() != 0 {
            return Ok(None);
        }
        let passwd = fs::read_to_string("/etc/passwd").map_err(LocalError::folder(Path::new("/etc/passwd")))?;
        let found = passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            (fields.next() == Some(name)).then(|| {
                let uid = fields.nth(1)?.parse().ok()?;
                Some(Self { name, uid, gid: fields.next()?.parse().ok()? })
            })?
        });
        found.map(Some).ok_or(LocalError::NoUser { user: name })
    }

    /// Whether this account may walk through every folder down to `path`.
    fn reaches(self, path: &Path) -> bool {
        path.ancestors().all(|folder| {
            fs::metadata(folder).is_ok_and(|meta| {
                let mode = meta.mode();
                mode & 0o001 != 0
                    || (meta.uid() == self.uid && mode & 0o100 != 0)
                    || (meta.gid() == self.gid && mode & 0o010 != 0)
            })
        })
    }
}

/// One server's folder.
#[derive(Debug, Clone)]
pub(super) struct Home {
    /// The server's own folder, closed to everybody but its account.
    pub(super) path: PathBuf,
    /// Where its socket stands.
    pub(super) sockets: PathBuf,
    /// Its log.
    pub(super) log: PathBuf,
}

impl Home {
    /// `folder/name`, made, owned by `account` where there is one; `socket` is the name its socket will have.
    pub(super) fn prepare(
        folder: &Path,
        name: &'static str,
        account: Option<Account>,
        socket: &str,
    ) -> Result<Self, LocalError> {
        fs::create_dir_all(folder).map_err(LocalError::folder(folder))?;
        let folder = fs::canonicalize(folder).map_err(LocalError::folder(folder))?;
        let mark = fingerprint(&folder);
        let path = match account {
            Some(account) if !account.reaches(&folder) => {
                let open = Path::new(OPEN_HOME).join(&mark);
                fs::create_dir_all(&open).map_err(LocalError::folder(&open))?;
                let path = open.join(name);
                leave_link(&folder.join(name), &path).map_err(LocalError::folder(&folder))?;
                path
            }
            Some(_) | None => folder.join(name),
        };
        own(&path, account).map_err(LocalError::folder(&path))?;
        let sockets = Self::socket_folder(&path, account, socket, &format!("sentinel-{mark}-{name}"))?;
        let log = path.join(format!("{name}.log"));
        Ok(Self { path, sockets, log })
    }

    fn socket_folder(home: &Path, account: Option<Account>, socket: &str, short: &str) -> Result<PathBuf, LocalError> {
        let temp = std::env::temp_dir();
        let places = [home.join("run"), temp.join(short), Path::new("/tmp").join(short)];
        for place in places {
            let fits = place.join(socket).as_os_str().as_bytes().len() <= SOCKET_PATH_BYTES;
            let reached = account.is_none_or(|account| place.parent().is_some_and(|parent| account.reaches(parent)));
            if fits && reached && own(&place, account).is_ok() {
                return Ok(place);
            }
        }
        Err(LocalError::NoSocketFolder { folder: home.to_owned() })
    }

    /// Takes the folder for this process: `None` while another one holds it. Held until the file is dropped.
    pub(super) fn lock(&self) -> Result<Option<File>, LocalError> {
        let path = self.path.join("lock");
        let file = File::options().create(true).write(true).truncate(false).open(&path);
        let file = file.map_err(LocalError::folder(&path))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(LocalError::Folder { path, source }),
        }
    }

    /// Sets a log aside that has grown too long.
    pub(super) fn turn_log(&self) -> Result<(), LocalError> {
        if fs::metadata(&self.log).is_ok_and(|meta| meta.len() > LOG_BYTES) {
            let old = self.log.with_extension("log.old");
            fs::rename(&self.log, old).map_err(LocalError::folder(&self.log))?;
        }
        Ok(())
    }

    /// What became of a program that was started here: whether it came as far as it should, none where it took too long.
    ///
    /// # Errors
    /// Where it did not, with the end of its log.
    pub(super) fn began(&self, program: &'static str, came_up: Option<bool>) -> Result<(), LocalError> {
        if came_up == Some(true) {
            return Ok(());
        }
        let (log, tail) = (self.log.clone(), self.log_tail());
        match came_up {
            Some(_) => Err(LocalError::Ended { program, log, tail }),
            None => Err(LocalError::Slow { program, seconds: START_PATIENCE.as_secs(), log, tail }),
        }
    }

    /// The log's last lines, for an error.
    fn log_tail(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().rev().take(6).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join(" | ")
    }
}

/// Looks every few milliseconds whether `done` says something, at most `patience` long.
pub(super) async fn wait_until<T>(patience: Duration, mut done: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = done() {
            return Some(found);
        }
        if Instant::now() >= end {
            return None;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// A short name for a path, the same in every process.
fn fingerprint(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// Makes `path` a folder that only its owner may enter. A folder of somebody else, or a link in its place, is refused:
/// in a shared temporary folder it may be a trap.
fn own(path: &Path, account: Option<Account>) -> io::Result<()> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let meta = fs::symlink_metadata(path)?;
    let ours = fs::metadata("/proc/self")?.uid();
    let known = meta.uid() == ours || account.is_some_and(|account| account.uid == meta.uid());
    if !meta.is_dir() || !known {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is not a folder of ours"));
    }
    if let Some(account) = account {
        std::os::unix::fs::chown(path, Some(account.uid), Some(account.gid))?;
    }
    fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// A link at `link` that shows where the files went. Files that stand in its place already, from when the folder was open,
/// are not passed over silently.
fn leave_link(link: &Path, to: &Path) -> io::Result<()> {
    match std::os::unix::fs::symlink(to, link) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            if fs::read_link(link).is_ok_and(|present| present == to) {
                return Ok(());
            }
            let problem = format!(
                "{} holds data but its server's user cannot reach it; open the folders above it",
                link.display()
            );
            Err(io::Error::new(io::ErrorKind::PermissionDenied, problem))
        }
        done => done,
    }
}

/// Whether `program` can be started by its bare name. Asked of `sh`, which knows PATH; we read no environment here.
pub(super) fn on_path(program: &str) -> bool {
    let looked = std::process::Command::new("sh")
        .args(["-c", "command -v \"$1\"", "sh", program])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status();
    looked.is_ok_and(|status| status.success())
}
