//! Values that were read and are not believed: listed, released or dropped. Releasing only takes the decision and hands the
//! value over; who released it writes the crawl again with it ([`Store::rederive`]), so that there is one way into the
//! tables of facts. A page that is doubted as a whole is saved without a profile and with its document held back: its crawl
//! has a row to be written again.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;

use super::lease::{clean, fence};
use super::save::HeldValue;
use super::{Store, StoreError, limit};
use crate::model::job::{JobId, Target};

/// A value held back.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct Held {
    /// The row.
    pub id: i64,
    /// The crawl that read it, where one was saved.
    pub crawl_id: Option<i64>,
    /// The job.
    pub job_id: String,
    /// The platform's name.
    pub platform: String,
    /// The handle crawled.
    pub handle: String,
    /// Where it stands in the document.
    pub path: String,
    /// The value.
    pub value: serde_json::Value,
    /// Why it is not believed.
    pub reason: String,
    /// The page's template.
    pub fingerprint: Option<String>,
    /// Which selectors read it.
    pub selectors_version: Option<String>,
    /// The capture it was read from.
    pub capture_key: Option<String>,
    /// `held`, `released` or `dropped`.
    pub state: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// What becomes of a held value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It was right after all.
    Release,
    /// It was wrong.
    Drop,
}

/// Values held back outside a save, as when a whole page is doubted before anything of it is written.
#[derive(Debug, Clone, Copy)]
pub struct Hold<'a> {
    /// The job.
    pub job: &'a JobId,
    /// The lease's fence.
    pub fence: u64,
    /// What was asked for.
    pub target: &'a Target,
    /// The page's template.
    pub fingerprint: Option<&'a str>,
    /// Which selectors read it.
    pub selectors_version: Option<&'a str>,
    /// The capture it was read from.
    pub capture_key: Option<&'a str>,
    /// The values.
    pub values: &'a [HeldValue],
}

const COLUMNS: &str = "id, crawl_id, job_id, platform, handle, path, value, reason, fingerprint, selectors_version, \
                       capture_key, state, created_at";

impl Store {
    /// Holds values back; the same ones again are entered once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hold(&self, hold: &Hold<'_>) -> Result<(), StoreError> {
        let sql = "
            insert into held_values (job_id, fence, platform, handle, path, value, reason, fingerprint,
                selectors_version, capture_key)
            select $1, $2, $3, $4, path, value, reason, $5, $6, $7
            from json_to_recordset($8::json) as held (path text, value json, reason text)
            on conflict do nothing";
        let values = super::save::json_text(&hold.values).map_err(|e| self.error(e))?;
        sqlx::query(sql)
            .bind(hold.job.as_str())
            .bind(fence(hold.fence))
            .bind(hold.target.platform.as_str())
            .bind(hold.target.handle.as_str())
            .bind(hold.fingerprint)
            .bind(hold.selectors_version)
            .bind(hold.capture_key)
            .bind(values)
            .execute(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        Ok(())
    }

    /// A page of what is held, oldest first, after the row `after`; of one platform and template, or of all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held(
        &self,
        template: Option<(&str, &str)>,
        after: Option<i64>,
        rows: usize,
    ) -> Result<Vec<Held>, StoreError> {
        let sql = format!(
            "select {COLUMNS} from held_values
             where state = 'held' and tenant_id = app_tenant() and ($1::bigint is null or id > $1)
               and ($2::text is null or (platform = $2 and fingerprint = $3))
             order by id limit $4"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .persistent(false)
            .bind(after)
            .bind(template.map(|template| template.0))
            .bind(template.map(|template| template.1))
            .bind(limit(rows))
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.error(e))
    }

    /// What is or was held of a crawl beneath the whole, as (path, value, state).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn held_of_crawl(&self, crawl: i64) -> Result<Vec<(String, serde_json::Value, String)>, StoreError> {
        let sql = "
            select path, value, state from held_values
            where tenant_id = app_tenant() and crawl_id = $1 and path <> 'document' order by id limit 10000";
        sqlx::query_as(sql).bind(crawl).fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }

    /// Holds back what another version reads of a crawl, in place of what was held of it before; what somebody has decided
    /// about the same value stands.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hold_again(
        &self,
        crawl: i64,
        version: &str,
        values: &[HeldValue],
        by: &str,
    ) -> Result<(), StoreError> {
        let sql = "
            with given as (
                select * from json_to_recordset($3::json) as held (path text, value json, reason text)
            ), gone as (
                update held_values set state = 'dropped', decided_at = now(), decided_by = $4
                where tenant_id = app_tenant() and crawl_id = $1 and state = 'held' and path <> 'document'
                  and path not in (select path from given)
            )
            insert into held_values as known (crawl_id, job_id, fence, platform, handle, path, value, reason,
                fingerprint, selectors_version, capture_key)
            select id, job_id, fence, platform, handle, path, value, reason, fingerprint, $2, capture_key
            from crawl_history, given where tenant_id = app_tenant() and id = $1
            on conflict (tenant_id, job_id, fence, path) do update set value = excluded.value,
                reason = excluded.reason, selectors_version = excluded.selectors_version, state = 'held',
                decided_at = null, decided_by = null
            where known.path = 'document' or known.state = 'held' or known.value::text <> excluded.value::text";
        let values = super::save::json_text(&values).map_err(|e| self.error(e))?;
        let query = sqlx::query(sql).bind(crawl).bind(version).bind(values).bind(clean(by));
        query.execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }

    /// A crawl's page is held as a whole no longer.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_page(&self, crawl: i64, by: &str) -> Result<(), StoreError> {
        let sql = "
            update held_values set state = 'released', decided_at = now(), decided_by = $2
            where tenant_id = app_tenant() and crawl_id = $1 and path = 'document' and state = 'held'";
        sqlx::query(sql).bind(crawl).bind(clean(by)).execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }

    /// Decides on a held value and answers it; none where it is decided already or is not there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decide_held(&self, id: i64, decision: Decision, by: &str) -> Result<Option<Held>, StoreError> {
        let state = match decision {
            Decision::Release => "released",
            Decision::Drop => "dropped",
        };
        let sql = format!(
            "update held_values set state = $2, decided_at = now(), decided_by = $3
             where tenant_id = app_tenant() and id = $1 and state = 'held' returning {COLUMNS}"
        );
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .bind(state)
            .bind(clean(by))
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.error(e))
    }
}
