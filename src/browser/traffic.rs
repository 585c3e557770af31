//! What a page's network traffic amounts to: the main document with its redirects, the responses to keep, and the bounds.
//! Plain state fed by events; it sends nothing and waits for nothing.

use std::collections::{HashMap, VecDeque};

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::har::{self, Entry};
use super::wire::{Head, LoadingFailed, LoadingFinished, RequestSent};
use crate::model::capture::KeptResponse;

/// Requests remembered after their end, so that a caller may still ask for one.
const REMEMBERED: usize = 2000;
/// Requests under way at a time in one page.
const MAX_IN_FLIGHT: usize = 5000;

/// The bounds of one visit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) response_bytes: u64,
    pub(super) responses: usize,
    pub(super) visit_bytes: u64,
}

/// A bound that was exceeded: what, and its value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exceeded(pub(super) &'static str, pub(super) u64);

/// The main document of the page.
#[derive(Debug, Clone, Default)]
pub(super) struct Document {
    pub(super) loader: String,
    pub(super) url: String,
    pub(super) redirects: Vec<String>,
    pub(super) status: Option<u16>,
    pub(super) headers: Vec<(String, String)>,
    /// Bytes of its body, decoded.
    pub(super) size: u64,
    /// Why it did not load.
    pub(super) failed: Option<String>,
    /// The same where it failed before the frame showed anything of it.
    pub(super) refused: Option<String>,
    /// Whether the frame shows it.
    pub(super) committed: bool,
    pub(super) dom_ready: bool,
    pub(super) loaded: bool,
}

/// A request from its start to its end.
#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub(super) id: String,
    pub(super) method: String,
    pub(super) url: String,
    pub(super) body: Option<String>,
    request_headers: Vec<(String, String)>,
    kind: String,
    started_at: Option<DateTime<Utc>>,
    started: f64,
    took_ms: u64,
    head: Option<Head>,
    received: u64,
    keep: bool,
    main: bool,
}

/// What to do with a response that has come in full.
#[derive(Debug)]
pub(super) struct Completed {
    pub(super) flight: Flight,
    /// Whether its body is wanted.
    pub(super) fetch: bool,
}

/// All traffic since the last navigation that we asked for.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) document: Document,
    pub(super) kept: Vec<KeptResponse>,
    pub(super) finished: VecDeque<Flight>,
    /// Bytes received, as transferred.
    pub(super) bytes: u64,
    in_flight: HashMap<String, Flight>,
    frame: String,
    keep: Vec<String>,
    keep_all: bool,
    decoded: u64,
}

impl Traffic {
    /// Nothing yet, in the page whose main frame is `frame`.
    pub(super) fn new(frame: &str, keep: &[String], keep_all: bool) -> Self {
        Self { frame: frame.to_owned(), keep: keep.to_vec(), keep_all, ..Self::default() }
    }

    /// A request leaves; where it follows a redirect, that response is returned as completed.
    pub(super) fn sent(&mut self, sent: RequestSent) -> Result<Option<Completed>, Exceeded> {
        let main = sent.kind == "Document" && sent.frame_id == self.frame && sent.request_id == sent.loader_id;
        let redirected = sent.redirect_response.map(|head| {
            let flight = self.in_flight.remove(&sent.request_id);
            flight.map(|flight| Flight { took_ms: took(flight.started, sent.timestamp), head: Some(head), ..flight })
        });
        let redirected = redirected.flatten();
        if main {
            self.new_document(&sent.loader_id, &sent.request.url);
        }
        if self.in_flight.len() >= MAX_IN_FLIGHT {
            return Err(Exceeded("requests at a time", u64::try_from(MAX_IN_FLIGHT).unwrap_or(u64::MAX)));
        }
        // A preflight asks for no data and has the same URL as the request that follows.
        let keep = sent.request.method != "OPTIONS" && self.keep.iter().any(|part| sent.request.url.contains(part));
        let flight = Flight {
            id: sent.request_id.clone(),
            method: sent.request.method,
            url: sent.request.url,
            body: sent.request.post_data,
            request_headers: sent.request.headers.0,
            kind: sent.kind.to_lowercase(),
            started_at: moment(sent.wall_time),
            started: sent.timestamp,
            took_ms: 0,
            head: None,
            received: 0,
            keep,
            main,
        };
        self.in_flight.insert(sent.request_id, flight);
        Ok(redirected.map(|flight| self.completed(flight, false)))
    }

