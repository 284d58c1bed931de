//! The organisation's key for pseudonyms: serial numbers and hardware addresses leave the machine only as HMAC.
//!
//! Always: every endpoint of the organisation holds the same key, so a pseudonym can be matched between its
//! machines. It is pseudonymous, not anonymous: who has the key can try values. A machine that is not enrolled
//! draws a key for one run.

use std::fmt;

use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::random::{RandomError, random_bytes};

/// The key. Its `Debug` shows only the id.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "TenantKeyText", into = "TenantKeyText")]
pub struct TenantKey {
    id: String,
    key: Zeroizing<[u8; 32]>,
}

/// What a pseudonym stands for. One value gives different pseudonyms for different kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A hardware address.
    Mac,
    /// A USB device's serial number.
    UsbSerial,
    /// A display's serial number.
    DisplaySerial,
    /// The system's UUID.
    SystemNumber,
    /// The board's serial number.
    BoardSerial,
    /// A disk's serial number.
    DiskSerial,
    /// A package's name.
    Package,
    /// A tenant, account, instance, network or relay that a tool answers to.
    Binding,
}

impl Kind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Mac => "mac",
            Self::UsbSerial => "usb-serial",
            Self::DisplaySerial => "display-serial",
            Self::SystemNumber => "system-number",
            Self::BoardSerial => "board-serial",
            Self::DiskSerial => "disk-serial",
            Self::Package => "package",
            Self::Binding => "binding",
        }
    }
}

/// A text that is no tenant key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a tenant key is 64 hex digits")]
pub struct TenantKeySyntax;

impl TenantKey {
    /// The key from 64 hex digits, as the server's enrolment answer has it.
    ///
    /// # Errors
    /// [`TenantKeySyntax`].
    pub fn from_hex(id: impl Into<String>, text: &str) -> Result<Self, TenantKeySyntax> {
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text, key.as_mut_slice()).map_err(|_| TenantKeySyntax)?;
        Ok(Self { id: id.into(), key })
    }

    /// A key for one run of a machine that is not enrolled.
    ///
    /// # Errors
    /// Where the system gives no random bytes.
    pub fn for_one_run() -> Result<Self, RandomError> {
        Ok(Self { id: "one-run".to_owned(), key: Zeroizing::new(random_bytes()?) })
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// HMAC-SHA256 of `value`, cut to 64 bit, in hex.
    pub fn pseudonym(&self, kind: Kind, value: &str) -> String {
        // HMAC takes keys of any length, so there is nothing to go wrong.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.as_slice()) else { return String::new() };
        mac.update(kind.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(value.as_bytes());
        let digest = mac.finalize().into_bytes();
        hex::encode(digest.get(..PSEUDONYM_BYTES).unwrap_or_default())
    }
}

impl fmt::Debug for TenantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TenantKey({})", self.id)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct TenantKeyText {
    id: String,
    key: Zeroizing<String>,
}

impl From<TenantKey> for TenantKeyText {
    fn from(key: TenantKey) -> Self {
        Self { key: Zeroizing::new(hex::encode(key.key.as_slice())), id: key.id }
    }
}

impl TryFrom<TenantKeyText> for TenantKey {
    type Error = TenantKeySyntax;
    fn try_from(text: TenantKeyText) -> Result<Self, TenantKeySyntax> {
        Self::from_hex(text.id, &text.key)
    }
}

const PSEUDONYM_BYTES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pseudonym_depends_on_key_kind_and_value() {
        let key = TenantKey::from_hex("t1", &"07".repeat(32)).unwrap();
        let other = TenantKey::from_hex("t2", &"08".repeat(32)).unwrap();
        let of_mac = key.pseudonym(Kind::Mac, "aa");
        assert_eq!(of_mac.len(), 16);
        assert_eq!(of_mac, key.pseudonym(Kind::Mac, "aa"));
        assert_ne!(of_mac, key.pseudonym(Kind::UsbSerial, "aa"));
        assert_ne!(of_mac, other.pseudonym(Kind::Mac, "aa"));
        assert!(!format!("{key:?}").contains("0707"));
    }
}
