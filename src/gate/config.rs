//! The `[gate]` section: how polite we are. The numbers stand for one platform over all addresses; one address gets
//! `egress_share` of each, so that whoever raises a platform's limit need not remember a second number.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::GateError;
use super::robots::RobotsPolicy;
use crate::model::job::PlatformId;

/// The most page loads a minute that the gate will count: each is an entry in memory and in Redis.
const MOST_PER_MINUTE: u32 = 60_000;

/// `[gate]` of config.toml, where each key is explained.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateConfig {
    /// Page loads in any sliding minute, per platform over all addresses and containers.
    pub page_loads_per_minute: u32,
    /// Page loads that may follow each other without a pause, inside the limit of the minute.
    pub burst_page_loads: u32,
    /// Page loads in any hour; 0 is no budget of its own.
    pub page_loads_per_hour: u32,
    /// Page loads in any day; 0 is no budget of its own.
    pub page_loads_per_day: u32,
    /// Bytes received in any day; 0 is no budget.
    pub bytes_per_day: u64,
    /// Crawls under way at once.
    pub concurrent_crawls: u32,
    /// The part of each platform limit that one address may use, above 0 and up to 1.
    pub egress_share: f64,
    /// Page loads that one crawl may spend.
    pub page_loads_per_crawl: u32,
    /// Failures among the last twice as many crawls that open the breaker.
    pub open_after_failures: u32,
    /// How long a failure counts towards opening.
    pub failure_window_s: u64,
    /// The first rest where the platform names none.
    pub rest_s: u64,
    /// The longest rest of our own choosing.
    pub rest_max_s: u64,
    /// The slowest we get, as a part of the limit.
    pub slowest_pace: f64,
    /// How often the pace may be lowered, and how long after the last trouble it is raised by a step.
    pub pace_step_s: u64,
    /// A latency below this never slows us down.
    pub latency_floor_ms: u64,
    /// How robots.txt is treated.
    pub robots: RobotsPolicy,
    /// The product token that robots.txt files may name us by.
    pub robots_agent: String,
    /// Limits that differ for one platform.
    pub platforms: BTreeMap<String, PlatformLimits>,
}

/// What may differ for one platform; an absent key is the general one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformLimits {
    /// As [`GateConfig::page_loads_per_minute`].
    pub page_loads_per_minute: Option<u32>,
    /// As [`GateConfig::burst_page_loads`].
    pub burst_page_loads: Option<u32>,
    /// As [`GateConfig::page_loads_per_hour`].
    pub page_loads_per_hour: Option<u32>,
    /// As [`GateConfig::page_loads_per_day`].
    pub page_loads_per_day: Option<u32>,
    /// As [`GateConfig::bytes_per_day`].
    pub bytes_per_day: Option<u64>,
    /// As [`GateConfig::concurrent_crawls`].
    pub concurrent_crawls: Option<u32>,
}

impl GateConfig {
    /// Refuses numbers with which nothing, or no count, would work.
    ///
    /// # Errors
    /// The first key that cannot stand, with what it may be.
    pub fn check(&self) -> Result<(), GateError> {
        let bad = |key: &str, mend: &str| Err(GateError::Setting { key: format!("gate.{key}"), mend: mend.to_owned() });
        for (key, value, most) in [
            ("page_loads_per_minute", self.page_loads_per_minute, MOST_PER_MINUTE),
            ("burst_page_loads", self.burst_page_loads, MOST_PER_MINUTE),
            ("concurrent_crawls", self.concurrent_crawls, MOST_PER_MINUTE),
            ("page_loads_per_crawl", self.page_loads_per_crawl, MOST_PER_MINUTE),
            ("open_after_failures", self.open_after_failures, 1_000),
        ] {
            if value == 0 || value > most {
                return bad(key, &format!("it is {value}; give 1 to {most}"));
            }
        }
        for (name, limits) in &self.platforms {
            let minute = limits.page_loads_per_minute.unwrap_or(1);
            if minute == 0
                || minute > MOST_PER_MINUTE
                || limits.concurrent_crawls == Some(0)
                || limits.burst_page_loads == Some(0)
            {
                return bad(&format!("platforms.{name}"), &format!("give 1 to {MOST_PER_MINUTE}"));
            }
        }
        if !(self.egress_share > 0.0 && self.egress_share <= 1.0) {
            return bad("egress_share", "give a part above 0 and up to 1");
        }
        if !(self.slowest_pace > 0.0 && self.slowest_pace <= 1.0) {
            return bad("slowest_pace", "give a part above 0 and up to 1");
        }
        if self.rest_s == 0 || self.rest_max_s < self.rest_s || self.failure_window_s == 0 || self.pace_step_s == 0 {
            return bad(
                "rest_s",
                "rests, failure_window_s and pace_step_s are at least 1 s, and rest_max_s at least rest_s",
            );
        }
        Ok(())
    }

    /// The limits of one platform over all its addresses.
    #[must_use]
    pub(super) fn limits(&self, platform: &PlatformId, minute: Duration) -> Limits {
        let own = self.platforms.get(platform.as_str()).cloned().unwrap_or_default();
        Limits {
            minute,
            loads: own.page_loads_per_minute.unwrap_or(self.page_loads_per_minute),
            burst: own.burst_page_loads.unwrap_or(self.burst_page_loads),
            per_hour: own.page_loads_per_hour.unwrap_or(self.page_loads_per_hour),
            per_day: own.page_loads_per_day.unwrap_or(self.page_loads_per_day),
            bytes_per_day: own.bytes_per_day.unwrap_or(self.bytes_per_day),
            concurrent: own.concurrent_crawls.unwrap_or(self.concurrent_crawls),
        }
    }
}

