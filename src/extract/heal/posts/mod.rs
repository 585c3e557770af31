//! Posts: lists of records, found by the ids known of old, each field relative to its record. A rule counts only when it holds for
//! nearly all records (N of N, not 1 of N), and a record counts only when nothing in it names another as its owner.

mod grid;
mod ids;
mod lessons;
mod list;
mod record;
mod stand;
mod words;

use std::cell::OnceCell;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::address::Style;
use super::field::{PostValues, Values};
use super::identity::Named;
use super::number::Count;
use super::page::Page;
use super::shown::Phrase;
pub(crate) use ids::ids_in;
pub(crate) use lessons::PostLessons;
use words::Told;

/// Whether a word names one of the counts that posts have.
pub(crate) fn names_count(word: &str) -> bool {
    words::told(&word.to_lowercase()) != Told::Nothing
}

/// A record's field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// The post's id.
    Id,
    /// Plays.
    Views,
    /// Its text.
    Caption,
}

/// A value found in a record.
#[derive(Debug, Clone, PartialEq)]
enum Found {
    Count(Count),
    Text(String),
}

/// A value of a record with the ways to find it in any record.
struct Value {
    found: Found,
    ways: Vec<u64>,
    /// What it is said to be, as marks.
    said: Vec<u64>,
    /// What it looks like, as a mark.
    class: Option<u64>,
    told: Told,
    /// Whether that is said of it alone, and not by a sign beside it.
    labelled: bool,
    /// Whether its key in data names plays.
    keyed: bool,
    /// Whether its key names another count.
    misnamed: bool,
    /// Whether it stands in an attribute only, for readers of the screen.
    spoken: bool,
    /// The way to it as the only number of each record of its grid.
    sole: Option<u64>,
}

impl Value {
    const fn new(found: Found, ways: Vec<u64>) -> Self {
        Self {
            found,
            ways,
            said: Vec::new(),
            class: None,
            told: Told::Nothing,
            labelled: false,
            keyed: false,
            misnamed: false,
            spoken: false,
            sole: None,
        }
    }
}

/// A locator's name: the same parts give the same on every page and in every run.
fn locator(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// A record: its post's id and every value in it.
struct Record {
    id: String,
    values: Vec<Value>,
    /// Whether the record itself names the profile as its owner.
    named: bool,
}

/// The grids of a page: taken apart once, for learning from them and for reading them.
#[derive(Default)]
pub(crate) struct Grids(OnceCell<Vec<grid::Group>>);

/// A page in which posts are looked for.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) page: &'a Page,
    pub(crate) named: &'a Named,
    pub(crate) phrases: &'a [Phrase],
    pub(crate) grids: &'a Grids,
    pub(crate) style: &'a Style,
}

impl<'a> Scene<'a> {
    fn groups(&self) -> &'a [grid::Group] {
        self.grids.0.get_or_init(|| grid::groups(self.page, self.named, self.phrases, self.style))
    }
}

/// A page to learn from.
pub(crate) struct PostLesson<'a> {
    pub(crate) scene: Scene<'a>,
    pub(crate) past: &'a Values,
    pub(crate) same_visit: bool,
}

/// What is known of a profile's posts, by id.
struct Past<'a> {
    by_id: HashMap<&'a str, &'a PostValues>,
    /// Whether any of them has plays, and a caption: only then does a post without say something.
    views: bool,
    captions: bool,
}

impl<'a> Past<'a> {
    fn new(posts: &'a [PostValues]) -> Self {
        Self {
            by_id: posts.iter().map(|post| (post.id.as_str(), post)).collect(),
            views: posts.iter().any(|post| post.views.is_some()),
            captions: posts.iter().any(|post| post.caption.as_deref().is_some_and(|caption| !caption.is_empty())),
        }
    }

    fn knows(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// A post known to have no plays, where others have.
    fn without_views(&self, post: &PostValues) -> bool {
        self.views && post.views.is_none()
    }

    /// A post known to have no caption, where others have.
    fn without_caption(&self, post: &PostValues) -> bool {
        self.captions && post.caption.as_deref().is_none_or(str::is_empty)
    }
}

/// A post as read, with the unit of its plays.
#[derive(Clone)]
struct Read {
    post: PostValues,
    unit: u64,
    /// Whether two readings of its plays differ.
    torn: bool,
}

impl Read {
    /// Another source's reading of the same post: what it says differently is believed of neither, what is lacking it fills in.
    fn doubt(&mut self, other: &Self) {
        if let (Some(ours), Some(theirs)) = (self.post.views, other.post.views) {
            let room = self.unit.max(other.unit);
            if ours.abs_diff(theirs) > if room > 1 { room } else { 0 } {
                (self.post.views, self.torn) = (None, true);
            } else if other.unit < self.unit {
                (self.post.views, self.unit) = (Some(theirs), other.unit);
            }
        }
        self.fill(other);
    }

    /// What is lacking, from another reading of the same post.
    fn fill(&mut self, other: &Self) {
        if self.post.views.is_none() && !self.torn {
            (self.post.views, self.unit) = (other.post.views, other.unit);
        }
        if self.post.caption.is_none() {
            self.post.caption.clone_from(&other.post.caption);
        }
    }
}

/// The posts of a page: from JSON where it has the list, from the grid otherwise; what one lacks the other fills in.
pub(crate) fn find(scene: &Scene<'_>, past: Option<&Values>, lessons: &PostLessons) -> Option<Vec<PostValues>> {
    let past = Past::new(past.and_then(|past| past.posts.as_deref()).unwrap_or_default());
    let listed = list::find(scene.page, scene.named, &past, lessons, scene.style);
    let shown = grid::find(scene.groups(), &past, lessons);
    let posts = match (listed, shown) {
        (Some(listed), Some(shown)) => joined(listed, shown)?,
        (listed, shown) => listed.or(shown)?,
    };
    Some(posts.into_iter().map(|read| read.post).collect())
}

/// The longer of both, with what the other says of the same posts; none where they have no post in common.
fn joined(listed: Vec<Read>, shown: Vec<Read>) -> Option<Vec<Read>> {
    let (mut longer, other) = if shown.len() > listed.len() { (shown, listed) } else { (listed, shown) };
    let others: HashMap<&str, &Read> = other.iter().map(|read| (read.post.id.as_str(), read)).collect();
    let mut shared = false;
    for read in &mut longer {
        if let Some(other) = others.get(read.post.id.as_str()) {
            shared = true;
            read.doubt(other);
        }
    }
    shared.then_some(longer)
}
