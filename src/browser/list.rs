//! Counts a list in a JSON response without building the response: only the list's ids and its "more" flag are taken, so a
//! hostile body of ten million numbers costs a scan.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::model::visit::ResponseList;

/// What a response says of its list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ListSeen {
    /// The items' ids.
    pub(super) ids: Vec<String>,
    /// Whether all of its items that name their author name somebody else.
    pub(super) foreign: bool,
    /// Whether more can be had; none where it does not say.
    pub(super) more: Option<bool>,
}

/// Reads a body; none where it is no JSON. `of` is whose items are wanted, where anybody's are not.
pub(super) fn read(body: &str, list: &ResponseList, of: Option<&str>) -> Option<ListSeen> {
    let body = bare(body);
    let mut seen = ListSeen::default();
    let ids = Find { path: &list.list, leaf: Leaf::Ids(&list.id, &mut seen.ids) };
    ids.deserialize(&mut serde_json::Deserializer::from_str(body)).ok()?;
    if let Some(of) = of.filter(|_| !list.owner.is_empty()) {
        let mut owners = Vec::new();
        let find = Find { path: &list.list, leaf: Leaf::Ids(&list.owner, &mut owners) };
        find.deserialize(&mut serde_json::Deserializer::from_str(body)).ok()?;
        seen.foreign = !owners.is_empty() && !owners.iter().any(|owner| owner.eq_ignore_ascii_case(of));
    }
    seen.more = scalar(body, &list.more).map(|word| !matches!(word.as_str(), "false" | "0" | ""));
    Some(seen)
}

/// The text, number or boolean at a path of keys; none where there is none.
pub(super) fn scalar(body: &str, path: &[String]) -> Option<String> {
    let mut word = None;
    let find = Find { path, leaf: Leaf::Scalar(&mut word) };
    find.deserialize(&mut serde_json::Deserializer::from_str(bare(body))).ok()?;
    word
}

/// The JSON without what some sites put before it.
fn bare(body: &str) -> &str {
    body.trim_start().trim_start_matches("for (;;);")
}

/// What is wanted at the end of a path.
enum Leaf<'a> {
    /// An array, and of each element what stands at this path.
    Ids(&'a [String], &'a mut Vec<String>),
    /// A text, number or boolean.
    Scalar(&'a mut Option<String>),
}

/// Follows a path of keys; everything beside it is skipped.
struct Find<'a> {
    path: &'a [String],
    leaf: Leaf<'a>,
}

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Find<'_> {
    fn scalar<E: Error>(self, word: impl ToString) -> Result<(), E> {
        if let (Leaf::Scalar(slot), true) = (self.leaf, self.path.is_empty()) {
            *slot = Some(word.to_string());
        }
        Ok(())
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Some((wanted, rest)) = self.path.split_first() else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        };
        let mut leaf = Some(self.leaf);
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            match leaf.take_if(|_| key.as_ref() == wanted.as_str()) {
                Some(leaf) => map.next_value_seed(Find { path: rest, leaf })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        match self.leaf {
            Leaf::Ids(id, ids) if self.path.is_empty() => {
                let mut word = None;
                while seq.next_element_seed(Find { path: id, leaf: Leaf::Scalar(&mut word) })?.is_some() {
                    ids.extend(word.take());
                }
            }
            Leaf::Ids(..) | Leaf::Scalar(_) => while seq.next_element::<IgnoredAny>()?.is_some() {},
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<(), E> {
        self.scalar(word)
    }

    fn visit_bool<E: Error>(self, word: bool) -> Result<(), E> {
        self.scalar(word)
    }

    fn visit_u64<E: Error>(self, word: u64) -> Result<(), E> {
        self.scalar(word)
    }

    fn visit_i64<E: Error>(self, word: i64) -> Result<(), E> {
        self.scalar(word)
    }

    fn visit_f64<E: Error>(self, word: f64) -> Result<(), E> {
        self.scalar(word)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> ResponseList {
        let path = |text: &str| text.split('.').map(str::to_owned).collect::<Vec<_>>();
        ResponseList {
            url: "/list".to_owned(),
            list: path("data.items"),
            id: path("v.id"),
            owner: path("v.by"),
            more: path("data.hasMore"),
        }
    }

    #[test]
    fn ids_and_the_flag_are_found_among_anything_else() {
        let body = r#"for (;;);{"junk":[1,[2]],"data":{"x":{},"items":[{"v":{"id":"a","z":1}},{"v":{"id":7}},{"v":null},3],"hasMore":false}}"#;
        let seen = read(body, &list(), None).unwrap();
        assert_eq!(seen, ListSeen { ids: vec!["a".to_owned(), "7".to_owned()], foreign: false, more: Some(false) });
    }

    #[test]
    fn a_body_that_is_no_list_says_nothing() {
        assert_eq!(read("", &list(), None), None);
        assert_eq!(read("<html>", &list(), None), None);
        assert_eq!(read(r#"{"data":{"items":{}}}"#, &list(), None), Some(ListSeen::default()));
        assert_eq!(read(r#"{"data":{"hasMore":1}}"#, &list(), None).unwrap().more, Some(true));
    }
}
