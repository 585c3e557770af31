//! The page's elements flattened into one array in document order, its texts into another. What a person cannot see (scripts,
//! `display: none`, templates) is marked once here, because a hidden copy is where stale and planted values live.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use ego_tree::NodeId;
use scraper::{Html, Node, Selector};

use super::tongue;

/// Elements one page may have; what lies beyond is not looked at.
const ELEMENTS_MAX: usize = 60_000;

/// Letters that data in a comment has at least.
const KEPT_MIN: usize = 40;

/// Whether a person sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sight {
    /// Seen.
    Shown,
    /// Made for screen readers only, or hidden from them: weaker than what is shown.
    Dim,
    /// Not seen.
    Hidden,
}

/// One element.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) parent: usize,
    /// One past the last element of its subtree.
    pub(crate) end: usize,
    pub(crate) depth: usize,
    pub(crate) tag: String,
    pub(crate) attrs: Vec<(String, String)>,
    pub(crate) sight: Sight,
    /// The texts of its subtree, as a range of [`Dom::texts`].
    pub(crate) texts: (usize, usize),
}

impl Element {
    /// An attribute's value.
    pub(crate) fn attr(&self, name: &str) -> Option<&str> {
        self.attrs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// One text.
#[derive(Debug)]
pub(crate) struct TextNode {
    /// The element it stands in.
    pub(crate) element: usize,
    pub(crate) text: String,
    /// Whether a block or a line break begins between the text before and this one.
    pub(crate) breaks: bool,
    /// Whether white space stands between the text before and this one.
    pub(crate) spaced: bool,
}

/// A script.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) text: String,
}

/// The page's elements.
pub(crate) struct Dom {
    html: Html,
    index: HashMap<NodeId, usize>,
    pub(crate) elements: Vec<Element>,
    pub(crate) texts: Vec<TextNode>,
    scripts: Vec<Script>,
    /// `html lang`, lower case.
    pub(crate) lang: String,
    pub(crate) title: String,
    /// (property or name, content).
    pub(crate) meta: Vec<(String, String)>,
    pub(crate) canonical: Option<String>,
}

impl Dom {
    /// Parses HTML.
    pub(crate) fn parse(html: &str) -> Self {
        let html = Html::parse_document(html);
        let mut dom = Self {
            index: HashMap::new(),
            elements: Vec::new(),
            texts: Vec::new(),
            scripts: Vec::new(),
            lang: String::new(),
            title: String::new(),
            meta: Vec::new(),
            canonical: None,
            html: Html::new_document(),
        };
        let mut walk = Walk { hiding: hiding_classes(&html), pending_break: true, pending_space: false };
        for child in html.tree.root().children() {
            dom.add(child, 0, 0, Sight::Shown, &mut walk);
        }
        dom.html = html;
        dom.lang = tongue::spoken(&dom);
        dom
    }

    fn add(&mut self, node: ego_tree::NodeRef<'_, Node>, parent: usize, depth: usize, sight: Sight, walk: &mut Walk) {
        match node.value() {
            Node::Text(text) => {
                let text = visible(text).into_owned();
                if !text.trim().is_empty() && !self.elements.is_empty() {
                    let (breaks, spaced) = (walk.pending_break, walk.pending_space);
                    self.texts.push(TextNode { element: parent, text, breaks, spaced });
                    (walk.pending_break, walk.pending_space) = (false, false);
                } else {
                    walk.pending_space = true;
                }
            }
            Node::Element(element) => self.add_element(node, element, parent, depth, sight, walk),
            Node::Document | Node::Fragment => {
                for child in node.children() {
                    self.add(child, parent, depth, sight, walk);
                }
            }
            // Sites keep data in comments, where no reader and no style meets it.
            Node::Comment(comment) => {
                let text = comment.trim();
                if text.len() >= KEPT_MIN && text.starts_with(['{', '[']) && text.ends_with(['}', ']']) {
                    let (kind, name) = ("application/json".to_owned(), "comment".to_owned());
                    self.scripts.push(Script { kind, name, text: text.to_owned() });
                }
            }
            Node::Doctype(_) | Node::ProcessingInstruction(_) => {}
        }
    }

