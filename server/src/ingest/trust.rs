//! `GET /agent/v1/trust`: what an agent pins, believed only where it digests to what its token says.

use axum::{Json, extract::State};
use bearing_protocol::api::TrustAnchors;

use super::Ingest;

pub(super) async fn trust(State(ingest): State<Ingest>) -> Json<TrustAnchors> {
    let app = ingest.app();
    Json(TrustAnchors {
        ca_pem: app.ca_pem.clone(),
        policy_keys: app.policy_keys.clone(),
        policy_threshold: app.policy_threshold,
        employee_keys: app.employee_keys.clone(),
    })
}
