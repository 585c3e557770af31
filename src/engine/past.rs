//! Past crawls, read again from their captures: by the selectors that are in force now or by any others. Pure but for
//! fetching: the same capture and the same selectors give the same document, byte for byte.

use serde::Serialize;
use serde_json::Value;

use super::{drift, plausible};
use crate::blob::{BlobError, BlobStore};
use crate::extract::archive::{self, UnpackError};
use crate::model::capture::Capture;
use crate::model::document::Document;
use crate::model::selectors::SelectorSet;
use crate::platform;
use crate::store::save::rederive::{PastCrawl, StoredCrawl};
use crate::store::{Store, StoreError};

/// What of a document says when and by what it was made, not what the page says.
const CIRCUMSTANCES: [&str; 5] = ["fields", "selectors", "screenshot", "duration_ms", "observed_at"];

/// Why a past crawl cannot be read again.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The capture is not there, or its store is away.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The capture is damaged.
    #[error("the capture {key:?} cannot be read: {source}")]
    Capture {
        /// Its key.
        key: String,
        /// What is wrong with it.
        source: UnpackError,
    },
    /// What was stored cannot be read.
    #[error("the document of crawl {crawl} is damaged: {detail}")]
    Document {
        /// The crawl.
        crawl: i64,
        /// What is wrong with it.
        detail: String,
    },
    /// The document or the capture has been forgotten.
    #[error("crawl {crawl}: its {what} is no longer kept (store.keep_jobs_days, store.keep_crawls_days)")]
    Forgotten {
        /// The crawl.
        crawl: i64,
        /// `document` or `capture`.
        what: &'static str,
    },
    /// A platform that this program does not know.
    #[error("unknown platform {0:?}")]
    UnknownPlatform(String),
}

/// A value that differs between two documents of one crawl.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// `profile.followers`, `posts.<id>.views`; `posts.<id>` for a post that only one of them has.
    pub path: String,
    /// What was stored.
    pub before: Value,
    /// What is read now.
    pub after: Value,
}

/// A past crawl with its stored document and what is read of its capture now.
#[derive(Debug, Clone)]
pub struct Reread {
    /// What was stored.
    pub before: Document,
    /// What is read now; values that are held back are held back here too.
    pub after: Document,
}

impl Reread {
    /// What differs, in the document's order.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        differences(&self.before, &self.after)
    }
}

/// Reads a past crawl again.
///
/// # Errors
/// When its document or its capture is not there any more, or cannot be read.
pub async fn reread(
    (store, blobs): (&Store, &BlobStore),
    past: &PastCrawl,
    selectors: &SelectorSet,
) -> Result<Reread, PastError> {
    let crawl = past.crawl;
    let stored: StoredCrawl =
        store.stored_crawl(crawl).await?.ok_or(PastError::Forgotten { crawl, what: "document" })?;
    let before: Document = serde_json::from_str(&stored.document)
        .map_err(|error| PastError::Document { crawl, detail: error.to_string() })?;
    let mut after = read(blobs, past, selectors, before.coverage.requested).await?;
    plausible::withhold(&mut after, &stored.held);
    after.screenshot.clone_from(&before.screenshot);
    drift::note_still_missing(&before, &mut after);
    Ok(Reread { before, after })
}

/// Reads a past crawl's capture, whatever was stored of it.
///
/// # Errors
/// When its capture is not there any more, or cannot be read.
pub async fn read(
    blobs: &BlobStore,
    past: &PastCrawl,
    selectors: &SelectorSet,
    requested: u16,
) -> Result<Document, PastError> {
    let capture = capture(blobs, past).await?;
    read_capture(past, &capture, selectors, requested)
}

/// Reads what the site answered to a past crawl.
///
/// # Errors
/// When this program does not know its platform.
pub fn read_capture(
    past: &PastCrawl,
    capture: &Capture,
    selectors: &SelectorSet,
    requested: u16,
) -> Result<Document, PastError> {
    let id = &past.target.platform;
    let site = platform::get(id).ok_or_else(|| PastError::UnknownPlatform(id.to_string()))?;
    Ok(platform::read(site.as_ref(), capture, selectors, requested))
}

/// What the site answered to a past crawl.
///
/// # Errors
/// When it is not there any more, or cannot be read.
pub async fn capture(blobs: &BlobStore, past: &PastCrawl) -> Result<Capture, PastError> {
    let key = past.capture_key.as_deref().ok_or(PastError::Forgotten { crawl: past.crawl, what: "capture" })?;
    let packed = match blobs.get(key).await {
        Ok(packed) => packed,
        Err(BlobError::NotFound { .. }) => {
            return Err(PastError::Forgotten { crawl: past.crawl, what: "capture" });
        }
        Err(error) => return Err(error.into()),
    };
    archive::unpack(&packed).map_err(|source| PastError::Capture { key: key.to_owned(), source })
}

/// What differs between two documents of one crawl, in their order; posts are compared by their ids.
#[must_use]
pub fn differences(before: &Document, after: &Document) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", &comparable(before), &comparable(after), &mut found);
    found
}

/// What differs between two values, leaf by leaf; a list is one leaf.
#[must_use]
pub fn value_differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    compare("", before, after, &mut found);
    found
}

/// A document as a tree whose posts are keyed by their ids.
fn comparable(document: &Document) -> Value {
    let mut tree = serde_json::to_value(document).unwrap_or_default();
    let Some(map) = tree.as_object_mut() else { return tree };
    for key in CIRCUMSTANCES {
        map.shift_remove(key);
    }
    if let Some(Value::Array(posts)) = map.get_mut("posts").map(Value::take) {
        let keyed =
            posts.into_iter().map(|post| (post.get("id").and_then(Value::as_str).unwrap_or_default().to_owned(), post));
        map.insert("posts".to_owned(), Value::Object(keyed.collect()));
    }
    tree
}

fn compare(path: &str, before: &Value, after: &Value, found: &mut Vec<Difference>) {
    let (Value::Object(left), Value::Object(right)) = (before, after) else {
        if before != after {
            found.push(Difference { path: path.to_owned(), before: before.clone(), after: after.clone() });
        }
        return;
    };
    let here = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    for (key, value) in left {
        compare(&here(key), value, right.get(key).unwrap_or(&Value::Null), found);
    }
    for (key, value) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
        compare(&here(key), &Value::Null, value, found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn differences_are_told_leaf_by_leaf_in_the_order_of_the_document() {
        let before = json!({"a": 1, "posts": {"1": {"views": 5, "tags": ["x"]}, "2": {"views": 6}}});
        let after = json!({"a": 1, "posts": {"1": {"views": 7, "tags": ["y"]}, "3": {"views": 8}}, "b": null});
        let told: Vec<_> =
            value_differences(&before, &after).into_iter().map(|d| (d.path, d.before, d.after)).collect();
        assert_eq!(
            told,
            [
                ("posts.1.views".to_owned(), json!(5), json!(7)),
                ("posts.1.tags".to_owned(), json!(["x"]), json!(["y"])),
                ("posts.2".to_owned(), json!({"views": 6}), json!(null)),
                ("posts.3".to_owned(), json!(null), json!({"views": 8})),
            ]
        );
    }
}
