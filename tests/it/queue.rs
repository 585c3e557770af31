//! The queue on a real Redis: who gets which job, what outlives whom, what a stale worker cannot do.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::collections::BTreeSet;
use std::time::Duration;

use social_sentinel::model::job::{Frame, Priority};
use social_sentinel::queue::keys::Keys;
use social_sentinel::queue::{Beat, Capacity, Closed, Fate, Pushed, QueuedJob, ResultState, Settled, Settlement};

use crate::support::queue::{Bench, id, ids, job, lanes, lease, plain, wide, wide_and_quarantine};

const HOUR: Duration = Duration::from_secs(3600);

fn accepted(answered: &[&str]) -> Settled {
    Settled::Accepted { answered: answered.iter().map(|text| id(text)).collect() }
}

/// Reclaims until somebody's lease has run out.
async fn reclaim(bench: &Bench) -> Vec<(String, u32, Fate)> {
    loop {
        let found = bench.queue.reclaim().await.unwrap();
        if !found.is_empty() {
            return found.into_iter().map(|it| (it.job.to_string(), it.deaths, it.fate)).collect();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_settled_job_leaves_nothing_behind() {
    let mut bench = Bench::shared().await;
    bench.push(&[plain("a")]).await;
    let worker = bench.queue.worker("w");
    let lease = lease(&worker).await;
    assert_eq!((lease.job(), lease.attempt(), lease.deaths()), (&plain("a"), 1, 0));
    assert_eq!(lease.heartbeat().await.unwrap(), Beat::Held);
    assert_eq!(lease.settle(Settlement::Done).await.unwrap(), accepted(&[]));
    assert_eq!((worker.held(), worker.dropped(), worker.refused_as_stale()), (0, 0, 0));
    let left: BTreeSet<String> = bench.ask(&["KEYS", &bench.key("*")]).await;
    for key in left {
        assert_eq!(bench.ask::<u64>(&["XLEN", &key]).await, 0, "{key} is an empty stream");
    }
}

#[tokio::test]
async fn high_goes_before_normal_before_low_on_all_platforms() {
    let bench = Bench::shared().await;
    let mut jobs = Vec::new();
    for (name, priority) in [("low", Priority::Low), ("normal", Priority::Normal), ("high", Priority::High)] {
        jobs.push(job(&format!("t-{name}"), &format!("t_{name}"), "tiktok", priority));
        jobs.push(job(&format!("i-{name}"), &format!("i_{name}"), "instagram", priority));
    }
    bench.push(&jobs).await;
    let leases = bench.queue.worker("w").try_lease_many(&wide(), 10).await.unwrap();
    let order: Vec<_> = ids(&leases).into_iter().map(|id| &id[2..]).collect();
    assert_eq!(order, ["high", "high", "normal", "normal", "low", "low"]);
}

#[tokio::test]
async fn a_platform_gets_no_more_than_its_free_capacity() {
    let bench = Bench::shared().await;
    let jobs = ["a", "b", "c"].map(plain);
    bench.push(&jobs).await;
    bench.push(&[job("i", "i", "instagram", Priority::Low)]).await;
    let capacity = Capacity { lanes: lanes().into_iter().zip([2, 5]).collect(), quarantine: false };
    let leases = bench.queue.worker("w").try_lease_many(&capacity, 10).await.unwrap();
    assert_eq!(ids(&leases), ["a", "b", "i"]);
}

#[tokio::test]
async fn pushing_a_job_again_changes_nothing_whatever_its_state() {
    let bench = Bench::shared().await;
    let worker = bench.queue.worker("w");
    let queued = [QueuedJob::new(plain("a"))];
    assert_eq!(bench.queue.push(&queued).await.unwrap(), [Pushed::Queued]);
    assert_eq!(bench.queue.push(&queued).await.unwrap(), [Pushed::Present]);
    let held = lease(&worker).await;
    assert_eq!(bench.queue.push(&queued).await.unwrap(), [Pushed::Present]);
    assert!(worker.try_lease_many(&wide(), 1).await.unwrap().is_empty());
    held.settle(Settlement::Retry(HOUR)).await.unwrap();
    assert_eq!(bench.queue.push(&queued).await.unwrap(), [Pushed::Present]);
    assert_eq!(bench.queue.stats().await.unwrap().delayed, 1);
}

#[tokio::test]
async fn a_second_job_for_a_profile_waits_behind_the_first_and_is_answered_with_it() {
    let bench = Bench::shared().await;
    let worker = bench.queue.worker("w");
    let same = |id: &str| job(id, "nasa", "tiktok", Priority::Normal);
    let more = social_sentinel::model::job::Job { posts: 100, ..same("more") };
    let whole = social_sentinel::model::job::Job { frame: Frame::FullPage, ..same("whole") };
    bench.push(&[same("first")]).await;
    let first = lease(&worker).await;
    let others: Vec<_> = [same("second"), more, whole].into_iter().map(QueuedJob::new).collect();
    let pushed = bench.queue.push(&others).await.unwrap();
    assert_eq!(pushed, vec![Pushed::Behind(id("first")); 3]);
    assert!(worker.try_lease_many(&wide(), 9).await.unwrap().is_empty(), "one profile is never crawled twice at once");
    assert_eq!(
        bench.queue.contains(&["first", "second", "more", "whole", "none"].map(id)).await.unwrap(),
        [true, true, true, true, false]
    );
    // Only who asked for the same picture and no more posts than the first gets its result; the next of the others takes its place.
    assert_eq!(first.settle(Settlement::Done).await.unwrap(), accepted(&["second"]));
    let next = lease(&worker).await;
    assert_eq!(next.job().id, id("more"));
    assert_eq!(next.settle(Settlement::Done).await.unwrap(), accepted(&[]));
    let last = lease(&worker).await;
    assert_eq!(last.job().id, id("whole"));
    bench.push(&[social_sentinel::model::job::Job { frame: Frame::FullPage, ..same("third") }]).await;
    assert_eq!(last.settle(Settlement::Done).await.unwrap(), accepted(&["third"]));
    assert_eq!(bench.queue.stats().await.unwrap().jobs(), 0);
}

#[tokio::test]
async fn a_job_behind_a_cancelled_one_moves_up() {
    let bench = Bench::shared().await;
    let worker = bench.queue.worker("w");
    bench.push(&["first", "second"].map(|id| job(id, "nasa", "tiktok", Priority::Normal))).await;
    let first = lease(&worker).await;
    assert_eq!(bench.queue.cancel(&[id("first")]).await.unwrap(), [Closed::Asked]);
    assert_eq!(worker.beat().await.unwrap().leases, [(id("first"), Beat::Cancelled)]);
    assert_eq!(first.ended().await, Beat::Cancelled);
    assert_eq!(first.settle(Settlement::Drop).await.unwrap(), accepted(&[]));
    assert_eq!(lease(&worker).await.job().id, id("second"));
}

#[tokio::test]
async fn an_urgent_job_hurries_the_one_it_waits_behind() {
    let bench = Bench::shared().await;
    bench.push(&[plain("x"), job("slow", "nasa", "tiktok", Priority::Low)]).await;
    bench.push(&[job("urgent", "nasa", "tiktok", Priority::High)]).await;
    let leases = bench.queue.worker("w").try_lease_many(&wide(), 9).await.unwrap();
    assert_eq!(ids(&leases), ["slow", "x"]);
}

#[tokio::test]
async fn what_waits_is_cancelled_at_once_wherever_it_waits() {
    let bench = Bench::shared().await;
    let waiting = job("waiting", "nasa", "tiktok", Priority::Normal);
    bench.push(&[waiting, job("behind", "nasa", "tiktok", Priority::Normal)]).await;
    bench.queue.push(&[QueuedJob { delay: HOUR, ..QueuedJob::new(plain("delayed")) }]).await.unwrap();
    let closed = bench.queue.cancel(&["behind", "waiting", "delayed", "none"].map(id)).await.unwrap();
    let ended = Closed::Ended { answered: vec![] };
    assert_eq!(closed, [ended.clone(), ended.clone(), ended, Closed::Unknown]);
    assert_eq!(bench.queue.stats().await.unwrap().jobs(), 0);
    assert!(bench.queue.worker("w").try_lease_many(&wide(), 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_retry_spends_an_attempt_and_a_snooze_none() {
    let bench = Bench::shared_with(|config| config.block_ms = 60_000).await;
    let worker = bench.queue.worker("w");
    bench.push(&[plain("a")]).await;
    let first = lease(&worker).await;
    let fence = first.fence();
    first.settle(Settlement::Retry(Duration::from_millis(80))).await.unwrap();
    assert!(worker.try_lease_many(&wide(), 1).await.unwrap().is_empty(), "its time has not come");
    // The wait ends when the job is due, long before the blocking read would.
    let second = worker.lease(&wide()).await.unwrap().unwrap();
    assert_eq!(second.attempt(), 2);
    assert!(second.fence() > fence);
    second.settle(Settlement::Snooze(Duration::from_millis(10))).await.unwrap();
    let third = worker.lease(&wide()).await.unwrap().unwrap();
    assert_eq!(third.attempt(), 2);
    third.settle(Settlement::HandBack).await.unwrap();
    let fourth = lease(&worker).await;
    assert_eq!((fourth.attempt(), fourth.deaths()), (2, 0));
}

#[tokio::test]
async fn what_is_handed_back_is_served_before_all_that_waits() {
    let bench = Bench::shared().await;
    let (one, other) = (bench.queue.worker("one"), bench.queue.worker("other"));
    bench.push(&["a", "b"].map(plain)).await;
    let held = one.try_lease_many(&wide(), 2).await.unwrap();
    bench.push(&[job("c", "c", "tiktok", Priority::High)]).await;
    assert_eq!(one.hand_back_all().await.unwrap(), 2);
    let taken = other.try_lease_many(&wide(), 9).await.unwrap();
    assert_eq!(ids(&taken), ["a", "b", "c"]);
    for lease in held {
        assert_eq!(lease.settle(Settlement::Done).await.unwrap(), Settled::Stale);
    }
}

#[tokio::test]
async fn an_idle_worker_is_woken_by_a_push() {
    let bench = Bench::shared_with(|config| config.block_ms = 600_000).await;
    let worker = bench.queue.worker("w");
    let waiting = tokio::spawn(async move { worker.lease(&wide()).await.unwrap().unwrap().job().id.clone() });
    // However long it has been waiting by now: without the wake-up it would for ten minutes.
    tokio::time::sleep(Duration::from_millis(50)).await;
    bench.push(&[plain("a")]).await;
    assert_eq!(waiting.await.unwrap(), id("a"));
}

#[tokio::test]
async fn a_stale_worker_can_neither_renew_nor_settle() {
    let bench = Bench::shared_with(|config| (config.lease_ms, config.heartbeat_ms) = (100, 50)).await;
    let (dead, live) = (bench.queue.worker("dead"), bench.queue.worker("live"));
    bench.push(&[plain("a")]).await;
    let stale = lease(&dead).await;
    assert_eq!(reclaim(&bench).await, [("a".to_owned(), 1, Fate::Back)]);
    assert_eq!(stale.heartbeat().await.unwrap(), Beat::Lost, "before anybody has it");
    let held = lease(&live).await;
    assert!(held.fence() > stale.fence());
    assert_eq!(held.deaths(), 1);
    assert_eq!(stale.heartbeat().await.unwrap(), Beat::Lost);
    assert_eq!(held.heartbeat().await.unwrap(), Beat::Held, "and it did not steal the entry back");
    assert_eq!(stale.settle(Settlement::Done).await.unwrap(), Settled::Stale);
    assert_eq!(bench.queue.contains(&[id("a")]).await.unwrap(), [true]);
    assert_eq!(held.settle(Settlement::Done).await.unwrap(), accepted(&[]));
    assert!(dead.refused_as_stale() > 0);
}

#[tokio::test]
async fn a_renewed_lease_is_not_reclaimed() {
    let bench = Bench::shared_with(|config| (config.lease_ms, config.heartbeat_ms) = (400, 100)).await;
    let worker = bench.queue.worker("w");
    bench.push(&[plain("a"), plain("b")]).await;
    let (kept, dropped) = (lease(&worker).await, lease(&worker).await);
    drop(dropped);
    assert_eq!(worker.dropped(), 1);
    let mut found = Vec::new();
    while found.is_empty() {
        worker.beat().await.unwrap();
        found = bench.queue.reclaim().await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(found.iter().map(|it| it.job.as_str()).collect::<Vec<_>>(), ["b"]);
    kept.settle(Settlement::Done).await.unwrap();
}

#[tokio::test]
async fn a_job_that_kills_its_workers_dies_after_three_deaths_the_last_in_quarantine() {
    let bench = Bench::shared_with(|config| (config.lease_ms, config.heartbeat_ms) = (60, 30)).await;
    let worker = bench.queue.worker("w");
    bench.push(&["killer", "joined"].map(|id| job(id, "nasa", "tiktok", Priority::Normal))).await;
    drop(lease(&worker).await);
    assert_eq!(reclaim(&bench).await, [("killer".to_owned(), 1, Fate::Back)]);
    drop(lease(&worker).await);
    assert_eq!(reclaim(&bench).await, [("killer".to_owned(), 2, Fate::Quarantine)]);
    assert!(worker.try_lease_many(&wide(), 1).await.unwrap().is_empty(), "only for who asks for quarantine");
    let last = lease(&worker).await;
    assert!(last.is_quarantined());
    drop(last);
    let dead = vec![("killer".to_owned(), 3, Fate::Dead)];
    assert_eq!(reclaim(&bench).await, dead);
    assert_eq!(reclaim(&bench).await, dead, "told again until it is written down");
    assert_eq!(bench.queue.stats().await.unwrap().dying, 1);
    let ended = Closed::Ended { answered: vec![id("joined")] };
    assert_eq!(bench.queue.bury(&[id("killer")]).await.unwrap(), [ended]);
    assert!(bench.queue.reclaim().await.unwrap().is_empty());
    assert_eq!(bench.queue.stats().await.unwrap().jobs(), 0);
}

#[tokio::test]
async fn quarantine_holds_one_job_at_a_time_over_all_workers() {
    let bench = Bench::shared().await;
    let suspects: Vec<_> = ["a", "b"].map(|id| QueuedJob { deaths: 2, ..QueuedJob::new(plain(id)) }).into();
    bench.queue.push(&suspects).await.unwrap();
    let (one, other) = (bench.queue.worker("one"), bench.queue.worker("other"));
    let first = lease(&one).await;
    assert!(other.try_lease_many(&wide_and_quarantine(), 9).await.unwrap().is_empty());
    first.settle(Settlement::Retry(Duration::ZERO)).await.unwrap();
    let second = lease(&other).await;
    assert_eq!((second.job().id.as_str(), second.is_quarantined()), ("b", true));
    second.settle(Settlement::Done).await.unwrap();
    assert!(lease(&one).await.is_quarantined(), "a suspect's retry is in quarantine too");
}

#[tokio::test]
async fn a_job_cancelled_while_its_worker_died_is_not_run_again() {
    let bench = Bench::shared_with(|config| (config.lease_ms, config.heartbeat_ms) = (60, 30)).await;
    bench.push(&[plain("a")]).await;
    drop(lease(&bench.queue.worker("w")).await);
    assert_eq!(bench.queue.cancel(&[id("a")]).await.unwrap(), [Closed::Asked]);
    assert_eq!(reclaim(&bench).await, [("a".to_owned(), 1, Fate::Cancelled)]);
    assert_eq!(bench.queue.drop_cancelled(&[id("a")]).await.unwrap(), [Closed::Ended { answered: vec![] }]);
    assert_eq!(bench.queue.contains(&[id("a")]).await.unwrap(), [false]);
}

#[tokio::test]
async fn a_job_whose_stream_was_evicted_counts_as_missing_and_can_be_pushed_again() {
    let mut bench = Bench::shared().await;
    let worker = bench.queue.worker("w");
    bench.push(&[plain("a"), plain("b")]).await;
    let held = lease(&worker).await;
    let _: u64 = bench.ask(&["DEL", &bench.key("lane:tiktok:normal")]).await;
    assert_eq!(bench.queue.contains(&[id("a"), id("b")]).await.unwrap(), [false, false]);
    assert_eq!(held.heartbeat().await.unwrap(), Beat::Lost);
    bench.push(&[plain("a"), plain("b")]).await;
    let leases = worker.try_lease_many(&wide(), 9).await.unwrap();
    assert_eq!(ids(&leases), ["a", "b"]);
    assert!(leases[0].fence() > held.fence());
    assert_eq!(held.settle(Settlement::Done).await.unwrap(), Settled::Stale);
}

#[tokio::test]
async fn an_entry_whose_job_was_evicted_is_passed_over() {
    let mut bench = Bench::shared().await;
    bench.push(&[plain("a"), plain("b")]).await;
    let _: u64 = bench.ask(&["DEL", &bench.key("job:a")]).await;
    let leases = bench.queue.worker("w").try_lease_many(&wide(), 1).await.unwrap();
    assert_eq!(ids(&leases), ["b"]);
}

#[tokio::test]
async fn a_job_of_a_newer_version_is_left_to_newer_workers() {
    let mut bench = Bench::shared().await;
    bench.push(&[plain("new"), plain("old")]).await;
    let _: u64 = bench.ask(&["HSET", &bench.key("job:new"), "v", "2"]).await;
    let leases = bench.queue.worker("w").try_lease_many(&wide(), 9).await.unwrap();
    assert_eq!(ids(&leases), ["old"]);
    assert_eq!(bench.queue.stats().await.unwrap().delayed, 1, "and it is not lost");
}

#[tokio::test]
async fn the_reconciler_sees_all_jobs_that_redis_knows() {
    let bench = Bench::shared().await;
    let jobs: Vec<_> = (0..450).map(|n| plain(&n.to_string())).collect();
    bench.push(&jobs).await;
    let held = lease(&bench.queue.worker("w")).await;
    let (mut found, mut next) = (BTreeSet::new(), Some(0));
    while let Some(cursor) = next {
        let page = bench.queue.scan(cursor).await.unwrap();
        for known in page.jobs {
            assert_eq!(known.state == "leased", known.queued.job.id == held.job().id);
            found.insert(known.queued.job.id);
        }
        next = page.next;
    }
    assert_eq!(found, jobs.into_iter().map(|job| job.id).collect());
}

#[tokio::test]
async fn stats_tell_depth_by_lane_and_class() {
    let bench = Bench::shared().await;
    bench.push(&[plain("a"), plain("b"), job("i", "i", "instagram", Priority::High)]).await;
    let capacity = Capacity { lanes: vec![(lanes().remove(0), 1)], quarantine: false };
    let held = bench.queue.worker("w").try_lease_many(&capacity, 1).await.unwrap();
    let stats = bench.queue.stats().await.unwrap();
    let depths: Vec<_> = stats.lanes.iter().map(|lane| (lane.class, lane.depth.waiting, lane.depth.leased)).collect();
    assert_eq!(depths[..4], [("back", 0, 0), ("high", 0, 0), ("normal", 1, 1), ("low", 0, 0)]);
    assert_eq!(depths[4..], [("back", 0, 0), ("high", 1, 0), ("normal", 0, 0), ("low", 0, 0)]);
    assert_eq!((stats.jobs(), held.len()), (3, 1));
}

#[tokio::test]
async fn a_worker_that_owes_something_is_never_forgotten() {
    let mut bench = Bench::shared().await;
    bench.push(&[plain("a")]).await;
    let (busy, idle) = (bench.queue.worker("busy"), bench.queue.worker("idle"));
    let held = lease(&busy).await;
    assert!(idle.try_lease_many(&wide(), 1).await.unwrap().is_empty());
    tokio::time::sleep(Duration::from_millis(5)).await;
    bench.queue.sweep_workers(Duration::ZERO).await.unwrap();
    let key = bench.key("lane:tiktok:normal");
    let left: Vec<redis::Value> = bench.ask(&["XINFO", "CONSUMERS", &key, "crawl"]).await;
    assert_eq!(left.len(), 1);
    assert_eq!(held.heartbeat().await.unwrap(), Beat::Held);
    held.settle(Settlement::Done).await.unwrap();
}

#[tokio::test]
async fn a_lease_that_nobody_waits_for_any_more_is_handed_back() {
    let private = crate::support::queue::PrivateRedis::start().await;
    let mut bench = Bench::at(&crate::support::queue::config(&private.server.url())).await;
    bench.push(&[plain("a")]).await;
    let (gone, other) = (bench.queue.worker("gone"), bench.queue.worker("other"));
    let _: String = bench.ask(&["CLIENT", "PAUSE", "400", "ALL"]).await;
    let waiting = tokio::spawn(async move { gone.lease(&wide()).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(100)).await;
    waiting.abort();
    let lease = other.lease(&wide()).await.unwrap().unwrap();
    assert_eq!((lease.deaths(), lease.attempt()), (0, 1));
}

#[tokio::test]
async fn a_lease_whose_answer_was_lost_is_no_death() {
    let private = crate::support::queue::PrivateRedis::start().await;
    let mut settings = crate::support::queue::config(&private.server.url());
    settings.command_timeout_ms = 200;
    let mut bench = Bench::at(&settings).await;
    bench.push(&[plain("a")]).await;
    let worker = bench.queue.worker("w");
    // The script must be there already, else the request would not be carried out after the pause.
    assert!(worker.try_lease_many(&Capacity { lanes: vec![], quarantine: true }, 1).await.unwrap().is_empty());
    let _: String = bench.ask(&["CLIENT", "PAUSE", "600", "ALL"]).await;
    assert!(worker.try_lease_many(&wide(), 1).await.is_err());
    let again = loop {
        if let Ok(Some(lease)) = worker.lease(&wide()).await {
            break lease;
        }
    };
    assert_eq!((again.job().id.as_str(), again.deaths(), again.attempt()), ("a", 0, 1));
}

#[tokio::test]
async fn the_scripts_use_these_names() {
    let mut bench = Bench::shared_with(|config| (config.lease_ms, config.heartbeat_ms) = (60, 30)).await;
    let worker = bench.queue.worker("w");
    let suspect = QueuedJob { deaths: 2, ..QueuedJob::new(plain("suspect")) };
    bench.queue.push(&[suspect]).await.unwrap();
    drop(lease(&worker).await);
    reclaim(&bench).await;
    bench.push(&["first", "second"].map(|id| job(id, "nasa", "tiktok", Priority::Normal))).await;
    bench.queue.push(&[QueuedJob { delay: HOUR, ..QueuedJob::new(plain("late")) }]).await.unwrap();
    let held = worker.try_lease_many(&wide(), 9).await.unwrap();
    worker.hand_back_all().await.unwrap();
    let add: String = bench.ask(&["XADD", &bench.key("submit"), "*", "job", "x"]).await;
    assert!(!add.is_empty());
    let intake = bench.queue.intake("w");
    let taken = intake.take(1).await.unwrap().into_iter().map(|it| (it, String::new())).collect::<Vec<_>>();
    intake.reject(&taken).await.unwrap();
    bench.queue.publish_result(&[id("done")], ResultState::Cancelled, None, None).await.unwrap();

    let keys = bench.queue.keys().clone();
    let nasa = format!("{}:behind:tiktok:nasa", keys.prefix());
    let profile = Keys::profile(&plain("suspect").target);
    let mut expected: BTreeSet<String> = ["suspect", "first", "second", "late"].map(|it| keys.job(&id(it))).into();
    expected.extend([
        keys.submit(),
        keys.dead(),
        keys.result(&id("done")),
        nasa,
        bench.key("delayed"),
        bench.key("dying"),
    ]);
    expected.extend(["nasa", "profile_late"].map(|handle| bench.key(&format!("target:tiktok:{handle}"))));
    expected.insert(bench.key(&format!("target:{profile}")));
    expected.extend(keys.leased_streams(&lanes()));
    let found: BTreeSet<String> = bench.ask(&["KEYS", &bench.key("*")]).await;
    assert_eq!(found, expected);
    assert_eq!(held.len(), 1);
}
