//! JSON in one form. Sites write the same records in many: entries of a store that refer to each other, rows under column names, a list
//! for each column, lists of [key, value], of {name, value}, bare positions. All of them are made objects with keys before anything is
//! judged, so that whose a value is, and what it is called, is asked in one way only.

mod flat;
mod refs;
mod rows;
mod table;

use serde_json::{Map, Value};

use super::number;

/// The key of the records that a table was made into.
pub(crate) const ROWS: &str = "@rows";
/// What the key of a bare place begins with: `#2/11` is the third of eleven.
pub(crate) const PLACE: char = '#';
/// Levels that are looked into.
const DEPTH_MAX: usize = 120;
/// Places that a record of bare places may have.
const PLACES_MAX: usize = 40;
/// Numbers that a record of nothing but numbers may have.
const NUMBERS_MAX: usize = 8;
/// The upper half of the largest count: beyond it a number is an id.
const HIGH_MAX: i64 = 0xFFF;
/// Letters of a count that is written as a text; an id has more.
const COUNT_LETTERS_MAX: usize = 13;

/// A document in keyed form, and whether its paths are still those of the original.
pub(crate) fn keyed(value: &Value) -> (Value, bool) {
    let mut same_paths = true;
    let deep = flat::deep(value);
    let resolved = refs::resolve(deep.as_ref().unwrap_or(value)).or(deep);
    same_paths &= resolved.is_none();
    let form = form(resolved.unwrap_or_else(|| value.clone()), 0, &mut same_paths);
    (form, same_paths)
}

/// The key of a bare place.
fn place(at: usize, of: usize) -> String {
    format!("{PLACE}{at}/{of}")
}

/// The place that a key stands for.
pub(crate) fn place_of(key: &str) -> Option<usize> {
    key.strip_prefix(PLACE)?.split_once('/')?.0.parse().ok()
}

/// How many places the record of such a key has.
pub(crate) fn places_of(key: &str) -> Option<usize> {
    key.strip_prefix(PLACE)?.split_once('/')?.1.parse().ok()
}

fn form(value: Value, depth: usize, same_paths: &mut bool) -> Value {
    if depth > DEPTH_MAX {
        return value;
    }
    match value {
        Value::Array(items) => list(items, depth, same_paths),
        Value::Object(map) => object(map, depth, same_paths),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

fn list(items: Vec<Value>, depth: usize, same_paths: &mut bool) -> Value {
    if let Some(map) = table::pairs(&items).or_else(|| table::named_values(&items)) {
        *same_paths = false;
        return object(map, depth, same_paths);
    }
    if let Some(rows) = table::headed(&items) {
        *same_paths = false;
        return list(rows, depth, same_paths);
    }
    if is_record(&items) {
        let of = items.len();
        let placed = items.into_iter().enumerate().map(|(at, item)| (place(at, of), item));
        return object(placed.collect(), depth, same_paths);
    }
    let items = rows::even(items);
    Value::Array(items.into_iter().map(|item| form(item, depth + 1, same_paths)).collect())
}

fn object(mut map: Map<String, Value>, depth: usize, same_paths: &mut bool) -> Value {
    if let Some(rows) = table::rows(&mut map).or_else(|| table::columns(&mut map)) {
        *same_paths = false;
        map.insert(ROWS.to_owned(), Value::Array(rows));
    }
    if let Some(number) = halves(&map) {
        *same_paths = false;
        return number;
    }
    drop_shortened(&mut map);
    Value::Object(map.into_iter().map(|(key, item)| (key, form(item, depth + 1, same_paths))).collect())
}

/// A list whose places mean different things: unlike kinds side by side, or a few numbers.
fn is_record(items: &[Value]) -> bool {
    if !(2..=PLACES_MAX).contains(&items.len()) {
        return false;
    }
    let kind = |item: &Value| match item {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    };
    let scalar = items.iter().any(|item| matches!(kind(item), 1..=3));
    let alike = items.windows(2).all(|pair| kind(&pair[0]) == kind(&pair[1]));
    (scalar && !alike) || (items.len() <= NUMBERS_MAX && items.iter().all(is_count))
}

/// A count by itself: a number, a number as a text, or one in a wrapper of its own.
fn is_count(item: &Value) -> bool {
    match item {
        Value::Number(_) => true,
        Value::String(text) => text.len() <= COUNT_LETTERS_MAX && number::whole(text, "").is_some(),
        Value::Object(map) => map.len() <= 3 && map.values().all(is_count),
        Value::Null | Value::Bool(_) | Value::Array(_) => false,
    }
}

/// `{low: -5, high: 1, unsigned: false}`: a number of 64 bits in two halves, as languages that lack it write one.
fn halves(map: &Map<String, Value>) -> Option<Value> {
    if !(2..=3).contains(&map.len()) {
        return None;
    }
    let half = |name: &str| map.get(name)?.as_i64();
    let low = half("low").filter(|low| (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(low))?;
    let high = half("high").filter(|high| (0..=HIGH_MAX).contains(high))?;
    (map.len() == 2 || map.get("unsigned").is_some_and(Value::is_boolean))
        .then(|| Value::from((high << 32) | (low & i64::from(u32::MAX))))
}

/// `{value: 16786, text: "16.7K"}` is one number: what only shortens it is left out.
fn drop_shortened(map: &mut Map<String, Value>) {
    if !(2..=4).contains(&map.len()) || map.values().any(|item| item.is_array() || item.is_object()) {
        return;
    }
    let mut numbers = map.values().filter_map(Value::as_u64);
    let (Some(exact), None) = (numbers.next(), numbers.next()) else { return };
    let exact = number::Count { value: exact, unit: 1 };
    map.retain(|_, item| {
        let shortened = item.as_str().and_then(|text| number::whole(text, ""));
        !shortened.is_some_and(|count| count.agrees(exact))
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_shortened_twin_of_a_number_is_left_out() {
        assert_eq!(keyed(&json!({"fans": {"value": 16_786, "text": "16.7K"}})).0, json!({"fans": {"value": 16_786}}));
        let other = json!({"fans": {"value": 16_786, "text": "3.2K"}});
        assert_eq!(keyed(&other).0, other);
    }

    #[test]
    fn two_halves_are_one_number() {
        let value = json!({"fans": {"low": -1_763_563_635, "high": 1, "unsigned": false}, "range": {"low": 3, "high": 7, "step": 1}});
        assert_eq!(keyed(&value).0, json!({"fans": 6_826_370_957_u64, "range": {"low": 3, "high": 7, "step": 1}}));
    }

    #[test]
    fn places_that_mean_different_things_get_keys() {
        let (form, same_paths) = keyed(&json!([["ana", 3, [1, 2]], ["b", "c"]]));
        assert_eq!(form, json!([{"#0/3": "ana", "#1/3": 3, "#2/3": {"#0/2": 1, "#1/2": 2}}, ["b", "c"]]));
        assert!(same_paths, "a place is a step of a path");
    }
}
