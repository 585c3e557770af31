//! JSON as the rules need it: a tree that borrows its texts from the body, passes over what nobody reads (a profile
//! page carries 200 KB of translations), and is bounded in size, depth and number of values. Parsing a 260 KB list into
//! `serde_json::Value` costs more than all the rest of an extraction, and a body of 10 MB can cost 290 MB as `Value`.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The largest body that is read.
pub(crate) const MAX_BODY_BYTES: usize = 10 * 1024 * 1024;
/// The largest number of values in one body.
const MAX_VALUES: usize = 1_000_000;
/// How many values may stand one behind the other in one body (streamed answers send several).
const MAX_DOCUMENTS: usize = 32;

/// One JSON value, borrowing from the text where it can.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'t> {
    Null,
    Bool(bool),
    /// A whole number; one beyond 63 bits is kept as its digits.
    Int(i64),
    Float(f64),
    Str(Cow<'t, str>),
    List(Vec<Json<'t>>),
    /// In the order of the text; of equal keys the last counts.
    Object(Vec<(Cow<'t, str>, Json<'t>)>),
}

impl<'t> Json<'t> {
    /// The value under a key of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Json<'t>> {
        match self {
            Self::Object(entries) => entries.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Str(_) | Self::List(_) => None,
        }
    }

    /// A text as it would be shown; none for null, lists and objects.
    pub(crate) fn scalar(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Str(text) => Some(Cow::Borrowed(text)),
            Self::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            Self::Int(number) => Some(Cow::Owned(number.to_string())),
            Self::Float(number) => Some(Cow::Owned(number.to_string())),
            Self::Null | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// Yes or no, also as 1 or 0.
    pub(crate) fn as_flag(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            Self::Int(number) => Some(*number != 0),
            Self::Null | Self::Float(_) | Self::Str(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The elements of a list.
    pub(crate) fn items(&self) -> Option<&[Json<'t>]> {
        if let Self::List(items) = self { Some(items) } else { None }
    }

    /// The entries of an object.
    pub(crate) fn entries(&self) -> Option<&[(Cow<'t, str>, Json<'t>)]> {
        if let Self::Object(entries) = self { Some(entries) } else { None }
    }

    /// Whether there is anything: null, and empty texts, lists and objects are nothing.
    pub(crate) fn is_nothing(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Str(text) => text.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Object(entries) => entries.is_empty(),
            Self::Bool(_) | Self::Int(_) | Self::Float(_) => false,
        }
    }
}

/// Why a text is not read as JSON.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonError {
    /// Too large to be read.
    #[error("{bytes} bytes are more than the {MAX_BODY_BYTES} that are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, too deep, or too many values.
    #[error("no JSON: {0}")]
    Syntax(#[from] serde_json::Error),
}

/// Reads all values that stand one behind the other in a text (usually one). Values under `skip` keys are passed over.
pub(crate) fn parse_all<'t>(text: &'t str, skip: &[String]) -> Result<Vec<Json<'t>>, JsonError> {
    if text.len() > MAX_BODY_BYTES {
        return Err(JsonError::TooLarge { bytes: text.len() });
    }
    let mut rest = text.trim_start();
    let mut documents = Vec::new();
    while !rest.is_empty() && documents.len() < MAX_DOCUMENTS {
        let (value, used) = parse_first(rest, skip)?;
        documents.push(value);
        rest = rest.get(used..).unwrap_or_default().trim_start();
    }
    Ok(documents)
}

/// Reads the value at the beginning of a text and tells how many bytes it took; what follows is not looked at.
pub(crate) fn parse_first<'t>(text: &'t str, skip: &[String]) -> Result<(Json<'t>, usize), JsonError> {
    if text.len() > MAX_BODY_BYTES {
        return Err(JsonError::TooLarge { bytes: text.len() });
    }
    let parse = Parse::new(skip);
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Seed(&parse).deserialize(&mut reader)?;
    Ok((value, reader.into_iter::<IgnoredAny>().byte_offset()))
}

/// One text being read. Elements and entries gather on two stacks, and each list and object takes its own off the end when it
/// is whole: one allocation of the right size for each, in place of a vector that grows under every one of them.
struct Parse<'s, 't> {
    skip: &'s [String],
    /// A bit for each length of a skipped key: most keys are told apart without being compared.
    skipped_lengths: u64,
    left: Cell<usize>,
    items: RefCell<Vec<Json<'t>>>,
    entries: RefCell<Vec<(Cow<'t, str>, Json<'t>)>>,
}

impl<'s> Parse<'s, '_> {
    fn new(skip: &'s [String]) -> Self {
        Self {
            skip,
            skipped_lengths: skip.iter().fold(0, |bits, key| bits | bit(key.len())),
            left: Cell::new(MAX_VALUES),
            items: RefCell::new(Vec::new()),
            entries: RefCell::new(Vec::new()),
        }
    }

    fn spend<E: serde::de::Error>(&self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| E::custom("too many values"))?;
        self.left.set(left);
        Ok(())
    }

    fn skips(&self, key: &str) -> bool {
        self.skipped_lengths & bit(key.len()) != 0 && self.skip.iter().any(|skipped| skipped == key)
    }
}

