//! The whole pure path from a capture to a document: what is it a page of, what do its sources say, what is true, what is
//! missing. The engine and `sentinel extract` both go through here, so a saved capture reads as the crawl did.
//!
//! The order of judgement: real data of the requested profile, then facts and refusals by their signals, then weak data
//! (a name without a number), and where nothing speaks, `unavailable`. Never is silence taken for absence.

use crate::extract::coverage::coverage;
use crate::extract::detect::{Doubt, contradictions};
use crate::extract::gather;
use crate::extract::metrics::metrics;
use crate::extract::reconcile::{Subject, own_lists, own_profiles, reconcile, subject};
use crate::model::capture::{Capture, CapturedPage};
use crate::model::document::{
    Coverage, Document, Evidence, Metrics, Outcome, SCHEMA, SelectorsUsed, ShortReason, SourceKind,
};
use crate::model::extraction::Extraction;
use crate::model::job::Handle;
use crate::model::page::{Field, ListSeen, Look, Page, Sighting, SignalSeen};
use crate::model::selectors::SelectorSet;
use crate::model::visit::Purpose;

use super::Platform;

/// How many of the posts that were read a document holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// The newest ones, as many as were wanted: a crawl.
    Newest(u16),
    /// All of them; so many were wanted: saved files.
    All(u16),
}

/// Reads a crawl's capture: the newest `requested` posts.
#[must_use]
pub fn read(platform: &dyn Platform, capture: &Capture, selectors: &SelectorSet, requested: u16) -> Document {
    document(platform, capture, selectors, Extent::Newest(requested)).0
}

/// Reads a crawl's capture, and tells the counts on which its sources contradict each other.
#[must_use]
pub fn read_doubting(
    platform: &dyn Platform,
    capture: &Capture,
    selectors: &SelectorSet,
    requested: u16,
) -> (Document, Vec<Doubt>) {
    document(platform, capture, selectors, Extent::Newest(requested))
}

/// Reads saved files: every post they show.
#[must_use]
pub fn read_all(platform: &dyn Platform, capture: &Capture, selectors: &SelectorSet, requested: u16) -> Document {
    document(platform, capture, selectors, Extent::All(requested)).0
}

/// Reads a capture as far as `extent` says.
#[must_use]
pub fn read_extent(platform: &dyn Platform, capture: &Capture, selectors: &SelectorSet, extent: Extent) -> Document {
    document(platform, capture, selectors, extent).0
}

/// What a capture shows.
pub(super) fn look(platform: &dyn Platform, capture: &Capture, selectors: &SelectorSet) -> Look {
    judge(platform, capture, selectors).look
}

/// A capture as it was judged, with what was worked out on the way.
struct Judged {
    look: Look,
    subject: Subject,
    extraction: Extraction,
    doubts: Vec<Doubt>,
}

fn judge(platform: &dyn Platform, capture: &Capture, selectors: &SelectorSet) -> Judged {
    let requested = capture.target.as_ref().map(|target| target.handle.as_str());
    let page = gather(capture, selectors, requested);
    let subject = subject(&page, requested);
    let extraction = reconcile(&page, &subject, platform);
    let doubts = contradictions(&page, &subject);
    let own = own_profiles(&page, &subject);
    let substance = own.iter().any(|sighting| is_substance(sighting)) || shows_posts(&page, &subject);
    let weak = !own.is_empty() || !extraction.posts.is_empty();
    let on_profile =
        |seen: &&SignalSeen| capture.pages.get(seen.visit).is_none_or(|visit| visit.purpose == Purpose::Profile);
    let signal = page.signals.iter().find(on_profile).filter(|_| !substance);
    let look = match signal {
        Some(seen) => {
            let (outcome, evidence) = (seen.outcome, seen.evidence.clone());
            if matches!(outcome, Outcome::Private | Outcome::NotFound | Outcome::AgeGated) {
                Look::Absent { outcome, evidence, page: Box::new(page) }
            } else {
                Look::Refused { outcome, evidence }
            }
        }
        None if data_is_anothers(capture, &page, &subject, &own) => unrecognised(capture, &page),
        None if substance || (weak && !shows_another(&page, &subject)) => shown(page, &extraction),
        None => unrecognised(capture, &page),
    };
    Judged { look, subject, extraction, doubts }
}

