//! Stored versions and the pointers to them. A version never changes; what a person decides is a pointer move or a state,
//! and each stands in the history with its reason.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::TestArgs;
use crate::blob::BlobStore;
use crate::cli::exit::{self, BadInput};
use crate::cli::{output, replay, table};
use crate::config::Config;
use crate::engine::past::value_differences;
use crate::engine::selectors::{active_pointer, ready};
use crate::extract::selectors::{export as write_set, parse};
use crate::model::job::PlatformId;
use crate::model::selectors::SelectorSet;
use crate::store::Store;
use crate::store::save::rederive::PastFilter;
use crate::store::selectors::{Move, Pin, SelectorVersion, Slot};

/// Who decides here; only a person moves what a person has pinned.
const PERSON: &str = "person";
/// Events read at a time.
const PAGE: usize = 200;

/// One version of one platform.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// tiktok or instagram.
    platform: String,
    /// The version.
    #[arg(id = "selectors", value_name = "VERSION")]
    version: String,
    /// JSON.
    #[arg(long)]
    json: bool,
}

/// A version to put in force.
#[derive(Debug, clap::Args)]
pub(super) struct Promote {
    /// tiktok or instagram.
    platform: String,
    /// The version.
    #[arg(id = "selectors", value_name = "VERSION")]
    version: String,
    /// For pages of this template only.
    #[arg(long, default_value = "")]
    fingerprint: String,
    /// Why, for the history.
    #[arg(long, default_value = "")]
    why: String,
}

/// Where to go back.
#[derive(Debug, clap::Args)]
pub(super) struct Rollback {
    /// tiktok or instagram.
    platform: String,
    /// For pages of this template only.
    #[arg(long, default_value = "")]
    fingerprint: String,
    /// Why, for the history.
    #[arg(long, default_value = "")]
    why: String,
}

/// A pointer to fix or free.
#[derive(Debug, clap::Args)]
pub(super) struct Pinned {
    /// tiktok or instagram.
    platform: String,
    /// Of this template; all that have none of their own where absent.
    #[arg(long, default_value = "")]
    fingerprint: String,
    /// Let the program move it again.
    #[arg(long)]
    off: bool,
}

pub(super) async fn list(store: &Store, platform: Option<&str>, as_json: bool) -> anyhow::Result<u8> {
    let mut rows = table::plain(&["platform", "version", "state", "in force for", "author", "parent", "since"]);
    for id in platforms(platform)? {
        let pointers = store.selector_pointers(id.as_str()).await?;
        let versions = store.selector_versions(id.as_str()).await?;
        if as_json {
            output::json_line(
                &json!({ "platform": id, "pointers": pointers, "versions": versions.iter().map(brief).collect::<Vec<_>>() }),
            )?;
            continue;
        }
        for version in versions {
            let used: Vec<String> = pointers
                .iter()
                .filter(|pointer| pointer.version == version.version)
                .map(|pointer| {
                    let template = if pointer.fingerprint.is_empty() { "all pages" } else { &pointer.fingerprint };
                    let pinned = if pointer.pinned { ", pinned" } else { "" };
                    format!("{template} ({}{pinned})", pointer.slot)
                })
                .collect();
            rows.add_row([
                version.platform,
                version.version,
                version.state,
                if used.is_empty() { "-".to_owned() } else { used.join("; ") },
                version.author,
                version.parent.unwrap_or_else(|| "-".to_owned()),
                time(version.created_at),
            ]);
        }
    }
    if !as_json {
        output::text(&format!("{rows}\n"))?;
    }
    Ok(0)
}

pub(super) async fn show(store: &Store, named: &Named) -> anyhow::Result<u8> {
    let version = stored(store, &named.platform, &named.version).await?;
    if named.json {
        output::json(&version)?;
        return Ok(0);
    }
    let evidence = serde_json::to_string_pretty(&version.evidence)?;
    output::text(&format!(
        "# {} {}, {} since {}, by {}, from {}, template {}\n# evidence: {}\n\n{}",
        version.platform,
        version.version,
        version.state,
        time(version.created_at),
        version.author,
        version.parent.as_deref().unwrap_or("nothing"),
        version.fingerprint.as_deref().unwrap_or("any"),
        evidence.replace('\n', "\n# "),
        version.body,
    ))?;
    Ok(0)
}

