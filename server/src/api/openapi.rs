//! The API's own description, `GET /api/v1/openapi.json`.

use axum::Json;
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};

use super::v1::{
    api_tokens, approvals, audit_log, cases, devices, evaluations, findings, groups, policies, roster,
    sign_ins, tie_approvals, tokens, trips, users,
};

#[derive(OpenApi)]
#[openapi(
    info(title = "Bearing", description = "Devices, findings, approvals, evaluations. Every request carries `Authorization: Bearer tok_….<secret>`; problems are `application/problem+json` with a stable `type`."),
    modifiers(&BearerToken),
    security(("bearer" = [])),
    paths(
        devices::list::handle, devices::get::handle, devices::approve::handle, devices::revoke::handle,
        devices::restore::handle, devices::place::handle,
        findings::list::handle, findings::get::handle, findings::status::handle, findings::assign::handle,
        findings::comment::handle,
        approvals::list::handle, approvals::give::handle, approvals::withdraw::handle,
        cases::list::handle, cases::open::handle, cases::counts::handle, cases::get::handle, cases::packet::handle,
        cases::title::handle, cases::assign::handle, cases::comment::handle, cases::check::handle,
        cases::propose::handle, cases::confirm::handle, cases::decline::handle, cases::close::handle,
        cases::split::handle, cases::merge::handle,
        evaluations::list::handle, evaluations::create::handle, evaluations::get::handle,
        evaluations::freeze::handle, evaluations::bundle::handle,
        groups::list::handle, groups::get::handle,
        tie_approvals::list::handle, tie_approvals::give::handle, tie_approvals::withdraw::handle,
        trips::list::handle, trips::announce::handle, trips::decide::handle,
        sign_ins::hand_in::handle, roster::import::handle,
        policies::handle,
        tokens::list::handle, tokens::create::handle, tokens::revoke::handle,
        users::list::handle, users::create::handle,
        api_tokens::list::handle, api_tokens::create::handle, api_tokens::revoke::handle,
        audit_log::handle,
    ),
)]
struct Description;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

pub(super) async fn show() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::routes;

    #[test]
    fn every_route_is_described() {
        let described = serde_json::to_value(Description::openapi()).unwrap();
        for entry in routes().table().iter().filter(|entry| !entry.path.ends_with("openapi.json")) {
            let method = entry.method.as_str().to_lowercase();
            let operation = &described["paths"][entry.path][&method];
            assert!(operation.is_object(), "{} {} is not described", entry.method, entry.path);
            assert!(operation["responses"].as_object().is_some_and(|answers| !answers.is_empty()));
        }
    }

    #[test]
    fn no_described_route_is_missing() {
        let described = serde_json::to_value(Description::openapi()).unwrap();
        let routes = routes();
        for path in described["paths"].as_object().unwrap().keys() {
            assert!(
                routes.table().iter().any(|entry| entry.path == path),
                "{path} is described and does not exist"
            );
        }
    }

    #[test]
    fn answers_have_samples() {
        let described = serde_json::to_value(Description::openapi()).unwrap();
        let schemas = described["components"]["schemas"].as_object().unwrap();
        for name in [
            "Device",
            "Finding",
            "Case",
            "CaseCounts",
            "Group",
            "Tie",
            "Trip",
            "HandedIn",
            "Approval",
            "Evaluation",
            "EnrolmentToken",
            "User",
            "ApiToken",
            "Entry",
        ] {
            assert!(schemas[name]["example"].is_object(), "{name} has no sample");
        }
    }
}
