//! A page's template, told by its build and not by its content: the key paths of its JSON and the tags and attribute names of its
//! elements. Two profiles on one template have one fingerprint; a redesign has another. Classes, texts, values, list lengths, and
//! keys that hold data (numbers, ids) do not count, nor does what lies deep, where optional parts come and go.

use std::collections::BTreeSet;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::sources::Sources;
use crate::model::capture::Capture;
use crate::model::document::SourceKind;
use crate::model::selectors::SelectorSet;
use crate::model::visit::Purpose;

/// Key paths longer than this are left out.
const DEPTH: usize = 3;
/// Elements deeper than this below the document are left out.
const ELEMENT_DEPTH: usize = 4;
/// Elements without an end.
const VOID: [&str; 10] = ["img", "br", "hr", "input", "meta", "link", "source", "area", "col", "wbr"];
/// A key longer than this, or one of digits, is data.
const KEY_MAX: usize = 40;

/// The fingerprint of a capture's profile page: 8 hexadecimal digits for its JSON, a hyphen, 8 for its elements.
#[must_use]
pub fn fingerprint(capture: &Capture, set: &SelectorSet) -> String {
    let mut keys = BTreeSet::new();
    let mut marks = BTreeSet::new();
    for (visit, page) in capture.pages.iter().enumerate().filter(|(_, page)| page.purpose == Purpose::Profile) {
        let sources = Sources::new(visit, page, None, set);
        for body in sources.bodies.iter().filter(|body| body.source == SourceKind::Embedded) {
            if let Some(value) = first_json(body.text) {
                shape(body.script, &value, 0, &set.json.skip, &mut keys);
            }
        }
        elements(&page.html, &mut marks);
    }
    format!("{}-{}", digest(&keys), digest(&marks))
}

/// The first JSON value of a text, whatever stands behind it.
pub(super) fn first_json(text: &str) -> Option<Value> {
    serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok()
}

fn shape(path: &str, value: &Value, depth: usize, skip: &[String], keys: &mut BTreeSet<String>) {
    let Value::Object(map) = value else { return };
    for (key, value) in map {
        let is_data = key.is_empty() || key.len() > KEY_MAX || key.bytes().all(|byte| byte.is_ascii_digit());
        // Only objects: a scalar may be there on one profile and null on the next.
        if is_data || !value.is_object() || skip.contains(key) {
            continue;
        }
        let here = format!("{path}.{key}");
        if depth + 1 < DEPTH {
            shape(&here, value, depth + 1, skip, keys);
        }
        keys.insert(here);
    }
}

/// The upper elements of the body: their tags, as a path, with the names of their data attributes.
fn elements(html: &str, marks: &mut BTreeSet<String>) {
    let body = html.find("<body").and_then(|at| html.get(at..)).unwrap_or_default();
    let mut open: Vec<&str> = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        rest = rest.get(at + 1..).unwrap_or_default();
        let (closes, tag_text) = rest.strip_prefix('/').map_or((false, rest), |text| (true, text));
        let end = tag_text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag_text.len());
        let tag = tag_text.get(..end).unwrap_or_default();
        if tag.is_empty() {
            continue;
        }
        if closes {
            if let Some(at) = open.iter().rposition(|known| *known == tag) {
                open.truncate(at);
            }
            continue;
        }
        if matches!(tag, "script" | "style" | "svg" | "noscript" | "template") {
            rest = rest.find(&format!("</{tag}")).and_then(|at| rest.get(at..)).unwrap_or_default();
            continue;
        }
        if open.len() < ELEMENT_DEPTH {
            let inside = tag_text.get(end..).and_then(|text| text.split('>').next()).unwrap_or_default();
            let named = |part: &&str| part.starts_with("data-") || part.starts_with("itemprop");
            let mut names: Vec<&str> =
                inside.split_whitespace().filter(named).filter_map(|part| part.split('=').next()).collect();
            names.sort_unstable();
            marks.insert(format!("{}/{tag}[{}]", open.join("/"), names.join(",")));
        }
        if !VOID.contains(&tag) {
            open.push(tag);
        }
    }
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
    use crate::extract::selectors::builtin;
    use crate::model::capture::CapturedPage;
    use crate::model::job::PlatformId;

    fn of(key: &str, name: &str, cards: usize) -> String {
        let json = format!(
            r#"{{"__DEFAULT_SCOPE__": {{"webapp.user-detail": {{"{key}": {{"user": {{"uniqueId": "{name}"}}}}}}}}}}"#
        );
        let card = r#"<div data-e2e="card"><a href="/x">1</a></div>"#.repeat(cards);
        let html = format!(
            r#"<html><body><div id="app" class="c{name}"><main data-e2e="page">{card}</main></div>
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
        let set = builtin(&PlatformId::new("tiktok")).unwrap();
        fingerprint(&Capture { pages: vec![page], ..Capture::default() }, &set)
    }

    #[test]
    fn content_and_length_do_not_count_and_keys_do() {
        assert_eq!(of("userInfo", "ann", 1), of("userInfo", "bob", 30));
        assert_ne!(of("userInfo", "ann", 1), of("k12ab34", "ann", 1));
    }
}
