//! One post of the document, with what it is made of.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What a post is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PostKind {
    /// One picture.
    Image,
    /// A video.
    Video,
    /// Several pictures or videos (Instagram).
    Carousel,
    /// Several pictures with music (TikTok).
    Slideshow,
    /// A short video of Instagram's reels.
    Reel,
}

/// Whether a time is the site's or worked out from an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimePrecision {
    /// The site's own time.
    Exact,
    /// Worked out: usually within minutes.
    Approximate,
}

/// One post.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Post {
    /// TikTok's numeric id, Instagram's pk.
    pub id: String,
    /// Instagram's shortcode.
    pub code: Option<String>,
    /// The post's canonical address.
    pub url: Option<String>,
    /// What it is.
    pub kind: Option<PostKind>,
    /// Its text, whole.
    pub caption: Option<String>,
    /// Without `#`, in order of appearance.
    pub hashtags: Vec<String>,
    /// Without `@`, in order of appearance.
    pub mentions: Vec<String>,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
    /// How sure that time is.
    pub published_precision: Option<TimePrecision>,
    /// A still picture's address; it expires.
    pub thumbnail_url: Option<String>,
    /// Plays.
    pub views: Option<u64>,
    /// Likes.
    pub likes: Option<u64>,
    /// Comments.
    pub comments: Option<u64>,
    /// Shares.
    pub shares: Option<u64>,
    /// Times saved as a favourite.
    pub saves: Option<u64>,
    /// The video's address; it expires.
    pub video_url: Option<String>,
    /// Length in seconds.
    pub duration_s: Option<f64>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
    /// The sound.
    pub music: Option<Music>,
    /// Whether it is fixed to the top of the profile.
    pub pinned: Option<bool>,
    /// Whether it is marked as paid.
    pub sponsored: Option<bool>,
    /// Whether it is marked as made by AI.
    pub ai_label: Option<bool>,
    /// The parts of a carousel or slideshow.
    pub children: Vec<Child>,
}

/// A post's sound.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Music {
    /// The platform's id.
    pub id: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Who made it.
    pub author: Option<String>,
}

/// One part of a carousel or slideshow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Child {
    /// `image` or `video`.
    pub kind: PostKind,
    /// The picture's or video's address.
    pub url: Option<String>,
    /// Width in pixels.
    pub width: Option<u32>,
    /// Height in pixels.
    pub height: Option<u32>,
}
