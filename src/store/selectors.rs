//! Selector versions and the pointers to them. A version never changes (the database itself refuses); what moves is its
//! state and the pointers, and each move writes its event in the same transaction, so that the story is whole.

mod story;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;

pub use self::story::SelectorEvent;
use super::lease::clean;
use super::{Store, StoreError};

/// One immutable version.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct SelectorVersion {
    /// The platform's name.
    pub platform: String,
    /// As in `v1`.
    pub version: String,
    /// What it was made from.
    pub parent: Option<String>,
    /// The template it was learned from; none: for all.
    pub fingerprint: Option<String>,
    /// Why it is believed.
    pub evidence: serde_json::Value,
    /// `file`, `heal` or a person.
    pub author: String,
    /// The set, as TOML.
    pub body: String,
    /// `candidate`, `replay`, `shadow`, `canary`, `active`, `retired` or `forbidden`.
    pub state: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// What a pointer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// Its values count.
    Active,
    /// Its values count on some pages, marked with the version.
    Canary,
    /// It runs beside and writes nothing.
    Shadow,
}

impl Slot {
    /// The word in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Canary => "canary",
            Self::Shadow => "shadow",
        }
    }
}

/// Which version is used for a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub struct Pointer {
    /// The platform's name.
    pub platform: String,
    /// The template; empty: all that have no row of their own.
    pub fingerprint: String,
    /// `active`, `canary` or `shadow`.
    pub slot: String,
    /// The version.
    pub version: String,
    /// Whether a person fixed it.
    pub pinned: bool,
    /// Since when.
    pub moved_at: DateTime<Utc>,
}

/// Moving a pointer.
#[derive(Debug, Clone, Copy)]
pub struct Move<'a> {
    /// The platform's name.
    pub platform: &'a str,
    /// The template; empty: all others.
    pub fingerprint: &'a str,
    /// Which pointer.
    pub slot: Slot,
    /// Where to; none takes the pointer away.
    pub version: Option<&'a str>,
    /// Where it must stand now for the move to be made: of two who promote at once, one wins.
    pub from: Option<&'a str>,
    /// Who moves it. Only a person (`actor` begins with `person`) moves a pinned one.
    pub actor: &'a str,
    /// Why.
    pub detail: &'a serde_json::Value,
}

impl Store {
    /// Enters a version with its event. The same version with the same body again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the version is there with another body; else when the database fails.
    pub async fn add_selectors(&self, version: &SelectorVersion) -> Result<(), StoreError> {
        let sql = "
            with added as (
                insert into selectors (platform, version, parent, fingerprint, evidence, author, body, state)
                values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning platform
            ), told as (
                insert into selector_events (platform, fingerprint, version, kind, actor, detail)
                select $1, coalesce($4, ''), $2, 'added', $6, jsonb_build_object('parent', $3::text, 'evidence', $5::jsonb)
                from added
            )
            select exists (select from added)
                or exists (select from selectors where platform = $1 and version = $2 and body = $7)";
        let fits: bool = sqlx::query_scalar(sql)
            .bind(&version.platform)
            .bind(&version.version)
            .bind(&version.parent)
            .bind(&version.fingerprint)
            .bind(&version.evidence)
            .bind(&version.author)
            .bind(&version.body)
            .bind(&version.state)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        if fits {
            return Ok(());
        }
        Err(StoreError::Damaged {
            what: format!("selector version {}/{}", version.platform, version.version),
            detail: "it is stored with another text; a version never changes, give the new text a new version"
                .to_owned(),
        })
    }

