use std::collections::BTreeMap;

use bearing_protocol::{
    commitment::Disclosure,
    envelope::Envelope,
    id::{DeviceId, KeyId},
    key::PublicKey,
};
use serde::{Deserialize, Serialize};

/// The schema's name and version.
pub const SCHEMA: &str = "bearing.evidence/1";

/// A bundle, as one JSON file.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// For people: what this is and how to check it.
    pub note: String,
    /// The signed result ([`bearing_protocol::payload::EvaluationPayload`]).
    pub evaluation: Envelope,
    /// Id of the evidence key that signed it. Compare it with the one the organisation published.
    pub evidence_key_id: KeyId,
    /// The evidence key.
    pub evidence_key: PublicKey,
    /// The devices' keys. Each device id is derived from its key, so none can be exchanged.
    pub device_keys: BTreeMap<DeviceId, PublicKey>,
    /// The answering reports, one per assessed device.
    pub reports: Vec<BundleReport>,
}

/// One answering report.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleReport {
    /// The device.
    pub device_id: DeviceId,
    /// Its sequence number.
    pub sequence: u64,
    /// The report as it came.
    pub envelope: Envelope,
    /// Values behind its commitments; any can be left out and everything still verifies.
    pub disclosures: Vec<Disclosure>,
    /// What the server saw of it, signed.
    pub observation: Option<Envelope>,
}
