//! What is held back, what is only told, and what is left alone.

use chrono::TimeZone as _;
use serde_json::json;

use super::*;
use crate::model::document::{
    Coverage, FieldNote, Metrics, Precision, Profile, SCHEMA, SelectorsUsed, SourceKind, TimePrecision,
};
use crate::model::job::PlatformId;

fn day(day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 10, day, 12, 0, 0).unwrap()
}

fn post(id: &str, published: u32, views: u64, likes: u64) -> Post {
    Post {
        id: id.to_owned(),
        published_at: Some(day(published)),
        published_precision: Some(TimePrecision::Exact),
        views: Some(views),
        likes: Some(likes),
        comments: Some(3),
        ..Post::default()
    }
}

fn document(followers: u64, posts: Vec<Post>) -> Document {
    let note = FieldNote {
        source: SourceKind::Network,
        rule: "r".to_owned(),
        raw: followers.to_string(),
        precision: Precision::Exact,
        agreed_by: Vec::new(),
    };
    let profile = Profile {
        id: Some("7".to_owned()),
        followers: Some(followers),
        following: Some(12),
        likes: Some(90_000),
        posts_count: Some(posts.len() as u64),
        ..Profile::default()
    };
    let mut document = Document {
        schema: SCHEMA,
        platform: PlatformId::new("tiktok"),
        handle: None,
        url: None,
        outcome: Outcome::Ok,
        evidence: None,
        observed_at: Some(day(20)),
        duration_ms: None,
        profile: Some(profile),
        coverage: Coverage { requested: 30, got: posts.len(), reason: None },
        posts,
        metrics: Metrics::default(),
        fields: [("profile.followers".to_owned(), note)].into_iter().collect(),
        selectors: SelectorsUsed { version: "v1".to_owned() },
        screenshot: None,
    };
    document.metrics = metrics(&document.posts, Some(followers));
    document
}

fn six() -> Vec<Post> {
    (0..6).map(|n| post(&format!("p{n}"), 10 - n, 10_000, 900)).collect()
}

fn last(followers: i64, own: &[&str]) -> LastFacts {
    LastFacts {
        followers: Some(followers),
        following: Some(12),
        likes: Some(90_000),
        posts_count: Some(6),
        observed_at: Some(day(15)),
        live_posts: 6,
        own: own.iter().map(|id| (*id).to_owned()).collect(),
        foreign: Vec::new(),
        history: Vec::new(),
    }
}

fn paths(judged: &Judged) -> Vec<&str> {
    judged.held.iter().map(|held| held.path.as_str()).collect()
}

#[test]
fn a_quiet_day_holds_nothing() {
    let mut read = document(10_200, six());
    let untouched = read.clone();
    assert_eq!(judge(&mut read, &last(10_000, &["p0", "p1"])), Judged::default());
    assert_eq!(read, untouched);
    let mut first = document(5, six());
    assert_eq!(judge(&mut first, &LastFacts::default()), Judged::default());
}

#[test]
fn a_zero_beside_followers_that_fell_is_no_number_and_alone_it_is_one() {
    let known = |followers| LastFacts { following: Some(12), ..last(followers, &["p0"]) };
    for (before, held) in [(10_000, vec!["profile.followers", "profile.following"]), (1_000, vec![])] {
        let mut read = document(1_000, six());
        read.profile.as_mut().unwrap().following = Some(0);
        assert_eq!(paths(&judge(&mut read, &known(before))), held);
    }
}

#[test]
fn followers_that_fall_by_90_percent_are_held_with_what_was_computed_from_them() {
    let mut read = document(1_000, six());
    let judged = judge(&mut read, &last(10_000, &["p0"]));
    assert_eq!(paths(&judged), ["profile.followers"]);
    assert_eq!(judged.held[0].value, json!(1_000));
    assert_eq!(judged.held[0].reason, "fell from 10000 to 1000");
    assert_eq!(read.profile.as_ref().unwrap().followers, None);
    assert!(read.fields.is_empty() && read.metrics.engagement_by_followers.is_none());
    assert!(read.metrics.engagement_by_views.is_some());
    assert_eq!(read.outcome, Outcome::Ok, "the rest stands");
    let mut near = document(1_001, six());
    assert_eq!(paths(&judge(&mut near, &last(10_000, &["p0"]))), Vec::<&str>::new());
    let mut small = document(2, six());
    assert_eq!(paths(&judge(&mut small, &last(50, &["p0"]))), Vec::<&str>::new());
}

#[test]
fn a_surge_is_stored_and_told() {
    let mut read = document(250_000, six());
    let judged = judge(&mut read, &last(10_000, &["p0"]));
    assert_eq!(judged.held, []);
    assert_eq!(judged.surges, [("profile.followers".to_owned(), 10_000, 250_000)]);
    assert_eq!(read.profile.unwrap().followers, Some(250_000));
}

#[test]
fn what_no_account_can_have_is_held() {
    for (count, reason) in [(9_000_000_000, "more than"), (4_294_967_295, "runs over"), (2_147_483_647, "runs over")] {
        let mut read = document(count, six());
        let judged = judge(&mut read, &LastFacts::default());
        assert_eq!(paths(&judged), ["profile.followers"]);
        assert!(judged.held[0].reason.contains(reason), "{:?}", judged.held);
    }
}

