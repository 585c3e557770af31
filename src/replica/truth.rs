//! What is true of a profile, in the document's own words: computed from the same data as the pages, never from them.

use chrono::DateTime;
use serde::Serialize;

use crate::model::document::{Child, Music, Outcome, Post, PostKind, Profile, ShortReason, TimePrecision};
use crate::model::job::{Handle, MAX_POSTS};

use super::catalogue::{Role, Site, role};
use super::people::{Person, person};
use super::posts::{Made, posts};
use super::world::World;

/// The truth about one handle.
#[derive(Debug, Clone, Serialize)]
pub struct Truth {
    /// What a guest's crawl for 30 posts must end with while the site is in its normal mode.
    pub outcome: Outcome,
    /// The coverage's reason that goes with it.
    pub reason: Option<ShortReason>,
    /// Every fact of the profile; none where a crawl must say nothing. Counts are exact: where a page shows an
    /// abbreviated count, right means within one unit of its last shown digit.
    pub profile: Option<Profile>,
    /// Own and co-authored posts that exist, newest first, at most [`MAX_POSTS`], all fields exact. Injected posts of
    /// strangers are not among them.
    pub posts: Vec<Post>,
    /// What of all this a guest is shown.
    pub guest: GuestView,
}

/// What a guest is shown. Field names are the document's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuestView {
    /// How many posts the profile's own page and its calls give at most, pinned ones included.
    pub posts_reachable: usize,
    /// The profile's fields that are shown, exactly or abbreviated.
    pub profile_fields: &'static [&'static str],
    /// The fields of a post that lists show.
    pub list_fields: &'static [&'static str],
    /// The fields that only the post's own page adds.
    pub page_fields: &'static [&'static str],
}

const TIKTOK_PROFILE: &[&str] = &[
    "id",
    "username",
    "display_name",
    "picture_url",
    "bio",
    "links",
    "category",
    "verified",
    "private",
    "business",
    "language",
    "followers",
    "following",
    "likes",
    "posts_count",
];
const TIKTOK_POST: &[&str] = &[
    "id",
    "url",
    "kind",
    "caption",
    "hashtags",
    "mentions",
    "published_at",
    "thumbnail_url",
    "views",
    "likes",
    "comments",
    "shares",
    "saves",
    "video_url",
    "duration_s",
    "width",
    "height",
    "music",
    "pinned",
    "sponsored",
    "ai_label",
    "children",
];
const INSTAGRAM_PROFILE: &[&str] = &[
    "id",
    "username",
    "display_name",
    "picture_url",
    "bio",
    "links",
    "category",
    "verified",
    "private",
    "business",
    "followers",
    "following",
    "posts_count",
];
const INSTAGRAM_LIST: &[&str] = &["id", "code", "url", "kind", "caption", "hashtags", "mentions", "thumbnail_url"];
const INSTAGRAM_PAGE: &[&str] = &["published_at", "likes", "comments", "video_url", "width", "height", "children"];

/// How many posts a guest sees of a profile of [`Role::GuestLimited`]: two pages of twelve.
pub(super) const GUEST_LIMIT: usize = 24;

/// The truth about a handle; a handle that nobody has is a truth too.
pub(super) fn truth(world: &World, site: Site, handle: &Handle) -> Truth {
    let guest = |posts_reachable| match site {
        Site::TikTok => {
            GuestView { posts_reachable, profile_fields: TIKTOK_PROFILE, list_fields: TIKTOK_POST, page_fields: &[] }
        }
        Site::Instagram => GuestView {
            posts_reachable,
            profile_fields: INSTAGRAM_PROFILE,
            list_fields: INSTAGRAM_LIST,
            page_fields: INSTAGRAM_PAGE,
        },
    };
    let Some(person) = person(world, site, handle.as_str()) else {
        let (outcome, reason) = Role::Missing.expected_on(site);
        return Truth { outcome, reason, profile: None, posts: Vec::new(), guest: guest(0) };
    };
    let (outcome, expected_reason) = role(site, &person.first_handle).expected_on(site);
    let all = posts(world, &person);
    let shown = matches!(outcome, Outcome::Ok | Outcome::Partial | Outcome::Failed);
    let reachable = if !shown || person.role == Role::NoPosts {
        0
    } else if person.role == Role::GuestLimited && site == Site::Instagram {
        GUEST_LIMIT.min(all.len())
    } else {
        all.len()
    };
    // A profile that lost posts, or has few by nature, is whole with fewer.
    let reason = if outcome == Outcome::Ok && all.len() < 30 { Some(ShortReason::FewerExist) } else { expected_reason };
    let count = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let told = shown || outcome == Outcome::Private;
    Truth {
        outcome,
        reason,
        profile: told.then(|| profile(world, &person, count)),
        posts: if shown { document_posts(world, &person, &all) } else { Vec::new() },
        guest: guest(reachable),
    }
}

