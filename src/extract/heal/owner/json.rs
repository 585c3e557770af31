//! Names in JSON: handles, the ids that stand for them, and whose everything else is.

use std::collections::HashSet;

use super::super::json::{JsonDoc, Key, Kind};
use super::{Owner, could_be_handle, is_handle};

/// Where a name stands in its record: under a key, or in a place of so many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Slot<'a> {
    Key(&'a str),
    Place(usize, usize),
}

fn slot(doc: &JsonDoc, at: usize) -> Option<Slot<'_>> {
    match &doc.nodes[at].key {
        Key::Name(name) => Some(Slot::Key(name)),
        Key::Index(place) => Some(Slot::Place(*place, doc.children(doc.nodes[at].parent).take(PLACES_MAX).count()))
            .filter(|slot| !matches!(slot, Slot::Place(_, PLACES_MAX))),
        Key::Root => None,
    }
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
        let mut keys: HashSet<Slot<'_>> = HashSet::new();
        for doc in docs {
            let is_ours = |at: &usize| doc.nodes[*at].scalar().is_some_and(|text| is_handle(text, handle));
            keys.extend((0..doc.nodes.len()).filter(is_ours).filter_map(|at| slot(doc, at)));
        }
        let mut ids = Self::default();
        for doc in docs {
            for (at, node) in doc.nodes.iter().enumerate() {
                let Some(text) = node
                    .scalar()
                    .filter(|text| could_be_handle(text) && slot(doc, at).is_some_and(|slot| keys.contains(&slot)))
                else {
                    continue;
                };
                let beside = doc.children(doc.nodes[at].parent).filter_map(|child| match &doc.nodes[child].kind {
                    Kind::Text(id) if (9..=21).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit()) => {
                        Some(id.clone())
                    }
                    Kind::Text(_) | Kind::Object | Kind::List | Kind::Number(_) | Kind::Flag | Kind::Null => None,
                });
                if is_handle(text, handle) { ids.own.extend(beside) } else { ids.other.extend(beside) }
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
    /// The same for own names outside of lists of posts: the profile's own object.
    home_down: Vec<usize>,
    /// Per node: whether it lies in a list whose items each name the profile: posts.
    pub(crate) in_list: Vec<bool>,
    /// Ranges of nodes that only repeat the past.
    pub(crate) stale: Vec<(usize, usize)>,
}

const FAR: usize = usize::MAX;
/// Places that a record may have.
const PLACES_MAX: usize = 40;
/// Parts that a document is looked at in.
const PARTS_MAX: usize = 8;

impl JsonOwners {
    /// Finds the names of a document. `names` are the profile's: its handle, and other handles never mean it.
    pub(crate) fn find(doc: &JsonDoc, handle: &str, ids: &Ids) -> Self {
        let count = doc.nodes.len();
        let mut own_marks = Vec::new();
        let mut keys: HashSet<Slot<'_>> = HashSet::new();
        for (at, node) in doc.nodes.iter().enumerate() {
            match &node.kind {
                Kind::Text(text) if text.len() <= 40 && is_handle(text, handle) => {
                    own_marks.push(at);
                    keys.extend(slot(doc, at));
                }
                Kind::Object | Kind::List
                    if node.name().is_some_and(|name| is_handle(name, handle) || ids.own.contains(name)) =>
                {
                    own_marks.push(at)
                }
                Kind::Text(text) if ids.own.contains(text) => own_marks.push(at),
                Kind::Text(_) | Kind::Object | Kind::List | Kind::Number(_) | Kind::Flag | Kind::Null => {}
            }
        }
        let mut owners = Self {
            own: own_marks,
            own_down: vec![FAR; count],
            other_down: vec![FAR; count],
            home_down: vec![FAR; count],
            in_list: vec![false; count],
            stale: Vec::new(),
        };
        let mut other = vec![false; count];
        for (at, node) in doc.nodes.iter().enumerate() {
            other[at] = match (&node.kind, node.name()) {
                (Kind::Text(text), _) => {
                    let named = || slot(doc, at).is_some_and(|slot| keys.contains(&slot));
                    ids.other.contains(text) || (could_be_handle(text) && !is_handle(text, handle) && named())
                }
                (Kind::Object | Kind::List, Some(name)) => ids.other.contains(name),
                _ => false,
            };
        }
        owners.mark_siblings_of_named_maps(doc, handle, &mut other);
        owners.measure(doc, &other);
        owners.mark_lists(doc);
        owners.measure_home(doc);
        owners
    }

