//! Raw jobs of other programs (CONTRACTS §4): one `XADD` of JSON in, one job or one precise reason out. Parsing is strict,
//! because a misspelt key that is ignored is an order carried out wrongly. Which profile a URL means is the platforms' to
//! say, so the URL is handed up as it stands.

use serde::Deserialize;

use crate::model::job::{
    BadHandle, BadJobId, DEFAULT_POSTS, Frame, Handle, Job, JobId, MAX_POSTS, PlatformId, Priority, Target,
};

/// One entry of the submit stream: to be acknowledged once it is in the ledger, or rejected.
#[derive(Debug, Clone)]
#[must_use = "a submission is acknowledged or rejected"]
pub struct Submission {
    /// The entry's id in the stream.
    pub entry: String,
    /// How often it was taken, this time included: a growing number means that its takers die.
    pub deliveries: u32,
    /// What it asks for, or why it cannot be read.
    pub job: Result<RawJob, BadJob>,
}

impl Submission {
    /// The id of a job that brings none: always the same for one entry, so that an entry taken twice is one job.
    #[must_use]
    pub fn fallback_id(&self) -> JobId {
        let text = format!("raw-{}", self.entry);
        text.parse().unwrap_or_else(|_| unreachable!("a stream's entry id is digits and a dash"))
    }
}

/// A submitted job as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawJob {
    /// Which profile.
    pub target: RawTarget,
    /// How urgent; normal where it does not say.
    pub priority: Priority,
    /// The caller's own name for it.
    pub id: Option<JobId>,
    /// How many posts; 30 where it does not say.
    pub posts: u16,
    /// What the picture shows.
    pub frame: Frame,
}

/// A profile as a submitter names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawTarget {
    /// By an address, which is not yet judged.
    Url(String),
    /// By platform and handle; whether we know the platform is not yet judged.
    Named(Target),
}

