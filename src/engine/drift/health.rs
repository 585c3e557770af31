//! How each field and each rule of a version does, counted page by page and written down every few seconds.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::extract::detect::Doubt;
use crate::model::document::Document;
use crate::store::healing::HealthTally;

/// The rule's name in rows that speak of a field as a whole.
pub const ANY_RULE: &str = "*";
/// Pages over which a field's fill rate is told.
const WINDOW: usize = 50;
/// Fields that are counted of a platform: a bound, and far more than there are.
const FIELDS: usize = 128;

/// How a field, a rule or a version does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// As well as the best version did.
    Healthy,
    /// Noticeably less often than the best version, or with errors.
    Degraded,
    /// Hardly ever, or with many errors.
    Critical,
    /// Too few pages to tell.
    Unknown,
}

impl Grade {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded => "degraded",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }
}

/// Pages below which nothing is told.
const PAGES_MIN: i64 = 5;

/// The grade of a field or rule that brought values on `hits` of `crawls` pages and was wrong on `errors`, where the best version
/// brings one on `best` per cent of pages: a field that few profiles have is not ill for that.
#[must_use]
pub fn grade(crawls: i64, hits: i64, errors: i64, best: i64) -> Grade {
    if crawls < PAGES_MIN {
        return Grade::Unknown;
    }
    let rate = hits * 100 / crawls;
    let wrong = errors * 100 / crawls;
    if wrong > 10 || rate * 2 < best {
        Grade::Critical
    } else if wrong > 1 || rate * 100 < best * 90 {
        Grade::Degraded
    } else {
        Grade::Healthy
    }
}

type Key = (String, String, String);

/// A platform's tallies.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// (version, field, rule) to (pages, values, errors), since they were last taken.
    counts: BTreeMap<Key, (i64, i64, i64)>,
    /// Every field that was ever read.
    fields: BTreeSet<String>,
    /// The fields of the last pages.
    window: VecDeque<BTreeSet<String>>,
}

impl Health {
    /// Takes a page that was read, before anything is withheld of it.
    pub(super) fn see(&mut self, document: &Document, doubts: &[Doubt]) {
        if document.profile.is_none() {
            return;
        }
        let version = &document.selectors.version;
        let mut rules: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for (path, note) in &document.fields {
            rules.entry(general(path)).or_default().insert(&note.rule);
        }
        let wrong: BTreeSet<String> = doubts.iter().filter_map(path_of).map(|path| general(&path)).collect();
        self.fields.extend(rules.keys().take(FIELDS.saturating_sub(self.fields.len())).cloned());
        let has_posts = !document.posts.is_empty();
        for field in self.fields.iter().filter(|field| has_posts || !field.starts_with("posts.")) {
            let read = rules.get(field);
            let error = i64::from(wrong.contains(field));
            let whole = self.counts.entry((version.clone(), field.clone(), ANY_RULE.to_owned())).or_default();
            *whole = (whole.0 + 1, whole.1 + i64::from(read.is_some()), whole.2 + error);
            for rule in read.into_iter().flatten() {
                let one = self.counts.entry((version.clone(), field.clone(), (*rule).to_owned())).or_default();
                *one = (one.0 + 1, one.1 + 1, one.2 + error);
            }
        }
        self.window.push_back(rules.into_keys().collect());
        if self.window.len() > WINDOW {
            self.window.pop_front();
        }
    }

    /// What was counted since the last call, and the fill rate of each field over the last pages.
    pub(super) fn take(&mut self, platform: &str) -> (Vec<HealthTally>, Vec<(String, f64)>) {
        let tallies =
            std::mem::take(&mut self.counts).into_iter().map(|((version, field, rule), counts)| HealthTally {
                platform: platform.to_owned(),
                version,
                field,
                rule,
                crawls: counts.0,
                hits: counts.1,
                errors: counts.2,
            });
        let pages = f64::from(u32::try_from(self.window.len()).unwrap_or(u32::MAX)).max(1.0);
        let rate = |field: &String| {
            let filled = self.window.iter().filter(|fields| fields.contains(field)).count();
            (field.clone(), f64::from(u32::try_from(filled).unwrap_or(u32::MAX)) / pages)
        };
        let rates = self.fields.iter().map(rate).collect();
        (tallies.collect(), rates)
    }
}

/// A path without the post's id: `posts.views`.
fn general(path: &str) -> String {
    match path.strip_prefix("posts.").and_then(|rest| rest.split_once('.')) {
        Some((_, field)) => format!("posts.{field}"),
        None => path.to_owned(),
    }
}

fn path_of(doubt: &Doubt) -> Option<String> {
    match doubt {
        Doubt::Contradiction { path, .. }
        | Doubt::SameForMany { path, .. }
        | Doubt::FieldMissing { path }
        | Doubt::TextDiffers { path } => Some(path.clone()),
        Doubt::SourceUnread { .. } | Doubt::ListShrank { .. } | Doubt::SameAsAnother { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_measured_by_the_best_version_and_by_its_errors() {
        assert_eq!(grade(3, 3, 0, 100), Grade::Unknown);
        assert_eq!(grade(100, 30, 0, 30), Grade::Healthy, "few profiles have it");
        assert_eq!(grade(100, 80, 0, 100), Grade::Degraded);
        assert_eq!(grade(100, 100, 2, 100), Grade::Degraded);
        assert_eq!(grade(100, 40, 0, 100), Grade::Critical);
        assert_eq!(grade(100, 100, 20, 100), Grade::Critical);
    }
}
