//! The service against a server on loopback: what arrives, in which order, and what happens when it does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use bearing_agent::{
    bundle::commitments_of,
    service::{LastReport, Record},
};
use bearing_protocol::{
    api::Challenge,
    commitment::Disclosures,
    outcome::Outcome,
    payload::{CheckinReason, ReportReason},
};
use support::{FakeServer, Instead, Machine, Taken, key};

fn reports(server: &FakeServer) -> Vec<bearing_protocol::payload::ReportPayload> {
    let reports = server.taken().into_iter().filter_map(|taken| match taken {
        Taken::Report(payload, _) => Some(*payload),
        Taken::Checkin(_) => None,
    });
    reports.collect()
}

async fn enrolled() -> (FakeServer, Machine) {
    let (server, machine) = (FakeServer::start().await, Machine::new());
    machine.enroll(&server).await;
    (server, machine)
}

#[tokio::test]
async fn a_report_arrives_whole_and_the_last_word_is_said() {
    let (server, machine) = enrolled().await;
    machine.run_until(|| !reports(&server).is_empty()).await.unwrap();
    let taken = server.taken();
    assert!(matches!(&taken[0], Taken::Checkin(checkin) if checkin.reason == CheckinReason::Starting));
    let Taken::Report(payload, request) = &taken[1] else { panic!("{taken:?}") };
    assert_eq!(payload.reason, ReportReason::Start);
    let disclosures = Disclosures::index(request.disclosures.clone());
    assert_eq!(disclosures.open::<String>(&payload.hostname).unwrap().unwrap(), "desk-1");
    assert!(commitments_of(payload).iter().all(|commitment| disclosures.get(commitment).is_some()));
    assert!(
        matches!(taken.last(), Some(Taken::Checkin(checkin)) if checkin.reason == CheckinReason::Stopping)
    );
    assert_eq!(machine.outbox().waiting(), 0);
    let last = LastReport::load(&machine.directory).unwrap().unwrap();
    assert_eq!((last.sequence, last.report.outcomes.len()), (payload.sequence, payload.outcomes.len()));
}

#[tokio::test]
async fn the_chain_goes_on_after_a_restart() {
    let (server, machine) = enrolled().await;
    machine.run_until(|| !reports(&server).is_empty()).await.unwrap();
    machine.run_until(|| reports(&server).len() == 2).await.unwrap();
    // The server of this test checks number and previous digest of every message it takes.
    let numbers: Vec<u64> = server.taken().iter().map(Taken::sequence).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_server_that_cannot_commit_gets_the_same_message_again() {
    let (server, machine) = enrolled().await;
    server.instead(Instead::Problem { status: 503, code: "unavailable", retry_after: Some(0) });
    server.instead(Instead::Problem { status: 429, code: "slow-down", retry_after: Some(0) });
    machine.run_until(|| !reports(&server).is_empty()).await.unwrap();
    let offered = server.seen.lock().unwrap().offered.clone();
    assert_eq!(offered[..3], [1, 1, 1]);
    assert_eq!(machine.outbox().waiting(), 0);
    assert_eq!(machine.outbox().chain().lost_messages(), 0);
}

#[tokio::test]
async fn an_answer_that_is_cut_off_costs_nothing_and_doubles_nothing() {
    let (server, machine) = enrolled().await;
    server.instead(Instead::Cut(7));
    machine.run_until(|| !reports(&server).is_empty()).await.unwrap();
    let seen = server.seen.lock().unwrap();
    assert_eq!(seen.offered[..2], [1, 1], "sent again, and known");
    assert_eq!(seen.taken[0].sequence(), 1);
}

#[tokio::test]
async fn a_challenge_is_answered_at_once_with_its_nonce() {
    let (server, machine) = enrolled().await;
    let mut with = FakeServer::acknowledgement();
    with.challenge = Some(Challenge { nonce: "n-1".into(), evaluation: Some("eva_1".parse().unwrap()) });
    server.instead(Instead::With(Box::new(with)));
    let answered = || reports(&server).iter().any(|report| report.nonce.as_deref() == Some("n-1"));
    machine.run_until(answered).await.unwrap();
    let reports = reports(&server);
    let answer = reports.iter().find(|report| report.nonce.is_some()).unwrap();
    assert_eq!(answer.reason, ReportReason::Challenge);
    assert_eq!(answer.evaluation.as_ref().unwrap().as_str(), "eva_1");
}

#[tokio::test]
async fn a_new_policy_comes_into_force_and_a_forged_one_is_told_as_at_04() {
    let (server, machine) = enrolled().await;
    let mut good = FakeServer::acknowledgement();
    good.policy = Some(server.policy("name = \"site\"\nversion = 7", &server.policy_key));
    server.instead(Instead::With(Box::new(good)));
    machine.run_until(|| reports(&server).iter().any(|r| r.policy.version == 7)).await.unwrap();

    let mut forged = FakeServer::acknowledgement();
    forged.policy = Some(server.policy("name = \"site\"\nversion = 8", &key()));
    server.instead(Instead::With(Box::new(forged)));
    let told = || reports(&server).iter().any(|report| !report.policy_problems.is_empty());
    machine.run_until(told).await.unwrap();
    let reports = reports(&server);
    let report = reports.iter().find(|report| !report.policy_problems.is_empty()).unwrap();
    assert!(report.policy_problems[0].starts_with("policy-signature"), "{:?}", report.policy_problems);
    assert_eq!(report.policy.version, 7, "the last good one stays in force");
    let outcome = report.outcomes.iter().find(|outcome| outcome.rule.as_str() == "AT-04").unwrap();
    assert_eq!(outcome.outcome, Outcome::Fail);
}

#[tokio::test]
async fn a_revoked_device_stops_sending_and_says_so() {
    for code in ["revoked-device", "unknown-device", "sequence-conflict"] {
        let (server, machine) = enrolled().await;
        server.instead(Instead::Problem { status: 403, code, retry_after: None });
        let stopped = || Record::load(&machine.directory).trouble().is_some_and(|t| t.ends_sending);
        machine.run_until(stopped).await.unwrap();
        let record = Record::load(&machine.directory);
        assert_eq!(record.trouble().unwrap().code.as_deref(), Some(code));
        assert_eq!(server.seen.lock().unwrap().offered, [1], "not even a last word");
        assert!(machine.outbox().waiting() > 0, "what was not taken stays");
    }
}

#[tokio::test]
async fn a_message_that_will_never_be_taken_is_dropped_and_its_loss_declared() {
    let (server, machine) = enrolled().await;
    server.instead(Instead::Problem { status: 413, code: "too-large", retry_after: None });
    let dropped = || server.seen.lock().unwrap().offered.len() > 1;
    // The server of this test takes no gap, so it ends there; the loss must be in the next report all the same.
    for _ in 0..20 {
        server.instead(Instead::Problem { status: 503, code: "unavailable", retry_after: Some(0) });
    }
    machine.run_until(dropped).await.unwrap();
    let mut outbox = machine.outbox();
    let waiting = outbox.front().unwrap().unwrap();
    assert_eq!(waiting.sequence, 2);
    assert_eq!(waiting.declares.map(|loss| (loss.from, loss.to)), Some((1, 1)));
}
