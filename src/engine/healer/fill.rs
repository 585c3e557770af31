//! Fields that a template had lost, in the rows of before anybody knew: a loss is told after several pages, and those were saved without
//! them. Once a version reads the fields, such crawls are read again from their captures. Nothing that stands is changed: a reading
//! that says anything else of the page than what was published is left alone.

use serde_json::{Value, json};

use super::rederive::{self, Filled, Reader};
use super::{HealError, Sets, Work, mend, missing, note};
use crate::engine::drift::note_still_missing;
use crate::engine::past::{self, Difference, PastError, differences};
use crate::engine::rooms::Rooms;
use crate::engine::services::Services;
use crate::model::document::Document;
use crate::model::job::PlatformId;
use crate::model::selectors::SelectorSet;
use crate::store::healing::LastGood;

/// Crawls of the template that are looked through, from the newest on.
const LOOK: usize = 200;
/// So many that lack nothing, one after the other: older ones are of before the loss.
const WHOLE_IN_A_ROW: usize = 40;
/// What may differ besides the fields that come in: it follows from them, or tells how the page was read.
const FOLLOWS: [&str; 2] = ["metrics.", "evidence"];

/// Reads again the crawls of a template that were saved without these fields, by the version that is in force for it now.
pub(super) async fn fill_in(
    rooms: &Rooms,
    services: &Services,
    (platform, template): (&PlatformId, &str),
    lost: &[String],
) -> Result<(), HealError> {
    let Ok(all) = rooms.selectors(platform) else { return Ok(()) };
    if lost.is_empty() {
        return Ok(());
    }
    let work = Work { store: &services.store, blobs: &rooms.blobs, clock: rooms.clock };
    let sets = Sets { all, templates: rooms.templates(platform) };
    let set = sets.templates.get(template).unwrap_or(&sets.all).clone();
    let expected = rooms.drift.expected(platform);
    let wants_more = mend::wants_more(rooms);
    let reader = Reader { work: &work, sets: &sets, expected: &expected, drift: &rooms.drift, wants_more: &wants_more };
    let mut filled = Vec::new();
    let mut whole = 0;
    for good in work.store.believed_crawls(platform.as_str(), template, LOOK).await? {
        let Ok(before) = serde_json::from_str::<Document>(&good.document) else { continue };
        if before.selectors.version == set.version || !missing::lacks(&before, lost) {
            whole += 1;
            if whole >= WHOLE_IN_A_ROW {
                break;
            }
            continue;
        }
        whole = 0;
        filled.extend(again(&reader, &good, &before, &set).await?);
    }
    if !filled.is_empty() {
        tracing::info!(%platform, template, version = set.version, crawls = filled.len(), ?lost, "crawls that lacked these fields were read again");
        let detail = json!({"version": set.version, "crawls": filled.len(), "fields": lost});
        note(&work, platform, template, "filled_in", detail).await?;
    }
    mend::finish(rooms, services, platform, filled).await
}

/// Writes one crawl again where the version reads more of its page, and of what is known nothing otherwise.
async fn again(
    reader: &Reader<'_>,
    good: &LastGood,
    before: &Document,
    set: &SelectorSet,
) -> Result<Option<Filled>, HealError> {
    let Some(past) = rederive::past(reader.work, good.crawl).await? else { return Ok(None) };
    let capture = match past::capture(reader.work.blobs, &past).await {
        Ok(capture) => capture,
        Err(PastError::Forgotten { .. } | PastError::Capture { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let posts = before.coverage.requested;
    let mut after = past::read_capture(&past, &capture, set, posts)?;
    after.screenshot.clone_from(&before.screenshot);
    note_still_missing(before, &mut after);
    let stands = reader.is_whole(&past, &after) && reader.stands(&past, &capture, set, &after);
    if !stands || !only_adds(&differences(before, &after)) {
        return Ok(None);
    }
    rederive::write(reader.work, &past, after).await?;
    reader.filled(&past, posts, &capture, set)
}

/// Whether something comes in and nothing that was known is another now.
fn only_adds(differences: &[Difference]) -> bool {
    let empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    let own: Vec<&Difference> =
        differences.iter().filter(|known| !FOLLOWS.iter().any(|path| known.path.starts_with(path))).collect();
    // A post that was not there is no field of one that was.
    let is_post = |path: &str| path.strip_prefix("posts.").is_some_and(|id| !id.contains('.'));
    !own.is_empty() && own.iter().all(|one| empty(&one.before) && !is_post(&one.path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn differs(path: &str, before: Value, after: Value) -> Difference {
        Difference { path: path.to_owned(), before, after }
    }

    #[test]
    fn a_reading_that_says_anything_else_of_what_is_known_is_left_alone() {
        let comes = differs("posts.1.likes", Value::Null, json!(5));
        let follows = differs("metrics.engagement_by_views", json!(0.1), json!(0.2));
        assert!(only_adds(&[comes.clone(), follows.clone()]));
        assert!(only_adds(&[differs("profile.links", json!([]), json!(["https://a.example"]))]));
        assert!(!only_adds(&[follows]), "nothing comes in");
        assert!(!only_adds(&[comes.clone(), differs("profile.followers", json!(7), json!(8))]));
        assert!(!only_adds(&[comes.clone(), differs("posts.2", Value::Null, json!({"id": "2"}))]));
        assert!(!only_adds(&[comes, differs("profile.bio", json!("x"), Value::Null)]));
    }
}