/// What one platform, or one address at it, may do. 0 is "no budget of its own" for hour, day and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// How long the sliding minute is; tests shorten it.
    pub(super) minute: Duration,
    pub(super) loads: u32,
    pub(super) burst: u32,
    pub(super) per_hour: u32,
    pub(super) per_day: u32,
    pub(super) bytes_per_day: u64,
    pub(super) concurrent: u32,
}

impl Limits {
    /// A part of every limit, at least one of each. A budget that is off stays off.
    #[must_use]
    pub(super) fn part(self, part: f64) -> Self {
        Self {
            minute: self.minute,
            loads: part_of(self.loads, part).max(1),
            burst: self.burst,
            per_hour: part_of(self.per_hour, part).max(self.per_hour.min(1)),
            per_day: part_of(self.per_day, part).max(self.per_day.min(1)),
            bytes_per_day: part_of_bytes(self.bytes_per_day, part),
            concurrent: part_of(self.concurrent, part).max(1),
        }
    }

    /// The same limits at a lower pace: only the loads of a minute shrink.
    #[must_use]
    pub(super) fn at_pace(self, pace: f64) -> Self {
        Self { loads: part_of(self.loads, pace).max(1), ..self }
    }

    /// The same limits with a pause of at least this length between two page loads, as a robots.txt may ask for it.
    #[must_use]
    pub(super) fn with_pause(self, pause: Duration) -> Self {
        let pause = pause.as_millis().max(1);
        let most = |span: Duration| u32::try_from(span.as_millis() / pause).unwrap_or(u32::MAX).max(1);
        let lower = |budget: u32, most: u32| if budget == 0 { most } else { budget.min(most) };
        Self {
            loads: self.loads.min(most(self.minute)),
            burst: 1,
            per_hour: lower(self.per_hour, most(Duration::from_secs(3_600))),
            concurrent: 1,
            ..self
        }
    }

    /// The share of one of `workers` that cannot speak to each other: together they stay within the whole.
    #[must_use]
    pub(super) fn share(self, workers: u32) -> Option<Self> {
        let workers = workers.max(1);
        let loads = self.loads / workers;
        // Fewer loads than workers: nobody may go, or all together would go above the limit.
        (loads > 0).then(|| Self {
            loads,
            per_hour: (self.per_hour / workers).max(self.per_hour.min(1)),
            per_day: (self.per_day / workers).max(self.per_day.min(1)),
            bytes_per_day: self.bytes_per_day / u64::from(workers),
            concurrent: (self.concurrent / workers).max(1),
            ..self
        })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a u32 from 0 to 1 is a u32")]
fn part_of(whole: u32, part: f64) -> u32 {
    // A hair above, so that 0.1 of 30 is 3 and not 2.
    (f64::from(whole) * part.clamp(0.0, 1.0) + 1e-9).floor() as u32
}

fn part_of_bytes(whole: u64, part: f64) -> u64 {
    // In millionths, so that no large number passes through a float.
    let millionths = u128::from(part_of(1_000_000, part).max(1));
    u64::try_from(u128::from(whole) * millionths / 1_000_000).unwrap_or(u64::MAX).max(whole.min(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Limits = Limits {
        minute: Duration::from_secs(60),
        loads: 30,
        burst: 12,
        per_hour: 0,
        per_day: 7,
        bytes_per_day: u64::MAX,
        concurrent: 8,
    };

    #[test]
    fn the_whole_is_the_whole_and_a_part_is_at_least_one() {
        assert_eq!(WHOLE.part(1.0), WHOLE);
        let least = WHOLE.part(0.001);
        assert_eq!((least.loads, least.per_hour, least.per_day, least.concurrent), (1, 0, 1, 1));
        assert_eq!(WHOLE.part(0.1).loads, 3);
        assert_eq!(Limits { bytes_per_day: 2, ..WHOLE }.part(0.5).bytes_per_day, 1);
    }

    #[test]
    fn a_pause_bounds_the_minute_and_the_hour_and_leaves_no_burst() {
        let with = |seconds: f64| WHOLE.with_pause(Duration::from_secs_f64(seconds));
        let seen = |limits: Limits| (limits.loads, limits.burst, limits.per_hour, limits.concurrent);
        assert_eq!(seen(with(7.0)), (8, 1, 514, 1));
        assert_eq!(seen(with(90.0)), (1, 1, 40, 1));
        assert_eq!(seen(with(0.0)).0, WHOLE.loads, "no pause asks for nothing");
        assert_eq!(Limits { per_hour: 5, ..WHOLE }.with_pause(Duration::from_secs(7)).per_hour, 5);
    }

    #[test]
    fn the_shares_of_all_workers_are_within_the_whole() {
        for workers in 1..=40 {
            let share = WHOLE.share(workers);
            assert!(share.is_none_or(|share| share.loads * workers <= WHOLE.loads));
            assert_eq!(share.is_none(), workers > 30, "more workers than loads: nobody goes");
        }
    }
}
