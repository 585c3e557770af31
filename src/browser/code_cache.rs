//! V8's compiled form of the sites' scripts, kept from one page for those after it. Each context starts with nothing, so each
//! page would compile the same megabytes of scripts anew, a tenth of what a visit costs; Chromium's own code cache belongs to
//! a profile on disk, which fresh contexts have not.
//!
//! A page still requests, receives and runs every script: only the compiling is saved. V8 takes a compiled form for a script of
//! the same length without looking at its text; so only scripts that their server calls unchanging for days and the same for
//! everybody (as a cache between it and many visitors would keep them) are taken, each is compared with what the server sends
//! on every page, and a renderer that dies has its site forgotten.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chromiumoxide::cdp::browser_protocol::page::{CompilationCacheParams, ProduceCompilationCacheParams};
use url::Url;

use super::counters::Tally;
use super::link::Link;
use super::wire::Head;

/// A script that its server may change sooner is compiled each time, in seconds.
const LASTS: u64 = 86_400;
/// A page is given the scripts that one of the site's last pages ran; crawls overlap.
const GIVEN_FOR: u64 = 16;
/// A script that no page ran for so long is forgotten.
const KEPT_FOR: u64 = 200;
/// How often a script's compiled form is asked for in vain (a module, a tiny one).
const TRIES: u8 = 3;
/// Scripts known of one site at a time.
const SCRIPTS: usize = 500;

/// The compiled scripts of all sites. Shared by all browsers, which run the same program.
#[derive(Debug)]
pub(super) struct CodeCache {
    budget: usize,
    tally: Arc<Tally>,
    sites: Mutex<HashMap<String, Site>>,
}

#[derive(Debug, Default)]
struct Site {
    /// Pages that it showed.
    pages: u64,
    scripts: HashMap<String, Script>,
}

#[derive(Debug)]
struct Script {
    /// What the server says that changes when the script does.
    version: String,
    /// The newest of the site's pages that ran it.
    page: u64,
    tries: u8,
    /// Base64, as Chromium gives and takes it.
    compiled: Option<Bytes>,
}

/// What is said to a page as soon as it shows a document of the site.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// Scripts with their compiled forms.
    pub(super) given: Vec<(String, Bytes)>,
    /// Scripts of which the compiled form is asked for.
    pub(super) wanted: Vec<String>,
}

impl CodeCache {
    /// An empty one that holds at most `budget` bytes.
    pub(super) fn new(budget: usize, tally: Arc<Tally>) -> Self {
        Self { budget, tally, sites: Mutex::default() }
    }

    /// A page of this URL begins: what to tell it.
    pub(super) fn page(&self, url: &str) -> Share {
        let mut share = Share::default();
        let Some(origin) = origin(url).filter(|_| self.budget > 0) else { return share };
        let mut sites = self.lock();
        let site = sites.entry(origin).or_default();
        site.pages += 1;
        let now = site.pages;
        site.scripts.retain(|_, script| now - script.page <= KEPT_FOR);
        for (url, script) in site.scripts.iter_mut().filter(|(_, script)| now - script.page <= GIVEN_FOR) {
            if let Some(compiled) = &script.compiled {
                share.given.push((url.clone(), compiled.clone()));
                self.tally.scripts_reused.one();
            } else if script.tries < TRIES {
                script.tries += 1;
                share.wanted.push(url.clone());
            }
        }
        share
    }

    /// A page of the site was sent this script.
    pub(super) fn seen(&self, page: &str, script: &str, head: &Head) {
        let Some(origin) = origin(page).filter(|_| self.budget > 0) else { return };
        let mut sites = self.lock();
        let Some(site) = sites.get_mut(&origin) else { return };
        let (version, full) = (version(head), site.scripts.len() >= SCRIPTS);
        match site.scripts.get_mut(script) {
            Some(known) if lasts(head) && known.version == version => known.page = site.pages,
            Some(_) if !lasts(head) => drop(site.scripts.remove(script)),
            None if full || !lasts(head) => {}
            Some(_) | None => {
                let new = Script { version, page: site.pages, tries: 0, compiled: None };
                site.scripts.insert(script.to_owned(), new);
            }
        }
    }

    /// A page of the site compiled a script that was asked for.
    pub(super) fn compiled(&self, page: &str, script: &str, compiled: String) {
        let mut sites = self.lock();
        let held: usize = sites.values().flat_map(|site| site.scripts.values()).map(Script::bytes).sum();
        let script = origin(page).and_then(|origin| sites.get_mut(&origin)?.scripts.get_mut(script));
        match script {
            Some(script) if script.compiled.is_none() && held + compiled.len() <= self.budget => {
                script.compiled = Some(compiled.into());
            }
            Some(_) | None => {}
        }
    }

