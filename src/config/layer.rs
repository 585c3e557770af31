//! Laying settings over each other. The built-in layer says which keys exist and of which type each is; this module
//! knows nothing else about them, so a new setting is one line in `config.toml` and one field in its room.

use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::secrets::{forget_secret_files, hide_secrets, read_secret_files};
use super::{Sources, read_text};

/// Variables that start so are settings.
pub(super) const VARIABLE_PREFIX: &str = "SENTINEL__";

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

/// All layers laid over each other.
pub(super) struct Merged(Table);

/// Lays file and variables over the defaults, and puts the contents of every `*_file` into its twin.
pub(super) fn merge(defaults: &str, sources: &Sources) -> Result<Merged, ConfigError> {
    let mut merged = parse(defaults, Path::new("config.toml"))?;
    let known = leaves(&merged);
    if let Some(path) = &sources.file {
        let text = read_text(path)?;
        let layer = parse(&text, path)?;
        let lines = Lines::of(&text, path);
        lay_table(&mut merged, layer, &mut Vec::new(), &lines, &known)?;
    }
    for (name, value) in &sources.variables {
        lay_variable(&mut merged, name, value, &known)?;
    }
    read_secret_files(&mut merged, "")?;
    Ok(Merged(merged))
}

impl Merged {
    pub(super) fn read<T: serde::de::DeserializeOwned>(mut self) -> Result<T, ConfigError> {
        forget_secret_files(&mut self.0);
        self.0.try_into().map_err(|error| ConfigError::Unfit(error.to_string()))
    }

    pub(super) fn read_section<T: serde::de::DeserializeOwned>(mut self, name: &str) -> Result<T, ConfigError> {
        let section = self.0.remove(name).ok_or_else(|| ConfigError::Unfit(format!("there is no section [{name}]")))?;
        section.try_into().map_err(|error: toml::de::Error| ConfigError::Unfit(format!("[{name}] {error}")))
    }

    /// The settings as TOML; every key that has a `*_file` twin is a secret and is not shown, nor are passwords in URLs.
    pub(super) fn redacted(mut self) -> String {
        hide_secrets(&mut self.0);
        toml::to_string_pretty(&self.0).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
    }
}

fn parse(text: &str, path: &Path) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map_or(1, |span| line_at(text, span.start));
        ConfigError::Syntax { place: format!("{}:{line}", path.display()), message: error.message().to_owned() }
    })
}

fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

/// Every key that holds a value, as a dotted path.
fn leaves(table: &Table) -> Vec<String> {
    fn walk(table: &Table, path: &mut Vec<String>, found: &mut Vec<String>) {
        for (key, value) in table {
            path.push(key.clone());
            match value.as_table() {
                Some(inner) => walk(inner, path, found),
                None => found.push(path.join(".")),
            }
            path.pop();
        }
    }
    let mut found = Vec::new();
    walk(table, &mut Vec::new(), &mut found);
    found
}

/// Where the keys of a file stand.
struct Lines<'a> {
    document: Option<toml_edit::Document<String>>,
    text: &'a str,
    path: &'a Path,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str, path: &'a Path) -> Self {
        Self { document: toml_edit::Document::parse(text.to_owned()).ok(), text, path }
    }

    /// `file:line` of a key; the file alone where the key was written inline.
    fn place(&self, keys: &[String]) -> String {
        let line = self.document.as_ref().and_then(|document| {
            let mut table: &dyn toml_edit::TableLike = document.as_table();
            let (last, parents) = keys.split_last()?;
            for key in parents {
                table = table.get(key)?.as_table_like()?;
            }
            let (key, item) = table.get_key_value(last)?;
            let span = key.span().or_else(|| item.span())?;
            Some(line_at(self.text, span.start))
        });
        match line {
            Some(line) => format!("{}:{line}", self.path.display()),
            None => self.path.display().to_string(),
        }
    }
}

fn lay_table(
    base: &mut Table,
    layer: Table,
    path: &mut Vec<String>,
    lines: &Lines<'_>,
    known: &[String],
) -> Result<(), ConfigError> {
    for (key, value) in layer {
        path.push(key.clone());
        let dotted = path.join(".");
        match (base.get_mut(&key), value) {
            // An empty section of the built-in layer is open: its keys are names that the operator chooses.
            (Some(Value::Table(inner)), Value::Table(outer)) if inner.is_empty() => *inner = outer,
            (Some(Value::Table(inner)), Value::Table(outer)) => lay_table(inner, outer, path, lines, known)?,
            (Some(slot), value) => {
                *slot = fitting(slot, value, &dotted, &lines.place(path))?;
            }
            (None, _) => {
                let place = lines.place(path);
                return Err(ConfigError::UnknownKey { place, nearest: nearest(&dotted, known), key: dotted });
            }
        }
        path.pop();
    }
    Ok(())
}

fn lay_variable(base: &mut Table, name: &str, text: &str, known: &[String]) -> Result<(), ConfigError> {
    let dotted = name.trim_start_matches(VARIABLE_PREFIX).split("__").map(str::to_lowercase).collect::<Vec<_>>();
    let joined = dotted.join(".");
    let unknown = || {
        let nearest = nearest(&joined, known).map(|key| variable(&key));
        ConfigError::UnknownKey { place: "environment".to_owned(), key: name.to_owned(), nearest }
    };
    let (last, parents) = dotted.split_last().ok_or_else(unknown)?;
    let mut table = base;
    for key in parents {
        table = table.get_mut(key).and_then(Value::as_table_mut).ok_or_else(unknown)?;
    }
    let slot = table.get_mut(last).filter(|slot| !slot.is_table()).ok_or_else(unknown)?;
    let value = if slot.is_str() { Value::String(text.to_owned()) } else { literal(text) };
    *slot = fitting(slot, value, &joined, name)?;
    Ok(())
}

/// A dotted key as the variable that sets it.
fn variable(key: &str) -> String {
    format!("{VARIABLE_PREFIX}{}", key.replace('.', "__").to_uppercase())
}

/// A variable's text as TOML would read it; plain text where it is no literal.
fn literal(text: &str) -> Value {
    let line = format!("value = {text}");
    line.parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn fitting(slot: &Value, value: Value, key: &str, place: &str) -> Result<Value, ConfigError> {
    match (slot, value) {
        (Value::Float(_), Value::Integer(whole)) =>
        {
            #[expect(clippy::cast_precision_loss, reason = "a setting is no large number")]
            Ok(Value::Float(whole as f64))
        }
        (slot, value) if slot.same_type(&value) => Ok(value),
        (slot, value) => Err(ConfigError::WrongType {
            place: place.to_owned(),
            key: key.to_owned(),
            wanted: type_name(slot),
            given: value.to_string(),
        }),
    }
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text in quotes",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list in brackets",
        Value::Table(_) => "a section",
    }
}

/// The most similar key, if any is similar enough to be meant.
fn nearest(key: &str, known: &[String]) -> Option<String> {
    let sections = known.iter().filter_map(|leaf| leaf.rsplit_once('.').map(|(section, _)| section.to_owned()));
    known
        .iter()
        .cloned()
        .chain(sections)
        .map(|candidate| (strsim::normalized_damerau_levenshtein(key, &candidate), candidate))
        .filter(|(likeness, _)| *likeness > 0.6)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}
