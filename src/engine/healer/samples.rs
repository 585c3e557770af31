//! The pages that a heal learns from: held-back ones beside what was known of their profiles before, or, where values are still
//! right, pages of the template beside their own documents: old and new places label each other. Never two of one profile.

use sha2::{Digest as _, Sha256};

use super::{HealError, Work, missing};
use crate::extract::archive;
use crate::extract::fingerprint::fingerprint;
use crate::model::capture::Capture;
use crate::model::document::Document;
use crate::model::job::PlatformId;
use crate::model::selectors::SelectorSet;
use crate::platform;
use crate::store::save::rederive::PastFilter;

/// Profiles beyond those needed that are learned from.
const SPARE: usize = 3;
/// Held pages that are looked through for each profile needed.
const LOOK: usize = 8;
/// Posts that a page is read for.
const POSTS: u16 = 50;
/// Pages of the old template that a new version must read as before.
const OLD_PAGES: usize = 5;

/// A page with what is known of its profile.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) handle: String,
    pub(super) known: Document,
    /// The page that it is known from, where that is another one.
    pub(super) known_page: Option<Capture>,
    pub(super) capture: Capture,
}

impl Sample {
    /// The profile in evidence, which belongs to no tenant and so names none: 8 hexadecimal digits of its handle's hash.
    pub(super) fn mark(&self) -> String {
        Sha256::digest(&self.handle).iter().take(4).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// The pages of a template to learn from.
pub(super) async fn gather(
    work: &Work<'_>,
    platform: &PlatformId,
    template: &str,
    parent: &SelectorSet,
    needed: usize,
) -> Result<Vec<Sample>, HealError> {
    let most = needed + SPARE;
    let (mut found, strangers) = held(work, platform, template, most).await?;
    if found.len() < needed {
        let lost = missing::fields(work, platform, template).await?;
        let own = believed(work, platform, template, most, &lost).await?;
        let shown = strangers.into_iter().filter_map(|(handle, capture)| shown(platform, parent, handle, capture));
        for sample in own.into_iter().chain(shown) {
            if found.len() < most && !found.iter().any(|known| known.handle == sample.handle) {
                found.push(sample);
            }
        }
    }
    Ok(found)
}

/// A page of a profile that was never seen before.
type Stranger = (String, Capture);

/// Held-back pages whose profiles have a past, and those whose have none.
async fn held(
    work: &Work<'_>,
    platform: &PlatformId,
    template: &str,
    most: usize,
) -> Result<(Vec<Sample>, Vec<Stranger>), HealError> {
    let mut found: Vec<Sample> = Vec::new();
    let mut strangers: Vec<Stranger> = Vec::new();
    for (_, crawl, _) in work.store.held_crawls(platform.as_str(), Some(template), most * LOOK).await? {
        let filter = PastFilter { crawl: Some(crawl), ..PastFilter::default() };
        let Some(past) = work.store.past_crawls(&filter, None, 1).await?.pop() else { continue };
        let handle = past.target.handle.as_str().to_lowercase();
        if found.iter().any(|sample| sample.handle == handle) {
            continue;
        }
        let handles = [past.target.handle.to_string()];
        let Some(capture) = capture_of(work, past.capture_key.as_deref()).await else { continue };
        let Some(good) = work.store.last_good(platform.as_str(), Some(&handles), 1).await?.pop() else {
            if strangers.len() < most && !strangers.iter().any(|(known, _)| *known == handle) {
                strangers.push((handle, capture));
            }
            continue;
        };
        let Ok(known) = serde_json::from_str::<Document>(&good.document) else { continue };
        let known_page = capture_of(work, good.capture_key.as_deref()).await;
        found.push(Sample { handle, known, known_page, capture });
        if found.len() >= most {
            break;
        }
    }
    Ok((found, strangers))
}

/// A page beside what it still shows of itself, where its sources agree with each other.
fn shown(platform: &PlatformId, parent: &SelectorSet, handle: String, capture: Capture) -> Option<Sample> {
    let site = platform::get(platform)?;
    let (known, doubts) = platform::read_doubting(site.as_ref(), &capture, parent, POSTS);
    (known.profile.is_some() && doubts.is_empty()).then_some(Sample { handle, known, known_page: None, capture })
}

/// Pages of the template that are believed, each beside its own document.
async fn believed(
    work: &Work<'_>,
    platform: &PlatformId,
    template: &str,
    most: usize,
    lost: &[String],
) -> Result<Vec<Sample>, HealError> {
    let mut found: Vec<Sample> = Vec::new();
    for good in work.store.believed_crawls(platform.as_str(), template, most * LOOK).await? {
        let handle = good.handle.to_lowercase();
        if found.len() >= most || found.iter().any(|sample| sample.handle == handle) {
            continue;
        }
        let Ok(known) = serde_json::from_str::<Document>(&good.document) else { continue };
        if !missing::lacks(&known, lost) {
            continue;
        }
        let Some(capture) = capture_of(work, good.capture_key.as_deref()).await else { continue };
        if known.profile.is_some() {
            let known = missing::filled_in(work, (platform, &good.handle, good.crawl), known, lost).await?;
            found.push(Sample { handle, known, known_page: None, capture });
        }
    }
    Ok(found)
}

/// Pages of before the change, with their templates, which a new version must read as they were read.
pub(super) async fn of_before(
    work: &Work<'_>,
    platform: &PlatformId,
    template: &str,
    samples: &[Sample],
) -> Result<Vec<(String, Capture)>, HealError> {
    let mut pages: Vec<Capture> = samples.iter().filter_map(|sample| sample.known_page.clone()).collect();
    if pages.len() < OLD_PAGES {
        for good in work.store.last_good(platform.as_str(), None, OLD_PAGES * LOOK).await? {
            pages.extend(capture_of(work, good.capture_key.as_deref()).await);
            if pages.len() >= OLD_PAGES * 2 {
                break;
            }
        }
    }
    let named = pages.into_iter().map(|page| (fingerprint(&page), page));
    Ok(named.filter(|(mark, _)| mark != template).take(OLD_PAGES).collect())
}

async fn capture_of(work: &Work<'_>, key: Option<&str>) -> Option<Capture> {
    // A capture that is gone or damaged teaches nothing; others do.
    let packed = work.blobs.get(key?).await.ok()?;
    archive::unpack(&packed).ok()
}
