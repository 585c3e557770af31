//! What a person decides about stored versions: put in force, take back, fix, forbid. Each is a pointer move or a state and stands
//! in the history with its reason.

use serde_json::json;

use super::versions::{Named, PERSON, stored};
use super::{answer, form};
use crate::cli::arguments;
use crate::cli::exit::BadInput;
use crate::engine::selectors::{active_pointer, ready};
use crate::store::Store;
use crate::store::selectors::{Move, Pin, Slot};

/// Events read at a time.
const PAGE: usize = 200;

/// A version to put in force.
#[derive(Debug, clap::Args)]
pub(super) struct Promote {
    /// tiktok or instagram.
    #[arg(value_parser = arguments::platform)]
    pub(super) platform: String,
    /// The version.
    #[arg(id = "selectors", value_name = "VERSION")]
    version: String,
    /// For pages of this template only.
    #[arg(long, default_value = "")]
    fingerprint: String,
    /// Why, for the history.
    #[arg(long, default_value = "")]
    why: String,
    /// JSON.
    #[arg(long)]
    json: bool,
}

/// Where to go back.
#[derive(Debug, clap::Args)]
pub(super) struct Rollback {
    /// tiktok or instagram.
    #[arg(value_parser = arguments::platform)]
    pub(super) platform: String,
    /// For pages of this template only.
    #[arg(long, default_value = "")]
    fingerprint: String,
    /// Why, for the history.
    #[arg(long, default_value = "")]
    why: String,
    /// JSON.
    #[arg(long)]
    json: bool,
}

/// A pointer to fix or free.
#[derive(Debug, clap::Args)]
pub(super) struct Pinned {
    /// tiktok or instagram.
    #[arg(value_parser = arguments::platform)]
    pub(super) platform: String,
    /// Of this template; all that have none of their own where absent.
    #[arg(long, default_value = "")]
    fingerprint: String,
    /// Let the program move it again.
    #[arg(long)]
    off: bool,
    /// JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn promote(store: &Store, promote: &Promote) -> anyhow::Result<u8> {
    let version = stored(store, &promote.platform, &promote.version).await?;
    ready(&version).map_err(|error| BadInput(error.to_string()))?;
    let from = active_pointer(store, &promote.platform, &promote.fingerprint).await?;
    move_to(store, &promote.platform, &promote.fingerprint, from.as_deref(), Some(&promote.version), &promote.why)
        .await?;
    if promote.fingerprint.is_empty() {
        free_templates(store, &promote.platform, &promote.why).await?;
    }
    if version.state != "active" {
        let key = (promote.platform.as_str(), promote.version.as_str());
        store.set_selectors_state(key, &version.state, "active", PERSON, &json!(promote.why)).await?;
    }
    let told = json!({
        "platform": promote.platform, "fingerprint": promote.fingerprint, "version": promote.version, "before": from,
    });
    let sentence = format!(
        "{} {} is in force in place of {}; running services follow within seconds",
        promote.platform,
        promote.version,
        from.as_deref().unwrap_or("the built-in one")
    );
    answer(form(promote.json), &told, &sentence)?;
    Ok(0)
}

/// Back to where the pointer stood before it was last moved to where it stands.
pub(super) async fn rollback(store: &Store, back: &Rollback) -> anyhow::Result<u8> {
    let (platform, fingerprint) = (back.platform.as_str(), back.fingerprint.as_str());
    let Some(now) = active_pointer(store, platform, fingerprint).await? else {
        return Err(BadInput(format!("{platform}: no version is in force there: see sentinel selectors list")).into());
    };
    let mut before = None;
    'story: loop {
        let page = store.selector_events(platform, Some(fingerprint), before, PAGE).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        for event in &page {
            let detail = &event.detail;
            if event.kind == "moved" && detail["slot"] == Slot::Active.as_str() && detail["to"] == now.as_str() {
                let to = detail["from"].as_str();
                if to.is_none() && fingerprint.is_empty() {
                    break 'story;
                }
                move_to(store, platform, fingerprint, Some(&now), to, &back.why).await?;
                store.set_selectors_state((platform, &now), "active", "retired", PERSON, &json!(back.why)).await?;
                let told = json!({
                    "platform": platform, "fingerprint": fingerprint, "version": to, "before": now,
                });
                let to = to.unwrap_or("that of all other pages");
                let sentence = format!("{platform}: {to} is in force again in place of {now}");
                answer(form(back.json), &told, &sentence)?;
                return Ok(0);
            }
        }
    }
    Err(BadInput(format!("{platform}: nothing was in force before {now}: promote a version instead")).into())
}

/// What is put in force for all pages is meant for all: pointers of single templates go, unless a person has fixed them.
async fn free_templates(store: &Store, platform: &str, why: &str) -> anyhow::Result<()> {
    for pointer in store.selector_pointers(platform).await? {
        let own = pointer.slot == Slot::Active.as_str() && !pointer.fingerprint.is_empty() && !pointer.pinned;
        if own {
            move_to(store, platform, &pointer.fingerprint, Some(&pointer.version), None, why).await?;
        }
    }
    Ok(())
}

async fn move_to(
    store: &Store,
    platform: &str,
    fingerprint: &str,
    from: Option<&str>,
    version: Option<&str>,
    why: &str,
) -> anyhow::Result<()> {
    let detail = json!(why);
    let step = Move { platform, fingerprint, slot: Slot::Active, version, from, actor: PERSON, detail: &detail };
    if store.move_selectors(&step).await? {
        return Ok(());
    }
    let name = version.unwrap_or("nothing");
    Err(BadInput(format!(
        "{platform}: {name} was not put in force: it is forbidden, or somebody else moved the pointer just now"
    ))
    .into())
}

pub(super) async fn pin(store: &Store, pinned: &Pinned) -> anyhow::Result<u8> {
    let to = if pinned.off { Pin::Free } else { Pin::Fixed };
    let key = (pinned.platform.as_str(), pinned.fingerprint.as_str());
    if !store.pin_selectors(key, Slot::Active, to, PERSON).await? {
        return Err(BadInput(format!("{}: no version is in force there to be pinned", pinned.platform)).into());
    }
    let word = if pinned.off { "the program may move it again" } else { "only a person moves it from now on" };
    let told = json!({"platform": pinned.platform, "fingerprint": pinned.fingerprint, "pinned": !pinned.off});
    answer(form(pinned.json), &told, &format!("{}: {word}", pinned.platform))?;
    Ok(0)
}

pub(super) async fn forbid(store: &Store, named: &Named) -> anyhow::Result<u8> {
    let version = stored(store, &named.platform, &named.version).await?;
    let pointers = store.selector_pointers(&named.platform).await?;
    if pointers.iter().any(|pointer| pointer.version == version.version) {
        let text = format!("{} {} is in use: roll it back first", named.platform, named.version);
        return Err(BadInput(text).into());
    }
    let key = (named.platform.as_str(), named.version.as_str());
    store.set_selectors_state(key, &version.state, "forbidden", PERSON, &json!({})).await?;
    let told = json!({"platform": named.platform, "version": named.version, "state": "forbidden"});
    answer(form(named.json), &told, &format!("{} {} will never be put in force", named.platform, named.version))?;
    Ok(0)
}
