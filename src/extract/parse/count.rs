//! A count as a site shows it.

use super::normal::{in_word, normalise, runs_together};
use super::number::{Digits, Fraction};
use super::unit::{self, Amount, Tongue};
use crate::model::document::Precision;

/// No count on either site comes near; above it a text is no count.
const LARGEST: u64 = 1_000_000_000_000_000;

/// A count and how exactly it was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParsedCount {
    /// The count as shown: 12600 for "12.6K".
    pub value: u64,
    /// `Exact` for digits alone, `Rounded` where a unit abbreviates.
    pub precision: Precision,
    /// One unit of the last shown digit: 100 for "12.6K", 1 where it is exact. Sites truncate, so the true count lies
    /// within one unit of `value`.
    pub unit: u64,
}

/// A number in a text: where it stands and what it says; none where it cannot be read for sure.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) count: Option<ParsedCount>,
}

/// Reads a text that is a count and nothing else: "12.6K", "1,2 Mio.", "１２.３万", "٧٬٨٨٣". None where it is not, is
/// negative, is open-ended ("99+") or could mean two things.
#[must_use]
pub fn count(text: &str) -> Option<ParsedCount> {
    if text.len() > 120 {
        return None;
    }
    let text = normalise(text);
    let shown = number_at(&text, 0, Tongue::Unknown)?;
    if shown.end == text.len() { shown.count } else { None }
}

/// The number that begins at `start`, with its unit; none where no number begins there or it is part of a word.
pub(super) fn number_at(text: &[char], start: usize, tongue: Tongue) -> Option<Shown> {
    let (digits, end) = Digits::scan(text, start)?;
    let (value, end) = match unit::behind(text, end) {
        Some(unit) => (with_unit(text, &digits, &unit, tongue), unit.end),
        None => (digits.integer().map(|n| (n, 1, false)), end),
    };
    let (value, end) = match value {
        Some((value, factor, true)) => lower_units(text, value, factor, end),
        other => (other.map(|(value, unit, _)| (value, unit)), end),
    };
    if text.get(end).is_some_and(|c| is_name(*c)) {
        return None;
    }
    let alone = opened(text, start) && closed(text, end);
    let count = value.filter(|(value, _)| alone && *value <= LARGEST).map(|(value, unit)| ParsedCount {
        value,
        precision: if unit == 1 && end_is_digit(text, end) { Precision::Exact } else { Precision::Rounded },
        unit,
    });
    Some(Shown { start, end, count })
}

fn end_is_digit(text: &[char], end: usize) -> bool {
    end.checked_sub(1).and_then(|i| text.get(i)).is_some_and(char::is_ascii_digit)
}

/// (value, one unit of the last digit, whether an East Asian unit of lower rank may follow).
fn with_unit(text: &[char], digits: &Digits, unit: &unit::Unit, tongue: Tongue) -> Option<(u64, u64, bool)> {
    let number = digits.decimal(unit.fraction)?;
    let factor = match unit.amount {
        Amount::Sure(factor) => factor,
        Amount::Open(doubt) => unit::settle(doubt, number.mark, tongue)?,
    };
    let step = 10_u64.checked_pow(number.scale)?;
    if factor % step != 0 {
        return None;
    }
    let shown = factor / step;
    let more = number.scale == 0 && unit::is_myriad(factor, text, unit);
    Some((number.digits.checked_mul(shown)?, shown, more))
}

/// Adds the lower parts of a number such as 1億2345万6789; answers value and unit, and where it ends.
fn lower_units(text: &[char], mut value: u64, mut factor: u64, mut end: usize) -> (Option<(u64, u64)>, usize) {
    while factor > 1 {
        let spaced = text.get(end) == Some(&' ');
        let Some((digits, after)) = Digits::scan(text, end + usize::from(spaced)) else { break };
        let (part, unit, after) = match unit::behind(text, after) {
            Some(unit) => {
                let Amount::Sure(lower) = unit.amount else { return (None, unit.end) };
                if !unit::is_myriad(lower, text, &unit) {
                    return (None, unit.end);
                }
                (digits.decimal(Fraction::Point).filter(|d| d.scale == 0).map(|d| d.digits), lower, unit.end)
            }
            // "3万 5000" may be two numbers; "3万5000" is one.
            None if spaced => break,
            None => (digits.integer(), 1, after),
        };
        let Some(sum) =
            part.and_then(|p| p.checked_mul(unit)).filter(|p| *p < factor).and_then(|p| p.checked_add(value))
        else {
            return (None, after);
        };
        (value, factor, end) = (sum, unit, after);
    }
    (Some((value, factor)), end)
}

