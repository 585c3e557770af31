//! Watching over the service: what happened at the gate, how full the queue is, how the browsers do, and whether the parts
//! that we depend on answer. It only looks, so every one of its loops may fail and go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::rooms::Rooms;
use super::services::Services;
use crate::browser::Counters;
use crate::gate::{BreakerState as Breaker, GateFact, GateStatus};
use crate::model::event::EventKind;
use crate::model::job::{PlatformId, Priority};
use crate::telemetry::{BreakerState, Crash, Part, Readiness, RefusedWrite};

/// How often the gate's facts are taken: an event is told no later than this.
const FACTS_EVERY: Duration = Duration::from_millis(500);
/// How often the gate's state is asked for though nothing happened here: other containers move it too.
const STATUS_EVERY: Duration = Duration::from_secs(5);
/// How often the browsers are counted.
const BROWSERS_EVERY: Duration = Duration::from_secs(2);
/// How often the levels are read.
const LEVELS_EVERY: Duration = Duration::from_secs(5);
/// How often the blob store is tried.
const BLOB_EVERY: Duration = Duration::from_secs(30);

/// Looks at everything.
pub(super) struct Watch {
    pub(super) rooms: Arc<Rooms>,
    pub(super) services: Services,
    pub(super) readiness: Readiness,
}

impl Watch {
    /// All loops, until they are stopped.
    pub(super) async fn run(&self, stop: &CancellationToken) {
        tokio::join!(self.gate(stop), self.levels(stop), self.browsers(stop), self.servers(stop), self.blobs(stop));
    }

    async fn gate(&self, stop: &CancellationToken) {
        let mut looked = None;
        while !stop.is_cancelled() {
            let facts = self.rooms.gate.take_facts();
            for fact in &facts {
                self.rooms.gate_fact(fact);
                self.gauge(fact);
            }
            let now = self.rooms.clock.uptime();
            if !facts.is_empty() || looked.is_none_or(|at| now.saturating_sub(at) >= STATUS_EVERY) {
                looked = Some(now);
                // Where Redis is away the facts of this process are all there is.
                if let Ok(lines) = self.rooms.gate.status().await {
                    self.breakers(&lines);
                }
            }
            pause(stop, FACTS_EVERY).await;
        }
    }

    /// The gauge as this fact leaves it, until the whole state is read.
    fn gauge(&self, fact: &GateFact) {
        let state = match fact {
            GateFact::BreakerOpened { .. } | GateFact::Rested { .. } => BreakerState::Open,
            GateFact::BreakerHalfOpened { .. } => BreakerState::HalfOpen,
            GateFact::BreakerClosed { .. } | GateFact::Released { .. } => BreakerState::Closed,
            GateFact::RateLowered { .. }
            | GateFact::RateRaised { .. }
            | GateFact::SharedLost { .. }
            | GateFact::SharedRegained
            | GateFact::PermitDropped { .. } => return,
        };
        if let GateFact::BreakerOpened { scope, .. }
        | GateFact::BreakerHalfOpened { scope }
        | GateFact::BreakerClosed { scope }
        | GateFact::Rested { scope, .. }
        | GateFact::Released { scope } = fact
        {
            self.rooms.metrics.breaker_is(&scope.platform, state);
        }
    }

    fn breakers(&self, lines: &[GateStatus]) {
        for (platform, state) in worst(self.rooms.platform_ids(), lines) {
            self.rooms.metrics.breaker_is(platform, state);
        }
    }

    async fn levels(&self, stop: &CancellationToken) {
        let mut stale = 0;
        while !stop.is_cancelled() {
            if let Err(error) = self.queue_levels().await {
                tracing::debug!(%error, "the queue's levels could not be read");
            }
            let now = self.services.store.stale_writes();
            self.rooms.metrics.stale_writes_refused(RefusedWrite::Result, now.saturating_sub(stale));
            stale = now;
            pause(stop, LEVELS_EVERY).await;
        }
    }

    async fn queue_levels(&self) -> Result<(), super::services::ServicesError> {
        let (stats, ledger) = (self.services.queue.stats().await?, self.services.store.levels().await?);
        let metrics = &self.rooms.metrics;
        for platform in self.rooms.platform_ids() {
            for priority in Priority::ALL {
                let of = |lane: &&crate::queue::LaneDepth| {
                    // What comes back first counts as urgent: it is leased before all others.
                    let high = priority == Priority::High && lane.class == "back";
                    lane.platform == *platform && (lane.class == priority.as_str() || high)
                };
                let waiting = stats.lanes.iter().filter(of).map(|lane| lane.depth.waiting).sum();
                metrics.queue_depth(platform, priority, waiting);
            }
        }
        let leased = stats.lanes.iter().map(|lane| lane.depth.leased).sum::<u64>() + stats.quarantine.leased;
        metrics.queue_levels(stats.delayed, leased, ledger.dead);
        metrics.outbox_pending(ledger.outbox);
        Ok(())
    }

