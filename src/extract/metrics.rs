//! Ratios over a profile's posts: pinned ones are left out, because they are chosen and often years old.

use crate::model::document::{Metrics, Post};

/// How many of the newest posts the rate of posting is taken over.
const RATE_POSTS: usize = 30;
const WEEK_S: f64 = 7.0 * 24.0 * 3600.0;

/// The ratios of posts in order, newest first.
#[must_use]
pub fn metrics(posts: &[Post], followers: Option<u64>) -> Metrics {
    let unpinned = || posts.iter().filter(|post| post.pinned != Some(true));
    let engaged = |post: &Post| {
        let shown = post.likes?.checked_add(post.comments?)?.checked_add(post.shares.unwrap_or(0))?;
        float(shown)
    };
    let by_followers = followers
        .filter(|n| *n > 0)
        .and_then(float)
        .and_then(|followers| mean(unpinned().filter_map(engaged).map(|engaged| engaged / followers)));
    let by_views = mean(unpinned().filter_map(|post| {
        let views = post.views.filter(|views| *views > 0).and_then(float)?;
        Some(engaged(post)? / views)
    }));
    Metrics { engagement_by_followers: by_followers, engagement_by_views: by_views, posts_per_week: rate(unpinned()) }
}

/// Posts a week between the oldest and the newest of the newest thirty.
fn rate<'p>(posts: impl Iterator<Item = &'p Post>) -> Option<f64> {
    let times: Vec<_> = posts.filter_map(|post| post.published_at).take(RATE_POSTS).collect();
    let (newest, oldest) = (times.iter().max()?, times.iter().min()?);
    let seconds = float(u64::try_from((*newest - *oldest).num_seconds()).ok()?)?;
    let steps = float(u64::try_from(times.len().checked_sub(1)?).ok()?)?;
    (seconds > 0.0).then(|| rounded(steps * WEEK_S / seconds))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    (n > 0.0).then(|| rounded(sum / n))
}

/// To six places: more would be noise.
fn rounded(value: f64) -> f64 {
    (value * 1_000_000.0).round() / 1_000_000.0
}

/// Exact for every count that a site shows; none above 2^53, where it would not be.
fn float(value: u64) -> Option<f64> {
    let high = u32::try_from(value >> 32).ok()?;
    let low = u32::try_from(value & u64::from(u32::MAX)).ok()?;
    (high < 1 << 21).then(|| f64::from(high) * 4_294_967_296.0 + f64::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn post(day: i64, likes: Option<u64>, pinned: bool) -> Post {
        Post {
            published_at: chrono::DateTime::from_timestamp(1_700_000_000 + day * 86_400, 0),
            likes,
            comments: Some(10),
            views: Some(1_000),
            pinned: Some(pinned),
            ..Post::default()
        }
    }

    #[test]
    fn pinned_posts_and_posts_without_likes_do_not_count() {
        let posts =
            [post(14, Some(90), false), post(7, None, false), post(0, Some(190), false), post(-900, Some(9), true)];
        let metrics = metrics(&posts, Some(1_000));
        assert_eq!(metrics.engagement_by_followers, Some(0.15));
        assert_eq!(metrics.engagement_by_views, Some(0.15));
        assert_eq!(metrics.posts_per_week, Some(1.0));
    }

    #[test]
    fn nothing_that_qualifies_is_none_and_not_zero() {
        assert_eq!(metrics(&[], Some(5)), Metrics::default());
        assert_eq!(metrics(&[post(0, Some(1), false)], Some(0)).engagement_by_followers, None);
    }
}
