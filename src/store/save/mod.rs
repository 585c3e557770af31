//! Saving what a crawl read: one transaction that finishes the job in the ledger and writes history, profile, posts,
//! counts and events, or nothing at all.
//!
//! Keyed by (job, fence) for the crawl, by the platform's ids for profile and posts, by (post, crawl) for counts: a crash
//! between commit and acknowledgement repeats work and never doubles a row. Round trips, on a warm connection: seven with
//! posts (begin, claim, look, profile, posts, history with events, commit), six without posts, five without a profile;
//! a first sight or a change of handle adds up to three. `tests/it/store/outside.rs` counts them.

pub mod changes;
mod forget;
mod identity;
mod posts;
mod profile;
mod record;
pub mod rederive;

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

pub use self::changes::{Change, Changes};
pub use self::record::CrawlRecord;
use super::freed::freed;
use super::lease::fence;
use super::{Store, StoreError};
use crate::model::document::Document;
use crate::model::job::{JobId, Target};

/// One crawl to be saved. The screenshot's key and URL stand in the document; it is uploaded before this is called.
#[derive(Debug, Clone, Copy)]
pub struct SaveCrawl<'a> {
    /// The job.
    pub job: &'a JobId,
    /// The lease's fence.
    pub fence: u64,
    /// What was asked for.
    pub target: &'a Target,
    /// What came out.
    pub document: &'a Document,
    /// When the crawl began.
    pub started_at: DateTime<Utc>,
    /// How long it took.
    pub duration: Duration,
    /// Attempts of this job before this one.
    pub retries: u32,
    /// The blob store's key of the capture.
    pub capture_key: Option<&'a str>,
    /// The HTTP status of the profile's page; where it is none, the evidence's counts.
    pub status: Option<u16>,
    /// A hash of the profile picture's content, where it was seen.
    pub picture_hash: Option<&'a str>,
    /// The page's template.
    pub fingerprint: Option<&'a str>,
    /// An error that left the outcome as it is, for a person.
    pub error: Option<&'a str>,
    /// Who crawled it.
    pub worker: &'a str,
    /// Values that were read and are not believed: kept aside, in no table of facts.
    pub held: &'a [HeldValue],
    /// Events to be told once this stands, beside `crawl_saved`.
    pub events: &'a [OutboxEvent],
}

/// A value that is kept aside.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct HeldValue {
    /// `profile.followers`, `posts.<id>.views`, or `document` for the whole of it.
    pub path: String,
    /// The value.
    pub value: serde_json::Value,
    /// Why it is not believed.
    pub reason: String,
}

/// An event for the outbox.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct OutboxEvent {
    /// The event's word.
    pub kind: String,
    /// What makes it the same event when it is written again.
    pub key: String,
    /// What it says.
    pub payload: serde_json::Value,
}

/// What saving did.
#[derive(Debug, Clone, PartialEq)]
pub struct Saved {
    /// The row in `crawl_history`.
    pub crawl: i64,
    /// The row in `profiles`, where one is known.
    pub profile: Option<i64>,
    /// What is different from what was stored before.
    pub changes: Changes,
    /// Jobs that joined this one and learn its result; those that asked for more than it gives are live again.
    pub joined: Vec<JobId>,
    /// This very crawl stood already (its commit's answer had been lost): nothing was written now and `changes` is empty.
    pub repeated: bool,
}

