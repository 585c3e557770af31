//! Posts as the page shows them: links with a post's id, each with the largest surrounding that holds no other post. Grids are told
//! apart by who is named around them: a grid of suggestions looks exactly like the profile's own.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::address::{Style, Target};
use super::super::dom::{Dom, Sight};
use super::super::identity::Named;
use super::super::owner::{Owner, plain_handle};
use super::super::page::Page;
use super::super::shown::Phrase;
use super::{Past, PostLessons, Read, Record, Role, Value, locator, record, words};

/// One grid.
pub(super) struct Group {
    pub(super) records: Vec<Record>,
    /// Records among them that are addressed as another's, each before the record of its place: anybody's, unless known from before.
    pub(super) shared: Vec<(usize, Record)>,
    pub(super) owner: Owner,
    /// What it looks like.
    pub(super) shape: u64,
    title: Title,
}

/// What the text right before a grid says of it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Title {
    /// There is none but another grid's.
    None,
    /// A section of one's own posts.
    Own,
    /// Another's, or suggestions.
    Strange,
    /// Something else.
    Unknown,
}

/// Letters that the title of a section may have.
const TITLE_MAX: usize = 60;

/// The page's grids whose posts are not known to be another's.
pub(super) fn groups(page: &Page, named: &Named, phrases: &[Phrase], style: &Style) -> Vec<Group> {
    let dom = &page.dom;
    let links = links(dom, &named.targets, style);
    // Where a page has one post, nothing but the profile's name says where the post ends.
    let single = links.windows(2).all(|pair| pair[0].1 == pair[1].1);
    let region =
        |index: usize| if single { named.dom.grid_root(dom, links[index].0) } else { region(dom, &links, index) };
    let regions: Vec<usize> = (0..links.len()).map(region).collect();
    let mut siblings: HashMap<usize, usize> = HashMap::new();
    for &region in &regions {
        *siblings.entry(dom.elements[region].parent).or_default() += 1;
    }
    let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
    let mut seen: HashSet<&str> = HashSet::new();
    for ((_, id, owner), &region) in links.iter().zip(&regions) {
        let ours = owner.as_ref().is_some_and(|owner| *owner == named.handle);
        let foreign = owner.is_some() && !ours;
        // A record of an advertisement says whose it is beside its link; a post by two is known from before.
        let foreign = foreign || (!ours && named.dom.names_another(dom, region));
        if (foreign && owner.is_none()) || !seen.insert(id) {
            continue;
        }
        let mut root = named.dom.grid_root(dom, region);
        let parent = dom.elements[region].parent;
        if root == region && siblings[&parent] > 1 {
            root = parent;
        }
        let group = groups.entry(root).or_insert_with(|| Group {
            records: Vec::new(),
            shared: Vec::new(),
            owner: named.dom.around(dom, root),
            shape: locator(("grid", record::shape(dom, region, 1))),
            title: title(dom, named, &regions, region),
        });
        let values = record::values(dom, phrases, region);
        let record = Record { id: id.clone(), values, named: ours };
        if foreign { group.shared.push((group.records.len(), record)) } else { group.records.push(record) }
    }
    let mut groups: Vec<Group> = groups.into_values().filter(|group| !group.records.is_empty()).collect();
    for group in &mut groups {
        keep_sole(group);
        keep_spoken(group);
    }
    groups
}

/// Records of a grid that must say a thing in the same words before it is no sentence of one of them.
const SAME_WORDS_MIN: usize = 3;

/// What is spoken is the plays' number where most records say it in the same words: a caption is in its own.
fn keep_spoken(group: &mut Group) {
    let mut held: HashMap<u64, usize> = HashMap::new();
    for record in &group.records {
        let ways: HashSet<u64> =
            record.values.iter().filter(|value| value.spoken).flat_map(|value| value.ways.clone()).collect();
        ways.into_iter().for_each(|way| *held.entry(way).or_default() += 1);
    }
    let least = SAME_WORDS_MIN.max(group.records.len().div_ceil(2));
    let common = |value: &Value| value.ways.iter().any(|way| held.get(way).is_some_and(|&held| held >= least));
    for record in &mut group.records {
        record.values.retain(|value| !value.spoken || common(value));
    }
}

/// A number is its record's only one in a telling way where that is so, and in the same way, for every record of the grid.
fn keep_sole(group: &mut Group) {
    let soles = |record: &Record| record.values.iter().find_map(|value| value.sole);
    let first = group.records.first().and_then(soles);
    if group.records.len() < 3 || !group.records.iter().all(|record| soles(record) == first) {
        let values = group.records.iter_mut().flat_map(|record| &mut record.values);
        values.for_each(|value| value.sole = None);
    }
}

/// What stands right before a grid.
fn title(dom: &Dom, named: &Named, regions: &[usize], region: usize) -> Title {
    let first = dom.elements[region].texts.0;
    let shown = |index: &usize| dom.elements[dom.texts[*index].element].sight == Sight::Shown;
    let Some(last) = (0..first).rev().find(shown) else { return Title::None };
    let at = dom.texts[last].element;
    if regions.iter().any(|&other| other <= at && at < dom.elements[other].end) {
        return Title::None;
    }
    let is_title = |&up: &usize| {
        let (from, to) = dom.elements[up].texts;
        dom.elements[up].end <= region
            && dom.texts[from..to].iter().map(|text| text.text.len()).sum::<usize>() <= TITLE_MAX
            && !dom.text_of(up).contains('\n')
    };
    let title = dom.upward(at).take_while(is_title).last();
    let text = title.map_or_else(|| dom.texts[last].text.clone(), |title| dom.text_of(title));
    if words::suggests(&text) || title.is_some_and(|title| named.dom.mentions_another(dom, title)) {
        Title::Strange
    } else if words::is_own_section(&text) {
        Title::Own
    } else {
        Title::Unknown
    }
}

