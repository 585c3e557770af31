//! Submitting, leasing, settling, relaying.

use std::time::Duration;

use social_sentinel::model::job::Priority;
use social_sentinel::store::lease::{Begun, Bury, Postpone, Spend};
use social_sentinel::store::submit::{Accepted, Submission};
use social_sentinel::store::{Store, StoreError};

use super::{begin, config, crawl, document, fresh_database_url, id, is_stale, job, lease, store, target};

fn postpone<'a>(job: &'a super::JobId, fence: u64, spend: Spend, after: Duration) -> Postpone<'a> {
    Postpone { job, fence, after, spend, reason: "the site rests", crawl: None }
}

#[tokio::test]
async fn a_second_submission_of_a_profile_joins_the_first_and_learns_its_result() {
    let store = store().await;
    let first =
        store.submit(&[job("a", "nasa").into(), job("b", "nasa").into(), job("c", "esa").into()]).await.unwrap();
    let joined = |leader: &str| Accepted::Joined { id: id("b"), leader: id(leader) };
    assert_eq!(first, [Accepted::New { id: id("a") }, joined("a"), Accepted::New { id: id("c") }]);
    let again =
        store.submit(&[job("a", "nasa").into(), job("b", "nasa").into(), job("d", "nasa").into()]).await.unwrap();
    assert_eq!(again[0], Accepted::Duplicate { id: id("a") });
    assert_eq!(again[1], Accepted::Duplicate { id: id("b") });
    assert_eq!(again[2], Accepted::Joined { id: id("d"), leader: id("a") });

    lease(&store, "a", 7).await;
    assert_eq!(store.result(&id("b")).await.unwrap().unwrap().state, "leased");
    let document = document("nasa", "1", 10, 1, vec![]);
    let saved = store.save(&crawl(&id("a"), 7, &target("nasa"), &document)).await.unwrap();
    assert_eq!(saved.joined, [id("b"), id("d")]);
    for name in ["a", "b", "d"] {
        let result = store.result(&id(name)).await.unwrap().unwrap();
        assert!(result.is_final());
        assert_eq!(result.document.unwrap(), serde_json::to_string(&document).unwrap());
    }
    // The first one is over: the next submission is new.
    assert_eq!(store.submit(&[job("e", "nasa").into()]).await.unwrap(), [Accepted::New { id: id("e") }]);
    assert_eq!(
        store.submit(&[job("f", "f").into(), job("f", "f").into()]).await.unwrap()[1],
        Accepted::Duplicate { id: id("f") }
    );
}

#[tokio::test]
async fn many_submitters_of_the_same_profiles_leave_one_live_job_each() {
    let store = store().await;
    let submitters = (0..8).map(|submitter| {
        let store = store.clone();
        tokio::spawn(async move {
            let jobs = (0..50).map(|n| {
                // Each in another order, so that a wait in a circle would show.
                let n = (n * 7 + submitter * 13) % 50;
                Submission::from(job(&format!("{submitter}-{n}"), &format!("h{n}")))
            });
            store.submit(&jobs.collect::<Vec<_>>()).await.unwrap()
        })
    });
    let mut new = 0;
    let mut all = 0;
    for submitter in submitters.collect::<Vec<_>>() {
        let answers = submitter.await.unwrap();
        all += answers.len();
        new += answers.iter().filter(|answer| matches!(answer, Accepted::New { .. })).count();
    }
    assert_eq!((new, all), (50, 400));
    assert_eq!(store.counts().await.unwrap(), [("joined".to_owned(), 350), ("queued".to_owned(), 50)]);
}

