//! The way that check-ins and reports share: from the request to the acknowledgement.

use std::net::IpAddr;

use axum::{
    body::Body,
    http::{HeaderMap, request::Parts as RequestParts},
};
use bearing_protocol::{
    api::{Acknowledgement, Challenge, DEVICE_HEADER, ShownPlace},
    envelope::{Envelope, Payload, Verified},
    id::{DeviceId, ServerId},
    key::KeySet,
    limits::MAX_BODY_BYTES,
};
use bearing_store::{ChallengeRow, Intake};
use serde::Deserialize as _;
use tokio::time::Instant;

use super::{Entrance, Ingest, Refused, body, devices::KnownDevice, source::source_of};

/// Largest sequence number: what a JSON number holds exactly everywhere.
const MAX_SEQUENCE: u64 = 1 << 53;

/// What check-ins and reports have in common.
pub(super) trait Message: Payload + Send + 'static {
    fn device(&self) -> &DeviceId;
    fn server(&self) -> &ServerId;
    fn sequence(&self) -> u64;
    /// What is wrong with it beyond its form.
    fn check(&self) -> Result<(), Refused>;
}

/// A message whose signature holds and that is from whom and for whom it says.
pub(super) struct Opened<M> {
    pub(super) device: KnownDevice,
    pub(super) message: Verified<M>,
    pub(super) envelope: Envelope,
    pub(super) disclosures: Vec<bearing_protocol::commitment::Disclosure>,
    pub(super) source: IpAddr,
}

/// What a body holds before it is believed.
pub(super) type Sealed = (Envelope, Vec<bearing_protocol::commitment::Disclosure>);

pub(super) fn device_of(headers: &HeaderMap) -> Result<DeviceId, Refused> {
    let mut values = headers.get_all(DEVICE_HEADER).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return Err(Refused::malformed(format!("want exactly one {DEVICE_HEADER} header")));
    };
    value
        .to_str()
        .ok()
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Refused::malformed(format!("{DEVICE_HEADER} is no device id")))
}

/// The one function that opens agents' envelopes: the device's own key, its own id, this server.
pub(super) fn open_message<M: Message>(
    envelope: &Envelope,
    id: &DeviceId,
    device: &KnownDevice,
    server: &ServerId,
) -> Result<Verified<M>, Refused> {
    let message: Verified<M> = envelope.open(&KeySet::single(device.key))?;
    if message.device() != id {
        return Err(Refused::bad_signature(
            "the payload speaks for another device than the key that signed it",
        ));
    }
    if message.server() != server {
        return Err(Refused::wrong_server());
    }
    if message.sequence() == 0 || message.sequence() > MAX_SEQUENCE {
        return Err(Refused::malformed(format!("a sequence number is 1 to {MAX_SEQUENCE}")));
    }
    message.check()?;
    Ok(message)
}

impl Ingest {
    /// Takes a request as far as a verified message.
    pub(super) async fn open<M: Message>(
        &self,
        request: RequestParts,
        body: Body,
        parse: fn(&[u8]) -> serde_json::Result<Sealed>,
    ) -> Result<Opened<M>, Refused> {
        let parts = &self.parts;
        let source = source_of(self.entrance, &request.extensions, &request.headers)?;
        parts.sources.take(&source, Instant::now()).map_err(Refused::slow_down)?;
        let id = device_of(&request.headers)?;
        let device = parts.devices.find(&*parts.app.store, &id).await?;
        if device.simulated != (self.entrance == Entrance::Simulation) {
            return Err(Refused::unknown_device());
        }
        let raw = body::read(&request.headers, body, MAX_BODY_BYTES).await?;
        let _slot =
            parts.opening.acquire().await.map_err(|_| Refused::unavailable("the server is stopping"))?;
        let server = parts.app.server.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let bytes = raw.inflate()?;
            let (envelope, disclosures) = parse(&bytes).map_err(|error| {
                Refused::malformed(bearing_protocol::text::printable(
                    &format!("the body cannot be read: {error}"),
                    300,
                ))
            })?;
            let message = open_message::<M>(&envelope, &id, &device, &server)?;
            Ok::<_, Refused>((device, message, envelope, disclosures))
        })
        .await
        .map_err(|_| Refused::malformed("the body cannot be read"))?;
        let (device, message, envelope, disclosures) = opened?;
        // The signature holds: from here on it is the device that pays, not its address.
        parts.sources.give_back(&source);
        parts.quotas.take(message.device(), Instant::now()).map_err(Refused::slow_down)?;
        Ok(Opened { device, message, envelope, disclosures, source })
    }

    /// Commits a message and makes its acknowledgement.
    pub(super) async fn take(
        &self,
        intake: Intake,
        device: &KnownDevice,
        policy_version: u64,
    ) -> Result<Acknowledgement, Refused> {
        let parts = &self.parts;
        let (id, sequence, kind) = (intake.device.clone(), intake.sequence, intake.kind);
        let accepted = parts.committer.commit(intake).await??;
        metrics::counter!("bearing_messages_total", "kind" => word(kind)).increment(1);
        // The message is safe: what is added to its acknowledgement must not make it fail.
        let standing = parts.standing.read(&*parts.app.store).await.ok();
        let policy =
            standing.as_ref().and_then(|standing| standing.newer_policy(&device.group, policy_version));
        let challenge = match &standing {
            Some(standing) if standing.evaluations_run => self.challenge(&id).await.ok().flatten(),
            _ => None,
        };
        let place = match &standing {
            Some(standing) if standing.shows_place(&device.group) => self.shown_place(&id).await,
            _ => None,
        };
        Ok(Acknowledgement {
            sequence,
            duplicate: accepted.duplicate,
            server_time: parts.app.clock.now(),
            challenge: challenge.map(|row| Challenge { nonce: row.nonce, evaluation: Some(row.evaluation) }),
            policy: policy.map(|policy| policy.envelope.clone()),
            neighbour_filter: self.neighbour_filter().await,
            place,
        })
    }

    /// Version of the filter of the tenant's own interfaces.
    async fn neighbour_filter(&self) -> Option<String> {
        let app = self.app();
        let filter = self.parts.neighbours.read(&*app.store, app.clock.now()).await.ok().flatten()?;
        (!filter.prefixes.is_empty()).then(|| filter.version.clone())
    }

    /// The device's last place verdict, as everybody may see the own one.
    async fn shown_place(&self, id: &DeviceId) -> Option<ShownPlace> {
        let row = self.app().store.verdict(id).await.ok().flatten()?;
        ShownPlace::deserialize(row.place.as_ref()?).ok()
    }

    /// The challenge that waits for a device's answer.
    pub(super) async fn challenge(&self, id: &DeviceId) -> Result<Option<ChallengeRow>, Refused> {
        let app = self.app();
        Ok(app.store.open_challenge(id, app.clock.now()).await?)
    }
}

const fn word(kind: bearing_store::MessageKind) -> &'static str {
    match kind {
        bearing_store::MessageKind::Report => "report",
        bearing_store::MessageKind::Checkin { .. } => "checkin",
    }
}

/// An envelope as it is stored: its JSON. The signed bytes inside are the ones that came.
pub(super) fn envelope_text(envelope: &Envelope) -> Result<String, Refused> {
    serde_json::to_string(envelope).map_err(|_| Refused::malformed("the envelope cannot be written back"))
}
