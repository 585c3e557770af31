//! Healing in service: held-back pages of one template become a new selector version, step by step, each step a row and an event.
//! The version is learned from pages beside what was known of their profiles, must read what the values' own search finds, must read
//! each profile's page when learned without it, must learn nothing from shuffled histories, must leave pages of the old template
//! as they were; then it comes into force, and the held-back pages are read again. A version that contradicts what is known on
//! two pages gives way to the one before it.

mod rederive;
mod verify;

use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::verify::Sample;
use super::past::PastError;
use super::rooms::Rooms;
use super::selectors;
use crate::blob::BlobStore;
use crate::extract::archive;
use crate::extract::relearn::Relearned;
use crate::model::document::Document;
use crate::model::job::PlatformId;
use crate::model::selectors::SelectorSet;
use crate::platform;
use crate::store::save::rederive::PastFilter;
use crate::store::selectors::{Move, SelectorEvent, SelectorVersion, Slot};
use crate::store::{Store, StoreError};
use crate::telemetry::HealStep;

/// Who moves pointers here.
const HEALER: &str = "heal";
/// How often it is looked for work that nobody announced: another process may have held pages back.
const EVERY: Duration = Duration::from_secs(5);
/// How long a claim to a template holds.
const CLAIM: Duration = Duration::from_secs(60);
/// Profiles without whose agreement no count is believed.
const PROFILES_MIN: usize = 5;
/// Profiles that are learned from at most.
const PROFILES_MAX: usize = 8;
/// Pages of the old template that a new version must read as before.
const OLD_PAGES: usize = 5;
/// Documents by which a fresh process learns what is usual.
const USUAL: usize = 60;
/// A refused template is tried again when this many more profiles are held back.
const MORE_AFTER_REFUSAL: i64 = 5;

/// Why a heal could not be carried out; the next round tries again.
#[derive(Debug, thiserror::Error)]
pub enum HealError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A capture.
    #[error(transparent)]
    Past(#[from] PastError),
    /// The learned text is no selector set: a bug.
    #[error("a learned version is no selector set: {0}")]
    Selectors(#[from] selectors::SelectorError),
}

/// What a heal came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Healed {
    /// Another worker has this template.
    Claimed,
    /// Not enough profiles yet.
    Few {
        /// Profiles with a past.
        profiles: usize,
    },
    /// It was refused, and why.
    Refused {
        /// For a person.
        why: String,
    },
    /// A version is in force.
    Promoted {
        /// Its name.
        version: String,
    },
}

