//! The replica against its own promises: the pages carry what the truth says, the walls stand where they should, and
//! real Chromium sees a profile whatever the site looks like this week.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests may panic")]

mod browser;
mod controls;
mod instagram;
mod judge;
mod site;
pub(crate) mod tiktok;

use std::collections::BTreeSet;

use social_sentinel::clock::Clock;
use social_sentinel::model::document::Post;
use social_sentinel::model::job::Handle;
use social_sentinel::replica::{Replica, ReplicaOptions, Site, Truth};

async fn replica(seed: u64) -> Replica {
    Replica::start(ReplicaOptions::seeded(seed, Clock::system())).await.expect("the loopback can be listened on")
}

fn handle(text: &str) -> Handle {
    text.parse().expect("a handle")
}

fn truth(replica: &Replica, site: Site, name: &str) -> Truth {
    replica.truth(&site.platform(), &handle(name)).expect("a known platform")
}

fn ids(posts: &[Post]) -> BTreeSet<String> {
    posts.iter().map(|post| post.id.clone()).collect()
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("{before:?} is not there")).1;
    rest.split_once(after).map_or(rest, |(inside, _)| inside)
}
