//! Files that a command leaves where its user said: whole or not at all, and with the rights that the umask gives.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use tempfile::NamedTempFile;

use crate::browser::har::Recorder;
use crate::engine::{Crawled, described};
use crate::extract::archive::pack;
use crate::model::job::Target;

/// What every new file asks for; the umask takes away from it.
const ASKED: u32 = 0o666;

/// `DIR/<platform>/<handle>/…`: picture, capture, and the document, which names them. All are written beside their names
/// first, so that a full disk leaves nothing; the document gets its name last.
///
/// # Errors
/// When one of them cannot be written: then none is there, and the document names no picture.
pub(super) fn write_out(folder: &Path, target: &Target, crawled: &mut Crawled) -> anyhow::Result<()> {
    let folder = folder.join(target.platform.as_str()).join(target.handle.as_str());
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let kept = write_all(&folder, crawled);
    if kept.is_err() {
        crawled.document.screenshot = None;
        // Only where it was made for this: a folder that holds something stays.
        let _ = std::fs::remove_dir(&folder);
    }
    kept
}

fn write_all(folder: &Path, crawled: &mut Crawled) -> anyhow::Result<()> {
    let mut files = Vec::new();
    if let Some(image) = &crawled.image {
        let path = folder.join(format!("screenshot.{}", image.format.extension()));
        crawled.document.screenshot = Some(described(image, path.to_string_lossy().into_owned(), None));
        files.push(Beside::write(path, &image.bytes)?);
    }
    files.push(Beside::write(folder.join("capture.json.zst"), &pack(&crawled.capture)?)?);
    let document = serde_json::to_vec_pretty(&crawled.document)?;
    files.push(Beside::write(folder.join("document.json"), &document)?);
    let mut named: Vec<PathBuf> = Vec::new();
    for file in files {
        let path = file.path.clone();
        if let Err(error) = file.name() {
            // What is left of them would pass for a crawl.
            for path in named {
                let _ = std::fs::remove_file(path);
            }
            return Err(error);
        }
        named.push(path);
    }
    Ok(())
}

/// The archive of what was recorded, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write_har(path: &Path, recorder: &Recorder) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", path.display());
    let beside = Beside::at(path.to_owned()).with_context(cannot)?;
    recorder.har().write(beside.file.path()).with_context(cannot)?;
    beside.name()
}

/// Whether a file can be written there, before anything is done for its sake; nothing stays.
///
/// # Errors
/// When it cannot.
pub(super) fn can_write(path: &Path) -> std::io::Result<()> {
    if path.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
    Beside::at(path.to_owned()).map(drop)
}

/// A file that has not got its name yet; dropped, it is gone.
struct Beside {
    file: NamedTempFile,
    path: PathBuf,
}

impl Beside {
    fn at(path: PathBuf) -> std::io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let ending = path.extension().map(|ending| format!(".{}", ending.to_string_lossy())).unwrap_or_default();
        let permissions = Permissions::from_mode(ASKED);
        let file = tempfile::Builder::new()
            .prefix(".sentinel-")
            .suffix(&ending)
            .permissions(permissions)
            .tempfile_in(folder)?;
        Ok(Self { file, path })
    }

    fn write(path: PathBuf, bytes: &[u8]) -> anyhow::Result<Self> {
        let cannot = format!("cannot write {}", path.display());
        let write = || {
            let mut beside = Self::at(path)?;
            beside.file.write_all(bytes)?;
            beside.file.flush()?;
            std::io::Result::Ok(beside)
        };
        write().context(cannot)
    }

    fn name(self) -> anyhow::Result<()> {
        let Self { file, path } = self;
        file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(())
    }
}
