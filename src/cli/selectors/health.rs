//! How versions, their fields and their rules do, for a person: from the tallies that services write down.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::time;
use crate::cli::table;
use crate::engine::drift::health::{ANY_RULE, Grade, grade};
use crate::store::Store;
use crate::store::healing::RuleHealth;

/// The fields by which a version as a whole is graded.
const COUNTS: [&str; 4] = ["profile.followers", "profile.following", "profile.likes", "profile.posts_count"];

/// A version, a field of it or a rule of that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Health {
    /// The field; empty for a version.
    pub(super) field: String,
    /// The rule; `*` for a field, empty for a version.
    pub(super) rule: String,
    pub(super) grade: Grade,
    /// Per cent of pages with a value.
    pub(super) success_percent: i64,
    pub(super) errors: i64,
    pub(super) crawls: i64,
    pub(super) last_checked: Option<DateTime<Utc>>,
    /// When it last brought a value.
    pub(super) last_updated: Option<DateTime<Utc>>,
}

impl Health {
    const UNKNOWN: Self = Self {
        field: String::new(),
        rule: String::new(),
        grade: Grade::Unknown,
        success_percent: 0,
        errors: 0,
        crawls: 0,
        last_checked: None,
        last_updated: None,
    };

    pub(super) fn success(&self) -> String {
        if self.crawls == 0 { "-".to_owned() } else { format!("{} %", self.success_percent) }
    }
}

/// A platform's.
pub(super) struct OfPlatform {
    fields: BTreeMap<String, Vec<Health>>,
    versions: BTreeMap<String, Health>,
}

/// The health of all versions of a platform.
pub(super) async fn of_platform(store: &Store, platform: &str) -> anyhow::Result<OfPlatform> {
    let rows = store.rule_health(platform).await?;
    let percent = |row: &RuleHealth| row.hits * 100 / row.crawls.max(1);
    let mut best: BTreeMap<&str, i64> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.rule == ANY_RULE) {
        let best = best.entry(&row.field).or_default();
        *best = (*best).max(percent(row));
    }
    let mut all = OfPlatform { fields: BTreeMap::new(), versions: BTreeMap::new() };
    for row in &rows {
        // A rule is judged by its errors alone: that another one came first is no fault of it.
        let best = if row.rule == ANY_RULE { best.get(row.field.as_str()).copied().unwrap_or_default() } else { 0 };
        let health = Health {
            field: row.field.clone(),
            rule: row.rule.clone(),
            grade: grade(row.crawls, row.hits, row.errors, best),
            success_percent: percent(row),
            errors: row.errors,
            crawls: row.crawls,
            last_checked: Some(row.last_checked),
            last_updated: row.last_hit,
        };
        if row.rule == ANY_RULE && COUNTS.contains(&row.field.as_str()) {
            let whole = all.versions.entry(row.version.clone()).or_insert(Health::UNKNOWN);
            let first = whole.crawls == 0;
            whole.success_percent =
                if first { health.success_percent } else { whole.success_percent.min(health.success_percent) };
            whole.grade = if first { health.grade } else { worse(whole.grade, health.grade) };
            whole.errors += health.errors;
            whole.crawls = whole.crawls.max(health.crawls);
            whole.last_checked = whole.last_checked.max(health.last_checked);
            whole.last_updated = whole.last_updated.max(health.last_updated);
        }
        all.fields.entry(row.version.clone()).or_default().push(health);
    }
    Ok(all)
}

/// Unknown says nothing beside a grade.
fn worse(one: Grade, other: Grade) -> Grade {
    match (one, other) {
        (Grade::Unknown, known) | (known, Grade::Unknown) => known,
        (one, other) => one.max(other),
    }
}

impl OfPlatform {
    pub(super) fn version(&self, version: &str) -> Health {
        self.versions.get(version).cloned().unwrap_or(Health::UNKNOWN)
    }

    pub(super) fn fields(&self, version: &str) -> Vec<Health> {
        self.fields.get(version).cloned().unwrap_or_default()
    }
}

/// Fields and rules as a table.
pub(super) fn table(health: &[Health]) -> String {
    if health.is_empty() {
        return "health: no page has been read by it yet".to_owned();
    }
    let head = ["field", "rule", "health", "success", "errors", "pages", "last checked", "last updated"];
    let mut rows = table::plain(&head);
    for row in health {
        let at = |at: Option<DateTime<Utc>>| at.map_or_else(|| "-".to_owned(), time);
        rows.add_row([
            row.field.clone(),
            row.rule.clone(),
            row.grade.as_str().to_owned(),
            row.success(),
            row.errors.to_string(),
            row.crawls.to_string(),
            at(row.last_checked),
            at(row.last_updated),
        ]);
    }
    rows.to_string()
}
