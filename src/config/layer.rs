//! Laying settings over each other. The built-in layer says which keys exist and of which type each is; this module
//! knows nothing else about them, so a new setting is one line in `config.toml` and one field in its room.

use std::collections::BTreeMap;
use std::path::Path;

use toml::{Table, Value};

use super::secrets::{forget_secret_files, hide_secrets, read_secret_files};
use super::{ConfigError, Sources, read_text};

/// Variables that start so are settings.
pub(super) const VARIABLE_PREFIX: &str = "SENTINEL__";

/// All layers laid over each other.
pub(super) struct Merged {
    table: Table,
    places: Places,
}

/// Where each key that is not the built-in layer's was set: file and line, or the variable.
type Places = BTreeMap<String, String>;

/// Lays file and variables over the defaults, and puts the contents of every `*_file` into its twin.
pub(super) fn merge(defaults: &str, sources: &Sources) -> Result<Merged, ConfigError> {
    let mut merged = parse(defaults, Path::new("config.toml"))?;
    let known = leaves(&merged);
    let mut places = Places::new();
    if let Some(path) = &sources.file {
        let text = read_text(path)?;
        let layer = parse(&text, path)?;
        let lines = Lines::of(&text, path);
        lay_table(&mut merged, layer, &mut Vec::new(), &lines, &known, &mut places)?;
    }
    for (name, value) in &sources.variables {
        let key = lay_variable(&mut merged, name, value, &known)?;
        places.insert(key, name.clone());
    }
    read_secret_files(&mut merged, "")?;
    Ok(Merged { table: merged, places })
}

impl Merged {
    pub(super) fn read<T: serde::de::DeserializeOwned>(mut self) -> Result<T, ConfigError> {
        forget_secret_files(&mut self.table);
        self.table.try_into().map_err(|error| of_form(&error, &self.places))
    }

    pub(super) fn read_section<T: serde::de::DeserializeOwned>(mut self, name: &str) -> Result<T, ConfigError> {
        let section =
            self.table.remove(name).ok_or_else(|| ConfigError::Unfit(format!("there is no section [{name}]")))?;
        section.try_into().map_err(|error: toml::de::Error| ConfigError::Unfit(format!("[{name}] {error}")))
    }

    /// The settings as TOML; every key that has a `*_file` twin is a secret and is not shown, nor are passwords in URLs.
    pub(super) fn redacted(mut self) -> String {
        hide_secrets(&mut self.table);
        toml::to_string_pretty(&self.table).unwrap_or_else(|error| format!("# cannot be shown: {error}\n"))
    }
}

/// What a room's form does not take, with the place where it was set. The reader tells the key on a line of its own.
fn of_form(error: &toml::de::Error, places: &Places) -> ConfigError {
    let said = error.to_string();
    let Some(key) = said.lines().find_map(|line| line.trim().strip_prefix("in `")?.strip_suffix('`')) else {
        return ConfigError::Unfit(said.trim_end().to_owned());
    };
    // A key of an open section stands where the section does.
    let is_around = |set: &str| key == set || key.strip_prefix(set).is_some_and(|rest| rest.starts_with('.'));
    let place = places.iter().rev().find(|(set, _)| is_around(set)).map_or("config.toml", |(_, place)| place);
    ConfigError::Form { place: place.to_owned(), key: key.to_owned(), message: error.message().to_owned() }
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
    places: &mut Places,
) -> Result<(), ConfigError> {
    for (key, value) in layer {
        path.push(key.clone());
        let dotted = path.join(".");
        match (base.get_mut(&key), value) {
            // An empty section of the built-in layer is open: its keys are names that the operator chooses.
            (Some(Value::Table(inner)), Value::Table(outer)) if inner.is_empty() => {
                places.insert(dotted, lines.place(path));
                *inner = outer;
            }
            (Some(Value::Table(inner)), Value::Table(outer)) => lay_table(inner, outer, path, lines, known, places)?,
            (Some(slot), value) => {
                let place = lines.place(path);
                *slot = fitting(slot, value, &dotted, &place)?;
                places.insert(dotted, place);
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

/// Lays one variable over the rest; answers the key that it sets.
fn lay_variable(base: &mut Table, name: &str, text: &str, known: &[String]) -> Result<String, ConfigError> {
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
    let slot = table.get_mut(last).ok_or_else(unknown)?;
    if slot.is_table() {
        return Err(ConfigError::Section { name: name.to_owned() });
    }
    let value = if slot.is_str() { Value::String(text.to_owned()) } else { literal(text) };
    *slot = fitting(slot, value, &joined, name)?;
    Ok(joined)
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
        // No setting is below zero.
        (Value::Integer(_), Value::Integer(given)) if given < 0 => Err(ConfigError::WrongType {
            place: place.to_owned(),
            key: key.to_owned(),
            wanted: "a whole number from 0 on",
            given: given.to_string(),
        }),
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
