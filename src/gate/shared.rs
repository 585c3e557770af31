//! The budget and the breakers that all containers keep together, in Redis. Every decision is one script that asks Redis
//! for the time, so that machines with different clocks agree; a script runs alone, so that two workers never take the
//! last place both.
//!
//! | key | what it is |
//! |---|---|
//! | `<prefix>:gate:loads:<of>` | sorted set: page loads that count, by the time they stop counting (ms) |
//! | `<prefix>:gate:crawls:<of>` | sorted set: permits under way, by the time their lease lapses (ms) |
//! | `<prefix>:gate:spent:<of>` | hash: `h`, `d` page loads and `b` bytes by part of the hour or day |
//! | `<prefix>:gate:spacing:<of>` | when the next page load of one address is due (ms) |
//! | `<prefix>:gate:states` | hash: breakers and paces that are not in their ordinary state, as JSON |
//! | `<prefix>:gate:workers` | sorted set: processes that share the gate, by the time they count as gone (ms) |
//! | `<prefix>:gate:payers` | set: the pairs of platform and address ever asked for, for the status |
//!
//! `<of>` is a platform, or `["platform","egress"]`. All but the last expire by themselves. The keys of one script lie in
//! several slots: a single Redis or a primary with replicas, not a cluster.

use std::time::Duration;

use chrono::{DateTime, Utc};
use deadpool_redis::{Config, Connection, Pool, PoolConfig, Runtime, Timeouts};
use redis::{AsyncCommands as _, Script};
use secrecy::ExposeSecret as _;

use super::SharedAt;
use super::ask::{Egress, LaterReason};
use super::config::Limits;
use super::limiter::{Bounds, Payer, Refusal, Spending, Step};
use crate::model::job::PlatformId;

/// How long a permit's place is kept after it was last heard of, and a worker is counted.
const LEASE: Duration = Duration::from_secs(30);
/// How often a process says that it and its permits live.
pub(super) const BEAT: Duration = Duration::from_secs(10);
/// Longer than this nobody waits for a connection: the share is the better answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Redis did not do it, in words.
#[derive(Debug, thiserror::Error)]
pub(super) enum SharedError {
    #[error("no connection: {0}")]
    Pool(#[from] deadpool_redis::PoolError),
    #[error("{0}")]
    Redis(#[from] redis::RedisError),
    #[error("unreadable: {0}")]
    Json(#[from] serde_json::Error),
    #[error("an answer out of form: {0}")]
    Form(&'static str),
    #[error("too many others changed the same state")]
    Contended,
}

/// One permit's wish for page loads.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order<'ask> {
    pub(super) payer: &'ask Payer,
    pub(super) bounds: &'ask Bounds,
    pub(super) permit: u64,
    /// The number of its first load, from 1.
    pub(super) first: u32,
    pub(super) loads: u32,
    pub(super) step: Step,
}

/// What Redis said to an order.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) granted: Result<(), Refusal>,
    /// Redis's time, in milliseconds.
    pub(super) at_ms: i64,
    pub(super) workers: u32,
    pub(super) new_there: bool,
}

/// Page loads of a permit that are over, and whether it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settlement<'ask> {
    pub(super) payer: &'ask Payer,
    pub(super) permit: u64,
    /// Loads that are over: from the first to the last; none where the last is less.
    pub(super) over: (u32, u32),
    /// The last load that was reserved.
    pub(super) reserved: u32,
    pub(super) ends: Ends,
    pub(super) minute: Duration,
    pub(super) reserved_at_ms: i64,
}

/// Whether a permit is over, with the bytes it received.
#[derive(Debug, Clone, Copy)]
pub(super) enum Ends {
    No,
    Yes { bytes: u64 },
}

/// The gate in Redis.
#[derive(Debug)]
pub(super) struct Shared {
    pool: Pool,
    prefix: String,
    worker: String,
}

impl Shared {
    /// A pool of its own: connects when first needed.
    pub(super) fn new(at: &SharedAt, worker: u64) -> Result<Self, String> {
        let timeouts = Timeouts { wait: Some(PATIENCE), create: Some(PATIENCE), recycle: Some(PATIENCE) };
        let mut config = Config::from_url(at.url.expose_secret());
        config.pool = Some(PoolConfig { max_size: 8, timeouts, ..PoolConfig::default() });
        let pool = config.create_pool(Some(Runtime::Tokio1)).map_err(|error| error.to_string())?;
        Ok(Self { pool, prefix: at.prefix.clone(), worker: format!("{worker:016x}") })
    }

