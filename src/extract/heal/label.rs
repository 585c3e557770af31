//! Words that name a count: on the page in the reader's language, in attributes and keys in the programmer's. A word that could name
//! two counts names none.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::field::Field;

/// The words: see the file.
const LABELS: &str = include_str!("labels.txt");

/// Words of other counts: beside them a number is none of ours, whatever else is said.
const OTHER: &[&str] = &[
    "suggested",
    "mutual",
    "friends",
    "requests",
    "blocked",
    "avg",
    "average",
    "per post",
    "views",
    "plays",
    "comments",
    "shares",
    "reposts",
    "gefolgt von",
    "followed by",
    "suivi par",
    "seguido por",
    "and",
    "more",
    "others",
    "viewers",
    "visits",
    "reach",
    "rank",
    "saved",
    "weekly",
    "monthly",
    "daily",
    "today",
    "new",
    "gained",
    "lost",
    "goal",
    "you may know",
    "weitere",
    "autres",
];

/// Every word with its field.
fn every() -> impl Iterator<Item = (&'static str, Field)> {
    let lines = LABELS.lines().filter_map(|line| line.split_once(": "));
    lines.flat_map(|(name, words)| {
        let field = Field::ALL.into_iter().find(|field| field.name() == name);
        words.split(" | ").filter_map(move |word| field.map(|field| (word, field)))
    })
}

/// Every word by itself, for texts whose words stand apart.
static APART: LazyLock<HashMap<&'static str, Field>> =
    LazyLock::new(|| every().filter(|(word, _)| !is_dense(word)).collect());

/// Words of scripts that write without spaces.
static DENSE: LazyLock<Vec<(&'static str, Field)>> =
    LazyLock::new(|| every().filter(|(word, _)| is_dense(word)).collect());

/// The field that a text beside a number names; none where it names two, or another thing.
pub(crate) fn beside(text: &str) -> Option<Field> {
    if text.len() > 240 {
        return None;
    }
    let plain = plain(text);
    let letters = plain.chars().count();
    if plain.is_empty() || letters > 60 {
        return None;
    }
    let mut best: Option<Name> = None;
    let mut tied = false;
    for name in named(&plain) {
        match &best {
            Some(held) if held.letters > name.letters => {}
            Some(held) if held.letters == name.letters => tied |= held.field != name.field,
            _ => {
                tied = false;
                best = Some(name);
            }
        }
    }
    let Name { letters: length, words, field } = best?;
    // A sentence that happens to hold the word is no label, nor is a phrase in which the word is but a part.
    let extra = if plain.chars().any(is_dense_letter) {
        letters.saturating_sub(length) > DENSE_EXTRA_MAX
    } else {
        plain.split(' ').count().saturating_sub(words) > EXTRA_MAX
    };
    let meant = !tied && !extra && letters <= length * 2 + 12 && !OTHER.iter().any(|word| contains_word(&plain, word));
    meant.then_some(field)
}

/// Whether a short text speaks of another thing in words of ours: `Followers you may know`.
pub(crate) fn misleads(plain: &str) -> bool {
    plain.len() <= 80 && !named(plain).is_empty() && OTHER.iter().any(|word| contains_word(plain, word))
}

/// Words of a label beyond the one that names the field.
const EXTRA_MAX: usize = 2;
/// The same in letters, for scripts without spaces.
const DENSE_EXTRA_MAX: usize = 6;

/// A word of ours in a text.
struct Name {
    letters: usize,
    words: usize,
    field: Field,
}

/// Every word of ours in a plain text.
fn named(plain: &str) -> Vec<Name> {
    let mut found = Vec::new();
    let starts: Vec<usize> = std::iter::once(0).chain(plain.match_indices(' ').map(|(at, _)| at + 1)).collect();
    for (index, &from) in starts.iter().enumerate() {
        for next in 1..=5 {
            let to = starts.get(index + next).map_or(plain.len(), |&start| start - 1);
            let words = &plain[from..to];
            if let Some(&field) = APART.get(words) {
                found.push(Name { letters: words.chars().count(), words: next, field });
            }
            if to == plain.len() {
                break;
            }
        }
    }
    if plain.chars().any(is_dense_letter) {
        found.extend(DENSE.iter().filter(|(word, _)| plain.contains(word)).map(|&(word, field)| Name {
            letters: word.chars().count(),
            words: 1,
            field,
        }));
    }
    found
}

/// How many fields a plain text names.
pub(crate) fn all_in(plain: &str) -> usize {
    let mut fields: Vec<Field> = named(plain).into_iter().map(|name| name.field).collect();
    fields.sort_unstable();
    fields.dedup();
    fields.len()
}

fn is_dense(word: &str) -> bool {
    word.chars().next().is_some_and(is_dense_letter)
}

fn is_dense_letter(c: char) -> bool {
    matches!(u32::from(c), 0x0E00..=0x0EFF | 0x2E80..=0x9FFF | 0xAC00..=0xD7AF)
}

/// Lower case, without punctuation at the ends, one space between words.
pub(crate) fn plain(text: &str) -> String {
    // Most numbers stand without a word.
    if text.bytes().all(|b| b == b' ') {
        return String::new();
    }
    let lower: String = text.to_lowercase().chars().filter(|&c| !is_invisible(c) && !is_quote(c)).collect();
    let words: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || c == '\u{1}' || c == '\u{2}')
        .map(|word| {
            word.trim_matches(|c: char| {
                matches!(c, ',' | ';' | ':' | '·' | '•' | '|' | '.' | '(' | ')' | '-' | '–' | '—' | '،' | '、')
            })
        })
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// Labels stand in quotes here and there: `15 „Gefällt mir“-Angaben`.
const fn is_quote(c: char) -> bool {
    matches!(c, '"' | '“' | '”' | '„' | '«' | '»')
}

/// Marks of writing direction and the like. Joiners stay, they are part of words.
fn is_invisible(c: char) -> bool {
    matches!(u32::from(c), 0xAD | 0x200B | 0x200E | 0x200F | 0x202A..=0x202E | 0x2066..=0x2069 | 0xFEFF)
}

fn contains_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !(before.is_some_and(is_letter) || after.is_some_and(is_letter))
    })
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || matches!(u32::from(c), 0x0900..=0x0D7F | 0x0300..=0x036F)
}

