//! `sentinel extract`: the document of a crawl from saved pages, payloads, HAR files and captures, without a browser.
//! The same input gives the same bytes.

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::exit::{self, BadInput};
use super::{Surroundings, arguments, output, table};
use crate::browser::har::{Har, to_capture_pages};
use crate::extract::input::{self, InputOptions};
use crate::model::capture::Capture;
use crate::model::document::Document;
use crate::model::job::{DEFAULT_POSTS, PlatformId};
use crate::platform::{self, Extent};

/// Read saved pages, payloads, HAR files or captures, without a browser.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// tiktok or instagram; a capture or a --url tells by itself.
    #[arg(long, value_parser = arguments::platform)]
    platform: Option<String>,
    /// The page's HTML.
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Response bodies: a file or a folder of files. May be given several times.
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    responses: Vec<PathBuf>,
    /// A HAR file (.har or .zip).
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
    /// A capture as crawl --out writes it.
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// The profile that is meant.
    #[arg(long)]
    url: Option<String>,
    /// When the files were saved (RFC 3339).
    #[arg(long, value_name = "RFC3339", value_parser = arguments::time)]
    observed_at: Option<DateTime<Utc>>,
    /// Print a table for people in place of JSON.
    #[arg(long)]
    table: bool,
    /// JSON; it is the default and may be said.
    #[arg(long, conflicts_with = "table")]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// Files that cannot be read, or a platform that nobody knows.
pub(super) fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let bases = surroundings.config()?.base_urls();
    let target = args.url.as_deref().map(|url| arguments::profile_of(url, &bases)).transpose()?.flatten();
    let of_crawl = args.capture.is_some();
    let ready = args.har.as_deref().map(of_har).transpose()?;
    let capture = input::load(InputOptions {
        page: args.page,
        responses: args.responses,
        capture: args.capture,
        ready,
        target,
        url: args.url,
        observed_at: args.observed_at,
    })?;
    let told = capture.target.as_ref().map(|target| target.platform.clone());
    let named = args.platform.map(PlatformId::new);
    if let (Some(told), Some(named)) = (&told, &named)
        && told != named
    {
        return Err(BadInput(format!(
            "--platform says {named}, and the --url or capture is one of {told}: leave one out"
        ))
        .into());
    }
    let extent = if of_crawl { Extent::Newest } else { Extent::All };
    let document = read(&capture, named.or(told), extent(capture.requested.unwrap_or(DEFAULT_POSTS)))?;
    if args.table {
        output::text(&table::document(&document))?;
    } else {
        output::json_line(&document)?;
    }
    Ok(exit::code(document.outcome))
}

fn of_har(path: &std::path::Path) -> anyhow::Result<Capture> {
    let har = Har::read(path).map_err(|error| BadInput(error.to_string()))?;
    Ok(Capture { pages: to_capture_pages(&har), observed_at: har.started_at(), ..Capture::default() })
}

fn read(capture: &Capture, platform: Option<PlatformId>, extent: Extent) -> anyhow::Result<Document> {
    let known = || platform::all().iter().map(|known| known.id().to_string()).collect::<Vec<_>>().join(", ");
    let Some(id) = platform else {
        return Err(BadInput(format!("say which site it is: --platform with one of {}", known())).into());
    };
    let (Some(platform), Some(selectors)) = (platform::get(&id), crate::extract::selectors::builtin(&id)) else {
        return Err(BadInput(format!("unknown platform {:?}: known are {}", id.as_str(), known())).into());
    };
    Ok(platform::read_extent(platform.as_ref(), capture, &selectors, extent))
}
