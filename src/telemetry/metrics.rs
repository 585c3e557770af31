//! The one method that moves each metric; names and help texts stand in `catalog.rs`.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::catalog::{Browser, Jobs, Page, Queue};
use super::labels::{
    ByCrash, ByFault, ByField, ByFormat, ByHealStep, ByOutcome, ByPart, ByPlatform, ByPriority, ByRefusedWrite,
    BySession, BySnooze, ByStep, OpenLabel, fault_word,
};
use super::words::{BreakerState, Crash, HealStep, Part, RefusedWrite, SnoozeCause, Step, Throughput};
use crate::model::document::Outcome;
use crate::model::fault::Fault;
use crate::model::job::{PlatformId, Priority};

/// More platforms than anyone runs.
const MOST_PLATFORMS: usize = 16;
/// More fields than a selector set has.
const MOST_FIELDS: usize = 128;

/// All metrics of one process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    platforms: OpenLabel,
    field_names: OpenLabel,
    jobs: Jobs,
    queue: Queue,
    browser: Browser,
    page: Page,
}

impl Metrics {
    /// All metrics at zero. One per process; the engine shares it.
    #[must_use]
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("sentinel");
        let version = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Which version of Social Sentinel this is", version);
        Self {
            jobs: Jobs::registered(&mut registry),
            queue: Queue::registered(&mut registry),
            browser: Browser::registered(&mut registry),
            page: Page::registered(&mut registry),
            registry,
            platforms: OpenLabel::new(MOST_PLATFORMS),
            field_names: OpenLabel::new(MOST_FIELDS),
        }
    }

    /// All metrics in the OpenMetrics text format.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "the metrics could not be written");
        }
        text
    }

    /// A job is over, with this outcome, after this long.
    pub fn job_finished(&self, platform: &PlatformId, outcome: Outcome, took: Duration) {
        let by = self.by(platform);
        self.jobs.duration.get_or_create(&by).observe(took.as_secs_f64());
        let by = ByOutcome { platform: by.platform, outcome: outcome.as_str() };
        self.jobs.finished.get_or_create(&by).inc();
    }

    /// A job will be tried again, an attempt spent.
    pub fn job_retried(&self, platform: &PlatformId, fault: &Fault) {
        let by = ByFault { platform: self.platforms.value(platform.as_str()), fault: fault_word(fault) };
        self.jobs.retries.get_or_create(&by).inc();
    }

    /// A job was put back, no attempt spent.
    pub fn job_snoozed(&self, platform: &PlatformId, cause: SnoozeCause) {
        let by = BySnooze { platform: self.platforms.value(platform.as_str()), cause: cause.as_str() };
        self.jobs.snoozes.get_or_create(&by).inc();
    }

    /// A job has been told to wait again and again.
    pub fn job_stalled(&self, platform: &PlatformId) {
        let by = ByPlatform { platform: self.platforms.value(platform.as_str()) };
        self.jobs.stalled.get_or_create(&by).inc();
    }

    /// A job went to the dead-letter queue.
    pub fn job_buried(&self, platform: &PlatformId, fault: &Fault) {
        let by = ByFault { platform: self.platforms.value(platform.as_str()), fault: fault_word(fault) };
        self.jobs.buried.get_or_create(&by).inc();
    }

    /// A step of a crawl took this long.
    pub fn step_done(&self, step: Step, took: Duration) {
        self.jobs.steps.get_or_create(&ByStep { step: step.as_str() }).observe(took.as_secs_f64());
    }

    /// A crawl took this much from the network.
    pub fn received(&self, platform: &PlatformId, amount: Throughput) {
        let by = self.by(platform);
        self.jobs.page_loads.get_or_create(&by).inc_by(amount.page_loads);
        self.jobs.bytes.get_or_create(&by).inc_by(amount.bytes);
    }

    /// The gate asked a job to wait this long.
    pub fn limiter_waited(&self, platform: &PlatformId, wait: Duration) {
        self.jobs.limiter_wait.get_or_create(&self.by(platform)).observe(wait.as_secs_f64());
    }

    /// A session was refused and is retired; `session` says whose it was, `guest` or `operator`.
    pub fn session_retired(&self, platform: &PlatformId, session: &'static str) {
        let by = BySession { platform: self.platforms.value(platform.as_str()), session };
        self.jobs.sessions_retired.get_or_create(&by).inc();
    }

    /// The breaker's state: the worst over all ways out of a platform.
    pub fn breaker_is(&self, platform: &PlatformId, state: BreakerState) {
        let level = match state {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        };
        self.jobs.breaker.get_or_create(&self.by(platform)).set(level);
    }

    /// So many jobs wait in a lane.
    pub fn queue_depth(&self, platform: &PlatformId, priority: Priority, jobs: u64) {
        let by = ByPriority { platform: self.platforms.value(platform.as_str()), priority: priority.as_str() };
        self.queue.depth.get_or_create(&by).set(level(jobs));
    }

    /// So many jobs wait for their time, are being worked on, and lie in the dead-letter queue.
    pub fn queue_levels(&self, delayed: u64, leased: u64, dead: u64) {
        self.queue.delayed.set(level(delayed));
        self.queue.leased.set(level(leased));
        self.queue.dead.set(level(dead));
    }

    /// So many outbox rows wait for delivery.
    pub fn outbox_pending(&self, rows: u64) {
        self.queue.outbox.set(level(rows));
    }

    /// A lease ended before its job was settled.
    pub fn lease_lost(&self) {
        self.queue.lease_losses.inc();
    }

    /// So many jobs of dead workers were taken back.
    pub fn reclaimed(&self, jobs: u64) {
        self.queue.reclaims.inc_by(jobs);
    }

    /// So many writes of workers that had lost their lease were refused.
    pub fn stale_writes_refused(&self, write: RefusedWrite, times: u64) {
        self.queue.stale_writes.get_or_create(&ByRefusedWrite { write: write.as_str() }).inc_by(times);
    }

    /// The last heartbeat was late by so much.
    pub fn heartbeat_late_by(&self, delay: Duration) {
        self.queue.heartbeat_delay.set(delay.as_secs_f64());
    }

    /// A part answers.
    pub fn up(&self, part: Part) {
        self.queue.up.get_or_create(&ByPart { part: part.as_str() }).set(1);
    }

    /// A part does not answer.
    pub fn down(&self, part: Part) {
        self.queue.up.get_or_create(&ByPart { part: part.as_str() }).set(0);
    }

    /// So many browsers and browser contexts exist.
    pub fn browsers(&self, running: u64, contexts: u64) {
        self.browser.running.set(level(running));
        self.browser.contexts.set(level(contexts));
    }

    /// So many browser contexts were opened and closed since the last call.
    pub fn contexts_moved(&self, opened: u64, closed: u64) {
        self.browser.opened.inc_by(opened);
        self.browser.closed.inc_by(closed);
    }

    /// So many browsers or pages of them failed since the last call.
    pub fn browser_crashes(&self, kind: Crash, times: u64) {
        self.browser.crashes.get_or_create(&ByCrash { kind: kind.as_str() }).inc_by(times);
    }

    /// So many browsers were replaced in good health, for their age or size, since the last call.
    pub fn browsers_recycled(&self, browsers: u64) {
        self.browser.recycled.inc_by(browsers);
    }

    /// So many messages of the browser were of a kind that is not known, since the last call.
    pub fn unknown_browser_messages(&self, messages: u64) {
        self.browser.unknown_messages.inc_by(messages);
    }

    /// A picture was kept. `quality` is none where the browser's own picture was.
    pub fn screenshot_kept(&self, format: &'static str, bytes: u64, quality: Option<u8>) {
        let by = ByFormat { format };
        self.page.screenshot_bytes.get_or_create(&by).observe(f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)));
        if let Some(quality) = quality {
            self.page.screenshot_quality.get_or_create(&by).observe(f64::from(quality));
        }
    }

    /// The share of recent pages on which a field was read, 0 to 1.
    pub fn field_health(&self, platform: &PlatformId, field: &str, share: f64) {
        let by = ByField { platform: self.platforms.value(platform.as_str()), field: self.field_names.value(field) };
        self.page.field_health.get_or_create(&by).set(share.clamp(0.0, 1.0));
    }

    /// Healing went a step further.
    pub fn heal(&self, platform: &PlatformId, step: HealStep) {
        let by = ByHealStep { platform: self.platforms.value(platform.as_str()), step: step.as_str() };
        self.page.heals.get_or_create(&by).inc();
    }

    fn by(&self, platform: &PlatformId) -> ByPlatform {
        ByPlatform { platform: self.platforms.value(platform.as_str()) }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

/// A level as a gauge takes it.
fn level(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_stands_in_the_text() {
        let metrics = Metrics::new();
        let tiktok = PlatformId::new("tiktok");
        metrics.job_finished(&tiktok, Outcome::LoginWall, Duration::from_millis(1_500));
        metrics.job_retried(&tiktok, &Fault::Transient);
        metrics.job_snoozed(&tiktok, SnoozeCause::RetryAfter);
        metrics.breaker_is(&tiktok, BreakerState::Open);
        metrics.queue_depth(&tiktok, Priority::High, 7);
        metrics.stale_writes_refused(RefusedWrite::Result, 1);
        metrics.down(Part::Redis);
        metrics.screenshot_kept("jpeg", 96_000, Some(57));
        metrics.field_health(&tiktok, "profile.followers", 0.5);
        metrics.received(&tiktok, Throughput { page_loads: 2, bytes: 1_000 });
        let text = metrics.encode();
        for line in [
            "sentinel_jobs_finished_total{platform=\"tiktok\",outcome=\"login_wall\"} 1",
            "sentinel_crawl_duration_seconds_sum{platform=\"tiktok\"} 1.5",
            "sentinel_job_retries_total{platform=\"tiktok\",fault=\"transient\"} 1",
            "sentinel_job_snoozes_total{platform=\"tiktok\",cause=\"retry_after\"} 1",
            "sentinel_breaker_state{platform=\"tiktok\"} 2",
            "sentinel_queue_depth{platform=\"tiktok\",priority=\"high\"} 7",
            "sentinel_stale_writes_refused_total{write=\"result\"} 1",
            "sentinel_up{part=\"redis\"} 0",
            "sentinel_screenshot_size_bytes_count{format=\"jpeg\"} 1",
            "sentinel_field_health{platform=\"tiktok\",field=\"profile.followers\"} 0.5",
            "sentinel_received_bytes_total{platform=\"tiktok\"} 1000",
            "sentinel_lease_losses_total 0",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} is not in\n{text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }

    #[test]
    fn no_caller_can_make_the_series_grow_without_end() {
        let metrics = Metrics::new();
        for n in 0..1_000 {
            metrics.field_health(&PlatformId::new(format!("p{n}")), &format!("f{n}"), 1.0);
            metrics.received(&PlatformId::new("x".repeat(n)), Throughput::default());
        }
        let text = metrics.encode();
        let series = text.lines().filter(|l| l.starts_with("sentinel_field_health{")).count();
        assert!(series <= MOST_FIELDS + 2, "{series}");
        assert!(text.contains("platform=\"other\",field=\"other\""));
        assert!(text.lines().count() < 600);
    }

    #[test]
    fn every_metric_has_a_help_text() {
        let text = Metrics::new().encode();
        let types: Vec<&str> = text.lines().filter(|l| l.starts_with("# TYPE ")).collect();
        let helps = text.lines().filter(|l| l.starts_with("# HELP ") && l.len() > 40).count();
        assert!(types.len() > 12);
        assert_eq!(types.len(), helps);
    }
}
