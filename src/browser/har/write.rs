//! Writes an archive with its bodies inside: as text where they are text, else as base64. Cookies and credentials are
//! replaced by [`REDACTED`], so that an archive can be shown to others.

use std::io::Write as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;

use super::form::{Content, Creator, Empty, File, Log, Page, Pair, Request, Response, Row, Timings};
use super::{Entry, Har, HarError, REDACTED};

/// Headers whose values are secrets.
const SECRET: [&str; 9] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-csrftoken",
    "x-csrf-token",
    "x-fb-lsd",
    "x-ig-www-claim",
    "www-authenticate",
];

impl Har {
    /// Writes it as `.zip` where the name ends so, else as `.har`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), HarError> {
        let fail = |source| HarError::File { doing: "write", path: path.to_owned(), source };
        let json = self.to_json()?;
        if path.extension().is_some_and(|ext| ext.eq_ignore_ascii_case("zip")) {
            let mut zip = zip::ZipWriter::new(std::fs::File::create(path).map_err(fail)?);
            let options = zip::write::SimpleFileOptions::default();
            zip.start_file("har.har", options).map_err(|e| fail(e.into()))?;
            zip.write_all(json.as_bytes()).map_err(fail)?;
            zip.finish().map_err(|e| fail(e.into()))?;
            Ok(())
        } else {
            std::fs::write(path, json).map_err(fail)
        }
    }

    /// The archive's JSON, redacted.
    ///
    /// # Errors
    /// When it cannot be put in JSON, which no archive of ours is.
    pub fn to_json(&self) -> Result<String, HarError> {
        let mut ids: Vec<&str> = self.entries().iter().filter_map(|entry| entry.page.as_deref()).collect();
        ids.dedup();
        let pages = ids.into_iter().map(|id| self.page(id)).collect();
        let creator = Creator { name: "Social Sentinel".to_owned(), version: env!("CARGO_PKG_VERSION").to_owned() };
        let entries = self.entries().iter().map(row).collect();
        let file = File { log: Log { version: "1.2".to_owned(), creator, pages, entries } };
        serde_json::to_string_pretty(&file)
            .map_err(|e| HarError::Malformed { input: "the archive".to_owned(), reason: e.to_string() })
    }

    fn page(&self, id: &str) -> Page {
        let first = self.entries().iter().find(|entry| entry.page.as_deref() == Some(id));
        let title = first.map(|entry| entry.url.clone()).unwrap_or_default();
        Page {
            started_date_time: first.map(started).unwrap_or_default(),
            id: id.to_owned(),
            title,
            page_timings: Empty {},
        }
    }
}

fn started(entry: &Entry) -> String {
    entry.started_at.unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Headers with the secret ones' values replaced.
fn redacted(headers: &[(String, String)]) -> Vec<Pair> {
    let value = |name: &str, value: &str| if SECRET.contains(&name) { REDACTED.to_owned() } else { value.to_owned() };
    headers.iter().map(|(name, text)| Pair { name: name.clone(), value: value(name, text) }).collect()
}

/// The URL without a user name and password in it.
fn public_url(url: &str) -> String {
    match url::Url::parse(url) {
        Ok(mut parsed) if !parsed.username().is_empty() || parsed.password().is_some() => {
            let gone = parsed.set_username("").is_ok() && parsed.set_password(None).is_ok();
            if gone { parsed.into() } else { REDACTED.to_owned() }
        }
        Ok(_) | Err(_) => url.to_owned(),
    }
}

fn row(entry: &Entry) -> Row {
    let query = url::Url::parse(&entry.url).map(|url| {
        let pairs = url.query_pairs();
        pairs.map(|(name, value)| Pair { name: name.into_owned(), value: value.into_owned() }).collect()
    });
    let content_type = entry.request_headers.iter().find(|(name, _)| name == "content-type");
    let post_data = entry.request_body.as_ref().map(|text| Content {
        size: size(text.len()),
        mime_type: content_type.map(|(_, value)| value.clone()).unwrap_or_default(),
        text: Some(text.clone()),
        ..Content::default()
    });
    let took = std::time::Duration::from_millis(entry.took_ms).as_secs_f64() * 1000.0;
    Row {
        pageref: entry.page.clone(),
        started_date_time: started(entry),
        time: took,
        resource_type: entry.resource_type.clone(),
        request: Request {
            method: entry.method.clone(),
            url: public_url(&entry.url),
            http_version: "HTTP/1.1".to_owned(),
            cookies: Vec::new(),
            headers: redacted(&entry.request_headers),
            query_string: query.unwrap_or_default(),
            headers_size: -1,
            body_size: entry.request_body.as_ref().map_or(0, |text| size(text.len())),
            post_data,
        },
        response: Response {
            status: i64::from(entry.status),
            status_text: String::new(),
            http_version: "HTTP/1.1".to_owned(),
            cookies: Vec::new(),
            headers: redacted(&entry.headers),
            content: content(entry),
            redirect_url: if entry.is_redirect() {
                entry.header("location").unwrap_or_default().to_owned()
            } else {
                String::new()
            },
            headers_size: -1,
            body_size: size(entry.body.len()),
        },
        cache: Empty {},
        timings: Timings { send: 0.0, wait: took, receive: 0.0 },
    }
}

fn content(entry: &Entry) -> Content {
    let (text, encoding) = match std::str::from_utf8(&entry.body) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (STANDARD.encode(&entry.body), Some("base64".to_owned())),
    };
    Content { size: size(entry.body.len()), mime_type: entry.mime.clone(), text: Some(text), encoding, file: None }
}

fn size(len: usize) -> i64 {
    i64::try_from(len).unwrap_or(i64::MAX)
}
