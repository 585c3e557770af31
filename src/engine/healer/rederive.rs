//! Reading held-back crawls again, once a version can: the row of each crawl is filled in, and its held page is released. A crawl that the
//! version does not read as pages usually are stays held.

use super::{HealError, Work};
use crate::engine::past::{self, PastError};
use crate::engine::plausible;
use crate::extract::detect::Expectation;
use crate::model::document::{Document, Outcome};
use crate::model::job::PlatformId;
use crate::model::selectors::SelectorSet;
use crate::store::held::Decision;
use crate::store::save::rederive::{PastCrawl, PastFilter};

/// Crawls read again in one round.
const ROWS: usize = 500;
/// Who releases here.
const HEALER: &str = "heal";

/// Fills in what the set can read of a platform's held-back crawls; answers how many.
pub(super) async fn all(
    work: &Work<'_>,
    platform: &PlatformId,
    set: &SelectorSet,
    expected: &Expectation,
) -> Result<usize, HealError> {
    let mut filled = 0;
    for (held, crawl) in work.store.held_crawls(platform.as_str(), None, ROWS).await? {
        let filter = PastFilter { crawl: Some(crawl), ..PastFilter::default() };
        let Some(past) = work.store.past_crawls(&filter, None, 1).await?.pop() else { continue };
        if past.selectors_version.as_deref() == Some(set.version.as_str()) {
            continue;
        }
        let Some(document) = read(work, &past, set).await? else { continue };
        if !is_whole(&document, expected) {
            continue;
        }
        write(work, &past, document).await?;
        work.store.decide_held(held, Decision::Release, HEALER).await?;
        filled += 1;
    }
    Ok(filled)
}

/// Writes again, by `set`, whatever a bad version wrote.
pub(super) async fn of_version(
    work: &Work<'_>,
    platform: &PlatformId,
    version: &str,
    set: &SelectorSet,
) -> Result<(), HealError> {
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
    for (held, crawl) in work.store.held_crawls(platform.as_str(), None, ROWS).await? {
        let filter = PastFilter { crawl: Some(crawl), ..PastFilter::default() };
        let past = work.store.past_crawls(&filter, None, 1).await?.pop();
        if past.is_some_and(|past| past.selectors_version.as_deref() == Some(set.version.as_str())) {
            work.store.decide_held(held, Decision::Release, HEALER).await?;
        }
    }
    Ok(())
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

async fn write(work: &Work<'_>, past: &PastCrawl, mut document: Document) -> Result<(), HealError> {
    let id = document.profile.as_ref().and_then(|profile| profile.id.clone());
    let posts: Vec<String> = document.posts.iter().map(|post| post.id.clone()).collect();
    let last = work.store.last_facts(&past.target, id.as_deref(), &posts).await?;
    for held in plausible::judge(&mut document, &last).held {
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
