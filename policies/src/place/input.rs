//! What the place evaluation is given. All but the expectation and the observations is optional.

use serde::{Deserialize, Deserializer};

/// One case.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PlaceCase {
    /// Its id.
    pub id: String,
    /// Where the device should be.
    pub expect: Expectation,
    /// What the server saw.
    pub obs: Vec<Observation>,
    /// For how long.
    pub history: History,
    /// What the device says.
    pub device: Device,
    /// Who else is there.
    pub fleet: Fleet,
    /// Round-trip times.
    pub rtt: Rtt,
    /// Two fixes, where there were two.
    pub travel: Option<Travel>,
    /// The human group.
    pub human: Human,
    /// The site's settings.
    pub policy: PlacePolicy,
}

/// Where the device should be.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Expectation {
    /// Declared countries, ISO 3166-1 alpha-2. Empty: no expectation.
    pub countries: Vec<String>,
    /// Announced trips.
    pub trips: Vec<Trip>,
    /// Where the device was shipped to.
    pub ship_to: Option<String>,
    /// Declared home, where region is expected.
    pub home: Option<Home>,
}

/// A trip.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Trip {
    /// Countries it covers.
    pub countries: Vec<String>,
    /// Whether it covers now.
    pub active: bool,
}

/// A declared home.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Home {
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
    /// Radius in km.
    #[serde(default)]
    pub radius_km: f64,
}

/// The class of an address. Unknown is never called residential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the field's words")]
pub enum EgressClass {
    Corporate,
    Tor,
    Vpn,
    ResidentialProxy,
    Relay,
    Hosting,
    Satellite,
    Mobile,
    Residential,
    #[default]
    Unknown,
}

impl EgressClass {
    /// The word, snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Corporate => "corporate",
            Self::Tor => "tor",
            Self::Vpn => "vpn",
            Self::ResidentialProxy => "residential_proxy",
            Self::Relay => "relay",
            Self::Hosting => "hosting",
            Self::Satellite => "satellite",
            Self::Mobile => "mobile",
            Self::Residential => "residential",
            Self::Unknown => "unknown",
        }
    }
}

/// One source address as the server saw it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Observation {
    /// 4 or 6.
    pub family: u8,
    /// Country from the first table.
    pub country: Option<String>,
    /// Country from the second source.
    pub alt_country: Option<String>,
    /// Autonomous system number.
    pub asn: Option<u32>,
    /// Class.
    pub class: EgressClass,
}

/// How much was observed.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct History {
    /// Observations.
    pub observations: u64,
    /// Hours between the first and the last.
    pub span_hours: f64,
}

/// What the device says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Device {
    /// Time zone: an IANA name, or a Windows name, which is a whole group of territories.
    pub tz: Option<String>,
    /// Time zone of a remote session, where it differs.
    pub session_tz: Option<String>,
    /// Whether the OS sets the zone from where it is.
    pub auto_tz: Option<bool>,
    /// Wi-Fi regulatory country.
    pub wifi_reg: Option<String>,
    /// OS location, where policy and person allow it.
    pub os_location: Option<OsLocation>,
    /// Whether a known network is near; judged on the device.
    #[serde(deserialize_with = "known_network")]
    pub known_network: KnownNetwork,
}

/// Whether a known network is near.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "plain words")]
pub enum KnownNetwork {
    Known,
    Foreign,
    #[default]
    Unknown,
}

fn known_network<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KnownNetwork, D::Error> {
    Ok(match serde_json::Value::deserialize(deserializer)? {
        serde_json::Value::Bool(true) => KnownNetwork::Known,
        serde_json::Value::Bool(false) => KnownNetwork::Foreign,
        serde_json::Value::String(word) if matches!(word.as_str(), "in" | "known" | "yes") => {
            KnownNetwork::Known
        }
        serde_json::Value::String(word) if matches!(word.as_str(), "out" | "foreign" | "no") => {
            KnownNetwork::Foreign
        }
        _ => KnownNetwork::Unknown,
    })
}

/// A location as the OS has it.
#[derive(Clone, Debug, Deserialize)]
pub struct OsLocation {
    /// Country.
    pub country: String,
    /// Accuracy radius in km.
    #[serde(default)]
    pub accuracy_km: f64,
}

/// Who else is there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Fleet {
    /// Distinct workers behind this address (IPv6: /64) in seven days.
    pub workers_same_ip_7d: u32,
    /// Whether they share a gateway.
    pub same_gateway: bool,
    /// A declared place.
    pub place: Option<SharedPlace>,
    /// Country of the first check-ins.
    pub first_checkin_country: Option<String>,
}

/// A declared place, where sharing a line means nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum SharedPlace {
    /// `office`, `coworking`, `shared`.
    Kind(String),
    /// A place with the size that was declared.
    Sized {
        /// `office`, `coworking`, `shared`.
        kind: String,
        /// How many workers declared it.
        #[serde(default)]
        size: Option<u32>,
    },
}

/// Round-trip times.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Rtt {
    /// Minima to anchors.
    pub anchors: Vec<Anchor>,
    /// Transport against application.
    pub cross_layer: Option<CrossLayer>,
}

/// A minimum to one anchor.
#[derive(Clone, Debug, Deserialize)]
pub struct Anchor {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
    /// Its country.
    #[serde(default)]
    pub country: Option<String>,
    /// The least round trip seen, in ms.
    pub min_rtt_ms: f64,
    /// Distance from the anchor to its country's border in km.
    #[serde(default)]
    pub border_km: Option<f64>,
    /// Distance in km from the anchor to the nearest point of where the device may be, by outlines of countries;
    /// without it the model's discs stand for them.
    #[serde(default)]
    pub claim_km: Option<f64>,
}

/// Transport against application round trips.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct CrossLayer {
    /// Transport, ms.
    pub tcp_ms: f64,
    /// Application, ms.
    pub app_ms: f64,
    /// Samples.
    pub n: u32,
}

/// Two fixes.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Travel {
    /// Class of the first.
    pub from_class: EgressClass,
    /// Class of the second.
    pub to_class: EgressClass,
    /// Distance in km.
    pub km: f64,
    /// Time between in hours.
    pub hours: f64,
}

/// The human group.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Human {
    /// Whether the device has a remote-control finding.
    pub remote_control: bool,
    /// Shift of working hours against the expected zone. Opt-in.
    pub hours_shift: f64,
    /// Over how many days.
    pub days: u32,
}

/// The site's settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PlacePolicy {
    /// Denied countries; absent: the model's.
    pub denied: Option<Vec<String>>,
    /// Age of the address table in days.
    pub db_age_days: Option<u32>,
    /// Whether a neighbouring country is tolerated.
    pub border_tolerance: bool,
    /// What was opted into: `true`, or a list of words (`hours`).
    pub opt_in: serde_json::Value,
}

impl PlacePolicy {
    /// Whether working hours may be used.
    pub(crate) fn hours_allowed(&self) -> bool {
        match &self.opt_in {
            serde_json::Value::Bool(on) => *on,
            serde_json::Value::String(word) => is_hours(word),
            serde_json::Value::Array(words) => words.iter().filter_map(|w| w.as_str()).any(is_hours),
            serde_json::Value::Object(map) => {
                map.iter().any(|(word, on)| is_hours(word) && on.as_bool() == Some(true))
            }
            _ => false,
        }
    }
}

fn is_hours(word: &str) -> bool {
    matches!(word, "hours" | "working_hours" | "hours_shift" | "human" | "all")
}
