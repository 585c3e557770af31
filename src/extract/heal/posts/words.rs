//! Words that stand beside a post's numbers and over a grid. Plays are what is wanted; every other count of a post looks exactly like
//! them, so what is said to be another is never taken for them. The words are data: see `words.txt`.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::super::label;

/// What the words around a number say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// Plays.
    Views,
    /// Another count.
    Other,
    /// Nothing that is known.
    Nothing,
}

/// The lists of the file, one a line: its name, then its words. `dense` are those of scripts that write without spaces.
struct Words {
    counts: Counted,
    views_dense: Vec<&'static str>,
    other_dense: Vec<&'static str>,
    suggesting: Vec<&'static str>,
    own_sections: Vec<&'static str>,
    generated: Vec<&'static str>,
    guessing: Vec<&'static str>,
}

/// Words for counts by their first run of letters: every number of every post asks, so no list is gone through.
type Counted = HashMap<&'static str, Vec<(&'static str, Told)>>;

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let list = |name: &str| {
        let lines = include_str!("words.txt").lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(held, _)| *held == name).flat_map(|(_, words)| words.split(" | ")).collect::<Vec<_>>()
    };
    let mut counts = Counted::new();
    for (name, told) in [("views", Told::Views), ("other", Told::Other)] {
        list(name).into_iter().for_each(|word| counts.entry(run(word)).or_default().push((word, told)));
    }
    Words {
        counts,
        views_dense: list("views dense"),
        other_dense: list("other dense"),
        suggesting: list("suggesting"),
        own_sections: list("own sections"),
        generated: list("generated"),
        guessing: list("guessing"),
    }
});

/// The letters that a text begins with.
fn run(text: &str) -> &str {
    &text[..text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len())]
}

/// What a text beside a number says it is; a word for each says nothing.
pub(super) fn told(plain: &str) -> Told {
    let (mut views, mut other) = (false, false);
    let mut rest = plain;
    while let Some(at) = rest.find(char::is_alphabetic) {
        rest = &rest[at..];
        let first = run(rest);
        for (word, told) in WORDS.counts.get(first).into_iter().flatten() {
            let ends = rest.strip_prefix(word).is_some_and(|after| !after.starts_with(char::is_alphabetic));
            views |= ends && *told == Told::Views;
            other |= ends && *told == Told::Other;
        }
        rest = &rest[first.len()..];
    }
    if !plain.is_ascii() {
        views |= WORDS.views_dense.iter().any(|word| plain.contains(word));
        other |= WORDS.other_dense.iter().any(|word| plain.contains(word));
    }
    match (views, other) {
        (true, false) => Told::Views,
        (false, true) => Told::Other,
        _ => Told::Nothing,
    }
}

/// What a key of data says a number is: `playCount`, `video_view_count`.
pub(super) fn told_by_key(key: &str) -> Told {
    let mut words = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_uppercase() || matches!(c, '_' | '-') {
            words.push(' ');
        }
        words.extend(c.to_lowercase().filter(|c| !matches!(c, '_' | '-')));
    }
    told(words.trim())
}

/// Whether a section's title offers what is not the profile's.
pub(super) fn suggests(title: &str) -> bool {
    let plain = label::plain(title);
    WORDS.suggesting.iter().any(|word| plain.contains(word))
}

/// Whether a picture's description is one that the site made up for want of a text: whose picture, of which day, and what may be on it.
pub(super) fn is_generated(text: &str) -> bool {
    let plain = text.trim().to_lowercase();
    let begins = || WORDS.generated.iter().any(|start| plain.starts_with(start));
    let dated = || plain.split(|c: char| !c.is_numeric()).any(|run| run.len() == 4 && run.starts_with(['1', '2']));
    WORDS.guessing.iter().any(|guess| plain.contains(guess)) || (begins() && dated() && plain.ends_with('.'))
}

/// Whether a title is one of a section of the profile's own posts.
pub(super) fn is_own_section(title: &str) -> bool {
    WORDS.own_sections.contains(&label::plain(title).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_begins_with_a_letter() {
        assert!(WORDS.counts.keys().all(|run| !run.is_empty()), "{:?}", WORDS.counts.get(""));
    }

    #[test]
    fn words_tell_plays_from_other_counts() {
        for (text, wanted) in [
            ("view count icon", Told::Views),
            ("aufrufe", Told::Views),
            ("次播放", Told::Views),
            ("likes", Told::Other),
            ("gefällt mir", Told::Other),
            ("likes and views", Told::Nothing),
            ("reviews", Told::Nothing),
            ("12.3k views", Told::Views),
            ("j'aime", Told::Other),
            ("ｖ 播放", Told::Views),
        ] {
            assert_eq!(told(text), wanted, "{text}");
        }
        for (key, wanted) in [
            ("playCount", Told::Views),
            ("video_view_count", Told::Views),
            ("views", Told::Views),
            ("kxplay", Told::Nothing),
            ("saveCount", Told::Other),
        ] {
            assert_eq!(told_by_key(key), wanted, "{key}");
        }
        assert!(suggests("Suggested for you"));
        assert!(!suggests("Popular"));
        assert!(is_generated("Photo by Ada on July 8, 2025. May be an image of text."));
        assert!(is_generated("Photo shared by Ada on July 8, 2025."));
        assert!(!is_generated("Photo by @ada, thank you"));
    }
}
