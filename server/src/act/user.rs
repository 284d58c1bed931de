//! Accounts: creating them, what they may do, whether they may sign in.

use bearing_protocol::id::UserId;
use bearing_store::{Role, UserRow};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::{ActError, MAX_NAME_CHARS, audited, required};
use crate::{
    app::App,
    auth::{Actor, hash_password, random_bytes},
};

/// What is asked for.
#[derive(Debug)]
pub struct UserRequest {
    /// Sign-in name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// Password.
    pub password: SecretString,
}

/// Creates an account.
///
/// # Errors
/// Where the name is taken or odd, the password too short, or the store cannot.
pub async fn create_user(app: &App, actor: &Actor, request: UserRequest) -> Result<UserRow, ActError> {
    let name = required("the name", &request.name.to_lowercase(), MAX_NAME_CHARS)?;
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-@+".contains(&b);
    if !name.bytes().all(is_plain) {
        return Err(ActError::invalid("a name has small letters, digits and . _ - @ + only"));
    }
    let row = UserRow {
        id: UserId::from_bytes(&random_bytes::<16>()?),
        name: name.clone(),
        password_hash: hash_password(request.password.expose_secret()).await?,
        role: request.role,
        created_at: app.clock.now(),
        last_sign_in: None,
        disabled: false,
    };
    let detail = json!({ "role": row.role });
    audited(app, actor, "user.create", &name, detail, async { Ok(app.store.add_user(&row).await?) }).await?;
    Ok(row)
}

/// Lets an account sign in, or no more; its sessions end.
///
/// # Errors
/// Where there is none, it would lock out the one who asks, or the store cannot.
pub async fn set_user_disabled(
    app: &App,
    actor: &Actor,
    id: &UserId,
    disabled: bool,
) -> Result<(), ActError> {
    let mut user = app.store.user(id).await?.ok_or(ActError::NotFound("account"))?;
    if disabled && user.name == actor.name() {
        return Err(ActError::invalid("nobody disables their own account: ask another administrator"));
    }
    user.disabled = disabled;
    let action = if disabled { "user.disable" } else { "user.enable" };
    update(app, actor, action, &user, json!({})).await
}

/// Sets what an account may do; its sessions end.
///
/// # Errors
/// As [`set_user_disabled`].
pub async fn set_user_role(app: &App, actor: &Actor, id: &UserId, role: Role) -> Result<(), ActError> {
    let mut user = app.store.user(id).await?.ok_or(ActError::NotFound("account"))?;
    if user.name == actor.name() {
        return Err(ActError::invalid("nobody changes their own role: ask another administrator"));
    }
    let detail = json!({ "from": user.role, "to": role });
    user.role = role;
    update(app, actor, "user.role", &user, detail).await
}

/// Sets an account's password; its sessions end.
///
/// # Errors
/// Where there is none, the password is too short, or the store cannot.
pub async fn change_password(
    app: &App,
    actor: &Actor,
    id: &UserId,
    password: &SecretString,
) -> Result<(), ActError> {
    let mut user = app.store.user(id).await?.ok_or(ActError::NotFound("account"))?;
    user.password_hash = hash_password(password.expose_secret()).await?;
    update(app, actor, "user.password", &user, json!({})).await
}

async fn update(
    app: &App,
    actor: &Actor,
    action: &str,
    user: &UserRow,
    detail: serde_json::Value,
) -> Result<(), ActError> {
    audited(app, actor, action, &user.name, detail, async {
        if app.store.update_user(user).await? { Ok(()) } else { Err(ActError::NotFound("account")) }
    })
    .await
}