    fn add_element(
        &mut self,
        node: ego_tree::NodeRef<'_, Node>,
        element: &scraper::node::Element,
        parent: usize,
        depth: usize,
        above: Sight,
        walk: &mut Walk,
    ) {
        if self.elements.len() >= ELEMENTS_MAX || depth > 400 {
            return;
        }
        let tag = element.name().to_owned();
        if self.kept_apart(node, element, &tag) {
            return;
        }
        let attrs: Vec<(String, String)> =
            element.attrs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let at = self.elements.len();
        let folded = self.elements.get(parent).is_some_and(|above| is_folded(&above.tag, &above.attrs, &tag));
        let own = own_sight(&tag, &attrs, &walk.hiding);
        let sight = above.max(own).max(if folded { Sight::Hidden } else { Sight::Shown });
        if tag == "html" {
            self.lang = element.attr("lang").unwrap_or_default().to_lowercase();
        }
        let block = is_block(&tag) || attrs.iter().any(|(name, value)| name == "style" && is_styled_block(value));
        walk.pending_break |= block;
        let first_text = self.texts.len();
        self.index.insert(node.id(), at);
        self.elements.push(Element { parent, end: at + 1, depth, tag, attrs, sight, texts: (first_text, first_text) });
        for child in node.children() {
            self.add(child, at, depth + 1, sight, walk);
        }
        walk.pending_break |= block;
        self.elements[at].end = self.elements.len();
        self.elements[at].texts.1 = self.texts.len();
    }

    /// Scripts, styles and what stands in the head are taken out of the elements.
    fn kept_apart(&mut self, node: ego_tree::NodeRef<'_, Node>, element: &scraper::node::Element, tag: &str) -> bool {
        let text = || node.descendants().filter_map(|inner| inner.value().as_text().map(|text| text.to_string()));
        let attr = |name: &str| element.attr(name).unwrap_or_default().to_owned();
        match tag {
            "script" => {
                self.scripts.push(Script { kind: attr("type"), name: attr("id"), text: text().collect() });
            }
            "style" | "template" => {}
            "title" if self.title.is_empty() => self.title = text().collect::<String>().trim().to_owned(),
            "meta" => {
                let name =
                    element.attr("property").or_else(|| element.attr("name")).or_else(|| element.attr("itemprop"));
                if let (Some(name), Some(content)) = (name, element.attr("content")) {
                    self.meta.push((name.to_lowercase(), content.to_owned()));
                }
            }
            "link" => {
                if element.attr("rel").is_some_and(|rel| rel.eq_ignore_ascii_case("canonical")) {
                    self.canonical = element.attr("href").map(str::to_owned);
                }
            }
            _ => return false,
        }
        true
    }

    /// A meta tag's content.
    pub(crate) fn meta(&self, name: &str) -> Option<&str> {
        self.meta.iter().find(|(key, _)| key == name).map(|(_, content)| content.as_str())
    }

    /// The page's scripts.
    pub(crate) fn scripts(&self) -> &[Script] {
        &self.scripts
    }

    /// Attributes that hold JSON.
    pub(crate) fn json_attributes(&self) -> impl Iterator<Item = &str> {
        self.elements
            .iter()
            .flat_map(|element| &element.attrs)
            .map(|(_, value)| value.as_str())
            .filter(|value| value.len() > 40 && value.trim_start().starts_with(['{', '[']))
    }

    /// The elements a CSS selector finds, in document order; a selector that is none finds none.
    pub(crate) fn select(&self, selector: &str) -> Vec<usize> {
        let Ok(selector) = Selector::parse(selector) else { return Vec::new() };
        self.html.select(&selector).filter_map(|found| self.index.get(&found.id()).copied()).collect()
    }

