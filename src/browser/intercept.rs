//! Decides what becomes of each request that Chromium holds for us: a caller's routes first, then the archive, then the network.
//! Interception is switched on only for sessions that need it: it costs 16 to 30 ms a page.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::fetch::{
    AuthChallengeResponse, AuthChallengeResponseResponse, ContinueRequestParams, ContinueWithAuthParams,
    FailRequestParams, FulfillRequestParams, HeaderEntry, RequestId,
};
use chromiumoxide::cdp::browser_protocol::network::ErrorReason;
use secrecy::{ExposeSecret as _, SecretString};

use super::har::{Asked, Har, REDACTED};
use super::link::Link;
use super::route::{Answer, Request, Route, Rule};
use super::wire::{AuthRequired, RequestPaused};

/// Response headers that spoke of the wire and not of the body; Chromium gets the body decoded.
const OF_THE_WIRE: [&str; 4] = ["content-encoding", "content-length", "transfer-encoding", "connection"];

/// What a session intercepts with.
#[derive(Debug, Default)]
pub(super) struct Intercept {
    pub(super) rules: Vec<Rule>,
    pub(super) archive: Option<Arc<Har>>,
    pub(super) credentials: Option<(String, SecretString)>,
    /// The request for which they were given last: a proxy that asks again for it does not accept them.
    pub(super) given_for: Option<String>,
}

/// What to tell Chromium about a held request.
#[derive(Debug)]
pub(super) enum Decision {
    Continue(ContinueRequestParams),
    Fail(FailRequestParams),
    Fulfil(Box<FulfillRequestParams>),
}

impl Intercept {
    /// Whether there is anything to intercept for.
    pub(super) fn is_needed(&self) -> bool {
        !self.rules.is_empty() || self.archive.is_some() || self.credentials.is_some()
    }

    /// Decides on a held request.
    pub(super) fn decide(&self, paused: RequestPaused) -> Decision {
        let id = RequestId::new(paused.request_id);
        let sent = paused.request;
        let request = Request {
            method: sent.method,
            url: sent.url,
            kind: paused.resource_type.to_lowercase(),
            headers: sent.headers.0,
            body: sent.post_data,
        };
        for rule in self.rules.iter().rev().filter(|rule| rule.pattern.matches(&request.url)) {
            match (rule.decide)(&request) {
                Route::Continue => {}
                Route::Abort => return Decision::Fail(FailRequestParams::new(id, ErrorReason::Aborted)),
                Route::Fulfil(answer) => return Decision::Fulfil(Box::new(fulfil(id, &request, answer))),
            }
        }
        match &self.archive {
            None => Decision::Continue(ContinueRequestParams::new(id)),
            Some(archive) => match from_archive(archive, &request) {
                Some(answer) => Decision::Fulfil(Box::new(fulfil(id, &request, answer))),
                None => Decision::Fail(FailRequestParams::new(id, ErrorReason::Aborted)),
            },
        }
    }

    /// Answers a proxy that asks for credentials, once for each request; a site that asks gets none.
    pub(super) fn credentials_for(&mut self, asked: AuthRequired) -> ContinueWithAuthParams {
        let again = self.given_for.as_ref() == Some(&asked.request_id);
        let answer = match &self.credentials {
            Some((user, password)) if asked.auth_challenge.source == "Proxy" && !again => AuthChallengeResponse {
                response: AuthChallengeResponseResponse::ProvideCredentials,
                username: Some(user.clone()),
                password: Some(password.expose_secret().to_owned()),
            },
            Some(_) | None => AuthChallengeResponse::new(AuthChallengeResponseResponse::CancelAuth),
        };
        self.given_for = Some(asked.request_id.clone());
        ContinueWithAuthParams::new(RequestId::new(asked.request_id), answer)
    }
}

impl Decision {
    /// Tells Chromium.
    pub(super) async fn send(self, link: &Link, session: &str) {
        match self {
            Self::Continue(command) => link.post(Some(session), command).await,
            Self::Fail(command) => link.post(Some(session), command).await,
            Self::Fulfil(command) => link.post(Some(session), *command).await,
        }
    }
}

/// What the archive answers; a preflight that was not recorded is answered in its place, as it asks for no data.
fn from_archive(archive: &Har, request: &Request) -> Option<Answer> {
    let asked =
        Asked { method: &request.method, url: &request.url, body: request.body.as_deref(), headers: &request.headers };
    if let Some(entry) = archive.answer(asked) {
        return Some(Answer { status: entry.status, headers: entry.headers.clone(), body: entry.body.clone() });
    }
    let wanted = |name: &str| request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let method = wanted("access-control-request-method").filter(|_| request.method == "OPTIONS")?;
    let mut headers = vec![("access-control-allow-methods".to_owned(), method)];
    if let Some(names) = wanted("access-control-request-headers") {
        headers.push(("access-control-allow-headers".to_owned(), names));
    }
    Some(Answer { status: 204, headers, body: Bytes::new() })
}

fn fulfil(id: RequestId, request: &Request, answer: Answer) -> FulfillRequestParams {
    let mut headers: Vec<HeaderEntry> = Vec::with_capacity(answer.headers.len() + 2);
    let sent = answer.headers.iter().filter(|(name, value)| !OF_THE_WIRE.contains(&name.as_str()) && value != REDACTED);
    // Chromium reports several headers of one name as one, separated by line breaks.
    headers.extend(sent.flat_map(|(name, value)| value.split('\n').map(|line| HeaderEntry::new(name.as_str(), line))));
    let origin = request.headers.iter().find(|(name, _)| name == "origin");
    let allowed = answer.headers.iter().any(|(name, _)| name == "access-control-allow-origin");
    if let (Some((_, origin)), false) = (origin, allowed) {
        headers.push(HeaderEntry::new("access-control-allow-origin", origin.as_str()));
        headers.push(HeaderEntry::new("access-control-allow-credentials", "true"));
    }
    let mut params = FulfillRequestParams::new(id, i64::from(answer.status));
    params.response_headers = Some(headers);
    params.body = Some(STANDARD.encode(&answer.body).into());
    params
}
