//! Rules of the parent that the new template makes lie: a place in an order that has changed, a class that names another part now.
//! Where an exact source and the past agree against a rule of the shown page, the rule goes; data for programs is never judged so.

use std::collections::{BTreeMap, BTreeSet};

use super::elements::known;
use super::known::Known;
use super::{Disproved, Page};
use crate::model::document::SourceKind;
use crate::model::page::Value;
use crate::model::selectors::{Role, SelectorSet};

/// Pages that must disprove a rule.
const PROFILES_MIN: usize = 2;

/// The shown profile's rules that are wrong on several pages and right on few.
pub(super) fn disproved(parent: &SelectorSet, pages: &[Page<'_>]) -> Vec<Disproved> {
    let mut wrong: BTreeMap<(String, String), BTreeSet<usize>> = BTreeMap::new();
    let mut right: BTreeMap<(String, String), usize> = BTreeMap::new();
    for page in pages {
        let known = known(page);
        for seen in page
            .seen
            .iter()
            .filter(|seen| seen.role == Role::Profile && matches!(seen.source, SourceKind::Dom | SourceKind::Meta))
        {
            for reading in &seen.readings {
                let (Value::Count { value, unit }, Some(Known::Count(known))) =
                    (&reading.value, known.get(reading.field.name()))
                else {
                    continue;
                };
                let key = (seen.shape.clone(), reading.field.name().to_owned());
                // A number of another thing, not one that moved.
                if value.abs_diff(*known) > (*unit).max(known.max(value) / 4).max(3) {
                    wrong.entry(key).or_default().insert(page.number);
                } else {
                    *right.entry(key).or_default() += 1;
                }
            }
        }
    }
    let shapes: BTreeSet<&String> = parent.shapes.iter().map(|shape| &shape.name).collect();
    wrong
        .into_iter()
        .filter(|(key, pages)| {
            shapes.contains(&key.0)
                && pages.len() >= PROFILES_MIN
                && right.get(key).copied().unwrap_or_default() * 2 < pages.len()
        })
        .map(|((shape, field), pages)| Disproved { shape, field, profiles: pages.len() })
        .collect()
}

/// Takes the rules out: the shape reads by a record of its own that does not have them.
pub(super) fn drop(set: &mut SelectorSet, disproved: &[Disproved], mark: &str) {
    for rule in disproved {
        let Some(shape) = set.shapes.iter_mut().find(|shape| shape.name == rule.shape) else { continue };
        let name = format!("{}_{mark}", rule.shape);
        if shape.record != name {
            let Some(mut record) = set.records.get(&shape.record).cloned() else { continue };
            if let Some(base) = record.extends.take().and_then(|base| set.records.get(&base)) {
                let mut fields = base.fields.clone();
                fields.extend(record.fields);
                record.fields = fields;
                if record.owner == crate::model::selectors::Owner::default() {
                    record.owner = base.owner.clone();
                }
            }
            set.records.insert(name.clone(), record);
            shape.record.clone_from(&name);
        }
        if let Some(record) = set.records.get_mut(&name) {
            record.fields.shift_remove(&rule.field);
        }
    }
}
