//! A redesign of a site: the same facts under other names. The DOM's tags, classes, attributes and order come from a
//! [`Skin`] that the page's script is built with; JSON keys are renamed on the way out, and the script is built with
//! the same dictionary, as when a site deploys a new bundle; the call for the list of posts may move to another address.
//! A redesign may reach only a share of the profiles.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::catalogue::Site;
use super::dice::Dice;

/// A redesign that a site rolls out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Redesign {
    /// What changes.
    pub kind: RedesignKind,
    /// Which of the many possible redesigns it is.
    pub seed: u64,
    /// The share of profiles that have it, 0 to 1: the same profiles always.
    pub share: f64,
}

/// What a redesign changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedesignKind {
    /// Tags, classes, attributes, order and wrappers of the rendered page.
    Dom,
    /// Names and nesting of JSON keys, in the page and in responses.
    Json,
    /// Both.
    Both,
    /// The address of the call for posts: the old one is gone. A list that came with the page comes by that call too.
    Moved,
    /// That address, and the names and nesting of JSON keys.
    MovedJson,
}

impl RedesignKind {
    const ALL: [Self; 5] = [Self::Dom, Self::Json, Self::Both, Self::Moved, Self::MovedJson];

    /// Its name in a script's file name.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Dom => "dom",
            Self::Json => "json",
            Self::Both => "both",
            Self::Moved => "moved",
            Self::MovedJson => "movedjson",
        }
    }

    /// The kind that a script's file name means.
    pub(super) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl Redesign {
    /// Whether this profile's page has it.
    pub(super) fn reaches(&self, handle: &str) -> bool {
        let throw = Dice::new(self.seed, &["rollout", handle]).below(10_000);
        f64::from(u32::try_from(throw).unwrap_or(0)) < self.share * 10_000.0
    }

    pub(super) const fn changes_dom(&self) -> bool {
        matches!(self.kind, RedesignKind::Dom | RedesignKind::Both)
    }

    pub(super) const fn changes_json(&self) -> bool {
        matches!(self.kind, RedesignKind::Json | RedesignKind::Both | RedesignKind::MovedJson)
    }

    pub(super) const fn moves_list(&self) -> bool {
        matches!(self.kind, RedesignKind::Moved | RedesignKind::MovedJson)
    }
}

/// The address of the call for posts before any redesign.
pub(super) const fn first_list_address(site: Site) -> &'static str {
    match site {
        Site::TikTok => "/api/post/item_list/",
        Site::Instagram => "/api/graphql",
    }
}

/// The address of the call for posts under a redesign, if it has one.
pub(super) fn list_address(site: Site, redesign: Option<&Redesign>) -> String {
    let Some(redesign) = redesign.filter(|redesign| redesign.moves_list()) else {
        return first_list_address(site).to_owned();
    };
    let mut dice = Dice::new(redesign.seed, &["list address", site.name()]);
    let area = dice.pick(&["creator", "works", "channel", "gallery"]);
    let what = dice.pick(&["feed", "stream", "clips", "tiles"]);
    format!("/api/{area}/{what}_v{}/", dice.between(2, 9))
}

/// Keys that a JSON redesign leaves alone: envelopes that the whole site shares, whatever is inside.
const KEPT_KEYS: [&str; 30] = [
    "__DEFAULT_SCOPE__",
    "webapp.app-context",
    "webapp.biz-context",
    "webapp.i18n-translation",
    "webapp.user-detail",
    "webapp.video-detail",
    "seo.abtest",
    "webapp.a-b",
    "statusCode",
    "status_code",
    "statusMsg",
    "status_msg",
    "hasMore",
    "cursor",
    "extra",
    "log_pb",
    "require",
    "__bbox",
    "complete",
    "result",
    "data",
    "extensions",
    "is_final",
    "sequence_number",
    "page_info",
    "has_next_page",
    "end_cursor",
    "errors",
    "status",
    "message",
];

/// Every key that our scripts read and a redesign may rename.
pub(super) const SCRIPT_KEYS: [&str; 76] = [
    "payload",
    "userInfo",
    "user",
    "stats",
    "statsV2",
    "uniqueId",
    "nickname",
    "verified",
    "followingCount",
    "followerCount",
    "heartCount",
    "bioLink",
    "link",
    "avatarLarger",
    "avatarMedium",
    "signature",
    "privateAccount",
    "videoCount",
    "secUid",
    "itemList",
    "id",
    "imagePost",
    "desc",
    "author",
    "music",
    "authorName",
    "title",
    "isPinnedItem",
    "video",
    "cover",
    "playCount",
    "itemInfo",
    "itemStruct",
    "diggCount",
    "commentCount",
    "shareCount",
    "xig_user_by_username",
    "polaris_ordered_timeline_connection",
    "edges",
    "node",
    "pk",
    "code",
    "media_type",
    "product_type",
    "display_uri",
    "caption",
    "text",
    "username",
    "full_name",
    "biography",
    "profile_pic_url",
    "is_verified",
    "is_private",
    "follower_count",
    "following_count",
    "bio_links",
    "url",
    "lynx_url",
    "category",
    "accessibility_caption",
    "carousel_media_count",
    "taken_at",
    "like_count",
    "comment_count",
    "gating_ruling",
    "xdt_api__v1__feed__user_timeline_graphql_connection",
    "timeline_pinned_user_ids",
    "image_versions2",
    "candidates",
    "xig_polaris_media",
    "if_not_gated_logged_out",
    "edge_followed_by",
    "edge_follow",
    "edge_owner_to_timeline_media",
    "count",
    "category_name",
];

/// The new name of a JSON key.
pub(super) fn renamed(redesign: &Redesign, key: &str) -> String {
    let number = !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit());
    if number || KEPT_KEYS.contains(&key) {
        return key.to_owned();
    }
    format!("k{}", Dice::new(redesign.seed, &["key", key]).hex(6))
}

/// A JSON value with its keys renamed, all the way down.
pub(super) fn rename_keys(redesign: &Redesign, value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let renamed: Map<String, Value> =
                map.into_iter().map(|(key, value)| (renamed(redesign, &key), rename_keys(redesign, value))).collect();
            Value::Object(renamed)
        }
        Value::Array(list) => list.into_iter().map(|value| rename_keys(redesign, value)).collect(),
        scalar @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => scalar,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The keys in calls of `g(object, "key", …)` and `k("key")`.
    fn keys_read_by(script: &str) -> BTreeSet<&str> {
        let starts = script.match_indices(['g', 'k']).filter(|(at, _)| {
            let before = script[..*at].chars().next_back();
            script[at + 1..].starts_with('(') && !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.')
        });
        let arguments = starts.filter_map(|(at, _)| script[at + 2..].split_once(')').map(|(inside, _)| inside));
        arguments.flat_map(|inside| inside.split('"').skip(1).step_by(2)).collect()
    }

    #[test]
    fn every_key_that_the_scripts_read_is_in_their_dictionary() {
        for script in [include_str!("pages/tiktok.js"), include_str!("pages/instagram.js")] {
            let keys = keys_read_by(script);
            assert!(keys.len() > 20);
            let unknown: Vec<_> =
                keys.iter().filter(|key| !SCRIPT_KEYS.contains(key) && !KEPT_KEYS.contains(key)).collect();
            assert!(unknown.is_empty(), "{unknown:?} would not be found under a redesign");
        }
    }
}
