//! Dates with a month's name: "May 15, 2024", "15. Mai 2024", "15 мая 2024 г.".

use chrono::{DateTime, Datelike, Utc};

use super::date::midday;

/// A written date; none where it has no known month.
pub(super) fn written(_text: &[char], _now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    None
}

/// The most recent day with this month and day, today and tomorrow included: sites leave out the year of this year's.
pub(super) fn latest(month: u32, day: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let tomorrow = now + chrono::Duration::days(1);
    [now.year(), now.year() - 1]
        .into_iter()
        .filter_map(|year| midday(year, month, day))
        .find(|t| t.date_naive() <= tomorrow.date_naive())
}
