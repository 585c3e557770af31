//! A date or time as a site shows or stores it.

use chrono::{DateTime, NaiveDate, Utc};

use super::id_time::plausible;
use super::normal::normalise;
use super::{names, relative};
use crate::model::document::TimePrecision;

/// Reads a date: ISO 8601, Unix seconds or milliseconds, "May 15, 2024", "2024-5-15", "5-15", "3d ago", "vor 3 Tagen" …
/// What names no time of day or no year, and everything relative to `now`, is approximate. None before 2010, after
/// tomorrow, and where the text could mean two dates ("4/5/2024").
#[must_use]
pub fn date(text: &str, now: DateTime<Utc>) -> Option<(DateTime<Utc>, TimePrecision)> {
    if text.len() > 200 {
        return None;
    }
    let chars = normalise(text);
    let plain: String = chars.iter().collect();
    if let Some(time) = machine(&plain) {
        return plausible(time, now).map(|t| (t, TimePrecision::Exact));
    }
    let time = numeric(&plain, now).or_else(|| names::written(&chars, now)).or_else(|| relative::ago(&chars, now))?;
    plausible(time, now).map(|t| (t, TimePrecision::Approximate))
}

/// Times as programs write them: Unix seconds (10 digits) or milliseconds (13), RFC 3339 and its kin, RFC 2822.
fn machine(text: &str) -> Option<DateTime<Utc>> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        let number: i64 = text.parse().ok()?;
        return match text.len() {
            10 => DateTime::from_timestamp(number, 0),
            13 => DateTime::from_timestamp_millis(number),
            16 => DateTime::from_timestamp_micros(number),
            _ => None,
        };
    }
    if !text.is_ascii() || !text.contains(':') {
        return None;
    }
    let with_zone = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"))
        .or_else(|_| DateTime::parse_from_rfc2822(text));
    with_zone.ok().map(|t| t.with_timezone(&Utc))
}

/// Numbers only, the year first or left out: "2024-5-15", "2024/05/15", "2024.5.15.", "2024年5月15日", "5-15", "5月15日".
fn numeric(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let date = text.split(['T', ' ']).next().filter(|d| d.len() >= 3).unwrap_or(text);
    let (rest, far_east) = if text.contains(['年', '月', '년', '월']) { (text, true) } else { (date, false) };
    let parts: Vec<u32> = rest
        .split(|c: char| !c.is_ascii_digit())
        .filter(|p| !p.is_empty())
        .map(|p| if p.len() <= 4 { p.parse().ok() } else { None })
        .collect::<Option<_>>()?;
    let legal = rest.chars().all(|c| c.is_ascii_digit() || "-/.年月日년월일 ".contains(c));
    match parts.as_slice() {
        _ if !legal => None,
        [year, month, day] if *year >= 1000 => midday(i32::try_from(*year).ok()?, *month, *day),
        [month, day] if far_east || rest.contains('-') => names::latest(*month, *day, now),
        _ => None,
    }
}

/// A day without a time of day stands for its noon, so that no time zone moves it to another day.
pub(super) fn midday(year: i32, month: u32, day: u32) -> Option<DateTime<Utc>> {
    Some(NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(12, 0, 0)?.and_utc())
}
