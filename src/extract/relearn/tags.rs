//! The profile in meta tags: the name by what stands around it, counts by their labels, each on every page.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use indexmap::IndexMap;
use regex::Regex;

use super::elements;
use super::known::{Known, Values};
use super::rendered::Rendered;
use super::weigh::{self, Asked, Seen, Tally};
use super::{Finding, Page, Piece};
use crate::extract::parse::{self, CountLabel};
use crate::model::document::SourceKind;
use crate::model::page::Field;
use crate::model::selectors::{Owner, Record, RecordKind, Rule, Rules};

/// The beginning of a sentence of counts; what people write about themselves comes behind it.
const BEGINNING: &str = "^(.{1,120}?)(?: [-–—|] |$)";
/// Pages whose tags say what is tried.
const PAGES_ASKED: usize = 2;
const COUNTS: [(&str, CountLabel); 4] = [
    ("followers", CountLabel::Followers),
    ("following", CountLabel::Following),
    ("likes", CountLabel::Likes),
    ("posts_count", CountLabel::Posts),
];

/// A way into a tag: its rank, name, expression and label.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    rank: u8,
    name: String,
    regex: Option<String>,
    label: Option<CountLabel>,
}

/// Expressions by their text, each made ready once.
#[derive(Debug, Default)]
struct Expressions(RefCell<HashMap<String, Option<Regex>>>);

impl Expressions {
    /// What the first group of an expression matches.
    fn cut(&self, expression: &str, text: &str) -> Option<String> {
        let mut known = self.0.borrow_mut();
        let regex = known.entry(expression.to_owned()).or_insert_with(|| Regex::new(expression).ok());
        Some(regex.as_ref()?.captures(text)?.get(1)?.as_str().to_owned())
    }
}

/// The profile's meta tags; none where they do not name it with a count.
pub(super) fn learn(pages: &[Page<'_>], quorum: usize) -> Option<Piece> {
    let tags: Vec<(&Page<'_>, &Rendered, Values)> =
        pages.iter().filter_map(|page| Some((page, page.shown?, elements::known(page)))).collect();
    if tags.len() < pages.len() {
        return None;
    }
    let numbered =
        tags.iter().flat_map(|(_, page, _)| &page.meta).filter(|(_, text)| text.chars().any(char::is_numeric));
    let names: BTreeSet<&str> = numbered.map(|(name, _)| &**name).collect();
    let mut found: BTreeMap<&'static str, (Way, Tally)> = BTreeMap::new();
    for (field, label) in COUNTS {
        let expressions = [(1, None), (0, Some(BEGINNING.to_owned()))];
        let ways = names.iter().flat_map(|name| {
            let way = |(rank, regex)| Way { rank, name: (*name).to_owned(), regex, label: Some(label) };
            expressions.clone().into_iter().map(way)
        });
        found.extend(of_field((field, true), &ways.collect(), &tags, quorum).map(|learned| (field, learned)));
    }
    for field in ["username", "display_name", "picture_url"] {
        let tellers = tags.iter().filter(|(_, _, known)| known.contains_key(field)).take(PAGES_ASKED);
        let ways: BTreeSet<Way> = tellers.flat_map(|(_, page, known)| around(page, known.get(field))).collect();
        found.extend(of_field((field, false), &ways, &tags, quorum).map(|learned| (field, learned)));
    }
    let (name, _) = found.get("username")?;
    if !COUNTS.iter().any(|(field, _)| found.contains_key(field)) {
        return None;
    }
    let rule = |way: &Way| {
        let label = way.label.map(|label| super::locate::word(label).to_owned());
        Rules(vec![Rule { at: way.name.clone(), regex: way.regex.clone(), label, ..Rule::default() }])
    };
    let fields: IndexMap<String, Rules> =
        found.iter().map(|(field, (way, _))| ((*field).to_owned(), rule(way))).collect();
    let owner = Owner { username: rule(name), ..Owner::default() };
    let record = Record { kind: RecordKind::Profile, owner, extends: None, fields };
    let findings = found.iter().map(|(field, (way, tally))| Finding {
        shape: String::new(),
        field: (*field).to_owned(),
        at: way.name.clone(),
        profiles: tally.profiles.len(),
        values: tally.values(),
    });
    let findings = findings.collect();
    Some(Piece { at: Vec::new(), ..Piece::new("tags", SourceKind::Meta, record, String::new(), findings) })
}

fn of_field(
    (field, count): (&'static str, bool),
    ways: &BTreeSet<Way>,
    tags: &[(&Page<'_>, &Rendered, Values)],
    quorum: usize,
) -> Option<(Way, Tally)> {
    let told: Vec<&(&Page<'_>, &Rendered, Values)> =
        tags.iter().filter(|(_, _, known)| !count || known.contains_key(field)).collect();
    let asked: Vec<Asked<'_>> =
        told.iter().map(|(page, _, known)| Asked { profile: page.number, known: known.get(field) }).collect();
    let expressions = Expressions::default();
    weigh::choose(ways, &asked, quorum, |way, at| {
        (told.get(at).and_then(|(_, page, _)| read(&expressions, page, way, field)), 1)
    })
}

/// The expressions that cut the value out of each tag that holds it: by what stands around it.
fn around(page: &Rendered, known: Option<&Known>) -> Vec<Way> {
    let mut ways = Vec::new();
    let way = |rank, name: &str, regex| Way { rank, name: name.to_owned(), regex, label: None };
    for (name, content) in &page.meta {
        match known {
            Some(Known::Address(_)) => ways.push(way(0, name, None)),
            Some(Known::Text(known)) => {
                let Some(at) = content.to_lowercase().find(&known.to_lowercase()) else { continue };
                let (Some(before), Some(behind)) = (content.get(..at), content.get(at + known.len()..)) else {
                    continue;
                };
                let before: String = before.chars().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect();
                let behind: String = behind.chars().take(2).collect();
                let plain = |text: &str| !text.chars().any(char::is_alphanumeric);
                if !plain(&before) || !plain(&behind) || (before.is_empty() && behind.is_empty()) {
                    continue;
                }
                let is_name =
                    known.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
                let start = if before.is_empty() { "^".to_owned() } else { regex::escape(&before) };
                let end = if behind.is_empty() { "$".to_owned() } else { regex::escape(&behind) };
                if is_name {
                    ways.push(way(0, name, Some(format!("{start}([\\w.\\-]+){end}"))));
                }
                ways.push(way(1, name, Some(format!("(?s){start}(.+?){end}"))));
            }
            Some(Known::Count(_) | Known::Flag(_) | Known::Time(_) | Known::Seconds(_)) | None => {}
        }
    }
    ways
}

fn read(expressions: &Expressions, page: &Rendered, way: &Way, field: &str) -> Option<Seen> {
    let (_, content) = page.meta.iter().find(|(name, content)| *name == way.name && !content.trim().is_empty())?;
    let text = match &way.regex {
        None => content.clone(),
        Some(regex) => expressions.cut(regex, content)?,
    };
    match way.label {
        Some(label) => {
            let (_, count) = parse::labelled(&text).into_iter().find(|(seen, _)| *seen == label)?;
            Some(Seen::Count { value: count.value, unit: count.unit })
        }
        None => elements::seen(Field::from_name(field)?, &text),
    }
}
