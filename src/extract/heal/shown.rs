//! Candidates from what the page shows as numbers. Each number is read in the largest surrounding that holds no second number; the
//! words, attributes and links of that surrounding are what names it. Texts that hold several numbers are read as a sequence.

use std::collections::HashSet;

use super::cand::{Cand, Feature, Strength};
use super::cell::{Cell, Said};
use super::dom::{Dom, Sight};
use super::home;
use super::label;
use super::number::{self, Count, Found, SEAM, TORN, WALL};
use super::owner::{DomOwners, Owner};
use super::torn::{self, Joint, common};
use crate::model::document::SourceKind;

/// A number in the page's texts.
pub(crate) struct Phrase {
    pub(crate) count: Count,
    /// The texts it spans: first, last.
    pub(crate) texts: (usize, usize),
    /// The smallest element around it.
    pub(crate) element: usize,
    pub(crate) dim: bool,
    /// The rest of the first text before it and of the last after it.
    pub(crate) before: String,
    pub(crate) after: String,
}

/// Every visible number of a page, in order.
pub(crate) fn phrases(dom: &Dom) -> Vec<Phrase> {
    let mut buffer = String::new();
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut last = None;
    for (index, node) in dom.texts.iter().enumerate() {
        if dom.elements[node.element].sight == Sight::Hidden {
            continue;
        }
        let joint = last.map_or(Joint::Wall, |last| torn::joint(dom, last, index));
        match joint {
            Joint::Joined => {}
            Joint::Seam => buffer.push(SEAM),
            Joint::Wall => buffer.push(WALL),
            Joint::Torn => buffer.push(TORN),
        }
        last = Some(index);
        starts.push((buffer.len(), index));
        buffer.push_str(&node.text);
    }
    let text_at = |byte: usize| starts.partition_point(|&(start, _)| start <= byte).saturating_sub(1);
    let found = number::scan(&buffer, &dom.lang);
    let phrase = |found: &Found| {
        let (first, last) = (text_at(found.start), text_at(found.end.saturating_sub(1)));
        let stop = starts[last].0 + dom.texts[starts[last].1].text.len();
        let texts = (starts[first].1, starts[last].1);
        let element = common(dom, dom.texts[texts.0].element, dom.texts[texts.1].element);
        Phrase {
            count: found.count,
            texts,
            element,
            dim: dom.elements[dom.texts[texts.0].element].sight == Sight::Dim,
            before: buffer[starts[first].0..found.start].to_owned(),
            after: buffer[found.end.min(stop)..stop].to_owned(),
        }
    };
    found.iter().map(phrase).collect()
}

/// All candidates among a page's shown numbers.
pub(crate) fn candidates(dom: &Dom, owners: &DomOwners, handle: &str) -> (Vec<Phrase>, Vec<Cand>) {
    let phrases = phrases(dom);
    let mut found = Vec::new();
    let mut misled = HashSet::new();
    for (at, phrase) in phrases.iter().enumerate() {
        let (owner, _) = owners.of(dom, phrase.element);
        if !matches!(owner, Owner::Own | Owner::Likely | Owner::Mixed) {
            continue;
        }
        let mut cand = Cand::at(SourceKind::Dom, owner, (usize::MAX, at));
        cand.count = Some(phrase.count);
        cand.dim = phrase.dim;
        let cell = Cell::around(dom, owners, &phrases, at);
        cand.around = cell.range(dom, phrase);
        match cell.says(dom, &phrases, at) {
            Said::Field(field) => cand.says = Some(field),
            Said::Other => {
                cand.foreign = true;
                cand.other = cell.names_another();
                if cell.misleads() {
                    misled.insert(at);
                }
            }
            Said::Nothing => {}
        }
        cand.features = cell.features(dom, phrase, handle);
        cand.group = cell.group;
        found.extend(exact_twins(dom, &cell, &cand));
        found.push(cand);
    }
    found.extend(spoken(dom, owners, handle));
    // Where no label of the page is known, an unknown word is no sign of another thing; but where counts stand by themselves, a number
    // inside a text is none of them.
    let read = found.iter().any(|cand| cand.says.is_some());
    let alone = |cand: &Cand| phrases.get(cand.place.1).is_some_and(|phrase| !is_in_text(phrase));
    let bare = found.iter().filter(|cand| cand.place.0 == usize::MAX && alone(cand)).count() >= 2;
    for cand in &mut found {
        let inside = cand.place.0 == usize::MAX && (misled.contains(&cand.place.1) || (bare && !alone(cand)));
        cand.foreign &= read || inside;
    }
    home::mark(dom, owners, &mut found);
    (phrases, found)
}

/// Whether letters stand beside a number in its own texts.
fn is_in_text(phrase: &Phrase) -> bool {
    [&phrase.before, &phrase.after].iter().any(|text| text.chars().any(char::is_alphabetic))
}

/// The exact number in a `title` or the like around an abbreviated one.
fn exact_twins(dom: &Dom, cell: &Cell, cand: &Cand) -> Vec<Cand> {
    let Some(shown) = cand.count else { return Vec::new() };
    let attrs = cell.steps.iter().flat_map(|&step| &dom.elements[step].attrs);
    let exact = attrs.filter(|(name, _)| {
        matches!(name.as_str(), "title" | "aria-label" | "content" | "value") || name.starts_with("data-")
    });
    let counts = exact.filter_map(|(name, value)| {
        let count = number::whole(value, &dom.lang).filter(|count| count.unit < shown.unit && count.agrees(shown))?;
        let mut twin = cand.clone();
        twin.count = Some(count);
        twin.features.retain(|feature| feature.strength == Strength::Meaning);
        twin.features.push(Feature::new(Strength::Name, ("twin", name)));
        Some(twin)
    });
    counts.collect()
}

/// Counts said in attributes only: `aria-label="1,244 followers"`, `data-followers="1244"`.
fn spoken(dom: &Dom, owners: &DomOwners, handle: &str) -> Vec<Cand> {
    let mut found = Vec::new();
    for (at, element) in dom.elements.iter().enumerate() {
        if element.sight == Sight::Hidden {
            continue;
        }
        for (name, value) in &element.attrs {
            if value.len() > 80
                || !(matches!(name.as_str(), "aria-label" | "title" | "alt") || name.starts_with("data-"))
            {
                continue;
            }
            let numbers = number::scan(value, &dom.lang);
            let [one] = numbers.as_slice() else { continue };
            let rest = format!("{} {}", &value[..one.start], &value[one.end..]);
            let says = label::beside(&rest)
                .or_else(|| label::in_code(name.trim_start_matches("data-")).filter(|_| rest.trim().is_empty()));
            let (Some(says), (owner @ (Owner::Own | Owner::Likely | Owner::Mixed), _)) = (says, owners.of(dom, at))
            else {
                continue;
            };
            let mut cand = Cand::at(SourceKind::Dom, owner, (usize::MAX - 1, at));
            cand.count = Some(one.count);
            cand.says = Some(says);
            cand.around = (at, element.end);
            cand.features.push(Feature::new(
                Strength::Meaning,
                ("spoken", name, label::plain(&rest).replace(handle, "{handle}")),
            ));
            found.push(cand);
        }
    }
    found
}
