//! Healthy profiles whose captions and bios are full of the words of gates: none is taken for one.

use social_sentinel::engine::{CrawlOptions, Engine};
use social_sentinel::extract::selectors::builtin;
use social_sentinel::model::capture::{Capture, CapturedPage, KeptResponse};
use social_sentinel::model::document::{Document, Outcome, ShortReason};
use social_sentinel::model::job::Target;
use social_sentinel::model::visit::Purpose;
use social_sentinel::platform::{get as platform, read};
use social_sentinel::replica::{Replica, Site};

use super::stage;
use crate::replica::tiktok::{signed, user_detail};
use crate::support::http::get;

fn target(site: Site, handle: &str) -> Target {
    Target { platform: site.platform(), handle: handle.parse().unwrap() }
}

/// A profile's page as the site sends it, with TikTok's first list beside it, read as a crawl is.
async fn seen(replica: &Replica, site: Site, handle: &str) -> Document {
    let path = if site == Site::TikTok { format!("/@{handle}") } else { format!("/{handle}/") };
    let answer = get(replica.base_url(), &path).await;
    let mut responses = Vec::new();
    if site == Site::TikTok {
        let detail = user_detail(replica, handle).await;
        let id = detail["userInfo"]["user"]["secUid"].as_str().unwrap().to_owned();
        let list = signed(replica, &format!("secUid={id}&cursor=0&count=16")).await;
        let body = get(replica.base_url(), &list).await;
        responses.push(KeptResponse {
            url: format!("{}{list}", replica.base_url()),
            method: "GET".to_owned(),
            request_body: None,
            status: body.status,
            headers: body.headers.clone(),
            body: body.text(),
        });
    }
    let url = format!("{}{path}", replica.base_url());
    let page = CapturedPage {
        purpose: Purpose::Profile,
        final_url: url.clone(),
        url,
        redirects: Vec::new(),
        status: Some(answer.status),
        headers: answer.headers.clone(),
        html: answer.text(),
        responses,
    };
    let target = target(site, handle);
    let (platform, selectors) = (platform(&target.platform).unwrap(), builtin(&target.platform).unwrap());
    let capture = Capture { target: Some(target), pages: vec![page], ..Capture::default() };
    read(platform.as_ref(), &capture, &selectors, 6)
}

/// What is wrong with the reading of a healthy profile.
fn complaint(replica: &Replica, site: Site, handle: &str, document: &Document) -> Option<String> {
    let truth = replica.truth(&site.platform(), &handle.parse().unwrap()).unwrap();
    let healthy = matches!(document.outcome, Outcome::Ok | Outcome::Partial);
    let blocked = document.coverage.reason == Some(ShortReason::BlockedMidway);
    let bio = |profile: Option<social_sentinel::model::document::Profile>| profile.and_then(|profile| profile.bio);
    let whole = bio(document.profile.clone()) == bio(truth.profile);
    (!healthy || blocked || !whole)
        .then(|| format!("{site:?} {handle}: {:?} {:?}", document.outcome, document.evidence))
}

#[tokio::test]
async fn two_hundred_pages_full_of_gate_words_are_healthy_pages() {
    let replica = stage(97).await.replica;
    let mut wrong = Vec::new();
    let mut words = 0;
    for n in 0..100 {
        for site in Site::ALL {
            let handle = format!("hostile_{n}");
            let document = seen(&replica, site, &handle).await;
            wrong.extend(complaint(&replica, site, &handle, &document));
            let text = serde_json::to_string(&document).unwrap().to_lowercase();
            let said = ["captcha", "log in", "login", "challenge", "private account", "page not found"];
            words += usize::from(said.iter().any(|word| text.contains(word)));
        }
    }
    eprintln!("hostile texts: 200 pages, {words} of them with a gate's words, {} reported as blocked", wrong.len());
    assert!(words >= 190, "{words} pages speak of gates");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn such_pages_are_healthy_in_a_real_browser_too() {
    let stage = stage(98).await;
    let engine = Engine::start(stage.config.clone()).await.unwrap();
    for (site, handle) in [
        (Site::TikTok, "hostile_1"),
        (Site::TikTok, "hostile_2"),
        (Site::Instagram, "hostile_3"),
        (Site::Instagram, "captcha.login.404"),
    ] {
        let options = CrawlOptions { posts: 12, ..CrawlOptions::default() };
        let document = engine.crawl(&target(site, handle), &options).await.unwrap().document;
        assert_eq!(document.outcome, Outcome::Ok, "{site:?} {handle}: {:?}", document.evidence);
        assert_eq!(complaint(&stage.replica, site, handle, &document), None);
    }
    engine.shutdown().await;
}
