//! The `[engine]` section: how many crawls, how long, how often again.

use serde::Deserialize;

use super::ConfigError;

/// The engine's section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EngineConfig {
    /// Crawls at once; 0 means two for each core.
    pub workers: usize,
    /// The longest a crawl may take, in seconds.
    pub crawl_deadline_s: u64,
    /// How long running crawls may go on after a stop signal, in seconds.
    pub shutdown_grace_s: u64,
    /// How long `serve` waits at its start for servers that do not answer yet, in seconds.
    pub start_patience_s: u64,
    /// How often and how soon a failed crawl is tried again.
    pub retry: RetryRules,
    /// Whether doubted pages are held back and new selectors learnt from them.
    pub healing: bool,
    /// How often ledger and Redis are compared, in seconds.
    pub reconcile_every_s: u64,
    /// How often old rows and blobs that nothing refers to are looked for, in seconds.
    pub upkeep_every_s: u64,
    /// How often the selector versions in force are read, in seconds.
    pub selectors_every_s: u64,
    /// How many of them may really run.
    pub admission: AdmissionRules,
    /// What a job's screenshot shows.
    pub pictures: Pictures,
    /// The seed of job ids and jitter; 0 draws one at start and logs it.
    pub seed: u64,
}

/// How load decides how many crawls run at once.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdmissionRules {
    /// How often load is measured.
    pub sample_every_ms: u64,
    /// The slow window: what it shows allows one more crawl, or one less.
    pub scale_window_ms: u64,
    /// The fast window: a shortage in it holds new crawls back.
    pub hold_window_ms: u64,
    /// Below this part of the processors there is room for one more.
    pub processor_room: f64,
    /// From this part on there is one too many.
    pub processor_full: f64,
    /// From this part of the memory on nothing new begins.
    pub memory_full: f64,
    /// A timer that is this late tells that nothing new should begin.
    pub late_ms: u64,
}

/// What screenshots show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pictures {
    /// The profile as a visitor sees it.
    Faithful,
    /// The same without its images.
    Lean,
    /// There are none.
    None,
}

impl EngineConfig {
    /// Crawls at once: the setting, or two for each core.
    #[must_use]
    pub fn workers_or_default(&self) -> usize {
        match self.workers {
            0 => 2 * std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            workers => workers,
        }
    }
}

/// How often and how soon a failed job is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetryRules {
    /// Attempts after the first.
    pub retries: u32,
    /// The interval before the first retry; each further one is twice as long.
    pub backoff_first_ms: u64,
    /// The longest interval.
    pub backoff_max_ms: u64,
    /// How long a job sleeps when the platform says slow down and not for how long.
    pub snooze_s: u64,
}

impl EngineConfig {
    /// Refuses what no crawl could be done with.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let (retry, admission) = (&self.retry, &self.admission);
        within("engine.workers", u64::try_from(self.workers).unwrap_or(u64::MAX), 0, 1000)?;
        within("engine.crawl_deadline_s", self.crawl_deadline_s, 1, 3600)?;
        within("engine.shutdown_grace_s", self.shutdown_grace_s, 0, 3600)?;
        within("engine.start_patience_s", self.start_patience_s, 0, 3600)?;
        within("engine.reconcile_every_s", self.reconcile_every_s, 1, 3600)?;
        within("engine.upkeep_every_s", self.upkeep_every_s, 1, 86_400)?;
        within("engine.selectors_every_s", self.selectors_every_s, 1, 3600)?;
        within("engine.retry.retries", u64::from(retry.retries), 0, 100)?;
        within("engine.retry.backoff_first_ms", retry.backoff_first_ms, 1, retry.backoff_max_ms)?;
        within("engine.retry.snooze_s", retry.snooze_s, 1, 86_400)?;
        for (name, millis) in [
            ("sample_every_ms", admission.sample_every_ms),
            ("scale_window_ms", admission.scale_window_ms),
            ("hold_window_ms", admission.hold_window_ms),
            ("late_ms", admission.late_ms),
        ] {
            within(&format!("engine.admission.{name}"), millis, 1, 3_600_000)?;
        }
        for (name, part) in [
            ("processor_room", admission.processor_room),
            ("processor_full", admission.processor_full),
            ("memory_full", admission.memory_full),
        ] {
            if part.is_nan() || part <= 0.0 {
                let key = format!("engine.admission.{name}");
                return Err(ConfigError::value(&key, &part.to_string(), "a part above 0"));
            }
        }
        Ok(())
    }
}

fn within(key: &str, value: u64, least: u64, most: u64) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(ConfigError::value(key, &value.to_string(), &format!("a number from {least} to {most}")))
}
