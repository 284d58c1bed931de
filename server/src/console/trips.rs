//! Trips: who said they would be where, and what was decided on it.

use askama::Template;
use axum::{
    extract::{Query, State},
    response::Response,
};
use bearing_protocol::{Timestamp, id::DeviceId};
use bearing_store::{DeviceRow, PageRequest, TripFilter, TripRow, TripState, days_at};
use jiff::civil::Date;
use serde::Deserialize;

use super::{
    ProblemPage,
    form::{Fields, Ids, day_after, done},
    frame::{Frame, Visit, page},
    view::{When, shown},
};
use crate::{
    act::{self, ActError, TripRequest},
    app::App,
    auth::Actor,
};

/// Trips of one page.
const ROWS: u32 = 100;
/// How long a trip is that the form proposes, in days.
const PROPOSED_DAYS: i64 = 7;

/// A trip, in a line.
#[derive(Clone, Debug)]
pub(super) struct Line {
    id: String,
    device: String,
    host: String,
    simulated: bool,
    countries: String,
    from: String,
    until: String,
    announced_by: String,
    announced: When,
    state: &'static str,
    class: &'static str,
    when: &'static str,
    decided_by: Option<String>,
    reason: Option<String>,
    can_decide: bool,
}

#[derive(Template)]
#[template(path = "trips.html")]
pub(super) struct TripsPage {
    frame: Frame,
    all: bool,
    lines: Vec<Line>,
    next: Option<String>,
    device: String,
    from: String,
    until: String,
}

impl TripsPage {
    pub(super) fn of(frame: Frame, query: &Wanted, found: Found, now: Timestamp) -> Self {
        Self {
            frame,
            all: query.all.is_some(),
            lines: found.rows.iter().map(|(row, device)| line(row, device.as_ref(), now)).collect(),
            next: found.next,
            device: query.device.as_deref().map(shown).unwrap_or_default(),
            from: day_after(now, 0),
            until: day_after(now, PROPOSED_DAYS),
        }
    }

    #[cfg(test)]
    pub(super) fn samples() -> Vec<Self> {
        use super::samples;
        let frame = |role| Frame::sample("trips", role);
        let trip = |state| TripRow {
            id: "0123456789abcdef".to_owned(),
            device: samples::device().id,
            person: Some(samples::HOSTILE.to_owned()),
            countries: vec!["PT".to_owned(), samples::HOSTILE.to_owned()],
            from: "2026-11-20".parse().unwrap(),
            until: "2026-11-30".parse().unwrap(),
            announced_by: samples::HOSTILE.to_owned(),
            announced_at: samples::now(),
            state,
            decided_by: (state != TripState::Announced).then(|| samples::HOSTILE.to_owned()),
            decided_at: None,
            reason: (state != TripState::Announced).then(|| samples::HOSTILE.to_owned()),
        };
        let rows = TripState::ALL.map(|state| (trip(state), Some(samples::device()))).to_vec();
        let wanted = Wanted { device: Some(samples::HOSTILE.to_owned()), ..Wanted::default() };
        let full = || Found { rows: rows.clone(), next: Some("00".to_owned()) };
        vec![
            Self::of(
                frame(bearing_store::Role::Analyst),
                &Wanted::default(),
                Found::default(),
                samples::now(),
            ),
            Self::of(frame(bearing_store::Role::Analyst), &wanted, full(), samples::now()),
            Self::of(frame(bearing_store::Role::Viewer), &wanted, full(), samples::now()),
        ]
    }
}

/// What is asked for.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Wanted {
    /// Also those that are over.
    all: Option<String>,
    /// Only of this device.
    device: Option<String>,
    /// The cursor of the page before.
    after: Option<String>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    rows: Vec<(TripRow, Option<DeviceRow>)>,
    next: Option<String>,
}

