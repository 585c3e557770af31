//! A crawl's posts in one statement: rows, links to the profile, observations, tombstones, and what it was before.
//!
//! A tombstone says "a complete crawl no longer shows it". A crawl is complete when it brought every post there is, or the
//! newest n in full; of the latter only what is newer than its oldest unpinned post can be missed. A partial crawl, a late
//! one and one with values held back judge nothing.

use chrono::{DateTime, Duration, Utc};
use serde::Serialize;
use sqlx::{FromRow, PgConnection};

use super::changes::{Changes, Count, PostChange, count_change};
use super::profile::rounded;
use super::{Write, count, json_text};
use crate::model::document::{Child, Document, Music, Outcome, Post, PostKind, ShortReason, TimePrecision};

/// Counts of a post, by their names in the document and in the table.
const COUNTS: [&str; 5] = ["views", "likes", "comments", "shares", "saves"];
/// A time worked out from an id may be off; a post this close to the window's edge is not judged.
const MARGIN: Duration = Duration::days(1);
/// Both sites let a profile pin three posts.
const MOST_PINNED: usize = 3;
/// The reason on a tombstone.
const GONE: &str = "absent_from_complete_crawl";

/// Which stored posts a crawl may call gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judge {
    /// None: it did not see the whole of anything.
    Nothing,
    /// Those published after this: it saw the newest ones in full.
    After(DateTime<Utc>),
    /// All: it saw every post there is.
    Everything,
}

impl Judge {
    pub(super) fn of(document: &Document) -> Self {
        let coverage = document.coverage;
        if document.outcome != Outcome::Ok || coverage.got != document.posts.len() || document.posts.is_empty() {
            return Self::Nothing;
        }
        let there_are = document.profile.as_ref().and_then(|profile| profile.posts_count);
        let got = u64::try_from(document.posts.len()).unwrap_or(u64::MAX);
        match coverage.reason {
            // The site's own count must bear it out.
            Some(ShortReason::FewerExist) if there_are.is_some_and(|count| count <= got) => Self::Everything,
            None => window(&document.posts).map_or(Self::Nothing, Self::After),
            Some(_) => Self::Nothing,
        }
    }
}

/// From when on the posts are complete: the oldest unpinned one's time. Where the page does not tell which are pinned, the
/// oldest may be, and are passed over. None where a time is missing.
fn window(posts: &[Post]) -> Option<DateTime<Utc>> {
    let unpinned = || posts.iter().filter(|post| post.pinned != Some(true));
    let times: Option<Vec<DateTime<Utc>>> = unpinned()
        .map(|post| {
            let exact = post.published_precision == Some(TimePrecision::Exact);
            post.published_at.map(|at| if exact { at } else { at + MARGIN })
        })
        .collect();
    let mut times = times?;
    times.sort_unstable();
    let perhaps_pinned = unpinned().filter(|post| post.pinned.is_none()).count().min(MOST_PINNED);
    times.get(perhaps_pinned).copied()
}

/// A post as the statement takes it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    post_id: &'a str,
    code: Option<&'a str>,
    url: Option<&'a str>,
    kind: Option<PostKind>,
    caption: Option<&'a str>,
    hashtags: &'a [String],
    mentions: &'a [String],
    published_at: Option<DateTime<Utc>>,
    published_precision: Option<TimePrecision>,
    thumbnail_url: Option<&'a str>,
    video_url: Option<&'a str>,
    duration_s: Option<f64>,
    width: Option<i32>,
    height: Option<i32>,
    music: Option<&'a Music>,
    sponsored: Option<bool>,
    ai_label: Option<bool>,
    children: Option<&'a [Child]>,
    views: Option<i64>,
    likes: Option<i64>,
    comments: Option<i64>,
    shares: Option<i64>,
    saves: Option<i64>,
    rounded: Option<Vec<String>>,
    measured: bool,
    pinned: Option<bool>,
}

impl<'a> Row<'a> {
    fn of(document: &Document, post: &'a Post) -> Self {
        let counts = [post.views, post.likes, post.comments, post.shares, post.saves].map(count);
        let rounded = rounded(document, &format!("posts.{}", post.id), &COUNTS);
        let pixels = |side: Option<u32>| side.and_then(|side| i32::try_from(side).ok());
        Self {
            post_id: &post.id,
            code: post.code.as_deref(),
            url: post.url.as_deref(),
            kind: post.kind,
            caption: post.caption.as_deref(),
            hashtags: &post.hashtags,
            mentions: &post.mentions,
            published_at: post.published_at,
            published_precision: post.published_precision,
            thumbnail_url: post.thumbnail_url.as_deref(),
            video_url: post.video_url.as_deref(),
            duration_s: post.duration_s,
            width: pixels(post.width),
            height: pixels(post.height),
            music: post.music.as_ref(),
            sponsored: post.sponsored,
            ai_label: post.ai_label,
            children: (!post.children.is_empty()).then_some(post.children.as_slice()),
            views: counts[0],
            likes: counts[1],
            comments: counts[2],
            shares: counts[3],
            saves: counts[4],
            rounded: (!rounded.is_empty()).then_some(rounded),
            measured: counts.iter().any(Option::is_some),
            pinned: post.pinned,
        }
    }
}

