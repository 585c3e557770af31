//! `sentinel crawl` and `extract --capture`: documents on stdout, words for people on stderr, one exit code.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use social_sentinel::model::document::{Document, Outcome, Precision, ShortReason};

use super::{Sentinel, complaints, corpus, replica};

/// An archive in which one page stands under one address.
fn archive(folder: &Path, url: &str, html: &str) -> String {
    let path = folder.join("page.har");
    let har = json!({ "log": { "version": "1.2", "creator": { "name": "test", "version": "1" }, "entries": [{
        "startedDateTime": "2025-12-20T10:00:00.000Z", "time": 1,
        "request": { "method": "GET", "url": url, "headers": [] },
        "response": { "status": 200, "headers": [{ "name": "content-type", "value": "text/html; charset=utf-8" }],
            "content": { "mimeType": "text/html", "size": html.len(), "text": html } } }] } });
    std::fs::write(&path, har.to_string()).unwrap();
    path.display().to_string()
}

/// Crawls a page of the corpus in real Chromium with the network cut.
fn offline(file: &str, url: &str) -> Option<(Sentinel, Document)> {
    let html = corpus(file)?;
    let sentinel = Sentinel::new();
    let har = archive(sentinel.folder(), url, &html);
    let run = sentinel.run(&["crawl", url, "--har", &har, "--out", "out"]).ended(0);
    let document = run.documents().remove(0);
    let shot = document.screenshot.clone().unwrap();
    let bytes = std::fs::metadata(sentinel.folder().join(&shot.file)).unwrap().len();
    assert!(bytes < 100_000 && bytes == shot.bytes, "{shot:?}");
    // The archive answers at once or never, so neither is waited for.
    let took = document.duration_ms.unwrap();
    println!("{file}: {took} ms, {bytes} bytes of picture");
    Some((sentinel, document))
}

#[test]
fn a_saved_tiktok_page_is_crawled_with_the_network_cut() {
    let file = "tiktok/profile-html/2025-12_illojuan_profile_rendered.html";
    let Some((sentinel, document)) = offline(file, "https://www.tiktok.com/@illojuan") else { return };
    let profile = document.profile.as_ref().unwrap();
    assert_eq!((profile.followers, profile.likes), (Some(783_427), Some(3_922_256)));
    assert_eq!(document.fields["profile.followers"].precision, Precision::Exact);
    assert_eq!((document.posts.len(), document.coverage.got), (18, 18));
    let illo = document.posts.iter().find(|post| post.id == "7571863205253778710").unwrap();
    assert_eq!(illo.views, Some(192_100));

    // The capture that was kept reads as the same document, without a browser.
    let capture = "out/tiktok/illojuan/capture.json.zst";
    let again = sentinel.run(&["extract", "--capture", capture]).ended(0).documents().remove(0);
    assert_eq!((again.profile, again.posts), (document.profile.clone(), document.posts.clone()));
    let kept = std::fs::read(sentinel.folder().join("out/tiktok/illojuan/document.json")).unwrap();
    assert_eq!(serde_json::from_slice::<Document>(&kept).unwrap(), document);
}

#[test]
fn saved_instagram_pages_are_crawled_with_the_network_cut() {
    let file = "instagram/xig-page-derived/2026-10_google_xig_profile_with_timeline.html";
    if let Some((_, document)) = offline(file, "https://www.instagram.com/google/") {
        let profile = document.profile.unwrap();
        assert_eq!(
            (profile.followers, profile.following, profile.posts_count),
            (Some(15_689_074), Some(45), Some(3256))
        );
        assert_eq!(document.posts.len(), 12);
        assert!(document.posts.iter().any(|post| post.code.as_deref() == Some("DF8jWurTX3I")));
    }
}

