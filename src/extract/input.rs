//! Loads saved files into a capture, for `sentinel extract`: a page, bodies of responses, an archived capture.
//! Whatever was saved becomes the same value that a crawl brings home, so both are read by the same path.

mod responses;

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use url::Url;

use self::responses::responses_of;
use super::html::MAX_PAGE_BYTES;
use super::json::MAX_BODY_BYTES;
use crate::model::capture::{Capture, CapturedPage, KeptResponse};
use crate::model::job::Target;
use crate::model::visit::Purpose;

/// The largest archived capture that is read, unpacked.
const MAX_CAPTURE_BYTES: u64 = 256 * 1024 * 1024;
/// The largest number of files read of a folder.
const MAX_FILES: usize = 10_000;

/// What to load.
#[derive(Debug, Clone, Default)]
pub struct InputOptions {
    /// The page's HTML.
    pub page: Option<PathBuf>,
    /// Files or folders of response bodies.
    pub responses: Vec<PathBuf>,
    /// An archived capture (`capture.json.zst`, or the same unpacked).
    pub capture: Option<PathBuf>,
    /// A capture that was loaded elsewhere (a HAR file): its pages are taken first.
    pub ready: Option<Capture>,
    /// The profile that is meant, from `--url`.
    pub target: Option<Target>,
    /// The URL as given.
    pub url: Option<String>,
    /// When the files were saved.
    pub observed_at: Option<DateTime<Utc>>,
}

/// Why files cannot be loaded. Every message names the file and the mend.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// A file that cannot be read.
    #[error("{path}: {cause}; give a file that exists and may be read")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A file above its limit.
    #[error("{path}: {bytes} bytes are more than the {limit} that are read")]
    TooLarge {
        /// The file.
        path: String,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A capture that does not read as one.
    #[error("{path}: no capture: {cause}; give a capture.json.zst written by `sentinel crawl --out`")]
    NoCapture {
        /// The file.
        path: String,
        /// What is wrong.
        cause: String,
    },
    /// A folder without a file, and nothing else to read.
    #[error("{path}: no file in this folder; give one that holds saved responses")]
    EmptyFolder {
        /// The folder.
        path: String,
    },
    /// A folder with more files than are read.
    #[error("{path}: more than {MAX_FILES} files in this folder; give one of a single profile")]
    FullFolder {
        /// The folder.
        path: String,
    },
    /// Nothing to read at all.
    #[error("nothing to read: give --page, --responses, --har or --capture")]
    Nothing,
}

/// Loads everything that the options name into one capture. Nothing in it comes from the clock: the same files give the
/// same capture.
///
/// # Errors
/// [`InputError`], which names the file and the mend.
pub fn load(options: InputOptions) -> Result<Capture, InputError> {
    let InputOptions { page, responses, capture, ready, target, url, observed_at } = options;
    if page.is_none() && responses.is_empty() && capture.is_none() && ready.is_none() {
        return Err(InputError::Nothing);
    }
    let mut all = ready.unwrap_or_default();
    if let Some(path) = capture {
        let archived = archived(&path)?;
        all.pages.extend(archived.pages);
        all.target = all.target.or(archived.target);
        all.observed_at = all.observed_at.or(archived.observed_at);
    }
    if page.is_some() || !responses.is_empty() {
        let html = page.as_deref().map(|path| text(path, MAX_PAGE_BYTES)).transpose()?;
        let mut bodies = Vec::new();
        for path in &responses {
            for file in files(path)? {
                bodies.extend(responses_of(&text(&file, MAX_BODY_BYTES)?));
            }
        }
        if let Some(folder) = responses.first()
            && bodies.is_empty()
            && html.is_none()
            && all.pages.is_empty()
        {
            return Err(InputError::EmptyFolder { path: folder.display().to_string() });
        }
        let url = url.unwrap_or_default();
        let document =
            if html.is_none() && all.pages.is_empty() { own_page(&mut bodies, target.as_ref()) } else { None };
        if let Some(document) = document {
            all.pages.push(document);
        }
        let only_bodies = all.pages.len() == 1 && html.is_none();
        match all.pages.first_mut().filter(|_| only_bodies) {
            Some(first) => first.responses.extend(bodies),
            None => all.pages.push(saved_page(html, bodies, url)),
        }
    }
    all.target = target.or(all.target);
    all.observed_at = observed_at.or(all.observed_at);
    all.duration_ms = None;
    Ok(all)
}

