//! What is known of a profile and its posts from a document of before, as values that can be looked for.

use std::collections::BTreeMap;

use crate::model::document::{Document, Post, TimePrecision};

/// A known value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Known {
    Count(u64),
    Flag(bool),
    /// Seconds since 1970.
    Time(i64),
    Seconds(f64),
    Text(String),
    Address(String),
}

impl Known {
    /// The value as a word, to count different ones.
    pub(super) fn word(&self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Time(at) => at.to_string(),
            Self::Seconds(length) => length.to_string(),
            Self::Text(text) | Self::Address(text) => text.clone(),
        }
    }
}

/// Values by the names of their fields.
pub(super) type Values = BTreeMap<&'static str, Known>;

/// The profile's. Its handle is not among them: the record is found by it.
pub(super) fn of_profile(document: &Document) -> Values {
    let mut values = Values::new();
    let Some(profile) = &document.profile else { return values };
    let mut put = |name, value: Option<Known>| value.map(|value| values.insert(name, value));
    put("id", text(profile.id.as_ref()));
    put("display_name", text(profile.display_name.as_ref()));
    put("picture_url", address(profile.picture_url.as_ref()));
    put("bio", text(profile.bio.as_ref()));
    put("category", text(profile.category.as_ref()));
    put("links", address(profile.links.first()));
    put("language", text(profile.language.as_ref()));
    put("verified", profile.verified.map(Known::Flag));
    put("private", profile.private.map(Known::Flag));
    put("business", profile.business.map(Known::Flag));
    put("followers", profile.followers.map(Known::Count));
    put("following", profile.following.map(Known::Count));
    put("likes", profile.likes.map(Known::Count));
    put("posts_count", profile.posts_count.map(Known::Count));
    values
}

/// A post's. Its kind is learned apart: sites do not write our words.
pub(super) fn of_post(post: &Post) -> Values {
    let mut values = Values::new();
    let mut put = |name, value: Option<Known>| value.map(|value| values.insert(name, value));
    put("code", text(post.code.as_ref()));
    put("caption", text(post.caption.as_ref()));
    let exact = post.published_precision != Some(TimePrecision::Approximate);
    put("published_at", post.published_at.filter(|_| exact).map(|at| Known::Time(at.timestamp())));
    put("thumbnail_url", address(post.thumbnail_url.as_ref()));
    put("views", post.views.map(Known::Count));
    put("likes", post.likes.map(Known::Count));
    put("comments", post.comments.map(Known::Count));
    put("shares", post.shares.map(Known::Count));
    put("saves", post.saves.map(Known::Count));
    put("video_url", address(post.video_url.as_ref()));
    put("duration_s", post.duration_s.map(Known::Seconds));
    put("width", post.width.map(|size| Known::Count(u64::from(size))));
    put("height", post.height.map(|size| Known::Count(u64::from(size))));
    put("pinned", post.pinned.map(Known::Flag));
    put("sponsored", post.sponsored.map(Known::Flag));
    put("ai_label", post.ai_label.map(Known::Flag));
    if let Some(music) = &post.music {
        put("music.id", text(music.id.as_ref()));
        put("music.title", text(music.title.as_ref()));
        put("music.author", text(music.author.as_ref()));
    }
    values
}

fn text(text: Option<&String>) -> Option<Known> {
    text.map(|text| Known::Text(text.clone()))
}

fn address(url: Option<&String>) -> Option<Known> {
    url.map(|url| Known::Address(url.clone()))
}
