use bearing_protocol::{
    commitment::Disclosures,
    envelope::Envelope,
    fact::MachineKind,
    id::FindingId,
    key::{KeySet, Signer},
    payload::UsbItem,
    report::{DeviceSummary, MachineSummary, OsSummary, PolicySummary, SCHEMA},
    severity::{Confidence, Severity},
};

use super::*;
use crate::key::DeviceKey;

fn report(findings: usize, evidence: usize, value: &str) -> Report {
    let finding = |number: usize| Finding {
        id: FindingId::from_bytes(format!("{number:016}").as_bytes()),
        rule: "KV-01".parse().unwrap(),
        family: bearing_protocol::rule::Family::Kvm,
        severity: Severity::Critical,
        confidence: Confidence::High,
        title: format!("finding {number}"),
        subject: "usb:1-1".into(),
        product: Some("pikvm".into()),
        evidence: (0..evidence)
            .map(|_| Evidence {
                source: Source::Usb,
                location: "1-1".into(),
                field: "product".into(),
                value: value.into(),
                why: "because".into(),
                rule: None,
            })
            .collect(),
        attack: Vec::new(),
        controls: Vec::new(),
        disproof: "look".into(),
        remediation: "unplug".into(),
        approval: None,
    };
    Report {
        schema: SCHEMA.into(),
        evaluated_at: Timestamp::UNIX_EPOCH,
        device: DeviceSummary {
            hostname: "box".into(),
            os: OsSummary::default(),
            machine: MachineSummary { kind: MachineKind::Laptop },
        },
        policy: PolicySummary { name: "default".into(), version: 1, digest: Digest::of(b"") },
        coverage: vec![Coverage { source: Source::Usb, status: Status::Ok, detail: "3 devices".into() }],
        outcomes: Vec::new(),
        findings: (0..findings).map(finding).collect(),
    }
}

fn header(key: &DeviceKey) -> Header {
    Header {
        server: "srv_test".parse().unwrap(),
        device_id: key.device_id(),
        boot_id: None,
        sequence: 1,
        previous: None,
        reason: ReportReason::Start,
        challenge: None,
        sent_at: Timestamp::UNIX_EPOCH,
        agent_digest: None,
        key_protection: key.protection(),
        policy_problems: Vec::new(),
        spool_loss: None,
        device_journal: None,
    }
}

#[test]
fn a_value_that_is_withheld_or_erased_leaves_every_signature_valid() {
    let key = DeviceKey::ephemeral().unwrap();
    let items = [(Source::Usb, InventoryValue::Usb(UsbItem { path: "1-1".into(), ..UsbItem::default() }))];
    let Committed { payload, disclosures } = commit(&report(1, 2, "PiKVM"), &items, &header(&key)).unwrap();
    let envelope = Envelope::seal(&payload, &[key.signer() as &dyn Signer]).unwrap();
    let keys = KeySet::single(key.signer().public());
    let all = Disclosures::index(disclosures.clone());
    for erased in &disclosures {
        let mut some = all.clone();
        assert!(some.erase(&erased.commitment()));
        let opened = envelope.open::<ReportPayload>(&keys).unwrap();
        let finding = &opened.findings[0];
        let mut commitments = vec![opened.hostname, finding.text, opened.inventory[0].item];
        commitments.extend(finding.evidence.iter().map(|piece| piece.text));
        assert_eq!(commitments.len(), disclosures.len());
        let still_there = commitments.iter().filter(|c| some.get(c).is_some()).count();
        assert_eq!(still_there, disclosures.len() - 1);
    }
    let text: EvidenceText = all.open(&payload.findings[0].evidence[1].text).unwrap().unwrap();
    assert_eq!(text.value, "PiKVM");
    let signed = String::from_utf8(envelope.body_unverified().unwrap()).unwrap();
    assert!(!signed.contains("PiKVM") && !signed.contains("\"box\""), "values are not in what is signed");
}

#[test]
fn two_commitments_to_one_value_differ() {
    let key = DeviceKey::ephemeral().unwrap();
    let committed = commit(&report(1, 2, "same"), &[], &header(&key)).unwrap();
    let evidence = &committed.payload.findings[0].evidence;
    assert_ne!(evidence[0].text, evidence[1].text);
}

#[test]
fn megabyte_values_are_cut_and_the_message_keeps_its_limit() {
    let key = DeviceKey::ephemeral().unwrap();
    let megabyte = "\u{1b}é".repeat(400_000);
    let mut report = report(900, 32, &"\u{1b}é".repeat(1_000));
    report.findings[0].evidence[0].value = megabyte.clone();
    report.device.hostname = megabyte;
    let committed = commit(&report, &[], &header(&key)).unwrap();
    assert!(fit::fits(&committed).unwrap());
    let note = committed.payload.coverage.iter().find(|line| line.source == Source::Spool).unwrap();
    assert!(note.detail.contains("pieces of evidence"), "{}", note.detail);
    assert_eq!(note.status, Status::Partial);
    let longest = committed.disclosures.iter().map(|d| d.as_str().len()).max().unwrap();
    assert!(longest < 16 * MAX_TEXT_BYTES);
}

#[test]
fn what_is_left_out_is_counted() {
    let key = DeviceKey::ephemeral().unwrap();
    let items: Vec<_> = (0..MAX_INVENTORY + 5)
        .map(|n| (Source::Usb, InventoryValue::Usb(UsbItem { path: n.to_string(), ..UsbItem::default() })))
        .collect();
    let committed = commit(&report(0, 0, ""), &items, &header(&key)).unwrap();
    let note = committed.payload.coverage.iter().find(|line| line.source == Source::Spool).unwrap();
    let left_out = items.len() - committed.payload.inventory.len();
    assert!(left_out >= 5);
    assert!(note.detail.contains(&format!("{left_out} inventory items")), "{}", note.detail);
}
