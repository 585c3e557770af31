//! What follows a version's rise or fall: held-back crawls are filled in, what a wrong version wrote is taken back and read again, who
//! waits is told, and where a crawl could not know which further pages to load, it is made once more.

use super::rederive::{self, Filled, ROWS, Reader};
use super::{CLAIM, HEALER, HealError, Sets, Work, holder, note};
use crate::engine::answers;
use crate::engine::drift;
use crate::engine::past::{self, PastError};
use crate::engine::rooms::Rooms;
use crate::engine::services::Services;
use crate::model::capture::Capture;
use crate::model::document::Outcome;
use crate::model::job::{Frame, Job, PlatformId, Priority, Target};
use crate::model::selectors::SelectorSet;
use crate::platform;
use crate::store::StoreError;
use crate::store::save::rederive::{PastCrawl, PastFilter};
use crate::telemetry::HealStep;

/// Posts that a crawl is read for whose document is not kept any more.
const POSTS: u16 = 30;

/// Fills in what was held by an earlier version, or while a bad one was in force, and can be read now.
pub(super) async fn refill(rooms: &Rooms, services: &Services, platform: &PlatformId) -> Result<(), HealError> {
    if services.store.drifted_templates(platform.as_str()).await?.is_empty() {
        return Ok(());
    }
    let Ok(all) = rooms.selectors(platform) else { return Ok(()) };
    let work = Work { store: &services.store, blobs: &rooms.blobs, clock: rooms.clock };
    let sets = Sets { all, templates: rooms.templates(platform) };
    let expected = rooms.drift.expected(platform);
    let wants_more = wants_more(rooms);
    let reader = Reader { work: &work, sets: &sets, expected: &expected, drift: &rooms.drift, wants_more: &wants_more };
    let filled = rederive::all(&reader, platform).await?;
    finish(rooms, services, platform, filled).await
}

/// Reads again whatever forbidden versions wrote, here or in another process, now or before a crash: their rows are found by
/// their names. One process at a time.
pub(super) async fn mend(rooms: &Rooms, services: &Services, platform: &PlatformId) -> Result<(), HealError> {
    let store = &services.store;
    let work = Work { store, blobs: &rooms.blobs, clock: rooms.clock };
    for version in store.versions_to_mend(platform.as_str()).await? {
        let Ok(all) = rooms.selectors(platform) else { return Ok(()) };
        let key = format!("mend:{version}");
        let template = (platform.as_str(), key.as_str());
        let holder = holder(&work, &key);
        // Where a person has pinned it, there is nothing to read by.
        if all.version == version || !store.claim_heal(template, &holder, CLAIM).await? {
            continue;
        }
        let sets = Sets { all, templates: rooms.templates(platform) };
        let expected = rooms.drift.expected(platform);
        let wants_more = wants_more(rooms);
        let reader =
            Reader { work: &work, sets: &sets, expected: &expected, drift: &rooms.drift, wants_more: &wants_more };
        let mended = of_version(&reader, platform, &version).await;
        store.release_heal(template, &holder).await?;
        let mended = mended?;
        tracing::warn!(%platform, version, crawls = mended.len(), "what a wrong version wrote was read again");
        let detail = serde_json::json!({"version": version, "crawls": mended.len(), "by": sets.all.version});
        note(&work, platform, "", "rederived", detail).await?;
        finish(rooms, services, platform, mended).await?;
    }
    Ok(())
}

/// Whether a crawl with this capture would go on to a further page.
pub(super) fn wants_more(rooms: &Rooms) -> impl Fn(&Target, u16, &Capture, &SelectorSet) -> bool + Sync {
    |target, posts, capture, set| {
        let job = follow_up(0, target, posts);
        let plan = job.and_then(|job| rooms.plan(&job).ok());
        !capture.pages.is_empty() && plan.is_some_and(|(site, plan)| site.next(&plan, capture, set).is_some())
    }
}