impl Store {
    /// Saves a crawl and finishes its job.
    ///
    /// # Errors
    /// [`StoreError::StaleWrite`] when the lease is not the present one: nothing is written. Else when the database fails.
    pub async fn save(&self, crawl: &SaveCrawl<'_>) -> Result<Saved, StoreError> {
        let mut transaction = self.pool.begin().await.map_err(|e| self.error(e))?;
        let connection: &mut PgConnection = &mut transaction;
        let record = CrawlRecord::of(crawl);
        let Some(crawl_id) = claim(connection, crawl, &record).await.map_err(|e| self.error(e))? else {
            drop(transaction);
            return self.repeated(crawl).await;
        };
        let observed_at = crawl.document.observed_at.unwrap_or(crawl.started_at);
        let write = Write { crawl_id, observed_at, target: crawl.target, document: crawl.document };
        let (profile, mut changes) =
            profile::write(connection, &write, crawl.picture_hash).await.map_err(|e| self.error(e))?;
        if let Some(profile) = profile
            && !crawl.document.posts.is_empty()
        {
            let judge = if crawl.held.iter().any(|held| held.path == "document" || held.path.starts_with("posts")) {
                posts::Judge::Nothing
            } else {
                posts::Judge::of(crawl.document)
            };
            posts::write(connection, &write, profile, judge, &mut changes).await.map_err(|e| self.error(e))?;
        }
        let joined = conclude(connection, crawl, crawl_id, profile, &changes).await.map_err(|e| self.error(e))?;
        transaction.commit().await.map_err(|e| self.error(e))?;
        Ok(Saved { crawl: crawl_id, profile, changes, joined, repeated: false })
    }

    /// The claim changed no row: either this crawl stands already, or its lease is stale.
    async fn repeated(&self, crawl: &SaveCrawl<'_>) -> Result<Saved, StoreError> {
        let sql = "
            select crawl_history.id, crawl_history.profile_id
            from crawl_history join jobs on jobs.tenant_id = crawl_history.tenant_id and jobs.id = crawl_history.job_id
            where crawl_history.tenant_id = app_tenant() and job_id = $1 and crawl_history.fence = $2
              and jobs.fence = $2 and jobs.state = 'done'";
        let stands: Option<(i64, Option<i64>)> = sqlx::query_as(sql)
            .bind(crawl.job.as_str())
            .bind(fence(crawl.fence))
            .fetch_optional(&self.pool)
            .await
            .map_err(|e| self.error(e))?;
        match stands {
            None => Err(self.stale(crawl.job.as_str(), fence(crawl.fence))),
            Some((id, profile)) => Ok(Saved {
                crawl: id,
                profile,
                changes: Changes::default(),
                joined: self.joined(crawl.job).await?,
                repeated: true,
            }),
        }
    }
}

/// What every part of a save needs to know.
#[derive(Debug, Clone, Copy)]
struct Write<'a> {
    crawl_id: i64,
    observed_at: DateTime<Utc>,
    target: &'a Target,
    document: &'a Document,
}

/// Finishes the job under its fence and enters the crawl; none where the lease is not the present one.
async fn claim(
    connection: &mut PgConnection,
    crawl: &SaveCrawl<'_>,
    record: &CrawlRecord<'_>,
) -> Result<Option<i64>, sqlx::Error> {
    let sql = "
        with claim as (
            update jobs set state = 'done', finished_at = now(), worker = null, reason = null, outcome = $3,
                document = $4::json
            where tenant_id = app_tenant() and id = $1 and fence = $2 and state in ('queued', 'leased')
            returning id
        )
        insert into crawl_history (job_id, fence, platform, handle, url, started_at, duration_ms, status, outcome,
            evidence, error, retries, selectors_version, posts_requested, posts_got, coverage_reason, screenshot_key,
            screenshot_url, screenshot_bytes, capture_key, fingerprint, worker)
        select id, $2, $5, $6, $7, $8, $9, $10, $3, $11::jsonb, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23
        from claim
        returning crawl_history.id";
    let document = json_text(crawl.document)?;
    let row = record.columns();
    sqlx::query_scalar(sql)
        .bind(crawl.job.as_str())
        .bind(fence(crawl.fence))
        .bind(row.outcome)
        .bind(document)
        .bind(row.platform)
        .bind(row.handle)
        .bind(row.url)
        .bind(row.started_at)
        .bind(row.duration_ms)
        .bind(row.status)
        .bind(row.evidence)
        .bind(row.error)
        .bind(row.retries)
        .bind(row.selectors_version)
        .bind(row.posts_requested)
        .bind(row.posts_got)
        .bind(row.coverage_reason)
        .bind(row.screenshot_key)
        .bind(row.screenshot_url)
        .bind(row.screenshot_bytes)
        .bind(row.capture_key)
        .bind(row.fingerprint)
        .bind(row.worker)
        .fetch_optional(connection)
        .await
}

