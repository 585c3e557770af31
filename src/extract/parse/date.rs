//! A date or time as a site shows or stores it.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::id_time::plausible;
use super::normal::normalise;
use super::{names, relative};
use crate::model::document::TimePrecision;

/// Reads a date: ISO 8601, Unix seconds or milliseconds, "May 15, 2024", "2024-5-15", "5-15", "3d ago", "vor 3 Tagen" …
/// What names no time of day or no year, and everything relative to `now`, is approximate. None before 2010, after
/// tomorrow, and where the text could mean two dates ("4/5/2024").
#[must_use]
pub fn date(text: &str, now: DateTime<Utc>) -> Option<(DateTime<Utc>, TimePrecision)> {
    let chars = normalise(text);
    let plain: String = chars.iter().collect();
    if let Some(time) = machine(&plain) {
        return plausible(time, now).map(|t| (t, TimePrecision::Exact));
    }
    let time = numeric(&plain, now).or_else(|| relative::ago(&chars, now)).or_else(|| names::written(&chars, now))?;
    plausible(time, now + names::EARLY).map(|t| (t, TimePrecision::Approximate))
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

/// Numbers only, the year first or left out: "2024-5-15", "2024/05/15 10:30", "2024年5月15日", "5-15", "5月15日".
fn numeric(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let far_east = text.contains(['月', '월']);
    let (date, time) = match text.find(['T', ' ']).filter(|_| !far_east) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    };
    if !time.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.')) {
        return None;
    }
    if !date.chars().all(|c| c.is_ascii_digit() || "-/.年月日년월일 ".contains(c)) {
        return None;
    }
    let parts = date.split(|c: char| !c.is_ascii_digit()).filter(|p| !p.is_empty());
    let parts: Vec<u32> = parts.map(|p| if p.len() <= 4 { p.parse().ok() } else { None }).collect::<Option<_>>()?;
    match parts.as_slice() {
        [year, month, day] if *year >= 1000 => at_time(midday(i32::try_from(*year).ok()?, *month, *day)?, time),
        [month, day] if far_east || (date.contains('-') && time.is_empty()) => names::latest(*month, *day, now),
        _ => None,
    }
}

/// The day at the time of day "10:30" or "10:30:59", read as UTC; at noon where there is none.
fn at_time(day: DateTime<Utc>, time: &str) -> Option<DateTime<Utc>> {
    if time.is_empty() {
        return Some(day);
    }
    let time =
        NaiveTime::parse_from_str(time, "%H:%M:%S%.f").or_else(|_| NaiveTime::parse_from_str(time, "%H:%M")).ok()?;
    Some(day.date_naive().and_time(time).and_utc())
}

/// A day without a time of day stands for its noon, so that no time zone moves it to another day.
pub(super) fn midday(year: i32, month: u32, day: u32) -> Option<DateTime<Utc>> {
    Some(NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(12, 0, 0)?.and_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-11-20T10:00:00Z".parse().unwrap()
    }

    fn day(text: &str) -> Option<String> {
        date(text, now()).map(|(t, _)| t.format("%Y-%m-%d").to_string())
    }

    #[test]
    fn a_program_s_time_is_exact() {
        for text in [
            "1715774400",
            "1715774400000",
            "2024-05-15T12:00:00Z",
            "2024-05-15T14:00:00.000+02:00",
            "2024-05-15T12:00:00+0000",
        ] {
            let (time, precision) = date(text, now()).unwrap();
            assert_eq!((time.timestamp(), precision), (1_715_774_400, TimePrecision::Exact), "{text}");
        }
    }

    #[test]
    fn a_written_day_is_approximate() {
        for text in [
            "2024-5-15",
            "2024-05-15",
            "2024/05/15",
            "2024.5.15.",
            "2024-05-15 09:30",
            "2024年5月15日",
            "2024년 5월 15일",
            "May 15, 2024",
            "15 May 2024",
            "15. Mai 2024",
            "15 mai 2024",
            "15 de mayo de 2024",
            "15 maggio 2024",
            "15 maja 2024",
            "15 мая 2024 г.",
            "15 травня 2024 р.",
            "2024. május 15.",
            "15 Mayıs 2024",
            "١٥ مايو ٢٠٢٤",
            "15 พ.ค. 2567",
            "15 मई 2024",
            "15 tháng 5, 2024",
            "Photo by NASA on May 15, 2024. May be an image of 2 people.",
        ] {
            assert_eq!(day(text).as_deref(), Some("2024-05-15"), "{text}");
            assert_eq!(date(text, now()).unwrap().1, TimePrecision::Approximate);
        }
    }

    #[test]
    fn a_day_without_a_year_is_the_latest_one() {
        for (text, expected) in [
            ("5-15", "2026-05-15"),
            ("11-21", "2026-11-21"),
            ("12-24", "2025-12-24"),
            ("Dec 24", "2025-12-24"),
            ("24 дек", "2025-12-24"),
            ("5月15日", "2026-05-15"),
        ] {
            assert_eq!(day(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn a_relative_time_is_read_in_many_languages() {
        for (text, days) in [
            ("3d ago", 3),
            ("3d", 3),
            ("2w", 14),
            ("vor 3 Tagen", 3),
            ("vor einem Tag", 1),
            ("hace 2 días", 2),
            ("3日前", 3),
            ("il y a 2 semaines", 14),
            ("há 3 dias", 3),
            ("3 giorni fa", 3),
            ("3 dagen geleden", 3),
            ("3 dni temu", 3),
            ("3 дня назад", 3),
            ("3 дні тому", 3),
            ("3 gün önce", 3),
            ("3 hari yang lalu", 3),
            ("3 ngày trước", 3),
            ("3天前", 3),
            ("3일 전", 3),
            ("منذ ٣ أيام", 3),
            ("لפני 3 ימים", -1),
            ("לפני 3 ימים", 3),
            ("3 दिन पहले", 3),
            ("3 วันที่แล้ว", 3),
            ("3 päivää sitten", 3),
            ("3 dagar sedan", 3),
            ("för 3 dagar sedan", 3),
            ("3 dage siden", 3),
            ("před 3 dny", 3),
            ("3 nappal ezelőtt", 3),
            ("acum 3 zile", 3),
            ("prije 3 dana", 3),
            ("πριν 3 ημέρες", 3),
            ("an hour ago", 0),
            ("il y a un an", 365),
            ("1 an", 365),
            ("yesterday", 1),
            ("昨天", 1),
            ("2 h", 0),
        ] {
            let ago = date(text, now()).map(|(t, _)| (now() - t).num_days());
            assert_eq!(ago, (days >= 0).then_some(days), "{text}");
        }
    }

    #[test]
    fn what_is_no_sure_date_is_none() {
        for text in [
            "",
            "4/5/2024",
            "15-5",
            "2031-01-01",
            "1999-01-01",
            "May",
            "May 2024",
            "in 3 days",
            "3 days in Rome",
            "13",
            "12.6K",
            "2024",
            "June 3, 2024 and July 4, 2024",
            "31 February 2024",
            "99999999999999",
            "3 u",
        ] {
            assert_eq!(date(text, now()), None, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,80}") {
            let _ = date(&text, now());
        }

        #[test]
        fn digits_and_marks_never_make_it_panic(text in "[0-9T:./ \\-年月日Zmay]{0,40}") {
            let _ = date(&text, now());
        }
    }
}
