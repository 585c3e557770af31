//! Jobs that meet each other, and a job that comes to nothing, as users of the command line and of Redis see them.

use std::time::Duration;

use redis::Commands as _;
use serde_json::{Value, json};
use social_sentinel::model::document::{Document, Outcome};

use super::{Sentinel, complaints, eventually, replica};

fn result(redis: &mut redis::Connection, key: &str) -> Value {
    let text = || redis.get::<_, Option<String>>(key).unwrap();
    serde_json::from_str(&eventually(Duration::from_secs(90), text).expect(key)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_meet_get_what_each_asked_for_and_a_failure_is_a_document() {
    let site = replica(12).await;
    let sentinel = Sentinel::new().at(&site).with_servers().await;
    let sentinel =
        sentinel.with("PLATFORM__INSTAGRAM__BASE_URL", "http://127.0.0.1:1").with("ENGINE__RETRY__RETRIES", "0");
    let prefix = sentinel.setting("QUEUE__PREFIX").to_owned();
    let mut redis = redis::Client::open(sentinel.setting("QUEUE__URL")).unwrap().get_connection().unwrap();

    // All before anybody crawls, so that they surely meet.
    let submit = |id: &str, more: &[&str]| {
        let line = sentinel.run(&[&["submit", "@creator_1@tiktok", "--id", id], more].concat()).ended(0).json();
        line["accepted_as"].as_str().unwrap().to_owned()
    };
    assert_eq!(submit("first", &["--posts", "5"]), "new");
    assert_eq!(submit("more", &["--posts", "30"]), "joined");
    assert_eq!(submit("whole", &["--posts", "5", "--full-page"]), "joined");
    assert_eq!(submit("less", &["--posts", "2"]), "joined");
    assert_eq!(submit("first", &["--posts", "5"]), "duplicate");

    // An id is one job's.
    let refused = sentinel.run(&["submit", "--id", "first", "--wait", "@few_1@tiktok"]).ended(2);
    assert_eq!(refused.says(&["first", "@creator_1@tiktok"]).stdout, "");
    let raw =
        |job: Value| redis.xadd::<_, _, _, _, String>(format!("{prefix}:submit"), "*", &[("job", job.to_string())]);
    let mut raw = raw;
    raw(json!({ "id": "first", "platform": "tiktok", "handle": "few_1" })).unwrap();
    raw(json!(["https://www.tiktok.com/@few_1", null, null, null, null, null, null])).unwrap();
    let serving = sentinel.serve();

    for (id, posts, whole) in [("first", 5, false), ("more", 30, false), ("whole", 5, true), ("less", 2, false)] {
        let result = result(&mut redis, &format!("{prefix}:result:{id}"));
        assert_eq!((&result["state"], &result["outcome"]), (&json!("done"), &json!("ok")), "{id}");
        let document: Document = serde_json::from_value(result["document"].clone()).unwrap();
        assert_eq!((document.coverage.requested, document.posts.len()), (posts, usize::from(posts)), "{id}");
        assert_eq!(document.screenshot.as_ref().unwrap().height > 1000, whole, "{id}: {:?}", document.screenshot);
        assert_eq!(complaints(&site, &document), Vec::<String>::new(), "{id}");
        // Who asks later is told the same, by the ledger.
        redis.del::<_, ()>(format!("{prefix}:result:{id}")).unwrap();
        let args = ["submit", "--wait", "@creator_1@tiktok", "--id", id];
        assert_eq!(sentinel.run(&args).ended(0).documents(), [document], "{id}");
    }

    let dead: Vec<(String, Vec<(String, String)>)> = redis.xrange_all(format!("{prefix}:dead")).unwrap();
    let reasons: Vec<&str> =
        dead.iter().map(|(_, fields)| fields.iter().find(|(name, _)| name == "reason").unwrap().1.as_str()).collect();
    assert_eq!(reasons.len(), 2, "{reasons:?}");
    for words in [&["first", "@creator_1@tiktok"][..], &["not a JSON object"]] {
        assert!(reasons.iter().any(|reason| words.iter().all(|word| reason.contains(word))), "{words:?}: {reasons:?}");
    }

    let run = sentinel.run(&["submit", "--wait", "--id", "lost", "@creator_1@instagram"]).ended(1);
    let document = run.documents().remove(0);
    assert_eq!((document.outcome, document.coverage.requested), (Outcome::Failed, 30));
    let evidence = document.evidence.as_ref().unwrap();
    assert_eq!(evidence.signal, "failure");
    assert!(evidence.detail.as_ref().unwrap().contains("127.0.0.1:1"), "{evidence:?}");
    let result = result(&mut redis, &format!("{prefix}:result:lost"));
    assert_eq!((&result["state"], &result["outcome"]), (&json!("dead"), &json!("failed")));
    assert_eq!(serde_json::from_value::<Document>(result["document"].clone()).unwrap(), document);
    serving.stop();
}
