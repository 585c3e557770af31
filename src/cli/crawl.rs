//! `sentinel crawl`: profiles, now, in this process. Needs only Chromium.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::StreamExt as _;

use super::exit::{self, BadInput};
use super::interrupt::Interrupt;
use super::progress::{self, Progress};
use super::{Surroundings, keep, output, table};
use crate::browser::har::{Har, Recorder};
use crate::browser::{Blocking, StorageState};
use crate::engine::{CrawlOptions, Crawled, Engine};
use crate::model::document::{Document, Outcome};
use crate::model::job::{DEFAULT_POSTS, Frame, MAX_POSTS, Target};

/// Crawl profiles now, in this process; needs only Chromium.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Profile URLs, or @handle@tiktok and @handle@instagram.
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,
    /// Write DIR/<platform>/<handle>/{document.json, screenshot.<ext>, capture.json.zst}.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print a table for people in place of JSON.
    #[arg(long)]
    table: bool,
    /// How many of the newest posts.
    #[arg(long, default_value_t = DEFAULT_POSTS, value_parser = clap::value_parser!(u16).range(1..=i64::from(MAX_POSTS)))]
    posts: u16,
    /// Take the picture of the whole page.
    #[arg(long)]
    full_page: bool,
    /// Load no images: less work, and a picture without them.
    #[arg(long, conflicts_with = "full_page")]
    lean: bool,
    /// Answer every request from this HAR file; nothing reaches the network.
    #[arg(long, value_name = "FILE")]
    har: Option<PathBuf>,
    /// Write what the site answered to this HAR file (.har or .zip); credentials are removed.
    #[arg(long, value_name = "FILE")]
    record_har: Option<PathBuf>,
    /// The operator's own session: a storage-state file as Playwright writes it.
    #[arg(long, value_name = "FILE")]
    session: Option<PathBuf>,
    /// JSON, one document a line; it is the default and may be said.
    #[arg(long, conflicts_with = "table")]
    json: bool,
}

/// Runs it.
///
/// # Errors
/// Bad input, or no browser.
pub(super) async fn run(args: Args, surroundings: &Surroundings) -> anyhow::Result<u8> {
    let config = surroundings.config()?;
    let targets = targets(&args.targets, &config)?;
    let recorder = args.record_har.as_ref().map(|_| Recorder::new());
    let options = options(&args, recorder.clone())?;
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder)
            .map_err(|error| BadInput(format!("cannot write to --out {}: {error}", folder.display())))?;
    }
    if let Some(archive) = &args.record_har {
        keep::can_write(archive)
            .map_err(|error| BadInput(format!("cannot write --record-har {}: {error}", archive.display())))?;
    }
    let at_once = config.engine.workers_or_default();

    let mut interrupt = Interrupt::listen()?;
    let engine = tokio::select! {
        engine = Engine::start(config) => engine?,
        code = interrupt.next() => return Ok(code),
    };
    let watching = watch(&engine, targets.len());
    let mut told = InOrder::new(targets.len(), !args.table);
    let interrupted = {
        let mut crawls = futures::stream::iter(targets.iter().enumerate())
            .map(async |(place, target)| (place, crawl_one(&engine, target, &options, args.out.as_deref()).await))
            .buffer_unordered(at_once);
        loop {
            tokio::select! {
                code = interrupt.next() => break Some(code),
                crawled = crawls.next() => match crawled {
                    Some((place, (document, kept))) => told.take(place, document, kept)?,
                    None => break None,
                },
            }
        }
    };
    watching.stop().await;
    if interrupted.is_some() {
        told.rest()?;
        for (target, _) in targets.iter().zip(&told.documents).filter(|(_, document)| document.is_none()) {
            progress::say(&format!("{target}: interrupted before it was finished"));
        }
    }
    tokio::select! {
        () = engine.shutdown() => {}
        // Told twice: the browsers die with this process.
        code = interrupt.next() => return Ok(code),
    }
    if let (Some(path), Some(recorder)) = (&args.record_har, recorder) {
        keep::write_har(path, &recorder)?;
    }
    let InOrder { documents, all_kept, .. } = told;
    let documents: Vec<Document> = documents.into_iter().flatten().collect();
    show(&documents, args.table)?;
    let code = exit::highest(documents.iter().map(|document| document.outcome));
    Ok(interrupted.unwrap_or(if all_kept { code } else { code.max(exit::FAILED) }))
}

/// Documents as they come, printed in the order of their targets.
struct InOrder {
    documents: Vec<Option<Document>>,
    /// Those before this place are printed.
    next: usize,
    print: bool,
    all_kept: bool,
}

impl InOrder {
    fn new(targets: usize, print: bool) -> Self {
        Self { documents: vec![None; targets], next: 0, print, all_kept: true }
    }

    fn take(&mut self, place: usize, document: Document, kept: bool) -> anyhow::Result<()> {
        self.all_kept &= kept;
        if let Some(slot) = self.documents.get_mut(place) {
            *slot = Some(document);
        }
        while let Some(Some(document)) = self.documents.get(self.next) {
            if self.print {
                output::json_line(document)?;
            }
            self.next += 1;
        }
        Ok(())
    }

    /// Prints those that wait for one before them, which will not come.
    fn rest(&mut self) -> anyhow::Result<()> {
        for document in self.documents.iter().skip(self.next).flatten().filter(|_| self.print) {
            output::json_line(document)?;
        }
        self.next = self.documents.len();
        Ok(())
    }
}

