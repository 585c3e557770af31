//! The site turns to empty answers, then to login walls, then back: nothing of it becomes a fact.

use std::time::Duration;

use social_sentinel::engine::Service;
use social_sentinel::model::document::Outcome;
use social_sentinel::model::event::{Event, EventKind};
use social_sentinel::replica::{Mode, Site};
use sqlx::PgPool;
use tokio::sync::broadcast;

use super::{job, stage};

/// Every fact that is stored of profiles and posts, as text, and the number of tombstones.
async fn facts(pool: &PgPool) -> (Vec<String>, i64) {
    let sql = "
        select to_jsonb(p)::text from profiles p
        union all select to_jsonb(p)::text from posts p
        union all select to_jsonb(p)::text from profile_posts p
        union all select to_jsonb(m)::text from profile_metrics m
        union all select to_jsonb(m)::text from post_metrics m order by 1";
    let rows = sqlx::query_scalar(sql).fetch_all(pool).await.unwrap();
    let gone = "select count(*) from profile_posts where gone_at is not null";
    (rows, sqlx::query_scalar(gone).fetch_one(pool).await.unwrap())
}

/// What the history says of crawls since an id: their outcomes, and whether each keeps what was seen.
async fn history(pool: &PgPool, since: i64) -> Vec<(String, bool)> {
    let sql = "select outcome, evidence is not null from crawl_history where id > $1 order by id";
    sqlx::query_as(sql).bind(since).fetch_all(pool).await.unwrap()
}

/// How many sessions were retired, as far as was told.
fn retired_sessions(events: &mut broadcast::Receiver<Event>) -> usize {
    let told = std::iter::from_fn(|| events.try_recv().ok());
    told.filter(|event| matches!(&event.kind, EventKind::SessionRetired { session, .. } if session == "guest")).count()
}

async fn last_crawl(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select coalesce(max(id), 0) from crawl_history").fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_answers_and_login_walls_change_no_fact_and_bury_no_post() {
    let mut stage = stage(96).await;
    // Rests that a test can wait for.
    (stage.config.gate.rest_s, stage.config.gate.rest_max_s) = (1, 1);
    let service = Service::start(stage.config.clone()).await.unwrap();
    let pool = service.services().store.pool().clone();
    let control = stage.replica.control();
    let sites = [
        (Site::TikTok, "few_1"),
        (Site::TikTok, "creator_2"),
        (Site::Instagram, "few_3"),
        (Site::Instagram, "creator_4"),
    ];
    let jobs = || sites.map(|(site, handle)| job(site, handle, 6));
    let all_are = |told: &super::Told, outcome| {
        assert!(told.buried.is_empty(), "{:?}", told.buried);
        assert!(told.done.iter().all(|(_, seen)| *seen == outcome), "{:?}", told.done);
    };

    all_are(&super::crawl(&service, &jobs()).await, Outcome::Ok);
    let (before, gone) = facts(&pool).await;
    assert!(before.len() > 30 && gone == 0, "{} facts, {gone} gone", before.len());

    for (mode, outcome) in [(Mode::EmptyBodies, Outcome::Blocked), (Mode::LoginWall, Outcome::LoginWall)] {
        let since = last_crawl(&pool).await;
        let mut events = service.subscribe();
        for site in Site::ALL {
            control.set_mode(site, mode);
        }
        let told = super::crawl(&service, &jobs()).await;
        all_are(&told, outcome);
        assert!(told.postponed >= sites.len(), "each was tried once more after a rest: {} waits", told.postponed);
        let (now, gone) = facts(&pool).await;
        assert_eq!((now.len(), gone), (before.len(), 0), "under {mode:?}");
        assert_eq!(now, before, "a fact changed under {mode:?}");
        let crawls = history(&pool, since).await;
        let word = outcome.as_str();
        let retired = retired_sessions(&mut events);
        assert_eq!(retired, crawls.len(), "each refused session is retired, and told");
        assert!(crawls.iter().all(|(outcome, seen)| outcome == word && *seen), "{crawls:?}");
        assert_eq!(crawls.len(), 2 * sites.len(), "one retry and no more: {crawls:?}");
        eprintln!(
            "{mode:?}: {} crawls recorded as {word} with their evidence, {retired} sessions retired, 0 of {} facts changed, {gone} tombstones",
            crawls.len(),
            now.len()
        );
        tokio::time::sleep(Duration::from_millis(1_100)).await;
    }

    for site in Site::ALL {
        control.set_mode(site, Mode::Normal);
    }
    all_are(&super::crawl(&service, &jobs()).await, Outcome::Ok);
    let (now, gone) = facts(&pool).await;
    assert!(now.len() >= before.len() && gone == 0, "{} facts, {gone} gone", now.len());
    service.stop().await;
}
