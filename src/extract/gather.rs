//! Collects everything that every source of a capture says, without choosing: bodies are parsed once, the page is made
//! into a tree only where a rule of the rendered page can find something, and each shape is tried wherever it may stand.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::json::Json;
use super::node::{Found, Node};
use super::path::{Path, Variables};
use super::program::{Language, Place, Program, ShapeCode, program};
use super::rules;
use super::signals;
use super::sources::{Body, Sources, json_in_place};
use crate::model::capture::{Capture, KeptResponse};
use crate::model::document::SourceKind;
use crate::model::page::{ListSeen, Page, Sighting, Value};
use crate::model::selectors::{Role, SelectorSet};
use crate::model::visit::Purpose;

/// More posts than this are not read of one capture.
const MAX_POSTS: usize = 5_000;

/// Everything that the sources say. `handle` is the requested profile, where one is named: shapes may refer to it.
pub fn gather(capture: &Capture, set: &SelectorSet, handle: Option<&str>) -> Page {
    let program = program(set);
    let variables = Variables { handle };
    let mut page = Page::default();
    let in_place: Vec<Option<KeptResponse>> = capture.pages.iter().map(json_in_place).collect();
    let visits = capture.pages.iter().zip(&in_place).enumerate();
    let all: Vec<Sources<'_>> =
        visits.map(|(visit, (page, json))| Sources::new(visit, page, json.as_ref(), set)).collect();
    for sources in &all {
        let reader = Reader { set, program: &program, sources, variables };
        for shape in &program.shapes {
            reader.shape(shape, &mut page);
        }
        unreadable(sources, set, &mut page);
    }
    let (profile, posts) = (page.profiles.iter().any(has_substance), !page.posts.is_empty());
    page.signals =
        all.iter().flat_map(|sources| signals::seen(sources, set, &program, variables, profile, posts)).collect();
    page
}

/// Whether a sighting shows more of a profile than its name.
fn has_substance(sighting: &Sighting) -> bool {
    sighting.readings.iter().any(|reading| matches!(reading.value, Value::Count { .. }))
}

/// Notes the responses that should be JSON and are not; an empty one is a signal of its own.
fn unreadable(sources: &Sources<'_>, set: &SelectorSet, page: &mut Page) {
    for body in &sources.bodies {
        if let Some(response) = body.response
            && !body.text.trim().is_empty()
            && body.values(&set.json.skip).is_empty()
        {
            page.unreadable.push(if response.url.is_empty() { "a response".to_owned() } else { response.url.clone() });
        }
    }
}

struct Reader<'r, 'c> {
    set: &'c SelectorSet,
    program: &'r Arc<Program>,
    sources: &'r Sources<'c>,
    variables: Variables<'r>,
}

impl Reader<'_, '_> {
    fn shape(&self, shape: &ShapeCode, page: &mut Page) {
        debug_assert!(shape.rank < self.program.shapes.len());
        match shape.language {
            Language::Json => {
                for (n, body) in self.sources.bodies.iter().enumerate() {
                    if self.may_stand(shape, body) {
                        self.json_shape(shape, n, body, page);
                    }
                }
            }
            Language::Css => {
                // A post's own page is read from its data: the cards around it belong to other posts.
                let profile = self.sources.page.purpose == Purpose::Profile;
                // What it must contain are elements, and no script has any.
                let elements = &self.sources.head.outside_scripts;
                let may_stand =
                    shape.contains.as_ref().is_none_or(|texts| elements.iter().any(|part| texts.is_match(part)));
                if profile && !self.sources.page.html.is_empty() && may_stand {
                    self.dom_shape(shape, page);
                }
            }
            Language::Meta => {
                if !self.sources.head.meta.is_empty() {
                    let node = Node::Meta(&self.sources.head);
                    self.record(shape, SourceKind::Meta, usize::MAX, node, page);
                }
            }
        }
    }

    fn may_stand(&self, shape: &ShapeCode, body: &Body<'_>) -> bool {
        let script_fits = shape.script.as_ref().is_none_or(|name| body.response.is_some() || name == body.script);
        let url_fits = shape.url.is_empty()
            || body.response.is_some_and(|r| r.url.is_empty() || shape.url.iter().any(|part| r.url.contains(part)));
        let elsewhere = shape.not_url.is_empty()
            || body
                .response
                .is_some_and(|r| !r.url.is_empty() && !shape.not_url.iter().any(|part| r.url.contains(part)));
        shape.from.contains(&body.source)
            && script_fits
            && (body.response.is_none() || (url_fits && elsewhere))
            && shape.contains.as_ref().is_none_or(|texts| texts.is_match(body.text))
    }

