//! What people do. The console's forms and the JSON API call the same functions.
//!
//! Always: the audit entry is written before the change, so that there is never a change without its entry; a
//! change that then fails gets a second entry that says so; limits are checked here, not on the page.

mod api_token;
mod approval;
mod case;
mod device;
mod enrolment_token;
mod error;
mod evaluation;
mod finding;
mod person;
mod release;
mod roster;
mod scim;
mod sign_in;
mod tie;
mod trip;
mod user;

use bearing_store::{AuditEntry, StoreError};
use serde_json::Value;

pub use api_token::{ApiTokenRequest, create_api_token, revoke_api_token};
pub use approval::{
    ApprovalRequest, ApprovalScope, approval_hours, give_approval, suspended_approvals, withdraw_approval,
};
pub use case::{
    Answer, CaseRequest, Chosen, answer_step, assign_case, close_case, comment_case, confirm_case,
    decline_case, export_case, merge_case, note_look, open_case, propose_confirmation, split_case,
    title_case,
};
pub use device::{approve_device, restore_device, revoke_device, set_device_place};
pub use enrolment_token::{EnrolmentTokenRequest, create_enrolment_token, revoke_enrolment_token};
pub use error::ActError;
pub use evaluation::{EvaluationRequest, create_evaluation, export_bundle, freeze_evaluation};
pub use finding::{FindingKey, assign_finding, comment_finding, set_finding_status};
pub use person::{erase_person, export_person};
pub use release::load_release;
pub use roster::{import_roster, remove_person};
pub use scim::put_scim_person;
pub use sign_in::{SignInRequest, hand_in_sign_ins};
pub use tie::{TieRequest, approve_tie, withdraw_tie};
pub use trip::{TripRequest, announce_trip, decide_trip, trip_bounds};
pub use user::{UserRequest, change_password, create_user, set_user_disabled, set_user_role};

use crate::{app::App, auth::Actor};

/// Most characters of a name, group or owner.
pub const MAX_NAME_CHARS: usize = 80;
/// Most characters of a reason or comment.
pub const MAX_TEXT_CHARS: usize = 4_000;

/// Writes an audit entry of `actor`.
///
/// # Errors
/// Where the store cannot.
pub async fn note(
    app: &App,
    actor: &str,
    action: &str,
    object: &str,
    detail: Value,
) -> Result<AuditEntry, StoreError> {
    let entry = AuditEntry {
        number: 0,
        at: app.clock.now(),
        actor: actor.to_owned(),
        action: action.to_owned(),
        object: object.to_owned(),
        detail,
        chain: None,
    };
    app.store.audit(&entry).await
}

/// Audits, then changes, and audits again where the change failed.
async fn audited<T, F>(
    app: &App,
    actor: &Actor,
    action: &str,
    object: &str,
    detail: Value,
    change: F,
) -> Result<T, ActError>
where
    F: Future<Output = Result<T, ActError>> + Send,
{
    note(app, actor.name(), action, object, detail).await?;
    match change.await {
        Ok(done) => Ok(done),
        Err(error) => {
            let why = serde_json::json!({ "error": error.to_string() });
            note(app, actor.name(), &format!("{action}.failed"), object, why).await?;
            Err(error)
        }
    }
}

/// `text` trimmed, or why it is not taken.
fn required(what: &'static str, text: &str, max_chars: usize) -> Result<String, ActError> {
    let text = text.trim();
    let count = text.chars().count();
    if count == 0 {
        return Err(ActError::invalid(format!("{what} is empty: please fill it in")));
    }
    if count > max_chars {
        return Err(ActError::invalid(format!(
            "{what} has {count} characters, at most {max_chars} are kept"
        )));
    }
    Ok(text.to_owned())
}
