//! Whose number is it? Every value belongs to the nearest name around it: the smallest subtree that holds a handle decides. A page shows
//! many people (suggestions, viewers, authors of reposts), all in the same markup; a value with another's name nearest is never ours.

use std::collections::HashSet;

use super::address::{Style, Target};
use super::dom::{Dom, Sight};
use super::json::{JsonDoc, Key, Kind};
use super::number;

/// Whose a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The requested profile's.
    Own,
    /// A post's.
    Post,
    /// The profile's by far the most and last named; another's name stands somewhere beside.
    Likely,
    /// Names of both stand equally near.
    Mixed,
    /// Another's.
    Foreign,
    /// No name anywhere around.
    Unknown,
}

/// A name as handles are compared.
pub(crate) fn plain_handle(text: &str) -> String {
    text.trim().trim_start_matches('@').to_lowercase()
}

/// Whether a text could be a handle: one token of the letters handles are made of.
pub(crate) fn could_be_handle(text: &str) -> bool {
    let bare = text.trim().trim_start_matches('@');
    (2..=30).contains(&bare.len())
        && bare.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.')
        && bare.bytes().any(|b| b.is_ascii_lowercase())
        && !bare.starts_with('.')
        && !bare.ends_with('.')
}

/// Whether a text can hardly be anything but a handle.
fn surely_handle(text: &str) -> bool {
    let text = text.trim();
    let bare = text.trim_start_matches('@');
    could_be_handle(text)
        && bare.len() >= 5
        && (text.starts_with('@') || bare.bytes().any(|b| b.is_ascii_digit() || b == b'_'))
        && (!bare.starts_with(|c: char| c.is_ascii_digit()) || bare.contains('_'))
        && number::scan(bare, "").is_empty()
}

/// Accounts' own ids: what stands beside a handle as a long number, and stands for it elsewhere.
#[derive(Default)]
pub(crate) struct Ids {
    own: HashSet<String>,
    other: HashSet<String>,
}

impl Ids {
    /// Ids beside the profile's handle and beside others'.
    pub(crate) fn find(docs: &[JsonDoc], handle: &str) -> Self {
        let mut keys: HashSet<&str> = HashSet::new();
        for doc in docs {
            let named = doc.nodes.iter().filter(|node| node.scalar().is_some_and(|text| plain_handle(text) == handle));
            keys.extend(named.filter_map(|node| node.name()));
        }
        let mut ids = Self::default();
        for doc in docs {
            for (at, node) in doc.nodes.iter().enumerate() {
                let Some(text) = node.scalar().filter(|text| node.name().is_some_and(|name| keys.contains(name)) && could_be_handle(text)) else { continue };
                let beside = doc.children(doc.nodes[at].parent).filter_map(|child| match &doc.nodes[child].kind {
                    Kind::Text(id) if (9..=21).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit()) => Some(id.clone()),
                    _ => None,
                });
                if plain_handle(text) == handle { ids.own.extend(beside) } else { ids.other.extend(beside) }
            }
        }
        // An id that stands beside both is a post's, or nobody's.
        let both: Vec<String> = ids.own.intersection(&ids.other).cloned().collect();
        for id in both {
            ids.own.remove(&id);
            ids.other.remove(&id);
        }
        ids
    }
}

/// Names in a JSON document.
pub(crate) struct JsonOwners {
    /// Nodes that name the profile: strings, or containers whose key is the name.
    pub(crate) own: Vec<usize>,
    /// Per node: levels down to the nearest own name in its subtree; none is `FAR`.
    own_down: Vec<usize>,
    other_down: Vec<usize>,
    /// Per node: whether it lies in a list whose items each name the profile: posts.
    pub(crate) in_list: Vec<bool>,
}

const FAR: usize = usize::MAX;

impl JsonOwners {
    /// Finds the names of a document. `names` are the profile's: its handle, and other handles never mean it.
    pub(crate) fn find(doc: &JsonDoc, handle: &str, ids: &Ids) -> Self {
        let count = doc.nodes.len();
        let mut own_marks = Vec::new();
        let mut keys: HashSet<&str> = HashSet::new();
        for (at, node) in doc.nodes.iter().enumerate() {
            match &node.kind {
                Kind::Text(text) if text.len() <= 40 && plain_handle(text) == handle => {
                    own_marks.push(at);
                    keys.extend(node.name());
                }
                Kind::Object | Kind::List if node.name().is_some_and(|name| plain_handle(name) == handle || ids.own.contains(name)) => own_marks.push(at),
                Kind::Text(text) if ids.own.contains(text) => own_marks.push(at),
                _ => {}
            }
        }
        let mut owners = Self { own: own_marks, own_down: vec![FAR; count], other_down: vec![FAR; count], in_list: vec![false; count] };
        let mut other = vec![false; count];
        for (at, node) in doc.nodes.iter().enumerate() {
            other[at] = match (&node.kind, node.name()) {
                (Kind::Text(text), Some(name)) => ids.other.contains(text) || (keys.contains(name) && could_be_handle(text) && plain_handle(text) != handle),
                (Kind::Object | Kind::List, Some(name)) => ids.other.contains(name),
                _ => false,
            };
        }
        owners.mark_siblings_of_named_maps(doc, handle, &mut other);
        owners.measure(doc, &other);
        owners.mark_lists(doc);
        owners
    }

