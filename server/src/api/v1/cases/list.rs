//! `GET /api/v1/cases`: cases by verdict, then by flags, then by evidence.
#![expect(unused_qualifications, reason = "the macro writes query parameters so")]

use axum::{Json, extract::State};
use bearing_protocol::id::DeviceId;
use bearing_store::{CaseFilter, CaseStatus, SubjectKind};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Case;
use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

/// Which cases.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Filter {
    /// Only this status: `open in_review awaiting_decision closed`; all where absent.
    #[param(value_type = Option<String>)]
    status: Option<CaseStatus>,
    /// Only this verdict.
    verdict: Option<String>,
    /// Only about this kind of subject: `device person group`.
    #[param(value_type = Option<String>)]
    kind: Option<SubjectKind>,
    /// Only those that this person works on.
    assignee: Option<String>,
    /// Only those that cover this device.
    #[param(value_type = Option<String>)]
    device: Option<DeviceId>,
    /// Title, subject or id contains this.
    search: Option<String>,
    /// How many, 1 to 500; 50 where absent.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/cases", tag = "cases", params(Filter), responses((status = 200, body = List<Case>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(filter): Params<Filter>,
) -> Result<Json<List<Case>>, ApiError> {
    let page = PageParams { limit: filter.limit, after: filter.after };
    let wanted = CaseFilter {
        status: filter.status.into_iter().collect(),
        verdict: filter.verdict,
        kind: filter.kind,
        assignee: filter.assignee,
        device: filter.device,
        search: filter.search,
    };
    let found = app.store.cases(&wanted, &page.request()).await?;
    Ok(Json(List::of(found, Case::of)))
}
