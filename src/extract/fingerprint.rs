//! A page's template, told by its build and not by its content: by which keys its JSON leads to the profile's name, and by which
//! elements the page does. Whatever else is there (posts, links, notices, lists) differs from profile to profile and does not
//! count, nor do classes, texts and values. Two profiles on one template have one fingerprint; a redesign has another.
//!
//! Told at every page that is crawled, so nothing is parsed: the name is looked for, and what stands around it is read backwards.

use std::collections::BTreeSet;

use memchr::memmem;
use sha2::{Digest as _, Sha256};

use crate::model::capture::Capture;
use crate::model::visit::Purpose;

/// Keys above the name's own that count.
const LEVELS: usize = 3;
/// Bytes that are read backwards from one place; a record that begins further away has no keys for us.
const BACK: usize = 64 * 1024;
/// Places of the name that are looked at.
const PLACES: usize = 32;
/// Bytes of elements that are looked through for the name.
const FORWARD: usize = 256 * 1024;
/// Where the name is not shown, the elements this high say what the page is.
const HIGH: usize = 3;
/// Elements without an end.
const VOID: [&str; 10] = ["img", "br", "hr", "input", "meta", "link", "source", "area", "col", "wbr"];
/// A key longer than this, or one of digits, is data.
const KEY_MAX: usize = 40;

/// The fingerprint of a capture's profile page: 8 hexadecimal digits for its JSON, a hyphen, 8 for its elements.
#[must_use]
pub fn fingerprint(capture: &Capture) -> String {
    let handle = capture.target.as_ref().map(|target| target.handle.as_str().to_lowercase()).unwrap_or_default();
    let (mut keys, mut marks) = (BTreeSet::new(), BTreeSet::new());
    if let Some(page) = capture.pages.iter().find(|page| page.purpose == Purpose::Profile) {
        if !handle.is_empty() {
            key_ways(&page.html, &handle, &mut keys);
        }
        elements(&page.html, &handle, &mut marks);
    }
    format!("{}-{}", digest(&keys), digest(&marks))
}

/// The first JSON value of a text, whatever stands behind it.
pub(super) fn first_json(text: &str) -> Option<serde_json::Value> {
    serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>().next()?.ok()
}

/// The keys that lead to the name, of its first place in each script: further ones are its posts'.
fn key_ways(html: &str, handle: &str, keys: &mut BTreeSet<String>) {
    let (quoted, bytes) = (format!("\"{handle}\""), html.as_bytes());
    let end = memmem::Finder::new("</script");
    let mut before = 0;
    let mut told = false;
    for at in memmem::find_iter(bytes, &quoted).take(PLACES) {
        told &= bytes.get(before..at).is_none_or(|gap| end.find(gap).is_none());
        before = at;
        if told {
            continue;
        }
        if let Some(way) = keys_above(bytes, at) {
            keys.insert(way);
            told = true;
        }
    }
}

/// The keys above the value at `at`, innermost first; none where it is no value of a key.
fn keys_above(bytes: &[u8], at: usize) -> Option<String> {
    let mut back = Backwards { bytes, at, end: at.saturating_sub(BACK) };
    let mut way = vec![back.key()?];
    while way.len() <= LEVELS {
        match back.opening() {
            Some(b'{') => match back.key() {
                Some(key) => way.push(key),
                None => way.push("[]".to_owned()),
            },
            Some(_) => {
                if let Some(key) = back.key() {
                    way.push(key);
                }
            }
            None => break,
        }
    }
    Some(way.join("<"))
}

/// A walk backwards through JSON text.
struct Backwards<'b> {
    bytes: &'b [u8],
    at: usize,
    end: usize,
}

impl Backwards<'_> {
    fn previous(&mut self) -> Option<u8> {
        if self.at <= self.end {
            return None;
        }
        self.at -= 1;
        self.bytes.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.at > self.end && self.bytes.get(self.at - 1).is_some_and(u8::is_ascii_whitespace) {
            self.at -= 1;
        }
    }

    /// The key whose value begins here; nothing moves where there is none.
    fn key(&mut self) -> Option<String> {
        let start = self.at;
        self.skip_spaces();
        if self.previous() == Some(b':') {
            self.skip_spaces();
            if self.previous() == Some(b'"') {
                let end = self.at;
                self.string();
                let key = std::str::from_utf8(self.bytes.get(self.at + 1..end)?).ok()?;
                let is_data = key.is_empty() || key.len() > KEY_MAX || key.bytes().all(|byte| byte.is_ascii_digit());
                return Some(if is_data { "*".to_owned() } else { key.to_owned() });
            }
        }
        self.at = start;
        None
    }

    /// From a string's closing quote to its opening one.
    fn string(&mut self) {
        while let Some(byte) = self.previous() {
            let escapes = self.bytes.get(self.end..self.at).unwrap_or_default().iter().rev();
            if byte == b'"' && escapes.take_while(|byte| **byte == b'\\').count() % 2 == 0 {
                return;
            }
        }
    }

    /// The bracket that the place lies in.
    fn opening(&mut self) -> Option<u8> {
        let mut depth = 0_usize;
        loop {
            match self.previous()? {
                b'"' => self.string(),
                b'}' | b']' => depth += 1,
                b'{' | b'[' if depth > 0 => depth -= 1,
                opening @ (b'{' | b'[') => return Some(opening),
                _ => {}
            }
        }
    }
}

