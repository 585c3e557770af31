//! Other people on the page, and copies of the profile: cards, hidden heads, grids of another's posts.

use crate::chance::Chance;
use crate::layout::{Look, Site};
use crate::page::card;
use crate::person::Person;
use crate::tree::{El, Node, el, text};

/// Cards of other people.
pub(super) fn add(body: &mut El, look: &Look, people: &[Person], place: usize, boxed: bool) {
    let mut cards: Vec<Node> = people.iter().map(|other| card(look, other)).collect();
    if boxed {
        cards = vec![el("div", "spotlight", cards).with("class", "spot").node()];
    }
    body.each_list(&mut |role, children| {
        let here = match place {
            0 | 1 => role == "main",
            _ => role == "body",
        };
        if here && !cards.is_empty() {
            let at = if place == 1 { children.len() } else { 0 };
            let taken = std::mem::take(&mut cards);
            children.splice(at..at, taken);
        }
    });
}

/// A copy of the head with the values of the last visit, out of sight.
pub(super) fn hidden_copy(body: &mut El, look: &Look, before: &Person, severity: usize, chance: &mut Chance) {
    let mut copy = look.header(before);
    match chance.below(4 + severity.min(2)) {
        5 => {
            copy.set("class", "zq9");
            copy.children.push(el("style", "", vec![text(".zq8{color:red}.zq9{display: none !important}")]).node());
        }
        0 => copy.set("style", "display:none"),
        1 => copy.set("hidden", ""),
        2 => copy.set("style", "visibility: hidden; position:absolute"),
        3 => copy = el("template", "", vec![copy.node()]),
        _ => copy = el("noscript", "", vec![copy.node()]),
    }
    let mut copy = Some(copy.node());
    body.each_list(&mut |role, children| {
        if role == "main"
            && let Some(copy) = copy.take()
        {
            children.insert(0, copy);
        }
    });
}

/// A grid of another's posts, in the same markup.
pub(super) fn foreign_grid(body: &mut El, look: &Look, others: &[Person], chance: &mut Chance) {
    let other = chance.pick(others).clone();
    let mut look = look.clone();
    look.named_posts = look.site == Site::Tik || chance.chance(0.5);
    let title = el(
        "h2",
        "more",
        vec![
            text("More from "),
            el("a", "moreof", vec![text(&other.handle)]).with("href", look.profile_path(&other.handle)).node(),
        ],
    );
    let block = el("section", "foreign", vec![title.node(), look.grid(&other).node()]).node();
    let mut block = Some(block);
    let front = chance.chance(0.5);
    body.each_list(&mut |role, children| {
        if role == "main"
            && let Some(block) = block.take()
        {
            let at = if front { 0 } else { children.len() };
            children.insert(at, block);
        }
    });
}
