//! Enrolling against a server on loopback: what is pinned, what is sent, and when nothing is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use bearing_agent::{
    enroll::{EnrollError, enroll, token_proof},
    key::DeviceKey,
    state::Enrolment,
    transport::TransportError,
};
use support::{FakeServer, Instead, Machine};

#[tokio::test]
async fn a_machine_enrols_and_pins_what_the_token_names() {
    let (server, machine) = (FakeServer::start().await, Machine::new());
    machine.enroll(&server).await;
    let enrolment = Enrolment::load(&machine.directory).unwrap().unwrap();
    let key = DeviceKey::load(&machine.directory).unwrap().unwrap();
    assert_eq!(enrolment.device_id, key.device_id());
    assert_eq!((enrolment.ca_pem.as_str(), enrolment.server), (server.ca_pem.as_str(), server.id.clone()));
    let seen = server.seen.lock().unwrap();
    let payload = seen.enrolled.as_ref().unwrap();
    assert_eq!(payload.token_proof, token_proof(&server.token(), &key.device_id()));
    let wire = serde_json::to_string(payload).unwrap();
    assert!(!wire.contains(&*server.token().secret), "the secret never leaves");
}

/// Somebody in the middle shows pins of his own: the token does not name them, and nothing is sent to him.
#[tokio::test]
async fn pins_that_the_token_does_not_name_are_refused_and_nothing_is_sent() {
    let (server, middle, machine) = (FakeServer::start().await, FakeServer::start().await, Machine::new());
    let token = server.token();
    let refused = enroll(machine.request(&middle, &token)).await.unwrap_err();
    assert!(matches!(refused, EnrollError::Untrusted { .. }), "{refused}");
    assert_eq!(middle.seen.lock().unwrap().requests, ["get /agent/v1/trust"]);
    assert!(Enrolment::load(&machine.directory).unwrap().is_none());
    assert!(DeviceKey::load(&machine.directory).unwrap().is_none());
}

#[tokio::test]
async fn a_ca_that_was_handed_over_must_have_signed_the_server() {
    let (server, other, machine) = (FakeServer::start().await, FakeServer::start().await, Machine::new());
    let token = server.token();
    let mut request = machine.request(&server, &token);
    request.ca_pem = Some(&other.ca_pem);
    let refused = enroll(request).await.unwrap_err();
    assert!(matches!(refused, EnrollError::Transport(TransportError::Unreachable(_))), "{refused}");
    let mut request = machine.request(&server, &token);
    request.ca_pem = Some(&server.ca_pem);
    assert!(enroll(request).await.is_ok());
}

#[tokio::test]
async fn a_machine_that_is_enrolled_stays_what_it_is() {
    let (server, machine) = (FakeServer::start().await, Machine::new());
    machine.enroll(&server).await;
    let before = DeviceKey::load(&machine.directory).unwrap().unwrap().device_id();
    let token = server.token();
    let refused = enroll(machine.request(&server, &token)).await.unwrap_err();
    assert!(
        matches!(refused, EnrollError::Already { .. }) && refused.to_string().contains("uninstall-clean")
    );
    assert_eq!(DeviceKey::load(&machine.directory).unwrap().unwrap().device_id(), before);
}

#[tokio::test]
async fn a_token_that_is_used_up_is_said_so_and_the_key_stays_for_the_next_attempt() {
    let (server, machine) = (FakeServer::start().await, Machine::new());
    server.instead(Instead::Problem { status: 403, code: "bad-token", retry_after: None });
    let token = server.token();
    let refused = enroll(machine.request(&server, &token)).await.unwrap_err();
    let EnrollError::Transport(refusal) = &refused else { panic!("{refused}") };
    assert_eq!(refusal.code(), Some("bad-token"));
    let key = DeviceKey::load(&machine.directory).unwrap().unwrap().device_id();
    machine.enroll(&server).await;
    assert_eq!(Enrolment::load(&machine.directory).unwrap().unwrap().device_id, key);
}