/// Tells who waits what their jobs' documents say now, and has crawled once more what lacks its further pages.
pub(super) async fn finish(
    rooms: &Rooms,
    services: &Services,
    platform: &PlatformId,
    filled: Vec<Filled>,
) -> Result<(), HealError> {
    let mut jobs = Vec::new();
    for filled in filled {
        rooms.metrics.heal(platform, HealStep::Rederived);
        answers::publish_end(services, &filled.job).await?;
        jobs.extend(follow_up(filled.crawl, &filled.target, filled.posts).filter(|_| filled.short));
    }
    if jobs.is_empty() {
        return Ok(());
    }
    match services.submit(&jobs).await {
        Ok(_) => Ok(()),
        // What is filled in stands; the next crawl of the profile brings the rest.
        Err(StoreError::BacklogFull { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The crawl that loads the further pages; its id is the filled crawl's, so that it is made once.
fn follow_up(crawl: i64, target: &Target, posts: u16) -> Option<Job> {
    let id = format!("fill-{}-{crawl}", target.platform).parse().ok()?;
    Some(Job { id, target: target.clone(), priority: Priority::Low, posts, frame: Frame::Viewport })
}

/// Writes again whatever a forbidden version wrote, each crawl by its template's version. First all of it is taken back, so that
/// nothing is measured by what was wrong; until it is read again it is absent. What cannot be read again stays absent.
async fn of_version(reader: &Reader<'_>, platform: &PlatformId, version: &str) -> Result<Vec<Filled>, HealError> {
    let (work, sets) = (reader.work, reader.sets);
    let mut mended = Vec::new();
    let filter = PastFilter {
        platform: Some(platform.to_string()),
        selectors_version: Some(version.to_owned()),
        ..PastFilter::default()
    };
    let mut after = None;
    loop {
        let page = work.store.past_crawls(&filter, after, ROWS).await?;
        for past in &page {
            work.store.retract(past.crawl).await?;
        }
        after = page.last().map(|past| past.crawl);
        if page.len() < ROWS {
            break;
        }
    }
    for past in work.store.past_crawls(&filter, None, ROWS).await? {
        let own = past.fingerprint.as_ref().and_then(|mark| sets.templates.get(mark));
        let set = own.filter(|set| set.version != version).unwrap_or(&sets.all);
        mended.extend(correct(reader, &past, set).await?);
    }
    Ok(mended)
}

/// Writes one crawl of a bad version by another.
async fn correct(reader: &Reader<'_>, past: &PastCrawl, set: &SelectorSet) -> Result<Option<Filled>, HealError> {
    let work = reader.work;
    let stored = rederive::stored(work, past.crawl).await?;
    let posts = stored.as_ref().map_or(POSTS, |document| document.coverage.requested);
    let capture = match past::capture(work.blobs, past).await {
        Ok(capture) => capture,
        Err(error @ (PastError::Forgotten { .. } | PastError::Capture { .. })) => {
            tracing::warn!(crawl = past.crawl, %error, "what a wrong version read is taken back, and cannot be read again");
            work.store.forget_capture(past.crawl).await?;
            if let Some(mut document) = stored {
                drift::set_aside(&mut document, "a wrong version read it, and its capture is not kept any more");
                work.store.rederive(past.crawl, &document).await?;
            }
            return reader.filled(past, posts, &Capture::default(), set);
        }
        Err(error) => return Err(error.into()),
    };
    let mut document = past::read_capture(past, &capture, set, posts)?;
    document.screenshot = stored.and_then(|stored| stored.screenshot);
    let read = matches!(document.outcome, Outcome::Ok | Outcome::Partial);
    let stands = || reader.is_whole(past, &document) && platform::contradictions(&capture, set).is_empty();
    if (read && !stands()) || document.outcome == Outcome::Unavailable {
        // A page of another template: it waits for a version that reads it.
        let held = drift::set_aside(&mut document, "a wrong version had read it, and the right one does not yet");
        work.store.rederive(past.crawl, &document).await?;
        work.store.hold_again(past.crawl, &set.version, &[held], HEALER).await?;
    } else {
        rederive::write(work, past, document).await?;
        work.store.release_page(past.crawl, HEALER).await?;
    }
    reader.filled(past, posts, &capture, set)
}
