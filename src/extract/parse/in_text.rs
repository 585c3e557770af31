//! A count inside a longer text, told apart from other numbers by the label beside it.

use super::count::{ParsedCount, Shown, is_name, number_at};
use super::label::{self, CountLabel};
use super::normal::{TIGHT_SPACE, in_word, normalise, runs_together};

/// Reads the one count inside a longer text: "7,883 posts", "Abonnés 1,2 M", "粉丝 12.3万". With several numbers it is the
/// one that stands beside a known label, if exactly one does.
#[must_use]
pub fn count_in(text: &str) -> Option<ParsedCount> {
    let text = normalise(text);
    let labels = label::all(&text);
    let numbers = numbers(&text, &labels);
    if let [only] = numbers.as_slice() {
        return only.count;
    }
    let beside = pairs(&text, &numbers, &labels);
    if let [(_, only)] = beside.as_slice() { only.count } else { None }
}

/// Every count that stands beside its label, in order: "2,362 Followers, 136 Following, 224 Posts - See …". A label
/// that two numbers could belong to is left out, and so is a label that stands twice with different counts.
#[must_use]
pub fn labelled(text: &str) -> Vec<(CountLabel, ParsedCount)> {
    let text = normalise(text);
    let labels = label::all(&text);
    let numbers = numbers(&text, &labels);
    let mut found: Vec<(CountLabel, Option<ParsedCount>)> = Vec::new();
    for (label, shown) in pairs(&text, &numbers, &labels) {
        match found.iter_mut().find(|(known, _)| *known == label) {
            Some((_, count)) if *count != shown.count => *count = None,
            Some(_) => {}
            None => found.push((label, shown.count)),
        }
    }
    found.into_iter().filter_map(|(label, count)| Some((label, count?))).collect()
}

/// Numbers and labels that stand beside each other. A text keeps one order: all labels behind their numbers or all
/// before them; where both would do, nothing is paired.
fn pairs(text: &[char], numbers: &[Shown], labels: &[(CountLabel, usize, usize)]) -> Vec<(CountLabel, Shown)> {
    let (mut behind, mut before) = (Vec::new(), Vec::new());
    for number in numbers {
        for (label, start, end) in labels {
            if joined(text, number.end, *start) {
                behind.push((*label, *number));
            }
            if joined(text, *end, number.start) {
                before.push((*label, *number));
            }
        }
    }
    match behind.len().cmp(&before.len()) {
        std::cmp::Ordering::Greater => behind,
        std::cmp::Ordering::Less => before,
        std::cmp::Ordering::Equal => Vec::new(),
    }
}

/// Whether only a short joint lies between `from` and `to`: spaces, a colon, one or two characters of a script without
/// spaces (the counting word in 件の投稿), or "de".
fn joined(text: &[char], from: usize, to: usize) -> bool {
    let Some(gap) = text.get(from..to) else { return false };
    let word: String = gap.iter().filter(|c| in_word(**c)).collect();
    let small = matches!(word.as_str(), "" | "de" | "di" | "d" | "mga")
        || (word.chars().count() <= 2 && word.chars().all(runs_together));
    gap.len() <= 6 && small && gap.iter().all(|c| in_word(*c) || matches!(*c, ' ' | TIGHT_SPACE | ':' | '\'' | '('))
}

/// Above it nobody abbreviates behind the digits, so an unknown word there is no unit.
const SURELY_WHOLE: u64 = 1_000_000;
/// What East Asian and Thai texts put between a number and its noun, or behind it.
const COUNTERS: &str = "人位名件个個回次条條篇則枚本명개건회번คครร";

/// Whether what stands behind a number cannot be a unit that we do not know: nothing, a label, a counting word.
fn no_unit_follows(text: &[char], number: &Shown, labels: &[(CountLabel, usize, usize)]) -> bool {
    let spaced = text.get(number.end).is_some_and(|c| *c == ' ' || *c == TIGHT_SPACE);
    let at = number.end + usize::from(spaced);
    let Some(next) = text.get(at).filter(|c| in_word(**c)) else { return true };
    let word: String = text[at..].iter().take_while(|c| in_word(**c)).take(4).collect();
    labels.iter().any(|(_, start, _)| *start == at)
        || matches!(word.as_str(), "de" | "di" | "d" | "mga")
        || (COUNTERS.contains(*next) && runs_together(*next))
        || number.count.is_some_and(|c| c.unit == 1 && c.value >= SURELY_WHOLE)
}

/// Whether a number may be the rest of the one before it: `4 million 896 thousand`, `107만 5737`. Neither is one by itself.
fn goes_on(text: &[char], before: &Shown, next: &Shown) -> bool {
    let written = &text[before.start..before.end];
    let fraction = written.windows(2).any(|pair| matches!(pair[0], '.' | ',' | '٫') && pair[1].is_ascii_digit());
    let smaller = |first: ParsedCount| next.count.is_none_or(|count| count.value < first.unit);
    let unit = before.count.filter(|first| first.unit > 1 && !fraction);
    next.start == before.end + 1 && matches!(text[before.end], ' ' | TIGHT_SPACE) && unit.is_some_and(smaller)
}

