//! Serves the console over a throw-away store with made-up devices, to look at its pages:
//! `cargo run -p bearing-server --example console_samples -- 8480`, then `http://localhost:8480`, signing in as
//! `ana` with `look at the pages`.

mod cases;
mod devices;
mod findings;
mod hardware;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use bearing_policies::{
    Catalogue, Policy,
    risk::{RiskInput, RiskStatus, score},
};
use bearing_protocol::{
    Timestamp,
    commitment::Disclosure,
    coverage::{Coverage, Source, Status},
    envelope::Envelope,
    fact::MachineKind,
    finding::Finding,
    id::{DeviceId, ServerId, TokenId, UserId},
    key::{FileKey, KeyProtection, KeySet},
    outcome::{Outcome, RuleOutcome},
    payload::{CommittedItem, EvaluationScope, ObservationPayload, ReportPayload, ReportReason, TableAge},
    report::{OsSummary, PolicySummary},
};
use bearing_server::{
    act::{self, ApprovalRequest, ApprovalScope, FindingKey},
    app::{App, Parts},
    auth::{Actor, hash_password},
    clock::SystemClock,
    console, evaluations,
    release::Releases,
};
use bearing_store::{
    DeviceState, FindingStatus, Intake, MessageKind, NewDevice, NewToken, Observed, ObservedResult, Role,
    UserRow, VerdictRow,
};
use bearing_store_sqlite::SqliteStore;
use jiff::SignedDuration;
use zeroize::Zeroizing;

use devices::{DEVICES, Kind, Made};
use findings::finding;
use hardware::hardware;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let port: u16 = std::env::args().nth(1).unwrap_or_else(|| "8480".into()).parse().context("a port")?;
    let path = std::env::temp_dir().join(format!("bearing-console-{}.db", std::process::id()));
    let store = SqliteStore::open(&path).await?;
    let app = app(store, port)?;
    seed(&app).await?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://localhost:{port} as ana, password: look at the pages");
    let router = console::router().fallback(console::not_found).with_state(app);
    axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

fn key(byte: u8) -> FileKey {
    FileKey::from_seed(&Zeroizing::new([byte; 32]))
}

fn app(store: SqliteStore, port: u16) -> anyhow::Result<App> {
    let ca = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()])?;
    Ok(App::new(Parts {
        store: Arc::new(store),
        geo: bearing_server::geo::Live::builtin(),
        releases: Releases::new(&std::env::temp_dir(), KeySet::threshold([key(201).public()], 1)),
        clock: Arc::new(SystemClock),
        catalogue: Catalogue::embedded(),
        policy: Policy::profile("default").context("the default profile")?,
        server: ServerId::from_bytes(&[1; 16]),
        evidence_key: key(200),
        ca_pem: ca.cert.pem(),
        policy_keys: vec![key(201).public()],
        policy_threshold: 1,
        employee_keys: Vec::new(),
        tenant_key_id: "tk1".into(),
        tenant_key: Zeroizing::new([2; 32]),
        observation_key: Zeroizing::new([3; 32]),
        public_url: format!("http://localhost:{port}"),
        demo: true,
    }))
}

