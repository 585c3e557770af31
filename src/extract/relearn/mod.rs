//! Writing a new selector version from what is known: changed pages beside the last good documents of the same profiles. Each known
//! value is looked for in the pages' JSON, elements and meta tags; a way that leads to it on every page, anchored to what names the
//! profile, becomes a rule. What the parent still reads is not learned again, and what it reads wrongly there is taken out.
//!
//! Pure and deterministic: the same pages in the same order give the same version, byte for byte.

mod cards;
mod elements;
mod fields;
mod known;
mod leaves;
mod locate;
mod piece;
mod posts;
mod profile;
mod prune;
mod rendered;
mod tags;
mod weigh;

use indexmap::IndexMap;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::leaves::Body;
use self::piece::Piece;
use self::rendered::Rendered;
use super::gather::gather;
use super::selectors::{SelectorError, export, parse};
use crate::model::capture::Capture;
use crate::model::document::{Document, SourceKind};
use crate::model::page::Sighting;
use crate::model::selectors::{Author, PageHints, Role, SelectorSet, Shape};

/// A changed page beside what was known of its profile.
#[derive(Debug, Clone, Copy)]
pub struct Lesson<'a> {
    /// The handle asked for, in lower case.
    pub handle: &'a str,
    /// The last document before the change.
    pub past: &'a Document,
    /// The page now.
    pub page: &'a Studied,
}

/// A page taken apart once for all lessons: its JSON, its elements, and what the parent reads of it.
#[derive(Debug)]
pub struct Studied {
    bodies: Vec<Body>,
    shown: Option<Rendered>,
    /// The parent's readings of the profile's own records and posts.
    seen: Vec<Sighting>,
}

impl Studied {
    /// Takes a page apart; `set` names its scripts and responses.
    #[must_use]
    pub fn of(capture: &Capture, set: &SelectorSet) -> Self {
        let handle = capture.target.as_ref().map(|target| target.handle.as_str().to_lowercase());
        let page = gather(capture, set, handle.as_deref());
        let own = |sighting: &Sighting| sighting.owner.username.is_none() || sighting.owner.username == handle;
        let seen = page.profiles.into_iter().filter(own).chain(page.posts).filter(|seen| seen.visit == 0).collect();
        Self { bodies: leaves::bodies(capture, set), shown: Rendered::of(capture), seen }
    }
}

/// What one rule stands on, for the version's evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The shape it is read in.
    pub shape: String,
    /// The field.
    pub field: String,
    /// The path beneath the record.
    pub at: String,
    /// Profiles whose page agreed.
    pub profiles: usize,
    /// Values that agreed.
    pub values: usize,
}

/// A new version.
#[derive(Debug, Clone, PartialEq)]
pub struct Relearned {
    /// The set, compiled and checked.
    pub set: SelectorSet,
    /// Its text.
    pub text: String,
    /// What its new rules stand on.
    pub findings: Vec<Finding>,
    /// The parent's rules that these pages disprove; it has them no more.
    pub dropped: Vec<Disproved>,
}

/// A rule of the parent that says what is not so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Disproved {
    /// The shape it is read in.
    pub shape: String,
    /// The field.
    pub field: String,
    /// Profiles on whose pages it was wrong.
    pub profiles: usize,
}

/// A lesson with its page's parts.
struct Page<'a> {
    number: usize,
    lesson: Lesson<'a>,
    bodies: &'a [Body],
    shown: Option<&'a Rendered>,
    seen: &'a [Sighting],
}

impl<'a> Page<'a> {
    fn new(number: usize, lesson: Lesson<'a>) -> Self {
        let Studied { bodies, shown, seen } = lesson.page;
        Self { number, lesson, bodies, shown: shown.as_ref(), seen }
    }
}

/// Learns a version; none where nothing is sure enough. A number is believed where `quorum` profiles agree.
///
/// # Errors
/// When what was learned is no valid set, which is a bug.
pub fn relearn(
    parent: &SelectorSet,
    lessons: &[Lesson<'_>],
    quorum: usize,
) -> Result<Option<Relearned>, SelectorError> {
    let Some(Draft { set, findings, dropped }) = draft(parent, lessons, quorum) else { return Ok(None) };
    let text = export(&set).map_err(|error| SelectorError::Form {
        origin: set.version.clone(),
        line: None,
        message: error.to_string(),
    })?;
    let set = parse(&text, &set.version)?;
    Ok(Some(Relearned { set, text, findings, dropped }))
}

/// What would be learned, not written as a file nor checked as one: for trials, of which there are many.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The set.
    pub set: SelectorSet,
    /// What its new rules stand on.
    pub findings: Vec<Finding>,
    /// The parent's rules that are disproved.
    pub dropped: Vec<Disproved>,
}

