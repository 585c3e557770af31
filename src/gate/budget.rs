//! Taking page loads from the budget, by the books that hold: Redis, our share, or both (`contact.rs` says when).

use super::ask::LaterReason;
use super::contact::Books;
use super::inner::{Grant, Inner, Link, lock};
use super::limiter::{Bounds, Closing, Payer, RECHECK, Refusal, Step};
use super::shared::{Order, Shared};

impl Inner {
    /// Takes page loads from the budget, by the books that hold.
    pub(super) async fn take(
        &self,
        payer: &Payer,
        bounds: &Bounds,
        permit: u64,
        first: u32,
        loads: u32,
        step: Step,
    ) -> Result<Grant, Refusal> {
        let order = Order { payer, bounds, permit, first, loads, step };
        let Some(link) = &self.link else {
            lock(&self.limiter).admit(payer, bounds, loads, step)?;
            return Ok(Grant { shared_at_ms: None, at: self.clock.uptime() });
        };
        if let Some(shared) = self.redis() {
            self.announce(link, payer).await;
            if let Some(granted) = self.take_shared(link, shared, &order).await {
                return granted;
            }
        }
        self.hold(link)?;
        self.take_share(link, &order)
    }

    /// By Redis; none where it does not answer.
    async fn take_shared(&self, link: &Link, shared: &Shared, order: &Order<'_>) -> Option<Result<Grant, Refusal>> {
        let Order { payer, loads, step, .. } = *order;
        let books = lock(&link.contact).books(self.clock.uptime());
        let beside = books == Books::SharedAndShare;
        if beside && let Err(refusal) = self.take_share(link, order) {
            return Some(Err(refusal));
        }
        let undo = || {
            if beside {
                let unused = Closing { unused: loads, ..Closing::default() };
                lock(&self.limiter).undo(payer, self.clock.uptime(), unused, self.minute, step);
            }
        };
        let Some(answer) = self.noting(shared.admit(order).await) else {
            undo();
            return None;
        };
        self.counted(answer.workers, answer.new_there);
        if let Err(refusal) = answer.granted {
            undo();
            return Some(Err(refusal));
        }
        let grant = Grant { shared_at_ms: Some(answer.at_ms), at: self.clock.uptime() };
        if !beside {
            lock(&self.limiter).note(payer, loads, step);
        }
        Some(match self.hold(link) {
            Ok(()) => Ok(grant),
            // Redis has forgotten the last minute: its word does not hold. What it wrote down lapses by itself.
            Err(refusal) => {
                let unused = Closing { unused: loads, ..Closing::default() };
                lock(&self.limiter).undo(payer, grant.at, unused, self.minute, step);
                Err(refusal)
            }
        })
    }

    fn hold(&self, link: &Link) -> Result<(), Refusal> {
        match lock(&link.contact).books(self.clock.uptime()) {
            Books::Hold(after) => Err(Refusal { after, reason: LaterReason::SharedLost }),
            Books::Shared | Books::SharedAndShare | Books::Share => Ok(()),
        }
    }

    /// By our share of the limits.
    fn take_share(&self, link: &Link, order: &Order<'_>) -> Result<Grant, Refusal> {
        let workers = lock(&link.contact).workers();
        let none = Refusal { after: RECHECK, reason: LaterReason::SharedLost };
        let platform = order.bounds.platform.share(workers).ok_or(none)?;
        let egress = order.bounds.egress.share(workers).ok_or(none)?;
        lock(&self.limiter).admit(order.payer, &Bounds { platform, egress }, order.loads, order.step)?;
        Ok(Grant { shared_at_ms: None, at: self.clock.uptime() })
    }

    async fn announce(&self, link: &Link, payer: &Payer) {
        let name = (payer.platform.to_string(), payer.egress.to_string());
        if !lock(&link.announced).contains(&name) && self.noting(link.shared.announce(payer).await).is_some() {
            lock(&link.announced).insert(name);
        }
    }
}