/// What was stored of a post, or that it is gone.
#[derive(Debug, FromRow)]
struct Before {
    post_id: String,
    gone: bool,
    is_new: bool,
    is_back: bool,
    late: bool,
    views: Option<i64>,
    likes: Option<i64>,
    comments: Option<i64>,
    shares: Option<i64>,
    saves: Option<i64>,
    rounded: Option<Vec<String>>,
}

/// Writes the posts and adds what changed.
pub(super) async fn write(
    connection: &mut PgConnection,
    write: &Write<'_>,
    profile: i64,
    judge: Judge,
    changes: &mut Changes,
) -> Result<(), sqlx::Error> {
    let mut seen = std::collections::HashSet::new();
    let posts = write.document.posts.iter().filter(|post| !post.id.is_empty() && seen.insert(post.id.as_str()));
    let rows: Vec<Row<'_>> = posts.map(|post| Row::of(write.document, post)).collect();
    let after = match judge {
        Judge::After(start) => Some(start),
        Judge::Nothing | Judge::Everything => None,
    };
    let before: Vec<Before> = sqlx::query_as(include_str!("posts.sql"))
        .bind(json_text(&rows)?)
        .bind(profile)
        .bind(write.crawl_id)
        .bind(write.observed_at)
        .bind(write.target.platform.as_str())
        .bind(judge != Judge::Nothing)
        .bind(after)
        .bind(GONE)
        .fetch_all(connection)
        .await?;
    for stored in before {
        compare(stored, &rows, changes);
    }
    Ok(())
}

fn compare(stored: Before, rows: &[Row<'_>], changes: &mut Changes) {
    if stored.gone {
        changes.gone_posts.push(stored.post_id);
        return;
    }
    if stored.is_back {
        changes.back_posts.push(stored.post_id.clone());
    }
    let Some(row) = rows.iter().find(|row| row.post_id == stored.post_id) else { return };
    if stored.is_new {
        changes.new_posts.push(stored.post_id);
        return;
    }
    if stored.late {
        return;
    }
    let before = [stored.views, stored.likes, stored.comments, stored.shares, stored.saves];
    let after = [row.views, row.likes, row.comments, row.shares, row.saves];
    for (field, (before, after)) in COUNTS.iter().zip(before.into_iter().zip(after)) {
        let before = Count::of(before, field, stored.rounded.as_deref());
        let after = Count::of(after, field, row.rounded.as_deref());
        let change = count_change(field, before, after);
        changes.posts.extend(change.map(|change| PostChange { post: stored.post_id.clone(), change }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::document::{Coverage, Metrics, Profile, SCHEMA, SelectorsUsed};
    use crate::model::job::PlatformId;

    fn at(day: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(day * 86_400, 0).unwrap()
    }

    fn document(outcome: Outcome, days: &[i64], reason: Option<ShortReason>, there_are: u64) -> Document {
        let post = |day: &i64| Post {
            id: day.to_string(),
            published_at: Some(at(*day)),
            published_precision: Some(TimePrecision::Exact),
            pinned: Some(false),
            ..Post::default()
        };
        Document {
            schema: SCHEMA,
            platform: PlatformId::new("tiktok"),
            handle: None,
            url: None,
            outcome,
            evidence: None,
            observed_at: None,
            duration_ms: None,
            profile: Some(Profile { posts_count: Some(there_are), ..Profile::default() }),
            posts: days.iter().map(post).collect(),
            coverage: Coverage { requested: 3, got: days.len(), reason },
            metrics: Metrics::default(),
            fields: indexmap::IndexMap::new(),
            selectors: SelectorsUsed { version: "v1".to_owned() },
            screenshot: None,
        }
    }

    #[test]
    fn only_a_complete_crawl_judges() {
        use ShortReason::{Budget, FewerExist, GuestLimit};
        assert_eq!(Judge::of(&document(Outcome::Ok, &[9, 8, 7], None, 50)), Judge::After(at(7)));
        assert_eq!(Judge::of(&document(Outcome::Ok, &[9, 8], Some(FewerExist), 2)), Judge::Everything);
        assert_eq!(Judge::of(&document(Outcome::Ok, &[9, 8], Some(FewerExist), 5)), Judge::Nothing);
        assert_eq!(Judge::of(&document(Outcome::Partial, &[9, 8], Some(GuestLimit), 50)), Judge::Nothing);
        assert_eq!(Judge::of(&document(Outcome::Ok, &[9, 8], Some(Budget), 50)), Judge::Nothing);
        assert_eq!(Judge::of(&document(Outcome::Ok, &[], None, 0)), Judge::Nothing);
    }

    #[test]
    fn a_pinned_old_post_does_not_widen_the_window() {
        let mut document = document(Outcome::Ok, &[9, 8, 1], None, 50);
        document.posts[2].pinned = Some(true);
        assert_eq!(Judge::of(&document), Judge::After(at(8)));
        document.posts[2].pinned = None;
        assert_eq!(Judge::of(&document), Judge::After(at(8)));
        document.posts[1].published_at = None;
        assert_eq!(Judge::of(&document), Judge::Nothing);
    }
}
