//! Cases and agents: a packet verifies offline, and nothing about a case reaches a device.
#![expect(clippy::unwrap_used, reason = "what cannot be prepared fails its test")]

use bearing_protocol::{key::FileKey, payload::ReportPayload};
use bearing_server::{
    act::{self, CaseRequest},
    auth::Actor,
    cases::{CaseBundle, CasePayload, PacketForm, packet},
    evidence::{TrustedKey, verify},
};
use bearing_store::{CaseFilter, CaseRow, CaseSubject, PageRequest};

mod support;

use support::{Agent, Site, report_body, wait_until};

async fn cases(site: &Site) -> Vec<CaseRow> {
    site.app.store.cases(&CaseFilter::default(), &PageRequest::default()).await.unwrap().items
}

/// Sends a report whose KVM finding opens a case by itself.
async fn reports(site: &Site, agent: &mut Agent) {
    let (payload, disclosures) = agent.report_payload();
    let envelope = agent.seal(&payload);
    let answer = agent.send(site, "/agent/v1/reports", &report_body(&envelope, disclosures)).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    agent.advance(&envelope);
}

#[tokio::test]
async fn a_packet_verifies_offline_and_a_changed_one_does_not() {
    let site = Site::start().await;
    let mut agent = Agent::enrolled(&site, 1).await;
    reports(&site, &mut agent).await;
    wait_until("a case opens by itself", || async { cases(&site).await.len() == 1 }).await;
    let case = cases(&site).await.remove(0);
    assert!(case.title.contains("PiKVM on usb 1-1"), "{}", case.title);
    let made = packet(&site.app, "aud", &case.id, PacketForm::Json).await.unwrap();
    let key = TrustedKey::Key(site.app.evidence_key.public());
    let result = verify(&made.bytes, Some(&key));
    assert!(result.holds(), "{:#?}", result.checks);
    assert!(result.trusted && result.disclosed > 0, "{result:?}");
    let shown = result.checks.iter().any(|check| check.what.contains("is signed and shows 1 findings"));
    assert!(shown, "{:#?}", result.checks);

    let other = TrustedKey::Key(FileKey::from_seed(&[9; 32].into()).public());
    assert!(!verify(&made.bytes, Some(&other)).holds(), "another organisation's key");
    let text = String::from_utf8(made.bytes.clone()).unwrap();
    let bundle: CaseBundle = serde_json::from_str(&text).unwrap();
    let refused = |change: &dyn Fn(&mut CaseBundle), what: &str| {
        let mut changed = bundle.clone();
        change(&mut changed);
        let result = verify(&serde_json::to_vec(&changed).unwrap(), Some(&key));
        assert!(!result.holds(), "{what}");
    };
    refused(&|bundle| bundle.reports.clear(), "without the report");
    refused(&|bundle| bundle.device_keys.clear(), "without the device's key");
    refused(&|bundle| bundle.case.signatures[0].sig = "AAAA".to_owned(), "with another signature");
    // Even the server's own key does not make a false sum true.
    let forged = |change: &dyn Fn(&mut CasePayload)| {
        let keys = bearing_protocol::key::KeySet::single(site.app.evidence_key.public());
        let mut payload = bundle.case.open::<CasePayload>(&keys).unwrap().into_inner();
        change(&mut payload);
        let envelope =
            bearing_protocol::envelope::Envelope::seal(&payload, &[&site.app.evidence_key]).unwrap();
        CaseBundle { case: envelope, ..bundle.clone() }
    };
    for (what, changed) in [
        ("a graver verdict", forged(&|payload| payload.record.devices[0].verdict = "escalate".to_owned())),
        (
            "another severity",
            forged(&|payload| {
                payload.record.devices[0].findings[0].finding.severity =
                    bearing_protocol::severity::Severity::Low;
            }),
        ),
        ("another reason", forged(&|payload| payload.record.reason = Some("made up".to_owned()))),
    ] {
        let result = verify(&serde_json::to_vec(&changed).unwrap(), Some(&key));
        assert!(!result.holds(), "{what}: {:#?}", result.checks);
    }
    let sheet = packet(&site.app, "aud", &case.id, PacketForm::Html).await.unwrap();
    let keys = bearing_protocol::key::KeySet::single(site.app.evidence_key.public());
    let content = bundle.case.open::<CasePayload>(&keys).unwrap().content;
    let sheet = String::from_utf8(sheet.bytes).unwrap();
    assert!(sheet.contains(&content.to_string()), "the sheet names the same record");
    site.stop().await;
}

