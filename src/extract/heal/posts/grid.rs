//! Posts as the page shows them: links with a post's id, each with the largest surrounding that holds no other post. Grids are told
//! apart by who is named around them: a grid of suggestions looks exactly like the profile's own.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::address::{Style, Target};
use super::super::dom::{Dom, Sight};
use super::super::identity::Named;
use super::super::owner::{Owner, plain_handle};
use super::super::page::Page;
use super::super::shown::Phrase;
use super::{Past, PostLessons, Read, Record, Role, locator, record, words};

/// One grid.
pub(super) struct Group {
    pub(super) records: Vec<Record>,
    pub(super) owner: Owner,
    /// What it looks like.
    pub(super) shape: u64,
    /// Whether its title says that it is not the profile's.
    strange: bool,
}

/// Letters that the title of a section may have.
const TITLE_MAX: usize = 60;

/// The page's grids whose posts are not known to be another's.
pub(super) fn groups(page: &Page, named: &Named, phrases: &[Phrase], style: &Style) -> Vec<Group> {
    let dom = &page.dom;
    let links = links(dom, style);
    let regions: Vec<usize> = (0..links.len()).map(|index| region(dom, &links, index)).collect();
    let mut siblings: HashMap<usize, usize> = HashMap::new();
    for &region in &regions {
        *siblings.entry(dom.elements[region].parent).or_default() += 1;
    }
    let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for ((_, id, owner), &region) in links.iter().zip(&regions) {
        let ours = owner.as_ref().is_some_and(|owner| *owner == named.handle);
        let foreign = owner.is_some() && !ours;
        // A record of an advertisement says whose it is beside its link.
        if foreign || (!ours && named.dom.names_another(dom, region)) || !seen.insert(id) {
            continue;
        }
        let mut root = named.dom.grid_root(dom, region);
        let parent = dom.elements[region].parent;
        if root == region && siblings[&parent] > 1 {
            root = parent;
        }
        let group = groups.entry(root).or_insert_with(|| Group {
            records: Vec::new(),
            owner: named.dom.around(dom, root),
            shape: locator(("grid", record::shape(dom, region, 1))),
            strange: is_strange(dom, named, root),
        });
        let values = record::values(dom, phrases, region);
        group.records.push(Record { id: id.clone(), values, named: ours });
    }
    groups.into_values().collect()
}

/// Whether what stands right before a grid, its title, names another or offers what is not the profile's.
fn is_strange(dom: &Dom, named: &Named, root: usize) -> bool {
    for up in dom.upward(root) {
        let parent = dom.elements[up].parent;
        let mut before = None;
        let mut child = parent + 1;
        while child < up && parent != up {
            before = Some(child).filter(|&at| dom.elements[at].texts.0 < dom.elements[at].texts.1).or(before);
            child = dom.elements[child].end;
        }
        if let Some(title) = before {
            let text = dom.text_of(title);
            let short = text.chars().count() <= TITLE_MAX && !text.contains('\n');
            return short && (named.dom.mentions_another(dom, title) || words::suggests(&text));
        }
        if named.dom.names_us(dom, parent) {
            return false;
        }
    }
    false
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

/// The profile's posts among a page's grids.
pub(super) fn find(
    page: &Page,
    named: &Named,
    phrases: &[Phrase],
    past: &Past<'_>,
    lessons: &PostLessons,
    style: &Style,
) -> Option<Vec<Read>> {
    let mut groups = groups(page, named, phrases, style);
    let known = |group: &Group| group.records.iter().any(|record| past.knows(&record.id));
    let all_named = |group: &Group| group.records.iter().all(|record| record.named);
    let some_named = groups.iter().any(|group| group.records.iter().any(|record| record.named));
    if some_named && !groups.iter().any(|group| known(group) && !all_named(group)) {
        // Where addresses say whose a post is, those without a name are not ours.
        groups.iter_mut().for_each(|group| group.records.retain(|record| record.named));
    }
    groups.retain(|group| match group.owner {
        _ if group.records.is_empty() => false,
        _ if known(group) || all_named(group) => true,
        _ if !past.is_empty() || group.strange => false,
        Owner::Own | Owner::Likely | Owner::Mixed => true,
        Owner::Post | Owner::Unknown | Owner::Foreign => false,
    });
    if !groups.iter().any(|group| known(group) || all_named(group)) {
        if groups.iter().any(|group| group.owner == Owner::Own) {
            groups.retain(|group| group.owner == Owner::Own);
        }
        if groups.len() > 1 {
            groups.retain(|group| lessons.trust(Role::Id, group.shape) > 0);
            let alike = groups.windows(2).all(|pair| pair[0].shape == pair[1].shape && pair[0].owner == pair[1].owner);
            if groups.len() > 1 && !alike {
                return None;
            }
        }
    }
    let posts: Vec<Read> =
        groups.iter().flat_map(|group| &group.records).map(|record| lessons.read(record, past)).collect();
    (!posts.is_empty()).then_some(posts)
}
