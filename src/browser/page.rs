//! A page's ear: one task per page that takes Chromium's events in order, keeps [`Traffic`] up to date, fetches each wanted
//! body the moment it is complete (a later navigation throws it away), and answers what may not wait: dialogs, held requests,
//! downloads. It never waits for the network itself, so a flood of events cannot pile up behind a slow answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::network::{GetResponseBodyParams, RequestId};
use chromiumoxide::cdp::browser_protocol::page::HandleJavaScriptDialogParams;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use super::code_cache::{CodeCache, Share};
use super::error::BrowserError;
use super::har::Recorder;
use super::intercept::Intercept;
use super::link::Link;
use super::traffic::{Bounds, Completed, Exceeded, Flight, Traffic};
use super::wire::Event;

/// Why a page will not do anything any more.
#[derive(Debug, Clone, Copy)]
pub(super) enum Over {
    Crashed,
    Gone,
    Exceeded(Exceeded),
}

impl Over {
    pub(super) fn error(self, url: &str) -> BrowserError {
        match self {
            Self::Crashed => BrowserError::Crashed { url: url.to_owned() },
            Self::Gone => BrowserError::Gone { doing: format!("it showed {url}") },
            Self::Exceeded(Exceeded(what, limit)) => BrowserError::TooBig { url: url.to_owned(), what, limit },
        }
    }
}

/// What the task and its page both see.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    pub(super) intercept: Mutex<Intercept>,
    changed: watch::Sender<u64>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) traffic: Traffic,
    pub(super) over: Option<Over>,
    /// Whether the page tried to download a file.
    pub(super) downloads: bool,
    /// Bodies still on their way to us.
    pub(super) fetching: usize,
    /// Which of our navigations the traffic belongs to.
    generation: u64,
}

impl Shared {
    pub(super) fn new(traffic: Traffic, intercept: Intercept) -> Arc<Self> {
        let state = State { traffic, over: None, downloads: false, fetching: 0, generation: 0 };
        Arc::new(Self { state: Mutex::new(state), intercept: Mutex::new(intercept), changed: watch::Sender::new(0) })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins anew, before a navigation.
    pub(super) fn reset(&self, traffic: Traffic) {
        let mut state = self.state();
        state.traffic = traffic;
        state.downloads = false;
        state.fetching = 0;
        state.generation += 1;
    }

    /// Waits until `seen` finds what it looks for; an error when the page is over before.
    pub(super) async fn until<T>(&self, mut seen: impl FnMut(&mut State) -> Option<T>) -> Result<T, Over> {
        let mut changed = self.changed.subscribe();
        loop {
            {
                let mut state = self.state();
                if let Some(over) = state.over {
                    return Err(over);
                }
                if let Some(found) = seen(&mut state) {
                    return Ok(found);
                }
            }
            if changed.changed().await.is_err() {
                return Err(Over::Gone);
            }
        }
    }

    /// Waits for the next change of anything.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn end(&self, over: Over) {
        self.state().over.get_or_insert(over);
    }

    fn notify(&self) {
        self.changed.send_modify(|n| *n = n.wrapping_add(1));
    }
}

/// A body that has arrived.
struct Arrived {
    generation: u64,
    flight: Flight,
    /// None where Chromium no longer had it.
    body: Option<Bytes>,
}

/// The task's own state.
pub(super) struct Ear {
    pub(super) link: Link,
    pub(super) session: String,
    pub(super) shared: Arc<Shared>,
    pub(super) bounds: Bounds,
    pub(super) recorder: Option<Recorder>,
    /// None where pages are answered from an archive.
    pub(super) code_cache: Option<Arc<CodeCache>>,
}

impl Ear {
    /// Listens until the page is gone.
    pub(super) async fn listen(self, mut events: mpsc::Receiver<Event>) {
        let mut bodies: FuturesUnordered<BoxFuture<'static, Arrived>> = FuturesUnordered::new();
        loop {
            tokio::select! {
                biased;
                Some(arrived) = bodies.next(), if !bodies.is_empty() => self.arrived(arrived),
                event = events.recv() => match event {
                    Some(event) => {
                        if let Some(wanted) = self.hear(event).await {
                            bodies.push(wanted);
                        }
                    }
                    None => {
                        self.shared.end(Over::Gone);
                        self.shared.notify();
                        return;
                    }
                },
            }
            self.shared.notify();
        }
    }

