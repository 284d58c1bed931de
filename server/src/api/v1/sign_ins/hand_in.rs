//! `POST /api/v1/sign-ins`: entries of an identity provider's log, as it gives them.
//!
//! Always: an event is taken once, however often it is handed in; of people without a device here nothing is kept.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::to_bytes,
    extract::{Request, State},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    act,
    api::ApiError,
    app::App,
    auth::Actor,
    signin::{DeviceNames, Provider, read},
};

/// Largest request, in bytes.
const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Most bad entries that are named in an answer.
const MAX_NAMED: usize = 10;

/// Entries of a log.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"provider": "entra", "entries": [{"id": "9d1f…", "userPrincipalName": "ana@example.org", "createdDateTime": "2026-11-25T08:00:00Z", "ipAddress": "192.0.2.7", "status": {"errorCode": 0}}]}))]
pub(in crate::api) struct Entries {
    /// `okta entra`.
    provider: String,
    /// As the provider's API gives them.
    entries: Vec<Value>,
    /// Which devices (id or host name) belong to a user name, beside what the roster says.
    #[serde(default)]
    devices: BTreeMap<String, Vec<String>>,
    /// Takes the good entries where some are bad.
    #[serde(default)]
    keep_good: bool,
    /// Says what would be found, and stores nothing.
    #[serde(default)]
    dry_run: bool,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({"read": 1, "passed_over": 0, "bad": 0, "matched": 1, "unknown_users": 0, "new": 1, "elsewhere": 0}))]
pub(in crate::api) struct HandedIn {
    /// Sign-ins that succeeded.
    read: usize,
    /// Entries that are something else.
    passed_over: usize,
    /// Entries that cannot be used.
    bad: usize,
    /// Sign-ins of somebody who has a device here.
    matched: usize,
    /// Sign-ins of others; nothing of them is kept.
    unknown_users: usize,
    /// Matched ones that were not there before.
    new: usize,
    /// Those from elsewhere while the device was heard (GE-09).
    elsewhere: usize,
}

#[utoipa::path(post, path = "/api/v1/sign-ins", tag = "sign-ins", request_body = Entries, responses((status = 200, body = HandedIn), (status = 400), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    request: Request,
) -> Result<Json<HandedIn>, ApiError> {
    let bytes = to_bytes(request.into_body(), MAX_BYTES).await.map_err(|_| {
        ApiError::malformed(format!("at most {MAX_BYTES} bytes are read: hand in fewer entries"))
    })?;
    let sent: Entries =
        serde_json::from_slice(&bytes).map_err(|error| ApiError::malformed(error.to_string()))?;
    let provider = match sent.provider.as_str() {
        "okta" => Provider::Okta,
        "entra" => Provider::Entra,
        _ => return Err(ApiError::malformed("the provider is `okta` or `entra`")),
    };
    let log = serde_json::to_vec(&sent.entries)
        .map_err(|error| error.to_string())
        .and_then(|bytes| read(&bytes, provider).map_err(|error| error.to_string()))
        .map_err(|why| ApiError::malformed(format!("entries: {why}")))?;
    if log.bad_count > 0 && !sent.keep_good {
        let named: Vec<String> = log
            .bad
            .iter()
            .take(MAX_NAMED)
            .map(|row| format!("entry {}: {}", row.line, row.problem))
            .collect();
        return Err(ApiError::malformed(format!(
            "{} entries are bad and nothing was taken (`keep_good` takes the others): {}",
            log.bad_count,
            named.join("; ")
        )));
    }
    let mut names = DeviceNames::of_roster(&app, &log.sign_ins).await?;
    for (user, devices) in &sent.devices {
        for device in devices {
            names.add(user, device);
        }
    }
    let request = act::SignInRequest { provider, sign_ins: log.sign_ins, names, dry_run: sent.dry_run };
    let read = request.sign_ins.len();
    let done = act::hand_in_sign_ins(&app, &actor, request).await?;
    Ok(Json(HandedIn {
        read,
        passed_over: log.passed_over,
        bad: log.bad_count,
        matched: done.matched,
        unknown_users: done.unknown_users,
        new: done.new,
        elsewhere: done.elsewhere,
    }))
}
