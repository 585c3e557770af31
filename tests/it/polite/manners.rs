//! How we come: robots.txt, the operator's session, and the way out.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use social_sentinel::clock::Clock;
use social_sentinel::config::Config;
use social_sentinel::engine::{CrawlError, CrawlOptions, Engine};
use social_sentinel::gate::robots::RobotsPolicy;
use social_sentinel::model::document::Outcome;
use social_sentinel::model::job::Target;
use social_sentinel::replica::{Mode, Site};
use tokio::net::{TcpListener, TcpStream};

use super::{page_loads, stage};

/// A site of nothing but a robots.txt, and a book of (path, cookies, time).
#[derive(Clone)]
struct Bare {
    robots: (StatusCode, &'static str),
    book: Arc<Mutex<Vec<(String, String, DateTime<Utc>)>>>,
}

impl Bare {
    async fn start(status: StatusCode, robots: &'static str) -> (Self, String) {
        let bare = Self { robots: (status, robots), book: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(Self::answer).with_state(bare.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (bare, base)
    }

    async fn answer(State(bare): State<Self>, request: Request) -> (StatusCode, &'static str) {
        let path = request.uri().path().to_owned();
        let cookies = request.headers().get("cookie").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let answer = if path == "/robots.txt" { bare.robots } else { (StatusCode::NOT_FOUND, "<p>nobody") };
        bare.book.lock().unwrap().push((path, cookies.to_owned(), Clock::system().now()));
        answer
    }

    fn asked(&self, path: &str) -> usize {
        self.book.lock().unwrap().iter().filter(|(asked, ..)| asked == path).count()
    }
}

/// An engine that takes this address for both sites.
async fn engine(base: &str, change: impl FnOnce(&mut Config)) -> Engine {
    let mut config = stage(99).await.config;
    for section in config.platform.values_mut() {
        section.base_url = base.parse().unwrap();
    }
    change(&mut config);
    Engine::start(config).await.unwrap()
}

fn target(handle: &str) -> Target {
    Target { platform: Site::TikTok.platform(), handle: handle.parse().unwrap() }
}

async fn crawl(engine: &Engine, handle: &str) -> Result<Outcome, CrawlError> {
    engine.crawl(&target(handle), &CrawlOptions::default()).await.map(|crawled| crawled.document.outcome)
}

const NOT_HERE: &str = "User-agent: *\nDisallow: /@\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn robots_txt_is_read_once_and_a_disallowed_page_is_not_asked_for_where_it_is_honoured() {
    let (bare, base) = Bare::start(StatusCode::OK, NOT_HERE).await;
    let engine = engine(&base, |config| config.gate.robots = RobotsPolicy::Honour).await;
    for handle in ["one", "two"] {
        let error = crawl(&engine, handle).await.unwrap_err();
        assert!(matches!(error, CrawlError::RobotsDisallow { .. }), "{error}");
        assert!(error.to_string().contains("Disallow: /@") && error.to_string().contains("gate.robots"), "{error}");
    }
    engine.shutdown().await;
    assert_eq!((bare.asked("/robots.txt"), bare.asked("/@one"), bare.asked("/@two")), (1, 0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pause_that_robots_txt_asks_for_lies_between_two_page_loads() {
    let (bare, base) = Bare::start(StatusCode::OK, "User-agent: *\nCrawl-delay: 2\n").await;
    let engine = engine(&base, |config| config.gate.robots = RobotsPolicy::Honour).await;
    for handle in ["one", "two", "three"] {
        crawl(&engine, handle).await.unwrap();
    }
    engine.shutdown().await;
    let book = bare.book.lock().unwrap();
    let times: Vec<_> = book.iter().filter(|(path, ..)| path.starts_with("/@")).map(|(.., at)| *at).collect();
    let pauses: Vec<_> = times.windows(2).map(|pair| (pair[1] - pair[0]).num_milliseconds()).collect();
    // The first crawl was let in before the file was known. A page is asked for a moment after it is allowed.
    assert!(pauses.len() == 2 && pauses[1] >= 1_900, "{pauses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn by_default_robots_txt_is_read_and_the_page_visited_and_ignored_it_is_not_read() {
    for (policy, read) in [(RobotsPolicy::Warn, 1), (RobotsPolicy::Ignore, 0)] {
        let (bare, base) = Bare::start(StatusCode::OK, NOT_HERE).await;
        let engine = engine(&base, |config| {
            assert_eq!(config.gate.robots, RobotsPolicy::Warn, "the default");
            config.gate.robots = policy;
        });
        let engine = engine.await;
        let (one, two) = (target("one"), target("two"));
        let options = CrawlOptions::default();
        let (first, second) = tokio::join!(engine.crawl(&one, &options), engine.crawl(&two, &options));
        assert!(first.is_ok() && second.is_ok());
        engine.shutdown().await;
        assert_eq!((bare.asked("/robots.txt"), bare.asked("/@one"), bare.asked("/@two")), (read, 1, 1), "{policy:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_robots_txt_that_cannot_be_read_allows_nothing_and_one_that_is_not_there_everything() {
    let (bare, base) = Bare::start(StatusCode::SERVICE_UNAVAILABLE, "").await;
    let honour = |config: &mut Config| {
        config.gate.robots = RobotsPolicy::Honour;
        config.engine.retry.retries = 0;
    };
    let unread = engine(&base, honour).await;
    let error = crawl(&unread, "one").await.unwrap_err();
    assert!(matches!(error, CrawlError::RobotsUnread { .. }), "{error}");
    unread.shutdown().await;
    assert_eq!(bare.asked("/@one"), 0);
    let (bare, base) = Bare::start(StatusCode::NOT_FOUND, "").await;
    let none = engine(&base, honour).await;
    assert!(crawl(&none, "one").await.is_ok());
    none.shutdown().await;
    assert_eq!(bare.asked("/@one"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operators_session_comes_with_every_crawl_of_its_platform_and_of_no_other() {
    let (bare, base) = Bare::start(StatusCode::NOT_FOUND, "").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    let state = r#"{"cookies": [{"name": "sid", "value": "ours", "domain": "127.0.0.1"}], "origins": []}"#;
    std::fs::write(&file, state).unwrap();
    let engine = engine(&base, |config| {
        config.platform.get_mut("tiktok").unwrap().storage_state_file = file.to_string_lossy().into_owned();
    });
    let engine = engine.await;
    crawl(&engine, "one").await.unwrap();
    let other = Target { platform: Site::Instagram.platform(), handle: "two".parse().unwrap() };
    engine.crawl(&other, &CrawlOptions::default()).await.unwrap();
    engine.shutdown().await;
    let book = bare.book.lock().unwrap().clone();
    let cookies = |path: &str| book.iter().find(|(asked, ..)| asked == path).map(|(_, cookies, _)| cookies.clone());
    assert_eq!(cookies("/@one").as_deref(), Some("sid=ours"));
    assert_eq!(cookies("/two/").as_deref(), Some(""));
}

/// A proxy that takes everything to one place and counts its connections.
async fn proxy(to: &str) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (count, to) = (Arc::new(Mutex::new(0)), to.trim_start_matches("http://").to_owned());
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut here, _)) = listener.accept().await {
            *counted.lock().unwrap() += 1;
            let to = to.clone();
            tokio::spawn(async move {
                let mut there = TcpStream::connect(to).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut here, &mut there).await;
            });
        }
    });
    (address, count)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_never_changes_the_proxy_and_its_own_failure_does() {
    let mut stage = stage(100).await;
    let ((first, used), (second, spare)) =
        (proxy(stage.replica.base_url()).await, proxy(stage.replica.base_url()).await);
    let with = |stage: &mut super::Stage, list: String| {
        stage.config.platform.get_mut("tiktok").unwrap().proxy = SecretString::from(list);
        stage.config.engine.retry.retries = 1;
    };
    with(&mut stage, format!("{first}, {second}"));
    let engine = Engine::start(stage.config.clone()).await.unwrap();
    assert_eq!(crawl(&engine, "few_1").await.unwrap(), Outcome::Ok);
    for (mode, outcome) in [
        (Mode::LoginWall, Outcome::LoginWall),
        (Mode::Captcha, Outcome::Captcha),
        (Mode::Throttle { retry_after_s: 1 }, Outcome::RateLimited),
    ] {
        stage.replica.control().set_mode(Site::TikTok, mode);
        assert_eq!(crawl(&engine, "few_2").await.unwrap(), outcome);
    }
    stage.replica.control().set_mode(Site::TikTok, Mode::Normal);
    assert_eq!(crawl(&engine, "few_3").await.unwrap(), Outcome::Ok);
    engine.shutdown().await;
    assert!(*used.lock().unwrap() > 0);
    assert_eq!(*spare.lock().unwrap(), 0, "the second proxy was used after a refusal");

    // Nobody listens at the first of these.
    with(&mut stage, format!("http://anna:secret@127.0.0.1:9, {second}"));
    let engine = Engine::start(stage.config.clone()).await.unwrap();
    assert_eq!(crawl(&engine, "few_4").await.unwrap(), Outcome::Ok, "the retry goes by the second");
    engine.shutdown().await;
    assert!(*spare.lock().unwrap() > 0);

    with(&mut stage, "http://anna:secret@127.0.0.1:9".to_owned());
    let loads = page_loads(&stage.replica, Site::TikTok).len();
    let engine = Engine::start(stage.config.clone()).await.unwrap();
    let error = crawl(&engine, "few_5").await.unwrap_err().to_string();
    engine.shutdown().await;
    assert!(error.contains("the proxy http://127.0.0.1:9 failed") && !error.contains("secret"), "{error}");
    assert_eq!(page_loads(&stage.replica, Site::TikTok).len(), loads, "nothing went around the dead proxy");
}
