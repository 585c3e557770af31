//! Reading held-back crawls again, once a version can: the row of each crawl is filled in, and its held page is released. A crawl that the
//! version does not read as pages usually are stays held. Each answers with the jobs whose documents are other ones now.

use serde_json::Value;

use super::{HEALER, HealError, Sets, Work};
use crate::engine::drift::{Drift, SIGNAL};
use crate::engine::past::{self, PastError};
use crate::engine::plausible;
use crate::extract::detect::Expectation;
use crate::model::capture::Capture;
use crate::model::document::{Document, Outcome};
use crate::model::job::{JobId, PlatformId, Target};
use crate::model::selectors::SelectorSet;
use crate::platform;
use crate::store::held::Decision;
use crate::store::save::rederive::{PastCrawl, PastFilter};

/// Held pages that are looked through for each page of a canary.
const LOOK: usize = 8;
/// Crawls read again in one round.
pub(super) const ROWS: usize = 500;

/// A crawl whose document is another one now.
#[derive(Debug, Clone)]
pub(super) struct Filled {
    /// Its job.
    pub(super) job: JobId,
    /// The crawl.
    pub(super) crawl: i64,
    /// Whose page it is.
    pub(super) target: Target,
    /// Posts that were asked for.
    pub(super) posts: u16,
    /// Whether a crawl would have loaded further pages: when it was made, nobody could read which.
    pub(super) short: bool,
}

/// What the service knows that reads again.
pub(super) struct Reader<'a> {
    pub(super) work: &'a Work<'a>,
    pub(super) sets: &'a Sets,
    pub(super) expected: &'a Expectation,
    pub(super) drift: &'a Drift,
    /// Whether a crawl with this capture would load a further page.
    pub(super) wants_more: &'a (dyn Fn(&Target, u16, &Capture, &SelectorSet) -> bool + Sync),
}

impl Reader<'_> {
    /// Whether a reading has what pages usually have, but for what this template has not any more.
    pub(super) fn is_whole(&self, past: &PastCrawl, document: &Document) -> bool {
        let mark = past.fingerprint.as_deref();
        matches!(document.outcome, Outcome::Ok | Outcome::Partial)
            && document.profile.is_some()
            && self.drift.is_met(self.expected, &past.target.platform, mark, document)
    }

    /// Whether a page may be let go as this set reads it: no check that would have held it speaks against that.
    pub(super) fn stands(&self, past: &PastCrawl, capture: &Capture, set: &SelectorSet, document: &Document) -> bool {
        self.drift.objections(&past.target.platform, capture, set, document).is_empty()
    }

    pub(super) fn filled(
        &self,
        past: &PastCrawl,
        posts: u16,
        capture: &Capture,
        set: &SelectorSet,
    ) -> Result<Option<Filled>, HealError> {
        let Ok(job) = past.job.parse() else { return Ok(None) };
        let short = (self.wants_more)(&past.target, posts, capture, set);
        Ok(Some(Filled { job, crawl: past.crawl, target: past.target.clone(), posts, short }))
    }
}

/// Fills in what the versions in force can read of a platform's held-back crawls, each by its template's.
pub(super) async fn all(reader: &Reader<'_>, platform: &PlatformId) -> Result<Vec<Filled>, HealError> {
    let work = reader.work;
    let mut filled = Vec::new();
    for (held, crawl, _) in work.store.held_crawls(platform.as_str(), None, ROWS).await? {
        let Some(past) = past(work, crawl).await? else { continue };
        let own = past.fingerprint.as_ref().and_then(|mark| reader.sets.templates.get(mark));
        let mut tried: Vec<&SelectorSet> =
            own.into_iter().chain([&reader.sets.all]).map(std::convert::AsRef::as_ref).collect();
        tried.dedup_by(|a, b| a.version == b.version);
        for (at, set) in tried.iter().enumerate() {
            let Some((document, capture)) = fill(reader, &past, set).await? else {
                // Where its own template's version sees its sources contradict each other, another template's does not know better.
                if at + 1 < tried.len() && contradicted(work, &past, set).await? {
                    break;
                }
                continue;
            };
            work.store.decide_held(held, Decision::Release, HEALER).await?;
            filled.extend(reader.filled(&past, document.coverage.requested, &capture, set)?);
            break;
        }
    }
    Ok(filled)
}

/// Writes a held-back crawl by a version in force; none where that does not read it as pages usually are.
async fn fill(
    reader: &Reader<'_>,
    past: &PastCrawl,
    set: &SelectorSet,
) -> Result<Option<(Document, Capture)>, HealError> {
    let work = reader.work;
    if past.selectors_version.as_deref() == Some(set.version.as_str()) {
        // Read by this version before and held for that; or a canary's row, which stands and of which nobody was told.
        if let Some(document) = shown(work, past.crawl).await? {
            work.store.rederive(past.crawl, &document).await?;
            return Ok(past::capture(work.blobs, past).await.ok().map(|capture| (document, capture)));
        }
        // It was held for a field that is known to be gone since.
        if !reader.drift.has_gone(&past.target.platform, past.fingerprint.as_deref()) {
            return Ok(None);
        }
    }
    let Some((document, capture)) = read(work, past, set).await? else { return Ok(None) };
    if !reader.is_whole(past, &document) || !reader.stands(past, &capture, set, &document) {
        return Ok(None);
    }
    write(work, past, document.clone()).await?;
    Ok(Some((document, capture)))
}

