//! The place evaluation of one report: what the server saw, what the device says, where it should be.
//!
//! Always: what it rests on is the signed report, the signed observation, the roster and the policy in force, so that it
//! can be computed again; the answer says how old each of them is. No expectation gives no finding.

mod expected;
mod finding;
mod path;

use std::{borrow::Cow, net::IpAddr};

use bearing_policies::{
    Policy,
    place::{
        Anchor, Contradiction, CrossLayer, Device, EgressClass, Fleet, Human, Observation, PlaceCase,
        PlaceModel, PlacePolicy, PlaceResult, Rtt, contradictions, evaluate_place,
    },
    policy::{AnchorSite, PlaceOptIn, Site, SiteKind},
};
use bearing_protocol::{
    Timestamp,
    payload::{AnchorRoundTrip, FamilySeen, InventoryValue, ObservationPayload, PlaceItem, TableAge},
    rule::Family,
    severity::Severity,
};
use bearing_store::{FindingRow, FindingStatus, Sighting};
use serde_json::{Value, json};

use expected::Expected;
pub(super) use finding::{assessed, findings};
use path::Path;

use super::{CorrelateError, farm, open::Stored};
use crate::{
    app::App,
    geo::{self, reach},
    ingest::address_digest,
};

/// Most runs of addresses that are looked at.
const MAX_RUNS: u32 = 200;
/// Most addresses that are held against a site's networks.
const MAX_ADDRESSES: u32 = 8;
/// No round trip on Earth is shorter than the first or worth anything beyond the second, in microseconds.
const POSSIBLE_US: std::ops::RangeInclusive<u32> = 50..=10_000_000;
/// An anchor's minimum of fewer probes is an accident.
const MIN_PROBES: u32 = 3;

/// The place evaluation's answer, and what it rests on.
pub(super) struct Place {
    case: PlaceCase,
    expected: Expected,
    path: Path,
    tables: Vec<TableAge>,
    contradictions: Vec<Contradiction>,
    result: Option<PlaceResult>,
    at: Timestamp,
}

impl Place {
    /// Whether there was something to compare with, and something to compare.
    pub(super) fn is_assessed(&self) -> bool {
        !self.case.expect.countries.is_empty() && self.result.is_some()
    }

    /// What was found, each with its line of the arithmetic.
    pub(super) fn found(&self) -> impl Iterator<Item = (&str, &str)> {
        let result = self.result.as_ref();
        let names = result.map_or(&[][..], |result| &result.findings);
        let reasons = result.map_or(&[][..], |result| &result.reasons);
        names.iter().map(String::as_str).zip(reasons.iter().map(String::as_str))
    }

    /// Verdict, severity and sum on one line.
    pub(super) fn sum(&self) -> String {
        self.result.as_ref().map_or_else(String::new, |result| {
            let last = result.why.iter().find(|line| line.starts_with("location ")).cloned();
            format!(
                "{} ({}): {}",
                result.verdict,
                result.severity,
                last.unwrap_or_else(|| "nothing to add up".to_owned())
            )
        })
    }

    /// The answer as it is kept with the verdict.
    pub(super) fn to_json(&self) -> Option<Value> {
        let mut answer = serde_json::to_value(self.result.as_ref()?).ok()?;
        let seen: Vec<Value> = self.case.obs.iter().map(observation_json).collect();
        let first = self.case.obs.first();
        answer["at"] = json!(self.at);
        answer["contradictions"] = json!(self.contradictions);
        answer["inputs"] = json!({
            "expected": self.case.expect.countries,
            "expected_from": self.expected.from,
            "trips": self.expected.trips,
            "ship_to": self.case.expect.ship_to,
            "first_country": self.case.fleet.first_checkin_country,
            "observed": seen,
            "country": first.and_then(|one| one.country.as_deref()),
            "egress_class": first.map(|one| one.class.as_str()),
            "time_zone": self.case.device.tz,
            "time_zone_automatic": self.case.device.auto_tz,
            "session_time_zone": self.case.device.session_tz,
            "wifi_country": self.case.device.wifi_reg,
            "anchors": self.case.rtt.anchors.iter().map(|anchor| json!({
                "name": anchor.name, "min_rtt_ms": anchor.min_rtt_ms, "country": anchor.country,
            })).collect::<Vec<_>>(),
            "transport_ms": self.case.rtt.cross_layer.map(|cross| cross.tcp_ms),
            "application_ms": self.case.rtt.cross_layer.map(|cross| cross.app_ms),
            "workers_same_address": self.case.fleet.workers_same_ip_7d,
            "observations": self.case.history.observations,
            "span_hours": self.case.history.span_hours,
            "tables": self.tables,
            "table_age_days": self.case.policy.db_age_days,
        });
        Some(answer)
    }
}

fn observation_json(one: &Observation) -> Value {
    json!({
        "family": one.family, "country": one.country, "alt_country": one.alt_country, "asn": one.asn,
        "class": one.class.as_str(),
    })
}

