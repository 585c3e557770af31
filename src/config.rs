//! Settings: the only reader of the environment. `config.toml` is built in as the lowest layer and is at the same time
//! the list of every key and its type; above it come the operator's file and `SENTINEL__SECTION__KEY` variables. A key
//! that the built-in layer does not have is an error that names the line and the nearest key that exists, because a
//! misspelt limit that is silently ignored is worse than none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::model::job::PlatformId;
use crate::{blob, browser, gate, local, queue, screenshot, store, telemetry};

mod engine;
mod error;
mod layer;
mod secrets;

pub use engine::{AdmissionRules, EngineConfig, Pictures, RetryRules};
pub use error::ConfigError;

/// The built-in layer, which is the documented list of every setting.
pub const DEFAULTS: &str = include_str!("../config.toml");

/// Every setting, composed of the rooms' sections.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// Chromium.
    pub browser: browser::Config,
    /// Pictures.
    pub screenshot: screenshot::Config,
    /// Where pictures and captures are kept.
    pub blob: blob::BlobConfig,
    /// Redis.
    pub queue: queue::QueueConfig,
    /// The private servers.
    pub local: local::LocalConfig,
    /// PostgreSQL.
    pub store: store::StoreConfig,
    /// Limits and breakers.
    pub gate: gate::GateConfig,
    /// Where each platform is.
    pub platform: BTreeMap<String, PlatformConfig>,
    /// Workers, deadlines and retries.
    pub engine: EngineConfig,
    /// Logs, metrics and readiness.
    pub telemetry: telemetry::Config,
}

/// One platform's section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformConfig {
    /// Scheme and host to visit; a profile's identity stays canonical.
    pub base_url: Url,
    /// The operator's own session, as Playwright writes it; empty for a guest.
    pub storage_state_file: String,
    /// The way out: one proxy's address with its credentials, or several, separated by commas; empty for our own address.
    pub proxy: SecretString,
    /// A file that holds it.
    pub proxy_file: String,
}

/// Where settings come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The operator's file.
    pub file: Option<PathBuf>,
    /// Variables as (name, value); only those that start with `SENTINEL__` count.
    pub variables: Vec<(String, String)>,
}

impl Sources {
    /// The operator's file and this process's environment.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    pub fn process(file: Option<PathBuf>) -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with(layer::VARIABLE_PREFIX))
            .collect();
        Self { file, variables }
    }
}

impl Config {
    /// The built-in settings alone.
    ///
    /// # Errors
    /// Never in a build that passed its tests; the built-in layer is read like any other.
    pub fn builtin() -> Result<Self, ConfigError> {
        Self::load(&Sources::default())
    }

    /// Lays the sources over each other and checks the result.
    ///
    /// # Errors
    /// An unreadable file, bad TOML, an unknown key, a value of the wrong type or out of range: with file and line, or
    /// the variable's name.
    pub fn load(sources: &Sources) -> Result<Self, ConfigError> {
        let merged = layer::merge(DEFAULTS, sources)?;
        let config: Self = merged.read()?;
        config.check()?;
        Ok(config)
    }

    /// The address to visit for a platform.
    #[must_use]
    pub fn base_url(&self, platform: &PlatformId) -> Option<&Url> {
        self.platform.get(platform.as_str()).map(|section| &section.base_url)
    }

    /// Every platform with the address to visit.
    #[must_use]
    pub fn base_urls(&self) -> Vec<(PlatformId, Url)> {
        self.platform.iter().map(|(name, section)| (PlatformId::new(name.as_str()), section.base_url.clone())).collect()
    }

    fn check(&self) -> Result<(), ConfigError> {
        for (name, section) in &self.platform {
            let key = format!("platform.{name}.base_url");
            if !matches!(section.base_url.scheme(), "http" | "https") || section.base_url.host().is_none() {
                return Err(ConfigError::value(
                    &key,
                    section.base_url.as_str(),
                    "an http or https address with a host",
                ));
            }
        }
        self.check_rooms().map_err(ConfigError::Unfit)?;
        if let Some(name) = self.gate.platforms.keys().find(|name| !self.platform.contains_key(*name)) {
            let known = self.platform.keys().cloned().collect::<Vec<_>>().join(" or ");
            return Err(ConfigError::value("gate.platforms", name, &known));
        }
        self.engine.check()
    }

    /// Each room knows best what it can work with. Nobody outside is asked.
    fn check_rooms(&self) -> Result<(), String> {
        self.browser.check()?;
        self.screenshot.check()?;
        self.queue.check()?;
        self.queue.check_url()?;
        self.blob.check().map_err(|error| error.to_string())?;
        self.store.check().map_err(|error| error.to_string())?;
        self.gate.check().map_err(|error| error.to_string())?;
        self.telemetry.check().map_err(|error| error.to_string())
    }
}

/// The effective settings as TOML with secrets replaced, for `sentinel config show`.
///
/// # Errors
/// As [`Config::load`].
pub fn show(sources: &Sources) -> Result<String, ConfigError> {
    Ok(layer::merge(DEFAULTS, sources)?.redacted())
}

/// Reads one section of the built-in layer, for tests of rooms that know nothing of the whole.
///
/// # Errors
/// When the section is missing or does not fit `T`.
pub fn builtin_section<T: serde::de::DeserializeOwned>(name: &str) -> Result<T, ConfigError> {
    layer::merge(DEFAULTS, &Sources::default())?.read_section(name)
}

