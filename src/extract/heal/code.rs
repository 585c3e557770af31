//! What a programmer's name says: a key, an attribute's value, an address's last step. A name that holds a field's word among others is
//! mostly another thing (`fans_online`, `hearts_given`), and a wrong number with a telling name is worse than one without.

use std::sync::LazyLock;

use super::field::Field;

/// The words: see the file.
const WORDS: &str = include_str!("code.txt");

/// The words of a list by its name.
fn list(name: &str) -> Vec<&'static str> {
    let lines = WORDS.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(held, _)| *held == name).flat_map(|(_, words)| words.split(" | ")).collect()
}

/// Words that make a field's word another thing wherever they stand.
static ANOTHER: LazyLock<Vec<&str>> = LazyLock::new(|| list("another"));

/// The field that a key, an attribute's value or an address's last step names, as in `followerCount`, `followers-count`, `edge_followed_by`.
pub(crate) fn in_code(name: &str) -> Option<Field> {
    if name.len() > 60 {
        return None;
    }
    let words = words_of(name);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let other = ANOTHER.as_slice();
    if has(other) {
        return None;
    }
    let followers = has(words_for(Field::Followers));
    let following = has(words_for(Field::Following));
    let likes = has(words_for(Field::Likes));
    let posts = has(words_for(Field::PostsCount));
    match (followers, following, likes, posts) {
        (true, false, false, false) => Some(Field::Followers),
        (false, true, false, false) => Some(Field::Following),
        (false, false, true, false) => Some(Field::Likes),
        (false, false, false, true) => Some(Field::PostsCount),
        _ => None,
    }
}

/// What a key of data says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// One of our fields, and nothing else.
    Field(Field),
    /// Another count.
    Other,
    /// A word for many of something, which is none of ours that is known.
    Strange,
    /// Nothing that is known.
    Unknown,
}

/// Words of a key that leave a field what it is.
static NEUTRAL: LazyLock<Vec<&str>> = LazyLock::new(|| list("neutral"));

/// Words of counts that are none of ours.
static COUNTS: LazyLock<Vec<&str>> = LazyLock::new(|| list("counts"));

/// What a key says. A field's word among unknown ones is another thing: `fans_online`, `publications_draft`.
pub(crate) fn of_key(name: &str) -> Key {
    if name.len() > 60 {
        return Key::Unknown;
    }
    let words = words_of(name);
    let any = |field: Field| words.iter().any(|word| words_for(field).contains(&word.as_str()));
    let ours = Field::ALL.into_iter().any(any);
    match in_code(name) {
        Some(field) => {
            let meant = |word: &String| words_for(field).contains(&word.as_str()) || NEUTRAL.contains(&word.as_str());
            if words.iter().all(meant) { Key::Field(field) } else { Key::Other }
        }
        None if ours && words.len() > 1 => Key::Other,
        None if words.iter().any(|word| COUNTS.contains(&word.as_str())) => Key::Other,
        None if words.last().is_some_and(|word| is_plural(word)) => Key::Strange,
        None => Key::Unknown,
    }
}

/// Whether a word reads as the plural of something: no heap of letters ends so by chance.
fn is_plural(word: &str) -> bool {
    let is_vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u' | 'y');
    let longest = word.split(is_vowel).map(str::len).max().unwrap_or(0);
    let vowels = word.chars().filter(|&c| is_vowel(c)).count();
    let letters = word.chars().all(|c| c.is_ascii_lowercase());
    let collective =
        ["counters", "counts", "numbers", "totals", "values", "stats", "metrics", "statistics", "details", "props"];
    word.len() >= 5
        && letters
        && word.ends_with('s')
        && !word.ends_with("ss")
        && longest <= vowels.min(2) + 1
        && !collective.contains(&word)
}

/// A programmer's words for a field.
const fn words_for(field: Field) -> &'static [&'static str] {
    match field {
        Field::Followers => &["follower", "followers", "fans", "fan", "followed", "subscribers", "subscriber"],
        Field::Following => &["following", "followings", "follow", "follows", "followee", "followees"],
        Field::Likes => &["likes", "like", "heart", "hearts", "favorited"],
        Field::PostsCount => &["posts", "post", "media", "video", "videos", "aweme", "publications"],
        Field::Username | Field::DisplayName | Field::Bio | Field::AvatarUrl | Field::ExternalUrl => &[],
    }
}

/// `followerCount`, `follower_count` and `follower-count` as their words.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower_before = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            words.push(String::new());
            lower_before = false;
            continue;
        }
        if c.is_uppercase() && lower_before {
            words.push(String::new());
        }
        lower_before = c.is_lowercase() || c.is_numeric();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_attributes_name_their_field() {
        for (name, field) in [
            ("followerCount", Some(Field::Followers)),
            ("followers-count", Some(Field::Followers)),
            ("edge_followed_by", Some(Field::Followers)),
            ("edge_follow", Some(Field::Following)),
            ("heartCount", Some(Field::Likes)),
            ("videoCount", Some(Field::PostsCount)),
            ("follow-button", None),
            ("edge_mutual_followed_by", None),
            ("prevFollowerCount", None),
        ] {
            assert_eq!(in_code(name), field, "{name}");
        }
    }

    #[test]
    fn a_key_with_other_words_names_another_count() {
        for name in [
            "fans_online",
            "publications_draft",
            "hearts_given",
            "new_fans",
            "followings_limit",
            "reach_28d",
            "impressions",
            "mutuals",
            "drafts",
            "diggCount",
            "prevFollowerCount",
            "close_friends",
            "avg_plays",
            "total_saves",
        ] {
            assert_eq!(of_key(name), Key::Other, "{name}");
        }
        for (name, field) in [
            ("followerCount", Field::Followers),
            ("edge_followed_by", Field::Followers),
            ("edge_owner_to_timeline_media", Field::PostsCount),
            ("all_media_count", Field::PostsCount),
            ("fans", Field::Followers),
            ("heartCount", Field::Likes),
        ] {
            assert_eq!(of_key(name), Key::Field(field), "{name}");
        }
        for name in ["clips", "badges", "profile_drawings"] {
            assert_eq!(of_key(name), Key::Strange, "{name}");
        }
        for name in ["audienceSize", "kmptfr", "counters", "audience"] {
            assert_eq!(of_key(name), Key::Unknown, "{name}");
        }
    }
}
