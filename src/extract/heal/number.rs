//! Counts as sites write them, in any language: `1,244`, `1.244`, `12.6K`, `2,1 Mio.`, `1.2万`, `12,34,567`, Arabic digits; also where
//! the page tears one number into several texts. A text may hold several counts: each is found with its place, so that the words
//! around it can name it.

use super::compound::{self, Rest};
use super::label;
use super::posts;
use super::unit::{dense_unit, is_mark, spaced_unit};

/// Stands between two texts of the page that were joined for reading.
pub(crate) const SEAM: char = '\u{1}';
/// Stands where nothing may be joined.
pub(crate) const WALL: char = '\u{2}';
/// Stands between digits that may be one number or two: neither is read.
pub(crate) const TORN: char = '\u{3}';

/// A count and how coarse it is: `12.6K` is 12,600 to the unit of 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) value: u64,
    pub(crate) unit: u64,
}

impl Count {
    /// Whether both can be the same number: sites truncate, so the finer one lies less than a unit above the coarser. Where
    /// a site rounds up instead, the two count as different, and the exact one has to stand on its own.
    pub(crate) const fn agrees(self, other: Self) -> bool {
        let (fine, coarse) = if self.unit <= other.unit { (self, other) } else { (other, self) };
        if coarse.unit == 1 {
            return fine.value == coarse.value;
        }
        fine.value + coarse.unit / 50 >= coarse.value && fine.value < coarse.value + coarse.unit
    }
}

/// A count inside a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// Bytes.
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) count: Count,
}

/// Bytes of a text that is one count; in other scripts than Latin a letter takes three.
pub(crate) const WHOLE_MAX: usize = 120;

/// The whole text as one count, or nothing.
pub(crate) fn whole(text: &str, lang: &str) -> Option<Count> {
    let text = text.trim();
    if text.is_empty() || text.len() > WHOLE_MAX || text.chars().count() > 40 {
        return None;
    }
    match scan(text, lang).as_slice() {
        [one] if one.start == 0 && text[one.end..].trim().is_empty() => Some(one.count),
        _ => None,
    }
}

/// Every count in a text, in order.
pub(crate) fn scan(text: &str, lang: &str) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(start) = next_digit(text, at) {
        let (raw, end) = digits_from(text, start);
        if !may_begin(text, start) || text[end..].trim_start().starts_with(TORN) {
            at = skip_word(text, end);
            continue;
        }
        let Some((multiplier, after)) = unit_after(text, end, lang) else {
            at = skip_word(text, end);
            continue;
        };
        let count = decode(&raw, multiplier);
        // `999+` and `10K+` are where a site stops counting; `12.6K+` only says that it cut off the rest.
        if text[after..].starts_with('+') && count.is_some_and(|count| count.unit == 1 || is_one_digit(count.value)) {
            at = after;
            continue;
        }
        match count.map(|count| compound::rest(text, count, multiplier, after, lang)) {
            Some(Rest::More(count, end)) => {
                found.push(Found { start, end, count });
                at = end;
            }
            Some(Rest::Unsure(end)) => at = end,
            Some(Rest::None) | None => {
                found.extend(count.map(|count| Found { start, end: after, count }));
                at = after;
            }
        }
    }
    found
}

/// The next digit from a place on. Nearly every byte of a page is a letter of ASCII.
fn next_digit(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|b| b.is_ascii_digit() || !b.is_ascii())?;
        let c = text[at..].chars().next()?;
        if is_digit(c) {
            return Some(at);
        }
        at += c.len_utf8();
    }
}

fn skip_word(text: &str, from: usize) -> usize {
    text[from..].find(|c: char| !c.is_alphanumeric() && c != '_').map_or(text.len(), |step| from + step)
}

/// Whether a number has one digit and zeros, as the marks have at which sites stop counting.
const fn is_one_digit(value: u64) -> bool {
    let mut value = value;
    while value >= 10 && value.is_multiple_of(10) {
        value /= 10;
    }
    value < 10
}

