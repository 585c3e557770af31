//! Which entry answers a request.

use super::read::without_fragment;
use super::{Entry, Har};

/// A request as the browser sends it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// `GET`, `POST` …
    pub method: &'a str,
    /// The full URL.
    pub url: &'a str,
    /// Its body.
    pub body: Option<&'a str>,
    /// Its headers, names in lower case.
    pub headers: &'a [(String, String)],
}

impl Har {
    /// The entry that answers `asked`: same method and full URL, for a POST the same body, then the most equal headers,
    /// then the earliest. None where nothing was recorded or the recorded request failed.
    #[must_use]
    pub fn answer(&self, asked: Asked<'_>) -> Option<&Entry> {
        let indices = self.by_url.get(without_fragment(asked.url))?;
        let candidates = indices.iter().filter_map(|&index| self.entries.get(index));
        let matching = candidates.filter(|entry| {
            let same_body = asked.method != "POST"
                || match (&entry.request_body, asked.body) {
                    (Some(recorded), Some(body)) => recorded == body,
                    (Some(_) | None, None) | (None, Some(_)) => entry.request_body.is_none(),
                };
            entry.status >= 100 && entry.method == asked.method && same_body
        });
        let mut best: Option<(usize, &Entry)> = None;
        for entry in matching {
            let equal = asked.headers.iter().filter(|header| entry.request_headers.contains(header)).count();
            if best.is_none_or(|(most, _)| equal > most) {
                best = Some((equal, entry));
            }
        }
        best.map(|(_, entry)| entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(method: &str, url: &str, body: Option<&str>, language: &str, status: u16) -> Entry {
        Entry {
            method: method.to_owned(),
            url: url.to_owned(),
            request_body: body.map(str::to_owned),
            request_headers: vec![("accept-language".to_owned(), language.to_owned())],
            status,
            ..Entry::default()
        }
    }

    fn asked<'a>(method: &'a str, url: &'a str, body: Option<&'a str>, headers: &'a [(String, String)]) -> Asked<'a> {
        Asked { method, url, body, headers }
    }

    #[test]
    fn a_request_is_answered_by_method_url_body_and_then_headers() {
        let url = "https://a.test/x?y=1";
        let har = Har::new(vec![
            entry("POST", url, Some("one"), "en", 201),
            entry("POST", url, Some("two"), "en", 202),
            entry("GET", url, None, "de", 200),
            entry("GET", url, None, "en", 203),
        ]);
        let english = [("accept-language".to_owned(), "en".to_owned())];
        let status = |asked| har.answer(asked).map(|entry| entry.status);
        assert_eq!(status(asked("POST", url, Some("two"), &[])), Some(202));
        assert_eq!(status(asked("POST", url, Some("three"), &[])), None);
        assert_eq!(status(asked("GET", url, None, &english)), Some(203));
        assert_eq!(status(asked("GET", "https://a.test/x?y=1#top", None, &[])), Some(200));
        assert_eq!(status(asked("GET", "https://a.test/x", None, &[])), None);
    }

    #[test]
    fn a_request_that_failed_when_recorded_answers_nothing() {
        let har = Har::new(vec![entry("GET", "https://a.test/", None, "en", 0)]);
        assert!(har.answer(asked("GET", "https://a.test/", None, &[])).is_none());
    }
}
