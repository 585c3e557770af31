//! The profile as its page shows it: an element for the name, one for each count, each found by a selector that leads to the known
//! value on every page and to nothing else.

use std::collections::{BTreeMap, BTreeSet};

use ego_tree::NodeId;
use indexmap::IndexMap;
use scraper::ElementRef;

use super::known::{self, Known, Values};
use super::locate::{self, Way};
use super::rendered::{MAX_FOUND, Rendered};
use super::weigh::{self, Asked, Given, Seen, Tally};
use super::{Finding, Page, Piece};
use crate::extract::parse::{self, CountLabel};
use crate::extract::values;
use crate::model::document::{Precision, SourceKind};
use crate::model::page::{Field, Value};
use crate::model::selectors::{Owner, Record, RecordKind, Rule, Rules};

/// Pages whose elements say which ways are tried; all pages judge them.
const PAGES_ASKED: usize = 3;
/// A longer text beside a number is no label.
const MAX_LABELLED: usize = 120;
/// The fields that a page shows, with the labels of counts.
const FIELDS: [(&str, Field, Option<CountLabel>); 9] = [
    ("username", Field::Username, None),
    ("display_name", Field::DisplayName, None),
    ("bio", Field::Bio, None),
    ("category", Field::Category, None),
    ("picture_url", Field::PictureUrl, None),
    ("followers", Field::Followers, Some(CountLabel::Followers)),
    ("following", Field::Following, Some(CountLabel::Following)),
    ("likes", Field::Likes, Some(CountLabel::Likes)),
    ("posts_count", Field::PostsCount, Some(CountLabel::Posts)),
];

