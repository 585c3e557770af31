//! What became of a job, for programs that only know Redis: the result stands under its key for an hour and its id is
//! published (CONTRACTS §4). Progress of unfinished jobs has keys and a channel of its own, so that who polls the result's
//! key never takes "will be tried again" for the end.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use futures::StreamExt as _;
use redis::aio::PubSubStream;
use serde::{Deserialize, Serialize};

use super::error::QueueError;
use super::{Core, Queue};
use crate::model::document::Outcome;
use crate::model::job::JobId;

/// How often a waiting program looks by itself, in case a message was lost.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How many ids one look asks for at once.
const CHUNK: usize = 500;

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResultState {
    /// Its document stands.
    Done,
    /// It is in the dead-letter queue.
    Dead,
    /// Somebody cancelled it.
    Cancelled,
}

/// A finished job.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct JobResult {
    /// The job.
    pub id: JobId,
    /// How it ended.
    pub state: ResultState,
    /// What came out; none where it was cancelled.
    pub outcome: Option<Outcome>,
    /// Its document; none where there is none.
    pub document: Option<serde_json::Value>,
}

/// Where an unfinished job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobProgress {
    /// The job.
    pub id: JobId,
    /// `queued`, `running`, `retrying`, …
    pub state: String,
    /// When it will be tried again.
    pub next_at: Option<DateTime<Utc>>,
    /// Which attempt it is in or waits for.
    pub attempt: u32,
    /// Why, for a person.
    pub reason: Option<String>,
}

/// What a waiting program is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// The end.
    Result(Box<JobResult>),
    /// Not yet.
    Progress(JobProgress),
}

#[derive(Serialize)]
struct Head<'a> {
    id: &'a JobId,
    state: ResultState,
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl Queue {
    /// Publishes one result for each id (a job and those that were answered with it), in one round trip. `document` is
    /// JSON as it stands; one above `queue.result_max_bytes` is left out with a reason.
    ///
    /// # Errors
    /// When Redis does not answer or is full: the result stands in the ledger, publish it again later.
    pub async fn publish_result(
        &self,
        ids: &[JobId],
        state: ResultState,
        outcome: Option<Outcome>,
        document: Option<&str>,
    ) -> Result<(), QueueError> {
        if ids.is_empty() {
            return Ok(());
        }
        let core = &self.0;
        let fits = document.filter(|document| document.len() <= core.config.result_max_bytes);
        let reason = (document.is_some() && fits.is_none())
            .then_some("the document is too large for Redis; it stands in PostgreSQL");
        let mut all = redis::pipe();
        for id in ids {
            let head = Head { id, state, outcome, reason };
            let head = serde_json::to_string(&head).map_err(|error| core.link.unreadable(error.to_string()))?;
            let text = format!("{},\"document\":{}}}", head.trim_end_matches('}'), fits.unwrap_or("null"));
            all.cmd("SET").arg(core.keys.result(id)).arg(text).arg("EX").arg(core.config.result_ttl_s).ignore();
            all.cmd("DEL").arg(core.keys.progress_of(id)).ignore();
            all.cmd("PUBLISH").arg(core.keys.results()).arg(id.as_str()).ignore();
        }
        core.link.send(&all).await
    }

    /// Tells who waits where an unfinished job stands, in one round trip.
    ///
    /// # Errors
    /// When Redis does not answer or is full; nothing is lost by it.
    pub async fn publish_progress(&self, progress: &JobProgress) -> Result<(), QueueError> {
        let core = &self.0;
        let text = serde_json::json!({
            "id": progress.id, "state": progress.state, "attempt": progress.attempt, "reason": progress.reason,
            "next_at": progress.next_at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        });
        let mut both = redis::pipe();
        let key = core.keys.progress_of(&progress.id);
        both.cmd("SET").arg(key).arg(text.to_string()).arg("EX").arg(core.config.result_ttl_s).ignore();
        both.cmd("PUBLISH").arg(core.keys.progress()).arg(progress.id.as_str()).ignore();
        core.link.send(&both).await
    }

    /// Follows jobs to their ends, on one connection for all of them.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn follow(&self, ids: impl IntoIterator<Item = JobId>) -> Result<Follow, QueueError> {
        let waiting: BTreeSet<JobId> = ids.into_iter().collect();
        let mut follow = Follow { core: Arc::clone(&self.0), waiting, ready: VecDeque::new(), messages: None };
        follow.subscribe().await?;
        follow.look().await?;
        Ok(follow)
    }

    /// Waits up to `time` for one job's end.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn wait_result(&self, id: &JobId, time: Duration) -> Result<Option<JobResult>, QueueError> {
        let wait = async {
            let mut follow = self.follow([id.clone()]).await?;
            loop {
                match follow.next(time).await? {
                    Some(Told::Result(result)) => return Ok(Some(*result)),
                    Some(Told::Progress(_)) => {}
                    None => return Ok(None),
                }
            }
        };
        tokio::time::timeout(time, wait).await.unwrap_or(Ok(None))
    }
}

