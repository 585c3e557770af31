//! However `sentinel serve` ends, nothing of it is left: no process, no folder, no job that is lost.

use std::time::Duration;

use super::{Family, Sentinel, eventually, replica};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_however_a_service_ends() {
    let site = replica(7).await;
    let sentinel = Sentinel::new().at(&site).with_servers().await.with("ENGINE__SHUTDOWN_GRACE_S", "300");
    let state =
        || sentinel.run(&["jobs", "show", "held", "--json"]).ended(0).json()["state"].as_str().unwrap().to_owned();
    let leased = || eventually(Duration::from_secs(60), || (state() == "leased").then_some(())).expect("the job runs");

    // The first signal waits for what runs, the second does not; the job goes back and loses no attempt.
    let mut serving = sentinel.serve();
    sentinel.run(&["submit", "@hanging_1@tiktok", "--id", "held"]).ended(0);
    leased();
    let family = serving.family();
    assert!(family.renderers() > 0 && !sentinel.profiles().is_empty(), "the test looks in the right place: {family:?}");
    serving.signal("TERM");
    serving.wait_for("running crawls finish\n");
    serving.signal("TERM");
    assert_eq!(serving.end(), Some(0), "{}", serving.stderr());
    family.assert_gone();
    assert_eq!(sentinel.profiles(), Vec::<std::path::PathBuf>::new());
    let job = sentinel.run(&["jobs", "show", "held", "--json"]).ended(0).json();
    assert_eq!((job["state"].as_str(), job["attempts"].as_u64()), (Some("queued"), Some(0)), "{job}");

    // Killed, it can do nothing any more: its browsers die with it, and the next start sweeps their folders.
    let mut serving = sentinel.serve();
    leased();
    let family = serving.family();
    serving.signal("KILL");
    assert_eq!(serving.end(), None);
    family.assert_gone();
    let orphans = sentinel.profiles();
    let serving = sentinel.serve();
    let left: Vec<_> = orphans.iter().filter(|folder| folder.exists()).collect();
    assert!(left.is_empty(), "not swept: {left:?}");
    sentinel.run(&["jobs", "cancel", "held"]).ended(0);
    serving.stop();
    assert_eq!(sentinel.profiles(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_during_a_crawl_leaves_nothing() {
    let site = replica(8).await;
    let sentinel = Sentinel::new().at(&site);
    let mut child = sentinel.command(&["crawl", "@hanging_1@tiktok"]).spawn().unwrap();
    let begun = || Some(Family::of(child.id())).filter(|family| family.renderers() > 0);
    let family = eventually(Duration::from_secs(60), begun).expect("Chromium runs");
    super::signal(child.id(), "INT");
    child.wait().unwrap();
    family.assert_gone();
}
