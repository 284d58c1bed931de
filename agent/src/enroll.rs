//! Enrolling this machine.
//!
//! Always: the server's CA and the policy keys are pinned only where they digest to what the token says; the token's
//! secret never leaves the machine, only a proof that is bound to this device's key and to those pins; the device key
//! is made here and stays; what was pinned is written in one piece, last, and an enrolment that exists is never
//! replaced.

use std::sync::Arc;

use bearing_protocol::{
    Timestamp,
    api::{EnrollAnswer, EnrollRequest, TrustAnchors},
    clock::Clock,
    digest::Digest,
    envelope::Envelope,
    id::DeviceId,
    payload::EnrollPayload,
    report::DeviceSummary,
    token::{EnrolmentToken, trust_digest},
};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::{
    key::{DeviceKey, KeyError},
    state::{Enrolment, FileError, StateDirectory, TlsTrust},
    tenant::{TenantKey, TenantKeySyntax},
    transport::{Proxies, ServerUrl, TlsError, TlsTime, Transport, TransportError, Trust, ca_der},
};

/// What an enrolment needs.
pub struct Request<'a> {
    /// Where the state is kept.
    pub directory: &'a StateDirectory,
    /// The server.
    pub server: &'a ServerUrl,
    /// The token.
    pub token: &'a EnrolmentToken,
    /// A CA (PEM) that the administrator handed over: it must have signed the server's certificate and be the one that the
    /// token names.
    pub ca_pem: Option<&'a str>,
    /// Whose certificates count.
    pub tls: TlsTrust,
    /// Where proxies come from.
    pub proxies: Proxies,
    /// The machine, in brief.
    pub device: DeviceSummary,
    /// SHA-256 of the agent's own binary.
    pub agent_digest: Option<Digest>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
}

