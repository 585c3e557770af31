//! One session.

use super::error::BrowserError;
use super::spec::Visited;
use crate::model::visit::Visit;

/// A guest's or an operator's visit to a site. Dropping it disposes of its context.
#[derive(Debug)]
pub struct Session(());

impl Session {
    /// Carries out a visit. After an error the session is over.
    ///
    /// # Errors
    /// When the page could not be had; a refusal or an absence is a page.
    pub async fn visit(&self, visit: &Visit) -> Result<Visited, BrowserError> {
        let _ = visit;
        Err(BrowserError::SessionOver)
    }

    /// Whether an earlier failure ended it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        true
    }

    /// Its cookies and local storage now.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn storage_state(&self) -> Result<super::StorageState, BrowserError> {
        Err(BrowserError::SessionOver)
    }

    /// Closes it and waits until its context is gone.
    pub async fn close(self) {}
}
