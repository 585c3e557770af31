//! Everything at once: workers killed, Redis killed, PostgreSQL restarted, links stalled.

use std::time::Duration;

use social_sentinel::clock::Rng;

use super::stage::{Stage, WorkerProcess, full, kill, sized};

/// Short leases, so that a stall of a few seconds loses them and the stale writes that follow are seen to be refused.
const SETTINGS: &[(&str, &str)] = &[
    ("QUEUE__LEASE_MS", "2000"),
    ("QUEUE__HEARTBEAT_MS", "400"),
    ("QUEUE__RECLAIM_MS", "500"),
    ("QUEUE__COMMAND_TIMEOUT_MS", "2000"),
    ("ENGINE__RECONCILE_EVERY_S", "5"),
    ("ENGINE__WORKERS", "8"),
];

/// What happens when, in the time since the start.
struct Plan {
    jobs: usize,
    workers: usize,
    kill_every: Duration,
    redis_dies: Vec<Duration>,
    postgres_restarts: Duration,
    stall_every: Duration,
    stall: Duration,
    most: Duration,
}

fn plan() -> Plan {
    let s = Duration::from_secs;
    sized(
        Plan {
            jobs: 10_000,
            workers: 4,
            kill_every: s(2),
            redis_dies: vec![s(8), s(20)],
            postgres_restarts: s(14),
            stall_every: s(7),
            stall: s(5),
            most: s(240),
        },
        Plan {
            jobs: 1_000,
            workers: 3,
            kill_every: s(2),
            redis_dies: vec![s(2)],
            postgres_restarts: s(4),
            stall_every: s(1),
            stall: s(5),
            most: s(240),
        },
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_job_is_lost_and_none_takes_effect_twice() {
    let plan = plan();
    let mut stage = Stage::with_own_postgres(SETTINGS).await;
    let mut workers = Vec::new();
    for _ in 0..plan.workers {
        workers.push(stage.worker().await);
    }
    stage.submit("ok", plan.jobs).await;
    let begin = stage.clock.uptime();
    let told = play(&mut stage, &mut workers, &plan).await;
    let took = stage.clock.uptime() - begin;

    let dead = stage.states().await.get("dead").copied().unwrap_or(0);
    let before = stage.effects().await;
    assert_eq!(before + usize::try_from(dead).unwrap(), plan.jobs, "effects and dead letters are all jobs");
    assert!(dead <= 5, "{dead} dead letters");
    // Each dead letter is redriven to its effect, on a quiet morning.
    let filter = social_sentinel::store::jobs::JobFilter { state: Some("dead".to_owned()), ..Default::default() };
    stage.services.store.redrive(&filter, 100).await.unwrap();
    stage.until(&["done"], plan.jobs, Duration::from_secs(60)).await;
    let (effects, refused) = (stage.effects().await, stage.refused());
    let attempts: usize = stage.attempts().values().map(Vec::len).sum();
    eprintln!(
        "chaos night: {} jobs, {told}; done in {took:.1?}; {effects} effects, 0 doubled, {dead} dead letters redriven, {attempts} attempts, {refused} stale writes refused",
        plan.jobs
    );
    assert_eq!(effects, plan.jobs);
    assert!(attempts > plan.jobs, "workers died in the middle of jobs");
    // In the small night the one stall may hit an idle moment; `stopped.rs` sees a stale write each time.
    assert!(refused > 0 || !full(), "the stalls outlast the leases, so some writes come too late");
    if full() {
        assert!(took < Duration::from_secs(120), "{took:?}");
    }
}

/// Lets it happen until every job is over; tells what happened.
async fn play(stage: &mut Stage, workers: &mut Vec<WorkerProcess>, plan: &Plan) -> String {
    let rng = Rng::from_seed(3);
    let begin = stage.clock.uptime();
    let (mut kills, mut redis_deaths, mut restarts, mut stalls) = (0_u32, 0, 0, 0);
    let (mut next_kill, mut next_stall) = (plan.kill_every, plan.stall_every);
    let mut stalled: Option<(usize, Duration)> = None;
    loop {
        let now = stage.clock.uptime() - begin;
        if now >= next_kill {
            // Never the one whose link is stalled: it is to wake up and try to write.
            let open: Vec<usize> =
                (0..workers.len()).filter(|at| stalled.is_none_or(|(seat, _)| workers[*at].seat != seat)).collect();
            let at = open[usize::try_from(rng.bits() % u64::try_from(open.len()).unwrap()).unwrap()];
            let seat = kill(workers.swap_remove(at)).await;
            workers.push(stage.worker_at(seat, &[]));
            (kills, next_kill) = (kills + 1, next_kill + plan.kill_every);
        }
        if plan.redis_dies.get(redis_deaths).is_some_and(|at| now >= *at) {
            stage.redis.kill().await;
            stage.redis.restart().await.unwrap();
            redis_deaths += 1;
        }
        if restarts == 0 && now >= plan.postgres_restarts {
            stage.postgres.as_mut().unwrap().restart().await.unwrap();
            restarts += 1;
        }
        if let Some((seat, until)) = stalled
            && now >= until
        {
            stage.seats[seat].resume();
            (stalled, next_stall) = (None, now + plan.stall_every);
        }
        if stalled.is_none() && now >= next_stall {
            let seat = usize::try_from(rng.bits() % u64::try_from(stage.seats.len()).unwrap()).unwrap();
            stage.seats[seat].stall();
            (stalled, stalls) = (Some((seat, now + plan.stall)), stalls + 1);
        }
        let states = stage.states().await;
        let over: u64 = ["done", "dead"].iter().filter_map(|state| states.get(*state)).sum();
        let all_happened = redis_deaths == plan.redis_dies.len() && restarts == 1 && stalls > 0 && stalled.is_none();
        if over >= u64::try_from(plan.jobs).unwrap() && all_happened {
            break;
        }
        assert!(now < plan.most, "after {now:?}: {states:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    format!(
        "{kills} kills, Redis killed {redis_deaths} times, PostgreSQL restarted, {stalls} stalls of {:?}",
        plan.stall
    )
}
