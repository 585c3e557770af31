//! Counting in sliding windows, exactly and on the safe side. Pure: time is what the caller says, since any fixed point.
//!
//! A page load counts from the moment it is granted until a minute after it was *over*. The site sees it somewhere in
//! between, so that no sliding minute at the site's end holds more than the limit, whatever the network's delays.

use std::collections::VecDeque;
use std::time::Duration;

/// Both ends of a minute belong to it, and clocks tick in milliseconds.
const TICK: Duration = Duration::from_millis(1);

/// The page loads that count now: those granted and not over, and those over for less than a minute.
#[derive(Debug, Default)]
pub(super) struct LoadLog {
    under_way: u32,
    /// When each that is over stops counting, in order.
    leaving: VecDeque<Duration>,
}

impl LoadLog {
    /// How many count at `now`.
    pub(super) fn count(&mut self, now: Duration) -> u32 {
        while self.leaving.front().is_some_and(|leaves| *leaves <= now) {
            self.leaving.pop_front();
        }
        self.under_way.saturating_add(u32::try_from(self.leaving.len()).unwrap_or(u32::MAX))
    }

    /// How long until `loads` more fit into `limit`; none where they fit now. Where that depends on loads under way,
    /// whose end nobody knows, a twentieth of the minute.
    pub(super) fn wait(&mut self, now: Duration, loads: u32, limit: u32, minute: Duration) -> Option<Duration> {
        let above = self.count(now).saturating_add(loads).checked_sub(limit).filter(|above| *above > 0)?;
        let index = usize::try_from(above - 1).unwrap_or(usize::MAX);
        Some(self.leaving.get(index).map_or(minute / 20, |leaves| leaves.saturating_sub(now)).max(TICK))
    }

    /// Loads that are granted.
    pub(super) fn begin(&mut self, loads: u32) {
        self.under_way = self.under_way.saturating_add(loads);
    }

    /// Loads that are over: they leave a minute from now.
    pub(super) fn over(&mut self, now: Duration, loads: u32, minute: Duration) {
        self.under_way = self.under_way.saturating_sub(loads);
        self.leaving.extend((0..loads).map(|_| now + minute + TICK));
    }

    /// Granted loads that will not happen.
    pub(super) fn give_back(&mut self, loads: u32) {
        self.under_way = self.under_way.saturating_sub(loads);
    }
}

/// What was spent in a long window, in sixtieths of it: a sixtieth counts as long as any of it may lie within the window.
#[derive(Debug)]
pub(super) struct Spent {
    part: Duration,
    parts: VecDeque<(u64, u64)>,
}

/// Into how many parts a long window is cut.
pub(super) const PARTS: u64 = 60;

impl Spent {
    /// A window of an hour or a day.
    pub(super) fn over(window: Duration) -> Self {
        Self { part: (window / 60).max(TICK), parts: VecDeque::new() }
    }

    fn part_at(&self, now: Duration) -> u64 {
        u64::try_from(now.as_millis() / self.part.as_millis().max(1)).unwrap_or(u64::MAX)
    }

    /// What was spent in the window that ends now.
    pub(super) fn sum(&mut self, now: Duration) -> u64 {
        let current = self.part_at(now);
        while self.parts.front().is_some_and(|(part, _)| part + PARTS < current) {
            self.parts.pop_front();
        }
        self.parts.iter().map(|(_, amount)| amount).fold(0, |sum: u64, amount| sum.saturating_add(*amount))
    }

    /// How long until `more` fits into `budget`; none where it fits now or the budget is 0, which is "no budget".
    pub(super) fn wait(&mut self, now: Duration, more: u64, budget: u64) -> Option<Duration> {
        let mut above =
            self.sum(now).saturating_add(more).checked_sub(budget).filter(|above| budget > 0 && *above > 0)?;
        for (part, amount) in &self.parts {
            above = above.saturating_sub(*amount);
            if above == 0 {
                let leaves = self.part.saturating_mul(u32::try_from(part + PARTS + 1).unwrap_or(u32::MAX));
                return Some(leaves.saturating_sub(now).max(TICK));
            }
        }
        Some(self.part.saturating_mul(60))
    }

    /// Spends.
    pub(super) fn spend(&mut self, now: Duration, amount: u64) {
        if amount == 0 {
            return;
        }
        let current = self.part_at(now);
        match self.parts.back_mut().filter(|(part, _)| *part == current) {
            Some((_, spent)) => *spent = spent.saturating_add(amount),
            None => self.parts.push_back((current, amount)),
        }
    }

    /// Takes back what was spent at `then` and not used.
    pub(super) fn take_back(&mut self, then: Duration, amount: u64) {
        let part = self.part_at(then);
        if let Some((_, spent)) = self.parts.iter_mut().find(|(at, _)| *at == part) {
            *spent = spent.saturating_sub(amount);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_load_counts_until_a_minute_after_it_was_over() {
        let mut log = LoadLog::default();
        log.begin(2);
        assert_eq!(log.count(secs(500)), 2, "under way");
        log.over(secs(500), 1, MINUTE);
        assert_eq!(log.count(secs(560)), 2, "both ends of a minute belong to it");
        assert_eq!(log.count(secs(561)), 1);
        log.give_back(1);
        assert_eq!(log.count(secs(561)), 0);
    }

    #[test]
    fn the_wait_is_that_for_the_load_that_must_leave() {
        let mut log = LoadLog::default();
        for second in [0, 10, 20] {
            log.begin(1);
            log.over(secs(second), 1, MINUTE);
        }
        assert_eq!(log.wait(secs(30), 1, 4, MINUTE), None);
        assert_eq!(log.wait(secs(30), 1, 3, MINUTE), Some(secs(30) + TICK));
        assert_eq!(log.wait(secs(30), 2, 3, MINUTE), Some(secs(40) + TICK));
        log.begin(1);
        assert_eq!(log.wait(secs(30), 4, 4, MINUTE), Some(secs(3)), "nobody knows when the one under way ends");
    }

    #[test]
    fn an_hour_counts_on_the_safe_side() {
        let mut hour = Spent::over(secs(3_600));
        hour.spend(secs(30), 5);
        hour.spend(secs(90), 1);
        assert_eq!(hour.sum(secs(3_629)), 6);
        assert_eq!(hour.wait(secs(100), 4, 10), None);
        assert_eq!(hour.wait(secs(100), 5, 10), Some(secs(3_660 - 100)));
        assert_eq!(hour.wait(secs(100), 10, 10), Some(secs(3_720 - 100)));
        assert_eq!(hour.wait(secs(100), 10, 0), None, "0 is no budget");
        assert_eq!(hour.sum(secs(3_660)), 1);
        hour.take_back(secs(90), 1);
        assert_eq!(hour.sum(secs(3_660)), 0);
    }

    proptest::proptest! {
        #[test]
        fn no_sliding_hour_spends_more_than_its_budget(steps in proptest::collection::vec((0_u64..400, 1_u64..5), 1..300)) {
            let (mut hour, mut now, mut spent) = (Spent::over(secs(3_600)), Duration::ZERO, Vec::new());
            for (pause, amount) in steps {
                now += secs(pause);
                if hour.wait(now, amount, 20).is_none() {
                    hour.spend(now, amount);
                    spent.push((now, amount));
                }
            }
            for (end, _) in &spent {
                let sum: u64 = spent.iter().filter(|(at, _)| at <= end && *at + secs(3_600) >= *end).map(|(_, n)| n).sum();
                proptest::prop_assert!(sum <= 20);
            }
        }
    }
}
