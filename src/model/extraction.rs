//! What is taken for true of a page: one value per field, chosen among the readings, with where it came from.

use indexmap::IndexMap;

use super::document::{FieldNote, Post, Profile};

/// The reconciled facts of one page or of several pages of one crawl.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extraction {
    /// The profile; none where no source shows the requested one.
    pub profile: Option<Profile>,
    /// Its posts, a set by id, newest first.
    pub posts: Vec<Post>,
    /// Whether some of the posts stand in no timeline but in a list of some of the profile's posts, which reaches further back.
    pub beyond_timeline: bool,
    /// Where each value came from, by the document's paths.
    pub fields: IndexMap<String, FieldNote>,
}