/// Reads a text file or says which file and why not.
fn read_text(path: &Path) -> Result<String, ConfigError> {
    std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    fn with_file(text: &str) -> Result<Config, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("my.toml");
        std::fs::write(&file, text).unwrap();
        Config::load(&Sources { file: Some(file), variables: vec![] })
    }

    fn with_variable(name: &str, value: &str) -> Result<Config, ConfigError> {
        Config::load(&Sources { file: None, variables: vec![(name.to_owned(), value.to_owned())] })
    }

    #[test]
    fn the_built_in_layer_reads() {
        let config = Config::builtin().unwrap();
        assert_eq!(config.base_url(&PlatformId::new("tiktok")).unwrap().as_str(), "https://www.tiktok.com/");
    }

    #[test]
    fn a_typo_names_file_line_and_the_nearest_key() {
        let error = with_file("\n[engine]\nworkesr = 3\n").unwrap_err().to_string();
        assert!(error.contains("my.toml:3"), "{error}");
        assert!(error.contains("engine.workesr") && error.contains("engine.workers"), "{error}");
    }

    #[test]
    fn a_misspelt_section_is_named() {
        let error = with_file("[engin]\nworkers = 3\n").unwrap_err().to_string();
        assert!(error.contains("my.toml:1") && error.contains("engine"), "{error}");
    }

    #[test]
    fn a_wrong_type_names_the_line_and_what_is_wanted() {
        let error = with_file("[engine]\nworkers = \"three\"\n").unwrap_err().to_string();
        assert!(error.contains("my.toml:2") && error.contains("whole number"), "{error}");
    }

    #[test]
    fn broken_toml_names_the_line() {
        let error = with_file("[engine]\nworkers = = 3\n").unwrap_err().to_string();
        assert!(error.contains("my.toml:2"), "{error}");
    }

    #[test]
    fn a_variable_sets_any_key_and_stands_above_the_file() {
        let config = with_variable("SENTINEL__PLATFORM__TIKTOK__BASE_URL", "http://127.0.0.1:9").unwrap();
        assert_eq!(config.base_url(&PlatformId::new("tiktok")).unwrap().port(), Some(9));
        assert_eq!(with_variable("SENTINEL__ENGINE__WORKERS", "5").unwrap().engine.workers, 5);
    }

    #[test]
    fn a_misspelt_variable_is_an_error_with_the_nearest_name() {
        let error = with_variable("SENTINEL__ENGINE__WORKER", "5").unwrap_err().to_string();
        assert!(error.contains("SENTINEL__ENGINE__WORKER") && error.contains("SENTINEL__ENGINE__WORKERS"), "{error}");
    }

    #[test]
    fn a_value_out_of_range_is_named() {
        let error = with_variable("SENTINEL__ENGINE__CRAWL_DEADLINE_S", "0").unwrap_err().to_string();
        assert!(error.contains("engine.crawl_deadline_s") && error.contains("1 to"), "{error}");
    }

    #[test]
    fn a_word_that_is_none_of_the_possible_ones_names_its_place_and_those() {
        let error = with_file("[blob]\nkind = \"s3\"\n").unwrap_err().to_string();
        assert!(error.contains("my.toml:2: blob.kind") && error.contains("`r2`") && !error.contains('\n'), "{error}");
        let error = with_variable("SENTINEL__GATE__ROBOTS", "maybe").unwrap_err().to_string();
        assert!(error.contains("SENTINEL__GATE__ROBOTS: gate.robots") && error.contains("honour"), "{error}");
        let error = with_file("[gate.platforms.tiktok]\npages = 1\n").unwrap_err().to_string();
        assert!(error.contains("my.toml:1") && error.contains("pages"), "{error}");
    }

    #[test]
    fn a_number_below_zero_a_section_and_a_lost_secret_are_told() {
        let error = with_variable("SENTINEL__QUEUE__LEASE_MS", "-1").unwrap_err().to_string();
        assert!(error.contains("queue.lease_ms must be a whole number from 0 on, not -1"), "{error}");
        let error = with_variable("SENTINEL__QUEUE", "x").unwrap_err().to_string();
        assert!(error.contains("SENTINEL__QUEUE is a section"), "{error}");
        let error = with_variable("SENTINEL__STORE__URL_FILE", "/no/such/file").unwrap_err().to_string();
        assert!(error.contains("store.url_file") && error.contains("/no/such/file"), "{error}");
    }

    #[test]
    fn a_secrets_file_stands_for_its_key_and_not_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("url");
        std::fs::write(&file, "postgres://me:hush@127.0.0.1/x\n").unwrap();
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut variables = vec![variable("SENTINEL__STORE__URL_FILE", &file.display().to_string())];
        let config = Config::load(&Sources { file: None, variables: variables.clone() }).unwrap();
        assert_eq!(config.store.url().unwrap().expose_secret(), "postgres://me:hush@127.0.0.1/x");
        variables.push(variable("SENTINEL__STORE__URL", "postgres://127.0.0.1/y"));
        let error = Config::load(&Sources { file: None, variables }).unwrap_err().to_string();
        assert!(error.contains("store.url_file") && error.contains("keep one") && !error.contains("hush"), "{error}");
    }

    #[test]
    fn an_address_that_is_no_web_address_is_refused() {
        let error = with_variable("SENTINEL__PLATFORM__TIKTOK__BASE_URL", "ftp://x.y").unwrap_err().to_string();
        assert!(error.contains("platform.tiktok.base_url"), "{error}");
    }
}
