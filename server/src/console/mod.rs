//! The console: pages rendered here, readable without JavaScript.
//!
//! Always: every route is in the table of [`routes`] with who may enter; text from a device is escaped and made
//! harmless; "nothing found" is never shown as an acquittal; simulated devices are marked wherever they appear.

mod approvals;
mod assets;
mod audit_log;
mod case;
mod case_form;
mod case_strip;
mod cases;
mod chart;
mod device;
mod devices;
mod enrolment;
mod evaluation;
mod evaluations;
mod events;
mod farm;
mod finding;
mod findings;
mod form;
mod frame;
mod group;
mod group_graph;
mod inventory;
mod map;
mod outline;
mod overview;
mod place;
mod policies;
mod problem;
mod sheets;
mod sign_in;
mod theme;
mod trips;
mod users;
mod view;

#[cfg(test)]
mod case_samples;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

use axum::Router;
use bearing_store::Role;

pub use problem::ProblemPage;

use crate::{
    app::App,
    auth::{Door, Needs, Routes},
};

const VIEWER: Needs = Needs::Role(Role::Viewer);
const AUDITOR: Needs = Needs::Role(Role::Auditor);
const ANALYST: Needs = Needs::Role(Role::Analyst);
const ADMIN: Needs = Needs::Role(Role::Admin);

/// Every route of the console, with who may enter.
pub fn routes() -> Routes {
    Routes::behind(Door::Console)
        .get("/assets/console.css", Needs::Nobody, assets::css)
        .get("/assets/console.js", Needs::Nobody, assets::js)
        .get("/assets/mark.svg", Needs::Nobody, assets::mark)
        .get("/sign-in", Needs::Nobody, sign_in::show)
        .post("/sign-in", Needs::Nobody, sign_in::submit)
        .post("/sign-out", VIEWER, sign_in::leave)
        .post("/theme", VIEWER, theme::choose)
        .get("/events", VIEWER, events::version)
        .get("/", VIEWER, overview::show)
        .get("/devices", VIEWER, devices::show)
        .get("/devices/{device}", VIEWER, device::show)
        .get("/devices/{device}/events", VIEWER, events::device_version)
        .post("/devices/{device}/approve", ADMIN, device::approve)
        .post("/devices/{device}/revoke", ADMIN, device::revoke)
        .post("/devices/{device}/restore", ADMIN, device::restore)
        .post("/devices/{device}/place", ANALYST, device::place)
        .get("/devices/{device}/findings/{finding}", VIEWER, finding::show)
        .post("/devices/{device}/findings/{finding}/status", ANALYST, finding::status)
        .post("/devices/{device}/findings/{finding}/assign", ANALYST, finding::assign)
        .post("/devices/{device}/findings/{finding}/comment", ANALYST, finding::comment)
        .post("/devices/{device}/findings/{finding}/approve", ANALYST, finding::approve)
        .get("/findings", VIEWER, findings::show)
        .get("/map", VIEWER, map::show)
        .get("/cases", VIEWER, cases::show)
        .post("/cases", ANALYST, cases::open)
        .get("/cases/{case}", AUDITOR, case::show)
        .get("/cases/{case}/packet/{form}", AUDITOR, case::packet)
        .post("/cases/{case}/assign", ANALYST, case_form::assign)
        .post("/cases/{case}/title", ANALYST, case_form::title)
        .post("/cases/{case}/comment", ANALYST, case_form::comment)
        .post("/cases/{case}/check", ANALYST, case_form::check)
        .post("/cases/{case}/decide", ANALYST, case_form::decide)
        .post("/cases/{case}/split", ANALYST, case_form::split)
        .post("/cases/{case}/merge", ANALYST, case_form::merge)
        .get("/farm", AUDITOR, farm::show)
        .get("/farm/{group}", AUDITOR, group::show)
        .post("/farm/ties", ANALYST, farm::approve)
        .post("/farm/ties/{approval}/withdraw", ANALYST, farm::withdraw)
        .get("/trips", VIEWER, trips::show)
        .post("/trips", ANALYST, trips::announce)
        .post("/trips/{trip}/decide", ANALYST, trips::decide)
        .get("/approvals", VIEWER, approvals::show)
        .post("/approvals/{approval}/withdraw", ANALYST, approvals::withdraw)
        .get("/enrolment", AUDITOR, enrolment::show)
        .post("/enrolment/tokens", ADMIN, enrolment::create)
        .post("/enrolment/tokens/{token}/revoke", ADMIN, enrolment::revoke)
        .get("/evaluations", VIEWER, evaluations::show)
        .post("/evaluations", AUDITOR, evaluations::create)
        .get("/evaluations/{evaluation}", VIEWER, evaluation::show)
        .post("/evaluations/{evaluation}/freeze", AUDITOR, evaluation::freeze)
        .get("/evaluations/{evaluation}/bundle", AUDITOR, evaluation::bundle)
        .get("/policies", VIEWER, policies::show)
        .get("/policies/{version}", VIEWER, policies::show_one)
        .get("/users", ADMIN, users::show)
        .post("/users", ADMIN, users::create)
        .post("/users/{user}/role", ADMIN, users::role)
        .post("/users/{user}/disable", ADMIN, users::disable)
        .post("/users/{user}/enable", ADMIN, users::enable)
        .post("/users/{user}/password", ADMIN, users::password)
        .post("/api-tokens", ADMIN, users::create_token)
        .post("/api-tokens/{token}/revoke", ADMIN, users::revoke_token)
        .get("/audit-log", AUDITOR, audit_log::show)
}

/// The console's router, with the headers that go on every answer.
pub fn router() -> Router<App> {
    routes().into_router().layer(axum::middleware::map_response(assets::guarded))
}

/// What an address that names nothing gets.
pub async fn not_found() -> axum::response::Response {
    assets::guarded(axum::response::IntoResponse::into_response(ProblemPage::not_found())).await
}
