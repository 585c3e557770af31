//! What one record of a grid shows: its numbers and texts, each with the ways to find it in any record, and with what it is said to be.
//! A bare place is no way: where the plays are not shown, the likes stand in their place.

use super::super::dom::{Dom, Sight};
use super::super::label;
use super::super::number;
use super::super::shown::Phrase;
use super::words::{self, Told, told};
use super::{Found, Value, locator};

/// Letters that may stand beside a count in its own text.
const LABEL_MAX: usize = 24;
/// Words of them.
const WORDS_MAX: usize = 3;
/// Letters before a quoted text that say whose it is.
const WHOSE_MAX: usize = 100;
/// Letters of a count that is only spoken.
const SPOKEN_MAX: usize = 40;

/// Every number and text of a record.
pub(super) fn values(dom: &Dom, phrases: &[Phrase], region: usize) -> Vec<Value> {
    let mut values = Vec::new();
    let (from, to) = dom.elements[region].texts;
    let first = phrases.partition_point(|phrase| phrase.texts.0 < from);
    let inside: Vec<&Phrase> = phrases[first..].iter().take_while(|phrase| phrase.texts.0 < to).collect();
    for phrase in inside.iter().filter(|phrase| is_count(phrase)) {
        values.push(number(dom, &inside, phrase, region));
    }
    if values.len() > 1 {
        values.iter_mut().for_each(|value| value.sole = None);
    }
    for at in region..dom.elements[region].end {
        let element = &dom.elements[at];
        if element.sight == Sight::Hidden {
            continue;
        }
        for name in ["alt", "title", "aria-label", "data-caption", "data-desc", "data-title"] {
            if let Some(value) = element.attr(name).filter(|value| is_caption(value, &dom.lang)) {
                values.push(Value::new(Found::Text(value.to_owned()), vec![locator(("attr", name, &element.tag))]));
                let quoted = quoted(value).map(|text| Found::Text(text.to_owned()));
                values.extend(quoted.map(|found| Value::new(found, vec![locator(("quoted", name, &element.tag))])));
            }
        }
        values.extend(
            ["aria-label", "title"].into_iter().filter_map(|name| spoken(element.attr(name)?, name, &dom.lang)),
        );
        let (from, to) = element.texts;
        if to > from && to - from <= 8 && dom.texts[from..to].iter().any(|text| text.element == at || to - from > 1) {
            let text = dom.text_of(at);
            if text.len() > 1 && is_caption(&text, &dom.lang) {
                values.push(Value::new(Found::Text(text), text_ways(dom, region, at)));
            }
        }
    }
    values
}

/// The text in quotes at the end of a sentence that says whose it is: `Ada on Pics: "a text"`.
fn quoted(text: &str) -> Option<&str> {
    let (before, quoted) = text.split_once([':', '：'])?;
    let quoted = quoted.trim().trim_end_matches('.');
    let inner = quoted.strip_prefix(['"', '“', '„', '«', '「'])?.strip_suffix(['"', '”', '“', '»', '」'])?;
    (before.len() <= WHOSE_MAX && !inner.trim().is_empty()).then(|| inner.trim())
}

/// Plays that only a reader of the screen is told: a number with the word for them.
fn spoken(text: &str, name: &str, lang: &str) -> Option<Value> {
    if text.len() > SPOKEN_MAX || !text.contains(char::is_numeric) {
        return None;
    }
    let [one] = number::scan(text, lang).try_into().ok()?;
    let one: number::Found = one;
    let words = label::plain(&format!("{} {}", &text[..one.start], &text[one.end..]));
    if told(&words) != Told::Views || !is_short(&words) {
        return None;
    }
    let mut value = Value::new(Found::Count(one.count), vec![locator(("spoken", name, &words))]);
    (value.told, value.labelled, value.spoken) = (Told::Views, true, true);
    Some(value)
}