/// Why a submission cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadJob {
    /// The stream's entry has no such field.
    #[error("the entry has no field `job`: use XADD … * job '{{\"url\": …}}'")]
    Missing,
    /// Too many bytes.
    #[error("the job has {bytes} bytes; at most {most} are read (queue.job_max_bytes)")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        most: usize,
    },
    /// Not text.
    #[error("the job is not UTF-8 from byte {at} on")]
    NotUtf8 {
        /// The first byte at fault.
        at: usize,
    },
    /// Not JSON, or not of this form.
    #[error(
        "the job is not a JSON object of the known keys (url or platform and handle; priority, id, posts, full_page): {0}"
    )]
    NotJson(String),
    /// No profile, or two.
    #[error("the job must name its profile once: by `url`, or by `platform` and `handle`")]
    Profile,
    /// The handle is none.
    #[error(transparent)]
    Handle(#[from] BadHandle),
    /// The id is none.
    #[error(transparent)]
    Id(#[from] BadJobId),
    /// The number of posts is out of range.
    #[error("posts is {0}: use 1 to {MAX_POSTS}")]
    Posts(i64),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    url: Option<String>,
    platform: Option<String>,
    handle: Option<String>,
    priority: Option<Priority>,
    id: Option<String>,
    posts: Option<i64>,
    full_page: Option<bool>,
}

impl RawJob {
    /// Reads the JSON of one job.
    ///
    /// # Errors
    /// With the reason that goes to the dead-letter stream.
    pub fn parse(bytes: &[u8]) -> Result<Self, BadJob> {
        let text = std::str::from_utf8(bytes).map_err(|error| BadJob::NotUtf8 { at: error.valid_up_to() })?;
        // Lists of the right length would pass for the fields in their order.
        if !text.trim_start().starts_with('{') {
            return Err(BadJob::NotJson("it does not begin with {".to_owned()));
        }
        let written: Written = serde_json::from_str(text).map_err(|error| BadJob::NotJson(error.to_string()))?;
        let target = match (written.url, written.platform, written.handle) {
            (Some(url), None, None) => RawTarget::Url(url),
            (None, Some(platform), Some(handle)) => RawTarget::Named(Target {
                platform: PlatformId::new(platform.to_lowercase()),
                handle: handle.parse::<Handle>()?,
            }),
            _ => return Err(BadJob::Profile),
        };
        Ok(Self {
            target,
            priority: written.priority.unwrap_or_default(),
            id: written.id.map(|id| id.parse()).transpose()?,
            posts: written.posts.map_or(Ok(DEFAULT_POSTS), posts)?,
            frame: if written.full_page == Some(true) { Frame::FullPage } else { Frame::Viewport },
        })
    }

    /// The job, once it is known which profile is meant.
    #[must_use]
    pub fn into_job(self, target: Target, fallback_id: JobId) -> Job {
        let id = self.id.unwrap_or(fallback_id);
        Job { id, target, priority: self.priority, posts: self.posts, frame: self.frame }
    }
}

fn posts(wanted: i64) -> Result<u16, BadJob> {
    let posts = u16::try_from(wanted).map_err(|_| BadJob::Posts(wanted))?;
    if (1..=MAX_POSTS).contains(&posts) { Ok(posts) } else { Err(BadJob::Posts(wanted)) }
}

/// What the intake script tells of one entry: id, deliveries, length or -1, the value cut to the limit.
pub(crate) type Taken = (String, u32, i64, Vec<u8>);

pub(crate) fn read(taken: Taken, most: usize) -> Submission {
    let (entry, deliveries, length, bytes) = taken;
    let job = match usize::try_from(length) {
        Err(_) => Err(BadJob::Missing),
        Ok(length) if length > most => Err(BadJob::TooLarge { bytes: length, most }),
        Ok(_) => RawJob::parse(&bytes),
    };
    Submission { entry, deliveries, job }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        RawJob::parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn the_contracts_example_is_read() {
        let text = r#"{"url": "https://www.tiktok.com/@nasa", "priority": "high", "id": "mine", "posts": 12, "full_page": true}"#;
        let job = RawJob::parse(text.as_bytes()).unwrap();
        assert_eq!(job.target, RawTarget::Url("https://www.tiktok.com/@nasa".into()));
        assert_eq!((job.priority, job.posts, job.frame), (Priority::High, 12, Frame::FullPage));
        assert_eq!(job.id.unwrap().as_str(), "mine");
    }

    #[test]
    fn platform_and_handle_stand_for_a_url_and_the_rest_has_defaults() {
        let job = RawJob::parse(br#"{"platform": "TikTok", "handle": "@NASA"}"#).unwrap();
        let target = Target { platform: PlatformId::new("tiktok"), handle: "nasa".parse().unwrap() };
        assert_eq!(
            job,
            RawJob {
                target: RawTarget::Named(target),
                priority: Priority::Normal,
                id: None,
                posts: 30,
                frame: Frame::Viewport
            }
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(refusal(r#"{"url": "x", "prority": "high"}"#).contains("`prority`"));
        assert!(refusal(r#"{"url": "x", "priority": "urgent"}"#).contains("urgent"));
        assert!(refusal(r#"{"url": "x", "posts": 0}"#).contains("posts is 0"));
        assert!(refusal(r#"{"url": "x", "posts": 70000}"#).contains("posts is 70000"));
        assert!(refusal(r#"{"url": "x", "posts": "30"}"#).contains("invalid type"));
        assert!(refusal(r#"{"url": "x", "id": "a b"}"#).contains("\"a b\""));
        assert!(refusal(r#"{"url": "x", "url": "y"}"#).contains("duplicate"));
        assert!(refusal(r#"{"platform": "tiktok", "handle": "two words"}"#).contains("two words"));
        for none_or_two in
            [r"{}", r#"{"platform": "tiktok"}"#, r#"{"url": "x", "platform": "tiktok", "handle": "nasa"}"#]
        {
            assert_eq!(RawJob::parse(none_or_two.as_bytes()), Err(BadJob::Profile), "{none_or_two}");
        }
        let list = r#"["https://www.tiktok.com/@nasa", null, null, null, null, null, null]"#;
        for no_object in ["", "nasa", "[1]", list, "null", "7", r#"{"url": "x"} more"#, &"[".repeat(9000)] {
            assert!(matches!(RawJob::parse(no_object.as_bytes()), Err(BadJob::NotJson(_))), "{no_object:.20}");
        }
        assert_eq!(RawJob::parse(b"{\"url\": \"\xff\"}"), Err(BadJob::NotUtf8 { at: 9 }));
    }
}