#[tokio::test]
async fn a_stale_worker_cannot_settle() {
    let store = store().await;
    store.submit(&[job("a", "nasa").into()]).await.unwrap();
    lease(&store, "a", 5).await;
    let Begun::Leased(second) = begin(&store, "a", 6, 1).await else { panic!("not leased") };
    assert_eq!((second.attempt, second.deaths), (1, 1));
    assert_eq!(begin(&store, "a", 6, 0).await, Begun::Stale { present: 6 });

    let document = document("nasa", "1", 10, 1, vec![]);
    assert!(is_stale(store.save(&crawl(&id("a"), 5, &target("nasa"), &document)).await));
    assert!(is_stale(store.postpone(&postpone(&id("a"), 5, Spend::Attempt, Duration::ZERO)).await));
    assert!(is_stale(store.hand_back(&id("a"), 5).await));
    let bury = Bury { job: &id("a"), fence: 5, reason: "r", last_log: None, crawl: None, document: None };
    assert!(is_stale(store.bury(&bury).await));
    assert_eq!(store.stale_writes(), 5);
    assert_eq!(super::count(&store, "crawl_history").await, 0);
    assert_eq!(super::count(&store, "outbox").await, 0);

    let saved = store.save(&crawl(&id("a"), 6, &target("nasa"), &document)).await.unwrap();
    assert!(!saved.repeated);
    assert_eq!(begin(&store, "a", 9, 0).await, Begun::Over { state: "done".to_owned() });
    assert_eq!(begin(&store, "never", 9, 0).await, Begun::Unknown);
}

#[tokio::test]
async fn a_save_whose_answer_was_lost_is_recognised_and_not_doubled() {
    let store = store().await;
    let document = document("nasa", "1", 10, 1, vec![super::post("1", 1, 5)]);
    let first = super::crawled(&store, "a", "nasa", &document).await;
    let again = store.save(&crawl(&id("a"), 1, &target("nasa"), &document)).await.unwrap();
    assert!(again.repeated);
    assert_eq!((again.crawl, again.profile), (first.crawl, first.profile));
    for (table, rows) in [("crawl_history", 1), ("post_metrics", 1), ("profile_metrics", 1), ("outbox", 1)] {
        assert_eq!(super::count(&store, table).await, rows, "{table}");
    }
    assert_eq!(store.stale_writes(), 0);
}

#[tokio::test]
async fn a_retry_spends_an_attempt_and_a_snooze_does_not() {
    let store = store().await;
    store.submit(&[job("a", "nasa").into()]).await.unwrap();
    assert_eq!(lease(&store, "a", 1).await.attempt, 1);
    store.postpone(&postpone(&id("a"), 1, Spend::Nothing, Duration::ZERO)).await.unwrap();
    assert_eq!(lease(&store, "a", 2).await.attempt, 1);
    store.postpone(&postpone(&id("a"), 2, Spend::Attempt, Duration::ZERO)).await.unwrap();
    assert_eq!(lease(&store, "a", 3).await.attempt, 2);
    store.postpone(&postpone(&id("a"), 3, Spend::Attempt, Duration::from_secs(3600))).await.unwrap();
    assert_eq!(store.due_to_push(10).await.unwrap(), []);
    let waits = store.next_due_in().await.unwrap().unwrap();
    assert!(waits > Duration::from_secs(3500) && waits <= Duration::from_secs(3600), "{waits:?}");
    assert_eq!(store.job(&id("a")).await.unwrap().unwrap().reason.as_deref(), Some("the site rests"));
    // Handed back at shutdown: nothing is spent, and Redis still has it.
    lease(&store, "a", 4).await;
    store.hand_back(&id("a"), 4).await.unwrap();
    let record = store.job(&id("a")).await.unwrap().unwrap();
    assert_eq!((record.state.as_str(), record.attempts, record.deaths), ("queued", 2, 0));
    assert!(record.pushed_at.is_some());
}

