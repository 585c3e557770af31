//! Records that are not written as objects: rows under column names, a list for each column, lists of [key, value] and {name, value}.

use serde_json::{Map, Value};

/// Columns that a table has at least.
const COLUMNS_MIN: usize = 3;
/// Letters that a column's name may have.
const NAME_MAX: usize = 40;

/// A text that a programmer would give a column as its name.
fn name(item: &Value) -> Option<&str> {
    let text = item.as_str()?;
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':' | '@' | '$');
    let named = (1..=NAME_MAX).contains(&text.len()) && text.chars().all(letters);
    (named && text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '@' | '$'))).then_some(text)
}

fn distinct(names: &[&str]) -> bool {
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair[0] != pair[1])
}

/// The names that a list holds, where it holds nothing else.
fn names(items: &[Value]) -> Option<Vec<&str>> {
    let names: Vec<&str> = items.iter().map(name).collect::<Option<_>>()?;
    distinct(&names).then_some(names)
}

fn record(names: &[&str], row: &[Value]) -> Value {
    Value::Object(names.iter().zip(row).map(|(name, item)| ((*name).to_owned(), item.clone())).collect())
}

/// `[["id", 3], ["name", "x"]]`.
pub(super) fn pairs(items: &[Value]) -> Option<Map<String, Value>> {
    let pair = |item: &Value| match item.as_array()?.as_slice() {
        [key, value] => key.as_str().map(|key| (key.to_owned(), value.clone())),
        _ => None,
    };
    if items.len() < 2 {
        return None;
    }
    let pairs: Vec<(String, Value)> = items.iter().map(pair).collect::<Option<_>>()?;
    let keys: Vec<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
    let named = items.len() >= COLUMNS_MIN && items.iter().all(|item| name(&item[0]).is_some());
    // A map that was written out has records behind its keys; few pairs of two texts may be anything.
    let mapped = pairs.iter().all(|(_, value)| value.is_object() || value.is_array() || value.is_number());
    (distinct(&keys) && (named || mapped)).then(|| pairs.into_iter().collect())
}

/// `[{name: "plays", value: 3}, {name: "likes", value: 1}]`.
pub(super) fn named_values(items: &[Value]) -> Option<Map<String, Value>> {
    const NAMES: [&str; 9] = ["name", "key", "type", "label", "kind", "metric", "field", "stat", "k"];
    const VALUES: [&str; 8] = ["value", "count", "val", "total", "number", "amount", "n", "v"];
    let first = items.first().filter(|_| items.len() >= 2)?.as_object().filter(|map| map.len() <= 5)?;
    let called = NAMES.into_iter().find(|key| first.get(*key).is_some_and(|item| name(item).is_some()))?;
    let valued = VALUES.into_iter().find(|key| first.get(*key).is_some_and(|item| !item.is_null()))?;
    let mut entries: Vec<(String, Value)> = Vec::with_capacity(items.len());
    for item in items {
        let mut entry = item.as_object()?.clone();
        if entry.len() > 5 || !entry.contains_key(valued) {
            return None;
        }
        let Value::String(called) = entry.shift_remove(called)? else { return None };
        entries.push((name(&Value::String(called.clone())).map(|_| called)?, Value::Object(entry)));
    }
    let keys: Vec<&str> = entries.iter().map(|(key, _)| key.as_str()).collect();
    distinct(&keys).then(|| entries.into_iter().collect())
}

/// `[["id", "name", "fans"], [1, "x", 3], …]`.
pub(super) fn headed(items: &[Value]) -> Option<Vec<Value>> {
    let (first, rows) = items.split_first()?;
    let names = names(first.as_array().filter(|names| names.len() >= COLUMNS_MIN)?)?;
    let rows: Vec<&Vec<Value>> = rows.iter().map(Value::as_array).collect::<Option<_>>()?;
    let full = rows.iter().all(|row| row.len() == names.len() && row.iter().any(Value::is_number));
    (!rows.is_empty() && full).then(|| rows.into_iter().map(|row| record(&names, row)).collect())
}

