//! The JSON API, for programs and people.
//!
//! Always: the same functions as the console's; a bearer token with role and expiry; problems as RFC 9457;
//! lists in pages with a cursor. Text from a device is data and stands in the answers as it came.

mod change;
mod error;
mod extract;
mod openapi;
mod page;
mod v1;

pub use error::ApiError;

use axum::{Router, extract::DefaultBodyLimit};
use bearing_store::Role;

use crate::{
    app::App,
    auth::{Door, Needs, Routes},
};

/// Largest body of a request, in bytes.
const MAX_REQUEST_BYTES: usize = 64 * 1024;

const VIEWER: Needs = Needs::Role(Role::Viewer);
const AUDITOR: Needs = Needs::Role(Role::Auditor);
const ANALYST: Needs = Needs::Role(Role::Analyst);
const ADMIN: Needs = Needs::Role(Role::Admin);

/// Every route of the API, with who may enter.
pub fn routes() -> Routes {
    use v1::{
        api_tokens, approvals, audit_log, cases, devices, evaluations, findings, groups, policies, roster,
        sign_ins, tie_approvals, tokens, trips, users,
    };
    Routes::behind(Door::Api)
        .get("/api/v1/openapi.json", Needs::Nobody, openapi::show)
        .get("/api/v1/devices", VIEWER, devices::list::handle)
        .get("/api/v1/devices/{device}", VIEWER, devices::get::handle)
        .post("/api/v1/devices/{device}/approve", ADMIN, devices::approve::handle)
        .post("/api/v1/devices/{device}/revoke", ADMIN, devices::revoke::handle)
        .post("/api/v1/devices/{device}/restore", ADMIN, devices::restore::handle)
        .post("/api/v1/devices/{device}/place", ANALYST, devices::place::handle)
        .get("/api/v1/findings", VIEWER, findings::list::handle)
        .get("/api/v1/devices/{device}/findings/{finding}", VIEWER, findings::get::handle)
        .post("/api/v1/devices/{device}/findings/{finding}/status", ANALYST, findings::status::handle)
        .post("/api/v1/devices/{device}/findings/{finding}/assign", ANALYST, findings::assign::handle)
        .post("/api/v1/devices/{device}/findings/{finding}/comment", ANALYST, findings::comment::handle)
        .get("/api/v1/approvals", VIEWER, approvals::list::handle)
        .post("/api/v1/approvals", ANALYST, approvals::give::handle)
        .post("/api/v1/approvals/{approval}/withdraw", ANALYST, approvals::withdraw::handle)
        .get("/api/v1/cases", AUDITOR, cases::list::handle)
        .post("/api/v1/cases", ANALYST, cases::open::handle)
        .get("/api/v1/cases/counts", VIEWER, cases::counts::handle)
        .get("/api/v1/cases/{case}", AUDITOR, cases::get::handle)
        .get("/api/v1/cases/{case}/packet/{form}", AUDITOR, cases::packet::handle)
        .post("/api/v1/cases/{case}/title", ANALYST, cases::title::handle)
        .post("/api/v1/cases/{case}/assign", ANALYST, cases::assign::handle)
        .post("/api/v1/cases/{case}/comment", ANALYST, cases::comment::handle)
        .post("/api/v1/cases/{case}/check", ANALYST, cases::check::handle)
        .post("/api/v1/cases/{case}/propose", ANALYST, cases::propose::handle)
        .post("/api/v1/cases/{case}/confirm", ANALYST, cases::confirm::handle)
        .post("/api/v1/cases/{case}/decline", ANALYST, cases::decline::handle)
        .post("/api/v1/cases/{case}/close", ANALYST, cases::close::handle)
        .post("/api/v1/cases/{case}/split", ANALYST, cases::split::handle)
        .post("/api/v1/cases/{case}/merge", ANALYST, cases::merge::handle)
        .get("/api/v1/evaluations", VIEWER, evaluations::list::handle)
        .post("/api/v1/evaluations", AUDITOR, evaluations::create::handle)
        .get("/api/v1/evaluations/{evaluation}", VIEWER, evaluations::get::handle)
        .post("/api/v1/evaluations/{evaluation}/freeze", AUDITOR, evaluations::freeze::handle)
        .get("/api/v1/evaluations/{evaluation}/bundle", AUDITOR, evaluations::bundle::handle)
        .get("/api/v1/groups", AUDITOR, groups::list::handle)
        .get("/api/v1/groups/{group}", AUDITOR, groups::get::handle)
        .get("/api/v1/tie-approvals", AUDITOR, tie_approvals::list::handle)
        .post("/api/v1/tie-approvals", ANALYST, tie_approvals::give::handle)
        .post("/api/v1/tie-approvals/{approval}/withdraw", ANALYST, tie_approvals::withdraw::handle)
        .post("/api/v1/roster", ANALYST, roster::import::handle)
        .get("/api/v1/trips", VIEWER, trips::list::handle)
        .post("/api/v1/trips", ANALYST, trips::announce::handle)
        .post("/api/v1/trips/{trip}/decide", ANALYST, trips::decide::handle)
        .post("/api/v1/sign-ins", ANALYST, sign_ins::hand_in::handle)
        .get("/api/v1/policies", VIEWER, policies::handle)
        .get("/api/v1/tokens", AUDITOR, tokens::list::handle)
        .post("/api/v1/tokens", ADMIN, tokens::create::handle)
        .post("/api/v1/tokens/{token}/revoke", ADMIN, tokens::revoke::handle)
        .get("/api/v1/users", ADMIN, users::list::handle)
        .post("/api/v1/users", ADMIN, users::create::handle)
        .get("/api/v1/api-tokens", ADMIN, api_tokens::list::handle)
        .post("/api/v1/api-tokens", ADMIN, api_tokens::create::handle)
        .post("/api/v1/api-tokens/{token}/revoke", ADMIN, api_tokens::revoke::handle)
        .get("/api/v1/audit-log", AUDITOR, audit_log::handle)
}

/// The API's router.
pub fn router() -> Router<App> {
    routes().into_router().layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES))
}