async fn seed(app: &App) -> anyhow::Result<()> {
    let now = app.clock.now();
    let store = &app.store;
    for (number, (name, role)) in
        (1..).zip([("ana", Role::Admin), ("ben", Role::Analyst), ("chris", Role::Auditor)])
    {
        let password_hash = hash_password("look at the pages").await?;
        let id = UserId::from_bytes(&[number; 16]);
        let user = UserRow {
            id,
            name: name.into(),
            password_hash,
            role,
            created_at: now,
            last_sign_in: None,
            disabled: false,
        };
        store.add_user(&user).await?;
    }
    let token = NewToken {
        id: TokenId::from_bytes(&[9; 16]),
        secret_hash: "00".repeat(32),
        group: "engineering".into(),
        max_uses: 50,
        expires_at: ago(now, -24 * 30),
        needs_approval: false,
        simulated: true,
        created_by: "ana".into(),
        created_at: ago(now, 24 * 31),
    };
    store.add_token(&token).await?;
    let mut kvm = None;
    for (number, made) in (10..).zip(DEVICES) {
        let id = device(app, number, made, &token.id).await?;
        kvm.get_or_insert(id);
    }
    let pending = made_device(
        99,
        &("nb-new-001", "engineering", ("Ubuntu", "24.04"), MachineKind::Laptop, true, "", None, &[]),
        &token.id,
        now,
        DeviceState::Pending,
    );
    let _ = store.enroll(&pending, now).await?;
    work(app, &kvm.context("a device")?).await?;
    cases::seed(app).await?;
    let scope = EvaluationScope { groups: vec!["people".into()], ..EvaluationScope::default() };
    let row =
        evaluations::create(app, "chris", "Quarterly review, people", scope.clone(), ago(now, -24)).await?;
    evaluations::freeze(app, &row.id).await?;
    evaluations::create(
        app,
        "chris",
        "Engineering before the audit",
        EvaluationScope::default(),
        ago(now, -48),
    )
    .await?;
    Ok(())
}

/// What people did with the first device's findings and others'.
async fn work(app: &App, kvm: &DeviceId) -> anyhow::Result<()> {
    let actor = Actor::command_line();
    let findings = app.store.device_findings(kvm).await?;
    if let Some(row) = findings.iter().find(|row| row.finding.rule.as_str() == "KV-01") {
        let key = FindingKey { device: kvm.clone(), finding: row.finding.id.clone() };
        act::comment_finding(app, &actor, &key, "Asked for a photo of the desk. Call by HR is set for 14:00.\nDo not tip off: the local page looks the same.").await?;
        act::assign_finding(app, &actor, &key, "ben").await?;
        let version = app.store.finding(kvm, &key.finding).await?.context("the finding")?.version;
        act::set_finding_status(app, &actor, &key, version, FindingStatus::InReview, "").await?;
    }
    let request = ApprovalRequest {
        scope: ApprovalScope::ProductInGroup { product: "anydesk".into(), group: "support".into() },
        hours: None,
        owner: "it-lead".into(),
        reason: "Help desk tool chosen by IT, contract 2026-114".into(),
        expires_at: ago(app.clock.now(), -24 * 60),
    };
    act::give_approval(app, &actor, request).await?;
    Ok(())
}

fn ago(now: Timestamp, hours: i64) -> Timestamp {
    now.saturating_sub(SignedDuration::from_hours(hours)).unwrap_or(now)
}

fn made_device(number: u8, made: &Made, token: &TokenId, at: Timestamp, state: DeviceState) -> NewDevice {
    let (name, group, os, machine, simulated, ..) = *made;
    let public_key = key(number).public();
    NewDevice {
        id: DeviceId::of_key(public_key.as_bytes()),
        public_key,
        key_protection: KeyProtection::File,
        hostname: name.into(),
        os: OsSummary { family: "linux".into(), name: os.0.into(), version: os.1.into() },
        machine,
        agent_version: "0.1.0".into(),
        group: group.into(),
        state,
        simulated,
        token: token.clone(),
        enrolled_at: at,
    }
}

