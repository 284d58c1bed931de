//! Enrolment tokens. Secrets are stored as the HMAC key's hash material only: see `secret`.

use bearing_protocol::{
    Timestamp,
    id::{DeviceId, TokenId},
};

use crate::{NewDevice, StoreError};

/// A token to be remembered.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Its public half.
    pub id: TokenId,
    /// SHA-256 of the secret's text, hex. The proof in an enrolment is an HMAC under this value, so the
    /// secret itself is never stored.
    pub secret_hash: String,
    /// Group of devices that enrol with it.
    pub group: String,
    /// How many devices may enrol with it; 0 is refused.
    pub max_uses: u32,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whether an administrator must approve each device.
    pub needs_approval: bool,
    /// Whether devices that enrol with it are simulations.
    pub simulated: bool,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// A token as it is remembered.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// What it was made as.
    pub token: NewToken,
    /// How often it was used.
    pub uses: u32,
    /// When it was last used, by which device.
    pub last_use: Option<(Timestamp, DeviceId, String)>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Why an enrolment was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the messages say it")]
pub enum TokenRefusal {
    #[error("the token is not known")]
    Unknown,
    #[error("the token was revoked")]
    Revoked,
    #[error("the token has expired")]
    Expired,
    #[error("the token has been used as often as it may be")]
    UsedUp,
    #[error("a device with this key is enrolled already")]
    AlreadyEnrolled,
}

/// Tokens.
#[async_trait::async_trait]
pub trait Tokens {
    /// Remembers a token.
    async fn add_token(&self, token: &NewToken) -> Result<(), StoreError>;
    /// The token with this id.
    async fn token(&self, id: &TokenId) -> Result<Option<TokenRow>, StoreError>;
    /// All tokens, newest first.
    async fn tokens(&self) -> Result<Vec<TokenRow>, StoreError>;
    /// Revokes a token; false where there is none.
    async fn revoke_token(&self, id: &TokenId, at: Timestamp) -> Result<bool, StoreError>;
    /// Uses the token once and adds the device, both or neither. The same key with the same token once more (its
    /// answer was lost) is told the same and uses nothing.
    async fn enroll(
        &self,
        device: &NewDevice,
        now: Timestamp,
    ) -> Result<Result<(), TokenRefusal>, StoreError>;
}
