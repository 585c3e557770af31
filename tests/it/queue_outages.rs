//! The queue's worst nights: Redis killed, flushed, full, evicting, stalled. Each test has a Redis of its own.

use std::time::Duration;

use social_sentinel::clock::Clock;
use social_sentinel::queue::{Beat, Fate, Queue, QueueError, QueuedJob, Refusal, Settled, Settlement};

use crate::support::queue::{Bench, PrivateRedis, config, id, ids, lanes, lease, plain, wide};

const PATIENCE: Duration = Duration::from_secs(60);

fn many(count: u32) -> Vec<QueuedJob> {
    (0..count).map(|n| QueuedJob::new(plain(&n.to_string()))).collect()
}

/// Fills Redis' memory to the last byte with something else.
async fn fill(bench: &mut Bench) {
    let _: String = bench.ask(&["CONFIG", "SET", "maxmemory", "1"]).await;
}

#[tokio::test]
async fn a_full_redis_still_drains() {
    let private = PrivateRedis::start().await;
    let mut settings = config(&private.server.url());
    (settings.lease_ms, settings.heartbeat_ms) = (300, 50);
    let mut bench = Bench::at(&settings).await;
    let worker = bench.queue.worker("w");
    bench.queue.push(&many(5)).await.unwrap();
    bench.queue.push(&[QueuedJob { delay: Duration::from_millis(1), ..QueuedJob::new(plain("due")) }]).await.unwrap();
    let behind = [QueuedJob::new(social_sentinel::model::job::Job { id: id("behind"), posts: 200, ..plain("0") })];
    bench.queue.push(&behind).await.unwrap();
    let mut add = redis::cmd("XADD");
    add.arg(bench.key("submit"))
        .arg("*")
        .arg("job")
        .arg("rubbish")
        .query_async::<String>(&mut bench.raw)
        .await
        .unwrap();
    fill(&mut bench).await;

    let refused = bench.queue.push(&[QueuedJob::new(plain("new"))]).await.unwrap_err();
    assert!(refused.is_out_of_memory(), "{refused}");
    assert_eq!(bench.queue.contains(&[id("new")]).await.unwrap(), [false], "nothing was written halfway");

    // Everything a worker does goes on, and so does what empties the submit stream.
    let mut leases = worker.try_lease_many(&wide(), 9).await.unwrap();
    assert_eq!(ids(&leases), ["0", "1", "2", "3", "4", "due"]);
    assert!(worker.beat().await.unwrap().leases.iter().all(|(_, beat)| *beat == Beat::Held));
    drop(leases.pop());
    let wishes = [
        Settlement::Done,
        Settlement::Drop,
        Settlement::Retry(Duration::ZERO),
        Settlement::Snooze(Duration::ZERO),
        Settlement::HandBack,
    ];
    let settled = worker.settle_many(leases.into_iter().zip(wishes).collect()).await.unwrap();
    assert!(settled.iter().all(|one| matches!(one, Settled::Accepted { .. })), "{settled:?}");
    let again = worker.try_lease_many(&wide(), 9).await.unwrap();
    assert_eq!(ids(&again), ["4", "behind", "2", "3"]);
    worker.settle_many(again.into_iter().map(|lease| (lease, Settlement::Done)).collect()).await.unwrap();
    let reclaimed = loop {
        let found = bench.queue.reclaim().await.unwrap();
        if !found.is_empty() {
            break found;
        }
    };
    assert_eq!((reclaimed[0].job.as_str(), reclaimed[0].fate), ("due", Fate::Back));
    bench.queue.cancel(&[id("due")]).await.unwrap();
    let intake = bench.queue.intake("w");
    let taken = intake.take(9).await.unwrap().into_iter().map(|it| (it, "rubbish".to_owned())).collect::<Vec<_>>();
    assert_eq!(intake.reject(&taken).await.unwrap(), 1);
    let health = bench.queue.health().await;
    assert!(!health.ready && health.reasons[0].text.contains("full"), "{health:?}");
    let _: String = bench.ask(&["CONFIG", "SET", "maxmemory", "0"]).await;
    assert_eq!(bench.queue.stats().await.unwrap().jobs(), 0);
    assert!(bench.queue.health().await.ready);
}

