//! Why settings cannot be used. Each message names where the setting was made, the key, and what it may be.

use std::path::PathBuf;

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// A file that cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// Not TOML.
    #[error("{place}: {message}")]
    Syntax {
        /// File and line.
        place: String,
        /// What the parser says.
        message: String,
    },
    /// A key that does not exist.
    #[error("{place}: unknown setting {key}{}", nearest.as_ref().map(|n| format!("; did you mean {n}?")).unwrap_or_default())]
    UnknownKey {
        /// File and line, or the variable.
        place: String,
        /// The key as given.
        key: String,
        /// The nearest key that exists.
        nearest: Option<String>,
    },
    /// A value of the wrong type.
    #[error("{place}: {key} must be {wanted}, not {given}")]
    WrongType {
        /// File and line, or the variable.
        place: String,
        /// The key.
        key: String,
        /// What it must be.
        wanted: &'static str,
        /// What it is.
        given: String,
    },
    /// A value that cannot be.
    #[error("setting {key}: {given:?} will not do: it must be {wanted}")]
    Value {
        /// The key.
        key: String,
        /// The value.
        given: String,
        /// What it must be.
        wanted: String,
    },
    /// A variable that names a whole section.
    #[error("environment: {name} is a section: name a key in it, as in {name}__KEY")]
    Section {
        /// The variable.
        name: String,
    },
    /// The file of a secret that cannot be read.
    #[error("setting {key}: cannot read {}: {source}", path.display())]
    SecretFile {
        /// The key that names the file.
        key: String,
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// A value of the right type that is not one of those it may be.
    #[error("{place}: {key}: {message}")]
    Form {
        /// File and line, or the variable.
        place: String,
        /// The key.
        key: String,
        /// What is wrong, and what it may be.
        message: String,
    },
    /// A value that its room does not take.
    #[error("settings: {0}")]
    Unfit(String),
}

impl ConfigError {
    /// A value that cannot be.
    #[must_use]
    pub fn value(key: &str, given: &str, wanted: &str) -> Self {
        Self::Value { key: key.to_owned(), given: given.to_owned(), wanted: wanted.to_owned() }
    }
}
