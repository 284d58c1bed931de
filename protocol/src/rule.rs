//! Rule ids (`RA-01`) and the families they belong to.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A rule's id: two letters of its family, a dash, two digits. Never renumbered.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RuleId([u8; 5]);

/// A text that is no rule id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not a rule id: want a known family's two letters, a dash and two digits, as in `RA-01`")]
pub struct RuleIdSyntax;

impl RuleId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("??-??")
    }

    /// The family its first two letters name.
    pub fn family(&self) -> Family {
        Family::from_prefix(&self.0).unwrap_or(Family::AgentTampering)
    }
}

impl FromStr for RuleId {
    type Err = RuleIdSyntax;
    fn from_str(text: &str) -> Result<Self, RuleIdSyntax> {
        let bytes: [u8; 5] = text.as_bytes().try_into().map_err(|_| RuleIdSyntax)?;
        let [_, _, dash, tens, ones] = bytes;
        if dash != b'-' || !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return Err(RuleIdSyntax);
        }
        Family::from_prefix(&bytes).map(|_| Self(bytes)).ok_or(RuleIdSyntax)
    }
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for RuleId {
    type Error = RuleIdSyntax;
    fn try_from(text: String) -> Result<Self, RuleIdSyntax> {
        text.parse()
    }
}

impl From<RuleId> for String {
    fn from(id: RuleId) -> Self {
        id.as_str().to_owned()
    }
}

/// A family of rules, switched on and off together by policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words are the catalogue's own")]
pub enum Family {
    RemoteAccess,
    Kvm,
    Location,
    Tunnel,
    AntiIdle,
    VirtualCamera,
    Posture,
    OsTampering,
    AgentTampering,
    Farm,
}

impl Family {
    /// All families, in the order they are shown.
    pub const ALL: [Self; 10] = [
        Self::RemoteAccess,
        Self::Kvm,
        Self::Location,
        Self::Tunnel,
        Self::AntiIdle,
        Self::VirtualCamera,
        Self::Posture,
        Self::OsTampering,
        Self::AgentTampering,
        Self::Farm,
    ];

    /// The word used on the command line and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RemoteAccess => "remote-access",
            Self::Kvm => "kvm",
            Self::Location => "location",
            Self::Tunnel => "tunnel",
            Self::AntiIdle => "anti-idle",
            Self::VirtualCamera => "virtual-camera",
            Self::Posture => "posture",
            Self::OsTampering => "os-tampering",
            Self::AgentTampering => "agent-tampering",
            Self::Farm => "farm",
        }
    }

    /// The two letters its rule ids start with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::RemoteAccess => "RA",
            Self::Kvm => "KV",
            Self::Location => "GE",
            Self::Tunnel => "TU",
            Self::AntiIdle => "AI",
            Self::VirtualCamera => "VC",
            Self::Posture => "PO",
            Self::OsTampering => "OT",
            Self::AgentTampering => "AT",
            Self::Farm => "LF",
        }
    }

    fn from_prefix(id: &[u8; 5]) -> Option<Self> {
        Self::ALL.into_iter().find(|family| id.starts_with(family.prefix().as_bytes()))
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no family.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "not a family: want one of remote-access, kvm, location, tunnel, anti-idle, virtual-camera, posture, os-tampering, agent-tampering, farm"
)]
pub struct FamilySyntax;

impl FromStr for Family {
    type Err = FamilySyntax;
    fn from_str(text: &str) -> Result<Self, FamilySyntax> {
        Self::ALL.into_iter().find(|f| f.as_str() == text).ok_or(FamilySyntax)
    }
}
