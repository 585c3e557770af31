//! Three workers, two jobs, every interleaving. A small model of queue and ledger is walked exhaustively: no state has two
//! accepted commits of one job. Then random walks over the same steps run against the real scripts on a real Redis, with
//! the model's ledger beside them.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use proptest::prelude::{Strategy as _, any};
use proptest::test_runner::{Config, TestRunner};
use social_sentinel::queue::{Beat, Lease, QueuedJob, Settled, Settlement, Worker};

use crate::support::queue::{Bench, PrivateRedis, config, plain, wide_and_quarantine};

const WORKERS: usize = 3;
const JOBS: usize = 2;

/// What can happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A worker leases the job.
    Claim(usize, usize),
    /// It enters its fence in the ledger, as it does before it begins.
    Enter(usize, usize),
    /// It asks whether its lease still stands, and drops it where it does not.
    Beat(usize, usize),
    /// It writes its result with its fence.
    Commit(usize, usize),
    /// It acknowledges after its commit and lets go.
    Settle(usize, usize),
    /// It hands the job back.
    HandBack(usize, usize),
    /// The job's lease runs out and is taken back; the worker does not notice.
    Expire(usize),
    /// Redis forgets everything and the reconciler brings what the ledger calls unfinished.
    Flush,
}

/// The rules of the ledger, which model and real run share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Row {
    fence: i64,
    commits: u8,
}

impl Row {
    fn enter(&mut self, fence: i64) -> bool {
        let accepted = self.commits == 0 && fence > self.fence;
        if accepted {
            self.fence = fence;
        }
        accepted
    }

