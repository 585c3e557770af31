//! Records of bare places whose empty ends were left off, as one format of messages does: all are made as long as the longest, so that a
//! place is the same place in each.

use serde_json::Value;

use super::PLACES_MAX;

/// Records that tell what a record is.
const ROWS_MIN: usize = 3;
/// Levels of records inside of records.
const LEVELS_MAX: usize = 3;

/// A list of records, all of one length.
pub(super) fn even(mut items: Vec<Value>) -> Vec<Value> {
    if items.len() >= ROWS_MIN && items.iter().all(is_row) {
        let mut rows: Vec<&mut Vec<Value>> = items.iter_mut().filter_map(Value::as_array_mut).collect();
        level(&mut rows, 0);
    }
    items
}

/// A record of bare places: unlike things side by side.
fn is_row(item: &Value) -> bool {
    let places = item.as_array().map_or(&[][..], Vec::as_slice);
    let texts = places.iter().any(Value::is_string);
    let others = places.iter().any(|place| place.is_number() || place.is_array() || place.is_object());
    places.len() <= PLACES_MAX && texts && others
}

fn level(rows: &mut [&mut Vec<Value>], depth: usize) {
    let longest = rows.iter().map(|row| row.len()).max().unwrap_or(0);
    if longest > PLACES_MAX || depth > LEVELS_MAX {
        return;
    }
    rows.iter_mut().for_each(|row| row.resize(longest, Value::Null));
    for place in 0..longest {
        let mut inner: Vec<&mut Vec<Value>> = rows.iter_mut().filter_map(|row| row[place].as_array_mut()).collect();
        // A list of like things is as long as it is.
        if inner.len() >= ROWS_MIN
            && inner.iter().all(|list| list.iter().all(|item| item.is_number() || item.is_null()))
        {
            level(&mut inner, depth + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_without_their_empty_ends_are_made_as_long_as_the_longest() {
        let rows = json!([["a", [1, 2], null, "x"], ["b", [3]], ["c", [4, 5, 6]]]);
        let wanted =
            json!([["a", [1, 2, null], null, "x"], ["b", [3, null, null], null, null], ["c", [4, 5, 6], null, null]]);
        assert_eq!(Value::Array(even(rows.as_array().cloned().unwrap_or_default())), wanted);
        let lists = json!([["a", "b"], ["c"], ["d", "e", "f"]]);
        assert_eq!(Value::Array(even(lists.as_array().cloned().unwrap_or_default())), lists);
    }
}
