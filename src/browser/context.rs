//! A context in Playwright's manner: one page with cookies of its own, to go somewhere, wait, look and leave. The engine uses
//! [`Session::visit`](super::Session::visit), which is made of these steps; a program that wants other steps uses them itself.
//!
//! After a failed navigation the context is disposed of: what a page does after that cannot be told from what it did before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use super::config::Config;
use super::counters::Tally;
use super::error::BrowserError;
use super::evaluate::{content, evaluate, within};
use super::fleet::{Fleet, Place};
use super::har::without_fragment;
use super::memory;
use super::navigate::Landing;
use super::open::{self, Tab};
use super::page::body;
use super::prepare::enable_fetch;
use super::route::{Pattern, Request, Route, Rule};
use super::spec::SessionSpec;
use super::storage::StorageState;
use super::{PictureFormat, blocking, picture};
use crate::model::capture::{KeptResponse, Picture};
use crate::model::job::Frame;

/// A fresh browser context with one page. Dropping it disposes of both.
#[derive(Debug)]
pub struct Context {
    stage: Mutex<Stage>,
    fleet: Arc<Fleet>,
    pub(super) config: Arc<Config>,
    pub(super) tally: Arc<Tally>,
    pub(super) spec: SessionSpec,
}

/// How far it is.
#[derive(Debug)]
enum Stage {
    /// It has a place, and is opened with its first URL.
    Reserved(Place),
    Open(Arc<Tab>),
    Over,
}

impl Context {
    /// Takes a place in the fleet; the context is opened when it is first sent somewhere.
    pub(super) async fn reserve(fleet: &Arc<Fleet>, spec: &SessionSpec) -> Result<Self, BrowserError> {
        let context = Self {
            stage: Mutex::new(Stage::Reserved(fleet.place().await?)),
            fleet: Arc::clone(fleet),
            config: Arc::clone(&fleet.config),
            tally: Arc::clone(&fleet.tally),
            spec: spec.clone(),
        };
        // Local storage is given to pages before any other.
        if let Some(state) = spec.storage_state.as_ref().filter(|state| !state.origins.is_empty()) {
            memory::restore_storage(&context, state).await?;
        }
        Ok(context)
    }

    /// Opens one in the fleet, with an empty page.
    pub(super) async fn open(fleet: &Arc<Fleet>, spec: &SessionSpec) -> Result<Self, BrowserError> {
        let context = Self::reserve(fleet, spec).await?;
        context.tab().await?;
        Ok(context)
    }

    /// Opens the page in its place. A browser that dies or hangs meanwhile is replaced and another is tried.
    async fn opened(&self, first: Place, url: Option<&str>) -> Result<Arc<Tab>, BrowserError> {
        let (mut place, mut tries) = (first, 2);
        loop {
            tries -= 1;
            let browser = Arc::clone(&place.browser);
            match open::open(place, &self.spec, &self.config, url).await {
                Ok(tab) => return Ok(self.keep(tab)),
                Err(BrowserError::Gone { .. } | BrowserError::Timeout { .. }) if tries > 0 => {
                    browser.retire();
                    self.fleet.nudge();
                    place = self.fleet.place().await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn keep(&self, tab: Tab) -> Arc<Tab> {
        let tab = Arc::new(tab);
        *self.stage() = Stage::Open(Arc::clone(&tab));
        tab
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page, while there is one; opened now where it is not yet.
    pub(super) async fn tab(&self) -> Result<Arc<Tab>, BrowserError> {
        self.tab_for(None).await
    }

    /// The same; where it is not opened yet, it is opened to go to this URL.
    pub(super) async fn tab_for(&self, url: Option<&str>) -> Result<Arc<Tab>, BrowserError> {
        let place = {
            let mut stage = self.stage();
            match std::mem::replace(&mut *stage, Stage::Over) {
                Stage::Open(tab) => {
                    *stage = Stage::Open(Arc::clone(&tab));
                    return Ok(tab);
                }
                Stage::Over => return Err(BrowserError::SessionOver),
                Stage::Reserved(place) => place,
            }
        };
        self.opened(place, url).await
    }

    /// The page where it is open.
    fn open_tab(&self) -> Option<Arc<Tab>> {
        if let Stage::Open(tab) = &*self.stage() { Some(Arc::clone(tab)) } else { None }
    }

    /// Goes to `url` (http or https) and waits until its document is parsed.
    ///
    /// # Errors
    /// When no response comes within `deadline`, or none at all. Any HTTP status is a landing and no error.
    pub async fn goto(&self, url: &str, deadline: Duration) -> Result<Landing, BrowserError> {
        let tab = self.tab_for(Some(without_fragment(url))).await?;
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
        let (tab, pattern) = (self.tab().await?, url.into());
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
        let tab = self.tab().await?;
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
        let tab = self.tab().await?;
        evaluate(&tab, expression, deadline).await
    }

    /// The document as it stands now.
    ///
    /// # Errors
    /// When it is larger than `[browser] max_html_bytes` or the page does not answer.
    pub async fn content(&self) -> Result<String, BrowserError> {
        let tab = self.tab().await?;
        content(&tab, self.config.max_html_bytes, self.config.command_timeout()).await.map(|(_, html)| html)
    }

    /// The URL of the main document that was last asked for or reached.
    #[must_use]
    pub fn url(&self) -> String {
        self.open_tab().map(|tab| tab.shared.state().traffic.document.url.clone()).unwrap_or_default()
    }

    /// Scrolls to the end of the page, again and again, until a JavaScript expression is true. False when `steps` are done or
    /// nothing moved for `stall`.
    ///
    /// # Errors
    /// When the expression throws or the page does not answer.
    pub async fn scroll_until(&self, condition: &str, steps: usize, stall: Duration) -> Result<bool, BrowserError> {
        let tab = self.tab().await?;
        super::paging::scroll_until(&tab, condition, steps, stall, self.config.command_timeout()).await
    }

    /// Takes a picture.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn screenshot(&self, frame: Frame) -> Result<Picture, BrowserError> {
        let tab = self.tab().await?;
        picture::take(&tab, frame, self.picture_format(), &self.config).await
    }

    /// The cookies of the context and the local storage of the page's origin now.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn storage_state(&self) -> Result<StorageState, BrowserError> {
        let tab = self.tab().await?;
        memory::read(&tab, self.config.command_timeout()).await
    }

    /// Whether an earlier failure ended it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(*self.stage(), Stage::Over)
    }

    /// Closes it and waits until it is gone.
    pub async fn close(self) {
        self.discard().await;
    }

    pub(super) fn picture_format(&self) -> PictureFormat {
        self.spec.picture_format.unwrap_or(self.config.picture_format)
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
            if let (true, Some(tab)) = (ours, self.open_tab()) {
                tab.place.page_failed();
            }
            self.discard().await;
        }
        result
    }

    async fn discard(&self) {
        let stage = std::mem::replace(&mut *self.stage(), Stage::Over);
        if let Stage::Open(tab) = stage
            && let Some(tab) = Arc::into_inner(tab)
        {
            tab.close().await;
        }
    }
}