/// The profile's own page, where it was saved as one of the responses: markup at the address that is the profile's.
fn own_page(bodies: &mut Vec<KeptResponse>, target: Option<&Target>) -> Option<CapturedPage> {
    let handle = target?.handle.as_str();
    let is_page = |response: &KeptResponse| {
        let path = Url::parse(&response.url).map(|url| url.path().trim_matches('/').to_owned()).unwrap_or_default();
        path.strip_prefix('@').unwrap_or(&path).eq_ignore_ascii_case(handle)
            && response.method == "GET"
            && response.body.trim_start_matches('\u{feff}').trim_start().starts_with('<')
    };
    let at = bodies.iter().position(is_page)?;
    let KeptResponse { url, status, headers, body, .. } = bodies.remove(at);
    Some(CapturedPage {
        purpose: Purpose::Profile,
        final_url: url.clone(),
        url,
        redirects: Vec::new(),
        status: Some(status),
        headers,
        html: body,
        responses: Vec::new(),
    })
}

fn saved_page(html: Option<String>, responses: Vec<KeptResponse>, url: String) -> CapturedPage {
    // A page that was saved empty was an empty answer; a page that was never saved was none.
    let status = html.as_ref().filter(|html| html.trim().is_empty()).map(|_| 200);
    CapturedPage {
        purpose: Purpose::Profile,
        final_url: url.clone(),
        url,
        redirects: Vec::new(),
        status,
        headers: Vec::new(),
        html: html.unwrap_or_default(),
        responses,
    }
}

/// A file, or a folder's files by name.
fn files(path: &Path) -> Result<Vec<PathBuf>, InputError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |cause| InputError::Unreadable { path: path.display().to_string(), cause };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        if files.len() == MAX_FILES {
            return Err(InputError::FullFolder { path: path.display().to_string() });
        }
        let file = entry.map_err(unreadable)?.path();
        let hidden = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if file.is_file() && !hidden {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// A file's text, bounded; bytes that are no UTF-8 become replacement characters.
fn text(path: &Path, limit: usize) -> Result<String, InputError> {
    let bytes = bytes(path, u64::try_from(limit).unwrap_or(u64::MAX))?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}

fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, InputError> {
    let unreadable = |cause| InputError::Unreadable { path: path.display().to_string(), cause };
    let file = fs::File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    if size > limit {
        return Err(InputError::TooLarge { path: path.display().to_string(), bytes: size, limit });
    }
    let mut bytes = Vec::new();
    file.take(limit).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

fn archived(path: &Path) -> Result<Capture, InputError> {
    let packed = bytes(path, MAX_CAPTURE_BYTES)?;
    let no_capture = |cause: String| InputError::NoCapture { path: path.display().to_string(), cause };
    let text = if packed.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let reader = zstd::Decoder::new(packed.as_slice()).map_err(|error| no_capture(error.to_string()))?;
        let mut text = Vec::new();
        reader.take(MAX_CAPTURE_BYTES).read_to_end(&mut text).map_err(|error| no_capture(error.to_string()))?;
        text
    } else {
        packed
    };
    serde_json::from_slice(&text).map_err(|error| no_capture(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_read_by_name_and_nothing_at_all_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("b.json"), "{\"n\":2}").unwrap();
        fs::write(folder.path().join("a.json"), "{\"n\":1}").unwrap();
        let options = InputOptions { responses: vec![folder.path().to_owned()], ..InputOptions::default() };
        let bodies: Vec<String> = load(options).unwrap().pages[0].responses.iter().map(|r| r.body.clone()).collect();
        assert_eq!(bodies, ["{\"n\":1}", "{\"n\":2}"]);
        assert!(matches!(load(InputOptions::default()), Err(InputError::Nothing)));
        let empty = tempfile::tempdir().unwrap();
        let options = InputOptions { responses: vec![empty.path().to_owned()], ..InputOptions::default() };
        assert!(load(options).unwrap_err().to_string().contains("no file in this folder"));
        let missing = InputOptions { page: Some(folder.path().join("none.html")), ..InputOptions::default() };
        assert!(load(missing).unwrap_err().to_string().contains("none.html"));
    }
}
