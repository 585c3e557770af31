//! Every metric: its name, its labels, its help text and, for histograms, its buckets. All names begin with `sentinel_`;
//! counters end in `_total` and units stand in the names, as OpenMetrics wants it (the encoder appends both).

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::labels::{
    ByCrash, ByFault, ByField, ByFormat, ByHealStep, ByOutcome, ByPart, ByPlatform, ByPriority, ByRefusedWrite,
    BySession, BySnooze, ByStep,
};

/// A gauge of seconds, or of a share between 0 and 1.
type Measure = Gauge<f64, AtomicU64>;
/// Histograms by label.
type Histograms<S> = Family<S, Histogram, fn() -> Histogram>;

/// From a quick read to the longest crawl.
const SECONDS: [f64; 13] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0];
/// From the next moment to the longest rest of a breaker.
const WAITS: [f64; 10] = [0.1, 0.5, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0, 1_800.0, 7_200.0];
/// Up to the promise of 100,000 and beyond, to see it broken.
const BYTES: [f64; 8] = [10_000.0, 25_000.0, 50_000.0, 75_000.0, 90_000.0, 95_000.0, 100_000.0, 1_000_000.0];
/// An encoder's quality.
const QUALITY: [f64; 8] = [20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0];

fn seconds() -> Histogram {
    Histogram::new(SECONDS)
}

fn waits() -> Histogram {
    Histogram::new(WAITS)
}

fn bytes() -> Histogram {
    Histogram::new(BYTES)
}

fn quality() -> Histogram {
    Histogram::new(QUALITY)
}

fn histograms<S: Clone + std::hash::Hash + Eq>(make: fn() -> Histogram) -> Histograms<S> {
    Family::new_with_constructor(make)
}

/// What became of jobs, and what they took.
#[derive(Debug)]
pub(super) struct Jobs {
    pub(super) finished: Family<ByOutcome, Counter>,
    pub(super) retries: Family<ByFault, Counter>,
    pub(super) snoozes: Family<BySnooze, Counter>,
    pub(super) stalled: Family<ByPlatform, Counter>,
    pub(super) buried: Family<ByFault, Counter>,
    pub(super) duration: Histograms<ByPlatform>,
    pub(super) steps: Histograms<ByStep>,
    pub(super) page_loads: Family<ByPlatform, Counter>,
    pub(super) bytes: Family<ByPlatform, Counter>,
    pub(super) limiter_wait: Histograms<ByPlatform>,
    pub(super) breaker: Family<ByPlatform, Gauge>,
    pub(super) sessions_retired: Family<BySession, Counter>,
}

impl Jobs {
    pub(super) fn registered(to: &mut Registry) -> Self {
        let all = Self {
            finished: Family::default(),
            retries: Family::default(),
            snoozes: Family::default(),
            stalled: Family::default(),
            buried: Family::default(),
            duration: histograms(seconds),
            steps: histograms(seconds),
            page_loads: Family::default(),
            bytes: Family::default(),
            limiter_wait: histograms(waits),
            breaker: Family::default(),
            sessions_retired: Family::default(),
        };
        to.register("jobs_finished", "Jobs whose document stands, by what came out of the crawl", all.finished.clone());
        to.register(
            "job_retries",
            "Attempts that failed and will be repeated, by kind of failure",
            all.retries.clone(),
        );
        to.register("job_snoozes", "Jobs put back without spending an attempt, by cause", all.snoozes.clone());
        let help = "Times that a job was told of because the site goes on telling it to wait";
        to.register("jobs_stalled", help, all.stalled.clone());
        to.register("jobs_buried", "Jobs sent to the dead-letter queue, by kind of failure", all.buried.clone());
        let help = "Time from a job's first request to its document";
        to.register_with_unit("crawl_duration", help, Unit::Seconds, all.duration.clone());
        to.register_with_unit("step_duration", "Time of one step of a crawl", Unit::Seconds, all.steps.clone());
        to.register("page_loads", "Pages loaded in a browser, by platform", all.page_loads.clone());
        to.register_with_unit("received", "Bytes received from a platform", Unit::Bytes, all.bytes.clone());
        let help = "How long the gate asked a job to wait";
        to.register_with_unit("limiter_wait", help, Unit::Seconds, all.limiter_wait.clone());
        let help = "The circuit breaker: 0 closed, 1 half-open, 2 open; the worst over all ways out";
        to.register("breaker_state", help, all.breaker.clone());
        let help = "Sessions that ended because the platform refused them, by whose they were";
        to.register("sessions_retired", help, all.sessions_retired.clone());
        all
    }
}

