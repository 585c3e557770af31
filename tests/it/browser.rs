//! The browser room against real Chromium and a loopback site of awkward pages.
#![expect(clippy::unwrap_used, reason = "a test stops where its setup fails")]

use std::path::Path;
use std::time::Duration;

use social_sentinel::browser::{
    Answer, Blocking, BrowserError, Follow, PagingEnd, PictureFormat, Proxy, Readiness, Route, SessionSpec,
    StorageState,
};
use social_sentinel::model::fault::Fault;
use social_sentinel::model::job::Frame;
use social_sentinel::model::visit::{Ready, Visit};

use crate::support::pages::{Site, browser, config};

/// Folders of browsers beneath `parent`.
fn folders(parent: &Path) -> Vec<String> {
    let names =
        std::fs::read_dir(parent).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.collect()
}

/// Processes of a group that still live.
fn alive(group: u32) -> usize {
    let stats = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (_, rest) = stat.rsplit_once(')')?;
        let words: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
        (words.get(2)?.parse() == Ok(group) && words[0] != "Z").then_some(())
    });
    stats.count()
}

#[tokio::test(flavor = "multi_thread")]
async fn redirects_status_and_headers_of_the_document_are_told() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    let page = session.visit(&site.visit("/redirect")).await.unwrap().page;
    assert_eq!(page.redirects, [site.url("/redirect"), site.url("/redirect2")]);
    assert_eq!((page.final_url, page.status), (site.url("/login"), Some(200)));
    assert!(page.html.contains("<p>log in"));

    let page = session.visit(&site.visit("/script-redirect")).await.unwrap().page;
    assert_eq!((page.final_url.clone(), page.redirects), (site.url("/login"), vec![site.url("/script-redirect")]));

    let page = session.visit(&site.visit("/refused/429")).await.unwrap().page;
    assert_eq!((page.status, page.html.as_str()), (Some(429), ""));
    assert!(page.headers.contains(&("retry-after".to_owned(), "7".to_owned())), "{:?}", page.headers);

    let page = session.visit(&site.visit("/empty")).await.unwrap().page;
    assert_eq!((page.status, page.html.as_str()), (Some(200), ""), "an empty document is kept empty");
    session.close().await;
    assert_eq!(browser.counters().contexts, 0);
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_200_and_refusals_of_scripts_are_kept_as_evidence() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    for (path, status) in
        [("/calls/empty", 200), ("/calls/refused-401", 401), ("/calls/refused-403", 403), ("/calls/refused-429", 429)]
    {
        let session = browser.session(&SessionSpec::default()).await.unwrap();
        let visit = Visit { ready: vec![Ready::Response("/api/".to_owned())], ..site.visit(path) };
        let visited = session.visit(&visit).await.unwrap();
        assert_eq!(visited.readiness, Readiness::Seen(visit.ready[0].clone()));
        let [kept] = visited.page.responses.as_slice() else { panic!("{:?}", visited.page.responses) };
        assert_eq!((kept.status, kept.body.as_str()), (status, ""), "{path}");
        assert_eq!(kept.headers.iter().any(|(name, _)| name == "retry-after"), status != 200);
    }
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_paged_until_enough_or_over() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    for (want, end, pages) in [(30, PagingEnd::Enough, 4), (10, PagingEnd::Enough, 1), (500, PagingEnd::ListEnded, 7)] {
        let session = browser.session(&SessionSpec::default()).await.unwrap();
        let visited = session.visit(&site.paging_visit(want)).await.unwrap();
        assert_eq!(visited.paging, Some(end), "{want}");
        assert!(visited.page.responses.len() >= pages, "{want}: {}", visited.page.responses.len());
        assert!(
            visited.page.responses.len() <= pages + 1,
            "it stops when it has enough: {}",
            visited.page.responses.len()
        );
    }
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn patience_ends_a_wait_for_what_never_comes() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    let never = vec![Ready::Response("/api/never".to_owned()), Ready::Element("#never".to_owned())];
    let visit = Visit { ready: never.clone(), patience: Duration::from_millis(300), ..site.visit("/") };
    assert_eq!(session.visit(&visit).await.unwrap().readiness, Readiness::PatienceOver);
    let visit = Visit { ready: vec![never[0].clone(), Ready::Element("h1".to_owned())], ..site.visit("/") };
    assert_eq!(session.visit(&visit).await.unwrap().readiness, Readiness::Seen(visit.ready[1].clone()));
    // An image that never comes does not hold up a page whose data is there.
    let visit = Visit { ready: vec![Ready::Response("/api/echo".to_owned())], ..site.visit("/hanging-image") };
    assert_eq!(session.visit(&visit).await.unwrap().readiness, Readiness::Seen(visit.ready[0].clone()));
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_pages_end_with_prompt_typed_errors_and_the_browser_goes_on() {
    let mut config = config();
    config.navigation_timeout_ms = 2500;
    config.max_response_bytes = 1_000_000;
    let (site, browser) = (Site::start().await, browser(&config).await);
    for path in ["/loop", "/hang", "/half", "/download", "/huge"] {
        let session = browser.session(&SessionSpec::default()).await.unwrap();
        let visit = Visit { ready: vec![Ready::Response("/api/".to_owned())], ..site.visit(path) };
        let error = session.visit(&visit).await.unwrap_err();
        assert_eq!(error.fault(), Fault::Transient);
        match path {
            "/download" => assert!(matches!(error, BrowserError::Navigation { .. }), "{error}"),
            "/huge" => assert!(matches!(error, BrowserError::TooBig { .. }), "{error}"),
            _ => assert!(matches!(error, BrowserError::Timeout { .. }), "{path}: {error}"),
        }
        assert!(session.is_over());
        assert!(matches!(session.visit(&visit).await, Err(BrowserError::SessionOver)));
    }
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    let refused = session.visit(&Visit { url: "http://127.0.0.1:9/".to_owned(), ..site.visit("/") }).await.unwrap_err();
    assert!(refused.to_string().contains("net::ERR_"), "{refused}");
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    assert!(session.visit(&site.visit("/")).await.unwrap().page.html.contains("hello"));
    session.close().await;
    assert_eq!(browser.counters().contexts, 0);
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dialogs_are_declined_and_popups_closed() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    let visit = Visit { ready: vec![Ready::Element("#after".to_owned())], ..site.visit("/alert") };
    assert!(matches!(session.visit(&visit).await.unwrap().readiness, Readiness::Seen(_)));
    let page = session.visit(&site.visit("/popup")).await.unwrap().page;
    assert!(page.html.contains("opener"));
    session.close().await;
    assert_eq!(browser.counters().contexts, 0);
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn data_that_moved_to_an_unknown_address_is_kept_and_that_of_others_is_not() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    let visit = Visit { url: site.url("/moved/ada"), patience: Duration::from_millis(500), ..site.paging_visit(30) };
    let visited = session.visit(&visit).await.unwrap();
    let kept: Vec<&str> = visited.page.responses.iter().map(|response| response.url.as_str()).collect();
    assert_eq!(kept, [site.url("/v2/feed/ada")]);
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crashed_renderer_is_told_and_the_next_session_works() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    session.visit(&site.visit("/")).await.unwrap();
    let visit = Visit {
        ready: vec![Ready::Response("/api/never".to_owned())],
        patience: Duration::from_secs(60),
        ..site.visit("/list")
    };
    let waiting = session.visit(&visit);
    let kill = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        kill_renderers(browser.pids()[0]);
        std::future::pending::<()>().await;
    };
    let ended = tokio::select! { ended = waiting => ended, () = kill => unreachable!() };
    let error = ended.unwrap_err();
    assert!(matches!(error, BrowserError::Crashed { .. }), "{error}");
    assert_eq!(browser.counters().pages_crashed, 1);
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    assert!(session.visit(&site.visit("/")).await.is_ok());
    browser.shutdown().await;
}