/// The elements that lead to the shown name, with the names of their naming attributes; where it is not shown, the upper ones.
fn elements(html: &str, handle: &str, marks: &mut BTreeSet<String>) {
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

fn digest(parts: &BTreeSet<String>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::capture::CapturedPage;
    use crate::model::job::{PlatformId, Target};

    fn of(key: &str, tag: &str, name: &str, cards: usize) -> String {
        let post = format!(r#"{{"id": "1", "author": {{"uniqueId": "{name}"}}}},"#).repeat(cards);
        let json = format!(
            r#"{{"__DEFAULT_SCOPE__": {{"noise": {{"a": "{{\"x}}", "b": [1, {{}}]}}, "webapp.user-detail": {{"{key}": {{"user": {{"bio": "a \" [{{", "uniqueId": "{name}"}}}}}}}},
                "items": [{post}{{}}]}}"#
        );
        let card = format!(r#"<div data-e2e="card"><a href="/{name}/x" title="a > b">1</a></div>"#).repeat(cards);
        let html = format!(
            r#"<html><body><div id="app" class="c{name}"><main data-e2e="page" data-n="{cards}"><{tag}>{name}</{tag}>{card}</main></div>
               <script id="__UNIVERSAL_DATA_FOR_REHYDRATION__" type="application/json">{json}</script></body></html>"#
        );
        let page = CapturedPage {
            purpose: Purpose::Profile,
            url: String::new(),
            final_url: String::new(),
            redirects: Vec::new(),
            status: Some(200),
            headers: Vec::new(),
            html,
            responses: Vec::new(),
        };
        let target = Target { platform: PlatformId::new("tiktok"), handle: name.parse().unwrap() };
        fingerprint(&Capture { target: Some(target), pages: vec![page], ..Capture::default() })
    }

    #[test]
    fn content_and_length_do_not_count_and_keys_and_elements_do() {
        let usual = of("userInfo", "h1", "anna", 1);
        assert_eq!(usual, of("userInfo", "h1", "bob_b", 30));
        assert_eq!(usual, of("userInfo", "h1", "carl", 0));
        let (keys, elements) = usual.split_once('-').unwrap();
        let renamed = of("k12ab34", "h1", "anna", 1);
        assert!(renamed != usual && renamed.ends_with(elements), "{usual} {renamed}");
        let rebuilt = of("userInfo", "h2", "anna", 1);
        assert!(rebuilt != usual && rebuilt.starts_with(keys), "{usual} {rebuilt}");
    }

    #[test]
    fn stored_fingerprints_stay_valid() {
        let told = [of("userInfo", "h1", "anna", 1), of("userInfo", "h2", "bob_b", 30), of("k12ab34", "h1", "carl", 0)];
        assert_eq!(told, ["d60bdade-2592ec02", "d60bdade-2ece18d9", "789f4e7c-2592ec02"]);
    }

    #[test]
    fn a_name_that_was_told_counts_once_in_a_script_and_again_in_the_next() {
        let first = r#"<script>{"a": {"name": "anna"}, "b": {"friend": "anna"}}</script>"#;
        let mut keys = BTreeSet::new();
        key_ways(
            &format!("{first}<p title=\"anna\"></p><script>{{\"c\": {{\"owner\": \"anna\"}}}}</script>"),
            "anna",
            &mut keys,
        );
        let firsts: Vec<&str> = keys.iter().filter_map(|way| way.split('<').next()).collect();
        assert_eq!(firsts, ["name", "owner"]);
    }

    #[test]
    fn keys_are_read_backwards_past_strings_and_brackets() {
        let text = r#"{"a": {"b": [1, "]\"", {"c": {"d": "}"}, "name": "x"}]}}"#;
        assert_eq!(keys_above(text.as_bytes(), text.find("\"x\"").unwrap()).as_deref(), Some("name<[]<b<a"));
        assert_eq!(keys_above(b"<img alt=\"x\">", 9), None);
    }
}
