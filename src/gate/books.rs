//! The books a wish is judged by: Redis where it answers, else what this process last knew. A state is changed by
//! compare-and-set, so that of many workers one makes the change and tells the fact.

use chrono::{DateTime, Utc};

use super::fact::GateFact;
use super::inner::{Inner, lock};
use super::shared::{Shared, SharedError};
use super::states::{Standing, Who};

/// Others may be faster at changing a state, but not for ever.
const MOST_RACES: u32 = 32;

impl Inner {
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
            // Redis is there, only others were always faster.
            Err(SharedError::Contended) => None,
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
            if standing == theirs || shared.swap(&differences(&texts, &theirs, &standing)?).await? {
                lock(&self.book).put(who, standing, false);
                return Ok((answer, facts));
            }
        }
        Err(SharedError::Contended)
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
fn differences(texts: &Texts, before: &Standing, after: &Standing) -> Result<Changes, SharedError> {
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