/// Evaluates the place of a device at one of its reports.
pub(super) async fn evaluate(
    app: &App,
    stored: &Stored,
    observation: Option<&ObservationPayload>,
    policy: Option<&Policy>,
) -> Result<Place, CorrelateError> {
    let default = Policy::default();
    let policy = policy.unwrap_or(&default);
    let id = &stored.device.id;
    let at = stored.message.received_at;
    let expected = Expected::of(app, &stored.device, policy, at).await?;
    let item = place_item(stored);
    let runs = app.store.sightings(id, MAX_RUNS).await?;
    let first = app.store.first_sighting(id).await?;
    let model = model_of(policy);
    let path = Path::of(&runs, observation, at);
    let settings = policy.place();
    let site = site_of(app, stored, observation, item.gateway.as_deref(), policy.sites()).await?;
    let mut fleet = fleet(app, stored, observation, site).await?;
    fleet.first_checkin_country = first.as_ref().and_then(unpacked_in);
    let obs = observation.map(observations).unwrap_or_default();
    let anchors =
        item.anchors.iter().filter_map(|measured| anchor(measured, policy.anchors(), &expected)).collect();
    let trips = observation.and_then(|seen| seen.round_trips.as_ref()).filter(|_| settings.round_trips);
    let case = PlaceCase {
        id: id.to_string(),
        expect: expected.to_case(),
        obs,
        history: path.history,
        device: Device {
            tz: item.time_zone.filter(|zone| !zone.is_empty()),
            session_tz: item.session_time_zones.into_iter().next(),
            auto_tz: item.time_zone_automatic,
            wifi_reg: item.wifi_country,
            ..Device::default()
        },
        fleet,
        rtt: Rtt {
            anchors,
            cross_layer: trips.map(|trips| CrossLayer {
                tcp_ms: f64::from(trips.tcp_min_us) / 1_000.0,
                app_ms: f64::from(trips.application_min_us) / 1_000.0,
                n: trips.samples,
            }),
        },
        travel: path.travel,
        human: Human {
            remote_control: app.store.device_findings(id).await?.iter().any(is_remote_control),
            ..Human::default()
        },
        policy: PlacePolicy {
            denied: settings.denied_countries.clone(),
            db_age_days: observation.and_then(|seen| country_table_age(&seen.tables, at)),
            border_tolerance: settings.border_tolerance,
            opt_in: json!(if settings.opt_in.contains(&PlaceOptIn::Hours) { vec!["hours"] } else { vec![] }),
        },
    };
    Ok(Place {
        contradictions: model
            .as_deref()
            .map(|model| contradictions(&case, model, &to_country))
            .unwrap_or_default(),
        tables: observation.map(|seen| seen.tables.clone()).unwrap_or_default(),
        result: model.as_deref().map(|model| evaluate_place(&case, model)),
        case,
        expected,
        path,
        at,
    })
}

/// The model with the policy's weights. A policy whose weights are none does not pass its check; without a model there is
/// no answer rather than a wrong one.
fn model_of(policy: &Policy) -> Option<Cow<'static, PlaceModel>> {
    let weights = &policy.place().weights;
    let own = (!weights.is_empty()).then(|| PlaceModel::with(weights).ok()).flatten();
    own.map(Cow::Owned).or_else(|| PlaceModel::embedded().ok().map(Cow::Borrowed))
}

/// Who else is behind the device's addresses, and at what place of the organisation.
async fn fleet(
    app: &App,
    stored: &Stored,
    observation: Option<&ObservationPayload>,
    site: Option<SiteKind>,
) -> Result<Fleet, CorrelateError> {
    let Some(seen) = observation else { return Ok(Fleet::default()) };
    let other = seen.other_family.as_ref().map(|other| other.address_digest.clone());
    let addresses: Vec<_> = std::iter::once(seen.address_digest.clone()).chain(other).collect();
    let site = site.map(|kind| kind.as_str().to_owned());
    let at = stored.message.received_at;
    Ok(farm::crowd_behind(app, &stored.device.id, &addresses, site, at).await?)
}

