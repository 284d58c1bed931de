//! Handing in sign-ins of an identity provider's log.

use serde_json::json;

use super::{ActError, audited};
use crate::{
    app::App,
    auth::Actor,
    signin::{DeviceNames, Imported, Provider, SignIn, import},
};

/// What is handed in.
#[derive(Debug)]
pub struct SignInRequest {
    /// Whose log.
    pub provider: Provider,
    /// Sign-ins that succeeded.
    pub sign_ins: Vec<SignIn>,
    /// Whose devices are whose.
    pub names: DeviceNames,
    /// Say what would be found, and store nothing.
    pub dry_run: bool,
}

/// Takes sign-ins in; each event once.
///
/// # Errors
/// Where the store cannot.
pub async fn hand_in_sign_ins(
    app: &App,
    actor: &Actor,
    request: SignInRequest,
) -> Result<Imported, ActError> {
    let SignInRequest { provider, sign_ins, names, dry_run } = request;
    let change = async { Ok(import(app, provider, &sign_ins, &names, dry_run).await?) };
    if dry_run {
        return change.await;
    }
    let detail = json!({ "format": provider.as_str(), "sign_ins": sign_ins.len() });
    audited(app, actor, "sign-ins.import", provider.as_str(), detail, change).await
}
