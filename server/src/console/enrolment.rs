//! Enrolment: tokens, the commands for a machine, and devices that wait for approval.
//!
//! Always: a token's secret is on the page that created it and nowhere else, ever.

use askama::Template;
use axum::{extract::State, response::Response};
use bearing_protocol::{Timestamp, id::TokenId};
use bearing_store::{DeviceFilter, DeviceRow, DeviceState, PageRequest, TokenRow};
use serde::Deserialize;

use super::{
    ProblemPage,
    form::{Fields, Ids, day_after, done, end_of_day},
    frame::{Frame, Visit, page},
    view::{When, shown},
};
use crate::{
    act::{self, EnrolmentTokenRequest},
    app::App,
};

const PROPOSED_DAYS: i64 = 7;
const LONGEST_DAYS: i64 = 365;
const PENDING_ROWS: u32 = 50;

/// A token that was created just now.
pub(super) struct Fresh {
    secret: String,
}

/// A token, in a line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    id: String,
    group: String,
    uses: u32,
    max_uses: u32,
    expires: When,
    state: &'static str,
    usable: bool,
    needs_approval: bool,
    simulated: bool,
    created_by: String,
    last: Option<(When, String, String)>,
}

/// A device that waits.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    id: String,
    name: String,
    os: String,
    group: String,
    simulated: bool,
    enrolled: When,
}

#[derive(Template)]
#[template(path = "enrolment.html")]
pub(super) struct EnrolmentPage {
    frame: Frame,
    fresh: Option<Fresh>,
    server: String,
    version: &'static str,
    tokens: Vec<Line>,
    pending: Vec<Pending>,
    groups: Vec<String>,
    proposed: String,
    earliest: String,
    latest: String,
}

impl EnrolmentPage {
    pub(super) fn of(
        frame: Frame,
        fresh: Option<Fresh>,
        server: &str,
        tokens: &[TokenRow],
        pending: &[DeviceRow],
        groups: &[String],
        now: Timestamp,
    ) -> Self {
        Self {
            frame,
            fresh,
            server: server.trim_end_matches('/').to_owned(),
            version: env!("CARGO_PKG_VERSION"),
            tokens: tokens.iter().map(|row| line(row, now)).collect(),
            pending: pending.iter().map(|device| waiting(device, now)).collect(),
            groups: groups.iter().map(|group| shown(group)).collect(),
            proposed: day_after(now, PROPOSED_DAYS),
            earliest: day_after(now, 0),
            latest: day_after(now, LONGEST_DAYS),
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let frame = || Frame::sample("enrolment", bearing_store::Role::Admin);
        let fresh = Fresh { secret: "tok_1.secret.digest".into() };
        let url = "https://bearing.example:8443";
        let groups = [samples::HOSTILE.to_owned()];
        vec![
            Self::of(frame(), None, url, &[], &[], &[], samples::now()),
            Self::of(
                frame(),
                Some(fresh),
                url,
                &[samples::token()],
                &[samples::device()],
                &groups,
                samples::now(),
            ),
        ]
    }
}

pub(super) async fn show(State(app): State<App>, visit: Visit) -> Result<Response, ProblemPage> {
    render(&app, &visit, None).await
}

/// The form that creates a token.
#[derive(Deserialize)]
pub(super) struct TokenFields {
    group: String,
    max_uses: u32,
    expires: String,
    #[serde(default)]
    needs_approval: String,
}

pub(super) async fn create(
    State(app): State<App>,
    visit: Visit,
    Fields(sent): Fields<TokenFields>,
) -> Result<Response, ProblemPage> {
    let request = EnrolmentTokenRequest {
        group: sent.group,
        max_uses: sent.max_uses,
        expires_at: end_of_day("the expiry", &sent.expires)?,
        needs_approval: sent.needs_approval == "1",
        simulated: false,
    };
    let token = act::create_enrolment_token(&app, visit.actor(), request).await?;
    let fresh = Fresh { secret: token.reveal().to_string() };
    render(&app, &visit, Some(fresh)).await
}

pub(super) async fn revoke(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<TokenId>,
) -> Result<Response, ProblemPage> {
    act::revoke_enrolment_token(&app, visit.actor(), &id).await?;
    Ok(done("/enrolment", "revoked-token"))
}

async fn render(app: &App, visit: &Visit, fresh: Option<Fresh>) -> Result<Response, ProblemPage> {
    let tokens = app.store.tokens().await?;
    let filter = DeviceFilter { state: Some(DeviceState::Pending), ..DeviceFilter::default() };
    let pending = app.store.devices(&filter, &PageRequest { after: None, limit: PENDING_ROWS }).await?;
    let groups = app.store.groups().await?;
    let frame = visit.frame(app, "enrolment");
    let shown =
        EnrolmentPage::of(frame, fresh, &app.public_url, &tokens, &pending.items, &groups, app.clock.now());
    Ok(page(&shown))
}

fn line(row: &TokenRow, now: Timestamp) -> Line {
    let token = &row.token;
    let state = if row.revoked_at.is_some() {
        "revoked"
    } else if token.expires_at <= now {
        "expired"
    } else if row.uses >= token.max_uses {
        "used up"
    } else {
        "usable"
    };
    Line {
        id: token.id.to_string(),
        group: shown(&token.group),
        uses: row.uses,
        max_uses: token.max_uses,
        expires: When::at(token.expires_at, now),
        state,
        usable: state == "usable",
        needs_approval: token.needs_approval,
        simulated: token.simulated,
        created_by: shown(&token.created_by),
        last: row
            .last_use
            .as_ref()
            .map(|(at, device, name)| (When::at(*at, now), device.to_string(), shown(name))),
    }
}

fn waiting(device: &DeviceRow, now: Timestamp) -> Pending {
    Pending {
        id: device.id.to_string(),
        name: shown(&device.hostname),
        os: shown(format!("{} {}", device.os.name, device.os.version).trim()),
        group: shown(&device.group),
        simulated: device.simulated,
        enrolled: When::at(device.enrolled_at, now),
    }
}
