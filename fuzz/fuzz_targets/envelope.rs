//! Envelopes and their payloads: nothing opens without a key, and what was sealed opens again.
#![no_main]

use bearing_protocol::{
    envelope::Envelope,
    key::KeySet,
    payload::{CheckinPayload, EnrollPayload, ObservationPayload, PolicyPayload, ReportPayload},
};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(envelope) = serde_json::from_slice::<Envelope>(data) {
        let _ = envelope.body_unverified();
        let _ = envelope.chain_digest();
        assert!(envelope.open::<ReportPayload>(&KeySet::default()).is_err());
    }
    let _ = serde_json::from_slice::<ReportPayload>(data);
    let _ = serde_json::from_slice::<CheckinPayload>(data);
    let _ = serde_json::from_slice::<EnrollPayload>(data);
    let _ = serde_json::from_slice::<ObservationPayload>(data);
    let _ = serde_json::from_slice::<PolicyPayload>(data);
});