#[tokio::test]
async fn what_is_due_comes_most_urgent_first_and_once_pushed_no_more() {
    let store = store().await;
    let with = |name: &str, priority| social_sentinel::model::job::Job { priority, ..job(name, name) };
    let later = Submission { job: job("later", "later"), delay: Duration::from_secs(60) };
    store
        .submit(&[with("low", Priority::Low).into(), with("high", Priority::High).into(), job("n", "n").into(), later])
        .await
        .unwrap();
    let due = store.due_to_push(10).await.unwrap();
    assert_eq!(due.iter().map(|due| due.job.id.as_str()).collect::<Vec<_>>(), ["high", "n", "low"]);
    let ids: Vec<_> = due.iter().map(|due| due.job.id.clone()).collect();
    store.mark_pushed(&ids).await.unwrap();
    assert_eq!(store.due_to_push(10).await.unwrap(), []);

    // Redis forgot them: pages of what it should know, then back to be pushed.
    lease(&store, "n", 3).await;
    let page = store.live(None, Duration::ZERO, 2).await.unwrap();
    assert_eq!(page.iter().map(|live| live.id.as_str()).collect::<Vec<_>>(), ["high", "low"]);
    let rest = store.live(Some(&page[1].id), Duration::ZERO, 2).await.unwrap();
    assert_eq!(rest.iter().map(|live| live.id.as_str()).collect::<Vec<_>>(), ["n"]);
    assert_eq!(store.live(None, Duration::from_secs(60), 9).await.unwrap(), []);
    assert_eq!(store.requeue_lost(&page).await.unwrap(), 2);
    assert_eq!(store.requeue_lost(&rest).await.unwrap(), 1);
    assert_eq!(store.due_to_push(10).await.unwrap().len(), 3);
    // Its worker lives after all: the result counts, and no death was counted.
    let document = document("n", "1", 10, 1, vec![]);
    store.save(&crawl(&id("n"), 3, &target("n"), &document)).await.unwrap();
    assert_eq!(store.job(&id("n")).await.unwrap().unwrap().deaths, 0);
    assert_eq!(store.requeue_lost(&rest).await.unwrap(), 0);
    assert_eq!(store.states(&[id("n"), id("low"), id("x")]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_full_backlog_says_try_again_later_and_writes_nothing() {
    let mut config = config(fresh_database_url().await);
    config.backlog_max_jobs = 25;
    let store = Store::connect(&config).await.unwrap();
    let mut accepted = 0;
    for n in 0..40 {
        match store.submit(&[job(&format!("j{n}"), &format!("h{n}")).into()]).await {
            Ok(_) => accepted += 1,
            Err(StoreError::BacklogFull { waiting, most }) => assert_eq!((waiting, most), (25, 25)),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(accepted, 25);
    assert_eq!(super::count(&store, "jobs").await, 25);
    lease(&store, "j0", 1).await;
    store.submit(&[job("more", "more").into()]).await.unwrap();
}

#[tokio::test]
async fn three_workers_in_any_order_never_commit_a_job_twice() {
    // Seeded: every walk can be had again. Each step is a claim, a death, a hand-back, a retry, a lost transport or a save
    // by a worker with whatever fence it once had.
    for seed in 0..6 {
        let store = store().await;
        let rng = social_sentinel::clock::Rng::from_seed(seed);
        let pick = |of: u64| rng.bits() % of;
        let names = ["a", "b"];
        store.submit(&[job("a", "a").into(), job("b", "b").into()]).await.unwrap();
        let documents = names.map(|name| document(name, name, 10, 1, vec![super::post(name, 1, 5)]));
        let mut fences = [[0_u64; 2]; 3];
        let (mut next, mut commits) = (0, [0; 2]);
        for _ in 0..150 {
            let (worker, which) = (usize::try_from(pick(3)).unwrap(), usize::try_from(pick(2)).unwrap());
            let (name, held) = (id(names[which]), fences[worker][which]);
            match pick(8) {
                0..=2 => {
                    next += 1;
                    let before = if pick(2) == 0 { 1 } else { 0 };
                    if let Begun::Leased(_) = begin(&store, names[which], next, before).await {
                        fences[worker][which] = next;
                    }
                }
                3 => drop(store.hand_back(&name, held).await),
                4 => drop(store.postpone(&postpone(&name, held, Spend::Attempt, Duration::ZERO)).await),
                5 => drop(store.requeue_lost(&store.live(None, Duration::ZERO, 9).await.unwrap()).await),
                _ if held > 0 => {
                    let saved = store.save(&crawl(&name, held, &target(names[which]), &documents[which])).await;
                    commits[which] += u32::from(saved.is_ok_and(|saved| !saved.repeated));
                }
                _ => {}
            }
        }
        assert!(commits.iter().all(|commits| *commits <= 1), "seed {seed}: {commits:?}");
        let total = i64::from(commits.iter().sum::<u32>());
        for table in ["crawl_history", "post_metrics", "profile_metrics", "outbox"] {
            assert_eq!(super::count(&store, table).await, total, "seed {seed}: {table}");
        }
    }
}
