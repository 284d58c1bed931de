//! The weights, as data.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

macro_rules! weights {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* $(,)? })*) => {
        $($(#[$doc])*
        #[derive(Clone, Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(missing_docs, reason = "model.toml explains each weight")]
        pub struct $name { $(pub $field: $kind),* })*
    };
}

weights! {
    /// Location, cap 100.
    LocationWeights {
        residential: i64, unknown: i64, mobile: i64, satellite: i64, relay: i64, second_source_in_allowed: i64,
        old_table: i64, old_table_days: u32, ipv6_only: i64, adjacent: i64, family_split_cap: i64,
        denied_corroborated: i64, impossible_travel: i64, travel_km_per_hour: f64, travel_km: f64, cap: i64,
        denied: Vec<String>,
    }
    /// Egress, cap 50.
    EgressWeights {
        tor: i64, residential_proxy: i64, vpn: i64, hosting: i64, relayed_transport: i64, relayed_ms: f64,
        relayed_ratio: f64, relayed_samples: u32, cap: i64,
    }
    /// Clock, cap 30.
    ClockWeights { offset_3h: i64, offset_1h: i64, offset_less: i64, automatic: i64, session: i64, cap: i64 }
    /// Physical, -50 to 70.
    PhysicalWeights {
        rtt_infeasible: i64, os_location_elsewhere: i64, os_location_km: f64, wifi_elsewhere: i64, rtt_confirms: i64,
        os_location_confirms: i64, known_network: i64, wifi_agrees: i64, floor: i64, cap: i64, km_per_ms: f64,
    }
    /// Fleet, cap 75.
    FleetWeights { two: i64, three: i64, four: i64, six: i64, same_gateway: i64, shipping: i64, cap: i64 }
    /// Human, cap 25.
    HumanWeights { remote_control: i64, hours: i64, hours_shift: f64, hours_days: u32, rest_at_least: i64, cap: i64 }
    /// From which score on.
    SeverityThresholds { info: i64, low: i64, medium: i64, high: i64, critical: i64 }
    /// What holds a severity down.
    GateSettings { positive_group: i64, observations: u64, span_hours: f64 }
    /// The whole model.
    PlaceModel {
        location: LocationWeights, egress: EgressWeights, clock: ClockWeights, physical: PhysicalWeights,
        fleet: FleetWeights, human: HumanWeights, severity: SeverityThresholds, gates: GateSettings,
        discs: BTreeMap<String, Vec<(f64, f64, f64)>>, offsets: BTreeMap<String, Vec<f64>>,
        asn_home: BTreeMap<String, String>,
    }
}

static EMBEDDED: LazyLock<Result<PlaceModel, toml::de::Error>> =
    LazyLock::new(|| toml::from_str(PlaceModel::TEXT));

impl PlaceModel {
    /// The built-in model as people read it.
    pub const TEXT: &str = include_str!("model.toml");

    /// The model that is built in.
    pub fn embedded() -> Result<&'static Self, &'static toml::de::Error> {
        EMBEDDED.as_ref()
    }

    /// Reads a model as people write it.
    pub fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}
