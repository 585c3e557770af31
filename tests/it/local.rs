//! The private servers: started, found again, killed, joined.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use social_sentinel::local::{Durability, Local, LocalConfig};

use crate::support::servers::open_folder;

fn config(folder: &std::path::Path) -> LocalConfig {
    LocalConfig { folder: folder.to_owned(), durability: Durability::Full }
}

async fn one(url: &str) -> i32 {
    use sqlx::Connection as _;
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query_scalar("select 1").fetch_one(&mut connection).await.unwrap()
}

async fn ping(url: &str) -> String {
    let client = redis::Client::open(url).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    redis::cmd("PING").query_async(&mut connection).await.unwrap()
}

#[tokio::test]
async fn both_servers_start_answer_and_start_again_on_the_same_folder() {
    let folder = open_folder();
    for _ in 0..2 {
        let local = Local::start(&config(folder.path())).await.unwrap();
        assert!(local.is_owner());
        assert_eq!(one(&local.postgres_url()).await, 1);
        assert_eq!(ping(&local.redis_url()).await, "PONG");
        local.stop().await;
    }
}
