//! Old data that a page still carries: a cache kept from an earlier visit repeats the past to the digit, in every field, while what came
//! with the page has moved on. That it equals the old values is then no proof for it but against it, and it is left aside.

use super::cand::Cand;
use super::field::{Field, Values};
use super::learn;

/// Fields in which one document must repeat the past while another has moved on.
const FIELDS_MIN: usize = 2;
/// Below this many a count stays what it was often enough.
const COUNT_MIN: u64 = 200;

/// How a document stands to the past in one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// It says nothing, or both.
    Open,
    /// What fits the past is the past.
    Repeats,
    /// What fits the past is something else.
    Moved,
}

/// Which of a page's JSON documents are old.
pub(crate) fn documents(cands: &[Cand], past: &Values, docs: usize) -> Vec<bool> {
    let stands: Vec<Vec<Stand>> = by_document(cands, past, docs);
    let older = |a: &[Stand], b: &[Stand]| {
        let pairs = || a.iter().zip(b);
        let older = pairs().filter(|pair| *pair == (&Stand::Repeats, &Stand::Moved)).count();
        older >= FIELDS_MIN && !pairs().any(|pair| pair == (&Stand::Moved, &Stand::Repeats))
    };
    stands.iter().map(|ours| stands.iter().any(|other| older(ours, other))).collect()
}

fn by_document(cands: &[Cand], past: &Values, docs: usize) -> Vec<Vec<Stand>> {
    let mut fitting: Vec<Vec<(bool, bool)>> = vec![vec![(false, false); Field::ALL.len()]; docs];
    for cand in cands {
        let Some(fields) = fitting.get_mut(cand.place.0).filter(|_| cand.in_json()) else { continue };
        for field in [Field::Followers, Field::Likes, Field::Following, Field::PostsCount, Field::AvatarUrl] {
            let telling = past.count(field).is_none_or(|was| was >= COUNT_MIN);
            if telling && learn::could_be(cand, field) && learn::fit(cand, field, past, false).is_some() {
                let same = match cand.count {
                    Some(count) => past.count(field) == Some(count.value),
                    None => past.text(field) == cand.text.as_deref(),
                };
                let (repeats, moved) = &mut fields[field.index()];
                *repeats |= same;
                *moved |= !same;
            }
        }
    }
    let stand = |fits: (bool, bool)| match fits {
        (true, false) => Stand::Repeats,
        (false, true) => Stand::Moved,
        (true, true) | (false, false) => Stand::Open,
    };
    fitting.into_iter().map(|fields| fields.into_iter().map(stand).collect()).collect()
}
