//! Blocks of labelled counts. A page may show several profiles in the same markup without a name in it; two blocks that give different
//! values for one field cannot both be the profile's. The one nearest to its name is its home, and what others say is not its own.

use std::collections::HashMap;

use super::cand::Cand;
use super::dom::Dom;
use super::field::Field;
use super::learn;
use super::owner::DomOwners;
use crate::model::document::SourceKind;

/// Labelled counts of one page that are looked at; no profile shows as many.
const NAMED_MAX: usize = 60;

/// A largest element within which no field has two values.
struct Block {
    element: usize,
    members: Vec<usize>,
    /// The element whose names made it the profile's.
    region: usize,
}

/// Marks the counts of blocks that are not the profile's home, where there are several and one clearly is.
pub(super) fn mark(dom: &Dom, owners: &DomOwners, cands: &mut [Cand]) {
    let named: Vec<usize> = (0..cands.len())
        .filter(|&at| cands[at].says.is_some() && cands[at].source == SourceKind::Dom && cands[at].count.is_some())
        .collect();
    if named.len() < 3 || named.len() > NAMED_MAX || consistent(cands, &named) {
        return;
    }
    let mut blocks = blocks(dom, owners, cands, &named);
    let Some(home) = home(dom, cands, &blocks) else { return };
    let own = blocks.swap_remove(home);
    for block in blocks {
        let differs = |&at: &usize| {
            own.members
                .iter()
                .any(|&ours| cands[ours].says == cands[at].says && !learn::same_value(&cands[ours], &cands[at]))
        };
        if !block.members.iter().any(differs) {
            continue;
        }
        let (from, end) = (block.element, dom.elements[block.element].end);
        for cand in cands.iter_mut() {
            cand.away |= from <= cand.around.0 && cand.around.1 <= end && cand.source == SourceKind::Dom;
        }
    }
}

fn consistent(cands: &[Cand], members: &[usize]) -> bool {
    members.iter().enumerate().all(|(place, &a)| {
        members[place + 1..].iter().all(|&b| cands[a].says != cands[b].says || learn::same_value(&cands[a], &cands[b]))
    })
}

fn blocks(dom: &Dom, owners: &DomOwners, cands: &[Cand], named: &[usize]) -> Vec<Block> {
    let inside = |element: usize| -> Vec<usize> {
        let end = dom.elements[element].end;
        named.iter().copied().filter(|&at| element <= cands[at].around.0 && cands[at].around.1 <= end).collect()
    };
    let mut blocks: Vec<Block> = Vec::new();
    let mut known: HashMap<usize, bool> = HashMap::new();
    for &at in named {
        let top = dom
            .upward(cands[at].around.0)
            .take_while(|&up| *known.entry(up).or_insert_with(|| consistent(cands, &inside(up))))
            .last();
        let Some(element) = top else { continue };
        if blocks.iter().all(|block| block.element != element) {
            blocks.push(Block { element, members: inside(element), region: owners.of(dom, element).1 });
        }
    }
    blocks
}

/// The block nearest to the profile's name that gives two or more fields; none where that is not clear.
fn home(dom: &Dom, cands: &[Cand], blocks: &[Block]) -> Option<usize> {
    let fields = |block: &Block| {
        let mut fields: Vec<Field> = block.members.iter().filter_map(|&at| cands[at].says).collect();
        fields.sort_unstable();
        fields.dedup();
        fields.len()
    };
    let holds = |outer: usize, inner: usize| outer <= inner && dom.elements[inner].end <= dom.elements[outer].end;
    let near = |block: &Block| {
        !blocks
            .iter()
            .any(|other| other.region != block.region && holds(block.region, other.region) && fields(other) >= 2)
    };
    let mut likely = (0..blocks.len()).filter(|&at| fields(&blocks[at]) >= 2 && near(&blocks[at]));
    match (likely.next(), likely.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}