/// The bit of a length; all lengths from 63 on share one.
fn bit(length: usize) -> u64 {
    1 << length.min(63)
}

#[derive(Clone, Copy)]
struct Seed<'p, 's, 't>(&'p Parse<'s, 't>);

impl<'de> DeserializeSeed<'de> for Seed<'_, '_, 'de> {
    type Value = Json<'de>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Json<'de>, D::Error> {
        self.0.spend()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_, '_, 'de> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json<'de>, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json<'de>, E> {
        Ok(Json::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json<'de>, E> {
        Ok(i64::try_from(value).map_or_else(|_| Json::Str(Cow::Owned(value.to_string())), Json::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json<'de>, E> {
        Ok(Json::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Json<'de>, E> {
        Ok(Json::Str(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json<'de>, E> {
        Ok(Json::Str(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json<'de>, A::Error> {
        let start = self.0.items.borrow().len();
        while let Some(item) = items.next_element_seed(self)? {
            self.0.items.borrow_mut().push(item);
        }
        Ok(Json::List(self.0.items.borrow_mut().drain(start..).collect()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let start = self.0.entries.borrow().len();
        while let Some(key) = map.next_key_seed(KeySeed)? {
            if self.0.skips(&key) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value = map.next_value_seed(self)?;
            self.0.entries.borrow_mut().push((key, value));
        }
        Ok(Json::Object(self.0.entries.borrow_mut().drain(start..).collect()))
    }
}

/// A key, borrowed where it holds no escape.
struct KeySeed;

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for KeySeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(value.to_owned()))
    }
}

/// The text of the value behind a quoted text that ends here, if that text is a key. That is exact without reading
/// anything around it: in JSON a quoted text that is no part of another and is followed by a colon can only be a key.
pub(crate) fn value_behind(text: &str, end: usize) -> Option<&str> {
    let quoted = text.get(..end)?.strip_suffix('"')?;
    let start = quoted.rfind('"')?;
    let escaped = quoted.as_bytes().get(start.wrapping_sub(1)) == Some(&b'\\');
    let value = text.get(end..)?.trim_start().strip_prefix(':').filter(|_| !escaped)?;
    Some(value.trim_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Json<'_> {
        parse_all(text, &["secret".to_owned()]).unwrap().remove(0)
    }

    #[test]
    fn texts_are_borrowed_and_skipped_keys_are_gone() {
        let value = one(r#"{"a":"plain","b":"\u00e9","secret":{"x":[1,2]},"n":18446744073709551615}"#);
        assert!(matches!(value.get("a"), Some(Json::Str(Cow::Borrowed("plain")))));
        assert_eq!(value.get("b"), Some(&Json::Str("é".into())));
        assert_eq!(value.get("secret"), None);
        assert_eq!(value.get("n"), Some(&Json::Str("18446744073709551615".into())));
    }

    #[test]
    fn what_stands_inside_stays_with_what_it_stands_in() {
        let value = one(r#"{"a":[1,{"b":[2,3],"secret":[9]},[],[4]],"c":{},"d":5}"#);
        let inner = Json::Object(vec![("b".into(), Json::List(vec![Json::Int(2), Json::Int(3)]))]);
        let list = vec![Json::Int(1), inner, Json::List(vec![]), Json::List(vec![Json::Int(4)])];
        let whole = [("a".into(), Json::List(list)), ("c".into(), Json::Object(vec![])), ("d".into(), Json::Int(5))];
        assert_eq!(value, Json::Object(whole.into()));
    }

    #[test]
    fn several_values_in_one_body_are_all_read() {
        assert_eq!(parse_all("{\"a\":1}\n{\"b\":2}\r\n", &[]).unwrap().len(), 2);
        assert_eq!(parse_all("", &[]).unwrap().len(), 0);
        assert!(parse_all("{\"a\":1} trailing", &[]).is_err());
    }

    #[test]
    fn a_million_ones_are_refused() {
        let flood = format!("[{}1]", "1,".repeat(1_200_000));
        assert!(parse_all(&flood, &[]).is_err());
        let deep = "[".repeat(100_000);
        assert!(parse_all(&deep, &[]).is_err());
    }

    #[test]
    fn a_key_is_found_wherever_it_stands_and_never_inside_a_text() {
        let text = r#"{"note":"\"user\":{\"a\":1}","deep":[{"user" : {"a":2}}]}"#;
        let ends = text.match_indices("\"user\"").map(|(at, found)| at + found.len());
        let places: Vec<&str> = ends.filter_map(|end| value_behind(text, end)).collect();
        assert_eq!(places.len(), 1);
        assert_eq!(parse_first(places[0], &[]).unwrap().0.get("a"), Some(&Json::Int(2)));
    }
}
