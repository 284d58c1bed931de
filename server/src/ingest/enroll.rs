//! `POST /agent/v1/enroll`: a machine brings its key, the proof that it holds it, and the proof that it holds
//! a token's secret.
//!
//! Always: the secret is neither sent nor stored; the proof is bound to the key and to what was pinned;
//! what failed is charged to the token, so that guessing is slow from however many addresses.

use axum::{
    Json,
    extract::{Request, State},
};
use bearing_protocol::{
    api::{EnrollAnswer, EnrollRequest},
    envelope::{Envelope, Payload as _, Verified},
    id::DeviceId,
    key::{KeySet, PublicKey},
    limits::MAX_TEXT_BYTES,
    payload::EnrollPayload,
    text::{printable, truncate},
};
use bearing_store::{DeviceState, NewDevice, TokenRow};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use tokio::time::Instant;
use tracing::info;

use super::{Entrance, Ingest, Refused, body, checkin::MAX_WORD_BYTES, source::source_of};

/// Largest enrolment on the wire.
const MAX_ENROLL_BYTES: usize = 64 * 1024;
/// Longest host name that is kept, in characters.
const MAX_HOSTNAME_CHARS: usize = 253;

/// Opens an enrolment with the key it brings: that its signature holds is the proof of possession.
fn open_enrolment(envelope: &Envelope) -> Result<Verified<EnrollPayload>, Refused> {
    #[derive(serde::Deserialize)]
    struct Brought {
        public_key: PublicKey,
    }
    if envelope.payload_type != EnrollPayload::TYPE {
        return Err(Refused::malformed(format!("payload type must be `{}`", EnrollPayload::TYPE)));
    }
    let body = envelope.body_unverified()?;
    let brought: Brought = serde_json::from_slice(&body)
        .map_err(|_| Refused::malformed("the enrolment brings no public key"))?;
    let payload: Verified<EnrollPayload> = envelope.open(&KeySet::single(brought.public_key))?;
    if payload.device_id != DeviceId::of_key(payload.public_key.as_bytes()) {
        return Err(Refused::bad_signature("the device id is not the key's"));
    }
    let words = [
        &payload.agent_version,
        &payload.device.os.family,
        &payload.device.os.name,
        &payload.device.os.version,
    ];
    if words.into_iter().any(|word| word.len() > MAX_WORD_BYTES)
        || payload.device.hostname.len() > MAX_TEXT_BYTES
    {
        return Err(Refused::too_large("a field", MAX_WORD_BYTES));
    }
    Ok(payload)
}

/// The proof that a token's holder makes: HMAC-SHA256 under the hex text of the secret's SHA-256, over device
/// id, NUL and trust digest.
fn proof(secret_hash: &str, payload: &EnrollPayload) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret_hash.as_bytes()) else { return Vec::new() };
    mac.update(payload.device_id.as_str().as_bytes());
    mac.update(&[0]);
    mac.update(payload.trust.to_string().as_bytes());
    mac.finalize().into_bytes().to_vec()
}

impl Ingest {
    /// The token that an enrolment names, once its proof holds.
    async fn token(&self, payload: &EnrollPayload) -> Result<TokenRow, Refused> {
        let refused = || Refused::bad_token("the token is not known, or its proof does not hold");
        let failures = &self.parts.token_failures;
        failures.take(&payload.token, Instant::now()).map_err(Refused::slow_down)?;
        let token = self.app().store.token(&payload.token).await?;
        // An unknown token costs as long as a wrong proof.
        let hash = token.as_ref().map_or("", |row| row.token.secret_hash.as_str());
        let given = hex::decode(&payload.token_proof).unwrap_or_default();
        let holds = bool::from(proof(hash, payload).ct_eq(&given));
        let Some(token) = token.filter(|_| holds) else { return Err(refused()) };
        failures.give_back(&payload.token);
        if payload.trust != self.parts.trust {
            return Err(Refused::bad_token(
                "the token was made for other trust anchors than this server has: somebody may be in the middle, \
                 or the token is from before the server's keys changed",
            ));
        }
        let simulated = self.entrance == Entrance::Simulation;
        if token.token.simulated != simulated || (simulated && !self.app().demo) {
            return Err(refused());
        }
        Ok(token)
    }
}

pub(super) async fn enroll(
    State(ingest): State<Ingest>,
    request: Request,
) -> Result<Json<EnrollAnswer>, Refused> {
    let (head, body) = request.into_parts();
    let parts = &ingest.parts;
    let source = source_of(ingest.entrance, &head.extensions, &head.headers)?;
    parts.sources.take(&source, Instant::now()).map_err(Refused::slow_down)?;
    let raw = body::read(&head.headers, body, MAX_ENROLL_BYTES).await?;
    let opening =
        parts.opening.acquire().await.map_err(|_| Refused::unavailable("the server is stopping"))?;
    let payload = tokio::task::spawn_blocking(move || {
        let bytes = raw.inflate()?;
        let request: EnrollRequest = serde_json::from_slice(&bytes).map_err(|error| {
            Refused::malformed(printable(&format!("the body cannot be read: {error}"), 300))
        })?;
        open_enrolment(&request.envelope)
    })
    .await
    .map_err(|_| Refused::malformed("the body cannot be read"))??;
    drop(opening);
    let token = ingest.token(&payload).await?;
    parts.sources.give_back(&source);

    let app = ingest.app();
    let now = app.clock.now();
    let pending = token.token.needs_approval;
    let device = NewDevice {
        id: payload.device_id.clone(),
        public_key: payload.public_key,
        key_protection: payload.key_protection,
        hostname: printable(truncate(&payload.device.hostname, MAX_TEXT_BYTES), MAX_HOSTNAME_CHARS),
        os: payload.device.os.clone(),
        machine: payload.device.machine.kind,
        agent_version: payload.agent_version.clone(),
        group: token.token.group.clone(),
        state: if pending { DeviceState::Pending } else { DeviceState::Active },
        simulated: token.token.simulated,
        token: payload.token.clone(),
        enrolled_at: now,
    };
    app.store.enroll(&device, now).await?.map_err(|refusal| Refused::bad_token(refusal.to_string()))?;
    info!(device.id = %device.id, device.group = %device.group, pending, "enrolled device");
    metrics::counter!("bearing_enrolments_total").increment(1);
    let row = app.store.device(&device.id).await?;
    let pending = row.is_none_or(|row| row.state == DeviceState::Pending);
    let policy = app.store.policy_for(&device.group).await?;
    Ok(Json(EnrollAnswer {
        device_id: device.id,
        pending,
        server: app.server.clone(),
        evidence_key: app.evidence_key.public(),
        tenant_key_id: app.tenant_key_id.clone(),
        tenant_key: hex::encode(app.tenant_key.as_ref()),
        policy: policy.map(|policy| policy.envelope),
        server_time: now,
    }))
}
