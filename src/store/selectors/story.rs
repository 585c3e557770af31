//! The story of a platform's selectors: lines that are only ever added.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;

use crate::store::lease::clean;
use crate::store::{Store, StoreError, limit};

/// A line of the story.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct SelectorEvent {
    /// The row; 0 for one that is to be written.
    pub id: i64,
    /// When; ignored for one that is to be written, the database's time counts.
    pub at: DateTime<Utc>,
    /// The platform's name.
    pub platform: String,
    /// The template; empty where none is meant.
    pub fingerprint: String,
    /// The version.
    pub version: Option<String>,
    /// What happened: `added`, `state`, `moved`, `refused`, `field_gone` …
    pub kind: String,
    /// Who did it.
    pub actor: String,
    /// The details.
    pub detail: serde_json::Value,
}

impl Store {
    /// Adds a line to the story, as a refusal that is to be remembered for its template.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_selectors(&self, event: &SelectorEvent) -> Result<(), StoreError> {
        let sql = "
            insert into selector_events (platform, fingerprint, version, kind, actor, detail)
            values ($1, $2, $3, $4, $5, $6)";
        sqlx::query(sql)
            .bind(&event.platform)
            .bind(&event.fingerprint)
            .bind(&event.version)
            .bind(&event.kind)
            .bind(clean(&event.actor))
            .bind(&event.detail)
            .execute(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        Ok(())
    }

    /// How this version last came into force, as (what was in force there before, who moved the pointer); none where no move says so.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn came_into_force(
        &self,
        platform: &str,
        version: &str,
    ) -> Result<Option<(Option<String>, String)>, StoreError> {
        let sql = "
            select detail->>'from', actor from selector_events
            where platform = $1 and version = $2 and kind = 'moved' and detail->>'slot' = 'active'
              and detail->>'to' = $2
            order by detail->>'from' is null, id desc limit 1";
        let query = sqlx::query_as(sql).bind(platform).bind(version);
        query.fetch_optional(&self.pool).await.map_err(|e| self.error(e))
    }

    /// A page of the story, newest first, before the row `before`; of one template, or of all.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn selector_events(
        &self,
        platform: &str,
        fingerprint: Option<&str>,
        before: Option<i64>,
        rows: usize,
    ) -> Result<Vec<SelectorEvent>, StoreError> {
        let sql = "
            select id, at, platform, fingerprint, version, kind, actor, detail from selector_events
            where platform = $1 and ($2::text is null or fingerprint = $2) and ($3::bigint is null or id < $3)
            order by id desc limit $4";
        sqlx::query_as(sql)
            .bind(platform)
            .bind(fingerprint)
            .bind(before)
            .bind(limit(rows))
            .fetch_all(&self.pool)
            .await
            .map_err(|e| self.error(e))
    }
}
