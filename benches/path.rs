//! The path of a crawl without Chromium: a recorded capture is played again, read, its picture fitted, its document written
//! out. What is left is our own work for a profile.
#![expect(clippy::unwrap_used, reason = "a measuring tool, run by hand")]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use social_sentinel::browser::{Browser, SessionSpec};
use social_sentinel::clock::Clock;
use social_sentinel::config::Config;
use social_sentinel::engine::{CrawlOptions, Engine};
use social_sentinel::extract::archive;
use social_sentinel::extract::selectors::builtin;
use social_sentinel::model::capture::Capture;
use social_sentinel::model::job::{Frame, PlatformId, Target};
use social_sentinel::platform::{self, CrawlPlan};
use social_sentinel::replica::{Replica, ReplicaOptions, Weight};
use url::Url;

/// One real crawl of the heavy replica, to be played again.
async fn record() -> (Capture, Target, Url) {
    let options = ReplicaOptions { weight: Weight::Heavy, ..ReplicaOptions::seeded(7, Clock::system()) };
    let replica = Replica::start(options).await.unwrap();
    let base_url = Url::parse(replica.base_url()).unwrap();
    let mut config = Config::builtin().unwrap();
    for platform in config.platform.values_mut() {
        platform.base_url = base_url.clone();
    }
    let engine = Engine::start(config).await.unwrap();
    let target = Target { platform: PlatformId::new("tiktok"), handle: "creator_1".parse().unwrap() };
    let crawled = engine.crawl(&target, &CrawlOptions::default()).await.unwrap();
    engine.shutdown().await;
    (std::sync::Arc::unwrap_or_clone(crawled.capture), target, base_url)
}

fn path(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (capture, target, base_url) = runtime.block_on(record());
    let platform = platform::get(&target.platform).unwrap();
    let selectors = builtin(&target.platform).unwrap();
    let browser = Browser::replaying(capture);
    let plan = CrawlPlan { target: target.clone(), posts: 30, frame: Frame::Viewport, base_url, page_loads: 1 };
    let mut group = criterion.benchmark_group("path");
    group.bench_function("replayed_profile_of_30_posts", |bencher| {
        bencher.to_async(&runtime).iter(|| async {
            let session = browser.session(&SessionSpec::default()).await.unwrap();
            let mut capture = Capture { target: Some(target.clone()), ..Capture::default() };
            while let Some(visit) = platform.next(&plan, &capture, &selectors) {
                capture.pages.push(session.visit(&visit).await.unwrap().page);
            }
            session.close().await;
            let document = platform::read(platform.as_ref(), &capture, &selectors, 30);
            assert_eq!(document.posts.len(), 30);
            black_box(serde_json::to_string(&document).unwrap());
            black_box(archive::pack(&capture).unwrap());
        });
    });
    group.finish();
}

criterion_group!(benches, path);
criterion_main!(benches);
