//! What an operator sees and says: the status, a rest, a release. A command is carried out in Redis, for all containers, or
//! not at all: a rest that only one of them kept would be worse than an error.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ask::Egress;
use super::breaker::Breaker;
use super::fact::{GateFact, Scope};
use super::inner::{Inner, lock};
use super::limiter::{Payer, Spending};
use super::pace::Pace;
use super::permit::Held;
use super::shared::{Shared, SharedError};
use super::states::Field;
use super::status::GateStatus;
use super::{Gate, GateError};
use crate::model::job::PlatformId;

/// How often a command tries when others change the same state.
const MOST_RACES: u32 = 32;

impl Gate {
    /// Every budget that was ever asked, then every breaker that is known: in Redis those that are not closed.
    ///
    /// # Errors
    /// When the gate is shared and Redis does not answer.
    pub async fn status(&self) -> Result<Vec<GateStatus>, GateError> {
        match self.inner.redis_for_commands() {
            Some(shared) => Ok(self.shared_status(shared).await?),
            None => Ok(self.own_status()),
        }
    }

    /// Lets everything within `scope` rest for `duration`; a running rest of an operator there is replaced.
    ///
    /// # Errors
    /// When the gate is shared and Redis does not answer: nothing was changed then.
    pub async fn rest(&self, scope: &Scope, duration: Duration) -> Result<(), GateError> {
        let wait = chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX);
        let until = |now: DateTime<Utc>| now.checked_add_signed(wait).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let (breaker, at) = match self.inner.redis_for_commands() {
            Some(shared) => rest_shared(shared, scope, until).await?,
            None => {
                let at = until(self.inner.clock.now());
                let mut breaker = lock(&self.inner.book).breaker(scope);
                breaker.rest(at);
                (breaker, at)
            }
        };
        lock(&self.inner.book).put_breaker(scope.clone(), breaker);
        self.inner.tell([GateFact::Rested { scope: scope.clone(), until: at }]);
        Ok(())
    }

    /// Ends every rest within `scope`, the breakers' and the operator's, and returns to full pace.
    ///
    /// # Errors
    /// When the gate is shared and Redis does not answer.
    pub async fn release(&self, scope: &Scope) -> Result<(), GateError> {
        if let Some(shared) = self.inner.redis_for_commands() {
            release_shared(shared, scope).await?;
        }
        lock(&self.inner.book).release(scope);
        self.inner.forget_waiting();
        self.inner.tell([GateFact::Released { scope: scope.clone() }]);
        Ok(())
    }

    fn own_status(&self) -> Vec<GateStatus> {
        let inner = &self.inner;
        let now = inner.clock.now();
        let mut budgets: Vec<GateStatus> = lock(&inner.limiter)
            .spending()
            .into_iter()
            .map(|(platform, egress, spending)| {
                let pace =
                    lock(&inner.book).pace(&Scope { platform: platform.clone(), egress: egress.clone(), source: None });
                inner.budget(platform, egress, spending, &pace, now)
            })
            .collect();
        budgets.sort_by(|a, b| a.scope().cmp(b.scope()));
        let mut breakers: Vec<_> =
            lock(&inner.book).breakers().map(|(scope, breaker)| breaker_status(scope.clone(), breaker, now)).collect();
        breakers.sort_by(|a, b| a.scope().cmp(b.scope()));
        budgets.extend(breakers);
        budgets
    }

    async fn shared_status(&self, shared: &Shared) -> Result<Vec<GateStatus>, SharedError> {
        let (now, _) = shared.look(&[]).await?;
        let (mut breakers, mut paces) = (Vec::new(), Vec::new());
        for (name, text) in shared.states().await? {
            match serde_json::from_str(&name)? {
                Field::Breaker(scope) => breakers.push(breaker_status(scope, &serde_json::from_str(&text)?, now)),
                Field::Pace(scope) => paces.push((scope, serde_json::from_str::<Pace>(&text)?)),
            }
        }
        breakers.sort_by(|a: &GateStatus, b| a.scope().cmp(b.scope()));
        let mut known = BTreeSet::new();
        for Payer { platform, egress } in shared.payers().await? {
            known.insert((platform.clone(), None));
            known.insert((platform, Some(egress)));
        }
        let mut all = Vec::new();
        for (platform, egress) in known {
            let spending = shared.spending(&platform, egress.as_ref()).await?;
            let pace = paces.iter().find(|(scope, _)| scope.platform == platform && scope.egress == egress);
            let pace = pace.map(|(_, pace)| *pace).unwrap_or_default();
            all.push(self.inner.budget(platform, egress, spending, &pace, now));
        }
        all.extend(breakers);
        Ok(all)
    }
}