/// Waits for the ends of a set of jobs.
pub struct Follow {
    core: Arc<Core>,
    waiting: BTreeSet<JobId>,
    ready: VecDeque<JobId>,
    messages: Option<PubSubStream>,
}

impl std::fmt::Debug for Follow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Follow").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl Follow {
    /// How many jobs have not ended yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The next thing to tell; none when `time` is over or all jobs have ended. Each job's result comes once. While Redis
    /// is away it waits on.
    ///
    /// # Errors
    /// When a result cannot be read.
    pub async fn next(&mut self, time: Duration) -> Result<Option<Told>, QueueError> {
        let end = self.core.clock.uptime() + time;
        loop {
            while let Some(id) = self.ready.pop_front() {
                if let Some(result) = self.fetch(&id).await? {
                    self.waiting.remove(&id);
                    return Ok(Some(Told::Result(Box::new(result))));
                }
            }
            let left = end.saturating_sub(self.core.clock.uptime());
            if self.waiting.is_empty() || left.is_zero() {
                return Ok(None);
            }
            if let Some(progress) = self.wait(left.min(LOOK_EVERY)).await? {
                return Ok(Some(Told::Progress(progress)));
            }
        }
    }

    /// One message, or one look where none comes.
    async fn wait(&mut self, time: Duration) -> Result<Option<JobProgress>, QueueError> {
        let message = match self.messages.as_mut() {
            Some(messages) => tokio::time::timeout(time, messages.next()).await,
            None => {
                tokio::time::sleep(time).await;
                Ok(None)
            }
        };
        match message {
            Ok(Some(message)) => {
                let id = message.get_payload::<String>().ok().and_then(|id| id.parse::<JobId>().ok());
                let Some(id) = id.filter(|id| self.waiting.contains(id)) else { return Ok(None) };
                if message.get_channel_name() == self.core.keys.results() {
                    self.ready.push_back(id);
                    return Ok(None);
                }
                self.fetch_progress(&id).await
            }
            Ok(None) => {
                self.messages = None;
                let again = async {
                    self.subscribe().await?;
                    self.look().await
                };
                survive(again.await)
            }
            Err(_) => survive(self.look().await),
        }
    }

    async fn subscribe(&mut self) -> Result<(), QueueError> {
        let mut subscriber = self.core.link.subscriber().await?;
        let channels = [self.core.keys.results(), self.core.keys.progress()];
        subscriber.subscribe(&channels[..]).await.map_err(|error| self.core.link.error(&error))?;
        self.messages = Some(subscriber.into_on_message());
        Ok(())
    }

    /// Notes which of the jobs have a result by now.
    async fn look(&mut self) -> Result<(), QueueError> {
        let ids: Vec<JobId> = self.waiting.iter().cloned().collect();
        for chunk in ids.chunks(CHUNK) {
            let mut ask = redis::pipe();
            for id in chunk {
                ask.cmd("EXISTS").arg(self.core.keys.result(id));
            }
            let found: Vec<bool> = self.core.link.send(&ask).await?;
            let known = chunk.iter().zip(found).filter_map(|(id, found)| found.then_some(id));
            let new: Vec<JobId> = known.filter(|id| !self.ready.contains(id)).cloned().collect();
            self.ready.extend(new);
        }
        Ok(())
    }

    async fn fetch(&self, id: &JobId) -> Result<Option<JobResult>, QueueError> {
        let text: Option<Vec<u8>> = self.core.link.ask(redis::cmd("GET").arg(self.core.keys.result(id))).await?;
        let read = |text: Vec<u8>| serde_json::from_slice(&text);
        text.map(read).transpose().map_err(|error| self.core.link.unreadable(format!("the result of {id}: {error}")))
    }

    async fn fetch_progress(&self, id: &JobId) -> Result<Option<JobProgress>, QueueError> {
        let text: Option<Vec<u8>> = self.core.link.ask(redis::cmd("GET").arg(self.core.keys.progress_of(id))).await?;
        Ok(text.and_then(|text| serde_json::from_slice(&text).ok()))
    }
}

/// A Redis that is away now may be back at the next look.
fn survive(looked: Result<(), QueueError>) -> Result<Option<JobProgress>, QueueError> {
    match looked {
        Err(error) if !error.is_ambiguous() => Err(error),
        Ok(()) | Err(_) => Ok(None),
    }
}