/// The queue, the ledger and the parts they live in.
#[derive(Debug, Default)]
pub(super) struct Queue {
    pub(super) depth: Family<ByPriority, Gauge>,
    pub(super) delayed: Gauge,
    pub(super) leased: Gauge,
    pub(super) dead: Gauge,
    pub(super) outbox: Gauge,
    pub(super) lease_losses: Counter,
    pub(super) reclaims: Counter,
    pub(super) stale_writes: Family<ByRefusedWrite, Counter>,
    pub(super) heartbeat_delay: Measure,
    pub(super) up: Family<ByPart, Gauge>,
}

impl Queue {
    pub(super) fn registered(to: &mut Registry) -> Self {
        let all = Self::default();
        to.register("queue_depth", "Jobs that wait to be leased, by lane and priority", all.depth.clone());
        to.register("queue_delayed", "Jobs that wait for their time to come", all.delayed.clone());
        to.register("queue_leased", "Jobs that a worker holds a lease on", all.leased.clone());
        to.register("queue_dead", "Jobs that lie in the dead-letter queue", all.dead.clone());
        to.register("outbox_pending", "Outbox rows that wait for their delivery", all.outbox.clone());
        to.register("lease_losses", "Leases that ended before their job was settled", all.lease_losses.clone());
        to.register("reclaims", "Jobs taken back from workers that died", all.reclaims.clone());
        let help = "Writes refused because their worker had lost its lease";
        to.register("stale_writes_refused", help, all.stale_writes.clone());
        let help = "How late the last heartbeat of a lease was";
        to.register_with_unit("heartbeat_delay", help, Unit::Seconds, all.heartbeat_delay.clone());
        to.register("up", "Whether a part that we depend on answers: 1 or 0", all.up.clone());
        all
    }
}

/// The browser fleet.
#[derive(Debug, Default)]
pub(super) struct Browser {
    pub(super) running: Gauge,
    pub(super) contexts: Gauge,
    pub(super) opened: Counter,
    pub(super) closed: Counter,
    pub(super) crashes: Family<ByCrash, Counter>,
    pub(super) recycled: Counter,
    pub(super) unknown_messages: Counter,
}

impl Browser {
    pub(super) fn registered(to: &mut Registry) -> Self {
        let all = Self::default();
        to.register("browsers", "Browsers that are running", all.running.clone());
        to.register("browser_contexts", "Browser contexts that are open", all.contexts.clone());
        to.register("browser_contexts_opened", "Browser contexts opened since the start", all.opened.clone());
        to.register("browser_contexts_closed", "Browser contexts closed since the start", all.closed.clone());
        to.register("browser_crashes", "Browsers and pages that failed, by how", all.crashes.clone());
        to.register("browsers_recycled", "Browsers replaced in good health", all.recycled.clone());
        let help = "Messages of the browser of a kind that is not known";
        to.register("browser_unknown_messages", help, all.unknown_messages.clone());
        all
    }
}

/// What was read and kept of pages.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) screenshot_bytes: Histograms<ByFormat>,
    pub(super) screenshot_quality: Histograms<ByFormat>,
    pub(super) field_health: Family<ByField, Measure>,
    pub(super) heals: Family<ByHealStep, Counter>,
}

impl Page {
    pub(super) fn registered(to: &mut Registry) -> Self {
        let all = Self {
            screenshot_bytes: histograms(bytes),
            screenshot_quality: histograms(quality),
            field_health: Family::default(),
            heals: Family::default(),
        };
        let help = "Size of the screenshots that were kept";
        to.register_with_unit("screenshot_size", help, Unit::Bytes, all.screenshot_bytes.clone());
        let help = "Encoder's quality of the screenshots that were encoded anew";
        to.register("screenshot_quality", help, all.screenshot_quality.clone());
        let help = "Share of recent pages on which a field was read";
        to.register("field_health", help, all.field_health.clone());
        to.register("heals", "Steps of healing, by what happened", all.heals.clone());
        all
    }
}
