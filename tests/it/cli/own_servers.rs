//! Where no server is named, `sentinel` runs PostgreSQL and Redis of its own: whoever comes first starts them, whoever comes
//! later joins, and a service outlives the one that started them.

use std::time::Duration;

use social_sentinel::local::{Durability, Local, LocalConfig};

use super::{Sentinel, complaints, eventually, replica};

#[tokio::test(flavor = "multi_thread")]
async fn commands_share_private_servers_when_none_are_named() {
    let site = replica(9).await;
    let sentinel = Sentinel::new().at(&site).with("LOCAL__DURABILITY", "none");
    let serving = sentinel.serve();
    let document = sentinel.run(&["submit", "--wait", "@few_2@tiktok"]).ended(0).documents().remove(0);
    assert_eq!(complaints(&site, &document), Vec::<String>::new());
    let stored = sentinel.run(&["show", "@few_2@tiktok", "--json"]).ended(0).json();
    assert_eq!(stored["posts"].as_array().unwrap().len(), document.posts.len());
    sentinel.run(&["gate", "status"]).ended(0);
    serving.stop();

    // What was stored is there without a service, and what is submitted waits for the next one.
    sentinel.run(&["show", "@few_2@tiktok"]).ended(0);
    sentinel.run(&["submit", "@few_3@tiktok", "--id", "later"]).ended(0);
    assert_eq!(sentinel.run(&["jobs", "show", "later", "--json"]).ended(0).json()["state"], "queued");
    sentinel.run(&["migrate", "--check"]).ended(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_goes_on_when_the_one_that_started_the_servers_leaves() {
    let site = replica(10).await;
    let sentinel = Sentinel::new().at(&site).with("LOCAL__DURABILITY", "none");
    let local = LocalConfig { folder: sentinel.folder().join("sentinel-data"), durability: Durability::None };
    let first = Local::start(&local).await.unwrap();
    assert!(first.is_owner());
    let serving = sentinel.serve();
    assert!(!serving.family().runs("postgres") && !serving.family().runs("redis-server"), "it has joined");
    first.stop().await;
    let taken_over = || (serving.family().runs("postgres") && serving.family().runs("redis-server")).then_some(());
    eventually(Duration::from_secs(60), taken_over).expect("it runs them itself");
    let accepted = sentinel.run(&["submit", "@few_3@tiktok", "--id", "after"]).ended(0).json();
    assert_eq!(accepted["accepted_as"], "new");
    assert_eq!(sentinel.run(&["jobs", "cancel", "after", "--json"]).ended(0).json()["state"], "cancelled");
    serving.stop();
}
