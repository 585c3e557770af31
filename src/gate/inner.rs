//! The one gate behind all its clones and permits: brings the pure parts (breaker, pace, limiter) together with the books
//! they stand in. Order of a wish: look at the breakers, take from the budget, and only then claim the probe, so that a
//! probe is never claimed by one whom the budget refuses.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ask::{Later, LaterReason};
use super::breaker::{BreakerRules, Pass};
use super::config::GateConfig;
use super::contact::{Books, Contact};
use super::fact::{GateFact, Scope};
use super::limiter::{Bounds, Closing, Limiter, Payer, RECHECK, Refusal, Step};
use super::pace::{Pace, PaceRules, Trend};
use super::permit::Held;
use super::shared::{Order, Shared, SharedError};
use super::states::{Book, Standing, Who};
use super::{GateError, SharedAt};
use crate::clock::{Clock, Rng};

/// Facts that nobody takes are bounded.
const MOST_FACTS: usize = 1_024;
/// A probe that is silent for longer is taken for lost.
const PROBE_LEASE: Duration = Duration::from_secs(120);
/// While a probe is under way the others look again after this.
const PROBE_RECHECK: Duration = Duration::from_secs(2);
/// Others may be faster at changing a state, but not for ever.
const MOST_RACES: u32 = 32;

/// Redis, and what we know of its being there.
#[derive(Debug)]
struct Link {
    shared: Shared,
    contact: Mutex<Contact>,
    announced: Mutex<HashSet<(String, String)>>,
}

/// The gate itself.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) config: GateConfig,
    pub(super) clock: Clock,
    pub(super) rng: Rng,
    pub(super) minute: Duration,
    pub(super) limiter: Mutex<Limiter>,
    pub(super) book: Mutex<Book>,
    pub(super) trends: Mutex<HashMap<Payer, Trend>>,
    /// Permits under way, so that their places are kept.
    pub(super) held: Mutex<HashMap<u64, Held>>,
    /// Permits that were dropped and are to be settled by the next who comes by.
    pub(super) leftovers: Mutex<Vec<Held>>,
    pub(super) dropped: AtomicU64,
    facts: Mutex<VecDeque<GateFact>>,
    /// When the next of those who wait at a payer is told to come.
    tails: Mutex<HashMap<Payer, Duration>>,
    link: Option<Link>,
}

/// What is granted, and where it is written down.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grant {
    /// Redis's time of it, where Redis knows of it.
    pub(super) shared_at_ms: Option<i64>,
    /// Our time of it.
    pub(super) at: Duration,
}