/// The place of the organisation that a report came from: by its gateway, by its class, or by its address while that is
/// kept.
async fn site_of(
    app: &App,
    stored: &Stored,
    observation: Option<&ObservationPayload>,
    gateway: Option<&str>,
    sites: &[Site],
) -> Result<Option<SiteKind>, CorrelateError> {
    let own = |site: &&Site| site.kind != SiteKind::Egress;
    let behind = |site: &&Site| gateway.is_some_and(|gateway| site.gateways.iter().any(|g| g == gateway));
    if let Some(site) = sites.iter().filter(own).find(behind) {
        return Ok(Some(site.kind));
    }
    let Some(seen) = observation else { return Ok(None) };
    if class_of(&seen.egress_class) == EgressClass::Corporate {
        return Ok(Some(SiteKind::Office));
    }
    if !sites.iter().any(|site| site.kind == SiteKind::Coworking && !site.networks.is_empty()) {
        return Ok(None);
    }
    let raw = app.store.raw_addresses(&stored.device.id, MAX_ADDRESSES).await?;
    let here = raw
        .iter()
        .filter_map(|raw| raw.address.parse::<IpAddr>().ok())
        .find(|address| address_digest(&app.observation_key, *address) == seen.address_digest);
    let Some(here) = here else { return Ok(None) };
    let site = sites.iter().filter(own).find(|site| site.networks.iter().any(|net| net.contains(&here)));
    Ok(site.map(|site| site.kind))
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

/// A class by its word; a word that is none is unknown.
pub(super) fn class_of(word: &str) -> EgressClass {
    serde_json::from_value(Value::String(word.to_owned())).unwrap_or_default()
}

/// The observation of both address families, the message's own first.
fn observations(seen: &ObservationPayload) -> Vec<Observation> {
    let own = Observation {
        family: seen.address_family,
        country: seen.country.clone(),
        alt_country: seen.alt_country.clone(),
        asn: seen.asn,
        class: class_of(&seen.egress_class),
    };
    let other = seen.other_family.as_ref().map(|other: &FamilySeen| Observation {
        family: other.address_family,
        country: other.country.clone(),
        alt_country: other.alt_country.clone(),
        asn: other.asn,
        class: class_of(&other.egress_class),
    });
    // An address of no place (private, loopback) is no observation: it must not look like one that fits.
    std::iter::once(own)
        .chain(other)
        .filter(|one| one.country.is_some() || one.asn.is_some() || one.class != EgressClass::Unknown)
        .collect()
}

/// An anchor's round trip, where it can be one and policy knows the anchor.
fn anchor(measured: &AnchorRoundTrip, anchors: &[AnchorSite], expected: &Expected) -> Option<Anchor> {
    if !POSSIBLE_US.contains(&measured.min_us) || measured.samples < MIN_PROBES {
        return None;
    }
    let site = anchors.iter().find(|site| site.name == measured.name)?;
    let point = (site.latitude, site.longitude);
    let (countries, home) = expected.claim();
    Some(Anchor {
        name: site.name.clone(),
        lat: site.latitude,
        lon: site.longitude,
        country: Some(site.country.clone()),
        min_rtt_ms: f64::from(measured.min_us) / 1_000.0,
        border_km: reach::border_km(point, &site.country),
        claim_km: reach::claim_km(point, &countries, home),
    })
}

/// Distance from an anchor to a country.
fn to_country(anchor: &Anchor, country: &str) -> Option<f64> {
    reach::claim_km((anchor.lat, anchor.lon), &[country], None)
}

/// The country where a device was first seen, where its first line says where it was. A staging network of the
/// organisation does not.
fn unpacked_in(first: &Sighting) -> Option<String> {
    use EgressClass::{Mobile, Residential, Unknown};
    matches!(class_of(&first.source.class), Mobile | Residential | Unknown)
        .then(|| first.source.country.clone())
        .flatten()
}

/// Whether an open finding says that somebody else may drive the machine.
fn is_remote_control(row: &FindingRow) -> bool {
    let open = matches!(row.status, FindingStatus::Open | FindingStatus::InReview);
    let least = match row.finding.family {
        Family::RemoteAccess => Severity::High,
        Family::Kvm => Severity::Medium,
        _ => return false,
    };
    open && row.finding.severity >= least
}

/// Age in days of the table that names countries: the first that is asked.
fn country_table_age(tables: &[TableAge], at: Timestamp) -> Option<u32> {
    let names_countries = |table: &&TableAge| table.name.contains("country") || table.name.contains("(city)");
    tables.iter().find(names_countries).and_then(|table| geo::age_days(&table.built, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(min_us: u32, samples: u32) -> AnchorRoundTrip {
        AnchorRoundTrip { name: "fra".to_owned(), min_us, samples }
    }

    #[test]
    fn an_impossible_round_trip_is_no_evidence() {
        let site: AnchorSite = serde_json::from_value(json!({
            "name": "fra", "address": "fra.example:1", "key": bearing_protocol::key::FileKey::from_seed(&[1; 32].into()).public(),
            "latitude": 50.1, "longitude": 8.7, "country": "DE",
        }))
        .unwrap();
        let sites = [site];
        for (us, samples) in [(0, 8), (49, 8), (20_000_000, 8), (u32::MAX, 8), (9_000, 2)] {
            assert!(anchor(&measured(us, samples), &sites, &Expected::default()).is_none(), "{us} {samples}");
        }
        assert_eq!(anchor(&measured(9_000, 3), &sites, &Expected::default()).unwrap().min_rtt_ms, 9.0);
        let unknown = AnchorRoundTrip { name: "other".to_owned(), ..measured(9_000, 8) };
        assert!(
            anchor(&unknown, &sites, &Expected::default()).is_none(),
            "an anchor that policy does not name"
        );
    }

    #[test]
    fn the_table_that_names_countries_gives_the_age() {
        let table = |name: &str, built: &str| TableAge { name: name.into(), built: built.into() };
        let at: Timestamp = "2026-11-25T00:00:00Z".parse().unwrap();
        let tables = [table("classes of networks", "2020-01-01"), table("x user country", "2026-09-16")];
        assert_eq!(country_table_age(&tables, at), Some(70));
        assert_eq!(country_table_age(&tables[..1], at), None);
    }
}
