//! Reads one record by its rules: finds the texts, narrows them, and keeps the first that reads as a value of its field
//! (`values`). What does not is absent.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::links;
use super::node::{Found, Node};
use super::path::Variables;
use super::program::{RecordCode, RuleCode};
use super::values::{kind, label_text, labelled, value};
use crate::model::document::{Child, Precision};
use crate::model::page::{Field, OwnerSeen, Reading, Value};

/// How much of a raw text is kept in notes, in characters.
const RAW_CHARS: usize = 200;
/// The largest number of entries of one list value.
const MAX_ENTRIES: usize = 500;

/// Whose a record is.
pub(super) fn owner(code: &RecordCode, node: Node<'_>, variables: Variables<'_>) -> OwnerSeen {
    let first = |rules: &[RuleCode]| {
        let mut name = None;
        for rule in rules {
            each_text(rule, node, variables, &mut |_, text| {
                name = Some(text.into_owned());
                ControlFlow::Break(())
            });
            if name.is_some() {
                break;
            }
        }
        name
    };
    OwnerSeen {
        username: first(&code.username).map(|name| name.trim_start_matches('@').to_lowercase()),
        id: first(&code.id),
        shared: code
            .shared
            .iter()
            .flat_map(|rule| texts(rule, node, variables))
            .map(|name| name.to_lowercase())
            .collect(),
    }
}

/// All that a record says.
pub(super) fn readings(code: &RecordCode, node: Node<'_>, variables: Variables<'_>) -> Vec<Reading> {
    code.fields.iter().filter_map(|(field, rules)| field_reading(*field, rules, node, variables)).collect()
}

fn field_reading(field: Field, rules: &[RuleCode], node: Node<'_>, variables: Variables<'_>) -> Option<Reading> {
    if matches!(field, Field::Links | Field::Hashtags | Field::Mentions) {
        return list_reading(field, rules, node, variables);
    }
    for rule in rules {
        if rule.unless.as_ref().is_some_and(|place| node.has(place, variables)) {
            return None;
        }
        if let Some(reading) = rule_reading(field, rule, node, variables) {
            return Some(reading);
        }
    }
    None
}

fn rule_reading(field: Field, rule: &RuleCode, node: Node<'_>, variables: Variables<'_>) -> Option<Reading> {
    if rule.record.is_some() {
        return children_reading(field, rule, node, variables);
    }
    let mut reading = None;
    each_text(rule, node, variables, &mut |found, text| {
        let json = found.is_some_and(Found::is_json);
        let read = match rule.label {
            Some(label) => match found.and_then(Found::element) {
                Some(element) if rule.attr.is_none() && rule.regex.is_none() => {
                    labelled(&label_text(element, &text), label)
                }
                _ => labelled(&text, label),
            },
            None => value(field, &text, json),
        };
        let read = read.map(|(value, precision)| (in_seconds(rule, value), precision));
        let read = read.and_then(|(value, precision)| rounded(rule, value, precision, node, variables));
        let Some((value, precision)) = read else { return ControlFlow::Continue(()) };
        reading = Some(Reading { field, rule: rule.name.clone(), raw: raw(&text), precision, value });
        ControlFlow::Break(())
    });
    reading
}

/// Calls `found` with each text that a rule gives, best first, and where it stood, until it says break.
fn each_text<'n>(
    rule: &RuleCode,
    node: Node<'n>,
    variables: Variables<'_>,
    found: &mut dyn FnMut(Option<Found<'n>>, Cow<'n, str>) -> ControlFlow<()>,
) {
    if rule.when.as_ref().is_some_and(|place| !node.has(place, variables)) {
        return;
    }
    let Some(at) = &rule.at else {
        if let Some(constant) = &rule.constant {
            let _ = found(None, Cow::Owned(constant.clone()));
        }
        return;
    };
    node.visit(at, variables, &mut |thing| {
        let text = match (&rule.constant, &rule.regex) {
            (Some(constant), None) => thing.exists().then(|| Cow::Owned(constant.clone())),
            (Some(constant), Some(_)) => {
                let seen = thing.text(rule.attr.as_deref()).and_then(|text| narrow(rule, text));
                seen.map(|_| Cow::Owned(constant.clone()))
            }
            (None, _) => thing.text(rule.attr.as_deref()).and_then(|text| narrow(rule, text)),
        };
        match text.filter(|text| !text.trim().is_empty()) {
            Some(text) => found(Some(thing), text),
            None => ControlFlow::Continue(()),
        }
    });
}

/// All texts that a rule gives.
fn texts<'n>(rule: &RuleCode, node: Node<'n>, variables: Variables<'_>) -> Vec<Cow<'n, str>> {
    let mut all = Vec::new();
    each_text(rule, node, variables, &mut |_, text| {
        all.push(text);
        ControlFlow::Continue(())
    });
    all
}