impl From<SharedError> for GateError {
    fn from(error: SharedError) -> Self {
        Self::Shared { problem: error.to_string() }
    }
}

fn breaker_status(scope: Scope, breaker: &Breaker, now: DateTime<Utc>) -> GateStatus {
    let (state, until) = breaker.state(now);
    GateStatus::Breaker { scope, state, until }
}

async fn rest_shared(
    shared: &Shared,
    scope: &Scope,
    until: impl Fn(DateTime<Utc>) -> DateTime<Utc>,
) -> Result<(Breaker, DateTime<Utc>), SharedError> {
    let name = Field::Breaker(scope.clone()).name()?;
    for _ in 0..MOST_RACES {
        let (now, mut texts) = shared.look(std::slice::from_ref(&name)).await?;
        let seen = texts.pop().flatten();
        let mut breaker: Breaker = seen.as_deref().map(serde_json::from_str).transpose()?.unwrap_or_default();
        breaker.rest(until(now));
        let wanted = serde_json::to_string(&breaker)?;
        if shared.swap(&[(name.clone(), seen, Some(wanted))]).await? {
            return Ok((breaker, until(now)));
        }
    }
    Err(SharedError::Contended)
}

async fn release_shared(shared: &Shared, scope: &Scope) -> Result<(), SharedError> {
    for _ in 0..MOST_RACES {
        let mut changes = Vec::new();
        for (name, text) in shared.states().await? {
            let (Field::Breaker(at) | Field::Pace(at)) = serde_json::from_str(&name)?;
            if scope.covers(&at) {
                changes.push((name, Some(text), None));
            }
        }
        if shared.swap(&changes).await? {
            return Ok(());
        }
    }
    Err(SharedError::Contended)
}

impl Inner {
    fn budget(
        &self,
        platform: PlatformId,
        egress: Option<Egress>,
        spending: Spending,
        pace: &Pace,
        now: DateTime<Utc>,
    ) -> GateStatus {
        let whole = self.limits(&platform);
        let limits = match &egress {
            Some(egress) => {
                self.bounds(&Payer { platform: platform.clone(), egress: egress.clone() }, pace, now).egress
            }
            None => whole,
        };
        GateStatus::Budget {
            scope: Scope { platform, egress, source: None },
            page_loads: spending.loads,
            page_loads_per_minute: limits.loads,
            page_loads_last_hour: spending.hour,
            page_loads_last_day: spending.day,
            bytes_last_day: spending.bytes,
            crawls: spending.crawls,
            concurrent_crawls: limits.concurrent,
            shared: self.redis_for_commands().is_some(),
        }
    }

    /// Says that this process and its permits live.
    pub(super) async fn beat(&self) {
        self.sweep().await;
        let Some(shared) = self.redis() else { return };
        let Some((workers, new_there)) = self.noting(shared.beat().await) else { return };
        self.counted(workers, new_there);
        let held: Vec<Held> = lock(&self.held).values().cloned().collect();
        for Held { id, who, granted, over, .. } in held {
            if self.noting(shared.renew(&who.payer, id, (over + 1, granted), self.minute).await).is_none() {
                return;
            }
        }
    }
}
