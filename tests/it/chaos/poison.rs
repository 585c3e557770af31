//! A job that kills its worker.

use std::time::Duration;

use super::stage::{Stage, WorkerProcess, full, job, sized};

async fn run(poison: bool) -> (Stage, Duration) {
    // Few slots in a process: a death takes few innocents with it.
    let lease = sized("30000", "1500");
    let settings = [
        ("ENGINE__WORKERS", "2"),
        ("QUEUE__LEASE_MS", lease),
        ("QUEUE__HEARTBEAT_MS", sized("5000", "300")),
        ("QUEUE__RECLAIM_MS", sized("5000", "300")),
    ];
    let jobs = sized(1_000, 150);
    let mut stage = Stage::new(&settings).await;
    let mut workers: Vec<WorkerProcess> = Vec::new();
    for _ in 0..sized(4, 3) {
        workers.push(stage.worker().await);
    }
    stage.submit("ok", jobs / 2).await;
    if poison {
        stage.services.submit(&[job("kill", 0)]).await.unwrap();
    }
    let second: Vec<_> = (jobs / 2..jobs - usize::from(poison)).map(|n| job("ok", n)).collect();
    stage.services.submit(&second).await.unwrap();
    let begin = stage.clock.uptime();
    loop {
        let states = stage.states().await;
        let over: u64 = ["done", "dead"].iter().filter_map(|state| states.get(*state)).sum();
        if over >= u64::try_from(jobs).unwrap() {
            break;
        }
        assert!(stage.clock.uptime() - begin < Duration::from_secs(170), "{states:?}");
        // An init system starts again who died.
        for at in 0..workers.len() {
            if workers[at].child.has_ended() {
                let seat = workers[at].seat;
                workers[at] = stage.worker_at(seat, &[]);
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let sql =
        "select percentile_disc(0.95) within group (order by extract(epoch from finished_at - created_at))::float8
               from jobs where state = 'done'";
    let seconds: f64 = sqlx::query_scalar(sql).fetch_one(&stage.pool).await.unwrap();
    (stage, Duration::from_secs_f64(seconds))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_kills_its_worker_dies_after_three_deaths_and_holds_up_nobody() {
    let (_, baseline) = run(false).await;
    let (stage, with_poison) = run(true).await;
    let jobs = sized(1_000, 150);
    let dead = stage.services.store.job(&job("kill", 0).id).await.unwrap().unwrap();
    let attempts = stage.attempts()["kill-0"].clone();
    eprintln!(
        "chaos poison: {} of {jobs} done; the killer {} after {} deaths in {} attempts; 95th percentile {with_poison:.1?}, without it {baseline:.1?}; reason: {}",
        stage.effects().await,
        dead.state,
        dead.deaths,
        attempts.len(),
        dead.reason.as_deref().unwrap_or("none"),
    );
    assert_eq!(stage.effects().await, jobs - 1, "all others are done");
    assert_eq!((dead.state.as_str(), dead.deaths, attempts.len()), ("dead", 3, 3));
    assert_eq!(attempts.iter().map(|it| it.alone).collect::<Vec<_>>(), [false, false, true], "the last time alone");
    assert!(dead.last_log.unwrap().contains("after 2 deaths"), "its last steps are kept");
    stage.refused();
    if full() {
        assert!(with_poison <= baseline * 2, "{with_poison:?} and {baseline:?}");
    }
}
