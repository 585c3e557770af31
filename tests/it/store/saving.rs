//! What a crawl leaves behind: identity, history, tombstones, changes.

use serde_json::json;
use social_sentinel::model::document::{Document, Outcome, Profile, ShortReason};
use social_sentinel::store::Store;
use social_sentinel::store::save::{Changes, HeldValue, OutboxEvent};

use super::{count, crawl, crawled, document, id, job, lease, post, rounded, store, target};

fn fields(saved: &super::Saved) -> Vec<&str> {
    saved.changes.profile.iter().map(|change| change.field.as_str()).collect()
}

#[tokio::test]
async fn a_crawl_is_stored_whole_and_read_again() {
    let store = store().await;
    let mut first = document("nasa", "1", 12_613, 5, vec![post("11", 3, 100), post("12", 2, 200)]);
    first.posts[0].caption = Some("x".repeat(10_000) + "\0 🚀");
    rounded(&mut first, "posts.12.views");
    let saved = crawled(&store, "a", "nasa", &first).await;
    assert!(saved.changes.first_sight);
    assert_eq!(saved.changes.new_posts, ["11", "12"]);
    let profile = store.profile(&target("nasa")).await.unwrap().unwrap();
    assert_eq!((profile.platform_id.as_deref(), profile.followers, profile.rounded), (Some("1"), Some(12_613), None));
    let posts = store.posts(profile.id, 10).await.unwrap();
    assert_eq!(posts.iter().map(|post| post.post_id.as_str()).collect::<Vec<_>>(), ["11", "12"]);
    assert_eq!(posts[0].caption.as_ref().unwrap().chars().count(), 10_003);
    assert_eq!((posts[0].views, posts[1].views), (Some(100), Some(200)));
    assert_eq!(posts[1].rounded.as_deref(), Some(&["views".to_owned()][..]));
    let crawls = store.crawls(Some(&target("nasa")), 10).await.unwrap();
    assert_eq!((crawls[0].outcome.as_str(), crawls[0].selectors_version.as_deref()), ("ok", Some("v1")));
    assert_eq!((crawls[0].status, crawls[0].duration_ms, crawls[0].retries), (Some(200), Some(900), 0));
    assert_eq!(crawls[0].screenshot_key.as_deref(), Some("screenshots/nasa-5.webp"));

    let mut second = document("nasa", "1", 12_700, 6, vec![post("13", 4, 7), post("11", 3, 150), post("12", 2, 230)]);
    rounded(&mut second, "posts.12.views");
    let saved = crawled(&store, "b", "nasa", &second).await;
    assert_eq!(fields(&saved), ["followers"]);
    assert_eq!(saved.changes.new_posts, ["13"]);
    let posts: Vec<_> = saved.changes.posts.iter().map(|p| (p.post.as_str(), p.change.field.as_str())).collect();
    // Post 12 shows abbreviated views: 200 may be the 230 of now.
    assert_eq!(posts, [("11", "views"), ("11", "likes"), ("12", "likes")]);
    assert_eq!(store.profile_history(profile.id, 10).await.unwrap().len(), 2);
    assert_eq!(store.post_history(profile.id, 10).await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_rename_keeps_the_history_and_a_reused_name_does_not() {
    let store = store().await;
    crawled(&store, "a", "old", &document("old", "1", 10, 1, vec![])).await;
    let renamed = crawled(&store, "b", "new", &document("new", "1", 11, 2, vec![])).await;
    assert!(fields(&renamed).contains(&"handle"));
    let stranger = crawled(&store, "c", "old", &document("old", "2", 5, 3, vec![])).await;
    assert!(stranger.changes.first_sight);
    assert_ne!(stranger.profile, renamed.profile);
    let first = store.profile(&target("new")).await.unwrap().unwrap();
    assert_eq!((first.platform_id.as_deref(), first.followers), (Some("1"), Some(11)));
    assert_eq!(store.profile_history(first.id, 9).await.unwrap().len(), 2);
    let handles = store.handles(first.id).await.unwrap();
    assert_eq!(handles.iter().map(|span| span.handle.as_str()).collect::<Vec<_>>(), ["new", "old"]);
    assert_eq!(handles[1].until, Some(super::day(2)));
    let second = store.profile(&target("old")).await.unwrap().unwrap();
    assert_eq!((second.platform_id.as_deref(), second.followers), (Some("2"), Some(5)));
    // The stranger takes the other name too: the first profile has none now and is found by its last one's history.
    crawled(&store, "d", "new", &document("new", "2", 6, 4, vec![])).await;
    assert_eq!(store.profile(&target("new")).await.unwrap().unwrap().platform_id.as_deref(), Some("2"));
    assert_eq!(count(&store, "profiles").await, 2);
}

#[tokio::test]
async fn a_profile_learns_its_id_when_a_page_tells_it() {
    let store = store().await;
    let mut without = document("nasa", "1", 10, 1, vec![]);
    without.profile.as_mut().unwrap().id = None;
    let first = crawled(&store, "a", "nasa", &without).await;
    let second = crawled(&store, "b", "nasa", &document("nasa", "1", 10, 2, vec![])).await;
    assert_eq!(first.profile, second.profile);
    assert_eq!(store.profile(&target("nasa")).await.unwrap().unwrap().platform_id.as_deref(), Some("1"));
    assert_eq!(count(&store, "profiles").await, 1);
}

#[tokio::test]
async fn only_a_complete_crawl_buries_a_post_and_a_return_digs_it_out() {
    let store = store().await;
    let all = || vec![post("4", 14, 1), post("3", 13, 1), post("2", 12, 1), post("1", 11, 1)];
    crawled(&store, "a", "nasa", &document("nasa", "1", 10, 15, all())).await;

    let without = |ids: &[&str]| all().into_iter().filter(|post| !ids.contains(&post.id.as_str())).collect::<Vec<_>>();
    let mut partial = document("nasa", "1", 10, 16, without(&["3"]));
    partial.outcome = Outcome::Partial;
    partial.coverage.reason = Some(ShortReason::BlockedMidway);
    assert_eq!(crawled(&store, "b", "nasa", &partial).await.changes.gone_posts, Vec::<String>::new());

    // The newest two in full: the missing third between them is gone, the oldest is out of sight.
    let newest = document("nasa", "1", 10, 17, without(&["3", "1"]));
    assert_eq!(crawled(&store, "c", "nasa", &newest).await.changes.gone_posts, ["3"]);
    let profile = store.profile(&target("nasa")).await.unwrap().unwrap().id;
    let gone: Vec<_> =
        store.posts(profile, 9).await.unwrap().into_iter().filter(|post| post.gone_at.is_some()).collect();
    assert_eq!((gone.len(), gone[0].gone_reason.as_deref()), (1, Some("absent_from_complete_crawl")));

    let back = crawled(&store, "d", "nasa", &document("nasa", "1", 10, 18, all())).await.changes;
    assert_eq!((back.back_posts, back.new_posts), (vec!["3".to_owned()], Vec::new()));

    let mut last = document("nasa", "1", 10, 19, without(&["1", "2"]));
    last.coverage.reason = Some(ShortReason::FewerExist);
    last.profile.as_mut().unwrap().posts_count = Some(2);
    assert_eq!(crawled(&store, "e", "nasa", &last).await.changes.gone_posts.len(), 2);
}

#[tokio::test]
async fn a_crawl_with_held_back_posts_buries_none_and_keeps_the_doubtful_values_aside() {
    let store = store().await;
    crawled(&store, "a", "nasa", &document("nasa", "1", 10, 15, vec![post("2", 12, 1), post("1", 11, 1)])).await;
    let doubtful = document("nasa", "1", 10, 16, vec![post("1", 11, 1)]);
    store.submit(&[job("b", "nasa").into()]).await.unwrap();
    lease(&store, "b", 1).await;
    let held = [HeldValue { path: "posts.2.views".to_owned(), value: json!(-4), reason: "below zero".to_owned() }];
    let events = [OutboxEvent { kind: "value_held".to_owned(), key: "b:1".to_owned(), payload: json!({"n": 1}) }];
    let (job, target) = (id("b"), target("nasa"));
    let mut save = crawl(&job, 1, &target, &doubtful);
    (save.held, save.events) = (&held, &events);
    assert_eq!(store.save(&save).await.unwrap().changes.gone_posts, Vec::<String>::new());
    let waiting = store.held(None, None, 9).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].path.as_str(), &waiting[0].value), (1, "posts.2.views", &json!(-4)));
    assert_eq!(store.held(Some(("tiktok", "t1")), None, 9).await.unwrap().len(), 1);
    let decide = |id| store.decide_held(id, social_sentinel::store::held::Decision::Release, "person:me");
    assert!(decide(waiting[0].id).await.unwrap().is_some());
    assert!(decide(waiting[0].id).await.unwrap().is_none());
    assert_eq!(count(&store, "outbox").await, 3);
}

