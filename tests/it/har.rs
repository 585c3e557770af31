//! Archives: record, read, write, and answer from them with no network.

use social_sentinel::browser::har::{Har, Recorder, to_capture_pages};
use social_sentinel::browser::{Browser, BrowserError, SessionSpec};
use social_sentinel::model::job::Frame;
use social_sentinel::model::visit::{Ready, Visit};

use crate::support::pages::{Site, browser, config};

#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_session_replays_offline_as_the_same_page() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let recorder = Recorder::new();
    let spec = SessionSpec { record_to: Some(recorder.clone()), ..SessionSpec::default() };
    let session = browser.session(&spec).await.unwrap();
    let visit = site.paging_visit(20);
    let live = session.visit(&visit).await.unwrap().page;
    session.visit(&site.visit("/redirect")).await.unwrap();
    session.close().await;

    let folder = tempfile::tempdir().unwrap();
    for name in ["a.har", "a.har.zip"] {
        recorder.har().write(&folder.path().join(name)).unwrap();
        let har = Har::read(&folder.path().join(name)).unwrap();
        assert_eq!(har.entries().len(), recorder.har().entries().len());
        assert!(har.started_at().is_some());
        let before = site.asked();
        let spec = SessionSpec { answer_from: Some(har.clone().into()), ..SessionSpec::default() };
        let session = browser.session(&spec).await.unwrap();
        let again = session.visit(&visit).await.unwrap().page;
        assert_eq!(again.status, live.status);
        assert_eq!(again.html, live.html);
        let bodies = |page: &social_sentinel::model::capture::CapturedPage| {
            page.responses.iter().map(|r| r.body.clone()).collect::<Vec<_>>()
        };
        assert_eq!(bodies(&again), bodies(&live));
        let landed = session.visit(&site.visit("/redirect")).await.unwrap().page;
        assert_eq!((landed.final_url, landed.redirects.len()), (site.url("/login"), 2));
        let missing = session.visit(&site.visit("/not-recorded")).await.unwrap_err();
        assert!(matches!(missing, BrowserError::NotRecorded { .. }), "{missing}");
        assert_eq!(site.asked(), before, "nothing reached the network");

        let pages = to_capture_pages(&har);
        assert_eq!(pages.len(), 2);
        assert_eq!((pages[1].final_url.clone(), pages[1].redirects.len()), (site.url("/login"), 2));
        let replayed = Browser::replaying_har(&har)
            .session(&SessionSpec::default())
            .await
            .unwrap()
            .visit(&visit)
            .await
            .unwrap()
            .page;
        assert_eq!(bodies(&replayed), bodies(&live));
    }
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_written_archive_holds_no_cookie() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let recorder = Recorder::new();
    let session =
        browser.session(&SessionSpec { record_to: Some(recorder.clone()), ..SessionSpec::default() }).await.unwrap();
    session.visit(&site.visit("/store")).await.unwrap();
    session.visit(&Visit { ..site.visit("/calls/echo") }).await.unwrap();
    let json = recorder.har().to_json().unwrap();
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    for entry in parsed["log"]["entries"].as_array().unwrap() {
        for side in ["request", "response"] {
            for header in entry[side]["headers"].as_array().unwrap() {
                let secret = matches!(header["name"].as_str().unwrap(), "cookie" | "set-cookie" | "authorization");
                assert!(!secret || header["value"] == "[redacted]", "{header}");
            }
            assert_eq!(entry[side]["cookies"].as_array().unwrap().len(), 0);
        }
    }
    browser.shutdown().await;
}