/// The field that a key, an attribute's value or an address's last step names, as in `followerCount`, `followers-count`, `edge_followed_by`.
pub(crate) fn in_code(name: &str) -> Option<Field> {
    if name.len() > 60 {
        return None;
    }
    let words = words_of(name);
    let has = |wanted: &[&str]| words.iter().any(|word| wanted.contains(&word.as_str()));
    let other = [
        "button",
        "btn",
        "tab",
        "nav",
        "icon",
        "mutual",
        "friend",
        "friends",
        "avg",
        "max",
        "min",
        "prev",
        "previous",
        "old",
        "last",
        "cached",
        "stale",
        "request",
        "requests",
        "requested",
        "blocked",
        "is",
        "has",
        "can",
        "not",
        "viewer",
        "me",
        "my",
        "suggested",
        "related",
        "history",
        "delta",
        "change",
        "growth",
        "list",
        "item",
        "modal",
        "close",
        "top",
        "goal",
        "target",
        "limit",
        "rank",
        "share",
        "shares",
        "comment",
        "comments",
        "view",
        "views",
        "play",
        "plays",
    ];
    if has(&other) {
        return None;
    }
    let followers = has(&["follower", "followers", "fans", "fan", "followed", "subscribers", "subscriber"]);
    let following = has(&["following", "followings", "follow", "follows", "followee", "followees"]);
    let likes = has(&["likes", "like", "heart", "hearts", "favorited"]);
    let posts = has(&["posts", "post", "media", "video", "videos", "aweme", "publications"]);
    match (followers, following, likes, posts) {
        (true, false, false, false) => Some(Field::Followers),
        (false, true, false, false) => Some(Field::Following),
        (false, false, true, false) => Some(Field::Likes),
        (false, false, false, true) => Some(Field::PostsCount),
        _ => None,
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
    fn words_beside_a_number_name_its_field() {
        for (text, field) in [
            (" Follower", Field::Followers),
            ("Folge ich", Field::Following),
            (" Beiträge", Field::PostsCount),
            ("フォロー中", Field::Following),
            ("フォロワー", Field::Followers),
            ("người theo dõi", Field::Followers),
            ("đang theo dõi", Field::Following),
            ("J’aime", Field::Likes),
            ("подписчиков", Field::Followers),
            ("подписок", Field::Following),
        ] {
            assert_eq!(beside(text), Some(field), "{text}");
        }
        assert_eq!(beside("Followers and Following"), None);
        assert_eq!(beside("mutual friends"), None);
        for text in [
            "Followers you may know",
            "Followers gained this week",
            "Weekly reach of followers",
            "知り合いかもしれないフォロワー",
        ] {
            assert_eq!(beside(text), None, "{text}");
        }
        for text in ["Total followers", "フォロワー数", "位粉丝", "de urmăritori"] {
            assert_eq!(beside(text), Some(Field::Followers), "{text}");
        }
    }

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
}
