//! What stands at the gate: breakers and paces, by name. [`Standing`] is what one wish meets; [`Book`] is the whole, as this
//! process last knew it. In Redis each is a field of one hash whose name is the JSON of a [`Field`], so that no character
//! of a platform's or a proxy's name can confuse two of them.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ask::{Ask, LaterReason};
use super::breaker::{Breaker, BreakerRules, Pass};
use super::fact::Scope;
use super::limiter::Payer;
use super::pace::Pace;

/// The name of one state.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Field {
    /// A breaker, or an operator's rest of several.
    Breaker(Scope),
    /// The pace at one address.
    Pace(Scope),
}

impl Field {
    /// The name in Redis.
    pub(super) fn name(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }
}

/// Whom a wish concerns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    pub(super) scope: Scope,
    pub(super) payer: Payer,
}

impl Who {
    pub(super) fn of(ask: &Ask) -> Self {
        let Ask { platform, egress, source, .. } = ask;
        Self {
            scope: Scope { platform: platform.clone(), egress: Some(egress.clone()), source: Some(source.clone()) },
            payer: Payer { platform: platform.clone(), egress: egress.clone() },
        }
    }

    /// The breaker of its own first, then those by which an operator may let it rest, then its pace.
    pub(super) fn fields(&self) -> [Field; 5] {
        let wide = |egress: bool, source: bool| {
            Field::Breaker(Scope {
                platform: self.scope.platform.clone(),
                egress: self.scope.egress.clone().filter(|_| egress),
                source: self.scope.source.clone().filter(|_| source),
            })
        };
        let pace = Scope { source: None, ..self.scope.clone() };
        [wide(true, true), wide(true, false), wide(false, true), wide(false, false), Field::Pace(pace)]
    }
}

/// What one wish meets. `breakers` are in the order of [`Who::fields`].
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Standing {
    pub(super) breakers: [Breaker; 4],
    pub(super) pace: Pace,
}

impl Standing {
    /// May the permit go? Every rest must be over, then its own breaker decides.
    pub(super) fn ask(&mut self, now: DateTime<Utc>, permit: u64, rules: &BreakerRules) -> Pass {
        let [own, wider @ ..] = &mut self.breakers;
        let rests = wider.iter_mut().filter_map(|breaker| match breaker.ask(now, permit, rules) {
            Pass::Wait(until, _) => Some(until),
            Pass::Free | Pass::Probe => None,
        });
        match rests.max() {
            Some(until) => Pass::Wait(until, LaterReason::OperatorRest),
            None => own.ask(now, permit, rules),
        }
    }

    /// The breaker of its own.
    pub(super) fn own(&mut self) -> &mut Breaker {
        let [own, ..] = &mut self.breakers;
        own
    }
}

/// Everything that stands, as this process last knew it.
#[derive(Debug, Default)]
pub(super) struct Book {
    breakers: HashMap<Scope, Breaker>,
    paces: HashMap<Scope, Pace>,
    /// What was changed here while Redis was away and is to be brought there.
    apart: HashSet<Field>,
}

impl Book {
    /// What stands for one.
    pub(super) fn standing(&self, who: &Who) -> Standing {
        let mut standing = Standing::default();
        for (index, field) in who.fields().iter().enumerate() {
            match field {
                Field::Breaker(scope) => {
                    if let (Some(slot), Some(breaker)) = (standing.breakers.get_mut(index), self.breakers.get(scope)) {
                        *slot = breaker.clone();
                    }
                }
                Field::Pace(scope) => standing.pace = self.paces.get(scope).copied().unwrap_or_default(),
            }
        }
        standing
    }

    /// Writes down what stands for one, as Redis has it (`apart` false) or as changed here alone.
    pub(super) fn put(&mut self, who: &Who, standing: Standing, apart: bool) {
        let fields = who.fields();
        let before = self.standing(who);
        for (index, field) in fields.iter().enumerate() {
            let changed = match field {
                Field::Breaker(_) => standing.breakers.get(index) != before.breakers.get(index),
                Field::Pace(_) => standing.pace != before.pace,
            };
            match (apart, changed) {
                (true, true) => self.apart.insert(field.clone()),
                (true, false) => false,
                (false, _) => self.apart.remove(field),
            };
        }
        let Standing { breakers, pace } = standing;
        for (field, breaker) in fields.iter().zip(breakers) {
            if let Field::Breaker(scope) = field {
                self.put_breaker(scope.clone(), breaker);
            }
        }
        if let [.., Field::Pace(scope)] = &fields {
            self.paces.insert(scope.clone(), pace);
        }
    }

    /// What Redis has, with what was changed here while it was away: the stricter of the two counts.
    pub(super) fn merged(&self, who: &Who, theirs: Standing) -> Standing {
        if self.apart.is_empty() {
            return theirs;
        }
        let ours = self.standing(who);
        let fields = who.fields();
        let mut merged = theirs;
        for ((field, slot), own) in fields.iter().zip(&mut merged.breakers).zip(ours.breakers) {
            if self.apart.contains(field) {
                *slot = std::mem::take(slot).stricter(own);
            }
        }
        if fields.last().is_some_and(|field| self.apart.contains(field)) {
            merged.pace = merged.pace.slower(ours.pace);
        }
        merged
    }

    /// One breaker.
    pub(super) fn breaker(&self, scope: &Scope) -> Breaker {
        self.breakers.get(scope).cloned().unwrap_or_default()
    }

    /// Replaces one breaker. The operator's rests of several are forgotten when they are over, the others are kept, so
    /// that a closed one is shown too.
    pub(super) fn put_breaker(&mut self, scope: Scope, breaker: Breaker) {
        let wide = scope.egress.is_none() || scope.source.is_none();
        if wide && breaker == Breaker::default() {
            self.breakers.remove(&scope);
        } else {
            self.breakers.insert(scope, breaker);
        }
    }

    /// Forgets every rest and every slowness within `scope`.
    pub(super) fn release(&mut self, scope: &Scope) {
        for breaker in self.breakers.iter_mut().filter(|(at, _)| scope.covers(at)).map(|(_, breaker)| breaker) {
            breaker.release();
        }
        self.paces.retain(|at, _| !scope.covers(at));
        self.apart.retain(|field| match field {
            Field::Breaker(at) | Field::Pace(at) => !scope.covers(at),
        });
    }

    /// All breakers.
    pub(super) fn breakers(&self) -> impl Iterator<Item = (&Scope, &Breaker)> {
        self.breakers.iter()
    }

    /// The pace at one address.
    pub(super) fn pace(&self, scope: &Scope) -> Pace {
        self.paces.get(scope).copied().unwrap_or_default()
    }
}
