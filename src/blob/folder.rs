//! Blobs as files. A blob is written into `.incoming/`, flushed to the disk and renamed, so that nobody ever reads half of
//! one and a crash leaves at most an unfinished file, which is swept when it is an hour old.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;

use super::{BlobEntry, BlobError};

/// Where blobs are while they are written.
pub(super) const INCOMING: &str = ".incoming";
/// As much as a crawl keeps: a picture and a capture.
const PROBE_BYTES: usize = 256 * 1024;
/// An unfinished blob of this age has no writer any more.
const ABANDONED: Duration = Duration::from_hours(1);

/// A folder of blobs.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn open(root: &Path) -> Result<Self, BlobError> {
        let incoming = root.join(INCOMING);
        fs::create_dir_all(&incoming).map_err(failed("make", &incoming))?;
        let root = fs::canonicalize(root).map_err(failed("find", root))?;
        for entry in fs::read_dir(&incoming).map_err(failed("read", &incoming))?.flatten() {
            let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
            if age.is_some_and(|age| age > ABANDONED)
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::warn!(path = %entry.path().display(), %error, "cannot sweep an unfinished blob");
            }
        }
        Ok(Self { root })
    }

    pub(super) fn path(&self, key: &str) -> PathBuf {
        self.root.join(key)
    }

    pub(super) async fn check(&self) -> Result<(), BlobError> {
        let incoming = self.root.join(INCOMING);
        // On a full disk an empty file can be made, and nothing be written into it.
        let probe = |incoming: &Path| tempfile::tempfile_in(incoming)?.write_all(&[0; PROBE_BYTES]);
        off_thread(move || probe(&incoming).map_err(failed("write into", &incoming))).await
    }

    pub(super) async fn put(&self, key: &str, bytes: Bytes) -> Result<(), BlobError> {
        let (incoming, path) = (self.root.join(INCOMING), self.path(key));
        off_thread(move || write(&incoming, &path, &bytes).map_err(failed("write", &path))).await
    }

    pub(super) async fn get(&self, key: &str, most: u64) -> Result<Bytes, BlobError> {
        let (path, key, place) = (self.path(key), key.to_owned(), self.root.display().to_string());
        off_thread(move || {
            let file = match File::open(&path) {
                // A key that names a folder, or goes through a file, names no blob.
                Err(error) if is_absent(&error) => return Err(BlobError::NotFound { key, place }),
                opened => opened.map_err(failed("open", &path))?,
            };
            let meta = file.metadata().map_err(failed("read", &path))?;
            if !meta.is_file() {
                return Err(BlobError::NotFound { key, place });
            }
            let mut bytes = Vec::new();
            file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed("read", &path))?;
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if size > most {
                return Err(BlobError::TooLarge { key, bytes: meta.len().max(size), most });
            }
            Ok(bytes.into())
        })
        .await
    }

    pub(super) async fn delete(&self, key: &str) -> Result<(), BlobError> {
        let (root, path) = (self.root.clone(), self.path(key));
        off_thread(move || {
            match fs::remove_file(&path) {
                Err(error) if is_absent(&error) => return Ok(()),
                removed => removed.map_err(failed("delete", &path))?,
            }
            // Folders that are empty now go too; one that is not, or that is just being filled, stays.
            let parents = path.ancestors().skip(1).take_while(|parent| *parent != root);
            for parent in parents {
                if fs::remove_dir(parent).is_err() {
                    break;
                }
            }
            Ok(())
        })
        .await
    }

    pub(super) async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<BlobEntry>, BlobError> {
        let (root, prefix, after) = (self.root.clone(), prefix.to_owned(), after.unwrap_or_default().to_owned());
        off_thread(move || {
            let mut walk = Walk { prefix: &prefix, after: &after, most, found: Vec::new() };
            walk.folder(&root, "").map_err(failed("read", &root))?;
            Ok(walk.found)
        })
        .await
    }
}

/// A walk through the folder in the order of the keys' bytes, that stops when it has enough.
struct Walk<'a> {
    prefix: &'a str,
    after: &'a str,
    most: usize,
    found: Vec<BlobEntry>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, key: &str) -> io::Result<()> {
        let mut names = Vec::new();
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
            if key.is_empty() && name == INCOMING {
                continue;
            }
            // As a folder's keys all go on with a slash, it is sorted by that, too.
            let name = if entry.file_type()?.is_dir() { format!("{name}/") } else { name };
            names.push((format!("{key}{name}"), entry.path()));
        }
        names.sort();
        for (key, path) in names {
            if self.found.len() >= self.most {
                return Ok(());
            }
            if key.ends_with('/') {
                let may_match = key.starts_with(self.prefix) || self.prefix.starts_with(&key);
                let lies_ahead = key.as_str() > self.after || self.after.starts_with(&key);
                if may_match && lies_ahead {
                    match self.folder(&path, &key) {
                        Err(error) if is_absent(&error) => {}
                        walked => walked?,
                    }
                }
            } else if key.starts_with(self.prefix) && key.as_str() > self.after {
                // A blob deleted during the walk is not there.
                if let Ok(meta) = fs::metadata(&path) {
                    let modified = meta.modified().ok().map(Into::into);
                    self.found.push(BlobEntry { key, bytes: meta.len(), modified });
                }
            }
        }
        Ok(())
    }
}

fn write(incoming: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Readable by all, as a web server that shows the folder is another user.
    let readable = fs::Permissions::from_mode(0o644);
    let mut file = tempfile::Builder::new().permissions(readable).tempfile_in(incoming)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let parent = path.parent().unwrap_or(incoming);
    // A folder may be removed as empty between making it and renaming into it: once more is enough.
    fs::create_dir_all(parent)?;
    let file = match file.persist(path) {
        Err(refused) if refused.error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(parent)?;
            refused.file.persist(path).map_err(|refused| refused.error)?
        }
        persisted => persisted.map_err(|refused| refused.error)?,
    };
    drop(file);
    // The rename itself is durable only when its folder is.
    File::open(parent)?.sync_all()
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory)
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> BlobError {
    let path = path.display().to_string();
    move |source| BlobError::Folder { action, path, source }
}

/// Files are slow at their own will: never on a thread that drives other work.
async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(BlobError::Folder { action: "work in", path: String::new(), source: io::Error::other(error) })
    })
}
