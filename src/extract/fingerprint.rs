//! A page's template, told by its build and not by its content: by which keys its JSON leads to the profile's name, and by which
//! elements the page does. Whatever else is there (posts, links, notices, lists) differs from profile to profile and does not
//! count, nor do classes, texts and values. Two profiles on one template have one fingerprint; a redesign has another.
//!
//! Told at every page that is crawled, so nothing is parsed: the name is looked for, and what stands around it is read backwards.

mod elements;
mod keys;

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use self::elements::elements;
use self::keys::key_ways;
use crate::model::capture::Capture;
use crate::model::visit::Purpose;

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
}