/// A document without what differs between two crawls of one page.
fn lasting(document: &Document) -> Value {
    let mut value = serde_json::to_value(document).unwrap();
    for key in ["observed_at", "duration_ms", "screenshot"] {
        value.as_object_mut().unwrap().remove(key);
    }
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_crawl_replays_without_its_site() {
    for target in ["@sunny.kitchen@tiktok", "@few.frames@instagram"] {
        let site = replica(11).await;
        let sentinel = Sentinel::new().at(&site);
        let live = sentinel.run(&["crawl", target, "--record-har", "site.har.zip"]).ended(0).documents().remove(0);
        assert_eq!(complaints(&site, &live), Vec::<String>::new());
        drop(site);
        let replayed = sentinel.run(&["crawl", target, "--har", "site.har.zip"]).ended(0).documents().remove(0);
        assert_eq!(lasting(&replayed), lasting(&live), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_outcome_has_its_exit_code_and_a_sentence_for_people() {
    let site = replica(3).await;
    let sentinel = Sentinel::new().at(&site);
    for (target, code, outcome, words) in [
        ("@private_1@tiktok", 3, Outcome::Private, "only its followers see it"),
        ("@missing_1@instagram", 4, Outcome::NotFound, "no such profile"),
        ("@walled_1@instagram", 5, Outcome::LoginWall, "wants a login"),
        ("@broken_1@tiktok", 6, Outcome::Unavailable, "try again later"),
    ] {
        let run = sentinel.run(&["crawl", target]).ended(code).says(&[target, outcome.as_str(), words]);
        let documents = run.documents();
        assert_eq!(documents.len(), 1);
        assert_eq!(documents[0].outcome, outcome, "{target}");
        assert_eq!(complaints(&site, &documents[0]), Vec::<String>::new(), "{target}");
        let explained = run.stderr.lines().filter(|line| line.contains(words)).count();
        assert_eq!(explained, 1, "{}", run.stderr);
    }
    drop(site);
    let nobody = sentinel.with("ENGINE__RETRY__RETRIES", "0");
    let run = nobody.run(&["crawl", "@creator_1@tiktok"]).ended(1).says(&["@creator_1@tiktok", "failed"]);
    assert_eq!(run.documents()[0].outcome, Outcome::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_profiles_are_a_line_each_and_the_highest_code() {
    let site = replica(4).await;
    let sentinel = Sentinel::new().at(&site);
    let targets = ["@few_1@tiktok", "https://www.instagram.com/private_1/", "@captcha_1@tiktok", "@few_1@tiktok"];
    let run = sentinel.run(&[&["crawl", "--out", "out"][..], &targets].concat()).ended(5);
    let documents = run.documents();
    let outcomes: Vec<Outcome> = documents.iter().map(|document| document.outcome).collect();
    assert_eq!(outcomes, [Outcome::Ok, Outcome::Private, Outcome::Captcha], "in the order given, doubles once");
    assert_eq!(complaints(&site, &documents[0]), Vec::<String>::new());
    assert_eq!(documents[0].coverage.reason, Some(ShortReason::FewerExist));
    for (profile, picture) in [("tiktok/few_1", true), ("instagram/private_1", true), ("tiktok/captcha_1", true)] {
        let folder = sentinel.folder().join("out").join(profile);
        let names: Vec<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        assert!(
            names.contains(&"document.json".to_owned()) && names.contains(&"capture.json.zst".to_owned()),
            "{names:?}"
        );
        assert_eq!(names.iter().any(|name| name.starts_with("screenshot.")), picture, "{profile}: {names:?}");
        assert_eq!(names.len(), 3, "{names:?}");
    }

    let table = sentinel.run(&["crawl", "--table", "@few_1@tiktok"]).ended(0);
    let followers = documents[0].profile.as_ref().unwrap().followers.unwrap();
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    assert!(table.stdout.contains("followers") && table.stdout.contains("@few_1@tiktok"), "{}", table.stdout);
    assert!(digits(&table.stdout).contains(&followers.to_string()), "{}", table.stdout);
    assert!(serde_json::from_str::<Value>(table.stdout.lines().next().unwrap()).is_err());
    assert_eq!(sentinel.profiles(), Vec::<std::path::PathBuf>::new(), "no folder is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_kept_all_or_none_with_the_rights_that_the_umask_gives() {
    let site = replica(4).await;
    let sentinel = Sentinel::new().at(&site);
    let program = format!("umask 027; exec '{}' \"$@\"", env!("CARGO_BIN_EXE_sentinel"));
    let arguments = ["-c", &program, "sh", "crawl", "@few_1@tiktok", "--out", "out", "--record-har", "site.har"];
    let command = sentinel.command(&[]);
    let mut shell = std::process::Command::new("sh");
    shell.args(arguments).current_dir(sentinel.folder()).env_clear();
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(shell.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success());
    let folder = sentinel.folder().join("out/tiktok/few_1");
    let names = || {
        let entries = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap());
        entries.map(|entry| entry.file_name().into_string().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(names().len(), 3);
    let files = names().into_iter().map(|name| folder.join(name)).chain([sentinel.folder().join("site.har")]);
    for file in files {
        let mode = std::fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o640, "{}", file.display());
    }

    // The document cannot get its name: then the others have none either, and what is printed names no picture.
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir_all(folder.join("document.json/in the way")).unwrap();
    let run = sentinel.run(&["crawl", "@few_1@tiktok", "--out", "out"]).ended(1).says(&["not kept", "document.json"]);
    assert_eq!(names(), ["document.json"]);
    assert_eq!(run.documents()[0].screenshot, None);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let sentinel = Sentinel::new();
    let mut child = sentinel.command(&["schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}