/// A number inside a word, a handle, a hashtag or a date is none.
fn may_begin(text: &str, start: usize) -> bool {
    // Of `<10K` nothing is known but where it ends.
    if text[..start].trim_end().ends_with([TORN, '<', '>', '≤', '≥', '＜', '＞']) {
        return false;
    }
    let mut before = text[..start].chars().rev();
    match before.next() {
        None => true,
        Some(c) if c.is_alphabetic() => !is_spaced_script(c),
        Some(TORN | '_' | '@' | '#' | '-' | '/' | ':' | '=' | '&' | '%' | '.' | ',' | '$' | '€' | '£') => false,
        Some('+') => before.next().is_none_or(|c| !c.is_alphanumeric()),
        Some(_) => true,
    }
}

/// Scripts that separate words by spaces: a digit right after such a letter belongs to the word.
fn is_spaced_script(c: char) -> bool {
    !matches!(u32::from(c), 0x0E00..=0x0EFF | 0x2E80..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF)
}

/// Any decimal digit of the scripts that sites use.
fn digit(c: char) -> Option<char> {
    let code = u32::from(c);
    let zero = match code {
        0x30..=0x39 => 0x30,
        0x660..=0x669 => 0x660,
        0x6F0..=0x6F9 => 0x6F0,
        0x966..=0x96F => 0x966,
        0x9E6..=0x9EF => 0x9E6,
        0xE50..=0xE59 => 0xE50,
        0x1040..=0x1049 => 0x1040,
        0x17E0..=0x17E9 => 0x17E0,
        0xFF10..=0xFF19 => 0xFF10,
        _ => return None,
    };
    char::from_digit(code - zero, 10)
}

/// Whether a character is a digit of any script that sites use.
pub(crate) fn is_digit(c: char) -> bool {
    digit(c).is_some()
}

const fn separator(c: char) -> Option<char> {
    match c {
        '.' | '·' => Some('.'),
        ',' | '٫' | '،' | '，' => Some(','),
        '٬' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' => Some(' '),
        _ => None,
    }
}

/// Letters that one number may take, with its separators.
const DIGITS_MAX: usize = 48;

/// The digits and separators of one number, with separators as `.`, `,` or a space, and where it ends.
pub(super) fn digits_from(text: &str, start: usize) -> (String, usize) {
    let mut held = [(0, ' '); DIGITS_MAX];
    let mut count = 0;
    for (place, char) in held.iter_mut().zip(text[start..].char_indices()) {
        *place = char;
        count += 1;
    }
    let chars = &held[..count];
    let at_char = |i: usize| chars.get(i).map(|&(_, c)| c);
    let end_of = |i: usize| {
        chars
            .get(i)
            .map_or(text.len().min(start + chars.last().map_or(0, |&(at, c)| at + c.len_utf8())), |&(at, _)| start + at)
    };
    let mut raw = String::new();
    let mut i = 0;
    while let Some(c) = at_char(i) {
        if let Some(digit) = digit(c) {
            raw.push(digit);
            i += 1;
            continue;
        }
        let mut j = i;
        let mut mark = None;
        let mut seams = 0;
        while let Some(c) = at_char(j) {
            if c == SEAM && seams < 2 {
                seams += 1;
            } else if let (Some(found), None) = (separator(c), mark) {
                mark = Some(found);
            } else {
                break;
            }
            j += 1;
        }
        let Some(mark) = mark else { break };
        let run = (j..).map_while(|k| at_char(k).and_then(digit)).count();
        let blank = (i..j).filter_map(at_char).any(char::is_whitespace);
        if run == 0 || (mark == ' ' && (run != 3 || (seams > 0 && blank))) {
            break;
        }
        raw.push(mark);
        i = j;
    }
    (raw, end_of(i))
}