/// The last statement: the crawl's profile, the values held back, the events; and who waited for this and is served by it.
async fn conclude(
    connection: &mut PgConnection,
    crawl: &SaveCrawl<'_>,
    crawl_id: i64,
    profile: Option<i64>,
    changes: &Changes,
) -> Result<Vec<JobId>, sqlx::Error> {
    let sql = concat!(
        "with ",
        freed!("$3"),
        ", placed as (
            update crawl_history set profile_id = $2 where id = $1 and $2::bigint is not null
        ), held as (
            insert into held_values (crawl_id, job_id, fence, platform, handle, path, value, reason, fingerprint,
                selectors_version, capture_key)
            select $1, $3, $4, $5, $6, path, value, reason, $7, $8, $9
            from json_to_recordset($10::json) as held (path text, value json, reason text)
            on conflict do nothing
        ), told as (
            insert into outbox (kind, event_key, payload)
            select kind, key, payload from json_to_recordset($11::json) as event (kind text, key text, payload json)
            on conflict do nothing
        )
        select id from jobs where tenant_id = app_tenant() and joined_to = $3 and id not in (select id from freed)
        order by created_at, id"
    );
    let mut events = vec![OutboxEvent {
        kind: "crawl_saved".to_owned(),
        key: format!("{}:{}", crawl.job, crawl.fence),
        payload: serde_json::json!({
            "job": crawl.job,
            "crawl": crawl_id,
            "platform": crawl.target.platform,
            "handle": crawl.target.handle,
            "outcome": crawl.document.outcome,
            "posts": crawl.document.posts.len(),
            "changes": changes,
        }),
    }];
    events.extend_from_slice(crawl.events);
    let joined: Vec<String> = sqlx::query_scalar(sql)
        .bind(crawl_id)
        .bind(profile)
        .bind(crawl.job.as_str())
        .bind(fence(crawl.fence))
        .bind(crawl.target.platform.as_str())
        .bind(crawl.target.handle.as_str())
        .bind(crawl.fingerprint)
        .bind(&crawl.document.selectors.version)
        .bind(crawl.capture_key)
        .bind(json_text(&crawl.held)?)
        .bind(json_text(&events)?)
        .fetch_all(connection)
        .await?;
    Ok(joined.into_iter().filter_map(|id| id.parse().ok()).collect())
}

/// A value as JSON text that PostgreSQL takes. It refuses the character NUL in every text, so it becomes U+FFFD, which is
/// what a person would see anyway.
pub(super) fn json_text(value: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    let text = serde_json::to_string(value).map_err(|e| sqlx::Error::Encode(Box::new(e)))?;
    if !text.contains("\\u0000") {
        return Ok(text);
    }
    // Found in the text it may still be an escaped backslash before "u0000": only the parsed value tells.
    let mut value: serde_json::Value = serde_json::from_str(&text).map_err(|e| sqlx::Error::Decode(Box::new(e)))?;
    without_nul(&mut value);
    Ok(value.to_string())
}

fn without_nul(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::String(text) => {
            if text.contains('\0') {
                *text = text.replace('\0', "\u{fffd}");
            }
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(without_nul),
        serde_json::Value::Object(map) => map.values_mut().for_each(without_nul),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

/// A count as PostgreSQL takes it; one beyond 63 bits is none that a site can mean.
fn count(count: Option<u64>) -> Option<i64> {
    count.and_then(|count| i64::try_from(count).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_replaced_and_its_look_alike_is_not() {
        let text = json_text(&["a\0b", r"\u0000"]).unwrap();
        assert_eq!(serde_json::from_str::<Vec<String>>(&text).unwrap(), ["a\u{fffd}b", r"\u0000"]);
        assert_eq!(json_text(&"plain").unwrap(), r#""plain""#);
    }
}
