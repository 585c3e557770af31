//! Healing on the shared corpus, where it stands: the drifted pages beside their undrifted twins, and pages that refuse.

use std::path::{Path, PathBuf};

use serde_json::Value;
use social_sentinel::clock::Clock;
use social_sentinel::extract::heal::field::Values;
use social_sentinel::extract::heal::page::{Page, Response};
use social_sentinel::extract::heal::selectors::OldSelectors;
use social_sentinel::extract::heal::{Known, heal};

/// (drifted, its twin, handle, address).
const DRIFTED: [(&str, &str, &str, &str); 3] = [
    (
        "tiktok/drift-derived/drift_a_testid_rename.html",
        "tiktok/profile-html/2025-12_illojuan_profile_rendered.html",
        "illojuan",
        "https://www.tiktok.com/@illojuan",
    ),
    (
        "tiktok/drift-derived/drift_b_e2e_values_renamed_no_json.html",
        "tiktok/profile-html/2025-12_illojuan_profile_rendered.html",
        "illojuan",
        "https://www.tiktok.com/@illojuan",
    ),
    (
        "instagram/drift-derived/drift_a_no_title_no_header.html",
        "instagram/dom-snapshot/2025-02_celebface_loggedin_dom.html",
        "celebface",
        "https://www.instagram.com/celebface/",
    ),
];

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpus"));
    folder.join("EXPECTED.json").is_file().then(|| folder.to_owned())
}

fn values(expected: &Value, handle: &str) -> Values {
    let text = |key: &str| expected[key].as_str().map(str::to_owned);
    Values {
        username: Some(handle.to_owned()),
        display_name: text("display_name"),
        bio: text("bio"),
        followers: expected["followers"].as_u64(),
        following: expected["following"].as_u64(),
        likes: expected["likes"].as_u64(),
        posts_count: expected["posts"].as_u64(),
        ..Values::default()
    }
}

/// Whether a healed count is the true one, or its abbreviation to within one unit of the last digit.
fn is_true(seen: u64, truth: u64) -> bool {
    let unit = (0..9).map(|digits| 10_u64.pow(digits)).filter(|unit| seen.is_multiple_of(*unit)).max().unwrap_or(1);
    seen == truth || (unit > 1 && seen.abs_diff(truth) <= unit)
}

#[test]
fn drifted_pages_heal_from_the_values_of_their_twins_or_abstain() {
    let Some(folder) = corpus() else { return };
    let expected: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("EXPECTED.json")).unwrap()).unwrap();
    let html = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    for (drifted, twin, handle, url) in DRIFTED {
        let known = Known { page: Page::parse(handle, url, &html(twin), &[]), values: values(&expected[twin], handle) };
        let page = Page::parse(handle, url, &html(drifted), &[]);
        let healed = heal(&OldSelectors::default(), &[known], &[page], &Clock::system());
        let seen = &healed.pages[0].values;
        let truth = values(&expected[drifted], handle);
        let counts = [
            ("followers", seen.followers, truth.followers),
            ("following", seen.following, truth.following),
            ("likes", seen.likes, truth.likes),
            ("posts_count", seen.posts_count, truth.posts_count),
        ];
        for (name, seen, truth) in counts {
            if let (Some(seen), Some(truth)) = (seen, truth) {
                assert!(is_true(seen, truth), "{drifted}: {name} {seen}, and {truth} is true");
            }
        }
        let texts = [("display_name", &seen.display_name, &truth.display_name), ("bio", &seen.bio, &truth.bio)];
        for (name, seen, truth) in texts {
            if let (Some(seen), Some(truth)) = (seen, truth) {
                assert_eq!(seen.trim(), truth.trim(), "{drifted}: {name}");
            }
        }
        println!("{drifted}: {:?} {:?} {:?} {:?}", seen.followers, seen.following, seen.likes, seen.posts_count);
        assert!(seen.followers.is_some(), "{drifted}: the page shows its followers: {:?}", healed.pages[0].refusal);
    }
}

#[test]
fn pages_that_refuse_give_nulls() {
    let Some(folder) = corpus() else { return };
    let known: Vec<Known> = DRIFTED
        .iter()
        .map(|(_, twin, handle, url)| {
            let html = std::fs::read_to_string(folder.join(twin)).unwrap();
            Known { page: Page::parse(handle, url, &html, &[]), values: values(&Value::Null, handle) }
        })
        .collect();
    let mut tried = 0;
    for kind in ["tiktok/block-signal", "tiktok/error-page", "instagram/block-signal", "instagram/error-page"] {
        for file in std::fs::read_dir(folder.join(kind)).unwrap().map(|file| file.unwrap().path()) {
            // What a private profile shows of itself is no refusal.
            if file.to_string_lossy().contains("private") {
                continue;
            }
            let text = std::fs::read_to_string(&file).unwrap();
            for (_, _, handle, url) in DRIFTED {
                let is_page = file.extension().is_some_and(|ending| ending == "html");
                let page = if is_page {
                    Page::parse(handle, url, &text, &[])
                } else {
                    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
                    Page::parse(handle, url, "", &[Response { url: url.to_owned(), body }])
                };
                let healed = heal(&OldSelectors::default(), &known, &[page], &Clock::system());
                assert_eq!(healed.pages[0].values, Values::default(), "{} for {handle}", file.display());
                assert!(healed.pages[0].refusal.is_some());
            }
            tried += 1;
        }
    }
    assert!(tried >= 8, "{tried} pages");
}
