//! Whether a page that was crawled is still the page that our selectors were written for. Keeps, for each platform, what pages usually
//! bring and the version that was in force before, and judges each crawl before it is saved: what is doubted is kept aside, so that
//! no row is ever wrong, and its capture waits for a version that can read it.

mod aside;
mod detector;
mod fills;
mod halves;
pub mod health;
mod probation;
mod release;
mod strays;
mod templates;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use self::aside::withhold;
pub(super) use self::aside::{note_still_missing, set_aside};
pub use self::detector::Detector;
pub(super) use self::fills::DIGITS;
use self::fills::Fills;
use self::health::Health;
use self::probation::{Compared, Probations};
pub(super) use self::probation::{PROBATION_PAGES, Trust};
use self::strays::Strays;
pub(super) use self::templates::Alarm;
use self::templates::Templates;
use super::crawl::Crawled;
use crate::extract::detect::{self, Doubt, Expectation, Recent};
use crate::extract::fingerprint::fingerprint;
use crate::extract::heal::page::Page;
use crate::extract::heal::selectors::OldSelectors;
use crate::extract::heal::{Refusal, heal};
use crate::model::capture::Capture;
use crate::model::document::{Document, Evidence, Outcome, ShortReason};
use crate::model::job::PlatformId;
use crate::model::selectors::SelectorSet;
use crate::platform::Platform;
use crate::store::healing::HealthTally;
use crate::store::save::HeldValue;

/// The evidence's signal of a page that is doubted.
pub const SIGNAL: &str = "drift";
/// The path of the held value that stands for a whole page.
pub const WHOLE: &str = "document";
/// Templates whose lost fields are remembered.
const TEMPLATES: usize = 64;
/// What `unavailable` is called when nothing on the page was recognised: it may be a new template as well as a refusal.
const UNRECOGNISED: [&str; 3] = ["nothing_recognised", "identity_mismatch", "no_json"];

/// All platforms' states.
#[derive(Debug)]
pub(super) struct Drift {
    platforms: Mutex<BTreeMap<PlatformId, State>>,
    /// Wakes the healer.
    pub(super) seen: Notify,
    clock: crate::clock::Clock,
}

#[derive(Debug, Default)]
struct State {
    expected: Expectation,
    recent: Recent,
    templates: Templates,
    fills: Fills,
    health: Health,
    alarms: Vec<Alarm>,
    /// Alarmed templates that wait for a version, with the profiles that missed something.
    waiting: BTreeMap<String, usize>,
    probations: Probations,
    strays: Strays,
    /// Fields that a template's pages show no more: their absence is no doubt.
    gone: BTreeMap<String, BTreeSet<String>>,
}

impl State {
    fn alarm(&mut self, alarm: Alarm) {
        self.waiting.insert(alarm.fingerprint.clone(), alarm.profiles.len());
        self.alarms.push(alarm);
    }

    /// Takes note of the fields that a page has and lacks; whether its template has just been found to have lost one.
    fn miss(&mut self, fingerprint: &str, document: &Document, pages: usize) -> bool {
        let alarm = self.fills.see(fingerprint, document, pages);
        let alarmed = alarm.is_some();
        alarm.into_iter().for_each(|alarm| self.alarm(alarm));
        alarmed
    }
}

/// What was found of one crawl.
#[derive(Debug, Default)]
pub(super) struct Inspected {
    pub(super) fingerprint: Option<String>,
    /// Taken out of the document.
    pub(super) held: Vec<HeldValue>,
    /// Whether the healer has something to see, once the crawl is saved.
    pub(super) wakes: bool,
}