pub(super) async fn show(
    State(app): State<App>,
    visit: Visit,
    Query(wanted): Query<Wanted>,
) -> Result<Response, ProblemPage> {
    let now = app.clock.now();
    // What is no id is the id of no device: the list stays whole and the form shows what was given.
    let device = wanted.device.as_deref().and_then(|text| text.trim().parse::<DeviceId>().ok());
    let filter = TripFilter { device, state: None, not_before: wanted.all.is_none().then(|| days_at(now).0) };
    let request = PageRequest { after: wanted.after.clone(), limit: ROWS };
    let trips = app.store.trips(&filter, &request).await?;
    let mut found = Found { rows: Vec::with_capacity(trips.items.len()), next: trips.next };
    for row in trips.items {
        let device = app.store.device(&row.device).await?;
        found.rows.push((row, device));
    }
    Ok(page(&TripsPage::of(visit.frame(&app, "trips"), &wanted, found, now)))
}

/// The fields of an announcement.
#[derive(Debug, Deserialize)]
pub(super) struct Announced {
    device: String,
    countries: String,
    from: String,
    until: String,
}

impl Announced {
    async fn request(self, app: &App) -> Result<TripRequest, ActError> {
        let day = |text: &str| {
            text.trim().parse::<Date>().map_err(|_| ActError::invalid("want days as in 2026-12-31"))
        };
        Ok(TripRequest {
            device: device_of(app, self.device.trim()).await?,
            countries: self
                .countries
                .split([',', ' '])
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
                .collect(),
            from: day(&self.from)?,
            until: day(&self.until)?,
        })
    }
}

/// The device that an id or a host name names, where one alone has it.
async fn device_of(app: &App, named: &str) -> Result<DeviceId, ActError> {
    if let Ok(id) = named.parse::<DeviceId>() {
        return Ok(id);
    }
    let filter = bearing_store::DeviceFilter {
        search: Some(named.to_owned()),
        ..bearing_store::DeviceFilter::default()
    };
    let found = app.store.devices(&filter, &PageRequest { after: None, limit: ROWS }).await?;
    let mut exact = found.items.into_iter().filter(|device| device.hostname.eq_ignore_ascii_case(named));
    match (exact.next(), exact.next()) {
        (Some(device), None) => Ok(device.id),
        (None, _) => Err(ActError::NotFound("device")),
        (Some(_), Some(_)) => {
            Err(ActError::invalid("several devices have that host name: name one by its id"))
        }
    }
}

pub(super) async fn announce(
    State(app): State<App>,
    visit: Visit,
    Fields(announced): Fields<Announced>,
) -> Result<Response, ProblemPage> {
    let request = announced.request(&app).await?;
    act::announce_trip(&app, visit.actor(), request).await?;
    Ok(done("/trips", "trip"))
}

/// The fields of a decision.
#[derive(Debug, Deserialize)]
pub(super) struct Decided {
    state: TripState,
    reason: String,
}

pub(super) async fn decide(
    State(app): State<App>,
    visit: Visit,
    Ids(id): Ids<String>,
    Fields(decided): Fields<Decided>,
) -> Result<Response, ProblemPage> {
    let actor: &Actor = visit.actor();
    act::decide_trip(&app, actor, &id, decided.state, &decided.reason).await?;
    Ok(done("/trips", "trip-decided"))
}

fn line(row: &TripRow, device: Option<&DeviceRow>, now: Timestamp) -> Line {
    let (earliest, latest) = days_at(now);
    let countries: Vec<String> = row.countries.iter().map(|country| shown(country)).collect();
    Line {
        id: row.id.clone(),
        device: row.device.to_string(),
        host: device.map_or_else(|| "a device".to_owned(), |device| shown(&device.hostname)),
        simulated: device.is_some_and(|device| device.simulated),
        countries: countries.join(", "),
        from: row.from.to_string(),
        until: row.until.to_string(),
        announced_by: match row.announced_by.as_str() {
            "device" => "on the device".to_owned(),
            name => format!("by {}", shown(name)),
        },
        announced: When::at(row.announced_at, now),
        state: row.state.as_str(),
        class: match row.state {
            TripState::Approved => "tag on",
            TripState::Declined => "tag warn",
            TripState::Announced | TripState::Withdrawn => "tag",
        },
        when: if row.until < earliest {
            "over"
        } else if row.from > latest {
            "to come"
        } else {
            "now"
        },
        decided_by: row.decided_by.as_deref().map(shown),
        reason: row.reason.as_deref().map(shown),
        can_decide: row.state != TripState::Withdrawn,
    }
}
