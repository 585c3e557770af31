//! A value written flat: one list of all its parts, in which every record and list holds the places of its parts in place of them. Two
//! frameworks send their state so. Read as it stands, the places look like counts.

use serde_json::{Map, Value};

/// Parts that such a list has at least.
const PARTS_MIN: usize = 8;
/// Levels that are followed.
const DEPTH_MAX: usize = 60;
/// Values that one list may become; a part may be meant often.
const VALUES_MAX: usize = 200_000;

/// The value that a flat list means.
pub(super) fn deep(value: &Value) -> Option<Value> {
    let parts = value.as_array().filter(|parts| parts.len() >= PARTS_MIN && is_flat(parts))?;
    let mut left = VALUES_MAX;
    part(parts, 0, 0, &mut left)
}

/// Whether every record of a list holds nothing but places of the list, and the first one is a record or a list.
fn is_flat(parts: &[Value]) -> bool {
    let is_place =
        |item: &Value| item.as_i64().is_some_and(|at| usize::try_from(at).map_or(at >= -8, |at| at < parts.len()));
    let mut records = 0;
    let all = parts.iter().all(|item| match item {
        Value::Object(map) => {
            records += 1;
            map.values().all(is_place)
        }
        Value::Array(items) => items.iter().skip(usize::from(is_tagged(items))).all(is_place),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    });
    let places = parts.iter().filter_map(Value::as_object).map(Map::len).sum::<usize>();
    all && records > 0 && places >= 2 && parts.first().is_some_and(|first| first.is_object() || first.is_array())
}

/// `["Reactive", 5]`, `["Date", "2026-01-01"]`.
fn is_tagged(items: &[Value]) -> bool {
    matches!(items, [tag, _] if tag.is_string())
}

fn part(parts: &[Value], at: usize, depth: usize, left: &mut usize) -> Option<Value> {
    *left = left.checked_sub(1)?;
    if depth > DEPTH_MAX {
        return Some(Value::Null);
    }
    let mut follow = |item: &Value| match item.as_u64().and_then(|at| usize::try_from(at).ok()) {
        Some(at) => part(parts, at, depth + 1, left),
        None => Some(Value::Null),
    };
    match parts.get(at)? {
        Value::Object(map) => {
            let name = |key: &str| match key.strip_prefix('_').and_then(|place| place.parse::<usize>().ok()) {
                Some(place) => parts.get(place).and_then(Value::as_str).map_or_else(|| key.to_owned(), str::to_owned),
                None => key.to_owned(),
            };
            let entries = map.iter().map(|(key, item)| follow(item).map(|item| (name(key), item)));
            entries.collect::<Option<Map<String, Value>>>().map(Value::Object)
        }
        Value::Array(items) if is_tagged(items) => {
            if items[1].is_number() {
                follow(&items[1])
            } else {
                Some(items[1].clone())
            }
        }
        Value::Array(items) => items.iter().map(follow).collect::<Option<Vec<Value>>>().map(Value::Array),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => Some(scalar.clone()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_flat_list_is_made_what_it_means() {
        let flat = json!([{"u": 1, "ok": -1}, ["Reactive", 2], {"handle": 3, "fans": 4, "site": 5, "list": 6}, "ada", 33817, null, [7, 7], "x"]);
        let wanted = json!({"u": {"handle": "ada", "fans": 33817, "site": null, "list": ["x", "x"]}, "ok": null});
        assert_eq!(deep(&flat), Some(wanted));
        let named = json!([{"_1": 2}, "user", {"_3": 4, "_5": 6}, "handle", "ada", "fans", 33817, "x"]);
        assert_eq!(deep(&named), Some(json!({"user": {"handle": "ada", "fans": 33817}})));
    }

    #[test]
    fn other_lists_stay_what_they_are() {
        for value in [
            json!([{"fans": 3, "name": "ada"}, 1, 2, 3, 4, 5, 6, 7]),
            json!([1, 2, 3, 4, 5, 6, 7, 8]),
            json!([{"n": 33817}, 1, 2, 3, 4, 5, 6, 7]),
            json!([[1, 2], [0, 3], [1, 1], [2, 2], [3, 3], [4, 4], [5, 5], [6, 6]]),
        ] {
            assert_eq!(deep(&value), None, "{value}");
        }
        let round = json!([{"a": 0, "b": 0}, 1, 2, 3, 4, 5, 6, 7]);
        assert!(deep(&round).is_none_or(|value| value.is_object()), "a circle ends");
    }
}
