//! Deleting a profile with everything that hangs on it. Rows go in one transaction; blobs are entered as doomed in the same
//! one and swept afterwards, so that a crash in between leaves work and not litter.

use serde::Serialize;

use super::{Store, StoreError};
use crate::model::job::Target;

/// What was deleted with a profile. Its blobs are doomed, not yet gone: see [`Store::doomed_blobs`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Deleted {
    /// Profiles (a handle may have had several).
    pub profiles: u64,
    /// Posts that no other profile shows.
    pub posts: u64,
    /// Crawls.
    pub crawls: u64,
    /// Jobs.
    pub jobs: u64,
    /// Captures and screenshots.
    pub blobs: u64,
}

impl Store {
    /// Deletes everything about the profile that has, or last had, this handle: rows, history, documents, and the crawls of
    /// the handle that never found a profile. Live jobs for it are cancelled first. Its captures and screenshots are entered
    /// as doomed in the same transaction.
    ///
    /// # Errors
    /// When the database fails; then nothing is deleted.
    pub async fn delete_profile(&self, target: &Target) -> Result<Deleted, StoreError> {
        let mut transaction = self.pool.begin().await.map_err(|e| self.error(e))?;
        let (platform, handle) = (target.platform.as_str(), target.handle.as_str());
        let mut deleted = Deleted::default();
        let steps: [(&str, Option<&mut u64>); 6] = [
            (include_str!("delete/handles.sql"), None),
            (include_str!("delete/blobs.sql"), Some(&mut deleted.blobs)),
            (include_str!("delete/jobs.sql"), Some(&mut deleted.jobs)),
            (include_str!("delete/posts.sql"), Some(&mut deleted.posts)),
            (include_str!("delete/crawls.sql"), Some(&mut deleted.crawls)),
            (include_str!("delete/profiles.sql"), Some(&mut deleted.profiles)),
        ];
        for (sql, count) in steps {
            let query = sqlx::query(sql).bind(platform).bind(handle);
            let done = query.execute(&mut *transaction).await.map_err(|e| self.error(e))?;
            if let Some(count) = count {
                *count = done.rows_affected();
            }
        }
        transaction.commit().await.map_err(|e| self.error(e))?;
        Ok(deleted)
    }
}