pub(super) async fn diff(
    store: &Store,
    platform: &str,
    (before, after): (&str, &str),
    as_json: bool,
) -> anyhow::Result<u8> {
    let (left, right) = (set(store, platform, before).await?, set(store, platform, after).await?);
    let differences = value_differences(&serde_json::to_value(left)?, &serde_json::to_value(right)?);
    for difference in &differences {
        if as_json {
            output::json_line(difference)?;
        } else {
            let sign = |sign: &str, value: &Value| {
                if value.is_null() { String::new() } else { format!("{sign} {} = {value}\n", difference.path) }
            };
            output::text(&format!("{}{}", sign("-", &difference.before), sign("+", &difference.after)))?;
        }
    }
    Ok(0)
}

pub(super) async fn test(store: &Store, config: &Config, test: &TestArgs) -> anyhow::Result<u8> {
    let blobs = BlobStore::open(&config.blob)?;
    let filter = PastFilter { platform: test.platform.clone(), since: test.since, ..PastFilter::default() };
    let mut by_field: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    let found = replay::through(store, &blobs, &filter, Some(&test.selectors), test.limit, |_, differences| {
        for difference in differences {
            *by_field.entry(field_of(&difference.path)).or_default() += 1;
        }
        Ok(())
    })
    .await?;
    output::json(&json!({
        "selectors": test.selectors,
        "crawls": found.crawls,
        "differ": found.differ,
        "not_kept": found.forgotten,
        "differences": by_field,
    }))?;
    Ok(if found.differ == 0 { 0 } else { exit::FAILED })
}

/// A path without the post's own id, to be counted over all posts.
fn field_of(path: &str) -> String {
    match path.strip_prefix("posts.") {
        Some(rest) => rest.split_once('.').map_or_else(|| "posts".to_owned(), |(_, field)| format!("posts.*.{field}")),
        None => path.to_owned(),
    }
}

pub(super) async fn add(store: &Store, file: &Path) -> anyhow::Result<u8> {
    let set = set_of_file(file)?;
    let parent = match set.parent.clone() {
        Some(parent) => Some(stored(store, set.platform.as_str(), &parent).await?.version),
        None => None,
    };
    let version = SelectorVersion {
        platform: set.platform.to_string(),
        version: set.version.clone(),
        parent,
        fingerprint: None,
        evidence: json!({}),
        author: PERSON.to_owned(),
        body: std::fs::read_to_string(file)?,
        state: "candidate".to_owned(),
        created_at: DateTime::UNIX_EPOCH,
    };
    store.add_selectors(&version).await.map_err(|error| BadInput(error.to_string()))?;
    output::text(&format!("{} {} is entered; try it by selectors test, then promote it\n", set.platform, set.version))?;
    Ok(0)
}

pub(super) async fn promote(store: &Store, promote: &Promote) -> anyhow::Result<u8> {
    let version = stored(store, &promote.platform, &promote.version).await?;
    ready(&version).map_err(|error| BadInput(error.to_string()))?;
    let from = active_pointer(store, &promote.platform, &promote.fingerprint).await?;
    move_to(store, &promote.platform, &promote.fingerprint, from.as_deref(), Some(&promote.version), &promote.why)
        .await?;
    if version.state != "active" {
        let key = (promote.platform.as_str(), promote.version.as_str());
        store.set_selectors_state(key, &version.state, "active", PERSON, &json!(promote.why)).await?;
    }
    output::text(&format!(
        "{} {} is in force in place of {}; running services follow within seconds\n",
        promote.platform,
        promote.version,
        from.as_deref().unwrap_or("the built-in one")
    ))?;
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
                let to = to.unwrap_or("that of all other pages");
                output::text(&format!("{platform}: {to} is in force again in place of {now}\n"))?;
                return Ok(0);
            }
        }
    }
    Err(BadInput(format!("{platform}: nothing was in force before {now}: promote a version instead")).into())
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
    output::text(&format!("{}: {word}\n", pinned.platform))?;
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
    output::text(&format!("{} {} will never be put in force\n", named.platform, named.version))?;
    Ok(0)
}

