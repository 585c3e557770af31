//! Plays a saved capture or archive again with the same answers to the same visits, without Chromium: what was wrong in
//! production is looked at as often as one likes.

use super::error::BrowserError;
use super::har::{Har, to_capture_pages};
use super::spec::{Readiness, Visited};
use crate::model::capture::{Capture, CapturedPage};
use crate::model::visit::{Purpose, Ready, Visit};

/// A recording.
#[derive(Debug, Clone)]
pub(super) struct Replay {
    pages: Vec<CapturedPage>,
}

impl Replay {
    pub(super) fn of_capture(capture: Capture) -> Self {
        Self { pages: capture.pages }
    }

    pub(super) fn of_har(har: &Har) -> Self {
        Self { pages: to_capture_pages(har) }
    }

    /// The page recorded for this visit: by its address, else by its purpose.
    pub(super) fn visit(&self, visit: &Visit) -> Result<Visited, BrowserError> {
        let by_address = || self.pages.iter().find(|page| same_address(&page.url, &visit.url));
        let by_purpose = || match &visit.purpose {
            Purpose::Profile => self.pages.iter().find(|page| page.purpose == Purpose::Profile),
            Purpose::Post(_) => self.pages.iter().find(|page| page.purpose == visit.purpose),
        };
        let recorded =
            by_address().or_else(by_purpose).ok_or_else(|| BrowserError::NotRecorded { url: visit.url.clone() })?;
        let mut page = CapturedPage { purpose: visit.purpose.clone(), ..recorded.clone() };
        page.responses
            .retain(|response| response.url.is_empty() || visit.keep.iter().any(|part| response.url.contains(part)));
        let came = |ready: &&Ready| match ready {
            Ready::Response(part) => page.responses.iter().any(|response| response.url.contains(part)),
            Ready::Element(_) => false,
        };
        let readiness = visit.ready.iter().find(came).map_or(Readiness::Loaded, |ready| Readiness::Seen(ready.clone()));
        let bytes = page.html.len() + page.responses.iter().map(|response| response.body.len()).sum::<usize>();
        Ok(Visited { page, picture: None, bytes: u64::try_from(bytes).unwrap_or(u64::MAX), readiness, paging: None })
    }
}

/// Whether two URLs name the same page whatever site plays it: path and query count, the host does not.
fn same_address(one: &str, other: &str) -> bool {
    let path = |url: &str| {
        url::Url::parse(url)
            .ok()
            .map(|url| (url.path().trim_end_matches('/').to_lowercase(), url.query().map(str::to_owned)))
    };
    path(one).is_some_and(|one| Some(one) == path(other))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_recorded_page_answers_the_visit_that_made_it() {
        let page = CapturedPage {
            purpose: Purpose::Profile,
            url: "https://a.test/@x".to_owned(),
            final_url: "https://a.test/@x".to_owned(),
            redirects: Vec::new(),
            status: Some(200),
            headers: Vec::new(),
            html: "<p>".to_owned(),
            responses: Vec::new(),
        };
        let replay = Replay::of_capture(Capture { pages: vec![page], ..Capture::default() });
        let mut visit = Visit {
            purpose: Purpose::Profile,
            url: "http://127.0.0.1:1/@X/".to_owned(),
            keep: Vec::new(),
            ready: Vec::new(),
            patience: Duration::ZERO,
            paging: None,
            picture: None,
        };
        assert_eq!(replay.visit(&visit).unwrap().page.html, "<p>");
        visit.purpose = Purpose::Post("7".to_owned());
        visit.url = "https://a.test/p/7".to_owned();
        assert!(matches!(replay.visit(&visit), Err(BrowserError::NotRecorded { .. })));
    }
}
