//! One learned part of a version: what of a profile or of its posts stands in one place.

use super::Finding;
use super::leaves::Place;
use crate::model::document::SourceKind;
use crate::model::selectors::{ListHint, Record, RecordKind, Role, Script};

/// What was learned of one kind of record at one place.
pub(super) struct Piece {
    pub(super) name: &'static str,
    pub(super) source: SourceKind,
    /// The script that it stands in, where it is one; new ones are entered.
    pub(super) script: Option<Script>,
    pub(super) url: String,
    pub(super) record: Record,
    pub(super) at: Vec<String>,
    pub(super) each: Option<String>,
    pub(super) contains: Vec<String>,
    pub(super) more: Option<String>,
    pub(super) hint: Option<ListHint>,
    /// An element whose presence says that the list is there.
    pub(super) ready: Option<String>,
    pub(super) findings: Vec<Finding>,
}

impl Piece {
    pub(super) fn new(
        name: &'static str,
        source: SourceKind,
        record: Record,
        at: String,
        findings: Vec<Finding>,
    ) -> Self {
        Self {
            name,
            source,
            script: None,
            url: String::new(),
            record,
            at: vec![at],
            each: None,
            contains: Vec::new(),
            more: None,
            hint: None,
            ready: None,
            findings,
        }
    }

    pub(super) fn in_json(
        name: &'static str,
        place: &Place,
        record: Record,
        at: String,
        findings: Vec<Finding>,
    ) -> Self {
        let piece = Self::new(name, place.source(), record, at, findings);
        Self { script: place.script(), url: place.url.clone(), ..piece }
    }

    pub(super) fn role(&self) -> Role {
        if self.record.kind == RecordKind::Profile { Role::Profile } else { Role::Timeline }
    }
}
