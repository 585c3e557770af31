//! From all that was read to one profile and its posts. Values are taken only from records of the requested profile: a record
//! that names somebody else, or nobody where a name was asked for, is left out. Which reading of a field counts is decided in
//! `reconcile/choose.rs`.

use chrono::{DateTime, Utc};
use indexmap::IndexMap;

mod build;
mod choose;
mod copies;
pub(super) mod cut;

pub use self::choose::agree;
pub(super) use self::choose::choose;
use crate::model::document::{FieldNote, Post, Precision, SourceKind};
use crate::model::extraction::Extraction;
use crate::model::page::{Field, ListSeen, OwnerSeen, Page, Sighting, Value};
use crate::model::selectors::Role;

/// What a site's ids tell by calculation alone.
pub trait Arithmetic {
    /// Completes a post's id and code from each other; leaves the id empty where it is none.
    fn complete_ids(&self, post: &mut Post);
    /// A post's canonical address.
    fn post_url(&self, post: &Post, username: Option<&str>) -> Option<String>;
    /// When the post with this id was made, about.
    fn time_in_id(&self, id: &str) -> Option<DateTime<Utc>>;
}

/// Whom a capture is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The profile's handle in lower case; none where nothing names anybody.
    pub handle: Option<String>,
    /// Whether it is named (by the request or by the page itself): then records of others are left out.
    pub named: bool,
}

/// Whom a page is about: the profile asked for, else the page's own, else the bodies' most frequent author.
#[must_use]
pub fn subject(page: &Page, requested: Option<&str>) -> Subject {
    if let Some(handle) = requested {
        return Subject { handle: Some(handle.to_lowercase()), named: true };
    }
    let own = |network: bool| {
        page.profiles
            .iter()
            .filter(|s| !s.among_many && (s.source == SourceKind::Network) == network)
            .find_map(|s| s.owner.username.clone())
    };
    if let Some(handle) = own(false).or_else(|| own(true)) {
        return Subject { handle: Some(handle), named: true };
    }
    let mut authors: IndexMap<&str, usize> = IndexMap::new();
    for name in page.posts.iter().filter_map(|post| post.owner.username.as_deref()) {
        *authors.entry(name).or_default() += 1;
    }
    let most = authors.values().copied().max();
    let mut first = authors.into_iter().filter(|(_, posts)| Some(*posts) == most).map(|(name, _)| name.to_owned());
    let author = first.next();
    // Where several have as many posts, none of them is the profile.
    Subject { handle: author.filter(|_| first.next().is_none()), named: false }
}

/// The records of the subject's own profile.
#[must_use]
pub fn own_profiles<'p>(page: &'p Page, subject: &Subject) -> Vec<&'p Sighting> {
    let names = |sighting: &&Sighting| sighting.owner.username.as_deref() == subject.handle.as_deref();
    if subject.handle.is_none() {
        return page.profiles.iter().filter(names).collect();
    }
    let mut own: Vec<&Sighting> = page.profiles.iter().filter(names).collect();
    if own.is_empty() && is_of_one_unnamed(page) {
        return page.profiles.iter().collect();
    }
    let visits: Vec<usize> = own.iter().map(|s| s.visit).collect();
    own.extend(page.profiles.iter().filter(|s| s.of_page && s.owner.username.is_none() && visits.contains(&s.visit)));
    // A record that has only the id belongs to the profile whose id it is.
    let ids: Vec<&str> = own.iter().filter_map(|s| s.owner.id.as_deref()).collect();
    let by_id = page
        .profiles
        .iter()
        .filter(|s| s.owner.username.is_none() && s.owner.id.as_deref().is_some_and(|id| ids.contains(&id)));
    own.extend(by_id.collect::<Vec<_>>());
    own
}

/// Whether all that is read names nobody and has one owner's id: then it is whoever was asked for, as its posts are.
fn is_of_one_unnamed(page: &Page) -> bool {
    let owners = || page.profiles.iter().chain(&page.posts).map(|sighting| &sighting.owner);
    let id = owners().find_map(|owner| owner.id.as_deref());
    id.is_some() && owners().all(|owner| owner.username.is_none() && owner.id.as_deref() == id)
}

/// The lists that may be the subject's: those without a post of theirs and with posts of others are not, and what such a list
/// says of its end says nothing about ours.
#[must_use]
pub fn own_lists<'p>(page: &'p Page, subject: &Subject) -> Vec<&'p ListSeen> {
    let own = own_profiles(page, subject);
    let ids: Vec<&str> = own.iter().filter_map(|s| s.owner.id.as_deref()).collect();
    let is_own = |list: &&ListSeen| {
        let posts = page.posts.get(list.first_post..list.first_post + list.posts).unwrap_or_default();
        let says = |word: Belongs| posts.iter().any(|post| belongs(&post.owner, subject, &ids) == word);
        says(Belongs::Yes) || !says(Belongs::No)
    };
    page.lists.iter().filter(is_own).collect()
}

