//! Secrets among the settings: read from files of their own, and never shown. A key that has a `*_file` twin is one.

use std::path::PathBuf;

use toml::{Table, Value};

use super::ConfigError;

/// `password_file = "…"` fills `password`: secrets need not stand in a file that is shown around.
pub(super) fn read_secret_files(table: &mut Table, section: &str) -> Result<(), ConfigError> {
    for (twin, path) in secret_files(table) {
        let key = || format!("{section}{twin}_file");
        if table.get(&twin).and_then(Value::as_str).is_some_and(|given| !given.is_empty()) {
            let wanted = format!("empty where {section}{twin} is set: keep one of the two");
            return Err(ConfigError::value(&key(), &path.display().to_string(), &wanted));
        }
        let secret = std::fs::read_to_string(&path).map_err(|source| ConfigError::SecretFile {
            key: key(),
            path: path.clone(),
            source,
        })?;
        table.insert(twin, Value::String(secret.trim_end().to_owned()));
    }
    for (name, inner) in table.iter_mut() {
        if let Some(inner) = inner.as_table_mut() {
            read_secret_files(inner, &format!("{section}{name}."))?;
        }
    }
    Ok(())
}

/// What was read from its file needs none any more: a room takes one of the two and refuses both.
pub(super) fn forget_secret_files(table: &mut Table) {
    for (twin, _) in secret_files(table) {
        table.insert(format!("{twin}_file"), Value::String(String::new()));
    }
    for inner in table.iter_mut().filter_map(|(_, value)| value.as_table_mut()) {
        forget_secret_files(inner);
    }
}

/// The keys of a section that a file stands for, each with its file.
fn secret_files(table: &Table) -> Vec<(String, PathBuf)> {
    table
        .iter()
        .filter_map(|(key, value)| Some((key.strip_suffix("_file")?.to_owned(), value.as_str()?)))
        .filter(|(twin, path)| !path.is_empty() && table.contains_key(twin))
        .map(|(twin, path)| (twin, PathBuf::from(path)))
        .collect()
}

/// Puts a word in place of every secret, for settings that are shown.
pub(super) fn hide_secrets(table: &mut Table) {
    let secrets: Vec<String> = table.keys().filter_map(|key| key.strip_suffix("_file").map(str::to_owned)).collect();
    for (key, value) in table.iter_mut() {
        match value {
            Value::Table(inner) => hide_secrets(inner),
            Value::String(text) if !text.is_empty() && secrets.contains(key) => "[hidden]".clone_into(text),
            Value::String(text) => hide_password(text),
            Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) | Value::Array(_) => {}
        }
    }
}

fn hide_password(text: &mut String) {
    let Ok(mut url) = url::Url::parse(text) else { return };
    if url.password().is_some() && url.set_password(Some("hidden")).is_ok() {
        *text = url.into();
    }
}
