//! Reports of a given size, for load: the shape of an ordinary machine's, values made up.

use anyhow::Result;
use bearing_protocol::{
    Timestamp,
    commitment::Disclosure,
    coverage::{Coverage, Source, Status},
    digest::Digest,
    fact::MachineKind,
    id::{DeviceId, ServerId},
    key::KeyProtection,
    outcome::{Outcome, RuleOutcome},
    payload::{CommittedItem, InventoryValue, ReportPayload, ReportReason, UsbItem},
    report::{DeviceSummary, MachineSummary, OsSummary, PolicySummary},
    rule::Family,
};

/// The least size of a load report on the wire, in bytes.
pub const REPORT_BYTES: usize = 12 * 1024;
/// How many outcomes it carries.
pub const OUTCOMES: usize = 60;

/// A made-up machine.
pub fn summary(hostname: &str) -> DeviceSummary {
    DeviceSummary {
        hostname: hostname.to_owned(),
        os: os(),
        machine: MachineSummary { kind: MachineKind::Laptop },
    }
}

fn os() -> OsSummary {
    OsSummary { family: "linux".into(), name: "Debian GNU/Linux".into(), version: "12".into() }
}

/// A report with [`OUTCOMES`] outcomes and an inventory that brings it to about [`REPORT_BYTES`]. Identity, number
/// and chain are put in by [`crate::device::Device::report`].
pub fn report(hostname: &str, round: u64, now: Timestamp) -> Result<(ReportPayload, Vec<Disclosure>)> {
    let mut disclosures = Vec::new();
    let mut salt_counter = round;
    let mut salt = || {
        salt_counter = salt_counter.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u128::from(salt_counter).to_le_bytes()
    };
    let (hostname, disclosure) = Disclosure::commit(&salt(), &hostname)?;
    disclosures.push(disclosure);
    let mut inventory = Vec::new();
    for port in 1..=14 {
        let item = InventoryValue::Usb(UsbItem {
            path: format!("1-{port}"),
            id: format!("046d:c{port:03x}"),
            manufacturer: Some("Logitech".into()),
            product: Some(format!("USB device of port {port}, round {}", round % 7)),
            shape: Some(Digest::of(&[port])),
            ..UsbItem::default()
        });
        let (commitment, disclosure) = Disclosure::commit(&salt(), &item)?;
        inventory.push(CommittedItem { source: Source::Usb, item: commitment });
        disclosures.push(disclosure);
    }
    let rules =
        Family::ALL.into_iter().flat_map(|family| (1..=9).map(move |n| format!("{}-0{n}", family.prefix())));
    let mut outcomes = Vec::new();
    for rule in rules.take(OUTCOMES) {
        outcomes.push(RuleOutcome { rule: rule.parse()?, outcome: Outcome::Pass, reason: None });
    }
    let coverage = Source::ALL
        .iter()
        .map(|source| Coverage {
            source: *source,
            status: Status::Ok,
            detail: "read within its limits".into(),
        })
        .collect();
    let nobody = DeviceId::from_bytes(&[0; 16]);
    let payload = ReportPayload {
        server: ServerId::from_bytes(&[0; 16]),
        device_id: nobody,
        boot_id: None,
        sequence: 0,
        previous: None,
        reason: ReportReason::Schedule,
        nonce: None,
        evaluation: None,
        evaluated_at: now,
        sent_at: now,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        agent_digest: None,
        key_protection: KeyProtection::File,
        os: os(),
        machine: MachineKind::Laptop,
        hostname,
        policy: PolicySummary { name: "default".into(), version: 1, digest: Digest::of(b"policy") },
        policy_problems: Vec::new(),
        spool_loss: None,
        device_journal: None,
        coverage,
        outcomes,
        findings: Vec::new(),
        inventory,
    };
    Ok((payload, disclosures))
}
