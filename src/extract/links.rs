//! Outside links: both sites send them through a redirect of their own, which is taken off.

use url::Url;

/// Links that differ in a final slash alone are one link.
pub(super) fn same_entry(one: &str, other: &str) -> bool {
    one == other || (one.contains("://") && one.trim_end_matches('/') == other.trim_end_matches('/'))
}

/// An outside link: unwrapped from the site's own redirect, with a scheme.
pub(super) fn link(text: &str, wrapper: Option<&str>) -> Option<String> {
    let text = text.trim();
    let target = wrapper.and_then(|wrapper| unwrapped(text, wrapper));
    let bare = target.as_deref().unwrap_or(text);
    let absolute =
        if bare.contains("://") { bare.to_owned() } else { format!("https://{}", bare.trim_start_matches('/')) };
    let url = Url::parse(&absolute).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    url.host_str().is_some_and(|host| host.contains('.')).then_some(absolute)
}

/// What stands behind a wrapper such as `l.instagram.com/?u`.
fn unwrapped(text: &str, wrapper: &str) -> Option<String> {
    let (place, parameter) = wrapper.split_once('?')?;
    let (host, path) = place.split_once('/')?;
    let base = Url::parse(&format!("https://{host}/")).ok()?;
    let url = base.join(text).ok()?;
    // A path of the wrapper's own tells it even where the site is served from elsewhere.
    let ours = url.host_str().is_some_and(|seen| seen == host || seen.ends_with(&format!(".{host}")));
    let on_path = url.path().trim_start_matches('/').starts_with(path);
    if !on_path || (path.is_empty() && !ours) {
        return None;
    }
    url.query_pairs().find(|(key, _)| key == parameter).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_are_taken_off_and_schemes_put_on() {
        let tiktok = Some("tiktok.com/link/v2?target");
        let instagram = Some("l.instagram.com/?u");
        for (text, wrapper, expected) in [
            ("twitch.tv/illojuan", tiktok, Some("https://twitch.tv/illojuan")),
            ("https://www.tiktok.com/link/v2?aid=1&target=nasa.gov%2Fx", tiktok, Some("https://nasa.gov/x")),
            ("/link/v2?target=https%3A%2F%2Fnasa.gov", tiktok, Some("https://nasa.gov")),
            ("http://127.0.0.1:80/link/v2?target=nasa.gov", tiktok, Some("https://nasa.gov")),
            ("https://l.instagram.com/?u=http%3A%2F%2Fnasa.gov%2F&e=A", instagram, Some("http://nasa.gov/")),
            ("https://example.org/?u=https://other.org", instagram, Some("https://example.org/?u=https://other.org")),
            ("javascript:alert(1)", None, None),
            ("nothing", None, None),
        ] {
            assert_eq!(link(text, wrapper).as_deref(), expected, "{text}");
        }
    }
}
