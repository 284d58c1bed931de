//! `/healthz`, `/readyz`, `/metrics`.
//!
//! Always: healthy is a process that answers; ready is a store that commits. Neither tells anything else, but how many
//! files of address tables cannot be used.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use tokio::{
    net::TcpListener,
    sync::{Mutex, watch},
    time::Instant,
};
use tracing::error;

use crate::{app::App, metrics::ServerMetrics};

/// How long an answer about readiness is repeated: probes must not cost commits.
const READY_FOR: Duration = Duration::from_secs(2);

#[derive(Clone)]
struct Health {
    app: App,
    metrics: ServerMetrics,
    ready: Arc<Mutex<Option<(Instant, bool)>>>,
}

/// The three routes.
pub fn router(app: App, metrics: ServerMetrics) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(show))
        .with_state(Health { app, metrics, ready: Arc::default() })
}

async fn ready(State(health): State<Health>) -> Response {
    let mut last = health.ready.lock().await;
    let is_ready = match *last {
        Some((at, was)) if at.elapsed() < READY_FOR => was,
        _ => {
            let is = match health.app.store.ready().await {
                Ok(()) => true,
                Err(error) => {
                    error!(error = &error as &dyn std::error::Error, "the store is not ready");
                    false
                }
            };
            *last = Some((Instant::now(), is));
            is
        }
    };
    if is_ready {
        match health.app.geo.problems().len() {
            0 => "ready\n".into_response(),
            // Ready all the same: what was read before stays in use.
            broken => format!("ready\naddress tables: {broken} files cannot be used\n").into_response(),
        }
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the store cannot commit\n").into_response()
    }
}

async fn show(State(health): State<Health>, headers: HeaderMap) -> Response {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.strip_prefix("Bearer "));
    if health.metrics.admits(bearer) {
        text(&health.metrics)
    } else {
        (StatusCode::UNAUTHORIZED, "a bearer token is needed: see [metrics] in the configuration\n")
            .into_response()
    }
}

fn text(metrics: &ServerMetrics) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.render()).into_response()
}

/// Serves `/metrics` on a listener of its own, without a token.
pub async fn serve_metrics(listener: TcpListener, metrics: ServerMetrics, mut stop: watch::Receiver<bool>) {
    let show = get(move || {
        let metrics = metrics.clone();
        async move { text(&metrics) }
    });
    let routes = Router::new().route("/metrics", show);
    let stopped = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(failed) = axum::serve(listener, routes).with_graceful_shutdown(stopped).await {
        error!(error = &failed as &dyn std::error::Error, "the metrics listener ended");
    }
}
