//! False alarms, over pages of the replica that nobody changed. They are taken as they are served: their data, meta tags and titles,
//! without a browser. `SENTINEL_FALSE_ALARMS` says how many; 10,000 take some minutes.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a helper of a test may fail; how long it runs is said by a variable"
)]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::clock::Clock;
use crate::engine::crawl::Spent;
use crate::extract::selectors::builtin;
use crate::model::capture::CapturedPage;
use crate::model::job::Target;
use crate::model::visit::Purpose;
use crate::platform;
use crate::replica::{Replica, ReplicaOptions};

async fn page(base: &str, path: &str) -> CapturedPage {
    let host = base.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, html) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let url = format!("{base}{path}");
    CapturedPage {
        purpose: Purpose::Profile,
        url: url.clone(),
        final_url: url,
        redirects: Vec::new(),
        status,
        headers: Vec::new(),
        html: html.to_owned(),
        responses: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unchanged_pages_raise_no_alarm() {
    let pages: u32 = std::env::var("SENTINEL_FALSE_ALARMS").ok().and_then(|pages| pages.parse().ok()).unwrap_or(60);
    let clock = Clock::system();
    let replica = Replica::start(ReplicaOptions::seeded(41, clock)).await.unwrap();
    let drift = Drift::new(clock);
    let (mut held, mut alarms, mut read) = (Vec::new(), Vec::new(), 0);
    for n in 0..pages {
        let (name, path) = if n % 2 == 0 {
            ("tiktok", format!("/@creator_{}", n / 2 + 1))
        } else {
            ("instagram", format!("/creator_{}/", n / 2 + 1))
        };
        let id = PlatformId::new(name);
        let (site, set) = (platform::get(&id).unwrap(), builtin(&id).unwrap());
        let handle = format!("creator_{}", n / 2 + 1).parse().unwrap();
        let capture = Capture {
            target: Some(Target { platform: id.clone(), handle }),
            pages: vec![page(replica.base_url().trim_end_matches('/'), &path).await],
            observed_at: Some(clock.now()),
            ..Capture::default()
        };
        let (document, contradictions) = platform::read_doubting(site.as_ref(), &capture, &set, 30);
        read += u32::from(document.profile.is_some());
        let mut crawled = Crawled {
            document,
            contradictions,
            capture,
            image: None,
            started_at: clock.now(),
            spent: Spent::default(),
        };
        drift.recognise(&mut crawled);
        let inspected = drift.inspect(site.as_ref(), &mut crawled);
        held.extend(inspected.held.into_iter().map(|held| format!("{path} {name}: {}", held.reason)));
        alarms.extend(drift.take_alarms(&id));
    }
    println!("{pages} unchanged pages, {read} with a profile: {} held back, {} alarms", held.len(), alarms.len());
    assert!(read * 10 >= pages * 9, "{read} of {pages} pages show a profile");
    assert_eq!((held, alarms), (Vec::new(), Vec::new()));
}
