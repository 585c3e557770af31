//! The changes themselves: what happened to the person, to the look, to the elements; the rest by what it touches.

mod cards;
mod docs;
mod forms;
mod numbers;
mod removed;
mod sent;
mod wrong;

pub(crate) use docs::{Docs, docs, rename_all};
pub(crate) use wrong::wrong;

use crate::chance::Chance;
use crate::layout::Look;
use crate::made::Change;
use crate::page::other_locale;
use crate::person::Person;
use crate::tree::{El, Node, el};

/// What happened to the person.
pub(crate) fn person(now: &mut Person, before: &Person, change: &Change<'_>, chance: &mut Chance) {
    match change.class {
        "surge" => {
            let factor = 1.3 + chance.unit() * (change.severity as f64) * 4.0;
            now.followers = (before.followers as f64 * factor) as u64;
            if change.severity > 1 {
                now.likes = (before.likes as f64 * (1.1 + chance.unit())) as u64;
            }
            for post in now.posts.iter_mut().take(3) {
                post.views = (post.views as f64 * (1.5 + chance.unit() * 6.0)) as u64;
            }
        }
        "user_rename" => {
            now.handle = format!("{}.{}", chance.pick(&["its", "hello", "new"]), before.handle.replace(['.', '_'], ""));
        }
        "pinned" => {
            let count = now.posts.len();
            for at in 0..chance.between(1, 3) as usize {
                let from = count / 2 + at;
                let post = now.posts.remove(from);
                now.posts.insert(0, post);
            }
        }
        "bio_changed" => {
            now.bio = match chance.below(3) {
                0 => format!("{}\non a break {}", before.bio.lines().next().unwrap_or_default(), chance.below(99)),
                1 => format!("brand new words {} about everything", chance.token(6)),
                _ => format!("{} ✈️", before.bio),
            };
            if change.severity > 1 {
                now.name = format!("{} (back)", before.name);
            }
        }
        _ => {}
    }
}

/// What happened to the look.
pub(crate) fn look(look: &mut Look, change: &Change<'_>, at: usize) {
    let mut chance = Chance::new(change.seed);
    match change.class {
        "class_rotate" => {
            look.class_seed = change.seed;
            if change.severity > 1 {
                look.data_attr = None;
            }
            if change.severity > 2 {
                look.class_seed = change.seed.wrapping_add(at as u64);
            }
        }
        "attr_rename" => look.data_attr = Some(*chance.pick(&["data-testid", "data-x", "data-qa-id"])),
        "attr_drop" => {
            look.data_attr = None;
            look.exact_title = false;
            look.class_seed = change.seed;
        }
        "reorder" => {
            chance.shuffle(&mut look.blocks);
            chance.shuffle(&mut look.count_order);
            look.grid_first = chance.chance(0.5);
        }
        "language" => {
            other_locale(look, change.seed.wrapping_add(if change.severity > 2 { at as u64 } else { 0 }));
            look.data_attr = if change.severity > 1 { None } else { look.data_attr };
        }
        "number_format" => {
            if change.severity > 1 {
                other_locale(look, change.seed);
            }
            look.abbreviate = chance.chance(0.5);
            look.exact_title = chance.chance(0.5);
        }
        "unknown_locale" => {
            other_locale(look, change.seed);
            look.locale.followers = "quvanchlar";
            look.locale.following = "ergashuvda";
            look.locale.likes = "yoqtirish";
            look.locale.posts = "yozuvlar";
            look.data_attr = None;
            look.class_seed = change.seed;
        }
        "redesign" | "half_rollout" | "foreign_grid" | "mixed_wrong" => {
            *look = Look::redesigned(look.site, &mut chance)
        }
        "redesign_locales" => {
            *look = Look::redesigned(look.site, &mut chance);
            other_locale(look, change.seed.wrapping_add(at as u64));
        }
        "decoy_before" | "decoy_close" | "decoy_exact" | "removed" | "removed_decoy" | "hidden_copy" | "look_alike"
            if change.severity > 1 =>
        {
            look.class_seed = change.seed;
            look.data_attr = None;
            look.exact_title = false;
        }
        "merge_text" => look.counts = crate::layout::Counts::Flat,
        _ => {}
    }
}

fn wrap(node: Node, depth: usize, chance: &mut Chance) -> Node {
    (0..depth).fold(node, |inner, _| {
        el(if chance.chance(0.7) { "div" } else { "span" }, "wrapper", vec![inner])
            .with("class", format!("w{}", chance.token(5)))
            .node()
    })
}

#[expect(clippy::too_many_arguments, reason = "one call, and each is needed")]
pub(crate) fn body(
    body: &mut El,
    look: &Look,
    now: &Person,
    before: &Person,
    others: &[Person],
    change: &Change<'_>,
    chance: &mut Chance,
    removed: &mut Vec<String>,
) {
    let mut shared = Chance::new(change.seed);
    match change.class {
        "wrap" => wrap_some(body, change.severity, if change.severity > 2 { chance } else { &mut shared }),
        "tag_change" => body.each(&mut |element| {
            element.tag = match element.tag.as_str() {
                "h1" | "h2" | "h3" | "h4" | "p" | "button" | "figure" => "div".to_owned(),
                "strong" => "b".to_owned(),
                "header" | "main" => "section".to_owned(),
                other => other.to_owned(),
            };
            element.attrs.retain(|(name, _)| change.severity < 2 || !name.starts_with("data-"));
        }),
        "split_text" => numbers::split(body, change.severity),
        "decoy_before" => cards::add(body, look, &others[..1 + change.severity.min(3)], 0, true),
        "decoy_close" => {
            let near: Vec<Person> = (0..3).map(|_| now.near(chance, 0.03)).collect();
            cards::add(body, look, &near, chance.below(3), chance.chance(0.5));
        }
        "decoy_exact" => {
            let near: Vec<Person> = (0..3).map(|_| before.near(chance, 0.0)).collect();
            cards::add(body, look, &near, chance.below(3), chance.chance(0.5));
        }
        "look_alike" => {
            let near: Vec<Person> = (0..2).map(|_| now.double(chance)).collect();
            cards::add(body, look, &near, chance.below(3), true);
        }
        "hidden_copy" => cards::hidden_copy(body, look, before, change.severity, chance),
        "foreign_grid" => cards::foreign_grid(body, look, others, chance),
        "no_labels" => numbers::without_labels(body, change.severity),
        "look_alike_counts" => numbers::add_alien_cells(body, look, before, chance),
        "removed" | "removed_decoy" => removed::from_body(body, look, others, before, change, chance, removed),
        _ => {}
    }
}

fn wrap_some(body: &mut El, severity: usize, chance: &mut Chance) {
    body.each_list(&mut |_, children| {
        let nodes = std::mem::take(children);
        *children = nodes
            .into_iter()
            .map(|node| {
                let plain = matches!(&node, Node::El(element) if !matches!(element.tag.as_str(), "dt" | "dd" | "wrapper") && element.role != "wrapper");
                if plain && chance.chance(0.25 * severity as f64) {
                    let depth = 1 + chance.below(severity);
                    wrap(node, depth, chance)
                } else {
                    node
                }
            })
            .collect();
    });
}
