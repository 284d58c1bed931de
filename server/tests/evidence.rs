//! Bundles are checked offline: what holds, what does not, and that a withheld value changes nothing.

#![expect(clippy::unwrap_used, reason = "what cannot be prepared fails its test")]

use std::collections::BTreeMap;

use bearing_protocol::{
    Timestamp,
    commitment::Disclosure,
    coverage::{Coverage, Source, Status},
    digest::Digest,
    envelope::Envelope,
    fact::MachineKind,
    id::{DeviceId, EvaluationId, FindingId, ServerId},
    key::{FileKey, KeyProtection, Signer as _},
    outcome::{Outcome, RuleOutcome},
    payload::{
        CommittedEvidence, CommittedFinding, EvaluationPayload, EvaluationScope, EvidenceText, FindingText,
        ReportPayload, ReportReason,
    },
    report::{OsSummary, PolicySummary},
    severity::{Confidence, Severity},
};
use bearing_server::{
    evaluations::{count, device_result},
    evidence::{Bundle, BundleReport, SCHEMA, TrustedKey, verify},
};
use zeroize::Zeroizing;

const NONCE: &str = "5e1f";

fn key(byte: u8) -> FileKey {
    FileKey::from_seed(&Zeroizing::new([byte; 32]))
}

fn at() -> Timestamp {
    "2026-11-25T10:00:00Z".parse().unwrap()
}

fn report(device: &DeviceId) -> (ReportPayload, Vec<Disclosure>) {
    let (hostname, first) = Disclosure::commit(&[1; 16], &"atlas").unwrap();
    let text = FindingText {
        title: "USB device 1-1 is a KVM".into(),
        subject: "usb:1-1".into(),
        disproof: "look at the desk".into(),
        remediation: "unplug it".into(),
    };
    let (text, second) = Disclosure::commit(&[2; 16], &text).unwrap();
    let shown = EvidenceText { location: "1-1".into(), value: "PiKVM".into(), why: "its name".into() };
    let (shown, third) = Disclosure::commit(&[3; 16], &shown).unwrap();
    let finding = CommittedFinding {
        id: FindingId::of_cause("KV-01", Some("pikvm"), "shape"),
        rule: "KV-01".parse().unwrap(),
        family: bearing_protocol::rule::Family::Kvm,
        severity: Severity::Critical,
        confidence: Confidence::High,
        product: Some("pikvm".into()),
        text,
        evidence: vec![CommittedEvidence {
            source: Source::Usb,
            field: "product".into(),
            rule: None,
            text: shown,
        }],
        attack: vec!["T1219.003".into()],
        controls: Vec::new(),
        approval: None,
    };
    let payload = ReportPayload {
        server: ServerId::from_bytes(&[9; 16]),
        device_id: device.clone(),
        boot_id: None,
        sequence: 7,
        previous: Some(Digest::of(b"before")),
        reason: ReportReason::Challenge,
        nonce: Some(NONCE.into()),
        evaluation: Some(EvaluationId::from_bytes(&[8; 16])),
        evaluated_at: at(),
        sent_at: at(),
        agent_version: "0.1.0".into(),
        agent_digest: None,
        key_protection: KeyProtection::File,
        os: OsSummary::default(),
        machine: MachineKind::Laptop,
        hostname,
        policy: PolicySummary { name: "default".into(), version: 1, digest: Digest::of(b"p") },
        policy_problems: Vec::new(),
        spool_loss: None,
        device_journal: None,
        coverage: vec![Coverage { source: Source::Usb, status: Status::Ok, detail: String::new() }],
        outcomes: vec![RuleOutcome { rule: "KV-01".parse().unwrap(), outcome: Outcome::Fail, reason: None }],
        findings: vec![finding],
        inventory: Vec::new(),
    };
    (payload, vec![first, second, third])
}