#[tokio::test]
async fn a_refusal_changes_no_fact_and_an_absence_is_noted() {
    let store = store().await;
    crawled(&store, "a", "nasa", &document("nasa", "1", 10, 1, vec![post("1", 1, 5)])).await;
    let refused = |outcome, day| Document { outcome, profile: None, ..document("nasa", "1", 0, day, vec![]) };
    let before = store.profile(&target("nasa")).await.unwrap();
    let saved = crawled(&store, "b", "nasa", &refused(Outcome::LoginWall, 2)).await;
    assert_eq!(saved.changes, Changes::default());
    assert_eq!(store.profile(&target("nasa")).await.unwrap(), before);
    crawled(&store, "c", "nasa", &refused(Outcome::NotFound, 3)).await;
    let after = store.profile(&target("nasa")).await.unwrap().unwrap();
    assert_eq!((after.last_outcome.as_str(), after.followers), ("not_found", Some(10)));
    assert_eq!(store.crawls(Some(&target("nasa")), 9).await.unwrap().len(), 3);
    crawled(&store, "d", "nobody", &refused(Outcome::NotFound, 3)).await;
    assert!(store.profile(&target("nobody")).await.unwrap().is_none());
}

#[tokio::test]
async fn an_observation_that_comes_late_goes_into_the_history_only() {
    let store = store().await;
    crawled(&store, "a", "nasa", &document("nasa", "1", 20, 9, vec![post("1", 1, 50)])).await;
    let late =
        crawled(&store, "b", "nasa", &document("nasa", "1", 10, 3, vec![post("1", 1, 5), post("0", 1, 5)])).await;
    assert_eq!((late.changes.profile, late.changes.posts), (vec![], vec![]));
    let profile = store.profile(&target("nasa")).await.unwrap().unwrap();
    assert_eq!((profile.followers, profile.metrics_at), (Some(20), Some(super::day(9))));
    assert_eq!(store.posts(profile.id, 9).await.unwrap().iter().map(|post| post.views).max(), Some(Some(50)));
    assert_eq!(store.profile_history(profile.id, 9).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_a_page_does_not_show_keeps_its_value_and_each_count_its_own_time() {
    let store = store().await;
    crawled(&store, "a", "nasa", &document("nasa", "1", 20, 1, vec![])).await;
    let mut poor = document("nasa", "1", 21, 2, vec![]);
    poor.profile = Some(Profile { posts_count: None, display_name: None, bio: None, ..poor.profile.unwrap() });
    let saved = crawled(&store, "b", "nasa", &poor).await;
    assert_eq!(fields(&saved), ["followers"]);
    let profile = store.profile(&target("nasa")).await.unwrap().unwrap();
    assert_eq!((profile.display_name.as_deref(), profile.bio.as_deref()), (Some("NASA"), Some("Explore")));
    assert_eq!((profile.followers, profile.followers_at), (Some(21), Some(super::day(2))));
    assert_eq!((profile.posts_count, profile.posts_count_at), (Some(100), Some(super::day(1))));
    let history = store.profile_history(profile.id, 9).await.unwrap();
    assert_eq!((history[0].followers, history[0].posts_count), (Some(21), None), "the observation has what was seen");
}

/// One post, as it stands: plays and likes with their times, and what is not exact.
async fn counts(store: &Store, profile: i64) -> (Option<i64>, Option<Day>, Option<i64>, Option<Day>, Vec<String>) {
    let post = store.posts(profile, 9).await.unwrap().swap_remove(0);
    (post.views, post.views_at, post.likes, post.likes_at, post.rounded.unwrap_or_default())
}

type Day = chrono::DateTime<chrono::Utc>;

#[tokio::test]
async fn a_count_of_a_post_that_a_crawl_does_not_publish_keeps_its_value_and_its_time() {
    let store = store().await;
    let mut first = document("nasa", "1", 20, 1, vec![post("1", 1, 50)]);
    rounded(&mut first, "posts.1.views");
    (first.posts[0].likes, first.posts[0].saves) = (Some(7), Some(3));
    let profile = crawled(&store, "a", "nasa", &first).await.profile.unwrap();
    let mut poor = document("nasa", "1", 20, 2, vec![post("1", 1, 0)]);
    (poor.posts[0].views, poor.posts[0].likes) = (None, Some(8));
    let saved = crawled(&store, "b", "nasa", &poor).await;
    assert_eq!(saved.changes.posts.iter().map(|change| change.change.field.as_str()).collect::<Vec<_>>(), ["likes"]);
    let day = |day| Some(super::day(day));
    let inexact = vec!["views".to_owned()];
    assert_eq!(counts(&store, profile).await, (Some(50), day(1), Some(8), day(2), inexact.clone()));
    let history = store.post_history(profile, 9).await.unwrap();
    assert_eq!((history[0].views, history[0].likes), (None, Some(8)), "the observation has what was seen");
    // A wrong value is taken back though a newer crawl was silent about it, and what stood before is back.
    let mut wrong = document("nasa", "1", 20, 3, vec![post("1", 1, 9_999)]);
    wrong.posts[0].likes = Some(9);
    let wrong = crawled(&store, "c", "nasa", &wrong).await;
    let mut silent = document("nasa", "1", 20, 4, vec![post("1", 1, 0)]);
    (silent.posts[0].views, silent.posts[0].likes) = (None, None);
    crawled(&store, "d", "nasa", &silent).await;
    assert_eq!(counts(&store, profile).await, (Some(9_999), day(3), Some(9), day(3), vec![]));
    store.retract(wrong.crawl).await.unwrap();
    assert_eq!(counts(&store, profile).await, (Some(50), day(1), Some(8), day(2), inexact));
    let stored = store.posts(profile, 9).await.unwrap().swap_remove(0);
    assert_eq!((stored.saves, stored.metrics_at), (Some(3), day(2)));
}

#[tokio::test]
async fn a_fall_that_is_held_back_leaves_the_last_right_value_with_its_time() {
    let store = store().await;
    let mut first = document("nasa", "1", 5_000_000, 1, vec![]);
    rounded(&mut first, "profile.followers");
    crawled(&store, "a", "nasa", &first).await;
    let mut fallen = document("nasa", "1", 0, 2, vec![]);
    (fallen.profile.as_mut().unwrap().followers, fallen.profile.as_mut().unwrap().posts_count) = (None, Some(101));
    store.submit(&[job("b", "nasa").into()]).await.unwrap();
    lease(&store, "b", 1).await;
    let held = [HeldValue { path: "profile.followers".to_owned(), value: json!(40), reason: "fell".to_owned() }];
    let (job, target) = (id("b"), target("nasa"));
    let mut save = crawl(&job, 1, &target, &fallen);
    save.held = &held;
    assert_eq!(fields(&store.save(&save).await.unwrap()), ["posts_count"]);
    let profile = store.profile(&target).await.unwrap().unwrap();
    assert_eq!((profile.followers, profile.followers_at), (Some(5_000_000), Some(super::day(1))));
    assert_eq!((profile.posts_count, profile.posts_count_at), (Some(101), Some(super::day(2))));
    assert_eq!(profile.rounded, Some(vec!["followers".to_owned()]), "what is kept is as exact as it was");
    assert_eq!(profile.metrics_at, Some(super::day(2)));
    // The next count that is published is told as a change from the one that stayed.
    let next = crawled(&store, "c", "nasa", &document("nasa", "1", 7_600_000, 3, vec![])).await;
    assert!(fields(&next).contains(&"followers"), "{:?}", next.changes);
    let profile = store.profile(&target).await.unwrap().unwrap();
    assert_eq!((profile.followers, profile.rounded), (Some(7_600_000), None));
}

#[tokio::test]
async fn a_picture_changes_with_its_content_and_not_with_its_address() {
    let store = store().await;
    let with = |url: &str, day| {
        let mut document = document("nasa", "1", 20, day, vec![]);
        document.profile.as_mut().unwrap().picture_url = Some(url.to_owned());
        document
    };
    crawled(&store, "a", "nasa", &with("https://p16.example.com/a/one~c5_100x100.jpeg?x-expires=1", 1)).await;
    let signed_anew = with("https://p19.example.com/a/one~c5_720x720.webp?x-expires=99", 2);
    assert_eq!(fields(&crawled(&store, "b", "nasa", &signed_anew).await), Vec::<&str>::new());
    let other = with("https://p16.example.com/a/two~c5_100x100.jpeg?x-expires=1", 3);
    assert_eq!(fields(&crawled(&store, "c", "nasa", &other).await), ["picture_url"]);
}

#[tokio::test]
async fn a_post_of_two_profiles_is_one_row_shown_by_both() {
    let store = store().await;
    crawled(&store, "a", "nasa", &document("nasa", "1", 20, 1, vec![post("1", 1, 5)])).await;
    crawled(&store, "b", "esa", &document("esa", "2", 20, 2, vec![post("1", 1, 6)])).await;
    assert_eq!((count(&store, "posts").await, count(&store, "profile_posts").await), (1, 2));
    let deleted = store.delete_profile(&target("nasa")).await.unwrap();
    assert_eq!((deleted.profiles, deleted.posts, deleted.crawls, deleted.jobs, deleted.blobs), (1, 0, 1, 1, 1));
    assert_eq!((count(&store, "posts").await, count(&store, "profile_posts").await), (1, 1));
    assert!(store.profile(&target("nasa")).await.unwrap().is_none());
    assert!(store.profile(&target("esa")).await.unwrap().is_some());
    let deleted = store.delete_profile(&target("esa")).await.unwrap();
    assert_eq!((deleted.posts, deleted.blobs), (1, 2));
    for table in ["profiles", "posts", "post_metrics", "profile_metrics", "crawl_history", "jobs", "profile_handles"] {
        assert_eq!(count(&store, table).await, 0, "{table}");
    }
    assert_eq!(store.doomed_blobs(9).await.unwrap().len(), 3);
}
