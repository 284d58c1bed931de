//! What the properties are tried with.

use bearing_protocol::{
    Timestamp,
    coverage::Source,
    digest::Digest,
    fact::MachineKind,
    finding::{Evidence, Finding},
    id::{DeviceId, FindingId, TokenId},
    key::{FileKey, KeyProtection},
    report::{OsSummary, PolicySummary},
    severity::{Confidence, Severity},
};

use crate::{DeviceState, Intake, MessageKind, NewDevice, NewToken, Observed, ObservedResult, Store};

/// The instant `seconds` after the suite's beginning of time.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

/// The `n`th token's id.
pub fn token_id(n: u8) -> TokenId {
    TokenId::from_bytes(&[n; 16])
}

/// A token for `max_uses` devices.
pub fn token(n: u8, max_uses: u32) -> NewToken {
    NewToken {
        id: token_id(n),
        secret_hash: "00".repeat(32),
        group: "default".to_owned(),
        max_uses,
        expires_at: at(3_600),
        needs_approval: false,
        simulated: false,
        created_by: "cli".to_owned(),
        created_at: at(0),
    }
}

/// The `n`th device, with the first token.
pub fn new_device(n: u16) -> NewDevice {
    let mut seed = [7; 32];
    seed[..2].copy_from_slice(&n.to_be_bytes());
    let key = FileKey::from_seed(&seed.into()).public();
    NewDevice {
        id: DeviceId::of_key(key.as_bytes()),
        public_key: key,
        key_protection: KeyProtection::File,
        hostname: format!("host-{n:03}"),
        os: OsSummary { family: "linux".to_owned(), name: "Debian".to_owned(), version: "13".to_owned() },
        machine: MachineKind::Laptop,
        agent_version: "0.1.0".to_owned(),
        group: "default".to_owned(),
        state: DeviceState::Active,
        simulated: false,
        token: token_id(1),
        enrolled_at: at(0),
    }
}

/// Enrols the `n`th device with a token that is there for everybody.
pub async fn enrolled<S: Store>(store: &S, n: u16) -> DeviceId {
    if store.token(&token_id(1)).await.unwrap().is_none() {
        store.add_token(&token(1, 100_000)).await.unwrap();
    }
    let device = new_device(n);
    store.enroll(&device, at(0)).await.unwrap().unwrap();
    device.id
}

/// A digest that belongs to a number.
pub fn digest(n: u64) -> Digest {
    Digest::of(&n.to_be_bytes())
}

/// Message `sequence` of a device that continues message `sequence - 1`.
pub fn intake(device: &DeviceId, sequence: u64, kind: MessageKind) -> Intake {
    Intake {
        device: device.clone(),
        kind,
        sequence,
        previous: (sequence > 1).then(|| digest(sequence - 1)),
        digest: digest(sequence),
        spool_loss: None,
        envelope: r#"{"payloadType":"t","payload":"e30=","signatures":[]}"#.to_owned(),
        disclosures: Vec::new(),
        observation: None,
        received_at: at(i64::try_from(sequence).unwrap()),
        country: None,
        asn: None,
        egress_class: None,
        source: None,
        answers: None,
        brings_trips: false,
    }
}

/// A finding of `rule` whose cause is `shape`.
pub fn finding(rule: &str, shape: &str, severity: Severity) -> Finding {
    let rule: bearing_protocol::rule::RuleId = rule.parse().unwrap();
    Finding {
        id: FindingId::of_cause(rule.as_str(), None, shape),
        rule,
        family: rule.family(),
        severity,
        confidence: Confidence::High,
        title: format!("{rule} {shape}"),
        subject: format!("usb:{shape}"),
        product: None,
        evidence: vec![Evidence {
            source: Source::Usb,
            location: "1-1".to_owned(),
            field: "product".to_owned(),
            value: shape.to_owned(),
            why: "it says so".to_owned(),
            rule: None,
        }],
        attack: Vec::new(),
        controls: Vec::new(),
        disproof: "Look at the desk.".to_owned(),
        remediation: "Unplug it.".to_owned(),
        approval: None,
    }
}

/// An agent's evaluation number `sequence` in which `rules` were assessed.
pub fn observed(device: &DeviceId, sequence: u64, findings: Vec<Finding>, rules: &[&str]) -> Observed {
    Observed {
        device: device.clone(),
        origin: "agent".to_owned(),
        at: at(i64::try_from(sequence).unwrap()),
        findings,
        assessed: rules.iter().map(|rule| rule.parse().unwrap()).collect(),
        suspended: Vec::new(),
        result: Some(ObservedResult {
            sequence,
            hostname: None,
            os: OsSummary { family: "linux".to_owned(), name: "Debian".to_owned(), version: "13".to_owned() },
            machine: MachineKind::Laptop,
            agent_version: "0.1.0".to_owned(),
            policy: PolicySummary { name: "default".to_owned(), version: 1, digest: digest(0) },
            checkin_seconds: Some(600),
            coverage: Vec::new(),
            outcomes: Vec::new(),
        }),
    }
}
