//! What happens to numbers and their labels.

use crate::chance::Chance;
use crate::layout::{Counts, Look};
use crate::person::Person;
use crate::tree::{El, Node, el, text};

/// `12.6K` as `12`, `.`, `6K`, or digit groups apart.
pub(super) fn split(body: &mut El, severity: usize) {
    body.each(&mut |element| {
        if !(element.role.starts_with("number:") || element.role == "views") {
            return;
        }
        let Some(Node::Text(shown)) = element.children.first().cloned() else { return };
        let mut parts: Vec<String> = vec![String::new()];
        for c in shown.chars() {
            let numeric = c.is_numeric();
            if !numeric && (severity > 1 || !c.is_alphabetic()) && matches!(c, '.' | ',' | '٫' | '٬') {
                parts.push(c.to_string());
                parts.push(String::new());
            } else if c.is_alphabetic()
                && severity > 1
                && parts.last().is_some_and(|last| last.chars().all(char::is_numeric) && !last.is_empty())
            {
                parts.push(c.to_string());
            } else if let Some(last) = parts.last_mut() {
                last.push(c);
            }
        }
        parts.retain(|part| !part.is_empty());
        element.children = parts.into_iter().map(|part| el("span", "part", vec![text(part)]).node()).collect();
    });
}

/// Numbers without the words for what they count.
pub(super) fn without_labels(body: &mut El, severity: usize) {
    body.each_list(&mut |_, children| {
        children.retain(|child| !matches!(child, Node::El(element) if element.role.starts_with("label:")))
    });
    body.each(&mut |element| {
        if element.role == "countlink" || element.role == "countbox" {
            element.children.truncate(1);
            element.attrs.retain(|(name, _)| name != "href" || severity < 3);
        }
        element.attrs.retain(|(name, _)| !name.starts_with("data-") || severity < 2);
    });
}

/// Counts of other things among the profile's own.
pub(super) fn add_alien_cells(body: &mut El, look: &Look, before: &Person, chance: &mut Chance) {
    let shown = |value: u64| look.locale.show(value, true).0;
    let cell = |value: String, word: &str| {
        el(
            "div",
            "cell:alien",
            vec![
                el("strong", "number:alien", vec![text(value)]).node(),
                el("span", "label:alien", vec![text(word)]).node(),
            ],
        )
        .node()
    };
    let mut cells = vec![
        cell(shown(before.followers + 1), "Friends"),
        cell(shown(before.following), "Mutual friends"),
        cell(shown(before.likes / 2), "Avg. views"),
    ];
    body.each_list(&mut |role, children| {
        if role == "counts" && !cells.is_empty() && look.counts != Counts::Rows && look.counts != Counts::Pairs {
            let at = chance.below(children.len() + 1);
            children.splice(at..at, std::mem::take(&mut cells));
        }
    });
}