async fn device(app: &App, number: u8, made: &Made, token: &TokenId) -> anyhow::Result<DeviceId> {
    let (_, group, _, _, _, expected, country, kinds) = *made;
    let now = app.clock.now();
    let new = made_device(number, made, token, ago(now, 24 * 30), DeviceState::Active);
    let _ = app.store.enroll(&new, ago(now, 24 * 30)).await?;
    let countries: Vec<String> = if expected.is_empty() { Vec::new() } else { vec![expected.into()] };
    app.store.set_device_place(&new.id, group, &countries).await?;
    let findings: Vec<Finding> = kinds.iter().map(|kind| finding(*kind)).collect();
    let last = if number == 19 {
        ago(now, 60)
    } else {
        now.saturating_sub(SignedDuration::from_mins(i64::from(number)))?
    };
    report(app, &new, number, country, kinds, last).await?;
    let coverage = coverage(kinds);
    let outcomes = outcomes(app, kinds);
    for (at, findings) in [
        (ago(now, 20 * i64::from(number)), findings.iter().take(1).cloned().collect::<Vec<_>>()),
        (last, findings.clone()),
    ] {
        let observed = Observed {
            device: new.id.clone(),
            origin: "agent".into(),
            at,
            findings,
            assessed: outcomes
                .iter()
                .filter(|o| matches!(o.outcome, Outcome::Pass | Outcome::Fail))
                .map(|o| o.rule)
                .collect(),
            suspended: Vec::new(),
            result: Some(ObservedResult {
                sequence: 1,
                hostname: Some(new.hostname.clone()),
                os: new.os.clone(),
                machine: new.machine,
                agent_version: new.agent_version.clone(),
                checkin_seconds: Some(300),
                policy: app.policy.summary(),
                coverage: coverage.clone(),
                outcomes: outcomes.clone(),
            }),
        };
        app.store.observe(&observed).await?;
    }
    for at in [ago(now, 200), last] {
        app.store.set_verdict(&verdict(&new.id, &findings, kinds, expected, country, at)).await?;
    }
    Ok(new.id)
}

fn verdict(
    device: &DeviceId,
    findings: &[Finding],
    kinds: &[Kind],
    expected: &str,
    country: Option<&str>,
    at: Timestamp,
) -> VerdictRow {
    let inputs: Vec<_> = findings
        .iter()
        .map(|finding| RiskInput { rule: finding.rule, severity: finding.severity, status: RiskStatus::Open })
        .collect();
    let risk = score(&inputs);
    let fits = !kinds.contains(&Kind::Country);
    let place = (!expected.is_empty()).then(|| {
        serde_json::json!({
            "id": "last", "verdict": if fits { "match" } else { "mismatch" }, "severity": if fits { "none" } else { "medium" },
            "confidence": "medium", "score": if fits { 0 } else { 45 },
            "groups": {}, "findings": if fits { vec![] } else { vec!["country_mismatch", "timezone_mismatch"] },
            "why": if fits { vec!["residential line in DE, which is expected: 0".to_owned()] } else { vec![format!("residential line in {}, expected {expected}: 30", country.unwrap_or("?")), "clock of Asia/Shanghai is 7 h from every expected country: 15".to_owned()] },
        })
    });
    VerdictRow {
        device: device.clone(),
        verdict: risk.verdict.to_string(),
        evidence: risk.evidence,
        posture: risk.posture,
        arithmetic: risk.arithmetic,
        place,
        at,
    }
}

fn coverage(kinds: &[Kind]) -> Vec<Coverage> {
    let bare = kinds.contains(&Kind::Degraded);
    let line = |source, status, detail: &str| Coverage { source, status, detail: detail.into() };
    let mut all = vec![
        line(Source::Processes, Status::Ok, "214 processes"),
        line(Source::Packages, Status::Ok, "1,843 packages (dpkg)"),
        line(Source::Sockets, Status::Ok, "12 listening, 31 established"),
        line(Source::Units, Status::Ok, "187 units"),
        line(Source::TimeZone, Status::Ok, "set by hand"),
        line(Source::SecureBoot, Status::Unsupported, "no EFI variables on this machine"),
        line(
            Source::Firewall,
            Status::Partial,
            "configuration files only: the live rule set needs a capability that can write",
        ),
    ];
    if bare {
        all.push(line(Source::Usb, Status::Unsupported, "no USB bus in /sys"));
        all.push(line(Source::Displays, Status::Unsupported, "no DRM devices in /sys"));
        all.push(line(
            Source::DiskEncryption,
            Status::Error,
            "the root file system is an overlay: nothing below it can be seen",
        ));
    } else {
        all.push(line(Source::Usb, Status::Ok, "7 devices"));
        all.push(line(Source::Hid, Status::Ok, "5 report descriptors"));
        all.push(line(Source::Displays, Status::Ok, "2 connectors, 2 EDID"));
    }
    all
}

