//! Profiles whose numbers left their own drift, version by version. One is news; many at once are none of theirs.

use std::collections::{BTreeMap, VecDeque};

/// Profiles of a version that are looked back on.
const WINDOW: usize = 8;
/// Profiles among them that make a cluster.
const MANY: usize = 4;
/// Versions that are remembered.
const VERSIONS: usize = 16;

/// The last profiles of each version.
#[derive(Debug, Default)]
pub(super) struct Strays {
    windows: BTreeMap<String, Window>,
}

#[derive(Debug, Default)]
struct Window {
    last: VecDeque<(String, bool)>,
    /// A cluster is told once, until it is over.
    told: bool,
    untaken: usize,
}

impl Strays {
    /// Takes a profile with a past into account; answers whether a cluster has just begun.
    pub(super) fn see(&mut self, version: &str, handle: &str, strayed: bool) -> bool {
        if !self.windows.contains_key(version) && self.windows.len() >= VERSIONS {
            self.windows.pop_first();
        }
        let window = self.windows.entry(version.to_owned()).or_default();
        window.last.retain(|(known, _)| known != handle);
        window.last.push_back((handle.to_owned(), strayed));
        if window.last.len() > WINDOW {
            window.last.pop_front();
        }
        let strays = window.last.iter().filter(|(_, strayed)| *strayed).count();
        let begins = strays >= MANY && !window.told;
        window.told = strays >= MANY;
        if begins {
            window.untaken = strays;
        }
        begins
    }

    /// The clusters that have begun since the last call: the version, and how many profiles.
    pub(super) fn take(&mut self) -> Vec<(String, usize)> {
        let begun = self.windows.iter_mut().filter(|(_, window)| window.untaken > 0);
        begun.map(|(version, window)| (version.clone(), std::mem::take(&mut window.untaken))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_profile_again_and_again_is_no_cluster_and_four_at_once_are_one() {
        let mut strays = Strays::default();
        for n in 0..20 {
            assert!(!strays.see("v1", &format!("steady_{n}"), false));
            assert!(!strays.see("v1", "star", true));
        }
        assert!(!strays.see("v1", "a", true) && !strays.see("v2", "b", true) && !strays.see("v1", "c", true));
        assert!(strays.see("v1", "d", true), "star, a, c and d");
        assert!(!strays.see("v1", "e", true), "told once");
        assert_eq!(strays.take(), [("v1".to_owned(), 4)]);
        assert!(strays.take().is_empty());
    }
}