/// The renderers of a browser.
fn renderers(group: u32) -> Vec<u32> {
    let pids = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let of: u32 = stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()?;
        let command = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        (of == group && command.contains("--type=renderer"))
            .then(|| entry.file_name().to_string_lossy().parse().unwrap())
    });
    pids.collect()
}

/// Kills the renderers of a browser as the system's memory killer would.
fn kill_renderers(group: u32) {
    for pid in renderers(group) {
        std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_browser_fails_its_visits_at_once_and_is_replaced() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    let pid = browser.pids()[0];
    let visit = Visit {
        ready: vec![Ready::Response("/api/never".to_owned())],
        patience: Duration::from_secs(60),
        ..site.visit("/")
    };
    let waiting = session.visit(&visit);
    let kill = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap();
        std::future::pending::<()>().await;
    };
    let error = tokio::select! { ended = waiting => ended.unwrap_err(), () = kill => unreachable!() };
    assert!(matches!(error, BrowserError::Gone { .. }), "{error}");
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    assert!(session.visit(&site.visit("/")).await.is_ok());
    assert_eq!(browser.counters().crashes, 1);
    assert_ne!(browser.pids(), [pid]);
    browser.shutdown().await;
    assert_eq!(alive(pid), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_after_shutdown_and_stale_folders_are_swept() {
    let folder = tempfile::tempdir().unwrap();
    let stale = folder.path().join("sentinel-chromium-1-0");
    std::fs::create_dir_all(stale.join("Default")).unwrap();
    let foreign = folder.path().join("something-else");
    std::fs::create_dir(&foreign).unwrap();
    let mut config = config();
    config.profile_folder = folder.path().display().to_string();
    config.processes = 2;
    let (site, first) = (Site::start().await, browser(&config).await);
    assert!(!stale.exists() && foreign.exists(), "only our own orphans are swept");
    let second = browser(&config).await;
    let session = first.session(&SessionSpec::default()).await.unwrap();
    assert!(session.visit(&site.visit("/")).await.is_ok(), "a neighbour's folder is not swept");
    let pids: Vec<u32> = first.pids().into_iter().chain(second.pids()).collect();
    assert!(pids.len() >= 2);
    tokio::join!(first.shutdown(), second.shutdown());
    assert!(matches!(first.session(&SessionSpec::default()).await, Err(BrowserError::ShutDown)));
    assert!(session.visit(&site.visit("/")).await.is_err());
    assert_eq!(folders(folder.path()), ["something-else"]);
    assert_eq!(pids.into_iter().map(alive).sum::<usize>(), 0);
    assert_eq!(first.counters().browsers, 0);
}

/// How the kernel schedules a process: the 41st value of its `stat`.
fn scheduling(pid: u32) -> u32 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit_once(')').unwrap().1.split_whitespace().nth(38).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_and_its_renderers_do_not_push_each_other_aside() {
    const SCHED_BATCH: u32 = 3;
    // A container may forbid it; then all is as it was.
    let may = std::process::Command::new("chrt").args(["--batch", "0", "true"]).status().unwrap().success();
    let ours = scheduling(std::process::id());
    let expected = if may { SCHED_BATCH } else { ours };
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    session.visit(&site.visit("/")).await.unwrap();
    let pids = renderers(browser.pids()[0]);
    assert!(!pids.is_empty());
    for pid in pids.into_iter().chain(browser.pids()) {
        assert_eq!(scheduling(pid), expected, "{pid}");
    }
    assert_eq!(scheduling(std::process::id()), ours, "our own threads stay as they are");
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worn_browser_is_replaced_without_a_pause() {
    let mut config = config();
    config.recycle_after_contexts = 3;
    let (site, browser) = (Site::start().await, browser(&config).await);
    let old = browser.pids()[0];
    for _ in 0..8 {
        let session = browser.session(&SessionSpec::default()).await.unwrap();
        assert!(session.visit(&site.visit("/")).await.is_ok());
        session.close().await;
    }
    tokio::time::timeout(Duration::from_secs(20), async {
        while browser.counters().recycled == 0 || alive(old) > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    assert!(session.visit(&site.visit("/")).await.is_ok());
    assert_eq!(browser.counters().crashes, 0);
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_shows_the_images_that_came_late() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    // A long page is taken at half its size.
    for (frame, format, width, height) in [
        (Frame::Viewport, PictureFormat::Png, 1280, 900),
        (Frame::FullPage, PictureFormat::Jpeg, 640, 1950),
        (Frame::Viewport, PictureFormat::Webp, 1280, 900),
    ] {
        let spec = SessionSpec { picture_format: Some(format), ..SessionSpec::default() };
        let session = browser.session(&spec).await.unwrap();
        let visited = session.visit(&Visit { picture: Some(frame), ..site.visit("/picture") }).await.unwrap();
        let image = image::load_from_memory(&visited.picture.unwrap().bytes).unwrap().to_rgb8();
        assert_eq!(image.dimensions(), (width, height));
        let pixel = image.get_pixel(width / 2, 450 * width / 1280);
        assert!(pixel[0] > 240 && pixel[1] < 20, "{format:?}: {pixel:?}");
    }
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_begins_with_its_storage_state_and_shares_none() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    session.visit(&site.visit("/store")).await.unwrap();
    let state = session.storage_state().await.unwrap();
    assert_eq!((state.cookies[0].name.as_str(), state.cookies[0].http_only), ("sid", true));
    assert_eq!(state.origins[0].local_storage[0].value, "v");

    let other = browser.session(&SessionSpec::default()).await.unwrap();
    other.visit(&site.visit("/")).await.unwrap();
    assert_eq!(other.storage_state().await.unwrap(), StorageState::default());

    let before = site.asked();
    let spec = SessionSpec { storage_state: Some(state.clone()), ..SessionSpec::default() };
    let resumed = browser.session(&spec).await.unwrap();
    assert_eq!(site.asked(), before, "restoring asks the site nothing");
    let visit = Visit { ready: vec![Ready::Response("/api/echo".to_owned())], ..site.visit("/calls/echo") };
    let page = resumed.visit(&visit).await.unwrap().page;
    assert!(page.responses[0].body.contains("sid=1"), "{}", page.responses[0].body);
    assert_eq!(resumed.storage_state().await.unwrap(), state);
    let empty = SessionSpec { storage_state: Some(StorageState::default()), ..SessionSpec::default() };
    browser.session(&empty).await.unwrap().visit(&site.visit("/")).await.unwrap();
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn language_time_zone_and_name_are_what_the_settings_say() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let context = browser.context(&SessionSpec::default()).await.unwrap();
    let echo = "fetch('/api/echo').then(r => r.json()).then(j => [j.headers['accept-language'], j.headers['user-agent'], \
                navigator.language, new Date(0).getHours(), (12.5).toLocaleString()])";
    context.goto(&site.url("/"), Duration::from_secs(10)).await.unwrap();
    let seen = context.evaluate(echo, Duration::from_secs(10)).await.unwrap();
    assert!(seen[0].as_str().unwrap().starts_with("en-US"), "{seen}");
    assert!(seen[1].as_str().unwrap().contains("Chrome/"), "{seen}");
    assert_eq!((seen[2].as_str(), seen[3].as_i64(), seen[4].as_str()), (Some("en-US"), Some(0), Some("12.5")));

    let spec = SessionSpec {
        locale: Some("de-DE".to_owned()),
        timezone: Some("Asia/Tokyo".to_owned()),
        ..SessionSpec::default()
    };
    let context = browser.context(&spec).await.unwrap();
    context.goto(&site.url("/"), Duration::from_secs(10)).await.unwrap();
    let seen = context.evaluate(echo, Duration::from_secs(10)).await.unwrap();
    assert!(seen[0].as_str().unwrap().starts_with("de-DE"), "{seen}");
    assert_eq!((seen[3].as_i64(), seen[4].as_str()), (Some(9), Some("12,5")), "{seen}");

    let spec = SessionSpec { timezone: Some("Mars/Olympus".to_owned()), ..SessionSpec::default() };
    assert!(matches!(browser.context(&spec).await, Err(BrowserError::Unusable { .. })));
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_page_of_a_session_is_already_as_it_wishes() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let cookie = r#"{"cookies":[{"name":"sid","value":"1","domain":"127.0.0.1"}]}"#;
    let spec = SessionSpec {
        locale: Some("de-DE".to_owned()),
        timezone: Some("Asia/Tokyo".to_owned()),
        storage_state: Some(StorageState::from_json(cookie).unwrap()),
        ..SessionSpec::default()
    };
    let session = browser.session(&spec).await.unwrap();
    let visit = Visit { ready: vec![Ready::Response("/api/echo".to_owned())], ..site.visit("/calls/echo") };
    let page = session.visit(&visit).await.unwrap().page;
    let call = &page.responses[0].body;
    assert!(call.contains("sid=1") && call.contains("de-DE"), "{call}");
    let seen = "[navigator.language, new Date(0).getHours(), innerWidth, innerHeight]";
    let seen = session.context().unwrap().evaluate(seen, Duration::from_secs(10)).await.unwrap();
    assert_eq!(seen, serde_json::json!(["de-DE", 9, 1280, 900]));

    let spec = SessionSpec { timezone: Some("Mars/Olympus".to_owned()), ..SessionSpec::default() };
    let visited = browser.session(&spec).await.unwrap().visit(&site.visit("/")).await;
    assert!(matches!(visited, Err(BrowserError::Unusable { .. })), "{visited:?}");
    session.close().await;
    assert_eq!(browser.counters().contexts, 0);
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_is_only_read_is_not_painted_until_somebody_looks() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    session.visit(&site.visit("/")).await.unwrap();
    let context = session.context().unwrap();
    let opacity = "getComputedStyle(document.documentElement).opacity";
    assert_eq!(context.evaluate(opacity, Duration::from_secs(10)).await.unwrap(), "0");
    context.screenshot(Frame::Viewport).await.unwrap();
    assert_eq!(context.evaluate(opacity, Duration::from_secs(10)).await.unwrap(), "1");
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_context_is_steered_step_by_step() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let context = browser.context(&SessionSpec::default()).await.unwrap();
    context
        .route("*/api/list?cursor=0", |request| {
            assert_eq!(request.method, "GET");
            Route::Fulfil(Answer::ok(
                "application/json",
                r#"{"itemList":[{"id":"ours"},{"id":"2"},{"id":"3"},{"id":"4"},{"id":"5"}],"hasMore":true,"cursor":8}"#,
            ))
        })
        .await
        .unwrap();
    let landing = context.goto(&site.url("/list"), Duration::from_secs(10)).await.unwrap();
    assert_eq!((landing.status, landing.empty), (Some(200), false));
    let list = context.wait_for_response("/api/list", Duration::from_secs(10)).await.unwrap();
    assert!(list.body.contains("ours"));
    assert!(
        context
            .scroll_until("document.querySelectorAll('.card').length >= 20", 30, Duration::from_secs(5))
            .await
            .unwrap()
    );
    assert!(!context.scroll_until("false", 2, Duration::from_secs(5)).await.unwrap());
    assert!(context.content().await.unwrap().starts_with("<!DOCTYPE html>"));
    assert!(!context.screenshot(Frame::Viewport).await.unwrap().bytes.is_empty());
    assert!(context.evaluate("nonsense(", Duration::from_secs(5)).await.is_err());
    assert!(matches!(
        context.goto("file:///etc/passwd", Duration::from_secs(5)).await,
        Err(BrowserError::Unusable { .. })
    ));
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_browser_and_a_dead_proxy_are_told_by_name() {
    let mut config = config();
    config.executable = "/nowhere/chromium".to_owned();
    let error =
        social_sentinel::browser::Browser::start(&config, social_sentinel::clock::Clock::system()).await.unwrap_err();
    assert!(matches!(error, BrowserError::NotInstalled { .. }));
    assert!(
        error.to_string().contains("/nowhere/chromium") && error.to_string().contains("apt-get install"),
        "{error}"
    );
    config.executable = "/bin/false".to_owned();
    let error =
        social_sentinel::browser::Browser::start(&config, social_sentinel::clock::Clock::system()).await.unwrap_err();
    assert!(matches!(error, BrowserError::Launch { .. }), "{error}");
    config.executable = "/bin/ls".to_owned();
    let error =
        social_sentinel::browser::Browser::start(&config, social_sentinel::clock::Clock::system()).await.unwrap_err();
    assert!(error.to_string().contains("unrecognized option"), "its own words: {error}");

    let browser = browser(&crate::support::pages::config()).await;
    let proxy = Proxy { server: "http://127.0.0.1:9".to_owned(), credentials: None, bypass: None };
    let session = browser.session(&SessionSpec { proxy: Some(proxy), ..SessionSpec::default() }).await.unwrap();
    let site = Site::start().await;
    let error = session.visit(&Visit { url: "http://site.test/".to_owned(), ..site.visit("/") }).await.unwrap_err();
    assert!(error.is_proxy(), "{error}");
    browser.shutdown().await;
}

/// A proxy that lets in `user:secret` alone and answers everything itself.
async fn proxy() -> std::net::SocketAddr {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 8192];
                while let Ok(read @ 1..) = stream.read(&mut head).await {
                    let text = String::from_utf8_lossy(&head[..read]).to_lowercase();
                    let answer = if text.contains("proxy-authorization: basic dxnlcjpzzwnyzxq=") {
                        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<p>by proxy</p>"
                    } else {
                        "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n"
                    };
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_gets_its_credentials_and_nobody_else_does() {
    let browser = browser(&config()).await;
    let server = format!("http://{}", proxy().await);
    let site = Site::start().await;
    let visit = Visit { url: "http://site.test/".to_owned(), ..site.visit("/") };
    let with = |password: &str| SessionSpec {
        proxy: Some(Proxy {
            server: server.clone(),
            credentials: Some(("user".to_owned(), password.into())),
            bypass: None,
        }),
        ..SessionSpec::default()
    };
    let session = browser.session(&with("secret")).await.unwrap();
    assert!(session.visit(&visit).await.unwrap().page.html.contains("by proxy"));
    let session = browser.session(&with("wrong")).await.unwrap();
    let error = session.visit(&visit).await.unwrap_err();
    assert!(error.is_proxy() && !error.to_string().contains("wrong"), "{error}");
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn further_pages_come_by_the_pages_own_fetch_and_by_scrolling_where_that_fails() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let follow = Follow {
        url: "/api/list".to_owned(),
        cursor: vec!["cursor".to_owned()],
        param: "cursor".to_owned(),
        form: None,
        drop: Vec::new(),
    };
    let spec = SessionSpec { follow: vec![follow], ..SessionSpec::default() };
    let session = browser.session(&spec).await.unwrap();
    let visited = session.visit(&site.paging_visit(30)).await.unwrap();
    assert_eq!(visited.paging, Some(PagingEnd::Enough));
    assert_eq!(visited.page.html.matches("class=\"card\"").count(), 10, "the page itself saw one list only");

    // A page whose list answers nothing to calls that its script did not make.
    let context = session.context().unwrap();
    context.route("*/api/list?cursor=8", |_| Route::Fulfil(Answer::ok("application/json", ""))).await.unwrap();
    let visited = session.visit(&site.paging_visit(30)).await.unwrap();
    let empty = visited.page.responses.iter().filter(|response| response.body.is_empty()).count();
    assert_eq!(
        (visited.paging, empty),
        (Some(PagingEnd::Refused), 1),
        "what the page itself got is kept, what we got is not"
    );
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn images_are_requested_when_and_where_a_picture_shows_them() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let asked = |picture, blocking| {
        let (site, browser) = (&site, &browser);
        async move {
            let before = site.asked();
            let session = browser.session(&SessionSpec { blocking, ..SessionSpec::default() }).await.unwrap();
            session.visit(&Visit { picture, ..site.visit("/images") }).await.unwrap();
            // One is the document.
            site.asked() - before - 1
        }
    };
    assert_eq!(asked(None, Blocking::Faithful).await, 0);
    assert_eq!(asked(Some(Frame::Viewport), Blocking::Lean).await, 0, "no image, and no placeholder either");
    assert_eq!(
        asked(Some(Frame::Viewport), Blocking::Faithful).await,
        1,
        "the window's image alone, and no placeholder"
    );
    assert_eq!(asked(Some(Frame::FullPage), Blocking::Faithful).await, 2);
    assert_eq!(asked(Some(Frame::Viewport), Blocking::None).await, 2);
    browser.shutdown().await;
}

/// Run by the next test in a process of its own, which is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the next test"]
async fn owner_that_will_be_killed() {
    let mut config = config();
    config.profile_folder = std::env::current_dir().unwrap().display().to_string();
    let browser = browser(&config).await;
    println!("BROWSER {}", browser.pids()[0]);
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_kill_of_ours_no_browser_lives_on_and_the_next_start_sweeps_its_folder() {
    use std::io::BufRead as _;
    let folder = tempfile::tempdir().unwrap();
    let mut owner = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "browser::owner_that_will_be_killed", "--nocapture"])
        .current_dir(folder.path())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = std::io::BufReader::new(owner.stdout.take().unwrap()).lines();
    let pid = lines
        .map_while(Result::ok)
        .find_map(|line| line.rsplit_once("BROWSER ")?.1.trim().parse::<u32>().ok())
        .unwrap();
    assert!(alive(pid) > 1);
    owner.kill().unwrap();
    owner.wait().unwrap();
    tokio::time::timeout(Duration::from_secs(10), async {
        while alive(pid) > 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(folders(folder.path()).len(), 2, "its folder and its lock are left");
    let mut config = config();
    config.profile_folder = folder.path().display().to_string();
    let browser = browser(&config).await;
    browser.shutdown().await;
    assert_eq!(folders(folder.path()), Vec::<String>::new());
}

/// A SOCKS5 proxy that lets in `user:secret` alone and answers everything itself.
async fn socks_proxy() -> std::net::SocketAddr {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                stream.read_exact(&mut bytes[..3]).await?;
                stream.write_all(&[5, 2]).await?;
                stream.read_exact(&mut bytes[..13]).await?;
                let known = &bytes[..13] == b"\x01\x04user\x06secret";
                stream.write_all(&[1, u8::from(!known)]).await?;
                let _ = stream.read(&mut bytes).await?;
                stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
                let _ = stream.read(&mut bytes).await?;
                let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 14\r\n\r\n<p>by socks</p>";
                stream.write_all(answer).await
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socks_proxy_gets_its_credentials_too() {
    let browser = browser(&config()).await;
    let server = format!("socks5://{}", socks_proxy().await);
    let site = Site::start().await;
    let visit = Visit { url: "http://site.test/".to_owned(), ..site.visit("/") };
    for (password, accepted) in [("secret", true), ("wrong!", false)] {
        let credentials = Some(("user".to_owned(), password.into()));
        let proxy = Proxy { server: server.clone(), credentials, bypass: None };
        let session = browser.session(&SessionSpec { proxy: Some(proxy), ..SessionSpec::default() }).await.unwrap();
        match session.visit(&visit).await {
            Ok(visited) => assert!(accepted && visited.page.html.contains("by socks")),
            Err(error) => assert!(!accepted && error.is_proxy(), "{error}"),
        }
    }
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_that_hangs_is_replaced_by_one_that_works() {
    let mut config = config();
    config.command_timeout_ms = 2000;
    let (site, browser) = (Site::start().await, browser(&config).await);
    let hung = browser.pids()[0];
    std::process::Command::new("kill").args(["-STOP", &hung.to_string()]).status().unwrap();
    let session = browser.session(&SessionSpec::default()).await.unwrap();
    assert!(session.visit(&site.visit("/")).await.is_ok());
    assert!(!browser.pids().contains(&hung) || browser.pids().len() > 1);
    browser.shutdown().await;
    assert_eq!(alive(hung), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_sessions_at_once_leave_nothing_open() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let crawl = |n: usize| {
        let (site, browser) = (&site, &browser);
        async move {
            let session = browser.session(&SessionSpec::default()).await.unwrap();
            let path = ["/", "/list", "/redirect", "/refused/403"][n % 4];
            let page = session.visit(&site.visit(path)).await.unwrap().page;
            assert_eq!(page.url, site.url(path));
            if n.is_multiple_of(2) {
                session.close().await;
            }
        }
    };
    futures::future::join_all((0..40).map(crawl)).await;
    let counters = browser.counters();
    assert_eq!((counters.contexts_opened, counters.contexts, counters.visits), (40, 0, 40));
    assert_eq!((counters.crashes, counters.messages_dropped), (0, 0));
    browser.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lasting_script_is_compiled_once_for_all_contexts_and_still_runs_in_each() {
    let (site, browser) = (Site::start().await, browser(&config()).await);
    let mut reused = Vec::new();
    // On a busy machine a form may come when its page has closed already: then the next page makes it.
    while reused.len() < 20 && reused.last().is_none_or(|last| *last < 3) {
        let session = browser.session(&SessionSpec::default()).await.unwrap();
        let page = session.visit(&site.visit("/scripts")).await.unwrap().page;
        assert!(page.html.contains("<p id=\"n\">2</p>"), "both scripts ran: {}", page.html);
        session.close().await;
        reused.push(browser.counters().scripts_reused);
    }
    assert_eq!(reused[..2], [0, 0], "seen, compiled");
    let given = reused.iter().position(|count| *count > 0).unwrap();
    assert_eq!(reused[given..], [1, 2, 3], "then given to each page; the one that may change never: {reused:?}");
    browser.shutdown().await;

    let none = self::browser(&social_sentinel::browser::Config { code_cache_bytes: 0, ..config() }).await;
    for _ in 0..3 {
        let session = none.session(&SessionSpec::default()).await.unwrap();
        session.visit(&site.visit("/scripts")).await.unwrap();
        session.close().await;
    }
    assert_eq!(none.counters().scripts_reused, 0);
    none.shutdown().await;
}
