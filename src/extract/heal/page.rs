//! A page as healing sees it: its elements and its JSON, flattened once into arrays in document order, so that every later step is
//! a walk over indices. Building it is the parsing that a heal's time does not count.

use serde_json::Value;

use super::custom;
use super::dom::Dom;
use super::json::{self, JsonDoc};
use crate::model::document::SourceKind;

/// One kept response.
#[derive(Debug, Clone)]
pub struct Response {
    /// Its address.
    pub url: String,
    /// Its body: JSON, or a string that holds JSON.
    pub body: Value,
}

/// One page with everything that came with it.
pub struct Page {
    /// The handle asked for, as given.
    pub profile: String,
    /// The address asked for.
    pub url: String,
    pub(crate) dom: Dom,
    pub(crate) docs: Vec<JsonDoc>,
}

impl Page {
    /// Parses a page. Broken HTML and broken JSON give what can be read of them.
    #[must_use]
    pub fn parse(profile: &str, url: &str, html: &str, responses: &[Response]) -> Self {
        let dom = Dom::parse(html);
        let mut docs: Vec<JsonDoc> = responses
            .iter()
            .map(|response| JsonDoc::build(SourceKind::Network, &response.url, &response.body))
            .collect();
        for script in dom.scripts() {
            let kind = if script.kind.contains("ld+json") { SourceKind::Jsonld } else { SourceKind::Embedded };
            docs.extend(json::in_script(&script.text).iter().map(|value| JsonDoc::build(kind, &script.name, value)));
        }
        for text in dom.json_attributes() {
            docs.extend(
                json::in_script(text).iter().map(|value| JsonDoc::build(SourceKind::Embedded, "attribute", value)),
            );
        }
        docs.extend(custom::document(&dom));
        docs.iter_mut().for_each(|doc| doc.lang.clone_from(&dom.lang));
        Self { profile: profile.to_owned(), url: url.to_owned(), dom, docs }
    }
}
