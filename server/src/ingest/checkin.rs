//! `POST /agent/v1/checkin`: a heartbeat, numbered and chained like a report.

use axum::{
    Json,
    extract::{Request, State},
};
use bearing_protocol::{
    api::{Acknowledgement, CheckinRequest},
    id::{DeviceId, ServerId},
    payload::{CheckinPayload, CheckinReason},
};
use bearing_store::{Intake, MessageKind};

use super::{
    Ingest, Refused,
    message::{Message, Opened, Sealed, envelope_text},
    observation::source_seen,
};

/// Longest boot id or agent version that is taken, in bytes.
pub(super) const MAX_WORD_BYTES: usize = 128;

impl Message for CheckinPayload {
    fn device(&self) -> &DeviceId {
        &self.device_id
    }
    fn server(&self) -> &ServerId {
        &self.server
    }
    fn sequence(&self) -> u64 {
        self.sequence
    }
    fn check(&self) -> Result<(), Refused> {
        let longest = self.agent_version.len().max(self.boot_id.as_ref().map_or(0, String::len));
        if longest > MAX_WORD_BYTES { Err(Refused::too_large("a field", MAX_WORD_BYTES)) } else { Ok(()) }
    }
}

fn parse(bytes: &[u8]) -> serde_json::Result<Sealed> {
    let request: CheckinRequest = serde_json::from_slice(bytes)?;
    Ok((request.envelope, Vec::new()))
}

pub(super) async fn checkin(
    State(ingest): State<Ingest>,
    request: Request,
) -> Result<Json<Acknowledgement>, Refused> {
    let (head, body) = request.into_parts();
    let Opened { device, message, envelope, source, .. } =
        ingest.open::<CheckinPayload>(head, body, parse).await?;
    let seen = ingest.seen(source, &device.group).await?;
    let from = source_seen(ingest.app(), source, &seen);
    let intake = Intake {
        device: message.device_id.clone(),
        kind: MessageKind::Checkin { stopping: message.reason == CheckinReason::Stopping },
        sequence: message.sequence,
        previous: message.previous,
        digest: message.chain_digest(),
        spool_loss: None,
        envelope: envelope_text(&envelope)?,
        disclosures: Vec::new(),
        observation: None,
        received_at: ingest.app().clock.now(),
        country: seen.country,
        asn: seen.asn,
        egress_class: Some(seen.class.as_str().to_owned()),
        source: Some(from),
        answers: None,
        brings_trips: !message.trips.is_empty(),
    };
    ingest.take(intake, &device, message.policy_version).await.map(Json)
}
