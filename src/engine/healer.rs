//! Healing in service. A template is studied when its pages are held back, or when its values are still right and a source of them
//! has gone silent. What is learned goes through its states one by one (`lifecycle.rs`), each a row and an event: candidate, replay,
//! shadow, canary, active. A version that contradicts what is known on two pages gives way to the one before it.

mod fill;
mod lifecycle;
mod mend;
mod missing;
mod rederive;
mod samples;
mod verify;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::drift::Alarm;
use super::past::PastError;
use super::rooms::Rooms;
use super::selectors;
use super::services::Services;
use crate::blob::BlobStore;
use crate::model::document::Document;
use crate::model::event::EventKind;
use crate::model::job::PlatformId;
use crate::model::selectors::SelectorSet;
use crate::store::selectors::SelectorEvent;
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
/// So many more are asked for each time that a shuffled history was accepted.
const MORE_AFTER_FALSE_HEAL: usize = 2;
/// Documents by which a fresh process learns what is usual.
const USUAL: usize = 60;
/// A refused template is tried again when this many more profiles are there.
const MORE_AFTER_REFUSAL: i64 = 5;
/// Events of a template that are looked back on.
const STORY: usize = 200;

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
        /// Profiles that are needed.
        needed: usize,
    },
    /// It was refused, and why.
    Refused {
        /// For a person.
        why: String,
    },
    /// A shuffled history was accepted: what was learned is worth nothing, and the next one must stand on more profiles.
    FalseHeal {
        /// The ways that were accepted.
        why: String,
    },
    /// A version is in force.
    Promoted {
        /// Its name.
        version: String,
    },
}

