//! A page as a tree whose elements know the role they play, so that mutations can find them; roles are never written out.

use std::fmt::Write as _;

#[derive(Debug, Clone)]
pub(crate) enum Node {
    El(El),
    Text(String),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct El {
    pub(crate) tag: String,
    pub(crate) role: String,
    pub(crate) attrs: Vec<(String, String)>,
    pub(crate) children: Vec<Node>,
}

pub(crate) fn el(tag: &str, role: &str, children: Vec<Node>) -> El {
    El { tag: tag.to_owned(), role: role.to_owned(), attrs: Vec::new(), children }
}

pub(crate) fn text(text: impl Into<String>) -> Node {
    Node::Text(text.into())
}

impl El {
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.attrs.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn node(self) -> Node {
        Node::El(self)
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match self.attrs.iter_mut().find(|(key, _)| key == name) {
            Some((_, held)) => value.clone_into(held),
            None => self.attrs.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Visits every element, outermost first.
    pub(crate) fn each(&mut self, visit: &mut impl FnMut(&mut El)) {
        visit(self);
        for child in &mut self.children {
            if let Node::El(child) = child {
                child.each(visit);
            }
        }
    }

    /// Visits the children lists, so that elements can be added, moved or removed.
    pub(crate) fn each_list(&mut self, visit: &mut impl FnMut(&str, &mut Vec<Node>)) {
        let role = self.role.clone();
        visit(&role, &mut self.children);
        for child in &mut self.children {
            if let Node::El(child) = child {
                child.each_list(visit);
            }
        }
    }

    pub(crate) fn html(&self, out: &mut String) {
        let _ = write!(out, "<{}", self.tag);
        for (name, value) in &self.attrs {
            let _ = write!(out, " {name}=\"{}\"", escape(value));
        }
        out.push('>');
        if matches!(self.tag.as_str(), "img" | "meta" | "link" | "br" | "input") {
            return;
        }
        for child in &self.children {
            match child {
                Node::El(child) => child.html(out),
                Node::Text(text) if matches!(self.tag.as_str(), "script" | "style") => out.push_str(text),
                Node::Text(text) => out.push_str(&escape(text)),
            }
        }
        let _ = write!(out, "</{}>", self.tag);
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
