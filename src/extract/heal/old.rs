//! What worked before, asked again: each old selector's find becomes a mark on the candidate it found. A mark is a witness among
//! others and never more: the find must be the profile's own, shown, and one value, or the selector says nothing here.

use super::cand::Cand;
use super::dom::{Dom, Sight};
use super::field::Field;
use super::learn;
use super::page::Page;
use super::selectors::OldSelectors;
use super::shown::Phrase;
use crate::model::document::SourceKind;

/// Marks what the old selectors still find among a page's candidates.
pub(crate) fn mark(page: &Page, old: &OldSelectors, phrases: &[Phrase], cands: &mut [Cand]) {
    for field in Field::ALL {
        let mut finds = in_json(page, old, field, cands);
        finds.extend(in_elements(&page.dom, old, field, phrases, cands));
        for source in [SourceKind::Network, SourceKind::Embedded, SourceKind::Dom] {
            let of_source: Vec<usize> = finds.iter().copied().filter(|&at| cands[at].source == source).collect();
            let Some((&first, rest)) = of_source.split_first() else { continue };
            if rest.iter().all(|&at| learn::same_value(&cands[at], &cands[first])) {
                of_source.iter().for_each(|&at| cands[at].old = Some(field));
            }
        }
    }
}

fn in_json(page: &Page, old: &OldSelectors, field: Field, cands: &[Cand]) -> Vec<usize> {
    let network = old.network.as_ref().and_then(|network| network.fields.get(field.name()));
    let embedded = old.embedded.as_ref().and_then(|embedded| embedded.fields.get(field.name()));
    let mut finds = Vec::new();
    for (doc_at, doc) in page.docs.iter().enumerate() {
        let path = match doc.source {
            SourceKind::Network => network
                .filter(|_| old.network.as_ref().is_some_and(|network| doc.origin.contains(&network.url_contains))),
            SourceKind::Embedded => embedded,
            SourceKind::Jsonld | SourceKind::Dom | SourceKind::Meta => None,
        };
        let node = path.and_then(|path| doc.follow(0, path));
        finds.extend(node.into_iter().flat_map(|node| at_place(cands, (doc_at, node))));
    }
    finds
}

fn at_place(cands: &[Cand], place: (usize, usize)) -> impl Iterator<Item = usize> + '_ {
    cands.iter().enumerate().filter(move |(_, cand)| cand.place == place).map(|(at, _)| at)
}

fn in_elements(dom: &Dom, old: &OldSelectors, field: Field, phrases: &[Phrase], cands: &[Cand]) -> Vec<usize> {
    let Some((selector, attr)) = old.css.get(field.name()) else { return Vec::new() };
    let mut finds = Vec::new();
    for element in dom.select(selector) {
        if dom.elements[element].sight != Sight::Shown {
            continue;
        }
        let (from, to) = dom.elements[element].texts;
        let found = |cand: &Cand| match (cand.source == SourceKind::Dom, cand.count, cand.is_address) {
            (true, Some(_), _) => phrases
                .get(cand.place.1)
                .is_some_and(|phrase| cand.place.0 == usize::MAX && from <= phrase.texts.0 && phrase.texts.1 < to),
            (true, None, true) => attr != "text" && cand.place.1 == element,
            (true, None, false) => {
                attr == "text" && dom.elements.get(cand.place.1).is_some_and(|held| held.texts == (from, to))
            }
            (false, _, _) => false,
        };
        finds.extend(
            cands.iter().enumerate().filter(|(_, cand)| learn::could_be(cand, field) && found(cand)).map(|(at, _)| at),
        );
    }
    finds
}
