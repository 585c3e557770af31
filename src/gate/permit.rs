//! A permit: one crawl's place at the gate. Reported once; a drop without report is counted and gives the place back,
//! and all its page loads then count as made.

use std::sync::Arc;
use std::time::Duration;

use super::ask::{Egress, PageLoad, Report};
use super::breaker::{Pass, Signal, Turn};
use super::fact::{GateFact, SlowCause};
use super::inner::{Grant, Inner, lock};
use super::limiter::{Closing, Step};
use super::shared::{Ends, Settlement};
use super::states::Who;
use crate::model::fault::Fault;
use crate::model::job::PlatformId;

/// The right to crawl one profile now. It ends by [`Permit::report`], once.
#[derive(Debug)]
#[must_use = "a permit holds a place until it is reported"]
pub struct Permit {
    inner: Arc<Inner>,
    held: Held,
    reported: bool,
}

/// What a permit holds. Loads are numbered from 1: `over` ≤ `begun` ≤ `granted`.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) id: u64,
    pub(super) who: Who,
    pub(super) grant: Grant,
    pub(super) granted: u32,
    pub(super) begun: u32,
    pub(super) over: u32,
}

impl Permit {
    pub(super) fn new(inner: Arc<Inner>, held: Held) -> Self {
        lock(&inner.held).insert(held.id, held.clone());
        Self { inner, held, reported: false }
    }

    /// Page loads reserved and not yet begun.
    #[must_use]
    pub fn reserved(&self) -> u32 {
        self.held.granted - self.held.begun
    }

    /// Page loads begun.
    #[must_use]
    pub fn page_loads(&self) -> u32 {
        self.held.begun
    }

    /// Where.
    #[must_use]
    pub fn platform(&self) -> &PlatformId {
        &self.held.who.payer.platform
    }

    /// From which address.
    #[must_use]
    pub fn egress(&self) -> &Egress {
        &self.held.who.payer.egress
    }

    /// Asks for the next page load of this crawl: call it right before each visit, the first included. Uses up a reserved
    /// load, or asks the gate for one more. `Later` also where the breaker has opened since: then no further request may
    /// go out, and the crawl ends as one that was told to slow down.
    pub async fn page_load(&mut self) -> PageLoad {
        let (now, standing) = self.inner.look(&self.held.who).await;
        let mut pass = standing.clone().ask(now, self.held.id, &self.inner.breaker_rules());
        if pass == Pass::Probe {
            pass = self.inner.claim_probe(&self.held.who, self.held.id).await;
        }
        if let Pass::Wait(until, reason) = pass {
            let refusal = Inner::refusal(now, until, reason);
            return PageLoad::Later(self.inner.later(&self.held.who.payer, refusal, Step::Further));
        }
        self.settle_begun().await;
        if self.reserved() == 0 {
            let payer = &self.held.who.payer;
            let bounds = self.inner.bounds(payer, &standing.pace, now);
            let first = self.held.granted + 1;
            match self.inner.take(payer, &bounds, self.held.id, first, 1, Step::Further).await {
                Ok(_) => self.held.granted += 1,
                Err(refusal) => return PageLoad::Later(self.inner.later(payer, refusal, Step::Further)),
            }
        }
        self.held.begun += 1;
        self.remember();
        PageLoad::Go
    }

    /// A page load is over when the next one is asked for: it then leaves the window a minute later.
    async fn settle_begun(&mut self) {
        let over = self.held.begun - self.held.over;
        if over == 0 {
            return;
        }
        lock(&self.inner.limiter).over(&self.held.who.payer, over, self.inner.minute);
        let before = self.held.clone();
        self.held.over = self.held.begun;
        self.remember();
        let settlement = before.settlement(before.begun, Ends::No, self.inner.minute);
        self.inner.settle_shared(settlement.as_ref()).await;
    }

    /// Gives the place back: nothing was used of it.
    pub(super) async fn give_back(mut self) {
        self.reported = true;
        self.inner.close_local(&self.held, 0);
        let settlement = self.held.settlement(0, Ends::Yes { bytes: 0 }, self.inner.minute);
        self.inner.settle_shared(settlement.as_ref()).await;
    }

    fn remember(&self) {
        lock(&self.inner.held).insert(self.held.id, self.held.clone());
    }

    /// Ends the permit of a crawl that learnt nothing about the platform's willingness: it was cancelled, the gate itself
    /// ended it, or it failed before a page was asked for. Neither closes a breaker nor opens one.
    pub async fn end_unseen(self) {
        self.report(Report { fault: Some(Fault::Defect), ..Report::default() }).await;
    }

