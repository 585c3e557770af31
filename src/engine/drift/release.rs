//! Letting held-back pages go: what speaks against a reading of one, and which fields a template's pages show no more, so that their
//! absence holds nothing back.

use super::{Drift, TEMPLATES};
use crate::extract::detect::{Doubt, Expectation};
use crate::model::capture::Capture;
use crate::model::document::Document;
use crate::model::job::PlatformId;
use crate::model::selectors::SelectorSet;

impl Drift {
    /// What speaks against a reading of a held-back page: sources that contradict each other under this version, and numbers of others.
    /// No page is let go by a reading that would have held it.
    pub(in crate::engine) fn objections(
        &self,
        platform: &PlatformId,
        capture: &Capture,
        set: &SelectorSet,
        read: &Document,
    ) -> Vec<Doubt> {
        let mut doubts = crate::platform::contradictions(capture, set);
        doubts.extend(self.lock().get(platform).map(|state| state.recent.doubts(read)).unwrap_or_default());
        doubts
    }

    /// Nobody finds these on a template's pages: they are not missed there any more.
    pub(in crate::engine) fn gone(&self, platform: &PlatformId, fingerprint: &str, fields: Vec<String>) {
        if fields.is_empty() {
            return;
        }
        let mut platforms = self.lock();
        let gone = &mut platforms.entry(platform.clone()).or_default().gone;
        if gone.len() < TEMPLATES || gone.contains_key(fingerprint) {
            gone.entry(fingerprint.to_owned()).or_default().extend(fields);
        }
    }

    /// Whether a template has lost fields for good.
    pub(in crate::engine) fn has_gone(&self, platform: &PlatformId, mark: Option<&str>) -> bool {
        let platforms = self.lock();
        mark.and_then(|mark| platforms.get(platform)?.gone.get(mark)).is_some_and(|gone| !gone.is_empty())
    }

    /// Whether a document has what nearly every page has, but for what its template has not any more.
    pub(in crate::engine) fn is_met(
        &self,
        expected: &Expectation,
        platform: &PlatformId,
        mark: Option<&str>,
        document: &Document,
    ) -> bool {
        let platforms = self.lock();
        let gone = mark.and_then(|mark| platforms.get(platform)?.gone.get(mark));
        gone.map_or_else(|| expected.is_met_by(document), |gone| expected.without(gone).is_met_by(document))
    }
}
