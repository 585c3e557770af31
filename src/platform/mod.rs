//! What is particular to a site, without any selector of it: addresses, ids, and which page to visit next. Pure: no
//! async, no I/O. Adding a platform is one file here, one line in [`all`] and `selectors/<platform>/v1.toml`.

mod doubt;
mod instagram;
mod next;
mod read;
mod target;
mod tiktok;

use std::sync::Arc;

use url::Url;

use crate::extract::reconcile::Arithmetic;
use crate::model::capture::Capture;
use crate::model::job::{Frame, Handle, PlatformId, Target};
use crate::model::page::Look;
use crate::model::selectors::SelectorSet;
use crate::model::visit::Visit;

pub use doubt::contradictions;
pub use read::{Extent, read, read_all, read_extent};
pub use target::{TargetError, parse_target, parse_target_with};

/// What a crawl wants and may still spend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlPlan {
    /// The profile.
    pub target: Target,
    /// How many of the newest posts are wanted.
    pub posts: u16,
    /// What the picture shows.
    pub frame: Frame,
    /// Where the site is: the setting `platform.<id>.base_url`.
    pub base_url: Url,
    /// How many page loads the whole crawl may take, those already in the capture included.
    pub page_loads: usize,
}

/// One site.
pub trait Platform: Arithmetic + Send + Sync {
    /// Its name.
    fn id(&self) -> PlatformId;

    /// The profile that an address of the site names; none for posts, searches and the like.
    fn handle_in(&self, path_segments: &[&str]) -> Option<Handle>;

    /// The host names under which the site is known, without subdomains.
    fn hosts(&self) -> &'static [&'static str];

    /// The path of a profile's page, as in `/@nasa`.
    fn profile_path(&self, handle: &Handle) -> String;

    /// The path of a post's own page, from the post's code or else its id.
    fn post_path(&self, handle: &Handle, key: &str) -> String;

    /// The profile's address on the real site.
    fn canonical_url(&self, handle: &Handle) -> String {
        format!("https://www.{}{}", self.hosts()[0], self.profile_path(handle))
    }

    /// The profile that a URL of the site names; none for other sites and other pages.
    fn parse_url(&self, url: &Url) -> Option<Handle> {
        target::on_site(self.hosts(), url).then(|| target::handle_of(self, url)).flatten()
    }

    /// The next page to load for this plan, after what the capture holds; none when nothing more is worth a load.
    fn next(&self, plan: &CrawlPlan, capture: &Capture, selectors: &SelectorSet) -> Option<Visit> {
        next::next(self.as_platform(), plan, capture, selectors)
    }

    /// What a capture shows: a refusal, a fact, or a page with its readings.
    fn look(&self, capture: &Capture, selectors: &SelectorSet) -> Look {
        read::look(self.as_platform(), capture, selectors)
    }

    /// Itself as a trait object.
    fn as_platform(&self) -> &dyn Platform;
}

/// Every platform that is built in.
#[must_use]
pub fn all() -> Vec<Arc<dyn Platform>> {
    vec![Arc::new(instagram::Instagram), Arc::new(tiktok::TikTok)]
}

/// The platform of this name.
#[must_use]
pub fn get(id: &PlatformId) -> Option<Arc<dyn Platform>> {
    all().into_iter().find(|platform| platform.id() == *id)
}
