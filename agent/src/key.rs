//! The device's Ed25519 key.
//!
//! Always: made on this machine, never leaves it, never replaced: a file that exists is used or refused, whatever
//! it holds. Hardware-held keys come beside it later; a report says how its key is kept.

use bearing_protocol::{
    id::DeviceId,
    key::{FileKey, KeyProtection},
};
use zeroize::Zeroizing;

use crate::{
    random::{RandomError, random_bytes},
    state::{FileError, StateDirectory, create_new, read_at_most},
};

/// Why there is no device key.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum KeyError {
    #[error("device key")]
    File(#[from] FileError),
    #[error(
        "device key file `{0}` is damaged. It is never replaced: restore it, or run `uninstall-clean` and enrol again"
    )]
    Damaged(String),
    #[error("cannot make a device key")]
    Random(#[from] RandomError),
}

/// The device's key and how it is kept.
#[derive(Debug)]
pub struct DeviceKey {
    key: FileKey,
    protection: KeyProtection,
}

impl DeviceKey {
    /// The file's name.
    pub const FILE: &'static str = "device.key";

    /// The key on disk; `None` where there is none yet.
    ///
    /// # Errors
    /// [`KeyError::Damaged`], [`KeyError::File`].
    pub fn load(directory: &StateDirectory) -> Result<Option<Self>, KeyError> {
        let path = directory.file(Self::FILE);
        let Some(bytes) = read_at_most(&path, MAX_KEY_FILE_BYTES)?.map(Zeroizing::new) else {
            return Ok(None);
        };
        let damaged = || KeyError::Damaged(path.display().to_string());
        let text = std::str::from_utf8(&bytes).map_err(|_| damaged())?;
        if let Some(sealed) = text.strip_prefix(SEALED_HEADER) {
            let seed = unseal(sealed.trim_end()).ok_or_else(damaged)?;
            return Ok(Some(Self { key: FileKey::from_seed(&seed), protection: KeyProtection::Dpapi }));
        }
        let digits =
            text.strip_prefix(HEADER).and_then(|rest| rest.strip_suffix('\n')).ok_or_else(damaged)?;
        let mut seed = Zeroizing::new([0; 32]);
        hex::decode_to_slice(digits, seed.as_mut_slice()).map_err(|_| damaged())?;
        Ok(Some(Self { key: FileKey::from_seed(&seed), protection: KeyProtection::File }))
    }

    /// The key on disk, or a new one that is on disk when this returns.
    ///
    /// # Errors
    /// As [`DeviceKey::load`].
    pub fn load_or_make(directory: &StateDirectory) -> Result<Self, KeyError> {
        if let Some(key) = Self::load(directory)? {
            return Ok(key);
        }
        let mut key = Self::ephemeral()?;
        let seed = key.key.seed();
        let text = match seal(seed.as_slice()) {
            Some(sealed) => {
                key.protection = KeyProtection::Dpapi;
                Zeroizing::new(format!("{SEALED_HEADER}{sealed}\n"))
            }
            None => Zeroizing::new(format!("{HEADER}{}\n", hex::encode(seed.as_slice()))),
        };
        create_new(&directory.file(Self::FILE), text.as_bytes())?;
        Ok(key)
    }

    /// A key that is never written: for a bundle of a machine that is not enrolled.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn ephemeral() -> Result<Self, KeyError> {
        let seed = Zeroizing::new(random_bytes()?);
        Ok(Self { key: FileKey::from_seed(&seed), protection: KeyProtection::File })
    }

    /// What signs.
    pub const fn signer(&self) -> &FileKey {
        &self.key
    }

    /// How it is kept.
    pub const fn protection(&self) -> KeyProtection {
        self.protection
    }

    /// The device id that belongs to it.
    pub fn device_id(&self) -> DeviceId {
        DeviceId::of_key(self.key.public().as_bytes())
    }
}

/// What only this machine opens again, in hex; `None` where the system has no such thing.
fn seal(secret: &[u8]) -> Option<String> {
    #[cfg(windows)]
    return bearing_host::windows::privacy::seal(secret).ok().map(hex::encode);
    #[cfg(not(windows))]
    {
        let _ = secret;
        None
    }
}

/// What [`seal`] made, open. `None` on another machine, and where it was changed.
fn unseal(sealed: &str) -> Option<Zeroizing<[u8; 32]>> {
    #[cfg(windows)]
    {
        let secret = Zeroizing::new(bearing_host::windows::privacy::unseal(&hex::decode(sealed).ok()?).ok()?);
        return Some(Zeroizing::new(secret.as_slice().try_into().ok()?));
    }
    #[cfg(not(windows))]
    {
        let _ = sealed;
        None
    }
}

const HEADER: &str = "bearing-device-key-1 ";
/// The same, sealed to this machine (Windows' data protection).
const SEALED_HEADER: &str = "bearing-device-key-sealed-1 ";
const MAX_KEY_FILE_BYTES: u64 = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_stays() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDirectory::new(temporary.path());
        assert!(DeviceKey::load(&directory).unwrap().is_none());
        let first = DeviceKey::load_or_make(&directory).unwrap();
        let second = DeviceKey::load_or_make(&directory).unwrap();
        assert_eq!(first.device_id(), second.device_id());
    }

    #[test]
    fn a_damaged_key_is_refused_and_kept() {
        let temporary = tempfile::tempdir().unwrap();
        let directory = StateDirectory::new(temporary.path());
        let path = directory.file(DeviceKey::FILE);
        std::fs::write(&path, b"bearing-device-key-1 0000").unwrap();
        assert!(matches!(DeviceKey::load_or_make(&directory), Err(KeyError::Damaged(_))));
        assert_eq!(std::fs::read(&path).unwrap(), b"bearing-device-key-1 0000");
    }
}
