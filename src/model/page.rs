//! A page as it was read: every reading of every source, before anything is decided. Reconciling chooses among the
//! readings; healing compares them.

use chrono::{DateTime, Utc};

use super::document::{Child, Evidence, Outcome, Precision, SourceKind};
use super::selectors::Role;

/// Everything that the sources of a capture say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Readings of profiles: the requested one's and, where the page shows them, others'.
    pub profiles: Vec<Sighting>,
    /// Readings of posts, in order of appearance.
    pub posts: Vec<Sighting>,
    /// The lists that were seen, empty ones too.
    pub lists: Vec<ListSeen>,
    /// The signals that were seen, most certain first.
    pub signals: Vec<SignalSeen>,
    /// Parts that could not be read, for a person: bodies that are no JSON, too large or too deep.
    pub unreadable: Vec<String>,
}

/// One record as one source shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// The kind of place.
    pub source: SourceKind,
    /// The shape's name in the selector file.
    pub shape: String,
    /// The shape's place in the file: lower is better.
    pub rank: usize,
    /// What its records are to the page.
    pub role: Role,
    /// Which of the capture's pages it was on.
    pub visit: usize,
    /// Which body of that page it stood in.
    pub body: usize,
    /// Whether it is one among many of its list, as the author of a post is.
    pub among_many: bool,
    /// Whether it speaks of the page's own profile without naming it.
    pub of_page: bool,
    /// Whose it is.
    pub owner: OwnerSeen,
    /// What it says.
    pub readings: Vec<Reading>,
}

/// Whose a record is, as far as it says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnerSeen {
    /// The owner's name.
    pub username: Option<String>,
    /// The owner's id.
    pub id: Option<String>,
    /// Names of those who share it.
    pub shared: Vec<String>,
}

/// One value as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The field's name.
    pub field: Field,
    /// The rule's name: shape, field and, from the second on, its number.
    pub rule: String,
    /// The text as it stood there, shortened.
    pub raw: String,
    /// How exact it is.
    pub precision: Precision,
    /// What it means.
    pub value: Value,
}

/// A value in our terms.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text, never empty.
    Text(String),
    /// A count and the unit of its last shown digit (1 where exact).
    Count {
        /// The count as shown.
        value: u64,
        /// What one step of the last shown digit is worth.
        unit: u64,
    },
    /// Yes or no.
    Flag(bool),
    /// A moment.
    Time(DateTime<Utc>),
    /// A length in seconds.
    Seconds(f64),
    /// Several texts, in order.
    List(Vec<String>),
    /// The parts of a carousel.
    Children(Vec<Child>),
}

impl Value {
    /// The text, where it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The count, where it is one.
    #[must_use]
    pub fn as_count(&self) -> Option<u64> {
        if let Self::Count { value, .. } = self { Some(*value) } else { None }
    }

    /// Yes or no, where it is that.
    #[must_use]
    pub fn as_flag(&self) -> Option<bool> {
        if let Self::Flag(flag) = self { Some(*flag) } else { None }
    }

    /// The list, where it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[String]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }
}

/// The fields of profile, post and child. Their names in selector files and notes are those of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "each is the document's key of the same name, explained there")]
pub enum Field {
    Id,
    Username,
    DisplayName,
    PictureUrl,
    Bio,
    Links,
    Category,
    Verified,
    Private,
    Business,
    Language,
    Region,
    Followers,
    Following,
    Likes,
    PostsCount,
    Code,
    Url,
    Kind,
    Caption,
    Hashtags,
    Mentions,
    PublishedAt,
    ThumbnailUrl,
    Views,
    Comments,
    Shares,
    Saves,
    VideoUrl,
    DurationS,
    Width,
    Height,
    MusicId,
    MusicTitle,
    MusicAuthor,
    Pinned,
    Sponsored,
    AiLabel,
    Children,
}

impl Field {
    /// All fields with their names.
    const NAMES: [(Self, &'static str); 39] = [
        (Self::Id, "id"),
        (Self::Username, "username"),
        (Self::DisplayName, "display_name"),
        (Self::PictureUrl, "picture_url"),
        (Self::Bio, "bio"),
        (Self::Links, "links"),
        (Self::Category, "category"),
        (Self::Verified, "verified"),
        (Self::Private, "private"),
        (Self::Business, "business"),
        (Self::Language, "language"),
        (Self::Region, "region"),
        (Self::Followers, "followers"),
        (Self::Following, "following"),
        (Self::Likes, "likes"),
        (Self::PostsCount, "posts_count"),
        (Self::Code, "code"),
        (Self::Url, "url"),
        (Self::Kind, "kind"),
        (Self::Caption, "caption"),
        (Self::Hashtags, "hashtags"),
        (Self::Mentions, "mentions"),
        (Self::PublishedAt, "published_at"),
        (Self::ThumbnailUrl, "thumbnail_url"),
        (Self::Views, "views"),
        (Self::Comments, "comments"),
        (Self::Shares, "shares"),
        (Self::Saves, "saves"),
        (Self::VideoUrl, "video_url"),
        (Self::DurationS, "duration_s"),
        (Self::Width, "width"),
        (Self::Height, "height"),
        (Self::MusicId, "music.id"),
        (Self::MusicTitle, "music.title"),
        (Self::MusicAuthor, "music.author"),
        (Self::Pinned, "pinned"),
        (Self::Sponsored, "sponsored"),
        (Self::AiLabel, "ai_label"),
        (Self::Children, "children"),
    ];

    /// The field of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(field, _)| *field)
    }

    /// Its name in selector files and notes.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(field, _)| *field == self).map_or("", |(_, name)| name)
    }

    /// All names, for messages.
    pub fn names() -> impl Iterator<Item = &'static str> {
        Self::NAMES.iter().map(|(_, name)| *name)
    }
}

/// A list of posts that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListSeen {
    /// The shape's name.
    pub shape: String,
    /// The kind of place.
    pub source: SourceKind,
    /// What it is to the page.
    pub role: Role,
    /// How many records it held.
    pub items: usize,
    /// Where the first of them that says something stands among the page's posts.
    pub first_post: usize,
    /// How many of them say something: those stand there one behind the other.
    pub posts: usize,
    /// Whether more can be had, where it says.
    pub more: Option<bool>,
    /// Which of the capture's pages it was on.
    pub visit: usize,
}

/// A signal that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalSeen {
    /// What it means.
    pub outcome: Outcome,
    /// What was seen.
    pub evidence: Evidence,
    /// Which of the capture's pages it was on.
    pub visit: usize,
    /// Whether it was on a response and not on the main document.
    pub on_response: bool,
}

/// A page as it was judged.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// The site refused, or it cannot be said what happened: nothing is known of the profile.
    Refused {
        /// How.
        outcome: Outcome,
        /// What was seen.
        evidence: Evidence,
    },
    /// A fact: not there, or not for guests.
    Absent {
        /// Which.
        outcome: Outcome,
        /// What was seen.
        evidence: Evidence,
        /// What the page still says of a private profile.
        page: Box<Page>,
    },
    /// The profile, as its sources show it.
    Seen {
        /// The readings.
        page: Box<Page>,
    },
}
