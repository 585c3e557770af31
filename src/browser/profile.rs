//! A browser's profile folder: made fresh, removed at the end. The owner holds a lock on a file beside it, so that after a
//! crash of ours the next start can tell an orphan from a neighbour's, also across containers that share the folder
//! (process ids would lie there).

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::error::BrowserError;

/// How our folders' names begin.
const PREFIX: &str = "sentinel-chromium-";
/// Makes names unique within a process.
static NEXT: AtomicU64 = AtomicU64::new(0);

/// A folder that is removed with this value.
#[derive(Debug)]
pub(super) struct Profile {
    folder: PathBuf,
    lock_file: PathBuf,
    /// Locked as long as the folder is in use; the system unlocks it when we die.
    _lock: File,
}

impl Profile {
    /// Makes an empty folder in `parent`.
    pub(super) fn create(parent: &Path) -> Result<Self, BrowserError> {
        let failed = |source| BrowserError::Folder { folder: parent.to_owned(), source };
        std::fs::create_dir_all(parent).map_err(failed)?;
        loop {
            let name = format!("{PREFIX}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let folder = parent.join(&name);
            let lock_file = parent.join(format!("{name}.lock"));
            // The lock comes first: a folder without a held lock is an orphan.
            let lock = File::options().create(true).truncate(false).write(true).open(&lock_file).map_err(failed)?;
            if lock.try_lock().is_err() || folder.exists() {
                continue;
            }
            std::fs::create_dir(&folder).and_then(|()| std::fs::create_dir(folder.join("tmp"))).map_err(failed)?;
            return Ok(Self { folder, lock_file, _lock: lock });
        }
    }

    /// The folder.
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// Removes it; a browser's last children may still write, so it takes a few tries.
    pub(super) async fn remove(self) {
        for _ in 0..20 {
            if remove(&self.folder) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        if !remove(&self.folder) {
            tracing::warn!(folder = %self.folder.display(), "a browser's folder is not empty yet; the next start removes it");
            return;
        }
        let _ = std::fs::remove_file(&self.lock_file);
    }
}

fn remove(folder: &Path) -> bool {
    let _ = std::fs::remove_dir_all(folder);
    !folder.exists()
}

/// Removes the folders that no living process holds.
pub(super) fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(base) = name.strip_prefix(PREFIX).map(|rest| rest.trim_end_matches(".lock")) else { continue };
        let lock_file = parent.join(format!("{PREFIX}{base}.lock"));
        let held = File::options().write(true).open(&lock_file).is_ok_and(|lock| lock.try_lock().is_err());
        if !held {
            let folder = parent.join(format!("{PREFIX}{base}"));
            if folder.exists() {
                tracing::info!(folder = %folder.display(), "removing the profile folder of a browser whose owner is gone");
            }
            if remove(&folder) {
                let _ = std::fs::remove_file(lock_file);
            }
        }
    }
}
