//! Writing a new selector version from what is known: changed pages beside the last good documents of the same profiles. Each known
//! value is looked for in the pages' JSON; a way that leads to it on every page, anchored to the record that names the profile,
//! becomes a rule. Records are appended to the parent's, so the old template is still read while a site rolls out a new one.
//!
//! Pure and deterministic: the same pages in the same order give the same version, byte for byte.

mod fields;
mod known;
mod leaves;
mod posts;
mod profile;

use indexmap::IndexMap;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use self::leaves::{Body, Place};
use super::selectors::{SelectorError, export, parse};
use crate::model::capture::Capture;
use crate::model::document::Document;
use crate::model::selectors::{Author, ListHint, Record, SelectorSet, Shape};

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

/// A page's JSON, taken apart once for all lessons.
#[derive(Debug)]
pub struct Studied(Vec<Body>);

impl Studied {
    /// Takes a page apart; `set` names its scripts and responses.
    #[must_use]
    pub fn of(capture: &Capture, set: &SelectorSet) -> Self {
        Self(leaves::bodies(capture, set))
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
}

/// What was learned of one kind of record at one place.
struct Piece {
    name: &'static str,
    place: Place,
    record: Record,
    at: String,
    each: Option<String>,
    more: Option<String>,
    hint: Option<ListHint>,
    findings: Vec<Finding>,
}

/// A lesson with its pages' bodies.
struct Page<'a> {
    lesson: Lesson<'a>,
    bodies: &'a [Body],
}

/// Learns a version; none where nothing is sure enough.
///
/// # Errors
/// When what was learned is no valid set, which is a bug.
pub fn relearn(parent: &SelectorSet, lessons: &[Lesson<'_>]) -> Result<Option<Relearned>, SelectorError> {
    let mut lessons: Vec<Lesson<'_>> = lessons.to_vec();
    lessons.sort_by(|a, b| a.handle.cmp(b.handle));
    lessons.dedup_by(|a, b| a.handle == b.handle);
    let pages: Vec<Page<'_>> = lessons.into_iter().map(|lesson| Page { lesson, bodies: &lesson.page.0 }).collect();
    let mut pieces = profile::learn(&pages);
    pieces.extend(posts::learn(&pages, parent));
    if pieces.is_empty() {
        return Ok(None);
    }
    let (set, findings) = assemble(parent, pieces);
    let text = export(&set).map_err(|error| SelectorError::Form {
        origin: set.version.clone(),
        line: None,
        message: error.to_string(),
    })?;
    let set = parse(&text, &set.version)?;
    Ok(Some(Relearned { set, text, findings }))
}

fn assemble(parent: &SelectorSet, pieces: Vec<Piece>) -> (SelectorSet, Vec<Finding>) {
    let mut set = parent.clone();
    let mark = mark(&pieces);
    set.parent = Some(parent.version.clone());
    set.version = format!("heal-{mark}");
    set.author = Author::Heal;
    let mut findings = Vec::new();
    for (at, piece) in pieces.into_iter().enumerate() {
        let name = format!("healed_{mark}_{}_{}", piece.name, at + 1);
        let role = posts::role(piece.name);
        set.records.insert(name.clone(), piece.record);
        findings.extend(piece.findings.into_iter().map(|finding| Finding { shape: name.clone(), ..finding }));
        set.shapes.push(Shape {
            name: name.clone(),
            record: name,
            from: vec![piece.place.source()],
            role,
            at: vec![piece.at],
            each: piece.each,
            script: Some(piece.place.script).filter(|script| !script.is_empty()),
            url: Some(piece.place.url).filter(|url| !url.is_empty()).into_iter().collect(),
            contains: Vec::new(),
            more: piece.more,
            of_page: false,
            first_page_only: false,
        });
        if let (Some(hint), Some(paging)) = (piece.hint, &mut set.visit.profile.paging)
            && !paging.lists.contains(&hint)
        {
            paging.lists.push(hint);
        }
    }
    (set, findings)
}

/// Names what was learned by its content, so that the same lesson has the same name.
fn mark(pieces: &[Piece]) -> String {
    let mut hash = Sha256::new();
    for piece in pieces {
        let fields: IndexMap<&String, Vec<&str>> = piece
            .record
            .fields
            .iter()
            .map(|(name, rules)| (name, rules.0.iter().map(|rule| rule.at.as_str()).collect()))
            .collect();
        hash.update(format!("{:?}{}{:?}{fields:?}", piece.place, piece.at, piece.each));
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
