//! Names among the page's elements: links to profiles and posts, texts that are a handle, descriptions of pictures; and whose
//! everything else is.

use std::borrow::Cow;
use std::collections::HashSet;

use super::super::address::Target;
use super::super::dom::{Dom, Sight};
use super::super::number;
use super::{Owner, beside_handle, could_be_handle, is_handle, plain, surely_handle};

/// Names among the page's elements.
pub(crate) struct DomOwners {
    own: Vec<u32>,
    other: Vec<u32>,
    passing: Vec<u32>,
    mention: Vec<u32>,
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
    /// Another's name among the words of a text.
    Mention,
    OwnPost,
    ForeignPost,
    Post,
}

impl DomOwners {
    /// Finds the names of a page. `others` are handles known from elsewhere on the page.
    /// `called` are names that the page's head gives the profile.
    pub(crate) fn find(
        dom: &Dom,
        targets: &[Option<Target>],
        handle: &str,
        others: &HashSet<String>,
        called: &[String],
    ) -> Self {
        let mut marks: Vec<(usize, Mark)> = Vec::new();
        let mut others = others.clone();
        for (at, target) in targets.iter().enumerate() {
            if let Some(target) = target {
                marks.extend(link_mark(dom, handle, at, target, &mut others));
            }
        }
        let names = text_marks(dom, handle, &others, called, &mut marks);
        for (at, element) in dom.elements.iter().enumerate() {
            let spoken = element.attr("alt").or_else(|| element.attr("aria-label")).unwrap_or_default();
            if spoken.len() <= 120 {
                let mut words = spoken
                    .split(|c: char| c.is_whitespace() || matches!(c, '\'' | '’' | ',' | ':' | '(' | ')'))
                    .map(plain);
                if words.any(|word| word.trim_matches('.') == handle) {
                    marks.push((at, Mark::Own));
                } else if spoken.split(['\'', '’', ' ']).next().is_some_and(|word| others.contains(&*plain(word))) {
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
        let mut order: Vec<(usize, bool)> = marks
            .iter()
            .filter(|(_, mark)| matches!(mark, Mark::Own | Mark::Other))
            .map(|&(at, mark)| (at, mark == Mark::Own))
            .collect();
        order.sort_unstable();
        Self {
            order,
            own: sums(&[Mark::Own]),
            other: sums(&[Mark::Other]),
            passing: sums(&[Mark::Passing]),
            mention: sums(&[Mark::Passing, Mark::Mention]),
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
        if Self::within(&self.passing, dom, at) > 0
            && self.people(dom, at) == (false, false)
            && !self.holds_post(dom, at)
        {
            return (Owner::Foreign, at);
        }
        self.of_text(dom, at)
    }

    fn holds_post(&self, dom: &Dom, at: usize) -> bool {
        Self::within(&self.post, dom, at) > 0
    }

    /// Whose a text is: it may speak of others and stays the profile's own.
    pub(crate) fn of_text(&self, dom: &Dom, at: usize) -> (Owner, usize) {
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
                (false, false, false) => continue,
            };
            return (owner, here);
        }
        (Owner::Unknown, 0)
    }
}

fn link_mark(
    dom: &Dom,
    handle: &str,
    at: usize,
    target: &Target,
    others: &mut HashSet<String>,
) -> Option<(usize, Mark)> {
    let mark = match target {
        Target::Profile(name) if name == handle => Mark::Own,
        Target::Profile(name) => {
            let parent = dom.elements[at].parent;
            let (from, to) = dom.elements[parent].texts;
            let sentence = dom.texts[from..to].iter().any(|text| text.element == parent);
            if !others.contains(name) {
                others.insert(name.clone());
            }
            if sentence { Mark::Passing } else { Mark::Other }
        }
        Target::Post { owner: Some(owner), .. } if owner == handle => Mark::OwnPost,
        Target::Post { owner: Some(owner), .. } => {
            if !others.contains(owner) {
                others.insert(owner.clone());
            }
            Mark::ForeignPost
        }
        Target::Post { owner: None, .. } => Mark::Post,
        Target::Outside | Target::Inside => return None,
    };
    Some((at, mark))
}

/// Texts that are a name by themselves. What stands where our name stands, in the same markup, is another's name.
fn text_marks(
    dom: &Dom,
    handle: &str,
    others: &HashSet<String>,
    called: &[String],
    marks: &mut Vec<(usize, Mark)>,
) -> Vec<usize> {
    let shape = |at: usize| (dom.elements[at].tag.as_str(), dom.elements[at].attr("class").unwrap_or_default());
    let mut names = Vec::new();
    let mut shapes = HashSet::new();
    let mut rest = Vec::new();
    for (index, node) in dom.texts.iter().enumerate() {
        let element = &dom.elements[node.element];
        if element.sight == Sight::Hidden || node.text.len() > 120 {
            continue;
        }
        if beside_handle(&node.text, handle).is_some_and(|name| called.iter().any(|held| held == name)) {
            marks.push((node.element, Mark::Own));
            names.push(node.element);
            continue;
        }
        if node.text.len() > 60 {
            continue;
        }
        let joined = joined_name(dom, index, handle);
        let (at, text) =
            joined.map_or((node.element, Cow::Borrowed(node.text.as_str())), |(at, text)| (at, Cow::Owned(text)));
        if is_handle(&text, handle) {
            marks.push((at, Mark::Own));
            names.push(at);
            if !shape(at).1.is_empty() || shape(at).0 != "span" {
                shapes.insert(shape(at));
            }
        } else if could_be_handle(&text) && !in_outside_link(dom, at) {
            rest.push((at, text));
        } else if mentions(&text, handle, others) {
            marks.push((at, Mark::Mention));
        }
    }
    for (at, text) in rest {
        let named = surely_handle(&text)
            || others.contains(&*plain(&text))
            || (shapes.contains(&shape(at)) && text.trim().len() >= 4);
        if named && number::whole(&text, &dom.lang).is_none() {
            marks.push((at, if in_sentence(dom, at) { Mark::Passing } else { Mark::Other }));
        }
    }
    names
}

/// Whether a name is a link among the words of a sentence that says nothing else: `with @other and @third`.
fn in_sentence(dom: &Dom, at: usize) -> bool {
    let Some(link) = dom.upward(at).take(2).find(|&up| dom.elements[up].tag == "a") else { return false };
    let parent = dom.elements[link].parent;
    let (from, to) = dom.elements[parent].texts;
    let mut words = dom.texts[from..to].iter().filter(|text| text.element == parent).map(|text| text.text.as_str());
    let spoken = words.clone().any(|text| text.chars().any(char::is_alphabetic));
    let mut inner = (parent + 1..dom.elements[parent].end).map(|inner| dom.elements[inner].tag.as_str());
    spoken
        && !words.any(|text| text.chars().any(char::is_numeric))
        && inner.all(|tag| matches!(tag, "a" | "br" | "span" | "img"))
}

/// Whether a short text speaks of another: `More from @other`.
fn mentions(text: &str, handle: &str, others: &HashSet<String>) -> bool {
    text.split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '@' | '_')))
        .any(|word| {
            let name = plain(word);
            name != handle && (word.starts_with('@') && could_be_handle(&name) || others.contains(&*name))
        })
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
        let named = is_handle(&joined, handle) || (!counted && could_be_handle(&joined));
        return named.then_some((at, joined));
    }
    None
}