fn profile(world: &World, person: &Person, posts: u64) -> Profile {
    let on_tiktok = person.site == Site::TikTok;
    // TikTok tells strangers "0" of a private account: that is not a fact.
    let posts_count = if on_tiktok && person.private { None } else { Some(posts) };
    Profile {
        id: Some(person.id.clone()),
        username: Some(person.handle.clone()),
        display_name: Some(person.name.clone()),
        picture_url: Some(person.avatar_url(world, if on_tiktok { 1080 } else { 150 })),
        bio: (!person.bio.is_empty()).then(|| person.bio.clone()),
        links: person.link.clone().into_iter().collect(),
        category: person.category.map(str::to_owned),
        verified: Some(person.verified),
        private: Some(person.private),
        business: Some(person.business),
        language: on_tiktok.then(|| person.language.to_owned()),
        region: None,
        followers: Some(person.followers),
        following: Some(person.following),
        likes: on_tiktok.then_some(person.likes),
        posts_count,
    }
}

fn document_posts(world: &World, person: &Person, all: &[Made]) -> Vec<Post> {
    let mut posts: Vec<Post> =
        all.iter().take(usize::from(MAX_POSTS)).map(|made| document_post(world, person, made)).collect();
    posts.sort_by_key(|post| std::cmp::Reverse(post.published_at));
    posts
}

fn document_post(world: &World, person: &Person, made: &Made) -> Post {
    let on_tiktok = person.site == Site::TikTok;
    let moves = made.duration_s > 0;
    let (id, title, author) = made.music.clone();
    Post {
        id: made.id.to_string(),
        code: (!on_tiktok).then(|| made.code.clone()),
        url: Some(made.canonical_url(person)),
        kind: Some(made.kind),
        caption: (!made.caption.is_empty()).then(|| made.caption.clone()),
        hashtags: made.hashtags.clone(),
        mentions: made.mentions.clone(),
        published_at: DateTime::from_timestamp(made.created_s, 0),
        published_precision: Some(TimePrecision::Exact),
        thumbnail_url: Some(made.picture_url(world, person.site, &made.cover)),
        views: (on_tiktok || moves).then_some(made.views),
        likes: Some(made.likes),
        comments: Some(made.comments),
        shares: on_tiktok.then_some(made.shares),
        saves: on_tiktok.then_some(made.saves),
        video_url: made.video_url(world, person.site),
        duration_s: made.duration_s.to_string().parse().ok().filter(|_| on_tiktok && moves),
        width: Some(made.width),
        height: Some(made.height),
        music: on_tiktok.then_some(Music { id: Some(id), title: Some(title), author: Some(author) }),
        pinned: Some(made.pinned),
        sponsored: on_tiktok.then_some(made.sponsored),
        ai_label: on_tiktok.then_some(made.ai_label),
        children: children(world, person.site, made),
    }
}

fn children(world: &World, site: Site, made: &Made) -> Vec<Child> {
    let child = |key: &String| Child {
        kind: PostKind::Image,
        url: Some(made.picture_url(world, site, key)),
        width: Some(made.width),
        height: Some(made.height),
    };
    made.parts.iter().map(child).collect()
}
