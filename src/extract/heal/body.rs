//! JSON as it is sent: behind a guard against being run as a script (`for (;;);`, `)]}'`), one value a line, in base64. Sites answer so
//! for real, and what is behind a guard is the same data.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Map, Value};

/// Letters that a guard may have.
const GUARD_MAX: usize = 64;
/// Values that one body may hold.
const VALUES_MAX: usize = 256;
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
    if values.len() > 1 {
        values = delivered(values);
    }
    if values.len() < 2 {
        return values.pop();
    }
    let parts: Map<String, Value> =
        values.into_iter().enumerate().map(|(at, value)| (format!("@part{at}"), value)).collect();
    Some(Value::Object(parts))
}

/// An answer that is sent bit by bit: what names its path is put there, in the first part.
fn delivered(values: Vec<Value>) -> Vec<Value> {
    let mut whole: Vec<Value> = Vec::with_capacity(values.len());
    for mut value in values {
        let path = value.get("path").and_then(Value::as_array).cloned();
        let bit = path.is_some().then(|| value.get_mut("data").map(Value::take)).flatten();
        match (whole.first_mut().and_then(|first| first.get_mut("data")), path, bit) {
            (Some(data), Some(path), Some(bit)) => {
                if let Some(left) = put(data, &path, bit) {
                    whole.push(left);
                }
            }
            (_, _, Some(bit)) => whole.push(bit),
            (_, _, None) => whole.push(value),
        }
    }
    whole
}

/// Puts a value where a path leads; gives it back where the path leads nowhere.
fn put(data: &mut Value, path: &[Value], bit: Value) -> Option<Value> {
    let Some((step, rest)) = path.split_first() else {
        match (data, bit) {
            (Value::Object(held), Value::Object(more)) => held.extend(more),
            (data, bit) => *data = bit,
        }
        return None;
    };
    let next = match (data, step) {
        (Value::Object(map), Value::String(key)) => map.get_mut(key),
        (Value::Array(items), Value::Number(at)) => {
            let at = at.as_u64().and_then(|at| usize::try_from(at).ok());
            if rest.is_empty() && at == Some(items.len()) {
                items.push(bit);
                return None;
            }
            at.and_then(|at| items.get_mut(at))
        }
        _ => None,
    };
    match next {
        Some(next) => put(next, rest, bit),
        None => Some(bit),
    }
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
            || (guard.ends_with('(') && is_call(guard))
            || (signs(guard) && (guard.ends_with([';', '\'', ',', '&', '/']) || text[guard.len()..].starts_with('\n')))
    };
    let begins = text.char_indices().take(GUARD_MAX).filter(|&(_, c)| matches!(c, '{' | '['));
    let mut starts = begins.map(|(at, _)| at).filter(|&at| at > 0);
    starts.find(|&at| is_guard(&text[..at])).map(|at| &text[at..])
}

/// Whether a guard calls one function: `cb_9(`.
fn is_call(guard: &str) -> bool {
    let name = guard.trim_start_matches(['/', '*', ';']).trim_end_matches('(');
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '.'))
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
            "/**/cb_9({\"a\":1});",
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
    fn what_is_sent_bit_by_bit_is_put_in_its_place() {
        let sent = concat!(
            "{\"data\":{\"u\":{\"id\":1},\"list\":[7]}}\n",
            "{\"path\":[\"list\",1],\"data\":8}\n",
            "{\"path\":[\"u\"],\"data\":{\"fans\":3}}\n",
            "{\"path\":[\"gone\",4],\"data\":{\"b\":2}}"
        );
        let wanted = json!({"@part0": {"data": {"u": {"id": 1, "fans": 3}, "list": [7, 8]}}, "@part1": {"b": 2}});
        assert_eq!(opened(sent), Some(wanted));
    }

    #[test]
    fn base64_is_opened_where_it_holds_json() {
        let value = json!({"profile": {"handle": "ada", "fans": 1_204, "about": "a text that is long enough"}});
        assert_eq!(from_base64(&STANDARD.encode(value.to_string())), Some(value));
        assert_eq!(from_base64(&"eyJ".repeat(40)), None);
    }
}
