//! Pages of the replica that nobody changed, both platforms, every ordinary kind of profile, each visited several times while its counts
//! drift and posts are added; and what the service's detector says of them, which should be nothing. As a visitor without a browser
//! sees them (the page and its data calls), and as real Chromium renders them.

use std::collections::BTreeMap;

use chrono::{DateTime, Duration, Utc};
use futures::StreamExt as _;
use serde_json::{Value, json};
use social_sentinel::clock::Clock;
use social_sentinel::config::{Config, Sources};
use social_sentinel::engine::drift::Detector;
use social_sentinel::engine::{CrawlOptions, Crawled, Engine, Spent};
use social_sentinel::extract::selectors::builtin;
use social_sentinel::model::capture::{Capture, CapturedPage, KeptResponse};
use social_sentinel::model::job::{PlatformId, Target};
use social_sentinel::model::visit::Purpose;
use social_sentinel::platform;
use social_sentinel::replica::{Replica, ReplicaOptions, Site};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// Kinds of profile, and how many of 42 are of it. Those from `missing` on show none, and must raise no alarm either.
const KINDS: [(&str, usize); 19] = [
    ("creator", 14),
    ("few", 3),
    ("star", 2),
    ("business", 3),
    ("polyglot", 2),
    ("hostile", 2),
    ("huge", 1),
    ("shared", 2),
    ("limited", 2),
    ("private", 2),
    ("missing", 1),
    ("walled", 1),
    ("captcha", 1),
    ("checkpoint", 1),
    ("region", 1),
    ("gated", 1),
    ("throttled", 1),
    ("empty", 1),
    ("broken", 1),
];
/// The days on which each profile is visited; more observations than a profile's own drift is told from.
const DAYS: [u64; 8] = [0, 1, 2, 3, 5, 8, 13, 21];
/// Posts that are asked for.
const POSTS: u16 = 30;
/// Crawls at once.
const AT_ONCE: usize = 4;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Pages that were judged, and those of them that showed a profile.
    pub(crate) pages: usize,
    pub(crate) shown: usize,
    /// Posts read in all.
    pub(crate) posts: usize,
    /// One line for each thing that was held back, flagged or told.
    pub(crate) alarms: Vec<String>,
    /// How many pages of each outcome.
    pub(crate) outcomes: BTreeMap<String, usize>,
}

impl Told {
    fn add(&mut self, detector: &mut Detector, mut crawled: Crawled, what: &str) {
        let id = crawled.document.platform.clone();
        let Some(site) = platform::get(&id) else { return };
        self.pages += 1;
        self.shown += usize::from(crawled.document.profile.is_some());
        self.posts += crawled.document.posts.len();
        *self.outcomes.entry(format!("{:?}", crawled.document.outcome)).or_default() += 1;
        let told = detector.judge(site.as_ref(), &mut crawled);
        self.alarms.extend(told.into_iter().map(|told| format!("{id} {what}: {told}")));
    }
}

/// The n-th profile of a site: kinds in turn, as often as each is there.
fn handle(n: usize) -> String {
    let all: usize = KINDS.iter().map(|(_, share)| share).sum();
    // Steps of 5 mix the kinds.
    let mut place = n * 5 % all;
    let kind = KINDS.iter().find(|(_, share)| {
        let here = place < *share;
        place = place.saturating_sub(*share);
        here
    });
    format!("{}_{}", kind.map_or("creator", |(kind, _)| kind), n + 1)
}

/// Enough profiles for `pages` visits to one that shows itself; the same profiles on each of the days.
fn profiles(pages: usize) -> Vec<(Site, String)> {
    let all: usize = KINDS.iter().map(|(_, share)| share).sum();
    let shown: usize = KINDS.iter().take_while(|(kind, _)| *kind != "missing").map(|(_, share)| share).sum();
    let each = (pages * all / shown).div_ceil(DAYS.len() * Site::ALL.len());
    (0..each).flat_map(|n| Site::ALL.map(|site| (site, handle(n)))).collect()
}

async fn site(seed: u64) -> (Replica, DateTime<Utc>) {
    let options = ReplicaOptions::seeded(seed, Clock::system());
    let epoch = options.epoch;
    (Replica::start(options).await.unwrap(), epoch)
}

