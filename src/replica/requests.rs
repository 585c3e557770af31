//! The visitors' book: who asked for what, when, and what they were given, so that tests of limits can count.
//! Bounded: the newest requests are kept whole, older ones only in the counts.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::clock::Clock;

use super::catalogue::Site;

const KEPT: usize = 100_000;

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// A profile's page.
    ProfilePage,
    /// A post's page.
    PostPage,
    /// A call of a page's own script.
    Api,
    /// A script or style sheet.
    Asset,
    /// A picture or video.
    Media,
    /// A login, captcha or checkpoint page, favicons, anything else.
    Other,
}

/// One request.
#[derive(Debug, Clone, Serialize)]
pub struct SeenRequest {
    /// When it came.
    pub at: DateTime<Utc>,
    /// Which site was meant, where that is clear.
    pub platform: Option<&'static str>,
    /// What was asked for.
    pub kind: RequestKind,
    /// `GET`, `POST` …
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The status of the answer.
    pub status: u16,
    /// The size of the answer's body in bytes.
    pub bytes: usize,
}

/// What the book says.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RequestLog {
    /// The newest requests, oldest first.
    pub requests: Vec<SeenRequest>,
    /// How many there were for each path, all of them.
    pub per_path: BTreeMap<String, u64>,
    /// All requests.
    pub total: u64,
}

impl RequestLog {
    /// The kept requests of one kind to one site.
    pub fn of(&self, site: Site, kind: RequestKind) -> impl Iterator<Item = &SeenRequest> {
        self.requests.iter().filter(move |seen| seen.platform == Some(site.name()) && seen.kind == kind)
    }

    /// Page loads of one site: profile and post pages.
    #[must_use]
    pub fn page_loads(&self, site: Site) -> usize {
        self.of(site, RequestKind::ProfilePage).count() + self.of(site, RequestKind::PostPage).count()
    }
}

#[derive(Debug, Default)]
struct Pages {
    newest: VecDeque<SeenRequest>,
    per_path: BTreeMap<String, u64>,
    total: u64,
}

/// Where requests are entered.
#[derive(Debug)]
pub(super) struct RequestBook {
    clock: Clock,
    pages: Mutex<Pages>,
}

impl RequestBook {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, pages: Mutex::default() }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    pub(super) fn enter(&self, seen: SeenRequest) {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.total += 1;
        if pages.per_path.len() < KEPT || pages.per_path.contains_key(&seen.path) {
            *pages.per_path.entry(seen.path.clone()).or_default() += 1;
        }
        if pages.newest.len() == KEPT {
            pages.newest.pop_front();
        }
        pages.newest.push_back(seen);
    }

    pub(super) fn read(&self) -> RequestLog {
        let pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        RequestLog {
            requests: pages.newest.iter().cloned().collect(),
            per_path: pages.per_path.clone(),
            total: pages.total,
        }
    }

    pub(super) fn clear(&self) {
        *self.pages.lock().unwrap_or_else(PoisonError::into_inner) = Pages::default();
    }
}
