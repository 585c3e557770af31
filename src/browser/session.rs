//! A session: what a crawl holds while it visits pages, be it a real context or a recording.

use super::context::Context;
use super::error::BrowserError;
use super::replay::Replay;
use super::spec::Visited;
use super::storage::StorageState;
use crate::model::visit::Visit;

/// A guest's, or an operator's, time at a site. Dropping it disposes of its context.
#[derive(Debug)]
pub struct Session(pub(super) Kind);

/// Where its pages come from.
#[derive(Debug)]
pub(super) enum Kind {
    Chromium(Box<Context>),
    Replay(Replay),
}

impl Session {
    /// Carries out a visit, by its deadline (`[browser] visit_timeout_ms`). After an error the session is over: open a new one.
    ///
    /// # Errors
    /// When the page could not be had. A refusal or an absence is a page and no error.
    pub async fn visit(&self, visit: &Visit) -> Result<Visited, BrowserError> {
        match &self.0 {
            Kind::Chromium(context) => super::visit::visit(context, visit).await,
            Kind::Replay(replay) => replay.visit(visit),
        }
    }

    /// The context, for other steps than a visit's; none in a replay.
    #[must_use]
    pub fn context(&self) -> Option<&Context> {
        match &self.0 {
            Kind::Chromium(context) => Some(context),
            Kind::Replay(_) => None,
        }
    }

    /// Whether an earlier failure ended it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.context().is_some_and(Context::is_over)
    }

    /// Its cookies and local storage now; empty in a replay.
    ///
    /// # Errors
    /// When the page does not answer.
    pub async fn storage_state(&self) -> Result<StorageState, BrowserError> {
        match self.context() {
            Some(context) => context.storage_state().await,
            None => Ok(StorageState::default()),
        }
    }

    /// Closes it and waits until its context is gone.
    pub async fn close(self) {
        match self.0 {
            Kind::Chromium(context) => context.close().await,
            Kind::Replay(_) => {}
        }
    }
}
