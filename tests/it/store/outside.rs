//! The store and its server: refusals told clearly, restarts survived, round trips counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use social_sentinel::local::{Durability, LocalPostgres};
use social_sentinel::store::{Store, StoreError, migrate, migrate_check};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};

use super::{config, crawl, document, fresh_database_url, id, job, lease, post, store, target};

#[tokio::test]
async fn a_server_that_is_not_there_is_named_with_what_to_do() {
    let error = Store::connect(&config("postgres://me:secret@127.0.0.1:1/db".to_owned())).await.unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{text}");
    assert!(text.contains("127.0.0.1:1/db") && text.contains("start it or set store.url"), "{text}");
    assert!(!text.contains("secret"));
    let error = Store::connect(&config("mysql://x".to_owned())).await.unwrap_err();
    assert!(matches!(error, StoreError::BadUrl { .. }), "{error}");
    let mut both = config("postgres://x".to_owned());
    both.url_file = "also".into();
    assert!(Store::connect(&both).await.unwrap_err().to_string().contains("both are set"));
    let nobody = fresh_database_url().await.replace("sentinel@", "nobody@");
    let error = Store::connect(&config(nobody)).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused { .. }), "{error}");
}

#[test]
fn the_built_in_settings_are_those_of_these_rooms() {
    #[derive(serde::Deserialize)]
    struct Sections {
        store: social_sentinel::store::StoreConfig,
        blob: social_sentinel::blob::BlobConfig,
        local: social_sentinel::local::LocalConfig,
    }
    let text = include_str!("../../../config.toml");
    let sections: Sections = toml::from_str(text).unwrap();
    assert!(sections.store.is_local());
    assert_eq!(sections.blob.kind, social_sentinel::blob::BlobKind::Folder);
    assert_eq!(sections.local.durability, Durability::Full);
}

#[tokio::test]
async fn health_warns_of_a_role_that_sees_through_row_security() {
    let url = fresh_database_url().await;
    let plain = Store::connect(&config(url.clone())).await.unwrap().health().await.unwrap();
    assert!(plain.schema.is_usable());
    assert!(!plain.warnings.iter().any(|warning| warning.contains("superuser")), "{:?}", plain.warnings);
    // The private server of tests flushes nothing, which is just what the check is for.
    assert!(plain.warnings.iter().any(|warning| warning.contains("fsync=off")), "{:?}", plain.warnings);
    let all_seeing =
        Store::connect(&config(url.replace("sentinel@", "postgres@"))).await.unwrap().health().await.unwrap();
    assert!(all_seeing.warnings.iter().any(|warning| warning.contains("superuser")), "{:?}", all_seeing.warnings);
}

#[tokio::test]
async fn the_schema_check_tells_pending_newer_and_changed() {
    let store = store().await;
    assert!(migrate_check(store.pool()).await.unwrap().is_usable());
    migrate(store.pool()).await.unwrap();
    for sql in [
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) values (9999, 'x', true, '', 0)",
        "delete from _sqlx_migrations where version = 5",
        "update _sqlx_migrations set checksum = 'x' where version = 1",
    ] {
        sqlx::query(sql).execute(store.pool()).await.unwrap();
    }
    let state = migrate_check(store.pool()).await.unwrap();
    assert_eq!((state.pending.len(), &state.newer[..], &state.changed[..]), (1, &[9999][..], &[1][..]));
    assert!(!state.is_usable());
}

#[tokio::test]
async fn every_migration_in_the_folder_is_built_in() {
    // The macro sees a changed file, but not a new one: touch src/store/migrate.rs then.
    let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations")).unwrap();
    let files =
        files.filter(|file| file.as_ref().is_ok_and(|file| file.path().extension().is_some_and(|e| e == "sql")));
    assert_eq!(super::count(&store().await, "_sqlx_migrations").await, i64::try_from(files.count()).unwrap());
}

#[tokio::test]
async fn an_unmigrated_database_says_so() {
    let store = store().await;
    sqlx::query("drop table outbox").execute(store.pool()).await.unwrap();
    let error = store.take_events(1, std::time::Duration::ZERO).await.unwrap_err();
    assert!(error.to_string().contains("sentinel migrate"), "{error}");
}

#[tokio::test]
async fn a_restart_of_postgresql_is_survived_without_a_restart_of_ours() {
    let folder = crate::support::servers::open_folder();
    let mut postgres = LocalPostgres::start(folder.path(), Durability::None).await.unwrap();
    let store = Store::connect(&config(postgres.url())).await.unwrap();
    migrate(store.pool()).await.unwrap();
    store.submit(&[job("a", "nasa").into()]).await.unwrap();
    for _ in 0..2 {
        postgres.kill().await;
        let down = store.submit(&[job("b", "esa").into()]).await.unwrap_err();
        assert_eq!(down.fault(), social_sentinel::model::fault::Fault::Transient, "{down}");
        postgres.restart().await.unwrap();
        // A connection that died unseen costs one failed call each at most.
        let mut answer = store.job(&id("a")).await;
        for _ in 0..8 {
            if answer.is_ok() {
                break;
            }
            answer = store.job(&id("a")).await;
        }
        assert_eq!(answer.unwrap().unwrap().state, "queued");
    }
    store.close().await;
    postgres.stop().await;
}

