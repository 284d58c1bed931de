//! Working findings through the API: what is refused, what is remembered.
#![expect(clippy::unwrap_used, reason = "what cannot be prepared fails its test")]

use axum::{
    body::Body,
    http::{Method, StatusCode, header},
};
use bearing_protocol::{
    coverage::Source,
    fact::MachineKind,
    finding::{Evidence, Finding},
    id::{DeviceId, FindingId, TokenId},
    key::{FileKey, KeyProtection},
    report::OsSummary,
    rule::Family,
    severity::{Confidence, Severity},
};
use bearing_store::{DeviceState, FindingStatus, NewDevice, NewToken, Observed, Role};
use serde_json::{Value, json};
use zeroize::Zeroizing;

mod house;

use house::{House, house, request};

/// A device with one finding, as a report would leave them.
async fn device_with_finding(house: &House) -> (DeviceId, FindingId) {
    let now = house.app.clock.now();
    let token = NewToken {
        id: TokenId::from_bytes(&[9; 16]),
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
    let public_key = FileKey::from_seed(&Zeroizing::new([7; 32])).public();
    let device = NewDevice {
        id: DeviceId::of_key(public_key.as_bytes()),
        public_key,
        key_protection: KeyProtection::File,
        hostname: "atlas".into(),
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
    let finding = Finding {
        id: FindingId::of_cause("RA-01", Some("anydesk"), "package"),
        rule: "RA-01".parse().unwrap(),
        family: Family::RemoteAccess,
        severity: Severity::High,
        confidence: Confidence::High,
        title: "AnyDesk is installed".into(),
        subject: "software:anydesk".into(),
        product: Some("anydesk".into()),
        evidence: vec![Evidence {
            source: Source::Packages,
            location: "anydesk".into(),
            field: "package".into(),
            value: "anydesk 6.4.0".into(),
            why: "the vendor's package".into(),
            rule: None,
        }],
        attack: Vec::new(),
        controls: Vec::new(),
        disproof: String::new(),
        remediation: String::new(),
        approval: None,
    };
    let id = finding.id.clone();
    let observed = Observed {
        device: device.id.clone(),
        origin: "agent".into(),
        at: now,
        findings: vec![finding],
        assessed: Vec::new(),
        suspended: Vec::new(),
        result: None,
    };
    house.app.store.observe(&observed).await.unwrap();
    (device.id, id)
}

async fn call(house: &House, token: &str, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
    let request = request(&method, path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let (status, _, text) = house.send(request).await;
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn an_approval_covers_ends_and_is_written_down() {
    let house = house().await;
    let (device, finding) = device_with_finding(&house).await;
    let token = house.api_token(Role::Analyst).await;
    let given = json!({
        "product": "anydesk", "group": "support", "owner": "it-lead", "reason": "help desk",
        "expires_at": "2027-02-28T00:00:00Z",
    });
    for (without, value) in
        [("reason", json!(" ")), ("owner", json!("")), ("expires_at", json!("2026-11-01T00:00:00Z"))]
    {
        let mut odd = given.clone();
        odd[without] = value;
        let (status, problem) = call(&house, &token, Method::POST, "/api/v1/approvals", odd).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{without}: {problem}");
    }
    let status_of = async || {
        let row = house.app.store.finding(&device, &finding).await.unwrap().unwrap();
        row.status
    };
    assert_eq!(status_of().await, FindingStatus::Open, "a refused approval covers nothing");
    let (status, approval) = call(&house, &token, Method::POST, "/api/v1/approvals", given).await;
    assert_eq!(status, StatusCode::CREATED, "{approval}");
    assert_eq!(status_of().await, FindingStatus::Approved);
    let id = approval["id"].as_str().unwrap();
    let path = format!("/api/v1/approvals/{id}/withdraw");
    let (status, _) = call(&house, &token, Method::POST, &path, json!({})).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(status_of().await, FindingStatus::Open);
    let (status, _) = call(&house, &token, Method::POST, &path, json!({})).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it is withdrawn once");
    let entries = house.app.store.audit_entries(None, 10).await.unwrap();
    let actions: Vec<_> = entries.iter().map(|entry| (entry.actor.as_str(), entry.action.as_str())).collect();
    assert_eq!(actions, [("api:test", "approval.withdraw"), ("api:test", "approval.give")]);
    assert_eq!(house.app.store.verify_audit().await.unwrap(), Ok(2));
}

#[tokio::test]
async fn who_was_slower_is_told_so_and_the_log_says_it_failed() {
    let house = house().await;
    let (device, finding) = device_with_finding(&house).await;
    let token = house.api_token(Role::Analyst).await;
    let path = format!("/api/v1/devices/{device}/findings/{finding}/status");
    let version = house.app.store.finding(&device, &finding).await.unwrap().unwrap().version;
    let change = |status: &str, reason: &str| json!({"version": version, "status": status, "reason": reason});
    let (status, _) = call(&house, &token, Method::POST, &path, change("in_review", "")).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let (status, problem) = call(&house, &token, Method::POST, &path, change("open", "")).await;
    assert_eq!(status, StatusCode::CONFLICT, "{problem}");
    let last = house.app.store.audit_entries(None, 1).await.unwrap();
    assert_eq!(last[0].action, "finding.status.failed");
    for (word, reason) in [("approved", "x"), ("resolved", "x"), ("false_positive", "")] {
        let (status, _) = call(&house, &token, Method::POST, &path, change(word, reason)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{word}");
    }
}

#[tokio::test]
async fn nobody_works_on_it_who_has_no_account() {
    let house = house().await;
    let (device, finding) = device_with_finding(&house).await;
    let token = house.api_token(Role::Analyst).await;
    let path = format!("/api/v1/devices/{device}/findings/{finding}/assign");
    let (status, _) = call(&house, &token, Method::POST, &path, json!({"assignee": "nobody"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let (status, _) = call(&house, &token, Method::POST, &path, json!({"assignee": "x", "also": 1})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "unknown fields are refused");
    let (status, found) =
        call(&house, &token, Method::GET, "/api/v1/findings?at_least=high", json!({})).await;
    assert_eq!((status, found["items"].as_array().unwrap().len()), (StatusCode::OK, 1));
    let (status, _) = call(&house, &token, Method::GET, "/api/v1/findings?at_least=huge", json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_token_makes_no_stronger_one_and_shows_when_it_was_used() {
    let house = house().await;
    let token = house.api_token(Role::Admin).await;
    let wanted = json!({"name": "export", "role": "viewer", "expires_at": "2026-12-01T00:00:00Z"});
    let (status, made) = call(&house, &token, Method::POST, "/api/v1/api-tokens", wanted).await;
    assert_eq!(status, StatusCode::CREATED);
    let weak = made["token"].as_str().unwrap();
    let (status, _) = call(&house, weak, Method::GET, "/api/v1/devices", json!({})).await;
    assert_eq!(status, StatusCode::OK);
    let (_, listed) = call(&house, &token, Method::GET, "/api/v1/api-tokens", json!({})).await;
    let listed = listed["items"].as_array().unwrap();
    assert!(listed.iter().all(|row| row["last_used"].is_string()), "{listed:?}");
    assert!(!listed.iter().any(|row| row.to_string().contains("secret")), "{listed:?}");
    let simulated =
        json!({"group": "g", "max_uses": 1, "expires_at": "2026-12-01T00:00:00Z", "simulated": true});
    let (status, _) = call(&house, &token, Method::POST, "/api/v1/tokens", simulated).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "simulations exist only in a demo");
}