/// Every number of the text, in order. Digits inside a name ("nasa2") are none.
fn numbers(text: &[char], labels: &[(CountLabel, usize, usize)]) -> Vec<Shown> {
    let tongue = label::tongue(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        if !text[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        // An Arabic "and" is written onto the number that follows it.
        let and = at > 0 && text[at - 1] == 'و' && (at == 1 || !in_word(text[at - 2]));
        let named = at > 0 && is_name(text[at - 1]) && !and;
        match number_at(text, at, tongue) {
            Some(mut shown) if !named => {
                if !no_unit_follows(text, &shown, labels) {
                    shown.count = None;
                }
                if let Some(before) = found.last_mut().filter(|before| goes_on(text, before, &shown)) {
                    (before.count, shown.count) = (None, None);
                }
                at = shown.end.max(at + 1);
                found.push(shown);
            }
            _ => at += text[at..].iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '_').count().max(1),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_found_in_a_longer_text() {
        for (text, value) in [
            ("7,883 posts", 7_883),
            ("12.6K Followers", 12_600),
            ("Abonnés 1,2 M", 1_200_000),
            ("粉丝 12.3万", 123_000),
            ("12.3万粉丝", 123_000),
            ("フォロワー12.3万人", 123_000),
            ("팔로워 12.3만명", 123_000),
            ("12,6 B takipçi", 12_600),
            ("1,2 mil. urmăritori", 1_200_000),
            ("12,6 mil seguidores", 12_600),
            ("nasa2: 45 posts", 45),
            ("@user99 has 12 Followers and 3 cats", 12),
            ("1,234 likes.", 1_234),
        ] {
            assert_eq!(count_in(text).map(|c| c.value), Some(value), "{text}");
        }
        for text in [
            "12 or 13",
            "4 million 896 thousand followers",
            "팔로워 107만 5737명",
            "1,2 M pengikut",
            "12 Followers, 13 Following",
            "1,2 mil. seguidores",
            "May 15, 2024",
            "-3 likes",
        ] {
            assert_eq!(count_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_cut_in_two_by_the_limit_is_not_read() {
        let text = format!("{} 1234567 Followers", "x ".repeat(196));
        assert_eq!(count_in(&text), None);
        assert!(labelled(&text).is_empty());
    }

    #[test]
    fn every_labelled_count_of_a_description_is_found() {
        use CountLabel::{Followers, Following, Likes, Posts};
        let read = |text| labelled(text).into_iter().map(|(l, c)| (l, c.value)).collect::<Vec<_>>();
        let three = |a, b, c| vec![(Followers, a), (Following, b), (Posts, c)];
        for (text, expected) in [
            (
                "2,362 Followers, 136 Following, 224 Posts - See Instagram photos and videos from Name (@user)",
                three(2362, 136, 224),
            ),
            (
                "2.362 Follower, 136 gefolgt, 224 Beiträge – Sieh dir Instagram-Fotos und -Videos von Name (@user) an",
                three(2362, 136, 224),
            ),
            ("1 M abonnés, 136 suivis, 224 publications - Découvrez", three(1_000_000, 136, 224)),
            ("2 362 подписчиков, 136 подписок, 224 публикаций", three(2362, 136, 224)),
            ("フォロワー2,362人、フォロー中136人、投稿224件", three(2362, 136, 224)),
            ("팔로워 2,362명, 팔로잉 136명, 게시물 224개", three(2362, 136, 224)),
            ("\u{200F}٢٬٣٦٢ متابع، و\u{200F}١٣٦\u{200F} يتابع، و٢٢٤ منشور - شاهد", three(2362, 136, 224)),
            ("2,362 takipçi, 136 takip edilen, 224 gönderi", three(2362, 136, 224)),
            ("2 362 obserwujących, 136 obserwowanych, 224 postów", three(2362, 136, 224)),
            ("Followers 2,362 Following 136 Posts 224", three(2362, 136, 224)),
            ("2,362 位粉丝，136 人关注，224 篇帖子", three(2362, 136, 224)),
            ("12,6 mil. de urmăritori, 136 urmăriri, 224 de postări", three(12_600_000, 136, 224)),
            ("1,2 million d’abonnés, 136 suivis, 224 publications", three(1_200_000, 136, 224)),
            ("1,2 M d’abonnés, 136 suivis, 224 publications", three(1_200_000, 136, 224)),
            ("1,2\u{a0}M d'abonnés, 136 suivis, 224 publications", three(1_200_000, 136, 224)),
            ("2.362 seguidores, 136 seguidos, 224 publicaciones", three(2362, 136, 224)),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
        let tiktok = read("@x 783.4k Followers, 0 Following, 3.9m Likes - Watch awesome videos");
        assert_eq!(tiktok, [(Followers, 783_400), (Following, 0), (Likes, 3_900_000)]);
    }
}
