//! JSON flattened into one array in document order: a node's subtree is a range of indices, a parent is an index, and strings
//! that hold JSON themselves (sites like to wrap it) are opened in place.

use serde_json::Value;

use super::{body, form};
use crate::model::document::SourceKind;

/// Nodes one document may have; what lies beyond is not looked at.
const NODES_MAX: usize = 120_000;
/// Attempts to find JSON inside one script.
const ATTEMPTS_MAX: usize = 48;
/// Below this many bytes a piece of JSON inside a script is not worth a look.
const PIECE_MIN: usize = 24;

/// How a node hangs under its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// The document's root.
    Root,
    /// An object's key.
    Name(String),
    /// A list's place.
    Index(usize),
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An object.
    Object,
    /// A list.
    List,
    /// A string, a number as written, or a truth value.
    Text(String),
    /// A number as written.
    Number(String),
    /// true, false.
    Flag,
    /// null.
    Null,
}

/// One node.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) parent: usize,
    /// One past the last node of its subtree.
    pub(crate) end: usize,
    pub(crate) depth: usize,
    pub(crate) key: Key,
    pub(crate) kind: Kind,
}

impl Node {
    /// The text of a string or number.
    pub(crate) fn scalar(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) | Kind::Number(text) => Some(text),
            Kind::Object | Kind::List | Kind::Flag | Kind::Null => None,
        }
    }

    /// Whether it has children.
    pub(crate) const fn is_container(&self) -> bool {
        matches!(self.kind, Kind::Object | Kind::List)
    }

    /// Its key's name; an index has none.
    pub(crate) fn name(&self) -> Option<&str> {
        match &self.key {
            Key::Name(name) => Some(name),
            Key::Root | Key::Index(_) => None,
        }
    }
}

/// One document.
#[derive(Debug, Clone)]
pub(crate) struct JsonDoc {
    pub(crate) source: SourceKind,
    /// The response's address or the script's name.
    pub(crate) origin: String,
    pub(crate) nodes: Vec<Node>,
    /// Whether its paths are those of the original, and not of the form it was given.
    pub(crate) same_paths: bool,
    /// The page's language, for numbers that are written as texts.
    pub(crate) lang: String,
}

impl JsonDoc {
    /// Flattens a value in keyed form; linked data has a form of its own.
    pub(crate) fn build(source: SourceKind, origin: &str, value: &Value) -> Self {
        let mut doc =
            Self { source, origin: origin.to_owned(), nodes: Vec::new(), same_paths: true, lang: String::new() };
        if source == SourceKind::Jsonld {
            doc.add(0, 0, Key::Root, value);
        } else {
            let (value, same_paths) = form::keyed(value);
            doc.same_paths = same_paths;
            doc.add(0, 0, Key::Root, &value);
        }
        doc
    }

    fn add(&mut self, parent: usize, depth: usize, key: Key, value: &Value) {
        if self.nodes.len() >= NODES_MAX || depth > 200 {
            return;
        }
        let at = self.nodes.len();
        let kind = match value {
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Flag,
            Value::Number(number) => Kind::Number(number.to_string()),
            Value::String(text) => Kind::Text(text.clone()),
            Value::Array(_) => Kind::List,
            Value::Object(_) => Kind::Object,
        };
        self.nodes.push(Node { parent, end: at + 1, depth, key, kind });
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.add(at, depth + 1, Key::Index(index), item);
                }
            }
            Value::Object(map) => {
                for (name, item) in map {
                    self.add(at, depth + 1, Key::Name(name.clone()), item);
                }
            }
            Value::String(text) => {
                if let Some(inner) = inside_string(text, depth == 0) {
                    let (inner, same_paths) = form::keyed(&inner);
                    self.same_paths &= same_paths;
                    self.add(at, depth + 1, Key::Name("@json".to_owned()), &inner);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
        self.nodes[at].end = self.nodes.len();
    }

    /// A node's direct children.
    pub(crate) fn children(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let end = self.nodes[at].end;
        let mut next = at + 1;
        std::iter::from_fn(move || {
            (next < end).then(|| {
                let child = next;
                next = self.nodes[child].end;
                child
            })
        })
    }

    /// The child under a name.
    pub(crate) fn child_named(&self, at: usize, name: &str) -> Option<usize> {
        self.children(at).find(|&child| self.nodes[child].name() == Some(name))
    }

    /// Follows a case's key path from a node; wrapped JSON is entered by itself.
    pub(crate) fn follow(&self, from: usize, path: &[Value]) -> Option<usize> {
        path.iter().try_fold(from, |at, step| {
            let at = self.child_named(at, "@json").unwrap_or(at);
            self.children(at).find(|&child| match (&self.nodes[child].key, step) {
                (Key::Name(name), Value::String(wanted)) => name == wanted,
                (Key::Index(index), Value::Number(wanted)) => wanted.as_u64() == u64::try_from(*index).ok(),
                (Key::Name(name), Value::Number(wanted)) => {
                    let place = form::place_of(name).and_then(|place| u64::try_from(place).ok());
                    place.is_some() && wanted.as_u64() == place
                }
                _ => false,
            })
        })
    }
}

