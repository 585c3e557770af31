//! A profile's own drift, from its stored past: how far its counts usually move in a time. What moves further is stored and told, and
//! whoever learns from values looks twice; nothing is held back for it, for a surge may be real.
//!
//! A step is the change between two observations, as the logarithm of their ratio, over the time between them: over days a count
//! grows in proportion, within a day it wanders, so there the root of the time counts. Of a profile's steps the four fifths quantile
//! is its pace, so that one surge of before does not excuse the next, and who always swings is never told.

use chrono::{DateTime, Utc};

use super::SMALL;
use crate::model::document::Document;
use crate::store::last::{LastFacts, Observed};

/// Steps of the past without which nothing can be said.
const STEPS_MIN: usize = 4;
/// A count leaves its drift when it moves this many times as far as its pace.
const PACES: f64 = 3.0;
/// Less than this is no surprise, as the logarithm of the ratio: about a quarter more within a day.
const LEAST: f64 = 0.23;
/// Observations closer than this are as if this far apart, in days: an hour.
const SHORTEST: f64 = 1.0 / 24.0;
const SECONDS_A_DAY: f64 = 86_400.0;

type Get = fn(&Observed) -> Option<i64>;

/// The counts that left their drift, as (path, before, after); none where the past of none of them is long enough.
pub(super) fn strays(document: &Document, last: &LastFacts) -> Option<Vec<(String, u64, u64)>> {
    let profile = document.profile.as_ref()?;
    let now = document.observed_at?;
    let counts: [(&str, Get, Option<u64>); 4] = [
        ("followers", |seen| seen.followers, profile.followers),
        ("following", |seen| seen.following, profile.following),
        ("likes", |seen| seen.likes, profile.likes),
        ("posts_count", |seen| seen.posts_count, profile.posts_count),
    ];
    let mut told = None;
    for (field, get, after) in counts {
        let past: Vec<(DateTime<Utc>, u64)> = last
            .history
            .iter()
            .filter(|seen| seen.observed_at < now)
            .filter_map(|seen| Some((seen.observed_at, u64::try_from(get(seen)?).ok()?)))
            .collect();
        let (Some(after), Some(pace)) = (after, pace(&past)) else { continue };
        let Some((seen, before)) = past.first().copied() else { continue };
        let strays = told.get_or_insert_with(Vec::new);
        let days = days(seen, now);
        let most = (PACES * pace * scale(days)).max(LEAST * days.max(1.0).sqrt());
        if before.max(after) >= SMALL && step(before, after) > most {
            strays.push((format!("profile.{field}"), before, after));
        }
    }
    told
}

/// How far a count usually moves in a day; newest first. None where its past is too short.
fn pace(past: &[(DateTime<Utc>, u64)]) -> Option<f64> {
    let steps = past.iter().zip(past.iter().skip(1));
    let mut paces: Vec<f64> =
        steps.map(|((at, value), (before, then))| step(*then, *value) / scale(days(*before, *at))).collect();
    if paces.len() < STEPS_MIN {
        return None;
    }
    paces.sort_by(f64::total_cmp);
    paces.get((paces.len() * 4).div_ceil(5) - 1).copied()
}

fn step(before: u64, after: u64) -> f64 {
    let log = |count: u64| u32::try_from(count).map_or_else(|_| large(count), f64::from).max(1.0).ln();
    (log(after) - log(before)).abs()
}

/// A count beyond 32 bits, to a part in a million.
fn large(count: u64) -> f64 {
    f64::from(u32::try_from(count >> 20).unwrap_or(u32::MAX)) * f64::from(1 << 20)
}

fn days(from: DateTime<Utc>, to: DateTime<Utc>) -> f64 {
    (to - from).as_seconds_f64().max(0.0) / SECONDS_A_DAY
}

fn scale(days: f64) -> f64 {
    if days < 1.0 { days.max(SHORTEST).sqrt() } else { days }
}

#[cfg(test)]
mod tests {
    use chrono::{Duration, TimeZone as _};

    use super::*;
    use crate::model::document::{Coverage, Metrics, Outcome, Profile, SCHEMA, SelectorsUsed};
    use crate::model::job::PlatformId;

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 10, 20, 12, 0, 0).unwrap()
    }

    /// The last observation `hours` ago, each before it a day earlier.
    fn past(followers: &[i64], hours: i64) -> LastFacts {
        let seen = |(at, followers): (usize, &i64)| Observed {
            observed_at: now() - Duration::hours(hours) - Duration::days(i64::try_from(at).unwrap()),
            followers: Some(*followers),
            following: None,
            likes: None,
            posts_count: None,
        };
        LastFacts { history: followers.iter().rev().enumerate().map(seen).collect(), ..LastFacts::default() }
    }

    fn shown(followers: u64) -> Document {
        Document {
            schema: SCHEMA,
            platform: PlatformId::new("tiktok"),
            handle: None,
            url: None,
            outcome: Outcome::Ok,
            evidence: None,
            observed_at: Some(now()),
            duration_ms: None,
            profile: Some(Profile { followers: Some(followers), ..Profile::default() }),
            posts: Vec::new(),
            coverage: Coverage { requested: 30, got: 0, reason: None },
            metrics: Metrics::default(),
            fields: indexmap::IndexMap::new(),
            selectors: SelectorsUsed { version: "v1".to_owned() },
            screenshot: None,
        }
    }

    fn told(followers: &[i64], hours: i64, after: u64) -> Option<usize> {
        strays(&shown(after), &past(followers, hours)).map(|strays| strays.len())
    }

    const STEADY: [i64; 6] = [10_000, 10_040, 10_090, 10_110, 10_180, 10_200];

    #[test]
    fn a_steady_profile_that_triples_or_loses_half_in_a_day_is_told() {
        let strays = strays(&shown(30_600), &past(&STEADY, 24)).unwrap();
        assert_eq!(strays, [("profile.followers".to_owned(), 10_200, 30_600)]);
        assert_eq!(told(&STEADY, 24, 5_000), Some(1));
        assert_eq!(told(&STEADY, 24, 11_000), Some(0), "a tenth more is no surprise");
        assert_eq!(told(&STEADY, 24 * 90, 30_600), Some(0), "in three months it may");
    }

    #[test]
    fn who_always_swings_is_not_told() {
        let swings = [10_000, 24_000, 9_000, 26_000, 8_000, 22_000, 9_500];
        assert_eq!(told(&swings, 24, 28_000), Some(0));
        assert_eq!(told(&swings, 24, 300_000), Some(1), "but beyond its own swings");
    }

    #[test]
    fn one_surge_of_before_does_not_excuse_the_next() {
        let once = [3_000, 3_010, 3_020, 9_500, 9_510, 9_530, 9_540];
        assert_eq!(told(&once, 24, 29_000), Some(1));
    }

    #[test]
    fn a_short_past_and_a_small_count_say_nothing() {
        assert_eq!(told(&[], 24, 30_000), None);
        assert_eq!(told(&STEADY[..4], 24, 30_000), None);
        assert_eq!(told(&[10, 11, 11, 12, 12, 13], 24, 60), Some(0));
    }

    #[test]
    fn counts_of_any_size_are_compared() {
        let huge = [7_000_000_000_000, 7_000_100_000_000, 7_000_200_000_000, 7_000_300_000_000, 7_000_400_000_000];
        assert_eq!(told(&huge, 24, 21_000_000_000_000), Some(1));
        assert_eq!(told(&huge, 24, 7_000_500_000_000), Some(0));
    }
}
