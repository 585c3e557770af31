//! Events that wait to be told. Whoever tells them takes some for a while: what is neither told nor given back by then is
//! taken again, so an event is told at least once, in the order of its rows as far as nothing fails.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;

use super::lease::clean;
use super::save::OutboxEvent;
use super::{Store, StoreError, limit, micros};

/// An event that waits.
#[derive(Debug, Clone, PartialEq, Serialize, FromRow)]
pub struct OutboxRow {
    /// The row.
    pub id: i64,
    /// The event's word.
    pub kind: String,
    /// What makes it the same event: for the receiver to drop repeats.
    pub event_key: String,
    /// What it says.
    pub payload: serde_json::Value,
    /// When it happened.
    pub created_at: DateTime<Utc>,
    /// How often telling it was begun.
    pub tries: i32,
}

/// How much lies and waits, for the metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Levels {
    /// Jobs in the dead-letter queue; counted up to [`LEVEL_MAX`].
    pub dead: u64,
    /// Events that wait to be told; counted up to [`LEVEL_MAX`].
    pub outbox: u64,
}

/// No level is counted further: it is asked for every few seconds, and more is as bad.
pub const LEVEL_MAX: u32 = 100_000;

impl Store {
    /// How much lies and waits.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn levels(&self) -> Result<Levels, StoreError> {
        let sql = "
            select (select count(*) from (select from jobs where state = 'dead' limit $1) dead),
                   (select count(*) from (select from outbox where delivered_at is null limit $1) waiting)";
        let (dead, outbox): (i64, i64) =
            sqlx::query_as(sql).bind(i64::from(LEVEL_MAX)).fetch_one(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(Levels { dead: dead.unsigned_abs(), outbox: outbox.unsigned_abs() })
    }

    /// Enters an event on its own; the same one again is entered once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell(&self, event: &OutboxEvent) -> Result<(), StoreError> {
        let sql = "insert into outbox (kind, event_key, payload) values ($1, $2, $3::json) on conflict do nothing";
        let payload = super::save::json_text(&event.payload).map_err(|e| self.error(e))?;
        let query = sqlx::query(sql).bind(clean(&event.kind)).bind(clean(&event.key)).bind(payload);
        query.execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }

    /// Takes up to `rows` events for `hold`; nobody else gets them before that is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_events(&self, rows: usize, hold: Duration) -> Result<Vec<OutboxRow>, StoreError> {
        let sql = "
            with taken as (
                select id from outbox where delivered_at is null and not_before <= now()
                order by not_before, id limit $1 for update skip locked
            ), held as (
                update outbox set not_before = now() + $2 * interval '1 microsecond', tries = tries + 1
                where id in (select id from taken)
                returning id, kind, event_key, payload, created_at, tries
            )
            select * from held order by id";
        sqlx::query_as(sql).bind(limit(rows)).bind(micros(hold)).fetch_all(&self.pool).await.map_err(|e| self.error(e))
    }

    /// These events are told.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_told(&self, ids: &[i64]) -> Result<(), StoreError> {
        let query =
            sqlx::query("update outbox set delivered_at = now(), last_error = null where id = any($1)").bind(ids);
        query.execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }

    /// This event could not be told; it comes again after the wait.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event_failed(&self, id: i64, after: Duration, error: &str) -> Result<(), StoreError> {
        let sql = "
            update outbox set not_before = now() + $2 * interval '1 microsecond', last_error = $3
            where id = $1 and delivered_at is null";
        let query = sqlx::query(sql).bind(id).bind(micros(after)).bind(clean(error));
        query.execute(&self.pool).await.map_err(|e| self.error(e))?;
        Ok(())
    }
}
