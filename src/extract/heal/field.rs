//! The fields that healing looks for, and the two forms their values take: known ones from the past, found ones for an answer.
//! One closed list, so that every table of the room is exhaustive over it.

use serde::{Deserialize, Serialize};

/// A fact of a profile, posts aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The handle.
    Username,
    /// The name shown.
    DisplayName,
    /// The text about themselves.
    Bio,
    /// How many follow it.
    Followers,
    /// How many it follows.
    Following,
    /// Likes received over all posts.
    Likes,
    /// How many posts there are.
    PostsCount,
    /// The avatar's address.
    AvatarUrl,
    /// The outside link.
    ExternalUrl,
}

impl Field {
    /// Every field, in the order of an answer.
    pub const ALL: [Self; 9] = [
        Self::Username,
        Self::DisplayName,
        Self::Bio,
        Self::Followers,
        Self::Following,
        Self::Likes,
        Self::PostsCount,
        Self::AvatarUrl,
        Self::ExternalUrl,
    ];

    /// The name in case files, selector files and answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::DisplayName => "display_name",
            Self::Bio => "bio",
            Self::Followers => "followers",
            Self::Following => "following",
            Self::Likes => "likes",
            Self::PostsCount => "posts_count",
            Self::AvatarUrl => "avatar_url",
            Self::ExternalUrl => "external_url",
        }
    }

    /// Whether its value is a number.
    #[must_use]
    pub const fn is_count(self) -> bool {
        matches!(self, Self::Followers | Self::Following | Self::Likes | Self::PostsCount)
    }

    /// Its place in [`Field::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Username => 0,
            Self::DisplayName => 1,
            Self::Bio => 2,
            Self::Followers => 3,
            Self::Following => 4,
            Self::Likes => 5,
            Self::PostsCount => 6,
            Self::AvatarUrl => 7,
            Self::ExternalUrl => 8,
        }
    }
}

/// One post as known or found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PostValues {
    /// TikTok's id, Instagram's code.
    pub id: String,
    /// Plays, exact or as abbreviated.
    pub views: Option<u64>,
    /// Its text.
    pub caption: Option<String>,
}

/// What is known, or was found, of one profile. Null is "not known", never 0 or "".
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Values {
    /// The handle.
    pub username: Option<String>,
    /// The name shown.
    pub display_name: Option<String>,
    /// The text about themselves, lines separated by a line feed.
    pub bio: Option<String>,
    /// How many follow it.
    pub followers: Option<u64>,
    /// How many it follows.
    pub following: Option<u64>,
    /// Likes received over all posts.
    pub likes: Option<u64>,
    /// How many posts there are.
    pub posts_count: Option<u64>,
    /// The avatar's address, with its signature.
    pub avatar_url: Option<String>,
    /// The outside link, unwrapped.
    pub external_url: Option<String>,
    /// In page order.
    pub posts: Option<Vec<PostValues>>,
}

impl Values {
    /// A number field's value.
    #[must_use]
    pub const fn count(&self, field: Field) -> Option<u64> {
        match field {
            Field::Followers => self.followers,
            Field::Following => self.following,
            Field::Likes => self.likes,
            Field::PostsCount => self.posts_count,
            Field::Username | Field::DisplayName | Field::Bio | Field::AvatarUrl | Field::ExternalUrl => None,
        }
    }

    /// A text field's value.
    #[must_use]
    pub fn text(&self, field: Field) -> Option<&str> {
        match field {
            Field::Username => self.username.as_deref(),
            Field::DisplayName => self.display_name.as_deref(),
            Field::Bio => self.bio.as_deref(),
            Field::AvatarUrl => self.avatar_url.as_deref(),
            Field::ExternalUrl => self.external_url.as_deref(),
            Field::Followers | Field::Following | Field::Likes | Field::PostsCount => None,
        }
    }

    /// Sets a number field; a text field is left alone.
    pub fn set_count(&mut self, field: Field, value: u64) {
        match field {
            Field::Followers => self.followers = Some(value),
            Field::Following => self.following = Some(value),
            Field::Likes => self.likes = Some(value),
            Field::PostsCount => self.posts_count = Some(value),
            Field::Username | Field::DisplayName | Field::Bio | Field::AvatarUrl | Field::ExternalUrl => {}
        }
    }

    /// Sets a text field; a number field is left alone.
    pub fn set_text(&mut self, field: Field, value: String) {
        match field {
            Field::Username => self.username = Some(value),
            Field::DisplayName => self.display_name = Some(value),
            Field::Bio => self.bio = Some(value),
            Field::AvatarUrl => self.avatar_url = Some(value),
            Field::ExternalUrl => self.external_url = Some(value),
            Field::Followers | Field::Following | Field::Likes | Field::PostsCount => {}
        }
    }
}
