//! `sentinel replay`: past crawls, read again from their captures, by the selectors in force or by any others; what would
//! differ from what is stored, one JSON object a line. Nothing is changed. The same captures give the same bytes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::exit::BadInput;
use super::progress::say;
use super::{Surroundings, arguments, output};
use crate::blob::BlobStore;
use crate::config::Config;
use crate::engine::past::{Difference, PastError, reread};
use crate::engine::{Needed, selectors};
use crate::extract::selectors::parse;
use crate::model::job::{Handle, PlatformId};
use crate::model::selectors::SelectorSet;
use crate::store::Store;
use crate::store::save::rederive::{PastCrawl, PastFilter};

/// Crawls read at a time.
const PAGE: usize = 100;

/// Read past crawls again from their captures and show what would differ.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("which").args(["crawl", "since"]).required(true)))]
pub(super) struct Args {
    /// This crawl; its number stands in sentinel show --json.
    #[arg(long, value_name = "ID")]
    crawl: Option<i64>,
    /// All crawls begun at or after this time.
    #[arg(long, value_name = "RFC3339", value_parser = arguments::time)]
    since: Option<DateTime<Utc>>,
    /// Only tiktok or instagram.
    #[arg(long, value_parser = arguments::platform)]
    platform: Option<String>,
    /// Read them by this selector file or stored version; those in force where absent.
    #[arg(long, value_name = "FILE|VERSION", value_parser = arguments::selectors)]
    selectors: Option<String>,
    /// JSON, one difference a line; it is the only form and may be said.
    #[arg(long)]
    json: bool,
}

/// One line of the answer.
#[derive(Debug, Serialize)]
struct Line<'a> {
    crawl: i64,
    platform: &'a PlatformId,
    handle: &'a Handle,
    #[serde(flatten)]
    difference: &'a Difference,
}

/// What a replay found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(super) struct Found {
    /// Crawls read again.
    pub(super) crawls: u64,
    /// Of them, those that would differ.
    pub(super) differ: u64,
    /// Those whose document or capture is no longer kept.
    pub(super) forgotten: u64,
}

/// Runs it.
///
/// # Errors
/// Bad input, or a server that cannot be used.
pub(super) async fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let work = async |config: &Config| {
        let store = Store::connect(&config.store).await?;
        let code = replay(&args, &store, config).await;
        store.close().await;
        code
    };
    surroundings.with_servers(Needed::Database, work).await
}

async fn replay(args: &Args, store: &Store, config: &Config) -> anyhow::Result<u8> {
    let blobs = BlobStore::open(&config.blob)?;
    let filter =
        PastFilter { platform: args.platform.clone(), since: args.since, crawl: args.crawl, ..PastFilter::default() };
    let found = through(store, &blobs, &filter, args.selectors.as_deref(), usize::MAX, |past, differences| {
        for difference in differences {
            let (platform, handle) = (&past.target.platform, &past.target.handle);
            output::json_line(&Line { crawl: past.crawl, platform, handle, difference })?;
        }
        Ok(())
    });
    let found = found.await?;
    if let Some(crawl) = args.crawl
        && found == Found::default()
    {
        return Err(BadInput(format!("there is no crawl {crawl} with a capture: see sentinel show --json")).into());
    }
    let read = output::counted(found.crawls, "crawl");
    say(&format!("{read} read again, {} differ, {} not kept", found.differ, found.forgotten));
    Ok(0)
}

/// Reads the crawls of the filter again, in their order, up to `most`, and tells each one's differences.
pub(super) async fn through(
    store: &Store,
    blobs: &BlobStore,
    filter: &PastFilter,
    wanted: Option<&str>,
    most: usize,
    mut tell: impl FnMut(&PastCrawl, &[Difference]) -> anyhow::Result<()>,
) -> anyhow::Result<Found> {
    let mut sets: BTreeMap<(PlatformId, String), Option<Arc<SelectorSet>>> = BTreeMap::new();
    let mut found = Found::default();
    let (mut after, mut left) = (None, most);
    while left > 0 {
        let page = store.past_crawls(filter, after, PAGE.min(left)).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.crawl);
        left = left.saturating_sub(page.len());
        for past in page {
            // What is in force is so for a template; what is asked for is one for all.
            let template = past.fingerprint.clone().filter(|_| wanted.is_none()).unwrap_or_default();
            let key = (past.target.platform.clone(), template);
            if !sets.contains_key(&key) {
                let set = wanted_set(store, (&key.0, &key.1), wanted).await?;
                sets.insert(key.clone(), set);
            }
            // A file of one platform says nothing about the other's crawls.
            let Some(Some(set)) = sets.get(&key) else { continue };
            match reread((store, blobs), &past, set).await {
                Ok(read) => {
                    let differences = read.differences();
                    found.crawls += 1;
                    found.differ += u64::from(!differences.is_empty());
                    tell(&past, &differences)?;
                }
                Err(error @ (PastError::Forgotten { .. } | PastError::Capture { .. })) => {
                    found.forgotten += 1;
                    say(&format!("crawl {}: {error}", past.crawl));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    if let Some(wanted) = wanted
        && !sets.is_empty()
        && sets.values().all(Option::is_none)
        && !Path::new(wanted).is_file()
    {
        return Err(BadInput(format!("no stored version is called {wanted:?}: see sentinel selectors list")).into());
    }
    Ok(found)
}

/// The selectors to read a platform's crawls by: a file's, a stored version's, or those in force; none where a file is for
/// another platform, or this one has no such version.
async fn wanted_set(
    store: &Store,
    (platform, template): (&PlatformId, &str),
    wanted: Option<&str>,
) -> anyhow::Result<Option<Arc<SelectorSet>>> {
    let Some(wanted) = wanted else { return Ok(Some(in_force(store, platform, template).await?)) };
    if Path::new(wanted).is_file() {
        let text = std::fs::read_to_string(wanted).map_err(|error| BadInput(format!("{wanted}: {error}")))?;
        let set = parse(&text, wanted).map_err(|error| BadInput(error.to_string()))?;
        return Ok((set.platform == *platform).then(|| Arc::new(set)));
    }
    if let Some(version) = store.selector_version(platform.as_str(), wanted).await? {
        return Ok(Some(Arc::new(selectors::ready(&version)?)));
    }
    let builtin = crate::extract::selectors::builtin(platform).filter(|set| set.version == wanted);
    if builtin.is_none() {
        say(&format!("{platform}: no selector file and no stored version {wanted:?}; its crawls are left out"));
    }
    Ok(builtin)
}

/// The selectors that a service uses now for a template; the built-in ones where none has run yet.
async fn in_force(store: &Store, platform: &PlatformId, template: &str) -> anyhow::Result<Arc<SelectorSet>> {
    let mut name = selectors::active_pointer(store, platform.as_str(), template).await?;
    if name.is_none() {
        name = selectors::active_pointer(store, platform.as_str(), "").await?;
    }
    if let Some(name) = name
        && let Some(version) = store.selector_version(platform.as_str(), &name).await?
    {
        return Ok(Arc::new(selectors::ready(&version)?));
    }
    crate::extract::selectors::builtin(platform)
        .ok_or_else(|| BadInput(format!("no selectors for platform {platform:?}")).into())
}
