//! Whether this process may be given work: asks Redis and PostgreSQL every two seconds and tells readiness. What is unsafe
//! is said loudly once, and again when it changes; what is grave makes us unready until it is mended.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::services::Services;
use super::watch::Watch;
use crate::telemetry::Part;

/// How often both are asked: a reason is told well within five seconds.
const EVERY: Duration = Duration::from_secs(2);
/// A server that does not answer in this time is not well.
const PATIENCE: Duration = Duration::from_secs(2);

impl Watch {
    /// Looks until it is stopped.
    pub(super) async fn servers(&self, stop: &CancellationToken) {
        let (mut redis, mut postgres) = (Vec::new(), Vec::new());
        while !stop.is_cancelled() {
            let (seen, known) = tokio::join!(look_at_redis(&self.services), look_at_postgres(&self.services));
            self.tell(Part::Redis, &seen, &mut redis);
            self.tell(Part::Postgres, &known, &mut postgres);
            let _ = tokio::time::timeout(EVERY, stop.cancelled()).await;
        }
    }

    fn tell(&self, part: Part, found: &[Finding], before: &mut Vec<Finding>) {
        let (grave, told): (Vec<&Finding>, Vec<&Finding>) = found.iter().partition(|finding| finding.grave);
        let grave: Vec<&str> = grave.into_iter().map(|finding| finding.text.as_str()).collect();
        self.judge(part, (!grave.is_empty()).then(|| grave.join("; ")));
        self.readiness.warned(part, told.into_iter().map(|finding| finding.text.clone()).collect());
        if found != before.as_slice() {
            for Finding { text, .. } in found.iter().filter(|finding| !finding.grave) {
                tracing::warn!(part = part.as_str(), "{text}");
            }
            *before = found.to_vec();
        }
    }
}

/// One thing that is unsafe or wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    grave: bool,
    text: String,
}

async fn look_at_redis(services: &Services) -> Vec<Finding> {
    match tokio::time::timeout(PATIENCE, services.queue.health()).await {
        Ok(health) => {
            health.reasons.into_iter().map(|reason| Finding { grave: reason.grave, text: reason.text }).collect()
        }
        Err(_) => vec![slow("Redis")],
    }
}

async fn look_at_postgres(services: &Services) -> Vec<Finding> {
    match tokio::time::timeout(PATIENCE, services.store.health()).await {
        Ok(Ok(health)) => {
            let usable = health.schema.is_usable();
            health.warnings.into_iter().map(|text| Finding { grave: !usable, text }).collect()
        }
        Ok(Err(error)) => vec![Finding { grave: true, text: error.to_string() }],
        Err(_) => vec![slow("PostgreSQL")],
    }
}

fn slow(who: &str) -> Finding {
    Finding { grave: true, text: format!("{who} did not answer within {} s", PATIENCE.as_secs()) }
}
