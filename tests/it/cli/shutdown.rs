//! However `sentinel serve` ends, nothing of it is left: no process, no folder, no job that is lost.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::time::Duration;

use social_sentinel::model::document::Document;

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
async fn a_signal_during_a_crawl_keeps_what_is_finished_names_the_rest_and_leaves_nothing() {
    let site = replica(8).await;
    let sentinel = Sentinel::new().at(&site).with("ENGINE__WORKERS", "3").with("BROWSER__CONTEXTS_PER_PROCESS", "3");
    for (name, again, code) in [("INT", false, 130), ("TERM", true, 143)] {
        let targets = ["@hanging_1@tiktok", "@few_1@tiktok", "@few_1@instagram"];
        let mut command = sentinel.command(&[&["crawl", "--out", "out"][..], &targets].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // Read all the while: a full pipe would hold it up.
        let mut stdout = child.stdout.take().unwrap();
        let printed = std::thread::spawn(move || std::io::read_to_string(&mut stdout).unwrap());
        let mut stderr = BufReader::new(child.stderr.take().unwrap()).lines();
        let done = |line: &String| line.contains("@few_1@") && line.contains(": ok");
        assert_eq!(stderr.by_ref().map_while(Result::ok).filter(done).take(2).count(), 2);
        let family = Family::of(child.id());
        assert!(family.renderers() > 0, "the first one hangs still: {family:?}");
        super::signal(child.id(), name);
        if again {
            super::signal(child.id(), name);
        }
        let said: Vec<String> = stderr.map_while(Result::ok).collect();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{said:?}");
        family.assert_gone();
        if again {
            continue;
        }
        // The slow one was the first: those after it are printed all the same, in their order.
        let documents = printed.join().unwrap();
        let documents: Vec<Document> = documents.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let platforms: Vec<&str> = documents.iter().map(|document| document.platform.as_str()).collect();
        assert_eq!(platforms, ["tiktok", "instagram"]);
        let unfinished: Vec<&String> = said.iter().filter(|line| line.contains("interrupted before")).collect();
        assert!(unfinished.len() == 1 && unfinished[0].starts_with("@hanging_1@tiktok"), "{said:?}");
        assert_eq!(sentinel.profiles(), Vec::<std::path::PathBuf>::new());
        assert!(sentinel.folder().join("out/instagram/few_1/document.json").is_file());
    }
}
