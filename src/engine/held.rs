//! What becomes of values that were held back: released into the crawl that read them, or dropped.

use super::past::{self, PastError};
use super::plausible;
use super::selectors;
use crate::blob::BlobStore;
use crate::model::document::Document;
use crate::store::held::{Decision, Held};
use crate::store::save::rederive::PastFilter;
use crate::store::{Store, StoreError};

/// Believes a held value after all: it is put into the document of its crawl, and the crawl is written again. Doing it
/// twice does it once. None where no such value is held.
///
/// # Errors
/// When the crawl's document is no longer kept, or a server fails; the value stays held then.
pub async fn release(store: &Store, blobs: &BlobStore, id: i64, by: &str) -> Result<Option<Held>, PastError> {
    let Some(held) = find(store, id).await? else { return Ok(None) };
    let crawl = held.crawl_id.unwrap_or_default();
    let stored = store.stored_crawl(crawl).await?.ok_or(PastError::Forgotten { crawl, what: "document" })?;
    let damaged = |detail: String| PastError::Document { crawl, detail };
    let mut document: Document = serde_json::from_str(&stored.document).map_err(|error| damaged(error.to_string()))?;
    if !plausible::put(&mut document, &held.path, held.value.clone()) {
        return Err(damaged(format!("it has no place {:?}", held.path)));
    }
    // Where the value came from, and how exact it is, stands in the capture; without it the value stands alone.
    if let Some(whole) = read_again(store, blobs, crawl, &document).await {
        let beneath = format!("{}.", held.path);
        let notes = whole.fields.into_iter().filter(|(path, _)| *path == held.path || path.starts_with(&beneath));
        document.fields.extend(notes);
    }
    store.rederive(crawl, &document).await?;
    Ok(store.decide_held(id, Decision::Release, by).await?)
}

/// A held value is wrong: it stays where no fact is, and is listed no more. None where no such value is held.
///
/// # Errors
/// When the database fails.
pub async fn drop_value(store: &Store, id: i64, by: &str) -> Result<Option<Held>, StoreError> {
    store.decide_held(id, Decision::Drop, by).await
}

async fn find(store: &Store, id: i64) -> Result<Option<Held>, StoreError> {
    let first = store.held(None, Some(id.saturating_sub(1)), 1).await?;
    Ok(first.into_iter().find(|held| held.id == id))
}

async fn read_again(store: &Store, blobs: &BlobStore, crawl: i64, document: &Document) -> Option<Document> {
    let filter = PastFilter { crawl: Some(crawl), ..PastFilter::default() };
    let past = store.past_crawls(&filter, None, 1).await.ok()?.pop()?;
    let version = past.selectors_version.clone()?;
    let version = store.selector_version(past.target.platform.as_str(), &version).await.ok()??;
    let set = selectors::ready(&version).ok()?;
    past::read(blobs, &past, &set, document.coverage.requested).await.ok()
}
