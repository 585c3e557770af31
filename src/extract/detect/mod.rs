//! Whether a template has drifted, told by disagreement and not by emptiness: sources that were always read and are there but are
//! read no more, fields that were always filled, lists that shrank, sources that contradict each other, two versions that read
//! one page differently. Pure and cheap: it looks at what was read, never again at the page.

mod disagree;
mod expect;
mod recent;

pub use disagree::contradictions;
pub use expect::Expectation;
pub use recent::Recent;

use crate::model::capture::Capture;
use crate::model::document::{Document, Outcome, Precision, SourceKind};
use crate::model::visit::Purpose;

/// Pages after which the past says something.
const PAGES_MIN: u32 = 5;
/// A field or a source that this share of pages has is missed where it is not, in percent.
const USUAL_PERCENT: u32 = 95;
/// A response shorter than this holds no list.
const SUBSTANCE_BYTES: usize = 400;
/// Values further apart than this are of two things: a count moves by less between two sources of one page.
const APART: u64 = 20;

/// The counts whose absence is noticed.
const COUNTS: [&str; 4] = ["profile.followers", "profile.following", "profile.likes", "profile.posts_count"];

/// Why a page is doubted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// Data made for programs is there and nothing of it is read any more.
    SourceUnread {
        /// `profile` or `posts`.
        what: &'static str,
        /// Which kind of place.
        source: SourceKind,
    },
    /// A field that nearly every page had.
    FieldMissing {
        /// Its path in the document.
        path: String,
    },
    /// Two sources of one page say different things.
    Contradiction {
        /// The path in the document.
        path: String,
        /// What one says.
        one: u64,
        /// What the other says.
        other: u64,
    },
    /// Two versions read different texts from data made for programs.
    TextDiffers {
        /// The path in the document.
        path: String,
    },
    /// A list that is nearly always whole, and is less than half of what there is.
    ListShrank {
        /// Posts that were read.
        got: usize,
        /// Posts that there are, as far as they were wanted.
        of: u64,
    },
    /// All counts are those of another profile.
    SameAsAnother {
        /// Its handle.
        other: String,
    },
    /// Several profiles have this very number.
    SameForMany {
        /// Its path in the document.
        path: String,
        /// The number.
        value: u64,
    },
}

impl Doubt {
    /// For a person.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::SourceUnread { what, source } => {
                format!("{what}: the {} data is there and is read no more", word(*source))
            }
            Self::FieldMissing { path } => format!("{path} was on nearly every page and is missing"),
            Self::Contradiction { path, one, other } => format!("{path}: sources say {one} and {other}"),
            Self::TextDiffers { path } => format!("{path}: another version reads another text"),
            Self::ListShrank { got, of } => {
                format!("posts: {got} of {of} were read, where lists are nearly always whole")
            }
            Self::SameAsAnother { other } => format!("profile: all its counts are those of {other}"),
            Self::SameForMany { path, value } => format!("{path}: several profiles have {value} at once"),
        }
    }
}

/// What is doubtful of a page that was read. Empty on a page as all others.
#[must_use]
pub fn doubts(capture: &Capture, document: &Document, expected: &Expectation) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    if expected.pages < PAGES_MIN || !matches!(document.outcome, Outcome::Ok | Outcome::Partial) {
        return doubts;
    }
    let (profile, posts) = sources(document);
    // One of the two is enough: which of them a template has is its own affair.
    let exact = [SourceKind::Network, SourceKind::Embedded].map(rank);
    for source in [SourceKind::Network, SourceKind::Embedded] {
        let key = rank(source);
        let read = exact.iter().any(|key| profile.contains(key));
        if usual(expected.profile_sources.get(&key), expected.pages) && !read {
            doubts.push(Doubt::SourceUnread { what: "profile", source });
        }
        let listed = expected.with_posts >= PAGES_MIN && usual(expected.post_sources.get(&key), expected.with_posts);
        // A list that came with the page and now comes whole by a call has moved, and nothing of it is unread.
        let moved = source == SourceKind::Embedded && posts.contains(&rank(SourceKind::Network)) && is_whole(document);
        if listed
            && !posts.contains(&key)
            && !moved
            && (!document.posts.is_empty() || may_hold_posts(document))
            && holds(capture, source)
        {
            doubts.push(Doubt::SourceUnread { what: "posts", source });
        }
    }
    for (path, count) in &expected.fields {
        if usual(Some(count), expected.pages) && !document.fields.contains_key(path) {
            doubts.push(Doubt::FieldMissing { path: path.clone() });
        }
    }
    if let Some((got, of)) = expect::wanted(document)
        && usual(Some(&expected.whole_lists), expected.listed)
        && u64::try_from(got).unwrap_or(u64::MAX).saturating_mul(2) < of
    {
        doubts.push(Doubt::ListShrank { got, of });
    }
    doubts
}

