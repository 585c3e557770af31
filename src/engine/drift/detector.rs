//! The service's doubts about a page, without its servers: what a worker asks of a crawl between reading and saving it, in the same
//! order and by the same code, with the past kept in memory in place of the ledger. For measuring: pages that nobody changed must
//! raise no alarm.

use std::collections::{BTreeMap, BTreeSet};

use super::Drift;
use crate::clock::Clock;
use crate::engine::crawl::Crawled;
use crate::engine::plausible;
use crate::model::document::Document;
use crate::model::job::PlatformId;
use crate::platform::Platform;
use crate::store::last::{LastFacts, OBSERVATIONS, Observed};

/// The detector of one service with an empty past.
#[derive(Debug)]
pub struct Detector {
    drift: Drift,
    pasts: BTreeMap<(PlatformId, String), Past>,
    /// Whose each post is.
    owners: BTreeMap<(PlatformId, String), BTreeSet<String>>,
}

/// What is known of one profile; observations newest first.
#[derive(Debug, Default)]
struct Past {
    history: Vec<Observed>,
    posts: BTreeSet<String>,
}

impl Detector {
    /// Knows nothing yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { drift: Drift::new(clock), pasts: BTreeMap::new(), owners: BTreeMap::new() }
    }

    /// Judges a crawl as a worker does before it saves it. Answers with everything that is held back, flagged or told of it, for a
    /// person; with nothing on a page like all others.
    pub fn judge(&mut self, site: &dyn Platform, crawled: &mut Crawled) -> Vec<String> {
        let platform = site.id();
        let unread = crawled.document.outcome;
        self.drift.recognise(crawled);
        let mut told = Vec::new();
        if crawled.document.outcome != unread {
            told.push("template: the page is taken for a new one".to_owned());
        }
        let inspected = self.drift.inspect(site, crawled);
        told.extend(inspected.held.iter().map(|held| format!("held {}: {}", held.path, held.reason)));
        if crawled.document.profile.is_some() {
            let read = crawled.document.clone();
            let last = self.facts(&platform, &read);
            let judged = plausible::judge(&mut crawled.document, &last);
            told.extend(judged.held.iter().map(|held| format!("held {}: {}", held.path, held.reason)));
            let surged = |(path, before, after): &(String, u64, u64)| format!("flagged {path}: {before} to {after}");
            told.extend(judged.surges.iter().map(surged));
            if inspected.held.is_empty() {
                if judged.strayed() {
                    let doubted = self.drift.stray(site, crawled, &read);
                    told.extend(doubted.iter().map(|held| format!("held {}: {}", held.path, held.reason)));
                }
                if let Some(strayed) = judged.drifted {
                    self.drift.strayed(&platform, &read, strayed);
                }
            }
            self.remember(&platform, &crawled.document);
        }
        told.extend(self.drift.take_alarms(&platform).iter().map(|alarm| format!("template: lost {:?}", alarm.lost)));
        told.extend(self.drift.take_strays(&platform).iter().map(|(version, n)| format!("{n} profiles on {version}")));
        told.extend(self.drift.take_refuted(&platform).map(|(version, _)| format!("{version} is refuted")));
        told
    }

    /// What the ledger would know of the profile and of these posts.
    fn facts(&self, platform: &PlatformId, document: &Document) -> LastFacts {
        let own = key(platform, document);
        let Some(past) = self.pasts.get(&own) else { return LastFacts::default() };
        let ids = || document.posts.iter().map(|post| &post.id);
        let foreign = |id: &&String| {
            let owners = self.owners.get(&(platform.clone(), (*id).clone()));
            owners.is_some_and(|owners| !owners.contains(&own.1))
        };
        let newest = |get: fn(&Observed) -> Option<i64>| past.history.iter().find_map(get);
        LastFacts {
            followers: newest(|seen| seen.followers),
            following: newest(|seen| seen.following),
            likes: newest(|seen| seen.likes),
            posts_count: newest(|seen| seen.posts_count),
            observed_at: past.history.first().map(|seen| seen.observed_at),
            live_posts: i64::try_from(past.posts.len()).unwrap_or(i64::MAX),
            own: ids().filter(|id| past.posts.contains(*id)).cloned().collect(),
            foreign: ids().filter(foreign).cloned().collect(),
            history: past.history.clone(),
        }
    }

    fn remember(&mut self, platform: &PlatformId, document: &Document) {
        let (Some(profile), Some(observed_at)) = (&document.profile, document.observed_at) else { return };
        let own = key(platform, document);
        let whole = |count: Option<u64>| count.and_then(|count| i64::try_from(count).ok());
        let seen = Observed {
            observed_at,
            followers: whole(profile.followers),
            following: whole(profile.following),
            likes: whole(profile.likes),
            posts_count: whole(profile.posts_count),
        };
        for post in &document.posts {
            self.owners.entry((platform.clone(), post.id.clone())).or_default().insert(own.1.clone());
        }
        let past = self.pasts.entry(own).or_default();
        past.history.insert(0, seen);
        past.history.truncate(usize::try_from(OBSERVATIONS).unwrap_or(usize::MAX));
        past.posts.extend(document.posts.iter().map(|post| post.id.clone()));
    }
}

/// A profile by its id on the platform, which a new name does not change, or by its handle.
fn key(platform: &PlatformId, document: &Document) -> (PlatformId, String) {
    let id = document.profile.as_ref().and_then(|profile| profile.id.clone());
    let handle = || document.handle.as_ref().map(|handle| handle.as_str().to_lowercase());
    (platform.clone(), id.or_else(handle).unwrap_or_default())
}
