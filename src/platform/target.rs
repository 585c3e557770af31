//! From what a person or a job names (a URL, `@handle@platform`) to a target. Errors name the input and the mend,
//! because this is where most bad input arrives.

use url::Url;

use super::{Platform, all};
use crate::model::job::{Handle, PlatformId, Target};

/// Why a text is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Neither a URL nor `@handle@platform`.
    #[error(
        "{given:?} is no target: give a profile's URL (https://www.tiktok.com/@nasa) or @handle@platform (@nasa@instagram)"
    )]
    Shape {
        /// The input, shortened.
        given: String,
    },
    /// A platform that is not built in.
    #[error("{given:?} names the platform {platform:?}, which is unknown: use {known}")]
    UnknownPlatform {
        /// The input, shortened.
        given: String,
        /// The platform named.
        platform: String,
        /// The platforms there are.
        known: String,
    },
    /// A URL of another site.
    #[error("{given:?} is on {host:?}, which is no platform of ours: use a profile on {known}")]
    OtherSite {
        /// The input, shortened.
        given: String,
        /// Its host.
        host: String,
        /// The sites there are.
        known: String,
    },
    /// A URL of the right site that names no profile.
    #[error("{given:?} is a page of {platform} but no profile: give the profile's own address, as in {example}")]
    NoProfile {
        /// The input, shortened.
        given: String,
        /// The platform.
        platform: PlatformId,
        /// A profile's address.
        example: String,
    },
    /// A handle with illegal characters.
    #[error("{given:?}: {cause}")]
    Handle {
        /// The input, shortened.
        given: String,
        /// What is wrong.
        cause: String,
    },
}

/// Reads a target: a profile URL of a known site (any subdomain, query or trailing slash) or `@handle@platform`.
///
/// # Errors
/// [`TargetError`], which names the input and the mend.
pub fn parse_target(text: &str) -> Result<Target, TargetError> {
    parse_target_with(text, &[])
}

/// The same, and also URLs under the configured addresses of the platforms.
///
/// # Errors
/// [`TargetError`], which names the input and the mend.
pub fn parse_target_with(text: &str, bases: &[(PlatformId, Url)]) -> Result<Target, TargetError> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('@') {
        return at_form(text, rest);
    }
    let parsed = Url::parse(text).or_else(|error| {
        // "tiktok.com/@nasa" without its scheme is clear enough.
        if text.contains('.') && text.contains('/') && !text.contains("://") {
            Url::parse(&format!("https://{text}"))
        } else {
            Err(error)
        }
    });
    let Ok(url) = parsed else {
        return Err(TargetError::Shape { given: short(text) });
    };
    if !matches!(url.scheme(), "http" | "https") {
        return Err(TargetError::Shape { given: short(text) });
    }
    for platform in all() {
        let under_base = bases.iter().any(|(id, base)| *id == platform.id() && is_under(base, &url));
        if under_base || on_site(platform.hosts(), &url) {
            let no_profile = || TargetError::NoProfile {
                given: short(text),
                platform: platform.id(),
                example: "nasa".parse().map(|nasa| platform.canonical_url(&nasa)).unwrap_or_default(),
            };
            let base = bases.iter().find(|(id, base)| *id == platform.id() && is_under(base, &url));
            let handle = handle_under(&*platform, &url, base.map(|(_, base)| base.path()).unwrap_or("/"));
            return Ok(Target { platform: platform.id(), handle: handle.ok_or_else(no_profile)? });
        }
    }
    let host = url.host_str().unwrap_or_default().to_owned();
    Err(TargetError::OtherSite { given: short(text), host, known: known_sites() })
}

fn at_form(text: &str, rest: &str) -> Result<Target, TargetError> {
    let Some((handle, platform)) = rest.rsplit_once('@') else {
        return Err(TargetError::Shape { given: short(text) });
    };
    let id = PlatformId::new(platform.to_lowercase());
    if super::get(&id).is_none() {
        let known = all().iter().map(|p| p.id().to_string()).collect::<Vec<_>>().join(" or ");
        return Err(TargetError::UnknownPlatform { given: short(text), platform: short(platform), known });
    }
    let handle = handle
        .parse::<Handle>()
        .map_err(|cause| TargetError::Handle { given: short(text), cause: cause.to_string() })?;
    Ok(Target { platform: id, handle })
}

