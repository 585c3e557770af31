//! `/metrics`, `/healthz`, `/readyz`. No secret and no profile's name is ever among them, so they need no key; they are
//! served on the loopback unless the operator says otherwise.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use serde_json::json;

use super::metrics::Metrics;
use super::readiness::Readiness;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The three routes.
pub fn router(metrics: Arc<Metrics>, readiness: Readiness) -> Router {
    Router::new()
        .route("/metrics", get(show_metrics).with_state(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(show_readiness).with_state(readiness))
}

async fn show_metrics(State(metrics): State<Arc<Metrics>>) -> Response {
    ([(header::CONTENT_TYPE, OPEN_METRICS)], metrics.encode()).into_response()
}

async fn show_readiness(State(readiness): State<Readiness>) -> Response {
    let reasons = readiness.reasons();
    let status = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let listed: Vec<_> =
        reasons.iter().map(|(part, reason)| json!({"part": part.as_str(), "reason": reason})).collect();
    (status, Json(json!({"ready": reasons.is_empty(), "reasons": listed}))).into_response()
}
