//! What other programs see of the queue: one `XADD` in, a result out, and a reason for what cannot be read.
#![expect(clippy::unwrap_used, reason = "a test's helper may fail the test")]

use std::time::Duration;

use social_sentinel::clock::Clock;
use social_sentinel::model::document::Outcome;
use social_sentinel::queue::{BadJob, JobProgress, ResultState, Told};

use crate::support::queue::{Bench, id, plain};

async fn submit(bench: &mut Bench, field: &str, value: &[u8]) {
    let mut add = redis::cmd("XADD");
    add.arg(bench.key("submit")).arg("*").arg(field).arg(value);
    add.query_async::<String>(&mut bench.raw).await.unwrap();
}

#[tokio::test]
async fn a_raw_job_is_taken_once_and_gone_when_acknowledged() {
    let mut bench = Bench::shared_with(|config| config.block_ms = 30_000).await;
    let (one, other) = (bench.queue.intake("one"), bench.queue.intake("other"));
    let waiting = tokio::spawn(async move {
        let taken = one.take(10).await.unwrap();
        (one, taken)
    });
    submit(&mut bench, "job", br#"{"url": "https://www.tiktok.com/@nasa"}"#).await;
    let (one, taken) = waiting.await.unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].deliveries, 1);
    assert_eq!(taken[0].fallback_id().as_str(), format!("raw-{}", taken[0].entry));
    submit(&mut bench, "job", br#"{"platform": "tiktok", "handle": "esa"}"#).await;
    let second = other.take(10).await.unwrap();
    assert_eq!(second.len(), 1, "the first is in the other's hands");
    assert_eq!(bench.queue.stats().await.unwrap().submissions.leased, 2);
    one.acknowledge(&taken).await.unwrap();
    other.acknowledge(&second).await.unwrap();
    assert_eq!(bench.ask::<u64>(&["XLEN", &bench.key("submit")]).await, 0);
}