    /// In a map from handle to profile, the other keys are other profiles.
    fn mark_siblings_of_named_maps(&self, doc: &JsonDoc, handle: &str, other: &mut [bool]) {
        for &at in &self.own {
            if !doc.nodes[at].is_container() {
                continue;
            }
            for sibling in doc.children(doc.nodes[at].parent) {
                let named = doc.nodes[sibling].name().is_some_and(|name| could_be_handle(name) && plain_handle(name) != handle);
                if named && doc.nodes[sibling].is_container() {
                    other[sibling] = true;
                }
            }
        }
    }

    fn measure(&mut self, doc: &JsonDoc, other: &[bool]) {
        for &at in &self.own {
            self.own_down[at] = 0;
        }
        for at in (0..doc.nodes.len()).rev() {
            if other[at] {
                self.other_down[at] = 0;
            }
            let parent = doc.nodes[at].parent;
            if at != parent {
                self.own_down[parent] = self.own_down[parent].min(self.own_down[at].saturating_add(1));
                self.other_down[parent] = self.other_down[parent].min(self.other_down[at].saturating_add(1));
            }
        }
    }

    /// A list, or a map by id, two or more of whose items each name the profile is a list of its posts.
    fn mark_lists(&mut self, doc: &JsonDoc) {
        for at in 0..doc.nodes.len() {
            if !doc.nodes[at].is_container() || self.own_down[at] == FAR {
                continue;
            }
            let repeated = matches!(doc.nodes[at].kind, Kind::List) || map_by_id(doc, at);
            let named = |child: &usize| doc.nodes[*child].is_container() && self.own_down[*child] != FAR;
            if repeated && doc.children(at).filter(named).count() >= 2 {
                for inner in at + 1..doc.nodes[at].end {
                    self.in_list[inner] = true;
                }
            }
        }
    }

    /// Whose a node is.
    pub(crate) fn of(&self, doc: &JsonDoc, at: usize) -> Owner {
        if self.in_list[at] {
            return Owner::Post;
        }
        let mut here = at;
        loop {
            match (self.own_down[here], self.other_down[here]) {
                (FAR, FAR) => {}
                (own, other) if own < other => return Owner::Own,
                (own, other) if own == other => return Owner::Mixed,
                _ => return Owner::Foreign,
            }
            let parent = doc.nodes[here].parent;
            if parent == here {
                return Owner::Unknown;
            }
            here = parent;
        }
    }

    /// Whether a subtree names another profile nearer than, or as near as, ours.
    pub(crate) fn foreign_record(&self, at: usize) -> bool {
        self.other_down[at] != FAR && self.other_down[at] <= self.own_down[at]
    }

    /// Whether a subtree names the profile.
    pub(crate) fn names_us(&self, at: usize) -> bool {
        self.own_down[at] != FAR
    }

    /// The own name that decides over a node: in the smallest subtree around it, the one least deep.
    pub(crate) fn anchor(&self, doc: &JsonDoc, at: usize) -> Option<(usize, usize)> {
        let mut here = at;
        while self.own_down[here] == FAR {
            let parent = doc.nodes[here].parent;
            if parent == here {
                return None;
            }
            here = parent;
        }
        let depth = doc.nodes[here].depth + self.own_down[here];
        let from = self.own.partition_point(|&mark| mark < here);
        let mark = self.own[from..].iter().copied().take_while(|&mark| mark < doc.nodes[here].end);
        mark.into_iter().find(|&mark| doc.nodes[mark].depth == depth && !self.in_list[mark]).map(|mark| (mark, here))
    }
}

/// A map whose keys are ids or handles, not words: long, alike in length, with digits or capitals, and containers behind all of them.
pub(crate) fn map_by_id(doc: &JsonDoc, at: usize) -> bool {
    let (mut children, mut digits) = (0, 0);
    let (mut shortest, mut longest) = (usize::MAX, 0);
    for child in doc.children(at) {
        let Key::Name(name) = &doc.nodes[child].key else { return false };
        if name.len() < 9 || !doc.nodes[child].is_container() {
            return false;
        }
        shortest = shortest.min(name.len());
        longest = longest.max(name.len());
        digits += usize::from(name.bytes().any(|b| b.is_ascii_digit()));
        children += 1;
    }
    children >= 1 && digits * 2 >= children && (children == 1 || longest - shortest <= 2)
}

