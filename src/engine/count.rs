//! What the engine counts and tells, in one place: rooms return facts, here they become metrics and events.

use std::time::Duration;

use super::plausible::Judged;
use super::rooms::Rooms;
use crate::gate::{Egress, GateFact, Later, LaterReason, OpenCause, SlowCause};
use crate::model::document::Document;
use crate::model::event::EventKind;
use crate::model::job::{Job, PlatformId, Target};
use crate::store::save::Changes;
use crate::telemetry::{HealStep, SnoozeCause, Step};

impl Rooms {
    /// A step of a crawl is over; it began at `since`, by our uptime. Answers when the next one begins.
    pub(super) fn step(&self, job: &Job, step: Step, since: Duration) -> Duration {
        let now = self.clock.uptime();
        let took = now.saturating_sub(since);
        self.metrics.step_done(step, took);
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        self.tell(EventKind::StepDone { job: job.id.clone(), step: step.as_str().to_owned(), ms });
        now
    }

    /// The gate asked a job to wait, and it was put back.
    pub(super) fn gate_said_later(&self, job: &Job, later: &Later) {
        let platform = &job.target.platform;
        self.metrics.limiter_waited(platform, later.after);
        let cause = match later.reason {
            LaterReason::BreakerOpen | LaterReason::ProbeUnderWay | LaterReason::OperatorRest => SnoozeCause::Breaker,
            LaterReason::Minute
            | LaterReason::Hour
            | LaterReason::Day
            | LaterReason::Bytes
            | LaterReason::Concurrency
            | LaterReason::Spacing
            | LaterReason::SharedLost => SnoozeCause::Limiter,
        };
        self.metrics.job_snoozed(platform, cause);
    }

    /// A session ended with a refusal. It would have ended with its crawl in any case; that it ended so is what is told.
    pub(super) fn session_retired(&self, platform: &PlatformId, egress: &Egress, cause: &str) {
        let session = if self.ways.has_operators_session(platform) { "operator" } else { "guest" };
        self.metrics.session_retired(platform, session);
        tracing::info!(%platform, %egress, session, cause, "the session was refused and is retired");
        self.tell(EventKind::SessionRetired {
            platform: platform.clone(),
            egress: egress.to_string(),
            session: session.to_owned(),
            cause: cause.to_owned(),
        });
    }

    /// A job's document stands in the ledger.
    pub(super) fn job_finished(&self, job: &Job, document: &Document) {
        let took = Duration::from_millis(document.duration_ms.unwrap_or_default());
        self.metrics.job_finished(&job.target.platform, document.outcome, took);
        self.tell_done(job, document);
    }

    /// A saved crawl differs from what was stored: told, unless it is the profile's first sight.
    pub(super) fn profile_changed(&self, target: &Target, changes: &Changes) {
        if changes.first_sight {
            return;
        }
        let mut told: Vec<_> = changes
            .profile
            .iter()
            .map(|change| (format!("profile.{}", change.field), change.before.clone(), change.after.clone()))
            .collect();
        told.extend(changes.posts.iter().map(|post| {
            let change = &post.change;
            (format!("posts.{}.{}", post.post, change.field), change.before.clone(), change.after.clone())
        }));
        let whole = |id: &String, before: bool, after: bool| (format!("posts.{id}"), before.into(), after.into());
        told.extend(changes.new_posts.iter().map(|id| whole(id, false, true)));
        told.extend(changes.gone_posts.iter().map(|id| whole(id, true, false)));
        told.extend(changes.back_posts.iter().map(|id| whole(id, false, true)));
        if !told.is_empty() {
            self.tell(EventKind::ProfileChanged { target: target.clone(), changes: told });
        }
    }

    /// Values were held back, or surged.
    pub(super) fn values_held(&self, job: &Job, judged: &Judged) {
        let target = &job.target;
        if let Some(first) = judged.held.first() {
            tracing::warn!(job = %job.id, %target, values = judged.held.len(), path = ?first.path, reason = ?first.reason, "values are not believed and held back");
            let values =
                judged.held.iter().map(|held| (held.path.clone(), held.value.clone(), held.reason.clone())).collect();
            self.tell(EventKind::ValuesHeld { job: job.id.clone(), target: target.clone(), values });
            self.metrics.heal(&target.platform, HealStep::Quarantined);
        }
        for (path, before, after) in judged.surges.iter().cloned() {
            self.tell(EventKind::SurgeSeen { target: target.clone(), path, before, after });
        }
    }

    /// One fact of the gate: logged, and told where it concerns more than us.
    pub(super) fn gate_fact(&self, fact: &GateFact) {
        let moved = |scope: &crate::gate::Scope, state: &str, until, cause: Option<&str>| EventKind::BreakerMoved {
            platform: scope.platform.clone(),
            scope: scope.to_string(),
            state: state.to_owned(),
            until,
            cause: cause.map(str::to_owned),
        };
        let told = match fact {
            GateFact::BreakerOpened { scope, until, cause } => {
                tracing::warn!(%scope, %until, ?cause, "the breaker opened");
                moved(scope, "open", Some(*until), Some(open_word(*cause)))
            }
            GateFact::BreakerHalfOpened { scope } => moved(scope, "half_open", None, None),
            GateFact::BreakerClosed { scope } => {
                tracing::info!(%scope, "the breaker closed");
                moved(scope, "closed", None, None)
            }
            GateFact::Rested { scope, until } => moved(scope, "resting", Some(*until), Some("operator")),
            GateFact::Released { scope } => moved(scope, "released", None, Some("operator")),
            GateFact::RateLowered { platform, egress, page_loads_per_minute, cause } => EventKind::PaceChanged {
                platform: platform.clone(),
                egress: egress.to_string(),
                page_loads_per_minute: *page_loads_per_minute,
                cause: Some(slow_word(*cause).to_owned()),
            },
            GateFact::RateRaised { platform, egress, page_loads_per_minute } => EventKind::PaceChanged {
                platform: platform.clone(),
                egress: egress.to_string(),
                page_loads_per_minute: *page_loads_per_minute,
                cause: None,
            },
            GateFact::SharedLost { error, workers } => {
                tracing::warn!(?error, workers, "the shared limits are away: this process keeps its share");
                EventKind::PartLost { part: "shared_limits".to_owned(), reason: error.clone() }
            }
            GateFact::SharedRegained => {
                tracing::info!("the shared limits are back");
                EventKind::PartRegained { part: "shared_limits".to_owned() }
            }
            GateFact::PermitDropped { scope } => {
                tracing::error!(%scope, "a permit was dropped without a report: a bug");
                return;
            }
        };
        self.tell(told);
    }
}

const fn open_word(cause: OpenCause) -> &'static str {
    match cause {
        OpenCause::Throttled => "throttled",
        OpenCause::Failures => "failures",
        OpenCause::ProbeFailed => "probe_failed",
    }
}

const fn slow_word(cause: SlowCause) -> &'static str {
    match cause {
        SlowCause::Throttled => "throttled",
        SlowCause::Walled => "walled",
        SlowCause::Latency => "latency",
    }
}
