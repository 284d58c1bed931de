//! The place evaluation of one report: what the server saw, what the device says, where it should be.

use bearing_policies::{
    Policy,
    place::{Device, Expectation, History, Observation, PlaceCase, PlaceModel, PlaceResult, evaluate_place},
};
use bearing_protocol::payload::{InventoryValue, ObservationPayload, PlaceItem};
use serde_json::{Value, json};

use super::{CorrelateError, open::Stored};
use crate::app::App;

/// How many earlier messages are looked through for how long a country was seen.
const LOOK_BACK: u32 = 100;

/// The place evaluation's answer, and what it rests on.
pub(super) struct Place {
    case: PlaceCase,
    result: Option<PlaceResult>,
}

impl Place {
    /// Whether there was something to compare with, and something to compare.
    pub(super) fn is_assessed(&self) -> bool {
        !self.case.expect.countries.is_empty() && self.result.is_some()
    }

    /// What was found.
    pub(super) fn findings(&self) -> &[String] {
        self.result.as_ref().map_or(&[], |result| &result.findings)
    }

    /// Where the device should be.
    pub(super) fn expected(&self) -> &[String] {
        &self.case.expect.countries
    }

    /// The device's time zone, where it was disclosed.
    pub(super) fn time_zone(&self) -> Option<&str> {
        self.case.device.tz.as_deref()
    }

    /// The answer as it is kept with the verdict.
    pub(super) fn to_json(&self) -> Option<Value> {
        let mut answer = serde_json::to_value(self.result.as_ref()?).ok()?;
        let seen = self.case.obs.first();
        answer["inputs"] = json!({
            "expected": self.case.expect.countries,
            "country": seen.and_then(|one| one.country.as_deref()),
            "egress_class": seen.map(|one| one.class.as_str()),
            "time_zone": self.case.device.tz,
            "time_zone_automatic": self.case.device.auto_tz,
            "observations": self.case.history.observations,
            "span_hours": self.case.history.span_hours,
        });
        Some(answer)
    }
}

/// Evaluates the place of a device at one of its reports.
pub(super) async fn evaluate(
    app: &App,
    stored: &Stored,
    observation: Option<&ObservationPayload>,
    policy: Option<&Policy>,
) -> Result<Place, CorrelateError> {
    let own = &stored.device.expected_countries;
    let countries =
        if own.is_empty() { policy.map(Policy::expected_countries).unwrap_or_default() } else { own };
    let item = place_item(stored);
    let case = PlaceCase {
        id: stored.device.id.to_string(),
        expect: Expectation { countries: countries.to_vec(), ..Expectation::default() },
        obs: observation.map(seen).into_iter().collect(),
        history: history(app, stored, observation, countries).await?,
        device: Device {
            tz: item.time_zone,
            session_tz: item.session_time_zones.into_iter().next(),
            auto_tz: item.time_zone_automatic,
            ..Device::default()
        },
        ..PlaceCase::default()
    };
    // The built-in model is checked by its crate's tests; without it there is no answer rather than a wrong one.
    let result = PlaceModel::embedded().ok().map(|model| evaluate_place(&case, model));
    Ok(Place { case, result })
}

fn place_item(stored: &Stored) -> PlaceItem {
    stored
        .report
        .inventory
        .iter()
        .find_map(|committed| match stored.disclosures.open::<InventoryValue>(&committed.item) {
            Some(Ok(InventoryValue::Place(item))) => Some(item),
            _ => None,
        })
        .unwrap_or_default()
}

fn seen(observation: &ObservationPayload) -> Observation {
    Observation {
        family: observation.address_family,
        country: observation.country.clone(),
        alt_country: observation.alt_country.clone(),
        asn: observation.asn,
        class: serde_json::from_value(Value::String(observation.egress_class.clone())).unwrap_or_default(),
    }
}

/// For how long the device was seen where it is seen now. Only an unexpected country is worth the look back:
/// for an expected one the answer does not depend on it.
async fn history(
    app: &App,
    stored: &Stored,
    observation: Option<&ObservationPayload>,
    expected: &[String],
) -> Result<History, CorrelateError> {
    let unexpected = observation
        .and_then(|one| one.country.as_ref())
        .is_some_and(|country| !expected.is_empty() && !expected.contains(country));
    let now = stored.message.received_at;
    let mut history = History { observations: 1, span_hours: 0.0 };
    if !unexpected {
        let since = now.duration_since(stored.device.enrolled_at).as_secs_f64().max(0.0);
        return Ok(History { observations: stored.report.sequence, span_hours: since / 3_600.0 });
    }
    let country = observation.and_then(|one| one.country.as_ref());
    for earlier in app.store.messages(&stored.device.id, Some(stored.report.sequence), LOOK_BACK).await? {
        let Some(envelope) = &earlier.observation else { continue };
        let Ok(body) = envelope.body_unverified() else { continue };
        let Ok(before) = serde_json::from_slice::<ObservationPayload>(&body) else { continue };
        if before.country.as_ref() != country {
            break;
        }
        history.observations += 1;
        history.span_hours = now.duration_since(before.received_at).as_secs_f64().max(0.0) / 3_600.0;
    }
    Ok(history)
}