/// Nothing speaks: neither the profile nor a signal. That may be a refusal as well as an absence.
fn unrecognised(capture: &Capture, page: &Page) -> Look {
    let (status, final_url) = capture.pages.first().map_or((None, None), main_of);
    let asked = capture.target.as_ref().map(|target| target.handle.as_str().to_lowercase());
    let mut names = page.profiles.iter().chain(&page.posts).filter_map(|s| s.owner.username.as_deref());
    let (signal, detail) = match (names.find(|name| Some(*name) != asked.as_deref()), page.unreadable.first()) {
        (Some(other), _) => ("identity_mismatch", Some(format!("the page shows {other}"))),
        (None, Some(body)) => ("no_json", Some(format!("no JSON in {body}"))),
        (None, None) => ("nothing_recognised", None),
    };
    let evidence = Evidence { status, final_url, signal: signal.to_owned(), detail };
    Look::Refused { outcome: Outcome::Unavailable, evidence }
}

fn main_of(page: &CapturedPage) -> (Option<u16>, Option<String>) {
    (page.status, Some(page.final_url.clone()).filter(|url| !url.is_empty()))
}

/// Whether the page shows posts that name the requested profile as their author.
fn shows_posts(page: &Page, subject: &Subject) -> bool {
    let handle = subject.handle.as_deref();
    handle.is_some() && page.posts.iter().any(|post| post.owner.username.as_deref() == handle)
}

/// Whether the page's own profile, which no list holds, is with all its data somebody else's.
fn shows_another(page: &Page, subject: &Subject) -> bool {
    let another =
        |s: &&Sighting| s.owner.username.is_some() && s.owner.username.as_deref() != subject.handle.as_deref();
    let mut own = page.profiles.iter().filter(|s| !s.among_many);
    subject.named && own.any(|sighting| is_substance(sighting) && another(&sighting))
}

/// Whether the data in the profile's page is with all its numbers somebody else's, and no data names the requested one: then it may not
/// be known whose the rest is.
fn data_is_anothers(capture: &Capture, page: &Page, subject: &Subject, own: &[&Sighting]) -> bool {
    let on_profile = |s: &Sighting| capture.pages.get(s.visit).is_some_and(|visit| visit.purpose == Purpose::Profile);
    let is_data = |s: &Sighting| matches!(s.source, SourceKind::Network | SourceKind::Embedded) && !s.among_many;
    let named_here = own.iter().any(|s| is_data(s) && is_substance(s));
    let anothers = |s: &Sighting| {
        s.source == SourceKind::Embedded
            && is_data(s)
            && s.owner.username.as_deref().is_some_and(|name| Some(name) != subject.handle.as_deref())
            && is_substance(s)
            && on_profile(s)
    };
    subject.named && !named_here && page.profiles.iter().any(anothers)
}

/// Whether a record shows more of its profile than its name: a count, or, in data made for programs, more than id and
/// name (a page's route has these two even where the profile is refused).
fn is_substance(sighting: &Sighting) -> bool {
    let for_programs = !matches!(sighting.source, SourceKind::Meta | SourceKind::Dom);
    let counts = sighting.readings.iter().any(|reading| reading.value.as_count().is_some());
    counts || (for_programs && sighting.readings.iter().any(|r| r.field == Field::Id) && sighting.readings.len() > 2)
}

