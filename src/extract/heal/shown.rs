//! Candidates from what the page shows as numbers. Each number is read in the largest surrounding that holds no second number; the
//! words, attributes and links of that surrounding are what names it. Texts that hold several numbers are read as a sequence.

use super::cand::{Cand, Feature, Strength};
use super::dom::{Dom, Sight};
use super::field::Field;
use super::label;
use super::number::{self, Count, Found, SEAM, WALL};
use super::owner::{DomOwners, Owner};
use crate::model::document::SourceKind;

/// How far a number's surrounding may reach.
const UP_MAX: usize = 32;
/// The longest text that counts as a surrounding.
const CELL_MAX: usize = 90;

/// A number in the page's texts.
pub(crate) struct Phrase {
    pub(crate) count: Count,
    /// The texts it spans: first, last.
    pub(crate) texts: (usize, usize),
    /// The smallest element around it.
    pub(crate) element: usize,
    pub(crate) dim: bool,
    /// The rest of the first text before it and of the last after it.
    pub(crate) before: String,
    pub(crate) after: String,
}

/// Every visible number of a page, in order.
pub(crate) fn phrases(dom: &Dom) -> Vec<Phrase> {
    let mut buffer = String::new();
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut last = Sight::Shown;
    for (index, node) in dom.texts.iter().enumerate() {
        let sight = dom.elements[node.element].sight;
        if sight == Sight::Hidden {
            continue;
        }
        buffer.push(if sight == last { SEAM } else { WALL });
        last = sight;
        starts.push((buffer.len(), index));
        buffer.push_str(&node.text);
    }
    let text_at = |byte: usize| starts.partition_point(|&(start, _)| start <= byte).saturating_sub(1);
    let found = number::scan(&buffer, &dom.lang);
    let phrase = |found: &Found| {
        let (first, last) = (text_at(found.start), text_at(found.end.saturating_sub(1)));
        let stop = starts.get(last + 1).map_or(buffer.len(), |&(start, _)| start - 1);
        let texts = (starts[first].1, starts[last].1);
        let element = common(dom, dom.texts[texts.0].element, dom.texts[texts.1].element);
        Phrase {
            count: found.count,
            texts,
            element,
            dim: dom.elements[dom.texts[texts.0].element].sight == Sight::Dim,
            before: buffer[starts[first].0..found.start].to_owned(),
            after: buffer[found.end.min(stop)..stop].to_owned(),
        }
    };
    found.iter().map(phrase).collect()
}

fn common(dom: &Dom, a: usize, b: usize) -> usize {
    dom.upward(a).find(|&up| up <= b && b < dom.elements[up].end).unwrap_or(0)
}

/// All candidates among a page's shown numbers.
pub(crate) fn candidates(dom: &Dom, owners: &DomOwners, handle: &str) -> (Vec<Phrase>, Vec<Cand>) {
    let phrases = phrases(dom);
    let mut found = Vec::new();
    for (at, phrase) in phrases.iter().enumerate() {
        let (owner, _) = owners.of(dom, phrase.element);
        if !matches!(owner, Owner::Own | Owner::Likely | Owner::Mixed) {
            continue;
        }
        let mut cand = Cand::at(SourceKind::Dom, owner, (usize::MAX, at));
        cand.count = Some(phrase.count);
        cand.dim = phrase.dim;
        let cell = Cell::around(dom, owners, &phrases, at);
        cand.says = cell.says(dom, &phrases, at);
        cand.features = cell.features(dom, phrase, handle);
        cand.group = cell.group;
        found.extend(exact_twins(dom, &cell, &cand));
        found.push(cand);
    }
    found.extend(spoken(dom, owners, handle));
    (phrases, found)
}

/// The surrounding of a number.
struct Cell {
    /// From the number's element up to the largest that holds no second number.
    steps: Vec<usize>,
    /// The words around the number, from the nearest level that has any.
    words: String,
    group: u64,
}

impl Cell {
    fn around(dom: &Dom, owners: &DomOwners, phrases: &[Phrase], at: usize) -> Self {
        let phrase = &phrases[at];
        let mut steps = Vec::new();
        let mut words = String::new();
        let mut top = phrase.element;
        for up in dom.upward(phrase.element).take(UP_MAX) {
            let (from, to) = dom.elements[up].texts;
            let alone = count_between(phrases, from, to) == 1;
            let length: usize = dom.texts[from..to].iter().map(|text| text.text.len()).sum();
            let strange = !steps.is_empty() && (length > CELL_MAX || owners.names_other(dom, up));
            if !alone || strange {
                break;
            }
            steps.push(up);
            top = up;
            if words.is_empty() {
                words = words_around(dom, phrase, up);
            }
        }
        let parent = dom.elements[top].parent;
        Self { steps, words, group: Feature::new(Strength::Place, ("group", parent)).hash }
    }

