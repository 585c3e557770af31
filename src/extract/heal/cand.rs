//! Candidates: every value of a page that is the profile's own, with the ways to find it again (features) and what names it.
//! A feature is a hash of a relative path, a label, an attribute or a shape; what it stands for is decided later, by the past.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::field::Field;
use super::number::Count;
use super::owner::Owner;
use crate::model::document::SourceKind;

/// How much a feature says about meaning, as opposed to place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Strength {
    /// Where it stands.
    Place,
    /// What it looks like: tag, classes.
    Shape,
    /// What it and all around it look like.
    Path,
    /// What a programmer called it.
    Name,
    /// What a reader is told it is, or its whole key path.
    Meaning,
}

/// One way to find a value again on another page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Feature {
    pub(crate) hash: u64,
    pub(crate) strength: Strength,
}

impl Feature {
    /// Hashes the parts; the same parts give the same feature on every page and in every run.
    pub(crate) fn new(strength: Strength, parts: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        (strength, parts).hash(&mut hasher);
        Self { hash: hasher.finish(), strength }
    }
}

/// One candidate.
#[derive(Debug, Clone)]
pub(crate) struct Cand {
    pub(crate) source: SourceKind,
    pub(crate) owner: Owner,
    pub(crate) count: Option<Count>,
    /// The text as read; an address as meant.
    pub(crate) text: Option<String>,
    pub(crate) is_address: bool,
    pub(crate) features: Vec<Feature>,
    /// The field that a label, an attribute or a key beside it names.
    pub(crate) says: Option<Field>,
    /// Whether the words beside it name something that is none of our fields.
    pub(crate) foreign: bool,
    /// Whether the words beside it are known to name another count.
    pub(crate) other: bool,
    /// Whether it stands in a block of counts that contradicts the profile's own.
    pub(crate) away: bool,
    /// The elements of its surrounding: first, end.
    pub(crate) around: (usize, usize),
    /// The field whose old selector still finds it.
    pub(crate) old: Option<Field>,
    /// Weaker than what is plainly shown.
    pub(crate) dim: bool,
    /// Where it stands: candidates of one list of counts share it.
    pub(crate) group: u64,
    /// The node or element, to tell candidates apart.
    pub(crate) place: (usize, usize),
}

impl Cand {
    /// Whether it stands in one of the page's JSON documents.
    pub(crate) const fn in_json(&self) -> bool {
        matches!(self.source, SourceKind::Network | SourceKind::Embedded | SourceKind::Jsonld)
    }

    /// An empty candidate at a place.
    pub(crate) fn at(source: SourceKind, owner: Owner, place: (usize, usize)) -> Self {
        Self {
            source,
            owner,
            count: None,
            text: None,
            is_address: false,
            features: Vec::new(),
            says: None,
            foreign: false,
            other: false,
            away: false,
            around: (0, 0),
            old: None,
            dim: false,
            group: 0,
            place,
        }
    }
}
