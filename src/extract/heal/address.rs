//! Addresses as marks of identity: whose profile, whose post. How a site writes them (`/@name`, `/name/`, `/video/1`, `/p/Ab1/`) is
//! learned from the case's own pages, so that no site is named here.

use super::Known;
use super::json::decode_percent;
use super::owner::could_be_handle;
use super::page::Page;

/// What an address points to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A profile, or a tab of one: its handle, lower case.
    Profile(String),
    /// A post: its id, and its owner's handle where the address says it.
    Post {
        /// As written.
        id: String,
        /// Lower case.
        owner: Option<String>,
    },
    /// Another site.
    Outside,
    /// Anything else of the site.
    Inside,
}

/// How the site of a case writes addresses and post ids.
#[derive(Debug, Clone)]
pub(crate) struct Style {
    /// Whether a handle in an address has an `@`.
    pub(crate) at_sign: bool,
    /// Whether post ids are long numbers; codes otherwise.
    pub(crate) numeric_ids: bool,
    /// Between which numbers the known posts' ids lie, with room for older and newer ones; sites count them up.
    id_range: Option<(u128, u128)>,
    host: String,
}

impl Style {
    /// Learned from what is known.
    pub(crate) fn learn(known: &[Known], pages: &[Page]) -> Self {
        let mut urls =
            known.iter().map(|good| good.page.url.as_str()).chain(pages.iter().map(|page| page.url.as_str()));
        let url = urls.find(|url| !url.is_empty()).unwrap_or_default().to_owned();
        let host = url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or_default());
        let ids = known.iter().filter_map(|good| good.values.posts.as_ref()).flatten();
        let (digits, codes) = ids.clone().fold((0, 0), |(digits, codes), post| {
            if post.id.chars().all(|c| c.is_ascii_digit()) { (digits + 1, codes) } else { (digits, codes + 1) }
        });
        let at_sign = url.contains("/@");
        let numeric_ids = if digits + codes == 0 { at_sign } else { digits > codes };
        let id_range = range_of(ids.filter_map(|post| id_number(&post.id)));
        Self { at_sign, numeric_ids, id_range, host: site_of(host).to_owned() }
    }

    /// Whether a bare text may be a post's id: its form, and the magnitude that known ids have, for a word has the form of a code too.
    pub(crate) fn could_be_post_id(&self, text: &str) -> bool {
        let in_range = |(low, high): (u128, u128)| id_number(text).is_none_or(|number| (low..=high).contains(&number));
        self.is_post_id(text) && self.id_range.is_none_or(in_range)
    }

    /// Whether a text has the form of a post's id.
    pub(crate) fn is_post_id(&self, text: &str) -> bool {
        if self.numeric_ids {
            return (15..=21).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        }
        let letters = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let mixed = text.bytes().any(|b| b.is_ascii_uppercase()) || text.bytes().any(|b| b.is_ascii_digit());
        (9..=13).contains(&text.len()) && letters && mixed
    }

    /// What an address points to.
    pub(crate) fn target(&self, address: &str) -> Target {
        let address = address.trim();
        let path = match address.split_once("://") {
            Some((_, rest)) => {
                let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
                if site_of(host) != self.host {
                    return Target::Outside;
                }
                path
            }
            None if address.starts_with("mailto:") || address.starts_with("tel:") => return Target::Inside,
            None => address.trim_start_matches('/'),
        };
        if redirect(path).is_some_and(|outside| self.is_outside(&outside)) {
            return Target::Outside;
        }
        let (path, query) = path.split('#').next().unwrap_or_default().split_once('?').unwrap_or((path, ""));
        let path = path.split('#').next().unwrap_or_default();
        let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
        match self.target_of_steps(&steps) {
            post @ Target::Post { .. } => post,
            target @ (Target::Profile(_) | Target::Outside | Target::Inside) => {
                self.target_of_query(query).unwrap_or(target)
            }
        }
    }

    fn is_outside(&self, address: &str) -> bool {
        address.split_once("://").is_some_and(|(_, rest)| site_of(rest) != self.host)
    }

    /// A post whose id stands in the query: exactly one id, under a key that names a post.
    fn target_of_query(&self, query: &str) -> Option<Target> {
        let pairs = || query.split('&').filter_map(|pair| pair.split_once('='));
        let mut ids = pairs().filter(|(key, value)| is_id_key(key) && self.is_post_id(value));
        let (_, id) = ids.next().filter(|_| query.len() <= 400)?;
        if ids.next().is_some() {
            return None;
        }
        let owner = pairs().find(|(key, _)| matches!(*key, "u" | "user" | "username" | "author" | "owner" | "handle"));
        let owner = owner.map(|(_, name)| name.trim_start_matches("%40").trim_start_matches('@').to_lowercase());
        Some(Target::Post { id: id.to_owned(), owner: owner.filter(|name| could_be_handle(name)) })
    }

    fn target_of_steps(&self, steps: &[&str]) -> Target {
        let named = steps.iter().take(2).enumerate().find_map(|(at, step)| self.handle_in(step).map(|name| (at, name)));
        let handle = named.as_ref().map(|(at, _)| *at);
        let owner = named.map(|(_, name)| name).filter(|_| self.at_sign || handle == Some(0));
        if let Some(at) = steps.iter().rposition(|step| self.is_post_id(step)) {
            let kind = at.checked_sub(1).map(|before| steps[before]);
            if kind.is_some_and(|kind| self.numeric_ids || is_post_word(kind)) {
                let owner = owner.filter(|_| handle != Some(at) && handle.map(|h| h + 1) < Some(at));
                return Target::Post { id: steps[at].to_owned(), owner };
            }
        }
        match (owner, steps.len()) {
            (Some(owner), 1..=3) => Target::Profile(owner),
            _ => Target::Inside,
        }
    }

    fn handle_in(&self, step: &str) -> Option<String> {
        let bare = if self.at_sign {
            step.strip_prefix('@').or_else(|| step.strip_prefix("%40"))?
        } else {
            step.trim_start_matches('@')
        };
        let bare = bare.to_lowercase();
        let named =
            (2..=30).contains(&bare.len()) && bare.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
        (named && (self.at_sign || !is_site_word(&bare))).then_some(bare)
    }
}

