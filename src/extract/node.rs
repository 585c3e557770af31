//! One record in whichever language it stands: a JSON value, an element, or a page's meta tags. Rules are the same for
//! all three; only finding differs.

use std::borrow::Cow;
use std::ops::ControlFlow;

use scraper::{ElementRef, Node as HtmlNode};

use super::html::Head;
use super::json::Json;
use super::path::Variables;
use super::program::Place;

/// A record.
#[derive(Debug, Clone, Copy)]
pub(super) enum Node<'n> {
    Json(&'n Json<'n>),
    Element(ElementRef<'n>),
    Meta(&'n Head<'n>),
}

impl<'n> Node<'n> {
    /// Calls `found` with each thing that a place finds here, in order, until it says break: most values stand near the
    /// beginning of a page, and looking through all of it for each of them costs more than parsing it.
    pub(super) fn visit(
        self,
        place: &Place,
        variables: Variables<'_>,
        found: &mut dyn FnMut(Found<'n>) -> ControlFlow<()>,
    ) {
        match (self, place) {
            (Self::Json(json), Place::Json(path)) => {
                path.visit(json, variables, &mut |value| found(Found::Json(value)))
            }
            (Self::Element(element), Place::Css(None)) => {
                let _ = found(Found::Element(element));
            }
            (Self::Element(element), Place::Css(Some(css))) => {
                let _ = element.select(css).map(Found::Element).try_for_each(found);
            }
            (Self::Meta(head), Place::Meta(name)) => {
                let _ = head.meta(name).map(Found::Text).into_iter().try_for_each(found);
            }
            _ => {}
        }
    }

    /// What a place finds here, in order.
    pub(super) fn find(self, place: &Place, variables: Variables<'_>) -> Vec<Found<'n>> {
        let mut all = Vec::new();
        self.visit(place, variables, &mut |found| {
            all.push(found);
            ControlFlow::Continue(())
        });
        all
    }

    /// Whether a place finds something here.
    pub(super) fn has(self, place: &Place, variables: Variables<'_>) -> bool {
        match (self, place) {
            (Self::Json(json), Place::Json(path)) => path.finds(json, variables),
            _ => {
                let mut there = false;
                self.visit(place, variables, &mut |_| {
                    there = true;
                    ControlFlow::Break(())
                });
                there
            }
        }
    }
}

/// One thing found.
#[derive(Debug, Clone, Copy)]
pub(super) enum Found<'n> {
    Json(&'n Json<'n>),
    Element(ElementRef<'n>),
    Text(&'n str),
}

impl<'n> Found<'n> {
    /// Its text: a scalar's, an attribute's, or an element's as shown. None where there is none; null is none.
    pub(super) fn text(self, attr: Option<&str>) -> Option<Cow<'n, str>> {
        match self {
            Self::Json(json) => json.scalar(),
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Element(element) => match attr {
                Some(attr) => element.value().attr(attr).map(Cow::Borrowed),
                None => Some(Cow::Owned(shown_text(element))),
            },
        }
    }

    /// Whether something stands there at all; null is nothing, an empty list is something.
    pub(super) fn exists(self) -> bool {
        !matches!(self, Self::Json(Json::Null))
    }

    /// As a record of its own.
    pub(super) fn node(self) -> Option<Node<'n>> {
        match self {
            Self::Json(json) => Some(Node::Json(json)),
            Self::Element(element) => Some(Node::Element(element)),
            Self::Text(_) => None,
        }
    }

    /// The element that it is.
    pub(super) fn element(self) -> Option<ElementRef<'n>> {
        match self {
            Self::Element(element) => Some(element),
            Self::Json(_) | Self::Text(_) => None,
        }
    }

    /// Whether it stood in JSON, where numbers are written as numbers and not for people.
    pub(super) fn is_json(self) -> bool {
        matches!(self, Self::Json(_))
    }
}

/// An element's text as a visitor sees it: line breaks kept, scripts and styles left out.
pub(super) fn shown_text(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    let mut hidden_until = None;
    for edge in element.traverse() {
        match edge {
            ego_tree::iter::Edge::Open(node) => {
                if hidden_until.is_some() {
                    continue;
                }
                if let HtmlNode::Text(part) = node.value() {
                    text.push_str(part);
                } else if let HtmlNode::Element(inner) = node.value() {
                    match inner.name() {
                        "br" => text.push('\n'),
                        "script" | "style" | "noscript" | "title" => hidden_until = Some(node.id()),
                        _ => {}
                    }
                }
            }
            ego_tree::iter::Edge::Close(node) => {
                if hidden_until == Some(node.id()) {
                    hidden_until = None;
                }
            }
        }
    }
    text
}
