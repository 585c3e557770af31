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

/// Parts of the names of query and form fields that a page fills with credentials, or with signatures over them. A written
/// archive holds no credentials, so a page that is answered from it cannot make these again.
const CREDENTIALS: [&str; 9] =
    ["token", "signature", "nonce", "bogus", "gnarly", "verifyfp", "dtsg", "jazoest", "csrf"];

impl Har {
    /// The entry that answers `asked`: same method and full URL, for a POST the same body, then the most equal headers,
    /// then the earliest. Where there is none, the same again with credentials in query and form left out. None where
    /// nothing was recorded or the recorded request failed.
    #[must_use]
    pub fn answer(&self, asked: Asked<'_>) -> Option<&Entry> {
        let full = without_fragment(asked.url);
        let indices = self.by_url.get(full).into_iter().flatten();
        let exact = indices.filter_map(|&index| self.entries.get(index));
        closest(exact.filter(|entry| entry.answers(asked) && same_body(entry, asked, false)), asked).or_else(|| {
            let public = public_part(full)?;
            let alike = |entry: &&Entry| {
                let same = public_part(&entry.url).is_some_and(|known| known == public);
                same && entry.answers(asked) && same_body(entry, asked, true)
            };
            closest(self.entries.iter().filter(alike), asked)
        })
    }
}

impl Entry {
    fn answers(&self, asked: Asked<'_>) -> bool {
        self.status >= 100 && self.method == asked.method
    }
}

fn same_body(entry: &Entry, asked: Asked<'_>, without_credentials: bool) -> bool {
    if asked.method != "POST" {
        return true;
    }
    match (&entry.request_body, asked.body) {
        (Some(recorded), Some(body)) => {
            recorded == body || (without_credentials && public_fields(recorded) == public_fields(body))
        }
        (Some(_) | None, None) | (None, Some(_)) => entry.request_body.is_none(),
    }
}

/// The entry with the most equal headers, of equals the earliest.
fn closest<'har>(matching: impl Iterator<Item = &'har Entry>, asked: Asked<'_>) -> Option<&'har Entry> {
    let mut best: Option<(usize, &Entry)> = None;
    for entry in matching {
        let equal = asked.headers.iter().filter(|header| entry.request_headers.contains(header)).count();
        if best.is_none_or(|(most, _)| equal > most) {
            best = Some((equal, entry));
        }
    }
    best.map(|(_, entry)| entry)
}

/// A URL's path and its query without credentials; none where there is no query to differ in.
fn public_part(url: &str) -> Option<(&str, Vec<&str>)> {
    let (path, query) = url.split_once('?')?;
    Some((path, public_fields(query)))
}

/// The fields of a query or a form that are no credentials, as they stand.
fn public_fields(form: &str) -> Vec<&str> {
    let is_public = |field: &&str| {
        let name = field.split('=').next().unwrap_or_default().to_lowercase();
        !CREDENTIALS.iter().any(|part| name.contains(part))
    };
    form.split('&').filter(is_public).collect()
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
    fn credentials_that_an_archive_does_not_hold_are_no_difference() {
        let url = "https://a.test/list?cursor=0&msToken=abc&X-Bogus=1";
        let har = Har::new(vec![
            entry("GET", url, None, "en", 200),
            entry("POST", "https://a.test/q", Some("id=1&fb_dtsg=x"), "en", 201),
        ]);
        let status = |method, url, body| har.answer(asked(method, url, body, &[])).map(|entry| entry.status);
        assert_eq!(status("GET", "https://a.test/list?cursor=0&msToken=none&X-Bogus=2", None), Some(200));
        assert_eq!(status("GET", "https://a.test/list?cursor=9&msToken=abc&X-Bogus=1", None), None);
        assert_eq!(status("GET", "https://a.test/list", None), None);
        assert_eq!(status("POST", "https://a.test/q", Some("id=1&fb_dtsg=x")), Some(201));
        assert_eq!(status("POST", "https://a.test/q", Some("id=2&fb_dtsg=x")), None);
    }

    #[test]
    fn a_request_that_failed_when_recorded_answers_nothing() {
        let har = Har::new(vec![entry("GET", "https://a.test/", None, "en", 0)]);
        assert!(har.answer(asked("GET", "https://a.test/", None, &[])).is_none());
    }
}
