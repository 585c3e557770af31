//! The digits of a count and what their separators mean. The rule stands in the module's header.

use super::normal::TIGHT_SPACE;

/// More digits than any count has.
const MOST_DIGITS: usize = 18;

/// Digits in groups, as they stand: `parts` has one element more than `marks`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digits {
    parts: Vec<String>,
    marks: Vec<char>,
}

/// Which separator a unit's languages use for fractions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fraction {
    /// A point, without exception: "1.2万".
    Point,
    /// Either, by language: "1.2M", "1,2 M".
    Either,
}

/// A decimal number: `digits` without its mark, the last `scale` of them behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    pub(super) digits: u64,
    pub(super) scale: u32,
    /// The decimal mark, where one was shown.
    pub(super) mark: Option<char>,
}

impl Digits {
    /// Reads the digits that start at `from`, with their separators; answers where they end.
    pub(super) fn scan(text: &[char], from: usize) -> Option<(Self, usize)> {
        let (first, mut at) = run(text, from)?;
        let mut digits = Self { parts: vec![first], marks: Vec::new() };
        let mut length = digits.parts[0].len();
        while let Some(mark) = text.get(at).copied().filter(|c| is_mark(*c)) {
            let Some((part, end)) = run(text, at + 1) else { break };
            let grouping_only = matches!(mark, ' ' | TIGHT_SPACE | '\'');
            if grouping_only && !(part.len() == 3 && digits.parts.last().is_some_and(|p| p.len() <= 3)) {
                break;
            }
            length += part.len();
            digits.parts.push(part);
            digits.marks.push(if mark == TIGHT_SPACE { ' ' } else { mark });
            at = end;
        }
        (length <= MOST_DIGITS).then_some((digits, at))
    }

    /// A count without a unit: an integer.
    pub(super) fn integer(&self) -> Option<u64> {
        if self.marks.contains(&'٫') || !self.groups(self.parts.len()) {
            return None;
        }
        let mark = self.marks.first();
        if self.marks.iter().any(|m| Some(m) != mark) {
            return None;
        }
        self.parts.concat().parse().ok()
    }

    /// A count before a unit: an integer or a decimal.
    pub(super) fn decimal(&self, fraction: Fraction) -> Option<Decimal> {
        let Some(last) = self.marks.last().copied() else { return self.whole() };
        let earlier = &self.marks[..self.marks.len() - 1];
        if earlier.is_empty() {
            return match self.role(last, fraction)? {
                Role::Groups => self.whole(),
                Role::Fraction => self.split(last),
            };
        }
        if earlier.contains(&last) {
            return self.whole();
        }
        self.split(last)
    }

    fn role(&self, mark: char, fraction: Fraction) -> Option<Role> {
        let three = self.parts.get(1)?.len() == 3 && self.parts[0].len() <= 3 && !self.parts[0].starts_with('0');
        match (mark, fraction) {
            ('٫', _) | ('.', Fraction::Point) => Some(Role::Fraction),
            (' ' | '\'' | '٬', _) => Some(Role::Groups),
            (',', Fraction::Point) if three => Some(Role::Groups),
            _ if three => None,
            _ => Some(Role::Fraction),
        }
    }

    fn whole(&self) -> Option<Decimal> {
        Some(Decimal { digits: self.integer()?, scale: 0, mark: None })
    }

    fn split(&self, mark: char) -> Option<Decimal> {
        let whole = self.parts.len() - 1;
        let fraction = self.parts.last()?;
        let grouped = &self.marks[..self.marks.len() - 1];
        if !self.groups(whole) || grouped.iter().any(|m| *m == '٫' || Some(m) != grouped.first()) || fraction.len() > 3
        {
            return None;
        }
        let scale = u32::try_from(fraction.len()).ok()?;
        Some(Decimal { digits: self.parts.concat().parse().ok()?, scale, mark: Some(mark) })
    }

    /// Whether the first `n` parts are one integer: threes, or the Indian way (twos, then one three), without leading zeros.
    fn groups(&self, n: usize) -> bool {
        let lengths: Vec<usize> = self.parts[..n].iter().map(String::len).collect();
        let first = &self.parts[0];
        if first.len() > 1 && first.starts_with('0') {
            return false;
        }
        let [head, middle @ .., tail] = lengths.as_slice() else { return true };
        let western = *head <= 3 && middle.iter().all(|l| *l == 3);
        let indian = *head <= 2 && !middle.is_empty() && middle.iter().all(|l| *l == 2) && self.marks[0] == ',';
        first != "0" && *tail == 3 && (western || indian)
    }
}

enum Role {
    Groups,
    Fraction,
}

fn is_mark(c: char) -> bool {
    matches!(c, ',' | '.' | '\'' | '٬' | '٫' | ' ' | TIGHT_SPACE)
}

fn run(text: &[char], from: usize) -> Option<(String, usize)> {
    let digits: String = text.get(from..)?.iter().take_while(|c| c.is_ascii_digit()).take(MOST_DIGITS + 1).collect();
    let end = from + digits.len();
    (!digits.is_empty()).then_some((digits, end))
}

#[cfg(test)]
mod tests {
    use super::super::normal::normalise;
    use super::*;

    fn digits(text: &str) -> Digits {
        Digits::scan(&normalise(text), 0).unwrap().0
    }

    #[test]
    fn a_mark_before_three_digits_groups_where_there_is_no_unit() {
        for text in ["1.234", "1,234", "1 234", "1\u{202F}234", "1'234", "1’234", "١٬٢٣٤"] {
            assert_eq!(digits(text).integer(), Some(1234), "{text}");
        }
        for text in ["1.5", "0.123", "1,2345", "01,234", "1,23,45", "1.234,567", "1٫234"] {
            assert_eq!(digits(text).integer(), None, "{text}");
        }
        assert_eq!(digits("12,34,567").integer(), Some(1_234_567));
    }

    #[test]
    fn a_mark_before_a_unit_is_read_only_without_doubt() {
        assert_eq!(digits("1.234").decimal(Fraction::Either), None);
        assert_eq!(digits("1.234").decimal(Fraction::Point).map(|d| d.scale), Some(3));
        assert_eq!(digits("1,234").decimal(Fraction::Point).map(|d| d.scale), Some(0));
        assert_eq!(digits("1.234,5").decimal(Fraction::Either).map(|d| (d.digits, d.scale)), Some((12345, 1)));
        assert_eq!(digits("1.234.567").decimal(Fraction::Either).map(|d| (d.digits, d.scale)), Some((1_234_567, 0)));
    }
}
