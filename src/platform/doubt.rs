//! What a page says against itself, beyond what its document shows: two sources of one page with two numbers.

use crate::extract::detect::{self, Doubt};
use crate::extract::gather;
use crate::extract::reconcile::subject;
use crate::model::capture::Capture;
use crate::model::selectors::SelectorSet;

/// The counts on which the sources of a capture contradict each other.
#[must_use]
pub fn contradictions(capture: &Capture, selectors: &SelectorSet) -> Vec<Doubt> {
    let requested = capture.target.as_ref().map(|target| target.handle.as_str());
    let page = gather(capture, selectors, requested);
    detect::contradictions(&page, &subject(&page, requested))
}
