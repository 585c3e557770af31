//! Which selector versions are in force. The built-in files are the seed: they are entered in PostgreSQL when they are not
//! there yet. From then on the pointers there decide, and a running service follows them within seconds.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::drift::{PROBATION_PAGES, Trust};
use super::rooms::Rooms;
pub use crate::extract::selectors::SelectorError;
use crate::extract::selectors::{BUILTIN, parse};
use crate::model::event::EventKind;
use crate::model::job::PlatformId;
use crate::model::selectors::SelectorSet;
use crate::store::selectors::{Move, SelectorVersion, Slot};
use crate::store::{Store, StoreError};

/// Who moves pointers when a program starts.
const STARTER: &str = "start";
/// The author of versions that came from files; only such a one gives way to a newer file by itself.
const FILE: &str = "file";

/// Enters the built-in files where they are missing, and points to those that are new, unless a heal or a person has put
/// something else in force. A built-in file whose text differs from the stored version of its name gets a name of its own.
///
/// # Errors
/// When the database fails.
pub async fn seed(store: &Store) -> Result<(), StoreError> {
    for (origin, text) in BUILTIN {
        let Ok(set) = parse(text, origin) else { continue };
        let platform = set.platform.as_str();
        let known = store.selector_version(platform, &set.version).await?;
        let (name, parent) = match &known {
            Some(known) if known.body == text => continue,
            Some(known) => (format!("{}-{:08x}", set.version, fingerprint(text)), Some(known.version.clone())),
            None => (set.version.clone(), set.parent.clone()),
        };
        if store.selector_version(platform, &name).await?.is_none() {
            enter(store, &set, &name, parent, text).await?;
        }
    }
    Ok(())
}

async fn enter(
    store: &Store,
    set: &SelectorSet,
    name: &str,
    parent: Option<String>,
    text: &str,
) -> Result<(), StoreError> {
    let platform = set.platform.as_str();
    let parent = match parent {
        Some(parent) => store.selector_version(platform, &parent).await?.map(|_| parent),
        None => None,
    };
    let version = SelectorVersion {
        platform: platform.to_owned(),
        version: name.to_owned(),
        parent,
        fingerprint: None,
        evidence: json!({"built_in": env!("CARGO_PKG_VERSION")}),
        author: FILE.to_owned(),
        body: text.to_owned(),
        state: "active".to_owned(),
        created_at: chrono::DateTime::UNIX_EPOCH,
    };
    store.add_selectors(&version).await?;
    let pointer = active_pointer(store, platform, "").await?;
    if let Some(pointer) = &pointer {
        let author = store.selector_version(platform, pointer).await?.map(|version| version.author);
        if author.as_deref() != Some(FILE) {
            tracing::warn!(%platform, version = name, in_force = ?pointer, "new built-in selectors are entered and not in force: a heal or a person chose otherwise; sentinel selectors promote");
            return Ok(());
        }
    }
    let why = json!({"built_in": env!("CARGO_PKG_VERSION")});
    let step = Move {
        platform,
        fingerprint: "",
        slot: Slot::Active,
        version: Some(name),
        from: pointer.as_deref(),
        actor: STARTER,
        detail: &why,
    };
    // Another process that starts at the same time may have been first: it did the same.
    store.move_selectors(&step).await?;
    Ok(())
}

/// The version that a template's pages are read by; `fingerprint` empty for all templates without a pointer of their own.
///
/// # Errors
/// When the database fails.
pub async fn active_pointer(store: &Store, platform: &str, fingerprint: &str) -> Result<Option<String>, StoreError> {
    let pointers = store.selector_pointers(platform).await?;
    let active = pointers.into_iter().find(|p| p.slot == Slot::Active.as_str() && p.fingerprint == fingerprint);
    Ok(active.map(|pointer| pointer.version))
}

/// A stored version, ready to read pages; its stored name counts, whatever its text says.
///
/// # Errors
/// When the stored text is no selector file of this program's schema.
pub fn ready(version: &SelectorVersion) -> Result<SelectorSet, SelectorError> {
    let mut set = parse(&version.body, &format!("{} {}", version.platform, version.version))?;
    set.version.clone_from(&version.version);
    Ok(set)
}

/// Follows the pointers until it is stopped.
pub(super) async fn follow(rooms: &Rooms, store: &Store, stop: &CancellationToken) {
    let every = Duration::from_secs(rooms.config.engine.selectors_every_s);
    while !stop.is_cancelled() {
        if let Err(error) = load(rooms, store).await {
            tracing::warn!(%error, "the selectors in force could not be read; those of before go on");
        }
        let _ = tokio::time::timeout(every, stop.cancelled()).await;
    }
}

