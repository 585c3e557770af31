//! What `sentinel crawl` says to a person when a site refuses: what happened, what it saw, what can be done.

use social_sentinel::replica::{Mode, Site};
use tokio::process::Command;

use super::{page_loads, stage};

/// What it says on stderr, what it prints, and its exit code.
async fn crawl(base: &str, more: &[(&str, &str)], targets: &[String]) -> (String, String, i32) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sentinel"));
    command.arg("crawl").args(targets).current_dir(folder.path()).kill_on_drop(true);
    command.env("SENTINEL__PLATFORM__TIKTOK__BASE_URL", base).env("SENTINEL__PLATFORM__INSTAGRAM__BASE_URL", base);
    command.envs(more.iter().copied());
    let output = command.output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stderr), text(&output.stdout), output.status.code().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_profile_gets_one_sentence_with_what_happened_what_was_seen_and_what_to_do() {
    let stage = stage(101).await;
    for (target, happened, seen, to_do) in [
        ("@walled_1@instagram", "login_wall", "/accounts/login/", "give your own session"),
        ("@captcha_1@tiktok", "captcha", "HTTP 200", "let it rest"),
        ("@checkpoint_1@instagram", "checkpoint", "/challenge/", "open it in your own browser"),
        ("@throttled_1@tiktok", "rate_limited", "HTTP 429", "wait"),
        ("@region_1@tiktok", "region_blocked", "HTTP 451", "another machine"),
        ("@empty_1@tiktok", "blocked", "HTTP 200", "let it rest"),
    ] {
        let (said, _, code) = crawl(stage.replica.base_url(), &[], &[target.to_owned()]).await;
        let name = target.rsplit_once('@').unwrap().0;
        let sentences: Vec<&str> = said.lines().filter(|line| line.contains(name) && line.contains("; ")).collect();
        assert_eq!(sentences.len(), 1, "{target}: {said}");
        for part in [happened, seen, to_do] {
            assert!(sentences[0].contains(part), "{target}: {part:?} is not in {:?}", sentences[0]);
        }
        assert_eq!(code, 5, "{target}");
        eprintln!("{}", sentences[0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_breaker_opens_the_other_targets_are_not_asked_for_and_it_is_said() {
    let stage = stage(102).await;
    stage.replica.control().set_mode(Site::TikTok, Mode::Throttle { retry_after_s: 600 });
    let targets: Vec<String> = (0..8).map(|n| format!("@few_{n}@tiktok")).collect();
    let (said, printed, code) = crawl(stage.replica.base_url(), &[("SENTINEL__ENGINE__WORKERS", "2")], &targets).await;
    let loads = page_loads(&stage.replica, Site::TikTok).len();
    assert!(loads <= 2, "{loads} page loads: {said}");
    let waiting: Vec<&str> = said.lines().filter(|line| line.contains("was not visited")).collect();
    assert_eq!(waiting.len(), targets.len() - loads, "{said}");
    for line in waiting {
        assert!(line.contains("said slow down") && line.contains("crawl it again in") && line.contains(" s"), "{line}");
        assert!(!line.contains("our failure"), "{line}");
    }
    assert_eq!(printed.lines().count(), targets.len(), "each target has its document");
    let unvisited = printed.lines().filter(|line| line.contains("\"not_visited\"")).count();
    assert_eq!((unvisited, code), (targets.len() - loads, 5), "{printed}");
    eprintln!("{}", said.lines().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"));
}
