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
#[derive(Clone, Default, PartialEq, Serialize)]
pub struct StorageState {
    /// Every cookie.
    pub cookies: Vec<Cookie>,
    /// Local storage by origin.
    pub origins: Vec<Origin>,
}

/// A file's form: one of the two parts may be missing, not both, or any JSON would pass for a session.
#[derive(Deserialize)]
struct Saved {
    cookies: Option<Vec<Cookie>>,
    origins: Option<Vec<Origin>>,
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
        let what = format!("the storage state {}", path.display());
        let unusable = |reason: String| BrowserError::Unusable { what: what.clone(), reason };
        let size = std::fs::metadata(path).map_err(|e| unusable(e.to_string()))?.len();
        if size > MAX_BYTES {
            return Err(unusable(format!("{size} bytes; at most {MAX_BYTES} are read")));
        }
        let json = std::fs::read_to_string(path).map_err(|e| unusable(e.to_string()))?;
        Self::parse(&json, &what)
    }

    /// Reads storage state from its JSON.
    ///
    /// # Errors
    /// When it has another form.
    pub fn from_json(json: &str) -> Result<Self, BrowserError> {
        Self::parse(json, "the storage state")
    }

    fn parse(json: &str, what: &str) -> Result<Self, BrowserError> {
        let unusable = |reason: String| BrowserError::Unusable { what: what.to_owned(), reason };
        let other_form = "not the JSON that Playwright's storageState() writes";
        let saved: Saved = serde_json::from_str(json)
            // serde's message could repeat a cookie's value; its place is enough.
            .map_err(|e| unusable(format!("line {}, column {}: {other_form}", e.line(), e.column())))?;
        if saved.cookies.is_none() && saved.origins.is_none() {
            return Err(unusable(format!("neither cookies nor origins: {other_form}")));
        }
        let state = Self { cookies: saved.cookies.unwrap_or_default(), origins: saved.origins.unwrap_or_default() };
        if state.origins.len() > MAX_ORIGINS {
            return Err(unusable(format!("{} origins; at most {MAX_ORIGINS} are restored", state.origins.len())));
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

    #[test]
    fn a_storage_state_may_lack_one_part_and_not_both() {
        assert!(StorageState::from_json(r#"{"origins":[]}"#).unwrap().cookies.is_empty());
        assert!(StorageState::from_json(r#"{"a":1}"#).unwrap_err().to_string().contains("neither cookies nor origins"));
    }
}