    /// The first of a shape's places that finds something in a body is read.
    fn json_shape(&self, shape: &ShapeCode, n: usize, body: &Body<'_>, page: &mut Page) {
        for at in &shape.at {
            let Place::Json(path) = at else { continue };
            if body.may_have(path, self.program) && self.json_place(shape, path, n, body, page) {
                return;
            }
        }
    }

    fn json_place(&self, shape: &ShapeCode, path: &Path, n: usize, body: &Body<'_>, page: &mut Page) -> bool {
        let skip = &self.set.json.skip;
        let mut found_any = false;
        let mut read = |value: &Json<'_>, path: &Path| {
            for found in path.all(value, self.variables) {
                found_any |= !matches!(found, Json::Null);
                self.container(shape, body.source, n, Found::Json(found), page);
            }
        };
        if let Some((key, rest)) = path.split_deep() {
            for value in body.values_of(key, self.program, skip) {
                read(&value, &rest);
            }
        } else {
            for value in body.values(skip) {
                read(value, path);
            }
        }
        found_any
    }

    fn dom_shape(&self, shape: &ShapeCode, page: &mut Page) {
        let root = self.sources.tree().root_element();
        for at in &shape.at {
            let mut found = false;
            Node::Element(root).visit(at, self.variables, &mut |container| {
                found = true;
                self.container(shape, SourceKind::Dom, usize::MAX, container, page);
                // A list may come in several parts (rows); a profile has one place.
                if shape.role == Role::Profile { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            if found {
                return;
            }
        }
    }

    /// Reads the record at a place, or the list of records.
    fn container(&self, shape: &ShapeCode, source: SourceKind, body: usize, at: Found<'_>, page: &mut Page) {
        let Some(node) = at.node().filter(|_| at.exists()) else { return };
        let Some(each) = &shape.each else {
            self.record(shape, source, body, node, page);
            return;
        };
        let items: Vec<Node<'_>> = node.find(each, self.variables).into_iter().filter_map(Found::node).collect();
        if shape.role == Role::Profile {
            let mut items = items.into_iter().take(MAX_POSTS);
            let read = |item: Node<'_>, page: &mut Page| self.record(shape, source, body, item, page);
            // The first post that carries the profile, and the last: where they differ, both are copies of some time ago.
            let first = items.find(|item| read(*item, page));
            if first.is_some() && self.variables.handle.is_some() {
                items.rfind(|item| read(*item, page));
            }
            return;
        }
        let more = match (&shape.more, node) {
            (Some(path), Node::Json(json)) => path.first(json, self.variables).and_then(Json::as_flag),
            _ => None,
        };
        // Rendered lists stand empty while they load.
        if items.is_empty() && source == SourceKind::Dom {
            return;
        }
        let mut list = ListSeen {
            shape: shape.name.clone(),
            source,
            role: shape.role,
            items: items.len(),
            first_post: page.posts.len(),
            posts: 0,
            more: more.filter(|more| !(*more && shape.first_page_only)),
            visit: self.sources.visit,
        };
        for item in items.into_iter().take(MAX_POSTS.saturating_sub(page.posts.len())) {
            self.record(shape, source, body, item, page);
        }
        list.posts = page.posts.len() - list.first_post;
        page.lists.push(list);
    }

    /// Reads one record; false where it says nothing or is, for a profile among many, somebody else's.
    fn record(&self, shape: &ShapeCode, source: SourceKind, body: usize, node: Node<'_>, page: &mut Page) -> bool {
        let owner = rules::owner(&shape.record, node, self.variables);
        if shape.role == Role::Profile
            && shape.each.is_some()
            && self.variables.handle.is_some_and(|handle| owner.username.as_deref() != Some(handle))
        {
            return false;
        }
        let readings = rules::readings(&shape.record, node, self.variables);
        if readings.is_empty() {
            return false;
        }
        let sighting = Sighting {
            source,
            shape: shape.name.clone(),
            rank: shape.rank,
            role: shape.role,
            visit: self.sources.visit,
            body,
            among_many: shape.each.is_some(),
            of_page: shape.of_page,
            owner,
            readings,
        };
        if shape.role == Role::Profile {
            page.profiles.push(sighting)
        } else {
            page.posts.push(sighting)
        }
        true
    }
}
