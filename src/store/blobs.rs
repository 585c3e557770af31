//! What the tables know of the blob store, so that it holds exactly what a row refers to. Blobs are uploaded before the
//! transaction and deleted after it; what falls in between is found here and swept.

use super::{Store, StoreError, limit};

impl Store {
    /// Keys whose last row was deleted, oldest first. Delete the blobs, then tell [`Store::blobs_gone`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn doomed_blobs(&self, rows: usize) -> Result<Vec<String>, StoreError> {
        // A key may have been written again since: then it is in use, and stays.
        let sql = "
            delete from doomed_blobs
            where exists (select from crawl_history where screenshot_key = key)
               or exists (select from crawl_history where capture_key = key)
               or exists (select from held_values where capture_key = key)";
        sqlx::query(sql).execute(&self.pool).await.map_err(|e| self.error(e))?;
        sqlx::query_scalar("select key from doomed_blobs order by since, key limit $1")
            .bind(limit(rows))
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.error(e))
    }

    /// These blobs are deleted.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn blobs_gone(&self, keys: &[String]) -> Result<(), StoreError> {
        let query = sqlx::query("delete from doomed_blobs where key = any($1)").bind(keys);
        query.execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }

    /// Which of these keys no row refers to. A blob that was uploaded a moment ago may have its row coming: ask only for
    /// blobs older than a job may take.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unreferenced_blobs(&self, keys: &[String]) -> Result<Vec<String>, StoreError> {
        let sql = "
            select key from unnest($1::text[]) as given (key)
            where not exists (select from crawl_history where screenshot_key = key)
              and not exists (select from crawl_history where capture_key = key)
              and not exists (select from held_values where capture_key = key)";
        sqlx::query_scalar(sql).bind(keys).fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }
}
