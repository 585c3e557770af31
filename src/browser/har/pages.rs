//! Turns an archive into captured pages, as if a browser had visited them: each document with the responses that its
//! scripts received after it.

use super::{Entry, Har};
use crate::model::capture::{CapturedPage, KeptResponse};
use crate::model::visit::Purpose;

/// The archive's documents in order, each with the JSON and script responses that followed it; the first is the profile's page.
/// Where there is no document all responses stand in one page without HTML.
#[must_use]
pub fn to_capture_pages(har: &Har) -> Vec<CapturedPage> {
    let mut pages: Vec<CapturedPage> = Vec::new();
    let mut opened: Vec<Option<&str>> = Vec::new();
    let mut early: Vec<KeptResponse> = Vec::new();
    let mut redirects: Vec<(String, String)> = Vec::new();
    for entry in har.entries().iter().filter(|entry| entry.status >= 100) {
        if is_document(entry) && entry.is_redirect() {
            redirects.push((entry.url.clone(), target(entry)));
        } else if is_document(entry) && starts_page(entry, &opened) {
            let mut page = document(entry, pages.len());
            for (from, to) in redirects.drain(..).rev() {
                if page.redirects.first().map_or(&page.final_url, |first| first) == &to {
                    page.redirects.insert(0, from);
                }
            }
            page.url = page.redirects.first().unwrap_or(&page.final_url).clone();
            pages.push(page);
            opened.push(entry.page.as_deref());
        } else if is_data(entry) {
            match opened.iter().rposition(|page| *page == entry.page.as_deref()).or(opened.len().checked_sub(1)) {
                Some(index) => pages[index].responses.push(kept(entry)),
                None => early.push(kept(entry)),
            }
        }
    }
    if pages.is_empty() && !early.is_empty() {
        pages.push(without_document());
    }
    if let Some(first) = pages.first_mut() {
        first.responses.splice(0..0, early);
    }
    pages
}

/// Whether it is an HTML document of a frame, or leads to one.
fn is_document(entry: &Entry) -> bool {
    let wanted =
        entry.request_headers.iter().find(|(name, _)| name == "sec-fetch-dest").map(|(_, value)| value.as_str());
    match (entry.resource_type.as_deref(), wanted) {
        (Some(kind), _) => kind == "document",
        (None, Some(dest)) => dest == "document" || dest == "iframe",
        (None, None) => entry.method == "GET" && (is_html(entry) || entry.is_redirect()),
    }
}

/// Whether a document is a page's own and not that of a frame within it: the first of its page in the archive.
fn starts_page(entry: &Entry, opened: &[Option<&str>]) -> bool {
    let frame = entry.request_headers.iter().any(|(name, value)| name == "sec-fetch-dest" && value != "document");
    match entry.page.as_deref() {
        Some(page) => !frame && !opened.contains(&Some(page)),
        None => !frame,
    }
}

fn is_html(entry: &Entry) -> bool {
    let mime = if entry.mime.is_empty() { entry.header("content-type").unwrap_or_default() } else { &entry.mime };
    mime.contains("html")
}

/// Whether it is what a page's scripts ask for: by the browser's word, else by media type.
fn is_data(entry: &Entry) -> bool {
    match entry.resource_type.as_deref() {
        Some("xhr" | "fetch" | "document") => true,
        Some(_) => entry.mime.contains("json"),
        None => {
            entry.mime.contains("json") || entry.method == "POST" || (entry.body.is_empty() && entry.mime.is_empty())
        }
    }
}

fn target(entry: &Entry) -> String {
    let location = entry.header("location").unwrap_or_default();
    let joined = url::Url::parse(&entry.url).and_then(|base| base.join(location));
    joined.map_or_else(|_| location.to_owned(), |url| super::read::without_fragment(url.as_str()).to_owned())
}

fn document(entry: &Entry, index: usize) -> CapturedPage {
    CapturedPage {
        purpose: if index == 0 { Purpose::Profile } else { Purpose::Post(last_segment(&entry.url)) },
        url: entry.url.clone(),
        final_url: entry.url.clone(),
        redirects: Vec::new(),
        status: Some(entry.status),
        headers: public(&entry.headers),
        html: String::from_utf8_lossy(&entry.body).into_owned(),
        responses: Vec::new(),
    }
}

fn without_document() -> CapturedPage {
    CapturedPage {
        purpose: Purpose::Profile,
        url: String::new(),
        final_url: String::new(),
        redirects: Vec::new(),
        status: None,
        headers: Vec::new(),
        html: String::new(),
        responses: Vec::new(),
    }
}

/// The id or code with which a post's address ends.
fn last_segment(url: &str) -> String {
    let parsed = url::Url::parse(url).ok();
    let segments = parsed.as_ref().and_then(|url| url.path_segments());
    segments.and_then(|parts| parts.rev().find(|part| !part.is_empty()).map(str::to_owned)).unwrap_or_default()
}

/// An entry as a response that a page received.
fn kept(entry: &Entry) -> KeptResponse {
    KeptResponse {
        url: entry.url.clone(),
        method: entry.method.clone(),
        request_body: entry.request_body.clone(),
        status: entry.status,
        headers: public(&entry.headers),
        body: String::from_utf8_lossy(&entry.body).into_owned(),
    }
}

/// Response headers without cookies and without those that spoke of the wire.
pub(in crate::browser) fn public(headers: &[(String, String)]) -> Vec<(String, String)> {
    let secret = |name: &str| matches!(name, "set-cookie" | "set-cookie2" | "authorization" | "proxy-authenticate");
    headers.iter().filter(|(name, _)| !secret(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(url: &str, kind: &str, status: u16, body: &'static str) -> Entry {
        Entry {
            method: "GET".to_owned(),
            url: url.to_owned(),
            resource_type: Some(kind.to_owned()),
            status,
            body: bytes::Bytes::from_static(body.as_bytes()),
            ..Entry::default()
        }
    }

    #[test]
    fn a_redirected_document_keeps_its_chain_and_its_responses() {
        let mut redirect = entry("https://a.test/@x", "document", 302, "");
        redirect.headers.push(("location".to_owned(), "/login".to_owned()));
        let har = Har::new(vec![
            redirect,
            entry("https://a.test/login", "document", 200, "<html>"),
            entry("https://a.test/a.js", "script", 200, "1"),
            entry("https://a.test/api", "xhr", 200, ""),
        ]);
        let pages = to_capture_pages(&har);
        assert_eq!(pages.len(), 1);
        assert_eq!(pages[0].url, "https://a.test/@x");
        assert_eq!(pages[0].final_url, "https://a.test/login");
        assert_eq!(pages[0].redirects, ["https://a.test/@x"]);
        assert_eq!(pages[0].responses.len(), 1, "an empty 200 is evidence, a script is not");
    }

    #[test]
    fn an_archive_without_a_document_is_one_page_of_responses() {
        let pages = to_capture_pages(&Har::new(vec![entry("https://a.test/api", "fetch", 429, "{}")]));
        assert_eq!(pages.len(), 1);
        assert_eq!((pages[0].status, pages[0].responses[0].status), (None, 429));
    }
}