/// What follows the digits: a unit, or a word that may follow a number. None where digits are part of something else (`720p`).
pub(super) fn unit_after(text: &str, end: usize, lang: &str) -> Option<(u64, usize)> {
    let rest = &text[end..];
    let gap: usize =
        rest.chars().take_while(|&c| c == SEAM || (c.is_whitespace() && c != '\n')).map(char::len_utf8).sum();
    let gap_chars = rest[..gap].chars().filter(|&c| c != SEAM).count();
    let seamed = rest[..gap].contains(SEAM);
    let tail = &rest[gap..];
    if gap_chars <= 2 {
        if let Some((multiplier, length)) = dense_unit(tail) {
            return Some((multiplier, end + gap + length));
        }
        let word: &str = &tail[..tail.find(|c: char| !(c.is_alphabetic() || is_mark(c))).unwrap_or(tail.len())];
        if foreign_thousand(word, lang, || gap_chars > 0 || text[number_start(text, end)..end].contains([',', '٫'])) {
            return None;
        }
        if let Some((multiplier, length)) = spaced_unit(word, tail, lang, gap > 0) {
            return Some((multiplier, end + gap + length));
        }
    }
    let next = rest.chars().next();
    // A short word right behind a short number may be a unit of a language we do not know: then the number is not what it seems.
    let short = || end.saturating_sub(number_start(text, end)) <= 5 && !is_grouped(text, end);
    let word: &str = &tail[..tail.find(|c: char| !(c.is_alphabetic() || is_mark(c))).unwrap_or(tail.len())];
    let letters = word.chars().count();
    let unit_like = (1..=4).contains(&letters)
        && gap_chars == 1
        && short()
        && !COUNTED.contains(&word.to_lowercase().as_str())
        && label::beside(word).is_none()
        && !posts::names_count(word)
        && label::beside(tail_line(tail)).is_none();
    if unit_like && next != Some('\n') {
        return None;
    }
    match next {
        Some(':' | '/' | '%' | '°' | '-' | '@' | '_') if !seamed => None,
        Some(c) if c.is_alphabetic() && is_spaced_script(c) => {
            let letters = rest.chars().take_while(|c| c.is_alphabetic()).count();
            (letters >= 4).then_some((1, end))
        }
        _ => Some((1, end)),
    }
}

/// Short words for what is counted, which are no units.
const COUNTED: [&str; 14] =
    ["vues", "vue", "vus", "view", "play", "mal", "keer", "kez", "kali", "lần", "razy", "раз", "fois", "xem"];

/// Whether the digits that end here are the last of a number grouped by spaces.
fn is_grouped(text: &str, end: usize) -> bool {
    let digits = text[..end].chars().rev().take_while(|&c| digit(c).is_some()).count();
    let mut before = text[..end].chars().rev().skip(3);
    digits == 3 && before.next().and_then(separator) == Some(' ') && before.next().and_then(digit).is_some()
}

/// `34,5 B`: who means billions writes `34.5B`. Turkish writes thousands so, and where the page does not say that it is Turkish the
/// number is not known.
fn foreign_thousand(word: &str, lang: &str, written_so: impl FnOnce() -> bool) -> bool {
    matches!(word, "B" | "b") && !matches!(lang.get(..2), Some("tr" | "az")) && written_so()
}

fn tail_line(tail: &str) -> &str {
    tail.split([SEAM, WALL, '\n', ',', '·', '•', '|']).next().unwrap_or_default()
}

/// Where the digits and marks that end here begin.
fn number_start(text: &str, end: usize) -> usize {
    let mut start = end;
    for (at, c) in text[..end].char_indices().rev() {
        if digit(c).is_none() && !matches!(c, '.' | ',' | '٫' | SEAM) {
            break;
        }
        start = at;
    }
    start
}

