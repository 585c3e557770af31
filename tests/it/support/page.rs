//! Captures made by hand, for tests of reading.

use serde_json::Value;
use social_sentinel::extract::selectors::builtin;
use social_sentinel::model::capture::{Capture, CapturedPage, KeptResponse};
use social_sentinel::model::document::Document;
use social_sentinel::model::job::{PlatformId, Target};
use social_sentinel::model::visit::Purpose;
use social_sentinel::platform;

/// A page of one visit, to be filled in.
pub(crate) struct Seen {
    pub(crate) target: Option<&'static str>,
    pub(crate) url: String,
    pub(crate) status: Option<u16>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) html: String,
    pub(crate) responses: Vec<KeptResponse>,
}

/// A page of this target (`@nasa@tiktok`) at its own address, answered with 200.
pub(crate) fn page(target: &'static str, html: impl Into<String>) -> Seen {
    let url = platform::parse_target(target)
        .map(|target| platform::get(&target.platform).map(|p| p.canonical_url(&target.handle)).unwrap_or_default())
        .unwrap_or_default();
    Seen { target: Some(target), url, status: Some(200), headers: Vec::new(), html: html.into(), responses: Vec::new() }
}

/// Responses without the page that asked for them.
pub(crate) fn answers(target: &'static str) -> Seen {
    Seen { url: String::new(), status: None, ..page(target, "") }
}

impl Seen {
    /// Answered with another status.
    pub(crate) fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Ended at another address.
    pub(crate) fn at(mut self, url: &str) -> Self {
        self.url = url.to_owned();
        self
    }

    /// With this response header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With this response of the page's scripts.
    pub(crate) fn got(mut self, url: &str, status: u16, body: impl Into<String>) -> Self {
        self.responses.push(KeptResponse {
            url: url.to_owned(),
            method: "GET".to_owned(),
            request_body: None,
            status,
            headers: Vec::new(),
            body: body.into(),
        });
        self
    }

    /// As a capture.
    pub(crate) fn capture(self) -> Capture {
        let target: Option<Target> = self.target.and_then(|target| platform::parse_target(target).ok());
        let only = CapturedPage {
            purpose: Purpose::Profile,
            url: self.url.clone(),
            final_url: self.url,
            redirects: Vec::new(),
            status: self.status,
            headers: self.headers,
            html: self.html,
            responses: self.responses,
        };
        Capture { target, pages: vec![only], ..Capture::default() }
    }

    /// Read as a crawl reads it.
    pub(crate) fn read(self) -> Document {
        let platform_id =
            self.target.and_then(|target| platform::parse_target(target).ok()).map(|target| target.platform);
        let (Some(id), capture) = (platform_id, self.capture()) else { unreachable!("tests name a target") };
        let (Some(site), Some(selectors)) = (platform::get(&id), builtin(&id)) else {
            unreachable!("a built-in platform")
        };
        platform::read(&*site, &capture, &selectors, 30)
    }
}

/// Read as saved files are where nobody is named.
pub(crate) fn read_unnamed(platform_id: &str, seen: Seen) -> Document {
    let id = PlatformId::new(platform_id);
    let (Some(site), Some(selectors)) = (platform::get(&id), builtin(&id)) else { unreachable!("a built-in platform") };
    platform::read_all(&*site, &Seen { target: None, ..seen }.capture(), &selectors, 30)
}

/// A script of JSON.
pub(crate) fn script(attributes: &str, json: &Value) -> String {
    format!("<script {attributes}>{}</script>", json.to_string().replace("</", "<\\/"))
}