#[test]
fn every_post_gone_at_once_is_held_and_the_crawl_is_no_longer_complete() {
    let mut read = document(10_000, Vec::new());
    let judged = judge(&mut read, &last(10_000, &[]));
    assert_eq!(paths(&judged), ["profile.posts_count"]);
    assert_eq!((read.outcome, read.coverage.reason), (Outcome::Partial, Some(ShortReason::NoPostList)));
    let mut private = document(10_000, Vec::new());
    private.outcome = Outcome::Private;
    assert_eq!(judge(&mut private, &last(10_000, &[])), Judged::default());
}

#[test]
fn posts_of_another_account_are_held_with_the_counts_beside_them() {
    let mut read = document(10_000, six());
    let mut facts = last(10_000, &["p0"]);
    facts.foreign = ["p1", "p2", "p3", "p4", "p5"].map(str::to_owned).to_vec();
    let judged = judge(&mut read, &facts);
    assert_eq!(read.posts.iter().map(|post| post.id.as_str()).collect::<Vec<_>>(), ["p0"]);
    assert_eq!(judged.held.len(), 5 + 4);
    assert_eq!(read.profile.as_ref().unwrap().followers, None);
    assert_eq!((read.outcome, read.coverage.got), (Outcome::Partial, 1));
    let mut shared = document(10_000, six());
    facts.foreign = vec!["p5".to_owned()];
    assert_eq!(judge(&mut shared, &facts), Judged::default(), "one may be co-authored");
}

#[test]
fn a_list_with_nothing_in_common_is_held_unless_it_is_all_new() {
    let mut read = document(10_000, six());
    assert_eq!(judge(&mut read, &last(10_000, &[])).held.len(), 6);
    assert!(read.posts.is_empty());
    let fresh = (0..6).map(|n| post(&format!("n{n}"), 16 + n % 3, 10_000, 900)).collect();
    let mut read = document(10_000, fresh);
    assert_eq!(judge(&mut read, &last(10_000, &[])), Judged::default());
}

#[test]
fn likes_far_beyond_the_views_and_times_to_come_are_held() {
    let posts =
        vec![post("a", 10, 10, 50_000), post("b", 10, 0, 5_000), post("c", 10, 900, 1_200), post("d", 28, 9, 1)];
    let mut read = document(10_000, posts);
    let judged = judge(&mut read, &LastFacts::default());
    assert_eq!(paths(&judged), ["posts.a.views", "posts.a.likes", "posts.b.views", "posts.d.published_at"]);
    assert_eq!((read.posts[0].views, read.posts[0].likes), (None, None));
    assert_eq!(read.posts[1].likes, Some(5_000));
    assert_eq!(read.posts[2].views, Some(900));
}

#[test]
fn a_refusal_is_not_judged() {
    let mut read = document(1, six());
    read.outcome = Outcome::LoginWall;
    assert_eq!(judge(&mut read, &last(10_000, &[])), Judged::default());
}

#[test]
fn what_was_held_can_be_put_back() {
    let whole = document(1_000, six());
    let mut read = whole.clone();
    let paths = ["profile.followers", "posts.p3", "posts.p1.likes"].map(str::to_owned);
    let values: Vec<_> = paths.iter().map(|path| value_at(&read, path).unwrap()).collect();
    withhold(&mut read, &paths);
    assert!(paths.iter().all(|path| value_at(&read, path).is_none()));
    for (path, value) in paths.iter().zip(values) {
        assert!(put(&mut read, path, value), "{path}");
    }
    assert_eq!(read.posts, whole.posts);
    assert_eq!((read.profile, read.metrics, read.coverage.got), (whole.profile, whole.metrics, whole.coverage.got));
    assert!(!put(&mut document(1, six()), "posts.nobody.likes", json!(1)));
    assert!(!put(&mut document(1, six()), "profile.followers", json!("many")));
}

#[test]
fn a_page_with_zeros_in_place_of_numbers_says_nothing_however_small_the_profile_was() {
    let known = |followers, following, likes, posts_count| LastFacts {
        followers: Some(followers),
        following: Some(following),
        likes: Some(likes),
        posts_count: Some(posts_count),
        live_posts: posts_count,
        observed_at: Some(day(19)),
        ..LastFacts::default()
    };
    let zeros = || {
        let mut zeros = document(0, Vec::new());
        let profile = zeros.profile.as_mut().unwrap();
        (profile.following, profile.likes, profile.posts_count) = (Some(0), Some(0), Some(0));
        zeros.coverage.reason = Some(ShortReason::FewerExist);
        zeros
    };
    let mut small = zeros();
    let judged = judge(&mut small, &known(40, 12, 70, 4));
    let held: Vec<&str> = judged.held.iter().map(|held| held.path.as_str()).collect();
    assert_eq!(held, ["profile.followers", "profile.following", "profile.likes", "profile.posts_count"]);
    assert_eq!((small.outcome, small.coverage.reason), (Outcome::Partial, Some(ShortReason::NoPostList)));
    // Who took all posts away lost their likes with them; the rest stands.
    let mut emptied = zeros();
    let profile = emptied.profile.as_mut().unwrap();
    (profile.followers, profile.following) = (Some(39), Some(12));
    assert_eq!(judge(&mut emptied, &known(40, 12, 70, 4)).held, Vec::new());
    // And a profile that never had anything has zeros.
    assert_eq!(judge(&mut zeros(), &known(0, 0, 0, 0)).held, Vec::new());
}
