//! What a number counts, told by the word beside it, in the languages of both sites.

use std::sync::LazyLock;

use super::label_words::{TONGUES, WORDS};
use super::lexicon::Lexicon;
use super::normal::normalise;
use super::unit::Tongue;

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CountLabel {
    /// Who follows the profile.
    Followers,
    /// Whom the profile follows.
    Following,
    /// Likes, of a post or of all a profile's posts.
    Likes,
    /// Posts or videos.
    Posts,
    /// Views or plays.
    Views,
    /// Comments.
    Comments,
    /// Shares.
    Shares,
}

static LABELS: LazyLock<Lexicon<CountLabel>> = LazyLock::new(|| Lexicon::new(WORDS));
static LANGUAGES: LazyLock<Lexicon<Tongue>> = LazyLock::new(|| Lexicon::new(TONGUES));

/// The one label in the text: "12.6K Followers", "粉丝", "Abonnés". None where it has none, or labels of two kinds.
#[must_use]
pub fn label(text: &str) -> Option<CountLabel> {
    let found = all(&normalise(text));
    let (first, ..) = *found.first()?;
    found.iter().all(|(label, ..)| *label == first).then_some(first)
}

/// Every label of the text, in order: label, beginning, end.
pub(super) fn all(text: &[char]) -> Vec<(CountLabel, usize, usize)> {
    LABELS.all(text)
}

/// The language that the text's labels tell.
pub(super) fn tongue(text: &[char]) -> Tongue {
    let mut found = LANGUAGES.all(text).into_iter().map(|(tongue, ..)| tongue);
    match found.next() {
        Some(first) if found.all(|t| t == first) => first,
        Some(_) => Tongue::Unknown,
        None if all(text).is_empty() => Tongue::Unknown,
        None => Tongue::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_label_has_two_meanings() {
        assert_eq!(LABELS.contradictions(), Vec::<String>::new());
    }
}