#[tokio::test]
async fn a_flush_is_survived_with_growing_fences_and_without_a_restart() {
    let private = PrivateRedis::start().await;
    let mut settings = config(&private.server.url());
    settings.block_ms = 300;
    let mut bench = Bench::at(&settings).await;
    let worker = bench.queue.worker("w");
    bench.push(&[plain("a")]).await;
    let before = lease(&worker).await;
    let waiting = {
        let worker = worker.clone();
        tokio::spawn(async move {
            loop {
                if let Some(lease) = worker.lease(&wide()).await.unwrap() {
                    break lease;
                }
            }
        })
    };
    let _: String = bench.ask(&["FLUSHALL"]).await;
    assert_eq!(bench.queue.contains(&[id("a")]).await.unwrap(), [false]);
    assert_eq!(before.heartbeat().await.unwrap(), Beat::Lost);
    let known = QueuedJob { fence: before.fence() - 1, ..QueuedJob::new(plain("a")) };
    bench.queue.push(&[known]).await.unwrap();
    let after = waiting.await.unwrap();
    assert!(after.fence() > before.fence(), "although the ledger had not heard of the last lease");
    assert_eq!(before.settle(Settlement::Done).await.unwrap(), Settled::Stale);
    after.settle(Settlement::Done).await.unwrap();
    let far = i64::MAX / 2048;
    bench.queue.push(&[QueuedJob { fence: far, ..QueuedJob::new(plain("b")) }]).await.unwrap();
    assert_eq!(lease(&worker).await.fence(), far + 1, "a ledger ahead of Redis' clock is believed");
}

#[tokio::test]
async fn a_killed_redis_comes_back_with_every_job_and_a_settlement_waits_for_it() {
    let mut private = PrivateRedis::start().await;
    let mut settings = config(&private.server.url());
    settings.settle_patience_ms = 60_000;
    let bench = Bench::at(&settings).await;
    let worker = bench.queue.worker("w");
    bench.queue.push(&many(1000)).await.unwrap();
    let held = worker.try_lease_many(&wide(), 10).await.unwrap();
    private.server.kill().await;
    assert!(matches!(bench.queue.stats().await, Err(QueueError::Unreachable { .. } | QueueError::Slow { .. })));
    assert!(!bench.queue.health().await.ready);
    let settling = {
        let worker = worker.clone();
        let held = held.into_iter().map(|lease| (lease, Settlement::Done)).collect();
        tokio::spawn(async move { worker.settle_many(held).await })
    };
    private.server.restart().await.unwrap();
    let settled = tokio::time::timeout(PATIENCE, settling).await.unwrap().unwrap().unwrap();
    // While its disk is busy a Redis with appendfsync everysec acknowledges up to two seconds of writes before it hands
    // them to the kernel: then the leases themselves are gone, and the jobs are for the reconciler to bring again.
    let kept = settled.iter().all(|one| matches!(one, Settled::Accepted { .. }));
    let rolled_back = settled.iter().all(|one| matches!(one, Settled::Stale | Settled::Accepted { .. }));
    assert!(kept || rolled_back, "{settled:?}");
    let unfinished = if kept { &many(1000)[10..] } else { &many(1000)[..] };
    bench.queue.push(unfinished).await.unwrap();
    let mut rest = Vec::new();
    while rest.len() < unfinished.len() {
        rest.extend(worker.try_lease_many(&wide(), 500).await.unwrap());
    }
    assert_eq!(rest.iter().map(|lease| lease.deaths()).max(), Some(0), "an outage is nobody's death");
    let done = worker.settle_many(rest.into_iter().map(|lease| (lease, Settlement::Done)).collect()).await.unwrap();
    assert_eq!(done.len(), unfinished.len());
    assert_eq!(bench.queue.stats().await.unwrap().jobs(), 0);
}

#[tokio::test]
async fn a_settlement_that_ran_out_of_patience_is_made_good_by_a_heartbeat() {
    let mut private = PrivateRedis::start().await;
    let mut settings = config(&private.server.url());
    settings.settle_patience_ms = 1;
    let bench = Bench::at(&settings).await;
    let worker = bench.queue.worker("w");
    bench.queue.push(&many(1)).await.unwrap();
    let held = lease(&worker).await;
    private.server.kill().await;
    assert!(held.settle(Settlement::Done).await.is_err());
    assert!(worker.beat().await.is_err());
    private.server.restart().await.unwrap();
    let beats = worker.beat().await.unwrap();
    let [(job, Settlement::Done, settled)] = &beats.settled[..] else { panic!("{beats:?}") };
    // Stale where Redis lost the lease itself with its last unwritten second.
    let done = matches!(settled, Settled::Accepted { .. });
    assert!(done || *settled == Settled::Stale);
    assert_eq!(bench.queue.contains(std::slice::from_ref(job)).await.unwrap(), [!done]);
}

#[tokio::test]
async fn a_stalled_redis_is_an_error_in_time_and_then_goes_on() {
    let private = PrivateRedis::start().await;
    let mut settings = config(&private.server.url());
    settings.command_timeout_ms = 100;
    let mut bench = Bench::at(&settings).await;
    let _: String = bench.ask(&["CLIENT", "PAUSE", "500", "ALL"]).await;
    let error = bench.queue.stats().await.unwrap_err();
    assert!(matches!(error, QueueError::Slow { .. }), "{error}");
    while bench.queue.stats().await.is_err() {}
}

