//! Rows full of hostile text, from which every page makes its samples.

use std::collections::BTreeMap;

use bearing_protocol::{
    Timestamp,
    commitment::{Disclosure, Disclosures},
    coverage::{Coverage, Source, Status},
    digest::Digest,
    envelope::Envelope,
    fact::MachineKind,
    finding::{Evidence, Finding},
    id::{ApprovalId, DeviceId, EvaluationId, FindingId, ServerId, TokenId, UserId},
    key::{FileKey, KeyProtection},
    outcome::{Outcome, RuleOutcome},
    payload::{
        CommittedItem, DeviceResult, DisplayItem, EvaluationPayload, EvaluationScope, HidItem,
        InventoryValue, ObservationPayload, PlaceItem, PolicyPayload, ReportPayload, ReportReason,
        ResultCounts, RuleResult, SoftwareItem, TableAge, UsbInterfaceItem, UsbItem,
    },
    report::{OsSummary, PolicySummary},
    rule::{Family, RuleId},
    severity::{Confidence, Severity},
};
use bearing_store::{
    ApiTokenRow, ApprovalRow, AuditEntry, Chain, ChallengeRow, DeviceRow, DeviceState, EvaluationRow,
    EvaluationStatus, FindingEvent, FindingRow, FindingStatus, MessageKind, NewToken, OverviewCounts,
    PolicyRow, Role, StoredMessage, TokenRow, UserRow, VerdictRow,
};
use zeroize::Zeroizing;

use super::device::Known;

/// What a device could call itself: markup, a script's address, a terminal escape, a right-to-left override, a
/// spreadsheet formula, a template, and a line break.
pub(super) const HOSTILE: &str = "=cmd|'/c calc'!A0<script>alert(1)</script>\"'><img src=x onerror=alert(1)>javascript:alert(1)\u{202e}gnp.exe\u{1b}[31m{{7*7}}\r\nSet-Cookie: x=1";

pub(super) fn now() -> Timestamp {
    "2026-11-25T08:00:00Z".parse().unwrap()
}

fn earlier() -> Timestamp {
    "2026-11-24T06:30:00Z".parse().unwrap()
}

fn key() -> FileKey {
    FileKey::from_seed(&Zeroizing::new([7; 32]))
}

fn rule(id: &str) -> RuleId {
    id.parse().unwrap()
}

fn id() -> DeviceId {
    DeviceId::of_key(key().public().as_bytes())
}

pub(super) fn device() -> DeviceRow {
    DeviceRow {
        id: id(),
        public_key: key().public(),
        key_protection: KeyProtection::File,
        hostname: HOSTILE.into(),
        os: OsSummary { family: "linux".into(), name: HOSTILE.into(), version: HOSTILE.into() },
        machine: MachineKind::Laptop,
        agent_version: HOSTILE.into(),
        group: HOSTILE.into(),
        state: DeviceState::Active,
        simulated: true,
        expected_countries: vec!["DE".into(), HOSTILE.into()],
        enrolled_at: earlier(),
        last_seen: Some(earlier()),
        last_report: Some(earlier()),
        sequence: 4,
        chain: Some(Digest::of(b"chain")),
        stopped: true,
        checkin_seconds: 300,
        policy: Some(PolicySummary { name: HOSTILE.into(), version: 3, digest: Digest::of(b"policy") }),
        country: Some(HOSTILE.into()),
        asn: Some(64_500),
        egress_class: Some(HOSTILE.into()),
    }
}

pub(super) fn verdict() -> VerdictRow {
    VerdictRow {
        device: id(),
        verdict: "escalate".into(),
        evidence: Some(52.0),
        posture: 12.0,
        arithmetic: vec![
            format!("KV kvm: one story of KV-01 {HOSTILE} = 25.0"),
            "RA remote-access: RA-01 high 12 = 31.5, capped at 25".into(),
            "evidence = 52.0".into(),
            "verdict: escalate".into(),
        ],
        place: Some(serde_json::json!({
            "id": HOSTILE, "verdict": "mismatch", "severity": HOSTILE, "confidence": HOSTILE, "score": 60,
            "findings": [HOSTILE, "geo.country_mismatch"], "why": [HOSTILE],
            "groups": {"location": 40, "clock": 20}, "contradictions": [{"kind": HOSTILE, "text": HOSTILE, "innocent": HOSTILE}],
            "inputs": {
                "expected": ["DE"], "expected_from": HOSTILE, "ship_to": HOSTILE, "first_country": "CN", "wifi_country": HOSTILE,
                "trips": [{"countries": [HOSTILE], "from": "2026-12-01", "until": HOSTILE, "state": HOSTILE, "counts": true}],
                "anchors": [{"name": HOSTILE, "min_rtt_ms": 9.4}], "transport_ms": 20.0, "application_ms": 210.0,
                "workers_same_address": 3, "observations": 12, "span_hours": 96.0,
            },
        })),
        at: earlier(),
    }
}