fn in_outside_link(dom: &Dom, at: usize) -> bool {
    dom.upward(at).take(4).any(|up| {
        dom.elements[up].tag == "a"
            && dom.elements[up].attr("href").is_some_and(|href| href.starts_with("http") && !href.contains("/@"))
    })
}

impl DomOwners {
    fn people(&self, dom: &Dom, at: usize) -> (bool, bool) {
        (
            Self::within(&self.own, dom, at) > 0,
            Self::within(&self.other, dom, at) + Self::within(&self.foreign_post, dom, at) > 0,
        )
    }

    /// Whether an element names another, and not the profile.
    pub(crate) fn names_another(&self, dom: &Dom, at: usize) -> bool {
        self.people(dom, at) == (false, true)
    }

    /// Whether another is named inside an element, be it in passing, and the profile is not.
    pub(crate) fn mentions_another(&self, dom: &Dom, at: usize) -> bool {
        let (own, other) = self.people(dom, at);
        !own && (other || Self::within(&self.mention, dom, at) > 0)
    }

    /// The largest surrounding of a post in which nobody is named.
    pub(crate) fn grid_root(&self, dom: &Dom, at: usize) -> usize {
        dom.upward(at).take_while(|&up| self.people(dom, up) == (false, false)).last().unwrap_or(at)
    }

    /// Whose the surroundings of a grid are: names inside of it are its records' own.
    pub(crate) fn around(&self, dom: &Dom, at: usize) -> Owner {
        let inside = |sums: &[u32]| Self::within(sums, dom, at);
        let outside = |sums: &[u32], up: usize| Self::within(sums, dom, up) > inside(sums);
        let people = |up: usize| (outside(&self.own, up), outside(&self.other, up) || outside(&self.foreign_post, up));
        match dom.upward(at).map(people).find(|people| *people != (false, false)) {
            Some((true, false)) => Owner::Own,
            Some((true, true)) => Owner::Mixed,
            Some((false, _)) => Owner::Foreign,
            None => Owner::Unknown,
        }
    }
}
