//! A page as it is shown: its tree, its short texts and its meta tags, taken once for all that is learned of it. What a selector
//! finds is kept, since leaving one profile out asks the same pages the same questions again.

use std::cell::RefCell;
use std::collections::HashMap;

use ego_tree::NodeId;
use scraper::{ElementRef, Html, Selector};

use super::weigh::Seen;
use crate::extract::html;
use crate::extract::node::{Found, shown_text};
use crate::extract::parse::CountLabel;
use crate::model::capture::Capture;
use crate::model::page::Field;
use crate::model::visit::Purpose;

/// Elements beyond this many are not looked at.
const MAX_ELEMENTS: usize = 20_000;
/// An element with more elements inside is a region and no value.
const MAX_INSIDE: usize = 12;
/// A longer text is no value of a profile.
const MAX_TEXT: usize = 2_000;
/// A selector that finds more than this on a page tells nothing apart.
pub(super) const MAX_FOUND: usize = 96;

/// A rendered page.
#[derive(Debug)]
pub(super) struct Rendered {
    tree: Html,
    /// Meta tags as (name, content), the title and the canonical link among them.
    pub(super) meta: Vec<(String, String)>,
    /// Elements that may be a value, in document order, with their text.
    pub(super) shown: Vec<(NodeId, String)>,
    /// Links with their addresses, in document order.
    pub(super) links: Vec<(NodeId, String)>,
    found: RefCell<HashMap<String, Vec<NodeId>>>,
    inside: RefCell<HashMap<(NodeId, String), Vec<NodeId>>>,
    read: RefCell<HashMap<Asked, Option<Seen>>>,
}

/// An element, its attribute or text, and as what it is read.
pub(super) type Asked = (NodeId, Option<String>, Field, Option<CountLabel>);

impl Rendered {
    /// The profile's page of a capture; none where there is none, or where it is too large to be one.
    pub(super) fn of(capture: &Capture) -> Option<Self> {
        let page = capture.pages.iter().find(|page| page.purpose == Purpose::Profile)?;
        if page.html.is_empty() || page.html.len() > html::MAX_PAGE_BYTES {
            return None;
        }
        let meta = html::head(&page.html).meta.into_iter().map(|(name, text)| (name, text.into_owned())).collect();
        let tree = Html::parse_document(&page.html);
        let (shown, links) = (shown(&tree), links(&tree));
        Some(Self {
            tree,
            meta,
            shown,
            links,
            found: RefCell::default(),
            inside: RefCell::default(),
            read: RefCell::default(),
        })
    }

    /// An element by its number.
    pub(super) fn element(&self, id: NodeId) -> Option<ElementRef<'_>> {
        self.tree.tree.get(id).and_then(ElementRef::wrap)
    }

    /// What a selector finds, in document order, but [`MAX_FOUND`] and one more at most; nothing where it is no selector.
    pub(super) fn find(&self, css: &str) -> Vec<NodeId> {
        if let Some(known) = self.found.borrow().get(css) {
            return known.clone();
        }
        let found: Vec<NodeId> = Selector::parse(css).map_or_else(
            |_| Vec::new(),
            |selector| self.tree.select(&selector).take(MAX_FOUND + 1).map(|element| element.id()).collect(),
        );
        self.found.borrow_mut().insert(css.to_owned(), found.clone());
        found
    }

    /// What a selector finds inside an element.
    pub(super) fn find_in(&self, inside: NodeId, css: &str) -> Vec<NodeId> {
        let Some(element) = self.element(inside) else { return Vec::new() };
        if css.is_empty() {
            return vec![inside];
        }
        let key = (inside, css.to_owned());
        if let Some(known) = self.inside.borrow().get(&key) {
            return known.clone();
        }
        let found: Vec<NodeId> = Selector::parse(css).map_or_else(
            |_| Vec::new(),
            |selector| element.select(&selector).take(MAX_FOUND).map(|found| found.id()).collect(),
        );
        self.inside.borrow_mut().insert(key, found.clone());
        found
    }

    /// What is read of an element, read once.
    pub(super) fn value(&self, asked: Asked, read: impl FnOnce() -> Option<Seen>) -> Option<Seen> {
        if let Some(known) = self.read.borrow().get(&asked) {
            return known.clone();
        }
        let value = read();
        self.read.borrow_mut().insert(asked, value.clone());
        value
    }

    /// An element's text or attribute.
    pub(super) fn text(&self, id: NodeId, attr: Option<&str>) -> Option<String> {
        Found::Element(self.element(id)?).text(attr).map(std::borrow::Cow::into_owned)
    }

    /// Whether an element lies inside another, or is it.
    pub(super) fn is_inside(&self, inner: NodeId, outer: NodeId) -> bool {
        let Some(node) = self.tree.tree.get(inner) else { return false };
        inner == outer || node.ancestors().any(|above| above.id() == outer)
    }
}

fn shown(tree: &Html) -> Vec<(NodeId, String)> {
    let mut shown = Vec::new();
    let Ok(body) = Selector::parse("body") else { return shown };
    let Some(body) = tree.select(&body).next() else { return shown };
    for element in body.descendent_elements().take(MAX_ELEMENTS) {
        let hidden = |name: &str| matches!(name, "script" | "style" | "noscript" | "template");
        if hidden(element.value().name())
            || element.ancestors().filter_map(ElementRef::wrap).any(|above| hidden(above.value().name()))
            || element.descendent_elements().take(MAX_INSIDE + 2).count() > MAX_INSIDE + 1
        {
            continue;
        }
        let text = shown_text(element);
        if text.len() <= MAX_TEXT {
            shown.push((element.id(), text.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
    shown
}

fn links(tree: &Html) -> Vec<(NodeId, String)> {
    let Ok(links) = Selector::parse("body a[href]") else { return Vec::new() };
    let found = tree.select(&links).take(MAX_ELEMENTS);
    found.filter_map(|link| Some((link.id(), link.attr("href")?.to_owned()))).collect()
}