/// Whether a number stands as a count, and not in a sentence.
fn is_count(phrase: &Phrase) -> bool {
    let around = [phrase.before.as_str(), phrase.after.as_str()];
    !around.iter().any(|text| text.contains(['#', '@'])) && around.iter().flat_map(|text| pieces(text)).all(is_short)
}

/// A text between numbers and marks.
fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let stops = |c: char| c.is_numeric() || matches!(c, ',' | ';' | '·' | '•' | '|' | '\n' | '،' | '、' | '，' | '/');
    text.split(stops)
}

fn is_short(piece: &str) -> bool {
    piece.chars().filter(|c| c.is_alphabetic()).count() <= LABEL_MAX && piece.split_whitespace().count() <= WORDS_MAX
}

/// A number, alone or with the word for what it counts, is no caption.
fn is_caption(text: &str, lang: &str) -> bool {
    if words::is_generated(text) {
        return false;
    }
    if text.contains('#') || !text.contains(char::is_numeric) {
        return !text.trim().is_empty();
    }
    let found = number::scan(text, lang);
    let trimmed = text.trim().len() == text.len();
    let is_number = match found.as_slice() {
        [one] if trimmed => one.start == 0 && one.end == text.len() && text.len() <= number::WHOLE_MAX,
        _ if trimmed => false,
        _ => number::whole(text, lang).is_some(),
    };
    if is_number {
        return false;
    }
    let named = |piece: &str| piece.trim().is_empty() || told(&label::plain(piece)) != Told::Nothing;
    found.is_empty() || !pieces(text).all(|piece| is_short(piece) && named(piece))
}

fn number(dom: &Dom, inside: &[&Phrase], phrase: &Phrase, region: usize) -> Value {
    let mut value = Value::new(Found::Count(phrase.count), Vec::new());
    let own = own_words(phrase);
    let mut said: Vec<String> = Vec::new();
    let alone = |at: usize| {
        let (from, to) = dom.elements[at].texts;
        inside.iter().filter(|other| from <= other.texts.0 && other.texts.0 < to).count() == 1
    };
    let mut near = String::new();
    let mut named: Vec<String> = Vec::new();
    for up in dom.upward(phrase.element).take_while(|&up| up >= region && alone(up)) {
        let element = &dom.elements[up];
        for (name, text) in &element.attrs {
            if name.starts_with("data-") && text.len() <= 40 && !text.bytes().any(|b| b.is_ascii_digit()) {
                value.ways.push(locator(("named", name, text)));
                named.push(label::plain(&text.replace(['-', '_'], " ")));
            }
            let (from, to) = element.texts;
            let by_itself = from == phrase.texts.0 && to == phrase.texts.1 + 1 && up != region;
            if by_itself && matches!(name.as_str(), "aria-label" | "title") && text.len() <= 40 {
                said.push(without_digits(text));
            }
        }
        if near.is_empty() {
            near = icon(dom, up, phrase);
        }
    }
    if near.is_empty() {
        near = icon_before(dom, phrase.element);
    }
    if own.is_empty() && said.is_empty() {
        let boxes = dom.upward(phrase.element).take_while(|&up| up != region && alone(up));
        said.extend(
            boxes
                .map(|up| beside(dom, phrase, up))
                .find(|words| !words.is_empty())
                .filter(|words| told(words) != Told::Nothing),
        );
    }
    said.push(own);
    said.retain(|text| !text.is_empty());
    let own = said.iter().chain(&named).map(|text| told(text)).find(|told| *told != Told::Nothing);
    value.labelled = own.is_some();
    value.told = own.unwrap_or_else(|| told(&near));
    value.sole = Some(locator(("sole", &dom.elements[phrase.element].tag, &said, &near)));
    value.said = said.iter().map(|text| locator(("said", text))).collect();
    value.ways.extend(&value.said);
    if !near.is_empty() {
        value.ways.push(locator(("near", near, &said)));
    }
    if has_class(dom, phrase.element, 1) {
        value.ways.push(locator(("own", shape(dom, phrase.element, 1))));
        value.class = Some(locator(("class", shape(dom, phrase.element, 1))));
    }
    if has_class(dom, phrase.element, 3) {
        value.ways.push(locator(("shape", shape(dom, phrase.element, 3), &said)));
    }
    value.ways.push(locator(("path", path(dom, region, phrase.element), &said)));
    value
}