/// Stands before the server's socket and counts how often the client speaks after the server has.
async fn counting_proxy(url: &str) -> (String, Arc<AtomicUsize>, tempfile::TempDir) {
    let query = url.split_once("host=").unwrap().1;
    let server = url::form_urlencoded::parse(format!("host={query}").as_bytes())
        .find_map(|(key, value)| (key == "host").then(|| value.into_owned()))
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
    let trips = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&trips);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = UnixStream::connect(format!("{server}/.s.PGSQL.5432")).await.unwrap();
            let (mut client_reads, mut client_writes) = client.into_split();
            let (mut server_reads, mut server_writes) = server.into_split();
            let answered = Arc::new(AtomicBool::new(true));
            let (asks, trips) = (Arc::clone(&answered), Arc::clone(&counted));
            tokio::spawn(async move {
                let mut buffer = vec![0; 1 << 20];
                while let Ok(read @ 1..) = client_reads.read(&mut buffer).await {
                    if asks.swap(false, Ordering::SeqCst) {
                        trips.fetch_add(1, Ordering::SeqCst);
                    }
                    server_writes.write_all(&buffer[..read]).await.unwrap();
                }
            });
            tokio::spawn(async move {
                let mut buffer = vec![0; 1 << 20];
                while let Ok(read @ 1..) = server_reads.read(&mut buffer).await {
                    answered.store(true, Ordering::SeqCst);
                    if client_writes.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    let url = url.split_once('?').unwrap().0;
    (format!("{url}?host={}&sslmode=disable", folder.path().display()), trips, folder)
}

#[tokio::test]
async fn what_a_job_costs_in_round_trips_is_known() {
    let (url, trips, _folder) = counting_proxy(&fresh_database_url().await).await;
    let mut config = config(url);
    config.pool_max_connections = 1;
    let store = Store::connect(&config).await.unwrap();
    let count = async || {
        // A returned connection is tried by the pool, after the caller has its answer.
        while store.pool().num_idle() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        trips.load(Ordering::SeqCst)
    };
    let mut spent = [0; 3];
    for round in 1..=3_u32 {
        let name = format!("j{round}");
        let posts = (1..=30).map(|n| post(&n.to_string(), 1, u64::from(round) * 100)).collect();
        let document = document("nasa", "1", 10, round, posts);
        store.submit(&[job(&name, "nasa").into()]).await.unwrap();
        let submitted = count().await;
        lease(&store, &name, 1).await;
        let leased = count().await;
        store.save(&crawl(&id(&name), 1, &target("nasa"), &document)).await.unwrap();
        let saved = count().await;
        store.result(&id(&name)).await.unwrap();
        spent = [leased - submitted, saved - leased, count().await - saved];
    }
    // The third time every statement is prepared. Each call has one more for the pool's trial: lease 1, save 7, result 1.
    assert_eq!(spent, [2, 8, 2]);
}

/// `cargo test --test it --release -- --ignored --nocapture how_many_jobs` prints it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn how_many_jobs_a_second_the_ledger_takes() {
    const JOBS: usize = 4000;
    const AT_ONCE: usize = 16;
    let mut config = config(fresh_database_url().await);
    config.pool_max_connections = 16;
    let store = Store::connect(&config).await.unwrap();
    let clock = social_sentinel::clock::Clock::system();
    let work = |worker: usize| {
        let store = store.clone();
        tokio::spawn(async move {
            for n in 0..JOBS / AT_ONCE {
                let name = format!("{worker}-{n}");
                store.submit(&[job(&name, &name).into()]).await.unwrap();
                lease(&store, &name, 1).await;
                let document = social_sentinel::model::document::Document {
                    profile: None,
                    outcome: social_sentinel::model::document::Outcome::NotFound,
                    ..document("x", "1", 1, 1, vec![])
                };
                store.save(&crawl(&id(&name), 1, &target(&name), &document)).await.unwrap();
            }
        })
    };
    for worker in (0..AT_ONCE).map(work).collect::<Vec<_>>() {
        worker.await.unwrap();
    }
    let seconds = clock.uptime().as_secs_f64();
    println!("bookkeeping: {JOBS} jobs submitted, leased, saved in {seconds:.2} s, 16 at once");
    fill(&store).await;
    let posts: Vec<_> = (1..=30).map(|n| post(&n.to_string(), 1, 100)).collect();
    let before = clock.uptime();
    for n in 0..200_u32 {
        let name = format!("full-{n}");
        let document = document("nasa", "1", u64::from(n), 1, posts.clone());
        store.submit(&[job(&name, "nasa").into()]).await.unwrap();
        lease(&store, &name, 1).await;
        store.save(&crawl(&id(&name), 1, &target("nasa"), &document)).await.unwrap();
    }
    let each = (clock.uptime() - before).as_secs_f64() * 1000.0 / 200.0;
    println!("whole crawls of 30 posts beside 300,000 others, one by one: {each:.2} ms each");
}

/// Ten thousand profiles with thirty posts each, so that a plan that reads whole tables would show.
async fn fill(store: &Store) {
    for sql in [
        "insert into profiles (platform, platform_id, handle, first_seen_at, observed_at, last_outcome)
         select 'tiktok', 'f' || n, 'f' || n, now(), now(), 'ok' from generate_series(1, 10000) n",
        "insert into profile_handles (profile_id, platform, handle, since) select id, platform, handle, now() from profiles",
        "insert into posts (platform, post_id, published_at, first_seen_at, observed_at)
         select 'tiktok', 'f' || n, now(), now(), now() from generate_series(1, 300000) n",
        "insert into profile_posts (profile_id, post_id, first_seen_at, last_seen_at)
         select profiles.id, posts.id, now(), now() from posts join profiles on profiles.platform_id = 'f' || (posts.id % 10000 + 1)",
        "insert into post_metrics (post_id, crawl_id, observed_at, views) select id, 0, now(), 1 from posts",
        "analyze",
    ] {
        sqlx::query(sql).execute(store.pool()).await.unwrap();
    }
}
