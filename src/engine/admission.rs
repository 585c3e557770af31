//! How many crawls may run at once, by what processor and memory have left. A full machine does not finish more by doing more at
//! once; it only answers later, and at last its heartbeats come too late and its jobs are given to others. So crawls begin at
//! two for each core, fall to one under full load, and two windows decide, as in Crawlee's pool: over the slow one there must have been room before
//! one more is allowed, and over the fast one there may be no shortage when a crawl begins. One crawl may always run.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::container::{Container, Reading};
use crate::clock::Clock;
use crate::config::AdmissionRules;

/// The controller: pure but for its sampling loop.
#[derive(Debug)]
pub(super) struct Admission {
    rules: AdmissionRules,
    /// The most that the settings allow.
    most: usize,
    /// What is allowed at any load.
    least: usize,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    /// How many may run now.
    limit: usize,
    /// Loads since the slow window began, oldest first.
    loads: VecDeque<Load>,
    last: Option<(Duration, Reading)>,
    changed_at: Duration,
}

/// How loaded we were between two samples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Load {
    /// When, by our uptime.
    at: Duration,
    /// The part of the processors that was busy.
    processor: f64,
    /// The part of the memory that is used.
    memory: f64,
    /// How much later than it should a timer of ours fired.
    late: Duration,
}