/// Names among the page's elements.
pub(crate) struct DomOwners {
    own: Vec<u32>,
    other: Vec<u32>,
    passing: Vec<u32>,
    post: Vec<u32>,
    foreign_post: Vec<u32>,
    /// Where people are named, in order, and whether it is the profile.
    order: Vec<(usize, bool)>,
    /// Elements that show the profile's name as their text, for anchoring.
    pub(crate) names: Vec<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Own,
    Other,
    /// Another's name inside a sentence.
    Passing,
    OwnPost,
    ForeignPost,
    Post,
}

impl DomOwners {
    /// Finds the names of a page. `others` are handles known from elsewhere on the page.
    pub(crate) fn find(dom: &Dom, style: &Style, handle: &str, others: &HashSet<String>) -> Self {
        let mut marks: Vec<(usize, Mark)> = Vec::new();
        let mut others = others.clone();
        for (at, element) in dom.elements.iter().enumerate() {
            if let Some(href) = element.attr("href") {
                marks.extend(link_mark(dom, style, handle, at, href, &mut others));
            }
        }
        let names = text_marks(dom, handle, &others, &mut marks);
        for (at, element) in dom.elements.iter().enumerate() {
            let spoken = element.attr("alt").or_else(|| element.attr("aria-label")).unwrap_or_default();
            if spoken.len() <= 120 {
                let mut words = spoken.split(|c: char| c.is_whitespace() || matches!(c, '\'' | '’' | ',' | ':' | '(' | ')')).map(plain_handle);
                if words.any(|word| word.trim_matches('.') == handle) {
                    marks.push((at, Mark::Own));
                } else if spoken.split(['\'', '’', ' ']).next().is_some_and(|word| others.contains(&plain_handle(word))) {
                    marks.push((at, Mark::Other));
                }
            }
        }
        let sums = |kinds: &[Mark]| {
            let mut sums = vec![0_u32; dom.elements.len() + 1];
            for (at, mark) in &marks {
                if kinds.contains(mark) {
                    sums[at + 1] += 1;
                }
            }
            for at in 1..sums.len() {
                sums[at] += sums[at - 1];
            }
            sums
        };
        let mut order: Vec<(usize, bool)> =
            marks.iter().filter(|(_, mark)| matches!(mark, Mark::Own | Mark::Other)).map(|&(at, mark)| (at, mark == Mark::Own)).collect();
        order.sort_unstable();
        Self {
            order,
            own: sums(&[Mark::Own]),
            other: sums(&[Mark::Other]),
            passing: sums(&[Mark::Passing]),
            post: sums(&[Mark::OwnPost, Mark::Post]),
            foreign_post: sums(&[Mark::ForeignPost]),
            names,
        }
    }

    fn within(sums: &[u32], dom: &Dom, at: usize) -> u32 {
        sums[dom.elements[at].end] - sums[at]
    }

    /// How often the profile is named inside an element.
    pub(crate) fn names_us(&self, dom: &Dom, at: usize) -> bool {
        Self::within(&self.own, dom, at) > 0
    }

    /// Whether another is named inside an element, in passing or not.
    pub(crate) fn names_other(&self, dom: &Dom, at: usize) -> bool {
        Self::within(&self.other, dom, at) + Self::within(&self.foreign_post, dom, at) > 0
    }

    /// Whether the last name before an element, inside a region, is the profile's.
    fn last_named(&self, at: usize, region: usize) -> bool {
        let before = self.order.partition_point(|&(mark, _)| mark <= at);
        self.order[..before].last().is_some_and(|&(mark, own)| own && mark >= region)
    }

    /// Whose an element is, and the element whose names decided.
    pub(crate) fn of(&self, dom: &Dom, at: usize) -> (Owner, usize) {
        for here in dom.upward(at) {
            let own = Self::within(&self.own, dom, here);
            let other = Self::within(&self.other, dom, here);
            let foreign = Self::within(&self.foreign_post, dom, here);
            let post = Self::within(&self.post, dom, here);
            let owner = match (own > 0, other + foreign > 0, post > 0) {
                (true, false, _) => Owner::Own,
                (true, true, _) if own >= 2 * (other + foreign) && self.last_named(at, here) => Owner::Likely,
                (true, true, _) => Owner::Mixed,
                (false, true, _) => Owner::Foreign,
                (false, false, true) => Owner::Post,
                (false, false, false) if Self::within(&self.passing, dom, here) > 0 && here == at => Owner::Foreign,
                (false, false, false) => continue,
            };
            return (owner, here);
        }
        (Owner::Unknown, 0)
    }
}

