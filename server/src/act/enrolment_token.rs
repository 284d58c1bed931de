//! Creating and revoking enrolment tokens.

use bearing_protocol::{
    Timestamp,
    digest::Digest,
    id::TokenId,
    token::{EnrolmentToken, trust_digest},
};
use bearing_store::NewToken;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::json;
use zeroize::Zeroizing;

use super::{ActError, MAX_NAME_CHARS, audited, required};
use crate::{
    app::App,
    auth::{Actor, random_bytes, random_hex},
};

/// Most devices that one token enrols.
const MAX_USES: u32 = 100_000;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct EnrolmentTokenRequest {
    /// Group of devices that enrol with it.
    pub group: String,
    /// How many may.
    pub max_uses: u32,
    /// Until when.
    pub expires_at: Timestamp,
    /// Whether an administrator must approve each.
    pub needs_approval: bool,
    /// Whether they are simulations; refused unless the server runs as a demo.
    pub simulated: bool,
}

/// Creates a token. The answer holds the secret, which is shown once and never stored.
///
/// # Errors
/// Where the request is out of bounds, the server's CA cannot be read, or the store cannot.
pub async fn create_enrolment_token(
    app: &App,
    actor: &Actor,
    request: EnrolmentTokenRequest,
) -> Result<EnrolmentToken, ActError> {
    let now = app.clock.now();
    let group = required("the group", &request.group, MAX_NAME_CHARS)?;
    if request.max_uses == 0 || request.max_uses > MAX_USES {
        return Err(ActError::invalid(format!("a token enrols 1 to {MAX_USES} devices")));
    }
    if request.expires_at <= now {
        return Err(ActError::invalid("the expiry lies in the past: choose a time to come"));
    }
    if request.simulated && !app.demo {
        return Err(ActError::invalid("simulated devices exist only where the server runs with --demo"));
    }
    let ca = CertificateDer::from_pem_slice(app.ca_pem.as_bytes())
        .map_err(|error| ActError::internal("the server's CA certificate cannot be read", error))?;
    let token = EnrolmentToken {
        id: TokenId::from_bytes(&random_bytes::<16>()?),
        secret: Zeroizing::new(random_hex()?),
        trust: trust_digest(&ca, &app.policy_keys, app.policy_threshold, &app.employee_keys),
    };
    let row = NewToken {
        id: token.id.clone(),
        secret_hash: hex::encode(Digest::of(token.secret.as_bytes()).as_bytes()),
        group: group.clone(),
        max_uses: request.max_uses,
        expires_at: request.expires_at,
        needs_approval: request.needs_approval,
        simulated: request.simulated,
        created_by: actor.name().to_owned(),
        created_at: now,
    };
    let detail = json!({
        "group": group, "max_uses": request.max_uses, "expires_at": request.expires_at,
        "needs_approval": request.needs_approval, "simulated": request.simulated,
    });
    audited(app, actor, "token.create", token.id.as_str(), detail, async {
        Ok(app.store.add_token(&row).await?)
    })
    .await?;
    Ok(token)
}

/// Revokes a token: nobody enrols with it any more; devices that did stay.
///
/// # Errors
/// Where there is none, or the store cannot.
pub async fn revoke_enrolment_token(app: &App, actor: &Actor, id: &TokenId) -> Result<(), ActError> {
    app.store.token(id).await?.ok_or(ActError::NotFound("enrolment token"))?;
    audited(app, actor, "token.revoke", id.as_str(), json!({}), async {
        if app.store.revoke_token(id, app.clock.now()).await? {
            Ok(())
        } else {
            Err(ActError::NotFound("enrolment token"))
        }
    })
    .await
}