#[tokio::test]
async fn one_dead_lease_behind_ten_thousand_live_ones_is_reclaimed_by_the_next_look() {
    let private = PrivateRedis::start().await;
    let mut settings = config(&private.server.url());
    (settings.lease_ms, settings.heartbeat_ms) = (5_000, 100);
    let bench = Bench::at(&settings).await;
    let (live, dead) = (bench.queue.worker("live"), bench.queue.worker("dead"));
    bench.queue.push(&many(10_000)).await.unwrap();
    let mut held = Vec::new();
    while held.len() < 10_000 {
        held.extend(live.try_lease_many(&wide(), 500).await.unwrap());
    }
    bench.push(&[plain("last")]).await;
    drop(lease(&dead).await);
    let clock = Clock::system();
    let looks = loop {
        assert_eq!(live.beat().await.unwrap().leases.len(), 10_000);
        let before = clock.uptime();
        let found = bench.queue.reclaim().await.unwrap();
        if !found.is_empty() {
            assert_eq!(found.iter().map(|it| it.job.as_str()).collect::<Vec<_>>(), ["last"]);
            break clock.uptime() - before;
        }
        assert!(clock.uptime() < PATIENCE);
    };
    eprintln!("one reclaim over 10,001 pending entries: {looks:?}; found after {:?}", clock.uptime());
    let settled = live.settle_many(held.into_iter().map(|lease| (lease, Settlement::Done)).collect()).await.unwrap();
    assert_eq!(settled.len(), 10_000);
}

#[tokio::test]
async fn a_silent_worker_with_ten_thousand_leases_loses_them_all_in_one_reclaim() {
    let private = PrivateRedis::start().await;
    let mut settings = config(&private.server.url());
    (settings.lease_ms, settings.heartbeat_ms) = (200, 100);
    let bench = Bench::at(&settings).await;
    let dead = bench.queue.worker("dead");
    bench.queue.push(&many(10_000)).await.unwrap();
    while !dead.try_lease_many(&wide(), 500).await.unwrap().is_empty() {}
    let mut found = 0;
    while found < 10_000 {
        found += bench.queue.reclaim().await.unwrap().len();
    }
    let stats = bench.queue.stats().await.unwrap();
    assert_eq!((stats.lanes[0].depth.waiting, stats.jobs()), (10_000, 10_000));
}

#[tokio::test]
async fn what_is_unsafe_in_redis_is_told() {
    let private = PrivateRedis::start().await;
    let mut bench = Bench::at(&config(&private.server.url())).await;
    assert_eq!(bench.queue.health().await.reasons, []);
    let _: String = bench.ask(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru", "maxmemory", "3mb"]).await;
    let health = bench.queue.health().await;
    assert!(!health.ready && health.reasons[0].text.contains("allkeys-lru"), "{health:?}");
    let mut n = 0_u32;
    let reasons = loop {
        n += 1;
        let _: String = bench.ask(&["SET", &bench.key(&format!("ballast:{n}")), &"x".repeat(10_000)]).await;
        let reasons = bench.queue.health().await.reasons;
        if reasons.iter().any(|reason| reason.grave && reason.text.contains("evicted")) {
            break reasons;
        }
    };
    assert!(reasons.len() >= 2);
    let _: String =
        bench.ask(&["CONFIG", "SET", "appendonly", "no", "maxmemory-policy", "noeviction", "maxmemory", "0"]).await;
    let health = bench.queue.health().await;
    assert!(health.ready && health.reasons.iter().any(|reason| reason.text.contains("append-only")), "{health:?}");
}

#[tokio::test]
async fn a_redis_that_cannot_be_reached_is_named_without_its_password() {
    let mut settings = config("redis://me:hunter2@127.0.0.1:1/0");
    let error = Queue::connect(&settings, lanes(), Clock::system()).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("redis://127.0.0.1:1/0") && text.contains("queue.url") && !text.contains("hunter2"),
        "{text}"
    );
    settings.url = "http://nowhere".to_owned();
    assert!(matches!(Queue::new(&settings, lanes(), Clock::system()), Err(QueueError::Url { .. })));
}

#[tokio::test]
async fn a_wrong_password_is_told_as_such() {
    let private = PrivateRedis::start().await;
    let mut settings = config(&private.server.url());
    let mut bench = Bench::at(&settings).await;
    let _: String = bench.ask(&["CONFIG", "SET", "requirepass", "right"]).await;
    let folder = tempfile::tempdir().unwrap();
    settings.password_file = folder.path().join("password");
    std::fs::write(&settings.password_file, "wrong\n").unwrap();
    let error = Queue::connect(&settings, lanes(), Clock::system()).await.unwrap_err();
    assert!(matches!(error, QueueError::Refused { refusal: Refusal::Denied, .. }), "{error}");
    std::fs::write(&settings.password_file, "right\n").unwrap();
    Queue::connect(&settings, lanes(), Clock::system()).await.unwrap();
}
