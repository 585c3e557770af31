//! Smaller nights: what runs and will not end, a Redis that is not there yet, who waits and is told.

use std::time::Duration;

use social_sentinel::queue::{ResultState, Told};
use social_sentinel::store::submit::Accepted;

use super::stage::{Stage, job};

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crawl_that_ignores_its_end_gives_its_slot_back() {
    let settings = [("ENGINE__WORKERS", "1"), ("ENGINE__CRAWL_DEADLINE_S", "1"), ("ENGINE__RETRY__RETRIES", "0")];
    let mut stage = Stage::new(&settings).await;
    stage.submit("stuck", 1).await;
    let _worker = stage.worker().await;
    while stage.attempts().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stage.submit("ok", 3).await;
    stage.until(&["done"], 3, PATIENCE).await;
    assert_eq!(stage.logged("the crawl ignores its end"), 1);
    let stuck = stage.services.store.job(&job("stuck", 0).id).await.unwrap().unwrap();
    assert_eq!((stuck.state.as_str(), stuck.deaths), ("dead", 0), "an error, not a death");
    assert!(stuck.reason.unwrap().contains("crawl_deadline_s"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_job_is_cancelled_by_word_and_who_waits_is_told() {
    let mut stage = Stage::new(&[("ENGINE__WORKERS", "1"), ("QUEUE__HEARTBEAT_MS", "200")]).await;
    let _worker = stage.worker().await;
    let jobs = stage.submit("endless", 1).await;
    let mut follow = stage.services.queue.follow([jobs[0].id.clone()]).await.unwrap();
    while stage.attempts().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stage.services.cancel(&jobs[0].id).await.unwrap();
    let Some(Told::Result(result)) = follow.next(PATIENCE).await.unwrap() else { panic!("not told") };
    assert_eq!(result.state, ResultState::Cancelled);
    // The slot is free again: the next job runs.
    stage.submit("ok", 1).await;
    stage.until(&["done"], 1, PATIENCE).await;
    assert!(!stage.services.queue.contains(&[jobs[0].id.clone()]).await.unwrap()[0]);
    assert_eq!(stage.attempts()["endless-0"].len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_submits_a_profile_twice_learns_the_one_result() {
    let mut stage = Stage::new(&[("ENGINE__WORKERS", "2")]).await;
    let first = stage.submit("long", 1).await.remove(0);
    let second = social_sentinel::model::job::Job { id: "second".parse().unwrap(), ..first.clone() };
    let accepted = stage.services.submit(std::slice::from_ref(&second)).await.unwrap();
    assert!(matches!(&accepted[0], Accepted::Joined { leader, .. } if *leader == first.id), "{accepted:?}");
    let mut follow = stage.services.queue.follow([first.id.clone(), second.id.clone()]).await.unwrap();
    let _worker = stage.worker().await;
    let mut told = Vec::new();
    while let Some(word) = follow.next(PATIENCE).await.unwrap() {
        if let Told::Result(result) = word {
            told.push((result.id.to_string(), result.state, result.document.is_some()));
        }
    }
    told.sort_by(|one, other| one.0.cmp(&other.0));
    let expected = ["long-0", "second"].map(|id| (id.to_owned(), ResultState::Done, true));
    assert_eq!(told, expected);
    assert_eq!(stage.effects().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_comes_later_is_found() {
    let mut stage = Stage::new(&[("ENGINE__WORKERS", "2"), ("QUEUE__COMMAND_TIMEOUT_MS", "500")]).await;
    stage.redis.kill().await;
    let _worker = stage.worker().await;
    let begin = stage.clock.uptime();
    stage.services.submit(&[job("ok", 0), job("ok", 1)]).await.unwrap();
    assert!(stage.clock.uptime() - begin < Duration::from_secs(5), "the ledger answers for Redis");
    while stage.logged("no work can be taken") == 0 {
        assert!(stage.clock.uptime() - begin < PATIENCE);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    stage.redis.restart().await.unwrap();
    stage.until(&["done"], 2, PATIENCE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn retries_are_counted_once_and_links_that_break_cost_no_attempt() {
    let mut stage = Stage::new(&[
        ("ENGINE__WORKERS", "4"),
        ("ENGINE__RETRY__RETRIES", "50"),
        ("ENGINE__RETRY__BACKOFF_MAX_MS", "500"),
    ])
    .await;
    let _worker = stage.worker().await;
    stage.submit("flaky", 40).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    stage.seats[0].redis.cut();
    stage.until(&["done"], 40, PATIENCE).await;
    let ledger: Vec<(String, i32)> =
        sqlx::query_as("select id, attempts from jobs").fetch_all(&stage.pool).await.unwrap();
    let seen = stage.attempts();
    let wrong: Vec<_> =
        ledger.iter().filter(|(id, spent)| seen[id].len() < usize::try_from(*spent).unwrap() + 1).collect();
    assert!(wrong.is_empty(), "more attempts spent than made: {wrong:?}");
    let (spent, made): (i32, usize) = (ledger.iter().map(|(_, spent)| spent).sum(), seen.values().map(Vec::len).sum());
    // A crawl whose lease was in doubt may be made twice; it is never charged twice.
    eprintln!("chaos retries: 40 flaky jobs done, {made} attempts made, {spent} spent");
}