    /// In a map from handle to profile, the other keys are other profiles.
    fn mark_siblings_of_named_maps(&self, doc: &JsonDoc, handle: &str, other: &mut [bool]) {
        for &at in &self.own {
            if !doc.nodes[at].is_container() {
                continue;
            }
            for sibling in doc.children(doc.nodes[at].parent) {
                let named =
                    doc.nodes[sibling].name().is_some_and(|name| could_be_handle(name) && !is_handle(name, handle));
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

    fn measure_home(&mut self, doc: &JsonDoc) {
        for &at in self.own.iter().filter(|&&at| !self.in_list[at]) {
            self.home_down[at] = 0;
        }
        for at in (1..doc.nodes.len()).rev() {
            let parent = doc.nodes[at].parent;
            self.home_down[parent] = self.home_down[parent].min(self.home_down[at].saturating_add(1));
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

    /// Whose a node is, and the node that says so.
    pub(crate) fn of(&self, doc: &JsonDoc, at: usize) -> (Owner, usize) {
        if self.in_list[at] {
            return (Owner::Post, at);
        }
        let mut here = at;
        loop {
            match (self.own_down[here], self.other_down[here]) {
                (FAR, FAR) => {}
                (own, other) if own < other => return (Owner::Own, here),
                (own, other) if own == other => return (Owner::Mixed, here),
                _ => return (Owner::Foreign, here),
            }
            let parent = doc.nodes[here].parent;
            if parent == here {
                return (Owner::Unknown, here);
            }
            here = parent;
        }
    }

    /// Whether a subtree names another profile nearer than, or as near as, ours.
    pub(crate) fn foreign_record(&self, at: usize) -> bool {
        self.other_down[at] != FAR && self.other_down[at] <= self.own_down[at]
    }

    /// The whole of a document, and the parts of it that name the profile each by itself: where its names first lie apart.
    pub(crate) fn parts(&self, doc: &JsonDoc) -> Vec<(usize, usize)> {
        let range = |at: usize| (at, doc.nodes[at].end);
        // A text may hold JSON.
        let has_inside = |at: usize| doc.nodes[at].end > at + 1;
        let mut parts = Vec::new();
        let mut here = 0;
        while here < doc.nodes.len() {
            let named = doc.children(here).filter(|&child| has_inside(child) && self.names_us(child));
            let named: Vec<usize> = named.take(PARTS_MAX + 1).collect();
            match named.as_slice() {
                [one] if !self.named_at(doc, here) => here = *one,
                [_, _, ..] if named.len() <= PARTS_MAX => {
                    parts.extend(named.into_iter().map(range));
                    break;
                }
                _ => break,
            }
        }
        parts.extend((!doc.nodes.is_empty()).then(|| range(0)));
        parts
    }

    /// Whether a container itself names the profile: by its key, or by a text of its own.
    fn named_at(&self, doc: &JsonDoc, at: usize) -> bool {
        self.own_down[at] == 0
            || doc.children(at).any(|child| !doc.nodes[child].is_container() && self.own_down[child] == 0)
    }

    /// Whether a node lies in what only repeats the past.
    pub(crate) fn is_stale(&self, at: usize) -> bool {
        self.stale.iter().any(|&(from, end)| (from..end).contains(&at))
    }

    /// Whether the document names another.
    pub(crate) fn names_others(&self) -> bool {
        self.other_down.first().is_some_and(|&down| down != FAR)
    }

    /// Whether a subtree names the profile.
    pub(crate) fn names_us(&self, at: usize) -> bool {
        self.own_down[at] != FAR
    }

    /// The own name that decides over a node: in the smallest subtree around it, the one least deep.
    pub(crate) fn anchor(&self, doc: &JsonDoc, at: usize) -> Option<(usize, usize)> {
        let mut here = at;
        while self.home_down[here] == FAR {
            let parent = doc.nodes[here].parent;
            if parent == here {
                return None;
            }
            here = parent;
        }
        let depth = doc.nodes[here].depth + self.home_down[here];
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