/// Why this machine was not enrolled.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum EnrollError {
    #[error(
        "this machine is enrolled already as `{device}` at {server}. Nothing was changed: to start anew with a new identity, run `bearing-agent uninstall-clean --yes` first"
    )]
    Already { device: DeviceId, server: String },
    #[error(
        "the server at {server} does not show the trust anchors that the token names ({found}, not {want}). Somebody may stand in between, or the token is of another server. Nothing was sent"
    )]
    Untrusted { server: ServerUrl, found: Digest, want: Digest },
    #[error("the CA given with --ca is not the one that the token names")]
    OtherCa,
    #[error("the server's answer is about device `{0}`, which is not this one")]
    OtherDevice(DeviceId),
    #[error("the server's tenant key cannot be used")]
    Tenant(#[from] TenantKeySyntax),
    #[error("TLS")]
    Tls(#[from] TlsError),
    #[error("enrolment")]
    Transport(#[from] TransportError),
    #[error("device key")]
    Key(#[from] KeyError),
    #[error("state directory")]
    File(#[from] FileError),
    #[error("the request cannot be sealed")]
    Seal(#[from] serde_json::Error),
}

/// Enrols this machine. What it returns is on the disk.
///
/// # Errors
/// [`EnrollError`]; unless the answer itself arrived, a later attempt may use the same token.
pub async fn enroll(request: Request<'_>) -> Result<(Enrolment, Option<Envelope>), EnrollError> {
    if let Some(enrolment) = Enrolment::load(request.directory)? {
        return Err(EnrollError::Already { device: enrolment.device_id, server: enrolment.server_url });
    }
    let anchors = fetch_anchors(&request).await?;
    let key = DeviceKey::load_or_make(request.directory)?;
    let payload = EnrollPayload {
        device_id: key.device_id(),
        public_key: key.signer().public(),
        key_protection: key.protection(),
        token: request.token.id.clone(),
        token_proof: token_proof(request.token, &key.device_id()),
        trust: request.token.trust,
        device: request.device.clone(),
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        agent_digest: request.agent_digest,
        sent_at: request.clock.now(),
    };
    let envelope = Envelope::seal(&payload, &[key.signer()])?;
    let trust = trust_of(request.tls, &anchors.ca_pem);
    let transport = Transport::new(request.server.clone(), &trust, time(&request), request.proxies)?;
    let answer = transport.enroll(&key.device_id(), &EnrollRequest { envelope }).await?;
    if answer.device_id != key.device_id() {
        return Err(EnrollError::OtherDevice(answer.device_id));
    }
    let (enrolment, policy) = pin(&request, anchors, answer)?;
    enrolment.save(request.directory)?;
    Ok((enrolment, policy))
}

/// Whose certificates count once something is pinned.
pub const fn trust_of(tls: TlsTrust, ca_pem: &str) -> Trust<'_> {
    match tls {
        TlsTrust::PinnedCa => Trust::Ca(ca_pem),
        TlsTrust::OsStore => Trust::OsStore,
    }
}

/// The server has said nothing yet: only the machine's clock counts.
fn time(request: &Request<'_>) -> TlsTime {
    TlsTime::new(Arc::clone(&request.clock), Timestamp::UNIX_EPOCH)
}

/// Fetches what is to be pinned and believes it only where the token says so.
async fn fetch_anchors(request: &Request<'_>) -> Result<TrustAnchors, EnrollError> {
    let bootstrap = request.ca_pem.map_or(Trust::CheckedByToken, Trust::Ca);
    let transport = Transport::new(request.server.clone(), &bootstrap, time(request), request.proxies)?;
    let anchors = transport.trust_anchors().await?;
    let ca = ca_der(&anchors.ca_pem)?;
    let found = trust_digest(&ca, &anchors.policy_keys, anchors.policy_threshold, &anchors.employee_keys);
    if found != request.token.trust {
        let want = request.token.trust;
        return Err(EnrollError::Untrusted { server: request.server.clone(), found, want });
    }
    if let Some(given) = request.ca_pem
        && ca_der(given)? != ca
    {
        return Err(EnrollError::OtherCa);
    }
    Ok(anchors)
}

/// HMAC-SHA256 over the device id, NUL and the trust digest; its key is the hex text of SHA-256 over the token's
/// secret, which is all that the server keeps of it.
pub fn token_proof(token: &EnrolmentToken, device: &DeviceId) -> String {
    let key = zeroize::Zeroizing::new(hex::encode(Sha256::digest(token.secret.as_bytes())));
    // HMAC takes keys of any length, so there is nothing to go wrong.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(device.as_str().as_bytes());
    mac.update(&[0]);
    mac.update(token.trust.to_string().as_bytes());
    hex::encode(mac.finalize().into_bytes())
}

fn pin(
    request: &Request<'_>,
    anchors: TrustAnchors,
    answer: EnrollAnswer,
) -> Result<(Enrolment, Option<Envelope>), EnrollError> {
    let tenant_key = zeroize::Zeroizing::new(answer.tenant_key);
    let enrolment = Enrolment {
        server_url: request.server.to_string(),
        server: answer.server,
        device_id: answer.device_id,
        ca_pem: anchors.ca_pem,
        policy_keys: anchors.policy_keys,
        policy_threshold: anchors.policy_threshold,
        employee_keys: anchors.employee_keys,
        evidence_key: answer.evidence_key,
        tenant: TenantKey::from_hex(answer.tenant_key_id, &tenant_key)?,
        pending: answer.pending,
        enrolled_at: answer.server_time,
    };
    Ok((enrolment, answer.policy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_bound_to_device_and_pins() {
        let text = |trust: u8| format!("tok_a.{}.{}", "0a".repeat(32), hex::encode([trust; 32]));
        let token: EnrolmentToken = text(1).parse().unwrap();
        let other: EnrolmentToken = text(2).parse().unwrap();
        let (one, two) = (DeviceId::from_bytes(&[1; 16]), DeviceId::from_bytes(&[2; 16]));
        let proof = token_proof(&token, &one);
        assert_ne!(proof, token_proof(&token, &two));
        assert_ne!(proof, token_proof(&other, &one));
        assert!(!proof.contains("0a0a0a"));
        // Python: hmac.new(sha256(secret).hexdigest(), device + "\0" + trust, sha256).
        assert_eq!(proof, "a4450e59e05d124c674dee9f683068e2b466530e2511110ea9adf3a2ce22338b");
    }
}