/// The targets as given, each once; all are read before any is crawled.
pub(super) fn targets(texts: &[String], config: &crate::config::Config) -> anyhow::Result<Vec<Target>> {
    let mut targets: Vec<Target> = Vec::with_capacity(texts.len());
    for text in texts {
        let target = crate::platform::parse_target_with(text, &config.base_urls())?;
        if !targets.contains(&target) {
            targets.push(target);
        }
    }
    Ok(targets)
}

fn options(args: &Args, record_to: Option<Recorder>) -> anyhow::Result<CrawlOptions> {
    let answer_from = args.har.as_ref().map(|path| Har::read(path).map(Arc::new)).transpose().map_err(bad_input)?;
    let storage_state = args.session.as_ref().map(|path| StorageState::read(path)).transpose().map_err(bad_input)?;
    Ok(CrawlOptions {
        posts: args.posts,
        frame: if args.full_page { Frame::FullPage } else { Frame::Viewport },
        blocking: if args.lean { Blocking::Lean } else { Blocking::Faithful },
        answer_from,
        record_to,
        storage_state,
    })
}

fn bad_input(error: impl std::fmt::Display) -> BadInput {
    BadInput(error.to_string())
}

/// Crawls one target and says whether its files were kept; a failure of ours is a document too, so that every target has
/// its line.
async fn crawl_one(engine: &Engine, target: &Target, options: &CrawlOptions, out: Option<&Path>) -> (Document, bool) {
    let mut crawled = match engine.crawl(target, options).await {
        Ok(crawled) => crawled,
        Err(error) => {
            let failed = if error.kept_away() { "" } else { "failed: " };
            progress::say(&format!("{target}: {failed}{error}"));
            return (engine.failed_document(target, options.posts, &error), true);
        }
    };
    let kept = match out {
        Some(folder) => keep::write_out(folder, target, &mut crawled).map_err(|error| format!("{error:#}")),
        None => engine.keep_picture(&mut crawled).await.map_err(|error| error.to_string()),
    };
    if let Err(error) = &kept {
        progress::say(&format!("{target}: not kept: {error}"));
    }
    explain(target, &crawled);
    (crawled.document, kept.is_ok())
}

fn show(documents: &[Document], as_table: bool) -> anyhow::Result<()> {
    if !as_table {
        return Ok(());
    }
    match documents {
        [one] => output::text(&table::document(one)),
        many => output::text(&table::summaries(many)),
    }
}

/// For a refusal or a failure of the site: one sentence with what happened, what was seen, and what can be done.
fn explain(target: &Target, crawled: &Crawled) {
    let document = &crawled.document;
    let Some(remedy) = remedy(document.outcome) else { return };
    let seen = document.evidence.as_ref().map_or_else(String::new, |evidence| {
        let status = evidence.status.map_or_else(String::new, |status| format!("HTTP {status}, "));
        let detail = evidence.detail.as_deref().filter(|detail| !status.contains(detail));
        let detail = detail.map_or_else(String::new, |detail| format!(": {detail},"));
        let place = evidence.final_url.as_deref().map_or_else(String::new, |url| format!(" at {url}"));
        format!(" (saw {status}{}{detail}{place})", evidence.signal)
    });
    let asked =
        crawled.spent.retry_after.map_or_else(String::new, |wait| format!(" (it asks for {} s)", wait.as_secs()));
    progress::say(&format!("{target}: {}{seen}; {remedy}{asked}", document.outcome.as_str()));
}

/// What the operator can do about an outcome; nothing where the profile was read.
fn remedy(outcome: Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::Ok | Outcome::Partial => None,
        Outcome::Private => Some("only its followers see it: nothing to be done, it is recorded as a fact"),
        Outcome::NotFound => Some("there is no such profile: check the spelling, or whether it was renamed"),
        Outcome::LoginWall => {
            Some("the site wants a login from guests now: try again later, or give your own session by --session FILE")
        }
        Outcome::Captcha => {
            Some("the site wants to see a human: let it rest for some hours, crawl slower (gate), we solve no captchas")
        }
        Outcome::Checkpoint => Some(
            "the site wants your session's account confirmed: open it in your own browser and save the session anew",
        ),
        Outcome::RateLimited => {
            Some("the site said slow down: wait as long as it says, and lower gate's page loads a minute")
        }
        Outcome::RegionBlocked => {
            Some("the site does not serve this region: it must be visited from another machine of yours")
        }
        Outcome::AgeGated => {
            Some("the site shows this to confirmed adults only: your own session by --session FILE may see it")
        }
        Outcome::Blocked => Some(
            "the site answered with nothing in the profile's place, which is a refusal: let it rest, then try again",
        ),
        Outcome::Unavailable => Some("the site's own error, or it will not say: try again later"),
        Outcome::Failed => Some("this was our failure: look above for its cause"),
    }
}

/// A task that shows events until it is stopped.
struct Watching {
    task: tokio::task::JoinHandle<()>,
    stop: tokio::sync::oneshot::Sender<()>,
}

impl Watching {
    async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.task.await;
    }
}

fn watch(engine: &Engine, total: usize) -> Watching {
    let mut events = engine.subscribe();
    let progress = Progress::new(total);
    let (stop, mut stopped) = tokio::sync::oneshot::channel();
    let task = tokio::spawn(async move {
        loop {
            tokio::select! {
                biased;
                event = events.recv() => match event {
                    Ok(event) => progress.tell(&event),
                    Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => break,
                },
                _ = &mut stopped => break,
            }
        }
        progress.end();
    });
    Watching { task, stop }
}
