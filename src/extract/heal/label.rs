//! Words that name a count: on the page in the reader's language, in attributes and keys in the programmer's. A word that could name
//! two counts names none.

use std::collections::HashMap;
use std::sync::LazyLock;

pub(crate) use super::code::in_code;
use super::field::Field;
use super::posts;

/// The words: see the file.
const LABELS: &str = include_str!("labels.txt");

/// Words of other counts: beside them a number is none of ours, whatever else is said.
static OTHER: LazyLock<Vec<&str>> = LazyLock::new(|| list("other"));

/// The same in scripts without spaces.
static OTHER_DENSE: LazyLock<Vec<&str>> = LazyLock::new(|| list("other dense"));

/// Words beside the one that names a field which do not make it another thing.
static NEUTRAL: LazyLock<Vec<&str>> = LazyLock::new(|| list("neutral"));

/// The words of a list by its name.
fn list(name: &str) -> Vec<&'static str> {
    let lines = LABELS.lines().filter_map(|line| line.split_once(": "));
    lines.filter(|(held, _)| *held == name).flat_map(|(_, words)| words.split(" | ")).collect()
}

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
    let Name { letters: length, from, to, field } = best?;
    // A sentence that happens to hold the word is no label, nor is a phrase in which the word is but a part.
    let dense = plain.chars().any(is_dense_letter);
    let extra = if dense {
        letters.saturating_sub(length) > DENSE_EXTRA_MAX
    } else {
        let (before, after) = (&plain[..from], &plain[to..]);
        !is_neutral(before) || !is_neutral(after) || before.split(' ').chain(after.split(' ')).count() > EXTRA_MAX + 2
    };
    let meant = !tied && !extra && letters <= length * 2 + 12 && !says_other(&plain);
    meant.then_some(field)
}

/// Whether words leave what stands beside them what it is.
fn is_neutral(words: &str) -> bool {
    let neutral = |word: &str| {
        word.chars().filter(|&c| is_letter(c)).count() <= 1 || word.starts_with('@') || NEUTRAL.contains(&word)
    };
    words.split(' ').all(neutral)
}

/// Whether a plain text has words of other counts.
fn says_other(plain: &str) -> bool {
    OTHER.iter().any(|word| contains_word(plain, word))
        || (!plain.is_ascii() && OTHER_DENSE.iter().any(|word| plain.contains(word)))
}

/// Whether a short text is known to name another count: one of a post, one of a time, people of another kind.
pub(crate) fn names_another(plain: &str) -> bool {
    plain.len() <= 80
        && beside(plain).is_none()
        && (says_other(plain) || (named(plain).is_empty() && posts::names_count(plain)))
}

/// Whether a short text speaks of another thing in words of ours: `Followers you may know`.
pub(crate) fn misleads(plain: &str) -> bool {
    plain.len() <= 80 && !named(plain).is_empty() && says_other(plain)
}

/// Words of a label beyond the one that names the field.
const EXTRA_MAX: usize = 2;
/// The same in letters, for scripts without spaces.
const DENSE_EXTRA_MAX: usize = 6;

/// A word of ours in a text.
struct Name {
    letters: usize,
    /// Where it stands, in bytes; in scripts without spaces the whole text.
    from: usize,
    to: usize,
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
                found.push(Name { letters: words.chars().count(), from, to, field });
            }
            if to == plain.len() {
                break;
            }
        }
    }
    if plain.chars().any(is_dense_letter) {
        found.extend(DENSE.iter().filter(|(word, _)| plain.contains(word)).map(|&(word, field)| Name {
            letters: word.chars().count(),
            from: 0,
            to: plain.len(),
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
            "Followers last month",
            "Followers you know",
            "New followers",
            "Following limit",
            "Likes given",
            "粉丝 上月",
        ] {
            assert_eq!(beside(text), None, "{text}");
        }
        for text in ["Total followers", "フォロワー数", "位粉丝", "de urmăritori"] {
            assert_eq!(beside(text), Some(Field::Followers), "{text}");
        }
    }
}
