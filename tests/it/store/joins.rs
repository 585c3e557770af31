//! Submissions that meet each other: one id, one job; and a result goes to those alone whom it serves.

use social_sentinel::model::document::{Document, Outcome, ShortReason};
use social_sentinel::model::job::{Frame, Job};
use social_sentinel::store::Store;
use social_sentinel::store::save::Saved;
use social_sentinel::store::submit::Accepted;

use super::{crawl, document, id, job, lease, post, store, target};

fn wish(name: &str, posts: u16, frame: Frame) -> Job {
    Job { posts, frame, ..job(name, "nasa") }
}

/// A crawl for `posts` that found as many.
fn found(posts: u16) -> Document {
    let all = (0..posts).map(|n| post(&n.to_string(), 1, 100)).collect();
    let mut document = document("nasa", "1", 10, 1, all);
    document.coverage.requested = posts;
    document
}

async fn save(store: &Store, name: &str, fence: u64, document: &Document) -> Saved {
    lease(store, name, fence).await;
    store.save(&crawl(&id(name), fence, &target("nasa"), document)).await.unwrap()
}

async fn due(store: &Store) -> Vec<String> {
    store.due_to_push(10).await.unwrap().into_iter().map(|due| due.job.id.to_string()).collect()
}

#[tokio::test]
async fn an_id_of_another_profiles_job_is_refused_and_nothing_is_entered() {
    let store = store().await;
    let taken = Accepted::Taken { id: id("a"), by: target("nasa") };
    let batch = [job("a", "nasa"), job("a", "esa"), job("b", "jaxa"), job("a", "nasa")].map(Into::into);
    let expected = [
        Accepted::New { id: id("a") },
        taken.clone(),
        Accepted::New { id: id("b") },
        Accepted::Duplicate { id: id("a") },
    ];
    assert_eq!(store.submit(&batch).await.unwrap(), expected);
    // Alone, beside a live job of the profile it asks for, and when the first one is over.
    for handle in ["esa", "jaxa"] {
        let answer = store.submit(&[job("a", handle).into()]).await.unwrap();
        assert_eq!(answer, std::slice::from_ref(&taken));
        assert!(answer[0].refusal().unwrap().contains("@nasa@tiktok"));
    }
    save(&store, "a", 1, &found(30)).await;
    assert_eq!(store.submit(&[job("a", "esa").into()]).await.unwrap(), [taken]);
    assert_eq!(store.submit(&[job("a", "nasa").into()]).await.unwrap(), [Accepted::Duplicate { id: id("a") }]);
    assert_eq!(super::count(&store, "jobs").await, 2);
}

#[tokio::test]
async fn who_asked_for_more_than_the_live_job_gives_is_crawled_after_it() {
    let store = store().await;
    let wishes = [
        wish("a", 5, Frame::Viewport),
        wish("more", 30, Frame::Viewport),
        wish("whole", 5, Frame::FullPage),
        wish("less", 3, Frame::Viewport),
        wish("most", 40, Frame::Viewport),
    ];
    for wish in wishes {
        store.submit(&[wish.into()]).await.unwrap();
    }
    // Each result goes to whom it serves; of the others the oldest moves up, and the rest joins it.
    assert_eq!(save(&store, "a", 1, &found(5)).await.joined, [id("less")]);
    assert_eq!(store.result(&id("less")).await.unwrap().unwrap().state, "done");
    assert_eq!(due(&store).await, ["more"]);
    assert_eq!(store.joined(&id("more")).await.unwrap(), [id("whole"), id("most")]);
    assert_eq!(save(&store, "more", 2, &found(30)).await.joined, []);
    assert_eq!(due(&store).await, ["whole"]);
    // A job that is cancelled makes room in the same way.
    assert_eq!(store.cancel(&id("whole"), "test").await.unwrap(), Some(id("most")));
    assert_eq!(due(&store).await, ["most"]);
    assert_eq!(save(&store, "most", 3, &found(40)).await.joined, []);
    assert_eq!(due(&store).await, Vec::<String>::new());
    let counts = store.counts().await.unwrap();
    assert_eq!(counts, [("cancelled".to_owned(), 1), ("done".to_owned(), 3), ("joined".to_owned(), 1)]);
}

#[tokio::test]
async fn a_result_serves_all_where_the_profile_has_no_more_or_could_not_be_read() {
    let mut few = found(3);
    (few.coverage.requested, few.coverage.reason) = (5, Some(ShortReason::FewerExist));
    let mut walled = found(0);
    (walled.outcome, walled.evidence, walled.profile) = (Outcome::LoginWall, Some(super::walled()), None);
    for (document, frame) in [(few, Frame::Viewport), (walled, Frame::FullPage)] {
        let store = store().await;
        store.submit(&[wish("a", 5, Frame::Viewport).into()]).await.unwrap();
        store.submit(&[wish("more", 30, frame).into()]).await.unwrap();
        assert_eq!(save(&store, "a", 1, &document).await.joined, [id("more")]);
    }
}

#[tokio::test]
async fn who_waited_in_redis_behind_a_finished_job_joins_it_only_where_it_is_served() {
    let store = store().await;
    for (leader, behind, posts, served) in [("a", "more", 30, false), ("b", "less", 3, true)] {
        store.submit(&[wish(leader, 5, Frame::Viewport).into()]).await.unwrap();
        save(&store, leader, 1, &found(5)).await;
        store.submit(&[wish(behind, posts, Frame::Viewport).into()]).await.unwrap();
        let joined = store.join_finished(&id(leader), &[id(behind)]).await.unwrap();
        assert_eq!(joined.contains(&id(behind)), served);
        assert_eq!(due(&store).await, if served { vec![] } else { vec![behind.to_owned()] });
        if !served {
            save(&store, behind, 2, &found(posts)).await;
        }
    }
}

#[tokio::test]
async fn submissions_that_come_while_a_result_is_saved_lose_nothing_and_leave_one_live_job() {
    let store = store().await;
    store.submit(&[wish("leader", 5, Frame::Viewport).into()]).await.unwrap();
    lease(&store, "leader", 1).await;
    let submitters = (0..8).map(|submitter| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..10 {
                let frame = if n % 2 == 0 { Frame::Viewport } else { Frame::FullPage };
                let wish = wish(&format!("{submitter}-{n}"), 3 + n, frame);
                store.submit(&[wish.into()]).await.unwrap();
            }
        })
    });
    let submitters: Vec<_> = submitters.collect();
    store.save(&crawl(&id("leader"), 1, &target("nasa"), &found(5))).await.unwrap();
    for submitter in submitters {
        submitter.await.unwrap();
    }
    // However they met: one crawl after another, until all are served.
    for fence in 2..100 {
        let Some(next) = store.due_to_push(10).await.unwrap().pop() else { break };
        assert_eq!(due(&store).await.len(), 1);
        save(&store, next.job.id.as_str(), fence, &found(next.job.posts)).await;
    }
    let live = "select count(*) from jobs j left join jobs l on l.id = j.joined_to
        where coalesce(l.state, j.state) <> 'done' or (l.id is not null and (l.posts < j.posts or l.full_page <> j.full_page))";
    let unserved: i64 = sqlx::query_scalar(live).fetch_one(store.pool()).await.unwrap();
    assert_eq!((unserved, super::count(&store, "jobs").await), (0, 81));
}
