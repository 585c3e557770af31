//! The whole site: walls by handle, repeatable bytes, weight, and nothing from outside.

use serde_json::json;
use social_sentinel::clock::Clock;
use social_sentinel::model::document::Outcome;
use social_sentinel::replica::{Replica, ReplicaOptions, Weight};

use super::replica;
use super::tiktok::user_detail;
use crate::support::http::get;

#[tokio::test]
async fn walls_stand_where_the_catalogue_says() {
    let replica = replica(18).await;
    let base = replica.base_url();
    let status = |path: &'static str| async move { get(base, path).await.status };
    assert_eq!(status("/wall.flower/").await, 302);
    assert_eq!(status("/check.point.pete/").await, 302);
    assert_eq!(status("/gone.gull/").await, 404);
    assert_eq!(status("/@faraway_only").await, 451);
    assert_eq!(status("/@slow_lane_sally").await, 429);
    assert_eq!(status("/@slow_lane_sally").await, 200);
    assert!(get(base, "/@puzzle_gate").await.text().contains("TTGCaptcha.init"));
    assert_eq!(user_detail(&replica, "quiet.corner").await["statusCode"], json!(10_222));
    assert_eq!(user_detail(&replica, "nobody.home.here").await["statusCode"], json!(10_221));
    let expected = |outcome| replica.handles().iter().filter(|entry| entry.outcome == outcome).count();
    assert_eq!((expected(Outcome::Ok), expected(Outcome::Private), expected(Outcome::NotFound)), (11, 2, 2));
}

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes() {
    let (one, two) = (replica(20).await, replica(20).await);
    for path in ["/@seven_tongues", "/word_garden/", "/@creator_4", "/static/tiktok-main.js"] {
        let pages = [get(one.base_url(), path).await, get(two.base_url(), path).await];
        let [first, second] = [pages[0].text(), pages[1].text()];
        assert_eq!(first.replace(one.base_url(), ""), second.replace(two.base_url(), ""));
    }
}

#[tokio::test]
async fn a_heavy_page_weighs_as_much_as_a_real_one() {
    let mut options = ReplicaOptions::seeded(25, Clock::system());
    options.weight = Weight::Heavy;
    let replica = Replica::start(options).await.expect("a replica");
    for path in ["/@creator_1", "/creator_1/"] {
        let size = get(replica.base_url(), path).await.body.len();
        assert!((230_000..280_000).contains(&size), "{path} has {size} bytes");
    }
    let mut scripts = 0;
    for n in 0..4 {
        scripts += get(replica.base_url(), &format!("/static/vendor-{n}.js")).await.body.len();
    }
    assert!((950_000..1_050_000).contains(&scripts), "{scripts} bytes of scripts");
}

#[tokio::test]
async fn nothing_on_a_page_is_loaded_from_outside() {
    let replica = replica(26).await;
    for path in ["/@sunny.kitchen", "/atelier.luma/"] {
        let page = get(replica.base_url(), path).await.text();
        for attribute in ["src=\"http", "<link rel=\"preload\" as=\"script\" href=\"http", "url(http"] {
            assert!(!page.contains(attribute), "{path} loads from {attribute}");
        }
    }
}