    async fn connection(&self) -> Result<Connection, SharedError> {
        Ok(self.pool.get().await?)
    }

    fn key(&self, name: &str) -> String {
        format!("{}:gate:{name}", self.prefix)
    }

    /// The keys of a platform's budget, and with an egress those of its address: loads, crawls, spent.
    fn budget_keys(&self, platform: &PlatformId, egress: Option<&Egress>) -> Result<[String; 3], SharedError> {
        let of = match egress {
            Some(egress) => serde_json::to_string(&(platform, egress))?,
            None => platform.to_string(),
        };
        Ok(["loads", "crawls", "spent"].map(|name| self.key(&format!("{name}:{of}"))))
    }

    fn payer_keys(&self, payer: &Payer) -> Result<[[String; 3]; 2], SharedError> {
        Ok([self.budget_keys(&payer.platform, None)?, self.budget_keys(&payer.platform, Some(&payer.egress))?])
    }

    /// Asks for page loads.
    pub(super) async fn admit(&self, order: &Order<'_>) -> Result<Answer, SharedError> {
        let script = Script::new(include_str!("lua/admit.lua"));
        let of = serde_json::to_string(&(&order.payer.platform, &order.payer.egress))?;
        let Bounds { platform, egress } = order.bounds;
        let period_ms = egress.minute.as_secs_f64() * 1_000.0 / f64::from(egress.loads.max(1));
        let mut call = script.prepare_invoke();
        for key in self.payer_keys(order.payer)?.as_flattened() {
            call.key(key);
        }
        call.key(self.key(&format!("spacing:{of}"))).key(self.key("workers"));
        call.arg(&self.worker).arg(ms(LEASE)).arg(order.permit).arg(order.first).arg(order.loads);
        call.arg(i32::from(order.step == Step::Begin)).arg(ms(egress.minute)).arg(ms(LEASE));
        call.arg(period_ms).arg(egress.burst.min(egress.loads));
        for limits in [platform, egress] {
            let Limits { loads, concurrent, per_hour, per_day, bytes_per_day, .. } = limits;
            call.arg(loads).arg(concurrent).arg(per_hour).arg(per_day).arg(bytes_per_day);
        }
        let (granted, wait_ms, reason, at_ms, workers, new): (i64, u64, String, i64, u32, i64) =
            call.invoke_async(&mut self.connection().await?).await?;
        let refusal = Refusal { after: Duration::from_millis(wait_ms), reason: reason_of(&reason) };
        let granted = if granted == 1 { Ok(()) } else { Err(refusal) };
        Ok(Answer { granted, at_ms, workers, new_there: new == 1 })
    }

    /// Ends page loads, and the permit where it is over.
    pub(super) async fn settle(&self, settlement: &Settlement<'_>) -> Result<(), SharedError> {
        let script = Script::new(include_str!("lua/settle.lua"));
        let (ends, bytes) = match settlement.ends {
            Ends::No => (0, 0),
            Ends::Yes { bytes } => (1, bytes),
        };
        let mut call = script.prepare_invoke();
        for key in self.payer_keys(settlement.payer)?.as_flattened() {
            call.key(key);
        }
        let (first, last) = settlement.over;
        call.arg(settlement.permit).arg(first).arg(last).arg(settlement.reserved).arg(ends);
        call.arg(ms(settlement.minute)).arg(settlement.reserved_at_ms).arg(bytes);
        let _now: i64 = call.invoke_async(&mut self.connection().await?).await?;
        Ok(())
    }

    /// Keeps the place of a permit whose crawl goes on: its loads from the first to the last are not over.
    pub(super) async fn renew(
        &self,
        payer: &Payer,
        permit: u64,
        loads: (u32, u32),
        minute: Duration,
    ) -> Result<(), SharedError> {
        let script = Script::new(include_str!("lua/renew.lua"));
        let mut call = script.prepare_invoke();
        for [loads, crawls, _] in self.payer_keys(payer)? {
            call.key(loads).key(crawls);
        }
        call.arg(permit).arg(loads.0).arg(loads.1).arg(ms(minute)).arg(ms(LEASE));
        let _now: i64 = call.invoke_async(&mut self.connection().await?).await?;
        Ok(())
    }

