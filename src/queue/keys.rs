//! Every Redis key. All begin with `queue.prefix` (here `sentinel`); programs outside may rely on the first block only.
//!
//! | key | kind | holds |
//! |---|---|---|
//! | `sentinel:submit` | stream, group `intake` | what other programs submit, field `job` (CONTRACTS §4); gone once it is in the ledger |
//! | `sentinel:dead` | stream | what could not be read: `reason`, `entry` (its id), then the original fields |
//! | `sentinel:result:<id>` | string, expires | a finished job's result |
//! | `sentinel:results` | channel | the ids of finished jobs |
//! | `sentinel:progress:<id>` | string, expires | where an unfinished job stands: `retrying` and when next |
//! | `sentinel:progress` | channel | the ids of jobs whose progress changed |
//! | `sentinel:job:<id>` | hash | one job on its way: see `wire.rs` |
//! | `sentinel:lane:<platform>:<class>` | stream, group `crawl` | ids of waiting and leased jobs; class `back` (handed back or reclaimed: served first), `high`, `normal`, `low` |
//! | `sentinel:quarantine` | stream, group `crawl` | the same for jobs that workers died of; one at a time over all workers |
//! | `sentinel:quarantine:turn` | string, expires | the worker that empties itself for the quarantine |
//! | `sentinel:delayed` | sorted set | ids by the ms at which they are due |
//! | `sentinel:target:<platform>:<handle>` | string | the id of the job that crawls this profile |
//! | `sentinel:behind:<platform>:<handle>` | sorted set | ids that wait for that job's result, oldest first |
//! | `sentinel:dying` | sorted set | ids that are dead or cancelled until the engine has written it down |
//!
//! An entry of a lane is deleted when its job is settled, never trimmed, so a lane holds what waits and what is leased and
//! nothing else. The scripts under `lua/` build the same names; `the_scripts_use_these_names` holds both together.

use crate::model::job::{JobId, PlatformId, Target};

/// The consumer group of lanes and quarantine.
pub const GROUP: &str = "crawl";
/// The consumer group of the submit stream.
pub const INTAKE: &str = "intake";
/// A lane's streams, in the order in which they are served.
pub const CLASSES: [&str; 4] = ["back", "high", "normal", "low"];

/// Builds keys under one prefix.
#[derive(Debug, Clone)]
pub struct Keys {
    prefix: String,
}

impl Keys {
    /// Keys that begin with `prefix`.
    #[must_use]
    pub fn new(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned() }
    }

    /// The prefix itself, which every script gets.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Where other programs submit.
    #[must_use]
    pub fn submit(&self) -> String {
        self.under("submit")
    }

    /// Where unreadable submissions go.
    #[must_use]
    pub fn dead(&self) -> String {
        self.under("dead")
    }

    /// A finished job's result.
    #[must_use]
    pub fn result(&self, id: &JobId) -> String {
        self.under(&format!("result:{id}"))
    }

    /// The channel of finished jobs.
    #[must_use]
    pub fn results(&self) -> String {
        self.under("results")
    }

    /// An unfinished job's progress.
    #[must_use]
    pub fn progress_of(&self, id: &JobId) -> String {
        self.under(&format!("progress:{id}"))
    }

    /// The channel of progress.
    #[must_use]
    pub fn progress(&self) -> String {
        self.under("progress")
    }

    /// A job's hash.
    #[must_use]
    pub fn job(&self, id: &JobId) -> String {
        self.under(&format!("job:{id}"))
    }

    /// One stream of a lane.
    #[must_use]
    pub fn lane(&self, platform: &PlatformId, class: &str) -> String {
        self.under(&format!("lane:{platform}:{class}"))
    }

    /// The stream of quarantined jobs.
    #[must_use]
    pub fn quarantine(&self) -> String {
        self.under("quarantine")
    }

    /// A profile as it stands in the lock's and the waiting list's names.
    #[must_use]
    pub fn profile(target: &Target) -> String {
        format!("{}:{}", target.platform, target.handle)
    }

    /// All streams whose entries are leased: quarantine, then each lane's four.
    #[must_use]
    pub fn leased_streams(&self, lanes: &[PlatformId]) -> Vec<String> {
        let of_lanes = lanes.iter().flat_map(|lane| CLASSES.iter().map(|class| self.lane(lane, class)));
        std::iter::once(self.quarantine()).chain(of_lanes).collect()
    }

    fn under(&self, rest: &str) -> String {
        format!("{}:{rest}", self.prefix)
    }
}
