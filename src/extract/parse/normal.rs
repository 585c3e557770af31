//! Text as the parsers want it: digits of every script as ASCII, every kind of space as one space, no invisible marks,
//! and the spellings that one word has in Arabic and Devanagari folded into one. Tables of words pass through the same
//! function, so that they can be written as people write them.

/// The zero of each script that has decimal digits and that a profile page may show; the nine others follow it.
const ZEROS: [u32; 24] = [
    0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6, 0x0E50,
    0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810, 0x1946, 0x1C40, 0x1C50, 0xA9D0, 0xFF10,
];

/// At most so many characters of a text are looked at; a count or a date is never longer.
pub(super) const LONGEST: usize = 400;

/// Grouping spaces that never separate words are kept apart from ordinary ones under this character (NO-BREAK SPACE).
pub(super) const TIGHT_SPACE: char = '\u{A0}';

/// The text with case kept, at most [`LONGEST`] characters of it.
pub(super) fn normalise(text: &str) -> Vec<char> {
    let mut out = Vec::with_capacity(text.len().min(LONGEST));
    let mut chars = text.chars();
    let mut before = ' ';
    for shown in chars.by_ref().take(LONGEST) {
        // A wide comma groups only digits that are wide themselves; elsewhere it ends a clause, without a space behind it.
        let wide_group = shown == '，' && matches!(before, '０'..='９');
        before = shown;
        let Some(c) = (if wide_group { Some(',') } else { fold(shown) }) else { continue };
        let space = c == ' ' || c == TIGHT_SPACE;
        match out.last_mut() {
            None if space => {}
            Some(last) if space && (*last == ' ' || *last == TIGHT_SPACE) => *last = ' ',
            _ => out.push(c),
        }
    }
    // What the end of a longer text cuts in two must not be read as a whole.
    if chars.next().is_some() {
        out.truncate(out.iter().rposition(|c| *c == ' ').unwrap_or(0));
    }
    while out.last().is_some_and(|c| *c == ' ' || *c == TIGHT_SPACE) {
        out.pop();
    }
    out
}

/// One character in lower case; the few whose lower case is longer keep their first character.
pub(super) fn lower(c: char) -> char {
    if c == 'İ' { 'i' } else { c.to_lowercase().next().unwrap_or(c) }
}

/// A table's word in the form that page text is compared in.
pub(super) fn key(word: &str) -> String {
    normalise(word).into_iter().map(|c| lower(if c == TIGHT_SPACE { ' ' } else { c })).collect()
}

/// Whether words of this character's script stand without spaces between them, so that a word may begin or end anywhere.
pub(super) fn runs_together(c: char) -> bool {
    matches!(u32::from(c),
        0x0E00..=0x0EFF | 0x1000..=0x109F | 0x1780..=0x17FF | 0x3040..=0x30FF | 0x3400..=0x9FFF | 0xAC00..=0xD7AF | 0xF900..=0xFAFF)
}

/// Whether the character continues a word: a letter, or a vowel sign or other mark that belongs to one.
pub(super) fn in_word(c: char) -> bool {
    c.is_alphabetic()
        || matches!(u32::from(c), 0x0300..=0x036F | 0x0900..=0x0903 | 0x093E..=0x094F | 0x0E31..=0x0E3A | 0x0E47..=0x0E4E)
        || is_indic_sign(c)
}

fn is_indic_sign(c: char) -> bool {
    let code = u32::from(c);
    (0x0980..=0x0DFF).contains(&code) && !c.is_numeric()
}

fn fold(c: char) -> Option<char> {
    let code = u32::from(c);
    if c.is_ascii() {
        return Some(if c.is_ascii_whitespace() { ' ' } else { c });
    }
    if let Some(digit) = ZEROS.iter().find_map(|zero| code.checked_sub(*zero).filter(|d| *d < 10)) {
        return char::from_digit(digit, 10);
    }
    Some(match c {
        // Invisible: soft hyphen, bidirectional marks, zero-width characters, variation selectors, Arabic vowel signs, nuktas.
        '\u{AD}'
        | '\u{61C}'
        | '\u{180E}'
        | '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2069}' => return None,
        '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{640}' | '\u{64B}'..='\u{652}' => return None,
        '\u{93C}' | '\u{9BC}' | '\u{A3C}' => return None,
        '\u{A0}' | '\u{2007}' | '\u{2009}' | '\u{200A}' | '\u{202F}' => TIGHT_SPACE,
        '\u{85}'
        | '\u{1680}'
        | '\u{2000}'..='\u{2006}'
        | '\u{2008}'
        | '\u{2028}'
        | '\u{2029}'
        | '\u{205F}'
        | '\u{3000}' => ' ',
        '‘' | '’' | 'ʼ' | '＇' | '′' => '\'',
        '−' | '‒' | '–' | '﹣' | '－' => '-',
        '．' => '.',
        '：' => ':',
        '／' => '/',
        '＋' => '+',
        '％' | '٪' => '%',
        '（' => '(',
        '）' => ')',
        'Ａ'..='Ｚ' | 'ａ'..='ｚ' => char::from_u32(code - 0xFEE0)?,
        'أ' | 'إ' | 'آ' => 'ا',
        'ك' => 'ک',
        'ي' | 'ى' => 'ی',
        'ة' => 'ه',
        // Letters that carry their nukta inside them.
        '\u{958}' => 'क',
        '\u{959}' => 'ख',
        '\u{95A}' => 'ग',
        '\u{95B}' => 'ज',
        '\u{95C}' => 'ड',
        '\u{95D}' => 'ढ',
        '\u{95E}' => 'फ',
        '\u{95F}' => 'य',
        '\u{9DC}' => 'ড',
        '\u{9DD}' => 'ঢ',
        '\u{9DF}' => 'য',
        '\u{A33}' => 'ਲ',
        '\u{A59}' => 'ਖ',
        '\u{A5B}' => 'ਜ',
        '\u{A5E}' => 'ਫ',
        other => other,
    })
}
