//! Trips: where people said they would be, and who decided on it.

pub(in crate::api) mod announce;
pub(in crate::api) mod decide;
pub(in crate::api) mod list;

use bearing_store::TripRow;
use serde::Serialize;
use utoipa::ToSchema;

/// A trip.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "0123456789abcdef", "device": "dev_01010101010101010101010101010101", "person": null,
    "countries": ["PT"], "from": "2026-12-01", "until": "2026-12-14", "announced_by": "device",
    "announced_at": "2026-11-25T08:00:00Z", "state": "approved", "decided_by": "ana",
    "decided_at": "2026-11-25T09:00:00Z", "reason": "the fair in Lisbon"
}))]
pub(in crate::api) struct Trip {
    id: String,
    device: String,
    /// The roster's id of whose device that was.
    person: Option<String>,
    /// ISO 3166-1 alpha-2; empty where it was withdrawn before it arrived.
    countries: Vec<String>,
    /// First day.
    from: String,
    /// Last day.
    until: String,
    /// `device`, a user's name, or `api:` and a token's name.
    announced_by: String,
    announced_at: String,
    /// `announced approved declined withdrawn`. Whether an announced trip counts is policy's to say.
    state: &'static str,
    decided_by: Option<String>,
    decided_at: Option<String>,
    reason: Option<String>,
}

impl Trip {
    fn of(row: TripRow) -> Self {
        Self {
            id: row.id,
            device: row.device.to_string(),
            person: row.person,
            countries: row.countries,
            from: row.from.to_string(),
            until: row.until.to_string(),
            announced_by: row.announced_by,
            announced_at: row.announced_at.to_string(),
            state: row.state.as_str(),
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(|at| at.to_string()),
            reason: row.reason,
        }
    }
}
