//! The events that we read from Chromium, with only the fields that we use. chromiumoxide's own event types are stricter than
//! a browser of another version: one new word in one field and the whole event is lost. Here unknown fields and unknown
//! events are passed over without being built, so most of the traffic costs a scan and nothing more.

use std::borrow::Cow;
use std::fmt;

use chromiumoxide::types::{EventMessage, Method, MethodId};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// One event with the session it came from; browser-wide events have none.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) session: Option<String>,
    pub(super) event: Event,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Event {
    RequestSent(Box<RequestSent>),
    ResponseReceived(Box<ResponseReceived>),
    DataReceived(DataReceived),
    LoadingFinished(LoadingFinished),
    LoadingFailed(LoadingFailed),
    RequestPaused(Box<RequestPaused>),
    AuthRequired(AuthRequired),
    FrameNavigated(FrameNavigated),
    ScriptCompiled(Box<ScriptCompiled>),
    DomReady,
    Loaded,
    DialogOpened(DialogOpened),
    DownloadBegan,
    TargetCreated(TargetCreated),
    TargetCrashed(TargetCrashed),
    Attached(Attached),
    Detached(Detached),
    /// One that we do not need.
    Other,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestSent {
    pub(super) request_id: String,
    #[serde(default)]
    pub(super) loader_id: String,
    pub(super) request: Sent,
    #[serde(default)]
    pub(super) wall_time: f64,
    pub(super) timestamp: f64,
    pub(super) redirect_response: Option<Head>,
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    #[serde(default)]
    pub(super) frame_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sent {
    pub(super) url: String,
    pub(super) method: String,
    #[serde(default)]
    pub(super) headers: Headers,
    pub(super) post_data: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResponseReceived {
    pub(super) request_id: String,
    pub(super) response: Head,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Head {
    pub(super) url: String,
    pub(super) status: u16,
    pub(super) headers: Headers,
    pub(super) mime_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DataReceived {
    pub(super) request_id: String,
    #[serde(default)]
    pub(super) data_length: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoadingFinished {
    pub(super) request_id: String,
    pub(super) timestamp: f64,
    #[serde(default)]
    pub(super) encoded_data_length: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LoadingFailed {
    pub(super) request_id: String,
    pub(super) timestamp: f64,
    #[serde(default)]
    pub(super) error_text: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RequestPaused {
    pub(super) request_id: String,
    pub(super) request: Sent,
    #[serde(default)]
    pub(super) resource_type: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AuthRequired {
    pub(super) request_id: String,
    pub(super) auth_challenge: Challenge,
}

#[derive(Debug, Deserialize)]
pub(super) struct Challenge {
    #[serde(default)]
    pub(super) source: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct FrameNavigated {
    pub(super) frame: Frame,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Frame {
    pub(super) id: String,
    #[serde(default)]
    pub(super) loader_id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct ScriptCompiled {
    pub(super) url: String,
    /// Base64.
    pub(super) data: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct DialogOpened {
    #[serde(default, rename = "type")]
    pub(super) kind: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TargetCreated {
    pub(super) target_info: TargetInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TargetInfo {
    pub(super) target_id: String,
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    pub(super) browser_context_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TargetCrashed {
    pub(super) target_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attached {
    pub(super) session_id: String,
    pub(super) target_info: TargetInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detached {
    pub(super) session_id: String,
}

/// Headers in the order sent, names in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Headers(pub(super) Vec<(String, String)>);

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;
        impl<'de> Visitor<'de> for Pairs {
            type Value = Headers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of headers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
                let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(16));
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    pairs.push((name.to_lowercase(), value));
                }
                Ok(Headers(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

impl<'de> Deserialize<'de> for Incoming {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Message)
    }
}

/// Reads an event; Chromium writes the method before the parameters, which decides how these are read.
struct Message;

impl<'de> Visitor<'de> for Message {
    type Value = Incoming;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a DevTools event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Incoming, A::Error> {
        let mut incoming = Incoming { session: None, event: Event::Other };
        let mut method: Cow<'de, str> = Cow::Borrowed("");
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "method" => method = map.next_value()?,
                "sessionId" => incoming.session = Some(map.next_value()?),
                "params" => incoming.event = event(&method, &mut map)?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(incoming)
    }
}

fn event<'de, A: MapAccess<'de>>(method: &str, map: &mut A) -> Result<Event, A::Error> {
    Ok(match method {
        "Network.requestWillBeSent" => Event::RequestSent(map.next_value()?),
        "Network.responseReceived" => Event::ResponseReceived(map.next_value()?),
        "Network.dataReceived" => Event::DataReceived(map.next_value()?),
        "Network.loadingFinished" => Event::LoadingFinished(map.next_value()?),
        "Network.loadingFailed" => Event::LoadingFailed(map.next_value()?),
        "Fetch.requestPaused" => Event::RequestPaused(map.next_value()?),
        "Fetch.authRequired" => Event::AuthRequired(map.next_value()?),
        "Page.compilationCacheProduced" => Event::ScriptCompiled(map.next_value()?),
        "Page.frameNavigated" => Event::FrameNavigated(map.next_value()?),
        "Page.javascriptDialogOpening" => Event::DialogOpened(map.next_value()?),
        "Target.targetCreated" => Event::TargetCreated(map.next_value()?),
        "Target.targetCrashed" => Event::TargetCrashed(map.next_value()?),
        "Target.attachedToTarget" => Event::Attached(map.next_value()?),
        "Target.detachedFromTarget" => Event::Detached(map.next_value()?),
        other => {
            map.next_value::<IgnoredAny>()?;
            match other {
                "Page.domContentEventFired" => Event::DomReady,
                "Page.loadEventFired" => Event::Loaded,
                "Page.downloadWillBegin" => Event::DownloadBegan,
                _ => Event::Other,
            }
        }
    })
}

impl Method for Incoming {
    fn identifier(&self) -> MethodId {
        MethodId::Borrowed("")
    }
}

impl EventMessage for Incoming {
    fn session_id(&self) -> Option<&str> {
        self.session.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use chromiumoxide::types::Message;

    use super::*;

    #[test]
    fn an_event_with_unknown_fields_and_words_is_read() {
        let json = r#"{"method":"Network.responseReceived","params":{"requestId":"7","type":"Hologram","response":
            {"url":"https://a.test/","status":429,"headers":{"Retry-After":"7"},"mimeType":"text/html","novel":[1]}},"sessionId":"S"}"#;
        let Ok(Message::Event(incoming)) = serde_json::from_str::<Message<Incoming>>(json) else { panic!("not read") };
        assert_eq!(incoming.session.as_deref(), Some("S"));
        let Event::ResponseReceived(got) = incoming.event else { panic!("another event") };
        assert_eq!((got.response.status, got.response.headers.0[0].0.as_str()), (429, "retry-after"));
    }

    #[test]
    fn an_unknown_event_is_passed_over() {
        let json = r#"{"method":"Network.requestWillBeSentExtraInfo","params":{"a":{"b":[1,2]}},"sessionId":"S"}"#;
        let Ok(Message::Event(incoming)) = serde_json::from_str::<Message<Incoming>>(json) else { panic!("not read") };
        assert!(matches!(incoming.event, Event::Other));
    }
}