fn outcomes(app: &App, kinds: &[Kind]) -> Vec<RuleOutcome> {
    let failed: Vec<_> = kinds.iter().map(|kind| finding(*kind).rule).collect();
    let bare = kinds.contains(&Kind::Degraded);
    app.catalogue
        .rules()
        .map(|rule| {
            let (outcome, reason) = if failed.contains(&rule.id) {
                (Outcome::Fail, None)
            } else if rule.id.as_str() == "PO-07" {
                (Outcome::NotChecked, Some("source `secure-boot`: unsupported".to_owned()))
            } else if bare && rule.id.family() == bearing_protocol::rule::Family::Kvm {
                (Outcome::NotChecked, Some("source `usb`: unsupported".to_owned()))
            } else {
                (Outcome::Pass, None)
            };
            RuleOutcome { rule: rule.id, outcome, reason }
        })
        .collect()
}

async fn report(
    app: &App,
    device: &NewDevice,
    number: u8,
    country: Option<&str>,
    kinds: &[Kind],
    at: Timestamp,
) -> anyhow::Result<()> {
    let mut disclosures = Vec::new();
    let mut inventory = Vec::new();
    let values = if kinds.contains(&Kind::Degraded) { Vec::new() } else { hardware(kinds) };
    for (salt, value) in (0..).zip(values) {
        let (item, disclosure) = Disclosure::commit(&[salt; 16], &value)?;
        inventory.push(CommittedItem { source: Source::Usb, item });
        disclosures.push(disclosure);
    }
    let (hostname, disclosure) = Disclosure::commit(&[250; 16], &device.hostname)?;
    disclosures.push(disclosure);
    let payload = ReportPayload {
        server: app.server.clone(),
        device_id: device.id.clone(),
        boot_id: None,
        sequence: 1,
        previous: None,
        reason: ReportReason::Start,
        nonce: None,
        evaluation: None,
        evaluated_at: at,
        sent_at: at,
        agent_version: device.agent_version.clone(),
        agent_digest: None,
        key_protection: device.key_protection,
        os: device.os.clone(),
        machine: device.machine,
        hostname,
        policy: PolicySummary { ..app.policy.summary() },
        policy_problems: Vec::new(),
        spool_loss: None,
        device_journal: None,
        coverage: Vec::new(),
        outcomes: Vec::new(),
        findings: Vec::new(),
        inventory,
    };
    let envelope = Envelope::seal(&payload, &[&key(number)])?;
    let digest = envelope.chain_digest()?;
    let seen = ObservationPayload {
        server: app.server.clone(),
        device_id: device.id.clone(),
        sequence: 1,
        message: digest,
        received_at: at,
        address_family: 4,
        address_digest: "0011223344556677".into(),
        country: country.map(Into::into),
        alt_country: country.map(Into::into),
        asn: country.map(|_| 3320),
        egress_class: if country.is_some() { "residential" } else { "unknown" }.into(),
        tables: vec![TableAge { name: "iptocc 2026.10".into(), built: "2026-10-29".into() }],
        clock_skew_ms: 120,
        other_family: None,
        round_trips: None,
    };
    let intake = Intake {
        device: device.id.clone(),
        kind: MessageKind::Report,
        sequence: 1,
        previous: None,
        digest,
        spool_loss: None,
        envelope: serde_json::to_string(&envelope)?,
        disclosures,
        observation: Some(serde_json::to_string(&Envelope::seal(&seen, &[&app.evidence_key])?)?),
        received_at: at,
        country: country.map(Into::into),
        asn: country.map(|_| 3320),
        egress_class: Some(seen.egress_class),
        source: None,
        answers: None,
        brings_trips: false,
    };
    for accepted in app.store.commit(vec![intake]).await? {
        accepted.context("the report")?;
    }
    Ok(())
}
