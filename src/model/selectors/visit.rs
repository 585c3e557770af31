//! How a browser gets at a site's data: what it waits for and how it pages.

use serde::{Deserialize, Serialize};

/// How a browser gets at the data: waits and paging for `model::visit::Visit`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VisitHints {
    /// On the profile's page.
    pub profile: PageHints,
    /// Whether larger ids are newer posts, so that a list in the order of its ids hides no newer one behind its end.
    #[serde(default)]
    pub ids_in_time: bool,
    /// On a post's own page, for platforms where it shows what the profile does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post: Option<PageHints>,
    /// The counts that make a post's own page worth a visit when they are missing, as in `likes`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub post_wants: Vec<String>,
    /// How many posts beyond those wanted are collected, because pinned ones come first and out of order.
    #[serde(default)]
    pub pinned_allowance: u16,
}

/// What to keep and to wait for on one kind of page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageHints {
    /// Responses whose URL contains one of these are kept.
    #[serde(default)]
    pub keep: Vec<String>,
    /// The data is there when a response whose URL contains one of these has come.
    #[serde(default)]
    pub ready_responses: Vec<String>,
    /// … or when an element matches one of these.
    #[serde(default)]
    pub ready_elements: Vec<String>,
    /// How long to wait for either, in milliseconds.
    pub patience_ms: u64,
    /// How to bring more of the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paging: Option<PagingHints>,
}

/// How to bring more of a list into the page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagingHints {
    /// Lists in responses.
    #[serde(default)]
    pub lists: Vec<ListHint>,
    /// Elements that are items where no response carries the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cards: Option<String>,
    /// At most this many scroll steps.
    pub max_steps: usize,
    /// Give up when this long passed without a new item, in milliseconds.
    pub stall_ms: u64,
}

/// Where a list stands in a response: plain keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListHint {
    /// The response's URL contains this.
    pub url: String,
    /// Keys from the root to the array.
    pub list: Vec<String>,
    /// Keys from an element to its id.
    pub id: Vec<String>,
    /// Keys from an element to its author's name, where it has one: a page brings lists of others too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub owner: Vec<String>,
    /// Keys from the root to the boolean that says whether more can be had.
    pub more: Vec<String>,
    /// How the next page is asked for by the page's own `fetch`, without scrolling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow: Option<FollowHint>,
}

/// How a list's next page follows from the last one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowHint {
    /// Keys from the root of a response to the cursor of the next page.
    pub cursor: Vec<String>,
    /// The query parameter that takes it.
    pub param: String,
    /// Where the list is asked for by POST: the field of its form whose JSON holds `param`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// Query parameters that the page adds anew to each request, as signatures.
    #[serde(default)]
    pub drop: Vec<String>,
}