/// The value: grouping and decimal marks told apart by what follows them and by whether a unit stands behind.
pub(super) fn decode(raw: &str, multiplier: u64) -> Option<Count> {
    if raw.bytes().all(|b| b.is_ascii_digit()) {
        let value = raw.parse::<u64>().ok().filter(|_| raw.len() <= 15)?.checked_mul(multiplier)?;
        return Some(Count { value, unit: multiplier.max(1) });
    }
    let marks: Vec<char> = raw.chars().filter(|c| !c.is_ascii_digit()).collect();
    let groups: Vec<&str> = raw.split(|c: char| !c.is_ascii_digit()).collect();
    let last = groups.last().copied().unwrap_or_default();
    let decimal = match marks.as_slice() {
        [] => false,
        [' '] => false,
        [_] => last.len() != 3,
        [.., before, end] => before != end && *end != ' ',
    };
    let (integral, fraction) = if decimal { (&groups[..groups.len() - 1], last) } else { (&groups[..], "") };
    let grouped = integral.len() > 1;
    if grouped && !(integral[0].len() <= 3 && integral[1..].iter().all(|group| group.len() == 3 || group.len() == 2)) {
        return None;
    }
    if grouped && integral.last().is_some_and(|group| group.len() != 3) {
        return None;
    }
    if (decimal && multiplier == 1) || fraction.len() > 3 {
        return None;
    }
    let written: String = integral.concat() + fraction;
    if written.len() > 15 {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
    let unit = (multiplier / scale).max(1);
    let value = written.parse::<u64>().ok()?.checked_mul(multiplier)? / scale;
    Some(Count { value, unit })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_many_languages_are_read() {
        for (text, lang, value, unit) in [
            ("1,244", "en", 1244, 1),
            ("1.244", "de", 1244, 1),
            ("1 244", "fr", 1244, 1),
            ("12.6K", "en", 12_600, 100),
            ("2,1\u{a0}Mio.", "de", 2_100_000, 100_000),
            ("12,6 mil", "pt-br", 12_600, 100),
            ("1,2 mil.", "ro", 1_200_000, 100_000),
            ("35,5 B", "tr", 35_500, 100),
            ("1.2万", "ja", 12_000, 1_000),
            ("12,34,567", "hi", 1_234_567, 1),
            ("١٬٢٤٤", "ar", 1244, 1),
            ("3,4 rb", "id", 3_400, 100),
            ("12\u{1}.\u{1}6K", "en", 12_600, 100),
            ("1,5\u{1}\u{a0}Mio.", "de", 1_500_000, 100_000),
            ("1M", "en", 1_000_000, 1_000_000),
            ("5,4 тыс.", "ru", 5_400, 100),
            ("1,2 E", "hu", 1_200, 100),
            ("1,2\u{a0}mil\u{a0}M", "es", 1_200_000_000, 100_000_000),
            ("12,3 k", "", 12_300, 100),
            ("1.2 क॰", "", 12_000_000, 1_000_000),
            ("1\u{1}’244", "de-ch", 1_244, 1),
            ("3.1B", "en", 3_100_000_000, 100_000_000),
        ] {
            assert_eq!(whole(text, lang), Some(Count { value, unit }), "{text}");
        }
    }

    #[test]
    fn what_is_no_count_is_none() {
        for text in [
            "999+",
            "10K+",
            "<10K",
            "> 1M",
            "720p",
            "#550days",
            "omar47",
            "12:30",
            "2024-05-01",
            "1.5",
            "@user12",
            "4w",
            "3.14159",
            "mail47@x.example",
        ] {
            assert_eq!(scan(text, "en"), [], "{text}");
        }
    }

    #[test]
    fn a_plus_behind_a_number_that_is_no_mark_only_says_that_the_rest_is_cut_off() {
        for (text, value) in [("12.6K+", 12_600), ("126K+", 126_000), ("1.2M+ followers", 1_200_000)] {
            assert_eq!(scan(text, "en").first().map(|found| found.count.value), Some(value), "{text}");
        }
    }

    #[test]
    fn a_letter_that_may_be_a_label_or_another_unit_is_no_unit() {
        for text in ["34,5 B", "34 B", "34,5B"] {
            assert_eq!((whole(text, "en"), whole(text, "")), (None, None), "{text}");
        }
        for text in ["532 Mi piace", "532\u{1}Mi piace"] {
            let counts: Vec<Count> = scan(text, "it").iter().map(|found| found.count).collect();
            assert_eq!(counts, [Count { value: 532, unit: 1 }], "{text}");
        }
        for (text, value) in
            [("4 753 vues", 4_753), ("753 vues", 753), ("12,3 k vues", 12_300), ("16,9\u{a0}k vues", 16_900)]
        {
            assert_eq!(scan(text, "fr").first().map(|found| found.count.value), Some(value), "{text}");
        }
        assert_eq!(scan("12,6 mi curtidas", "pt").first().map(|found| found.count.value), Some(12_600_000));
    }

    #[test]
    fn several_counts_in_one_text_stay_apart() {
        let values = |text: &str| scan(text, "en").iter().map(|found| found.count.value).collect::<Vec<_>>();
        assert_eq!(values("1,244 Followers, 3 Following, 66.7K Likes"), [1244, 3, 66_700]);
        assert_eq!(values("12\u{1}6K"), [12, 6000]);
        assert!(values("12\u{3}6K").is_empty());
        assert!(values("2,89\u{3}3").is_empty());
        assert!(values("1\u{202f}\u{3}745").is_empty());
        assert!(values("1\u{3} 745").is_empty());
        assert_eq!(values("66.7KLikes1,024Followers"), [66_700]);
        assert_eq!(values("549 조회"), [549]);
        assert_eq!(values("1,244Followers"), [1244]);
    }
}
