//! The state of the site: its seed, its day, and what the controls have changed. One lock around the changes, held for
//! moments only; everything else is computed on demand from the seed.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};

use super::ballast::Bundles;
use super::catalogue::Site;
use super::faults::FaultRule;
use super::images::Gallery;
use super::redesign::{Redesign, list_address};
use super::requests::RequestBook;
use super::{ReplicaOptions, Weight};

/// How a site answers everyone. Pictures and scripts are served in every mode but `Down`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Mode {
    /// As usual.
    #[default]
    Normal,
    /// 429 to every page and call.
    Throttle {
        /// The `Retry-After` header, in seconds.
        retry_after_s: u32,
    },
    /// 200 with nothing, to every page and call.
    EmptyBodies,
    /// A login wall before every page and call.
    LoginWall,
    /// A captcha before every page and call (TikTok), a checkpoint (Instagram).
    Captcha,
    /// This status to everything, pictures and scripts too.
    Down {
        /// The HTTP status.
        status: u16,
    },
    /// As usual, but pages and calls wait first.
    Latency {
        /// How long, in milliseconds.
        ms: u64,
    },
}

/// What the controls have changed.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// Days that have passed since the epoch.
    pub(super) days: u64,
    /// How each site answers; normal where absent.
    pub(super) modes: HashMap<Site, Mode>,
    /// The redesign that each site has rolled out.
    pub(super) redesigns: HashMap<Site, Redesign>,
    /// Faults to plant.
    pub(super) faults: Vec<FaultRule>,
    /// Profiles whose last page was given [`super::FaultKind::HangingApi`].
    pub(super) hanging: HashSet<(Site, String)>,
    /// How many pages a site has served, for faults in every n-th.
    pub(super) pages: u64,
    /// Audiences multiplied, by first handle.
    pub(super) surges: HashMap<(Site, String), f64>,
    /// New handle to first handle.
    pub(super) renames: HashMap<(Site, String), String>,
    /// Handles given up by a rename.
    pub(super) given_up: HashSet<(Site, String)>,
    /// Deleted posts, by id.
    pub(super) deleted: HashSet<String>,
    /// Handles of [`super::Role::ThrottledOnce`] that were told once.
    pub(super) told_once: HashSet<(Site, String)>,
}

#[derive(Debug)]
struct Inner {
    seed: u64,
    epoch: DateTime<Utc>,
    weight: Weight,
    base_url: String,
    changes: Mutex<Changes>,
    requests: RequestBook,
    gallery: Gallery,
    bundles: Bundles,
}

/// The whole site. Cheap to clone; clones are one.
#[derive(Debug, Clone)]
pub(super) struct World(Arc<Inner>);

impl World {
    pub(super) fn new(options: &ReplicaOptions, base_url: String) -> Self {
        Self(Arc::new(Inner {
            seed: options.seed,
            epoch: options.epoch,
            weight: options.weight,
            base_url,
            changes: Mutex::default(),
            requests: RequestBook::new(options.clock),
            gallery: Gallery::new(options.seed),
            bundles: Bundles::default(),
        }))
    }

    /// Where every value comes from.
    pub(super) fn seed(&self) -> u64 {
        self.0.seed
    }

    /// The day the site began at; profiles are laid out around it.
    pub(super) fn epoch(&self) -> DateTime<Utc> {
        self.0.epoch
    }

    /// What the site believes to be now.
    pub(super) fn now(&self) -> DateTime<Utc> {
        let days = self.changes().days;
        self.0.epoch.checked_add_days(Days::new(days)).unwrap_or(self.0.epoch)
    }

    /// How much pages weigh.
    pub(super) fn weight(&self) -> Weight {
        self.0.weight
    }

    /// The address without a slash at the end.
    pub(super) fn base_url(&self) -> &str {
        &self.0.base_url
    }

    /// What the controls have changed, locked: hold it briefly and never across an await.
    pub(super) fn changes(&self) -> MutexGuard<'_, Changes> {
        self.0.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who asked for what.
    pub(super) fn requests(&self) -> &RequestBook {
        &self.0.requests
    }

    /// The pictures.
    pub(super) fn gallery(&self) -> &Gallery {
        &self.0.gallery
    }

    /// The heavy scripts.
    pub(super) fn bundles(&self) -> &Bundles {
        &self.0.bundles
    }

    /// How a site answers now.
    pub(super) fn mode(&self, site: Site) -> Mode {
        self.changes().modes.get(&site).copied().unwrap_or_default()
    }

    /// The redesign that this profile's page has, if it has one.
    pub(super) fn redesign(&self, site: Site, handle: &str) -> Option<Redesign> {
        let redesign = self.changes().redesigns.get(&site).copied();
        redesign.filter(|redesign| redesign.reaches(handle))
    }

    /// The site whose call for posts a redesign has moved to this path.
    pub(super) fn site_of_moved_list(&self, path: &str) -> Option<Site> {
        let changes = self.changes();
        let moved = changes
            .redesigns
            .iter()
            .find(|&(&site, redesign)| redesign.moves_list() && list_address(site, Some(redesign)) == path);
        moved.map(|(site, _)| *site)
    }

    /// The handle under which a profile was born, through renames; none where the name was given up.
    pub(super) fn first_handle(&self, site: Site, handle: &str) -> Option<String> {
        let changes = self.changes();
        let key = (site, handle.to_owned());
        match changes.renames.get(&key) {
            Some(first) => Some(first.clone()),
            None if changes.given_up.contains(&key) => None,
            None => Some(handle.to_owned()),
        }
    }

    /// The handle that a profile has today, by the one it was born with.
    pub(super) fn handle_today(&self, site: Site, first: &str) -> String {
        let changes = self.changes();
        let renamed = changes.renames.iter().find(|((on, _), born)| *on == site && born.as_str() == first);
        renamed.map_or_else(|| first.to_owned(), |((_, handle), _)| handle.clone())
    }

    /// Whether the calls of a profile's page are to be left without an answer.
    pub(super) fn calls_hang(&self, site: Site, handle: &str) -> bool {
        self.changes().hanging.contains(&(site, handle.to_owned()))
    }

    /// True the first time it is asked for a profile.
    pub(super) fn tell_once(&self, site: Site, handle: &str) -> bool {
        self.changes().told_once.insert((site, handle.to_owned()))
    }
}