    /// A page of the site crashed. What it was given might be why.
    pub(super) fn forget(&self, page: &str) {
        if let Some(origin) = origin(page) {
            self.lock().remove(&origin);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Site>> {
        self.sites.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    fn bytes(&self) -> usize {
        self.compiled.as_ref().map_or(0, Bytes::len)
    }
}

impl Share {
    /// Tells the page, before it has its first script.
    pub(super) async fn tell(self, link: &Link, session: &str) {
        for (url, compiled) in self.given {
            link.give_compiled(session, url, compiled).await;
        }
        if !self.wanted.is_empty() {
            let wanted = self.wanted.into_iter().map(CompilationCacheParams::new).collect();
            link.post(Some(session), ProduceCompilationCacheParams::new(wanted)).await;
        }
    }
}

/// Scheme, host and port: what a script is compiled for is never given to another site.
fn origin(url: &str) -> Option<String> {
    let origin = Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// Whether the server says that the script stays as it is for days, for everybody.
fn lasts(head: &Head) -> bool {
    let said = |name: &str| {
        let values = head.headers.0.iter().filter(move |(key, _)| key == name);
        values
            .flat_map(|(_, value)| value.split([',', '\n']))
            .map(|word| word.trim().to_lowercase())
            .collect::<Vec<_>>()
    };
    let cache = said("cache-control");
    let seconds = cache.iter().filter_map(|word| word.strip_prefix("max-age=")?.trim_matches('"').parse::<u64>().ok());
    let forbidden = ["private", "no-store", "no-cache"];
    head.status == 200
        && seconds.max().is_some_and(|seconds| seconds >= LASTS)
        && !cache.iter().any(|word| forbidden.iter().any(|no| word == no || word.starts_with(&format!("{no}="))))
        && !said("vary").iter().any(|word| word == "*" || word == "cookie")
}

/// What of an answer changes when the script does.
fn version(head: &Head) -> String {
    let marks = ["etag", "last-modified", "content-length"];
    let said = head.headers.0.iter().filter(|(name, _)| marks.contains(&name.as_str()));
    said.fold(String::new(), |version, (name, value)| version + name + "=" + value + "\n")
}

#[cfg(test)]
mod tests {
    use super::super::wire::Headers;
    use super::*;

    const PAGE: &str = "https://site.test/@somebody";
    const SCRIPT: &str = "https://cdn.test/a.js";

    fn head(cache: &str, etag: &str) -> Head {
        let headers = [("cache-control", cache), ("etag", etag)];
        let headers = Headers(headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
        Head { status: 200, headers, ..Head::default() }
    }

    /// A cache after a page with the script, which the next page compiled.
    fn filled(budget: usize) -> CodeCache {
        let cache = CodeCache::new(budget, Arc::default());
        assert_eq!(cache.page(PAGE), Share::default());
        cache.seen(PAGE, SCRIPT, &head("public, max-age=31536000, immutable", "1"));
        assert_eq!(cache.page(PAGE).wanted, [SCRIPT]);
        cache.compiled(PAGE, SCRIPT, "YWJj".to_owned());
        cache
    }

    #[test]
    fn the_third_page_gets_what_the_second_compiled() {
        let share = filled(100).page("https://site.test/@another");
        assert_eq!(share.given, [(SCRIPT.to_owned(), Bytes::from("YWJj"))]);
        assert!(share.wanted.is_empty());
        assert_eq!(filled(100).page("https://other.test/@somebody"), Share::default(), "not another site");
        assert_eq!(filled(3).page(PAGE).given, [], "it does not fit");
    }

    #[test]
    fn a_script_that_changed_or_may_change_or_is_somebodys_own_is_not_given() {
        let changes =
            ["max-age=31536000", "max-age=600", "private, max-age=31536000", "no-cache, max-age=31536000", ""];
        for (cache_control, etag) in changes.into_iter().zip(["2", "1", "1", "1", "1"]) {
            let cache = filled(100);
            cache.seen(PAGE, SCRIPT, &head(cache_control, etag));
            assert_eq!(cache.page(PAGE).given, [], "{cache_control:?}");
        }
        let cache = filled(100);
        let mut vary = head("max-age=31536000", "1");
        vary.headers.0.push(("vary".to_owned(), "Accept-Encoding, Cookie".to_owned()));
        cache.seen(PAGE, SCRIPT, &vary);
        assert_eq!(cache.page(PAGE).given, []);
    }

    #[test]
    fn a_crash_has_the_site_forgotten_and_what_nobody_runs_goes_by_itself() {
        let cache = filled(100);
        cache.forget(PAGE);
        assert_eq!(cache.page(PAGE), Share::default());
        let cache = filled(100);
        let given = (0..GIVEN_FOR).filter(|_| !cache.page(PAGE).given.is_empty()).count();
        assert_eq!(given + 1, usize::try_from(GIVEN_FOR).unwrap(), "the page that compiled it counts");
        assert_eq!(cache.page(PAGE), Share::default());
    }

    #[test]
    fn what_is_never_compiled_is_not_asked_for_for_ever() {
        let cache = CodeCache::new(100, Arc::default());
        cache.page(PAGE);
        let lasting = head("max-age=31536000", "1");
        let asked = (0..10).filter(|_| {
            cache.seen(PAGE, SCRIPT, &lasting);
            !cache.page(PAGE).wanted.is_empty()
        });
        assert_eq!(asked.count(), usize::from(TRIES));
    }
}
