//! What a caller may wish of a session, and what a visit gives back: plain data.

use std::sync::Arc;

use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::config::PictureFormat;
use super::har::{Har, Recorder};
use super::storage::StorageState;
use crate::model::capture::{CapturedPage, Picture};
use crate::model::visit::Ready;

/// How a session is to be. The default is a guest with nothing particular; what is none comes from `[browser]`.
#[derive(Debug, Clone, Default)]
pub struct SessionSpec {
    /// Language, as in `en-US`.
    pub locale: Option<String>,
    /// Time zone, as in `UTC`.
    pub timezone: Option<String>,
    /// Cookies and local storage to begin with.
    pub storage_state: Option<StorageState>,
    /// The way out to the network.
    pub proxy: Option<Proxy>,
    /// What is not requested.
    pub blocking: Blocking,
    /// How pictures are encoded.
    pub picture_format: Option<PictureFormat>,
    /// Largest response, in bytes.
    pub max_response_bytes: Option<usize>,
    /// Most bytes received in one visit.
    pub max_visit_bytes: Option<u64>,
    /// How further pages of lists are asked for without scrolling.
    pub follow: Vec<Follow>,
    /// Answers every request; what is not in it is aborted and nothing reaches the network.
    pub answer_from: Option<Arc<Har>>,
    /// Receives every request and response.
    pub record_to: Option<Recorder>,
    /// Cancelled, it disposes of the context from outside, for a crawl that does not end when it is told to.
    pub kill: CancellationToken,
}

/// How much of a page is left unrequested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Blocking {
    /// What neither data nor picture needs (`[browser] block_urls`): the picture shows the page as a visitor sees it.
    #[default]
    Faithful,
    /// Images as well (`block_urls_lean`): the picture shows none.
    Lean,
    /// Nothing: as for a full-page picture.
    None,
}

/// How a list's next page is asked for by the page's own `fetch`, which the page may have replaced by one that signs: the last
/// request of the list again, with the cursor that its response gave. Cheaper than scrolling: nothing is laid out or
/// painted. Where nothing comes of it, the visit scrolls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// The list's requests have URLs that contain this.
    pub url: String,
    /// Keys from the root of a response to the cursor of the next.
    pub cursor: Vec<String>,
    /// The query parameter that takes it.
    pub param: String,
    /// Where the list is asked for by POST: the field of its form whose JSON holds `param`.
    pub form: Option<String>,
    /// Query parameters that the page adds anew to each request, as signatures.
    pub drop: Vec<String>,
}

/// A proxy server.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// `http://host:port`, `https://host:port` or `socks5://host:port`, without credentials.
    pub server: String,
    /// User name and password, where it asks for them.
    pub credentials: Option<(String, SecretString)>,
    /// Hosts to be reached directly, as Chromium writes them: separated by semicolons.
    pub bypass: Option<String>,
}

/// What a visit brought.
#[derive(Debug, Clone)]
pub struct Visited {
    /// The page and its kept responses.
    pub page: CapturedPage,
    /// The picture, where one was asked for.
    pub picture: Option<Picture>,
    /// Bytes received, as transferred.
    pub bytes: u64,
    /// Why the visit stopped waiting for the data.
    pub readiness: Readiness,
    /// Why it stopped paging; none where the visit has no paging.
    pub paging: Option<PagingEnd>,
}

/// Why a visit stopped waiting for its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// This sign of `Visit::ready` was seen.
    Seen(Ready),
    /// The page has loaded and there was nothing to wait for, or a status that made waiting pointless.
    Loaded,
    /// The patience after the load ran out, or the page came to rest without a sign.
    PatienceOver,
}

/// Why a visit stopped paging.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PagingEnd {
    /// As many items as wanted are there.
    Enough,
    /// The newest response of the list says that there are no more.
    ListEnded,
    /// The newest response of a list was a refusal or had no body.
    Refused,
    /// No new item came for as long as `Paging::stall`.
    Stalled,
    /// `Paging::max_steps` scroll steps were made.
    OutOfSteps,
}