    /// One version.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn selector_version(&self, platform: &str, version: &str) -> Result<Option<SelectorVersion>, StoreError> {
        let sql = "
            select platform, version, parent, fingerprint, evidence, author, body, state, created_at
            from selectors where platform = $1 and version = $2";
        sqlx::query_as(sql).bind(platform).bind(version).fetch_optional(&self.pool).await.map_err(|e| self.error(e))
    }

    /// All versions of a platform, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn selector_versions(&self, platform: &str) -> Result<Vec<SelectorVersion>, StoreError> {
        let sql = "
            select platform, version, parent, fingerprint, evidence, author, body, state, created_at
            from selectors where platform = $1 order by created_at, version";
        sqlx::query_as(sql).bind(platform).fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }

    /// Moves a version to another state, with its event; `from` must be its present one. Answers whether it did.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_selectors_state(
        &self,
        (platform, version): (&str, &str),
        from: &str,
        to: &str,
        actor: &str,
        detail: &serde_json::Value,
    ) -> Result<bool, StoreError> {
        let sql = "
            with moved as (
                update selectors set state = $4 where platform = $1 and version = $2 and state = $3
                returning fingerprint
            ), told as (
                insert into selector_events (platform, fingerprint, version, kind, actor, detail)
                select $1, coalesce(fingerprint, ''), $2, 'state', $5,
                    jsonb_build_object('from', $3::text, 'to', $4::text, 'why', $6::jsonb)
                from moved
            )
            select exists (select from moved)";
        sqlx::query_scalar(sql)
            .bind(platform)
            .bind(version)
            .bind(from)
            .bind(to)
            .bind(clean(actor))
            .bind(detail)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| self.error(e))
    }

    /// Every pointer of a platform.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn selector_pointers(&self, platform: &str) -> Result<Vec<Pointer>, StoreError> {
        let sql = "
            select platform, fingerprint, slot, version, pinned, moved_at from selector_pointers
            where platform = $1 order by fingerprint, slot";
        sqlx::query_as(sql).bind(platform).fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }

    /// Moves a pointer, with its event. Answers false where it does not stand at `from` (any more), is pinned, or the new
    /// version is forbidden.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn move_selectors(&self, step: &Move<'_>) -> Result<bool, StoreError> {
        let mut transaction = self.pool.begin().await.map_err(|e| self.error(e))?;
        // A row that is not there cannot be locked: two first moves at once are kept apart by this lock.
        sqlx::query("select pg_advisory_xact_lock(hashtextextended($1 || '/' || $2 || '/' || $3, 0))")
            .bind(step.platform)
            .bind(step.fingerprint)
            .bind(step.slot.as_str())
            .execute(&mut *transaction)
            .await
            .map_err(|e| self.error(e))?;
        let sql = "
            with present as (
                select version, pinned from selector_pointers where platform = $1 and fingerprint = $2 and slot = $3
            ), allowed as (
                select where (select version from present) is not distinct from $5
                  and not (coalesce((select pinned from present), false) and $6 not like 'person%')
                  and not exists (select from selectors
                                  where platform = $1 and version = $4 and state = 'forbidden')
            ), put as (
                insert into selector_pointers (platform, fingerprint, slot, version)
                select $1, $2, $3, $4 from allowed where $4::text is not null
                on conflict (platform, fingerprint, slot) do update set version = excluded.version, moved_at = now()
            ), taken as (
                delete from selector_pointers
                where platform = $1 and fingerprint = $2 and slot = $3 and $4::text is null
                  and exists (select from allowed)
            ), told as (
                insert into selector_events (platform, fingerprint, version, kind, actor, detail)
                select $1, $2, coalesce($4, $5), 'moved', $6,
                    jsonb_build_object('slot', $3::text, 'from', $5::text, 'to', $4::text, 'why', $7::jsonb)
                from allowed
            )
            select exists (select from allowed)";
        let moved: bool = sqlx::query_scalar(sql)
            .bind(step.platform)
            .bind(step.fingerprint)
            .bind(step.slot.as_str())
            .bind(step.version)
            .bind(step.from)
            .bind(clean(step.actor))
            .bind(step.detail)
            .fetch_one(&mut *transaction)
            .await
            .map_err(|e| self.error(e))?;
        transaction.commit().await.map_err(|e| self.error(e))?;
        Ok(moved)
    }

    /// Fixes or frees a pointer. Answers whether it is there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pin_selectors(
        &self,
        (platform, fingerprint): (&str, &str),
        slot: Slot,
        pin: Pin,
        actor: &str,
    ) -> Result<bool, StoreError> {
        let sql = "
            with pinned as (
                update selector_pointers set pinned = $4 where platform = $1 and fingerprint = $2 and slot = $3
                returning version
            ), told as (
                insert into selector_events (platform, fingerprint, version, kind, actor, detail)
                select $1, $2, version, case when $4 then 'pinned' else 'unpinned' end, $5, jsonb_build_object('slot', $3::text)
                from pinned
            )
            select exists (select from pinned)";
        sqlx::query_scalar(sql)
            .bind(platform)
            .bind(fingerprint)
            .bind(slot.as_str())
            .bind(pin == Pin::Fixed)
            .bind(clean(actor))
            .fetch_one(&self.pool)
            .await
            .map_err(|e| self.error(e))
    }
}

/// Whether a pointer may be moved by the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// Only a person moves it.
    Fixed,
    /// Promotions and rollbacks move it.
    Free,
}
