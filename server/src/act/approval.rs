//! Giving and withdrawing approvals.
//!
//! Always: an approval names a finding, a product or a rule, has an owner, a reason and an expiry of at most
//! [`MAX_DAYS`] days; nothing approves everything, and nothing approves for ever.

use bearing_policies::policy::Window;
use bearing_protocol::{
    Timestamp,
    id::{ApprovalId, DeviceId, FindingId},
    rule::RuleId,
};
use bearing_store::ApprovalRow;
use jiff::SignedDuration;
use serde_json::json;

use super::{ActError, MAX_NAME_CHARS, MAX_TEXT_CHARS, audited, required};
use crate::{
    app::App,
    auth::{Actor, random_bytes},
};

/// Longest time an approval is given for, in days.
const MAX_DAYS: i64 = 366;

/// What an approval covers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the scope's own words")]
pub enum ApprovalScope {
    /// This finding, on this device.
    Finding { device: DeviceId, finding: FindingId },
    /// A catalogue product, on this device.
    ProductOnDevice { product: String, device: DeviceId },
    /// A catalogue product, in a group.
    ProductInGroup { product: String, group: String },
    /// A rule, on this device.
    RuleOnDevice { rule: RuleId, device: DeviceId },
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct ApprovalRequest {
    /// What it covers.
    pub scope: ApprovalScope,
    /// In which hours of the week; always where absent.
    pub hours: Option<Window>,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Gives an approval; open findings it covers are approved at once, and their devices judged again.
///
/// # Errors
/// Where owner, reason or expiry are missing or out of bounds, or the store cannot.
pub async fn give_approval(
    app: &App,
    actor: &Actor,
    request: ApprovalRequest,
) -> Result<ApprovalRow, ActError> {
    let now = app.clock.now();
    let row = row(now, actor, request)?;
    let detail = json!({
        "finding": row.finding, "rule": row.rule, "product": row.product, "device": row.device,
        "group": row.group, "hours": row.hours, "owner": row.owner, "reason": row.reason, "expires_at": row.expires_at,
    });
    audited(app, actor, "approval.give", row.id.as_str(), detail, async {
        app.store.add_approval(&row).await?;
        Ok(())
    })
    .await?;
    Ok(row)
}

/// The hours of an approval, where it has any and they can be read.
pub fn approval_hours(row: &ApprovalRow) -> Option<Window> {
    serde_json::from_str(row.hours.as_deref()?).ok()
}

/// The approvals whose hours do not hold at `at`. Hours that cannot be read hold nothing.
pub fn suspended_approvals(approvals: &[ApprovalRow], at: Timestamp) -> Vec<ApprovalId> {
    let suspended = |row: &&ApprovalRow| {
        row.hours.is_some() && !approval_hours(row).is_some_and(|hours| hours.contains(at))
    };
    approvals.iter().filter(suspended).map(|row| row.id.clone()).collect()
}

/// Withdraws an approval; what it covered is open again.
///
/// # Errors
/// Where there is none, or the store cannot.
pub async fn withdraw_approval(app: &App, actor: &Actor, id: &ApprovalId) -> Result<(), ActError> {
    let row = app
        .store
        .approvals()
        .await?
        .into_iter()
        .find(|row| row.id == *id && row.revoked_at.is_none())
        .ok_or(ActError::NotFound("approval"))?;
    audited(app, actor, "approval.withdraw", id.as_str(), json!({ "reason": row.reason }), async {
        if app.store.revoke_approval(id, app.clock.now(), actor.name()).await? {
            Ok(())
        } else {
            Err(ActError::NotFound("approval"))
        }
    })
    .await
}

fn row(now: Timestamp, actor: &Actor, request: ApprovalRequest) -> Result<ApprovalRow, ActError> {
    let latest = now.saturating_add(SignedDuration::from_hours(24 * MAX_DAYS)).unwrap_or(now);
    if request.expires_at <= now {
        return Err(ActError::invalid("the expiry lies in the past: choose a day to come"));
    }
    if request.expires_at > latest {
        return Err(ActError::invalid(format!(
            "an approval ends within {MAX_DAYS} days: look at it again then"
        )));
    }
    if let Some(flaw) = request.hours.as_ref().and_then(Window::flaw) {
        return Err(ActError::invalid(flaw));
    }
    let hours = request.hours.as_ref().map(serde_json::to_string).transpose();
    let mut row = ApprovalRow {
        id: ApprovalId::from_bytes(&random_bytes::<16>()?),
        finding: None,
        rule: None,
        product: None,
        device: None,
        group: None,
        hours: hours.map_err(|_| ActError::invalid("the hours cannot be written down"))?,
        owner: required("the owner", &request.owner, MAX_NAME_CHARS)?,
        reason: required("the reason", &request.reason, MAX_TEXT_CHARS)?,
        created_by: actor.name().to_owned(),
        created_at: now,
        expires_at: request.expires_at,
        revoked_at: None,
    };
    match request.scope {
        ApprovalScope::Finding { device, finding } => {
            (row.device, row.finding) = (Some(device), Some(finding));
        }
        ApprovalScope::ProductOnDevice { product, device } => {
            (row.device, row.product) =
                (Some(device), Some(required("the product", &product, MAX_NAME_CHARS)?));
        }
        ApprovalScope::ProductInGroup { product, group } => {
            row.group = Some(required("the group", &group, MAX_NAME_CHARS)?);
            row.product = Some(required("the product", &product, MAX_NAME_CHARS)?);
        }
        ApprovalScope::RuleOnDevice { rule, device } => (row.device, row.rule) = (Some(device), Some(rule)),
    }
    Ok(row)
}

#[cfg(test)]
mod tests {
    use bearing_store::Role;

    use super::*;

    fn request(expires_at: &str, reason: &str) -> ApprovalRequest {
        ApprovalRequest {
            scope: ApprovalScope::ProductInGroup { product: "anydesk".into(), group: "helpdesk".into() },
            hours: None,
            owner: "it-lead".into(),
            reason: reason.into(),
            expires_at: expires_at.parse().unwrap(),
        }
    }

    #[test]
    fn an_approval_has_a_reason_and_ends() {
        let now = "2026-11-25T08:00:00Z".parse().unwrap();
        let actor = Actor::for_test("ana", Role::Analyst);
        let row = |request| row(now, &actor, request);
        assert_eq!(
            row(request("2027-01-01T00:00:00Z", "help desk")).unwrap().product.as_deref(),
            Some("anydesk")
        );
        assert!(row(request("2026-11-25T07:59:59Z", "help desk")).unwrap_err().to_string().contains("past"));
        assert!(
            row(request("2036-01-01T00:00:00Z", "help desk")).unwrap_err().to_string().contains("366 days")
        );
        assert!(row(request("2027-01-01T00:00:00Z", "  ")).unwrap_err().to_string().contains("reason"));
    }

    #[test]
    fn working_hours_end_at_night() {
        let actor = Actor::for_test("ana", Role::Analyst);
        let window = |zone: &str| Window {
            weekdays: Vec::new(),
            from: "08:00".into(),
            to: "18:00".into(),
            zone: zone.into(),
        };
        let now = "2026-11-25T08:00:00Z".parse().unwrap();
        let given = |zone| ApprovalRequest {
            hours: Some(window(zone)),
            ..request("2027-01-01T00:00:00Z", "help desk")
        };
        let wrong = row(now, &actor, given("Atlantis")).unwrap_err();
        assert!(wrong.to_string().contains("Atlantis"), "{wrong}");
        let given = [row(now, &actor, given("Europe/Berlin")).unwrap()];
        assert!(suspended_approvals(&given, "2026-11-25T10:00:00Z".parse().unwrap()).is_empty());
        assert_eq!(suspended_approvals(&given, "2026-11-25T02:10:00Z".parse().unwrap()).len(), 1);
    }
}
