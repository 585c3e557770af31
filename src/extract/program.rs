//! A selector set made ready to run: paths parsed, CSS compiled, regular expressions checked, names resolved (by `compile`).

use std::any::Any;
use std::sync::Arc;

use indexmap::IndexMap;
use scraper::Selector;

use super::compile::compile;
use super::parse::CountLabel;
use super::path::Path;
use super::pattern::Pattern;
use crate::model::document::SourceKind;
use crate::model::page::Field;
use crate::model::selectors::{Role, SelectorSet, Signal};

/// The language of a rule's places: it follows from the shape's source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Json,
    Css,
    Meta,
}

/// A place in one of the three languages.
#[derive(Debug)]
pub(super) enum Place {
    Json(Path),
    /// None is the element itself.
    Css(Option<Selector>),
    Meta(String),
}

#[derive(Debug)]
pub(super) struct RuleCode {
    /// What notes call it.
    pub(super) name: String,
    /// None where only a constant is given.
    pub(super) at: Option<Place>,
    pub(super) attr: Option<String>,
    pub(super) regex: Option<Arc<Pattern>>,
    pub(super) reject: Option<Arc<Pattern>>,
    pub(super) label: Option<CountLabel>,
    pub(super) constant: Option<String>,
    pub(super) when: Option<Place>,
    pub(super) unless: Option<Place>,
    pub(super) map: IndexMap<String, String>,
    pub(super) cut: bool,
    pub(super) milliseconds: bool,
    pub(super) sibling: Option<Place>,
    pub(super) unwrap: Option<String>,
    pub(super) record: Option<Arc<RecordCode>>,
}

#[derive(Debug)]
pub(super) struct RecordCode {
    pub(super) username: Box<[RuleCode]>,
    pub(super) id: Box<[RuleCode]>,
    pub(super) shared: Box<[RuleCode]>,
    pub(super) fields: Vec<(Field, Box<[RuleCode]>)>,
}

#[derive(Debug)]
pub(super) struct ShapeCode {
    pub(super) name: String,
    pub(super) rank: usize,
    pub(super) language: Language,
    pub(super) from: Vec<SourceKind>,
    pub(super) role: Role,
    pub(super) at: Vec<Place>,
    pub(super) each: Option<Place>,
    pub(super) more: Option<Path>,
    pub(super) script: Option<String>,
    pub(super) url: Vec<String>,
    pub(super) not_url: Vec<String>,
    /// Finds any of the texts that the page or body must contain; none where nothing is asked.
    pub(super) contains: Option<Arc<Pattern>>,
    pub(super) first_page_only: bool,
    pub(super) of_page: bool,
    pub(super) record: Arc<RecordCode>,
}

#[derive(Debug)]
pub(super) struct SignalCode {
    pub(super) signal: Signal,
    pub(super) json: Vec<Path>,
    pub(super) detail: Option<Path>,
    pub(super) element: Vec<Selector>,
}

/// All of a set, ready to run.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) shapes: Vec<ShapeCode>,
    pub(super) signals: Vec<SignalCode>,
    /// Every key that a path begins with, quoted: one pass over a body tells which shapes and signals can be in it.
    pub(super) keys: Option<Arc<Pattern>>,
}

/// The compiled form of a set, made at the first call. A set with a mistake (only one built by hand can have one, files
/// are checked when they are loaded) reads nothing.
pub(super) fn program(set: &SelectorSet) -> Arc<Program> {
    let empty = || Program { shapes: Vec::new(), signals: Vec::new(), keys: None };
    let any: Arc<dyn Any + Send + Sync> =
        set.compiled.get_or_init(|| Arc::new(compile(set).unwrap_or_else(|_| empty())));
    any.downcast().unwrap_or_else(|_| Arc::new(empty()))
}
