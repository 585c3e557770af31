//! What operators see: logs, metrics and the answers to "are you alive, are you ready". Names, labels and help texts of
//! all metrics stand in `catalog.rs` and their bounded label values in `labels.rs` and `words.rs`, so that no room invents its own.
//! Rooms return facts; only the engine counts them here.

mod catalog;
mod http;
mod labels;
mod metrics;
mod readiness;
mod words;

use std::io::IsTerminal as _;
use std::net::SocketAddr;

use serde::Deserialize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::format::debug_fn;

use crate::model::fault::Fault;

pub use http::{Listening, router};
pub use metrics::Metrics;
pub use readiness::Readiness;
pub use words::{BreakerState, Crash, HealStep, Part, RefusedWrite, SnoozeCause, Step, Throughput};

/// The section `[telemetry]` of the settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What is logged, as `level` or `module=level`, separated by commas.
    pub log_filter: String,
    /// How it is logged.
    pub log_format: LogFormat,
    /// Where `/metrics`, `/healthz` and `/readyz` are served; empty for nowhere.
    pub listen: String,
}

/// How a log line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text on a terminal, JSON otherwise.
    Auto,
    /// Text for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is no filter.
    #[error(
        "telemetry.log_filter = {given:?} is no log filter ({detail}): write it as info or info,social_sentinel=debug"
    )]
    BadFilter {
        /// What was given.
        given: String,
        /// The parser's word.
        detail: String,
    },
    /// The address is no address.
    #[error("telemetry.listen = {given:?} is no address: write it as 127.0.0.1:9464, or leave it empty")]
    BadAddress {
        /// What was given.
        given: String,
    },
    /// Nobody can be answered there.
    #[error("telemetry.listen = {address}: {detail}; choose another address, or leave it empty for none")]
    CannotListen {
        /// The address.
        address: SocketAddr,
        /// The system's word.
        detail: String,
    },
    /// Somebody else already receives this process's log.
    #[error("logging was started twice in one process: start it once")]
    AlreadyStarted,
}

impl TelemetryError {
    /// What this failure means for a job: none ever sees it.
    #[must_use]
    pub const fn fault(&self) -> Fault {
        match self {
            Self::BadFilter { .. } | Self::BadAddress { .. } | Self::CannotListen { .. } | Self::AlreadyStarted => {
                Fault::Defect
            }
        }
    }
}

impl Config {
    /// For a command that a person waits for, whose own words are on the same screen: nothing beneath `least`, as text.
    #[must_use]
    pub fn only(least: tracing::Level) -> Self {
        let log_filter = format!("{least},chromiumoxide=error");
        Self { log_filter, log_format: LogFormat::Text, listen: String::new() }
    }

    /// Where to listen; none where nothing is to be served.
    ///
    /// # Errors
    /// Where `listen` is neither empty nor an address with a port.
    pub fn address(&self) -> Result<Option<SocketAddr>, TelemetryError> {
        if self.listen.is_empty() {
            return Ok(None);
        }
        self.listen.parse().map(Some).map_err(|_| TelemetryError::BadAddress { given: self.listen.clone() })
    }

    /// Whether filter and address can stand.
    ///
    /// # Errors
    /// Where one of them cannot.
    pub fn check(&self) -> Result<(), TelemetryError> {
        self.filter()?;
        self.address().map(|_| ())
    }

    fn filter(&self) -> Result<EnvFilter, TelemetryError> {
        EnvFilter::builder()
            .parse(&self.log_filter)
            .map_err(|e| TelemetryError::BadFilter { given: self.log_filter.clone(), detail: e.to_string() })
    }
}

/// Starts logging to standard error, for the whole process and once. Standard output stays free for documents. Values
/// may hold words of a page: in text their control characters are escaped, so that none steers a terminal or forges a line.
///
/// # Errors
/// Where the filter is none, or logging has been started before.
pub fn start_logging(config: &Config) -> Result<(), TelemetryError> {
    start_logging_to(config, std::io::stderr)
}

/// As [`start_logging`], where something else stands on the terminal too and must make room: each line goes through a
/// writer of its own.
///
/// # Errors
/// As [`start_logging`].
pub fn start_logging_to<W: std::io::Write + 'static>(
    config: &Config,
    writer: impl Fn() -> W + Send + Sync + 'static,
) -> Result<(), TelemetryError> {
    let terminal = std::io::stderr().is_terminal();
    let json = match config.log_format {
        LogFormat::Auto => !terminal,
        LogFormat::Text => false,
        LogFormat::Json => true,
    };
    let lines = tracing_subscriber::fmt().with_env_filter(config.filter()?).with_writer(writer);
    let started = if json {
        lines.json().flatten_event(true).try_init()
    } else {
        let fields = debug_fn(|writer, field, value| {
            let value = escaped(&format!("{value:?}"));
            if field.name() == "message" {
                write!(writer, "{value}")
            } else {
                write!(writer, "{}={value}", field.name())
            }
        });
        lines.with_ansi(terminal).with_target(false).fmt_fields(fields.delimited(" ")).try_init()
    };
    started.map_err(|_| TelemetryError::AlreadyStarted)
}

/// A value on one line, without characters that could steer a terminal.
fn escaped(value: &str) -> String {
    let mut clean = String::with_capacity(value.len());
    for c in value.chars() {
        if c.is_control() { clean.extend(c.escape_default()) } else { clean.push(c) }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_steer_a_terminal_or_forge_a_line() {
        assert_eq!(escaped("a\u{1b}[31mb\nc\u{9b}é"), "a\\u{1b}[31mb\\nc\\u{9b}é");
    }

    #[test]
    fn a_quiet_log_has_a_filter_that_reads() {
        assert!(Config::only(tracing::Level::WARN).filter().is_ok());
    }

    fn config(filter: &str, listen: &str) -> Config {
        Config { log_filter: filter.to_owned(), log_format: LogFormat::Auto, listen: listen.to_owned() }
    }

    #[test]
    fn a_bad_setting_is_named_with_its_mend() {
        let bad = config("info,social_sentinel=lout", "somewhere");
        assert!(bad.filter().unwrap_err().to_string().contains("telemetry.log_filter = \"info,social_sentinel=lout\""));
        assert!(bad.address().unwrap_err().to_string().contains("127.0.0.1:9464"));
        assert!(config("info,social_sentinel=debug", "").filter().is_ok());
        assert_eq!(config("info", "").address().unwrap(), None);
        assert_eq!(config("info", "127.0.0.1:1").address().unwrap(), Some(([127, 0, 0, 1], 1).into()));
    }
}
