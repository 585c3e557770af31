//! The same data sent in another way: behind a guard, in lines, in base64, flat, its numbers in halves, its list in pages, its ids wrapped.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Docs;

/// Puts a page's data into a sending; false where the form is none of them.
pub(super) fn docs(docs: &mut Docs, form: &str, whole: &Value, rest: &Value) -> bool {
    let parts = || (json!({"person": whole["person"], "near": whole["near"]}), json!({"clips": whole["clips"]}));
    (docs.embedded[0], docs.network) = match form {
        "guarded" => (rest.clone(), json!(format!("for (;;);{whole}"))),
        "chunks" => {
            let (person, clips) = parts();
            (rest.clone(), json!(format!(")]}}'\n{}\n{}", json!({"data": person}), json!({"data": clips}))))
        }
        "base64" => (json!({"state": STANDARD.encode(whole.to_string())}), rest.clone()),
        "flat" => {
            let mut held = Vec::new();
            flat(whole, &mut held);
            (Value::Array(held), rest.clone())
        }
        "halves" => (halved(whole), rest.clone()),
        "paged" => {
            let (person, clips) = parts();
            let clips = clips["clips"].as_array().cloned().unwrap_or_default();
            let (first, second) = clips.split_at(clips.len() / 2);
            let address = docs.address.clone();
            docs.extra.push(json!({"url": format!("{address}&page=2"), "body": {"clips": second}}));
            (person, json!({"clips": first}))
        }
        _ => return false,
    };
    true
}

/// A value as one list of its parts, each record and list with the places of its parts.
fn flat(value: &Value, parts: &mut Vec<Value>) -> usize {
    let at = parts.len();
    parts.push(Value::Null);
    parts[at] = match value {
        Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), json!(flat(item, parts)))).collect(),
        Value::Array(items) => items.iter().map(|item| json!(flat(item, parts))).collect(),
        scalar => scalar.clone(),
    };
    at
}

fn halved(value: &Value) -> Value {
    match value {
        Value::Object(map) => map.iter().map(|(key, item)| (key.clone(), halved(item))).collect(),
        Value::Array(items) => items.iter().map(halved).collect(),
        Value::Number(number) => number
            .as_u64()
            .map_or(value.clone(), |n| json!({"low": n & 0xFFFF_FFFF, "high": n >> 32, "unsigned": true})),
        other => other.clone(),
    }
}

/// Posts whose ids stand behind their kind.
pub(super) fn wrapped(clips: Vec<(String, Vec<(String, Value)>)>) -> Vec<(String, Vec<(String, Value)>)> {
    let wrap = |id: &Value| id.as_str().map_or(id.clone(), |id| json!(format!("media:{id}")));
    let mut clips = clips;
    for (num, record) in &mut clips {
        let (first, second) = (json!(num), record.get(1).map(|(_, value)| value.clone()));
        for (at, (_, value)) in record.iter_mut().enumerate().take(2) {
            // The second place is a code only on one of the sites.
            let coded = at == 1
                && second.as_ref().and_then(Value::as_str).is_some_and(|code| code.len() == 11 && !code.contains(' '));
            if *value == first || coded {
                *value = wrap(value);
            }
        }
    }
    clips
}