fn usual(count: Option<&u32>, of: u32) -> bool {
    of >= PAGES_MIN && count.is_some_and(|count| count * 100 >= of * USUAL_PERCENT)
}

/// Where one version's reading of a page contradicts another's: both read a number, and not the same one.
#[must_use]
pub fn differs(one: &Document, other: &Document) -> Vec<Doubt> {
    let exact = |path: &str| {
        [one, other].map(|document| document.fields.get(path).is_some_and(|note| note.precision == Precision::Exact))
    };
    let counts = |document: &Document| {
        let profile = document.profile.as_ref();
        let count = |get: fn(&crate::model::document::Profile) -> Option<u64>| profile.and_then(get);
        [count(|p| p.followers), count(|p| p.following), count(|p| p.likes), count(|p| p.posts_count)]
    };
    let mut doubts = Vec::new();
    for ((path, one), other) in COUNTS.into_iter().zip(counts(one)).zip(counts(other)) {
        if let (Some(one), Some(other)) = (one, other)
            && apart(one, other, exact(path))
        {
            doubts.push(Doubt::Contradiction { path: path.to_owned(), one, other });
        }
    }
    for post in &one.posts {
        let Some(twin) = other.posts.iter().find(|twin| twin.id == post.id) else { continue };
        let pairs = [
            ("views", post.views, twin.views),
            ("likes", post.likes, twin.likes),
            ("comments", post.comments, twin.comments),
            ("shares", post.shares, twin.shares),
            ("saves", post.saves, twin.saves),
        ];
        for (field, one, other) in pairs {
            let path = format!("posts.{}.{field}", post.id);
            if let (Some(one), Some(other)) = (one, other)
                && apart(one, other, exact(&path))
            {
                doubts.push(Doubt::Contradiction { path, one, other });
            }
        }
    }
    doubts
}

/// Further apart than the precision explains: a displayed form lies within one unit of its last digit ("5M" may stand for
/// 5,737,954), two exact ones may not differ but by what happens between two calls.
fn apart(one: u64, other: u64, exact: [bool; 2]) -> bool {
    let larger = one.max(other);
    let units = [(one, exact[0]), (other, exact[1])].map(|(value, exact)| if exact { 0 } else { last_unit(value) });
    let slack = if larger < 10_000 { 0 } else { larger / APART };
    one.abs_diff(other) > units[0].max(units[1]).max(slack)
}

/// The unit of a displayed number's last digit: 100 for 783400, a million for 5000000.
fn last_unit(value: u64) -> u64 {
    let units = std::iter::successors(Some(1_u64), |unit| unit.checked_mul(10)).take(10);
    units.filter(|unit| value.is_multiple_of(*unit)).max().unwrap_or(1)
}

/// Whether all posts that were wanted and that there are were read.
fn is_whole(document: &Document) -> bool {
    let all = |(got, of): (usize, u64)| u64::try_from(got).unwrap_or(u64::MAX) >= of;
    document.outcome == Outcome::Ok && expect::wanted(document).is_none_or(all)
}

fn may_hold_posts(document: &Document) -> bool {
    let profile = document.profile.as_ref();
    profile.is_none_or(|profile| profile.posts_count != Some(0) && profile.private != Some(true))
}

/// Whether a capture has data of this kind at all: a call that failed is no drift.
fn holds(capture: &Capture, source: SourceKind) -> bool {
    let mut pages = capture.pages.iter().filter(|page| page.purpose == Purpose::Profile);
    match source {
        SourceKind::Network => {
            pages.flat_map(|page| &page.responses).any(|r| r.status == 200 && r.body.len() >= SUBSTANCE_BYTES)
        }
        SourceKind::Embedded | SourceKind::Jsonld | SourceKind::Dom | SourceKind::Meta => {
            pages.any(|page| page.html.len() >= SUBSTANCE_BYTES)
        }
    }
}

/// The kinds of place that the profile's and the posts' values came from.
fn sources(document: &Document) -> (Vec<u8>, Vec<u8>) {
    let mut found = (Vec::new(), Vec::new());
    for (path, note) in &document.fields {
        let of = if path.starts_with("profile.") { &mut found.0 } else { &mut found.1 };
        for source in std::iter::once(&note.source).chain(&note.agreed_by) {
            if !of.contains(&rank(*source)) {
                of.push(rank(*source));
            }
        }
    }
    found
}

const fn rank(source: SourceKind) -> u8 {
    match source {
        SourceKind::Network => 0,
        SourceKind::Embedded => 1,
        SourceKind::Jsonld => 2,
        SourceKind::Dom => 3,
        SourceKind::Meta => 4,
    }
}

const fn word(source: SourceKind) -> &'static str {
    match source {
        SourceKind::Network => "network",
        SourceKind::Embedded => "embedded",
        SourceKind::Jsonld => "linked",
        SourceKind::Dom => "rendered",
        SourceKind::Meta => "meta",
    }
}

#[cfg(test)]
mod tests;
