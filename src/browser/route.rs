//! What a caller may do with the requests of a page: let them pass, answer them, or end them.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

/// A request on its way out.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST` …
    pub method: String,
    /// The full URL.
    pub url: String,
    /// Chromium's word for its kind in lower case, as in `document`, `xhr`, `image`.
    pub kind: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Option<String>,
}

/// What becomes of it.
#[derive(Debug, Clone)]
pub enum Route {
    /// It goes on to the network, or to the archive that the session answers from.
    Continue,
    /// It fails.
    Abort,
    /// It is answered here.
    Fulfil(Answer),
}

/// An answer made by us.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Response headers.
    pub headers: Vec<(String, String)>,
    /// The body, not encoded.
    pub body: Bytes,
}

impl Answer {
    /// A 200 of this media type.
    pub fn ok(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status: 200, headers: vec![("content-type".to_owned(), content_type.to_owned())], body: body.into() }
    }
}

/// A caller's decision for the URLs that match a pattern.
#[derive(Clone)]
pub(super) struct Rule {
    pub(super) pattern: Pattern,
    pub(super) decide: Arc<dyn Fn(&Request) -> Route + Send + Sync>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rule({:?})", self.pattern)
    }
}

/// A pattern over whole URLs: `*` stands for any run of characters; without one, the URL must contain the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern(String);

impl Pattern {
    /// Takes a pattern as it stands.
    pub fn new(pattern: impl Into<String>) -> Self {
        Self(pattern.into())
    }

    /// Whether a URL matches.
    #[must_use]
    pub fn matches(&self, url: &str) -> bool {
        if !self.0.contains('*') {
            return url.contains(&self.0);
        }
        let mut rest = url;
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(after) = rest.strip_prefix(first) else { return false };
        rest = after;
        let mut last = "";
        for part in parts {
            last = part;
            let Some(at) = rest.find(part) else { return false };
            rest = &rest[at + part.len()..];
        }
        last.is_empty() || url.ends_with(last)
    }
}

impl From<&str> for Pattern {
    fn from(pattern: &str) -> Self {
        Self::new(pattern)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_part_of_the_url_or_has_stars() {
        for (pattern, url, expected) in [
            ("/api/", "https://a.test/api/x", true),
            ("/api/", "https://a.test/x", false),
            ("https://a.test/*.json", "https://a.test/x/y.json", true),
            ("https://a.test/*.json", "https://a.test/x.json?z", false),
            ("*", "https://a.test/", true),
            ("*item_list*", "https://a.test/api/item_list/?a", true),
            ("http://*", "https://a.test/", false),
        ] {
            assert_eq!(Pattern::from(pattern).matches(url), expected, "{pattern} {url}");
        }
    }
}
