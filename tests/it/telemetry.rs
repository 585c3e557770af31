//! The three routes over a real socket, and logging that starts once.

#![expect(clippy::unwrap_used, reason = "a test's own client has no one to answer to")]

use std::sync::Arc;

use social_sentinel::telemetry::{Config, LogFormat, Metrics, Part, Readiness, TelemetryError, router, start_logging};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The whole answer to one GET, head and body.
async fn get(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn a_process_that_waits_for_redis_is_alive_but_not_ready() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (metrics, readiness) = (Arc::new(Metrics::new()), Readiness::starting());
    let server = tokio::spawn(axum::serve(listener, router(metrics.clone(), readiness.clone())).into_future());

    readiness.blocked(Part::Redis, "maxmemory-policy is allkeys-lru: set it to noeviction");
    readiness.well(Part::Engine);
    let waiting = get(address, "/readyz").await;
    assert!(waiting.starts_with("HTTP/1.1 503"), "{waiting}");
    assert!(
        waiting.contains(r#"{"ready":false,"reasons":[{"part":"redis","reason":"maxmemory-policy is"#),
        "{waiting}"
    );
    assert!(get(address, "/healthz").await.starts_with("HTTP/1.1 200"));

    readiness.well(Part::Redis);
    let ready = get(address, "/readyz").await;
    assert!(
        ready.starts_with("HTTP/1.1 200") && ready.ends_with(r#"{"ready":true,"reasons":[],"warnings":[]}"#),
        "{ready}"
    );

    metrics.lease_lost();
    let shown = get(address, "/metrics").await;
    assert!(
        shown.contains("application/openmetrics-text") && shown.contains("sentinel_lease_losses_total 1\n"),
        "{shown}"
    );
    server.abort();
}

#[test]
fn logging_starts_once() {
    let config = Config { log_filter: "off".to_owned(), log_format: LogFormat::Json, listen: String::new() };
    // Another test of this binary may have been first.
    let _ = start_logging(&config);
    assert!(matches!(start_logging(&config), Err(TelemetryError::AlreadyStarted)));
}
