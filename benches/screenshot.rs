//! Pictures of the replica's profile pages, fitted into their budget. First a table, for each page and each way: bytes, encodes,
//! milliseconds, and DSSIM against the lossless picture of the same page; then criterion's times. The promises: a window in
//! `fast` at most 25 ms with DSSIM at most .0035, in `best` at most 280 ms with at most .0020; a full page at most 300 ms.
//!
//! `kept` is what a crawl does in `fast`: Chromium's own JPEG, encoded again only where it does not fit. `fast` and `best` begin
//! with the lossless picture. DSSIM is told by the outside program `dssim` (`cargo install dssim`), and left out without it.
//! `SHOT=file.png` measures a picture of your own in place of the pages.
#![expect(clippy::unwrap_used, reason = "a measuring tool, run by hand")]
#![expect(clippy::print_stderr, reason = "a measuring tool, run by hand")]
#![expect(clippy::disallowed_methods, reason = "a measuring tool, run by hand")]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use social_sentinel::browser::{Browser, PictureFormat, SessionSpec};
use social_sentinel::clock::Clock;
use social_sentinel::config::{Config as Settings, builtin_section};
use social_sentinel::extract::selectors::builtin;
use social_sentinel::model::capture::{Capture, Picture};
use social_sentinel::model::job::{Frame, Target};
use social_sentinel::model::visit::Visit;
use social_sentinel::platform::{self, CrawlPlan};
use social_sentinel::replica::{Replica, ReplicaOptions, Site, Weight};
use social_sentinel::screenshot::{Config, Fitted, Profile, fit};
use url::Url;

/// How often each picture is fitted for the table.
const ROUNDS: u32 = 15;

/// One page, as Chromium gave it.
struct Shot {
    name: String,
    lossless: Picture,
    jpeg: Option<Picture>,
}

/// The pages of both sites, large and plain: the window and, of the large ones, the full page.
async fn pages() -> Vec<Shot> {
    let browser = Browser::start(&Settings::builtin().unwrap().browser, Clock::system()).await.unwrap();
    let mut shots = Vec::new();
    for (weight, word, handle) in [(Weight::Heavy, "heavy", "star_2"), (Weight::Light, "light", "creator_1")] {
        let options = ReplicaOptions { weight, ..ReplicaOptions::seeded(7, Clock::system()) };
        let replica = Replica::start(options).await.unwrap();
        for site in Site::ALL {
            for frame in [Frame::Viewport, Frame::FullPage] {
                if frame == Frame::FullPage && weight == Weight::Light {
                    continue;
                }
                let visit = visit(site, handle, frame, replica.base_url());
                let part = if frame == Frame::Viewport { "window" } else { "full page" };
                let name = format!("{} {word} {part}", site.name());
                let lossless = taken(&browser, &visit, PictureFormat::Png).await;
                let jpeg = Some(taken(&browser, &visit, PictureFormat::Jpeg).await);
                shots.push(Shot { name, lossless, jpeg });
            }
        }
    }
    browser.shutdown().await;
    shots
}

/// The visit that a crawl begins with.
fn visit(site: Site, handle: &str, frame: Frame, base_url: &str) -> Visit {
    let id = site.platform();
    let (platform, selectors) = (platform::get(&id).unwrap(), builtin(&id).unwrap());
    let target = Target { platform: id, handle: handle.parse().unwrap() };
    let base_url = Url::parse(base_url).unwrap();
    let plan = CrawlPlan { target: target.clone(), posts: 30, frame, base_url, page_loads: 1 };
    let nothing = Capture { target: Some(target), ..Capture::default() };
    platform.next(&plan, &nothing, &selectors).unwrap()
}

async fn taken(browser: &Browser, visit: &Visit, format: PictureFormat) -> Picture {
    let spec = SessionSpec { picture_format: Some(format), ..SessionSpec::default() };
    let session = browser.session(&spec).await.unwrap();
    let visited = session.visit(visit).await.unwrap();
    session.close().await;
    visited.picture.unwrap()
}

