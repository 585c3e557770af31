//! Which page a path means. TikTok's paths and Instagram's share the port; only this table knows both.

use super::catalogue::Site;
use super::requests::RequestKind;

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Control(String),
    TikTok(TikTokRoute),
    Instagram(InstagramRoute),
    Script(String),
    Cover(String),
    Avatar(String),
    Video,
    /// Where pages report that they were looked at.
    Beacon,
    Robots,
    Unknown,
}

/// What a request asks of TikTok.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TikTokRoute {
    Profile(String),
    Post { handle: String, id: String },
    ItemList,
    UserDetail,
    Login,
}

/// What a request asks of Instagram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InstagramRoute {
    Profile(String),
    /// A profile's address without its last slash.
    Unslashed(String),
    Post(String),
    GuestQuery,
    SessionQuery,
    ProfileInfo,
    Login,
    Challenge,
}

/// First parts of paths that are no Instagram handles.
const RESERVED: [&str; 13] = [
    "login",
    "accounts",
    "api",
    "graphql",
    "static",
    "v",
    "o1",
    "video",
    "challenge",
    "p",
    "reel",
    "ajax",
    "favicon.ico",
];

/// Reads a path.
pub(super) fn route(path: &str) -> Route {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["__control", verb @ ..] => Route::Control(verb.join("/")),
        ["robots.txt"] => Route::Robots,
        ["login", ..] => Route::TikTok(TikTokRoute::Login),
        ["api", "post", "item_list"] => Route::TikTok(TikTokRoute::ItemList),
        ["api", "user", "detail"] => Route::TikTok(TikTokRoute::UserDetail),
        ["api", "graphql"] => Route::Instagram(InstagramRoute::GuestQuery),
        ["graphql", "query"] => Route::Instagram(InstagramRoute::SessionQuery),
        ["api", "v1", "users", "web_profile_info"] => Route::Instagram(InstagramRoute::ProfileInfo),
        ["accounts", "login"] => Route::Instagram(InstagramRoute::Login),
        ["challenge", ..] => Route::Instagram(InstagramRoute::Challenge),
        ["ajax", "bz"] => Route::Beacon,
        ["static", name] => Route::Script((*name).to_owned()),
        ["tos-maliva-avt-0068", file] | ["v", "t51.2885-19", file] => Route::Avatar(key(file)),
        ["tos-no1a-p-0037-no", file] | ["v", "t51.2885-15", file] => Route::Cover(key(file)),
        ["video", ..] | ["o1", ..] => Route::Video,
        ["p" | "reel", code] | [_, "p" | "reel", code] => Route::Instagram(InstagramRoute::Post((*code).to_owned())),
        [handle, "video" | "photo", id] => match handle.strip_prefix('@') {
            Some(handle) => Route::TikTok(TikTokRoute::Post { handle: handle.to_lowercase(), id: (*id).to_owned() }),
            None => Route::Unknown,
        },
        [handle] => profile(handle, path.ends_with('/')),
        _ => Route::Unknown,
    }
}

fn profile(part: &str, slashed: bool) -> Route {
    match part.strip_prefix('@') {
        Some(handle) => Route::TikTok(TikTokRoute::Profile(handle.to_lowercase())),
        None if RESERVED.contains(&part) => Route::Unknown,
        None if slashed => Route::Instagram(InstagramRoute::Profile(part.to_lowercase())),
        None => Route::Instagram(InstagramRoute::Unslashed(part.to_lowercase())),
    }
}

/// The picture's key in a file name: all before `~` or `_n.`.
fn key(file: &str) -> String {
    let end = file.find(['~', '_']).unwrap_or(file.len());
    file[..end].to_owned()
}

impl Route {
    /// The site that is meant, where that is clear.
    pub(super) const fn site(&self) -> Option<Site> {
        match self {
            Self::TikTok(_) => Some(Site::TikTok),
            Self::Instagram(_) => Some(Site::Instagram),
            Self::Control(_)
            | Self::Script(_)
            | Self::Cover(_)
            | Self::Avatar(_)
            | Self::Video
            | Self::Beacon
            | Self::Robots
            | Self::Unknown => None,
        }
    }

    /// What kind of thing is asked for.
    pub(super) const fn kind(&self) -> RequestKind {
        match self {
            Self::TikTok(route) => match route {
                TikTokRoute::Profile(_) => RequestKind::ProfilePage,
                TikTokRoute::Post { .. } => RequestKind::PostPage,
                TikTokRoute::ItemList | TikTokRoute::UserDetail => RequestKind::Api,
                TikTokRoute::Login => RequestKind::Other,
            },
            Self::Instagram(route) => match route {
                InstagramRoute::Profile(_) => RequestKind::ProfilePage,
                InstagramRoute::Post(_) => RequestKind::PostPage,
                InstagramRoute::GuestQuery | InstagramRoute::SessionQuery | InstagramRoute::ProfileInfo => {
                    RequestKind::Api
                }
                InstagramRoute::Unslashed(_) | InstagramRoute::Login | InstagramRoute::Challenge => RequestKind::Other,
            },
            Self::Script(_) => RequestKind::Asset,
            Self::Cover(_) | Self::Avatar(_) | Self::Video => RequestKind::Media,
            Self::Control(_) | Self::Beacon | Self::Robots | Self::Unknown => RequestKind::Other,
        }
    }

    /// Whether the site's mode stands before it: pages and calls, not the pages that a mode itself leads to.
    pub(super) const fn is_guarded(&self) -> bool {
        matches!(self.kind(), RequestKind::ProfilePage | RequestKind::PostPage | RequestKind::Api)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sites_share_the_port() {
        assert_eq!(route("/@Creator_1"), Route::TikTok(TikTokRoute::Profile("creator_1".into())));
        assert_eq!(route("/creator_1/"), Route::Instagram(InstagramRoute::Profile("creator_1".into())));
        assert_eq!(route("/creator_1/reel/DF8jWurTX3I/"), Route::Instagram(InstagramRoute::Post("DF8jWurTX3I".into())));
        assert_eq!(route("/api/graphql"), Route::Instagram(InstagramRoute::GuestQuery));
        assert_eq!(route("/v/t51.2885-15/abc_n.jpg"), Route::Cover("abc".into()));
        assert_eq!(route("/tos-maliva-avt-0068/abc~tplv-x:1:1.jpeg"), Route::Avatar("abc".into()));
        assert_eq!(route("/favicon.ico"), Route::Unknown);
    }
}
