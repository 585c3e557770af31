//! Candidates from the page's head: the numbers of its description, the name in its title, the picture it offers for sharing.
//! They are written by the server and sometimes stale, so they rank last; as a second witness they are worth much.

use super::cand::{Cand, Feature, Strength};
use super::dom::Dom;
use super::field::Field;
use super::label;
use super::number;
use super::owner::{Owner, plain_handle};
use crate::model::document::SourceKind;

/// All candidates of a page's head.
pub(crate) fn candidates(dom: &Dom, handle: &str) -> Vec<Cand> {
    let mut found = Vec::new();
    for (at, (name, content)) in dom.meta.iter().enumerate() {
        match name.as_str() {
            "og:description" | "description" | "twitter:description" => found.extend(numbers(dom, at, content, handle)),
            "og:image" | "twitter:image" | "og:image:secure_url" => {
                let mut cand = Cand::at(SourceKind::Meta, Owner::Own, (usize::MAX - 2, at));
                cand.text = Some(content.clone());
                cand.is_address = true;
                cand.features.push(Feature::new(Strength::Meaning, ("meta", "image")));
                found.push(cand);
            }
            "og:title" | "twitter:title" => found.extend(name_in(content, handle, at)),
            _ => {}
        }
    }
    found.extend(name_in(&dom.title, handle, usize::MAX));
    found
}

/// The numbers of a sentence, each with the words that go with it.
fn numbers(dom: &Dom, meta: usize, content: &str, handle: &str) -> Vec<Cand> {
    let numbers = number::scan(content, &dom.lang);
    let Some(first) = numbers.first() else { return Vec::new() };
    let words_first = label::all_in(&label::plain(&content[..first.start])) == 1;
    let mut found = Vec::new();
    for (index, one) in numbers.iter().enumerate() {
        let words = if words_first {
            let from = index.checked_sub(1).map_or(0, |before| numbers[before].end);
            content[from..one.start].rsplit(is_stop).next().unwrap_or_default()
        } else {
            let to = numbers.get(index + 1).map_or(content.len(), |next| next.start);
            let clause = content[one.end..to].trim_start();
            let clause = clause.split(is_stop).next().unwrap_or_default();
            clause.split(" - ").next().unwrap_or_default().split(" – ").next().unwrap_or_default()
        };
        let words = label::plain(words);
        if words.is_empty() || words.contains(handle) {
            continue;
        }
        let mut cand = Cand::at(SourceKind::Meta, Owner::Own, (usize::MAX - 2, meta * 100 + index));
        cand.count = Some(one.count);
        cand.says = label::beside(&words);
        cand.other = label::names_another(&words);
        cand.features.push(Feature::new(Strength::Meaning, ("meta", words)));
        found.push(cand);
    }
    // Where one label of the sentence is known, an unknown one names something else.
    let read = found.iter().any(|cand| cand.says.is_some());
    found.iter_mut().for_each(|cand| cand.foreign = read && cand.says.is_none());
    found
}

fn is_stop(c: char) -> bool {
    matches!(c, ',' | ';' | '·' | '•' | '|' | '\n' | '،' | '、' | '，' | '。')
}

/// `Name (@handle) …`.
fn name_in(title: &str, handle: &str, at: usize) -> Option<Cand> {
    let open = title.char_indices().find_map(|(at, c)| {
        let inner = title[at..].strip_prefix(['(', '（'])?;
        let inner = inner.split([')', '）']).next()?;
        (matches!(c, '(' | '（') && plain_handle(inner) == handle).then_some(at)
    })?;
    let name = title[..open].trim().trim_matches(|c| matches!(c, '"' | '“' | '”' | '\u{200e}' | '\u{200f}')).trim();
    if name.is_empty() {
        return None;
    }
    let mut cand = Cand::at(SourceKind::Meta, Owner::Own, (usize::MAX - 3, at));
    cand.text = Some(name.to_owned());
    cand.says = Some(Field::DisplayName);
    cand.features.push(Feature::new(Strength::Meaning, ("title", "name")));
    Some(cand)
}
