//! A context in Playwright's manner: one page with cookies of its own, to go somewhere, wait, look and leave. The engine uses
//! [`Session::visit`](super::Session::visit), which is made of these steps; a program that wants other steps uses them itself.
//!
//! After a failed navigation the context is disposed of: what a page does after that cannot be told from what it did before.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;
use serde_json::Value;

use super::config::Config;
use super::counters::Tally;
use super::error::BrowserError;
use super::fleet::Fleet;
use super::memory;
use super::navigate::Landing;
use super::open::{self, Tab, enable_fetch};
use super::page::body;
use super::route::{Pattern, Request, Route, Rule};
use super::spec::SessionSpec;
use super::storage::StorageState;
use super::{PictureFormat, blocking, picture};
use crate::model::capture::{KeptResponse, Picture};
use crate::model::job::Frame;

/// A fresh browser context with one page. Dropping it disposes of both.
#[derive(Debug)]
pub struct Context {
    tab: Mutex<Option<Arc<Tab>>>,
    pub(super) config: Arc<Config>,
    pub(super) tally: Arc<Tally>,
    pub(super) spec: SessionSpec,
}

impl Context {
    /// Opens one in the fleet. A browser that dies or hangs meanwhile is replaced and another is tried.
    pub(super) async fn open(fleet: &Arc<Fleet>, spec: &SessionSpec) -> Result<Self, BrowserError> {
        let mut tries = 2;
        let tab = loop {
            tries -= 1;
            let place = fleet.place().await?;
            let browser = Arc::clone(&place.browser);
            match open::open(place, spec, &fleet.config).await {
                Ok(tab) => break tab,
                Err(BrowserError::Gone { .. } | BrowserError::Timeout { .. }) if tries > 0 => {
                    browser.retire();
                    fleet.nudge();
                }
                Err(error) => return Err(error),
            }
        };
        let context = Self {
            tab: Mutex::new(Some(Arc::new(tab))),
            config: Arc::clone(&fleet.config),
            tally: Arc::clone(&fleet.tally),
            spec: spec.clone(),
        };
        if let Some(state) = &spec.storage_state {
            memory::restore(&context, state).await?;
        }
        Ok(context)
    }

    /// Goes to `url` (http or https) and waits until its document is parsed.
    ///
    /// # Errors
    /// When no response comes within `deadline`, or none at all. Any HTTP status is a landing and no error.
    pub async fn goto(&self, url: &str, deadline: Duration) -> Result<Landing, BrowserError> {
        let tab = self.tab()?;
        blocking::hold(&tab, &self.config, blocking::steered(&self.spec)).await;
        let landed = self.navigate(&tab, url, &[], deadline).await;
        self.keep_or_discard(landed).await
    }

    /// The first response whose URL matches and that has come in full since the last [`goto`](Self::goto).
    ///
    /// # Errors
    /// When none comes within `deadline`.
    pub async fn wait_for_response(
        &self,
        url: impl Into<Pattern>,
        deadline: Duration,
    ) -> Result<KeptResponse, BrowserError> {
        let (tab, pattern) = (self.tab()?, url.into());
        let seen = tab
            .shared
            .until(|state| state.traffic.finished.iter().find(|flight| pattern.matches(&flight.url)).cloned());
        let doing = || format!("waiting for a response from {pattern:?}");
        let flight = within(deadline, doing, seen).await?.map_err(|over| over.error(&self.url()))?;
        let body = body(tab.link(), &tab.session, &flight.id).await?;
        Ok(flight.kept(String::from_utf8_lossy(&body).into_owned()))
    }

