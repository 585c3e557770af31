//! The case file of `sentinel selectors heal --case`: what worked, known-good pages, changed pages; and the answer to it.
//! It is the pure function on files, so that it can be tested, and compared with other tools, without a service.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::field::Values;
use super::page::{Page, Response};
use super::selectors::OldSelectors;
use crate::clock::Clock;
use crate::model::fault::Fault;

/// Pages, and known-good pages, that one case may hold.
const PAGES_MAX: usize = 256;

/// Why a case could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// A file of the case is missing or unreadable.
    #[error("{path}: {source}; a case's paths are relative to its case file")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file of the case is not what it should be.
    #[error("{path}: {source}; expected the form of a heal case")]
    Form {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        source: serde_json::Error,
    },
    /// More pages than one case may hold.
    #[error("{path}: {count} pages; a case holds at most {PAGES_MAX}")]
    TooMany {
        /// The case file.
        path: PathBuf,
        /// How many there are.
        count: usize,
    },
}

impl CaseError {
    /// A bad case is a bad job.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Read { .. } | Self::Form { .. } | Self::TooMany { .. } => Fault::Defect,
        }
    }
}

/// The case file.
#[derive(Debug, Clone, Deserialize)]
pub struct CaseFile {
    /// Comes back in the answer.
    pub case_id: String,
    /// `tiktok` or `instagram`; information only.
    #[serde(default)]
    pub site: String,
    /// What worked on the known-good pages.
    #[serde(default)]
    pub selectors: OldSelectors,
    /// Pages with their values.
    #[serde(default)]
    pub known_good: Vec<KnownEntry>,
    /// Pages to heal.
    pub pages: Vec<PageEntry>,
}

/// A known-good page of a case file.
#[derive(Debug, Clone, Deserialize)]
pub struct KnownEntry {
    /// The handle.
    pub profile: String,
    /// Its address.
    #[serde(default)]
    pub url: String,
    /// The page's file.
    pub html: String,
    /// The responses' file.
    #[serde(default)]
    pub network: Option<String>,
    /// What was read then.
    pub values: Values,
}

/// A changed page of a case file.
#[derive(Debug, Clone, Deserialize)]
pub struct PageEntry {
    /// Comes back in the answer.
    pub page_id: String,
    /// The handle asked for.
    pub profile: String,
    /// The address asked for.
    #[serde(default)]
    pub url: String,
    /// The page's file.
    pub html: String,
    /// The responses' file.
    #[serde(default)]
    pub network: Option<String>,
}

/// The answer: one line of output.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaseAnswer {
    /// The case's.
    pub case_id: String,
    /// By `page_id`, in the case's order.
    pub pages: IndexMap<String, Values>,
    /// Milliseconds per page, parsing excluded; what is learned from all pages is shared evenly.
    pub heal_ms: Vec<f64>,
    /// What could not be read of the case: those pages' values are null, those responses are missing.
    #[serde(skip)]
    pub unread: Vec<String>,
}

/// Reads one case and heals its pages.
///
/// # Errors
/// A case file that is missing or not in the form of CONTRACTS §5. A page that is not what it should be is no error: its values are
/// null, and the answer's `unread` says why.
pub fn run(path: &Path, clock: &Clock) -> Result<CaseAnswer, CaseError> {
    let case: CaseFile = read_json(path)?;
    let count = case.known_good.len().max(case.pages.len());
    if count > PAGES_MAX {
        return Err(CaseError::TooMany { path: path.to_owned(), count });
    }
    let mut files = Files { folder: path.parent().unwrap_or_else(|| Path::new(".")), unread: Vec::new() };
    let mut known = Vec::with_capacity(case.known_good.len());
    for entry in &case.known_good {
        let page = files.page(&entry.profile, &entry.url, &entry.html, entry.network.as_deref());
        known.push(super::Known { page, values: entry.values.clone() });
    }
    let mut pages = Vec::with_capacity(case.pages.len());
    for entry in &case.pages {
        pages.push(files.page(&entry.profile, &entry.url, &entry.html, entry.network.as_deref()));
    }
    let healed = super::heal(&case.selectors, &known, &pages, clock);
    let answers = case.pages.into_iter().zip(healed.pages).map(|(entry, page)| (entry.page_id, page.values)).collect();
    Ok(CaseAnswer { case_id: case.case_id, pages: answers, heal_ms: healed.heal_ms, unread: files.unread })
}

/// The files of one case, and what could not be read of them.
struct Files<'a> {
    folder: &'a Path,
    unread: Vec<String>,
}

impl Files<'_> {
    /// A page as far as it can be read: without its file it is empty and names nobody, without its responses it speaks for itself.
    fn page(&mut self, profile: &str, url: &str, html: &str, network: Option<&str>) -> Page {
        let html = self.kept(read_text(&self.folder.join(html))).unwrap_or_default();
        let responses = network.map(|file| read_responses(&self.folder.join(file)));
        let responses = responses.and_then(|read| self.kept(read)).unwrap_or_default();
        Page::parse(profile, url, &html, &responses)
    }

    fn kept<T>(&mut self, read: Result<T, CaseError>) -> Option<T> {
        read.map_err(|error| self.unread.push(error.to_string())).ok()
    }
}

/// A list of `{url, body}`; anything that is not one counts as no response, a broken body as that one body missing.
fn read_responses(path: &Path) -> Result<Vec<Response>, CaseError> {
    let text = read_text(path)?;
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let list: Value =
        serde_json::from_str(&text).map_err(|source| CaseError::Form { path: path.to_owned(), source })?;
    let Value::Array(list) = list else { return Ok(Vec::new()) };
    let read = |mut entry: Value| {
        let url = entry.get("url").and_then(Value::as_str).unwrap_or_default().to_owned();
        entry.get_mut("body").map(Value::take).map(|body| Response { url, body })
    };
    Ok(list.into_iter().filter_map(read).collect())
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, CaseError> {
    let text = read_text(path)?;
    serde_json::from_str(&text).map_err(|source| CaseError::Form { path: path.to_owned(), source })
}

fn read_text(path: &Path) -> Result<String, CaseError> {
    let bytes = std::fs::read(path).map_err(|source| CaseError::Read { path: path.to_owned(), source })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
