//! Opens a context with its one page and makes both as the session wishes. Everything that can go at once goes at once: a
//! context costs three round trips and one batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chromiumoxide::cdp::browser_protocol::browser::{SetDownloadBehaviorBehavior, SetDownloadBehaviorParams};
use chromiumoxide::cdp::browser_protocol::emulation::{
    SetDeviceMetricsOverrideParams, SetLocaleOverrideParams, SetTimezoneOverrideParams, SetUserAgentOverrideParams,
};
use chromiumoxide::cdp::browser_protocol::target::{
    AttachToTargetParams, CreateBrowserContextParams, CreateTargetParams, DisposeBrowserContextParams,
};
use chromiumoxide::cdp::browser_protocol::{fetch, network, page as cdp_page};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::config::Config;
use super::error::BrowserError;
use super::fleet::Place;
use super::intercept::Intercept;
use super::link::{EVENTS, Link, Listener};
use super::page::{Ear, Shared};
use super::relay::Relay;
use super::spec::{Proxy, SessionSpec};
use super::traffic::{Bounds, Traffic};

/// Where requests of a session that answers from an archive would go if one slipped through: nowhere.
const NOWHERE: &str = "http://127.0.0.1:9";

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
    /// Ends the task that waits for the order to kill the context.
    _open: DropGuard,
    _relay: Option<Relay>,
}

impl Tab {
    pub(super) fn link(&self) -> &Link {
        &self.place.browser.link
    }

    /// Whether the script that holds images is yet to be added; true once.
    pub(super) fn first_hold(&self) -> bool {
        !self.held.swap(true, Ordering::Relaxed)
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

/// Opens a context in this place.
pub(super) async fn open(place: Place, spec: &SessionSpec, config: &Config) -> Result<Tab, BrowserError> {
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
        _open: open.drop_guard(),
        _relay: relay,
    };
    let mut deny = SetDownloadBehaviorParams::new(SetDownloadBehaviorBehavior::Deny);
    deny.browser_context_id = Some(context.clone());
    let mut create = CreateTargetParams::new("about:blank");
    create.browser_context_id = Some(context);
    let (_, created) = tokio::try_join!(link.call(None, deny), link.call(None, create))?;
    tab.target = created.target_id.clone().into();
    let mut attach = AttachToTargetParams::new(created.target_id);
    attach.flatten = Some(true);
    tab.session = link.call(None, attach).await?.session_id.into();
    let (sender, events) = mpsc::channel(EVENTS);
    let listener = Listener {
        session: tab.session.clone(),
        target: tab.target.clone(),
        context: tab.context.clone(),
        events: sender,
    };
    link.listen(listener).await;
    let ear = Ear {
        link: link.clone(),
        session: tab.session.clone(),
        shared: Arc::clone(&tab.shared),
        bounds: bounds(spec, config),
        recorder: spec.record_to.clone(),
    };
    tokio::spawn(ear.listen(events));
    prepare(&tab, spec, config).await?;
    Ok(tab)
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

/// Sets everything on the new page, all commands at once.
async fn prepare(tab: &Tab, spec: &SessionSpec, config: &Config) -> Result<(), BrowserError> {
    let (link, session) = (tab.link(), Some(tab.session.as_str()));
    let buffers = network::EnableParams { max_total_buffer_size: Some(64 << 20), ..Default::default() };
    let (width, height) = (i64::from(config.viewport_width_px), i64::from(config.viewport_height_px));
    let intercepts = tab.shared.intercept.lock().is_ok_and(|intercept| intercept.is_needed());
    tokio::try_join!(
        link.call(session, cdp_page::EnableParams::default()),
        link.call(session, buffers),
        link.call(session, SetDeviceMetricsOverrideParams::new(width, height, 1.0, false)),
        link.call(session, network::SetBypassServiceWorkerParams::new(true)),
        time_zone(link, session, spec.timezone.as_ref().unwrap_or(&config.timezone)),
        language(tab, spec, config),
        enable_fetch(link, session, intercepts),
    )?;
    Ok(())
}

async fn time_zone(link: &Link, session: Option<&str>, zone: &str) -> Result<(), BrowserError> {
    match link.call(session, SetTimezoneOverrideParams::new(zone)).await {
        Ok(_) => Ok(()),
        Err(BrowserError::Refused { reason, .. }) if reason.contains("Invalid") => Err(BrowserError::Unusable {
            what: format!("the time zone {zone:?}"),
            reason: "write it as Europe/Berlin".to_owned(),
        }),
        Err(error) => Err(error),
    }
}

/// Language by what pages ask for and what scripts see. Only the browser-wide header is used where it fits: an override of the
/// user agent, even by itself, would drop the client hints.
async fn language(tab: &Tab, spec: &SessionSpec, config: &Config) -> Result<(), BrowserError> {
    let (link, session) = (tab.link(), Some(tab.session.as_str()));
    let locale = spec.locale.as_ref().unwrap_or(&config.locale);
    let scripts = SetLocaleOverrideParams { locale: Some(locale.clone()) };
    match link.call(session, scripts).await {
        // Said of a renderer that has it already.
        Ok(_) | Err(BrowserError::Refused { .. }) => {}
        Err(error) => return Err(error),
    }
    if *locale != config.locale || !config.user_agent.is_empty() {
        let own = if config.user_agent.is_empty() { &tab.place.browser.user_agent } else { &config.user_agent };
        let mut agent = SetUserAgentOverrideParams::new(own.clone());
        agent.accept_language = Some(locale.clone());
        link.call(session, agent).await?;
    }
    Ok(())
}

/// Has Chromium hold every request for us, where that is needed.
pub(super) async fn enable_fetch(link: &Link, session: Option<&str>, needed: bool) -> Result<(), BrowserError> {
    if needed {
        let enable = fetch::EnableParams { patterns: None, handle_auth_requests: Some(true) };
        link.call(session, enable).await?;
    }
    Ok(())
}
