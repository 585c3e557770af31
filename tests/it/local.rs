//! The private servers: started, found again, killed, joined.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use social_sentinel::local::{Durability, Local, LocalConfig, LocalPostgres, LocalRedis};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use crate::support::servers::open_folder;

fn config(folder: &Path) -> LocalConfig {
    LocalConfig { folder: folder.to_owned(), durability: Durability::None }
}

async fn query(url: &str, sql: &'static str) -> Result<i64, sqlx::Error> {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(url).await?;
    sqlx::query_scalar(sql).fetch_one(&mut connection).await
}

async fn note(url: &str) {
    let sql = "with made as (select 1) select count(*) from made";
    assert_eq!(query(url, sql).await.unwrap(), 1);
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query("create table if not exists kept (n int)").execute(&mut connection).await.unwrap();
    sqlx::query("insert into kept values (1)").execute(&mut connection).await.unwrap();
}

async fn redis<T: redis::FromRedisValue>(url: &str, command: &[&str]) -> redis::RedisResult<T> {
    let mut connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    let mut asked = redis::cmd(command[0]);
    for word in &command[1..] {
        asked.arg(word);
    }
    asked.query_async(&mut connection).await
}

#[tokio::test]
async fn both_servers_start_answer_and_start_again_on_the_same_folder() {
    let folder = open_folder();
    let config = LocalConfig { durability: Durability::Full, ..config(folder.path()) };
    for round in 1..=2 {
        let local = Local::start(&config).await.unwrap();
        assert!(local.is_owner());
        note(&local.postgres_url()).await;
        assert_eq!(query(&local.postgres_url(), "select count(*) from kept").await.unwrap(), round);
        assert_eq!(redis::<i64>(&local.redis_url(), &["INCR", "n"]).await.unwrap(), round);
        let policy: (String, String) = redis(&local.redis_url(), &["CONFIG", "GET", "maxmemory-policy"]).await.unwrap();
        assert_eq!(policy.1, "noeviction");
        local.stop().await;
    }
}

#[tokio::test]
async fn who_comes_second_joins_and_stops_nothing_when_it_leaves() {
    let folder = open_folder();
    let config = config(folder.path());
    // At once, so that the second comes while the first still makes the cluster.
    let (one, other) = tokio::join!(Local::start(&config), Local::start(&config));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one.is_owner(), other.is_owner());
    let (owner, guest) = if one.is_owner() { (one, other) } else { (other, one) };
    assert_eq!(owner.postgres_url(), guest.postgres_url());
    note(&guest.postgres_url()).await;
    guest.stop().await;
    note(&owner.postgres_url()).await;
    assert_eq!(redis::<String>(&owner.redis_url(), &["PING"]).await.unwrap(), "PONG");
    owner.stop().await;
}

#[tokio::test]
async fn a_killed_server_restarts_with_everything_that_was_acknowledged() {
    let folder = open_folder();
    let mut postgres = LocalPostgres::start(folder.path(), Durability::Full).await.unwrap();
    let mut cache = LocalRedis::start(folder.path(), Durability::Full).await.unwrap();
    for round in 1..=2 {
        note(&postgres.url()).await;
        assert_eq!(redis::<i64>(&cache.url(), &["INCR", "n"]).await.unwrap(), round);
        postgres.kill().await;
        cache.kill().await;
        assert!(query(&postgres.url(), "select 1::bigint").await.is_err());
        postgres.restart().await.unwrap();
        cache.restart().await.unwrap();
        assert_eq!(query(&postgres.url(), "select count(*) from kept").await.unwrap(), round);
    }
    assert_eq!(redis::<i64>(&cache.url(), &["GET", "n"]).await.unwrap(), 2);
    postgres.stop().await;
    cache.stop().await;
}

