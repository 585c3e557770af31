//! What lies between two texts that follow each other. Pages tear one number into several texts (`<span>19</span><span>7K</span>`), and
//! half of a number is a wrong number: the parts are joined where one small element holds nothing else, and where that is unsure
//! neither is read.

use super::dom::{Dom, TextNode};
use super::number;

/// The longest text of an element that may be one torn number and its label.
const TEXT_MAX: usize = 48;
/// Texts that it may be torn into.
const PARTS_MAX: usize = 12;

/// Digits before a decimal mark, a grouping mark or a unit.
const INTEGRAL_MAX: usize = 3;
/// Digits of a number without any mark, and of ten thousands: larger ones are grouped or abbreviated.
const BARE_MAX: usize = 4;

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
    let thousands = grouped(&one.text, &next.text, next.spaced);
    let marked = marked(&one.text, &next.text);
    if !(digits || letters || thousands || marked) {
        return Joint::Seam;
    }
    let parted = parted(dom, before, at);
    if parted && !marked {
        return Joint::Seam;
    }
    let around = common(dom, one.element, next.element);
    let alike = alike(dom, around, part(dom, around, one.element), part(dom, around, next.element));
    if marked && fractional(dom, around, at, &one.text, next) && !parted {
        return if next.breaks || next.spaced { Joint::Torn } else { Joint::Seam };
    }
    if marked {
        // `2.` in front of `141 views` is a place in a list.
        let apart = parted
            || next.breaks
            || next.spaced
            || alike == Some(false)
            || named_apart(dom, around, one.element, next.element);
        return if apart { Joint::Wall } else { Joint::Seam };
    }
    if named_apart(dom, around, one.element, next.element) || alike == Some(false) {
        return Joint::Seam;
    }
    if next.breaks && !inline(dom, around) {
        // Boxes below or beside each other: two numbers, unless nothing else is around them.
        let whole = joined(dom, around, at).and_then(|(text, _)| number::whole(&text, &dom.lang));
        let unsure = digits && whole.is_some() && one_by_form(dom, &one.text, &next.text);
        return if unsure { Joint::Torn } else { Joint::Seam };
    }
    if thousands {
        // Nobody puts a space that does not break between two numbers.
        let bound = |text: &str| text.ends_with(FIXED) || text.starts_with(FIXED);
        let one = alike == Some(true) && !next.spaced && (bound(&one.text) || bound(&next.text));
        return if one { Joint::Joined } else { Joint::Torn };
    }
    if next.spaced {
        return Joint::Seam;
    }
    let text = joined(dom, around, at).filter(|_| alike.is_some());
    let one_number = |(text, place): &(String, usize)| {
        let whole = number::whole(text, &dom.lang).is_some();
        (whole && (letters || has_form(text))) || (digits && is_one(dom, text, *place))
    };
    match &text {
        // `72` beside `2,980`: nobody tears a number inside of its first group and leaves the marks whole.
        Some(_) if digits && is_whole_beside(&one.text, &next.text) => Joint::Torn,
        Some((text, place)) if digits && is_bare(dom, text, *place) => Joint::Torn,
        Some(text) if alike == Some(true) && one_number(text) => Joint::Joined,
        _ if digits && one_by_form(dom, &one.text, &next.text) => Joint::Torn,
        _ => Joint::Seam,
    }
}

/// Whether a text holds no other digits than those of one number, and it reaches over a place.
fn is_one(dom: &Dom, text: &str, place: usize) -> bool {
    match number::scan(text, &dom.lang).as_slice() {
        [only] => {
            let apart = |part: &str| part.chars().any(number::is_digit);
            let over = only.start < place && place < only.end;
            over && has_form(&text[only.start..only.end]) && !apart(&text[..only.start]) && !apart(&text[only.end..])
        }
        _ => false,
    }
}

/// The part of an element that a text lies in: a child of it, or itself.
fn part(dom: &Dom, around: usize, element: usize) -> usize {
    dom.upward(element).take_while(|&up| up != around).last().unwrap_or(around)
}

