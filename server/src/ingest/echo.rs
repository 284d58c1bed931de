//! `POST /agent/v1/echo`: nonces that come straight back, timed against the kernel's own round trip of the connection.
//!
//! Always: measured only where the socket's peer is the client itself; what cannot be (an answer faster than the
//! transport) is not kept; the address of the family that was used is remembered either way. Never: a delayed answer.

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::request::Parts as RequestParts,
};
use bearing_protocol::{
    api::{EchoAnswer, EchoRequest},
    envelope::{Envelope, EnvelopeError},
    id::DeviceId,
    key::KeySet,
    payload::{EchoPayload, EchoPurpose, MAX_ECHO_AGE_SECONDS, RoundTrips},
};
use bearing_store::NewSighting;
use std::{net::IpAddr, sync::Arc};
use tokio::time::Instant;

use super::{
    Entrance, Ingest, Refused, body,
    devices::KnownDevice,
    line::{Line, Returned, SAMPLES},
    message::device_of,
    observation::source_seen,
    source::source_of,
};
use crate::serve::least_round_trip_us;

/// Largest body of an echo.
const MAX_ECHO_BYTES: usize = 8 * 1024;
/// No connection's round trip is longer, in microseconds.
const MAX_TRANSPORT_US: u32 = 20_000_000;

/// An echo whose signature holds.
pub(super) struct Echo {
    pub(super) id: DeviceId,
    pub(super) device: KnownDevice,
    pub(super) source: IpAddr,
    payload: EchoPayload,
    line: Option<Arc<Line>>,
}

impl Ingest {
    /// Takes a request as far as a verified echo for one purpose.
    pub(super) async fn open_echo(
        &self,
        request: RequestParts,
        body: Body,
        purpose: EchoPurpose,
    ) -> Result<Echo, Refused> {
        let parts = &self.parts;
        let source = source_of(self.entrance, &request.extensions, &request.headers)?;
        parts.sources.take(&source, Instant::now()).map_err(Refused::slow_down)?;
        let id = device_of(&request.headers)?;
        let device = parts.devices.find(&*parts.app.store, &id).await?;
        if device.simulated != (self.entrance == Entrance::Simulation) {
            return Err(Refused::unknown_device());
        }
        let bytes = body::read(&request.headers, body, MAX_ECHO_BYTES).await?.inflate()?;
        let asked: EchoRequest =
            serde_json::from_slice(&bytes).map_err(|_| Refused::malformed("the body is no echo"))?;
        let payload = open(&asked.envelope, &device)?;
        if payload.device_id != id {
            return Err(Refused::bad_signature(
                "the echo speaks for another device than the key that signed it",
            ));
        }
        if payload.server != parts.app.server {
            return Err(Refused::wrong_server());
        }
        let age = parts.app.clock.now().duration_since(payload.sent_at).as_secs();
        if age.abs() > MAX_ECHO_AGE_SECONDS {
            return Err(Refused::malformed(format!(
                "the echo's time is {age} s from the server's, more than {MAX_ECHO_AGE_SECONDS} s"
            )));
        }
        if payload.purpose != purpose {
            return Err(Refused::malformed("the echo is for another purpose"));
        }
        parts.sources.give_back(&source);
        parts.quotas.take(&id, Instant::now()).map_err(Refused::slow_down)?;
        let line = request.extensions.get::<Arc<Line>>().cloned();
        // Behind a proxy, and for a simulated address, the connection's other end is not the device.
        let line = line
            .filter(|line| line.ends().1.ip().to_canonical() == source && self.entrance == Entrance::Main);
        Ok(Echo { id, device, source, payload, line })
    }

    /// Remembers where an echo came from: its family may be one that no message uses.
    async fn remember(&self, echo: &Echo) -> Result<(), Refused> {
        let app = self.app();
        let seen = self.seen(echo.source, &echo.device.group).await?;
        let sighting = NewSighting {
            device: echo.id.clone(),
            source: source_seen(app, echo.source, &seen),
            at: app.clock.now(),
        };
        Ok(app.store.add_sightings(&[sighting]).await?)
    }

    async fn keep(&self, echo: &Echo, line: &Line, application_min_us: u32) -> Result<(), Refused> {
        let app = self.app();
        let (local, peer) = line.ends();
        let tcp_min_us = least_round_trip_us(local, peer);
        let Some(tcp_min_us) = tcp_min_us.filter(|us| is_possible(*us, application_min_us)) else {
            metrics::counter!("bearing_echoes_total", "result" => "impossible").increment(1);
            return Ok(());
        };
        metrics::counter!("bearing_echoes_total", "result" => "measured").increment(1);
        let measured =
            RoundTrips { tcp_min_us, application_min_us, samples: SAMPLES, measured_at: app.clock.now() };
        Ok(app.store.set_round_trips(&echo.id, &measured).await?)
    }
}

fn open(envelope: &Envelope, device: &KnownDevice) -> Result<EchoPayload, EnvelopeError> {
    Ok(envelope.open::<EchoPayload>(&KeySet::single(device.key))?.into_inner())
}

/// Whether two round trips can belong to one connection: nothing that is signed comes back in half the time that the
/// transport itself needs.
const fn is_possible(tcp_us: u32, application_us: u32) -> bool {
    tcp_us > 0
        && tcp_us <= MAX_TRANSPORT_US
        && application_us < u32::MAX
        && application_us.saturating_mul(2) >= tcp_us
}

pub(super) async fn echo(
    State(ingest): State<Ingest>,
    request: Request,
) -> Result<Json<EchoAnswer>, Refused> {
    // Before anything else: what the signature costs is not the network's.
    let arrived = Instant::now();
    let (head, body) = request.into_parts();
    let echo = ingest.open_echo(head, body, EchoPurpose::RoundTrip).await?;
    let enough = Ok(Json(EchoAnswer { nonce: None }));
    let Some(nonce) = &echo.payload.nonce else {
        ingest.remember(&echo).await?;
        let Some(line) = &echo.line else { return enough };
        let nonce = new_nonce()?;
        line.begin(&echo.id, nonce.clone(), Instant::now());
        return Ok(Json(EchoAnswer { nonce: Some(nonce) }));
    };
    let Some(line) = &echo.line else { return enough };
    match line.take(&echo.id, nonce, arrived) {
        Returned::Foreign => {
            Err(Refused::malformed("no such nonce is on its way on this connection: begin again without one"))
        }
        Returned::More => {
            let nonce = new_nonce()?;
            line.send(nonce.clone(), Instant::now());
            Ok(Json(EchoAnswer { nonce: Some(nonce) }))
        }
        Returned::Whole(least_us) => {
            ingest.keep(&echo, line, least_us).await?;
            enough
        }
    }
}

/// Nobody guesses it: an answer cannot be on its way before the question.
fn new_nonce() -> Result<String, Refused> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|_| Refused::unavailable("the server has no randomness"))?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_faster_than_its_transport_is_not_kept() {
        assert!(is_possible(20_000, 21_000) && is_possible(20_000, 10_000));
        assert!(!is_possible(20_000, 9_999), "signed before the nonce can have arrived");
        assert!(!is_possible(0, 10) && !is_possible(u32::MAX, 10) && !is_possible(10, u32::MAX));
    }
}