    async fn browsers(&self, stop: &CancellationToken) {
        let mut before = Counters::default();
        while !stop.is_cancelled() {
            let now = self.rooms.browser.counters();
            let metrics = &self.rooms.metrics;
            let grown = |count: fn(&Counters) -> u64| count(&now).saturating_sub(count(&before));
            metrics.browsers(now.browsers, now.contexts);
            metrics.contexts_moved(grown(|c| c.contexts_opened), grown(|c| c.contexts_closed));
            metrics.browser_crashes(Crash::Browser, grown(|c| c.crashes));
            metrics.browser_crashes(Crash::Renderer, grown(|c| c.pages_crashed));
            metrics.browsers_recycled(grown(|c| c.recycled));
            metrics.unknown_browser_messages(grown(|c| c.messages_dropped));
            if self.rooms.browser.is_chromium() {
                let away = (now.browsers == 0).then(|| "no browser is running; one is being started".to_owned());
                self.judge(Part::Browser, away);
            }
            before = now;
            pause(stop, BROWSERS_EVERY).await;
        }
    }

    async fn blobs(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let checked = self.rooms.blobs.check().await;
            self.judge(Part::Blob, checked.err().map(|error| error.to_string()));
            pause(stop, BLOB_EVERY).await;
        }
    }

    /// Says how a part does; a change is logged and told.
    pub(super) fn judge(&self, part: Part, away: Option<String>) {
        let before = self.readiness.reasons().into_iter().find(|(known, _)| *known == part).map(|(_, reason)| reason);
        match away {
            Some(reason) => {
                self.rooms.metrics.down(part);
                if before.as_ref() != Some(&reason) {
                    tracing::warn!(part = part.as_str(), ?reason, "this process may be given no work");
                    self.rooms.tell(EventKind::PartLost { part: part.as_str().to_owned(), reason: reason.clone() });
                }
                self.readiness.blocked(part, reason);
            }
            None => {
                self.rooms.metrics.up(part);
                if before.is_some() {
                    tracing::info!(part = part.as_str(), "well again");
                    self.rooms.tell(EventKind::PartRegained { part: part.as_str().to_owned() });
                }
                self.readiness.well(part);
            }
        }
    }
}

/// Each platform's worst breaker; closed where none is named.
fn worst<'p>(
    platforms: impl Iterator<Item = &'p PlatformId>,
    lines: &[GateStatus],
) -> BTreeMap<&'p PlatformId, BreakerState> {
    let weight = |state: BreakerState| match state {
        BreakerState::Closed => 0,
        BreakerState::HalfOpen => 1,
        BreakerState::Open => 2,
    };
    let of = |platform: &PlatformId| {
        let states = lines.iter().filter_map(|line| match line {
            GateStatus::Breaker { scope, state, .. } if scope.platform == *platform => Some(match state {
                Breaker::Closed => BreakerState::Closed,
                Breaker::HalfOpen => BreakerState::HalfOpen,
                Breaker::Open | Breaker::Resting => BreakerState::Open,
            }),
            GateStatus::Breaker { .. } | GateStatus::Budget { .. } => None,
        });
        states.max_by_key(|state| weight(*state)).unwrap_or(BreakerState::Closed)
    };
    platforms.map(|platform| (platform, of(platform))).collect()
}

async fn pause(stop: &CancellationToken, wait: Duration) {
    let _ = tokio::time::timeout(wait, stop.cancelled()).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::{Egress, Scope, Source};

    #[test]
    fn the_worst_breaker_of_a_platform_counts() {
        let (tiktok, instagram) = (PlatformId::new("tiktok"), PlatformId::new("instagram"));
        let line = |egress: &str, state| GateStatus::Breaker {
            scope: Scope {
                platform: tiktok.clone(),
                egress: Some(Egress::new(egress)),
                source: Some(Source::profile()),
            },
            state,
            until: None,
        };
        let lines = [line("a", Breaker::HalfOpen), line("b", Breaker::Resting), line("c", Breaker::Closed)];
        let worst = worst([&tiktok, &instagram].into_iter(), &lines);
        assert_eq!(worst[&tiktok], BreakerState::Open);
        assert_eq!(worst[&instagram], BreakerState::Closed);
    }
}
