//! Numbers that a source gives without their last digits though they look whole: 4200000 beside 4218595 is the same count, shortened as
//! sites show it. A source that kept the digits is the more exact one, however fresh the other is.

use crate::model::document::Precision;
use crate::model::page::{Reading, Sighting};

/// From here on sites show counts without their last digits.
const CUT_FROM: u64 = 10_000;
/// From here on by a tenth of a million.
const MILLION: u64 = 1_000_000;
/// The last digits of a count that is cut below a million.
const HUNDRED: u64 = 100;

/// Whether an exact number is another exact one of the same field, cut short.
pub(super) fn is_cut<'p>(reading: &Reading, mut others: impl Iterator<Item = (&'p Sighting, &'p Reading)>) -> bool {
    let exact = |reading: &Reading| reading.value.as_count().filter(|_| reading.precision == Precision::Exact);
    let Some(count) = exact(reading).filter(|count| may_be_cut(*count)) else { return false };
    others.any(|(_, other)| exact(other).is_some_and(|whole| is_short_for(count, whole)))
}

const fn may_be_cut(count: u64) -> bool {
    count >= CUT_FROM && count.is_multiple_of(HUNDRED)
}

/// Whether a count is another one as sites show it, without its last digits. Cut, not rounded up: a fresher answer is seldom smaller than an
/// older one, a shortened number always is.
pub(in crate::extract) const fn is_short_for(count: u64, whole: u64) -> bool {
    let unit = if count >= MILLION { MILLION / 10 } else { HUNDRED };
    may_be_cut(count) && whole > count && !whole.is_multiple_of(HUNDRED) && whole / unit * unit == count
}
