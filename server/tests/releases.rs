//! Reports by programs of a release and of none, against a whole server that runs all the while.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed helper is a failed test"
)]

mod support;

use bearing_protocol::{
    digest::Digest,
    envelope::Envelope,
    key::FileKey,
    payload::{ReleaseBinary, ReleasePayload},
};
use bearing_server::{act, auth::Actor, installation::read_key};
use bearing_store::FindingStatus;
use support::{Agent, Site, now, report_body, wait_until};

const REPORTS: &str = "/agent/v1/reports";

/// Sends a report that names this program and waits until it is judged.
async fn report(site: &Site, agent: &mut Agent, program: Digest) -> Vec<String> {
    let (mut payload, disclosures) = agent.report_payload();
    payload.agent_digest = Some(program);
    let sequence = payload.sequence;
    let envelope = agent.seal(&payload);
    assert_eq!(agent.send(site, REPORTS, &report_body(&envelope, disclosures)).await.status, 200);
    agent.advance(&envelope);
    let store = site.app.store.clone();
    wait_until("the report is judged", || async {
        store.result_sequence(&agent.id).await.unwrap() == Some(sequence)
    })
    .await;
    let rows = store.device_findings(&agent.id).await.unwrap();
    rows.iter()
        .filter(|row| row.status == FindingStatus::Open && row.finding.rule.as_str() == "AT-04")
        .map(|row| row.finding.evidence[0].value.clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_of_no_loaded_release_is_a_finding_and_only_once_one_is_loaded() {
    let site = Site::start().await;
    let mut agent = Agent::enrolled(&site, 7).await;
    let (ours, altered) = (Digest::of(b"ours"), Digest::of(b"altered"));
    assert_eq!(report(&site, &mut agent, altered).await, Vec::<String>::new(), "no list was loaded");

    let list = ReleasePayload {
        version: "0.1.0".to_owned(),
        released_at: now(),
        binaries: vec![ReleaseBinary {
            name: "bearing-agent".to_owned(),
            target: "x86_64-unknown-linux-musl".to_owned(),
            digest: ours,
        }],
    };
    let path = site.dir.path().join("release.json");
    let foreign = FileKey::from_seed(&[9; 32].into());
    std::fs::write(&path, serde_json::to_string(&Envelope::seal(&list, &[&foreign]).unwrap()).unwrap())
        .unwrap();
    assert!(act::load_release(&site.app, &Actor::command_line(), &path).await.is_err(), "a foreign key");

    let key = FileKey::from_seed(&read_key(&site.policy_key).unwrap());
    std::fs::write(&path, serde_json::to_string(&Envelope::seal(&list, &[&key]).unwrap()).unwrap()).unwrap();
    act::load_release(&site.app, &Actor::command_line(), &path).await.unwrap();

    assert_eq!(report(&site, &mut agent, ours).await, Vec::<String>::new());
    assert_eq!(report(&site, &mut agent, altered).await, [altered.to_string()]);
    assert_eq!(report(&site, &mut agent, ours).await, Vec::<String>::new(), "the right one is back");
    site.stop().await;
}