/// Whether two parts look like parts of one thing: the same markup, or the bare text of the element itself. Two classes are two
/// things; of other differences nothing is known.
fn alike(dom: &Dom, around: usize, a: usize, b: usize) -> Option<bool> {
    let class = |at: usize| dom.elements[at].attr("class").unwrap_or_default();
    let same = a == around || b == around || (dom.elements[a].tag == dom.elements[b].tag && class(a) == class(b));
    if same {
        return Some(true);
    }
    if class(a) == class(b) { None } else { Some(false) }
}

/// Whether an element is part of a line whatever stands in it.
fn inline(dom: &Dom, at: usize) -> bool {
    matches!(dom.elements[at].tag.as_str(), "span" | "b" | "strong" | "em" | "i" | "small" | "bdi" | "data" | "output")
}

/// Whether one of two texts bears a name that the other does not.
fn named_apart(dom: &Dom, around: usize, a: usize, b: usize) -> bool {
    let names = |text: usize| -> Vec<(&str, &str)> {
        let inner = dom.upward(text).take_while(|&up| up != around).flat_map(|up| &dom.elements[up].attrs);
        let naming = |name: &str| {
            name.starts_with("data-") || matches!(name, "aria-label" | "title" | "id" | "itemprop" | "role")
        };
        let named = inner.filter(|(name, value)| naming(name) && !value.is_empty());
        named.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    };
    names(a) != names(b)
}

/// Whether the digits where two texts meet could be one number at all: `9,975` and `589` could not, nor `589` and `232.6K`.
fn one_by_form(dom: &Dom, before: &str, after: &str) -> bool {
    let counts = |c: char| number::is_digit(c) || matches!(c, '.' | ',' | '٫' | '٬' | '’' | '\'');
    let start = before.char_indices().rev().take_while(|&(_, c)| counts(c)).last().map_or(before.len(), |(at, _)| at);
    // The end of a time or a name is the beginning of nothing.
    if before[..start].ends_with(|c: char| matches!(c, ':' | '/' | '-' | '#' | '@' | '_') || c.is_alphabetic()) {
        return false;
    }
    let rest = after.find(|c: char| !counts(c)).unwrap_or(after.len());
    let joined = [&before[start..], after].concat();
    // The unit may stand in a third text.
    let abbreviated = (rest == after.len()).then(|| [&before[start..], after, "M"].concat());
    std::iter::once(joined).chain(abbreviated).any(|text| match number::scan(&text, &dom.lang).first() {
        Some(found) => {
            let number = &text[..found.end];
            let bare = number.chars().all(number::is_digit);
            found.start == 0 && found.end > before.len() - start && (bare || has_form(number))
        }
        // A part that is no number by itself is not read without the rest.
        None => number::whole(&before[start..], &dom.lang).is_none(),
    })
}

/// Whether one of two texts is a short number, and the other one with its own groups.
fn is_whole_beside(before: &str, after: &str) -> bool {
    let bare = (1..=INTEGRAL_MAX).contains(&before.chars().count()) && before.chars().all(number::is_digit);
    let groups: Vec<&str> = after.trim().split([',', '.', '٬', '’', '\'']).collect();
    let digits = |group: &&str| group.chars().all(number::is_digit);
    let (first, rest) = groups.split_first().map_or(("", [].as_slice()), |(first, rest)| (*first, rest));
    bare && (1..=INTEGRAL_MAX).contains(&first.chars().count())
        && digits(&first)
        && !rest.is_empty()
        && rest.iter().all(|group| digits(group) && group.chars().count() == INTEGRAL_MAX)
}

/// Whether the number over a place is nothing but digits: without a mark, a unit or a word, `9` beside `485` is as much two numbers.
fn is_bare(dom: &Dom, text: &str, place: usize) -> bool {
    let numbers = number::scan(text, &dom.lang);
    let over = numbers.iter().find(|found| found.start < place && place < found.end);
    over.is_some_and(|found| text[found.start..found.end].chars().all(number::is_digit))
}

/// Whether a number has a form in which sites write one.
fn has_form(text: &str) -> bool {
    let leading = text.chars().take_while(|&c| number::is_digit(c)).count();
    let myriads = text.contains(['万', '萬', '만', '億', '亿', '억']);
    leading <= if myriads || text.chars().all(number::is_digit) { BARE_MAX } else { INTEGRAL_MAX }
}

