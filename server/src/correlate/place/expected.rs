//! Where a device should be, and who says so.
//!
//! Always: the roster's word first, then the device record's, then policy's; a trip that policy does not count is shown
//! and allows nothing.

use bearing_policies::{Policy, place, policy::TripRule};
use bearing_protocol::Timestamp;
use bearing_store::{DeviceRow, TripRow, TripState};
use serde::Serialize;

use super::super::CorrelateError;
use crate::{app::App, geo::reach::HomeDisc};

/// Where a device should be.
#[derive(Clone, Debug, Default)]
pub(in crate::correlate) struct Expected {
    /// Countries.
    pub(in crate::correlate) countries: Vec<String>,
    /// Who says so: `roster`, `device record`, `policy`, or nobody.
    pub(in crate::correlate) from: &'static str,
    /// Trips that touch now.
    pub(in crate::correlate) trips: Vec<TripShown>,
    ship_to: Option<String>,
    home: Option<place::Home>,
}

/// A trip as it is shown with every verdict.
#[derive(Clone, Debug, Serialize)]
pub(in crate::correlate) struct TripShown {
    /// Where to.
    pub(in crate::correlate) countries: Vec<String>,
    /// First day.
    pub(in crate::correlate) from: String,
    /// Last day.
    pub(in crate::correlate) until: String,
    /// Who announced it.
    pub(in crate::correlate) announced_by: String,
    /// `announced approved declined withdrawn`.
    pub(in crate::correlate) state: String,
    /// Whether it allows its countries now.
    pub(in crate::correlate) counts: bool,
}

impl TripShown {
    /// A trip under policy's rule.
    fn of(trip: &TripRow, rule: TripRule) -> Self {
        Self {
            countries: trip.countries.clone(),
            from: trip.from.to_string(),
            until: trip.until.to_string(),
            announced_by: trip.announced_by.clone(),
            state: trip.state.as_str().to_owned(),
            counts: match (trip.state, rule) {
                (TripState::Approved, _) | (TripState::Announced, TripRule::Announced) => true,
                (TripState::Announced, TripRule::Approved)
                | (TripState::Declined | TripState::Withdrawn, _) => false,
            },
        }
    }
}

impl Expected {
    /// What is expected of a device at `at`.
    pub(super) async fn of(
        app: &App,
        device: &DeviceRow,
        policy: &Policy,
        at: Timestamp,
    ) -> Result<Self, CorrelateError> {
        let mut expected = Self::default();
        if let Some(person) = app.store.person_of(&device.id).await?.filter(|person| person.row.active) {
            expected.home = person.row.home.map(|home| place::Home {
                lat: home.latitude,
                lon: home.longitude,
                radius_km: home.radius_km,
            });
            expected.ship_to = person.row.ship_to;
            expected.countries = person.row.countries;
            expected.from = "roster";
        }
        if expected.countries.is_empty() && !device.expected_countries.is_empty() {
            expected.countries = device.expected_countries.clone();
            expected.from = "device record";
        }
        if expected.countries.is_empty() && !policy.expected_countries().is_empty() {
            expected.countries = policy.expected_countries().to_vec();
            expected.from = "policy";
        }
        let trips = app.store.trips_of(&device.id, at).await?;
        expected.trips = trips.iter().map(|trip| TripShown::of(trip, policy.place().trips)).collect();
        Ok(expected)
    }

    /// As the model takes it.
    pub(super) fn to_case(&self) -> place::Expectation {
        place::Expectation {
            countries: self.countries.clone(),
            trips: self
                .trips
                .iter()
                .map(|trip| place::Trip { countries: trip.countries.clone(), active: trip.counts })
                .collect(),
            ship_to: self.ship_to.clone(),
            home: self.home,
        }
    }

    /// What a round trip is held against: the home, or the countries; and those of trips that count.
    pub(super) fn claim(&self) -> (Vec<&str>, Option<HomeDisc>) {
        let trips = self.trips.iter().filter(|trip| trip.counts).flat_map(|trip| &trip.countries);
        let home = self.home.map(|home| HomeDisc { middle: (home.lat, home.lon), radius_km: home.radius_km });
        let declared = if home.is_some() { &[][..] } else { self.countries.as_slice() };
        (declared.iter().chain(trips).map(String::as_str).collect(), home)
    }

    /// The countries, and those of trips that count.
    pub(in crate::correlate) fn words(&self) -> String {
        let mut words = self.countries.join(", ");
        for trip in self.trips.iter().filter(|trip| trip.counts) {
            words.push_str(&format!(", on a trip to {} until {}", trip.countries.join(" "), trip.until));
        }
        words
    }
}