/// As [`relearn`], but a trial.
#[must_use]
pub fn draft(parent: &SelectorSet, lessons: &[Lesson<'_>], quorum: usize) -> Option<Draft> {
    let mut lessons: Vec<Lesson<'_>> = lessons.to_vec();
    lessons.sort_by(|a, b| a.handle.cmp(b.handle));
    lessons.dedup_by(|a, b| a.handle == b.handle);
    let pages: Vec<Page<'_>> = lessons.into_iter().enumerate().map(|(at, lesson)| Page::new(at, lesson)).collect();
    let mut pieces = profile::learn(&pages, quorum);
    pieces.extend(posts::learn(&pages, parent, quorum));
    pieces.extend(elements::learn(&pages, quorum));
    pieces.extend(cards::learn(&pages, quorum));
    pieces.extend(tags::learn(&pages, quorum));
    // What the parent reads is not learned again.
    pieces.retain(|piece| adds(piece, &pages));
    let dropped = prune::disproved(parent, &pages);
    if pieces.is_empty() && dropped.is_empty() {
        return None;
    }
    let (set, findings) = assemble(parent, pieces, &dropped);
    Some(Draft { set, findings, dropped })
}

/// Whether a piece brings something that the parent does not read from this kind of place on most pages.
fn adds(piece: &Piece, pages: &[Page<'_>]) -> bool {
    let reads = |page: &Page<'_>, field: &str| {
        page.seen.iter().any(|seen| {
            seen.source == piece.source
                && (seen.role == Role::Profile) == (piece.role() == Role::Profile)
                && seen.readings.iter().any(|reading| reading.field.name() == field)
        })
    };
    let listed =
        |page: &Page<'_>| page.seen.iter().any(|seen| seen.source == piece.source && seen.role == Role::Timeline);
    let unread = |field: &str| pages.iter().filter(|page| !reads(page, field)).count() * 2 > pages.len();
    let unlisted = pages.iter().filter(|page| !listed(page)).count() * 2 > pages.len();
    piece.findings.iter().any(|finding| unread(&finding.field)) || (piece.role() == Role::Timeline && unlisted)
}

fn assemble(parent: &SelectorSet, pieces: Vec<Piece>, disproved: &[Disproved]) -> (SelectorSet, Vec<Finding>) {
    let mut set = parent.clone();
    let mark = mark(&pieces, disproved);
    set.parent = Some(parent.version.clone());
    set.version = format!("heal-{mark}");
    set.author = Author::Heal;
    prune::drop(&mut set, disproved, &mark);
    let mut findings = Vec::new();
    for (at, piece) in pieces.into_iter().enumerate() {
        let name = format!("healed_{mark}_{}_{}", piece.name, at + 1);
        let role = piece.role();
        set.records.insert(name.clone(), piece.record);
        findings.extend(piece.findings.into_iter().map(|finding| Finding { shape: name.clone(), ..finding }));
        if let Some(script) = &piece.script
            && !set.scripts.iter().any(|known| known.name == script.name)
        {
            set.scripts.push(script.clone());
        }
        set.shapes.push(Shape {
            name: name.clone(),
            record: name,
            from: vec![piece.source],
            role,
            at: piece.at,
            each: piece.each,
            script: piece.script.map(|script| script.name),
            url: Some(piece.url.clone()).filter(|url| !url.is_empty()).into_iter().collect(),
            not_url: Vec::new(),
            contains: piece.contains,
            more: piece.more,
            of_page: false,
            first_page_only: false,
        });
        let visit = &mut set.visit.profile;
        if piece.source == SourceKind::Network {
            keep(visit, &piece.url);
        }
        if let (Some(hint), Some(paging)) = (piece.hint, &mut visit.paging)
            && !paging.lists.contains(&hint)
        {
            paging.lists.push(hint);
        }
        if let Some(ready) = piece.ready {
            if let Some(cards) = visit.paging.as_mut().and_then(|paging| paging.cards.as_mut()) {
                *cards = format!("{cards}, {ready}");
            }
            visit.ready_elements.push(ready);
        }
    }
    (set, findings)
}

/// Has a visit keep the responses of an address that it did not know, and wait for them.
fn keep(visit: &mut PageHints, url: &str) {
    if url.is_empty() || visit.keep.iter().any(|part| url.contains(part.as_str())) {
        return;
    }
    visit.keep.push(url.to_owned());
    visit.ready_responses.push(url.to_owned());
}

/// Names what was learned by its content, so that the same lesson has the same name.
fn mark(pieces: &[Piece], disproved: &[Disproved]) -> String {
    let mut hash = Sha256::new();
    for piece in pieces {
        let fields: IndexMap<&String, Vec<&str>> = piece
            .record
            .fields
            .iter()
            .map(|(name, rules)| (name, rules.0.iter().map(|rule| rule.at.as_str()).collect()))
            .collect();
        hash.update(format!(
            "{:?}{:?}{}{:?}{:?}{fields:?}",
            piece.source, piece.script, piece.url, piece.at, piece.each
        ));
    }
    for rule in disproved {
        hash.update(format!("{rule:?}"));
    }
    hash.finalize().iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn findings(found: &std::collections::BTreeMap<&'static str, fields::Found>) -> Vec<Finding> {
    found
        .iter()
        .map(|(field, found)| Finding {
            shape: String::new(),
            field: (*field).to_owned(),
            at: found.rules.0.first().map(|rule| rule.at.clone()).unwrap_or_default(),
            profiles: found.profiles,
            values: found.values,
        })
        .collect()
}
