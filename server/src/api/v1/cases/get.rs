//! `GET /api/v1/cases/{case}`: one case with its findings, disproof steps and timeline. Looking is noted.

use axum::{Json, extract::State};
use bearing_protocol::id::CaseId;

use super::Case;
use crate::{
    act,
    api::{ApiError, extract::Ids},
    app::App,
    auth::Actor,
    cases,
};

#[utoipa::path(get, path = "/api/v1/cases/{case}", tag = "cases", params(("case" = String, Path)), responses((status = 200, body = Case), (status = 404)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Ids(id): Ids<CaseId>,
) -> Result<Json<Case>, ApiError> {
    let row = app.store.case(&id).await?.ok_or_else(|| ApiError::not_found("case"))?;
    act::note_look(&app, actor.name(), &id, "looked", None).await?;
    let members = app.store.case_members(&id).await?;
    let devices = app.store.case_devices(&id).await?;
    let findings = cases::findings_of(&app, &members).await?;
    let steps = cases::steps(&findings, &app.store.case_checks(&id).await?);
    let timeline = cases::timeline(&app, &id, &devices, &findings).await?;
    let case = Case::of(row).with_findings(members, &findings).with_steps(steps).with_timeline(timeline);
    Ok(Json(case))
}
