//! Enrolment tokens: `id.secret.digest`.
//!
//! The digest covers the server's CA and the policy keys, so that nobody in the middle can choose both
//! pins. A token travels in a file, never on a command line.

use std::{fmt, str::FromStr};

use zeroize::Zeroizing;

use crate::{digest::Digest, id::TokenId, key::PublicKey};

/// A token as the admin carries it to a machine.
pub struct EnrolmentToken {
    /// Its public half.
    pub id: TokenId,
    /// Its secret half: 64 hex digits of 32 random bytes.
    pub secret: Zeroizing<String>,
    /// What the server's trust anchors must digest to: see [`trust_digest`].
    pub trust: Digest,
}

/// A text that is no enrolment token.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "not an enrolment token: want `tok_….<64 hex digits>.<64 hex digits>` on one line, as `bearing-server token create` printed it"
)]
pub struct TokenSyntax;

impl FromStr for EnrolmentToken {
    type Err = TokenSyntax;
    fn from_str(text: &str) -> Result<Self, TokenSyntax> {
        let mut parts = text.trim().split('.');
        let (Some(id), Some(secret), Some(digest), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenSyntax);
        };
        let is_secret = secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit());
        if !is_secret {
            return Err(TokenSyntax);
        }
        Ok(Self {
            id: id.parse().map_err(|_| TokenSyntax)?,
            secret: Zeroizing::new(secret.to_owned()),
            trust: format!("sha256:{digest}").parse().map_err(|_| TokenSyntax)?,
        })
    }
}

impl EnrolmentToken {
    /// The token as it is handed over. A secret: write it to a 0600 file.
    pub fn reveal(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{}.{}.{}", self.id, *self.secret, hex::encode(self.trust.as_bytes())))
    }
}

impl fmt::Debug for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EnrolmentToken({})", self.id)
    }
}

/// The digest of what an agent pins at enrolment: the server's CA certificate (DER), the policy
/// keys with their threshold, and the employee-side keys where an organisation pins any. Keys in byte order.
pub fn trust_digest(
    ca_der: &[u8],
    policy_keys: &[PublicKey],
    threshold: usize,
    employee_keys: &[PublicKey],
) -> Digest {
    let mut bytes = b"bearing-trust-v1\0".to_vec();
    bytes.extend_from_slice(&(ca_der.len() as u64).to_be_bytes());
    bytes.extend_from_slice(ca_der);
    bytes.extend_from_slice(&(threshold as u64).to_be_bytes());
    for keys in [policy_keys, employee_keys] {
        let mut keys: Vec<_> = keys.iter().map(PublicKey::as_bytes).collect();
        keys.sort_unstable();
        bytes.extend_from_slice(&(keys.len() as u64).to_be_bytes());
        keys.iter().for_each(|key| bytes.extend_from_slice(*key));
    }
    Digest::of(&bytes)
}
