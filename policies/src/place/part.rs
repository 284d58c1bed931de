//! What a group of evidence adds: findings with their points, reasons, and what is hard.

use std::collections::BTreeSet;

use super::input::PlaceCase;

/// What the evaluation can find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    CountryMismatch,
    DeniedCountry,
    FamilySplit,
    ImpossibleTravel,
    EgressConcealed,
    RelayedTransport,
    TimezoneMismatch,
    SessionTimezone,
    RttInfeasible,
    OsLocationMismatch,
    WifiRegulatory,
    FleetCluster,
    ShippingMismatch,
}

impl Finding {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::CountryMismatch => "geo.country_mismatch",
            Self::DeniedCountry => "geo.denied_country",
            Self::FamilySplit => "geo.family_split",
            Self::ImpossibleTravel => "geo.impossible_travel",
            Self::EgressConcealed => "geo.egress_concealed",
            Self::RelayedTransport => "geo.relayed_transport",
            Self::TimezoneMismatch => "geo.timezone_mismatch",
            Self::SessionTimezone => "geo.session_timezone",
            Self::RttInfeasible => "geo.rtt_infeasible",
            Self::OsLocationMismatch => "geo.os_location_mismatch",
            Self::WifiRegulatory => "geo.wifi_regulatory",
            Self::FleetCluster => "geo.fleet_cluster",
            Self::ShippingMismatch => "geo.shipping_mismatch",
        }
    }
}

/// Countries the device may be in: declared ones and those of active trips.
pub(super) struct Allowed(BTreeSet<String>);

impl Allowed {
    pub(super) fn of(case: &PlaceCase) -> Self {
        let trips = case.expect.trips.iter().filter(|trip| trip.active).flat_map(|trip| &trip.countries);
        Self(case.expect.countries.iter().chain(trips).map(|c| c.to_ascii_uppercase()).collect())
    }

    pub(super) fn has(&self, country: &str) -> bool {
        self.0.contains(country) || self.0.contains(&country.to_ascii_uppercase())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// What one group came to.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) points: i64,
    /// Points that nothing offsets (a corroborated denied country).
    pub(super) not_offset: i64,
    pub(super) findings: Vec<(Finding, i64, String)>,
    pub(super) why: Vec<String>,
    pub(super) hard: Vec<&'static str>,
    pub(super) confirmed: bool,
}

impl Part {
    pub(super) fn add(&mut self, finding: Finding, points: i64, why: String) {
        if points > 0 {
            self.findings.push((finding, points, why.clone()));
        }
        self.why.push(why);
    }

    pub(super) fn sum(&self) -> i64 {
        self.findings.iter().map(|(_, points, _)| points).sum()
    }
}
