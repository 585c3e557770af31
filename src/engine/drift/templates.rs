//! The last pages of each template, to notice that one has lost a source although its values are right: the alarm that comes before
//! anything goes bad.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Pages of a template that are looked back on.
const WINDOW: usize = 8;
/// Profiles among them that must have lost the same source.
const LOST: usize = 5;
/// Templates that are remembered of a platform; one page of the oldest is forgotten first.
const TEMPLATES: usize = 64;

/// A template that lost sources or fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::engine) struct Alarm {
    pub(in crate::engine) fingerprint: String,
    /// What is read no more: a source (`rendered: profile`) or a field (`posts.likes`).
    pub(in crate::engine) lost: Vec<String>,
    /// Profiles on whose pages it was missed.
    pub(in crate::engine) profiles: Vec<String>,
}

/// The last pages of a platform's templates.
#[derive(Debug, Default)]
pub(super) struct Templates {
    windows: BTreeMap<String, Window>,
    ticks: u64,
}

#[derive(Debug, Default)]
struct Window {
    pages: VecDeque<(String, BTreeSet<&'static str>)>,
    told: BTreeSet<&'static str>,
    tick: u64,
}

impl Templates {
    /// Takes a page whose values are believed; answers with an alarm when enough profiles lost the same.
    pub(super) fn see(&mut self, fingerprint: &str, handle: &str, lost: &[&'static str]) -> Option<Alarm> {
        self.ticks += 1;
        if !self.windows.contains_key(fingerprint) {
            if lost.is_empty() {
                return None;
            }
            if self.windows.len() >= TEMPLATES {
                let oldest = self.windows.iter().min_by_key(|(_, window)| window.tick).map(|(name, _)| name.clone());
                oldest.and_then(|name| self.windows.remove(&name));
            }
        }
        let window = self.windows.entry(fingerprint.to_owned()).or_default();
        window.tick = self.ticks;
        window.pages.retain(|(known, _)| known != handle);
        window.pages.push_back((handle.to_owned(), lost.iter().copied().collect()));
        if window.pages.len() > WINDOW {
            window.pages.pop_front();
        }
        let pages = &window.pages;
        let count = |what: &&'static str| pages.iter().filter(|(_, lost)| lost.contains(what)).count();
        let now: Vec<&'static str> =
            lost.iter().copied().filter(|what| count(what) >= LOST && !window.told.contains(what)).collect();
        if now.is_empty() {
            return None;
        }
        let missed = pages.iter().filter(|(_, lost)| now.iter().any(|what| lost.contains(what)));
        let profiles = missed.map(|(handle, _)| handle.clone()).collect();
        window.told.extend(now.iter().copied());
        let lost = now.into_iter().map(str::to_owned).collect();
        Some(Alarm { fingerprint: fingerprint.to_owned(), lost, profiles })
    }

    /// Whether nothing is lost but what has been told.
    pub(super) fn knows(&self, fingerprint: &str, lost: &[&'static str]) -> bool {
        let told = self.windows.get(fingerprint).map(|window| &window.told);
        lost.iter().all(|what| told.is_some_and(|told| told.contains(what)))
    }

    /// Forgets what was told of a template: another version reads it now.
    pub(super) fn forget(&mut self) {
        self.windows.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alarm_needs_five_profiles_of_one_template_and_is_told_once() {
        let mut templates = Templates::default();
        let lost = ["rendered: profile"];
        for n in 0..4 {
            assert_eq!(templates.see("f", &format!("p{n}"), &lost), None);
            assert_eq!(templates.see("f", "p0", &lost), None, "the same profile again says nothing new");
            assert_eq!(templates.see("other", &format!("p{n}"), &[]), None);
        }
        let alarm = templates.see("f", "p4", &lost).unwrap();
        assert_eq!((alarm.fingerprint.as_str(), alarm.profiles.len()), ("f", 5));
        assert_eq!(templates.see("f", "p5", &lost), None);
    }

    #[test]
    fn single_losses_among_whole_pages_are_no_alarm() {
        let mut templates = Templates::default();
        for n in 0..200 {
            let lost: &[&'static str] = if n % 3 == 0 { &["meta: profile"] } else { &[] };
            assert_eq!(templates.see("f", &format!("p{n}"), lost), None);
        }
    }
}