/// Puts in force what the pointers say: one version for all pages, and others for templates that have a pointer of their own.
pub(super) async fn load(rooms: &Rooms, store: &Store) -> Result<(), StoreError> {
    let platforms: Vec<PlatformId> = rooms.platform_ids().cloned().collect();
    for platform in platforms {
        let pointers = store.selector_pointers(platform.as_str()).await?;
        let mut active = pointers.into_iter().filter(|pointer| pointer.slot == Slot::Active.as_str());
        let Some(all) = active.find(|pointer| pointer.fingerprint.is_empty()) else { continue };
        // Ordered by fingerprint, so what is left is the templates'.
        let wanted: BTreeMap<String, String> = active.map(|pointer| (pointer.fingerprint, pointer.version)).collect();
        let Ok(present) = rooms.selectors(&platform) else { continue };
        let templates = rooms.templates(&platform);
        let same = wanted.len() == templates.len()
            && wanted.iter().all(|(mark, version)| templates.get(mark).is_some_and(|set| set.version == *version));
        if all.version == present.version && same && rooms.selectors_are_stored(&platform) {
            continue;
        }
        let mut sets: BTreeMap<String, Arc<SelectorSet>> = BTreeMap::new();
        for version in wanted.values().chain([&all.version]) {
            if !sets.contains_key(version)
                && let Some(set) = usable(store, &platform, version).await?
            {
                sets.insert(version.clone(), Arc::new(set));
            }
        }
        let Some(set) = sets.get(&all.version).cloned() else { continue };
        let own: BTreeMap<String, Arc<SelectorSet>> =
            wanted.into_iter().filter_map(|(mark, version)| Some((mark, sets.get(&version)?.clone()))).collect();
        // What a person has fixed is not compared with anything.
        if rooms.selectors_are_stored(&platform) && !all.pinned {
            let used =
                |version: &str| version == present.version || templates.values().any(|set| set.version == version);
            for version in sets.keys().filter(|version| !used(version)) {
                let brought = store.came_into_force(platform.as_str(), version).await?;
                if brought.is_none_or(|(_, by)| by != STARTER) {
                    rooms.drift.changed(&platform, version, present.clone(), Trust::New);
                }
            }
        } else if !all.pinned {
            for version in sets.keys() {
                if let Some((before, trust)) = predecessor(store, &platform, version).await? {
                    rooms.drift.changed(&platform, version, before, trust);
                }
            }
        }
        rooms.put_selectors(&platform, set, own);
        if all.version != present.version {
            let (before, after) = (present.version.clone(), all.version);
            tracing::info!(%platform, before, after, "other selectors are in force");
            rooms.tell(EventKind::SelectorsChanged { platform, before, after });
        }
    }
    Ok(())
}

/// What was in force before a version that a starting process finds in force, and whether that one has proved itself: a version that was
/// put in force while nobody looked is compared as any other.
async fn predecessor(
    store: &Store,
    platform: &PlatformId,
    version: &str,
) -> Result<Option<(Arc<SelectorSet>, Trust)>, StoreError> {
    let id = platform.as_str();
    let parent = store.selector_version(id, version).await?.and_then(|stored| stored.parent);
    let before = match store.came_into_force(id, version).await? {
        // A new program brings its own selectors because it knows better.
        Some((_, by)) if by == STARTER => None,
        Some((before, _)) => before.or(parent),
        None => parent,
    };
    let Some(before) = before else { return Ok(None) };
    let health = store.rule_health(id).await?;
    let pages = health.iter().filter(|rule| rule.version == version).map(|rule| rule.crawls).max().unwrap_or(0);
    let trust = if pages < i64::from(PROBATION_PAGES) { Trust::New } else { Trust::Proved };
    Ok(usable(store, platform, &before).await?.map(|set| (Arc::new(set), trust)))
}

/// A stored version, where it can be used.
async fn usable(store: &Store, platform: &PlatformId, version: &str) -> Result<Option<SelectorSet>, StoreError> {
    let Some(stored) = store.selector_version(platform.as_str(), version).await? else { return Ok(None) };
    match ready(&stored) {
        Ok(set) => Ok(Some(set)),
        Err(error) => {
            tracing::error!(%platform, version, error = ?error.to_string(), "the selectors in force cannot be used; those of before go on");
            Ok(None)
        }
    }
}

/// FNV-1a: only to tell two texts of one name apart.
fn fingerprint(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}
