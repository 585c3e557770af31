//! The replica in real Chromium.

use social_sentinel::replica::{Redesign, RedesignKind, Site};

use super::{replica, truth};

/// The document as real Chromium renders it; none where Chromium is not installed.
async fn rendered(url: &str) -> Option<String> {
    let profile = tempfile::tempdir().ok()?;
    let output = tokio::process::Command::new("chromium-headless-shell")
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--window-size=1280,900", "--virtual-time-budget=3000"])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(["--dump-dom", url])
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(std::time::Duration::from_secs(60), output).await.ok()?.ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[tokio::test]
async fn chromium_renders_both_sites_whatever_they_look_like() {
    let replica = replica(27).await;
    let (base, control) = (replica.base_url(), replica.control());
    let kinds =
        [RedesignKind::Dom, RedesignKind::Json, RedesignKind::Both, RedesignKind::Moved, RedesignKind::MovedJson];
    let looks = std::iter::once(None).chain(kinds.map(Some));
    for (seed, kind) in (1..).zip(looks) {
        for (site, path) in [(Site::TikTok, "/@seven_tongues"), (Site::Instagram, "/word_garden/")] {
            control.redesign(site, kind.map(|kind| Redesign { kind, seed, share: 1.0 }));
            let Some(dom) = rendered(&format!("{base}{path}")).await else { return };
            let name = path.trim_matches(['/', '@']);
            let truth = truth(&replica, site, name);
            let link = if site == Site::TikTok { format!("/@{name}/") } else { format!("href=\"/{name}/") };
            let cards = dom.matches(&link).count();
            assert!(cards >= 12, "{site:?} under {kind:?}: {cards} cards");
            let bio = truth.profile.and_then(|profile| profile.bio).unwrap_or_default();
            let line = bio.lines().next().unwrap_or_default();
            assert!(dom.contains(line), "{site:?} under {kind:?}: {line:?} is not there");
        }
    }
}
