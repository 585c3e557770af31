//! What is sent back: an answer as a plain value, so that pages are made without knowing the server.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use futures::stream;
use serde_json::Value;

/// What becomes of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is sent.
    Sent,
    /// It is never sent; the request hangs until the visitor leaves.
    Withheld,
    /// Half of it is sent, then the connection breaks.
    CutOff,
}

/// One answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
    pub(super) fate: Fate,
}

impl Reply {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        let headers = vec![("content-type", content_type.to_owned())];
        Self { status, headers, body: body.into(), fate: Fate::Sent }
    }

    pub(super) fn html(status: u16, body: String) -> Self {
        Self::new(status, "text/html; charset=utf-8", body).with("cache-control", "no-store".to_owned())
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=utf-8", body.to_string())
    }

    /// 200 with nothing.
    pub(super) fn empty() -> Self {
        Self::new(200, "application/json; charset=utf-8", Bytes::new())
    }

    pub(super) fn redirect(to: String) -> Self {
        Self::new(302, "text/html; charset=utf-8", Bytes::new()).with("location", to)
    }

    pub(super) fn slow_down(retry_after_s: u32) -> Self {
        Self::new(429, "text/plain; charset=utf-8", "Too Many Requests").with("retry-after", retry_after_s.to_string())
    }

    /// Something that never changes under its address.
    pub(super) fn lasting(content_type: &str, body: Bytes) -> Self {
        Self::new(200, content_type, body)
            .with("cache-control", "public, max-age=31536000, immutable".to_owned())
            .with("access-control-allow-origin", "*".to_owned())
    }

    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    pub(super) fn fated(mut self, fate: Fate) -> Self {
        self.fate = fate;
        self
    }

    /// The answer on the wire; waits for ever where it is withheld.
    pub(super) async fn send(self) -> Response {
        if self.fate == Fate::Withheld {
            std::future::pending::<()>().await;
        }
        let body = if self.fate == Fate::CutOff {
            let half = self.body.slice(..self.body.len() / 2);
            let broken = std::io::Error::new(std::io::ErrorKind::ConnectionReset, "cut off on purpose");
            Body::from_stream(stream::iter([Ok(half), Err(broken)]))
        } else {
            Body::from(self.body)
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().append(HeaderName::from_static(name), value);
            }
        }
        response
    }
}
