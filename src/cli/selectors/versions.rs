//! Stored versions: listed with their health, shown, compared, tried on past crawls, entered and written as files. A version
//! never changes.

use std::path::Path;

use chrono::DateTime;
use serde_json::{Value, json};

use super::{Form, TestArgs, answer, health, story, time};
use crate::blob::BlobStore;
use crate::cli::exit::{self, BadInput};
use crate::cli::{arguments, output, replay, table};
use crate::config::Config;
use crate::engine::past::value_differences;
use crate::engine::selectors::{active_pointer, ready};
use crate::extract::selectors::{export as write_set, parse};
use crate::model::job::PlatformId;
use crate::model::selectors::SelectorSet;
use crate::store::Store;
use crate::store::save::rederive::PastFilter;
use crate::store::selectors::SelectorVersion;

/// Who decides here; only a person moves what a person has pinned.
pub(super) const PERSON: &str = "person";

/// One version of one platform.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// tiktok or instagram.
    #[arg(value_parser = arguments::platform)]
    pub(super) platform: String,
    /// The version.
    #[arg(id = "selectors", value_name = "VERSION")]
    pub(super) version: String,
    /// JSON.
    #[arg(long)]
    pub(super) json: bool,
}

pub(super) async fn list(store: &Store, platform: Option<&str>, as_json: bool) -> anyhow::Result<u8> {
    let head = [
        "platform",
        "version",
        "state",
        "health",
        "success",
        "errors",
        "pages",
        "last checked",
        "in force for",
        "author",
        "parent",
        "since",
    ];
    let mut rows = table::plain(&head);
    for id in platforms(platform) {
        let pointers = store.selector_pointers(id.as_str()).await?;
        let versions = store.selector_versions(id.as_str()).await?;
        let health = health::of_platform(store, id.as_str()).await?;
        if as_json {
            let versions: Vec<Value> =
                versions.iter().map(|version| brief(version, &health.version(&version.version))).collect();
            output::json_line(&json!({ "platform": id, "pointers": pointers, "versions": versions }))?;
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
            let told = health.version(&version.version);
            rows.add_row([
                version.platform,
                version.version,
                version.state,
                told.grade.as_str().to_owned(),
                told.success(),
                told.errors.to_string(),
                told.crawls.to_string(),
                told.last_checked.map_or_else(|| "-".to_owned(), time),
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
    let health = health::of_platform(store, &named.platform).await?;
    if named.json {
        let mut told = serde_json::to_value(&version)?;
        told["health"] = json!(health.fields(&named.version));
        output::json(&told)?;
        return Ok(0);
    }
    let evidence = story::evidence(&version.evidence).join("\n# ");
    output::text(&format!(
        "# {} {}, {} since {}, by {}, from {}, template {}\n# {}\n#\n# {}\n\n{}",
        version.platform,
        version.version,
        version.state,
        time(version.created_at),
        version.author,
        version.parent.as_deref().unwrap_or("nothing"),
        version.fingerprint.as_deref().unwrap_or("any"),
        evidence,
        health::table(&health.fields(&named.version)).trim_end().replace('\n', "\n# "),
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

pub(super) async fn add(store: &Store, file: &Path, form: Form) -> anyhow::Result<u8> {
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
    let told = json!({"platform": set.platform, "version": set.version, "state": version.state});
    let sentence = format!("{} {} is entered; try it by selectors test, then promote it", set.platform, set.version);
    answer(form, &told, &sentence)?;
    Ok(0)
}

pub(super) async fn export(
    store: &Store,
    platform: &str,
    version: Option<&str>,
    out: Option<&Path>,
    form: Form,
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
        match form {
            Form::Json => output::json_line(&json!({"platform": platform, "version": name, "text": text}))?,
            Form::Text => output::text(&text)?,
        }
        return Ok(0);
    };
    let folder = folder.join(platform);
    let path = folder.join(format!("{name}.toml"));
    std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(|error| BadInput(format!("cannot write {}: {error}", path.display())))?;
    let told = json!({"platform": platform, "version": name, "file": path});
    answer(form, &told, &path.display().to_string())?;
    Ok(0)
}

fn brief(version: &SelectorVersion, health: &health::Health) -> Value {
    json!({
        "health": health,
        "version": version.version,
        "parent": version.parent,
        "fingerprint": version.fingerprint,
        "author": version.author,
        "state": version.state,
        "created_at": version.created_at,
    })
}

fn platforms(only: Option<&str>) -> Vec<PlatformId> {
    crate::platform::all()
        .iter()
        .map(|platform| platform.id())
        .filter(|id| only.is_none_or(|only| id.as_str() == only))
        .collect()
}

pub(super) async fn stored(store: &Store, platform: &str, version: &str) -> anyhow::Result<SelectorVersion> {
    store
        .selector_version(platform, version)
        .await?
        .ok_or_else(|| BadInput(format!("{platform} has no version {version:?}: see sentinel selectors list")).into())
}

/// A file's set, or a stored version's.
pub(super) async fn set(store: &Store, platform: &str, name: &str) -> anyhow::Result<SelectorSet> {
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