/// The JSON that a string holds; a whole body may also stand behind a guard, or hold several values.
fn inside_string(text: &str, is_body: bool) -> Option<Value> {
    let trimmed = text.trim_start();
    if trimmed.len() < PIECE_MIN {
        return None;
    }
    let whole = || serde_json::from_str(trimmed).ok().filter(|value: &Value| value.is_object() || value.is_array());
    let plain = if trimmed.starts_with(['{', '[']) { whole() } else { body::from_base64(trimmed) };
    plain.or_else(|| if is_body { body::opened(trimmed) } else { None })
}

/// Every piece of JSON in a script: the whole of it, arguments of calls, right sides of assignments, strings of `JSON.parse`.
pub(crate) fn in_script(text: &str) -> Vec<Value> {
    let trimmed = text.trim();
    if trimmed.starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str(trimmed)
    {
        return vec![value];
    }
    if let Some(value) = percent_decoded(trimmed) {
        return vec![value];
    }
    let mut found = Vec::new();
    let mut at = 0;
    let mut attempts = 0;
    while let Some(step) = trimmed[at..].find(['{', '[', '"', '\'']) {
        let start = at + step;
        at = start + 1;
        let before = trimmed[..start].trim_end().chars().next_back();
        if !matches!(before, Some('=' | '(' | ',' | ':' | '[' | '>')) || attempts >= ATTEMPTS_MAX {
            continue;
        }
        if let Some((value, length)) = piece(&trimmed[start..]) {
            at = start + length;
            if length >= PIECE_MIN {
                found.push(value);
                continue;
            }
        } else {
            attempts += 1;
        }
    }
    found
}

fn piece(text: &str) -> Option<(Value, usize)> {
    if text.starts_with('\'') {
        return single_quoted(text);
    }
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    let value = stream.next()?.ok()?;
    Some((value, stream.byte_offset()))
}

/// `'…'` of JavaScript, for `JSON.parse('…')`.
fn single_quoted(text: &str) -> Option<(Value, usize)> {
    let mut plain = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => {
                let value: Value = serde_json::from_str(plain.trim()).ok()?;
                return Some((value, at + 1));
            }
            '\\' => match chars.next()?.1 {
                'n' => plain.push('\n'),
                't' => plain.push('\t'),
                'r' => plain.push('\r'),
                kind @ ('u' | 'x') => {
                    let digits = if kind == 'u' { 4 } else { 2 };
                    let code: String = chars.by_ref().take(digits).map(|(_, digit)| digit).collect();
                    plain.push(char::from_u32(u32::from_str_radix(&code, 16).ok()?)?);
                }
                other => plain.push(other),
            },
            '\n' => return None,
            other => plain.push(other),
        }
    }
    None
}

fn percent_decoded(text: &str) -> Option<Value> {
    if !text.starts_with("%7B") && !text.starts_with("%5B") {
        return None;
    }
    let decoded = decode_percent(text);
    serde_json::from_str(&decoded).ok()
}

/// `%41` to `A`; what is not an escape stays.
pub(crate) fn decode_percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3).and_then(|code| u8::from_str_radix(code, 16).ok()))
            .flatten();
        match escaped {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_found_in_every_wrapping() {
        for script in [
            r#"{"a":{"b":12345678,"c":"long enough"}}"#,
            r#"window.__S = {"a":{"b":12345678,"c":"long enough"}};"#,
            r#"self.f=self.f||[];self.f.push([1,"{\"a\":{\"b\":12345678,\"c\":\"long enough\"}}"])"#,
            r#"var x = JSON.parse('{"a":{"b":12345678,"c":"long \u0065nough"}}');"#,
            "%7B%22a%22%3A%7B%22b%22%3A12345678%7D%7D",
        ] {
            let docs: Vec<JsonDoc> =
                in_script(script).iter().map(|value| JsonDoc::build(SourceKind::Embedded, "", value)).collect();
            let found = docs.iter().flat_map(|doc| &doc.nodes).any(|node| node.scalar() == Some("12345678"));
            assert!(found, "{script}");
        }
    }
}
