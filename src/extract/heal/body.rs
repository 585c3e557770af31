//! JSON as it is sent: behind a guard against being run as a script (`for (;;);`, `)]}'`), one value a line, in base64. Sites answer so
//! for real, and what is behind a guard is the same data.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Map, Value};

/// Letters that a guard may have.
const GUARD_MAX: usize = 24;
/// Values that one body may hold.
const VALUES_MAX: usize = 64;
/// Below this many letters no base64 is opened.
const BASE64_MIN: usize = 64;

/// The JSON that a body sent as text holds; several values are entries of one object.
pub(super) fn opened(text: &str) -> Option<Value> {
    let text = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']);
    let text = unguarded(text)?;
    let mut values: Vec<Value> = serde_json::Deserializer::from_str(text)
        .into_iter::<Value>()
        .map_while(Result::ok)
        .filter(|value| value.is_object() || value.is_array())
        .take(VALUES_MAX)
        .collect();
    if values.len() < 2 {
        return values.pop();
    }
    let parts: Map<String, Value> =
        values.into_iter().enumerate().map(|(at, value)| (format!("@part{at}"), value)).collect();
    Some(Value::Object(parts))
}

/// What stands behind a guard: a short line of signs, or a loop without an end, that no JSON begins with.
fn unguarded(text: &str) -> Option<&str> {
    if text.starts_with(['{', '[']) && !text.starts_with("{}&&") {
        return Some(text);
    }
    let is_guard = |guard: &str| {
        // Some count the letters of what follows.
        let guard = guard.trim_end_matches(|c: char| c.is_ascii_digit() || c.is_whitespace());
        let signs = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_punctuation());
        ["for", "while"].iter().any(|word| guard.starts_with(word) && guard.ends_with(';'))
            || (signs(guard) && (guard.ends_with([';', '\'', ',', '&', '/']) || text[guard.len()..].starts_with('\n')))
    };
    let begins = text.char_indices().take(GUARD_MAX).filter(|&(_, c)| matches!(c, '{' | '['));
    let mut starts = begins.map(|(at, _)| at).filter(|&at| at > 0);
    starts.find(|&at| is_guard(&text[..at])).map(|at| &text[at..])
}

/// The JSON behind base64, which begins with the letters that `{"` and `[{` give.
pub(super) fn from_base64(text: &str) -> Option<Value> {
    const BEGINNINGS: [&str; 6] = ["eyJ", "W3s", "WyJ", "W1s", "ewo", "Wwo"];
    let text = text.trim();
    if text.len() < BASE64_MIN || !BEGINNINGS.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    let bytes = STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()?;
    serde_json::from_slice(&bytes).ok().filter(|value: &Value| value.is_object() || value.is_array())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_guard_is_taken_off() {
        for text in [
            r#"{"a":1}"#,
            r#"for (;;);{"a":1}"#,
            r#"for(;;); {"a":1}"#,
            "while(1);{\"a\":1}",
            ")]}'\n{\"a\":1}",
            ")]}',\n{\"a\":1}",
            "{}&&{\"a\":1}",
            "\u{feff}{\"a\":1}",
        ] {
            assert_eq!(opened(text), Some(json!({"a": 1})), "{text}");
        }
        for text in ["", "error", "<html>{\"a\":1}</html>", "see [1]", "for you: {\"a\":1}"] {
            assert_eq!(opened(text), None, "{text}");
        }
    }

    #[test]
    fn values_one_after_the_other_are_entries_of_one() {
        assert_eq!(opened("{\"a\":1}\n{\"b\":2}\n"), Some(json!({"@part0": {"a": 1}, "@part1": {"b": 2}})));
        assert_eq!(opened(")]}'\n12\n[[1]]\n7\n[[2]]"), Some(json!({"@part0": [[1]], "@part1": [[2]]})));
        assert_eq!(opened("{\"a\":1}\n{\"b\":"), Some(json!({"a": 1})), "what was cut off is left out");
    }

    #[test]
    fn base64_is_opened_where_it_holds_json() {
        let value = json!({"profile": {"handle": "ada", "fans": 1_204, "about": "a text that is long enough"}});
        assert_eq!(from_base64(&STANDARD.encode(value.to_string())), Some(value));
        assert_eq!(from_base64(&"eyJ".repeat(40)), None);
    }
}