fn narrow<'n>(rule: &RuleCode, text: Cow<'n, str>) -> Option<Cow<'n, str>> {
    if rule.reject.as_ref().is_some_and(|reject| reject.is_match(&text)) {
        return None;
    }
    let text = match &rule.regex {
        None => text,
        Some(regex) => {
            let groups = regex.regex()?.captures(&text)?;
            let part = groups.iter().skip(1).flatten().next().or_else(|| groups.get(0))?;
            Cow::Owned(part.as_str().to_owned())
        }
    };
    if rule.map.is_empty() { Some(text) } else { rule.map.get(&*text).cloned().map(Cow::Owned) }
}

fn raw(text: &str) -> String {
    let end = text.char_indices().nth(RAW_CHARS).map_or(text.len(), |(end, _)| end);
    text.get(..end).unwrap_or(text).to_owned()
}

/// A length as seconds, where the rule knows that the site counts milliseconds.
fn in_seconds(rule: &RuleCode, value: Value) -> Value {
    if let Value::Seconds(length) = value
        && rule.milliseconds
    {
        return Value::Seconds(length / 1000.0);
    }
    value
}

/// Marks a count as rounded where the rule knows that the site cuts it.
fn rounded(
    rule: &RuleCode,
    value: Value,
    precision: Precision,
    node: Node<'_>,
    variables: Variables<'_>,
) -> Option<(Value, Precision)> {
    let Value::Count { value: count, unit: 1 } = value else { return Some((value, precision)) };
    let same_as_sibling = rule.sibling.as_ref().is_some_and(|place| {
        let texts = node.find(place, variables).into_iter().filter_map(|found| found.text(None));
        texts.into_iter().any(|text| text.parse() == Ok(count))
    });
    if (rule.cut || same_as_sibling) && count > 10_000 && count % 100 == 0 {
        let unit = [(1_000_000_000, 100_000_000), (1_000_000, 100_000), (10_000, 100)]
            .into_iter()
            .find(|(from, unit)| count >= *from && count % unit == 0)
            .map_or(100, |(_, unit)| unit);
        return Some((Value::Count { value: count, unit }, Precision::Rounded));
    }
    Some((Value::Count { value: count, unit: 1 }, precision))
}

fn list_reading(field: Field, rules: &[RuleCode], node: Node<'_>, variables: Variables<'_>) -> Option<Reading> {
    let mut entries: Vec<String> = Vec::new();
    let mut name = None;
    for rule in rules {
        let found = texts(rule, node, variables);
        // Links of several rules add up; tags and mentions are taken from the first rule that has any.
        if found.is_empty() || (field != Field::Links && !entries.is_empty()) {
            continue;
        }
        name.get_or_insert_with(|| rule.name.clone());
        for text in found {
            let entry = if field == Field::Links {
                links::link(&text, rule.unwrap.as_deref())
            } else {
                Some(text.trim().trim_start_matches(['#', '@']).to_owned()).filter(|tag| !tag.is_empty())
            };
            if let Some(entry) = entry
                && !entries.iter().any(|known| links::same_entry(known, &entry))
                && entries.len() < MAX_ENTRIES
            {
                entries.push(entry);
            }
        }
    }
    let value = if entries.is_empty() { return None } else { Value::List(entries.clone()) };
    Some(Reading { field, rule: name?, raw: raw(&entries.join(" ")), precision: Precision::Exact, value })
}

fn children_reading(field: Field, rule: &RuleCode, node: Node<'_>, variables: Variables<'_>) -> Option<Reading> {
    let (code, at) = (rule.record.as_ref()?, rule.at.as_ref()?);
    if rule.when.as_ref().is_some_and(|place| !node.has(place, variables)) {
        return None;
    }
    let nodes = node.find(at, variables).into_iter().take(MAX_ENTRIES).filter_map(Found::node);
    let children: Vec<Child> = nodes.filter_map(|child| child_of(&readings(code, child, variables))).collect();
    let raw = format!("{} parts", children.len());
    let value = if children.is_empty() { return None } else { Value::Children(children) };
    Some(Reading { field, rule: rule.name.clone(), raw, precision: Precision::Exact, value })
}

fn child_of(readings: &[Reading]) -> Option<Child> {
    let of = |field: Field| readings.iter().find(|reading| reading.field == field).map(|reading| &reading.value);
    let size = |field: Field| of(field).and_then(Value::as_count).and_then(|size| u32::try_from(size).ok());
    Some(Child {
        kind: of(Field::Kind).and_then(Value::as_text).and_then(kind)?,
        url: of(Field::Url).and_then(Value::as_text).map(str::to_owned),
        width: size(Field::Width),
        height: size(Field::Height),
    })
}
