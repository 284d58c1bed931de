//! `GET /api/v1/findings`: findings, gravest first.
#![expect(unused_qualifications, reason = "the macro writes query parameters so")]

use axum::{Json, extract::State};
use bearing_protocol::{
    id::DeviceId,
    rule::{Family, RuleId},
    severity::Severity,
};
use bearing_store::{FindingFilter, FindingStatus};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Finding;
use crate::{
    api::{
        ApiError,
        extract::Params,
        page::{List, PageParams},
    },
    app::App,
};

/// Which findings.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(in crate::api) struct Filter {
    /// Only on this device.
    #[param(value_type = Option<String>)]
    device: Option<DeviceId>,
    /// Only this status; all where absent.
    #[param(value_type = Option<String>)]
    status: Option<FindingStatus>,
    /// This severity or graver.
    #[param(value_type = Option<String>)]
    at_least: Option<Severity>,
    /// Only this family.
    #[param(value_type = Option<String>)]
    family: Option<Family>,
    /// Only this rule.
    #[param(value_type = Option<String>)]
    rule: Option<RuleId>,
    /// Title, subject or product contains this.
    search: Option<String>,
    /// How many, 1 to 500; 50 where absent.
    limit: Option<u32>,
    /// The `next` of the page before.
    after: Option<String>,
}

#[utoipa::path(get, path = "/api/v1/findings", tag = "findings", params(Filter), responses((status = 200, body = List<Finding>)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    Params(filter): Params<Filter>,
) -> Result<Json<List<Finding>>, ApiError> {
    let page = PageParams { limit: filter.limit, after: filter.after };
    let wanted = FindingFilter {
        device: filter.device,
        status: filter.status.into_iter().collect(),
        at_least: filter.at_least,
        family: filter.family,
        rule: filter.rule,
        search: filter.search,
    };
    let found = app.store.findings(&wanted, &page.request()).await?;
    Ok(Json(List::of(found, Finding::of)))
}
