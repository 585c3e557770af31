//! Whether Redis can be reached, and what that means for the minute: pure, it takes `now` as the time since any fixed point.
//!
//! The moment Redis is lost nobody knows what the others did in the last minute. So all wait until that minute has left
//! the window, then each keeps its share; back at Redis each keeps within its share for one more minute, until what was
//! done apart has left the window too. A worker that *alone* is cut off may add up to its share, but it gets no jobs either.

use std::time::Duration;

/// How long after a failure the next one tries.
const RETRY: Duration = Duration::from_secs(1);

/// What one process knows of Redis.
#[derive(Debug, Clone)]
pub(super) struct Contact {
    minute: Duration,
    away: Option<Away>,
    /// Nobody may go before then: what the others did in the last minute is not known.
    hold_until: Duration,
    /// Until then, our own share holds beside the shared budget.
    apart_until: Duration,
    workers: u32,
    registered: bool,
}

#[derive(Debug, Clone, Copy)]
struct Away {
    since: Duration,
    next_try: Duration,
}

/// By which books a wish is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Books {
    /// Redis alone.
    Shared,
    /// Redis, and our share: there were loads that Redis does not know.
    SharedAndShare,
    /// Our share alone.
    Share,
    /// None, for so long.
    Hold(Duration),
}

impl Contact {
    pub(super) fn new(minute: Duration) -> Self {
        let (hold_until, apart_until) = (Duration::ZERO, Duration::ZERO);
        Self { minute, away: None, hold_until, apart_until, workers: 1, registered: false }
    }

    /// Whether to try Redis now. While it is away one caller a second does, so that not every wish waits for a timeout.
    pub(super) fn try_now(&mut self, now: Duration) -> bool {
        match &mut self.away {
            None => true,
            Some(away) if away.next_try <= now => {
                away.next_try = now + RETRY;
                true
            }
            Some(_) => false,
        }
    }

    /// Redis did not answer. True where that is news.
    pub(super) fn lost(&mut self, now: Duration) -> bool {
        let news = self.away.is_none();
        let since = self.away.map_or(now, |away| away.since);
        self.away = Some(Away { since, next_try: now + RETRY });
        if news {
            self.hold_until = now + self.minute;
        }
        news
    }

    /// Redis answered. True where that is news.
    pub(super) fn heard(&mut self, now: Duration) -> bool {
        let Some(away) = self.away.take() else { return false };
        if now >= away.since + self.minute {
            self.apart_until = now + self.minute;
        }
        self.hold_until = Duration::ZERO;
        true
    }

    /// Redis counted the workers. True where it has forgotten us although we were there: then it has lost its memory,
    /// and with it the last minute.
    pub(super) fn counted(&mut self, now: Duration, workers: u32, new_there: bool) -> bool {
        let forgot = self.registered && new_there;
        self.registered = true;
        if forgot {
            self.hold_until = now + self.minute;
        } else if now >= self.apart_until {
            self.workers = workers.max(1);
        }
        forgot
    }

    /// By which books to judge now.
    pub(super) fn books(&self, now: Duration) -> Books {
        match self.away {
            _ if now < self.hold_until => Books::Hold(self.hold_until.saturating_sub(now)),
            Some(_) => Books::Share,
            None if now < self.apart_until => Books::SharedAndShare,
            None => Books::Shared,
        }
    }

    /// How many workers shared the limits when they were last counted.
    pub(super) fn workers(&self) -> u32 {
        self.workers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn with_three() -> Contact {
        let mut contact = Contact::new(secs(60));
        assert!(!contact.counted(secs(0), 3, true));
        contact
    }

    #[test]
    fn when_redis_is_lost_the_unknown_minute_is_waited_out_and_then_each_keeps_its_share() {
        let mut contact = with_three();
        assert_eq!(contact.books(secs(100)), Books::Shared);
        assert!(contact.lost(secs(100)));
        assert!(!contact.lost(secs(102)), "no news");
        assert_eq!(contact.books(secs(101)), Books::Hold(secs(59)));
        assert_eq!(contact.books(secs(160)), Books::Share);
        assert_eq!(contact.workers(), 3);
    }

    #[test]
    fn after_a_short_absence_all_is_as_before() {
        let mut contact = with_three();
        contact.lost(secs(100));
        assert!(contact.heard(secs(103)));
        assert_eq!(contact.books(secs(103)), Books::Shared);
    }

    #[test]
    fn after_a_long_one_the_share_holds_for_a_minute_more() {
        let mut contact = with_three();
        contact.lost(secs(100));
        contact.heard(secs(200));
        contact.counted(secs(201), 1, false);
        assert_eq!(contact.books(secs(259)), Books::SharedAndShare);
        assert_eq!(contact.workers(), 3, "the others may not be back yet");
        assert_eq!(contact.books(secs(260)), Books::Shared);
    }

    #[test]
    fn a_redis_that_forgot_us_has_forgotten_the_minute_too() {
        let mut contact = with_three();
        assert!(!contact.counted(secs(90), 3, false));
        assert!(contact.counted(secs(100), 1, true));
        assert_eq!(contact.books(secs(159)), Books::Hold(secs(1)));
        assert_eq!(contact.books(secs(160)), Books::Shared);
    }

    #[test]
    fn while_it_is_away_one_a_second_tries() {
        let mut contact = with_three();
        assert!(contact.try_now(secs(100)));
        contact.lost(secs(100));
        assert!(!contact.try_now(secs(100)));
        assert!(contact.try_now(secs(101)));
        assert!(!contact.try_now(secs(101)));
    }
}
