//! Counts written in several parts: `1億5047万4244`, `107만 5737`, `1 करोड़ 67 लाख 90 हज़ार`, `4 million 896 thousand`. Their first part alone
//! is a wrong number, so the parts are read as their sum, or, where the next part may be another number, not at all.

use super::number::{Count, decode, digits_from, is_digit, unit_after};

/// What follows a part of a number that has a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rest {
    /// Nothing of the number.
    None,
    /// More of it: the sum, and where it ends.
    More(Count, usize),
    /// What may be more of it and may be another number; where that ends.
    Unsure(usize),
}

/// Reads on behind a part: `part` is its value, `end` where its unit ends.
pub(super) fn rest(text: &str, part: Count, multiplier: u64, end: usize, lang: &str) -> Rest {
    let mut read = Rest::None;
    let (mut sum, mut bound, mut end) = (part, multiplier, end);
    while bound > 1 {
        let gap: usize = text[end..].chars().take_while(|c| matches!(c, ' ' | '\u{a0}')).map(char::len_utf8).sum();
        let start = end + gap;
        if !text[start..].starts_with(is_digit) || text[end..start].chars().count() > 1 {
            break;
        }
        let (raw, stop) = digits_from(text, start);
        let next = unit_after(text, stop, lang).and_then(|(unit, after)| Some((decode(&raw, unit)?, unit, after)));
        let Some((next, unit, after)) = next else {
            return if gap == 0 { Rest::Unsure(stop) } else { read };
        };
        let written = text[..end].chars().next_back();
        let glued = gap == 0 && written.is_some_and(is_dense);
        if next.value >= bound || unit >= bound || next.unit < unit {
            return if glued { Rest::Unsure(after) } else { read };
        }
        // A fraction ends a number.
        if sum.unit < bound {
            return if glued { Rest::Unsure(after) } else { read };
        }
        let worded = is_worded(text, end);
        let sure = match unit {
            1 => glued || written.is_some_and(is_hangul) || (worded && matches!(read, Rest::More(..))),
            _ => glued || written.is_some_and(is_dense) || worded,
        };
        if !sure {
            // `3M 200`: letters are no parts of a number, and stand for themselves.
            return if worded || written.is_some_and(is_dense) || unit > 1 { Rest::Unsure(after) } else { read };
        }
        sum = Count { value: sum.value + next.value, unit: next.unit };
        (bound, end) = (unit, after);
        read = Rest::More(sum, end);
    }
    read
}

/// Scripts that write units without spaces.
fn is_dense(c: char) -> bool {
    matches!(u32::from(c), 0x0E00..=0x0EFF | 0x2E80..=0x9FFF | 0xAC00..=0xD7AF)
}

/// Korean parts its numbers by spaces.
fn is_hangul(c: char) -> bool {
    matches!(u32::from(c), 0xAC00..=0xD7AF)
}

/// Whether the unit that ends here is a word, and not a letter.
fn is_worded(text: &str, end: usize) -> bool {
    let unit = text[..end].trim_end_matches('.');
    unit.chars().rev().take_while(|&c| !is_digit(c) && !c.is_whitespace()).count() > 1
}

#[cfg(test)]
mod tests {
    use super::super::number::{Count, scan, whole};

    #[test]
    fn a_number_in_several_parts_is_read_as_their_sum() {
        for (text, lang, value, unit) in [
            ("1億5047万4244", "ja", 150_474_244, 1),
            ("2万200", "ja", 20_200, 1),
            ("1億5047万", "ja", 150_470_000, 10_000),
            ("107만 5737", "ko", 1_075_737, 1),
            ("1억 4만", "ko", 100_040_000, 10_000),
            ("1 करोड़ 67 लाख 90 हज़ार", "hi", 16_790_000, 1_000),
            ("4 million 896 thousand", "en", 4_896_000, 1_000),
            ("1 lakh 23 thousand 456", "en", 123_456, 1),
            ("2 Mio. 300 Tsd.", "de", 2_300_000, 1_000),
        ] {
            assert_eq!(whole(text, lang), Some(Count { value, unit }), "{text}");
        }
    }

    #[test]
    fn what_may_be_two_numbers_is_neither() {
        for text in ["4 million 896", "12万 345", "3M 200K", "1.5万200", "2万3万"] {
            assert_eq!(scan(text, ""), [], "{text}");
        }
        let values = |text: &str| scan(text, "en").iter().map(|found| found.count.value).collect::<Vec<_>>();
        assert_eq!(values("1.2万 345"), [12_000, 345]);
        assert_eq!(values("3M 200"), [3_000_000, 200]);
        assert_eq!(values("12K 34K"), [12_000, 34_000]);
        assert_eq!(values("2万いいね200"), [20_000, 200]);
    }
}
