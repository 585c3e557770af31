//! Stores whose entries refer to each other: an entry that is referred to once is put in that place; one that many refer to stays where
//! it is, and they get its names only. So a post names its owner, a profile holds its counts, and nothing is repeated.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

/// Entries of the stores of one document.
const ENTRIES_MAX: usize = 20_000;
/// Letters of a text that may be a name.
const NAME_MAX: usize = 40;
/// Levels that are looked into.
const DEPTH_MAX: usize = 100;
/// Levels at which two stores may lie side by side.
const STORES_DEPTH_MAX: usize = 12;
/// Values that a document may have when all is in its place.
const VALUES_MAX: usize = 400_000;

/// How an entry is referred to.
#[derive(Default)]
struct Use<'a> {
    times: usize,
    /// Whether by a list of references.
    listed: bool,
    /// The entry that refers to it.
    from: Option<&'a str>,
}

/// Where a reference stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Among the entries, by itself.
    Store,
    /// In a list among the entries.
    List,
    /// In a copy of an entry.
    Copy,
}

struct Store<'a> {
    entries: HashMap<&'a str, &'a Map<String, Value>>,
    uses: HashMap<&'a str, Use<'a>>,
    /// Entries that are put where they are referred to.
    moved: HashSet<&'a str>,
    /// Whether two entries have one key.
    doubled: bool,
    /// Values that may still be written.
    room: Cell<usize>,
}

/// A document with its references resolved; none where it has none. Where it holds two stores with the same keys, as a page with a kept
/// copy does, each is resolved by itself.
pub(super) fn resolve(value: &Value) -> Option<Value> {
    resolve_from(value, 0)
}

