//! The profile's row and its observation. What a crawl did not publish, because the page did not show it or it was held back,
//! keeps its last published value; each count has its own time, for they may be of different crawls. The observation has
//! what this crawl published and nothing else. One that comes late goes into the history and changes nothing newer.

use sqlx::PgConnection;

use super::changes::{Change, Changes, Count, change, count_change, picture_identity};
use super::identity::{self, Known};
use super::{Write, count};
use crate::model::document::{Document, Outcome, Precision, Profile};
use crate::model::job::Handle;
use crate::store::lease::clean;

/// Counts of a profile, by their names in the document and in the table.
const COUNTS: [&str; 4] = ["followers", "following", "likes", "posts_count"];

/// Writes the profile and answers its row and what changed. Where no profile was read, the row is the one that holds the
/// handle, and only the outcome is noted, if it says something about the profile.
pub(super) async fn write(
    connection: &mut PgConnection,
    write: &Write<'_>,
    picture_hash: Option<&str>,
) -> Result<(Option<i64>, Changes), sqlx::Error> {
    let document = write.document;
    let platform = write.target.platform.as_str();
    let read = document.profile.as_ref();
    let platform_id = read.and_then(|profile| profile.id.as_deref());
    let username = read.and_then(|profile| profile.username.as_deref()?.parse::<Handle>().ok());
    let handle = username.as_ref().unwrap_or(&write.target.handle).as_str();
    let candidates = identity::look(connection, platform, handle, platform_id).await?;
    let known = identity::decide(&candidates, platform_id);
    let Some(profile) = read else {
        if let Some(known) = known {
            note_outcome(connection, known.id, write).await?;
        }
        return Ok((known.map(|known| known.id), Changes::default()));
    };
    let outcome = document.outcome.as_str();
    let late = known.is_some_and(|known| known.observed_at > write.observed_at);
    let id = match known {
        Some(known) => known.id,
        None => identity::create(connection, platform, handle, platform_id, write.observed_at, outcome).await?,
    };
    if !late && known.is_none_or(|known| !known.holds_handle) {
        identity::take_handle(connection, id, platform, handle, write.observed_at).await?;
    }
    store(connection, write, id, profile, handle, picture_hash).await?;
    let changes = match known {
        None => Changes { first_sight: true, ..Changes::default() },
        Some(_) if late => Changes::default(),
        Some(known) => {
            let rounded = rounded(document, "profile", &COUNTS);
            Changes { profile: differences(known, profile, handle, picture_hash, &rounded), ..Changes::default() }
        }
    };
    Ok((Some(id), changes))
}

/// A truth about the profile (gone, private, not for guests) is noted; a refusal says nothing about it.
async fn note_outcome(connection: &mut PgConnection, id: i64, write: &Write<'_>) -> Result<(), sqlx::Error> {
    if !matches!(write.document.outcome, Outcome::NotFound | Outcome::Private | Outcome::AgeGated) {
        return Ok(());
    }
    sqlx::query("update profiles set last_outcome = $2, observed_at = $3 where id = $1 and observed_at <= $3")
        .bind(id)
        .bind(write.document.outcome.as_str())
        .bind(write.observed_at)
        .execute(connection)
        .await?;
    Ok(())
}

