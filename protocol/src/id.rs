//! Identifiers. Each is its own type, so that a key id can never stand where a device id belongs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// A text that is not an identifier of the kind asked for.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a {kind}: want `{prefix}` and 1 to {max} letters, digits, `-` or `_`", max = MAX_ID_BYTES)]
pub struct IdSyntax {
    /// What was asked for.
    pub kind: &'static str,
    /// How such an id starts.
    pub prefix: &'static str,
}

/// The longest identifier, in bytes after its prefix.
pub const MAX_ID_BYTES: usize = 64;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// How such an id starts.
            pub const PREFIX: &'static str = $prefix;

            /// An id from 16 (or more) bytes that the caller drew at random or derived.
            pub fn from_bytes(bytes: &[u8]) -> Self {
                Self(format!("{}{}", $prefix, hex::encode(bytes.get(..16).unwrap_or(bytes))))
            }

            /// The id as it is written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdSyntax;
            fn from_str(text: &str) -> Result<Self, IdSyntax> {
                let wrong = IdSyntax { kind: $kind, prefix: $prefix };
                let rest = text.strip_prefix($prefix).ok_or(wrong)?;
                let fits = (1..=MAX_ID_BYTES).contains(&rest.len())
                    && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
                if fits { Ok(Self(text.to_owned())) } else { Err(IdSyntax { kind: $kind, prefix: $prefix }) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdSyntax;
            fn try_from(text: String) -> Result<Self, IdSyntax> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    };
}

id!(/// An enrolled machine: `dev_` and the first 16 bytes of SHA-256 over its public key, in hex.
    DeviceId, "dev_", "device id");
id!(/// A signing key: `key_` and the first 16 bytes of SHA-256 over the public key, in hex.
    KeyId, "key_", "key id");
id!(/// A server installation, the audience of reports.
    ServerId, "srv_", "server id");
id!(/// An enrolment or API token (the public half of it).
    TokenId, "tok_", "token id");
id!(/// An auditor's evaluation.
    EvaluationId, "eva_", "evaluation id");
id!(/// One finding's cause, the same across runs: hash of rule, product and shape of the cause.
    FindingId, "fnd_", "finding id");
id!(/// A person with an account on the server.
    UserId, "usr_", "user id");
id!(/// An approval (waiver).
    ApprovalId, "apr_", "approval id");
id!(/// A case: what people find out about a device, a person or a group.
    CaseId, "cas_", "case id");

impl DeviceId {
    /// The id that belongs to a device's Ed25519 public key.
    pub fn of_key(public_key: &[u8; 32]) -> Self {
        Self::from_bytes(&Sha256::digest(public_key))
    }
}

impl KeyId {
    /// The id that belongs to an Ed25519 public key.
    pub fn of_key(public_key: &[u8; 32]) -> Self {
        Self::from_bytes(&Sha256::digest(public_key))
    }
}

impl FindingId {
    /// The id of a cause: `rule`, the catalogue's `product` where one was recognised, and `shape`,
    /// what makes this cause the same tomorrow (never a port number, process id or HMAC).
    pub fn of_cause(rule: &str, product: Option<&str>, shape: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [rule, product.unwrap_or(""), shape] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self::from_bytes(&hash.finalize())
    }
}
