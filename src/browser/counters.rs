//! What the browser room counts. It only counts: names, labels and meaning of the metrics are telemetry's.

use std::sync::atomic::{AtomicU64, Ordering};

/// The counts at one moment. All but the first two only grow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Browser processes alive now.
    pub browsers: u64,
    /// Contexts open now.
    pub contexts: u64,
    /// Browser processes started.
    pub launches: u64,
    /// Browser processes that ended without being asked to.
    pub crashes: u64,
    /// Browser processes replaced for age, use, memory or failures.
    pub recycled: u64,
    /// Contexts opened.
    pub contexts_opened: u64,
    /// Contexts closed.
    pub contexts_closed: u64,
    /// Pages whose renderer died.
    pub pages_crashed: u64,
    /// Visits that ended well.
    pub visits: u64,
    /// Visits that failed.
    pub visits_failed: u64,
    /// Messages of a browser that could not be read and were dropped.
    pub messages_dropped: u64,
    /// Scripts that a page was given in their compiled form.
    pub scripts_reused: u64,
    /// Bytes received from the network, as transferred.
    pub bytes: u64,
}

/// The growing counts, shared by all parts of the room.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) browsers: Count,
    pub(super) browsers_ended: Count,
    pub(super) crashes: Count,
    pub(super) recycled: Count,
    pub(super) contexts_opened: Count,
    pub(super) contexts_closed: Count,
    pub(super) pages_crashed: Count,
    pub(super) visits: Count,
    pub(super) visits_failed: Count,
    pub(super) messages_dropped: Count,
    pub(super) scripts_reused: Count,
    pub(super) bytes: Count,
}

impl Tally {
    pub(super) fn read(&self) -> Counters {
        let (launches, ended) = (self.browsers.get(), self.browsers_ended.get());
        let (opened, closed) = (self.contexts_opened.get(), self.contexts_closed.get());
        Counters {
            browsers: launches.saturating_sub(ended),
            contexts: opened.saturating_sub(closed),
            launches,
            crashes: self.crashes.get(),
            recycled: self.recycled.get(),
            contexts_opened: opened,
            contexts_closed: closed,
            pages_crashed: self.pages_crashed.get(),
            visits: self.visits.get(),
            visits_failed: self.visits_failed.get(),
            messages_dropped: self.messages_dropped.get(),
            scripts_reused: self.scripts_reused.get(),
            bytes: self.bytes.get(),
        }
    }
}

/// One growing count.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn one(&self) {
        self.add(1);
    }

    pub(super) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