fn text_ways(dom: &Dom, region: usize, at: usize) -> Vec<u64> {
    let mut ways = vec![locator(("textpath", path(dom, region, at)))];
    if has_class(dom, at, 1) {
        ways.push(locator(("text", shape(dom, at, 1))));
    }
    if has_class(dom, at, 3) {
        ways.push(locator(("text", shape(dom, at, 3))));
    }
    ways
}

/// The words of the number's own text that stand next to it.
fn own_words(phrase: &Phrase) -> String {
    let after = pieces(&phrase.after).next().unwrap_or_default();
    let before = pieces(&phrase.before).last().unwrap_or_default();
    label::plain(&format!("{before} {after}"))
}

/// The other texts of an element that holds one number and no more than its word.
fn beside(dom: &Dom, phrase: &Phrase, at: usize) -> String {
    let (from, to) = dom.elements[at].texts;
    let others = (from..to).filter(|index| !(phrase.texts.0..=phrase.texts.1).contains(index));
    let words: Vec<&str> = others.map(|index| dom.texts[index].text.as_str()).collect();
    let words = words.join(" ");
    if is_short(&words) { label::plain(&words) } else { String::new() }
}

fn without_digits(text: &str) -> String {
    label::plain(&text.replace(|c: char| c.is_numeric(), " "))
}

/// What a picture inside an element is said to be, or the element itself.
fn icon(dom: &Dom, at: usize, phrase: &Phrase) -> String {
    let inside = (at..dom.elements[at].end).filter(|&inner| inner != phrase.element);
    let mut said = inside.filter_map(|inner| dom.elements[inner].attr("aria-label").filter(|said| said.len() <= 40));
    said.next().map(without_digits).unwrap_or_default()
}

/// What stands right before a number and shows no text: its sign.
fn icon_before(dom: &Dom, at: usize) -> String {
    let parent = dom.elements[at].parent;
    let mut before = None;
    let mut child = parent + 1;
    while child < at {
        before = Some(child);
        child = dom.elements[child].end;
    }
    let sign = before.filter(|&sign| dom.elements[sign].texts.0 == dom.elements[sign].texts.1);
    let said = sign.and_then(|sign| {
        (sign..dom.elements[sign].end).find_map(|inner| {
            dom.elements[inner]
                .attr("aria-label")
                .or_else(|| dom.elements[inner].attr("title"))
                .filter(|said| said.len() <= 40)
        })
    });
    said.map(without_digits).unwrap_or_default()
}

pub(super) fn shape(dom: &Dom, at: usize, levels: usize) -> Vec<(&str, &str)> {
    dom.upward(at)
        .take(levels)
        .map(|up| (dom.elements[up].tag.as_str(), dom.elements[up].attr("class").unwrap_or_default()))
        .collect()
}

fn has_class(dom: &Dom, at: usize, levels: usize) -> bool {
    dom.upward(at).take(levels).any(|up| dom.elements[up].attr("class").is_some_and(|class| !class.is_empty()))
}

/// The way from a record down: tags, each with its place among equal tags and with how many there are, so that a record that lacks one
/// has other ways.
fn path(dom: &Dom, region: usize, at: usize) -> Vec<(&str, usize, usize)> {
    let mut steps = Vec::new();
    for step in dom.upward(at).take_while(|&step| step != region) {
        let parent = dom.elements[step].parent;
        let (mut place, mut total) = (0, 0);
        let mut child = parent + 1;
        while child < dom.elements[parent].end {
            if dom.elements[child].tag == dom.elements[step].tag {
                place += usize::from(child < step);
                total += 1;
            }
            child = dom.elements[child].end;
        }
        steps.push((dom.elements[step].tag.as_str(), place, total));
    }
    steps
}
