//! Working a finding: its status, who works on it, comments.

use bearing_protocol::id::{DeviceId, FindingId};
use bearing_store::{FindingEvent, FindingStatus, JobKind};
use serde_json::json;

use super::{ActError, MAX_NAME_CHARS, MAX_TEXT_CHARS, audited, required};
use crate::{app::App, auth::Actor};

/// Which finding: a cause on a device.
#[derive(Clone, Debug)]
pub struct FindingKey {
    /// The device.
    pub device: DeviceId,
    /// The cause.
    pub finding: FindingId,
}

impl FindingKey {
    fn object(&self) -> String {
        format!("{}/{}", self.device, self.finding)
    }
}

/// Sets a finding's status. A finding is approved by giving an approval, and resolves by itself: neither is set here.
///
/// # Errors
/// Where `version` is not the row's (somebody was faster), the reason is missing for a false positive, or the
/// store cannot.
pub async fn set_finding_status(
    app: &App,
    actor: &Actor,
    key: &FindingKey,
    version: u64,
    status: FindingStatus,
    reason: &str,
) -> Result<(), ActError> {
    if matches!(status, FindingStatus::Approved | FindingStatus::Resolved) {
        return Err(ActError::invalid(
            "set open, in_review or false_positive: approved needs an approval with an expiry, and resolved comes with the evaluation that no longer shows it",
        ));
    }
    let reason = match status {
        FindingStatus::FalsePositive => Some(required("the reason", reason, MAX_TEXT_CHARS)?),
        _ if reason.trim().is_empty() => None,
        _ => Some(required("the reason", reason, MAX_TEXT_CHARS)?),
    };
    let row = app.store.finding(&key.device, &key.finding).await?.ok_or(ActError::NotFound("finding"))?;
    let detail = json!({ "from": row.status, "to": status, "reason": reason });
    let event =
        event(app, actor, format!("status {} → {}", row.status.as_str(), status.as_str()), reason.clone());
    audited(app, actor, "finding.status", &key.object(), detail, async {
        let store = &app.store;
        if !store.set_finding_status(&key.device, &key.finding, version, status, &event).await? {
            return Err(ActError::NotFound("finding"));
        }
        store.enqueue(JobKind::Verdict, &key.device, 0, app.clock.now()).await?;
        Ok(())
    })
    .await
}

/// Sets or clears (empty name) who works on a finding. The name must be an account's.
///
/// # Errors
/// Where there is no such account or finding, or the store cannot.
pub async fn assign_finding(
    app: &App,
    actor: &Actor,
    key: &FindingKey,
    assignee: &str,
) -> Result<(), ActError> {
    let name = assignee.trim().to_lowercase();
    let name = if name.is_empty() { None } else { Some(required("the assignee", &name, MAX_NAME_CHARS)?) };
    if let Some(name) = &name
        && app.store.user_by_name(name).await?.is_none_or(|user| user.disabled)
    {
        return Err(ActError::invalid("only somebody with an account that is not disabled can work on it"));
    }
    let what = name.as_ref().map_or_else(|| "unassigned".to_owned(), |name| format!("assigned to {name}"));
    let event = event(app, actor, what, None);
    audited(app, actor, "finding.assign", &key.object(), json!({ "to": name }), async {
        if app.store.assign_finding(&key.device, &key.finding, name.as_deref(), &event).await? {
            Ok(())
        } else {
            Err(ActError::NotFound("finding"))
        }
    })
    .await
}

/// Adds a comment.
///
/// # Errors
/// Where the comment is empty or too long, there is no such finding, or the store cannot.
pub async fn comment_finding(app: &App, actor: &Actor, key: &FindingKey, text: &str) -> Result<(), ActError> {
    let text = required("the comment", text, MAX_TEXT_CHARS)?;
    let event = event(app, actor, "comment".to_owned(), Some(text.clone()));
    audited(app, actor, "finding.comment", &key.object(), json!({ "text": text }), async {
        if app.store.comment_finding(&key.device, &key.finding, &event).await? {
            Ok(())
        } else {
            Err(ActError::NotFound("finding"))
        }
    })
    .await
}

fn event(app: &App, actor: &Actor, what: String, text: Option<String>) -> FindingEvent {
    FindingEvent { at: app.clock.now(), actor: actor.name().to_owned(), what, text }
}
