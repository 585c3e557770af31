//! Records that stand among others of their kind. Those that each hold a post's id are posts, whoever stands around them, and nothing in
//! them is the profile's. Of those that nobody's name tells apart, none can be said to be the profile's.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::address::Style;
use super::json::{JsonDoc, Kind};
use super::owner::map_by_id;
use super::posts;

/// Records that a list of posts has at least.
const POSTS_MIN: usize = 2;

/// The records of a document.
pub(crate) struct Items {
    /// Per node: the innermost list of posts around it.
    pub(crate) posts: Vec<Option<usize>>,
    /// Per node: whether it is a record with another of its kind beside it.
    many: Vec<bool>,
}

impl Items {
    pub(crate) fn find(doc: &JsonDoc, style: &Style) -> Self {
        let count = doc.nodes.len();
        let mut items = Self { posts: vec![None; count], many: vec![false; count] };
        // A post's id, held by the record itself or by what it wraps.
        let mut ids: Vec<Vec<&str>> = vec![Vec::new(); count];
        for node in &doc.nodes {
            if let Some(text) = node.scalar().filter(|text| !posts::ids_in(style, text).is_empty()) {
                let parent = node.parent;
                ids[parent].push(text);
                if doc.nodes[parent].parent != parent {
                    ids[doc.nodes[parent].parent].push(text);
                }
            }
        }
        for at in 0..count {
            match doc.nodes[at].kind {
                Kind::List => items.note(doc, at, &ids),
                Kind::Object => {
                    items.note_alike(doc, at);
                    if map_by_id(doc, at) {
                        items.note(doc, at, &ids);
                    }
                }
                Kind::Text(_) | Kind::Number(_) | Kind::Flag | Kind::Null => {}
            }
        }
        items
    }

    fn note(&mut self, doc: &JsonDoc, at: usize, ids: &[Vec<&str>]) {
        self.note_alike(doc, at);
        let records: Vec<usize> = doc.children(at).filter(|&child| doc.nodes[child].is_container()).collect();
        let with_id = records.iter().filter(|&&record| !ids[record].is_empty()).count();
        let distinct: HashSet<&str> = records.iter().flat_map(|&record| ids[record].iter().copied()).collect();
        if with_id >= POSTS_MIN && with_id * 5 >= records.len() * 4 && distinct.len() >= with_id {
            self.posts[at + 1..doc.nodes[at].end].fill(Some(at));
        }
    }

    fn note_alike(&mut self, doc: &JsonDoc, at: usize) {
        let mut alike: HashMap<u64, Vec<usize>> = HashMap::new();
        for child in doc.children(at).filter(|&child| matches!(doc.nodes[child].kind, Kind::Object)) {
            let mut hasher = DefaultHasher::new();
            let mut keys = doc.children(child).filter_map(|inner| doc.nodes[inner].name()).collect::<Vec<_>>();
            keys.sort_unstable();
            keys.hash(&mut hasher);
            alike.entry(hasher.finish()).or_default().push(child);
        }
        for record in alike.into_values().filter(|records| records.len() > 1).flatten() {
            self.many[record] = true;
        }
    }

    /// Whether a node below `top` lies in a record that has another of its kind beside it.
    pub(crate) fn is_one_of_many(&self, doc: &JsonDoc, at: usize, top: usize) -> bool {
        let mut here = at;
        while here != top && doc.nodes[here].parent != here {
            if self.many[here] {
                return true;
            }
            here = doc.nodes[here].parent;
        }
        false
    }
}
