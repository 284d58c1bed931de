//! Signing keys and how well they are kept.

use std::{collections::BTreeMap, fmt};

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::id::KeyId;

/// How a device's key is kept. Stated in every report; a file key earns less trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are the platforms' own")]
pub enum KeyProtection {
    File,
    Dpapi,
    Cng,
    Tpm,
    SecureEnclave,
}

/// An Ed25519 public key, written as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicKey(VerifyingKey);

/// Bytes that are no Ed25519 public key.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an Ed25519 public key is 64 hex digits and a point on the curve")]
pub struct PublicKeySyntax;

impl PublicKey {
    /// A key from its 32 bytes; weak (small-order) points are refused.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, PublicKeySyntax> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| PublicKeySyntax)?;
        if key.is_weak() { Err(PublicKeySyntax) } else { Ok(Self(key)) }
    }

    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        KeyId::of_key(self.as_bytes())
    }

    /// Whether `signature` (64 bytes) is this key's over `message`, strictly (RFC 8032, cofactorless, canonical).
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|sig| self.0.verify_strict(message, &sig).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", hex::encode(self.as_bytes()))
    }
}

impl TryFrom<String> for PublicKey {
    type Error = PublicKeySyntax;
    fn try_from(text: String) -> Result<Self, PublicKeySyntax> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.as_bytes(), &mut bytes).map_err(|_| PublicKeySyntax)?;
        Self::from_bytes(&bytes)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> Self {
        hex::encode(key.as_bytes())
    }
}

/// Something that signs: a key in a file, or one that hardware holds.
pub trait Signer: Send + Sync {
    /// The id of the key.
    fn key_id(&self) -> KeyId;
    /// A 64-byte Ed25519 signature over `message`.
    fn sign(&self, message: &[u8]) -> [u8; 64];
}

/// An Ed25519 key held in memory; wiped when dropped; its `Debug` shows only the id.
pub struct FileKey(SigningKey);

impl FileKey {
    /// A key from its 32 secret bytes.
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The secret bytes, to be written to a file that only its owner can read.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.0.to_bytes())
    }

    /// The public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }
}

impl fmt::Debug for FileKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileKey({})", self.key_id())
    }
}

impl Signer for FileKey {
    fn key_id(&self) -> KeyId {
        self.public().id()
    }
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

/// Public keys by id, and how many of them must have signed.
#[derive(Clone, Debug, Default)]
pub struct KeySet {
    keys: BTreeMap<KeyId, PublicKey>,
    threshold: usize,
}

impl KeySet {
    /// One key, which must have signed.
    pub fn single(key: PublicKey) -> Self {
        Self::threshold([key], 1)
    }

    /// `threshold` (at least 1) different ones of `keys` must have signed.
    pub fn threshold(keys: impl IntoIterator<Item = PublicKey>, threshold: usize) -> Self {
        Self { keys: keys.into_iter().map(|key| (key.id(), key)).collect(), threshold: threshold.max(1) }
    }

    /// The key with this id.
    pub fn get(&self, id: &KeyId) -> Option<&PublicKey> {
        self.keys.get(id)
    }

    /// How many must have signed.
    pub const fn required(&self) -> usize {
        self.threshold
    }

    /// All keys.
    pub fn iter(&self) -> impl Iterator<Item = &PublicKey> {
        self.keys.values()
    }
}
