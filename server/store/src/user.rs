//! People with accounts, their browser sessions, and API tokens.

use bearing_protocol::{
    Timestamp,
    id::{TokenId, UserId},
};
use serde::{Deserialize, Serialize};

use crate::{Scope, StoreError};

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Reads everything, runs evaluations, changes nothing else.
    Auditor,
    /// Works findings, gives approvals.
    Analyst,
    /// Everything.
    Admin,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Auditor, Self::Analyst, Self::Admin];

    /// The word, lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Auditor => "auditor",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }
}

/// An account.
#[derive(Clone, Debug)]
pub struct UserRow {
    /// Its id.
    pub id: UserId,
    /// Sign-in name, lower case.
    pub name: String,
    /// Argon2id hash in PHC form.
    pub password_hash: String,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last signed in.
    pub last_sign_in: Option<Timestamp>,
    /// Whether it may sign in.
    pub disabled: bool,
}

/// A browser session.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// SHA-256 (hex) of the cookie's value: the value itself is never stored.
    pub token_hash: String,
    /// Whose.
    pub user: UserId,
    /// The token forms must repeat.
    pub csrf: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// An API token.
#[derive(Clone, Debug)]
pub struct ApiTokenRow {
    /// Its public half.
    pub id: TokenId,
    /// SHA-256 of the secret half, hex.
    pub secret_hash: String,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What it is for; it does no more than that.
    pub scopes: Vec<Scope>,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
    /// When it was withdrawn.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used (to the hour).
    pub last_used: Option<Timestamp>,
}

/// Accounts, sessions, API tokens.
#[async_trait::async_trait]
pub trait Users {
    /// Adds an account; `Conflict` where the name is taken.
    async fn add_user(&self, user: &UserRow) -> Result<(), StoreError>;
    /// The account with this name.
    async fn user_by_name(&self, name: &str) -> Result<Option<UserRow>, StoreError>;
    /// The account with this id.
    async fn user(&self, id: &UserId) -> Result<Option<UserRow>, StoreError>;
    /// All accounts, by name.
    async fn users(&self) -> Result<Vec<UserRow>, StoreError>;
    /// Changes password hash, role or whether it is disabled; ends its sessions. False where there is none.
    async fn update_user(&self, user: &UserRow) -> Result<bool, StoreError>;
    /// Begins a session and notes the sign-in.
    async fn add_session(&self, session: &SessionRow) -> Result<(), StoreError>;
    /// The session and its account, where it has not ended at `now` and the account is not disabled.
    async fn session(
        &self,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<Option<(SessionRow, UserRow)>, StoreError>;
    /// Ends a session.
    async fn end_session(&self, token_hash: &str) -> Result<(), StoreError>;
    /// Adds an API token.
    async fn add_api_token(&self, token: &ApiTokenRow) -> Result<(), StoreError>;
    /// The API token with this id.
    async fn api_token(&self, id: &TokenId) -> Result<Option<ApiTokenRow>, StoreError>;
    /// All API tokens.
    async fn api_tokens(&self) -> Result<Vec<ApiTokenRow>, StoreError>;
    /// Withdraws an API token; false where there is none.
    async fn revoke_api_token(&self, id: &TokenId, at: Timestamp) -> Result<bool, StoreError>;
    /// Notes that an API token was used.
    async fn note_api_token_use(&self, id: &TokenId, at: Timestamp) -> Result<(), StoreError>;
    /// Counts a failed sign-in for `subject` (a name or an address) and says how many there were since
    /// `since`; one atomic step, so that parallel attempts cannot slip through.
    async fn count_failure(&self, subject: &str, at: Timestamp, since: Timestamp) -> Result<u32, StoreError>;
    /// How many failures there were since `since`.
    async fn failures(&self, subject: &str, since: Timestamp) -> Result<u32, StoreError>;
    /// Forgets failures of `subject`.
    async fn clear_failures(&self, subject: &str) -> Result<(), StoreError>;
}
