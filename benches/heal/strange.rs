//! Changes in which a wrong number lies nearest: numbers torn into pieces, numbers of other things beside a field that is gone or
//! coarse, copies folded away, cards of people who are not named, languages that the page does not declare.

use crate::chance::Chance;
use crate::layout::Look;
use crate::made::Change;
use crate::page::{card, other_locale};
use crate::person::Person;
use crate::tree::{El, Node, el, text};

/// Labels of counts that no profile field has.
const ALIEN: [&str; 5] = ["Monthly viewers", "Rank", "Weekly reach", "Profile visits", "Followers you may know"];

/// What happened to the look.
pub(crate) fn look(look: &mut Look, change: &Change<'_>) {
    match change.class {
        "torn_number" | "coarse_stranger" => look.abbreviate = true,
        "lang_missing" => other_locale(look, change.seed),
        _ => return,
    }
    if change.severity > 1 {
        look.data_attr = None;
        look.exact_title = false;
    }
}

/// What happened to the elements.
pub(crate) fn body(
    body: &mut El,
    look: &Look,
    now: &Person,
    before: &Person,
    change: &Change<'_>,
    chance: &mut Chance,
    removed: &mut Vec<String>,
) {
    match change.class {
        "torn_number" => tear(body, change.severity, chance),
        "coarse_stranger" => {
            let near = (now.followers as f64 * (1.02 + chance.unit() * 0.07)) as u64;
            add_cells(body, look, &[near], chance);
        }
        "removed_near" => {
            let mut shared = Chance::new(change.seed ^ 3);
            let (field, value) = *shared.pick(&[("followers", before.followers), ("following", before.following)]);
            removed.push(field.to_owned());
            let role = format!("cell:{field}");
            body.each_list(&mut |_, children| {
                children.retain(|child| !matches!(child, Node::El(element) if element.role == role));
            });
            let near = |chance: &mut Chance| (value as f64 * (0.95 + chance.unit() * 0.1)) as u64;
            let values = [near(chance), near(chance)];
            add_cells(body, look, &values, chance);
        }
        "folded_copy" => {
            let copy = look.header(before).node();
            let folded = if chance.chance(0.5) {
                el("dialog", "folded", vec![copy])
            } else {
                el("details", "folded", vec![el("summary", "", vec![text("About")]).node(), copy])
            };
            insert(body, folded.node(), chance.chance(0.5));
        }
        "unnamed_cards" => {
            let near: Vec<Person> = (0..3).map(|_| before.near(chance, 0.08)).collect();
            let mut cards = el("div", "cards", near.iter().map(|other| card(look, other)).collect());
            cards.each(&mut |element| {
                element.attrs.retain(|(name, _)| !matches!(name.as_str(), "href" | "alt" | "title" | "aria-label"));
                element.children.retain(
                    |child| !matches!(child, Node::Text(shown) if near.iter().any(|other| shown.contains(&other.handle))),
                );
            });
            insert(body, cards.node(), chance.chance(0.5));
        }
        _ => {}
    }
}

/// Every number in two or three pieces, cut anywhere.
fn tear(body: &mut El, severity: usize, chance: &mut Chance) {
    body.each(&mut |element| {
        if !(element.role.starts_with("number:") || element.role == "views") {
            return;
        }
        let Some(Node::Text(shown)) = element.children.first().cloned() else { return };
        let letters: Vec<char> = shown.chars().collect();
        if letters.len() < 2 || element.children.len() > 1 {
            return;
        }
        let mut cuts: Vec<usize> = (0..severity.min(2)).map(|_| 1 + chance.below(letters.len() - 1)).collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut from = 0;
        let mut parts = Vec::new();
        for cut in cuts.into_iter().chain(std::iter::once(letters.len())) {
            let part: String = letters[from..cut].iter().collect();
            parts.push(el("span", "part", vec![text(part)]).node());
            from = cut;
        }
        element.children = parts;
    });
}

/// Cells with labels of other things, among the counts.
fn add_cells(body: &mut El, look: &Look, values: &[u64], chance: &mut Chance) {
    let mut cells: Vec<Node> = values
        .iter()
        .map(|&value| {
            let number = el("strong", "number:alien", vec![text(look.locale.show(value, true).0)]).node();
            let label = el("span", "label:alien", vec![text(*chance.pick(&ALIEN))]).node();
            el("div", "cell:alien", vec![number, label]).node()
        })
        .collect();
    body.each_list(&mut |role, children| {
        if role == "header" && !cells.is_empty() {
            let at = chance.below(children.len() + 1);
            children.splice(at..at, std::mem::take(&mut cells));
        }
    });
}

fn insert(body: &mut El, block: Node, front: bool) {
    let mut block = Some(block);
    body.each_list(&mut |role, children| {
        if role == "main"
            && let Some(block) = block.take()
        {
            let at = if front { 0 } else { children.len() };
            children.insert(at, block);
        }
    });
}
