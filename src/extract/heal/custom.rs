//! Elements that a site made up itself and hands its data in attributes (`<x-profile fans="3672" handle="ada">`): their attributes are
//! one more document of data, nested as the elements are.

use serde_json::{Map, Value};

use super::dom::{Dom, Element};
use super::json::JsonDoc;
use crate::model::document::SourceKind;

/// Attributes that such an element must have, beside those of every element.
const ATTRS_MIN: usize = 2;
/// Segments of an address that are looked at.
const STEPS_MAX: usize = 6;

/// The document of a page's own elements; none where it has none with data.
pub(super) fn document(dom: &Dom) -> Option<JsonDoc> {
    let own: Vec<usize> = (0..dom.elements.len()).filter(|&at| dom.elements[at].tag.contains('-')).collect();
    if !own.iter().any(|&at| facts(&dom.elements[at]).count() >= ATTRS_MIN) {
        return None;
    }
    let mut objects: Vec<Map<String, Value>> = own.iter().map(|&at| object(&dom.elements[at])).collect();
    let mut root = Map::new();
    // Inner elements stand behind the ones around them.
    for (index, &at) in own.iter().enumerate().rev() {
        let object = Value::Object(std::mem::take(&mut objects[index]));
        let around = own[..index].iter().rposition(|&up| at < dom.elements[up].end);
        let parent = around.map_or(&mut root, |around| &mut objects[around]);
        let siblings = parent.entry(dom.elements[at].tag.clone()).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(siblings) = siblings {
            siblings.insert(0, object);
        }
    }
    Some(JsonDoc::build(SourceKind::Embedded, "elements", &Value::Object(root)))
}

/// The attributes that are the site's own.
fn facts(element: &Element) -> impl Iterator<Item = &(String, String)> {
    element.attrs.iter().filter(|(name, _)| {
        let every = matches!(name.as_str(), "class" | "id" | "style" | "slot" | "role" | "hidden" | "lang" | "dir");
        !every && !name.starts_with("data-") && !name.starts_with("aria-") && !name.starts_with("on")
    })
}

fn object(element: &Element) -> Map<String, Value> {
    let mut object = Map::new();
    for (name, value) in facts(element) {
        object.insert(name.clone(), Value::String(value.clone()));
        let path = value.split(['?', '#']).next().unwrap_or_default();
        if !path.starts_with('/') || path.starts_with("//") {
            continue;
        }
        // An address says whose a thing is, and which.
        let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).take(STEPS_MAX).collect();
        if let [first, _, .., last] = steps.as_slice() {
            object.insert(format!("{name}.owner"), Value::String(first.trim_start_matches('@').to_owned()));
            object.insert(format!("{name}.last"), Value::String((*last).to_owned()));
        }
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_of_own_elements_are_data() {
        let page = r#"<body><x-app><x-user fans="36" handle="ada"></x-user><x-feed><x-card plays="3" to="/@ada/video/123"></x-card>
            <x-card plays="4" to="/@ada/video/124"></x-card></x-feed></x-app>"#;
        let doc = document(&Dom::parse(page)).unwrap();
        let scalars: Vec<&str> = doc.nodes.iter().filter_map(|node| node.scalar()).collect();
        // Cards in their order; what has another name may stand before or behind.
        assert_eq!(scalars, ["3", "/@ada/video/123", "ada", "123", "4", "/@ada/video/124", "ada", "124", "36", "ada"]);
        assert!(document(&Dom::parse("<body><x-app class=c></x-app><p title=a lang=b>1</p>")).is_none());
    }
}
