//! `/metrics`, `/healthz`, `/readyz`. No secret and no profile's name is ever among them, so they need no key; they are
//! served on the loopback unless the operator says otherwise.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::json;
use tokio::net::TcpListener;

use super::TelemetryError;
use super::metrics::Metrics;
use super::readiness::Readiness;
use super::words::Part;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The three routes.
pub fn router(metrics: Arc<Metrics>, readiness: Readiness) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics).with_state(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(show_readiness).with_state(readiness))
}

/// The three routes at their address; dropped or stopped, they answer no more.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    server: tokio::task::JoinHandle<()>,
}

impl Listening {
    /// Begins to answer. Port 0 takes any free one.
    ///
    /// # Errors
    /// When the address is taken or not this machine's.
    pub async fn start(
        address: SocketAddr,
        metrics: Arc<Metrics>,
        readiness: Readiness,
    ) -> Result<Self, TelemetryError> {
        let cannot = |error: std::io::Error| TelemetryError::CannotListen { address, detail: error.to_string() };
        let listener = TcpListener::bind(address).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router(metrics, readiness)).await {
                tracing::warn!(%error, "metrics and readiness are no longer served");
            }
        });
        Ok(Self { address, server })
    }

    /// Where it answers.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn show_metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics.encode()).into_response()
}

async fn show_readiness(State(readiness): State<Readiness>) -> Response {
    let listed = |texts: &[(Part, String)]| -> Vec<_> {
        texts.iter().map(|(part, text)| json!({"part": part.as_str(), "reason": text})).collect()
    };
    let (reasons, warnings) = (readiness.reasons(), readiness.warnings());
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let answer = json!({"ready": reasons.is_empty(), "reasons": listed(&reasons), "warnings": listed(&warnings)});
    (status, Json(answer)).into_response()
}