fn bundle() -> Bundle {
    let (server, device_key) = (key(1), key(2));
    let device = DeviceId::of_key(device_key.public().as_bytes());
    let silent = DeviceId::of_key(key(3).public().as_bytes());
    let (payload, disclosures) = report(&device);
    let envelope = Envelope::seal(&payload, &[&device_key]).unwrap();
    let digest = envelope.chain_digest().unwrap();
    let scope = EvaluationScope::default();
    let rules = ["KV-01".parse().unwrap(), "KV-02".parse().unwrap()];
    let devices = vec![
        device_result(&device, NONCE, Some((&payload, digest)), None, &scope, &rules),
        device_result(&silent, "00", None, Some("no answer before the deadline"), &scope, &rules),
    ];
    let evaluation = EvaluationPayload {
        server: payload.server.clone(),
        id: EvaluationId::from_bytes(&[8; 16]),
        name: "Q4".into(),
        created_by: "ada".into(),
        created_at: at(),
        deadline: at(),
        frozen_at: at(),
        scope,
        counts: count(&devices),
        devices,
    };
    Bundle {
        schema: SCHEMA.into(),
        note: String::new(),
        evaluation: Envelope::seal(&evaluation, &[&server]).unwrap(),
        evidence_key_id: server.key_id(),
        evidence_key: server.public(),
        device_keys: BTreeMap::from([(device.clone(), device_key.public())]),
        reports: vec![BundleReport {
            device_id: device,
            sequence: 7,
            envelope,
            disclosures,
            observation: None,
        }],
    }
}

fn problems(bundle: &Bundle) -> Vec<String> {
    let bytes = serde_json::to_vec(bundle).unwrap();
    verify(&bytes, None)
        .checks
        .into_iter()
        .filter_map(|c| c.problem.map(|p| format!("{}: {p}", c.what)))
        .collect()
}

#[test]
fn a_bundle_verifies_and_counts_who_did_not_answer() {
    let bytes = serde_json::to_vec(&bundle()).unwrap();
    let result = verify(&bytes, Some(&TrustedKey::Id(key(1).key_id())));
    assert!(result.holds() && result.trusted, "{:?}", result.checks);
    assert_eq!((result.counts.devices, result.counts.assessed), (2, 1));
    assert_eq!((result.counts.fail, result.counts.pass, result.counts.not_assessed), (1, 0, 2));
    assert_eq!((result.disclosed, result.withheld), (3, 0));
}

#[test]
fn withholding_or_erasing_any_single_value_breaks_nothing() {
    for index in 0..3 {
        let mut bundle = bundle();
        bundle.reports[0].disclosures.remove(index);
        let result = verify(&serde_json::to_vec(&bundle).unwrap(), None);
        assert!(result.holds(), "{:?}", result.checks);
        assert_eq!((result.disclosed, result.withheld), (2, 1));
    }
}

#[test]
fn a_value_that_was_never_committed_is_found() {
    let mut bundle = bundle();
    let (_, foreign) = Disclosure::commit(&[9; 16], &"Dell keyboard").unwrap();
    bundle.reports[0].disclosures[2] = foreign;
    assert!(problems(&bundle)[0].contains("committed nowhere"), "{:?}", problems(&bundle));
}

#[test]
fn every_flipped_byte_of_a_signed_payload_is_found() {
    let original = bundle();
    let length = original.reports[0].envelope.payload.len();
    for position in (0..length).step_by(97) {
        for signed in ["report", "result"] {
            let mut bundle = original.clone();
            let envelope =
                if signed == "report" { &mut bundle.reports[0].envelope } else { &mut bundle.evaluation };
            let position = position % envelope.payload.len();
            let mut bytes = envelope.payload.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            envelope.payload = String::from_utf8(bytes).unwrap();
            assert!(!problems(&bundle).is_empty(), "{signed} byte {position}");
        }
    }
}

#[test]
fn another_report_key_or_signer_is_named() {
    let mut exchanged = bundle();
    let device = exchanged.reports[0].device_id.clone();
    exchanged.device_keys.insert(device, key(4).public());
    assert!(problems(&exchanged)[0].contains("no key in the bundle has this id"));

    let mut without = bundle();
    without.reports.clear();
    assert!(problems(&without)[0].contains("names a report that the bundle lacks"));

    let bytes = serde_json::to_vec(&bundle()).unwrap();
    let result = verify(&bytes, Some(&TrustedKey::Key(key(5).public())));
    assert!(!result.holds() && !result.trusted);
}

#[test]
fn a_server_that_signs_a_kinder_result_than_the_report_is_found() {
    let mut bundle = bundle();
    let server = key(1);
    let keys = bearing_protocol::key::KeySet::single(server.public());
    let mut result = bundle.evaluation.open::<EvaluationPayload>(&keys).unwrap().into_inner();
    result.devices[0].rules[0].outcome = Outcome::Pass;
    result.counts = count(&result.devices);
    bundle.evaluation = Envelope::seal(&result, &[&server]).unwrap();
    assert!(problems(&bundle)[0].contains("differ from the signed ones"), "{:?}", problems(&bundle));
}
