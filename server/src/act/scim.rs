//! Writing a person that the identity provider sent.
//!
//! Always: audited before it holds; the log names the keyed id, never names.

use bearing_store::Person;
use serde_json::json;

use super::{ActError, audited};
use crate::{app::App, auth::Actor};

/// Adds or replaces a person.
///
/// # Errors
/// Where the store cannot.
pub async fn put_scim_person(app: &App, actor: &Actor, person: Person) -> Result<(), ActError> {
    let id = person.row.id.clone();
    audited(app, actor, "person.scim", &id, json!({ "active": person.row.active }), async {
        app.store.put_people(std::slice::from_ref(&person), app.clock.now()).await?;
        Ok(())
    })
    .await
}