/// Heals until it is stopped.
pub(super) async fn run(rooms: &Rooms, services: &Services, stop: &CancellationToken) {
    let platforms: Vec<PlatformId> = rooms.platform_ids().cloned().collect();
    for platform in &platforms {
        if let Err(error) = recall(rooms, &services.store, platform).await {
            tracing::warn!(%platform, %error, "what pages usually bring could not be read; it is learned anew");
        }
    }
    while !stop.is_cancelled() {
        for platform in &platforms {
            let round = async { Box::pin(round(rooms, services, platform)).await };
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

/// What pages usually bring, from the newest believed documents, and what is known to be gone from them.
async fn recall(rooms: &Rooms, store: &Store, platform: &PlatformId) -> Result<(), StoreError> {
    for (fingerprint, fields) in missing::known_gone(store, platform).await? {
        rooms.drift.gone(platform, &fingerprint, fields);
    }
    for good in store.last_good(platform.as_str(), None, USUAL).await? {
        if let Ok(document) = serde_json::from_str::<Document>(&good.document) {
            rooms.drift.remember(platform, &document);
        }
    }
    Ok(())
}

async fn round(rooms: &Rooms, services: &Services, platform: &PlatformId) -> Result<(), HealError> {
    let store = &services.store;
    let work = Work { store, blobs: &rooms.blobs, clock: rooms.clock };
    let (tallies, rates) = rooms.drift.take_health(platform);
    rates.iter().for_each(|(field, share)| rooms.metrics.field_health(platform, field, *share));
    if !tallies.is_empty() {
        store.tally_health(&tallies).await?;
    }
    while let Some((refuted, before)) = rooms.drift.take_refuted(platform) {
        lifecycle::roll_back(&work, platform, (&refuted, &before)).await?;
        rooms.metrics.heal(platform, HealStep::RolledBack);
        selectors::load(rooms, store).await?;
    }
    mend::mend(rooms, services, platform).await?;
    for (version, profiles) in rooms.drift.take_strays(platform) {
        strayed(rooms, &work, platform, (&version, profiles)).await?;
    }
    for alarm in rooms.drift.take_alarms(platform) {
        alarmed(rooms, &work, platform, &alarm).await?;
    }
    mend::refill(rooms, services, platform).await?;
    let mut templates: Vec<(String, i64)> = Vec::new();
    for template in store.drifted_templates(platform.as_str()).await? {
        templates.push((template.fingerprint, template.profiles));
    }
    for (fingerprint, profiles) in rooms.drift.waiting(platform) {
        if !templates.iter().any(|(known, _)| *known == fingerprint) {
            templates.push((fingerprint, i64::try_from(profiles).unwrap_or(i64::MAX)));
        }
    }
    for (fingerprint, profiles) in templates {
        let few = profiles < i64::try_from(PROFILES_MIN).unwrap_or(i64::MAX);
        if few || refused_already(store, platform, &fingerprint, profiles).await? {
            continue;
        }
        let Ok(parent) = rooms.selectors(platform) else { return Ok(()) };
        let lost = missing::fields(&work, platform, &fingerprint).await?;
        let healed = heal_template(&work, platform, &fingerprint, &parent).await?;
        account(rooms, platform, &fingerprint, &healed);
        let gone = missing::gone(&work, (platform, &fingerprint), lost.clone(), &healed).await?;
        if !gone.is_empty() {
            rooms.drift.gone(platform, &fingerprint, gone);
            mend::refill(rooms, services, platform).await?;
        }
        if !matches!(healed, Healed::Claimed | Healed::Few { .. }) {
            rooms.drift.settle(platform, &fingerprint);
        }
        if matches!(healed, Healed::Promoted { .. }) {
            selectors::load(rooms, store).await?;
            mend::refill(rooms, services, platform).await?;
            fill::fill_in(rooms, services, (platform, &fingerprint), &lost).await?;
        }
    }
    Ok(())
}

/// A template whose values are right and whose sources fall silent: said before anything goes bad.
async fn alarmed(rooms: &Rooms, work: &Work<'_>, platform: &PlatformId, alarm: &Alarm) -> Result<(), StoreError> {
    let Alarm { fingerprint, lost, profiles } = alarm;
    tracing::warn!(%platform, fingerprint, ?lost, profiles = profiles.len(), "a template has changed while its values are still right");
    rooms.metrics.heal(platform, HealStep::Detected);
    rooms.tell(EventKind::TemplateChanged {
        platform: platform.clone(),
        fingerprint: fingerprint.clone(),
        lost: lost.clone(),
    });
    let detail = json!({"lost": lost, "profiles": profiles.len()});
    note(work, platform, fingerprint, "template_changed", detail).await
}

/// Many profiles left their own drift at once on one version, and nothing contradicts it: told, for a person to look at.
async fn strayed(
    rooms: &Rooms,
    work: &Work<'_>,
    platform: &PlatformId,
    (version, profiles): (&str, usize),
) -> Result<(), StoreError> {
    tracing::warn!(%platform, version, profiles, "many profiles left their own drift at once");
    rooms.metrics.heal(platform, HealStep::Detected);
    note(work, platform, "", "strayed", json!({"version": version, "profiles": profiles})).await
}

/// Who holds a claim: no other process, nor this one at another time.
fn holder(work: &Work<'_>, key: &str) -> String {
    format!("{}-{}-{key}", std::process::id(), work.clock.now().timestamp_micros())
}

fn account(rooms: &Rooms, platform: &PlatformId, fingerprint: &str, healed: &Healed) {
    match healed {
        Healed::Promoted { version } => {
            tracing::info!(%platform, fingerprint, version, "healed");
            for step in [HealStep::Candidate, HealStep::Accepted, HealStep::Promoted] {
                rooms.metrics.heal(platform, step);
            }
        }
        Healed::Refused { why } => {
            tracing::warn!(%platform, fingerprint, why, "not healed");
            rooms.metrics.heal(platform, HealStep::Refused);
        }
        Healed::FalseHeal { why } => {
            tracing::error!(%platform, fingerprint, why, "the negative control accepted a shuffled history; more profiles are asked for");
            rooms.metrics.heal(platform, HealStep::FalseHeal);
            rooms.metrics.heal(platform, HealStep::Refused);
        }
        Healed::Claimed | Healed::Few { .. } => {}
    }
}

/// The versions in force for a platform.
pub(super) struct Sets {
    pub(super) all: Arc<SelectorSet>,
    pub(super) templates: BTreeMap<String, Arc<SelectorSet>>,
}

/// A refusal stands until many more profiles say something.
async fn refused_already(
    store: &Store,
    platform: &PlatformId,
    fingerprint: &str,
    profiles: i64,
) -> Result<bool, StoreError> {
    let story = store.selector_events(platform.as_str(), Some(fingerprint), None, STORY).await?;
    let last = story.iter().find(|event| event.kind == "refused" && event.actor == HEALER);
    let then = last.and_then(|event| event.detail["profiles"].as_i64());
    Ok(then.is_some_and(|then| profiles < then + MORE_AFTER_REFUSAL))
}

/// Profiles that must agree: more, each time that the negative control of this template accepted something.
async fn needed(store: &Store, platform: &PlatformId, fingerprint: &str) -> Result<usize, StoreError> {
    let story = store.selector_events(platform.as_str(), Some(fingerprint), None, STORY).await?;
    let false_heals = story.iter().filter(|event| event.kind == "false_heal").count();
    Ok(PROFILES_MIN + false_heals * MORE_AFTER_FALSE_HEAL)
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
    let holder = holder(work, fingerprint);
    let template = (platform.as_str(), fingerprint);
    if !work.store.claim_heal(template, &holder, CLAIM).await? {
        return Ok(Healed::Claimed);
    }
    let healed = {
        let heal = lifecycle::heal(work, platform, fingerprint, parent);
        tokio::pin!(heal);
        // A study may take longer than a claim holds.
        loop {
            tokio::select! {
                healed = &mut heal => break healed,
                () = tokio::time::sleep(CLAIM / 3) => {
                    if let Err(error) = work.store.claim_heal(template, &holder, CLAIM).await {
                        tracing::debug!(%error, "the claim could not be renewed");
                    }
                }
            }
        }
    };
    work.store.release_heal(template, &holder).await?;
    healed
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
