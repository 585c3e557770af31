//! Posts as the page shows them: links with a post's id, each with the largest surrounding that holds no other post. Grids are told
//! apart by who is named around them: a grid of suggestions looks exactly like the profile's own.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::address::{Style, Target};
use super::super::dom::{Dom, Sight};
use super::super::field::PostValues;
use super::super::identity::Named;
use super::super::label;
use super::super::owner::{Owner, plain_handle};
use super::super::page::Page;
use super::super::shown::Phrase;
use super::{Found, PostLessons, Record, Role, locator};

/// One grid.
pub(super) struct Group {
    pub(super) records: Vec<Record>,
    pub(super) owner: Owner,
    /// What it looks like.
    pub(super) shape: u64,
}

/// The page's grids whose posts are not known to be another's.
pub(super) fn groups(page: &Page, named: &Named, phrases: &[Phrase], style: &Style) -> Vec<Group> {
    let dom = &page.dom;
    let links = links(dom, style);
    let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for (index, (at, id, owner)) in links.iter().enumerate() {
        let foreign = owner.as_ref().is_some_and(|owner| *owner != named.handle);
        if foreign || !seen.insert(id) {
            continue;
        }
        let region = region(dom, &links, index);
        let root = named.dom.grid_root(dom, region);
        let group = groups.entry(root).or_insert_with(|| Group {
            records: Vec::new(),
            owner: named.dom.around(dom, root),
            shape: locator(("grid", shape(dom, region, 1))),
        });
        group.records.push(Record {
            id: id.clone(),
            values: values(dom, phrases, region, *at),
            named: owner.is_some(),
        });
    }
    groups.into_values().collect()
}

type Link = (usize, String, Option<String>);

fn links(dom: &Dom, style: &Style) -> Vec<Link> {
    let mut links = Vec::new();
    for (at, element) in dom.elements.iter().enumerate() {
        if element.sight == Sight::Hidden {
            continue;
        }
        let addressed = element.attr("href").and_then(|href| match style.target(href) {
            Target::Post { id, owner } => Some((at, id, owner.map(|owner| plain_handle(&owner)))),
            Target::Profile(_) | Target::Outside | Target::Inside => None,
        });
        let noted = || {
            let value =
                element.attrs.iter().find(|(name, value)| name.starts_with("data-") && style.is_post_id(value))?;
            Some((at, value.1.clone(), None))
        };
        links.extend(addressed.or_else(|| if style.numeric_ids { noted() } else { None }));
    }
    links
}

/// The largest surrounding of a link that holds no other post.
fn region(dom: &Dom, links: &[Link], index: usize) -> usize {
    let (at, id, _) = &links[index];
    let alone = |up: usize| {
        let end = dom.elements[up].end;
        let from = links.partition_point(|(other, _, _)| *other < up);
        links[from..].iter().take_while(|(other, _, _)| *other < end).all(|(_, other, _)| other == id)
    };
    dom.upward(*at).take_while(|&up| alone(up)).last().unwrap_or(*at)
}

/// Every number and text of a record by the ways to find it in any record.
fn values(dom: &Dom, phrases: &[Phrase], region: usize, link: usize) -> Vec<(u64, Found)> {
    let mut values = Vec::new();
    let (from, to) = dom.elements[region].texts;
    let first = phrases.partition_point(|phrase| phrase.texts.0 < from);
    let inside: Vec<&Phrase> = phrases[first..].iter().take_while(|phrase| phrase.texts.0 < to).collect();
    for (place, phrase) in inside.iter().enumerate() {
        for way in number_ways(dom, phrase, region, place) {
            values.push((way, Found::Count(phrase.count)));
        }
    }
    for at in region..dom.elements[region].end {
        let element = &dom.elements[at];
        if element.sight == Sight::Hidden {
            continue;
        }
        for name in ["alt", "title", "aria-label", "data-caption", "data-desc", "data-title"] {
            if let Some(value) = element.attr(name).filter(|value| !value.is_empty()) {
                values.push((locator(("attr", name, &element.tag)), Found::Text(value.to_owned())));
            }
        }
        let (from, to) = element.texts;
        if to > from && to - from <= 8 && dom.texts[from..to].iter().any(|text| text.element == at || to - from > 1) {
            let text = dom.text_of(at);
            if text.len() > 1 {
                values.push((locator(("text", shape(dom, at, 1))), Found::Text(text.clone())));
                values.push((locator(("tag", &element.tag)), Found::Text(text)));
            }
        }
    }
    let _ = link;
    values
}

fn number_ways(dom: &Dom, phrase: &Phrase, region: usize, place: usize) -> Vec<u64> {
    let mut ways =
        vec![locator(("shape", shape(dom, phrase.element, 3))), locator(("own", shape(dom, phrase.element, 1)))];
    let mut said = String::new();
    for up in dom.upward(phrase.element).take_while(|&up| up >= region) {
        let element = &dom.elements[up];
        for (name, value) in &element.attrs {
            if name.starts_with("data-") && value.len() <= 40 && !value.bytes().any(|b| b.is_ascii_digit()) {
                ways.push(locator(("named", name, value)));
            }
        }
        if said.is_empty() {
            said = spoken(dom, up);
        }
        if !said.is_empty() {
            break;
        }
    }
    ways.push(locator(("said", said)));
    ways.push(locator(("place", place)));
    ways
}

/// What an element, or a picture in it, is said to be.
fn spoken(dom: &Dom, at: usize) -> String {
    let inside = at..dom.elements[at].end;
    let mut said = inside.filter_map(|inner| dom.elements[inner].attr("aria-label").filter(|said| said.len() <= 40));
    said.next().map(label::plain).unwrap_or_default()
}

fn shape(dom: &Dom, at: usize, levels: usize) -> Vec<(&str, &str)> {
    dom.upward(at)
        .take(levels)
        .map(|up| (dom.elements[up].tag.as_str(), dom.elements[up].attr("class").unwrap_or_default()))
        .collect()
}

/// The profile's posts among a page's grids.
pub(super) fn find(
    page: &Page,
    named: &Named,
    phrases: &[Phrase],
    past: &HashMap<&str, &PostValues>,
    lessons: &PostLessons,
    style: &Style,
) -> Option<Vec<PostValues>> {
    let mut groups = groups(page, named, phrases, style);
    let known = |group: &Group| group.records.iter().filter(|record| past.contains_key(record.id.as_str())).count();
    let all_named = |group: &Group| group.records.iter().all(|record| record.named);
    groups.retain(|group| match group.owner {
        _ if known(group) > 0 => true,
        _ if !past.is_empty() => all_named(group) && group.owner != Owner::Foreign,
        Owner::Own | Owner::Likely | Owner::Mixed => true,
        Owner::Post | Owner::Unknown | Owner::Foreign => all_named(group),
    });
    if groups.iter().any(|group| known(group) > 0) {
        groups.retain(|group| known(group) > 0);
    } else if groups.iter().any(all_named) {
        groups.retain(all_named);
    } else if groups.iter().any(|group| group.owner == Owner::Own) {
        groups.retain(|group| group.owner == Owner::Own);
    }
    if groups.len() > 1 && past.is_empty() {
        groups.retain(|group| lessons.trust(Role::Id, group.shape) > 0 || all_named(group));
        if groups.len() > 1 && !groups.iter().all(all_named) {
            return None;
        }
    }
    let posts: Vec<PostValues> =
        groups.iter().flat_map(|group| &group.records).map(|record| lessons.read(record).0).collect();
    (!posts.is_empty()).then_some(posts)
}