#[tokio::test]
async fn a_pid_file_that_names_somebody_else_does_not_stop_the_start() {
    let folder = open_folder();
    LocalPostgres::start(folder.path(), Durability::None).await.unwrap().stop().await;
    let data = folder.path().join("postgres/data");
    // Our own process: alive, and no PostgreSQL.
    let stale = format!("{}\n{}\n1\n5432\n\n\n0 0\nready\n", std::process::id(), data.display());
    std::fs::write(data.join("postmaster.pid"), stale).unwrap();
    // A cluster that was cut off in the making is made anew.
    std::fs::create_dir(folder.path().join("postgres/data.new")).unwrap();
    let postgres = LocalPostgres::start(folder.path(), Durability::None).await.unwrap();
    note(&postgres.url()).await;
    postgres.stop().await;
}

#[tokio::test]
async fn a_folder_whose_path_is_too_long_for_a_socket_works() {
    let folder = open_folder();
    let long = folder.path().join("x".repeat(90));
    let local = Local::start(&config(&long)).await.unwrap();
    note(&local.postgres_url()).await;
    assert_eq!(redis::<String>(&local.redis_url(), &["PING"]).await.unwrap(), "PONG");
    let socket = local.redis_url().strip_prefix("redis+unix://").unwrap().to_owned();
    assert!(socket.len() <= 107 && !socket.contains("xxxx"), "{socket}");
    let host = local.postgres_url().split_once("host=").unwrap().1.split('&').next().unwrap().replace("%2F", "/");
    local.stop().await;
    for short in [Path::new(&socket).parent().unwrap(), Path::new(&host)] {
        std::fs::remove_dir_all(short).unwrap();
    }
}

#[tokio::test]
async fn a_folder_that_the_servers_user_cannot_enter_works_by_a_link() {
    // 0700 and ours: where we are root, PostgreSQL's user cannot go in.
    let closed = tempfile::tempdir().unwrap();
    std::fs::set_permissions(closed.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let postgres = LocalPostgres::start(closed.path(), Durability::None).await.unwrap();
    note(&postgres.url()).await;
    postgres.stop().await;
    if let Ok(open) = std::fs::read_link(closed.path().join("postgres")) {
        std::fs::remove_dir_all(open.parent().unwrap()).unwrap();
        std::fs::remove_file(closed.path().join("postgres")).unwrap();
        std::fs::create_dir(closed.path().join("postgres")).unwrap();
        let refused = LocalPostgres::start(closed.path(), Durability::None).await.unwrap_err();
        assert!(refused.to_string().contains("cannot reach it"), "{refused}");
    }
}

/// Not a test of its own: the next one starts it as a process to kill. It works in the folder it is started in.
#[tokio::test]
#[ignore = "the other half of the_servers_die_with_a_killed_owner"]
async fn owner_to_be_killed() {
    let here = std::path::PathBuf::from("servers");
    if !here.is_dir() {
        return;
    }
    let (postgres, cache) = Local::start(&config(&here)).await.unwrap().into_parts();
    note(&postgres.url()).await;
    println!("pids {} {}", postgres.pid().unwrap(), cache.pid().unwrap());
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[tokio::test]
async fn the_servers_die_with_a_killed_owner_and_the_next_one_finds_its_data() {
    let folder = open_folder();
    let servers = folder.path().join("servers");
    std::fs::create_dir(&servers).unwrap();
    let mut owner = tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "local::owner_to_be_killed"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(owner.stdout.take().unwrap()).lines();
    let pids = loop {
        let line = lines.next_line().await.unwrap().unwrap();
        if let Some((_, pids)) = line.split_once("pids ") {
            break pids.split(' ').map(str::to_owned).collect::<Vec<_>>();
        }
    };
    owner.kill().await.unwrap();
    for pid in &pids {
        let process = Path::new("/proc").join(pid);
        let gone = async {
            // A zombie is dead too: only whoever reaps orphans here takes it away.
            while std::fs::read_to_string(process.join("stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), gone).await.expect("the server dies with its owner");
    }
    let next = Local::start(&config(&servers)).await.unwrap();
    assert!(next.is_owner());
    assert_eq!(query(&next.postgres_url(), "select count(*) from kept").await.unwrap(), 1);
    next.stop().await;
}
