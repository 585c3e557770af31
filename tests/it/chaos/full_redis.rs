//! Redis is full: it refuses, or it drops what it holds.

use std::sync::Arc;
use std::time::Duration;

use social_sentinel::engine::Service;
use social_sentinel::telemetry::Part;

use super::stage::{Stage, full, job, sized};
use super::worker::Scripted;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_evicting_redis_is_told_at_once_and_loses_no_job() {
    let jobs = sized(3_000, 300);
    let mut stage = Stage::new(&[("ENGINE__WORKERS", "4"), ("ENGINE__RECONCILE_EVERY_S", sized("5", "1"))]).await;
    let service = Service::start_with(stage.config(), Arc::new(Scripted::new(stage.folder.path()))).await.unwrap();
    let _workers = [stage.worker().await];
    stage.submit("ok", jobs).await;
    let used: String = stage.raw(&["INFO", "memory"]).await.unwrap();
    let used: u64 = used.lines().find_map(|line| line.trim().strip_prefix("used_memory:")?.parse().ok()).unwrap();
    let most = (used + 1_000_000).to_string();
    let () = stage.raw(&["CONFIG", "SET", "maxmemory", &most, "maxmemory-policy", "allkeys-lru"]).await.unwrap();
    let begin = stage.clock.uptime();
    let reason = loop {
        let reasons = service.readiness().reasons();
        if let Some((_, text)) =
            reasons.iter().find(|(part, text)| *part == Part::Redis && text.contains("allkeys-lru"))
        {
            break text.clone();
        }
        assert!(stage.clock.uptime() - begin < Duration::from_secs(30), "{reasons:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let told = stage.clock.uptime() - begin;
    let ballast = "x".repeat(20_000);
    let until = stage.clock.uptime() + sized(Duration::from_secs(20), Duration::from_secs(2));
    let mut n = 0_u32;
    while stage.clock.uptime() < until {
        n += 1;
        let _: Result<(), _> = stage.raw(&["SET", &format!("ballast:{n}"), &ballast]).await;
    }
    let info: String = stage.raw(&["INFO", "stats"]).await.unwrap();
    let evicted = info.lines().find_map(|line| line.trim().strip_prefix("evicted_keys:")).unwrap().to_owned();
    stage.until(&["done"], jobs, Duration::from_secs(120)).await;
    eprintln!(
        "chaos eviction: not ready after {told:.1?} ({reason}); {evicted} keys evicted; {} of {jobs} jobs took effect, {} stale writes refused",
        stage.effects().await,
        stage.refused()
    );
    assert_ne!(evicted, "0");
    assert_eq!(stage.effects().await, jobs);
    if full() {
        assert!(told < Duration::from_secs(5), "{told:?}");
    }
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_redis_is_no_reason_to_refuse_a_job() {
    let count = sized(1_000, 150);
    let mut stage = Stage::new(&[("ENGINE__WORKERS", "4")]).await;
    let worker = stage.worker().await;
    stage.submit("ok", count).await;
    let () = stage.raw(&["CONFIG", "SET", "maxmemory", "1"]).await.unwrap();
    let refusal =
        stage.raw::<String>(&["XADD", &stage.services.queue.keys().submit(), "*", "job", "{}"]).await.unwrap_err();
    assert!(refusal.to_string().contains("OOM"), "a raw XADD gets Redis' own word: {refusal}");
    let mut times = Vec::new();
    for n in 0..count {
        let begin = stage.clock.uptime();
        stage.services.submit(&[job("late", n)]).await.unwrap();
        times.push(stage.clock.uptime() - begin);
    }
    times.sort();
    let (median, most) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    // What Redis holds drains while it is full: nothing of it needs an addition.
    stage.until(&["done"], count, Duration::from_secs(120)).await;
    let drained: i64 = sqlx::query_scalar("select count(*) from chaos_effects where job like 'ok-%'")
        .fetch_one(&stage.pool)
        .await
        .unwrap();
    assert_eq!(usize::try_from(drained).unwrap(), count);
    let () = stage.raw(&["CONFIG", "SET", "maxmemory", "0"]).await.unwrap();
    let freed = stage.until(&["done"], 2 * count, Duration::from_secs(120)).await;
    eprintln!(
        "chaos full Redis: {count} submissions answered from the ledger, median {median:.1?}, 99th percentile {most:.1?}; what it held drained meanwhile, the rest within {freed:.1?} after it had room"
    );
    assert_eq!(stage.effects().await, 2 * count);
    let answered: bool = stage.raw(&["EXISTS", &stage.services.queue.keys().result(&job("ok", 0).id)]).await.unwrap();
    assert!(answered || full(), "an answer that Redis could not take is told when it can");
    if full() {
        assert!(most < Duration::from_millis(100), "{most:?}");
    }
    drop(worker);
}
