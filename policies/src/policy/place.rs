//! What policy says about places: what is compared, what may be shown, and where anchors stand.

use std::collections::{BTreeMap, BTreeSet};

use bearing_protocol::{key::PublicKey, text::printable};
use serde::{Deserialize, Serialize};

use crate::place::PlaceModel;

/// Settings of the place evaluation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlaceSettings {
    /// Whether every employee sees the last place verdict of the own device and why.
    pub show_verdict: bool,
    /// Whether an announced trip counts by itself.
    pub trips: TripRule,
    /// Countries that are denied; absent: the model's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denied_countries: Option<Vec<String>>,
    /// Whether a neighbouring country is tolerated.
    pub border_tolerance: bool,
    /// Whether round trips are measured.
    pub round_trips: bool,
    /// What comes near to watching a person, each off unless named.
    pub opt_in: BTreeSet<PlaceOptIn>,
    /// Weights that differ from the built-in model: section, name, value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub weights: BTreeMap<String, BTreeMap<String, f64>>,
}

impl Default for PlaceSettings {
    fn default() -> Self {
        Self {
            show_verdict: false,
            trips: TripRule::Announced,
            denied_countries: None,
            border_tolerance: false,
            round_trips: true,
            opt_in: BTreeSet::new(),
            weights: BTreeMap::new(),
        }
    }
}

/// Which trips count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TripRule {
    /// Announced is enough. It is shown with every verdict.
    #[default]
    Announced,
    /// Only where somebody approved it.
    Approved,
}

/// What a site may opt into. Switching one on widens collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceOptIn {
    /// The shift of working hours against the expected zone.
    Hours,
    /// Which access points are near, matched on the device.
    WifiSurroundings,
    /// The operating system's own location, as a country.
    OsLocation,
}

/// An anchor: an own process of the organisation (`bearing-server anchor`) that answers nonces, at a known point.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnchorSite {
    /// Its name.
    pub name: String,
    /// Host and port (`anchor-fra.example.com:8444`), UDP and TCP.
    pub address: String,
    /// The key it signs nonces with.
    pub key: PublicKey,
    /// Latitude in degrees.
    pub latitude: f64,
    /// Longitude in degrees.
    pub longitude: f64,
    /// Its country, ISO 3166-1 alpha-2.
    pub country: String,
}

impl PlaceSettings {
    /// Whether nothing was said.
    pub(super) fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Everything that is wrong, each with a text that stands near it in the file.
    pub(super) fn flaws(&self) -> Vec<(String, String)> {
        let mut flaws: Vec<_> =
            self.denied_countries.iter().flatten().filter_map(|country| country_flaw(country)).collect();
        if let Err(error) = PlaceModel::with(&self.weights) {
            flaws.push((error.near().to_owned(), error.to_string()));
        }
        flaws
    }
}

/// What is wrong with a country code, with the text that stands near it.
pub(super) fn country_flaw(country: &str) -> Option<(String, String)> {
    if country.len() == 2 && country.bytes().all(|b| b.is_ascii_uppercase()) {
        return None;
    }
    let shown = printable(country, 20);
    Some((country.to_owned(), format!("`{shown}` is no country code: want two capitals, as in `DE`")))
}

/// What is wrong with the anchors.
pub(super) fn anchor_flaws(anchors: &[AnchorSite]) -> Vec<(String, String)> {
    let mut flaws = Vec::new();
    if anchors.len() > MAX_ANCHORS {
        flaws.push(("anchor".into(), format!("at most {MAX_ANCHORS} anchors")));
    }
    let mut names = BTreeSet::new();
    for anchor in anchors {
        let name = &anchor.name;
        flaws.extend(country_flaw(&anchor.country));
        if !(-90.0..=90.0).contains(&anchor.latitude) || !(-180.0..=180.0).contains(&anchor.longitude) {
            flaws.push((
                name.clone(),
                format!("anchor `{name}`: latitude is -90 to 90, longitude -180 to 180"),
            ));
        }
        let port = anchor.address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_none_or(|port| port == 0) {
            flaws.push((
                name.clone(),
                format!("anchor `{name}`: `address` is host and port, as in `a.example:8444`"),
            ));
        }
        if name.is_empty() || name.len() > MAX_ANCHOR_NAME_BYTES || !names.insert(name) {
            flaws.push((
                name.clone(),
                format!("anchor `{name}`: names have 1 to {MAX_ANCHOR_NAME_BYTES} bytes and differ"),
            ));
        }
    }
    flaws
}

/// Most anchors: each costs every device probes.
const MAX_ANCHORS: usize = 8;
const MAX_ANCHOR_NAME_BYTES: usize = 40;
