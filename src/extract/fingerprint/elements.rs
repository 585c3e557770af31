//! The elements that lead to the profile's shown name, read forwards from the body's beginning without building a tree.

use std::collections::BTreeSet;

use memchr::memmem;

use super::KEY_MAX;

/// Bytes of elements that are looked through for the name.
const FORWARD: usize = 256 * 1024;
/// Where the name is not shown, the elements this high say what the page is.
const HIGH: usize = 3;
/// Elements without an end.
const VOID: [&str; 10] = ["img", "br", "hr", "input", "meta", "link", "source", "area", "col", "wbr"];

/// The elements that lead to the shown name, with the names of their naming attributes; where it is not shown, the upper ones.
pub(super) fn elements(html: &str, handle: &str, marks: &mut BTreeSet<String>) {
    let body = find(html, "<body").and_then(|at| html.get(at..)).unwrap_or_default();
    let end = (0..=FORWARD.min(body.len())).rev().find(|at| body.is_char_boundary(*at)).unwrap_or_default();
    let mut rest = body.get(..end).unwrap_or_default();
    let mut open: Vec<(&str, String)> = Vec::new();
    while let Some(at) = rest.find('<') {
        let text = rest.get(..at).unwrap_or_default().trim();
        if !handle.is_empty() && text.trim_start_matches('@').eq_ignore_ascii_case(handle) {
            marks.clear();
            marks.insert(open.iter().map(|(_, mark)| mark.as_str()).collect::<Vec<_>>().join("/"));
            return;
        }
        rest = rest.get(at + 1..).unwrap_or_default();
        let (closes, tag_text) = rest.strip_prefix('/').map_or((false, rest), |text| (true, text));
        let end = tag_text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag_text.len());
        let tag = tag_text.get(..end).unwrap_or_default();
        if tag.is_empty() {
            continue;
        }
        if closes {
            if let Some(at) = open.iter().rposition(|(known, _)| *known == tag) {
                open.truncate(at);
            }
            rest = rest.find('>').and_then(|at| rest.get(at + 1..)).unwrap_or_default();
            continue;
        }
        if matches!(tag, "script" | "style" | "svg" | "noscript" | "template") {
            rest = find(rest, &format!("</{tag}")).and_then(|at| rest.get(at..)).unwrap_or_default();
            continue;
        }
        let (inside, behind) = attributes(tag_text.get(end..).unwrap_or_default());
        let mark = format!("{tag}[{}]", naming(inside));
        if open.len() < HIGH {
            marks.insert(format!("{}/{mark}", open.iter().map(|(tag, _)| *tag).collect::<Vec<_>>().join("/")));
        }
        if !VOID.contains(&tag) {
            open.push((tag, mark));
        }
        rest = behind;
    }
}

/// Where a text stands: pages have hundreds of kilobytes of scripts to be passed over, which the standard library does byte by byte.
fn find(text: &str, part: &str) -> Option<usize> {
    memmem::find(text.as_bytes(), part.as_bytes())
}

/// A start tag's inside and what stands behind it; a `>` inside quotes does not end it.
fn attributes(text: &str) -> (&str, &str) {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return (text.get(..at).unwrap_or_default(), text.get(at + 1..).unwrap_or_default()),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    (text, "")
}

/// The names of an element's naming attributes, with their values where these are words of the site and no data.
fn naming(inside: &str) -> String {
    if !inside.contains("data-") && !inside.contains("itemprop") {
        return String::new();
    }
    let named = |part: &&str| part.starts_with("data-") || part.starts_with("itemprop");
    let mut names: Vec<String> = inside
        .split_ascii_whitespace()
        .filter(named)
        .filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            let value = value.trim_matches(['"', '\'']);
            let is_word = value.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'));
            Some(if is_word && value.len() <= KEY_MAX { format!("{name}={value}") } else { name.to_owned() })
        })
        .collect();
    names.sort_unstable();
    names.join(",")
}