fn resolve_from(value: &Value, depth: usize) -> Option<Value> {
    let mut wanted = HashSet::new();
    each_reference(value, 0, &mut |key| {
        wanted.insert(key);
    });
    if wanted.is_empty() || wanted.len() > ENTRIES_MAX {
        return None;
    }
    let mut store = Store {
        entries: HashMap::new(),
        uses: HashMap::new(),
        moved: HashSet::new(),
        doubled: false,
        room: Cell::new(VALUES_MAX),
    };
    store.find_entries(value, 0, &wanted);
    if store.entries.is_empty() {
        return None;
    }
    if store.doubled && depth < STORES_DEPTH_MAX {
        let apart = |item: &Value| resolve_from(item, depth + 1).unwrap_or_else(|| item.clone());
        return match value {
            Value::Array(items) => Some(Value::Array(items.iter().map(apart).collect())),
            Value::Object(map) => {
                Some(Value::Object(map.iter().map(|(key, item)| (key.clone(), apart(item))).collect()))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        };
    }
    store.count_uses(value, None, false, 0);
    store.choose_moved();
    Some(store.rebuild(value, 0, Place::Store))
}

/// The keys that a value refers to, where it is a reference: `{"__ref": "User:1"}`, `{"__refs": ["1", "2"]}`,
/// `{"type": "id", "id": "User:1"}`.
fn reference(value: &Value) -> Option<Vec<&str>> {
    let map = value.as_object().filter(|map| map.len() <= 3)?;
    if let Some(key) = map.get("__ref").and_then(Value::as_str) {
        return (map.len() == 1).then(|| vec![key]);
    }
    if let Some(keys) = map.get("__refs").and_then(Value::as_array) {
        return Some(keys.iter().filter_map(Value::as_str).collect());
    }
    let typed = map.get("type").and_then(Value::as_str) == Some("id") && map.contains_key("generated");
    map.get("id").and_then(Value::as_str).filter(|_| typed).map(|key| vec![key])
}

fn each_reference<'a>(value: &'a Value, depth: usize, note: &mut impl FnMut(&'a str)) {
    if depth > DEPTH_MAX {
        return;
    }
    if let Some(keys) = reference(value) {
        keys.into_iter().for_each(note);
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| each_reference(item, depth + 1, note)),
        Value::Object(map) => map.values().for_each(|item| each_reference(item, depth + 1, note)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

impl<'a> Store<'a> {
    fn find_entries(&mut self, value: &'a Value, depth: usize, wanted: &HashSet<&str>) {
        match value {
            _ if depth > DEPTH_MAX => {}
            Value::Array(items) => items.iter().for_each(|item| self.find_entries(item, depth + 1, wanted)),
            Value::Object(map) => {
                for (key, item) in map {
                    if let (true, Value::Object(entry)) = (wanted.contains(key.as_str()), item) {
                        self.doubled |= self.entries.insert(key, entry).is_some();
                    }
                    self.find_entries(item, depth + 1, wanted);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn count_uses(&mut self, value: &'a Value, from: Option<&'a str>, listed: bool, depth: usize) {
        if depth > DEPTH_MAX {
            return;
        }
        if let Some(keys) = reference(value) {
            let listed = listed || keys.len() > 1;
            for key in keys {
                let used = self.uses.entry(key).or_default();
                used.times += 1;
                used.listed |= listed;
                used.from = from;
            }
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.count_uses(item, from, true, depth + 1)),
            Value::Object(map) => {
                for (key, item) in map {
                    // `edges: [{node: {__ref}}]` is a list of references too.
                    let entered = self.is_entry(key, item);
                    let from = if entered { Some(key.as_str()) } else { from };
                    self.count_uses(item, from, listed && !entered, depth + 1);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn is_entry(&self, key: &str, item: &Value) -> bool {
        item.as_object().is_some_and(|map| self.entries.get(key).is_some_and(|entry| std::ptr::eq(*entry, map)))
    }

    /// What is referred to once is moved there, unless it would end inside of itself: where entries refer to each other in a circle, the
    /// one that a list refers to goes to the one that has the list.
    fn choose_moved(&mut self) {
        let once = |key: &&'a str| self.uses.get(key).is_some_and(|used| used.times == 1 && used.from != Some(*key));
        let mut keys: Vec<&str> = self.entries.keys().copied().filter(once).collect();
        keys.sort_unstable_by_key(|key| (!self.uses[key].listed, *key));
        for key in keys {
            let mut here = self.uses[key].from;
            let mut steps = 0;
            while let Some(at) = here.filter(|&at| at != key && steps < DEPTH_MAX) {
                steps += 1;
                here = self.moved.contains(at).then(|| self.uses[at].from).flatten();
            }
            if here.is_none() {
                self.moved.insert(key);
            }
        }
    }

    fn rebuild(&self, value: &Value, depth: usize, place: Place) -> Value {
        let Some(room) = self.room.get().checked_sub(1).filter(|_| depth <= DEPTH_MAX) else { return Value::Null };
        self.room.set(room);
        if let Some(keys) = reference(value) {
            let listed = value.get("__refs").is_some();
            let place = if listed && place == Place::Store { Place::List } else { place };
            let mut found: Vec<Value> = keys.iter().filter_map(|key| self.referred(key, depth, place)).collect();
            return match found.len() {
                0 => value.clone(),
                1 if !listed => found.remove(0),
                _ => Value::Array(found),
            };
        }
        match value {
            Value::Array(items) => {
                let place = if place == Place::Store { Place::List } else { place };
                Value::Array(items.iter().map(|item| self.rebuild(item, depth + 1, place)).collect())
            }
            Value::Object(map) => self.rebuild_map(map, depth, place),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    fn referred(&self, key: &str, depth: usize, place: Place) -> Option<Value> {
        let entry = self.entries.get(key)?;
        if self.moved.contains(key) {
            let place = if place == Place::Copy { Place::Copy } else { Place::Store };
            return Some(self.rebuild_map(entry, depth + 1, place));
        }
        if place == Place::List {
            // A list's items are wanted whole, though they stand elsewhere too.
            return Some(self.rebuild_map(entry, depth + 1, Place::Copy));
        }
        let name = |item: &Value| item.as_str().is_some_and(|text| text.len() <= NAME_MAX && !text.contains("://"));
        let names = entry.iter().filter(|(_, item)| name(item));
        Some(Value::Object(names.map(|(key, item)| (key.clone(), item.clone())).collect()))
    }

    /// A map without what was moved; what is left of a store is told apart by its types (`User:1`, `Post:2`), which nothing else does.
    fn rebuild_map(&self, map: &Map<String, Value>, depth: usize, place: Place) -> Value {
        let is_store = map.iter().any(|(key, item)| self.is_entry(key, item));
        let mut built = Map::new();
        for (key, item) in map {
            if self.is_entry(key, item) && self.moved.contains(key.as_str()) {
                continue;
            }
            let place = if self.is_entry(key, item) { Place::Store } else { place };
            let item = self.rebuild(item, depth + 1, place);
            let typed = key.split_once(':').filter(|(kind, id)| is_store && !kind.is_empty() && !id.is_empty());
            if let Some((kind, id)) = typed {
                let entries = built.entry(kind.to_owned()).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(entries) = entries {
                    entries.insert(id.to_owned(), item);
                    continue;
                }
            }
            // `user({"name":"ana"})` is the field `user`, however it was asked for.
            let plain = key.split(['(', ':']).next().filter(|plain| !plain.is_empty() && key.ends_with(')'));
            match plain.filter(|plain| !built.contains_key(*plain) && !map.contains_key(*plain)) {
                Some(plain) => built.insert(plain.to_owned(), item),
                None => built.insert(key.clone(), item),
            };
        }
        Value::Object(built)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_go_to_the_one_that_refers_to_them() {
        let store = json!({
            "ROOT": {"user({\"h\":\"ana\"})": {"__ref": "User:1"}},
            "Clip:8": {"text": "sea", "by": {"__ref": "User:1"}},
            "User:1": {"name": "ana", "fans": 5, "stats": {"__ref": "Stats:1"}, "clips": [{"__ref": "Clip:8"}, {"__ref": "Clip:9"}]},
            "Clip:9": {"text": "sun", "by": {"__ref": "User:1"}},
            "Stats:1": {"likes": 3}
        });
        let clip = |text: &str| json!({"text": text, "by": {"name": "ana"}});
        let wanted = json!({
            "ROOT": {"user": {"name": "ana"}},
            "User": {"1": {"name": "ana", "fans": 5, "stats": {"likes": 3}, "clips": [clip("sea"), clip("sun")]}}
        });
        assert_eq!(resolve(&store), Some(wanted));
    }

    #[test]
    fn a_circle_loses_nothing() {
        let store = json!({
            "Clip:8": {"text": "sea", "by": {"__ref": "User:1"}},
            "User:1": {"name": "ana", "clips": [{"__ref": "Clip:8"}]}
        });
        let wanted = json!({"User": {"1": {"name": "ana", "clips": [{"text": "sea", "by": {"name": "ana"}}]}}});
        assert_eq!(resolve(&store), Some(wanted));
        assert_eq!(resolve(&json!({"a": {"b": 1}})), None);
    }

    #[test]
    fn a_kept_store_does_not_mix_with_the_new_one() {
        let store = |fans: u64| json!({"Q": {"me": {"__ref": "User:1"}}, "User:1": {"fans": fans}});
        let wanted = |fans: u64| json!({"Q": {"me": {"fans": fans}}});
        let both = json!({"kept": store(3), "now": store(4)});
        assert_eq!(resolve(&both), Some(json!({"kept": wanted(3), "now": wanted(4)})));
    }
}
