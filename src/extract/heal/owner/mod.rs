//! Whose number is it? Every value belongs to the nearest name around it: the smallest subtree that holds a handle decides. A page shows
//! many people (suggestions, viewers, authors of reposts), all in the same markup; a value with another's name nearest is never ours.

mod json;
mod page;

pub(crate) use json::{Ids, JsonOwners, map_by_id};
pub(crate) use page::DomOwners;

use std::borrow::Cow;

use super::number;

/// Whose a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The requested profile's.
    Own,
    /// A post's.
    Post,
    /// The profile's by far the most and last named; another's name stands somewhere beside.
    Likely,
    /// Names of both stand equally near.
    Mixed,
    /// Another's.
    Foreign,
    /// No name anywhere around.
    Unknown,
}

/// A name as handles are compared.
pub(crate) fn plain_handle(text: &str) -> String {
    plain(text).into_owned()
}

/// The same, borrowed where it is written so: of a page's thousands of words nearly all are.
fn plain(text: &str) -> Cow<'_, str> {
    let bare = text.trim().trim_start_matches('@');
    let is_plain = bare.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase());
    if is_plain { Cow::Borrowed(bare) } else { Cow::Owned(bare.to_lowercase()) }
}

/// Whether a text is a handle, which is in lower case.
pub(crate) fn is_handle(text: &str, handle: &str) -> bool {
    let bare = text.trim().trim_start_matches('@');
    if bare.is_ascii() { bare.eq_ignore_ascii_case(handle) } else { bare.to_lowercase() == handle }
}

/// The name in a text that is a name and the handle: `Name (@handle)`, `Name · @handle`, `@handle | Name`.
pub(crate) fn beside_handle<'a>(text: &'a str, handle: &str) -> Option<&'a str> {
    const SIGNS: [char; 13] = ['(', ')', '（', '）', '·', '•', '|', '-', '–', '—', ',', '/', ':'];
    let text = text.trim();
    if text.len() > 120 || text.contains('\n') || text.matches('@').count() > 1 {
        return None;
    }
    let is_ours = |word: &str| {
        let signed = word.contains('@') || word.starts_with(['(', '（']);
        signed && is_handle(word.trim_matches(SIGNS), handle)
    };
    let (first, last) = (text.split_whitespace().next()?, text.split_whitespace().next_back()?);
    let rest = if is_ours(last) {
        text.strip_suffix(last)?
    } else if is_ours(first) {
        text.strip_prefix(first)?
    } else {
        return None;
    };
    let rest = rest.trim_matches(|c: char| c.is_whitespace() || SIGNS.contains(&c));
    (!rest.is_empty()).then_some(rest)
}

/// Whether a text could be a handle: one token of the letters handles are made of.
pub(crate) fn could_be_handle(text: &str) -> bool {
    let bare = text.trim().trim_start_matches('@');
    (2..=30).contains(&bare.len())
        && bare.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.')
        && bare.bytes().any(|b| b.is_ascii_lowercase())
        && !bare.starts_with('.')
        && !bare.ends_with('.')
}

/// Whether a text can hardly be anything but a handle.
fn surely_handle(text: &str) -> bool {
    let text = text.trim();
    let bare = text.trim_start_matches('@');
    could_be_handle(text)
        && bare.len() >= 5
        && (text.starts_with('@') || bare.bytes().any(|b| b.is_ascii_digit() || b == b'_') || dotted(bare))
        && (!bare.starts_with(|c: char| c.is_ascii_digit()) || bare.contains('_'))
        && number::scan(bare, "").is_empty()
}

/// Two words with a dot between, which is a handle unless it ends like an address.
fn dotted(bare: &str) -> bool {
    let Some((first, last)) = bare.rsplit_once('.') else { return false };
    let ending = matches!(
        last,
        "info"
            | "shop"
            | "link"
            | "site"
            | "blog"
            | "news"
            | "store"
            | "online"
            | "example"
            | "page"
            | "live"
            | "club"
            | "html"
    );
    first.len() >= 2 && last.len() >= 4 && !ending
}
