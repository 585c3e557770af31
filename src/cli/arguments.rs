//! Arguments that several commands take, each read in one place. What cannot be one is refused before any server is asked,
//! with a word on how to write it.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use url::Url;

use super::exit::BadInput;
use crate::extract::selectors::parse;
use crate::model::job::{PlatformId, Target};
use crate::platform::{TargetError, parse_target_with};

/// The name of a platform that the program knows.
pub(super) fn platform(text: &str) -> Result<String, String> {
    let known: Vec<String> = crate::platform::all().iter().map(|platform| platform.id().to_string()).collect();
    if known.iter().any(|name| name == text) {
        return Ok(text.to_owned());
    }
    Err(format!("unknown platform; known are {}", known.join(", ")))
}

/// A time as RFC 3339 writes it.
pub(super) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    text.parse().map_err(|_| "give a time as in 2026-11-01T00:00:00Z".to_owned())
}

/// A selector file, read as a check.
pub(super) fn selector_file(path: &str) -> Result<PathBuf, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read the selector file: {error}"))?;
    parse(&text, path).map_err(|error| error.to_string())?;
    Ok(PathBuf::from(path))
}

/// A selector file, or a version's name, which has neither a slash nor the ending of one.
pub(super) fn selectors(text: &str) -> Result<String, String> {
    if text.contains('/') || text.ends_with(".toml") || Path::new(text).is_file() {
        selector_file(text)?;
    }
    Ok(text.to_owned())
}

/// The profile that an address means; none where it is another page of the web, as that of a single post.
///
/// # Errors
/// Where it is no address at all.
pub(super) fn profile_of(url: &str, bases: &[(PlatformId, Url)]) -> Result<Option<Target>, BadInput> {
    let no_target: TargetError = match parse_target_with(url, bases) {
        Ok(target) => return Ok(Some(target)),
        Err(error) => error,
    };
    match Url::parse(url) {
        Ok(address) if matches!(address.scheme(), "http" | "https") => Ok(None),
        _ => Err(BadInput(format!("--url: {no_target}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_platform_is_told_which_are_known() {
        assert_eq!(platform("tiktok").as_deref(), Ok("tiktok"));
        assert!(platform("TikTak").unwrap_err().contains("instagram, tiktok"));
    }

    #[test]
    fn a_time_that_is_none_is_told_how_to_write_one() {
        assert!(time("2026-11-21T10:00:00+01:00").is_ok());
        assert!(time("2026-11-21").unwrap_err().contains("T00:00:00Z"));
    }

    #[test]
    fn a_version_is_taken_by_its_name_and_a_file_is_read() {
        assert_eq!(selectors("v12").as_deref(), Ok("v12"));
        assert!(selectors("no-such.toml").unwrap_err().contains("cannot read the selector file"));
    }

    #[test]
    fn an_address_may_be_no_profile_but_not_no_address() {
        assert_eq!(profile_of("https://www.tiktok.com/@nasa", &[]).unwrap().unwrap().to_string(), "@nasa@tiktok");
        assert!(profile_of("https://www.instagram.com/p/ABC/", &[]).unwrap().is_none());
        assert!(profile_of("nasa", &[]).unwrap_err().to_string().contains("\"nasa\" is no target"));
    }
}