    /// The field that the surroundings name; none where they disagree.
    fn says(&self, dom: &Dom, phrases: &[Phrase], at: usize) -> Option<Field> {
        let phrase = &phrases[at];
        let by_words = if self.steps.is_empty() { in_sequence(phrase) } else { label::beside(&self.words) };
        let by_words = by_words.or_else(|| if self.words.is_empty() { in_group(dom, phrases, at) } else { None });
        let mut by_code = None;
        for &step in &self.steps {
            for (name, value) in &dom.elements[step].attrs {
                let field = code_field(name, value);
                match (by_code, field) {
                    (Some(before), Some(field)) if before != field => return None,
                    (None, Some(_)) => by_code = field,
                    _ => {}
                }
            }
        }
        match (by_words, by_code) {
            (Some(words), Some(code)) if words != code => None,
            (words, code) => words.or(code),
        }
    }

    fn features(&self, dom: &Dom, phrase: &Phrase, handle: &str) -> Vec<Feature> {
        let mut features = Vec::new();
        let words = label::plain(&self.words);
        if !words.is_empty() {
            features.push(Feature::new(Strength::Meaning, ("words", words)));
        }
        for &step in &self.steps {
            let element = &dom.elements[step];
            for (name, value) in &element.attrs {
                if is_naming(name) && !value.is_empty() && value.len() <= 80 && number::scan(value, "").is_empty() {
                    features
                        .push(Feature::new(Strength::Name, (name, value.to_lowercase().replace(handle, "{handle}"))));
                }
            }
        }
        let shape = |at: usize| (dom.elements[at].tag.as_str(), dom.elements[at].attr("class").unwrap_or_default());
        features.push(Feature::new(
            Strength::Shape,
            ("shape", shape(phrase.element), shape(dom.elements[phrase.element].parent)),
        ));
        features
    }
}

fn count_between(phrases: &[Phrase], from: usize, to: usize) -> usize {
    let first = phrases.partition_point(|phrase| phrase.texts.0 < from);
    phrases[first..].iter().take_while(|phrase| phrase.texts.0 < to).count()
}

/// The texts of an element without the number itself.
fn words_around(dom: &Dom, phrase: &Phrase, at: usize) -> String {
    let (from, to) = dom.elements[at].texts;
    let mut words = String::new();
    for index in from..to {
        let node = &dom.texts[index];
        let piece = if index == phrase.texts.0 && index == phrase.texts.1 {
            format!("{} {}", phrase.before, phrase.after)
        } else if index == phrase.texts.0 {
            phrase.before.clone()
        } else if index == phrase.texts.1 {
            phrase.after.clone()
        } else if index > phrase.texts.0 && index < phrase.texts.1 || dom.elements[node.element].sight == Sight::Hidden
        {
            continue;
        } else {
            node.text.clone()
        };
        words.push(' ');
        words.push_str(&piece);
    }
    label::plain(&words)
}

/// A text with several numbers: the words right behind this one, or, where the text begins with words, right before.
fn in_sequence(phrase: &Phrase) -> Option<Field> {
    let cut = |text: &str, front: bool| {
        let stops =
            |c: char| matches!(c, ',' | ';' | '·' | '•' | '|' | '\n' | '،' | '、' | '，' | '/') || c.is_ascii_digit();
        let part = if front { text.split(stops).next() } else { text.rsplit(stops).next() };
        part.unwrap_or_default().replace(" - ", "\n").lines().next().unwrap_or_default().to_owned()
    };
    let behind = label::beside(&cut(&phrase.after, true));
    let before = label::beside(&cut(&phrase.before, false));
    match (before, behind) {
        (Some(_), Some(_)) => None,
        (before, behind) => behind.or(before),
    }
}

