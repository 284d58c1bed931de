//! Signed bytes: DSSE envelopes (Dead Simple Signing Envelope, protocol version 1).
//!
//! Always: what is signed is the pre-authentication encoding of the exact bytes; [`Envelope::open`] is
//! the only maker of [`Verified`]; nothing is parsed before the signatures hold.

use std::{collections::BTreeSet, ops::Deref};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    digest::Digest,
    id::KeyId,
    key::{KeySet, Signer},
    limits::{MAX_PAYLOAD_BYTES, MAX_SIGNATURES},
};

/// What an envelope carries. One payload type per kind, so that no signed thing can be taken for another.
pub trait Payload: Serialize + DeserializeOwned {
    /// The DSSE payload type, `application/vnd.bearing.<kind>.v1+json`.
    const TYPE: &'static str;
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvelopeSignature {
    /// Which key signed. A hint only: the key must be one the reader already trusts.
    pub keyid: KeyId,
    /// The signature, standard base64.
    pub sig: String,
    /// `ed25519` where absent; `p256` for a second, hardware-held signature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
}

/// A DSSE envelope, as it travels and as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    /// The payload's type.
    #[serde(rename = "payloadType")]
    pub payload_type: String,
    /// The payload's bytes, standard base64.
    pub payload: String,
    /// One or more signatures.
    pub signatures: Vec<EnvelopeSignature>,
}

/// Why an envelope was not opened.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum EnvelopeError {
    #[error("payload type is `{found}`, want `{want}`")]
    WrongType { found: String, want: &'static str },
    #[error("payload is over the limit of {MAX_PAYLOAD_BYTES} bytes")]
    TooLarge,
    #[error("envelope has {0} signatures, want 1 to {MAX_SIGNATURES}")]
    SignatureCount(usize),
    #[error("payload is not valid base64")]
    Base64,
    #[error("key `{0}` signed twice")]
    DuplicateKey(KeyId),
    #[error("signature of key `{0}` does not hold over these bytes")]
    BadSignature(KeyId),
    #[error("{valid} trusted signatures, want {required}")]
    Threshold { valid: usize, required: usize },
    #[error("signed payload is not a valid `{want}`")]
    Payload { want: &'static str, source: serde_json::Error },
}

/// A payload whose signatures held. Made by [`Envelope::open`] alone.
#[derive(Clone, Debug)]
pub struct Verified<T> {
    value: T,
    signers: BTreeSet<KeyId>,
    chain_digest: Digest,
}

impl<T> Verified<T> {
    /// The keys that signed.
    pub const fn signers(&self) -> &BTreeSet<KeyId> {
        &self.signers
    }

    /// SHA-256 of the pre-authentication encoding: what the next report's `previous` must be.
    pub const fn chain_digest(&self) -> Digest {
        self.chain_digest
    }

    /// The payload itself.
    pub fn into_inner(self) -> T {
        self.value
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// The pre-authentication encoding of DSSE v1:
/// `"DSSEv1" SP LEN(type) SP type SP LEN(body) SP body`, lengths in decimal ASCII.
pub fn pae(payload_type: &str, body: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), body.len()).into_bytes();
    out.extend_from_slice(body);
    out
}

impl Envelope {
    /// Serialises and signs `payload` with each of `signers`.
    pub fn seal<T: Payload>(payload: &T, signers: &[&dyn Signer]) -> Result<Self, serde_json::Error> {
        Ok(Self::seal_bytes(T::TYPE, &serde_json::to_vec(payload)?, signers))
    }

    /// Signs bytes that are already serialised.
    pub fn seal_bytes(payload_type: &str, body: &[u8], signers: &[&dyn Signer]) -> Self {
        let message = pae(payload_type, body);
        let signatures = signers
            .iter()
            .map(|s| EnvelopeSignature {
                keyid: s.key_id(),
                sig: STANDARD.encode(s.sign(&message)),
                alg: None,
            })
            .collect();
        Self { payload_type: payload_type.to_owned(), payload: STANDARD.encode(body), signatures }
    }

    /// The payload's bytes, unverified: for showing, digesting and adding signatures, never for believing.
    pub fn body_unverified(&self) -> Result<Vec<u8>, EnvelopeError> {
        if self.payload.len() > MAX_PAYLOAD_BYTES.div_ceil(3) * 4 {
            return Err(EnvelopeError::TooLarge);
        }
        STANDARD.decode(&self.payload).map_err(|_| EnvelopeError::Base64)
    }

    /// SHA-256 of the pre-authentication encoding.
    pub fn chain_digest(&self) -> Result<Digest, EnvelopeError> {
        Ok(Digest::of(&pae(&self.payload_type, &self.body_unverified()?)))
    }

    /// Adds a signature over the same bytes (a second policy key, say).
    pub fn add_signature(&mut self, signer: &dyn Signer) -> Result<(), EnvelopeError> {
        let message = pae(&self.payload_type, &self.body_unverified()?);
        let keyid = signer.key_id();
        self.signatures.retain(|s| s.keyid != keyid);
        self.signatures.push(EnvelopeSignature {
            keyid,
            sig: STANDARD.encode(signer.sign(&message)),
            alg: None,
        });
        Ok(())
    }

    /// Verifies against `keys` and only then parses. A signature by a key that is not in `keys` is
    /// ignored; one by a key that is and does not hold is an error, whatever the others say.
    pub fn open<T: Payload>(&self, keys: &KeySet) -> Result<Verified<T>, EnvelopeError> {
        if self.payload_type != T::TYPE {
            let found = crate::text::printable(&self.payload_type, 100);
            return Err(EnvelopeError::WrongType { found, want: T::TYPE });
        }
        if self.signatures.is_empty() || self.signatures.len() > MAX_SIGNATURES {
            return Err(EnvelopeError::SignatureCount(self.signatures.len()));
        }
        let body = self.body_unverified()?;
        let message = pae(T::TYPE, &body);
        let mut seen = BTreeSet::new();
        let mut signers = BTreeSet::new();
        for signature in &self.signatures {
            let keyid = &signature.keyid;
            if !seen.insert(keyid.clone()) {
                return Err(EnvelopeError::DuplicateKey(keyid.clone()));
            }
            if signature.alg.as_deref().is_some_and(|alg| alg != "ed25519") {
                continue; // a hardware-held signature of another kind is checked by who knows its key
            }
            let Some(key) = keys.get(keyid) else { continue };
            let bytes =
                STANDARD.decode(&signature.sig).map_err(|_| EnvelopeError::BadSignature(keyid.clone()))?;
            if !key.verifies(&message, &bytes) {
                return Err(EnvelopeError::BadSignature(keyid.clone()));
            }
            signers.insert(keyid.clone());
        }
        if signers.len() < keys.required() {
            return Err(EnvelopeError::Threshold { valid: signers.len(), required: keys.required() });
        }
        let value = serde_json::from_slice(&body)
            .map_err(|source| EnvelopeError::Payload { want: T::TYPE, source })?;
        Ok(Verified { value, signers, chain_digest: Digest::of(&message) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pae_is_the_specifications_example() {
        // DSSE specification, protocol.md: type and body of its worked example.
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }
}
