//! Lists of posts, by mining repeated records around known ids: the list whose items carry the ids that are known as the profile's
//! own, each field at a way relative to its item, and the item's author must be the profile.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{self, Pair};
use super::known::{self, Values};
use super::leaves::{self, Leaf, Place, Scalar};
use super::{Page, Piece, findings};
use crate::extract::path::{Path, Step};
use crate::model::document::{Post, PostKind};
use crate::model::selectors::{ListHint, Owner, Record, RecordKind, Role, Rule, Rules, SelectorSet};

/// Ids shorter than this are found by accident.
const ID_MIN: usize = 8;
/// Profiles whose list must be found.
const PROFILES_MIN: usize = 3;
/// Known posts that must be found over all pages.
const POSTS_MIN: usize = 12;

/// Of one profile so many posts are compared: more would say the same again.
const POSTS_OF_ONE: usize = 8;

/// A list's place, its way without positions, and the id's way in an item.
type Spot = (Place, String, String);

/// The items of a list on one page.
struct Seat<'l> {
    page: usize,
    /// The way to the list.
    list: Vec<Step>,
    /// Item number to its leaves, ways from the item.
    items: BTreeMap<usize, Vec<(&'l [Step], &'l Scalar)>>,
    /// The body's leaves.
    leaves: &'l [Leaf],
}

