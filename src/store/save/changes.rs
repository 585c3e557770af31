//! What is different from what was stored: worked out from the rows before and the document after, pure.
//!
//! A change is told only where both sides are known: a value that a page did not show has not changed. Two counts of which
//! one is abbreviated differ only when they are further apart than the abbreviation hides; a picture only when its content
//! does, for its address changes with every visit.

use serde::Serialize;
use serde_json::Value;

/// The differences of one crawl.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Changes {
    /// The profile was not known before.
    pub first_sight: bool,
    /// The profile's fields that differ, `handle` among them after a rename.
    pub profile: Vec<Change>,
    /// Ids of posts that this profile had not shown before; all of them at first sight.
    pub new_posts: Vec<String>,
    /// Counts of posts that differ.
    pub posts: Vec<PostChange>,
    /// Ids of posts that a complete crawl no longer shows: they have a tombstone now.
    pub gone_posts: Vec<String>,
    /// Ids of posts whose tombstone was lifted.
    pub back_posts: Vec<String>,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The field's name in the document.
    pub field: String,
    /// What was stored.
    pub before: Value,
    /// What the page says.
    pub after: Value,
}

/// One count of a post that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PostChange {
    /// The post's id.
    pub post: String,
    /// Which count.
    #[serde(flatten)]
    pub change: Change,
}

/// A count with whether it is exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) value: i64,
    pub(super) rounded: bool,
}

impl Count {
    pub(super) fn of(value: Option<i64>, field: &str, rounded: Option<&[String]>) -> Option<Self> {
        let rounded = rounded.is_some_and(|names| names.iter().any(|name| name == field));
        value.map(|value| Self { value, rounded })
    }

    /// How far the true count may be from this one: the last digit that is not a zero was shown.
    fn hides(self) -> i64 {
        if !self.rounded || self.value == 0 {
            return 0;
        }
        let mut unit = 1;
        while self.value % (unit * 10) == 0 && unit < i64::MAX / 100 {
            unit *= 10;
        }
        unit
    }

    pub(super) fn differs(self, other: Self) -> bool {
        self.value.abs_diff(other.value) > self.hides().max(other.hides()).unsigned_abs()
    }
}

/// The change of a count, where there is one.
pub(super) fn count_change(field: &str, before: Option<Count>, after: Option<Count>) -> Option<Change> {
    let (before, after) = (before?, after?);
    before.differs(after).then(|| Change {
        field: field.to_owned(),
        before: before.value.into(),
        after: after.value.into(),
    })
}

/// The change of any other value, where there is one.
pub(super) fn change<T: PartialEq + Into<Value>>(field: &str, before: Option<T>, after: Option<T>) -> Option<Change> {
    let (before, after) = (before?, after?);
    (before != after).then(|| Change { field: field.to_owned(), before: before.into(), after: after.into() })
}

/// What a picture's address says about the picture: the file's name without the signature in the query, the host (one of
/// many mirrors) and the size (after `~`, or the folder). None for what is no address.
pub(super) fn picture_identity(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let name = url.path_segments()?.rfind(|segment| !segment.is_empty())?;
    let name = name.split('~').next().unwrap_or(name);
    let name = name.split_once('.').map_or(name, |(stem, _)| stem);
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(value: i64, rounded: bool) -> Option<Count> {
        Some(Count { value, rounded })
    }

    #[test]
    fn an_abbreviated_count_does_not_change_an_exact_one_it_may_stand_for() {
        assert_eq!(count_change("followers", count(12_613, false), count(12_600, true)), None);
        assert_eq!(count_change("followers", count(12_600, true), count(12_699, false)), None);
        assert!(count_change("followers", count(12_600, true), count(12_800, true)).is_some());
        assert!(count_change("followers", count(12_613, false), count(12_614, false)).is_some());
        assert_eq!(count_change("followers", None, count(5, false)), None);
        assert_eq!(count_change("followers", count(5, false), None), None);
    }

    #[test]
    fn a_picture_is_the_same_under_another_signature_size_and_mirror() {
        let one = "https://p16-sign-va.example.com/tos-maliva/0a1b2c~c5_1080x1080.jpeg?x-expires=1&x-signature=A";
        let two = "https://p19-sign-va.example.com/tos-maliva/0a1b2c~c5_100x100.webp?x-expires=2&x-signature=B";
        let other = "https://p16-sign-va.example.com/tos-maliva/9f8e7d~c5_1080x1080.jpeg?x-expires=1&x-signature=A";
        assert_eq!(picture_identity(one), picture_identity(two));
        assert_ne!(picture_identity(one), picture_identity(other));
        assert_eq!(picture_identity("not a url"), None);
        assert_eq!(picture_identity("https://example.com/"), None);
        assert_eq!(picture_identity("https://x.example/v/t51/s150x150/12_34_n.jpg?oh=1").as_deref(), Some("12_34_n"));
    }
}
