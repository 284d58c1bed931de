//! A site's policy: families on or off, schedule, approvals, sites, severities, privacy.

use bearing_protocol::report::PolicySummary;

/// A compiled site policy.
#[derive(Clone, Debug, Default)]
pub struct Policy {}

/// A policy that cannot be used, with where and why.
#[derive(Debug, thiserror::Error)]
#[error("policy: {0}")]
pub struct PolicyError(pub String);

impl Policy {
    /// The shipped profile of this name (`default`, `strict`, `privacy-eu`).
    pub fn profile(_name: &str) -> Option<Self> {
        Some(Self::default())
    }

    /// Reads a policy as people write it.
    pub fn from_toml(_text: &str) -> Result<Self, PolicyError> {
        Ok(Self::default())
    }

    /// Reads a policy as it is signed.
    pub fn from_json(_value: &serde_json::Value) -> Result<Self, PolicyError> {
        Ok(Self::default())
    }

    /// The canonical JSON that is signed and digested.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    /// Name, version and digest.
    pub fn summary(&self) -> PolicySummary {
        PolicySummary {
            name: "default".into(),
            version: 1,
            digest: bearing_protocol::digest::Digest::of(b""),
        }
    }
}