/// Whether the sources of a past crawl contradict each other as a set reads them.
async fn contradicted(work: &Work<'_>, past: &PastCrawl, set: &SelectorSet) -> Result<bool, HealError> {
    match past::capture(work.blobs, past).await {
        Ok(capture) => Ok(!platform::contradictions(&capture, set).is_empty()),
        Err(PastError::Forgotten { .. } | PastError::Capture { .. }) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Writes a few held-back pages of a template by a version that is not in force yet, if all of them are plausible; how many.
pub(super) async fn some(
    work: &Work<'_>,
    platform: &PlatformId,
    template: &str,
    set: &SelectorSet,
    pages: usize,
) -> Result<Result<usize, String>, HealError> {
    let mut ready = Vec::new();
    for (held, crawl, _) in work.store.held_crawls(platform.as_str(), Some(template), pages * LOOK).await? {
        if ready.len() >= pages {
            break;
        }
        let Some(past) = past(work, crawl).await? else { continue };
        let Some((mut document, capture)) = read(work, &past, set).await? else { continue };
        if document.profile.is_none() {
            return Ok(Err(format!("crawl {crawl} shows no profile")));
        }
        // An old copy beside fresh numbers says nothing of the version, and is not let go by it.
        if !platform::contradictions(&capture, set).is_empty() {
            continue;
        }
        let doubts = judge(work, &past, &mut document).await?;
        if let Some(first) = doubts.first() {
            return Ok(Err(format!("crawl {crawl}: {} {}", first.path, first.reason)));
        }
        ready.push((held, past, document));
    }
    let written = ready.len();
    for (_, past, document) in ready {
        // The page stays held until the version is in force: nobody is told of it before.
        work.store.rederive_untold(past.crawl, &document).await?;
    }
    Ok(Ok(written))
}

/// The stored document of a crawl whose page as a whole is held, where it shows a profile: only a canary writes that.
async fn shown(work: &Work<'_>, crawl: i64) -> Result<Option<Document>, HealError> {
    Ok(stored(work, crawl).await?.filter(|document| {
        document.profile.is_some() && document.evidence.as_ref().is_none_or(|evidence| evidence.signal != SIGNAL)
    }))
}

pub(super) async fn past(work: &Work<'_>, crawl: i64) -> Result<Option<PastCrawl>, HealError> {
    let filter = PastFilter { crawl: Some(crawl), ..PastFilter::default() };
    Ok(work.store.past_crawls(&filter, None, 1).await?.pop())
}

/// What the set reads of a past crawl, and of what; none where the capture or the document is not kept any more.
async fn read(work: &Work<'_>, past: &PastCrawl, set: &SelectorSet) -> Result<Option<(Document, Capture)>, HealError> {
    let Some(stored) = stored(work, past.crawl).await? else { return Ok(None) };
    let capture = match past::capture(work.blobs, past).await {
        Ok(capture) => capture,
        Err(PastError::Forgotten { .. } | PastError::Capture { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let document = past::read_capture(past, &capture, set, stored.coverage.requested)?;
    Ok(Some((Document { screenshot: stored.screenshot, ..document }, capture)))
}

/// A crawl's document as it stands.
pub(super) async fn stored(work: &Work<'_>, crawl: i64) -> Result<Option<Document>, HealError> {
    let stored = work.store.stored_crawl(crawl).await?;
    Ok(stored.and_then(|stored| serde_json::from_str(&stored.document).ok()))
}

async fn judge(
    work: &Work<'_>,
    past: &PastCrawl,
    document: &mut Document,
) -> Result<Vec<crate::store::save::HeldValue>, HealError> {
    let id = document.profile.as_ref().and_then(|profile| profile.id.clone());
    let posts: Vec<String> = document.posts.iter().map(|post| post.id.clone()).collect();
    let last = work.store.last_facts(&past.target, id.as_deref(), &posts).await?;
    Ok(plausible::judge(document, &last).held)
}

/// Writes a crawl again: what is implausible is held back anew, what was decided about the same value stands.
pub(super) async fn write(work: &Work<'_>, past: &PastCrawl, mut document: Document) -> Result<(), HealError> {
    let known = work.store.held_of_crawl(past.crawl).await?;
    let is_same =
        |document: &Document, path: &str, value: &Value| plausible::value_at(document, path).as_ref() == Some(value);
    let dropped = known.iter().filter(|(path, value, state)| state == "dropped" && is_same(&document, path, value));
    let dropped: Vec<String> = dropped.map(|(path, ..)| path.clone()).collect();
    plausible::withhold(&mut document, &dropped);
    let mut held = judge(work, past, &mut document).await?;
    held.retain(|held| {
        let released = |(path, value, state): &(String, Value, String)| {
            state == "released" && *path == held.path && *value == held.value
        };
        !(known.iter().any(released) && plausible::put(&mut document, &held.path, held.value.clone()))
    });
    work.store.rederive(past.crawl, &document).await?;
    work.store.hold_again(past.crawl, &document.selectors.version, &held, HEALER).await?;
    Ok(())
}