    /// From now on `decide` says what becomes of each request whose URL matches; the newest route is asked first.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn route(
        &self,
        url: impl Into<Pattern>,
        decide: impl Fn(&Request) -> Route + Send + Sync + 'static,
    ) -> Result<(), BrowserError> {
        let tab = self.tab()?;
        let first = {
            let mut intercept = tab.shared.intercept.lock().unwrap_or_else(PoisonError::into_inner);
            let first = !intercept.is_needed();
            intercept.rules.push(Rule { pattern: url.into(), decide: Arc::new(decide) });
            first
        };
        enable_fetch(tab.link(), Some(&tab.session), first).await
    }

    /// Runs an expression in the page, awaits it where it is a promise, and gives back its value as JSON.
    ///
    /// # Errors
    /// When it throws, or is not done within `deadline` (an endless script is ended with the context).
    pub async fn evaluate(&self, expression: &str, deadline: Duration) -> Result<Value, BrowserError> {
        let tab = self.tab()?;
        evaluate(&tab, expression, deadline).await
    }

    /// The document as it stands now.
    ///
    /// # Errors
    /// When it is larger than `[browser] max_html_bytes` or the page does not answer.
    pub async fn content(&self) -> Result<String, BrowserError> {
        let tab = self.tab()?;
        content(&tab, self.config.max_html_bytes, self.config.command_timeout()).await.map(|(_, html)| html)
    }

    /// The URL of the main document that was last asked for or reached.
    #[must_use]
    pub fn url(&self) -> String {
        self.tab().map(|tab| tab.shared.state().traffic.document.url.clone()).unwrap_or_default()
    }

    /// Scrolls to the end of the page, again and again, until a JavaScript expression is true. False when `steps` are done or
    /// nothing moved for `stall`.
    ///
    /// # Errors
    /// When the expression throws or the page does not answer.
    pub async fn scroll_until(&self, condition: &str, steps: usize, stall: Duration) -> Result<bool, BrowserError> {
        let tab = self.tab()?;
        super::paging::scroll_until(&tab, condition, steps, stall, self.config.command_timeout()).await
    }

    /// Takes a picture.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn screenshot(&self, frame: Frame) -> Result<Picture, BrowserError> {
        let tab = self.tab()?;
        picture::take(&tab, frame, self.picture_format(), &self.config).await
    }

    /// The cookies of the context and the local storage of the page's origin now.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn storage_state(&self) -> Result<StorageState, BrowserError> {
        let tab = self.tab()?;
        memory::read(&tab, self.config.command_timeout()).await
    }

    /// Whether an earlier failure ended it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.tab().is_err()
    }

    /// Closes it and waits until it is gone.
    pub async fn close(self) {
        self.discard().await;
    }

    pub(super) fn picture_format(&self) -> PictureFormat {
        self.spec.picture_format.unwrap_or(self.config.picture_format)
    }

    /// The page, while there is one.
    pub(super) fn tab(&self) -> Result<Arc<Tab>, BrowserError> {
        self.tab.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(BrowserError::SessionOver)
    }

    /// Passes a result on; with an error the context is disposed of.
    pub(super) async fn keep_or_discard<T>(&self, result: Result<T, BrowserError>) -> Result<T, BrowserError> {
        if let Err(error) = &result {
            if matches!(error, BrowserError::Crashed { .. }) {
                self.tally.pages_crashed.one();
            }
            let ours = matches!(
                error,
                BrowserError::Crashed { .. } | BrowserError::Timeout { .. } | BrowserError::Gone { .. }
            );
            if let (true, Ok(tab)) = (ours, self.tab()) {
                tab.place.page_failed();
            }
            self.discard().await;
        }
        result
    }

    async fn discard(&self) {
        let tab = self.tab.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(tab) = tab.and_then(Arc::into_inner) {
            tab.close().await;
        }
    }
}

/// Waits no longer than `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    doing: impl FnOnce() -> String,
    what: impl Future<Output = T>,
) -> Result<T, BrowserError> {
    tokio::time::timeout(limit, what).await.map_err(|_| BrowserError::Timeout { doing: doing(), limit })
}

/// Runs an expression in the page's main world.
pub(super) async fn evaluate(tab: &Tab, expression: &str, limit: Duration) -> Result<Value, BrowserError> {
    let mut params = EvaluateParams::new(expression);
    params.return_by_value = Some(true);
    params.await_promise = Some(true);
    let call = tab.link().call_within(Some(&tab.session), params, limit);
    let returned = tokio::select! {
        over = tab.shared.until(|_| None::<()>) => {
            let url = tab.shared.state().traffic.document.url.clone();
            return Err(over.err().map_or(BrowserError::SessionOver, |over| over.error(&url)));
        }
        returned = call => returned?,
    };
    if let Some(thrown) = returned.exception_details {
        let said = thrown.exception.and_then(|object| object.description).unwrap_or(thrown.text);
        let reason = said.lines().next().unwrap_or_default().to_owned();
        return Err(BrowserError::Refused { command: "a script in the page".to_owned(), reason });
    }
    Ok(returned.result.value.unwrap_or(Value::Null))
}

/// The document's URL and markup.
pub(super) async fn content(tab: &Tab, most: usize, limit: Duration) -> Result<(String, String), BrowserError> {
    let script = format!(
        "(async () => {{ await new Promise(done => {{ requestAnimationFrame(() => done()); setTimeout(done, 50) }});
        const d = document.doctype, root = document.documentElement;
        const html = (d ? new XMLSerializer().serializeToString(d) + '\\n' : '') + (root ? root.outerHTML : '');
        return html.length > {most} ? [location.href] : [location.href, html]; }})()"
    );
    let value = evaluate(tab, &script, limit).await?;
    let Value::Array(parts) = value else {
        return Err(BrowserError::Refused { command: "the document".to_owned(), reason: "no markup came".to_owned() });
    };
    let mut texts = parts.into_iter().filter_map(|part| if let Value::String(text) = part { Some(text) } else { None });
    let url = texts.next().unwrap_or_default();
    match texts.next() {
        Some(html) => Ok((url, html)),
        None => Err(BrowserError::TooBig {
            url,
            what: "characters of markup",
            limit: u64::try_from(most).unwrap_or(u64::MAX),
        }),
    }
}
