//! Opens a context with its one page and makes both as the session wishes. Everything that can go at once goes at once: a
//! context costs three round trips and one batch, and two where Chromium holds new pages for us.
//!
//! A held page is opened with the URL of its first visit and asks for nothing before it is told to start. So no empty page is
//! made, shown and thrown away first, which is a tenth of what a visit costs. Chromium answers commands to such a page only
//! after its start: they are sent before, in order, and awaited behind it.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chromiumoxide::cdp::browser_protocol::browser::{SetDownloadBehaviorBehavior, SetDownloadBehaviorParams};
use chromiumoxide::cdp::browser_protocol::target::{
    AttachToTargetParams, CreateBrowserContextParams, CreateTargetParams, DisposeBrowserContextParams,
};
use chromiumoxide::cdp::js_protocol::runtime::RunIfWaitingForDebuggerParams;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::config::Config;
use super::error::BrowserError;
use super::fleet::Place;
use super::intercept::Intercept;
use super::link::{EVENTS, Link, Listener};
use super::page::{Ear, Shared};
use super::prepare::{Answers, prepare};
use super::relay::Relay;
use super::spec::{Proxy, SessionSpec};
use super::traffic::{Bounds, Traffic};

/// Where requests of a session that answers from an archive would go if one slipped through: nowhere.
const NOWHERE: &str = "http://127.0.0.1:9";
/// The page that shows nothing.
const BLANK: &str = "about:blank";

/// A context in a browser, disposed of with this value.
#[derive(Debug)]
pub(super) struct Tab {
    pub(super) place: Place,
    pub(super) context: String,
    pub(super) target: String,
    pub(super) session: String,
    pub(super) shared: Arc<Shared>,
    disposed: bool,
    held: AtomicBool,
    veiled: AtomicBool,
    start: Mutex<Option<Start>>,
    /// Ends the task that waits for the order to kill the context.
    _open: DropGuard,
    _relay: Option<Relay>,
}

impl Tab {
    pub(super) fn link(&self) -> &Link {
        &self.place.browser.link
    }

