//! Learning from captures of real runs: `SENTINEL_RELEARN_FOLDER` names what `SENTINEL_HEALING_KEEP` left behind.

#![expect(clippy::unwrap_used, reason = "a test may fail where its setup does")]

use social_sentinel::extract::relearn::{Lesson, Studied, relearn};
use social_sentinel::extract::{archive, fingerprint, selectors};
use social_sentinel::model::capture::Capture;
use social_sentinel::model::document::Document;
use social_sentinel::model::job::PlatformId;
use social_sentinel::platform;

#[test]
fn captures_of_a_run_are_learned_from() {
    let Some(folder) = std::env::var_os("SENTINEL_RELEARN_FOLDER") else { return };
    for site in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let id = PlatformId::new(site.file_name().to_string_lossy());
        let Some(platform) = platform::get(&id) else { continue };
        let set = selectors::builtin(&id).unwrap();
        let mut all: Vec<(String, Document, Capture)> = Vec::new();
        let mut names: Vec<_> = std::fs::read_dir(site.path()).unwrap().map(|e| e.unwrap().path()).collect();
        names.sort();
        for profile in names {
            let mut crawls: Vec<_> = std::fs::read_dir(&profile).unwrap().map(|e| e.unwrap().path()).collect();
            crawls.sort();
            if crawls.len() < 2 {
                continue;
            }
            let load = |at: usize| -> Capture {
                archive::unpack(&std::fs::read(crawls[at].join("capture.json.zst")).unwrap()).unwrap()
            };
            let (before, after) = (load(0), load(1));
            let known = platform::read(platform.as_ref(), &before, &set, 50);
            println!("{} {} -> {}", profile.display(), fingerprint::fingerprint(&before), fingerprint::fingerprint(&after));
            all.push((profile.file_name().unwrap().to_string_lossy().into_owned(), known, after));
        }
        all.truncate(std::env::var("N").ok().and_then(|n| n.parse().ok()).unwrap_or(8));
        let since = std::time::Instant::now();
        let studied: Vec<Studied> = all.iter().map(|(_, _, capture)| Studied::of(capture, &set)).collect();
        println!("studied in {:?}", since.elapsed());
        let lessons: Vec<Lesson<'_>> =
            all.iter().zip(&studied).map(|((h, k, _), page)| Lesson { handle: h, past: k, page }).collect();
        let since = std::time::Instant::now();
        let learned = relearn(&set, &lessons, 5).unwrap();
        println!("again"); let _ = relearn(&set, &lessons[1..], 4).unwrap();
        println!("learned in {:?}", since.elapsed());
        let Some(learned) = learned else { println!("nothing"); continue };
        for finding in &learned.findings {
            println!("{finding:?}");
        }
        println!("dropped {:?}", learned.dropped);
        for shape in learned.set.shapes.iter().filter(|shape| shape.name.starts_with("healed")) { println!("{shape:?}"); }
        println!("{:?}", learned.set.visit.profile.ready_elements);
        let tail = learned.text.find("[records.healed").unwrap_or(0);
        println!("{}", &learned.text[tail..].chars().take(9000).collect::<String>());
    }
}