pub(super) async fn export(
    store: &Store,
    platform: &str,
    version: Option<&str>,
    out: Option<&Path>,
) -> anyhow::Result<u8> {
    let name = match version {
        Some(version) => version.to_owned(),
        None => active_pointer(store, platform, "")
            .await?
            .ok_or_else(|| BadInput(format!("{platform}: no version is in force: name one")))?,
    };
    let version = stored(store, platform, &name).await?;
    let mut set = ready(&version)?;
    // A file that says another version than its row gets the row's; else it is written as it was entered.
    let text = if parse(&version.body, &name)?.version == name {
        version.body
    } else {
        set.parent = version.parent;
        write_set(&set)?
    };
    let Some(folder) = out else {
        output::text(&text)?;
        return Ok(0);
    };
    let folder = folder.join(platform);
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("{name}.toml"));
    std::fs::write(&path, text)?;
    output::text(&format!("{}\n", path.display()))?;
    Ok(0)
}

pub(super) async fn history(
    store: &Store,
    platform: &str,
    fingerprint: Option<&str>,
    limit: usize,
    as_json: bool,
) -> anyhow::Result<u8> {
    platforms(Some(platform))?;
    let mut story = Vec::new();
    let mut before = None;
    while story.len() < limit {
        let page = store.selector_events(platform, fingerprint, before, PAGE.min(limit - story.len())).await?;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        story.extend(page);
    }
    for event in story.iter().rev() {
        if as_json {
            output::json_line(event)?;
            continue;
        }
        let template = if event.fingerprint.is_empty() { String::new() } else { format!(" [{}]", event.fingerprint) };
        let version = event.version.as_deref().unwrap_or("-");
        output::text(&format!(
            "{} {platform}{template} {version}: {} by {}\n",
            time(event.at),
            told(&event.kind, &event.detail),
            event.actor
        ))?;
    }
    Ok(0)
}

/// An event in a sentence.
fn told(kind: &str, detail: &Value) -> String {
    let word = |key: &str| detail[key].as_str().unwrap_or("nothing").to_owned();
    let why = match &detail["why"] {
        Value::Null => String::new(),
        Value::String(why) if why.is_empty() => String::new(),
        Value::String(why) => format!(" ({why})"),
        why @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => format!(" ({why})"),
    };
    match kind {
        "added" => format!("entered, made from {}; evidence {}", word("parent"), detail["evidence"]),
        "state" => format!("went from {} to {}{why}", word("from"), word("to")),
        "moved" => format!("pointer {} moved from {} to {}{why}", word("slot"), word("from"), word("to")),
        "pinned" | "unpinned" => format!("pointer {} {kind}", word("slot")),
        _ => format!("{kind} {detail}"),
    }
}

fn brief(version: &SelectorVersion) -> Value {
    json!({
        "version": version.version,
        "parent": version.parent,
        "fingerprint": version.fingerprint,
        "author": version.author,
        "state": version.state,
        "created_at": version.created_at,
    })
}

fn platforms(only: Option<&str>) -> anyhow::Result<Vec<PlatformId>> {
    let all: Vec<PlatformId> = crate::platform::all().iter().map(|platform| platform.id()).collect();
    let Some(only) = only else { return Ok(all) };
    let known = all.iter().map(PlatformId::as_str).collect::<Vec<_>>().join(", ");
    all.into_iter()
        .find(|id| id.as_str() == only)
        .map(|id| vec![id])
        .ok_or_else(|| BadInput(format!("unknown platform {only:?}: known are {known}")).into())
}

async fn stored(store: &Store, platform: &str, version: &str) -> anyhow::Result<SelectorVersion> {
    platforms(Some(platform))?;
    store
        .selector_version(platform, version)
        .await?
        .ok_or_else(|| BadInput(format!("{platform} has no version {version:?}: see sentinel selectors list")).into())
}

/// A file's set, or a stored version's.
async fn set(store: &Store, platform: &str, name: &str) -> anyhow::Result<SelectorSet> {
    if Path::new(name).is_file() {
        return set_of_file(Path::new(name));
    }
    Ok(ready(&stored(store, platform, name).await?)?)
}

fn set_of_file(file: &Path) -> anyhow::Result<SelectorSet> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| BadInput(format!("{name}: {error}")))?;
    Ok(parse(&text, &name).map_err(|error| BadInput(error.to_string()))?)
}

fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}
