//! Post ids as data writes them: bare, in an address, behind a kind (`media:17`), before an owner (`17_42`), or as a graph's name for
//! it (`Post:17` in base64). Which of these a site means is not decided here: each is another way, and the known ids choose.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::address::{Style, Target};

/// Letters of a text that may hold an id and more.
const WRAPPED: std::ops::RangeInclusive<usize> = 11..=200;
/// Letters of a graph's name in base64.
const GRAPH: std::ops::RangeInclusive<usize> = 16..=60;
/// Letters of a word for a kind.
const KIND_MAX: usize = 24;
/// Digits of an owner behind a code.
const OWNER_MIN: usize = 5;

/// How an id stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wrapped {
    /// It is the text.
    Bare,
    /// In an address.
    Address,
    /// The part before an owner.
    Front,
    /// The part behind a kind.
    Back,
    /// In a graph's name.
    Graph,
}

/// The ids that a text may mean, each with how it stands there.
pub(crate) fn ids_in<'a>(style: &Style, text: &'a str) -> Vec<(Wrapped, Cow<'a, str>)> {
    if style.could_be_post_id(text) {
        return vec![(Wrapped::Bare, Cow::Borrowed(text))];
    }
    if !WRAPPED.contains(&text.len()) || text.bytes().any(|b| b.is_ascii_whitespace() || !b.is_ascii()) {
        return Vec::new();
    }
    if text.contains('/') {
        return match style.target(text) {
            Target::Post { id, .. } => vec![(Wrapped::Address, Cow::Owned(id))],
            Target::Profile(_) | Target::Outside | Target::Inside => graph(style, text),
        };
    }
    let mut found = Vec::new();
    let is_id = |part: &str| style.could_be_post_id(part);
    let owner = |rest: &str| rest.len() >= OWNER_MIN && rest.bytes().all(|b| b.is_ascii_digit());
    if let Some((id, _)) = text.rsplit_once('_').filter(|(id, rest)| owner(rest) && is_id(id)) {
        found.push((Wrapped::Front, Cow::Borrowed(id)));
    }
    let kind =
        |word: &str| (1..=KIND_MAX).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_alphabetic() || b == b':');
    let behind = text.match_indices([':', '_', '-', '|', '.', '#', '=']).map(|(at, _)| (&text[..at], &text[at + 1..]));
    if let Some((_, id)) = behind.into_iter().find(|(word, id)| kind(word) && is_id(id)) {
        found.push((Wrapped::Back, Cow::Borrowed(id)));
    }
    if found.is_empty() { graph(style, text) } else { found }
}

/// `Post:17` in base64.
fn graph<'a>(style: &Style, text: &str) -> Vec<(Wrapped, Cow<'a, str>)> {
    if !GRAPH.contains(&text.len()) || !text.len().is_multiple_of(4) {
        return Vec::new();
    }
    let plain = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let id = plain.as_deref().and_then(|plain| plain.rsplit_once(':')).map(|(_, id)| id);
    id.filter(|id| style.could_be_post_id(id))
        .map(|id| (Wrapped::Graph, Cow::Owned(id.to_owned())))
        .into_iter()
        .collect()
}