pub(super) fn counts() -> OverviewCounts {
    OverviewCounts {
        devices: 24,
        simulated: 23,
        pending: 1,
        silent: 2,
        by_severity: BTreeMap::from([(Severity::Critical, 2), (Severity::Low, 9)]),
        by_family: BTreeMap::from([(Family::Kvm, 3), (Family::Posture, 8)]),
        by_verdict: BTreeMap::from([("escalate".into(), 1), ("nothing_found".into(), 20)]),
        by_os: BTreeMap::from([("linux".into(), 24)]),
        appeared_by_day: vec![("2026-11-24".into(), 7), (HOSTILE.into(), 4)],
    }
}

pub(super) fn finding() -> FindingRow {
    FindingRow {
        device: id(),
        finding: Finding {
            id: FindingId::of_cause("KV-01", Some("pikvm"), "usb"),
            rule: rule("KV-01"),
            family: Family::Kvm,
            severity: Severity::Critical,
            confidence: Confidence::High,
            title: HOSTILE.into(),
            subject: "usb:1-1".into(),
            product: Some(HOSTILE.into()),
            evidence: vec![Evidence {
                source: Source::Usb,
                location: HOSTILE.into(),
                field: HOSTILE.into(),
                value: HOSTILE.into(),
                why: HOSTILE.into(),
                rule: Some(rule("KV-03")),
            }],
            attack: vec!["T1219.003".into(), HOSTILE.into()],
            controls: vec!["NIST SC-41".into(), HOSTILE.into()],
            disproof: HOSTILE.into(),
            remediation: HOSTILE.into(),
            approval: None,
        },
        origin: "agent".into(),
        raised: Some((Severity::Critical, HOSTILE.into())),
        status: FindingStatus::Open,
        assignee: Some(HOSTILE.into()),
        approval: None,
        first_seen: earlier(),
        last_seen: now(),
        resolved_at: None,
        version: 3,
    }
}

pub(super) fn history() -> Vec<FindingEvent> {
    let event = |what: &str, text: Option<&str>| FindingEvent {
        at: earlier(),
        actor: HOSTILE.into(),
        what: what.into(),
        text: text.map(Into::into),
    };
    vec![event("appeared", None), event("comment", Some(HOSTILE)), event(HOSTILE, None)]
}

pub(super) fn approval() -> ApprovalRow {
    ApprovalRow {
        id: ApprovalId::from_bytes(&[1; 16]),
        finding: Some(finding().finding.id),
        rule: Some(rule("KV-01")),
        product: Some(HOSTILE.into()),
        device: Some(id()),
        group: Some(HOSTILE.into()),
        hours: Some(serde_json::json!({"from": "08:00", "to": "18:00", "zone": HOSTILE}).to_string()),
        owner: HOSTILE.into(),
        reason: HOSTILE.into(),
        created_by: HOSTILE.into(),
        created_at: earlier(),
        expires_at: "2027-01-01T00:00:00Z".parse().unwrap(),
        revoked_at: None,
    }
}

fn inventory() -> Vec<InventoryValue> {
    let text = || Some(HOSTILE.to_owned());
    vec![
        InventoryValue::Usb(UsbItem { path: "usb1".into(), id: "1d6b:0002".into(), ..UsbItem::default() }),
        InventoryValue::Usb(UsbItem {
            path: "1-1".into(),
            parent: Some("usb1".into()),
            id: HOSTILE.into(),
            manufacturer: text(),
            product: text(),
            serial: text(),
            configuration: text(),
            max_power_ma: Some(500),
            interfaces: vec![
                UsbInterfaceItem { number: Some(0), class: "03/01/01".into(), name: text(), driver: text() },
                UsbInterfaceItem { class: HOSTILE.into(), ..UsbInterfaceItem::default() },
            ],
            hid: vec![HidItem {
                path: HOSTILE.into(),
                report_descriptor: vec![0x05, 0x01, 0x09, 0x06, 0xa1, 0x01, 0xc0, 0x26],
                collections: vec![HOSTILE.into()],
                ..HidItem::default()
            }],
            descriptors: vec![18, 1, 0, 2, 0, 0, 0, 64, 0x6b, 0x1d, 4, 1, 0, 1, 1, 2, 3, 1, 9, 2],
            drives: vec![HOSTILE.into()],
            ..UsbItem::default()
        }),
        InventoryValue::Display(DisplayItem {
            connector: HOSTILE.into(),
            connected: Some(false),
            id: text(),
            name: text(),
            size_cm: Some((53, 30)),
            preferred_mode: text(),
            ..DisplayItem::default()
        }),
        InventoryValue::Software(SoftwareItem {
            product: HOSTILE.into(),
            version: text(),
            states: vec![HOSTILE.into()],
            answers_to: vec![HOSTILE.into()],
        }),
        InventoryValue::Place(PlaceItem {
            time_zone: text(),
            time_zone_automatic: Some(false),
            session_time_zones: vec![HOSTILE.into()],
            default_route_tunnel: Some(true),
            ..PlaceItem::default()
        }),
    ]
}