    /// Takes in one event; where it completes a wanted response, gives back the errand for its body.
    async fn hear(&self, event: Event) -> Option<BoxFuture<'static, Arrived>> {
        match event {
            Event::RequestSent(sent) => return self.traffic(|traffic, _| traffic.sent(*sent)),
            Event::ResponseReceived(got) => {
                let mut state = self.shared.state();
                if let (Some(cache), Some(script)) = (&self.code_cache, state.traffic.script(&got.request_id)) {
                    cache.seen(&state.traffic.document.url, script, &got.response);
                }
                state.traffic.responded(&got.request_id, got.response);
            }
            Event::DataReceived(data) => {
                return self.traffic(|traffic, bounds| traffic.received(&data.request_id, data.data_length, bounds));
            }
            Event::LoadingFinished(end) => return self.traffic(|traffic, bounds| traffic.finished(&end, bounds)),
            Event::LoadingFailed(end) => return self.traffic(|traffic, _| Ok(traffic.failed(&end))),
            Event::FrameNavigated(at) => {
                let share = self.navigated(&at.frame);
                share.tell(&self.link, &self.session).await;
            }
            Event::ScriptCompiled(script) => {
                if let Some(cache) = &self.code_cache {
                    cache.compiled(&self.shared.state().traffic.document.url, &script.url, script.data);
                }
            }
            Event::DomReady => self.document_is(|document| document.dom_ready = true),
            Event::Loaded => self.document_is(|document| document.loaded = true),
            Event::DialogOpened(dialog) => {
                // Leaving is always allowed; everything else is declined.
                let answer = HandleJavaScriptDialogParams::new(dialog.kind == "beforeunload");
                self.link.post(Some(&self.session), answer).await;
            }
            Event::DownloadBegan => self.shared.state().downloads = true,
            Event::RequestPaused(paused) => {
                let decision = self.intercept().decide(*paused);
                decision.send(&self.link, &self.session).await;
            }
            Event::AuthRequired(asked) => {
                let answer = self.intercept().credentials_for(asked);
                self.link.post(Some(&self.session), answer).await;
            }
            Event::TargetCrashed(_) => {
                if let Some(cache) = &self.code_cache {
                    cache.forget(&self.shared.state().traffic.document.url);
                }
                self.shared.end(Over::Crashed);
            }
            Event::TargetCreated(_) | Event::Attached(_) | Event::Detached(_) | Event::Other => {}
        }
        None
    }

    fn intercept(&self) -> MutexGuard<'_, Intercept> {
        self.shared.intercept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame shows another document; what to tell the page of its scripts.
    fn navigated(&self, frame: &super::wire::Frame) -> Share {
        let mut state = self.shared.state();
        if !state.traffic.navigated(&frame.id, &frame.loader_id) {
            return Share::default();
        }
        self.code_cache.as_ref().map(|cache| cache.page(&state.traffic.document.url)).unwrap_or_default()
    }

    /// Marks the document that the frame shows; events of the one before it do not count.
    fn document_is(&self, mark: impl FnOnce(&mut super::traffic::Document)) {
        let mut state = self.shared.state();
        if state.traffic.document.committed {
            mark(&mut state.traffic.document);
        }
    }

    /// Changes the traffic; where that completes a wanted response, gives back the errand for its body.
    fn traffic(
        &self,
        change: impl FnOnce(&mut Traffic, Bounds) -> Result<Option<Completed>, Exceeded>,
    ) -> Option<BoxFuture<'static, Arrived>> {
        let mut state = self.shared.state();
        let completed = change(&mut state.traffic, self.bounds);
        match completed {
            Ok(completed) => completed.and_then(|completed| self.completed(&mut state, completed)),
            Err(exceeded) => {
                state.over.get_or_insert(Over::Exceeded(exceeded));
                None
            }
        }
    }

    /// Keeps what has no body at once; for the rest gives back an errand.
    fn completed(&self, state: &mut State, completed: Completed) -> Option<BoxFuture<'static, Arrived>> {
        let Completed { flight, fetch } = completed;
        if !fetch {
            self.keep(state, &flight, Bytes::new());
            return None;
        }
        state.fetching += 1;
        let (link, session, generation) = (self.link.clone(), self.session.clone(), state.generation);
        Some(Box::pin(async move {
            let body = body(&link, &session, &flight.id).await;
            Arrived { generation, flight, body: body.ok() }
        }))
    }

    fn arrived(&self, arrived: Arrived) {
        let mut state = self.shared.state();
        if arrived.generation != state.generation {
            return;
        }
        state.fetching = state.fetching.saturating_sub(1);
        match arrived.body {
            Some(body) => self.keep(&mut state, &arrived.flight, body),
            // To keep it empty would make a refusal of it.
            None => tracing::warn!(url = %arrived.flight.url, "a response was gone before its body could be taken"),
        }
    }

    fn keep(&self, state: &mut State, flight: &Flight, body: Bytes) {
        if let Some(recorder) = &self.recorder {
            recorder.push(flight.entry(body.clone()));
        }
        if flight.is_kept() {
            let text =
                String::from_utf8(body.into()).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
            state.traffic.kept.push(flight.kept(text));
        }
    }
}

/// Fetches a complete response's body.
pub(super) async fn body(link: &Link, session: &str, id: &str) -> Result<Bytes, BrowserError> {
    let got = link.call(Some(session), GetResponseBodyParams::new(RequestId::new(id))).await?;
    if !got.base64_encoded {
        return Ok(got.body.into());
    }
    let refused =
        |e: base64::DecodeError| BrowserError::Refused { command: "a body".to_owned(), reason: e.to_string() };
    STANDARD.decode(got.body).map(Bytes::from).map_err(refused)
}