    /// Ends the permit: says how it went, gives back what was not used.
    pub async fn report(mut self, report: Report) {
        self.reported = true;
        let made = self.held.begun.max(report.page_loads);
        if made > self.held.granted {
            // More than was allowed is still the truth.
            lock(&self.inner.limiter).note(&self.held.who.payer, made - self.held.granted, Step::Further);
            self.held.granted = made;
        }
        self.held.begun = made;
        self.inner.close_local(&self.held, report.bytes);
        let settlement = self.held.settlement(made, Ends::Yes { bytes: report.bytes }, self.inner.minute);
        self.inner.settle_shared(settlement.as_ref()).await;
        self.inner.judge(&self.held, &report).await;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if self.reported {
            return;
        }
        // Nobody knows how many pages were loaded: all that were allowed.
        self.held.begun = self.held.granted;
        self.inner.close_local(&self.held, 0);
        self.inner.note_dropped(self.held.who.scope.clone());
        // A drop cannot wait for Redis: the next who comes by settles it there.
        lock(&self.inner.leftovers).push(self.held.clone());
    }
}

impl Held {
    /// What to tell Redis; none where Redis does not know of this permit.
    fn settlement(&self, last: u32, ends: Ends, minute: Duration) -> Option<Settlement<'_>> {
        Some(Settlement {
            payer: &self.who.payer,
            permit: self.id,
            over: (self.over + 1, last),
            reserved: self.granted,
            ends,
            minute,
            reserved_at_ms: self.grant.shared_at_ms?,
        })
    }
}

impl Inner {
    fn close_local(&self, held: &Held, bytes: u64) {
        lock(&self.held).remove(&held.id);
        let closing = Closing { over: held.begun - held.over, unused: held.granted - held.begun, bytes };
        lock(&self.limiter).close(&held.who.payer, held.grant.at, closing, self.minute);
    }

    async fn settle_shared(&self, settlement: Option<&Settlement<'_>>) {
        if let (Some(settlement), Some(shared)) = (settlement, self.redis()) {
            // Where Redis does not answer, what it wrote down lapses by itself.
            let _ = self.noting(shared.settle(settlement).await);
        }
    }

    /// Settles the permits that were dropped since.
    pub(super) async fn sweep(&self) {
        let leftovers = std::mem::take(&mut *lock(&self.leftovers));
        for held in leftovers {
            let settlement = held.settlement(held.begun, Ends::Yes { bytes: 0 }, self.minute);
            self.settle_shared(settlement.as_ref()).await;
            self.signal(&held, Signal::Inconclusive, None).await;
        }
    }

    /// Lets a report move the breaker and the pace.
    async fn judge(&self, held: &Held, report: &Report) {
        let signal = Signal::of(report);
        let floor = Duration::from_millis(self.config.latency_floor_ms);
        let rises = report
            .latency
            .is_some_and(|latency| lock(&self.trends).entry(held.who.payer.clone()).or_default().rises(latency, floor));
        let slow = match (signal, &report.fault) {
            (Signal::Throttled(_), _) => Some(SlowCause::Throttled),
            (_, Some(Fault::Walled { .. })) => Some(SlowCause::Walled),
            _ => rises.then_some(SlowCause::Latency),
        };
        self.signal(held, signal, slow).await;
    }

    async fn signal(&self, held: &Held, signal: Signal, slow: Option<SlowCause>) {
        let (breaker_rules, pace_rules, who) = (self.breaker_rules(), self.pace_rules(), &held.who);
        self.change(who, |standing, now, facts| {
            let scope = who.scope.clone();
            facts.extend(standing.own().record(now, held.id, signal, &breaker_rules).map(|turn| match turn {
                Turn::Opened(until, cause) => GateFact::BreakerOpened { scope, until, cause },
                Turn::Closed => GateFact::BreakerClosed { scope },
            }));
            let (platform, egress) = (who.payer.platform.clone(), who.payer.egress.clone());
            let lowered = slow.filter(|cause| standing.pace.lower(now, *cause, &pace_rules));
            let raised = slow.is_none() && standing.pace.raise(now, &pace_rules);
            let page_loads_per_minute = self.bounds(&who.payer, &standing.pace, now).egress.loads;
            if let Some(cause) = lowered {
                facts.push(GateFact::RateLowered { platform, egress, page_loads_per_minute, cause });
            } else if raised {
                facts.push(GateFact::RateRaised { platform, egress, page_loads_per_minute });
            }
        })
        .await;
    }
}