/// Spaces that keep what they part on one line.
const FIXED: [char; 2] = ['\u{a0}', '\u{202f}'];

/// Digits and a mark that may be a number's, on either side of the border.
fn marked(before: &str, after: &str) -> bool {
    let is_mark = |c: char| matches!(c, '.' | ',');
    let ends = |text: &str| text.ends_with(number::is_digit);
    let begins = |text: &str| text.starts_with(number::is_digit);
    (before.strip_suffix(is_mark).is_some_and(ends) && begins(after))
        || (ends(before) && after.strip_prefix(is_mark).is_some_and(begins))
}

/// Whether the mark between two texts can only be a number's: a text that begins with a mark is the rest of a number however it looks,
/// and so is what makes one with a unit where an element holds nothing else.
fn fractional(dom: &Dom, around: usize, at: usize, before: &str, next: &TextNode) -> bool {
    let begins = before.ends_with(number::is_digit);
    let whole = || joined(dom, around, at).and_then(|(text, _)| number::whole(&text, &dom.lang));
    begins || (!next.breaks && !next.spaced && whole().is_some_and(|count| count.unit > 1))
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
            matches!(
                dom.elements[up].tag.as_str(),
                "a" | "button" | "label" | "li" | "dt" | "dd" | "td" | "th" | "option" | "time" | "svg"
            )
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
        if index > from && node.spaced {
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
            ("<b><span>1</span><span>9</span><span>7</span><span>K</span></b>", 197_000),
            ("<b><span>19</span><span>.</span><span>7K</span></b>", 19_700),
            ("<span><div><span>19</span></div><div><span>7K</span></div></span>", 197_000),
            ("<b><span>4</span><span>6.3</span><span>M</span></b>", 46_300_000),
            ("<p><span>19</span>7K followers</p>", 197_000),
            ("<b><span>٢٥٧</span><span>٬١٦٥</span></b>", 257_165),
            ("<b><span>2.1 mi</span><span>llion</span></b>", 2_100_000),
            ("<b><span class=i>20</span><sup class=f>.6</sup><i class=u>K</i></b>", 20_600),
            ("<b><span class=i>4</span><sup class=f>,6</sup><i class=u> Mio.</i></b>", 4_600_000),
            ("<b><span class=i>20.</span><sup class=f>6</sup><i class=u>K</i></b>", 20_600),
        ] {
            assert_eq!(read(page), [value], "{page}");
        }
    }

    #[test]
    fn digits_that_may_be_one_number_or_two_are_not_read() {
        for page in [
            "<div><span>12</span><span>6K</span><span>900</span></div>",
            "<div><b>12</b><i>6K</i></div>",
            "<div><span>72</span><span>2,980</span></div>",
            "<p><b><i>4</i><i>6.3</i></b>M</p>",
            "<div><div>12</div><div>6K</div></div>",
            "<div><span>12</span> <span>600</span></div>",
            "<p>1,244 followers · 2<b>3</b> following, 6 posts and much more of this kind</p>",
        ] {
            assert!(read(page).iter().all(|value| [1244, 6, 900].contains(value)), "{page}: {:?}", read(page));
        }
    }

    #[test]
    fn numbers_that_stand_apart_stay_apart() {
        for page in [
            "<a href=/a>12</a><a href=/b>600</a>",
            "<div>12</div><div>600</div><p>Ada</p>",
            "<div><b class=a>12</b><b class=b>600</b></div>",
            "<div><b>12</b><b class=b>600</b></div>",
            "<ul><li>12</li><li>600</li></ul>",
            "<div><div aria-label=views>12</div><div aria-label=likes>600</div></div>",
            "<p><b>12</b><time>13d</time><b>600</b></p>",
            "<p><b>12</b><b>3:31</b><i>600</i></p>",
            "<p><i></i><b>12</b><i></i><b>600</b></p>",
            "<p><b data-e2e=likes>12</b><b data-e2e=views>600</b></p>",
        ] {
            assert_eq!(read(page), [12, 600], "{page}");
        }
        let record = "<p><b>9,975</b><b>589</b><b class=v>232.6K</b></p>";
        assert_eq!(read(record), [9_975, 589, 232_600]);
    }
}
