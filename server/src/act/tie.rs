//! Approving what ties devices together, at weight zero.
//!
//! Always: owner, reason, and an expiry of at most [`MAX_DAYS`] days; audited before it holds.

use bearing_protocol::{
    Timestamp,
    id::{ApprovalId, DeviceId},
};
use bearing_store::{LinkKind, TieApproval};
use jiff::SignedDuration;
use serde_json::json;

use super::{ActError, MAX_NAME_CHARS, MAX_TEXT_CHARS, audited, required};
use crate::{
    app::App,
    auth::{Actor, random_bytes},
};

/// Longest time a tie is approved for, in days.
const MAX_DAYS: i64 = 366;
/// Longest value, in bytes: a keyed digest.
const MAX_VALUE_BYTES: usize = 64;
/// Kinds that can be approved: those that make an edge.
const KINDS: [LinkKind; 8] = [
    LinkKind::Address,
    LinkKind::Gateway,
    LinkKind::Kvm,
    LinkKind::UsbSerial,
    LinkKind::DisplaySerial,
    LinkKind::Account,
    LinkKind::Installs,
    LinkKind::Roster,
];

/// What is to be approved.
#[derive(Clone, Debug)]
pub struct TieRequest {
    /// The kind of value, as its word.
    pub kind: String,
    /// The value, as the farm page shows it. An address or a gateway stands for the place behind it.
    pub value: String,
    /// Only between these two devices.
    pub between: Option<(DeviceId, DeviceId)>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Approves a tie: it weighs nothing while that holds, and whoever has the value is looked at again.
///
/// # Errors
/// Where it is not complete or the store cannot.
pub async fn approve_tie(app: &App, actor: &Actor, request: TieRequest) -> Result<TieApproval, ActError> {
    let now = app.clock.now();
    let kind = LinkKind::of_word(&request.kind).filter(|kind| KINDS.contains(kind)).ok_or_else(|| {
        let words: Vec<&str> = KINDS.iter().map(|kind| kind.as_str()).collect();
        ActError::invalid(format!("that is no kind of tie: want one of {}", words.join(", ")))
    })?;
    let latest = now.saturating_add(SignedDuration::from_hours(24 * MAX_DAYS)).unwrap_or(now);
    if request.expires_at <= now || request.expires_at > latest {
        return Err(ActError::invalid(format!("an approval ends in the future, within {MAX_DAYS} days")));
    }
    let value = required("the value", &request.value, MAX_VALUE_BYTES)?;
    if !value.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(ActError::invalid("the value is a keyed digest in hex, as the farm page shows it"));
    }
    if request.between.as_ref().is_some_and(|(a, b)| a == b) {
        return Err(ActError::invalid("a tie is between two different devices"));
    }
    let row = TieApproval {
        id: ApprovalId::from_bytes(&random_bytes::<16>()?),
        kind,
        value,
        between: request.between,
        owner: required("the owner", &request.owner, MAX_NAME_CHARS)?,
        reason: required("the reason", &request.reason, MAX_TEXT_CHARS)?,
        created_by: actor.name().to_owned(),
        created_at: now,
        expires_at: request.expires_at,
        revoked_at: None,
    };
    let detail = json!({
        "kind": row.kind, "value": row.value, "between": row.between, "owner": row.owner, "reason": row.reason,
        "expires_at": row.expires_at,
    });
    audited(app, actor, "tie.approve", row.id.as_str(), detail, async {
        app.store.add_tie_approval(&row).await?;
        Ok(())
    })
    .await?;
    Ok(row)
}

/// Withdraws it: what it covered weighs again.
///
/// # Errors
/// Where there is none in force, or the store cannot.
pub async fn withdraw_tie(app: &App, actor: &Actor, id: &ApprovalId) -> Result<(), ActError> {
    audited(app, actor, "tie.withdraw", id.as_str(), json!({}), async {
        if app.store.revoke_tie_approval(id, app.clock.now()).await? {
            Ok(())
        } else {
            Err(ActError::NotFound("approval"))
        }
    })
    .await
}