/// `{columns: ["id", …], rows: [[1, …], …]}`, whatever the two are called.
pub(super) fn rows(map: &mut Map<String, Value>) -> Option<Vec<Value>> {
    let (header, names) = map.iter().find_map(|(key, item)| {
        let names = names(item.as_array().filter(|items| items.len() >= COLUMNS_MIN)?)?;
        Some((key.clone(), names))
    })?;
    let (body, rows) = map.iter().find_map(|(key, item)| {
        let rows: Vec<&Vec<Value>> = item.as_array()?.iter().map(Value::as_array).collect::<Option<_>>()?;
        (!rows.is_empty() && rows.iter().all(|row| row.len() == names.len())).then(|| (key.clone(), rows))
    })?;
    let records = rows.into_iter().map(|row| record(&names, row)).collect();
    map.shift_remove(&header);
    map.shift_remove(&body);
    Some(records)
}

/// `{ids: [1, 2], names: ["x", "y"], fans: [3, 4]}`: a list for each column.
pub(super) fn columns(map: &mut Map<String, Value>) -> Option<Vec<Value>> {
    let column = |item: &Value| {
        let items = item.as_array()?;
        (!items.is_empty() && items.iter().all(|item| !item.is_array())).then_some(items.len())
    };
    let length = map.values().find_map(column)?;
    let keys: Vec<String> =
        map.iter().filter(|(_, item)| column(item) == Some(length)).map(|(key, _)| key.clone()).collect();
    let lists = map.values().filter(|item| item.is_array()).count();
    let of_one = length == 1 && keys.len() > COLUMNS_MIN && keys.len() == map.len();
    if lists != keys.len() || !(of_one || length >= 2 && keys.len() >= COLUMNS_MIN && keys.len() * 2 > map.len()) {
        return None;
    }
    // Records have something of their own each; lists of equal length may be anything.
    let own = |key: &String| {
        let items: Vec<&str> = map[key].as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
        distinct(&items).then_some(())
    };
    keys.iter().find_map(own)?;
    let mut records = vec![Map::new(); length];
    for key in keys {
        if let Some(Value::Array(items)) = map.shift_remove(&key) {
            for (record, item) in records.iter_mut().zip(items) {
                record.insert(key.clone(), item);
            }
        }
    }
    Some(records.into_iter().map(Value::Object).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::keyed;

    #[test]
    fn every_kind_of_table_becomes_records() {
        let wanted = json!([{"id": "1", "slug": "ana", "fans": 3}, {"id": "2", "slug": "bo", "fans": 4}]);
        let pair = |row: &serde_json::Value| {
            serde_json::Value::Array(row.as_object().unwrap().iter().map(|(key, item)| json!([key, item])).collect())
        };
        let pairs: Vec<serde_json::Value> = wanted.as_array().unwrap().iter().map(pair).collect();
        assert_eq!(keyed(&json!(pairs)).0, wanted);
        for table in [
            json!({"columns": ["id", "slug", "fans"], "rows": [["1", "ana", 3], ["2", "bo", 4]]}),
            json!({"id": ["1", "2"], "slug": ["ana", "bo"], "fans": [3, 4]}),
        ] {
            assert_eq!(keyed(&table), (json!({"@rows": wanted}), false));
        }
        assert_eq!(keyed(&json!([["id", "slug", "fans"], ["1", "ana", 3], ["2", "bo", 4]])).0, wanted);
        let named = json!([{"name": "fans", "value": 3}, {"name": "likes", "value": 4}]);
        assert_eq!(keyed(&named).0, json!({"fans": {"value": 3}, "likes": {"value": 4}}));
    }

    #[test]
    fn lists_that_are_no_table_stay() {
        for list in [
            json!({"tags": ["a", "b"], "links": ["c", "d"], "id": 3}),
            json!([["a", "b"], ["c", "d"]]),
            json!([{"name": "Ana", "url": "x"}, {"name": "Bo", "url": "y"}]),
        ] {
            assert_eq!(keyed(&list), (list.clone(), true));
        }
    }
}
