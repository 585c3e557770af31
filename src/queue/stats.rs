//! How full the queue is, read in one round trip.

use std::time::Duration;

use super::Queue;
use super::error::QueueError;
use super::keys::{CLASSES, INTAKE};
use crate::model::job::PlatformId;

/// How full one stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Depth {
    /// Jobs that nobody has.
    pub waiting: u64,
    /// Jobs that a worker has.
    pub leased: u64,
    /// How long the oldest waiting one has waited; in seconds and nanoseconds in JSON.
    pub oldest: Duration,
}

/// One stream of a lane.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LaneDepth {
    /// The platform.
    pub platform: PlatformId,
    /// `back`, `high`, `normal` or `low`.
    pub class: &'static str,
    /// How full it is.
    pub depth: Depth,
}

/// How full everything is.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct QueueStats {
    /// Every lane's four streams, in the order of the platforms and of service.
    pub lanes: Vec<LaneDepth>,
    /// The quarantine.
    pub quarantine: Depth,
    /// The submit stream.
    pub submissions: Depth,
    /// Jobs whose time has not come.
    pub delayed: u64,
    /// Jobs that are dead or cancelled and not yet closed.
    pub dying: u64,
    /// Rejected submissions that are kept.
    pub rejected: u64,
}

impl QueueStats {
    /// Jobs in Redis that are waiting, leased or delayed; those behind another of the same profile are not counted.
    #[must_use]
    pub fn jobs(&self) -> u64 {
        let of_lanes = self.lanes.iter().map(|lane| lane.depth.waiting + lane.depth.leased).sum::<u64>();
        of_lanes + self.quarantine.waiting + self.quarantine.leased + self.delayed
    }
}

type Row = (u64, u64, u64);

impl Queue {
    /// How full everything is.
    ///
    /// # Errors
    /// When Redis does not answer.
    pub async fn stats(&self) -> Result<QueueStats, QueueError> {
        let keys = &self.0.keys;
        let streams = keys.leased_streams(&self.0.lanes);
        let mut arguments = vec![streams.len().to_string()];
        arguments.extend(streams);
        arguments.extend([keys.submit(), INTAKE.to_owned()]);
        let answer: (Vec<Row>, Vec<Row>, u64, u64, u64) = self.0.link.run(&self.0.scripts.stats, &arguments).await?;
        let (rows, others, delayed, dying, rejected) = answer;
        let mut rows = rows.into_iter().map(depth);
        let quarantine = rows.next().unwrap_or_default();
        let names = self.0.lanes.iter().flat_map(|platform| CLASSES.map(|class| (platform.clone(), class)));
        let lanes = names.zip(rows).map(|((platform, class), depth)| LaneDepth { platform, class, depth }).collect();
        let submissions = others.into_iter().next().map(depth).unwrap_or_default();
        Ok(QueueStats { lanes, quarantine, submissions, delayed, dying, rejected })
    }
}

fn depth((waiting, leased, oldest_ms): Row) -> Depth {
    Depth { waiting, leased, oldest: Duration::from_millis(oldest_ms) }
}