#[tokio::test]
async fn a_submission_whose_taker_died_is_taken_again() {
    let mut bench =
        Bench::shared_with(|config| (config.lease_ms, config.heartbeat_ms, config.block_ms) = (100, 50, 20)).await;
    submit(&mut bench, "job", br#"{"url": "x"}"#).await;
    let first = bench.queue.intake("dead").take(10).await.unwrap();
    let live = bench.queue.intake("live");
    let again = loop {
        let taken = live.take(10).await.unwrap();
        if !taken.is_empty() {
            break taken;
        }
    };
    assert_eq!((again[0].fallback_id(), again[0].deliveries), (first[0].fallback_id(), 2));
}

#[tokio::test]
async fn what_cannot_be_read_goes_to_the_dead_letters_with_its_bytes_and_the_rest_goes_on() {
    let mut bench = Bench::shared().await;
    let large = vec![b'x'; 1_000_000];
    submit(&mut bench, "job", b"not json").await;
    submit(&mut bench, "job", &large).await;
    submit(&mut bench, "job", b"{\"url\": \"\xff\"}").await;
    submit(&mut bench, "jobs", br#"{"url": "x"}"#).await;
    submit(&mut bench, "job", br#"{"url": "x"}"#).await;
    let intake = bench.queue.intake("w");
    let taken = intake.take(10).await.unwrap();
    let (good, bad): (Vec<_>, Vec<_>) = taken.into_iter().partition(|submission| submission.job.is_ok());
    assert!(matches!(bad[1].job, Err(BadJob::TooLarge { bytes: 1_000_000, .. })));
    let bad = bad.into_iter().map(|submission| {
        let reason = submission.job.as_ref().unwrap_err().to_string();
        (submission, reason)
    });
    assert_eq!(intake.reject(&bad.collect::<Vec<_>>()).await.unwrap(), 4);
    intake.acknowledge(&good).await.unwrap();
    assert_eq!(bench.ask::<u64>(&["XLEN", &bench.key("submit")]).await, 0);
    type Entry = (String, Vec<Vec<u8>>);
    let dead: Vec<Entry> = bench.ask(&["XRANGE", &bench.key("dead"), "-", "+"]).await;
    let fields = |at: usize| {
        let fields = &dead[at].1;
        assert_eq!((fields[0].as_slice(), fields[2].as_slice()), (&b"reason"[..], &b"entry"[..]));
        (String::from_utf8(fields[1].clone()).unwrap(), fields[4].clone(), fields[5].clone())
    };
    assert!(fields(0).0.contains("not a JSON object"), "{}", fields(0).0);
    assert_eq!((fields(0).1, fields(0).2), (b"job".to_vec(), b"not json".to_vec()));
    assert_eq!(fields(1).2, large);
    assert_eq!(fields(2).2, b"{\"url\": \"\xff\"}");
    assert_eq!(fields(3).1, b"jobs");
    assert_eq!(bench.queue.stats().await.unwrap().rejected, 4);
    let first = bench.queue.rejected(None, 2).await.unwrap();
    assert_eq!((first[0].start.as_slice(), first[0].bytes), (&b"not json"[..], Some(8)));
    assert_eq!((first[1].start.len(), first[1].bytes), (16_384, Some(1_000_000)));
    let rest = bench.queue.rejected(Some(&first[1].entry), 9).await.unwrap();
    assert_eq!(rest.iter().map(|it| it.bytes).collect::<Vec<_>>(), [Some(12), None]);
    assert!(rest[1].reason.contains("no field `job`"), "{}", rest[1].reason);
    let entries: Vec<String> = rest.into_iter().map(|it| it.entry).collect();
    assert_eq!(bench.queue.forget_rejected(&entries).await.unwrap(), 2);
}

#[tokio::test]
async fn a_result_stands_for_an_hour_and_its_id_is_published() {
    let mut bench = Bench::shared().await;
    let client = redis::Client::open(crate::support::servers::servers().redis_url.as_str()).unwrap();
    let mut listener = client.get_async_pubsub().await.unwrap();
    listener.subscribe(bench.key("results")).await.unwrap();
    let ids = [id("a"), id("joined")];
    let document = r#"{"schema":1,"handle":"nasa"}"#;
    bench.queue.publish_result(&ids, ResultState::Done, Some(Outcome::Ok), Some(document)).await.unwrap();
    let mut messages = listener.into_on_message();
    for id in &ids {
        let message = futures::StreamExt::next(&mut messages).await.unwrap();
        assert_eq!(message.get_payload::<String>().unwrap(), id.as_str());
        let key = bench.key(&format!("result:{id}"));
        let text: String = bench.ask(&["GET", &key]).await;
        assert_eq!(text, format!(r#"{{"id":"{id}","state":"done","outcome":"ok","document":{document}}}"#));
        let left: u64 = bench.ask(&["TTL", &key]).await;
        assert!((3500..=3600).contains(&left));
    }
}

#[tokio::test]
async fn who_waits_hears_of_progress_and_of_every_end_once() {
    let bench = Bench::shared().await;
    let done = |text: &'static str| {
        let queue = bench.queue.clone();
        async move { queue.publish_result(&[id(text)], ResultState::Done, Some(Outcome::Partial), None).await.unwrap() }
    };
    done("early").await;
    let mut follow = bench.queue.follow(["early", "late", "never"].map(id)).await.unwrap();
    let patience = Duration::from_secs(30);
    let Some(Told::Result(first)) = follow.next(patience).await.unwrap() else { panic!("a result was there") };
    assert_eq!((first.id, first.outcome, first.document), (id("early"), Some(Outcome::Partial), None));
    let progress = JobProgress {
        id: id("late"),
        state: "retrying".to_owned(),
        next_at: chrono::DateTime::from_timestamp(Clock::system().now().timestamp() + 30, 0),
        attempt: 2,
        reason: Some("a captcha".to_owned()),
    };
    bench.queue.publish_progress(&progress).await.unwrap();
    assert_eq!(follow.next(patience).await.unwrap(), Some(Told::Progress(progress)));
    done("late").await;
    let Some(Told::Result(second)) = follow.next(patience).await.unwrap() else { panic!("a result was published") };
    assert_eq!((second.id, follow.waiting()), (id("late"), 1));
    assert_eq!(follow.next(Duration::from_millis(50)).await.unwrap(), None);
}

#[tokio::test]
async fn a_document_too_large_for_redis_is_left_out_with_a_reason() {
    let bench = Bench::shared_with(|config| config.result_max_bytes = 10).await;
    let document = format!("\"{}\"", "x".repeat(10));
    bench.queue.publish_result(&[id("a")], ResultState::Done, Some(Outcome::Ok), Some(&document)).await.unwrap();
    let result = bench.queue.wait_result(&id("a"), Duration::from_secs(30)).await.unwrap().unwrap();
    assert_eq!((result.state, result.document), (ResultState::Done, None));
}

#[tokio::test]
async fn a_wait_for_a_job_that_does_not_end_is_over_in_time() {
    let bench = Bench::shared().await;
    bench.push(&[plain("a")]).await;
    assert_eq!(bench.queue.wait_result(&id("a"), Duration::from_millis(30)).await.unwrap(), None);
}
