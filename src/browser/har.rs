//! HAR 1.2 as Playwright reads and writes it: an archive of requests and responses that can answer a page without a network
//! ([`SessionSpec::answer_from`](super::SessionSpec::answer_from)), be recorded from a session
//! ([`Recorder`]) and be turned into captured pages without a browser ([`to_capture_pages`]).
//!
//! A request is matched by its method and full URL, a POST also by its body, and among several by the most equal headers
//! ([`Har::answer`]). Redirects are entries like any other: the browser follows them inside the file by itself.
//! Archives come from strangers, so everything read is bounded and a `_file` never leaves its own folder.

mod form;
mod lookup;
mod pages;
mod read;
mod record;
mod write;

use std::collections::HashMap;
use std::path::PathBuf;

use bytes::Bytes;
use chrono::{DateTime, Utc};

pub use lookup::Asked;
pub(in crate::browser) use pages::public;
pub use pages::to_capture_pages;
pub(in crate::browser) use read::without_fragment;
pub use record::Recorder;

/// A value that stands in a written archive in place of a credential or cookie; never sent to a page.
pub const REDACTED: &str = "[redacted]";

/// An archive in memory, its bodies decoded.
#[derive(Debug, Clone, Default)]
pub struct Har {
    entries: Vec<Entry>,
    by_url: HashMap<String, Vec<usize>>,
}

/// One request with its response.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Entry {
    /// When it was sent.
    pub started_at: Option<DateTime<Utc>>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Which page of the archive it belongs to.
    pub page: Option<String>,
    /// Chromium's word for its kind in lower case, as in `document` or `xhr`.
    pub resource_type: Option<String>,
    /// `GET`, `POST` …; upper case.
    pub method: String,
    /// The full URL, without its fragment.
    pub url: String,
    /// The request's headers, names in lower case.
    pub request_headers: Vec<(String, String)>,
    /// The request's body.
    pub request_body: Option<String>,
    /// The HTTP status; 0 where no response came.
    pub status: u16,
    /// The response's headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body's media type.
    pub mime: String,
    /// The decoded body.
    pub body: Bytes,
}

impl Har {
    /// An archive of these entries, in this order.
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut by_url: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, entry) in entries.iter().enumerate() {
            by_url.entry(entry.url.clone()).or_default().push(index);
        }
        Self { entries, by_url }
    }

    /// Its entries in the order in which they were sent.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// When its first request was sent.
    #[must_use]
    pub fn started_at(&self) -> Option<DateTime<Utc>> {
        self.entries.iter().filter_map(|entry| entry.started_at).min()
    }
}

impl Entry {
    /// The value of a response header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the response sends the browser elsewhere.
    #[must_use]
    pub fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 303 | 307 | 308) && self.header("location").is_some()
    }
}

/// Why an archive cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HarError {
    /// The file cannot be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// `read` or `write`.
        doing: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// It is no archive.
    #[error("{input} is not a HAR 1.2 archive: {reason}")]
    Malformed {
        /// Which file or part.
        input: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It is larger than we take.
    #[error("{input} holds more than {limit} bytes")]
    TooBig {
        /// Which file or part.
        input: String,
        /// The bound.
        limit: u64,
    },
}
