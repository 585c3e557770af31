//! Instagram shows its posts' likes on the posts' own pages. A crawl that could not load them, for nobody could read which posts there are or
//! its page loads were spent, left a capture that has none of them; when it is filled in, the profile is crawled once more.

use social_sentinel::model::document::Document;
use social_sentinel::replica::{Redesign, RedesignKind, Site};

use super::stage::{Stage, creators};

fn likes(document: &Document) -> usize {
    document.posts.iter().filter(|post| post.likes.is_some()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_held_back_without_its_posts_pages_gets_their_likes_after_the_heal() {
    let stage = Stage::new(9, Site::Instagram).await;
    let handles = creators(1..7);
    stage.crawl(&handles).await;
    let before = stage.newest().await;
    assert!(before.iter().all(|document| likes(document) > 0), "the pages show likes at all");

    // Four profiles of the new template whose captures have one page each, then two more, which are enough for a heal.
    let stage = stage.restart(&[("GATE__PAGE_LOADS_PER_CRAWL", "1")], async |_| ()).await;
    let both = Redesign { kind: RedesignKind::Both, seed: 9, share: 1.0 };
    stage.replica.control().redesign(Site::Instagram, Some(both));
    stage.crawl(&handles[..4]).await;
    assert_eq!(stage.held().await, 4, "{}", stage.story().await);
    let stage = stage.restart(&[("GATE__PAGE_LOADS_PER_CRAWL", "12")], async |_| ()).await;
    stage.crawl(&handles[4..]).await;
    stage.eventually("a new version is active", async || stage.active().await != "v1").await;
    stage.eventually("what was held back is filled in", async || stage.still_held().await == 0).await;
    stage.eventually("each is crawled once more, and that is over", async || stage.filled_up().await).await;

    let after = stage.newest().await;
    for (before, after) in before.iter().zip(&after) {
        let told = [before, after].map(|document| (document.handle.clone(), likes(document)));
        assert_eq!(told[0], told[1], "{}", stage.story().await);
    }
    let again = "select count(*) from jobs where id like 'fill-instagram-%' and state = 'done'";
    let again: i64 = sqlx::query_scalar(again).fetch_one(&stage.rows).await.unwrap();
    println!("{again} of {} profiles crawled once more; {} likes each", after.len(), likes(&after[0]));
    assert_eq!((again, stage.wrong_rows().await), (4, Vec::new()));
    stage.end().await;
}