impl Admission {
    pub(super) fn new(rules: AdmissionRules, most: usize) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self::with_cores(rules, most, cores)
    }

    fn with_cores(rules: AdmissionRules, most: usize, cores: usize) -> Self {
        let least = cores.clamp(1, most.max(1));
        let state = State {
            limit: (2 * cores).clamp(1, most.max(1)),
            loads: VecDeque::new(),
            last: None,
            changed_at: Duration::ZERO,
        };
        Self { rules, most: most.max(1), least, state: Mutex::new(state), changed: Notify::new() }
    }

    /// How many more may begin while so many run.
    pub(super) fn room(&self, running: usize) -> usize {
        let state = self.lock();
        let limit = if self.is_short(&state) { 1 } else { state.limit };
        limit.saturating_sub(running)
    }

    /// Waits until there may be more room.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Says that a crawl has ended.
    pub(super) fn left(&self) {
        self.changed.notify_one();
    }

    /// Looks at the container until it is stopped.
    pub(super) async fn watch(&self, clock: &Clock, stop: &CancellationToken) {
        let (container, every) = (Container::ours(), Duration::from_millis(self.rules.sample_every_ms));
        while !stop.is_cancelled() {
            let began = clock.uptime();
            self.sampled(began, container.read());
            let asked = clock.uptime();
            if tokio::time::timeout(every, stop.cancelled()).await.is_ok() {
                return;
            }
            let late = (clock.uptime() - asked).saturating_sub(every);
            if late.as_millis() >= u128::from(self.rules.late_ms) {
                tracing::debug!(?late, "this process is short of processor time; no crawl begins for now");
            }
            self.was_late(late);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether memory or time is short over the fast window. A busy processor alone is no shortage: it is what we are for.
    fn is_short(&self, state: &State) -> bool {
        let Some(newest) = state.loads.back() else { return false };
        let window = Duration::from_millis(self.rules.hold_window_ms);
        let recent = state.loads.iter().rev().take_while(|load| load.at + window >= newest.at);
        let (mut late, mut memory) = (Duration::ZERO, 0.0_f64);
        for load in recent {
            late = late.max(load.late);
            memory = memory.max(load.memory);
        }
        late >= Duration::from_millis(self.rules.late_ms) || memory >= self.rules.memory_full
    }

    fn was_late(&self, late: Duration) {
        if let Some(load) = self.lock().loads.back_mut() {
            load.late = late;
        }
    }

    /// Takes in a sample, and over the slow window allows one more or one less.
    fn sampled(&self, now: Duration, reading: Reading) {
        let mut state = self.lock();
        if let Some((before, last)) = state.last {
            let processor = busy(&last, &reading, now.saturating_sub(before));
            let memory = reading.memory.unwrap_or(0.0);
            state.loads.push_back(Load { at: now, processor, memory, late: Duration::ZERO });
        }
        state.last = Some((now, reading));
        let window = Duration::from_millis(self.rules.scale_window_ms);
        while state.loads.front().is_some_and(|load| load.at + window < now) {
            state.loads.pop_front();
        }
        if now >= state.changed_at + window && !state.loads.is_empty() {
            let (limit, short) = (state.limit, self.is_short(&state));
            let count = f64::from(u32::try_from(state.loads.len()).unwrap_or(u32::MAX));
            let processor = state.loads.iter().map(|load| load.processor).sum::<f64>() / count;
            state.limit = if short || processor >= self.rules.processor_full {
                limit.saturating_sub(1).max(self.least)
            } else if processor < self.rules.processor_room {
                // Far from full, there is no need to be slow.
                let more = if processor < self.rules.processor_room / 2.0 { limit } else { 1 };
                (limit + more).min(self.most)
            } else {
                limit
            };
            if state.limit != limit {
                tracing::debug!(limit = state.limit, processor, "crawls at once");
            }
            state.changed_at = now;
        }
        drop(state);
        self.changed.notify_one();
    }
}

/// The busier of container and machine between two readings, 0 to 1.
fn busy(before: &Reading, after: &Reading, passed: Duration) -> f64 {
    let group = before.group.zip(after.group).map_or(0.0, |((from, _), (to, cores))| {
        let whole = passed.as_secs_f64() * cores;
        if whole > 0.0 { to.saturating_sub(from).as_secs_f64() / whole } else { 0.0 }
    });
    let machine = before.machine.zip(after.machine).map_or(0.0, |((busy, whole), (busy_now, whole_now))| {
        let part = |ticks: u64| f64::from(u32::try_from(ticks).unwrap_or(u32::MAX));
        let passed = part(whole_now.saturating_sub(whole));
        if passed > 0.0 { part(busy_now.saturating_sub(busy)) / passed } else { 0.0 }
    });
    group.max(machine).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> AdmissionRules {
        AdmissionRules {
            sample_every_ms: 500,
            scale_window_ms: 2000,
            hold_window_ms: 1000,
            processor_room: 0.8,
            processor_full: 0.95,
            memory_full: 0.9,
            late_ms: 500,
        }
    }

    /// Samples two seconds of a machine that is busy to this part.
    fn two_seconds(admission: &Admission, from: u64, busy: u64, memory: f64) {
        for step in from * 2..from * 2 + 5 {
            let machine = Some((step * busy, step * 100));
            let reading = Reading { group: None, machine, memory: Some(memory) };
            admission.sampled(Duration::from_millis(step * 500), reading);
        }
    }

    #[test]
    fn crawls_begin_at_two_for_each_core_and_grow_while_there_is_room() {
        let admission = Admission::with_cores(rules(), 8, 2);
        assert_eq!(admission.room(0), 4);
        for round in 0..10 {
            two_seconds(&admission, 10 + round * 3, 40, 0.2);
        }
        assert_eq!(admission.room(0), 8);
    }

    #[test]
    fn a_full_processor_takes_back_what_was_allowed_beyond_the_cores() {
        let admission = Admission::with_cores(rules(), 8, 2);
        for round in 0..10 {
            two_seconds(&admission, 10 + round * 3, 40, 0.2);
        }
        for round in 10..30 {
            two_seconds(&admission, 10 + round * 3, 100, 0.2);
        }
        assert_eq!(admission.room(0), 2);
    }

    #[test]
    fn short_memory_holds_new_crawls_at_once_but_never_the_only_one() {
        let admission = Admission::with_cores(rules(), 8, 4);
        two_seconds(&admission, 10, 40, 0.95);
        assert_eq!(admission.room(1), 0);
        assert_eq!(admission.room(0), 1);
    }

    #[test]
    fn a_late_timer_holds_new_crawls() {
        let admission = Admission::with_cores(rules(), 8, 4);
        two_seconds(&admission, 10, 40, 0.2);
        admission.was_late(Duration::from_secs(1));
        assert_eq!(admission.room(2), 0);
    }
}
