//! What lies between two texts that follow each other. Pages tear one number into several texts (`<span>19</span><span>7K</span>`), and
//! half of a number is a wrong number: the parts are joined where one small element holds nothing else, and where that is unsure
//! neither is read.

use super::dom::Dom;
use super::number;

/// The longest text of an element that may be one torn number and its label.
const TEXT_MAX: usize = 48;
/// Texts that it may be torn into.
const PARTS_MAX: usize = 12;

/// What lies between two texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joint {
    /// Nothing: they are one.
    Joined,
    /// The border of an element.
    Seam,
    /// What is seen meets what is not.
    Wall,
    /// Digits meet, and whether they are one number or two is not known.
    Torn,
}

/// What lies between a visible text and the next one.
pub(super) fn joint(dom: &Dom, before: usize, at: usize) -> Joint {
    let (one, next) = (&dom.texts[before], &dom.texts[at]);
    if dom.elements[one.element].sight != dom.elements[next.element].sight {
        return Joint::Wall;
    }
    let (Some(last), Some(first)) = (one.text.chars().next_back(), next.text.chars().next()) else {
        return Joint::Seam;
    };
    let digits = number::is_digit(last) && number::is_digit(first);
    let letters = last.is_alphabetic() && first.is_alphabetic();
    if next.breaks || parted(dom, before, at) {
        return Joint::Seam;
    }
    if grouped(&one.text, &next.text, next.spaced) {
        return Joint::Torn;
    }
    if next.spaced || !(digits || letters) {
        return Joint::Seam;
    }
    let around = common(dom, one.element, next.element);
    let Some((text, place)) = joined(dom, around, at) else {
        return if digits { Joint::Torn } else { Joint::Seam };
    };
    if number::whole(&text, &dom.lang).is_some() {
        return Joint::Joined;
    }
    if letters {
        return Joint::Seam;
    }
    let one_number = match number::scan(&text, &dom.lang).as_slice() {
        [only] => {
            only.start < place && place < only.end && !text[..only.start].chars().any(number::is_digit)
                && !text[only.end..].chars().any(number::is_digit)
        }
        _ => false,
    };
    if one_number { Joint::Joined } else { Joint::Torn }
}

/// Digits, white space, and just three digits: thousands apart, or two numbers.
fn grouped(before: &str, after: &str, spaced: bool) -> bool {
    let (left, right) = (before.trim_end(), after.trim_start());
    let gap = spaced || left.len() < before.len() || right.len() < after.len();
    let ends = left.chars().rev().take_while(|&c| number::is_digit(c)).count();
    let begins = right.chars().take_while(|&c| number::is_digit(c)).count();
    gap && (1..=3).contains(&ends) && begins == 3
}

/// Whether a link, a button or a picture keeps two texts apart.
fn parted(dom: &Dom, before: usize, at: usize) -> bool {
    let (from, to) = (dom.texts[before].element, dom.texts[at].element);
    let around = common(dom, from, to);
    let closed = |text: usize| {
        dom.upward(text).take_while(|&up| up != around).any(|up| {
            matches!(dom.elements[up].tag.as_str(), "a" | "button" | "label" | "td" | "th" | "option" | "svg")
        })
    };
    // An element without a text of its own that begins after the first text: an icon.
    let icon = |up: usize| {
        let (first, end) = dom.elements[up].texts;
        first == end && first > before && first <= at
    };
    closed(from) || closed(to) || (from + 1..to).any(icon)
}

/// The texts of a small element as one, and where a text begins in it.
fn joined(dom: &Dom, around: usize, at: usize) -> Option<(String, usize)> {
    let (from, to) = dom.elements[around].texts;
    let length: usize = dom.texts[from..to].iter().map(|node| node.text.len()).sum();
    if to - from > PARTS_MAX || length > TEXT_MAX {
        return None;
    }
    let sight = dom.elements[around].sight;
    let mut text = String::with_capacity(length);
    let mut place = 0;
    for index in from..to {
        let node = &dom.texts[index];
        if dom.elements[node.element].sight != sight {
            continue;
        }
        if index > from && (node.spaced || node.breaks) {
            text.push(number::SEAM);
        }
        if index == at {
            place = text.len();
        }
        text.push_str(&node.text);
    }
    Some((text, place))
}

/// The smallest element around two.
pub(super) fn common(dom: &Dom, a: usize, b: usize) -> usize {
    dom.upward(a).find(|&up| up <= b && b < dom.elements[up].end).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::dom::Dom;
    use super::super::shown;

    fn read(body: &str) -> Vec<u64> {
        let dom = Dom::parse(&format!("<html lang=en><body>{body}</body></html>"));
        shown::phrases(&dom).iter().map(|phrase| phrase.count.value).collect()
    }

    #[test]
    fn a_number_torn_into_several_texts_is_read_whole() {
        for (page, value) in [
            ("<b><span>19</span><span>7K</span></b>", 197_000),
            ("<b><span>2,89</span><span>3</span></b>", 2_893),
            ("<b><span>1</span><i>9</i><span>7</span><span>K</span></b>", 197_000),
            ("<b><span>19</span><span>.</span><span>7K</span></b>", 19_700),
            ("<p><span>19</span>7K followers</p>", 197_000),
            ("<b><span>2.1 mi</span><span>llion</span></b>", 2_100_000),
        ] {
            assert_eq!(read(page), [value], "{page}");
        }
    }

    #[test]
    fn digits_that_may_be_one_number_or_two_are_not_read() {
        for page in [
            "<div><span>12</span><span>6K</span><span>900</span></div>",
            "<div><span>12</span> <span>600</span></div>",
            "<p>1,244 followers · 2<b>3</b> following, 6 posts and much more of this kind</p>",
        ] {
            assert!(read(page).iter().all(|value| [1244, 6].contains(value)), "{page}: {:?}", read(page));
        }
    }

    #[test]
    fn numbers_that_stand_apart_stay_apart() {
        for page in [
            "<a href=/a>12</a><a href=/b>600</a>",
            "<div>12</div><div>600</div>",
            "<p><i></i><b>12</b><i></i><b>600</b></p>",
            "<p><b>12</b> <b>60</b>0</p><p>12</p>",
        ] {
            assert!(read(page).starts_with(&[12, 600]), "{page}: {:?}", read(page));
        }
    }
}
