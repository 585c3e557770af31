//! Reading held-back crawls again, once a version can: the row of each crawl is filled in, and its held page is released. A crawl that the
//! version does not read as pages usually are stays held. Each answers with the jobs whose documents are other ones now.

use super::{HEALER, HealError, Sets, Work};
use crate::engine::drift::SIGNAL;
use crate::engine::past::{self, PastError};
use crate::engine::plausible;
use crate::extract::detect::Expectation;
use crate::model::document::{Document, Outcome};
use crate::model::job::{JobId, PlatformId};
use crate::model::selectors::SelectorSet;
use crate::store::held::Decision;
use crate::store::save::rederive::{PastCrawl, PastFilter};

/// Crawls read again in one round.
const ROWS: usize = 500;

/// Fills in what the versions in force can read of a platform's held-back crawls, each by its template's.
pub(super) async fn all(
    work: &Work<'_>,
    platform: &PlatformId,
    sets: &Sets,
    expected: &Expectation,
) -> Result<Vec<JobId>, HealError> {
    let mut filled = Vec::new();
    for (held, crawl, job) in work.store.held_crawls(platform.as_str(), None, ROWS).await? {
        let Some(past) = past(work, crawl).await? else { continue };
        let own = past.fingerprint.as_ref().and_then(|mark| sets.templates.get(mark));
        let mut tried: Vec<&SelectorSet> =
            own.into_iter().chain([&sets.all]).map(std::convert::AsRef::as_ref).collect();
        tried.dedup_by(|a, b| a.version == b.version);
        for set in tried {
            if past.selectors_version.as_deref() == Some(set.version.as_str()) {
                // Read by this version before and held for that; or a canary's row, which stands.
                if has_profile(work, crawl).await? {
                    work.store.decide_held(held, Decision::Release, HEALER).await?;
                    filled.extend(job.parse());
                    break;
                }
                continue;
            }
            let Some(document) = read(work, &past, set).await?.filter(|document| is_whole(document, expected)) else {
                continue;
            };
            write(work, &past, document).await?;
            work.store.decide_held(held, Decision::Release, HEALER).await?;
            filled.extend(job.parse());
            break;
        }
    }
    Ok(filled)
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
    for (held, crawl, _) in work.store.held_crawls(platform.as_str(), Some(template), pages).await? {
        let Some(past) = past(work, crawl).await? else { continue };
        let Some(mut document) = read(work, &past, set).await? else { continue };
        if document.profile.is_none() {
            return Ok(Err(format!("crawl {crawl} shows no profile")));
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
        work.store.rederive(past.crawl, &document).await?;
    }
    Ok(Ok(written))
}

/// Writes again, by `set`, whatever a bad version wrote.
pub(super) async fn of_version(
    work: &Work<'_>,
    platform: &PlatformId,
    version: &str,
    set: &SelectorSet,
) -> Result<Vec<JobId>, HealError> {
    let filter = PastFilter {
        platform: Some(platform.to_string()),
        selectors_version: Some(version.to_owned()),
        ..PastFilter::default()
    };
    for past in work.store.past_crawls(&filter, None, ROWS).await? {
        if let Some(document) = read(work, &past, set).await? {
            write(work, &past, document).await?;
        }
    }
    let mut told = Vec::new();
    for (held, crawl, job) in work.store.held_crawls(platform.as_str(), None, ROWS).await? {
        let past = past(work, crawl).await?;
        if past.is_some_and(|past| past.selectors_version.as_deref() == Some(set.version.as_str())) {
            work.store.decide_held(held, Decision::Release, HEALER).await?;
            told.extend(job.parse());
        }
    }
    Ok(told)
}

/// Whether the stored document of a crawl shows a profile whose page as a whole is held: only a canary writes that.
async fn has_profile(work: &Work<'_>, crawl: i64) -> Result<bool, HealError> {
    let stored = work.store.stored_crawl(crawl).await?;
    let document = stored.and_then(|stored| serde_json::from_str::<Document>(&stored.document).ok());
    Ok(document.is_some_and(|document| {
        document.profile.is_some() && document.evidence.as_ref().is_none_or(|evidence| evidence.signal != SIGNAL)
    }))
}

async fn past(work: &Work<'_>, crawl: i64) -> Result<Option<PastCrawl>, HealError> {
    let filter = PastFilter { crawl: Some(crawl), ..PastFilter::default() };
    Ok(work.store.past_crawls(&filter, None, 1).await?.pop())
}

/// What the set reads of a past crawl; none where the capture or the document is not kept any more.
async fn read(work: &Work<'_>, past: &PastCrawl, set: &SelectorSet) -> Result<Option<Document>, HealError> {
    match past::reread((work.store, work.blobs), past, set).await {
        Ok(reread) => Ok(Some(reread.after)),
        Err(PastError::Forgotten { .. } | PastError::Capture { .. } | PastError::Document { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn is_whole(document: &Document, expected: &Expectation) -> bool {
    matches!(document.outcome, Outcome::Ok | Outcome::Partial)
        && document.profile.is_some()
        && expected.is_met_by(document)
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

async fn write(work: &Work<'_>, past: &PastCrawl, mut document: Document) -> Result<(), HealError> {
    for held in judge(work, past, &mut document).await? {
        tracing::warn!(
            crawl = past.crawl,
            path = held.path,
            reason = held.reason,
            "read again and not believed; left out"
        );
    }
    work.store.rederive(past.crawl, &document).await?;
    Ok(())
}
