//! What came back from the outside: the border value of the house. Everything after it is pure, so any
//! production failure can be replayed from its saved capture (`capture.json.zst`).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::job::Target;
use super::visit::Purpose;

/// All that a crawl saw of one profile, in the order of its visits.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Capture {
    /// The profile asked for; none when saved files are read without naming one.
    pub target: Option<Target>,
    /// How many posts the crawl wanted; none where the files are no crawl's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requested: Option<u16>,
    /// One per visit; the first is the profile's page where there is one.
    pub pages: Vec<CapturedPage>,
    /// When the first page was asked for.
    pub observed_at: Option<DateTime<Utc>>,
    /// From the first request to the last byte, in milliseconds.
    pub duration_ms: Option<u64>,
}

/// One page as it came back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapturedPage {
    /// Which page of the crawl it is.
    pub purpose: Purpose,
    /// The URL asked for.
    pub url: String,
    /// The URL that answered in the end; equal to `url` without redirects.
    pub final_url: String,
    /// Every URL that redirected on the way, first to last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redirects: Vec<String>,
    /// The main document's HTTP status; none where only files are known.
    pub status: Option<u16>,
    /// The main document's response headers, names in lower case, credentials removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The document as rendered when the visit ended; empty where only responses are known.
    pub html: String,
    /// The responses that the page's own scripts received and the visit asked to keep, in order of arrival.
    pub responses: Vec<KeptResponse>,
}

/// A response that the page received.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptResponse {
    /// The full URL; empty where a saved body does not tell.
    pub url: String,
    /// `GET`, `POST` …; upper case.
    pub method: String,
    /// The request's body where it had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// Response headers, names in lower case, credentials removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body as text (bodies that are no UTF-8 are kept with replacement characters).
    pub body: String,
}

/// A picture as the browser took it, before it is fitted to its budget. Kept outside [`Capture`], which is text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// The encoded image, PNG, JPEG or WebP.
    pub bytes: Vec<u8>,
}