    /// `guard` is what the test is about: without it the model must find a double effect.
    fn commit(&mut self, fence: i64, guard: bool) -> bool {
        let accepted = !guard || (self.commits == 0 && fence == self.fence);
        if accepted {
            self.commits += 1;
        }
        accepted
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum InRedis {
    Gone,
    Waiting { fence: u8 },
    Leased { fence: u8, worker: usize },
}

/// A worker's own view of one job: the fence it believes in and how far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Hand {
    fence: u8,
    entered: bool,
    committed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct State {
    redis: [InRedis; JOBS],
    rows: [Row; JOBS],
    hands: [[Option<Hand>; JOBS]; WORKERS],
    flushed: bool,
}

impl State {
    fn first() -> Self {
        Self {
            redis: [InRedis::Waiting { fence: 0 }; JOBS],
            rows: [Row::default(); JOBS],
            hands: [[None; JOBS]; WORKERS],
            flushed: false,
        }
    }

    /// The state after `step`, where it can happen.
    fn after(&self, step: Step, bounds: Bounds) -> Option<Self> {
        let mut next = *self;
        match step {
            Step::Claim(worker, job) => {
                let InRedis::Waiting { fence } = self.redis[job] else { return None };
                if self.hands[worker][job].is_some() || fence >= bounds.fence {
                    return None;
                }
                next.redis[job] = InRedis::Leased { fence: fence + 1, worker };
                next.hands[worker][job] = Some(Hand { fence: fence + 1, entered: false, committed: false });
            }
            Step::Enter(worker, job) => {
                let hand = next.hands[worker][job].as_mut().filter(|hand| !hand.entered)?;
                hand.entered = true;
                if !next.rows[job].enter(i64::from(hand.fence)) {
                    next.hands[worker][job] = None;
                }
            }
            Step::Beat(worker, job) => {
                let hand = self.hands[worker][job]?;
                let held = InRedis::Leased { fence: hand.fence, worker };
                if self.redis[job] == held {
                    return None;
                }
                next.hands[worker][job] = None;
            }
            Step::Commit(worker, job) => {
                let hand = next.hands[worker][job].as_mut().filter(|hand| hand.entered && !hand.committed)?;
                hand.committed = true;
                next.rows[job].commit(i64::from(hand.fence), bounds.guard);
            }
            Step::Settle(worker, job) => {
                let hand = self.hands[worker][job].filter(|hand| hand.committed)?;
                if self.redis[job] == (InRedis::Leased { fence: hand.fence, worker }) {
                    next.redis[job] = InRedis::Gone;
                }
                next.hands[worker][job] = None;
            }
            Step::HandBack(..) => return None,
            Step::Expire(job) => {
                let InRedis::Leased { fence, .. } = self.redis[job] else { return None };
                next.redis[job] = InRedis::Waiting { fence };
            }
            Step::Flush => {
                if self.flushed {
                    return None;
                }
                next.flushed = true;
                for (place, row) in next.redis.iter_mut().zip(&self.rows) {
                    let known = u8::try_from(row.fence).unwrap();
                    *place = if row.commits == 0 { InRedis::Waiting { fence: known } } else { InRedis::Gone };
                }
            }
        }
        Some(next)
    }

    /// The same state with workers and jobs in one order: who of three equal workers it is makes no difference.
    fn sorted(&self, jobs: usize) -> Self {
        let mut state = *self;
        if jobs == JOBS && (state.redis[1], state.rows[1]) < (state.redis[0], state.rows[0]) {
            state.redis.reverse();
            state.rows.reverse();
            state.hands.iter_mut().for_each(|hand| hand.reverse());
        }
        for (one, other) in [(0, 1), (1, 2), (0, 1)] {
            if state.rank(other) < state.rank(one) {
                state.hands.swap(one, other);
                for place in &mut state.redis {
                    if let InRedis::Leased { worker, .. } = place {
                        *worker = if *worker == one {
                            other
                        } else if *worker == other {
                            one
                        } else {
                            *worker
                        };
                    }
                }
            }
        }
        state
    }

    /// All that tells one worker from another, as one number.
    fn rank(&self, worker: usize) -> u32 {
        (0..JOBS).fold(0, |rank, job| {
            let hand = self.hands[worker][job].map_or(0, |hand| {
                1 + u32::from(hand.fence) * 4 + u32::from(hand.entered) * 2 + u32::from(hand.committed)
            });
            let leased = matches!(self.redis[job], InRedis::Leased { worker: owner, .. } if owner == worker);
            rank * 256 + hand * 2 + u32::from(leased)
        })
    }

    /// The whole state as one number, which hashes fast.
    fn key(&self) -> u128 {
        let workers = (0..WORKERS).fold(0_u128, |key, worker| key << 16 | u128::from(self.rank(worker)));
        let jobs = self.redis.iter().zip(&self.rows).fold(workers, |key, (place, row)| {
            let place = match *place {
                InRedis::Gone => 0,
                InRedis::Waiting { fence } => 1 + u128::from(fence) * 2,
                InRedis::Leased { fence, .. } => 2 + u128::from(fence) * 2,
            };
            let row = u128::from(row.fence.unsigned_abs()) << 4 | u128::from(row.commits);
            key << 16 | place << 8 | row
        });
        jobs << 1 | u128::from(self.flushed)
    }

    fn doubled(&self) -> bool {
        self.rows.iter().any(|row| row.commits > 1)
    }
}

fn steps() -> Vec<Step> {
    let pairs = || (0..WORKERS).flat_map(|worker| (0..JOBS).map(move |job| (worker, job)));
    let of = |make: fn(usize, usize) -> Step| pairs().map(move |(worker, job)| make(worker, job));
    of(Step::Claim)
        .chain(of(Step::Enter))
        .chain(of(Step::Beat))
        .chain(of(Step::Commit))
        .chain(of(Step::Settle))
        .chain(of(Step::HandBack))
        .chain((0..JOBS).map(Step::Expire))
        .chain([Step::Flush])
        .collect()
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// Whether the ledger checks the fence.
    guard: bool,
    /// How many of the jobs move.
    jobs: usize,
    /// How often a job is claimed between two flushes.
    fence: u8,
}

/// Walks every reachable state, or stops at the first with two commits of one job. Tells how many there are and whether
/// one is doubled.
fn walk(bounds: Bounds) -> (usize, bool) {
    let moves = |step: &Step| match *step {
        Step::Claim(_, job) | Step::Enter(_, job) | Step::Beat(_, job) | Step::Expire(job) => job < bounds.jobs,
        Step::Commit(_, job) | Step::Settle(_, job) => job < bounds.jobs,
        // An expiry that the worker notices reaches the same states.
        Step::HandBack(..) => false,
        Step::Flush => true,
    };
    let steps: Vec<Step> = steps().into_iter().filter(moves).collect();
    let mut seen = HashSet::from([State::first().key()]);
    let mut open = VecDeque::from([State::first()]);
    while let Some(state) = open.pop_front() {
        if state.doubled() {
            return (seen.len(), true);
        }
        for next in steps.iter().filter_map(|step| state.after(*step, bounds)) {
            let next = next.sorted(bounds.jobs);
            if seen.insert(next.key()) {
                open.push_back(next);
            }
        }
    }
    (seen.len(), false)
}

#[test]
fn no_interleaving_of_three_workers_and_two_jobs_has_two_accepted_commits() {
    let (states, doubled) = walk(Bounds { guard: true, jobs: 2, fence: 2 });
    eprintln!("two jobs: {states} states");
    assert!(states > 10_000, "{states} states are too few to mean anything");
    assert!(!doubled);
}

#[test]
fn no_interleaving_has_two_accepted_commits_however_often_a_job_is_claimed_again() {
    let (states, doubled) = walk(Bounds { guard: true, jobs: 1, fence: 6 });
    eprintln!("one job: {states} states");
    assert!(states > 10_000, "{states} states are too few to mean anything");
    assert!(!doubled);
}

#[test]
fn the_model_would_find_a_double_effect_without_the_fence() {
    assert!(walk(Bounds { guard: false, jobs: 2, fence: 2 }).1);
}

/// The real thing: scripts on Redis, the ledger in memory.
struct Real {
    bench: Bench,
    workers: Vec<Worker>,
    rows: [Row; JOBS],
    hands: BTreeMap<(usize, usize), (Lease, bool, bool)>,
    fences: [BTreeSet<i64>; JOBS],
    /// The newest lease that Redis or the ledger knows of: what was never entered, a flush makes unknown to all.
    newest: [i64; JOBS],
}

impl Real {
    async fn start(url: &str) -> Self {
        let mut settings = config(url);
        (settings.lease_ms, settings.heartbeat_ms) = (2, 1);
        let bench = Bench::at(&settings).await;
        let workers = (0..WORKERS).map(|n| bench.queue.worker(&n.to_string())).collect();
        let mut real = Self {
            bench,
            workers,
            rows: Default::default(),
            hands: BTreeMap::new(),
            fences: Default::default(),
            newest: [0; JOBS],
        };
        real.bring_missing().await;
        real
    }

    /// The reconciler: what is unfinished and unknown to Redis is pushed.
    async fn bring_missing(&mut self) {
        for (n, row) in self.rows.iter().enumerate().filter(|(_, row)| row.commits == 0) {
            let queued = QueuedJob { fence: row.fence, ..QueuedJob::new(plain(&n.to_string())) };
            self.bench.queue.push(&[queued]).await.unwrap();
        }
    }

    async fn take(&mut self, step: Step) {
        match step {
            Step::Claim(worker, _) => {
                let Some(lease) = self.workers[worker].try_lease_many(&wide_and_quarantine(), 1).await.unwrap().pop()
                else {
                    return;
                };
                let job: usize = lease.job().id.as_str().parse().unwrap();
                let last = self.fences[job].last().copied().unwrap_or(0);
                assert!(lease.fence() > last, "the fence grows: {} after {last}", lease.fence());
                self.fences[job].insert(lease.fence());
                self.newest[job] = lease.fence();
                if let Some((stale, ..)) = self.hands.insert((worker, job), (lease, false, false)) {
                    // It is somebody else's, even if that is ourselves.
                    assert_eq!(stale.settle(Settlement::Done).await.unwrap(), Settled::Stale);
                }
            }
            Step::Enter(worker, job) => {
                let Some((lease, entered, _)) = self.hands.get_mut(&(worker, job)) else { return };
                if !std::mem::replace(entered, true) && !self.rows[job].enter(lease.fence()) {
                    self.hands.remove(&(worker, job));
                }
            }
            Step::Beat(worker, job) => {
                let Some((lease, ..)) = self.hands.get(&(worker, job)) else { return };
                if lease.heartbeat().await.unwrap() == Beat::Lost {
                    self.hands.remove(&(worker, job));
                }
            }
            Step::Commit(worker, job) => {
                let Some((lease, entered, committed)) = self.hands.get_mut(&(worker, job)) else { return };
                if *entered && !std::mem::replace(committed, true) {
                    self.rows[job].commit(lease.fence(), true);
                }
            }
            Step::Settle(worker, job) => {
                let committed = self.hands.get(&(worker, job)).is_some_and(|(_, _, committed)| *committed);
                if let Some((lease, ..)) = self.hands.remove(&(worker, job)).filter(|_| committed) {
                    self.settle(lease, Settlement::Done, job).await;
                }
            }
            Step::HandBack(worker, job) => {
                if let Some((lease, ..)) = self.hands.remove(&(worker, job)) {
                    self.settle(lease, Settlement::HandBack, job).await;
                }
            }
            Step::Expire(_) => {
                tokio::time::sleep(std::time::Duration::from_millis(3)).await;
                for dead in self.bench.queue.reclaim().await.unwrap() {
                    // Deaths are not what this test is about: bury and bring again.
                    self.bench.queue.bury(&[dead.job]).await.unwrap();
                }
                self.bring_missing().await;
            }
            Step::Flush => {
                let _: String = self.bench.ask(&["FLUSHALL"]).await;
                self.newest = std::array::from_fn(|job| self.rows[job].fence);
                self.bring_missing().await;
            }
        }
        assert!(self.rows.iter().all(|row| row.commits <= 1), "{step:?} made a double effect");
    }

    /// Whoever settles a lease that is not the newest changes nothing.
    async fn settle(&mut self, lease: Lease, wish: Settlement, job: usize) {
        let newest = self.newest[job] == lease.fence();
        let settled = lease.settle(wish).await.unwrap();
        assert!(newest || !matches!(settled, Settled::Accepted { .. }), "a stale lease was settled: {settled:?}");
    }

    /// After everything, one patient worker finishes what is left.
    async fn finish(&mut self) {
        self.hands.clear();
        while self.rows.iter().any(|row| row.commits == 0) {
            self.take(Step::Expire(0)).await;
            self.take(Step::Claim(0, 0)).await;
            for job in 0..JOBS {
                self.take(Step::Enter(0, job)).await;
                self.take(Step::Commit(0, job)).await;
                self.take(Step::Settle(0, job)).await;
            }
        }
        assert!(self.rows.iter().all(|row| row.commits == 1));
    }
}

#[test]
fn random_walks_over_the_real_scripts_never_double_and_never_lose() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let private = runtime.block_on(PrivateRedis::start());
    let url = private.server.url();
    let all = steps();
    let walks = proptest::collection::vec(any::<proptest::sample::Index>().prop_map(move |at| *at.get(&all)), 1..60);
    let mut runner = TestRunner::new(Config { cases: 48, failure_persistence: None, ..Config::default() });
    let walked = runner.run(&walks, |walk| {
        runtime.block_on(async {
            let mut real = Real::start(&url).await;
            for step in walk {
                real.take(step).await;
            }
            real.finish().await;
        });
        Ok(())
    });
    walked.unwrap();
}
