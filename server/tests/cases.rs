//! Cases: when they open, who decides, what reopens them, and that nothing in them is obeyed.
#![expect(clippy::unwrap_used, reason = "what cannot be prepared fails its test")]

use std::sync::Arc;

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use bearing_protocol::{
    coverage::Source,
    fact::MachineKind,
    finding::{Evidence, Finding},
    id::{CaseId, DeviceId, FindingId, TokenId},
    key::{FileKey, KeyProtection},
    report::OsSummary,
    rule::RuleId,
    severity::{Confidence, Severity},
};
use bearing_server::{config::Config, evidence, jobs::Worker};
use bearing_store::{
    CaseFilter, CaseRow, CaseStatus, DeviceState, JobKind, NewDevice, NewToken, Observed, PageRequest, Role,
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tokio::sync::Notify;
use zeroize::Zeroizing;

mod house;

use house::{House, get, house, post, request};

const HOSTILE: &str = "=cmd|'/c calc'!A0<script>alert(1)</script>\"'><img src=x onerror=alert(1)>\u{202e}gnp\u{1b}[31m{{7*7}}\r\nSet-Cookie: x=1";

/// The `n`th device.
async fn device(house: &House, n: u8) -> DeviceId {
    let now = house.app.clock.now();
    let token = NewToken {
        id: TokenId::from_bytes(&[n; 16]),
        secret_hash: "00".repeat(32),
        group: "support".into(),
        max_uses: 1,
        expires_at: "2026-12-01T00:00:00Z".parse().unwrap(),
        needs_approval: false,
        simulated: false,
        created_by: "ana".into(),
        created_at: now,
    };
    house.app.store.add_token(&token).await.unwrap();
    let public_key = FileKey::from_seed(&Zeroizing::new([n; 32])).public();
    let device = NewDevice {
        id: DeviceId::of_key(public_key.as_bytes()),
        public_key,
        key_protection: KeyProtection::File,
        hostname: format!("nb-{n:03}"),
        os: OsSummary::default(),
        machine: MachineKind::Laptop,
        agent_version: "0.1.0".into(),
        group: "support".into(),
        state: DeviceState::Active,
        simulated: false,
        token: token.id,
        enrolled_at: now,
    };
    house.app.store.enroll(&device, now).await.unwrap().unwrap();
    device.id
}

fn finding(rule: &str, severity: Severity) -> Finding {
    let rule: RuleId = rule.parse().unwrap();
    Finding {
        id: FindingId::of_cause(rule.as_str(), None, "usb"),
        rule,
        family: rule.family(),
        severity,
        confidence: Confidence::High,
        title: format!("{rule} on usb 1-1"),
        subject: "usb:1-1".into(),
        product: None,
        evidence: vec![Evidence {
            source: Source::Usb,
            location: "1-1".into(),
            field: "product".into(),
            value: "PiKVM Composite Device".into(),
            why: "it says so".into(),
            rule: None,
        }],
        attack: Vec::new(),
        controls: Vec::new(),
        disproof: format!("{rule}: look at the desk."),
        remediation: "Unplug it.".into(),
        approval: None,
    }
}

/// What an evaluation of the device shows now; the jobs it makes are done.
async fn shows(house: &House, device: &DeviceId, findings: Vec<Finding>) {
    house.clock.advance(SignedDuration::from_secs(60));
    let observed = Observed {
        device: device.clone(),
        origin: "agent".into(),
        at: house.app.clock.now(),
        findings,
        assessed: ["KV-01", "RA-01", "PO-01", "TU-03"].iter().map(|rule| rule.parse().unwrap()).collect(),
        suspended: Vec::new(),
        result: None,
    };
    house.app.store.observe(&observed).await.unwrap();
    house.app.store.enqueue(JobKind::Verdict, device, 0, house.app.clock.now()).await.unwrap();
    work(house).await;
}

async fn work(house: &House) {
    let worker = Worker::new(house.app.clone(), Config::default().silence, Arc::new(Notify::new()));
    while worker.work_once().await.unwrap() > 0 {}
}

async fn all(house: &House) -> Vec<CaseRow> {
    house.app.store.cases(&CaseFilter::default(), &PageRequest::default()).await.unwrap().items
}

async fn only(house: &House) -> CaseRow {
    let mut rows = all(house).await;
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

async fn call(
    house: &House,
    token: &str,
    method: Method,
    path: &str,
    body: Value,
) -> (StatusCode, Value, String) {
    let request = request(&method, path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let (status, _, text) = house.send(request).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::Null), text)
}

async fn act(house: &House, token: &str, id: &CaseId, what: &str, body: Value) -> StatusCode {
    call(house, token, Method::POST, &format!("/api/v1/cases/{id}/{what}"), body).await.0
}

/// A form of the console, as a person.
async fn form(
    house: &House,
    (cookie, csrf): &(String, String),
    path: &str,
    fields: &str,
) -> (StatusCode, String) {
    let (status, _, body) = house.send(post(path, Some(cookie), &format!("csrf={csrf}&{fields}"))).await;
    (status, body)
}

#[tokio::test]
async fn a_device_that_asks_to_investigate_gets_one_case_by_itself() {
    let house = house().await;
    let (asks, harmless) = (device(&house, 1).await, device(&house, 2).await);
    shows(&house, &harmless, vec![finding("PO-01", Severity::Critical), finding("RA-01", Severity::Low)])
        .await;
    assert!(all(&house).await.is_empty(), "posture and little things open nothing");
    shows(&house, &asks, vec![finding("KV-01", Severity::Critical), finding("PO-01", Severity::High)]).await;
    let case = only(&house).await;
    assert_eq!((case.opened_by.as_str(), case.status), ("rule", CaseStatus::Open));
    assert_eq!((case.verdict.as_str(), case.evidence), ("investigate", Some(25.0)));
    assert!(case.posture > 0.0, "posture stands beside it: {case:?}");
    assert!(case.arithmetic[0].lines.iter().any(|line| line.starts_with("KV kvm")), "{case:?}");
    shows(&house, &asks, vec![finding("KV-01", Severity::Critical), finding("RA-01", Severity::High)]).await;
    let again = only(&house).await;
    assert_eq!(again.id, case.id);
    assert!(again.evidence > case.evidence, "the new finding came in: {again:?}");
    let words: Vec<_> =
        house.app.store.case_events(&case.id).await.unwrap().into_iter().map(|event| event.what).collect();
    assert!(words.iter().any(|what| what == "findings came in"), "{words:?}");
    let before = only(&house).await.version;
    work(&house).await;
    shows(&house, &asks, vec![finding("KV-01", Severity::Critical), finding("RA-01", Severity::High)]).await;
    assert_eq!(only(&house).await.version, before, "the same again changes nothing");
}

#[tokio::test]
async fn a_closed_case_reopens_on_new_evidence_only_and_says_why() {
    let house = house().await;
    let token = house.api_token(Role::Analyst).await;
    let laptop = device(&house, 1).await;
    shows(&house, &laptop, vec![finding("KV-01", Severity::High), finding("RA-01", Severity::High)]).await;
    // Two families at high: whatever the verdict, a case is opened by hand where none opened by itself.
    let wanted = json!({"subject": {"kind": "device", "id": laptop}});
    let (status, opened, _) = call(&house, &token, Method::POST, "/api/v1/cases", wanted).await;
    assert_eq!(status, StatusCode::CREATED, "{opened}");
    let close = async || {
        let case = only(&house).await;
        let body = json!({"version": case.version, "decision": "benign", "reason": "a lab bench"});
        assert_eq!(act(&house, &token, &case.id, "close", body).await, StatusCode::NO_CONTENT);
        assert_eq!(only(&house).await.status, CaseStatus::Closed);
        case.id
    };
    let why = async |id: &CaseId| {
        let events = house.app.store.case_events(id).await.unwrap();
        events.into_iter().rev().find(|event| event.what.starts_with("reopened")).unwrap().text.unwrap()
    };
    let id = close().await;

    let mut seen_again = finding("KV-01", Severity::High);
    seen_again.evidence[0].value = "another version".into();
    shows(&house, &laptop, vec![seen_again.clone(), finding("RA-01", Severity::Low)]).await;
    shows(&house, &laptop, vec![seen_again.clone(), finding("PO-01", Severity::Critical)]).await;
    shows(&house, &laptop, vec![seen_again.clone(), finding("RA-01", Severity::High)]).await;
    assert_eq!(act(&house, &token, &id, "comment", json!({"text": "still"})).await, StatusCode::NO_CONTENT);
    work(&house).await;
    assert_eq!(
        only(&house).await.status,
        CaseStatus::Closed,
        "seen again, posture and comments reopen nothing"
    );

    shows(&house, &laptop, vec![finding("KV-01", Severity::Critical), finding("RA-01", Severity::High)])
        .await;
    assert_eq!(only(&house).await.status, CaseStatus::Open);
    assert!(why(&id).await.contains("grew graver: high → critical"), "{}", why(&id).await);

    close().await;
    let mut kinds = finding("KV-01", Severity::Critical);
    kinds.evidence[0].field = "report descriptor".into();
    shows(&house, &laptop, vec![kinds.clone(), finding("RA-01", Severity::High)]).await;
    assert_eq!(only(&house).await.status, CaseStatus::Open);
    assert!(why(&id).await.contains("evidence of a new kind"), "{}", why(&id).await);

    close().await;
    shows(&house, &laptop, vec![kinds, finding("TU-03", Severity::High)]).await;
    assert_eq!(only(&house).await.status, CaseStatus::Open);
    assert!(why(&id).await.contains("TU-03 was not in it"), "{}", why(&id).await);
    let entries = house.app.store.audit_entries(None, 100).await.unwrap();
    let reopened = entries.iter().filter(|entry| entry.action == "case.reopen" && entry.actor == "server");
    assert_eq!(reopened.count(), 3);
}

#[tokio::test]
async fn confirming_takes_two_people_a_reason_and_every_step() {
    let house = house().await;
    house.people().await;
    let laptop = device(&house, 1).await;
    shows(&house, &laptop, vec![finding("KV-01", Severity::Critical), finding("PO-01", Severity::High)])
        .await;
    let id = only(&house).await.id;
    let (admin, analyst) = (house.session("admin").await, house.session("analyst").await);
    let token = house.api_token(Role::Admin).await;
    let decide = async |who: &(String, String), decision: &str, reason: &str| {
        let version = only(&house).await.version;
        let fields = format!("version={version}&decision={decision}&reason={reason}");
        form(&house, who, &format!("/cases/{id}/decide"), &fields).await
    };
    let refused = StatusCode::UNPROCESSABLE_ENTITY;
    let (status, body) = decide(&admin, "propose", "seen").await;
    assert_eq!(status, refused, "no step is answered");
    assert!(body.contains("1 of 1 disproof steps"), "{body}");
    assert_eq!(decide(&admin, "confirmed", "seen").await.0, refused, "nor in one step");
    assert_eq!(decide(&admin, "moved", "seen").await.0, refused);

    let (_, shown, _) = call(&house, &token, Method::GET, &format!("/api/v1/cases/{id}"), json!({})).await;
    let steps = shown["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 1, "posture is no step: {steps:?}");
    let step = steps[0]["step"].as_str().unwrap();
    let version = only(&house).await.version;
    let answer = json!({"version": version, "step": step, "result": "stands", "note": "live call"});
    assert_eq!(act(&house, &token, &id, "check", answer.clone()).await, StatusCode::NO_CONTENT);
    assert_eq!(act(&house, &token, &id, "check", answer).await, StatusCode::CONFLICT, "sent twice");
    let foreign = json!({"version": version + 1, "step": "00", "result": "stands", "note": "x"});
    assert_eq!(act(&house, &token, &id, "check", foreign).await, StatusCode::NOT_FOUND);

    assert_eq!(decide(&admin, "propose", "+").await.0, refused, "no reason");
    let by_token = json!({"version": version + 1, "reason": "seen"});
    assert_eq!(act(&house, &token, &id, "propose", by_token).await, refused, "a token is nobody");
    assert_eq!(decide(&admin, "propose", "seen+in+a+live+call").await.0, StatusCode::SEE_OTHER);
    assert_eq!(only(&house).await.status, CaseStatus::AwaitingDecision);
    let (status, body) = decide(&admin, "confirm", "me+too").await;
    assert_eq!(status, refused, "an administrator is no second person to herself");
    assert!(body.contains("second person"), "{body}");
    let by_token = json!({"version": version + 2, "reason": "seen"});
    assert_eq!(act(&house, &token, &id, "confirm", by_token).await, refused, "a token is nobody");

    // New evidence meanwhile: what was proposed did not know it.
    shows(&house, &laptop, vec![finding("KV-01", Severity::Critical), finding("RA-01", Severity::High)])
        .await;
    assert_eq!(only(&house).await.status, CaseStatus::InReview);
    assert_eq!(decide(&analyst, "confirm", "yes").await.0, StatusCode::CONFLICT);
    assert_eq!(decide(&admin, "propose", "again").await.0, refused, "the new finding's step is open");
    let (_, shown, _) = call(&house, &token, Method::GET, &format!("/api/v1/cases/{id}"), json!({})).await;
    let open =
        shown["steps"].as_array().unwrap().iter().find(|step| step["result"].is_null()).unwrap().clone();
    let version = only(&house).await.version;
    let answer =
        json!({"version": version, "step": open["step"], "result": "not_possible", "note": "on leave"});
    assert_eq!(act(&house, &token, &id, "check", answer).await, StatusCode::NO_CONTENT);
    assert_eq!(decide(&admin, "propose", "again").await.0, StatusCode::SEE_OTHER);
    assert_eq!(decide(&analyst, "decline", "call+again").await.0, StatusCode::SEE_OTHER);
    assert_eq!(only(&house).await.status, CaseStatus::InReview);
    assert_eq!(decide(&admin, "propose", "called+again").await.0, StatusCode::SEE_OTHER);
    assert_eq!(decide(&analyst, "confirm", "I+was+in+the+call").await.0, StatusCode::SEE_OTHER);
    let case = only(&house).await;
    assert_eq!(case.status, CaseStatus::Closed);
    assert_eq!(
        (case.proposed_by.as_deref(), case.reviewer.as_deref(), case.reason.as_deref()),
        (Some("admin"), Some("analyst"), Some("called again"))
    );
    let entries = house.app.store.audit_entries(None, 200).await.unwrap();
    let confirmed = entries.iter().find(|entry| entry.action == "case.confirm").unwrap();
    assert_eq!((confirmed.actor.as_str(), &confirmed.detail["proposed_by"]), ("analyst", &json!("admin")));
    assert_eq!(confirmed.detail["reason"], "called again");
    assert!(house.app.store.verify_audit().await.unwrap().is_ok());
    assert_eq!(decide(&analyst, "benign", "no").await.0, StatusCode::CONFLICT, "a closed case is left alone");
}

#[tokio::test]
async fn cases_split_and_merge_and_both_remember() {
    let house = house().await;
    let token = house.api_token(Role::Analyst).await;
    let (one, two) = (device(&house, 1).await, device(&house, 2).await);
    shows(&house, &one, vec![finding("KV-01", Severity::Critical), finding("RA-01", Severity::High)]).await;
    shows(&house, &two, vec![finding("KV-01", Severity::Critical)]).await;
    let of = async |device: &DeviceId| {
        let rows = house.app.store.cases_of_devices(std::slice::from_ref(device)).await.unwrap();
        rows.into_iter().map(|(_, row)| row).find(|row| row.follows).unwrap()
    };
    let (first, second) = (of(&one).await, of(&two).await);
    let chosen = |device: &DeviceId, rule: &str| json!([{"device": device, "finding": finding(rule, Severity::High).id}]);
    let split = async |version: u64, findings: Value| {
        let body = json!({"version": version, "title": "the tool alone", "findings": findings});
        call(&house, &token, Method::POST, &format!("/api/v1/cases/{}/split", first.id), body).await
    };
    assert_eq!(split(first.version, json!([])).await.0, StatusCode::UNPROCESSABLE_ENTITY, "none");
    assert_eq!(split(first.version, chosen(&two, "KV-01")).await.0, StatusCode::NOT_FOUND, "another case's");
    let (status, part, _) = split(first.version, chosen(&one, "RA-01")).await;
    assert_eq!(status, StatusCode::CREATED, "{part}");
    assert_eq!(split(first.version, chosen(&one, "RA-01")).await.0, StatusCode::NOT_FOUND, "sent twice");
    let part: CaseId = part["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(house.app.store.case(&part).await.unwrap().unwrap().split_from, Some(first.id.clone()));
    let rest = house.app.store.case(&first.id).await.unwrap().unwrap();
    assert!(rest.evidence < first.evidence, "what was split off counts there: {rest:?}");
    shows(&house, &one, vec![finding("KV-01", Severity::Critical), finding("RA-01", Severity::High)]).await;
    let members = house.app.store.case_members(&first.id).await.unwrap();
    assert_eq!(members.iter().filter(|member| member.moved_to.is_none()).count(), 1, "it does not come back");

    let merge = async |from: &CaseId, version: u64, into: &CaseId| {
        act(&house, &token, from, "merge", json!({"version": version, "into": into})).await
    };
    let nowhere = CaseId::from_bytes(&[99; 16]);
    let version = async |id: &CaseId| house.app.store.case(id).await.unwrap().unwrap().version;
    assert_eq!(merge(&second.id, second.version, &second.id).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(merge(&second.id, second.version, &nowhere).await, StatusCode::NOT_FOUND);
    assert_eq!(merge(&nowhere, 1, &first.id).await, StatusCode::NOT_FOUND);
    assert_eq!(merge(&second.id, second.version + 7, &first.id).await, StatusCode::CONFLICT);
    assert_eq!(merge(&second.id, second.version, &first.id).await, StatusCode::NO_CONTENT);
    assert_eq!(merge(&second.id, second.version + 1, &first.id).await, StatusCode::CONFLICT, "moved already");
    assert_eq!(
        merge(&first.id, version(&first.id).await, &second.id).await,
        StatusCode::CONFLICT,
        "into a moved one"
    );
    let moved = house.app.store.case(&second.id).await.unwrap().unwrap();
    assert_eq!((moved.status, &moved.moved_to), (CaseStatus::Closed, &Some(first.id.clone())));
    let close = json!({"version": moved.version, "decision": "benign", "reason": "x"});
    assert_eq!(act(&house, &token, &second.id, "close", close).await, StatusCode::CONFLICT);
    // What the second device shows now comes into the case that it was merged into.
    shows(&house, &two, vec![finding("KV-01", Severity::Critical), finding("TU-03", Severity::High)]).await;
    assert_eq!(all(&house).await.len(), 3, "no new case opens for it");
    let members = house.app.store.case_members(&first.id).await.unwrap();
    assert!(
        members
            .iter()
            .any(|member| member.device == two && member.finding == finding("TU-03", Severity::High).id)
    );
    let merged = house.app.store.case(&first.id).await.unwrap().unwrap();
    assert_eq!(merged.arithmetic.len(), 2, "each device has its own arithmetic");
}

#[tokio::test]
async fn two_who_close_at_once_close_once() {
    let house = house().await;
    let token = house.api_token(Role::Analyst).await;
    let laptop = device(&house, 1).await;
    shows(&house, &laptop, vec![finding("KV-01", Severity::High), finding("RA-01", Severity::Critical)])
        .await;
    let wanted = json!({"subject": {"kind": "device", "id": laptop}});
    let (both, again) = tokio::join!(
        call(&house, &token, Method::POST, "/api/v1/cases", wanted.clone()),
        call(&house, &token, Method::POST, "/api/v1/cases", wanted),
    );
    assert_eq!((both.0, again.0), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!(both.1["id"], again.1["id"], "sent twice, opened once");
    let case = only(&house).await;
    let body = |decision: &str| json!({"version": case.version, "decision": decision, "reason": "x"});
    let (left, right) = tokio::join!(
        act(&house, &token, &case.id, "close", body("benign")),
        act(&house, &token, &case.id, "close", body("not_confirmed")),
    );
    let mut statuses = [left, right];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::NO_CONTENT, StatusCode::CONFLICT]);
    // Closing and new evidence at once: whoever comes second sees what the first did.
    let more = vec![finding("KV-01", Severity::Critical), finding("RA-01", Severity::Critical)];
    shows(&house, &laptop, more.clone()).await;
    let open = only(&house).await;
    assert_eq!(open.status, CaseStatus::Open);
    let body = json!({"version": open.version, "decision": "benign", "reason": "x"});
    let newer = [more, vec![finding("TU-03", Severity::High)]].concat();
    let (_, closed) =
        tokio::join!(shows(&house, &laptop, newer.clone()), act(&house, &token, &open.id, "close", body),);
    shows(&house, &laptop, newer).await;
    let last = only(&house).await;
    let known = house.app.store.case_members(&last.id).await.unwrap();
    assert!(known.iter().any(|member| member.finding == finding("TU-03", Severity::High).id));
    assert_eq!(
        last.status,
        CaseStatus::Open,
        "closing answered {closed}: the new finding was not decided upon"
    );
}

#[tokio::test]
async fn who_looks_is_written_down_and_a_viewer_sees_numbers_only() {
    let house = house().await;
    house.people().await;
    let laptop = device(&house, 1).await;
    let mut odd = finding("KV-01", Severity::Critical);
    odd.title = "telling title".into();
    shows(&house, &laptop, vec![odd]).await;
    let id = only(&house).await.id;
    let path = format!("/cases/{id}");
    let finding_page = format!("/devices/{laptop}/findings/{}", finding("KV-01", Severity::High).id);
    let (viewer, _) = house.session("viewer").await;
    let (status, _, body) = house.send(get("/cases", Some(&viewer))).await;
    assert_eq!(status, StatusCode::OK);
    assert!(!body.contains("telling title") && !body.contains("cas_"), "{body}");
    assert_eq!(house.send(get(&path, Some(&viewer))).await.0, StatusCode::FORBIDDEN);
    for page in [format!("/devices/{laptop}"), finding_page.clone()] {
        let (_, _, body) = house.send(get(&page, Some(&viewer))).await;
        assert!(!body.contains("cas_"), "{page} tells a viewer of a case");
    }
    assert!(house.app.store.custody(&id, 10).await.unwrap().is_empty(), "nobody looked yet");
    let (auditor, _) = house.session("auditor").await;
    let (status, _, body) = house.send(get(&path, Some(&auditor))).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        body.contains("telling title") && !body.contains("/decide"),
        "an auditor reads and changes nothing"
    );
    let (_, _, body) = house.send(get(&finding_page, Some(&auditor))).await;
    assert!(body.contains(id.as_str()), "the finding's page names its case");
    let (status, headers, sheet) = house.send(get(&format!("{path}/packet/html"), Some(&auditor))).await;
    assert_eq!(status, StatusCode::OK);
    assert!(sheet.contains("telling title"));
    let custody = house.app.store.custody(&id, 10).await.unwrap();
    let seen: Vec<_> = custody.iter().map(|entry| (entry.actor.as_str(), entry.what.as_str())).collect();
    assert_eq!(seen, [("auditor", "looked"), ("auditor", "exported html")]);
    assert_eq!(custody[1].digest.as_deref(), headers["bearing-digest"].to_str().ok());
    let entries = house.app.store.audit_entries(None, 100).await.unwrap();
    let entry = entries.iter().find(|entry| entry.number == custody[1].audit).unwrap();
    assert_eq!((entry.action.as_str(), entry.object.as_str()), ("case.export", id.as_str()));
    assert_eq!(house.send(get(&format!("{path}/packet/exe"), Some(&auditor))).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn hostile_text_goes_through_every_sink_and_is_never_obeyed() {
    let house = house().await;
    house.people().await;
    let token = house.api_token(Role::Analyst).await;
    let laptop = device(&house, 1).await;
    let mut odd = finding("KV-01", Severity::Critical);
    odd.title = HOSTILE.into();
    odd.subject = HOSTILE.into();
    odd.disproof = HOSTILE.into();
    odd.evidence[0].value = HOSTILE.into();
    shows(&house, &laptop, vec![odd, finding("RA-01", Severity::High)]).await;
    let case = only(&house).await;
    let id = case.id.clone();
    assert_eq!(act(&house, &token, &id, "comment", json!({"text": HOSTILE})).await, StatusCode::NO_CONTENT);
    let title = act(&house, &token, &id, "title", json!({"title": HOSTILE})).await;
    assert_eq!(title, StatusCode::NO_CONTENT);
    let long = json!({"title": "x".repeat(121)});
    assert_eq!(act(&house, &token, &id, "title", long).await, StatusCode::UNPROCESSABLE_ENTITY);
    let (cookie, _) = house.session("analyst").await;
    let parts = ["<script>alert", "<img src=x", "\u{202e}", "\u{1b}", "\r\nSet-Cookie"];
    let mut sinks = Vec::new();
    for path in [
        "/cases".to_owned(),
        format!("/cases/{id}"),
        format!("/cases/{id}/packet/html"),
        format!("/devices/{laptop}"),
    ] {
        let (status, headers, body) = house.send(get(&path, Some(&cookie))).await;
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(!headers.contains_key("set-cookie"), "{path}");
        assert!(body.contains("&#60;script&#62;alert"), "{path} shows it at all");
        sinks.push((path, body));
    }
    for (path, body) in sinks {
        for part in parts {
            assert!(!body.contains(part), "{path} lets {part:?} through");
        }
    }
    let (_, _, table) = house.send(get(&format!("/cases/{id}/packet/csv"), Some(&cookie))).await;
    assert_eq!(table.lines().count(), 3, "one row a finding: {table}");
    assert!(table.contains("\"'=cmd|"), "{table}");
    assert!(!table.contains("\"=cmd") && !table.contains(['\u{202e}', '\u{1b}']), "{table}");
    let (status, _, packet) = house.send(get(&format!("/cases/{id}/packet/json"), Some(&cookie))).await;
    assert_eq!(status, StatusCode::OK);
    serde_json::from_str::<Value>(&packet).unwrap();
    let (_, shown, raw) = call(&house, &token, Method::GET, &format!("/api/v1/cases/{id}"), json!({})).await;
    assert!(!raw.contains(['\u{1b}', '\r', '\n']), "JSON escapes what a terminal would obey");
    let timeline = shown["timeline"].as_array().unwrap();
    assert!(
        timeline.iter().any(|event| event["text"] == json!(HOSTILE.trim())),
        "a comment stays as it was written"
    );
}

#[tokio::test]
async fn what_is_too_long_foreign_or_not_there_is_refused_with_a_reason() {
    let house = house().await;
    let token = house.api_token(Role::Analyst).await;
    let (laptop, other) = (device(&house, 1).await, device(&house, 2).await);
    shows(&house, &laptop, vec![finding("KV-01", Severity::Critical)]).await;
    let case = only(&house).await;
    let long = json!({"text": "x".repeat(4_001)});
    assert_eq!(act(&house, &token, &case.id, "comment", long).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        act(&house, &token, &case.id, "comment", json!({"text": " \n"})).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        act(&house, &token, &case.id, "comment", json!({"text": "x", "y": 1})).await,
        StatusCode::BAD_REQUEST
    );
    assert_eq!(
        act(&house, &token, &case.id, "assign", json!({"assignee": "nobody"})).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let nowhere = CaseId::from_bytes(&[99; 16]);
    for (what, body) in [
        ("comment", json!({"text": "x"})),
        ("assign", json!({"assignee": ""})),
        ("close", json!({"version": 1, "decision": "benign", "reason": "x"})),
        ("propose", json!({"version": 1, "reason": "x"})),
        ("confirm", json!({"version": 1, "reason": "x"})),
        ("split", json!({"version": 1, "title": "x", "findings": []})),
    ] {
        assert_eq!(act(&house, &token, &nowhere, what, body).await, StatusCode::NOT_FOUND, "{what}");
    }
    let open = async |body: Value| call(&house, &token, Method::POST, "/api/v1/cases", body).await.0;
    let stranger = DeviceId::from_bytes(&[42; 16]);
    let group = |devices: Value| json!({"subject": {"kind": "group", "id": "grp-1"}, "devices": devices});
    assert_eq!(open(json!({"subject": {"kind": "device", "id": stranger}})).await, StatusCode::NOT_FOUND);
    assert_eq!(
        open(json!({"subject": {"kind": "device", "id": "x"}})).await,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(open(json!({"subject": {"kind": "planet", "id": "x"}})).await, StatusCode::BAD_REQUEST);
    let more = json!({"subject": {"kind": "device", "id": laptop}, "devices": [other]});
    assert_eq!(open(more).await, StatusCode::UNPROCESSABLE_ENTITY, "a device's case is that device's");
    assert_eq!(open(group(json!([]))).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(open(group(json!([laptop, stranger]))).await, StatusCode::NOT_FOUND);
    let foreign = json!({"subject": {"kind": "device", "id": other}, "findings": [{"device": other, "finding": finding("KV-01", Severity::High).id}]});
    assert_eq!(open(foreign).await, StatusCode::NOT_FOUND, "another device's finding");
    assert_eq!(open(group(json!([laptop, other]))).await, StatusCode::CREATED);
    let query = "/api/v1/cases?status=odd";
    assert_eq!(call(&house, &token, Method::GET, query, json!({})).await.0, StatusCode::BAD_REQUEST);
    let (status, found, _) =
        call(&house, &token, Method::GET, "/api/v1/cases?kind=group&limit=1", json!({})).await;
    assert_eq!((status, found["items"].as_array().unwrap().len()), (StatusCode::OK, 1));
    assert_eq!(found["items"][0]["devices"].as_array().unwrap().len(), 2, "each device has its part");
}

#[tokio::test]
async fn a_packet_without_signed_reports_says_so() {
    let house = house().await;
    house.people().await;
    let laptop = device(&house, 1).await;
    shows(&house, &laptop, vec![finding("KV-01", Severity::Critical)]).await;
    let id = only(&house).await.id;
    let (cookie, _) = house.session("auditor").await;
    let (_, _, packet) = house.send(get(&format!("/cases/{id}/packet/json"), Some(&cookie))).await;
    let result = evidence::verify(packet.as_bytes(), None);
    assert!(result.case.is_some() && !result.holds(), "{result:?}");
    let failed: Vec<_> = result.checks.iter().filter(|check| check.problem.is_some()).collect();
    assert_eq!(failed.len(), 1, "{failed:?}");
    assert!(failed[0].what.contains("rests on a signed report"), "{failed:?}");
}
