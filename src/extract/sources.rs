//! The places of one page that can be read: its responses, its scripts, its meta tags, its tree. Each is opened when a
//! shape first asks for it, and once.

use std::cell::OnceCell;

use scraper::Html;

use super::html::{self, Head};
use super::json::{self, Json};
use super::path::Path;
use super::program::Program;
use crate::model::capture::{CapturedPage, KeptResponse};
use crate::model::document::SourceKind;
use crate::model::selectors::{Script, SelectorSet};

/// More places of one key than this are not looked at.
const MAX_PLACES: usize = 256;

/// A text that should be JSON, parsed when it is first needed.
pub(super) struct Body<'c> {
    pub(super) source: SourceKind,
    /// The script's name in the selector file; empty for responses.
    pub(super) script: &'c str,
    pub(super) text: &'c str,
    /// The response; none for scripts.
    pub(super) response: Option<&'c KeptResponse>,
    parsed: OnceCell<Vec<Json<'c>>>,
    keys: OnceCell<Vec<(&'c str, Vec<usize>)>>,
}

impl<'c> Body<'c> {
    fn new(source: SourceKind, script: &'c str, text: &'c str, response: Option<&'c KeptResponse>) -> Self {
        Self { source, script, text, response, parsed: OnceCell::new(), keys: OnceCell::new() }
    }

    /// Where a key that some path begins with stands in the text; empty where it does not.
    fn places(&self, key: &str, program: &Program) -> &[usize] {
        let keys = self.keys.get_or_init(|| {
            let mut keys: Vec<(&'c str, Vec<usize>)> = Vec::new();
            for found in program.keys.iter().filter_map(|keys| keys.regex()).flat_map(|keys| keys.find_iter(self.text))
            {
                let name = found.as_str().trim_matches('"');
                match keys.iter_mut().find(|(known, _)| *known == name) {
                    Some((_, places)) if places.len() < MAX_PLACES => places.push(found.end()),
                    Some(_) => {}
                    None => keys.push((name, vec![found.end()])),
                }
            }
            keys
        });
        keys.iter().find(|(known, _)| *known == key).map_or(&[], |(_, places)| places)
    }

    /// Whether a path can find anything here, as far as its first key tells.
    pub(super) fn may_have(&self, path: &Path, program: &Program) -> bool {
        // A response is parsed in any case: looking a key up in it costs nothing.
        let looked_up = self.response.is_some() && path.split_deep().is_none();
        looked_up || path.first_key().is_none_or(|key| !self.places(key, program).is_empty())
    }

    /// The values of a key wherever it stands, each parsed alone and not with the half megabyte around it.
    pub(super) fn values_of(&self, key: &str, program: &Program, skip: &[String]) -> impl Iterator<Item = Json<'c>> {
        let text = self.text;
        let values = self.places(key, program).iter().filter_map(move |end| json::value_behind(text, *end));
        values.filter_map(move |value| json::parse_first(value, skip).ok().map(|(value, _)| value))
    }

    /// Its values; none where it is no JSON.
    pub(super) fn values(&self, skip: &[String]) -> &[Json<'c>] {
        self.parsed.get_or_init(|| match self.source {
            SourceKind::Network => json::parse_all(self.text, skip).unwrap_or_default(),
            // Behind a script's JSON stands a semicolon or more of the script.
            SourceKind::Embedded | SourceKind::Jsonld | SourceKind::Dom | SourceKind::Meta => {
                json::parse_first(self.text, skip).map(|(value, _)| vec![value]).unwrap_or_default()
            }
        })
    }
}

/// One page of the capture with everything in it that can be read.
pub(super) struct Sources<'c> {
    pub(super) visit: usize,
    pub(super) page: &'c CapturedPage,
    pub(super) head: Head<'c>,
    pub(super) bodies: Vec<Body<'c>>,
    tree: OnceCell<Html>,
}

impl<'c> Sources<'c> {
    pub(super) fn new(
        visit: usize,
        page: &'c CapturedPage,
        in_place: Option<&'c KeptResponse>,
        set: &'c SelectorSet,
    ) -> Self {
        let head = html::head(&page.html);
        let mut bodies = Vec::new();
        for response in in_place.into_iter().chain(&page.responses) {
            let text = response.body.trim_start_matches('\u{feff}').trim_start();
            let text = set.json.prefixes.iter().find_map(|prefix| text.strip_prefix(prefix.as_str())).unwrap_or(text);
            bodies.push(Body::new(SourceKind::Network, "", text, Some(response)));
        }
        for tag in &head.scripts {
            for script in set.scripts.iter().filter(|script| is_script(script, tag)) {
                let texts = script.after.as_ref().map_or_else(|| vec![tag.text], |after| behind(tag.text, after));
                let body = |text: &'c str| Body::new(script.source, &script.name, text.trim(), None);
                bodies.extend(texts.into_iter().map(body));
            }
        }
        Self { visit, page, head, bodies, tree: OnceCell::new() }
    }

    /// The page's tree, made at the first call. Its scripts are empty: what they hold is read from the head, and walking
    /// through half a megabyte of it costs more than all of the elements.
    pub(super) fn tree(&self) -> &Html {
        self.tree.get_or_init(|| {
            let fits = self.page.html.len() <= html::MAX_PAGE_BYTES;
            Html::parse_document(&if fits { self.head.outside_scripts.concat() } else { String::new() })
        })
    }
}

pub(super) fn is_script(script: &Script, tag: &html::ScriptTag<'_>) -> bool {
    script.id.as_ref().is_none_or(|id| tag.attribute("id") == Some(id))
        && script.kind.as_ref().is_none_or(|kind| tag.attribute("type").is_some_and(|t| t.eq_ignore_ascii_case(kind)))
        && script.attribute.as_ref().is_none_or(|name| tag.attribute(name).is_some())
}

/// The texts that begin at the first brace or bracket behind each occurrence of a marker, if it stands close by.
fn behind<'t>(text: &'t str, marker: &str) -> Vec<&'t str> {
    /// Between the marker and its JSON stand an equals sign or a few arguments.
    const CLOSE: usize = 120;
    let starts = text.match_indices(marker).filter_map(|(at, found)| {
        let rest = text.get(at + found.len()..)?;
        let start = rest.find(['{', '['])?;
        (start <= CLOSE).then(|| rest.get(start..)).flatten()
    });
    starts.take(16).collect()
}

/// The answer that came where a page should be: JSON alone, which a browser shows inside a `pre` of its own making.
pub(super) fn json_in_place(page: &CapturedPage) -> Option<KeptResponse> {
    /// Such answers are errors of a few hundred bytes.
    const LONGEST: usize = 64 * 1024;
    let html = page.html.trim();
    let body = if html.starts_with('{') {
        html.to_owned()
    } else if html.len() <= LONGEST && html.contains("<pre") && !html.contains("<script") {
        html::first_text_of(html, "pre").filter(|text| text.trim_start().starts_with('{'))?
    } else {
        return None;
    };
    Some(KeptResponse {
        url: page.final_url.clone(),
        method: "GET".to_owned(),
        request_body: None,
        status: page.status.unwrap_or(200),
        headers: page.headers.clone(),
        body,
    })
}