#[test]
fn bodies_beside_the_archive_are_read_and_none_outside_of_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("in")).unwrap();
    std::fs::write(folder.path().join("secret"), "no").unwrap();
    std::fs::write(folder.path().join("in/body.bin"), "body").unwrap();
    let archive = |file: &str| {
        let json = serde_json::json!({ "log": { "version": "1.2", "entries": [{
            "startedDateTime": "2026-01-02T03:04:05.006Z", "request": { "method": "get", "url": "https://a.test/#x" },
            "response": { "status": 200, "content": { "mimeType": "text/html", "_file": file } } }] } });
        let path = folder.path().join("in/a.har");
        std::fs::write(&path, json.to_string()).unwrap();
        Har::read(&path)
    };
    let har = archive("body.bin").unwrap();
    assert_eq!(
        (har.entries()[0].body.as_ref(), har.entries()[0].url.as_str()),
        (b"body".as_slice(), "https://a.test/")
    );
    for outside in ["../secret", "/etc/passwd", "", "absent.bin"] {
        assert!(archive(outside).is_err(), "{outside:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_another_site_answers_https_without_a_network() {
    let browser = browser(&config()).await;
    let json = serde_json::json!({ "log": { "version": "1.2", "entries": [
        { "startedDateTime": "2026-01-02T03:04:05Z", "request": { "method": "GET", "url": "https://www.tiktok.com/@nasa" },
          "response": { "status": 200, "headers": [{ "name": "Content-Encoding", "value": "br" }, { "name": "content-type", "value": "text/html; charset=utf-8" }],
            "content": { "mimeType": "text/html", "text": "<!doctype html><h1>é</h1><img src='https://cdn.test/a.png'><script>
                fetch('https://api.test/api/x', { method: 'POST', body: 'two', headers: { 'x-y': '1' } }).then(r => r.text()).then(t => document.body.append(t))</script>" } } },
        { "request": { "method": "POST", "url": "https://api.test/api/x", "postData": { "mimeType": "text/plain", "text": "one" } },
          "response": { "status": 200, "content": { "mimeType": "application/json", "text": "wrong" } } },
        { "request": { "method": "POST", "url": "https://api.test/api/x", "postData": { "mimeType": "text/plain", "text": "two" } },
          "response": { "status": 200, "content": { "mimeType": "application/json", "text": "cmlnaHQ=", "encoding": "base64" } } },
    ] } });
    let har = Har::from_bytes(json.to_string().as_bytes()).unwrap();
    let session =
        browser.session(&SessionSpec { answer_from: Some(har.into()), ..SessionSpec::default() }).await.unwrap();
    let site = Site::start().await;
    let visit = Visit {
        url: "https://www.tiktok.com/@nasa".to_owned(),
        ready: vec![Ready::Response("/api/x".to_owned())],
        ..site.visit("/")
    };
    let page = session.visit(&visit).await.unwrap().page;
    assert_eq!(page.responses.last().map(|r| r.body.as_str()), Some("right"));
    assert!(page.html.contains("é"), "{}", page.html);
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_capture_is_rendered_with_the_network_cut() {
    let capture = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/corpus/tiktok/profile-html/2025-12_illojuan_profile_rendered.html"
    );
    let Ok(html) = std::fs::read_to_string(capture) else { return };
    let url = "https://www.tiktok.com/@illojuan";
    let json = serde_json::json!({ "log": { "version": "1.2", "entries": [{
        "startedDateTime": "2025-12-01T00:00:00Z", "request": { "method": "GET", "url": url },
        "response": { "status": 200, "content": { "mimeType": "text/html; charset=utf-8", "text": html } } }] } });
    let har = Har::from_bytes(json.to_string().as_bytes()).unwrap();
    let browser = browser(&config()).await;
    let session =
        browser.session(&SessionSpec { answer_from: Some(har.into()), ..SessionSpec::default() }).await.unwrap();
    let site = Site::start().await;
    let visit = Visit {
        url: url.to_owned(),
        ready: vec![Ready::Element("[data-e2e=\"user-post-item\"]".to_owned())],
        picture: Some(Frame::Viewport),
        ..site.visit("/")
    };
    let visited = session.visit(&visit).await.unwrap();
    assert_eq!(visited.page.html.matches("data-e2e=\"user-post-item\"").count(), 18);
    assert!(visited.page.html.contains("783427"));
    assert!(visited.picture.unwrap().bytes.len() > 1000);
    browser.shutdown().await;
}
