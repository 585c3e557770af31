//! The document: what a crawl says of a profile, in the form that users rely on (schema 1).
//! A count is the site's own or absent, never a guess: `None` is "not shown", never 0.

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

mod note;
mod post;

pub use self::note::{FieldNote, Precision, SourceKind};
pub use self::post::{Child, Music, Post, PostKind, TimePrecision};
use super::job::{Handle, PlatformId};

/// The document's schema number.
pub const SCHEMA: u32 = 1;

/// Everything read of one profile in one crawl.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Always [`SCHEMA`].
    pub schema: u32,
    /// The platform's name.
    pub platform: PlatformId,
    /// The handle asked for; none only where saved bodies name nobody.
    pub handle: Option<Handle>,
    /// The profile's canonical address, whatever `base_url` was visited.
    pub url: Option<String>,
    /// What came out.
    pub outcome: Outcome,
    /// What was seen, for every outcome that is not plain success.
    pub evidence: Option<Evidence>,
    /// When the page was asked for.
    pub observed_at: Option<DateTime<Utc>>,
    /// How long the crawl took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The profile, where one was read.
    pub profile: Option<Profile>,
    /// Newest first.
    pub posts: Vec<Post>,
    /// How many posts were wanted, how many came, and why not all.
    pub coverage: Coverage,
    /// Ratios computed from the above.
    pub metrics: Metrics,
    /// Where each value came from, by path: `profile.followers`, `posts.<id>.views`.
    pub fields: IndexMap<String, FieldNote>,
    /// Which selectors read it.
    pub selectors: SelectorsUsed,
    /// The picture kept as evidence.
    pub screenshot: Option<Screenshot>,
}

/// What came out of a crawl.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Profile read; 30 posts or all there are.
    Ok,
    /// Profile read; fewer posts, and coverage says why.
    Partial,
    /// A fact: the account is private.
    Private,
    /// A fact: no such profile.
    NotFound,
    /// Refused: log in first.
    LoginWall,
    /// Refused: prove that you are human.
    Captcha,
    /// Refused: the session's account must be confirmed.
    Checkpoint,
    /// Told to slow down.
    RateLimited,
    /// Refused for this region.
    RegionBlocked,
    /// Not for guests of unknown age.
    AgeGated,
    /// Refused in another way, an empty 200 among them.
    Blocked,
    /// The site's own error, or ambiguous between refusal and absence.
    Unavailable,
    /// Ours.
    Failed,
}

impl Outcome {
    /// The word in documents and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Partial => "partial",
            Self::Private => "private",
            Self::NotFound => "not_found",
            Self::LoginWall => "login_wall",
            Self::Captcha => "captcha",
            Self::Checkpoint => "checkpoint",
            Self::RateLimited => "rate_limited",
            Self::RegionBlocked => "region_blocked",
            Self::AgeGated => "age_gated",
            Self::Blocked => "blocked",
            Self::Unavailable => "unavailable",
            Self::Failed => "failed",
        }
    }

    /// The outcome of this word; none for other words.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::from(word)).ok()
    }

    /// Whether the site refused us: such an outcome says nothing about the profile.
    #[must_use]
    pub const fn is_block(self) -> bool {
        matches!(
            self,
            Self::LoginWall
                | Self::Captcha
                | Self::Checkpoint
                | Self::RateLimited
                | Self::RegionBlocked
                | Self::AgeGated
                | Self::Blocked
        )
    }
}

/// What was seen when a page was judged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The HTTP status of what was judged.
    pub status: Option<u16>,
    /// The URL that answered in the end.
    pub final_url: Option<String>,
    /// The signal's name in the selector file, as in `user_detail_status`.
    pub signal: String,
    /// The value that was seen there, for a person.
    pub detail: Option<String>,
}

/// A profile's public facts. Counts are integers as shown by the site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    /// The platform's own id: TikTok's numeric id, Instagram's pk.
    pub id: Option<String>,
    /// The handle as the site writes it.
    pub username: Option<String>,
    /// The name shown.
    pub display_name: Option<String>,
    /// The avatar's address; it expires.
    pub picture_url: Option<String>,
    /// The text about themselves.
    pub bio: Option<String>,
    /// Outside links, unwrapped.
    pub links: Vec<String>,
    /// The kind of account, in the site's words.
    pub category: Option<String>,
    /// Whether the site vouches for it.
    pub verified: Option<bool>,
    /// Whether only followers see it.
    pub private: Option<bool>,
    /// Whether it is a business account.
    pub business: Option<bool>,
    /// The profile's language code.
    pub language: Option<String>,
    /// The profile's region code.
    pub region: Option<String>,
    /// How many follow it.
    pub followers: Option<u64>,
    /// How many it follows.
    pub following: Option<u64>,
    /// Likes received over all posts (TikTok).
    pub likes: Option<u64>,
    /// How many posts there are.
    pub posts_count: Option<u64>,
}

/// How many posts were wanted and came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Wanted.
    pub requested: u16,
    /// Came.
    pub got: usize,
    /// Why not all; none where all came.
    pub reason: Option<ShortReason>,
}

/// Why fewer posts came than were wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortReason {
    /// The profile has no more.
    FewerExist,
    /// The page carried no list at all.
    NoPostList,
    /// The site shows guests no more.
    GuestLimit,
    /// The site refused before the list was whole.
    BlockedMidway,
    /// The job's page loads or time were used up.
    Budget,
}

/// Ratios over the posts, unpinned ones only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Mean of (likes + comments + shares where shown) over followers.
    pub engagement_by_followers: Option<f64>,
    /// The same over views.
    pub engagement_by_views: Option<f64>,
    /// Posts a week over the newest 30.
    pub posts_per_week: Option<f64>,
}

/// Which selectors read a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SelectorsUsed {
    /// The set's version, as in `v1`.
    pub version: String,
}

/// The picture kept as evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Screenshot {
    /// A path or the store's key.
    pub file: String,
    /// Its public address where the store has one.
    pub url: Option<String>,
    /// Size in bytes, always under 100,000.
    pub bytes: u64,
    /// `webp` or `jpeg`.
    pub format: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}
