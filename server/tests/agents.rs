//! Agents against a whole server over loopback, with real TLS: what is taken, what is refused and why.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed helper is a failed test"
)]

mod support;

use bearing_protocol::{
    api::{Acknowledgement, DEVICE_HEADER, TrustAnchors, problem},
    clock::Clock as _,
    digest::Digest,
    id::{DeviceId, ServerId},
    limits::{MAX_BODY_BYTES, MAX_INFLATED_BYTES},
    payload::SpoolLoss,
};
use bearing_server::ingest::SIMULATED_ADDRESS_HEADER;
use bearing_store::{Chain, DeviceState, Devices as _, FindingStatus, Ledger as _};
use bearing_store_sqlite::SqliteStore;
use flate2::{Compression, write::GzEncoder};
use std::io::Write as _;
use support::{Agent, Site, checkin_body, report_body, wait_until};

const CHECKIN: &str = "/agent/v1/checkin";
const REPORTS: &str = "/agent/v1/reports";
const ENROLL: &str = "/agent/v1/enroll";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_enrols_reports_and_is_judged() {
    let site = Site::start().await;
    let anchors: TrustAnchors = site.get("/agent/v1/trust").await.json();
    assert_eq!(anchors.ca_pem, site.app.ca_pem);
    let mut agent = Agent::enrolled(&site, 1).await;
    site.app.store.set_device_place(&agent.id, "default", &["DE".to_owned()]).await.unwrap();

    let (payload, disclosures) = agent.report_payload();
    let envelope = agent.seal(&payload);
    let body = report_body(&envelope, disclosures);
    let answer = agent.send(&site, REPORTS, &body).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let acknowledged: Acknowledgement = answer.json();
    assert_eq!((acknowledged.sequence, acknowledged.duplicate), (1, false));
    agent.advance(&envelope);
    let again: Acknowledgement = agent.send(&site, REPORTS, &body).await.json();
    assert!(again.duplicate, "a retry is acknowledged again and stored once");
    let checkin = agent.seal(&agent.checkin_payload());
    let answer = agent.send(&site, CHECKIN, &checkin_body(&checkin)).await;
    assert_eq!(answer.json::<Acknowledgement>().sequence, 2);
    assert_eq!(site.app.store.message_count().await.unwrap(), 2);

    let store = site.app.store.clone();
    wait_until("the report is judged", || async { store.verdict(&agent.id).await.unwrap().is_some() }).await;
    let rules: Vec<_> = store
        .device_findings(&agent.id)
        .await
        .unwrap()
        .iter()
        .map(|row| row.finding.rule.to_string())
        .collect();
    assert!(rules.contains(&"KV-01".to_owned()), "{rules:?}");
    let verdict = store.verdict(&agent.id).await.unwrap().unwrap();
    assert_eq!(verdict.verdict, "investigate");
    assert!(verdict.place.is_some());
    let device = store.device(&agent.id).await.unwrap().unwrap();
    assert_eq!((device.hostname.as_str(), device.country), ("laptop-1", None), "loopback has no country");
    let stored = store.message(&agent.id, 1).await.unwrap().unwrap();
    assert_eq!(stored.envelope, envelope, "as it came");
    assert!(stored.observation.is_some());
    assert_eq!(stored.chain, Chain::Continues);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_the_devices_own_word_is_refused() {
    let site = Site::start().await;
    let agent = Agent::enrolled(&site, 1).await;
    let other = Agent::enrolled(&site, 2).await;
    let good = agent.seal(&agent.checkin_payload());

    let unsigned = {
        let mut envelope = good.clone();
        envelope.signatures.clear();
        envelope
    };
    let foreign = other.seal(&agent.checkin_payload());
    let renamed = {
        let mut envelope = foreign.clone();
        envelope.signatures[0].keyid = good.signatures[0].keyid.clone();
        envelope
    };
    let twice = {
        let mut envelope = good.clone();
        envelope.signatures.push(good.signatures[0].clone());
        envelope
    };
    let swapped = {
        let mut envelope = good.clone();
        envelope.signatures[0].alg = Some("p256".to_owned());
        envelope
    };
    let changed = {
        let mut envelope = other.seal(&other.checkin_payload());
        envelope.signatures = good.signatures.clone();
        envelope
    };
    for (what, envelope) in [
        ("unsigned", unsigned),
        ("signed with another device's key", foreign),
        ("another device's signature under this key's id", renamed),
        ("signed twice by one key", twice),
        ("algorithm swapped", swapped),
        ("signature of other bytes", changed),
    ] {
        let answer = agent.send(&site, CHECKIN, &checkin_body(&envelope)).await;
        assert_eq!((answer.status, answer.code().as_str()), (401, problem::BAD_SIGNATURE), "{what}");
    }

    let answer = other.send(&site, CHECKIN, &checkin_body(&good)).await;
    assert_eq!(answer.code(), problem::BAD_SIGNATURE, "another device's header");
    let lying = {
        let mut payload = agent.checkin_payload();
        payload.device_id = other.id.clone();
        agent.seal(&payload)
    };
    let answer = agent.send(&site, CHECKIN, &checkin_body(&lying)).await;
    assert_eq!(answer.code(), problem::BAD_SIGNATURE, "another device's id in the payload");
    let elsewhere = {
        let mut payload = agent.checkin_payload();
        payload.server = ServerId::from_bytes(&[9; 16]);
        agent.seal(&payload)
    };
    let answer = agent.send(&site, CHECKIN, &checkin_body(&elsewhere)).await;
    assert_eq!(answer.code(), problem::WRONG_SERVER);
    let answer = agent.send(&site, REPORTS, &report_body(&good, vec![])).await;
    assert_eq!(answer.code(), problem::MALFORMED, "a check-in replayed as a report");
    let answer = agent.send(&site, ENROLL, &checkin_body(&good)).await;
    assert_eq!(answer.code(), problem::MALFORMED, "a check-in replayed as an enrolment");
    for sequence in [0, u64::MAX] {
        let mut payload = agent.checkin_payload();
        payload.sequence = sequence;
        let answer = agent.send(&site, CHECKIN, &checkin_body(&agent.seal(&payload))).await;
        assert_eq!(answer.code(), problem::MALFORMED, "{sequence}");
    }
    assert_eq!(site.app.store.message_count().await.unwrap(), 0);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn headers_are_looked_at_before_the_body() {
    let site = Site::start().await;
    let agent = Agent::enrolled(&site, 1).await;
    let body = agent.checkin();
    let answer = site.post(CHECKIN, &[], &body).await;
    assert_eq!(answer.code(), problem::MALFORMED, "no device header");
    let id = agent.id.as_str();
    let answer = site.post(CHECKIN, &[(DEVICE_HEADER, id), (DEVICE_HEADER, id)], &body).await;
    assert_eq!(answer.code(), problem::MALFORMED, "two device headers");
    let answer = site.post(CHECKIN, &[(DEVICE_HEADER, "../../etc/passwd")], &body).await;
    assert_eq!(answer.code(), problem::MALFORMED, "no device id");
    let unknown = DeviceId::from_bytes(&[1; 16]);
    let answer = site.post(CHECKIN, &[(DEVICE_HEADER, unknown.as_str())], b"not even JSON").await;
    assert_eq!((answer.status, answer.code().as_str()), (401, problem::UNKNOWN_DEVICE));
    let answer = site.post(CHECKIN, &[(DEVICE_HEADER, id), ("Content-Encoding", "br")], &body).await;
    assert_eq!((answer.status, answer.code().as_str()), (415, problem::MALFORMED));
    let answer = site.post(CHECKIN, &[(DEVICE_HEADER, id), ("Content-Length", "99999999")], b"").await;
    assert_eq!((answer.status, answer.code().as_str()), (413, problem::TOO_LARGE));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_or_no_json_is_refused_and_nothing_panics() {
    let site = Site::start().await;
    let agent = Agent::enrolled(&site, 1).await;
    let device = (DEVICE_HEADER, agent.id.as_str());

    let chunked = {
        let mut request = format!(
            "POST {REPORTS} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{DEVICE_HEADER}: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
            agent.id
        )
        .into_bytes();
        let chunk = vec![b' '; 64 * 1024];
        for _ in 0..=MAX_BODY_BYTES / chunk.len() + 1 {
            request.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            request.extend_from_slice(&chunk);
            request.extend_from_slice(b"\r\n");
        }
        request.extend_from_slice(b"0\r\n\r\n");
        request
    };
    let answer = site.raw(site.address, &chunked).await;
    assert_eq!(answer.status, 413, "chunked, without a length");

    let bomb = gzip(&vec![b' '; MAX_INFLATED_BYTES + 1]);
    assert!(bomb.len() < MAX_BODY_BYTES / 100);
    let answer = site.post(REPORTS, &[device, ("Content-Encoding", "gzip")], &bomb).await;
    assert_eq!((answer.status, answer.code().as_str()), (413, problem::TOO_LARGE));

    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    let deep_inside = format!("{{\"envelope\":{}", "{\"a\":".repeat(10_000));
    let cases: [(&str, &[u8]); 7] = [
        ("nothing", b""),
        ("no JSON", b"\xff\xfe\x00"),
        ("deep", deep.as_bytes()),
        ("deep inside", deep_inside.as_bytes()),
        ("half", b"{\"envelope\":{\"payloadType\":"),
        ("wrong kind", b"{\"envelope\":{\"payloadType\":1,\"payload\":[],\"signatures\":{}}}"),
        ("unknown field", b"{\"envelope\":{\"payloadType\":\"x\",\"payload\":\"\",\"signatures\":[],\"extra\":1},\"disclosures\":[]}"),
    ];
    for (what, body) in cases {
        for path in [CHECKIN, REPORTS, ENROLL] {
            let answer = site.post(path, &[device], body).await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (400, problem::MALFORMED),
                "{what} to {path}"
            );
        }
    }
    let answer = site.post(REPORTS, &[device, ("Content-Encoding", "gzip")], b"not gzip").await;
    assert_eq!(answer.code(), problem::MALFORMED);
    let answer = site.post(REPORTS, &[device, ("Content-Encoding", "zstd")], b"not zstd").await;
    assert_eq!(answer.code(), problem::MALFORMED);

    let mut crowded = agent.report_payload().0;
    crowded.findings = vec![crowded.findings[0].clone(); 1_001];
    let body = gzip(&report_body(&agent.seal(&crowded), vec![]));
    let answer = site.post(REPORTS, &[device, ("Content-Encoding", "gzip")], &body).await;
    assert_eq!(answer.code(), problem::TOO_LARGE, "too many findings");

    let good = gzip(&agent.report());
    let answer = site.post(REPORTS, &[device, ("Content-Encoding", "gzip")], &good).await;
    assert_eq!(answer.status, 200, "the device itself is unharmed");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_token_decides_who_enrols() {
    let site = Site::start().await;
    let agent = Agent::new(1, &site.app.server);
    let token = site.token(|request| request.max_uses = 1).await;

    let mut wrong_secret = site.token(|_| {}).await;
    wrong_secret.secret = "0".repeat(64).into();
    let answer = site.post(ENROLL, &[], &agent.enrolment(&wrong_secret)).await;
    assert_eq!((answer.status, answer.code().as_str()), (401, problem::BAD_TOKEN), "wrong secret");
    let mut wrong_trust = site.token(|_| {}).await;
    wrong_trust.trust = Digest::of(b"somebody in the middle");
    let answer = site.post(ENROLL, &[], &agent.enrolment(&wrong_trust)).await;
    assert_eq!(answer.code(), problem::BAD_TOKEN, "other trust anchors");
    let simulated = site.token(|_| {}).await;
    let stolen = {
        let mut payload = agent.enroll_payload(&simulated);
        payload.device_id = DeviceId::from_bytes(&[3; 16]);
        payload
    };
    let body =
        serde_json::to_vec(&bearing_protocol::api::EnrollRequest { envelope: agent.seal(&stolen) }).unwrap();
    assert_eq!(
        site.post(ENROLL, &[], &body).await.code(),
        problem::BAD_SIGNATURE,
        "an id that is not the key's"
    );
    let other = Agent::new(2, &site.app.server);
    let body = serde_json::to_vec(&bearing_protocol::api::EnrollRequest {
        envelope: other.seal(&agent.enroll_payload(&token)),
    })
    .unwrap();
    assert_eq!(
        site.post(ENROLL, &[], &body).await.code(),
        problem::BAD_SIGNATURE,
        "no possession of the key"
    );

    let body = agent.enrolment(&token);
    assert_eq!(site.post(ENROLL, &[], &body).await.status, 200);
    assert_eq!(site.post(ENROLL, &[], &body).await.status, 200, "its answer may have been lost");
    let answer = site.post(ENROLL, &[], &other.enrolment(&token)).await;
    assert_eq!(answer.code(), problem::BAD_TOKEN, "used up");
    let row = site.app.store.device(&agent.id).await.unwrap().unwrap();
    assert!(!row.hostname.contains('\u{1b}') && !row.hostname.contains('\u{202e}'), "{}", row.hostname);

    let guessed = site.token(|_| {}).await;
    let mut codes = Vec::new();
    for _ in 0..12 {
        let mut guess = bearing_protocol::token::EnrolmentToken {
            id: guessed.id.clone(),
            secret: "1".repeat(64).into(),
            trust: guessed.trust,
        };
        guess.secret = "2".repeat(64).into();
        codes.push(site.post(ENROLL, &[], &other.enrolment(&guess)).await.code());
    }
    assert_eq!(codes.last().map(String::as_str), Some(problem::SLOW_DOWN), "guessing is slow");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pending_and_revoked_devices_are_told_so() {
    let site = Site::start().await;
    let agent = Agent::new(1, &site.app.server);
    let token = site.token(|request| request.needs_approval = true).await;
    let answer: bearing_protocol::api::EnrollAnswer =
        site.post(ENROLL, &[], &agent.enrolment(&token)).await.json();
    assert!(answer.pending);
    let answer = agent.send(&site, CHECKIN, &agent.checkin()).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, problem::PENDING_DEVICE));
    assert!(answer.head.contains("retry-after: "), "{}", answer.head);
    site.app.store.set_device_state(&agent.id, DeviceState::Active).await.unwrap();
    assert_eq!(agent.send(&site, CHECKIN, &agent.checkin()).await.status, 200);
    // The server remembers an active device for a while; the commit knows better.
    site.app.store.set_device_state(&agent.id, DeviceState::Revoked).await.unwrap();
    let mut later = agent.checkin_payload();
    later.sequence = 2;
    let answer = agent.send(&site, CHECKIN, &checkin_body(&agent.seal(&later))).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, problem::REVOKED_DEVICE));
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gaps_forks_and_losses_become_findings() {
    let site = Site::start().await;
    let mut agent = Agent::enrolled(&site, 1).await;
    let first = agent.seal(&agent.checkin_payload());
    agent.send(&site, CHECKIN, &checkin_body(&first)).await;
    let mut fork = agent.checkin_payload();
    fork.agent_version = "0.1.1".to_owned();
    let answer = agent.send(&site, CHECKIN, &checkin_body(&agent.seal(&fork))).await;
    assert_eq!((answer.status, answer.code().as_str()), (409, problem::SEQUENCE));
    let problem: bearing_protocol::api::Problem = answer.json();
    assert_eq!(problem.last_sequence, Some(1));
    agent.advance(&first);

    let mut gap = agent.checkin_payload();
    gap.sequence = 4;
    let gap = agent.seal(&gap);
    assert_eq!(agent.send(&site, CHECKIN, &checkin_body(&gap)).await.status, 200);
    agent.sequence = 3;
    agent.advance(&gap);

    let (mut lossy, disclosures) = agent.report_payload();
    lossy.sequence = 9;
    let last_digest = Digest::of(b"message 8");
    lossy.previous = Some(last_digest);
    lossy.spool_loss = Some(SpoolLoss { from: 5, to: 8, last_digest });
    lossy.policy_problems = vec!["expired".to_owned()];
    lossy.sent_at = "2026-11-22T11:00:00Z".parse().unwrap();
    let answer = agent.send(&site, REPORTS, &report_body(&agent.seal(&lossy), disclosures)).await;
    assert_eq!(answer.status, 200);

    let store = site.app.store.clone();
    let rules = || async {
        let mut rules: Vec<_> = store
            .device_findings(&agent.id)
            .await
            .unwrap()
            .iter()
            .filter(|row| row.status == FindingStatus::Open)
            .map(|row| row.finding.rule.to_string())
            .collect();
        rules.sort();
        rules
    };
    wait_until("all are findings", || async {
        rules().await == ["AT-02", "AT-03", "AT-04", "AT-06", "AT-07", "KV-01"]
    })
    .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_waited_in_the_spool_is_old_and_not_skewed() {
    let site = Site::start().await;
    let mut agent = Agent::enrolled(&site, 1).await;
    let store = site.app.store.clone();
    let skewed = async |agent: &Agent| {
        store.device_findings(&agent.id).await.unwrap().iter().any(|row| row.finding.rule.as_str() == "AT-06")
    };
    let id = agent.id.clone();
    let judged = async |sequence| store.result_sequence(&id).await.unwrap() == Some(sequence);
    // An outage of an hour: two reports waited, and come one right after the other.
    site.clock.advance(jiff::SignedDuration::from_hours(1));
    let first = agent.seal(&agent.checkin_payload());
    agent.send(&site, CHECKIN, &checkin_body(&first)).await;
    agent.advance(&first);
    let (payload, disclosures) = agent.report_payload();
    let report = agent.seal(&payload);
    assert_eq!(agent.send(&site, REPORTS, &report_body(&report, disclosures)).await.status, 200);
    wait_until("the late report is judged", || judged(2)).await;
    assert!(!skewed(&agent).await);
    agent.advance(&report);
    // An hour later it speaks as scheduled, and says that it is an hour earlier.
    site.clock.advance(jiff::SignedDuration::from_hours(1));
    let (mut payload, disclosures) = agent.report_payload();
    payload.sent_at = site.clock.now() - jiff::SignedDuration::from_mins(10);
    assert_eq!(
        agent.send(&site, REPORTS, &report_body(&agent.seal(&payload), disclosures)).await.status,
        200
    );
    wait_until("the clock is found behind", || skewed(&agent)).await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_becomes_a_finding_and_ends_with_the_next_word() {
    let site = Site::start_with(|config| config.silence.grace_minutes = 60).await;
    let mut agent = Agent::enrolled(&site, 1).await;
    let first = agent.seal(&agent.checkin_payload());
    agent.send(&site, CHECKIN, &checkin_body(&first)).await;
    agent.advance(&first);
    let store = site.app.store.clone();
    let worker = bearing_server::jobs::Worker::new(
        site.app.clone(),
        bearing_server::config::Silence { grace_minutes: 60, ..Default::default() },
        Default::default(),
    );
    site.clock.advance(jiff::SignedDuration::from_hours(2));
    worker.sweep().await;
    let silent = || async {
        store.device_findings(&agent.id).await.unwrap().iter().any(|row| row.finding.rule.as_str() == "AT-01")
    };
    wait_until("silence is a finding", silent).await;
    let verdict = || async { store.verdict(&agent.id).await.unwrap().map(|row| row.verdict) };
    wait_until("nothing can be said", || async { verdict().await.as_deref() == Some("not_assessed") }).await;
    let answer = agent.send(&site, CHECKIN, &agent.checkin()).await;
    assert_eq!(answer.status, 200);
    wait_until("it is back", || async { !silent().await }).await;
    wait_until("something can be said", || async { verdict().await.as_deref() == Some("nothing_found") })
        .await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simulated_devices_speak_through_their_own_door() {
    let site = Site::start_with(|config| {
        config.demo = true;
        config.simulation_listen = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let door = site.simulation_address.unwrap();
    let token = site.token(|request| request.simulated = true).await;
    let agent = Agent::new(1, &site.app.server);
    let answer = site.post(ENROLL, &[], &agent.enrolment(&token)).await;
    assert_eq!(answer.code(), problem::BAD_TOKEN, "a simulated token at the main door");
    let real = site.token(|_| {}).await;
    let answer = site.post_to(door, ENROLL, &[], &agent.enrolment(&real)).await;
    assert_eq!(answer.code(), problem::BAD_TOKEN, "a real token at the simulation's door");
    assert_eq!(site.post_to(door, ENROLL, &[], &agent.enrolment(&token)).await.status, 200);

    let body = agent.report();
    assert_eq!(agent.send(&site, REPORTS, &body).await.code(), problem::UNKNOWN_DEVICE);
    let headers = [(DEVICE_HEADER, agent.id.as_str()), (SIMULATED_ADDRESS_HEADER, "5.9.10.20")];
    assert_eq!(site.post_to(door, REPORTS, &headers, &body).await.status, 200);
    let row = site.app.store.device(&agent.id).await.unwrap().unwrap();
    assert_eq!((row.simulated, row.country.as_deref()), (true, Some("DE")));

    let honest = Agent::enrolled(&site, 2).await;
    let headers = [(DEVICE_HEADER, honest.id.as_str()), (SIMULATED_ADDRESS_HEADER, "5.9.10.20")];
    assert_eq!(site.post(REPORTS, &headers, &honest.report()).await.status, 200);
    let row = site.app.store.device(&honest.id).await.unwrap().unwrap();
    assert_eq!((row.simulated, row.country), (false, None), "nobody's own word at the main door");
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_slowed_and_others_are_not() {
    let site = Site::start_with(|config| {
        config.limits.device_burst = 3;
        config.limits.device_per_second = 1;
    })
    .await;
    let mut loud = Agent::enrolled(&site, 1).await;
    let quiet = Agent::enrolled(&site, 2).await;
    let mut last = None;
    for _ in 0..8 {
        let envelope = loud.seal(&loud.checkin_payload());
        let answer = loud.send(&site, CHECKIN, &checkin_body(&envelope)).await;
        if answer.status != 200 {
            last = Some(answer);
            break;
        }
        loud.advance(&envelope);
    }
    let refused = last.expect("the flood is slowed");
    assert_eq!((refused.status, refused.code().as_str()), (429, problem::SLOW_DOWN));
    assert!(refused.head.contains("retry-after: "));
    assert_eq!(quiet.send(&site, CHECKIN, &quiet.checkin()).await.status, 200);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let site = Site::start().await;
    let mut agent = Agent::enrolled(&site, 1).await;
    for _ in 0..5 {
        let envelope = agent.seal(&agent.checkin_payload());
        assert_eq!(agent.send(&site, CHECKIN, &checkin_body(&envelope)).await.status, 200);
        agent.advance(&envelope);
    }
    // A copy of the files as they are, while the server still runs: what a power cut would leave.
    let copy = tempfile::TempDir::new().unwrap();
    for name in ["bearing.db", "bearing.db-wal"] {
        std::fs::copy(site.data_dir.join(name), copy.path().join(name)).unwrap();
    }
    let store = SqliteStore::open(&copy.path().join("bearing.db")).await.unwrap();
    assert_eq!(store.message_count().await.unwrap(), 5);
    assert_eq!(store.device(&agent.id).await.unwrap().unwrap().sequence, 5);
    store.close().await;
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_store_refuses_and_keeps_what_it_acknowledged() {
    let site = Site::start_with(|config| config.limits.store_bytes = Some(1024 * 1024)).await;
    let mut agent = Agent::enrolled(&site, 1).await;
    let mut refused = None;
    for _ in 0..2_000 {
        let (mut payload, disclosures) = agent.report_payload();
        payload.policy_problems = vec!["x".repeat(1_000); 30];
        let envelope = agent.seal(&payload);
        let answer = agent.send(&site, REPORTS, &report_body(&envelope, disclosures)).await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
        agent.advance(&envelope);
    }
    let refused = refused.expect("a megabyte is full at last");
    assert_eq!((refused.status, refused.code().as_str()), (503, problem::UNAVAILABLE));
    assert!(refused.head.contains("retry-after: "), "{}", refused.head);
    assert!(agent.sequence > 3);
    assert_eq!(site.app.store.message_count().await.unwrap(), agent.sequence, "nothing acknowledged is lost");
    assert_eq!(site.get("/healthz").await.status, 200);
    site.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_metrics_tell_only_what_they_should() {
    let dir = tempfile::TempDir::new().unwrap();
    let token = dir.path().join("metrics.token");
    std::fs::write(&token, "scrape-me\n").unwrap();
    let site = Site::start_with(|config| config.metrics.token_file = Some(token)).await;
    assert_eq!(site.get("/healthz").await.status, 200);
    assert_eq!(site.get("/readyz").await.status, 200);
    assert_eq!(site.get("/metrics").await.status, 401);
    let request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer scrape-me\r\n\r\n";
    assert_eq!(site.raw(site.address, request).await.status, 200);
    site.stop().await;
}
