//! What stands in Redis, as values with a version, so that workers of the old and the new program run side by side.
//! Reading is lenient (a newer program may add fields), writing is exact; a job of a *higher* version than ours is left to
//! those who know it: the lease script puts it back for a second.
//!
//! A job's hash: `v` and `job` (this file's [`WireJob`] as JSON, never changed), `lane`, `priority`, `target`, `posts`,
//! `frame` (its parts that scripts need), `state` (waiting, leased, delayed, behind, dead, cancelled), `stream` and `entry`
//! (where it waits), `owner` and `fence` (who leases it), `attempt` (attempts spent), `deaths`, `due`, `cancel`.

use serde::{Deserialize, Serialize};

use crate::model::job::{Frame, Handle, Job, JobId, PlatformId, Priority, Target};

/// The highest version that this program reads, and the one it writes.
pub const VERSION: u32 = 1;

/// A job as its hash carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WireJob {
    /// The version of this form.
    pub v: u32,
    /// The job's name.
    pub id: JobId,
    /// Where the profile is.
    pub platform: PlatformId,
    /// Its name there.
    pub handle: Handle,
    /// How urgent.
    pub priority: Priority,
    /// How many posts.
    pub posts: u16,
    /// What the picture shows.
    pub frame: Frame,
}

impl From<&Job> for WireJob {
    fn from(job: &Job) -> Self {
        Self {
            v: VERSION,
            id: job.id.clone(),
            platform: job.target.platform.clone(),
            handle: job.target.handle.clone(),
            priority: job.priority,
            posts: job.posts,
            frame: job.frame,
        }
    }
}

impl From<WireJob> for Job {
    fn from(wire: WireJob) -> Self {
        let target = Target { platform: wire.platform, handle: wire.handle };
        Self { id: wire.id, target, priority: wire.priority, posts: wire.posts, frame: wire.frame }
    }
}

/// The word for a picture's frame in a job's hash.
pub(crate) const fn frame_word(frame: Frame) -> &'static str {
    match frame {
        Frame::Viewport => "viewport",
        Frame::FullPage => "full_page",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_survives_the_wire_and_a_newer_field_does_not_hurt() {
        let text = r#"{"v":1,"id":"a","platform":"tiktok","handle":"nasa","priority":"high","posts":30,"frame":"full_page","new":[1]}"#;
        let job = Job::from(serde_json::from_str::<WireJob>(text).unwrap());
        assert_eq!((job.id.as_str(), job.target.to_string().as_str()), ("a", "@nasa@tiktok"));
        assert_eq!(job.frame, Frame::FullPage);
        let again = serde_json::to_string(&WireJob::from(&job)).unwrap();
        assert_eq!(Job::from(serde_json::from_str::<WireJob>(&again).unwrap()), job);
        assert!(again.contains(&format!(r#""frame":"{}""#, frame_word(job.frame))));
    }
}