    /// The main frame goes somewhere: where it was before is one more redirect.
    fn new_document(&mut self, loader: &str, url: &str) {
        let old = std::mem::take(&mut self.document);
        let mut redirects = old.redirects;
        if !old.url.is_empty() && redirects.len() < 50 {
            redirects.push(old.url);
        }
        self.document = Document { loader: loader.to_owned(), url: url.to_owned(), redirects, ..Document::default() };
    }

    /// A response begins.
    pub(super) fn responded(&mut self, id: &str, head: Head) {
        let Some(flight) = self.in_flight.get_mut(id) else { return };
        if flight.main {
            self.document.status = Some(head.status);
            self.document.headers = har::public(&head.headers.0);
        }
        flight.head = Some(head);
    }

    /// The URL of a script that an element of the page asked for.
    pub(super) fn script(&self, id: &str) -> Option<&str> {
        let flight = self.in_flight.get(id).filter(|flight| flight.kind == "script" && flight.method == "GET")?;
        Some(&flight.url)
    }

    /// Bytes arrive.
    pub(super) fn received(&mut self, id: &str, bytes: u64, bounds: Bounds) -> Result<Option<Completed>, Exceeded> {
        self.decoded += bytes;
        if self.decoded > bounds.visit_bytes {
            return Err(Exceeded("bytes in one visit", bounds.visit_bytes));
        }
        let Some(flight) = self.in_flight.get_mut(id) else { return Ok(None) };
        flight.received += bytes;
        if flight.main {
            self.document.size += bytes;
        }
        if (flight.keep || flight.main) && flight.received > bounds.response_bytes {
            return Err(Exceeded("bytes in one response", bounds.response_bytes));
        }
        Ok(None)
    }

    /// A response is complete.
    pub(super) fn finished(&mut self, end: &LoadingFinished, bounds: Bounds) -> Result<Option<Completed>, Exceeded> {
        self.bytes = self.bytes.saturating_add(whole(end.encoded_data_length));
        let Some(mut flight) = self.in_flight.remove(&end.request_id) else { return Ok(None) };
        flight.took_ms = took(flight.started, end.timestamp);
        if flight.keep && self.kept.len() >= bounds.responses {
            return Err(Exceeded("responses kept", u64::try_from(bounds.responses).unwrap_or(u64::MAX)));
        }
        let recordable = self.keep_all && flight.received <= bounds.response_bytes;
        let fetch = flight.keep || recordable;
        Ok(Some(self.completed(flight, fetch)))
    }

    /// A response or request broke off. A head that says all is evidence even so.
    pub(super) fn failed(&mut self, end: &LoadingFailed) -> Option<Completed> {
        let mut flight = self.in_flight.remove(&end.request_id)?;
        flight.took_ms = took(flight.started, end.timestamp);
        if flight.main {
            self.document.failed = Some(end.error_text.clone());
            self.document.refused = (!self.document.committed).then(|| end.error_text.clone());
        }
        flight.is_evident().then(|| self.completed(flight, false))
    }

    fn completed(&mut self, flight: Flight, fetch: bool) -> Completed {
        if self.finished.len() >= REMEMBERED {
            self.finished.pop_front();
        }
        self.finished.push_back(flight.clone());
        Completed { flight, fetch }
    }

    /// A frame shows the document of this loader; whether that is the main one.
    pub(super) fn navigated(&mut self, frame: &str, loader: &str) -> bool {
        let main = frame == self.frame && loader == self.document.loader;
        self.document.committed |= main;
        main
    }

    /// Whether a response from such a URL has come: in full, or as far as it can.
    pub(super) fn has_finished(&self, part: &str) -> bool {
        let done = self.finished.iter().filter(|flight| flight.method != "OPTIONS");
        done.chain(self.in_flight.values().filter(|flight| flight.is_evident())).any(|flight| flight.url.contains(part))
    }

    /// How many responses from such URLs are over.
    pub(super) fn ended(&self, part: &str) -> usize {
        self.finished.iter().filter(|flight| flight.url.contains(part)).count()
    }