fn link_mark(dom: &Dom, style: &Style, handle: &str, at: usize, href: &str, others: &mut HashSet<String>) -> Option<(usize, Mark)> {
    let mark = match style.target(href) {
        Target::Profile(name) if name == handle => Mark::Own,
        Target::Profile(name) => {
            let parent = dom.elements[at].parent;
            let (from, to) = dom.elements[parent].texts;
            let sentence = dom.texts[from..to].iter().any(|text| text.element == parent);
            others.insert(name);
            if sentence { Mark::Passing } else { Mark::Other }
        }
        Target::Post { owner: Some(owner), .. } if owner == handle => Mark::OwnPost,
        Target::Post { owner: Some(owner), .. } => {
            others.insert(owner);
            Mark::ForeignPost
        }
        Target::Post { owner: None, .. } => Mark::Post,
        Target::Outside | Target::Inside => return None,
    };
    Some((at, mark))
}

/// Texts that are a name by themselves. What stands where our name stands, in the same markup, is another's name.
fn text_marks(dom: &Dom, handle: &str, others: &HashSet<String>, marks: &mut Vec<(usize, Mark)>) -> Vec<usize> {
    let shape = |at: usize| (dom.elements[at].tag.as_str(), dom.elements[at].attr("class").unwrap_or_default());
    let mut names = Vec::new();
    let mut shapes = HashSet::new();
    let mut rest = Vec::new();
    for (index, node) in dom.texts.iter().enumerate() {
        let element = &dom.elements[node.element];
        if element.sight == Sight::Hidden || node.text.len() > 60 {
            continue;
        }
        let joined = joined_name(dom, index, handle);
        let (at, text) = joined.unwrap_or((node.element, node.text.clone()));
        if plain_handle(&text) == handle {
            marks.push((at, Mark::Own));
            names.push(at);
            if !shape(at).1.is_empty() || shape(at).0 != "span" {
                shapes.insert(shape(at));
            }
        } else if could_be_handle(&text) && !in_outside_link(dom, at) {
            rest.push((at, text));
        }
    }
    for (at, text) in rest {
        let named = surely_handle(&text) || others.contains(&plain_handle(&text)) || (shapes.contains(&shape(at)) && text.trim().len() >= 4);
        if named && number::whole(&text, &dom.lang).is_none() {
            marks.push((at, Mark::Other));
        }
    }
    names
}

/// A name torn into several texts, as of the first of them.
fn joined_name(dom: &Dom, index: usize, handle: &str) -> Option<(usize, String)> {
    let element = dom.texts[index].element;
    for at in dom.upward(element).take(4) {
        let (from, to) = dom.elements[at].texts;
        if to - from < 2 {
            continue;
        }
        if to - from > 5 || from != index {
            return None;
        }
        let joined: String = dom.texts[from..to].iter().map(|text| text.text.trim()).collect();
        let counted = dom.texts[from..to].iter().any(|text| text.text.trim().starts_with(|c: char| c.is_ascii_digit()));
        let named = plain_handle(&joined) == handle || (!counted && could_be_handle(&joined));
        return named.then_some((at, joined));
    }
    None
}

fn in_outside_link(dom: &Dom, at: usize) -> bool {
    dom.upward(at).take(4).any(|up| {
        dom.elements[up].tag == "a" && dom.elements[up].attr("href").is_some_and(|href| href.starts_with("http") && !href.contains("/@"))
    })
}

impl DomOwners {
    fn people(&self, dom: &Dom, at: usize) -> (bool, bool) {
        (Self::within(&self.own, dom, at) > 0, Self::within(&self.other, dom, at) + Self::within(&self.foreign_post, dom, at) > 0)
    }

    /// The largest surrounding of a post in which nobody is named.
    pub(crate) fn grid_root(&self, dom: &Dom, at: usize) -> usize {
        dom.upward(at).take_while(|&up| self.people(dom, up) == (false, false)).last().unwrap_or(at)
    }

    /// Whose the surroundings of a grid are.
    pub(crate) fn around(&self, dom: &Dom, at: usize) -> Owner {
        let decided = dom.upward(at).map(|up| self.people(dom, up)).find(|people| *people != (false, false));
        match decided {
            Some((true, false)) => Owner::Own,
            Some((true, true)) => Owner::Mixed,
            Some((false, _)) => Owner::Foreign,
            None => Owner::Unknown,
        }
    }
}

impl JsonOwners {
    /// Whose a container is, from outside of it.
    pub(crate) fn of_container(&self, doc: &JsonDoc, at: usize) -> Owner {
        let mut here = doc.nodes[at].parent;
        loop {
            match (self.own_down[here], self.other_down[here]) {
                (FAR, FAR) => {}
                (own, other) if own < other => return Owner::Own,
                (own, other) if own == other => return Owner::Mixed,
                _ => return Owner::Foreign,
            }
            if doc.nodes[here].parent == here {
                return Owner::Unknown;
            }
            here = doc.nodes[here].parent;
        }
    }
}
