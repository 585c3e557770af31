//! Documents for people: one row a profile, then the newest posts.

use comfy_table::{Cell, CellAlignment, Table, presets};

use crate::model::document::{Document, Post};

/// Posts shown under a profile.
const POSTS_SHOWN: usize = 10;
/// Characters of a caption shown in a row.
const CAPTION_SHOWN: usize = 40;

/// One profile and its newest posts.
#[must_use]
pub(super) fn document(document: &Document) -> String {
    let mut text = summaries(std::slice::from_ref(document));
    if !document.posts.is_empty() {
        text.push('\n');
        text.push_str(&posts(&document.posts));
    }
    text
}

/// One row for each profile.
#[must_use]
pub(super) fn summaries(documents: &[Document]) -> String {
    let mut table = plain(&["profile", "outcome", "followers", "following", "likes", "posts", "read", "screenshot"]);
    for column in 2..=6 {
        align_right(&mut table, column);
    }
    for document in documents {
        let profile = document.profile.as_ref();
        let handle = document.handle.as_ref().map_or("?", |handle| handle.as_str());
        table.add_row([
            format!("@{handle}@{}", document.platform),
            document.outcome.as_str().to_owned(),
            count(profile.and_then(|p| p.followers)),
            count(profile.and_then(|p| p.following)),
            count(profile.and_then(|p| p.likes)),
            count(profile.and_then(|p| p.posts_count)),
            document.coverage.got.to_string(),
            document
                .screenshot
                .as_ref()
                .map_or_else(|| "-".to_owned(), |shot| format!("{} kB", shot.bytes.div_ceil(1000))),
        ]);
    }
    format!("{table}\n")
}

fn posts(posts: &[Post]) -> String {
    let mut table = plain(&["published", "kind", "views", "likes", "comments", "shares", "caption"]);
    for column in 2..=5 {
        align_right(&mut table, column);
    }
    for post in posts.iter().take(POSTS_SHOWN) {
        table.add_row([
            post.published_at.map_or_else(|| "-".to_owned(), |at| at.format("%Y-%m-%d %H:%M").to_string()),
            post.kind.map_or_else(|| "-".to_owned(), |kind| format!("{kind:?}").to_lowercase()),
            count(post.views),
            count(post.likes),
            count(post.comments),
            count(post.shares),
            caption(post.caption.as_deref().unwrap_or("-")),
        ]);
    }
    let more = posts.len().saturating_sub(POSTS_SHOWN);
    let note = if more > 0 { format!("… and {more} more\n") } else { String::new() };
    format!("{table}\n{note}")
}

/// A table without frames, with these headings.
#[must_use]
pub(super) fn plain(headings: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(headings.iter().map(Cell::new));
    table
}

/// Aligns a column of numbers.
pub(super) fn align_right(table: &mut Table, column: usize) {
    if let Some(column) = table.column_mut(column) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

/// 1,234,567, or a dash for what the site does not show.
#[must_use]
pub(super) fn count(value: Option<u64>) -> String {
    let Some(value) = value else { return "-".to_owned() };
    let digits = value.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A text on one line, without characters that could steer a terminal.
#[must_use]
pub(super) fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A caption's beginning.
#[must_use]
pub(super) fn caption(text: &str) -> String {
    let clean = harmless(text);
    let short: String = clean.chars().take(CAPTION_SHOWN).collect();
    if clean.chars().count() > CAPTION_SHOWN { format!("{short}…") } else { short }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_absence_is_a_dash() {
        assert_eq!(count(Some(1_234_567)), "1,234,567");
        assert_eq!(count(Some(999)), "999");
        assert_eq!(count(None), "-");
    }

    #[test]
    fn a_caption_cannot_steer_the_terminal() {
        assert_eq!(caption("a\u{1b}[31mb\nc"), "a [31mb c");
    }
}
