//! What a heal found, as rules that a selector file can hold: where each field stood, relative to the profile's name or by its label,
//! and how many profiles agreed. Positions alone are never a rule.

use std::collections::BTreeMap;

use serde::Serialize;

use super::decide::Verdict;
use super::dom::Dom;
use super::field::Field;
use super::form;
use super::keyed;
use super::page::Page;
use super::shown::Phrase;
use crate::model::document::SourceKind;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Rule {
    /// The field's name.
    pub field: String,
    /// How to find it.
    pub locator: Locator,
    /// Profiles whose pages it holds on.
    pub agreed: usize,
}

/// How to find a field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "source", rename_all = "lowercase")]
pub enum Locator {
    /// JSON: from the entry `anchor` whose value is the handle, `up` levels, then down; `[=x` is the list item that holds the text x, `*` any key.
    Json {
        /// `network`, `embedded` or `jsonld`.
        kind: String,
        /// The response's path or the script's id.
        origin: String,
        /// The key whose value is the handle.
        anchor: String,
        /// Levels up from it.
        up: usize,
        /// Steps down.
        path: Vec<String>,
    },
    /// The page's elements: a selector within the region that names the profile, and what is read there.
    Dom {
        /// A CSS selector.
        selector: String,
        /// `text` or an attribute.
        read: String,
    },
    /// A meta tag.
    Meta {
        /// Its property.
        property: String,
    },
}

/// A page's verdicts with what is needed to say where they stood.
pub(crate) struct Source<'a> {
    pub(crate) page: &'a Page,
    pub(crate) named: &'a super::identity::Named,
    pub(crate) phrases: &'a [Phrase],
    pub(crate) verdicts: &'a [Option<Verdict>],
}

/// The rules that the pages' values stood by, most agreed first.
pub(crate) fn collect(sources: &[Source<'_>]) -> Vec<Rule> {
    let mut counted: BTreeMap<(usize, Locator), usize> = BTreeMap::new();
    for source in sources {
        for (field, verdict) in Field::ALL.into_iter().zip(source.verdicts) {
            if let Some(locator) = verdict.as_ref().and_then(|verdict| locator(source, verdict)) {
                *counted.entry((field.index(), locator)).or_default() += 1;
            }
        }
    }
    let mut rules: Vec<(usize, Rule)> = counted
        .into_iter()
        .map(|((field, locator), agreed)| (field, Rule { field: Field::ALL[field].name().to_owned(), locator, agreed }))
        .collect();
    rules.sort_by(|(a, one), (b, other)| a.cmp(b).then(other.agreed.cmp(&one.agreed)).then_with(|| one.cmp(other)));
    rules.into_iter().map(|(_, rule)| rule).collect()
}

fn locator(source: &Source<'_>, verdict: &Verdict) -> Option<Locator> {
    let (kind, at) = verdict.place;
    match verdict.source {
        SourceKind::Network | SourceKind::Embedded | SourceKind::Jsonld => {
            let (doc, owners) = (source.page.docs.get(kind)?, source.named.json.get(kind)?);
            // A rule is for the page's own JSON, and a bare place is none.
            let (mark, here) = owners.anchor(doc, at).filter(|_| doc.same_paths)?;
            let path = keyed::path(doc, here, at, &source.named.handle);
            if path.iter().any(|step| form::place_of(step).is_some()) {
                return None;
            }
            let origin = doc.origin.split('?').next().unwrap_or_default().replace(&source.named.handle, "{handle}");
            Some(Locator::Json {
                kind: format!("{:?}", verdict.source).to_lowercase(),
                origin,
                anchor: doc.nodes[mark].name().unwrap_or("*").to_owned(),
                up: doc.nodes[mark].depth - doc.nodes[here].depth,
                path,
            })
        }
        SourceKind::Dom => {
            let element = if kind == usize::MAX { source.phrases.get(at)?.element } else { at };
            let read = if verdict.count.is_some() {
                "text"
            } else {
                attribute_read(&source.page.dom, element, verdict.text.as_deref()?)
            };
            Some(Locator::Dom {
                selector: selector(&source.page.dom, element, &source.named.handle)?,
                read: read.to_owned(),
            })
        }
        SourceKind::Meta => {
            let (property, _) = source.page.dom.meta.get(if verdict.count.is_some() { at / 100 } else { at })?;
            Some(Locator::Meta { property: property.clone() })
        }
    }
}

fn attribute_read(dom: &Dom, element: usize, value: &str) -> &'static str {
    let element = &dom.elements[element];
    let holds =
        |name: &str| element.attr(name).is_some_and(|held| held == value || super::address::unwrapped(held) == value);
    ["src", "href", "srcset", "data-src"].into_iter().find(|name| holds(name)).unwrap_or("text")
}

/// Up to three levels of tag and naming attribute, or classes; an address that holds the handle by its end.
fn selector(dom: &Dom, element: usize, handle: &str) -> Option<String> {
    let mut steps: Vec<String> = Vec::new();
    for up in dom.upward(element).take(3) {
        let held = dom.elements.get(up)?;
        let named = held.attrs.iter().find(|(name, value)| {
            let naming = name.starts_with("data-") || matches!(name.as_str(), "itemprop" | "role");
            naming && !value.is_empty() && !value.contains(handle) && !value.contains(['"', '\\'])
        });
        let link = held.attr("href").and_then(|href| href.split_once(handle)).map(|(_, end)| end.to_owned());
        let step = match (named, link) {
            (Some((name, value)), _) => format!("{}[{name}=\"{value}\"]", held.tag),
            (None, Some(end)) if end.len() > 2 && !end.contains('"') => format!("{}[href$=\"{end}\"]", held.tag),
            _ => {
                let classes =
                    held.attr("class").unwrap_or_default().split_whitespace().map(|class| format!(".{class}"));
                format!("{}{}", held.tag, classes.collect::<String>())
            }
        };
        steps.push(step);
        if named.is_some() {
            break;
        }
    }
    steps.reverse();
    (!steps.is_empty()).then(|| steps.join(" > "))
}