impl Drift {
    pub(super) fn new(clock: crate::clock::Clock) -> Self {
        Self { platforms: Mutex::default(), seen: Notify::new(), clock }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<PlatformId, State>> {
        self.platforms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a believed document of before into account.
    pub(super) fn remember(&self, platform: &PlatformId, document: &Document) {
        let mut platforms = self.lock();
        let state = platforms.entry(platform.clone()).or_default();
        state.expected.learn(document);
        state.fills.learn(document);
    }

    /// The templates that lost a source since the last call.
    pub(super) fn take_alarms(&self, platform: &PlatformId) -> Vec<Alarm> {
        self.lock().get_mut(platform).map(|state| std::mem::take(&mut state.alarms)).unwrap_or_default()
    }

    /// The templates that lost a source and wait for a version, with how many profiles missed it.
    pub(super) fn waiting(&self, platform: &PlatformId) -> Vec<(String, usize)> {
        let platforms = self.lock();
        let waiting = platforms.get(platform).map(|state| &state.waiting).into_iter().flatten();
        waiting.map(|(fingerprint, profiles)| (fingerprint.clone(), *profiles)).collect()
    }

    /// A template has got its version, or will get none.
    pub(super) fn settle(&self, platform: &PlatformId, fingerprint: &str) {
        if let Some(state) = self.lock().get_mut(platform) {
            state.waiting.remove(fingerprint);
        }
    }

    /// How fields and rules did since the last call, and each field's fill rate over the last pages.
    pub(super) fn take_health(&self, platform: &PlatformId) -> (Vec<HealthTally>, Vec<(String, f64)>) {
        self.lock().get_mut(platform).map(|state| state.health.take(platform.as_str())).unwrap_or_default()
    }

    /// What pages of a platform usually bring.
    pub(super) fn expected(&self, platform: &PlatformId) -> Expectation {
        self.lock().get(platform).map(|state| state.expected.clone()).unwrap_or_default()
    }

    /// Another version comes into force: for some pages it is compared with the one before, unless that one was refuted.
    pub(super) fn changed(&self, platform: &PlatformId, version: &str, before: Arc<SelectorSet>, trust: Trust) {
        let mut platforms = self.lock();
        let state = platforms.entry(platform.clone()).or_default();
        state.templates.forget();
        state.probations.begin(version, before, trust);
    }

    /// The version that contradicted what was known, with the one before it; from then on it counts as refuted.
    pub(super) fn take_refuted(&self, platform: &PlatformId) -> Option<(String, String)> {
        self.lock().get_mut(platform)?.probations.take_refuted()
    }

    /// A page that nothing was recognised on, though it names the profile and is no refusal: a new template.
    pub(super) fn recognise(&self, crawled: &mut Crawled) {
        let document = &mut crawled.document;
        let unrecognised = document.outcome == Outcome::Unavailable
            && document.evidence.as_ref().is_some_and(|evidence| UNRECOGNISED.contains(&evidence.signal.as_str()));
        if unrecognised && names_its_profile(&crawled.capture, self.clock) {
            let page = crawled.capture.pages.first();
            document.outcome = Outcome::Partial;
            document.coverage.reason = Some(ShortReason::NoPostList);
            document.evidence = Some(Evidence {
                status: page.and_then(|page| page.status),
                final_url: page.map(|page| page.final_url.clone()),
                signal: SIGNAL.to_owned(),
                detail: Some("the page names the profile, and the selectors find nothing on it".to_owned()),
            });
        }
    }

    /// Judges a crawl: a fraction of a millisecond, but where a new version is compared with the one before.
    pub(super) fn inspect(&self, site: &dyn Platform, crawled: &mut Crawled) -> Inspected {
        let (platform, document) = (site.id(), &mut crawled.document);
        if !matches!(document.outcome, Outcome::Ok | Outcome::Partial | Outcome::Private) {
            return Inspected::default();
        }
        let fingerprint = fingerprint(&crawled.capture);
        let mut contradictions = std::mem::take(&mut crawled.contradictions);
        let mut doubts = {
            let mut platforms = self.lock();
            let state = platforms.entry(platform.clone()).or_default();
            contradictions.extend(state.recent.doubts(document));
            let mut doubts = detect::doubts(&crawled.capture, document, &state.expected);
            if let Some(gone) = state.gone.get_mut(&fingerprint) {
                gone.retain(|field| !document.fields.contains_key(field));
                doubts.retain(|doubt| !matches!(doubt, Doubt::FieldMissing { path } if gone.contains(path)));
            }
            doubts
        };
        let version = document.selectors.version.clone();
        let doubtful = !doubts.is_empty() || !contradictions.is_empty();
        if let Some(before) = self.before(&platform, &version, Compared::when(doubtful))
            && let Some(against) = probation::against(site, &crawled.capture, document, &before)
        {
            // Sources that contradict each other count against the version, for the one before saw them agree.
            self.count(&platform, &version, !contradictions.is_empty() || !against.is_empty());
            contradictions.extend(against);
        }
        let mut platforms = self.lock();
        let state = platforms.entry(platform).or_default();
        let whole =
            contradictions.iter().any(is_of_page) || document.evidence.as_ref().is_some_and(|e| e.signal == SIGNAL);
        doubts.extend(contradictions);
        state.health.see(document, &doubts);
        // A page that lacks a field and nothing else is seen by those that count how many do.
        let lacks = !doubts.is_empty() && doubts.iter().all(|doubt| matches!(doubt, Doubt::FieldMissing { .. }));
        if lacks && !whole {
            state.miss(&fingerprint, document, crawled.capture.pages.len());
        }
        if doubts.is_empty() && !whole {
            let lost = state.expected.lost(document);
            let handle = document.handle.as_ref().map(|handle| handle.as_str().to_lowercase()).unwrap_or_default();
            let of_sources = state.templates.see(&fingerprint, &handle, &lost);
            let mut alarmed = of_sources.is_some();
            of_sources.into_iter().for_each(|alarm| state.alarm(alarm));
            alarmed |= state.miss(&fingerprint, document, crawled.capture.pages.len());
            aside::note_missing(document, &state.fills.lacks(&fingerprint));
            // What has changed is not what is usual, until it has been told.
            if state.templates.knows(&fingerprint, &lost) {
                state.expected.learn(document);
            }
            state.recent.learn(document);
            return Inspected { fingerprint: Some(fingerprint), held: Vec::new(), wakes: alarmed };
        }
        drop(platforms);
        let held = withhold(document, &doubts, whole);
        Inspected { fingerprint: Some(fingerprint), held, wakes: true }
    }

    /// A page whose numbers left their profile's own drift. One profile's surge is its own affair: it is stored and told. But a page that
    /// the version before reads otherwise is held back, and two of them refute the version; and many profiles at once on one
    /// version are told as one alarm, though nothing contradicts them.
    /// `read` is the document as it was read, before anything was taken out of it.
    pub(super) fn stray(&self, site: &dyn Platform, crawled: &mut Crawled, read: &Document) -> Vec<HeldValue> {
        let (platform, document) = (site.id(), &mut crawled.document);
        let version = document.selectors.version.clone();
        let before = self.before(&platform, &version, Compared::when(true));
        let against = before.and_then(|before| probation::against(site, &crawled.capture, read, &before));
        let against = against.filter(|against| !against.is_empty());
        let Some(against) = against else { return Vec::new() };
        self.count(&platform, &version, true);
        *document = Document { screenshot: document.screenshot.take(), ..read.clone() };
        withhold(document, &against, true)
    }

    /// Takes note of whether a profile's numbers left their own drift; answers with an alarm where many of the last did at once.
    pub(super) fn strayed(&self, platform: &PlatformId, document: &Document, strayed: bool) -> bool {
        let mut platforms = self.lock();
        let state = platforms.entry(platform.clone()).or_default();
        let handle = document.handle.as_ref().map(|handle| handle.as_str().to_lowercase()).unwrap_or_default();
        state.strays.see(&document.selectors.version, &handle, strayed)
    }

    /// The versions on which many profiles left their own drift at once, since the last call, with how many.
    pub(super) fn take_strays(&self, platform: &PlatformId) -> Vec<(String, usize)> {
        self.lock().get_mut(platform).map(|state| state.strays.take()).unwrap_or_default()
    }

    fn before(&self, platform: &PlatformId, version: &str, compared: Compared) -> Option<Arc<SelectorSet>> {
        self.lock().get(platform)?.probations.before(version, compared)
    }

    fn count(&self, platform: &PlatformId, version: &str, contradicted: bool) {
        if let Some(state) = self.lock().get_mut(platform) {
            state.probations.count(version, contradicted);
        }
    }
}

/// Whether a doubt is of the page as a whole: whose numbers these are, or which of two is right, nobody knows.
const fn is_of_page(doubt: &Doubt) -> bool {
    matches!(doubt, Doubt::Contradiction { .. } | Doubt::TextDiffers { .. } | Doubt::SameAsAnother { .. })
}

/// A page as healing sees it.
pub(super) fn heal_page(capture: &Capture) -> Option<Page> {
    let target = capture.target.as_ref()?;
    let page = capture.pages.first()?;
    let responses: Vec<crate::extract::heal::page::Response> = page
        .responses
        .iter()
        .filter_map(|response| {
            let body = serde_json::from_str(&response.body).ok()?;
            Some(crate::extract::heal::page::Response { url: response.url.clone(), body })
        })
        .collect();
    Some(Page::parse(target.handle.as_str(), &page.url, &page.html, &responses))
}

fn names_its_profile(capture: &Capture, clock: crate::clock::Clock) -> bool {
    let Some(page) = heal_page(capture) else { return false };
    let healed = heal(&OldSelectors::default(), &[], &[page], &clock);
    healed.pages.first().is_some_and(|page| matches!(page.refusal, None | Some(Refusal::NoProfile)))
}
