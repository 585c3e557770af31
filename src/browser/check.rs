//! Which settings of the browser cannot stand. Chromium itself would say so of some of them, but only to the first crawl, as
//! a failure of that crawl.

use std::path::Path;

use super::Config;

/// Where systems keep their time zones; Chromium has its own list, and a system without one is asked nothing.
const ZONES: &str = "/usr/share/zoneinfo";
/// The first parts of the names of time zones.
const AREAS: [&str; 11] = [
    "Africa",
    "America",
    "Antarctica",
    "Arctic",
    "Asia",
    "Atlantic",
    "Australia",
    "Europe",
    "Indian",
    "Pacific",
    "Etc",
];
/// The largest window that Chromium lays out without trouble, in CSS pixels.
const MOST_PX: u64 = 10_000;
const DAY_MS: u64 = 86_400_000;

impl Config {
    /// Refuses what no page could be visited with.
    ///
    /// # Errors
    /// The first key that cannot stand, with what it may be.
    pub fn check(&self) -> Result<(), String> {
        let size = |bytes: usize| u64::try_from(bytes).unwrap_or(u64::MAX);
        for (key, value, least, most) in [
            ("processes", size(self.processes), 0, 256),
            ("contexts_per_process", size(self.contexts_per_process), 1, 256),
            ("context_wait_ms", self.context_wait_ms, 1, DAY_MS),
            ("launch_timeout_ms", self.launch_timeout_ms, 1, DAY_MS),
            ("command_timeout_ms", self.command_timeout_ms, 1, DAY_MS),
            ("navigation_timeout_ms", self.navigation_timeout_ms, 1, DAY_MS),
            ("visit_timeout_ms", self.visit_timeout_ms, 1, DAY_MS),
            ("rest_ms", self.rest_ms, 0, DAY_MS),
            ("recycle_after_s", self.recycle_after_s, 1, u64::MAX),
            ("recycle_after_contexts", self.recycle_after_contexts, 1, u64::MAX),
            ("recycle_above_bytes", self.recycle_above_bytes, 1, u64::MAX),
            ("recycle_after_failures", self.recycle_after_failures, 1, u64::MAX),
            ("viewport_width_px", u64::from(self.viewport_width_px), 1, MOST_PX),
            ("viewport_height_px", u64::from(self.viewport_height_px), 1, MOST_PX),
            ("picture_quality", u64::from(self.picture_quality), 1, 100),
            ("picture_wait_ms", self.picture_wait_ms, 0, DAY_MS),
            ("picture_max_height_px", u64::from(self.picture_max_height_px), 1, 100_000),
            ("max_response_bytes", size(self.max_response_bytes), 1, u64::MAX),
            ("max_responses", size(self.max_responses), 1, u64::MAX),
            ("max_visit_bytes", self.max_visit_bytes, 1, u64::MAX),
            ("max_html_bytes", size(self.max_html_bytes), 1, u64::MAX),
        ] {
            if !(least..=most).contains(&value) {
                let wanted = if most == u64::MAX { format!("{least} or more") } else { format!("{least} to {most}") };
                return Err(format!("browser.{key} is {value}: give {wanted}"));
            }
        }
        if !is_locale(&self.locale) {
            return Err(format!("browser.locale is {:?}: give a language as in en-US or de", self.locale));
        }
        if !is_zone(&self.timezone, Path::new(ZONES)) {
            return Err(format!(
                "browser.timezone is {:?}: give a time zone as in UTC or Europe/Berlin",
                self.timezone
            ));
        }
        Ok(())
    }
}

fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_part =
        |part: &str, most: usize| (2..=most).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
    parts.next().is_some_and(|language| is_part(language, 3)) && parts.all(|part| is_part(part, 8))
}

fn is_zone(text: &str, zones: &Path) -> bool {
    if matches!(text, "UTC" | "GMT") {
        return true;
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
    let Some((area, place)) = text.split_once('/') else { return false };
    let formed = AREAS.contains(&area) && !place.is_empty() && !place.ends_with('/') && text.chars().all(legal);
    formed && (!zones.join(area).is_dir() || zones.join(text).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_and_languages_are_known_by_their_names() {
        let zones = tempfile::tempdir().unwrap();
        std::fs::create_dir(zones.path().join("Europe")).unwrap();
        std::fs::write(zones.path().join("Europe/Berlin"), "").unwrap();
        for (zone, known) in [
            ("UTC", true),
            ("Europe/Berlin", true),
            ("Europe/Atlantis", false),
            ("America/Argentina/Salta", true),
            ("Mars/X", false),
            ("Europe/../../etc/passwd", false),
            ("", false),
        ] {
            assert_eq!(is_zone(zone, zones.path()), known, "{zone}");
        }
        for (locale, known) in [("en-US", true), ("de", true), ("zh-Hant-TW", true), ("", false), ("english", false)] {
            assert_eq!(is_locale(locale), known, "{locale}");
        }
    }
}