/// The profile's shown record; none where its name and a count are not both found.
pub(super) fn learn(pages: &[Page<'_>], quorum: usize) -> Option<Piece> {
    let shown: Vec<(&Page<'_>, &Rendered, Values)> =
        pages.iter().filter_map(|page| Some((page, page.shown?, known(page)))).collect();
    if shown.len() < pages.len() {
        return None;
    }
    let mut found: BTreeMap<&'static str, (Way, Tally)> = BTreeMap::new();
    for (name, field, label) in FIELDS {
        if let Some(learned) = of_field((name, field, label), &shown, quorum) {
            found.insert(name, learned);
        }
    }
    weigh::unclaimed(&mut found);
    let (name, _) = found.get("username")?;
    let counts = found.keys().filter(|name| matches!(**name, "followers" | "following" | "likes" | "posts_count"));
    if counts.count() == 0 {
        return None;
    }
    let rule = |way: &Way| Rules(vec![as_rule(way)]);
    let mut fields: IndexMap<String, Rules> = IndexMap::new();
    for (field, (way, _)) in &found {
        fields.insert((*field).to_owned(), rule(way));
    }
    let record = Record {
        kind: RecordKind::Profile,
        owner: Owner { username: rule(name), ..Owner::default() },
        extends: None,
        fields,
    };
    let findings = findings(&found);
    let region = region(&shown, &found).unwrap_or_else(|| "body".to_owned());
    let contains = literal(&name.css).into_iter().collect();
    Some(Piece { contains, ..Piece::new("shown_profile", SourceKind::Dom, record, region, findings) })
}

/// What is known of a page's profile, its name among it.
pub(super) fn known(page: &Page<'_>) -> Values {
    let mut values = known::of_profile(page.lesson.past);
    values.insert("username", Known::Text(page.lesson.handle.to_owned()));
    values
}

fn of_field(
    (name, field, label): (&'static str, Field, Option<CountLabel>),
    shown: &[(&Page<'_>, &Rendered, Values)],
    quorum: usize,
) -> Option<(Way, Tally)> {
    // A count that is not known is no count that is not there; a text that is not known is known to be empty.
    let pages: Vec<&(&Page<'_>, &Rendered, Values)> =
        shown.iter().filter(|(_, _, known)| label.is_none() || known.contains_key(name)).collect();
    let asked: Vec<Asked<'_>> =
        pages.iter().map(|(page, _, known)| Asked { profile: page.number, known: known.get(name) }).collect();
    let mut ways: BTreeSet<Way> = BTreeSet::new();
    let tellers = pages.iter().filter(|(_, _, known)| known.contains_key(name)).take(PAGES_ASKED);
    for (page, rendered, known) in tellers {
        if let Some(known) = known.get(name) {
            ways.extend(ways_to(rendered, page.lesson.handle, field, label, known));
        }
    }
    weigh::choose(&ways, &asked, quorum, |way, at| {
        pages.get(at).map_or((None, 0), |(_, rendered, _)| read(rendered, way, field))
    })
}

/// Every way to an element of the page that shows the value.
fn ways_to(rendered: &Rendered, handle: &str, field: Field, label: Option<CountLabel>, known: &Known) -> BTreeSet<Way> {
    let mut ways = BTreeSet::new();
    let attributes: &[Option<&str>] = if field == Field::PictureUrl {
        &[Some("src"), Some("srcset")]
    } else if label.is_none() {
        &[None, Some("title")]
    } else {
        &[None, Some("title"), Some("aria-label")]
    };
    for (id, text) in &rendered.shown {
        let Some(element) = rendered.element(*id) else { continue };
        for attr in attributes {
            let text = match attr {
                Some(attr) => element.attr(attr).unwrap_or_default(),
                None => text.as_str(),
            };
            if text.is_empty() || (label.is_some() && !text.chars().any(char::is_numeric)) {
                continue;
            }
            let like = |label| weigh::is_like(known, value(rendered, element, *attr, field, label).as_ref());
            let plain = like(None);
            let labelled = label.filter(|label| text.len() <= MAX_LABELLED && like(Some(*label)));
            if !plain && labelled.is_none() {
                continue;
            }
            for (rank, css) in locate::selectors(element, handle, None) {
                let attr = attr.map(str::to_owned);
                if plain {
                    let rank = rank + u8::from(attr.is_some());
                    ways.insert(Way { rank, css: css.clone(), attr: attr.clone(), label: None });
                }
                if labelled.is_some() {
                    ways.insert(Way { rank: rank / 2 + 2, css, attr, label: labelled });
                }
            }
        }
    }
    ways
}

/// An element's text or attribute as a value, or as the count beside a label.
fn value(
    rendered: &Rendered,
    element: ElementRef<'_>,
    attr: Option<&str>,
    field: Field,
    label: Option<CountLabel>,
) -> Option<Seen> {
    // Counts are read alike, whatever they count.
    let kind = if is_count(field) { Field::Followers } else { field };
    rendered.value((element.id(), attr.map(str::to_owned), kind, label), || {
        let text = rendered.text(element.id(), attr)?;
        if is_count(field) && !text.chars().any(char::is_numeric) {
            return None;
        }
        match label {
            Some(label) => beside(element, &text, attr, label),
            None => seen(field, &text),
        }
    })
}

const fn is_count(field: Field) -> bool {
    matches!(
        field,
        Field::Followers
            | Field::Following
            | Field::Likes
            | Field::PostsCount
            | Field::Views
            | Field::Comments
            | Field::Shares
            | Field::Saves
    )
}

/// What a way gives on a page: one value, wherever it leads.
fn read(rendered: &Rendered, way: &Way, field: Field) -> Given {
    let found = rendered.find(&way.css);
    let value = (found.len() <= MAX_FOUND).then(|| only(rendered, &found, way, field)).flatten();
    (value, found.len())
}

/// The one value of these elements; none where they say different things.
pub(super) fn only(rendered: &Rendered, found: &[NodeId], way: &Way, field: Field) -> Option<Seen> {
    let mut only: Option<Seen> = None;
    for id in found {
        let seen = value(rendered, rendered.element(*id)?, way.attr.as_deref(), field, way.label);
        match (&only, seen) {
            (None, Some(seen)) => only = Some(seen),
            (Some(known), Some(seen)) if *known != seen => return None,
            _ => {}
        }
    }
    only
}

/// A text as a value of a field, as the rules will read it.
pub(super) fn seen(field: Field, text: &str) -> Option<Seen> {
    if text.trim().is_empty() {
        return None;
    }
    match values::value(field, text, false)? {
        (Value::Count { value, unit }, Precision::Exact | Precision::Rounded | Precision::Approximate) => {
            Some(Seen::Count { value, unit })
        }
        (Value::Text(text), _) if field == Field::Username => {
            Some(Seen::Text(text.trim_start_matches('@').to_lowercase()))
        }
        (Value::Text(text), _) => Some(Seen::Text(text)),
        _ => None,
    }
}

fn beside(element: ElementRef<'_>, text: &str, attr: Option<&str>, label: CountLabel) -> Option<Seen> {
    let text = if attr.is_some() { text.to_owned() } else { values::label_text(element, text).into_owned() };
    let mut counts = parse::labelled(&text).into_iter().filter(|(seen, _)| *seen == label);
    let (_, count) = counts.next()?;
    Some(Seen::Count { value: count.value, unit: count.unit })
}

pub(super) fn as_rule(way: &Way) -> Rule {
    Rule {
        at: way.css.clone(),
        attr: way.attr.clone(),
        label: way.label.map(|label| locate::word(label).to_owned()),
        ..Rule::default()
    }
}

pub(super) fn findings(found: &BTreeMap<&'static str, (Way, Tally)>) -> Vec<Finding> {
    found
        .iter()
        .map(|(field, (way, tally))| Finding {
            shape: String::new(),
            field: (*field).to_owned(),
            at: way.css.clone(),
            profiles: tally.profiles.len(),
            values: tally.values(),
        })
        .collect()
}

/// The smallest element that holds all that was found, by a selector that finds it alone on every page.
fn region(shown: &[(&Page<'_>, &Rendered, Values)], found: &BTreeMap<&'static str, (Way, Tally)>) -> Option<String> {
    let (first, rendered, _) = shown.first()?;
    let inner = |rendered: &Rendered| -> Vec<NodeId> {
        found.values().flat_map(|(way, _)| rendered.find(&way.css).into_iter().take(1)).collect()
    };
    let held = inner(rendered);
    let start = rendered.element(*held.first()?)?;
    let holders = start.ancestors().filter_map(ElementRef::wrap);
    for holder in holders.filter(|holder| held.iter().all(|id| rendered.is_inside(*id, holder.id()))) {
        let mut ways: Vec<(u8, String)> =
            locate::atoms(holder, first.lesson.handle).into_iter().filter(|(rank, _)| *rank < 9).collect();
        ways.sort();
        let alone = |css: &str| {
            shown.iter().all(|(_, rendered, _)| {
                let at = rendered.find(css);
                at.len() == 1 && inner(rendered).iter().all(|id| rendered.is_inside(*id, at[0]))
            })
        };
        if let Some((_, css)) = ways.into_iter().find(|(_, css)| alone(css)) {
            return Some(css);
        }
    }
    None
}

/// A text that stands in every page of the template: the naming part of a selector.
pub(super) fn literal(css: &str) -> Option<String> {
    let quoted = css.split('"').nth(1).map(str::to_owned);
    let class = || css.rsplit('.').next().map(|end| end.split([' ', '>', '+', ':']).next().unwrap_or(end).to_owned());
    quoted.or_else(|| css.contains('.').then(class).flatten()).filter(|text| text.len() > 2)
}