    /// Says that this process is here: how many are, and whether Redis did not know us.
    pub(super) async fn beat(&self) -> Result<(u32, bool), SharedError> {
        let script = Script::new(include_str!("lua/beat.lua"));
        let mut call = script.prepare_invoke();
        call.key(self.key("workers")).arg(&self.worker).arg(ms(LEASE));
        let (workers, new): (u32, i64) = call.invoke_async(&mut self.connection().await?).await?;
        Ok((workers, new == 1))
    }

    /// Redis's time and what stands in the named fields.
    pub(super) async fn look(&self, fields: &[String]) -> Result<(DateTime<Utc>, Vec<Option<String>>), SharedError> {
        let script = Script::new(include_str!("lua/look.lua"));
        let mut call = script.prepare_invoke();
        call.key(self.key("states"));
        for field in fields {
            call.arg(field);
        }
        let answer: Vec<Option<String>> = call.invoke_async(&mut self.connection().await?).await?;
        let mut answer = answer.into_iter();
        let now = answer.next().flatten().and_then(|ms| ms.parse().ok()).and_then(DateTime::from_timestamp_millis);
        let mut states: Vec<Option<String>> = answer.collect();
        states.resize(fields.len(), None);
        Ok((now.ok_or(SharedError::Form("the time"))?, states))
    }

    /// Writes fields if they still are what was seen; each as (field, seen, wanted). False where somebody was faster.
    pub(super) async fn swap(&self, changes: &[(String, Option<String>, Option<String>)]) -> Result<bool, SharedError> {
        let script = Script::new(include_str!("lua/swap.lua"));
        let mut call = script.prepare_invoke();
        call.key(self.key("states"));
        for (field, seen, wanted) in changes {
            call.arg(field).arg(seen.as_deref().unwrap_or_default()).arg(wanted.as_deref().unwrap_or_default());
        }
        let written: i64 = call.invoke_async(&mut self.connection().await?).await?;
        Ok(written == 1)
    }

    /// Every state that is written down, as (field, text).
    pub(super) async fn states(&self) -> Result<Vec<(String, String)>, SharedError> {
        Ok(self.connection().await?.hgetall(self.key("states")).await?)
    }

    /// Remembers a payer for the status.
    pub(super) async fn announce(&self, payer: &Payer) -> Result<(), SharedError> {
        let of = serde_json::to_string(&(&payer.platform, &payer.egress))?;
        let _new: i64 = self.connection().await?.sadd(self.key("payers"), of).await?;
        Ok(())
    }

    /// Every payer that was ever announced.
    pub(super) async fn payers(&self) -> Result<Vec<Payer>, SharedError> {
        let texts: Vec<String> = self.connection().await?.smembers(self.key("payers")).await?;
        let parse = |text: &String| {
            let (platform, egress) = serde_json::from_str(text)?;
            Ok(Payer { platform, egress })
        };
        texts.iter().map(parse).collect()
    }

    /// What is in a platform's budget now, or in that of one of its addresses.
    pub(super) async fn spending(
        &self,
        platform: &PlatformId,
        egress: Option<&Egress>,
    ) -> Result<Spending, SharedError> {
        let script = Script::new(include_str!("lua/spending.lua"));
        let mut call = script.prepare_invoke();
        for key in self.budget_keys(platform, egress)? {
            call.key(key);
        }
        let (loads, crawls, hour, day, bytes): (u32, u32, i64, i64, i64) =
            call.invoke_async(&mut self.connection().await?).await?;
        let whole = |sum: i64| u64::try_from(sum).unwrap_or(0);
        Ok(Spending { loads, crawls, hour: whole(hour), day: whole(day), bytes: whole(bytes) })
    }
}

fn reason_of(word: &str) -> LaterReason {
    match word {
        "concurrency" => LaterReason::Concurrency,
        "hour" => LaterReason::Hour,
        "day" => LaterReason::Day,
        "bytes" => LaterReason::Bytes,
        "spacing" => LaterReason::Spacing,
        _ => LaterReason::Minute,
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