/// The last two labels of a host: enough to tell a site from others.
fn site_of(host: &str) -> &str {
    let host = host.split([':', '/', '?']).next().unwrap_or_default();
    let mut dots = host.rmatch_indices('.').map(|(at, _)| at);
    let _ = dots.next();
    dots.next().map_or(host, |at| &host[at + 1..])
}

/// The address inside a site's redirect (`/?u=https%3A%2F%2F…`).
fn redirect(path: &str) -> Option<String> {
    let (_, query) = path.split_once('?')?;
    query.split('&').find_map(|pair| {
        let (_, value) = pair.split_once('=')?;
        let plain = decode_percent(value);
        plain.starts_with("http").then_some(plain)
    })
}

/// An outside link as it was meant: redirects opened.
pub(crate) fn unwrapped(address: &str) -> String {
    let address = address.trim();
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let path = rest.split_once('/').map_or(rest, |(_, path)| path);
    redirect(path).unwrap_or_else(|| address.to_owned())
}

/// An address without scheme, query and closing slash: what stays when a signature is renewed.
pub(crate) fn stem(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/')
}

/// The number that an id is: in digits, or in the 64 letters of addresses.
fn id_number(id: &str) -> Option<u128> {
    if id.bytes().all(|b| b.is_ascii_digit()) {
        return id.parse().ok();
    }
    id.bytes().filter(|_| id.len() <= 20).try_fold(0, |number, b| {
        let digit = match b {
            b'A'..=b'Z' => b - b'A',
            b'a'..=b'z' => b - b'a' + 26,
            b'0'..=b'9' => b - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        Some(number * 64 + u128::from(digit))
    })
}

/// The range of known ids, with room; none where they are few or lie so far apart that they are not counted up.
fn range_of(numbers: impl Iterator<Item = u128>) -> Option<(u128, u128)> {
    let (low, high, count) = numbers.fold((u128::MAX, 0, 0), |(low, high, count): (u128, u128, usize), number| {
        (low.min(number), high.max(number), count + 1)
    });
    (count >= 3 && low > 0 && high / low < 16).then(|| (low / 16, high + high / 4))
}

/// Keys of a query that hold a post's id.
fn is_id_key(key: &str) -> bool {
    let key = key.to_lowercase();
    ["item", "post", "media", "video", "reel", "clip", "code", "aweme"].iter().any(|word| key.contains(word))
        || matches!(key.as_str(), "id" | "v" | "p" | "vid" | "pid" | "mid")
}

fn is_post_word(word: &str) -> bool {
    matches!(
        word,
        "p" | "reel"
            | "reels"
            | "tv"
            | "post"
            | "posts"
            | "video"
            | "videos"
            | "v"
            | "photo"
            | "photos"
            | "media"
            | "clip"
            | "watch"
            | "view"
            | "item"
            | "status"
            | "permalink"
    )
}

fn is_site_word(word: &str) -> bool {
    matches!(
        word,
        "explore"
            | "reels"
            | "reel"
            | "p"
            | "stories"
            | "accounts"
            | "direct"
            | "about"
            | "legal"
            | "home"
            | "search"
            | "login"
            | "signup"
            | "register"
            | "privacy"
            | "terms"
            | "help"
            | "press"
            | "api"
            | "jobs"
            | "locations"
            | "directory"
            | "developer"
            | "blog"
            | "threads"
            | "web"
            | "tv"
            | "live"
            | "following"
            | "followers"
            | "foryou"
            | "upload"
            | "discover"
            | "tag"
            | "tags"
            | "tagged"
            | "music"
            | "business"
            | "ads"
            | "create"
            | "feed"
            | "messages"
            | "notifications"
            | "activity"
            | "settings"
            | "download"
            | "friends"
            | "posts"
            | "photos"
            | "videos"
            | "trending"
            | "challenge"
            | "saved"
            | "shop"
            | "games"
            | "topics"
            | "popular"
            | "support"
            | "safety"
            | "cookies"
            | "post"
            | "video"
            | "index.html"
            | "static"
            | "favicon.ico"
            | "inbox"
            | "profile"
            | "lite"
            | "language"
            | "graphql"
            | "logging"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn style(at_sign: bool) -> Style {
        let host = if at_sign { "clips.example" } else { "pics.example" };
        Style { at_sign, numeric_ids: at_sign, id_range: None, host: host.to_owned() }
    }

    #[test]
    fn addresses_say_whose_they_are() {
        let clips = style(true);
        assert_eq!(clips.target("https://www.clips.example/@Ana?lang=de"), Target::Profile("ana".to_owned()));
        assert_eq!(
            clips.target("https://www.clips.example/@ana/video/7503537009853668251"),
            Target::Post { id: "7503537009853668251".to_owned(), owner: Some("ana".to_owned()) }
        );
        assert_eq!(clips.target("/foryou"), Target::Inside);
        assert_eq!(clips.target("/link/v2?aid=1&target=https%3A%2F%2Fx.example%2Fshop"), Target::Outside);
        assert_eq!(clips.target("/login?next=https%3A%2F%2Fwww.clips.example%2F%40ana"), Target::Inside);
        assert_eq!(
            clips.target("/v?item_id=7503537009853668251&u=ana"),
            Target::Post { id: "7503537009853668251".to_owned(), owner: Some("ana".to_owned()) }
        );
        assert_eq!(clips.target("/music?track=7503537009853668251"), Target::Inside);
        let pics = style(false);
        assert_eq!(pics.target("/ana_b/followers/"), Target::Profile("ana_b".to_owned()));
        assert_eq!(pics.target("/explore/"), Target::Inside);
        assert_eq!(pics.target("/p/CY8VdXGgS_8/"), Target::Post { id: "CY8VdXGgS_8".to_owned(), owner: None });
        assert_eq!(
            pics.target("/ana_b/p/CY8VdXGgS_8/"),
            Target::Post { id: "CY8VdXGgS_8".to_owned(), owner: Some("ana_b".to_owned()) }
        );
        assert_eq!(pics.target("https://l.pics.example/?u=https%3A%2F%2Fx.example%2Fshop&e=AT0"), Target::Outside);
        assert_eq!(
            unwrapped("https://l.pics.example/?u=https%3A%2F%2Fx.example%2Fshop&e=AT0"),
            "https://x.example/shop"
        );
    }
}
