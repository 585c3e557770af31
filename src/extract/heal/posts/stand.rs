//! Lists that a page keeps from an earlier visit: where one repeats the past to the digit while another of the same posts has grown, it
//! is a copy, and no second opinion.

use super::{Past, Read};

/// How a list stands to the past by its plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// It says too little.
    Open,
    /// All are what they were, to the digit.
    Repeats,
    /// Most have grown.
    Moved,
}

/// Posts by which a list's stand to the past is told.
const TELLING: usize = 4;
/// Plays below this stay what they were often enough.
const PLAYS_MIN: u64 = 200;

/// How the plays of these posts stand to the past.
pub(super) fn stand(posts: &[Read], past: &Past<'_>) -> Stand {
    let pairs = posts.iter().filter_map(|read| {
        let was = past.by_id.get(read.post.id.as_str())?.views.filter(|&was| was >= PLAYS_MIN)?;
        read.post.views.filter(|_| read.unit == 1).map(|is| (was, is))
    });
    let (all, same, grown) = pairs.fold((0, 0, 0), |(all, same, grown), (was, is)| {
        (all + 1, same + usize::from(is == was), grown + usize::from(is > was))
    });
    match (all >= TELLING, same == all, grown * 2 > all) {
        (true, true, _) => Stand::Repeats,
        (true, _, true) => Stand::Moved,
        _ => Stand::Open,
    }
}