/// A page with the profile's data: itself, unless it says that only followers see the posts.
fn shown(page: Page, extraction: &Extraction) -> Look {
    let private = extraction.profile.as_ref().is_some_and(|profile| profile.private == Some(true));
    if !private || !extraction.posts.is_empty() {
        return Look::Seen { page: Box::new(page) };
    }
    let evidence = page.signals.iter().find(|seen| seen.outcome == Outcome::Private).map_or_else(
        || {
            let note = extraction.fields.get("profile.private");
            Evidence {
                status: None,
                final_url: None,
                signal: "private_account".to_owned(),
                detail: note.map(|note| format!("{} = {}", note.rule, note.raw)),
            }
        },
        |seen| seen.evidence.clone(),
    );
    Look::Absent { outcome: Outcome::Private, evidence, page: Box::new(page) }
}

fn document(
    platform: &dyn Platform,
    capture: &Capture,
    selectors: &SelectorSet,
    extent: Extent,
) -> (Document, Vec<Doubt>) {
    let wanted = match extent {
        Extent::Newest(wanted) | Extent::All(wanted) => wanted,
    };
    let mut document = Document {
        schema: SCHEMA,
        platform: platform.id(),
        handle: capture.target.as_ref().map(|target| target.handle.clone()),
        url: None,
        outcome: Outcome::Unavailable,
        evidence: None,
        observed_at: capture.observed_at,
        duration_ms: capture.duration_ms,
        profile: None,
        posts: Vec::new(),
        coverage: Coverage { requested: wanted, got: 0, reason: Some(ShortReason::NoPostList) },
        metrics: Metrics::default(),
        fields: indexmap::IndexMap::new(),
        selectors: SelectorsUsed { version: selectors.version.clone() },
        screenshot: None,
    };
    let Judged { look, subject, extraction, doubts } = judge(platform, capture, selectors);
    if document.handle.is_none() && !matches!(look, Look::Refused { .. }) {
        document.handle = subject.handle.as_deref().and_then(|handle| handle.parse::<Handle>().ok());
    }
    match look {
        Look::Refused { outcome, evidence } => {
            document.outcome = outcome;
            document.evidence = Some(evidence);
            if outcome.is_block() {
                document.coverage.reason = Some(ShortReason::BlockedMidway);
            }
        }
        Look::Absent { outcome, evidence, .. } => {
            document.outcome = outcome;
            document.evidence = Some(evidence);
            if outcome == Outcome::Private && extraction.profile.is_some() {
                document.profile = extraction.profile;
                document.fields = extraction.fields;
                document.fields.retain(|path, _| path.starts_with("profile."));
            }
        }
        Look::Seen { page } => seen(extraction, &page, &own_lists(&page, &subject), extent, &mut document),
    }
    if let Some(handle) = &document.handle {
        document.url = Some(platform.canonical_url(handle));
    }
    (document, doubts)
}

fn seen(mut extraction: Extraction, page: &Page, lists: &[&ListSeen], extent: Extent, document: &mut Document) {
    let total = extraction.profile.as_ref().and_then(|profile| profile.posts_count);
    if let Extent::Newest(wanted) = extent {
        for dropped in extraction.posts.drain(usize::from(wanted).min(extraction.posts.len())..) {
            let prefix = format!("posts.{}.", dropped.id);
            extraction.fields.retain(|path, _| !path.starts_with(&prefix));
        }
    }
    let (coverage, evidence) = coverage(page, lists, document.coverage.requested, extraction.posts.len(), total);
    let followers = extraction.profile.as_ref().and_then(|profile| profile.followers);
    document.metrics = metrics(&extraction.posts, followers);
    // Reels alone tell nothing of how often their owner posts.
    if extraction.beyond_timeline {
        document.metrics.posts_per_week = None;
    }
    let whole = matches!(coverage.reason, None | Some(ShortReason::FewerExist));
    document.outcome = if whole && extraction.profile.is_some() { Outcome::Ok } else { Outcome::Partial };
    document.evidence = evidence;
    document.coverage = coverage;
    document.profile = extraction.profile;
    document.posts = extraction.posts;
    document.fields = extraction.fields;
}