async fn store(
    connection: &mut PgConnection,
    write: &Write<'_>,
    id: i64,
    profile: &Profile,
    handle: &str,
    picture_hash: Option<&str>,
) -> Result<(), sqlx::Error> {
    let sql = "
        with observed as (
            insert into profile_metrics (profile_id, crawl_id, observed_at, followers, following, likes, posts_count,
                rounded, engagement_by_followers, engagement_by_views, posts_per_week)
            select $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 where $12
            on conflict do nothing
        )
        update profiles set
            platform_id = coalesce(platform_id, $13), handle = $14, url = coalesce($15, url),
            display_name = coalesce($16, display_name), bio = coalesce($17, bio),
            links = case when cardinality($18::text[]) > 0 then $18 else links end, category = coalesce($19, category),
            verified = coalesce($20, verified), private = coalesce($21, private), business = coalesce($22, business),
            language = coalesce($23, language), region = coalesce($24, region),
            picture_url = coalesce($25, picture_url), picture_identity = coalesce($26, picture_identity),
            picture_hash = coalesce($27, case when $26 is not distinct from picture_identity then picture_hash end),
            followers = coalesce($4, followers), followers_at = case when $4 is null then followers_at else $3 end,
            following = coalesce($5, following), following_at = case when $5 is null then following_at else $3 end,
            likes = coalesce($6, likes), likes_at = case when $6 is null then likes_at else $3 end,
            posts_count = coalesce($7, posts_count),
            posts_count_at = case when $7 is null then posts_count_at else $3 end,
            rounded = nullif(coalesce($8::text[], '{}')
                             || array(select name from unnest(rounded) name where name <> all($29::text[])), '{}'),
            metrics_at = case when $12 then $3 else metrics_at end, observed_at = $3, last_outcome = $28
        where id = $1 and observed_at <= $3";
    let document = write.document;
    let rounded = rounded(document, "profile", &COUNTS);
    let counts = [profile.followers, profile.following, profile.likes, profile.posts_count].map(count);
    let text = |text: &Option<String>| text.as_deref().map(|text| clean(text).into_owned());
    let links: Vec<String> = profile.links.iter().map(|link| clean(link).into_owned()).collect();
    sqlx::query(sql)
        .bind(id)
        .bind(write.crawl_id)
        .bind(write.observed_at)
        .bind(counts[0])
        .bind(counts[1])
        .bind(counts[2])
        .bind(counts[3])
        .bind((!rounded.is_empty()).then_some(rounded))
        .bind(document.metrics.engagement_by_followers)
        .bind(document.metrics.engagement_by_views)
        .bind(document.metrics.posts_per_week)
        .bind(counts.iter().any(Option::is_some))
        .bind(text(&profile.id))
        .bind(handle)
        .bind(text(&document.url))
        .bind(text(&profile.display_name))
        .bind(text(&profile.bio))
        .bind(links)
        .bind(text(&profile.category))
        .bind(profile.verified)
        .bind(profile.private)
        .bind(profile.business)
        .bind(text(&profile.language))
        .bind(text(&profile.region))
        .bind(text(&profile.picture_url))
        .bind(profile.picture_url.as_deref().and_then(picture_identity).map(|name| clean(&name).into_owned()))
        .bind(picture_hash)
        .bind(document.outcome.as_str())
        .bind(published(&counts))
        .execute(connection)
        .await?;
    Ok(())
}

/// The names of the counts that are there.
fn published(counts: &[Option<i64>; 4]) -> Vec<&'static str> {
    COUNTS.iter().zip(counts).filter(|(_, count)| count.is_some()).map(|(name, _)| *name).collect()
}

fn differences(
    known: &Known,
    profile: &Profile,
    handle: &str,
    picture_hash: Option<&str>,
    rounded: &[String],
) -> Vec<Change> {
    let before = [known.followers, known.following, known.likes, known.posts_count];
    let after = [profile.followers, profile.following, profile.likes, profile.posts_count].map(count);
    let mut changes: Vec<Change> = COUNTS
        .iter()
        .zip(before.into_iter().zip(after))
        .filter_map(|(field, (before, after))| {
            let before = Count::of(before, field, known.rounded.as_deref());
            count_change(field, before, Count::of(after, field, Some(rounded)))
        })
        .collect();
    let links = |links: &[String]| (!links.is_empty()).then(|| links.to_vec());
    changes.extend(
        [
            change("handle", Some(known.handle.as_str()), Some(handle)),
            change("display_name", known.display_name.as_deref(), profile.display_name.as_deref()),
            change("bio", known.bio.as_deref(), profile.bio.as_deref()),
            change("links", links(&known.links), links(&profile.links)),
            change("category", known.category.as_deref(), profile.category.as_deref()),
            change("verified", known.verified, profile.verified),
            change("private", known.private, profile.private),
            change("business", known.business, profile.business),
            picture_change(known, profile, picture_hash),
        ]
        .into_iter()
        .flatten(),
    );
    changes
}

/// By content where both contents are known, else by the stable part of the address.
fn picture_change(known: &Known, profile: &Profile, picture_hash: Option<&str>) -> Option<Change> {
    let identity = profile.picture_url.as_deref().and_then(picture_identity);
    let changed = match (known.picture_hash.as_deref(), picture_hash) {
        (Some(before), Some(after)) => before != after,
        (Some(_), None) | (None, Some(_) | None) => {
            known.picture_identity.is_some() && identity.is_some() && known.picture_identity != identity
        }
    };
    changed.then(|| Change {
        field: "picture_url".to_owned(),
        before: known.picture_url.clone().into(),
        after: profile.picture_url.clone().into(),
    })
}

/// Which of `names` are not exact, by the document's notes on `scope.<name>`.
pub(super) fn rounded(document: &Document, scope: &str, names: &[&str]) -> Vec<String> {
    let inexact = |name: &&&str| {
        let note = document.fields.get(&format!("{scope}.{name}"));
        note.is_some_and(|note| note.precision != Precision::Exact)
    };
    names.iter().filter(inexact).map(|name| (*name).to_owned()).collect()
}