fn report() -> (ReportPayload, Disclosures) {
    let mut values = Vec::new();
    let mut items = Vec::new();
    for (salt, value) in (1..).zip(inventory()) {
        let (item, disclosure) = Disclosure::commit(&[salt; 16], &value).unwrap();
        values.push(disclosure);
        items.push(CommittedItem { source: Source::Usb, item });
    }
    let (withheld, _) = Disclosure::commit(&[99; 16], &HOSTILE).unwrap();
    items.push(CommittedItem { source: Source::Usb, item: withheld });
    let (hostname, name) = Disclosure::commit(&[98; 16], &HOSTILE).unwrap();
    values.push(name);
    let device = device();
    let report = ReportPayload {
        server: ServerId::from_bytes(&[1; 16]),
        device_id: device.id,
        boot_id: None,
        sequence: 4,
        previous: None,
        reason: ReportReason::Schedule,
        nonce: None,
        evaluation: None,
        evaluated_at: earlier(),
        sent_at: earlier(),
        agent_version: HOSTILE.into(),
        agent_digest: None,
        key_protection: KeyProtection::File,
        os: device.os,
        machine: MachineKind::Laptop,
        hostname,
        policy: PolicySummary { name: HOSTILE.into(), version: 3, digest: Digest::of(b"policy") },
        policy_problems: vec![HOSTILE.into()],
        spool_loss: None,
        device_journal: None,
        coverage: Vec::new(),
        outcomes: Vec::new(),
        findings: Vec::new(),
        inventory: items,
    };
    (report, Disclosures::index(values))
}

fn message(sequence: u64, kind: MessageKind, chain: Chain) -> StoredMessage {
    StoredMessage {
        device: id(),
        kind,
        sequence,
        digest: Digest::of(b"message"),
        envelope: Envelope::seal_bytes("application/vnd.bearing.checkin.v1+json", b"{}", &[&key()]),
        disclosures: Vec::new(),
        observation: None,
        received_at: earlier(),
        chain,
    }
}

pub(super) fn known_device() -> Known {
    let line = |source, status| Coverage { source, status, detail: HOSTILE.into() };
    let outcome = |id, outcome| RuleOutcome { rule: rule(id), outcome, reason: Some(HOSTILE.into()) };
    let approved = FindingRow { status: FindingStatus::Approved, ..finding() };
    Known {
        device: device(),
        verdict: Some(verdict()),
        earlier: vec![VerdictRow { verdict: "nothing_found".into(), evidence: None, ..verdict() }],
        findings: vec![finding(), approved],
        result: Some((
            vec![line(Source::Usb, Status::Ok), line(Source::Displays, Status::Denied)],
            vec![outcome("KV-01", Outcome::Fail), outcome("KV-02", Outcome::NotChecked)],
        )),
        report: Some(report()),
        seen: Some(ObservationPayload {
            server: ServerId::from_bytes(&[1; 16]),
            device_id: id(),
            sequence: 4,
            message: Digest::of(b"message"),
            received_at: earlier(),
            address_family: 4,
            address_digest: HOSTILE.into(),
            country: Some(HOSTILE.into()),
            alt_country: Some(HOSTILE.into()),
            asn: Some(64_500),
            egress_class: HOSTILE.into(),
            tables: vec![
                TableAge { name: HOSTILE.into(), built: HOSTILE.into() },
                TableAge { name: "iptocc".into(), built: "2026-11-01".into() },
            ],
            clock_skew_ms: 10,
            other_family: None,
            round_trips: None,
        }),
        messages: vec![
            message(4, MessageKind::Report, Chain::Continues),
            message(3, MessageKind::Checkin { stopping: true }, Chain::Gap { from: 1, to: 2 }),
        ],
    }
}

