//! Values are committed, not embedded: the signed payload carries salted digests, the values travel
//! beside it as disclosures (the idea of SD-JWT, RFC 9901), so that one value can be withheld or erased
//! while every signature and chain still verifies.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::digest::Digest;

/// A commitment: SHA-256 over the ASCII of the base64url (no padding) of the JSON array `[salt, value]`,
/// as SD-JWT digests its disclosures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Commitment(pub Digest);

/// A disclosure as it travels and as it is stored: base64url without padding of the JSON array `[salt, value]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Disclosure(String);

/// Why a disclosure could not be made or read.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum DisclosureError {
    #[error("value cannot be written as JSON")]
    Serialise(#[source] serde_json::Error),
    #[error("disclosure is not base64url of a JSON array of salt and value")]
    Malformed,
    #[error("disclosed value has the wrong shape")]
    Shape(#[source] serde_json::Error),
}

impl Disclosure {
    /// Commits to `value` with a fresh 16-byte `salt`.
    pub fn commit<T: Serialize>(salt: &[u8; 16], value: &T) -> Result<(Commitment, Self), DisclosureError> {
        let salt = URL_SAFE_NO_PAD.encode(salt);
        let json = serde_json::to_vec(&(salt, value)).map_err(DisclosureError::Serialise)?;
        let disclosure = Self(URL_SAFE_NO_PAD.encode(json));
        Ok((disclosure.commitment(), disclosure))
    }

    /// The commitment this disclosure opens.
    pub fn commitment(&self) -> Commitment {
        Commitment(Digest::of(self.0.as_bytes()))
    }

    /// The disclosed value.
    pub fn value<T: DeserializeOwned>(&self) -> Result<T, DisclosureError> {
        let json = URL_SAFE_NO_PAD.decode(&self.0).map_err(|_| DisclosureError::Malformed)?;
        let (_salt, value): (String, serde_json::Value) =
            serde_json::from_slice(&json).map_err(|_| DisclosureError::Malformed)?;
        serde_json::from_value(value).map_err(DisclosureError::Shape)
    }

    /// The disclosure as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Disclosures by what they open.
#[derive(Clone, Debug, Default)]
pub struct Disclosures(BTreeMap<Commitment, Disclosure>);

impl Disclosures {
    /// Indexes disclosures by their commitment. What no payload names is simply never asked for.
    pub fn index(disclosures: impl IntoIterator<Item = Disclosure>) -> Self {
        Self(disclosures.into_iter().map(|d| (d.commitment(), d)).collect())
    }

    /// The value behind `commitment`; `None` where it was withheld or erased.
    pub fn open<T: DeserializeOwned>(&self, commitment: &Commitment) -> Option<Result<T, DisclosureError>> {
        self.0.get(commitment).map(Disclosure::value)
    }

    /// The disclosure behind `commitment`.
    pub fn get(&self, commitment: &Commitment) -> Option<&Disclosure> {
        self.0.get(commitment)
    }

    /// Removes the value behind `commitment`; true where there was one.
    pub fn erase(&mut self, commitment: &Commitment) -> bool {
        self.0.remove(commitment).is_some()
    }

    /// All disclosures, in the order of their commitments.
    pub fn iter(&self) -> impl Iterator<Item = &Disclosure> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commitment_opens_to_its_value_and_nothing_else() {
        let (commitment, disclosure) = Disclosure::commit(&[7; 16], &"PiKVM").unwrap();
        let mut all = Disclosures::index([disclosure]);
        assert_eq!(all.open::<String>(&commitment).unwrap().unwrap(), "PiKVM");
        assert!(all.erase(&commitment));
        assert!(all.open::<String>(&commitment).is_none());
    }
}
