//! A job: which public profile to crawl, and how. It is the value that walks through the whole house.
//! The platform is an open newtype and not an enum, so that a new platform needs no change here.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The largest number of posts a job may ask for.
pub const MAX_POSTS: u16 = 200;
/// How many posts a job asks for when it does not say.
pub const DEFAULT_POSTS: u16 = 30;

/// A platform's short name in lower case, as in `tiktok`. Open: what is known is the engine's to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlatformId(String);

impl PlatformId {
    /// Takes a name as it stands; lower case by convention.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name, as it stands in documents, keys and tables.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlatformId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A profile's public name on its platform, without the `@`, in lower case (both sites ignore case).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Handle(String);

/// Why a text is not a handle.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{given:?} is not a handle: use 1 to 64 letters, digits, dots, dashes or underscores, as in nasa or @nasa")]
pub struct BadHandle {
    /// What was given, shortened.
    pub given: String,
}

impl Handle {
    /// The handle without `@`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Handle {
    type Err = BadHandle;

    fn from_str(text: &str) -> Result<Self, BadHandle> {
        let bare = text.strip_prefix('@').unwrap_or(text);
        let legal = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
        let dots_only = bare.chars().all(|c| c == '.');
        if bare.is_empty() || bare.chars().count() > 64 || dots_only || !bare.chars().all(legal) {
            return Err(BadHandle { given: text.chars().take(80).collect() });
        }
        Ok(Self(bare.to_lowercase()))
    }
}

impl TryFrom<String> for Handle {
    type Error = BadHandle;

    fn try_from(text: String) -> Result<Self, BadHandle> {
        text.parse()
    }
}

impl From<Handle> for String {
    fn from(handle: Handle) -> Self {
        handle.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A profile to crawl: platform and handle.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// Where the profile lives.
    pub platform: PlatformId,
    /// Its name there.
    pub handle: Handle,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}@{}", self.handle, self.platform)
    }
}

/// A job's name: the caller's own, or ours (time-ordered and random). 1 to 128 printable ASCII characters without space.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(String);

/// Why a text is not a job id.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{given:?} is not a job id: use 1 to 128 printable ASCII characters without spaces")]
pub struct BadJobId {
    /// What was given, shortened.
    pub given: String,
}

impl JobId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = BadJobId;

    fn from_str(text: &str) -> Result<Self, BadJobId> {
        if text.is_empty() || text.len() > 128 || !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(BadJobId { given: text.chars().take(80).collect() });
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for JobId {
    type Error = BadJobId;

    fn try_from(text: String) -> Result<Self, BadJobId> {
        text.parse()
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which of the lanes' three streams a job waits in; high before normal before low.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Priority {
    /// A person waits for it.
    High,
    /// The default.
    #[default]
    Normal,
    /// When nothing else is to be done.
    Low,
}

impl Priority {
    /// All three, in the order in which they are served.
    pub const ALL: [Self; 3] = [Self::High, Self::Normal, Self::Low];

    /// The word in Redis, PostgreSQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }
}

/// Whether the picture shows what fits the window or the whole page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frame {
    /// The window as a visitor sees it.
    #[default]
    Viewport,
    /// The page from top to bottom, scrolled first.
    FullPage,
}

/// One order to crawl one profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Its name; two jobs with one id are one job.
    pub id: JobId,
    /// What to crawl.
    pub target: Target,
    /// How urgent it is.
    pub priority: Priority,
    /// How many of the newest posts are wanted, 1 to [`MAX_POSTS`].
    pub posts: u16,
    /// What the picture shows.
    pub frame: Frame,
}