/// Takes one value per field, for the profile and for each of its posts.
#[must_use]
pub fn reconcile(page: &Page, subject: &Subject, arithmetic: &(impl Arithmetic + ?Sized)) -> Extraction {
    let mut extraction = Extraction::default();
    let own = own_profiles(page, subject);
    let mut chosen = choose(&own);
    // A record of the profile that calls it by another name is read wrongly there.
    chosen.retain(|choice| choice.reading.field != Field::Username || is_name_of(subject, &choice.reading.value));
    for choice in &chosen {
        extraction.fields.insert(format!("profile.{}", choice.reading.field.name()), choice.note());
    }
    if !chosen.is_empty() {
        extraction.profile = Some(build::profile(&chosen));
    }
    let ids: Vec<&str> = own.iter().filter_map(|s| s.owner.id.as_deref()).collect();
    let groups = grouped(page, subject, &ids, arithmetic);
    let in_part = |sightings: &Vec<&Sighting>| sightings.iter().all(|s| matches!(s.role, Role::Part | Role::Side));
    extraction.beyond_timeline = groups.values().any(in_part);
    let mut posts: Vec<(Post, Vec<(String, FieldNote)>)> =
        groups.into_values().map(|sightings| build_post(&sightings, subject, arithmetic)).collect();
    posts.sort_by(|(a, _), (b, _)| {
        b.published_at.cmp(&a.published_at).then_with(|| b.id.len().cmp(&a.id.len())).then_with(|| b.id.cmp(&a.id))
    });
    extraction.fields.reserve(posts.iter().map(|(_, notes)| notes.len()).sum());
    for (post, notes) in posts {
        extraction.fields.extend(notes);
        extraction.posts.push(post);
    }
    extraction
}

fn is_name_of(subject: &Subject, value: &Value) -> bool {
    let handle = subject.handle.as_deref().filter(|_| subject.named);
    handle.is_none_or(|handle| value.as_text().is_some_and(|name| name.to_lowercase() == handle))
}

/// The posts' records by id, in order of appearance, those of others left out.
fn grouped<'p>(
    page: &'p Page,
    subject: &Subject,
    own_ids: &[&str],
    arithmetic: &(impl Arithmetic + ?Sized),
) -> IndexMap<String, Vec<&'p Sighting>> {
    let mut groups: IndexMap<String, Vec<&Sighting>> = IndexMap::new();
    for sighting in &page.posts {
        let text = |field| {
            sighting.readings.iter().find(|r| r.field == field).and_then(|r| r.value.as_text()).map(str::to_owned)
        };
        let mut probe = Post { id: text(Field::Id).unwrap_or_default(), code: text(Field::Code), ..Post::default() };
        arithmetic.complete_ids(&mut probe);
        if !probe.id.is_empty() {
            groups.entry(probe.id).or_default().push(sighting);
        }
    }
    let timeline = page.lists.iter().any(|list| list.role == Role::Timeline)
        || page.posts.iter().any(|post| post.role == Role::Timeline);
    groups.retain(|_, sightings| {
        let says = |s: &&Sighting, word: Belongs| belongs(&s.owner, subject, own_ids) == word;
        // One record that names the profile outweighs another that names a co-author. A card of the grid is no such
        // record: its link carries the profile's name whoever the post's author is.
        let named = sightings.iter().any(|s| s.source != SourceKind::Dom && says(s, Belongs::Yes));
        let ours = named || !sightings.iter().any(|s| says(s, Belongs::No));
        // A side list (videos alone) reaches further back than the timeline: beside one it completes posts and adds none.
        ours && (!timeline || sightings.iter().any(|s| s.role != Role::Side))
    });
    groups
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Belongs {
    Yes,
    Unsaid,
    No,
}

fn belongs(owner: &OwnerSeen, subject: &Subject, own_ids: &[&str]) -> Belongs {
    let Some(handle) = subject.handle.as_deref().filter(|_| subject.named) else { return Belongs::Unsaid };
    if owner.shared.iter().any(|name| name == handle) {
        return Belongs::Yes;
    }
    match (&owner.username, &owner.id) {
        (Some(name), _) if name == handle => Belongs::Yes,
        (Some(_), _) => Belongs::No,
        (None, Some(id)) if own_ids.contains(&id.as_str()) => Belongs::Yes,
        (None, Some(_)) if !own_ids.is_empty() => Belongs::No,
        (None, _) => Belongs::Unsaid,
    }
}

fn build_post(
    sightings: &[&Sighting],
    subject: &Subject,
    arithmetic: &(impl Arithmetic + ?Sized),
) -> (Post, Vec<(String, FieldNote)>) {
    let chosen = choose(sightings);
    let mut post = build::post(&chosen);
    arithmetic.complete_ids(&mut post);
    let author = sightings.iter().find_map(|s| s.owner.username.as_deref()).or(subject.handle.as_deref());
    if let Some(url) = arithmetic.post_url(&post, author) {
        post.url = Some(url);
    }
    let mut notes: Vec<(String, FieldNote)> = Vec::with_capacity(chosen.len() + 1);
    for choice in &chosen {
        if !matches!(choice.reading.field, Field::Id | Field::Code | Field::Url) {
            notes.push((note_key(&post.id, choice.reading.field.name()), choice.note()));
        }
    }
    if post.published_at.is_none()
        && let Some(time) = arithmetic.time_in_id(&post.id)
    {
        post.published_at = Some(time);
        post.published_precision = Some(crate::model::document::TimePrecision::Approximate);
        let source = sightings.first().map_or(SourceKind::Embedded, |s| s.source);
        let note = FieldNote {
            source,
            rule: "time_in_id".to_owned(),
            raw: post.id.clone(),
            precision: Precision::Approximate,
            agreed_by: Vec::new(),
        };
        notes.push((note_key(&post.id, Field::PublishedAt.name()), note));
    }
    (post, notes)
}

/// The key of a post's note. There are hundreds in a document: formatting each would cost more than choosing its value.
fn note_key(id: &str, field: &str) -> String {
    ["posts.", id, ".", field].concat()
}
