//! Keeping house: forgets what is older than the settings keep, deletes blobs that nothing refers to any more, and forgets
//! names of workers that are long gone. Each round is bounded; several containers may do it at once, for each step is
//! idempotent.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::rooms::Rooms;
use super::services::{Services, ServicesError};
use crate::blob::{BlobError, BlobStore};
use crate::model::job::PlatformId;
use crate::store::Store;
use crate::store::retention::Aging;

/// Rows deleted by one statement: short enough that nobody waits for its locks.
const ROWS: usize = 1_000;
/// Statements for one table in one round; the next round goes on.
const BATCHES: usize = 100;
/// Blobs looked at together.
const BLOBS: usize = 500;
/// Pages of the blob store listed in one round; the next round goes on where this one ended.
const PAGES: usize = 20;
/// A blob without a row may have its row coming for as long as a job can take; a day is far more.
const ORPHAN_AGE: chrono::Duration = chrono::Duration::days(1);
/// The silence after which a worker's name is forgotten, and how often it is looked for.
const WORKER_IDLE: Duration = Duration::from_hours(1);

/// What a round did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Rows forgotten.
    pub rows: u64,
    /// Blobs deleted whose last row had gone.
    pub doomed: u64,
    /// Blobs deleted that never got a row.
    pub orphans: u64,
}

/// Why keeping house stopped; the next round goes on.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    /// PostgreSQL or Redis.
    #[error(transparent)]
    Services(#[from] ServicesError),
    /// The blob store.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl From<crate::store::StoreError> for UpkeepError {
    fn from(error: crate::store::StoreError) -> Self {
        Self::Services(error.into())
    }
}

/// Keeps house until it is stopped.
pub(super) async fn run(rooms: &Rooms, services: &Services, stop: &CancellationToken) {
    let every = Duration::from_secs(rooms.config.engine.upkeep_every_s);
    let mut sweep = Sweep::default();
    let mut workers_swept = None;
    while !stop.is_cancelled() {
        let round = async {
            let mut kept = Kept { rows: forget(&services.store).await?, ..Kept::default() };
            kept.doomed = delete_doomed(&services.store, &rooms.blobs).await?;
            let platforms: Vec<PlatformId> = rooms.platform_ids().cloned().collect();
            kept.orphans = sweep.round(&services.store, &rooms.blobs, &platforms, rooms.clock.now()).await?;
            Ok::<_, UpkeepError>(kept)
        };
        match tokio::select! { done = round => done, () = stop.cancelled() => return } {
            Ok(kept) if kept == Kept::default() => {}
            Ok(kept) => {
                tracing::info!(
                    rows = kept.rows,
                    doomed = kept.doomed,
                    orphans = kept.orphans,
                    "old rows and blobs are gone"
                );
            }
            Err(error) => tracing::warn!(%error, "old rows and blobs could not all be deleted; the next round goes on"),
        }
        let now = rooms.clock.uptime();
        if workers_swept.is_none_or(|at| now.saturating_sub(at) >= WORKER_IDLE) {
            workers_swept = Some(now);
            if let Err(error) = services.queue.sweep_workers(WORKER_IDLE).await {
                tracing::debug!(%error, "names of gone workers could not be forgotten");
            }
        }
        let _ = tokio::time::timeout(every, stop.cancelled()).await;
    }
}

/// Forgets rows that are older than the settings keep them; answers how many.
///
/// # Errors
/// When the database fails.
pub async fn forget(store: &Store) -> Result<u64, UpkeepError> {
    let mut rows = 0;
    for table in Aging::ALL {
        for _ in 0..BATCHES {
            let gone = store.forget_old(table, ROWS).await?;
            rows += gone;
            if gone == 0 {
                break;
            }
        }
    }
    Ok(rows)
}

/// Deletes blobs whose last row has gone; answers how many.
///
/// # Errors
/// When the database or the blob store fails; what is left stays doomed.
pub async fn delete_doomed(store: &Store, blobs: &BlobStore) -> Result<u64, UpkeepError> {
    let mut deleted = 0;
    for _ in 0..BATCHES {
        let keys = store.doomed_blobs(BLOBS).await?;
        if keys.is_empty() {
            break;
        }
        for key in &keys {
            match blobs.delete(key).await {
                // A key that is none in this store was never stored here.
                Ok(()) | Err(BlobError::BadKey { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        store.blobs_gone(&keys).await?;
        deleted += u64::try_from(keys.len()).unwrap_or(u64::MAX);
    }
    Ok(deleted)
}

/// Looks through the blob store for blobs without a row, some pages a round, platform by platform.
#[derive(Debug, Default)]
pub struct Sweep {
    /// Where each platform's listing goes on.
    after: BTreeMap<PlatformId, String>,
}

impl Sweep {
    /// The next pages; deletes what is older than a day and has no row; answers how much.
    ///
    /// # Errors
    /// When the database or the blob store fails.
    pub async fn round(
        &mut self,
        store: &Store,
        blobs: &BlobStore,
        platforms: &[PlatformId],
        now: DateTime<Utc>,
    ) -> Result<u64, UpkeepError> {
        let mut deleted = 0;
        for platform in platforms {
            // Only what workers wrote: pictures of crawls in process have no rows and are their owner's.
            let prefix = format!("{platform}/");
            for _ in 0..PAGES {
                let page = blobs.list(&prefix, self.after.get(platform).map(String::as_str), BLOBS).await?;
                let Some(last) = page.last() else {
                    self.after.remove(platform);
                    break;
                };
                self.after.insert(platform.clone(), last.key.clone());
                let old = |modified: Option<DateTime<Utc>>| modified.is_some_and(|at| at < now - ORPHAN_AGE);
                let keys: Vec<String> =
                    page.into_iter().filter(|blob| old(blob.modified)).map(|blob| blob.key).collect();
                for key in store.unreferenced_blobs(&keys).await? {
                    blobs.delete(&key).await?;
                    deleted += 1;
                }
            }
        }
        Ok(deleted)
    }
}