/// Whether what stands before leaves the number a count: no sign, no part of a date, a time, a sum or another number.
fn opened(text: &[char], start: usize) -> bool {
    let digit_before = start >= 2 && text[start - 2].is_ascii_digit();
    match start.checked_sub(1).map(|i| text[i]) {
        Some('-' | '/' | '%' | '$' | '€' | '£' | '¥') => false,
        Some(':' | '.' | ',' | '\'' | '،' | '٫' | '٬') => !digit_before,
        _ => true,
    }
}

/// Whether what follows leaves the number a count: no open end ("99+"), percent sign, date or time.
fn closed(text: &[char], end: usize) -> bool {
    let digit_follows = text.get(end + 1).is_some_and(char::is_ascii_digit);
    match text.get(end) {
        Some('+' | '%' | '°' | '$' | '€' | '£') => false,
        Some('-' | ':' | '/' | '.' | ',' | '\'' | '٫' | '٬' | '،' | '~') => !digit_follows,
        _ => true,
    }
}

/// Whether a digit beside this character belongs to a name or a word.
pub(super) fn is_name(c: char) -> bool {
    (in_word(c) && !runs_together(c)) || matches!(c, '_' | '@' | '#' | '&')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(u64, u64)> {
        count(text).map(|c| (c.value, c.unit))
    }

    #[test]
    fn a_count_is_read_in_every_script() {
        for (text, value, unit) in [
            ("0", 0, 1),
            ("7,883", 7_883, 1),
            ("1.137.245", 1_137_245, 1),
            ("1 137 245", 1_137_245, 1),
            ("12,34,567", 1_234_567, 1),
            ("783.4K", 783_400, 100),
            ("１，２３４", 1_234, 1),
            ("12.6 K", 12_600, 100),
            ("12K", 12_000, 1_000),
            ("1,1 M", 1_100_000, 100_000),
            ("3.9m", 3_900_000, 100_000),
            ("1,2 Mio.", 1_200_000, 100_000),
            ("2,5 Mrd.", 2_500_000_000, 100_000_000),
            ("46,3 mln", 46_300_000, 100_000),
            ("12,6 tys.", 12_600, 100),
            ("12,6 mil", 12_600, 100),
            ("12 mil M", 12_000_000_000, 1_000_000_000),
            ("1,2 mil.", 1_200_000, 100_000),
            ("12,6\u{A0}тыс.", 12_600, 100),
            ("1,2 млн", 1_200_000, 100_000),
            ("12.3万", 123_000, 1_000),
            ("１２.３万", 123_000, 1_000),
            ("1,234万", 12_340_000, 10_000),
            ("1億2345万", 123_450_000, 10_000),
            ("1.2亿", 120_000_000, 10_000_000),
            ("12.3만", 123_000, 1_000),
            ("5.6천", 5_600, 100),
            ("1.2 lakh", 120_000, 10_000),
            ("12 crore", 120_000_000, 10_000_000),
            ("१२.६ हज़ार", 12_600, 100),
            ("१२.६ लाख", 1_260_000, 10_000),
            ("٧٬٨٨٣", 7_883, 1),
            ("١٢٫٦ ألف", 12_600, 100),
            ("\u{200F}١٫٢\u{A0}مليون", 1_200_000, 100_000),
            ("۱۲٫۶ هزار", 12_600, 100),
            ("12,6 nghìn", 12_600, 100),
            ("1,2 Tr", 1_200_000, 100_000),
            ("12,6 rb", 12_600, 100),
            ("1,2 jt", 1_200_000, 100_000),
            ("12,6 B", 0, 0),
            ("1,2 Mn", 1_200_000, 100_000),
            ("1.2B", 1_200_000_000, 100_000_000),
            ("12.6 ล้าน", 12_600_000, 100_000),
        ] {
            let expected = (unit > 0).then_some((value, unit));
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn what_could_mean_two_things_is_not_read() {
        for text in [
            "",
            " ",
            "-5",
            "−1.2K",
            "1.5",
            "12,6",
            "0.123",
            "1.234K",
            "1,234 M",
            "99+",
            "50%",
            "2024-5-15",
            "12:30",
            "1/2",
            "1.2.3K",
            "K",
            "M1",
            "nasa2",
            "1,2 m",
            "12w",
            "1.2T",
            "5 6",
            "12K 13K",
            "999999999999999999999",
            "1.2345M5",
            "١٢٫٦",
            "²",
            "12 posts",
            "$5",
            "1,2 Bx",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
