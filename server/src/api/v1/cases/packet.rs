//! `GET /api/v1/cases/{case}/packet/{form}`: the case packet. Taking it away is noted.

use axum::{extract::State, response::Response};
use bearing_protocol::id::CaseId;

use crate::{
    act,
    api::{ApiError, extract::Ids},
    app::App,
    auth::Actor,
};

#[utoipa::path(get, path = "/api/v1/cases/{case}/packet/{form}", tag = "cases", params(("case" = String, Path), ("form" = String, Path, description = "`json` (signed, for `bearing-server evidence verify`), `html` or `csv`")), responses((status = 200, body = Object), (status = 404)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids((id, form)): Ids<(CaseId, String)>,
) -> Result<Response, ApiError> {
    Ok(act::export_case(&app, &actor, &id, &form).await?)
}