fn shots() -> Vec<Shot> {
    if let Ok(file) = std::env::var("SHOT") {
        return vec![Shot { lossless: Picture { bytes: std::fs::read(&file).unwrap() }, jpeg: None, name: file }];
    }
    tokio::runtime::Runtime::new().unwrap().block_on(pages())
}

/// Fits a picture again and again: the result, the median time by the clock, and this thread's processor time for each.
fn measured(picture: &Picture, config: &Config) -> (Fitted, f64, f64) {
    let clock = Clock::system();
    let (mut by_clock, mut fitted) = (Vec::new(), None);
    let spent = processor_ms();
    for _ in 0..ROUNDS {
        let began = clock.uptime();
        fitted = Some(fit(black_box(picture), config).unwrap());
        by_clock.push((clock.uptime() - began).as_secs_f64() * 1000.0);
    }
    // The kernel counts in steps of some milliseconds, so only the sum is told.
    let by_processor = (processor_ms() - spent) / f64::from(ROUNDS);
    by_clock.sort_by(f64::total_cmp);
    (fitted.unwrap(), by_clock[by_clock.len() / 2], by_processor)
}

/// What this thread has used of a processor, in milliseconds; other work on the machine does not show in it.
fn processor_ms() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e6
}

/// DSSIM of a fitted picture against the lossless one, where the program is installed and the sizes agree.
fn dssim(lossless: &Picture, fitted: &Fitted, folder: &Path) -> Option<String> {
    let (one, other) = (folder.join("lossless.png"), folder.join("fitted.png"));
    let (before, after) =
        (image::load_from_memory(&lossless.bytes).ok()?, image::load_from_memory(&fitted.bytes).ok()?);
    if (before.width(), before.height()) != (after.width(), after.height()) {
        return None;
    }
    before.to_rgb8().save(&one).ok()?;
    after.to_rgb8().save(&other).ok()?;
    let said = std::process::Command::new("dssim").args([&one, &other]).output().ok()?;
    let value = String::from_utf8(said.stdout).ok()?.split_whitespace().next()?.parse::<f64>().ok()?;
    Some(format!("{value:.5}"))
}

fn table(shots: &[Shot], config: &Config) {
    let folder = tempfile::Builder::new().prefix("sentinel-bench-").tempdir().unwrap();
    eprintln!("| picture | way | size | bytes | quality | encodes | DSSIM | ms by the clock | ms of a processor |");
    eprintln!("|---|---|---|---|---|---|---|---|---|");
    for shot in shots {
        let lossless = Some(&shot.lossless);
        let ways = [
            ("kept", shot.jpeg.as_ref(), Profile::Fast),
            ("fast", lossless, Profile::Fast),
            ("best", lossless, Profile::Best),
        ];
        for (way, picture, profile) in ways {
            let Some(picture) = picture else { continue };
            let (fitted, by_clock, by_processor) = measured(picture, &Config { profile, ..config.clone() });
            let quality = fitted.quality.map_or_else(|| "Chromium's".to_owned(), |quality| quality.to_string());
            let error = dssim(&shot.lossless, &fitted, folder.path()).unwrap_or_else(|| "-".to_owned());
            eprintln!(
                "| {} | {way} | {} x {} | {} | {quality} | {} | {error} | {by_clock:.1} | {by_processor:.1} |",
                shot.name,
                fitted.width,
                fitted.height,
                fitted.bytes.len(),
                fitted.encodes,
            );
        }
    }
}

fn fitting(criterion: &mut Criterion) {
    let config: Config = builtin_section("screenshot").unwrap();
    let shots = shots();
    table(&shots, &config);
    let mut group = criterion.benchmark_group("screenshot");
    group.sample_size(20);
    for shot in shots.iter().take(2) {
        for profile in [Profile::Fast, Profile::Best] {
            let config = Config { profile, ..config.clone() };
            let name = format!("{}_{profile:?}", shot.name.replace(' ', "_")).to_lowercase();
            group.bench_function(name, |bencher| {
                bencher.iter(|| black_box(fit(black_box(&shot.lossless), &config).unwrap()));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, fitting);
criterion_main!(benches);
