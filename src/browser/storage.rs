//! Cookies and local storage in the JSON form of Playwright's `storageState`, so that an operator can bring a session from
//! a browser of their own. Its values are secrets: they are never logged.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::BrowserError;

/// The largest storage-state file, in bytes.
const MAX_BYTES: u64 = 10_000_000;
/// The most origins whose local storage is restored; each costs an empty page load.
pub(super) const MAX_ORIGINS: usize = 50;

/// A session's memory.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StorageState {
    /// Every cookie.
    #[serde(default)]
    pub cookies: Vec<Cookie>,
    /// Local storage by origin.
    #[serde(default)]
    pub origins: Vec<Origin>,
}

/// One cookie.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cookie {
    /// Its name.
    pub name: String,
    /// Its value: a secret.
    pub value: String,
    /// The domain it is for, with a leading dot where it is for subdomains too.
    pub domain: String,
    /// The path it is for.
    #[serde(default = "root")]
    pub path: String,
    /// Seconds since 1970; -1 for one that ends with the session.
    #[serde(default = "session_end")]
    pub expires: f64,
    /// Whether scripts cannot read it.
    #[serde(default)]
    pub http_only: bool,
    /// Whether it is sent by https only.
    #[serde(default)]
    pub secure: bool,
    /// `Strict`, `Lax` or `None`.
    #[serde(default = "lax")]
    pub same_site: String,
}

/// One origin's local storage.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// As in `https://www.tiktok.com`.
    pub origin: String,
    /// Its items.
    #[serde(default)]
    pub local_storage: Vec<Item>,
}

/// One item of local storage.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its key.
    pub name: String,
    /// Its value: a secret.
    pub value: String,
}

fn root() -> String {
    "/".to_owned()
}

const fn session_end() -> f64 {
    -1.0
}

fn lax() -> String {
    "Lax".to_owned()
}

impl StorageState {
    /// Reads a storage-state file.
    ///
    /// # Errors
    /// When it cannot be read or has another form.
    pub fn read(path: &Path) -> Result<Self, BrowserError> {
        let unusable =
            |reason: String| BrowserError::Unusable { what: format!("the storage state {}", path.display()), reason };
        let size = std::fs::metadata(path).map_err(|e| unusable(e.to_string()))?.len();
        if size > MAX_BYTES {
            return Err(unusable(format!("{size} bytes; at most {MAX_BYTES} are read")));
        }
        let json = std::fs::read_to_string(path).map_err(|e| unusable(e.to_string()))?;
        Self::from_json(&json)
    }

    /// Reads storage state from its JSON.
    ///
    /// # Errors
    /// When it has another form.
    pub fn from_json(json: &str) -> Result<Self, BrowserError> {
        let state: Self = serde_json::from_str(json).map_err(|e| BrowserError::Unusable {
            what: "the storage state".to_owned(),
            // serde's message could repeat a cookie's value; its place is enough.
            reason: format!(
                "line {}, column {}: not the JSON that Playwright's storageState() writes",
                e.line(),
                e.column()
            ),
        })?;
        if state.origins.len() > MAX_ORIGINS {
            let reason = format!("{} origins; at most {MAX_ORIGINS} are restored", state.origins.len());
            return Err(BrowserError::Unusable { what: "the storage state".to_owned(), reason });
        }
        Ok(state)
    }

    /// The same JSON again.
    ///
    /// # Errors
    /// When a value cannot be put in JSON, which none can fail to be.
    pub fn to_json(&self) -> Result<String, BrowserError> {
        serde_json::to_string_pretty(self)
            .map_err(|e| BrowserError::Unusable { what: "the storage state".to_owned(), reason: e.to_string() })
    }
}

impl fmt::Debug for StorageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StorageState({} cookies, {} origins)", self.cookies.len(), self.origins.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storage_state_never_shows_its_values() {
        let state =
            StorageState::from_json(r#"{"cookies":[{"name":"sid","value":"secret","domain":".a.test"}]}"#).unwrap();
        assert_eq!(format!("{state:?}"), "StorageState(1 cookies, 0 origins)");
        let error = StorageState::from_json(r#"{"cookies":"secret"}"#).unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
