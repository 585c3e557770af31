//! Carries out a [`Visit`] in a context, step by step: go, wait for the data, page, take the markup, take the picture.
//! It stops waiting the moment the data is complete.

use std::pin::pin;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

use super::blocking::{self, Held};
use super::config::Config;
use super::context::Context;
use super::error::BrowserError;
use super::evaluate::{content, evaluate, within};
use super::har::without_fragment;
use super::navigate::Landing;
use super::open::Tab;
use super::paging::{self, quoted};
use super::picture;
use super::spec::{Readiness, Visited};
use super::unknown;
use crate::model::capture::CapturedPage;
use crate::model::visit::{Paging, Ready, Visit};

/// How often elements are looked for.
const LOOK: Duration = Duration::from_millis(100);
/// In a page that is answered from an archive: when nothing has been asked for so long, nothing more will be.
const SILENCE: Duration = Duration::from_millis(500);
/// How long a refusal's body is waited for, which scripts seldom read.
const UNREAD: Duration = Duration::from_millis(400);

/// Carries it out; after an error the context is gone.
pub(super) async fn visit(context: &Context, visit: &Visit) -> Result<Visited, BrowserError> {
    let limit = context.config.visit_timeout();
    let doing = || format!("the visit to {}", visit.url);
    let visited = within(
        limit,
        doing,
        Box::pin(async {
            let tab = context.tab_for(Some(without_fragment(&visit.url))).await?;
            steps(context, &tab, visit).await
        }),
    );
    let visited = visited.await;
    let visited = context.keep_or_discard(visited.and_then(|visited| visited)).await;
    match &visited {
        Ok(visited) => {
            context.tally.visits.one();
            context.tally.bytes.add(visited.bytes);
        }
        Err(_) => context.tally.visits_failed.one(),
    }
    visited
}

async fn steps(context: &Context, tab: &Tab, visit: &Visit) -> Result<Visited, BrowserError> {
    let (config, command) = (&context.config, context.config.command_timeout());
    let held = blocking::plan(&context.spec, config, visit.picture);
    blocking::hold(tab, config, held).await;
    let landing = context.navigate(tab, &visit.url, &visit.keep, config.navigation_timeout()).await?;
    let readiness = ready(tab, visit, &landing, config, command).await?;
    let seen = matches!(readiness, Readiness::Seen(_)) || visit.ready.is_empty();
    let paging = match &visit.paging {
        Some(paging) if seen && is_healthy(tab) => {
            let stall = if is_offline(tab) { paging.stall.min(2 * SILENCE) } else { paging.stall };
            let paging = Paging { stall, ..paging.clone() };
            Some(paging::page(tab, &paging, &context.spec.follow, command).await?)
        }
        Some(_) | None => None,
    };
    settle(tab, command).await?;
    if visit.paging.is_some() && seeks_data(tab) {
        unknown::keep(tab, visit).await;
    }
    // They come while the markup is taken.
    if held == Held::ImagesUntilPicture {
        blocking::reveal(tab, config).await?;
    }
    let (url, html) = if is_blank(&landing) {
        (landing.url, String::new())
    } else {
        content(tab, config.max_html_bytes, command).await?
    };
    if held == Held::Images && visit.picture.is_some() {
        blocking::blank(tab, config).await?;
    }
    let picture = match visit.picture {
        Some(frame) => Some(picture::take(tab, frame, context.picture_format(), config).await?),
        None => None,
    };
    let (page, bytes) = captured(tab, visit, url, html);
    Ok(Visited { page, picture, bytes, readiness, paging })
}

/// Whether Chromium shows an error page of its own in place of a document without a body.
fn is_blank(landing: &Landing) -> bool {
    landing.empty && landing.status.is_some()
}

/// Whether the document's status promises data.
fn is_healthy(tab: &Tab) -> bool {
    tab.shared.state().traffic.document.status.is_none_or(|status| status < 400)
}

/// Whether a healthy page asked for none of the data that is known.
fn seeks_data(tab: &Tab) -> bool {
    is_healthy(tab) && tab.shared.state().traffic.kept.is_empty()
}

/// Whether an archive answers: then what comes, comes at once.
fn is_offline(tab: &Tab) -> bool {
    tab.shared.intercept.lock().unwrap_or_else(PoisonError::into_inner).archive.is_some()
}

/// Since when the page has asked for nothing.
#[derive(Debug, Default)]
struct Silence {
    traffic: (usize, usize),
    since: Option<Instant>,
}

impl Silence {
    /// How long it lasts now.
    fn lasts(&mut self, tab: &Tab) -> Duration {
        let traffic = tab.shared.state().traffic.amount();
        if traffic.0 > 0 || traffic != self.traffic {
            self.since = None;
        }
        self.traffic = traffic;
        self.since.get_or_insert_with(Instant::now).elapsed()
    }
}

