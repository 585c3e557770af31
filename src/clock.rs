//! Time and chance, the only two things that would make a run unrepeatable, behind two small values.
//! [`Clock`] follows tokio's clock, so that a paused test freezes wall time, leases and limiters together;
//! [`Rng`] starts from a seed that is logged, so that a run's jitter and job ids can be had again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use tokio::time::Instant;

use crate::model::job::JobId;

/// Wall time that moves with tokio's clock. Cheap to clone; clones agree.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    anchor: Instant,
    wall: DateTime<Utc>,
}

impl Clock {
    /// Reads the system's clock once; from then on time moves with tokio's monotonic clock, so it never jumps back.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    pub fn system() -> Self {
        Self { anchor: Instant::now(), wall: Utc::now() }
    }

    /// A clock that stands at `wall` now.
    #[must_use]
    pub fn starting_at(wall: DateTime<Utc>) -> Self {
        Self { anchor: Instant::now(), wall }
    }

    /// The wall time now.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        let passed = chrono::Duration::from_std(self.uptime()).unwrap_or(chrono::Duration::zero());
        self.wall + passed
    }

    /// Time since this clock was made: monotonic, for measuring.
    #[must_use]
    pub fn uptime(&self) -> Duration {
        self.anchor.elapsed()
    }
}

/// Chance from a seed. Cheap to clone; clones draw from one sequence.
#[derive(Debug, Clone)]
pub struct Rng(Arc<Mutex<StdRng>>);

impl Rng {
    /// The same seed gives the same sequence.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// A seed nobody chose, to be logged at start.
    #[must_use]
    pub fn fresh_seed() -> u64 {
        rand::rng().next_u64()
    }

    /// Any 64 bits.
    #[must_use]
    pub fn bits(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }

    /// A number from 0 to 1, 1 excluded.
    #[must_use]
    pub fn unit(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).random::<f64>()
    }

    /// Full jitter: anything from nothing to `most`.
    #[must_use]
    pub fn jitter(&self, most: Duration) -> Duration {
        most.mul_f64(self.unit())
    }

    /// A job id: 48 bits of time in milliseconds and 64 of chance, so that ids sort by age and never meet.
    #[must_use]
    pub fn job_id(&self, now: DateTime<Utc>) -> JobId {
        let text = format!("{:012x}{:016x}", now.timestamp_millis().max(0), self.bits());
        text.parse().unwrap_or_else(|_| unreachable!("hexadecimal digits are a job id"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_clock_moves_only_with_tokio() {
        let clock = Clock::system();
        let before = clock.now();
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!((clock.now() - before).num_seconds(), 61);
    }

    #[test]
    fn the_same_seed_gives_the_same_ids() {
        let now = DateTime::from_timestamp(1_760_000_000, 0).unwrap_or_default();
        assert_eq!(Rng::from_seed(7).job_id(now), Rng::from_seed(7).job_id(now));
        assert_ne!(Rng::from_seed(7).job_id(now), Rng::from_seed(8).job_id(now));
    }
}
