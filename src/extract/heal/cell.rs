//! The surrounding of one shown number: the largest that holds no second number. Its words, attributes and links name the number, and
//! words that name something else are as good a reason not to take it.

use super::cand::{Feature, Strength};
use super::dom::{Dom, Sight};
use super::field::Field;
use super::label;
use super::number;
use super::owner::DomOwners;
use super::shown::Phrase;

/// How far a number's surrounding may reach.
const UP_MAX: usize = 32;
/// The longest text that counts as a surrounding.
const CELL_MAX: usize = 90;
/// Letters that make a word which could name something.
const LETTERS_MIN: usize = 3;

/// What the surroundings of a number say that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// A field of ours.
    Field(Field),
    /// Something, in words that name none of our fields.
    Other,
    /// Nothing, or two things.
    Nothing,
}

/// The surrounding of a number.
pub(super) struct Cell {
    /// From the number's element up to the largest that holds no second number.
    pub(super) steps: Vec<usize>,
    /// The words around the number, from the nearest level that has any.
    words: String,
    pub(super) group: u64,
}

impl Cell {
    pub(super) fn around(dom: &Dom, owners: &DomOwners, phrases: &[Phrase], at: usize) -> Self {
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
            if !is_telling(&words) {
                words = words_around(dom, phrase, up);
            }
        }
        let parent = dom.elements[top].parent;
        Self { steps, words, group: Feature::new(Strength::Place, ("group", parent)).hash }
    }

    /// The elements it spans: first, end.
    pub(super) fn range(&self, dom: &Dom, phrase: &Phrase) -> (usize, usize) {
        let top = self.steps.last().copied().unwrap_or(phrase.element);
        (top, dom.elements[top].end)
    }

    /// Whether its words name another thing in words of ours.
    pub(super) fn misleads(&self) -> bool {
        label::misleads(&self.words)
    }

    /// Whether its words are known to name another count.
    pub(super) fn names_another(&self) -> bool {
        label::names_another(&self.words)
    }

    /// What the surroundings name; nothing where they disagree.
    pub(super) fn says(&self, dom: &Dom, phrases: &[Phrase], at: usize) -> Said {
        let phrase = &phrases[at];
        let by_words = if self.steps.is_empty() { in_sequence(phrase) } else { named_by(&self.words) };
        let grouped = || in_group(dom, phrases, at).map_or(Said::Nothing, Said::Field);
        let by_words = match by_words {
            Said::Nothing if self.words.is_empty() => grouped(),
            Said::Field(_) | Said::Other | Said::Nothing => by_words,
        };
        let mut by_code = None;
        for &step in &self.steps {
            for (name, value) in &dom.elements[step].attrs {
                let field = code_field(name, value);
                match (by_code, field) {
                    (Some(before), Some(field)) if before != field => return Said::Nothing,
                    (None, Some(_)) => by_code = field,
                    _ => {}
                }
            }
        }
        match (by_words, by_code) {
            (Said::Field(words), Some(code)) if words != code => Said::Nothing,
            (Said::Field(words), _) => Said::Field(words),
            (Said::Nothing | Said::Other, Some(code)) => Said::Field(code),
            (said, None) => said,
        }
    }

    pub(super) fn features(&self, dom: &Dom, phrase: &Phrase, handle: &str) -> Vec<Feature> {
        let mut features = Vec::new();
        let words = label::plain(&self.words);
        if is_telling(&words) {
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

/// Whether words can name anything: letters, or signs that are no figures. A share beside a count, as in `949 (+5.1%)`, is a chance.
fn is_telling(words: &str) -> bool {
    words.chars().any(char::is_alphabetic) || (!words.is_ascii() && !words.contains(number::is_digit))
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

/// What words name: too few letters name nothing.
fn named_by(words: &str) -> Said {
    match label::beside(words) {
        Some(field) => Said::Field(field),
        None if words.chars().filter(|c| c.is_alphabetic()).count() >= LETTERS_MIN => Said::Other,
        None => Said::Nothing,
    }
}

/// A text with several numbers: the words right behind this one, or, where the text begins with words, right before.
fn in_sequence(phrase: &Phrase) -> Said {
    let cut = |text: &str, front: bool| {
        let stops = |c: char| {
            matches!(c, ',' | ';' | '·' | '•' | '|' | '\n' | '،' | '、' | '，' | '/' | '–' | '—') || number::is_digit(c)
        };
        let part = if front { text.split(stops).next() } else { text.rsplit(stops).next() };
        part.unwrap_or_default().replace(" - ", "\n").lines().next().unwrap_or_default().to_owned()
    };
    let behind = named_by(&label::plain(&cut(&phrase.after, true)));
    let before = named_by(&label::plain(&cut(&phrase.before, false)));
    match (before, behind) {
        (Said::Field(_), Said::Field(_)) => Said::Nothing,
        (_, Said::Field(field)) | (Said::Field(field), _) => Said::Field(field),
        (_, said) => said,
    }
}

/// Numbers and labels side by side without a box around each pair: number, label, number, label; or the reverse; or a row of each.
fn in_group(dom: &Dom, phrases: &[Phrase], at: usize) -> Option<Field> {
    let phrase = &phrases[at];
    let group = dom.upward(phrase.element).take(UP_MAX).find(|&up| {
        let (from, to) = dom.elements[up].texts;
        // A table's row has its labels in the row above.
        count_between(phrases, from, to) >= 2 && !matches!(dom.elements[up].tag.as_str(), "tr" | "tbody")
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