type Link = (usize, String, Option<String>);

fn links(dom: &Dom, targets: &[Option<Target>], style: &Style) -> Vec<Link> {
    let mut links = Vec::new();
    let mut noted: BTreeMap<&str, Vec<Link>> = BTreeMap::new();
    for (at, element) in dom.elements.iter().enumerate() {
        if element.sight == Sight::Hidden {
            continue;
        }
        let addressed = match &targets[at] {
            Some(Target::Post { id, owner }) => Some((at, id.clone(), owner.as_deref().map(plain_handle))),
            Some(Target::Profile(_) | Target::Outside | Target::Inside) | None => None,
        };
        let value = element.attrs.iter().find(|(name, value)| name.starts_with("data-") && style.is_post_id(value));
        match (addressed, value) {
            (Some(link), _) => links.push(link),
            (None, Some((_, id))) if style.numeric_ids => links.push((at, id.clone(), None)),
            (None, Some((name, id))) => noted.entry(name).or_default().push((at, id.clone(), None)),
            (None, None) => {}
        }
    }
    if links.is_empty() {
        links = codes(dom, noted);
    }
    links
}

/// Where no address has a post's id, the attribute that has: every element with it has another code, and one like a post's at that, for
/// a code is only a short word. Two such attributes leave it open which one it is.
fn codes(dom: &Dom, noted: BTreeMap<&str, Vec<Link>>) -> Vec<Link> {
    let is_one = |(name, found): &(&str, Vec<Link>)| {
        let mut ids: Vec<&str> = found.iter().map(|(_, id, _)| id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        let coded = |id: &&&str| {
            let has = |kind: fn(&u8) -> bool| id.as_bytes().iter().any(kind);
            has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase)
        };
        let all = dom.elements.iter().filter(|element| element.attr(name).is_some()).count();
        found.len() >= 3
            && ids.len() == found.len()
            && ids.iter().filter(coded).count() == ids.len()
            && all == found.len()
    };
    let mut fitting = noted.into_iter().filter(is_one);
    match (fitting.next(), fitting.next()) {
        (Some((_, found)), None) => found,
        _ => Vec::new(),
    }
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

/// The records of a grid that may be the profile's.
struct Ours<'a> {
    group: &'a Group,
    records: Vec<&'a Record>,
}

/// The profile's posts among a page's grids.
pub(super) fn find(groups: &[Group], past: &Past<'_>, lessons: &PostLessons) -> Option<Vec<Read>> {
    let mut groups: Vec<Ours<'_>> =
        groups.iter().map(|group| Ours { group, records: group.records.iter().collect() }).collect();
    let known = |ours: &Ours<'_>| ours.records.iter().any(|record| past.knows(&record.id));
    let all_named = |ours: &Ours<'_>| ours.records.iter().all(|record| record.named);
    let some_named = groups.iter().any(|ours| ours.records.iter().any(|record| record.named));
    if some_named && !groups.iter().any(|ours| known(ours) && !all_named(ours)) {
        // Where addresses say whose a post is, those without a name are not ours.
        groups.iter_mut().for_each(|ours| ours.records.retain(|record| record.named));
    }
    groups.retain(|ours| match ours.group.owner {
        _ if ours.records.is_empty() => false,
        _ if known(ours) || all_named(ours) => true,
        _ if !past.is_empty() || ours.group.title == Title::Strange => false,
        Owner::Own | Owner::Likely | Owner::Mixed => true,
        Owner::Post | Owner::Unknown | Owner::Foreign => false,
    });
    if !groups.iter().any(|ours| known(ours) || all_named(ours)) {
        if groups.iter().any(|ours| ours.group.owner == Owner::Own) {
            groups.retain(|ours| ours.group.owner == Owner::Own);
        }
        let alike = groups.windows(2).all(|pair| {
            let (one, next) = (pair[0].group, pair[1].group);
            let own = one.owner == Owner::Own && next.owner == Owner::Own;
            own && one.shape == next.shape && matches!(next.title, Title::None | Title::Own)
        });
        if groups.len() > 1 && !alike {
            groups.retain(|ours| lessons.trust(Role::Id, ours.group.shape) > 0);
            if groups.len() > 1 {
                return None;
            }
        }
    }
    let mut posts: Vec<Read> = Vec::new();
    for ours in &groups {
        let kept: HashSet<&str> = ours.records.iter().map(|record| record.id.as_str()).collect();
        let mut shared = ours.group.shared.iter().filter(|(_, record)| past.knows(&record.id)).peekable();
        for (at, record) in ours.group.records.iter().enumerate() {
            while let Some((_, record)) = shared.next_if(|(place, _)| *place <= at) {
                posts.push(lessons.read(record, past));
            }
            if kept.contains(record.id.as_str()) {
                posts.push(lessons.read(record, past));
            }
        }
        posts.extend(shared.map(|(_, record)| lessons.read(record, past)));
    }
    (!posts.is_empty()).then_some(posts)
}