/// The days, one after the other, with the moment of each.
fn days(replica: &Replica, epoch: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + '_ {
    let mut today = 0;
    DAYS.into_iter().map(move |day| {
        replica.control().advance_time(day - today);
        today = day;
        epoch + Duration::days(i64::try_from(day).unwrap())
    })
}

/// Judges pages as they are served, with the data calls that their scripts would make.
pub(crate) async fn served(pages: usize, seed: u64) -> Told {
    let (replica, epoch) = site(seed).await;
    let mut detector = Detector::new(Clock::system());
    let mut told = Told::default();
    let visitor = Visitor::new(&replica).await;
    let profiles = profiles(pages);
    for moment in days(&replica, epoch) {
        for (n, (site, handle)) in profiles.iter().enumerate() {
            let moment = moment + Duration::seconds(i64::try_from(n).unwrap());
            let capture = visitor.capture(*site, handle, moment).await;
            told.add(&mut detector, read(capture, moment), handle);
        }
    }
    told
}

/// Judges pages as Chromium renders them, crawled by the engine.
pub(crate) async fn rendered(pages: usize, seed: u64) -> Told {
    let (replica, epoch) = site(seed).await;
    let mut detector = Detector::new(Clock::system());
    let mut told = Told::default();
    let engine = Engine::start(config(replica.base_url())).await.unwrap();
    let profiles = profiles(pages);
    for moment in days(&replica, epoch) {
        let crawls = profiles.iter().map(|(site, handle)| {
            let target = Target { platform: site.platform(), handle: handle.parse().unwrap() };
            let engine = engine.clone();
            async move {
                let options = CrawlOptions { posts: POSTS, ..CrawlOptions::default() };
                (handle, engine.crawl(&target, &options).await)
            }
        });
        // In their order, whichever is done first: the detector is to see the same in every run.
        let mut crawls = futures::stream::iter(crawls).buffered(AT_ONCE);
        while let Some((handle, crawled)) = crawls.next().await {
            let Ok(mut crawled) = crawled else { continue };
            let moment = moment + Duration::seconds(i64::try_from(told.pages).unwrap());
            std::sync::Arc::make_mut(&mut crawled.capture).observed_at = Some(moment);
            crawled.document.observed_at = Some(moment);
            told.add(&mut detector, crawled, handle);
        }
    }
    engine.shutdown().await;
    told
}

fn config(base_url: &str) -> Config {
    let variables = [
        ("PLATFORM__TIKTOK__BASE_URL", base_url),
        ("PLATFORM__INSTAGRAM__BASE_URL", base_url),
        ("GATE__PAGE_LOADS_PER_MINUTE", "60000"),
        ("GATE__BURST_PAGE_LOADS", "30000"),
        ("GATE__PAGE_LOADS_PER_CRAWL", "2"),
        ("GATE__OPEN_AFTER_FAILURES", "1000"),
        ("ENGINE__PICTURES", "none"),
        ("BROWSER__PROCESSES", "1"),
    ];
    let variables = variables.map(|(key, value)| (format!("SENTINEL__{key}"), value.to_owned()));
    Config::load(&Sources { file: None, variables: variables.into_iter().collect() }).unwrap()
}

fn read(capture: Capture, moment: DateTime<Utc>) -> Crawled {
    let target = capture.target.clone().unwrap();
    let (site, set) = (platform::get(&target.platform).unwrap(), builtin(&target.platform).unwrap());
    let (document, contradictions) = platform::read_doubting(site.as_ref(), &capture, &set, POSTS);
    Crawled {
        document,
        contradictions,
        capture: capture.into(),
        image: None,
        started_at: moment,
        spent: Spent::default(),
    }
}

/// A visitor without a browser.
struct Visitor {
    base: String,
    host: String,
    /// What TikTok's script signs with.
    secret: String,
}

struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Visitor {
    async fn new(replica: &Replica) -> Self {
        let base = replica.base_url().to_owned();
        let host = base.trim_start_matches("http://").to_owned();
        let mut visitor = Self { base, host, secret: String::new() };
        let script = visitor.ask("GET", "/static/tiktok-main.js", &[], "").await.body;
        visitor.secret = between(&script, "SECRET=\"", "\"").unwrap().to_owned();
        visitor
    }

    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = tokio::net::TcpStream::connect(&self.host).await.unwrap();
        let more: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{more}\r\n{body}",
            self.host,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let text = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap();
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        Answer { status, headers: lines.filter_map(header).collect(), body: body.to_owned() }
    }

    async fn capture(&self, site: Site, handle: &str, moment: DateTime<Utc>) -> Capture {
        let path = if site == Site::TikTok { format!("/@{handle}") } else { format!("/{handle}/") };
        let mut answer = self.ask("GET", &path, &[], "").await;
        let mut final_url = format!("{}{path}", self.base);
        let mut redirects = Vec::new();
        if let Some((_, to)) = answer.headers.iter().find(|(name, _)| name == "location") {
            let to = to.clone();
            redirects.push(std::mem::replace(&mut final_url, format!("{}{to}", self.base)));
            answer = self.ask("GET", &to, &[], "").await;
        }
        let responses = match site {
            Site::TikTok => self.item_lists(&answer.body).await,
            Site::Instagram => self.timelines(&answer.body, handle).await,
        };
        let page = CapturedPage {
            purpose: Purpose::Profile,
            url: format!("{}{path}", self.base),
            final_url,
            redirects,
            status: Some(answer.status),
            headers: answer.headers,
            html: answer.body,
            responses,
        };
        let target = Target { platform: PlatformId::new(site.name()), handle: handle.parse().unwrap() };
        Capture {
            target: Some(target),
            requested: Some(POSTS),
            pages: vec![page],
            observed_at: Some(moment),
            ..Capture::default()
        }
    }

    /// TikTok's list, page by page, as far as it is wanted.
    async fn item_lists(&self, html: &str) -> Vec<KeptResponse> {
        let mut kept = Vec::new();
        let private = html.contains("\"privateAccount\":true");
        let Some(sec_uid) = between(html, "\"secUid\":\"", "\"").filter(|_| !private) else { return kept };
        let mut cursor = "0".to_owned();
        while kept.len() < 2 {
            let query = format!("secUid={sec_uid}&cursor={cursor}&count=16&msToken=t");
            let path = format!("/api/post/item_list/?{query}&X-Bogus={}", sign(&query, &self.secret));
            let answer = self.ask("GET", &path, &[], "").await;
            let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
            kept.push(response(format!("{}{path}", self.base), "GET", None, answer));
            match body["cursor"].as_str().filter(|_| body["hasMore"] == true) {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        kept
    }

    /// Instagram's list behind the twelve posts that come with the page.
    async fn timelines(&self, html: &str, handle: &str) -> Vec<KeptResponse> {
        let mut kept = Vec::new();
        let found = (
            between(html, "\"queryID\":\"", "\""),
            between(html, "\"LSD\",[],{\"token\":\"", "\""),
            between(html, "\"end_cursor\":\"", "\""),
        );
        let (Some(query), Some(token), Some(cursor)) = found else { return kept };
        let mut cursor = cursor.to_owned();
        while kept.len() < 2 {
            let variables = json!({"after": cursor, "first": 12, "username": handle}).to_string();
            let variables: String = url::form_urlencoded::byte_serialize(variables.as_bytes()).collect();
            let body = format!("doc_id={query}&variables={variables}");
            let headers = [("x-fb-lsd", token), ("content-type", "application/x-www-form-urlencoded")];
            let answer = self.ask("POST", "/api/graphql", &headers, &body).await;
            let next = between(&answer.body, "\"end_cursor\":\"", "\"").map(str::to_owned);
            kept.push(response(format!("{}/api/graphql", self.base), "POST", Some(body), answer));
            match next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        kept
    }
}

fn response(url: String, method: &str, request_body: Option<String>, answer: Answer) -> KeptResponse {
    let Answer { status, headers, body } = answer;
    KeptResponse { url, method: method.to_owned(), request_body, status, headers, body }
}

/// As the page's script signs.
fn sign(query: &str, secret: &str) -> String {
    let fnv = |start: u32, text: &str| {
        text.bytes().fold(start, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    };
    let first = fnv(0x811c_9dc5, query);
    let second = fnv(first ^ 0x5bd1_e995, secret);
    format!("DFSz{first:08x}{second:08x}{:08x}", fnv(second, query))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).map(|(inside, _)| inside)
}