    /// What starts the page, once, where it is held.
    pub(super) fn take_start(&self) -> Option<Start> {
        self.start.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Whether the script that holds images is yet to be added; true once.
    pub(super) fn first_hold(&self) -> bool {
        !self.held.swap(true, Ordering::Relaxed)
    }

    /// Whether the script that keeps pages from being painted is yet to be added; true once.
    pub(super) fn first_veil(&self) -> bool {
        !self.veiled.swap(true, Ordering::Relaxed)
    }

    /// Whether it was added.
    pub(super) fn is_veiled(&self) -> bool {
        self.veiled.load(Ordering::Relaxed)
    }

    /// Disposes of the context and waits until it is gone.
    pub(super) async fn close(mut self) {
        self.disposed = true;
        let dispose = DisposeBrowserContextParams::new(self.context.clone());
        if let Err(error) = self.link().call(None, dispose).await {
            tracing::debug!(%error, "a context could not be closed");
        }
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        if !self.disposed {
            self.link().post_now(DisposeBrowserContextParams::new(self.context.clone()));
        }
    }
}

/// What a held page waits for.
#[derive(Debug)]
pub(super) struct Start {
    /// Where it goes.
    pub(super) url: String,
    answers: Answers,
}

/// Lets a held page go.
pub(super) async fn resume(tab: &Tab) {
    tab.link().post(Some(&tab.session), RunIfWaitingForDebuggerParams::default()).await;
}

impl Start {
    /// Waits for the answers to everything that the page was told before.
    pub(super) async fn told(self) -> Result<(), BrowserError> {
        self.answers.all().await
    }
}

/// Opens a context in this place. Where Chromium holds new pages, this one waits to be started to `url`; elsewhere, and without a
/// URL, it shows an empty page.
pub(super) async fn open(
    place: Place,
    spec: &SessionSpec,
    config: &Config,
    url: Option<&str>,
) -> Result<Tab, BrowserError> {
    let link = place.browser.link.clone();
    let relay = relay(spec).await?;
    let context = link.call(None, context_params(spec, relay.as_ref())?).await?.browser_context_id;
    let id: String = context.clone().into();
    let intercept = Intercept {
        rules: Vec::new(),
        archive: spec.answer_from.clone(),
        credentials: spec.proxy.as_ref().filter(|_| relay.is_none()).and_then(|proxy| proxy.credentials.clone()),
        given_for: None,
    };
    let shared = Shared::new(Traffic::default(), intercept);
    let open = CancellationToken::new();
    tokio::spawn(dispose_on(spec.kill.clone(), open.clone(), link.clone(), id.clone()));
    let mut tab = Tab {
        place,
        context: id,
        target: String::new(),
        session: String::new(),
        shared,
        disposed: false,
        held: AtomicBool::new(false),
        veiled: AtomicBool::new(false),
        start: Mutex::default(),
        _open: open.drop_guard(),
        _relay: relay,
    };
    let mut deny = SetDownloadBehaviorParams::new(SetDownloadBehaviorBehavior::Deny);
    deny.browser_context_id = Some(context.clone());
    if let Some(state) = &spec.storage_state {
        super::memory::restore_cookies(&tab, state).await?;
    }
    let url = url.unwrap_or(BLANK);
    let holds = tab.place.browser.holds_pages;
    let mut create = CreateTargetParams::new(if holds { url } else { BLANK });
    create.browser_context_id = Some(context);
    let deny = link.send(None, deny).await?;
    (tab.target, tab.session) = if holds { held_page(&tab, create).await? } else { shown_page(&link, create).await? };
    deny.answer(config.command_timeout()).await?;
    listen(&tab, spec, config).await;
    let answers = prepare(&tab, spec, config).await?;
    let start = Start { url: url.to_owned(), answers };
    if holds && url != BLANK {
        tab.start = Mutex::new(Some(start));
    } else {
        if holds {
            resume(&tab).await;
        }
        start.told().await?;
    }
    Ok(tab)
}

/// Makes a page that waits; Chromium attaches us to it by itself. Its target and session.
async fn held_page(tab: &Tab, create: CreateTargetParams) -> Result<(String, String), BrowserError> {
    let link = tab.link();
    let mut attached = link.expect(&tab.context).await;
    let mut made = pin!(link.call(None, create));
    let gone = |_| BrowserError::Gone { doing: "a page was opened".to_owned() };
    // What made it is answered before or after, or only when the page has started.
    let page = tokio::select! {
        biased;
        page = &mut attached => page.map_err(gone)?,
        created = &mut made => {
            created?;
            let limit = link.timeout();
            let late = |_| BrowserError::Timeout { doing: "attaching to a page".to_owned(), limit };
            tokio::time::timeout(limit, attached).await.map_err(late)?.map_err(gone)?
        }
    };
    Ok((page.target_info.target_id, page.session_id))
}

/// Makes an empty page and attaches to it. Its target and session.
async fn shown_page(link: &Link, create: CreateTargetParams) -> Result<(String, String), BrowserError> {
    let created = link.call(None, create).await?;
    let mut attach = AttachToTargetParams::new(created.target_id.clone());
    attach.flatten = Some(true);
    let attached = link.call(None, attach).await?;
    Ok((created.target_id.into(), attached.session_id.into()))
}

/// From now on the page's events are heard.
async fn listen(tab: &Tab, spec: &SessionSpec, config: &Config) {
    let (sender, events) = mpsc::channel(EVENTS);
    let listener = Listener {
        session: tab.session.clone(),
        target: tab.target.clone(),
        context: tab.context.clone(),
        events: sender,
    };
    tab.link().listen(listener).await;
    let ear = Ear {
        link: tab.link().clone(),
        session: tab.session.clone(),
        shared: Arc::clone(&tab.shared),
        bounds: bounds(spec, config),
        recorder: spec.record_to.clone(),
        code_cache: spec.answer_from.is_none().then(|| tab.place.code_cache()),
    };
    tokio::spawn(ear.listen(events));
}

/// Disposes of a context by order from outside, while whoever holds it may be stuck and never drop it.
async fn dispose_on(kill: CancellationToken, open: CancellationToken, link: Link, context: String) {
    tokio::select! {
        () = open.cancelled() => {}
        () = kill.cancelled() => link.post_now(DisposeBrowserContextParams::new(context)),
    }
}

fn context_params(spec: &SessionSpec, relay: Option<&Relay>) -> Result<CreateBrowserContextParams, BrowserError> {
    let mut params = CreateBrowserContextParams { dispose_on_detach: Some(true), ..Default::default() };
    if spec.answer_from.is_some() {
        params.proxy_server = Some(NOWHERE.to_owned());
        // Without this the loopback would still be reached.
        params.proxy_bypass_list = Some("<-loopback>".to_owned());
    } else if let Some(proxy) = &spec.proxy {
        check(proxy)?;
        params.proxy_server = Some(relay.map_or_else(|| proxy.server.clone(), Relay::server));
        params.proxy_bypass_list = proxy.bypass.clone();
    }
    Ok(params)
}

/// What logs in for Chromium where it cannot.
async fn relay(spec: &SessionSpec) -> Result<Option<Relay>, BrowserError> {
    let Some(proxy) = spec.proxy.as_ref().filter(|proxy| proxy.server.starts_with("socks5:")) else { return Ok(None) };
    let Some((user, password)) = &proxy.credentials else { return Ok(None) };
    check(proxy)?;
    let upstream = proxy.server.trim_start_matches("socks5://").trim_end_matches('/').to_owned();
    let relay = Relay::start(upstream, user.clone(), password.clone()).await;
    relay.map(Some).map_err(|e| BrowserError::Unusable { what: "the proxy".to_owned(), reason: e.to_string() })
}

fn check(proxy: &Proxy) -> Result<(), BrowserError> {
    let unusable =
        |reason: &str| Err(BrowserError::Unusable { what: "the proxy".to_owned(), reason: reason.to_owned() });
    let Ok(url) = url::Url::parse(&proxy.server) else {
        return unusable("write it as http://host:port, https://host:port or socks5://host:port");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return unusable("give its user name and password apart from its address");
    }
    match url.scheme() {
        "http" | "https" | "socks5" => Ok(()),
        _ => unusable("only http, https and socks5 are proxies that Chromium can use"),
    }
}

fn bounds(spec: &SessionSpec, config: &Config) -> Bounds {
    let response = spec.max_response_bytes.unwrap_or(config.max_response_bytes);
    Bounds {
        response_bytes: u64::try_from(response).unwrap_or(u64::MAX),
        responses: config.max_responses,
        visit_bytes: spec.max_visit_bytes.unwrap_or(config.max_visit_bytes),
    }
}