/// The best list of each place.
pub(super) fn learn(pages: &[Page<'_>], parent: &SelectorSet, quorum: usize) -> Vec<Piece> {
    let mut best: BTreeMap<Place, (usize, Spot)> = BTreeMap::new();
    for (spot, hits) in spots(pages) {
        let profiles: BTreeSet<usize> = hits.iter().map(|(page, _)| *page).collect();
        if profiles.len() < PROFILES_MIN || hits.len() < POSTS_MIN {
            continue;
        }
        let better = |(held, (_, list, id)): &(usize, Spot)| {
            let length = |list: &String, id: &String| (list.len() + id.len(), list.clone(), id.clone());
            hits.len() > *held || (hits.len() == *held && length(&spot.1, &spot.2) < length(list, id))
        };
        if best.get(&spot.0).is_none_or(better) {
            best.insert(spot.0.clone(), (hits.len(), spot));
        }
    }
    best.into_values().filter_map(|(_, spot)| piece(&spot, pages, parent, quorum)).collect()
}

/// A known post on a page: (page, body, item).
type Hit = (usize, (usize, usize));

fn spots(pages: &[Page<'_>]) -> BTreeMap<Spot, BTreeSet<Hit>> {
    let mut spots: BTreeMap<Spot, BTreeSet<Hit>> = BTreeMap::new();
    for (at, page) in pages.iter().enumerate() {
        let ids: BTreeSet<&str> = page.lesson.past.posts.iter().flat_map(ids_of).collect();
        for (number, body) in page.bodies.iter().enumerate() {
            for leaf in body.leaves.iter().filter(|leaf| ids.contains(leaf.value.as_str())) {
                let Some(last) = leaf.way.iter().rposition(|step| matches!(step, Step::Index(_))) else { continue };
                let Some(Step::Index(item)) = leaf.way.get(last) else { continue };
                let (list, id) =
                    (leaf.way.get(..last).unwrap_or_default(), leaf.way.get(last + 1..).unwrap_or_default());
                if id.is_empty() {
                    continue;
                }
                let spot = (body.place.clone(), leaves::written(list), leaves::written(id));
                spots.entry(spot).or_default().insert((at, (number, *item)));
            }
        }
    }
    spots
}

pub(super) fn ids_of(post: &Post) -> impl Iterator<Item = &str> {
    std::iter::once(post.id.as_str()).chain(post.code.as_deref()).filter(|id| id.len() >= ID_MIN)
}

fn seats<'l>(spot: &Spot, pages: &'l [Page<'_>]) -> Vec<Seat<'l>> {
    let mut seats = Vec::new();
    let Ok(Path(list)) = Path::parse(&spot.1) else { return seats };
    for (page, held) in pages.iter().enumerate() {
        for body in held.bodies.iter().filter(|body| body.place == spot.0) {
            let mut items: BTreeMap<usize, Vec<(&[Step], &Scalar)>> = BTreeMap::new();
            let mut way: Option<&[Step]> = None;
            for leaf in &body.leaves {
                let at = list.len();
                let Some(Step::Index(item)) = leaf.way.get(at) else { continue };
                if !is_like(&leaf.way[..at], &list) {
                    continue;
                }
                way = way.or(Some(&leaf.way[..at]));
                items.entry(*item).or_default().push((&leaf.way[at + 1..], &leaf.value));
            }
            if let Some(list) = way {
                seats.push(Seat { page, list: list.to_vec(), items, leaves: &body.leaves });
            }
        }
    }
    seats
}

/// Whether a way is of this form, whatever its list positions.
fn is_like(way: &[Step], form: &[Step]) -> bool {
    let same = |(step, form): (&Step, &Step)| step == form || matches!((step, form), (Step::Index(_), Step::All));
    way.len() == form.len() && way.iter().zip(form).all(same)
}

/// One item beside the known post, where it is one.
struct Item<'l> {
    page: usize,
    ways: Vec<(&'l [Step], &'l Scalar)>,
    /// The same by written ways, those inside lists left out.
    flat: BTreeMap<String, &'l Scalar>,
    post: Option<&'l Post>,
}

fn piece(spot: &Spot, pages: &[Page<'_>], parent: &SelectorSet, quorum: usize) -> Option<Piece> {
    let (place, _, id_way) = spot;
    let seats = seats(spot, pages);
    let mut items = Vec::new();
    for seat in &seats {
        for ways in seat.items.values() {
            let flat = flat(ways);
            let id = flat.get(id_way).map(|value| value.as_str());
            let posts = &pages[seat.page].lesson.past.posts;
            let post = id.and_then(|id| posts.iter().find(|post| ids_of(post).any(|known| known == id)));
            items.push(Item { page: seat.page, ways: ways.clone(), flat, post });
        }
    }
    let told: Vec<(&Item<'_>, Values)> =
        items.iter().filter_map(|item| item.post.map(|post| (item, known::of_post(post)))).collect();
    let mut taken: BTreeMap<usize, usize> = BTreeMap::new();
    let few = |(item, _): &&(&Item<'_>, Values)| {
        let taken = taken.entry(item.page).or_default();
        *taken += 1;
        *taken <= POSTS_OF_ONE
    };
    let pairs: Vec<Pair<'_>> = told
        .iter()
        .filter(few)
        .map(|(item, known)| Pair { profile: item.page, known, leaves: item.flat.clone() })
        .collect();
    let by_code = told.iter().all(|(item, _)| {
        let id = item.flat.get(id_way).map(|value| value.as_str().to_owned());
        item.post.and_then(|post| post.code.clone()) == id
    });
    let rule = |at: &str| Rules(vec![Rule { at: at.to_owned(), ..Rule::default() }]);
    let owner_way = owner(&items, pages)?;
    let mut found = fields::find(&pairs, quorum);
    found.retain(|_, found| found.rules.0.iter().all(|rule| rule.at != *id_way));
    let mut record = Record {
        kind: RecordKind::Post,
        owner: Owner { username: rule(&owner_way), ..Owner::default() },
        extends: None,
        fields: indexmap::IndexMap::new(),
    };
    record.fields.insert(if by_code { "code" } else { "id" }.to_owned(), rule(id_way));
    if let Some(kind) = kind(&told) {
        record.fields.insert("kind".to_owned(), kind);
    }
    record.fields.extend(found.iter().map(|(field, found)| ((*field).to_owned(), found.rules.clone())));
    let list = &seats.first()?.list;
    let (key, above) = list.split_last()?;
    let Step::Key(_) = key else { return None };
    let key = leaves::written(std::slice::from_ref(key));
    let at = format!("{}[?{key}]", leaves::from_root(above).unwrap_or_default());
    let more = more(&seats, parent);
    let hint = place.network.then(|| hint(place, list, (id_way, &owner_way), more.as_deref())).flatten();
    let findings = findings(&found);
    let each = Some(format!("{key}[?{id_way}]"));
    Some(Piece { each, more, hint, ..Piece::in_json("posts", place, record, at, findings) })
}

fn flat<'l>(ways: &[(&'l [Step], &'l Scalar)]) -> BTreeMap<String, &'l Scalar> {
    let own = ways.iter().filter(|(way, _)| !leaves::through_list(way));
    own.map(|(way, value)| (leaves::written(way), *value)).collect()
}

/// The way to the author's name: there it stands in nine known posts of ten. Items of others may stand among them: they have a name
/// there too, and are told by it.
fn owner(items: &[Item<'_>], pages: &[Page<'_>]) -> Option<String> {
    let mut hits: BTreeMap<String, usize> = BTreeMap::new();
    for item in items.iter().filter(|item| item.post.is_some()) {
        let handle = pages[item.page].lesson.handle;
        for (way, _) in item.flat.iter().filter(|(_, value)| value.as_str().eq_ignore_ascii_case(handle)) {
            *hits.entry(way.clone()).or_default() += 1;
        }
    }
    let (way, hits) = hits
        .into_iter()
        .max_by(|(a, one), (b, other)| one.cmp(other).then_with(|| b.len().cmp(&a.len())).then_with(|| b.cmp(a)))?;
    let known = items.iter().filter(|item| item.post.is_some()).count();
    let named = items.iter().filter(|item| item.flat.contains_key(&way)).count();
    (hits * 10 >= known * 9 && named * 10 >= items.len() * 9).then_some(way)
}

/// How to tell a post's kind: a scalar that stands for it, or a part that only one kind has.
fn kind(told: &[(&Item<'_>, Values)]) -> Option<Rules> {
    let kinds: Vec<(&Item<'_>, PostKind)> =
        told.iter().filter_map(|(item, _)| Some((*item, item.post?.kind?))).collect();
    let seen: BTreeSet<&'static str> = kinds.iter().map(|(_, kind)| word(*kind)).collect();
    if seen.len() != 2 {
        return None;
    }
    let parts = |item: &Item<'_>| -> BTreeSet<String> {
        item.ways
            .iter()
            .filter_map(|(way, _)| way.first())
            .map(|step| leaves::written(std::slice::from_ref(step)))
            .collect()
    };
    let parts: Vec<(BTreeSet<String>, &'static str)> =
        kinds.iter().map(|(item, kind)| (parts(item), word(*kind))).collect();
    let all: BTreeSet<&String> = parts.iter().flat_map(|(parts, _)| parts).collect();
    for part in all {
        for special in &seen {
            let of_it = parts.iter().filter(|(_, kind)| kind == special).count();
            let tells = parts.iter().all(|(parts, kind)| parts.contains(part) == (kind == special));
            let other = seen.iter().find(|kind| *kind != special);
            if let (true, Some(other)) = (tells && of_it >= 3, other) {
                return Some(Rules(vec![
                    Rule { when: Some(part.clone()), constant: Some((*special).to_owned()), ..Rule::default() },
                    Rule { constant: Some((*other).to_owned()), ..Rule::default() },
                ]));
            }
        }
    }
    None
}

pub(super) const fn word(kind: PostKind) -> &'static str {
    match kind {
        PostKind::Image => "image",
        PostKind::Video => "video",
        PostKind::Carousel => "carousel",
        PostKind::Slideshow => "slideshow",
        PostKind::Reel => "reel",
    }
}

/// The parent's words for "there is more", where the new list still has one of them.
fn more(seats: &[Seat<'_>], parent: &SelectorSet) -> Option<String> {
    let words =
        parent.shapes.iter().filter(|shape| shape.role == Role::Timeline).filter_map(|shape| shape.more.as_ref());
    let stands = |word: &&String| {
        seats.iter().any(|seat| {
            let above = seat.list.split_last().map_or(&[][..], |(_, above)| above);
            let Ok(Path(steps)) = Path::parse(word) else { return false };
            let way: Vec<Step> = above.iter().cloned().chain(steps).collect();
            seat.leaves.iter().any(|leaf| leaf.way == way && matches!(leaf.value, Scalar::Flag(_) | Scalar::Number(_)))
        })
    };
    words.into_iter().find(stands).cloned()
}

/// How a browser counts the list while it pages; plain keys only.
fn hint(place: &Place, list: &[Step], (id, owner): (&str, &str), more: Option<&str>) -> Option<ListHint> {
    let keys = |steps: &[Step]| -> Option<Vec<String>> {
        steps.iter().map(|step| if let Step::Key(key) = step { Some(key.clone()) } else { None }).collect()
    };
    let (Path(id), Path(owner)) = (Path::parse(id).ok()?, Path::parse(owner).ok()?);
    let Path(more) = Path::parse(more?).ok()?;
    let above = list.split_last()?.1;
    let more: Vec<Step> = above.iter().cloned().chain(more).collect();
    Some(ListHint {
        url: place.url.clone(),
        list: keys(list)?,
        id: keys(&id)?,
        owner: keys(&owner)?,
        more: keys(&more)?,
        follow: None,
    })
}
