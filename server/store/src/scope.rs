//! What a token for a program is for, beside its role.
//!
//! Always: a scope takes away and never adds: a token does what its role and its scopes both allow. What no scope names
//! needs [`Scope::All`].

use serde::{Deserialize, Serialize};

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scope {
    /// Whatever its role may.
    #[serde(rename = "all")]
    All,
    /// Reading whatever its role may read.
    #[serde(rename = "read")]
    Read,
    /// Reading and changing the roster.
    #[serde(rename = "roster:write")]
    RosterWrite,
    /// Handing in sign-ins.
    #[serde(rename = "sign-ins:write")]
    SignInsWrite,
    /// Reading, announcing and deciding on trips.
    #[serde(rename = "trips:write")]
    TripsWrite,
    /// SCIM.
    #[serde(rename = "scim")]
    Scim,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 6] =
        [Self::All, Self::Read, Self::RosterWrite, Self::SignInsWrite, Self::TripsWrite, Self::Scim];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Read => "read",
            Self::RosterWrite => "roster:write",
            Self::SignInsWrite => "sign-ins:write",
            Self::TripsWrite => "trips:write",
            Self::Scim => "scim",
        }
    }

    /// The scope of a word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_one_word_everywhere() {
        for scope in Scope::ALL {
            assert_eq!(Scope::of_word(scope.as_str()), Some(scope));
            assert_eq!(serde_json::to_value(scope).unwrap(), scope.as_str());
        }
        assert_eq!(Scope::of_word("write"), None);
    }
}