/// Whether the page's scripts have nothing to do now: a busy one may be about to ask for its data.
async fn is_at_rest(tab: &Tab, limit: Duration) -> Result<bool, BrowserError> {
    let idle = "new Promise(done => { requestIdleCallback(() => done(true)); setTimeout(() => done(false), 200) })";
    match evaluate(tab, idle, limit).await {
        Ok(rests) => Ok(rests == true),
        // The page is going somewhere else at this moment.
        Err(BrowserError::Refused { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Waits for one of the signs; at most `patience` after the document has loaded, which itself may take as long as any, and
/// less where the page has come to rest without one.
async fn ready(
    tab: &Tab,
    visit: &Visit,
    landing: &Landing,
    config: &Config,
    command: Duration,
) -> Result<Readiness, BrowserError> {
    if is_blank(landing) {
        return Ok(Readiness::Loaded);
    }
    let elements: Vec<&Ready> = visit.ready.iter().filter(|ready| matches!(ready, Ready::Element(_))).collect();
    let mut patience_over = pin!(tokio::time::sleep(config.navigation_timeout()));
    let mut loaded = false;
    let (offline, mut silence) = (is_offline(tab), Silence::default());
    let rest = if offline { SILENCE } else { Duration::from_millis(config.rest_ms) };
    let mut changes = tab.shared.changes();
    loop {
        let now_loaded = {
            let state = tab.shared.state();
            if let Some(over) = state.over {
                return Err(over.error(&visit.url));
            }
            let came = |ready: &&Ready| matches!(ready, Ready::Response(part) if state.traffic.has_finished(part));
            if let Some(seen) = visit.ready.iter().find(came) {
                return Ok(Readiness::Seen(seen.clone()));
            }
            state.traffic.document.loaded
        };
        if let Some(seen) = element(tab, &elements, command).await? {
            return Ok(Readiness::Seen(seen.clone()));
        }
        if now_loaded && (visit.ready.is_empty() || !is_healthy(tab)) {
            return Ok(Readiness::Loaded);
        }
        let silent = now_loaded && !rest.is_zero() && silence.lasts(tab) >= rest;
        if silent && (offline || (is_at_rest(tab, command).await? && silence.lasts(tab) >= rest)) {
            return Ok(Readiness::PatienceOver);
        }
        if now_loaded && !loaded {
            loaded = true;
            patience_over.set(tokio::time::sleep(visit.patience));
        }
        // A change is acted upon at once where a response is awaited; elements are looked for at intervals.
        tokio::select! {
            () = patience_over.as_mut() => return Ok(Readiness::PatienceOver),
            () = next(&mut changes, tab, visit, loaded) => {}
            () = tokio::time::sleep(LOOK), if now_loaded || !elements.is_empty() => {}
        }
    }
}

/// Waits for a change that matters: the load, a wanted response, the end.
async fn next(changes: &mut tokio::sync::watch::Receiver<u64>, tab: &Tab, visit: &Visit, loaded: bool) {
    while changes.changed().await.is_ok() {
        let state = tab.shared.state();
        let came = |ready: &Ready| matches!(ready, Ready::Response(part) if state.traffic.has_finished(part));
        if state.over.is_some() || (state.traffic.document.loaded && !loaded) || visit.ready.iter().any(came) {
            return;
        }
    }
}

/// The first of these elements that is in the document; a selector that is none matches nothing.
async fn element<'a>(tab: &Tab, elements: &[&'a Ready], limit: Duration) -> Result<Option<&'a Ready>, BrowserError> {
    let selectors = elements.iter().map(|ready| match ready {
        Ready::Element(selector) => quoted(selector),
        Ready::Response(_) => quoted("none"),
    });
    let selectors: Vec<String> = selectors.collect();
    if selectors.is_empty() {
        return Ok(None);
    }
    let script = format!(
        "[{}].findIndex(s => {{ try {{ return document.querySelector(s) }} catch {{ return false }} }})",
        selectors.join(",")
    );
    match evaluate(tab, &script, limit).await {
        Ok(index) => Ok(index.as_u64().and_then(|index| elements.get(usize::try_from(index).ok()?).copied())),
        // The page is going somewhere else at this moment.
        Err(BrowserError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Waits until the bodies that came are here and the document is parsed (it may just have changed); a refusal that nobody
/// reads is waited for a little.
async fn settle(tab: &Tab, limit: Duration) -> Result<(), BrowserError> {
    let url = tab.shared.state().traffic.document.url.clone();
    let read = tab.shared.until(|state| (!state.traffic.has_unread()).then_some(()));
    let _ = tokio::time::timeout(UNREAD, read).await;
    let settled = tab.shared.until(|state| {
        let document = &state.traffic.document;
        let shown = document.dom_ready || document.failed.is_some() || document.size == 0;
        (state.fetching == 0 && shown).then(|| state.traffic.take_unread())
    });
    within(limit, || format!("settling {url}"), settled).await?.map_err(|over| over.error(&url))
}

/// The page and the bytes it took; the kept responses are moved out.
fn captured(tab: &Tab, visit: &Visit, url: String, html: String) -> (CapturedPage, u64) {
    let mut state = tab.shared.state();
    let responses = std::mem::take(&mut state.traffic.kept);
    let document = &state.traffic.document;
    let page = CapturedPage {
        purpose: visit.purpose.clone(),
        url: visit.url.clone(),
        final_url: if url.starts_with("http") { url } else { document.url.clone() },
        redirects: document.redirects.clone(),
        status: document.status,
        headers: document.headers.clone(),
        html,
        responses,
    };
    (page, state.traffic.bytes)
}
