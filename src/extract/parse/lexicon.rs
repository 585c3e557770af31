//! A table of words looked up at a place in a text: the longest word that stands there, whole. Built once per table.

use std::collections::HashMap;

use super::normal::{TIGHT_SPACE, in_word, key, lower, runs_together};

/// Words with their meanings, by first character, the longest first.
#[derive(Debug)]
pub(super) struct Lexicon<T>(HashMap<char, Vec<(Vec<char>, T)>>);

impl<T: Copy> Lexicon<T> {
    /// From words separated by `|`, as people write them.
    pub(super) fn new(table: &[(T, &str)]) -> Self {
        let mut words: HashMap<char, Vec<(Vec<char>, T)>> = HashMap::new();
        for (meaning, list) in table {
            for word in list.split('|').map(key).filter(|w| !w.is_empty()) {
                let chars: Vec<char> = word.chars().collect();
                words.entry(chars[0]).or_default().push((chars, *meaning));
            }
        }
        for bucket in words.values_mut() {
            bucket.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
        }
        Self(words)
    }

    /// Words that stand in the table with two meanings: always a mistake, for which one is found is chance.
    #[cfg(test)]
    pub(super) fn contradictions(&self) -> Vec<String>
    where
        T: PartialEq,
    {
        let buckets = self.0.values().flatten();
        let twice = |word: &Vec<char>, meaning: &T| self.0[&word[0]].iter().any(|(w, m)| w == word && m != meaning);
        buckets.filter(|(word, meaning)| twice(word, meaning)).map(|(word, _)| word.iter().collect()).collect()
    }

    /// The longest word that begins at `at` and ends where a word may end; the index behind it.
    pub(super) fn at(&self, text: &[char], at: usize) -> Option<(T, usize)> {
        let bucket = self.0.get(&lower(*text.get(at)?))?;
        bucket.iter().find_map(|(word, meaning)| {
            let end = at + word.len();
            let stands = text.get(at..end)?.iter().zip(word).all(|(c, w)| same(*c, *w));
            (stands && ends_word(text, end)).then_some((*meaning, end))
        })
    }

    /// The first word that begins at `at` and is a whole word on both sides.
    pub(super) fn whole_at(&self, text: &[char], at: usize) -> Option<(T, usize)> {
        if begins_word(text, at) { self.at(text, at) } else { None }
    }

    /// Every word of the text, in order, without overlaps: meaning, beginning, end.
    pub(super) fn all(&self, text: &[char]) -> Vec<(T, usize, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < text.len() {
            if let Some((meaning, end)) = self.whole_at(text, at) {
                found.push((meaning, at, end));
                at = end;
            } else {
                at += 1;
            }
        }
        found
    }
}

/// Whether a word may begin at `at`: nothing that belongs to a word stands before it, or its script has no spaces.
fn begins_word(text: &[char], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|i| text.get(i));
    before.is_none_or(|c| !in_word(*c)) || text.get(at).is_some_and(|c| runs_together(*c))
}

/// Whether a word may end before `end`.
fn ends_word(text: &[char], end: usize) -> bool {
    let last = end.checked_sub(1).and_then(|i| text.get(i));
    text.get(end).is_none_or(|c| !in_word(*c) || runs_together(*c))
        || last.is_some_and(|c| runs_together(*c) || !in_word(*c))
}

fn same(shown: char, word: char) -> bool {
    lower(shown) == word || (word == ' ' && shown == TIGHT_SPACE)
}
