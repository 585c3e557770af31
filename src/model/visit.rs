//! A visit: what a browser must do for one page, as data. A platform plans it, the browser carries it out;
//! neither knows the other.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::job::Frame;

/// One page load and what to do on that page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    /// Which page of the crawl this is.
    pub purpose: Purpose,
    /// Where to go: the platform's `base_url` with the page's path.
    pub url: String,
    /// Responses whose URL contains one of these are kept with their bodies; all others are let go.
    pub keep: Vec<String>,
    /// The visit goes on to `paging` as soon as one of these is seen.
    pub ready: Vec<Ready>,
    /// How long to wait for `ready` after the document has loaded before taking the page as it is.
    pub patience: Duration,
    /// How to bring more of a list into the page; none where one look is enough.
    pub paging: Option<Paging>,
    /// Whether to take a picture, and of what.
    pub picture: Option<Frame>,
}

/// Which page of a crawl a visit is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The profile's own page.
    Profile,
    /// A post's own page, by its id or code.
    Post(String),
}

/// A sign that the data has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ready {
    /// A response whose URL contains this has been received in full.
    Response(String),
    /// An element that matches this CSS selector is in the document.
    Element(String),
}

/// How to bring more items of a list into the page: scroll, and count what came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paging {
    /// Enough: stop when this many different items are there.
    pub want: usize,
    /// Enough as well: this many items whose ids fall from the first to the last. Those are newest first and none of them is
    /// pinned, so nothing newer is still to come. None where ids do not follow time.
    pub in_order: Option<usize>,
    /// Whose list it is, in lower case: answers with items of others alone are not counted. None where anybody's counts.
    pub of: Option<String>,
    /// Lists in kept responses.
    pub lists: Vec<ResponseList>,
    /// A CSS selector whose matches in the document are items, counted where no response carries the list.
    pub cards: Option<String>,
    /// At most this many scroll steps.
    pub max_steps: usize,
    /// Give up when this long passed without a new item.
    pub stall: Duration,
}

/// Where a list stands in a JSON response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseList {
    /// The response's URL contains this.
    pub url: String,
    /// Keys from the root to the array.
    pub list: Vec<String>,
    /// Keys from an array element to its id.
    pub id: Vec<String>,
    /// Keys from an array element to its author's name; empty where elements have none.
    pub owner: Vec<String>,
    /// Keys from the root to a boolean that says whether more can be had.
    pub more: Vec<String>,
}