/// Numbers and labels side by side without a box around each pair: number, label, number, label; or the reverse; or a row of each.
fn in_group(dom: &Dom, phrases: &[Phrase], at: usize) -> Option<Field> {
    let phrase = &phrases[at];
    let group = dom.upward(phrase.element).take(UP_MAX).find(|&up| {
        let (from, to) = dom.elements[up].texts;
        count_between(phrases, from, to) >= 2
    })?;
    let (from, to) = dom.elements[group].texts;
    if to - from > 24 {
        return None;
    }
    let mut items: Vec<Result<usize, Field>> = Vec::new();
    for index in from..to {
        if dom.elements[dom.texts[index].element].sight == Sight::Hidden {
            continue;
        }
        let first = phrases.partition_point(|phrase| phrase.texts.1 < index);
        match phrases.get(first).filter(|phrase| phrase.texts.0 <= index) {
            Some(other) if other.texts.0 == index => items.push(Ok(first)),
            Some(_) => {}
            None => items.extend(label::beside(&dom.texts[index].text).map(Err)),
        }
    }
    let place = items.iter().position(|item| *item == Ok(at))?;
    let half = items.len() / 2;
    let number_first = items.iter().enumerate().all(|(i, item)| item.is_ok() == (i % 2 == 0));
    let label_first = items.iter().enumerate().all(|(i, item)| item.is_ok() == (i % 2 == 1));
    let two_rows = items.iter().enumerate().all(|(i, item)| item.is_ok() == (i >= half));
    if !items.len().is_multiple_of(2) {
        return None;
    }
    let partner = match (number_first, label_first, two_rows) {
        (true, _, _) => place + 1,
        (_, true, _) => place.checked_sub(1)?,
        (_, _, true) => place.checked_sub(half)?,
        _ => return None,
    };
    items.get(partner).and_then(|item| item.err())
}

/// The field that an attribute names: its value where it is a name, its name where the value is the count.
fn code_field(name: &str, value: &str) -> Option<Field> {
    match name {
        "href" => {
            let path = value.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
            let last = path.rsplit('/').next().filter(|_| path.trim_start_matches('/').contains('/'))?;
            label::in_code(last).filter(|field| matches!(field, Field::Followers | Field::Following))
        }
        "title" | "aria-label" => label::beside(value).filter(|_| number::scan(value, "").is_empty()),
        "id" | "name" | "itemprop" => label::in_code(value),
        _ if name.starts_with("data-") => label::in_code(value),
        _ => None,
    }
}

fn is_naming(name: &str) -> bool {
    matches!(name, "title" | "aria-label" | "id" | "name" | "itemprop" | "href" | "role") || name.starts_with("data-")
}

/// The exact number in a `title` or the like around an abbreviated one.
fn exact_twins(dom: &Dom, cell: &Cell, cand: &Cand) -> Vec<Cand> {
    let Some(shown) = cand.count else { return Vec::new() };
    let attrs = cell.steps.iter().flat_map(|&step| &dom.elements[step].attrs);
    let exact = attrs.filter(|(name, _)| {
        matches!(name.as_str(), "title" | "aria-label" | "content" | "value") || name.starts_with("data-")
    });
    let counts = exact.filter_map(|(name, value)| {
        let count = number::whole(value, &dom.lang).filter(|count| count.unit < shown.unit && count.agrees(shown))?;
        let mut twin = cand.clone();
        twin.count = Some(count);
        twin.features.retain(|feature| feature.strength == Strength::Meaning);
        twin.features.push(Feature::new(Strength::Name, ("twin", name)));
        Some(twin)
    });
    counts.collect()
}

/// Counts said in attributes only: `aria-label="1,244 followers"`, `data-followers="1244"`.
fn spoken(dom: &Dom, owners: &DomOwners, handle: &str) -> Vec<Cand> {
    let mut found = Vec::new();
    for (at, element) in dom.elements.iter().enumerate() {
        if element.sight == Sight::Hidden {
            continue;
        }
        for (name, value) in &element.attrs {
            if value.len() > 80
                || !(matches!(name.as_str(), "aria-label" | "title" | "alt") || name.starts_with("data-"))
            {
                continue;
            }
            let numbers = number::scan(value, &dom.lang);
            let [one] = numbers.as_slice() else { continue };
            let rest = format!("{} {}", &value[..one.start], &value[one.end..]);
            let says = label::beside(&rest)
                .or_else(|| label::in_code(name.trim_start_matches("data-")).filter(|_| rest.trim().is_empty()));
            let (Some(says), (owner @ (Owner::Own | Owner::Likely | Owner::Mixed), _)) = (says, owners.of(dom, at))
            else {
                continue;
            };
            let mut cand = Cand::at(SourceKind::Dom, owner, (usize::MAX - 1, at));
            cand.count = Some(one.count);
            cand.says = Some(says);
            cand.features.push(Feature::new(
                Strength::Meaning,
                ("spoken", name, label::plain(&rest).replace(handle, "{handle}")),
            ));
            found.push(cand);
        }
    }
    found
}