    /// The headers that a script gave its newest request to this URL; a form's type stands among them.
    pub(super) fn script_headers(&self, url: &str) -> Vec<(String, String)> {
        let newest = self.finished.iter().rev().find(|flight| flight.url == url && flight.method == "POST");
        let given = |(name, _): &&(String, String)| name == "content-type" || name.starts_with("x-");
        newest.map(|flight| flight.request_headers.iter().filter(given).cloned().collect()).unwrap_or_default()
    }

    /// How many requests are under way, refusals that nobody reads left out, and how many are done.
    pub(super) fn amount(&self) -> (usize, usize) {
        (self.in_flight.values().filter(|flight| !flight.is_evident()).count(), self.finished.len())
    }

    /// Whether such a response is still under way: its body may yet come.
    pub(super) fn has_unread(&self) -> bool {
        self.in_flight.values().any(|flight| flight.keep && flight.is_evident())
    }

    /// Takes in the responses that no script reads to their end but that say all by their head.
    pub(super) fn take_unread(&mut self) {
        let unread = self.in_flight.values().filter(|flight| flight.keep && flight.is_evident());
        let unread: Vec<KeptResponse> = unread.map(|flight| flight.kept(String::new())).collect();
        self.in_flight.retain(|_, flight| !(flight.keep && flight.is_evident()));
        self.kept.extend(unread);
    }
}

impl Flight {
    pub(super) fn is_kept(&self) -> bool {
        self.keep
    }

    /// Whether a script asked for it and got JSON of about this size.
    pub(super) fn is_data(&self, bytes: &std::ops::RangeInclusive<u64>) -> bool {
        let json = |head: &Head| {
            let mut headers = head.headers.0.iter();
            let kind = headers.find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            head.status == 200 && kind.is_some_and(|(_, kind)| kind.contains("json") || kind.contains("javascript"))
        };
        matches!(self.kind.as_str(), "xhr" | "fetch")
            && bytes.contains(&self.received)
            && self.head.as_ref().is_some_and(json)
    }

    /// Whether its head says all: a refusal, or a body of nothing. Chromium calls such a response finished only when a script
    /// reads it, and scripts seldom read a refusal.
    fn is_evident(&self) -> bool {
        let empty = |head: &Head| head.headers.0.iter().any(|(name, value)| name == "content-length" && value == "0");
        self.head.as_ref().is_some_and(|head| head.status >= 400 || empty(head))
    }

    /// As a response to keep.
    pub(super) fn kept(&self, body: String) -> KeptResponse {
        let head = self.head.clone().unwrap_or_default();
        KeptResponse {
            url: self.url.clone(),
            method: self.method.clone(),
            request_body: self.body.clone(),
            status: head.status,
            headers: har::public(&head.headers.0),
            body,
        }
    }

    /// As an entry of an archive.
    pub(super) fn entry(&self, body: Bytes) -> Entry {
        let head = self.head.clone().unwrap_or_default();
        Entry {
            started_at: self.started_at,
            took_ms: self.took_ms,
            page: None,
            resource_type: Some(self.kind.clone()),
            method: self.method.clone(),
            url: har::without_fragment(&self.url).to_owned(),
            request_headers: self.request_headers.clone(),
            request_body: self.body.clone(),
            status: head.status,
            headers: head.headers.0,
            mime: head.mime_type,
            body,
        }
    }
}

/// Seconds since 1970 as a time.
fn moment(seconds: f64) -> Option<DateTime<Utc>> {
    let since = std::time::Duration::try_from_secs_f64(seconds).ok()?;
    DateTime::from_timestamp(i64::try_from(since.as_secs()).ok()?, since.subsec_nanos())
}

/// Milliseconds from one of Chromium's monotonic times to another.
fn took(from: f64, to: f64) -> u64 {
    std::time::Duration::try_from_secs_f64(to - from).map_or(0, |took| u64::try_from(took.as_millis()).unwrap_or(0))
}

/// A count that Chromium sends as a fraction.
fn whole(number: f64) -> u64 {
    std::time::Duration::try_from_secs_f64(number).map_or(0, |seconds| seconds.as_secs())
}