#[tokio::test]
async fn a_device_is_answered_the_same_with_and_without_a_case() {
    let site = Site::start().await;
    let (mut with, mut without) = (Agent::enrolled(&site, 1).await, Agent::enrolled(&site, 2).await);
    let quiet = |payload: ReportPayload| ReportPayload { findings: Vec::new(), ..payload };
    for agent in [&mut with, &mut without] {
        let (payload, disclosures) = agent.report_payload();
        let keep: Vec<_> = disclosures.into_iter().take(1).collect();
        let envelope = agent.seal(&quiet(payload));
        let answer = agent.send(&site, "/agent/v1/reports", &report_body(&envelope, keep)).await;
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        agent.advance(&envelope);
    }
    let twice = with.checkin();
    with.send(&site, "/agent/v1/checkin", &twice).await;
    let before = with.send(&site, "/agent/v1/checkin", &twice).await;

    let subject = CaseSubject::device(&with.id);
    let request = CaseRequest { subject, title: String::new(), devices: Vec::new(), findings: Vec::new() };
    let id = act::open_case(&site.app, &Actor::command_line(), request).await.unwrap();
    act::comment_case(&site.app, &Actor::command_line(), &id, "nobody tips anybody off").await.unwrap();

    let after = with.send(&site, "/agent/v1/checkin", &twice).await;
    assert_eq!(before.status, 200);
    assert_eq!(before.body, after.body, "the same message is answered with the same bytes");
    let envelope = with.seal(&with.checkin_payload());
    with.advance(&envelope);
    let envelope = without.seal(&without.checkin_payload());
    without.send(&site, "/agent/v1/checkin", &support::checkin_body(&envelope)).await;
    without.advance(&envelope);
    assert_eq!(with.sequence, without.sequence);
    let answers = [
        with.send(&site, "/agent/v1/checkin", &with.checkin()).await,
        without.send(&site, "/agent/v1/checkin", &without.checkin()).await,
    ];
    assert_eq!(answers[0].status, 200, "{}", String::from_utf8_lossy(&answers[0].body));
    assert_eq!(answers[0].body, answers[1].body, "and so is another device's");
    let plain = |head: &str| {
        head.lines().filter(|line| !line.starts_with("date:")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(plain(&answers[0].head), plain(&answers[1].head), "headers too");
    site.stop().await;
}

/// Runs the real command; its exit code and what it printed.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "tests start the real binary")]
fn command(arguments: &[&str]) -> (i32, String, String) {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_bearing-server"))
        .env_remove("BEARING_DATA_DIR")
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code().unwrap(), text(&out.stdout), text(&out.stderr))
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_is_listed_shown_and_taken_away_by_command() {
    let site = Site::start().await;
    let data = site.data_dir.display().to_string();
    let (code, out, _) = command(&["case", "list", "--data-dir", &data]);
    assert_eq!((code, out.trim()), (0, "no open cases"));
    let mut agent = Agent::enrolled(&site, 1).await;
    reports(&site, &mut agent).await;
    wait_until("a case opens by itself", || async { cases(&site).await.len() == 1 }).await;
    let id = cases(&site).await.remove(0).id.to_string();
    let (code, out, _) = command(&["case", "list", "--data-dir", &data]);
    assert!(code == 0 && out.contains(&id) && out.contains("evidence 25.0"), "{out}");
    assert!(!out.contains(['\u{1b}', '\u{202e}']), "a host name steers no terminal: {out:?}");
    let (code, out, _) = command(&["case", "show", &id, "--data-dir", &data]);
    assert!(code == 0 && out.contains("[not answered] Look at the desk."), "{out}");
    let (code, out, _) = command(&["case", "show", &id, "--data-dir", &data, "--format", "json"]);
    let shown: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, shown["verdict"].as_str()), (0, Some("investigate")));
    let (code, _, error) = command(&["case", "show", "cas_00", "--data-dir", &data]);
    assert!(code == 2 && error.contains("there is no case"), "{code} {error}");

    let file = site.dir.path().join("case.json").display().to_string();
    let (code, out, _) = command(&["case", "export", &id, "--data-dir", &data, "--out", &file]);
    assert!(code == 0 && out.contains("sha256:"), "{out}");
    let key = site.app.evidence_key.public().id().to_string();
    let (code, out, _) = command(&["evidence", "verify", &file, "--key", &key]);
    assert!(code == 0 && out.contains("Everything that was checked holds."), "{out}");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("bearing.case/1", "bearing.case/2")).unwrap();
    assert_eq!(command(&["evidence", "verify", &file]).0, 1, "another schema");
    let custody = site.app.store.custody(&id.parse().unwrap(), 10).await.unwrap();
    let seen: Vec<_> = custody.iter().map(|entry| (entry.actor.as_str(), entry.what.as_str())).collect();
    assert_eq!(seen, [("cli", "looked"), ("cli", "looked"), ("cli", "exported json")]);
    site.stop().await;
}