/// Heals until it is stopped.
pub(super) async fn run(rooms: &Rooms, store: &Store, stop: &CancellationToken) {
    let platforms: Vec<PlatformId> = rooms.platform_ids().cloned().collect();
    for platform in &platforms {
        if let Err(error) = recall(rooms, store, platform).await {
            tracing::warn!(%platform, %error, "what pages usually bring could not be read; it is learned anew");
        }
    }
    while !stop.is_cancelled() {
        for platform in &platforms {
            let round = async { Box::pin(round(rooms, store, platform)).await };
            match tokio::select! { done = round => done, () = stop.cancelled() => return } {
                Ok(()) => {}
                Err(error) => tracing::warn!(%platform, %error, "healing goes on later"),
            }
        }
        tokio::select! {
            () = rooms.drift.seen.notified() => {}
            () = tokio::time::sleep(EVERY) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// What pages usually bring, from the newest believed documents.
async fn recall(rooms: &Rooms, store: &Store, platform: &PlatformId) -> Result<(), StoreError> {
    for good in store.last_good(platform.as_str(), None, USUAL).await? {
        if let Ok(document) = serde_json::from_str::<Document>(&good.document) {
            rooms.drift.remember(platform, &document);
        }
    }
    Ok(())
}

async fn round(rooms: &Rooms, store: &Store, platform: &PlatformId) -> Result<(), HealError> {
    if let Some((refuted, before)) = rooms.drift.take_refuted(platform) {
        roll_back(rooms, store, platform, (&refuted, &before)).await?;
    }
    let templates = store.drifted_templates(platform.as_str()).await?;
    if templates.is_empty() {
        return Ok(());
    }
    let Ok(set) = rooms.selectors(platform) else { return Ok(()) };
    let work = Work { store, blobs: &rooms.blobs, clock: rooms.clock };
    // Held by an earlier version, or while a bad one was in force: perhaps the present one reads them.
    let expected = rooms.drift.expected(platform);
    let filled = rederive::all(&work, platform, &set, &expected).await?;
    for _ in 0..filled {
        rooms.metrics.heal(platform, HealStep::Rederived);
    }
    for template in store.drifted_templates(platform.as_str()).await? {
        let few = template.profiles < i64::try_from(PROFILES_MIN).unwrap_or(i64::MAX);
        if few || refused_already(store, platform, &template.fingerprint, template.profiles).await? {
            continue;
        }
        match heal_template(&work, platform, &template.fingerprint, &set).await? {
            Healed::Promoted { version } => {
                tracing::info!(%platform, fingerprint = template.fingerprint, version, "healed");
                rooms.metrics.heal(platform, HealStep::Promoted);
                selectors::load(rooms, store).await?;
                let Ok(set) = rooms.selectors(platform) else { return Ok(()) };
                let filled = rederive::all(&work, platform, &set, &expected).await?;
                for _ in 0..filled {
                    rooms.metrics.heal(platform, HealStep::Rederived);
                }
            }
            Healed::Refused { why } => {
                tracing::warn!(%platform, fingerprint = template.fingerprint, why, "not healed");
                rooms.metrics.heal(platform, HealStep::Refused);
            }
            Healed::Claimed | Healed::Few { .. } => {}
        }
    }
    Ok(())
}

/// A refusal stands until many more profiles say something.
async fn refused_already(
    store: &Store,
    platform: &PlatformId,
    fingerprint: &str,
    profiles: i64,
) -> Result<bool, StoreError> {
    let story = store.selector_events(platform.as_str(), Some(fingerprint), None, 50).await?;
    let last = story.iter().find(|event| event.kind == "refused" && event.actor == HEALER);
    let then = last.and_then(|event| event.detail["profiles"].as_i64());
    Ok(then.is_some_and(|then| profiles < then + MORE_AFTER_REFUSAL))
}

/// The servers that a heal needs.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// The ledger.
    pub store: &'a Store,
    /// The captures.
    pub blobs: &'a BlobStore,
    /// For the time a heal takes.
    pub clock: crate::clock::Clock,
}

/// Heals one template: what `sentinel selectors heal --platform P --fingerprint F` does, and the service by itself.
///
/// # Errors
/// When a server fails; nothing is half done then, for each step is a row of its own.
pub async fn heal_template(
    work: &Work<'_>,
    platform: &PlatformId,
    fingerprint: &str,
    parent: &SelectorSet,
) -> Result<Healed, HealError> {
    let holder = format!("{}-{fingerprint}", std::process::id());
    let template = (platform.as_str(), fingerprint);
    if !work.store.claim_heal(template, &holder, CLAIM).await? {
        return Ok(Healed::Claimed);
    }
    let healed = heal_claimed(work, platform, fingerprint, parent).await;
    work.store.release_heal(template, &holder).await?;
    healed
}

async fn heal_claimed(
    work: &Work<'_>,
    platform: &PlatformId,
    fingerprint: &str,
    parent: &SelectorSet,
) -> Result<Healed, HealError> {
    let Some(site) = platform::get(platform) else { return Ok(Healed::Few { profiles: 0 }) };
    let samples = samples(work, platform, fingerprint, parent).await?;
    if samples.len() < PROFILES_MIN {
        return Ok(Healed::Few { profiles: samples.len() });
    }
    let old = old_pages(work, platform, &samples).await?;
    let clock = work.clock;
    let judged = {
        let parent = parent.clone();
        tokio::task::spawn_blocking(move || verify::candidate(site.as_ref(), &parent, &samples, &old, &clock)).await
    };
    let (found, evidence) = match judged {
        Ok(judged) => judged?,
        Err(error) => (Err(format!("a bug: {error}")), json!({})),
    };
    match found {
        Ok(relearned) => promote(work, platform, fingerprint, &relearned, evidence).await,
        Err(why) => {
            let profiles = work.store.drifted_templates(platform.as_str()).await?;
            let held = profiles.iter().find(|t| t.fingerprint == fingerprint).map_or(0, |t| t.profiles);
            note(work, platform, fingerprint, "refused", json!({"why": why, "profiles": held, "evidence": evidence}))
                .await?;
            Ok(Healed::Refused { why })
        }
    }
}

async fn note(
    work: &Work<'_>,
    platform: &PlatformId,
    fingerprint: &str,
    kind: &str,
    detail: Value,
) -> Result<(), StoreError> {
    let event = SelectorEvent {
        id: 0,
        at: chrono::DateTime::UNIX_EPOCH,
        platform: platform.to_string(),
        fingerprint: fingerprint.to_owned(),
        version: None,
        kind: kind.to_owned(),
        actor: HEALER.to_owned(),
        detail,
    };
    work.store.note_selectors(&event).await
}

/// The held pages of a template with what was known of their profiles; where nothing was, what the page still shows of itself.
async fn samples(
    work: &Work<'_>,
    platform: &PlatformId,
    fingerprint: &str,
    parent: &SelectorSet,
) -> Result<Vec<Sample>, HealError> {
    let mut found: Vec<Sample> = Vec::new();
    let Some(site) = platform::get(platform) else { return Ok(found) };
    let held = work.store.held_crawls(platform.as_str(), Some(fingerprint), PROFILES_MAX * 8).await?;
    for (_, crawl) in held {
        let filter = PastFilter { crawl: Some(crawl), ..PastFilter::default() };
        let Some(past) = work.store.past_crawls(&filter, None, 1).await?.pop() else { continue };
        let handle = past.target.handle.as_str().to_lowercase();
        if found.iter().any(|sample| sample.handle == handle) {
            continue;
        }
        let Some(capture) = capture_of(work.blobs, past.capture_key.as_deref()).await else { continue };
        let good = work.store.last_good(platform.as_str(), Some(&[past.target.handle.to_string()]), 1).await?.pop();
        let known = good.as_ref().and_then(|good| serde_json::from_str::<Document>(&good.document).ok());
        let known_page = match &good {
            Some(good) => capture_of(work.blobs, good.capture_key.as_deref()).await,
            None => None,
        };
        let labelled = || {
            let shown = platform::read(site.as_ref(), &capture, parent, 50);
            shown.profile.is_some().then_some(shown)
        };
        let from_past = known.is_some();
        let Some(known) = known.or_else(labelled) else { continue };
        found.push(Sample { handle, known, from_past, known_page, capture });
        if found.iter().filter(|sample| sample.from_past).count() >= PROFILES_MAX {
            break;
        }
    }
    // Who has a past comes first; the others only fill up.
    if found.iter().filter(|sample| sample.from_past).count() >= PROFILES_MIN {
        found.retain(|sample| sample.from_past);
    }
    found.truncate(PROFILES_MAX);
    Ok(found)
}

/// Pages of before the change, which a new version must read as they were read.
async fn old_pages(
    work: &Work<'_>,
    platform: &PlatformId,
    samples: &[Sample],
) -> Result<Vec<crate::model::capture::Capture>, HealError> {
    let mut pages: Vec<_> = samples.iter().filter_map(|sample| sample.known_page.clone()).take(OLD_PAGES).collect();
    if pages.is_empty() {
        for good in work.store.last_good(platform.as_str(), None, OLD_PAGES).await? {
            pages.extend(capture_of(work.blobs, good.capture_key.as_deref()).await);
        }
    }
    Ok(pages)
}

async fn capture_of(blobs: &BlobStore, key: Option<&str>) -> Option<crate::model::capture::Capture> {
    // A capture that is gone or damaged teaches nothing; others do.
    let packed = blobs.get(key?).await.ok()?;
    archive::unpack(&packed).ok()
}

/// Enters the version and walks it through its states.
async fn promote(
    work: &Work<'_>,
    platform: &PlatformId,
    fingerprint: &str,
    relearned: &Relearned,
    evidence: Value,
) -> Result<Healed, HealError> {
    let (id, name) = (platform.as_str(), relearned.set.version.as_str());
    let version = SelectorVersion {
        platform: id.to_owned(),
        version: name.to_owned(),
        parent: relearned.set.parent.clone(),
        fingerprint: Some(fingerprint.to_owned()),
        evidence: evidence.clone(),
        author: HEALER.to_owned(),
        body: relearned.text.clone(),
        state: "candidate".to_owned(),
        created_at: chrono::DateTime::UNIX_EPOCH,
    };
    work.store.add_selectors(&version).await?;
    let key = (id, name);
    work.store.set_selectors_state(key, "candidate", "replay", HEALER, &evidence["replay"]).await?;
    work.store.set_selectors_state(key, "replay", "shadow", HEALER, &evidence["shadow"]).await?;
    work.store.set_selectors_state(key, "shadow", "canary", HEALER, &evidence["canary"]).await?;
    let from = selectors::active_pointer(work.store, id, "").await?;
    let why = json!({"fingerprint": fingerprint, "agreed": evidence["profiles"]});
    let step = Move {
        platform: id,
        fingerprint: "",
        slot: Slot::Active,
        version: Some(name),
        from: from.as_deref(),
        actor: HEALER,
        detail: &why,
    };
    if !work.store.move_selectors(&step).await? {
        return Ok(Healed::Refused { why: "the pointer is pinned, or the version forbidden".to_owned() });
    }
    work.store.set_selectors_state(key, "canary", "active", HEALER, &why).await?;
    if let Some(from) = from {
        work.store.set_selectors_state((id, &from), "active", "retired", HEALER, &json!({"by": name})).await?;
    }
    Ok(Healed::Promoted { version: name.to_owned() })
}

/// Puts the version before back in force, and forbids the one that was contradicted.
async fn roll_back(
    rooms: &Rooms,
    store: &Store,
    platform: &PlatformId,
    (refuted, before): (&str, &str),
) -> Result<(), HealError> {
    let id = platform.as_str();
    let why = json!({"why": "two pages contradicted it", "from": refuted, "to": before});
    let step = Move {
        platform: id,
        fingerprint: "",
        slot: Slot::Active,
        version: Some(before),
        from: Some(refuted),
        actor: HEALER,
        detail: &why,
    };
    if !store.move_selectors(&step).await? {
        return Ok(());
    }
    tracing::error!(%platform, refuted, before, "a selector version was contradicted by two pages and is rolled back");
    for state in ["active", "canary", "candidate", "shadow", "replay", "retired"] {
        if store.set_selectors_state((id, refuted), state, "forbidden", HEALER, &why).await? {
            break;
        }
    }
    store.set_selectors_state((id, before), "retired", "active", HEALER, &why).await?;
    rooms.metrics.heal(platform, HealStep::RolledBack);
    if let Err(error) = selectors::load(rooms, store).await {
        tracing::warn!(%platform, %error, "the selectors in force could not be read; they are in a moment");
    }
    // Rows that it wrote before it was noticed are written again by the one before.
    let Ok(set) = rooms.selectors(platform) else { return Ok(()) };
    let work = Work { store, blobs: &rooms.blobs, clock: rooms.clock };
    rederive::of_version(&work, platform, refuted, &set).await?;
    Ok(())
}
