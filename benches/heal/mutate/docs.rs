//! What happens to a page's JSON.

use serde_json::{Value, json};

use super::{forms, removed};
use crate::chance::Chance;
use crate::data;
use crate::layout::Look;
use crate::made::Change;
use crate::person::Person;

/// A page's JSON.
pub(crate) struct Docs {
    pub(crate) embedded: Vec<Value>,
    pub(crate) address: String,
    pub(crate) network: Value,
    pub(crate) extra: Vec<Value>,
    pub(crate) description: Option<String>,
}

#[expect(clippy::too_many_arguments, reason = "one call, and each is needed")]
pub(crate) fn docs(
    docs: &mut Docs,
    look: &Look,
    now: &Person,
    before: &Person,
    others: &[Person],
    change: &Change<'_>,
    chance: &mut Chance,
    gone: &mut Vec<String>,
) {
    if forms::docs(docs, look.site, now, before, others, change).is_some() {
        return;
    }
    let mut shared = Chance::new(change.seed ^ 9);
    let foreign = |at: usize| data::base(look.site, &others[at], others);
    match change.class {
        "json_rename" => rename_all(docs, change.seed, change.severity, &mut shared),
        "json_nest" => {
            let depth = 1 + shared.below(3 + change.severity);
            let viewer = (change.severity > 1).then(|| foreign(5).0);
            docs.embedded[0] = data::nest(docs.embedded[0].take(), viewer.clone(), vec![foreign(6).0], depth);
            docs.network = data::nest(docs.network.take(), viewer, vec![foreign(6).2], depth);
            if change.severity > 2 {
                rename_all(docs, change.seed, 1, &mut shared);
            }
        }
        "json_retype" => {
            let way = shared.below(4);
            data::retype(&mut docs.embedded[0], way);
            data::retype(&mut docs.network, way);
        }
        "json_map" => {
            data::map_lists(&mut docs.network);
            if change.severity > 1 {
                rename_all_but_ids(docs, change.seed);
            }
        }
        "json_foreign" => {
            let (embedded, address, network) = foreign(chance.below(9));
            docs.embedded.insert(chance.below(2), embedded);
            docs.extra.push(json!({"url": address, "body": network}));
            let near = now.near(chance, 0.02);
            let (embedded, address, network) = data::base(look.site, &near, others);
            docs.embedded.push(embedded);
            docs.extra.push(json!({"url": address, "body": network}));
            if change.severity > 1 {
                rename_all(docs, change.seed, 1, &mut shared);
            }
        }
        "json_stale" => {
            let (embedded, _, _) = data::base(look.site, before, others);
            docs.embedded[0] = embedded;
        }
        "json_normal" => {
            let people: Vec<&Person> = others.iter().take(3).chain(std::iter::once(now)).collect();
            docs.embedded[0] = data::normal(look.site, &people, &mut shared);
            if change.severity > 1 {
                rename_all_but_ids(docs, change.seed);
            }
        }
        "json_pairs" => docs.embedded[0] = data::pairs(look.site, now, &others[0], change.severity),
        "look_alike_counts" => {
            for value in docs.embedded.iter_mut().chain(std::iter::once(&mut docs.network)) {
                data::add_near(value, before);
            }
            if change.severity > 1 {
                rename_all(docs, change.seed, 1, &mut shared);
            }
        }
        "redesign" | "half_rollout" | "redesign_locales" | "mixed_wrong" => {
            let depth = shared.below(5);
            let viewer = shared.chance(0.5).then(|| foreign(5).0);
            docs.embedded[0] = data::nest(docs.embedded[0].take(), viewer.clone(), vec![foreign(6).0], depth);
            docs.network = data::nest(docs.network.take(), viewer, vec![foreign(7).2], depth);
            rename_all(docs, change.seed, change.severity, &mut shared);
            if shared.chance(0.3) {
                let way = shared.below(3);
                data::retype(&mut docs.embedded[0], way);
                data::retype(&mut docs.network, way);
            }
        }
        "stale_meta" => {
            let facts: Vec<String> = look
                .facts(before)
                .iter()
                .map(|(_, value, word)| format!("{} {word}", look.locale.show(*value, false).0))
                .collect();
            docs.description = Some(format!("{} - from {}", facts.join(", "), now.name));
        }
        "removed" | "removed_decoy" => removed::from_docs(docs, look, now, change, gone),
        _ => {}
    }
}

/// Every key under another name.
pub(crate) fn rename_all(docs: &mut Docs, seed: u64, severity: usize, shared: &mut Chance) {
    let mut order = shared.clone();
    let every = docs
        .embedded
        .iter_mut()
        .chain(std::iter::once(&mut docs.network))
        .chain(docs.extra.iter_mut().map(|extra| &mut extra["body"]));
    for value in every {
        data::rename(value, seed);
        if severity > 1 {
            data::shuffle(value, &mut order.clone());
        }
    }
    let _ = order.next();
}

fn rename_all_but_ids(docs: &mut Docs, seed: u64) {
    data::rename(&mut docs.embedded[0], seed);
}