    /// The text of an element as a person reads it: blocks on lines of their own.
    pub(crate) fn text_of(&self, at: usize) -> String {
        let (from, to) = self.elements[at].texts;
        let hidden = self.elements[at].sight;
        if let [only] = &self.texts[from..to]
            && self.elements[only.element].sight <= hidden
            && !only.text.contains(['\n', '\r'])
        {
            return only.text.trim().to_owned();
        }
        let mut joined = String::new();
        for node in &self.texts[from..to] {
            if self.elements[node.element].sight > hidden {
                continue;
            }
            if !joined.is_empty() && (node.breaks || node.spaced) {
                joined.push(if node.breaks { '\n' } else { ' ' });
            }
            joined.push_str(&node.text);
        }
        joined.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// An element and those around it, innermost first.
    pub(crate) fn upward(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let mut next = Some(at);
        std::iter::from_fn(move || {
            let here = next?;
            let parent = self.elements[here].parent;
            next = (here != parent && here != 0).then_some(parent);
            Some(here)
        })
    }
}

/// A text without the signs that only steer its direction or its breaks: at its ends, and inside of a number.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    let steers = |c: char| matches!(u32::from(c), 0x200B | 0x200E | 0x200F | 0x202A..=0x202E | 0x2060 | 0x2066..=0x2069 | 0xFEFF);
    if !text.contains(steers) {
        return Cow::Borrowed(text);
    }
    let short = text.trim().chars().count() <= 32 && text.contains(char::is_numeric);
    Cow::Owned(if short { text.replace(steers, "") } else { trimmed(text, steers) })
}

/// Signs are taken off the ends of what white space surrounds.
fn trimmed(text: &str, steers: impl Fn(char) -> bool) -> String {
    let inner = text.trim_matches(|c: char| c.is_whitespace() || steers(c));
    let (front, back) = (text.starts_with(char::is_whitespace), text.ends_with(char::is_whitespace));
    format!("{}{inner}{}", if front { " " } else { "" }, if back { " " } else { "" })
}

struct Walk {
    hiding: HashSet<String>,
    pending_break: bool,
    pending_space: bool,
}

fn own_sight(tag: &str, attrs: &[(String, String)], hiding: &HashSet<String>) -> Sight {
    let closed = tag == "dialog" && !attrs.iter().any(|(name, _)| name == "open");
    // What is struck through is what does not hold any more.
    if closed || matches!(tag, "noscript" | "template" | "head" | "s" | "del" | "strike") {
        return Sight::Hidden;
    }
    let mut sight = Sight::Shown;
    for (name, value) in attrs {
        sight = sight.max(match name.as_str() {
            "hidden" => Sight::Hidden,
            "style" => style_sight(value),
            "aria-hidden" if value == "true" => Sight::Dim,
            "class" if value.split_whitespace().any(|class| hiding.contains(class)) => Sight::Hidden,
            "class" if value.split_whitespace().any(is_screen_reader_class) => Sight::Dim,
            _ => Sight::Shown,
        });
    }
    sight
}

/// Whether a child of a closed `details` is folded away: all but its summary.
fn is_folded(parent: &str, attrs: &[(String, String)], child: &str) -> bool {
    parent == "details" && child != "summary" && !attrs.iter().any(|(name, _)| name == "open")
}

fn style_sight(style: &str) -> Sight {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    if ["display:none", "visibility:hidden", "visibility:collapse", "content-visibility:hidden"]
        .iter()
        .any(|rule| style.contains(rule))
    {
        return Sight::Hidden;
    }
    let zero = ["opacity:0", "font-size:0", "width:0", "height:0", "max-height:0"];
    let ends =
        |rest: &str| rest.is_empty() || rest.starts_with([';', '!']) || rest.starts_with("px") || rest.starts_with("%");
    let shrunk = zero.iter().any(|rule| style.match_indices(rule).any(|(at, _)| ends(&style[at + rule.len()..])));
    let away = style.contains("clip:rect(")
        || style.contains("clip-path:inset(")
        || style.contains(":-999")
        || style.contains("scale(0)");
    if shrunk || away { Sight::Dim } else { Sight::Shown }
}

/// Whether a style puts an element on lines of its own.
fn is_styled_block(style: &str) -> bool {
    let style: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    ["block", "flex", "grid", "table", "list-item", "flow-root"].iter().any(|kind| {
        style.match_indices("display:").any(|(at, rule)| {
            let value = style[at + rule.len()..].strip_prefix(kind);
            value.is_some_and(|rest| rest.is_empty() || rest.starts_with([';', '!']))
        })
    })
}

fn is_screen_reader_class(class: &str) -> bool {
    let class = class.to_lowercase();
    ["sr-only", "visually-hidden", "visuallyhidden", "screen-reader", "screenreader", "offscreen"]
        .iter()
        .any(|part| class.contains(part))
}

/// Class names that the page's own style sheets hide.
fn hiding_classes(html: &Html) -> HashSet<String> {
    let mut classes = HashSet::new();
    let Ok(selector) = Selector::parse("style") else { return classes };
    for style in html.select(&selector) {
        let text: String = style.text().collect();
        for rule in text.split('}') {
            let Some((selectors, body)) = rule.split_once('{') else { continue };
            if style_sight(body) != Sight::Hidden {
                continue;
            }
            for one in selectors.split(',') {
                let class = one.trim().strip_prefix('.');
                let plain = |class: &&str| class.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
                classes.extend(class.filter(plain).map(str::to_owned));
            }
        }
    }
    classes
}

fn is_block(tag: &str) -> bool {
    matches!(
        tag,
        "div"
            | "p"
            | "br"
            | "li"
            | "ul"
            | "ol"
            | "dl"
            | "dt"
            | "dd"
            | "section"
            | "article"
            | "header"
            | "footer"
            | "main"
            | "aside"
            | "nav"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "table"
            | "tr"
            | "td"
            | "th"
            | "figure"
            | "figcaption"
            | "form"
            | "body"
            | "html"
            | "blockquote"
            | "pre"
    )
}