/// Locks for the length of one statement; no lock is ever held across an await.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Inner {
    pub(super) fn new(
        config: GateConfig,
        clock: Clock,
        rng: &Rng,
        minute: Duration,
        shared: Option<&SharedAt>,
    ) -> Result<Self, GateError> {
        config.check()?;
        let link = |at: &SharedAt| -> Result<Link, GateError> {
            let shared =
                Shared::new(at, rng.bits()).map_err(|mend| GateError::Setting { key: "queue.url".to_owned(), mend })?;
            let contact = Mutex::new(Contact::new(minute));
            Ok(Link { shared, contact, announced: Mutex::default() })
        };
        Ok(Self {
            link: shared.map(link).transpose()?,
            config,
            clock,
            rng: rng.clone(),
            minute,
            limiter: Mutex::new(Limiter::new(clock)),
            book: Mutex::default(),
            trends: Mutex::default(),
            held: Mutex::default(),
            leftovers: Mutex::default(),
            dropped: AtomicU64::new(0),
            facts: Mutex::default(),
            tails: Mutex::default(),
        })
    }

    pub(super) fn breaker_rules(&self) -> BreakerRules {
        BreakerRules {
            open_after: usize::try_from(self.config.open_after_failures).unwrap_or(usize::MAX),
            window: Duration::from_secs(self.config.failure_window_s),
            rest: Duration::from_secs(self.config.rest_s),
            rest_max: Duration::from_secs(self.config.rest_max_s),
            probe_lease: PROBE_LEASE,
        }
    }

    pub(super) fn pace_rules(&self) -> PaceRules {
        PaceRules { slowest: self.config.slowest_pace, step: Duration::from_secs(self.config.pace_step_s) }
    }

    /// What may be done at a payer at this pace.
    pub(super) fn bounds(&self, payer: &Payer, pace: &Pace, now: DateTime<Utc>) -> Bounds {
        let platform = self.config.limits(&payer.platform, self.minute);
        let egress = platform.part(self.config.egress_share).at_pace(pace.level(now, &self.pace_rules()));
        Bounds { platform, egress }
    }

    pub(super) fn tell(&self, news: impl IntoIterator<Item = GateFact>) {
        let mut facts = lock(&self.facts);
        facts.extend(news);
        let above = facts.len().saturating_sub(MOST_FACTS);
        facts.drain(..above);
    }

    pub(super) fn take_facts(&self) -> Vec<GateFact> {
        lock(&self.facts).drain(..).collect()
    }

    /// The answer "not now". Those who wait are told different times, one for each place that will be free and as many
    /// again, or all would come back at once for one place.
    pub(super) fn later(&self, payer: &Payer, refusal: Refusal, step: Step) -> Later {
        let now = self.clock.uptime();
        let mut due = now + refusal.after;
        if step == Step::Begin {
            let limits = self.config.limits(&payer.platform, self.minute);
            let gap = limits.minute / limits.loads.max(1) / 2;
            let mut tails = lock(&self.tails);
            let tail = tails.entry(payer.clone()).or_default();
            if *tail < due {
                *tail = due;
            } else if *tail > due + self.minute {
                due += self.rng.jitter(self.minute);
            } else {
                due = *tail;
            }
            if due == *tail {
                *tail += gap;
            }
        }
        let after = whole_ms_up(due.saturating_sub(now));
        let until = self.clock.now() + chrono::Duration::from_std(after).unwrap_or_default();
        Later { until, after, reason: refusal.reason }
    }

    /// Redis, where there is one and it is worth a try.
    pub(super) fn redis(&self) -> Option<&Shared> {
        let link = self.link.as_ref()?;
        lock(&link.contact).try_now(self.clock.uptime()).then_some(&link.shared)
    }

    /// Redis, whether or not it answered last: for commands, which say so when it does not.
    pub(super) fn redis_for_commands(&self) -> Option<&Shared> {
        self.link.as_ref().map(|link| &link.shared)
    }

    /// Takes note of whether Redis answered, and passes the answer on.
    pub(super) fn noting<T>(&self, answer: Result<T, SharedError>) -> Option<T> {
        let link = self.link.as_ref()?;
        let now = self.clock.uptime();
        let mut contact = lock(&link.contact);
        match answer {
            Ok(value) => {
                if contact.heard(now) {
                    self.tell([GateFact::SharedRegained]);
                }
                Some(value)
            }
            Err(error) => {
                if contact.lost(now) {
                    self.tell([GateFact::SharedLost { error: error.to_string(), workers: contact.workers() }]);
                }
                None
            }
        }
    }

    /// Takes note of how many share the gate. True where Redis had forgotten us.
    pub(super) fn counted(&self, workers: u32, new_there: bool) -> bool {
        let now = self.clock.uptime();
        self.link.as_ref().is_some_and(|link| lock(&link.contact).counted(now, workers, new_there))
    }

    /// What stands for one now, by the books that hold.
    pub(super) async fn look(&self, who: &Who) -> (DateTime<Utc>, Standing) {
        if let Some(shared) = self.redis()
            && let Some((now, _, theirs)) = self.noting(read(shared, who).await)
        {
            let mut book = lock(&self.book);
            let merged = book.merged(who, theirs.clone());
            if merged == theirs {
                book.put(who, theirs, false);
            }
            return (now, merged);
        }
        (self.clock.now(), lock(&self.book).standing(who))
    }

    /// Changes what stands for one, in one piece: in Redis by compare-and-set, else in our own book. The facts that the
    /// change states are told once it stands.
    pub(super) async fn change<T>(
        &self,
        who: &Who,
        change: impl Fn(&mut Standing, DateTime<Utc>, &mut Vec<GateFact>) -> T,
    ) -> T {
        if let Some(shared) = self.redis()
            && let Some((answer, facts)) = self.noting(self.change_shared(shared, who, &change).await)
        {
            self.tell(facts);
            return answer;
        }
        let mut facts = Vec::new();
        let answer = {
            let mut book = lock(&self.book);
            let mut standing = book.standing(who);
            let answer = change(&mut standing, self.clock.now(), &mut facts);
            book.put(who, standing, self.link.is_some());
            answer
        };
        self.tell(facts);
        answer
    }

    async fn change_shared<T>(
        &self,
        shared: &Shared,
        who: &Who,
        change: &impl Fn(&mut Standing, DateTime<Utc>, &mut Vec<GateFact>) -> T,
    ) -> Result<(T, Vec<GateFact>), SharedError> {
        for _ in 0..MOST_RACES {
            let (now, texts, theirs) = read(shared, who).await?;
            let mut facts = Vec::new();
            let mut standing = lock(&self.book).merged(who, theirs.clone());
            let answer = change(&mut standing, now, &mut facts);
            if standing == theirs || shared.swap(&differences(who, &texts, &theirs, &standing)?).await? {
                lock(&self.book).put(who, standing, false);
                return Ok((answer, facts));
            }
        }
        Err(SharedError::Contended)
    }

    /// May this permit go, by the breakers? `claim` decides whether a probe is claimed or only foreseen.
    pub(super) async fn claim_probe(&self, who: &Who, permit: u64) -> Pass {
        let rules = self.breaker_rules();
        self.change(who, |standing, now, facts| {
            let pass = standing.ask(now, permit, &rules);
            if pass == Pass::Probe {
                facts.push(GateFact::BreakerHalfOpened { scope: who.scope.clone() });
            }
            pass
        })
        .await
    }

    /// Takes page loads from the budget, by the books that hold.
    pub(super) async fn take(
        &self,
        payer: &Payer,
        bounds: &Bounds,
        permit: u64,
        first: u32,
        loads: u32,
        step: Step,
    ) -> Result<Grant, Refusal> {
        let order = Order { payer, bounds, permit, first, loads, step };
        let Some(link) = &self.link else {
            lock(&self.limiter).admit(payer, bounds, loads, step)?;
            return Ok(Grant { shared_at_ms: None, at: self.clock.uptime() });
        };
        if let Some(shared) = self.redis() {
            self.announce(link, payer).await;
            if let Some(granted) = self.take_shared(link, shared, &order).await {
                return granted;
            }
        }
        self.hold(link)?;
        self.take_share(link, &order)
    }

    /// By Redis; none where it does not answer.
    async fn take_shared(&self, link: &Link, shared: &Shared, order: &Order<'_>) -> Option<Result<Grant, Refusal>> {
        let Order { payer, loads, step, .. } = *order;
        let books = lock(&link.contact).books(self.clock.uptime());
        let beside = books == Books::SharedAndShare;
        if beside && let Err(refusal) = self.take_share(link, order) {
            return Some(Err(refusal));
        }
        let undo = || {
            if beside {
                let unused = Closing { unused: loads, ..Closing::default() };
                lock(&self.limiter).undo(payer, self.clock.uptime(), unused, self.minute, step);
            }
        };
        let Some(answer) = self.noting(shared.admit(order).await) else {
            undo();
            return None;
        };
        self.counted(answer.workers, answer.new_there);
        if let Err(refusal) = answer.granted {
            undo();
            return Some(Err(refusal));
        }
        let grant = Grant { shared_at_ms: Some(answer.at_ms), at: self.clock.uptime() };
        if !beside {
            lock(&self.limiter).note(payer, loads, step);
        }
        Some(match self.hold(link) {
            Ok(()) => Ok(grant),
            // Redis has forgotten the last minute: its word does not hold. What it wrote down lapses by itself.
            Err(refusal) => {
                let unused = Closing { unused: loads, ..Closing::default() };
                lock(&self.limiter).undo(payer, grant.at, unused, self.minute, step);
                Err(refusal)
            }
        })
    }

    fn hold(&self, link: &Link) -> Result<(), Refusal> {
        match lock(&link.contact).books(self.clock.uptime()) {
            Books::Hold(after) => Err(Refusal { after, reason: LaterReason::SharedLost }),
            Books::Shared | Books::SharedAndShare | Books::Share => Ok(()),
        }
    }

    /// By our share of the limits.
    fn take_share(&self, link: &Link, order: &Order<'_>) -> Result<Grant, Refusal> {
        let workers = lock(&link.contact).workers();
        let none = Refusal { after: RECHECK, reason: LaterReason::SharedLost };
        let platform = order.bounds.platform.share(workers).ok_or(none)?;
        let egress = order.bounds.egress.share(workers).ok_or(none)?;
        lock(&self.limiter).admit(order.payer, &Bounds { platform, egress }, order.loads, order.step)?;
        Ok(Grant { shared_at_ms: None, at: self.clock.uptime() })
    }

    async fn announce(&self, link: &Link, payer: &Payer) {
        let name = (payer.platform.to_string(), payer.egress.to_string());
        if !lock(&link.announced).contains(&name) && self.noting(link.shared.announce(payer).await).is_some() {
            lock(&link.announced).insert(name);
        }
    }

    /// A breaker's "wait" as a refusal.
    pub(super) fn refusal(now: DateTime<Utc>, until: DateTime<Utc>, reason: LaterReason) -> Refusal {
        let after = (until - now).to_std().unwrap_or_default();
        let after = if reason == LaterReason::ProbeUnderWay { after.min(PROBE_RECHECK) } else { after };
        Refusal { after, reason }
    }

    /// Counts a permit that was dropped without a report.
    pub(super) fn note_dropped(&self, scope: Scope) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        self.tell([GateFact::PermitDropped { scope }]);
    }
}

