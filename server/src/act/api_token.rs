//! Creating and withdrawing API tokens.

use bearing_protocol::{Timestamp, id::TokenId};
use bearing_store::{Role, Scope};
use serde_json::json;

use super::{ActError, MAX_NAME_CHARS, audited, required};
use crate::{
    app::App,
    auth::{Actor, NewApiToken, new_api_token},
};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct ApiTokenRequest {
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What it is for.
    pub scopes: Vec<Scope>,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Creates an API token. The answer holds the secret, which is shown once and never stored.
///
/// # Errors
/// Where the request is out of bounds, or the store cannot.
pub async fn create_api_token(
    app: &App,
    actor: &Actor,
    request: ApiTokenRequest,
) -> Result<NewApiToken, ActError> {
    let now = app.clock.now();
    let name = required("the name", &request.name, MAX_NAME_CHARS)?;
    if request.expires_at <= now {
        return Err(ActError::invalid("the expiry lies in the past: choose a time to come"));
    }
    if !actor.may(request.role) {
        return Err(ActError::invalid("a token may do no more than who makes it"));
    }
    let mut scopes = request.scopes;
    scopes.sort();
    scopes.dedup();
    if scopes.is_empty() {
        return Err(ActError::invalid("a token is for something: choose a scope, or `all`"));
    }
    if scopes.len() > 1 && scopes.contains(&Scope::All) {
        return Err(ActError::invalid("the scope `all` stands alone: it covers the others"));
    }
    let token = new_api_token(&name, request.role, &scopes, actor.name(), now, request.expires_at)?;
    let detail =
        json!({ "name": name, "role": request.role, "scopes": scopes, "expires_at": request.expires_at });
    audited(app, actor, "api_token.create", token.row.id.as_str(), detail, async {
        Ok(app.store.add_api_token(&token.row).await?)
    })
    .await?;
    Ok(token)
}

/// Withdraws an API token.
///
/// # Errors
/// Where there is none, or the store cannot.
pub async fn revoke_api_token(app: &App, actor: &Actor, id: &TokenId) -> Result<(), ActError> {
    let token = app.store.api_token(id).await?.ok_or(ActError::NotFound("API token"))?;
    audited(app, actor, "api_token.revoke", id.as_str(), json!({ "name": token.name }), async {
        if app.store.revoke_api_token(id, app.clock.now()).await? {
            Ok(())
        } else {
            Err(ActError::NotFound("API token"))
        }
    })
    .await
}
