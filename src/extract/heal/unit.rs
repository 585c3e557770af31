//! The units behind a number, as sites abbreviate thousands, millions and more in each language. A letter that means two things in two
//! languages (`B` is a billion in English and a thousand in Turkish) counts only where the language or the spelling decides it.

use super::label;
use super::number::SEAM;

/// Combining marks of the Indic scripts belong to words.
pub(super) fn is_mark(c: char) -> bool {
    matches!(u32::from(c), 0x0900..=0x0D7F | 0x0300..=0x036F | 0x200C | 0x200D)
}

/// Units of scripts without spaces.
pub(super) fn dense_unit(tail: &str) -> Option<(u64, usize)> {
    const UNITS: [(&str, u64); 15] = [
        ("千", 1_000),
        ("萬", 10_000),
        ("万", 10_000),
        ("億", 100_000_000),
        ("亿", 100_000_000),
        ("천", 1_000),
        ("만", 10_000),
        ("억", 100_000_000),
        ("พันล้าน", 1_000_000_000),
        ("พัน", 1_000),
        ("หมื่น", 10_000),
        ("แสน", 100_000),
        ("ล้าน", 1_000_000),
        ("கோடி", 10_000_000),
        ("లక్ష", 100_000),
    ];
    UNITS.iter().find(|(unit, _)| tail.starts_with(unit)).map(|&(unit, multiplier)| (multiplier, unit.len()))
}

/// Units that are words: the whole word, or a capital letter with another capital right behind it (`66.7KLikes`).
pub(super) fn spaced_unit(word: &str, tail: &str, lang: &str, apart: bool) -> Option<(u64, usize)> {
    if word.is_empty() {
        return None;
    }
    let lower = word.to_lowercase();
    let lower = lower.trim_end_matches(['॰', '.']);
    // Spanish for a thousand million.
    let thousands = tail.strip_prefix("mil").and_then(|rest| rest.strip_prefix(['\u{a0}', ' ']));
    if let (Some(rest), "es" | "ca" | "gl" | "", "mil") = (thousands, lang.get(..2).unwrap_or(lang), lower) {
        let next = &rest[..rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len())];
        if matches!(next, "M" | "mill" | "millones" | "milions") {
            return Some((1_000_000_000, tail.len() - rest.len() + next.len()));
        }
    }
    if let Some(multiplier) = multiplier(lower, lang).filter(|_| !begins_label(word, tail)) {
        let length = word.len();
        let dotted = tail[length..].starts_with('.');
        let known_case = lower.chars().count() > 1
            || lower == "k"
            || !word.is_ascii()
            || !apart
            || word.chars().all(char::is_uppercase)
            || lang.len() >= 2;
        return known_case.then_some((multiplier, length + usize::from(dotted)));
    }
    let mut letters = word.chars();
    let (first, second) = (letters.next()?, letters.next()?);
    let glued = matches!(first, 'K' | 'M' | 'B') && (second.is_uppercase() || !second.is_ascii()) && !apart;
    glued.then(|| multiplier(&first.to_lowercase().to_string(), lang).map(|multiplier| (multiplier, 1))).flatten()
}

/// Whether the word belongs to a label, as in `532 Mi piace`.
fn begins_label(word: &str, tail: &str) -> bool {
    if tail[word.len()..].starts_with(['\'', '’']) {
        return true;
    }
    let mut next = tail[word.len()..].char_indices().skip_while(|&(_, c)| c == SEAM || c == '\u{a0}' || c == ' ');
    let Some((from, _)) = next.next().filter(|(at, c)| *at > 0 && c.is_alphabetic()) else { return false };
    let rest = &tail[word.len() + from..];
    let second = &rest[..rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len())];
    label::beside(&format!("{word} {second}")).is_some() && label::beside(second).is_none()
}

fn multiplier(word: &str, lang: &str) -> Option<u64> {
    const K: u64 = 1_000;
    const M: u64 = 1_000_000;
    const G: u64 = 1_000_000_000;
    let lang = lang.get(..2).unwrap_or(lang);
    let by_language = match (lang, word) {
        ("tr" | "az", "b" | "bin") => Some(K),
        ("id", "m") | ("vi", "t" | "tỷ" | "tỉ") => Some(G),
        ("vi", "n" | "nghìn" | "ngàn") | ("da" | "nb" | "no" | "fi" | "nn", "t") | ("hu", "e") | ("pl", "t") => {
            Some(K)
        }
        ("vi", "tr" | "triệu") => Some(M),
        ("zh", "w") => Some(10_000),
        ("es" | "pt" | "ca" | "gl", "mil") => Some(K),
        ("ms", "j" | "juta") => Some(M),
        ("ro" | "cs" | "sk" | "hr" | "sl" | "bs" | "mo", "mil") => Some(M),
        ("hi" | "en" | "bn" | "mr" | "gu" | "ta" | "te", "l" | "lakh" | "lac") => Some(100_000),
        _ => None,
    };
    if by_language.is_some() {
        return by_language;
    }
    let multiplier = match word {
        "k" | "к" | "тыс" | "тис" | "хил" | "хиљ" | "илј" | "tsd" | "tys" | "tis" | "tn" | "rb" | "ribu" | "ezer"
        | "χιλ" | "tūkst" | "tuh" | "elfu" | "hilj" | "ألف" | "آلاف" | "الف" | "هزار" | "אלף" | "हज़ार" | "हजार"
        | "হাজার" | "হা" | "bin" | "mil" | "mila" | "thousand" | "tusind" | "tusen" | "duizend" | "mille" | "tisuć"
        | "мың" => K,
        "m" | "м" | "mio" | "mln" | "млн" | "mn" | "mill" | "milj" | "mi" | "jt" | "juta" | "εκ" | "tr" | "triệu"
        | "مليون" | "ملايين" | "میلیون" | "מיליון" | "мил" | "милј" | "million" | "millions" | "milyon" | "millones"
        | "milhões" | "milioni" => M,
        "b" | "bn" | "mrd" | "md" | "mld" | "млрд" | "mlrd" | "miliar" | "δισ" | "مليار" | "میلیارد" | "milyar"
        | "billion" | "mia" | "mr" | "mljrd" | "bi" | "bilhões" | "tỷ" | "mld€" => G,
        "lakh" | "लाख" | "লাখ" | "লা" => 100_000,
        "cr" | "crore" | "करोड़" | "क" | "কোটি" | "কো" => 10_000_000,
        _ => return None,
    };
    Some(multiplier)
}