type Texts = Vec<(String, Option<String>)>;
type Changes = Vec<(String, Option<String>, Option<String>)>;

/// Redis's time and what it has for one, as text and as values. A text that is not ours is an error and no guess.
async fn read(shared: &Shared, who: &Who) -> Result<(DateTime<Utc>, Texts, Standing), SharedError> {
    let names = who.fields().iter().map(|field| field.name()).collect::<Result<Vec<_>, _>>()?;
    let (now, texts) = shared.look(&names).await?;
    let mut standing = Standing::default();
    for (slot, text) in standing.breakers.iter_mut().zip(&texts) {
        if let Some(text) = text {
            *slot = serde_json::from_str(text)?;
        }
    }
    if let Some(Some(text)) = texts.get(standing.breakers.len()) {
        standing.pace = serde_json::from_str(text)?;
    }
    Ok((now, names.into_iter().zip(texts).collect(), standing))
}

/// What is to be written: (field, seen, wanted). An ordinary state is not kept.
fn differences(who: &Who, texts: &Texts, before: &Standing, after: &Standing) -> Result<Changes, SharedError> {
    debug_assert_eq!(texts.len(), who.fields().len());
    let mut changes = Vec::new();
    let ordinary = Standing::default();
    for (index, (name, seen)) in texts.iter().enumerate() {
        let wanted = match (before.breakers.get(index), after.breakers.get(index)) {
            (Some(was), Some(is)) if was != is => {
                Some(is).filter(|is| **is != ordinary.breakers[0]).map(serde_json::to_string)
            }
            (None, None) if before.pace != after.pace => {
                Some(&after.pace).filter(|pace| **pace != ordinary.pace).map(serde_json::to_string)
            }
            _ => continue,
        };
        changes.push((name.clone(), seen.clone(), wanted.transpose()?));
    }
    Ok(changes)
}

fn whole_ms_up(time: Duration) -> Duration {
    let ms = time.as_nanos().div_ceil(1_000_000);
    Duration::from_millis(u64::try_from(ms).unwrap_or(u64::MAX))
}