/// Whether a URL is on one of these hosts or on a subdomain of one.
pub(super) fn on_site(hosts: &[&str], url: &Url) -> bool {
    let Some(host) = url.host_str() else { return false };
    hosts.iter().any(|known| host == *known || host.strip_suffix(known).is_some_and(|sub| sub.ends_with('.')))
}

/// Whether a URL lies under a configured address: same scheme, host and port, and a path below its path.
fn is_under(base: &Url, url: &Url) -> bool {
    base.scheme() == url.scheme()
        && base.host_str() == url.host_str()
        && base.port_or_known_default() == url.port_or_known_default()
        && url.path().starts_with(base.path().trim_end_matches('/'))
}

/// The profile named by a URL's path.
pub(super) fn handle_of<P: Platform + ?Sized>(platform: &P, url: &Url) -> Option<Handle> {
    handle_under(platform, url, "/")
}

fn handle_under<P: Platform + ?Sized>(platform: &P, url: &Url, base_path: &str) -> Option<Handle> {
    let path = url.path().strip_prefix(base_path.trim_end_matches('/')).unwrap_or(url.path());
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    platform.handle_in(&segments)
}

fn known_sites() -> String {
    all().iter().map(|p| p.hosts()[0]).collect::<Vec<_>>().join(" or ")
}

fn short(text: &str) -> String {
    text.chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> String {
        parse_target(text).map_or_else(|error| error.to_string(), |target| target.to_string())
    }

    #[test]
    fn profiles_are_named_in_many_ways() {
        for text in [
            "https://www.tiktok.com/@NASA",
            "https://m.tiktok.com/@nasa/?lang=en&x=1#top",
            "http://tiktok.com/@nasa",
            "tiktok.com/@nasa",
            "@nasa@tiktok",
            " @NASA@TikTok ",
        ] {
            assert_eq!(target(text), "@nasa@tiktok", "{text}");
        }
        for text in [
            "https://www.instagram.com/nasa/",
            "https://instagram.com/nasa?hl=en",
            "https://www.instagram.com/nasa/reels/",
            "https://www.instagram.com/_u/nasa/",
            "@nasa@instagram",
        ] {
            assert_eq!(target(text), "@nasa@instagram", "{text}");
        }
    }

    #[test]
    fn what_is_no_profile_is_refused_with_its_mend() {
        for (text, word) in [
            ("https://www.tiktok.com/@nasa/video/7203022122757803307", "no profile"),
            ("https://www.instagram.com/p/DF8jWurTX3I/", "no profile"),
            ("https://www.instagram.com/accounts/login/", "no profile"),
            ("https://www.instagram.com/", "no profile"),
            ("https://www.youtube.com/@nasa", "no platform of ours"),
            ("https://nottiktok.com/@nasa", "no platform of ours"),
            ("@na sa@tiktok", "is not a handle"),
            ("@nasa@myspace", "unknown"),
            ("@nasa", "@handle@platform"),
            ("nasa", "@handle@platform"),
            ("ftp://www.tiktok.com/@nasa", "@handle@platform"),
            ("", "@handle@platform"),
        ] {
            let message = target(text);
            assert!(message.contains(word), "{text}: {message}");
        }
    }

    #[test]
    fn a_configured_address_counts_as_the_site() {
        let base = Url::parse("http://127.0.0.1:8085/tt").unwrap();
        let bases = [(PlatformId::new("tiktok"), base)];
        let target = parse_target_with("http://127.0.0.1:8085/tt/@nasa?x=1", &bases).unwrap();
        assert_eq!(target.to_string(), "@nasa@tiktok");
        assert!(parse_target("http://127.0.0.1:8085/tt/@nasa").is_err());
        assert!(parse_target_with("http://127.0.0.1:9/tt/@nasa", &bases).is_err());
    }
}
