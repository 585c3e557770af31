//! Candidates from what the page shows as text, picture or link: the name, the text about themselves, the avatar, the outside link.
//! Nothing names these, so they are found again by where and in which markup they stand, from the whole path down to the bare shape.

use std::collections::HashMap;

use super::address::{Style, Target, unwrapped};
use super::cand::{Cand, Feature, Strength};
use super::dom::{Dom, Element, Sight};
use super::field::Field;
use super::identity::Named;
use super::owner::{DomOwners, Owner, beside_handle, is_handle};
use crate::model::document::SourceKind;

/// The longest text that is looked at, in bytes.
const TEXT_MAX: usize = 1_500;
/// Texts that one element may join.
const PARTS_MAX: usize = 16;

/// All candidates among a page's texts, pictures and links.
pub(crate) fn candidates(dom: &Dom, named: &Named, style: &Style) -> Vec<Cand> {
    let (owners, handle) = (&named.dom, named.handle.as_str());
    let mut found = Vec::new();
    let mut taken: HashMap<(usize, usize), usize> = HashMap::new();
    for at in (0..dom.elements.len()).rev() {
        let element = &dom.elements[at];
        if element.sight == Sight::Hidden {
            continue;
        }
        let link = address_of(element, named.targets[at].as_ref(), style);
        let (from, to) = element.texts;
        let inner = taken.get(&(from, to)).copied();
        if let Some(inner) = inner.filter(|_| to > from) {
            let wrapped: &mut Cand = &mut found[inner];
            if wrapped.features.len() < 14 {
                wrapped.features.push(Feature::new(Strength::Shape, ("wrapper", shape(dom, at))));
                wrapped
                    .features
                    .push(Feature::new(Strength::Shape, ("wrappers", shape(dom, at), shape(dom, element.parent))));
            }
        }
        let texted = to > from && to - from <= PARTS_MAX && inner.is_none();
        if link.is_none() && !texted {
            continue;
        }
        let (owner, region) = owners.of_text(dom, at);
        if !matches!(owner, Owner::Own | Owner::Likely | Owner::Mixed) {
            continue;
        }
        let features = features(dom, owners, at, region);
        if let Some((address, attr)) = link {
            let mut cand = Cand::at(SourceKind::Dom, owner, (usize::MAX - 4, at));
            cand.text = Some(address);
            cand.is_address = true;
            cand.dim = element.sight == Sight::Dim;
            cand.says = picture_of(dom, at, handle);
            cand.features =
                features.iter().map(|feature| Feature::new(feature.strength, (attr, feature.hash))).collect();
            found.push(cand);
        }
        if texted {
            let text = dom.text_of(at);
            let text = beside_handle(&text, handle).map(str::to_owned).unwrap_or(text);
            if text.is_empty() || text.len() > TEXT_MAX || is_handle(&text, handle) {
                continue;
            }
            let mut cand = Cand::at(SourceKind::Dom, owner, (usize::MAX - 5, at));
            cand.dim = element.sight == Sight::Dim;
            cand.text = Some(text);
            cand.features = features;
            cand.features.push(Feature::new(Strength::Shape, ("wrapper", shape(dom, at))));
            taken.insert((from, to), found.len());
            found.push(cand);
        }
    }
    found.reverse();
    found
}

/// A picture's address, or an outside link's.
fn address_of(element: &Element, target: Option<&Target>, style: &Style) -> Option<(String, &'static str)> {
    match element.tag.as_str() {
        "img" | "image" | "source" | "picture" => {
            let src = ["src", "data-src", "href", "xlink:href"]
                .iter()
                .find_map(|name| element.attr(name).filter(|src| !src.is_empty() && !src.starts_with("data:")));
            let set = element
                .attr("srcset")
                .and_then(|set| set.split(',').next_back())
                .and_then(|last| last.split_whitespace().next());
            src.or(set).filter(|src| !src.is_empty()).map(|src| (src.to_owned(), "src"))
        }
        _ => {
            let href = ["href", "data-href", "data-url"].iter().find_map(|name| element.attr(name));
            let leads_out = |href: &&str| match target {
                Some(target) => *target == Target::Outside,
                None => style.target(href) == Target::Outside,
            };
            href.filter(leads_out).map(|href| (unwrapped(href), "href"))
        }
    }
    .or_else(|| background(element.attr("style")?).map(|url| (url, "style")))
}

fn background(style: &str) -> Option<String> {
    let (_, rest) = style.split_once("url(")?;
    let url = rest.split(')').next()?.trim_matches(['"', '\'', ' ']);
    (url.starts_with("http") || url.starts_with("//")).then(|| url.to_owned())
}

/// A picture whose description is the profile's name is its avatar.
fn picture_of(dom: &Dom, at: usize, handle: &str) -> Option<Field> {
    let element = &dom.elements[at];
    let alt = element.attr("alt").or_else(|| element.attr("aria-label"))?;
    let named =
        alt.split(|c: char| c.is_whitespace() || matches!(c, '\'' | '’' | ',')).any(|word| is_handle(word, handle));
    (named && alt.len() <= handle.len() + 40 && element.tag == "img").then_some(Field::AvatarUrl)
}

fn shape(dom: &Dom, at: usize) -> (&str, &str) {
    (dom.elements[at].tag.as_str(), dom.elements[at].attr("class").unwrap_or_default())
}

/// From the most particular to the most general.
fn features(dom: &Dom, owners: &DomOwners, at: usize, region: usize) -> Vec<Feature> {
    let mut features = Vec::with_capacity(6);
    for up in dom.upward(at).take(2) {
        for (name, value) in &dom.elements[up].attrs {
            let naming = name.starts_with("data-") || matches!(name.as_str(), "id" | "itemprop");
            if naming && (2..=60).contains(&value.len()) && !value.bytes().any(|b| b.is_ascii_digit() || b == b'/') {
                features.push(Feature::new(
                    Strength::Name,
                    (name, value, dom.elements[up].depth - dom.elements[at].depth.min(dom.elements[up].depth)),
                ));
            }
        }
    }
    let own = shape(dom, at);
    let parent = shape(dom, dom.elements[at].parent);
    let above: Vec<(&str, &str)> = dom.upward(at).take(5).map(|up| shape(dom, up)).collect();
    features.push(Feature::new(Strength::Path, ("five", above)));
    features.push(Feature::new(Strength::Shape, ("two", own, parent)));
    features.push(Feature::new(Strength::Shape, ("one", own)));
    features.push(Feature::new(Strength::Place, ("tags", path_from_name(dom, owners, at, region))));
    features
}

/// The way from the element that shows the name: up to the common region, then down by tags and places among equal tags.
fn path_from_name(dom: &Dom, owners: &DomOwners, at: usize, region: usize) -> (usize, Vec<(String, usize)>) {
    let first = owners.names.iter().copied().find(|&name| name >= region && name < dom.elements[region].end);
    let Some(name) = first else { return (usize::MAX, Vec::new()) };
    let here = dom.upward(at).find(|&up| up <= name && name < dom.elements[up].end).unwrap_or(0);
    let mut down = Vec::new();
    for step in dom.upward(at).take_while(|&step| step != here) {
        let parent = dom.elements[step].parent;
        let mut place = 0;
        let mut child = parent + 1;
        while child < step {
            place += usize::from(dom.elements[child].tag == dom.elements[step].tag);
            child = dom.elements[child].end;
        }
        down.push((dom.elements[step].tag.clone(), place));
    }
    (dom.elements[name].depth - dom.elements[here].depth, down)
}
