//! `POST /api/v1/approvals`: gives an approval.

use axum::{Json, extract::State, http::StatusCode};
use bearing_policies::policy::Window;
use bearing_protocol::{
    Timestamp,
    id::{DeviceId, FindingId},
    rule::RuleId,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::Approval;
use crate::{
    act::{self, ActError, ApprovalRequest, ApprovalScope},
    api::{ApiError, extract::Body},
    app::App,
    auth::Actor,
};

/// What is to be approved: `finding` with `device`, `product` with `device` or `group`, or `rule` with `device`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"product": "anydesk", "group": "support", "owner": "it-lead", "reason": "help desk", "expires_at": "2027-02-28T23:59:59Z"}))]
pub(in crate::api) struct Given {
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    finding: Option<FindingId>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    rule: Option<RuleId>,
    #[serde(default)]
    product: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    device: Option<DeviceId>,
    #[serde(default)]
    group: Option<String>,
    /// Hours of the week in which it covers: `weekdays`, `from`, `to`, `zone`; always where absent.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    hours: Option<Window>,
    /// Who answers for it.
    owner: String,
    reason: String,
    #[schema(value_type = String)]
    expires_at: Timestamp,
}

impl Given {
    fn scope(&self) -> Result<ApprovalScope, ActError> {
        let this =
            (self.finding.clone(), self.rule, self.product.clone(), self.device.clone(), self.group.clone());
        match this {
            (Some(finding), None, None, Some(device), None) => Ok(ApprovalScope::Finding { device, finding }),
            (None, None, Some(product), Some(device), None) => {
                Ok(ApprovalScope::ProductOnDevice { product, device })
            }
            (None, None, Some(product), None, Some(group)) => {
                Ok(ApprovalScope::ProductInGroup { product, group })
            }
            (None, Some(rule), None, Some(device), None) => Ok(ApprovalScope::RuleOnDevice { rule, device }),
            _ => Err(ActError::invalid(
                "name one scope: finding and device, product and device, product and group, or rule and device",
            )),
        }
    }
}

#[utoipa::path(post, path = "/api/v1/approvals", tag = "approvals", request_body = Given, responses((status = 201, body = Approval), (status = 422)))]
pub(in crate::api) async fn handle(
    State(app): State<App>,
    actor: Actor,
    Body(given): Body<Given>,
) -> Result<(StatusCode, Json<Approval>), ApiError> {
    let scope = given.scope()?;
    let request = ApprovalRequest {
        scope,
        hours: given.hours,
        owner: given.owner,
        reason: given.reason,
        expires_at: given.expires_at,
    };
    let row = act::give_approval(&app, &actor, request).await?;
    Ok((StatusCode::CREATED, Json(Approval::of(row))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(scope: &str) -> Given {
        let text =
            format!(r#"{{{scope}, "owner": "o", "reason": "r", "expires_at": "2027-01-01T00:00:00Z"}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn nothing_approves_everything() {
        assert!(given(r#""product": "anydesk", "group": "support""#).scope().is_ok());
        assert!(given(r#""group": "support""#).scope().is_err());
        assert!(given(r#""product": "anydesk""#).scope().is_err());
        assert!(given(r#""rule": "RA-01""#).scope().is_err());
        assert!(given(r#""rule": "RA-01", "product": "anydesk", "device": "dev_1""#).scope().is_err());
    }
}