pub(super) fn silent_device() -> Known {
    Known {
        device: DeviceRow { state: DeviceState::Pending, last_seen: None, last_report: None, ..device() },
        verdict: None,
        earlier: Vec::new(),
        findings: Vec::new(),
        result: None,
        report: None,
        seen: None,
        messages: Vec::new(),
    }
}

pub(super) fn token() -> TokenRow {
    TokenRow {
        token: NewToken {
            id: TokenId::from_bytes(&[2; 16]),
            secret_hash: "00".into(),
            group: HOSTILE.into(),
            max_uses: 5,
            expires_at: "2026-12-01T00:00:00Z".parse().unwrap(),
            needs_approval: true,
            simulated: true,
            created_by: HOSTILE.into(),
            created_at: earlier(),
        },
        uses: 1,
        last_use: Some((earlier(), id(), HOSTILE.into())),
        revoked_at: None,
    }
}

pub(super) fn user() -> UserRow {
    UserRow {
        id: UserId::from_bytes(&[3; 16]),
        name: HOSTILE.into(),
        password_hash: "secret-hash".into(),
        role: Role::Analyst,
        created_at: earlier(),
        last_sign_in: Some(earlier()),
        disabled: false,
    }
}

pub(super) fn api_token() -> ApiTokenRow {
    ApiTokenRow {
        scopes: vec![bearing_store::Scope::Read, bearing_store::Scope::TripsWrite],
        id: TokenId::from_bytes(&[4; 16]),
        secret_hash: "secret-hash".into(),
        name: HOSTILE.into(),
        role: Role::Viewer,
        created_by: HOSTILE.into(),
        created_at: earlier(),
        expires_at: "2026-12-01T00:00:00Z".parse().unwrap(),
        revoked_at: None,
        last_used: Some(earlier()),
    }
}

pub(super) fn audit_entry() -> AuditEntry {
    AuditEntry {
        number: 2,
        at: earlier(),
        actor: HOSTILE.into(),
        action: HOSTILE.into(),
        object: HOSTILE.into(),
        detail: serde_json::json!({ "text": HOSTILE }),
        chain: Some(Digest::of(b"chain")),
    }
}

pub(super) fn policy() -> PolicyRow {
    let payload = PolicyPayload {
        name: HOSTILE.into(),
        version: 3,
        issued_at: earlier(),
        expires_at: "2027-01-01T00:00:00Z".parse().unwrap(),
        widens_collection: true,
        policy: serde_json::json!({ "name": HOSTILE }),
    };
    PolicyRow {
        name: HOSTILE.into(),
        version: 3,
        digest: Digest::of(b"policy"),
        envelope: Envelope::seal(&payload, &[&key()]).unwrap(),
        groups: vec![HOSTILE.into()],
        published_by: HOSTILE.into(),
        published_at: earlier(),
    }
}

fn scope() -> EvaluationScope {
    EvaluationScope { groups: vec![HOSTILE.into()], devices: vec![id()], rules: vec![rule("KV-01")] }
}

pub(super) fn evaluation() -> EvaluationRow {
    EvaluationRow {
        id: EvaluationId::from_bytes(&[5; 16]),
        name: HOSTILE.into(),
        created_by: HOSTILE.into(),
        created_at: earlier(),
        deadline: now(),
        scope: scope(),
        status: EvaluationStatus::Frozen,
        result: None,
        devices: 1,
        answered: 1,
    }
}

pub(super) fn challenge() -> ChallengeRow {
    ChallengeRow { evaluation: evaluation().id, device: id(), nonce: HOSTILE.into(), answer: None }
}

pub(super) fn evaluation_result() -> EvaluationPayload {
    let row = evaluation();
    EvaluationPayload {
        server: ServerId::from_bytes(&[1; 16]),
        id: row.id,
        name: row.name,
        created_by: row.created_by,
        created_at: row.created_at,
        deadline: row.deadline,
        frozen_at: now(),
        scope: scope(),
        devices: vec![DeviceResult {
            device_id: id(),
            nonce: HOSTILE.into(),
            report: None,
            not_assessed: Some(HOSTILE.into()),
            rules: vec![RuleResult {
                rule: rule("KV-01"),
                outcome: Outcome::NotChecked,
                reason: Some(HOSTILE.into()),
            }],
            findings: BTreeMap::new(),
        }],
        counts: ResultCounts { devices: 1, not_assessed: 1, ..ResultCounts::default() },
    }
}
