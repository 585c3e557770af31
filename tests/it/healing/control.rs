//! The negative control: a false heal is provoked, and shown to be caught. Every profile here has nearly as many followers as every
//! other one, and all show them in the same abbreviated form, so a way that reads followers fits anybody's past: leaving one out sees
//! nothing wrong with it, and only a shuffled history tells that the evidence is worth nothing.

use social_sentinel::model::job::Handle;
use social_sentinel::replica::{Redesign, RedesignKind, Site};

use super::stage::{Stage, creators};

/// What they all nearly have.
const FOLLOWERS: f64 = 5_510_000.0;

/// Gives these profiles follower counts that lie within a few per cent of each other.
fn make_alike(stage: &Stage, handles: &[String]) {
    for (n, handle) in handles.iter().enumerate() {
        let followers = stage.truth(handle).profile.unwrap().followers.unwrap();
        let wanted = FOLLOWERS * (1.0 + f64::from(u32::try_from(n).unwrap()) * 0.002);
        let factor = wanted / f64::from(u32::try_from(followers).unwrap());
        stage.replica.control().surge(stage.site, &handle.parse::<Handle>().unwrap(), factor);
        let now = stage.truth(handle).profile.unwrap().followers.unwrap();
        assert!((5_500_000..5_600_000).contains(&now), "{handle} has {now}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heal_that_strangers_pasts_pass_too_is_caught_counted_and_asks_for_more_profiles() {
    let stage = Stage::new(31, Site::TikTok).await;
    let (alike, others) = (creators(1..7), creators(20..26));
    make_alike(&stage, &alike);
    stage.crawl(&alike).await;
    stage.crawl(&others).await;
    assert_eq!(stage.held().await, 0, "{}", stage.story().await);

    let both = Redesign { kind: RedesignKind::Both, seed: 31, share: 1.0 };
    stage.replica.control().redesign(Site::TikTok, Some(both));
    stage.crawl(&alike).await;
    let events = async |kind: &str| {
        let all = stage.store.selector_events("tiktok", None, None, 200).await.unwrap();
        all.into_iter().filter(|event| event.kind == kind).collect::<Vec<_>>()
    };
    stage.eventually("the false heal is told", async || !events("false_heal").await.is_empty()).await;

    let caught = events("false_heal").await.remove(0);
    let evidence = &caught.detail["evidence"];
    println!("{} {}", caught.kind, caught.detail["why"]);
    assert!(caught.detail["why"].as_str().unwrap().contains("a shuffled history was accepted"), "{}", caught.detail);
    // Everything before the control had been passed: without it the version would have gone on.
    assert!(evidence["leave_one_out"]["left_out"].as_u64().unwrap() >= 5, "{evidence}");
    assert!(evidence["rules"].as_array().unwrap().iter().any(|rule| rule["field"] == "followers"), "{evidence}");
    assert!(evidence["negative_control"].is_null(), "{evidence}");
    // The ledger's event comes first, the count right after it.
    let counted = || {
        let metrics = stage.service.metrics().encode();
        let heals = |line: &&str| line.starts_with("sentinel_heals_total") && line.contains("false_heal");
        metrics.lines().find(heals).map(str::to_owned)
    };
    stage.eventually("the false heal is counted", async || counted().is_some()).await;
    assert_eq!(counted().unwrap(), "sentinel_heals_total{platform=\"tiktok\",step=\"false_heal\"} 1");

    // Nothing of it is in force, no row was written, and the next try needs two profiles more than there are.
    assert_eq!(stage.active().await, "v1");
    let learned: i64 = sqlx::query_scalar("select count(*) from selectors where version like 'heal-%'")
        .fetch_one(&stage.rows)
        .await
        .unwrap();
    assert_eq!((learned, stage.still_held().await), (0, 6), "{}", stage.story().await);
    let published: i64 = sqlx::query_scalar("select count(*) from crawl_history where selectors_version <> 'v1'")
        .fetch_one(&stage.rows)
        .await
        .unwrap();
    assert_eq!(published, 0, "no crawl was written by what was learned");
    assert_eq!(stage.wrong_rows().await, Vec::<String>::new());

    // Profiles that differ bring it to an end, and only with the two more that are asked for.
    stage.crawl(&others).await;
    stage.eventually("a new version is active", async || stage.active().await != "v1").await;
    stage.eventually("what was held back is filled in", async || stage.still_held().await == 0).await;
    let version = stage.store.selector_version("tiktok", &stage.active().await).await.unwrap().unwrap();
    assert_eq!(version.evidence["needed"], 7, "{}", version.evidence);
    assert_eq!(version.evidence["negative_control"]["accepted"], 0, "{}", version.evidence);
    assert_eq!((events("false_heal").await.len(), stage.wrong_rows().await), (1, Vec::new()));
    stage.end().await;
}
